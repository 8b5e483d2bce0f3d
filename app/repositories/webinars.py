"""Queries of webinars and registrations."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, insert, update
from sqlmodel import col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from app.models.group import ASSIGNABLE
from app.models.job import Job, JobItem
from app.models.picture import Picture
from app.models.user import User
from app.models.webinar import Note, Registration, Standing, Webinar, WebinarStatus
from app.repositories.base import Repository
from app.repositories.groups import members_who_may
from app.repositories.leaf import Leaf, leaf

PAGE = 24
OVER = (Standing.CANCELLED, Standing.DECLINED)
# What names a registration in a job, and in which order.
EMAIL, ID = col(Registration.email), col(Registration.id)
FIRST_FIRST = (col(Registration.number),)
LAST_FIRST = (  # who waits before who has a seat, so that a seat that is given back is not given to who goes next
    col(Registration.status) == Standing.REGISTERED,
    col(Registration.number).desc(),
)
PUBLIC = col(Webinar.status).in_((WebinarStatus.PUBLISHED, WebinarStatus.CANCELLED, WebinarStatus.DONE))


class WebinarRepository(Repository):
    async def by_slug(self, slug: str) -> Webinar | None:
        return (await self.session.exec(select(Webinar).where(Webinar.slug == slug))).first()

    async def taken(self, slugs: Sequence[str]) -> set[str]:
        """Which of these addresses are in use."""
        return set((await self.session.exec(select(Webinar.slug).where(col(Webinar.slug).in_(slugs)))).all())

    async def get(self, id: UUID) -> Webinar | None:
        return await self.session.get(Webinar, id)

    async def leaf(self, at: datetime, page: int, *, past: bool, words: Sequence[str], drafts: bool) -> Leaf[Webinar]:
        """A page of webinars that are still to end, the next one first, or with `past` of those before, the last one
        first."""
        ended, order = col(Webinar.ends_at) <= at, (col(Webinar.starts_at), col(Webinar.slug))
        found = select(Webinar).where(ended if past else ~ended)
        if not drafts:
            found = found.where(PUBLIC)
        for word in words:
            found = found.where(
                or_(
                    *(
                        c.icontains(word, autoescape=True)
                        for c in (col(Webinar.title), col(Webinar.speakers), col(Webinar.description))
                    )
                )
            )
        return await leaf(self.session, found, [each.desc() for each in order] if past else order, page, PAGE)

    async def lock(self, webinar: Webinar) -> None:
        """Let nobody else change seats here until this transaction ends, and see what they changed before."""
        await self.write(update(Webinar).where(col(Webinar.id) == webinar.id).values(taken=col(Webinar.taken)))
        await self.session.refresh(webinar)

    async def registration(self, id: UUID) -> Registration | None:
        return await self.session.get(Registration, id)

    async def registrant(self, webinar: Webinar, id: UUID, where: ColumnElement[bool]) -> Registration | None:
        """This registration of the webinar, if it is one of those."""
        return (await self.session.exec(self._of(webinar).where(Registration.id == id, where))).first()

    async def is_one_of(self, registration: Registration, *where: ColumnElement[bool]) -> bool:
        """Whether it is still there, and one of those."""
        found = select(Registration.id).where(Registration.id == registration.id, *where)
        return (await self.session.exec(found)).first() is not None

    async def reload(self, registration: Registration) -> None:
        await self.session.refresh(registration)

    async def by_email(self, webinar: Webinar, email: str) -> Registration | None:
        found = select(Registration).where(Registration.webinar_id == webinar.id, Registration.email == email)
        return (await self.session.exec(found)).first()

    async def waiting(self, webinar: Webinar, limit: int) -> Sequence[Registration]:
        """Who waits for a seat, in the order in which they came."""
        found = self._of(webinar).where(Registration.status == Standing.WAITING).order_by(col(Registration.number))
        return (await self.session.exec(found.limit(limit))).all()

    async def reps(self, webinar: Webinar) -> Sequence[tuple[User, int]]:
        """To whom registrations can be assigned, and how many of this webinar each has; who has the fewest is first."""
        theirs = (Registration.rep_id == User.id) & (Registration.webinar_id == webinar.id)
        standing = col(Registration.status).not_in(OVER)
        mine = select(func.count()).select_from(Registration).where(theirs, standing).scalar_subquery()
        found = select(User, mine).where(members_who_may(ASSIGNABLE)).order_by(mine, col(User.email))
        return (await self.session.exec(found)).all()

    async def notes(self, registration: Registration) -> Sequence[Note]:
        """What was noted, the newest first."""
        found = select(Note).where(Note.registration_id == registration.id).order_by(col(Note.id).desc())
        return (await self.session.exec(found)).all()

    async def note(self, registration: Registration, id: int) -> Note | None:
        found = select(Note).where(Note.registration_id == registration.id, Note.id == id)
        return (await self.session.exec(found)).first()

    async def delete_note(self, registration: Registration, id: int, author: User) -> bool:
        """Delete what this person wrote; False when there is no such note of theirs."""
        theirs = Note.id == id, Note.registration_id == registration.id, Note.author_id == author.id
        return (await self.write(delete(Note).where(*theirs))).rowcount == 1  # type: ignore[arg-type]

    async def finish(self, at: datetime) -> None:
        """Webinars that have ended are done."""
        over = col(Webinar.status) == WebinarStatus.PUBLISHED, col(Webinar.ends_at) <= at
        await self.write(update(Webinar).where(*over).values(status=WebinarStatus.DONE))

    async def user(self, id: UUID) -> User | None:
        return await self.session.get(User, id)

    async def some(self, webinar: Webinar, *where: ColumnElement[bool]) -> Sequence[Registration]:
        """Those registrations of the webinar."""
        return (await self.session.exec(self._of(webinar).where(*where))).all()

    async def known(self, webinar: Webinar, job: Job, limit: int) -> Sequence[tuple[JobItem, Registration]]:
        """The first items of an import whose addresses are registered already."""
        found = select(JobItem, Registration).where(*_known(webinar, job)).order_by(col(JobItem.number))
        return (await self.session.exec(found.limit(limit))).all()

    async def count_known(self, webinar: Webinar, job: Job) -> int:
        found = select(func.count()).select_from(JobItem).join(Registration, col(Registration.email) == JobItem.key)
        return (await self.session.exec(found.where(*_known(webinar, job)))).one()

    async def add_registrations(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Store many at once, of whom all columns are given."""
        if rows:
            await self.write(insert(Registration), rows)

    async def delete_registrations(self, ids: Sequence[UUID]) -> None:
        await self.write(delete(Registration).where(col(Registration.id).in_(ids)))

    async def place(self, registration: Registration) -> int:
        """How many wait up to and including this one."""
        before = select(func.count()).where(
            Registration.webinar_id == registration.webinar_id,
            Registration.status == Standing.WAITING,
            Registration.number <= registration.number,
        )
        return (await self.session.exec(before)).one()

    async def active(self, webinar: Webinar, after: int, until: int, limit: int) -> Sequence[Registration]:
        """Those between these numbers who must be told when it changes, in their order."""
        number = col(Registration.number)
        found = self._of(webinar).where(number > after, number <= until, col(Registration.status).not_in(OVER))
        return (await self.session.exec(found.order_by(number).limit(limit))).all()

    async def of_contact(self, email: str) -> Sequence[tuple[Registration, Webinar]]:
        """All registrations of this address."""
        found = select(Registration, Webinar).join(Webinar).where(Registration.email == email)
        return (await self.session.exec(found.order_by(col(Registration.created_at)))).all()

    async def delete_registration(self, registration: Registration) -> None:
        """Delete it and its photo, whichever it has by then."""
        gone = delete(Registration).where(col(Registration.id) == registration.id).returning(col(Registration.photo_id))
        photo_id = (await self.write(gone)).scalar_one_or_none()
        await self.write(delete(Picture).where(col(Picture.id) == photo_id))

    def _of(self, webinar: Webinar) -> SelectOfScalar[Registration]:
        return select(Registration).where(Registration.webinar_id == webinar.id)


def of_webinar(webinar: Webinar) -> ColumnElement[bool]:
    return col(Registration.webinar_id) == webinar.id


def with_addresses(emails: Sequence[str]) -> ColumnElement[bool]:
    return col(Registration.email).in_(emails)


def with_ids(ids: Sequence[UUID | None]) -> ColumnElement[bool]:
    return col(Registration.id).in_(ids)


def _known(webinar: Webinar, job: Job) -> tuple[ColumnElement[bool], ...]:
    same = col(Registration.webinar_id) == webinar.id, col(Registration.email) == col(JobItem.key)
    return *same, col(JobItem.job_id) == job.id, col(JobItem.outcome) == ""

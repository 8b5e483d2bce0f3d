"""Queries of webinars and registrations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, update
from sqlmodel import col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from app.models.webinar import Registration, Standing, Webinar, WebinarStatus
from app.repositories.base import Repository

PUBLIC = col(Webinar.status).in_((WebinarStatus.PUBLISHED, WebinarStatus.CANCELLED, WebinarStatus.DONE))
SORTS: dict[str, Any] = {
    "number": col(Registration.number),
    "name": func.lower(Registration.name),
    "email": col(Registration.email),
    "status": col(Registration.status),
    "created": col(Registration.created_at),
}


class WebinarRepository(Repository):
    async def by_slug(self, slug: str) -> Webinar | None:
        return (await self.session.exec(select(Webinar).where(Webinar.slug == slug))).first()

    async def get(self, id: UUID) -> Webinar | None:
        return await self.session.get(Webinar, id)

    async def listed(self, at: datetime, *, past: bool, words: Sequence[str], drafts: bool) -> Sequence[Webinar]:
        """Webinars that are still to end, the next one first, or with `past` those before, the last one first."""
        ended, order = col(Webinar.ends_at) <= at, col(Webinar.starts_at)
        found = select(Webinar).where(ended if past else ~ended).order_by(order.desc() if past else order).limit(200)
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
        return (await self.session.exec(found)).all()

    async def lock(self, webinar: Webinar) -> None:
        """Let nobody else change seats here until this transaction ends, and see what they changed before."""
        await self.write(update(Webinar).where(col(Webinar.id) == webinar.id).values(taken=col(Webinar.taken)))
        await self.session.refresh(webinar)

    async def registration(self, id: UUID) -> Registration | None:
        return await self.session.get(Registration, id)

    async def registrant(self, webinar: Webinar, id: UUID, where: ColumnElement[bool]) -> Registration | None:
        """This registration of the webinar, if it is one of those."""
        return (await self.session.exec(self._of(webinar).where(Registration.id == id, where))).first()

    async def reload(self, registration: Registration) -> None:
        await self.session.refresh(registration)

    async def by_email(self, webinar: Webinar, email: str) -> Registration | None:
        found = select(Registration).where(Registration.webinar_id == webinar.id, Registration.email == email)
        return (await self.session.exec(found)).first()

    async def waiting(self, webinar: Webinar, limit: int) -> Sequence[Registration]:
        """Who waits for a seat, in the order in which they came."""
        found = self._of(webinar).where(Registration.status == Standing.WAITING).order_by(col(Registration.number))
        return (await self.session.exec(found.limit(limit))).all()

    async def place(self, registration: Registration) -> int:
        """How many wait up to and including this one."""
        before = select(func.count()).where(
            Registration.webinar_id == registration.webinar_id,
            Registration.status == Standing.WAITING,
            Registration.number <= registration.number,
        )
        return (await self.session.exec(before)).one()

    async def active(self, webinar: Webinar) -> Sequence[Registration]:
        """Everybody who must be told when it changes."""
        over = (Standing.CANCELLED, Standing.DECLINED)
        return (await self.session.exec(self._of(webinar).where(col(Registration.status).not_in(over)))).all()

    async def of_contact(self, email: str) -> Sequence[tuple[Registration, Webinar]]:
        """All registrations of this address."""
        found = select(Registration, Webinar).join(Webinar).where(Registration.email == email)
        return (await self.session.exec(found.order_by(col(Registration.created_at)))).all()

    async def delete_registration(self, registration: Registration) -> None:
        await self.write(delete(Registration).where(col(Registration.id) == registration.id))

    async def counts(self, webinar: Webinar, where: ColumnElement[bool]) -> dict[str, int]:
        """How many registrations of those stand where."""
        found = select(Registration.status, func.count()).where(Registration.webinar_id == webinar.id, where)
        rows = (await self.session.exec(found.group_by(col(Registration.status)))).all()
        return {Standing(status).value: count for status, count in rows}

    async def registrations(
        self, webinar: Webinar, where: Sequence[ColumnElement[bool]], sort: str, offset: int, limit: int
    ) -> Sequence[Registration]:
        """One page of the registrants' table. `sort`: a name of `SORTS`, with a `-` before it the other way round."""
        column = SORTS[sort.removeprefix("-")]
        order = column.desc() if sort.startswith("-") else column
        found = self._of(webinar).where(*where).order_by(order, col(Registration.number)).offset(offset).limit(limit)
        return (await self.session.exec(found)).all()

    async def count(self, webinar: Webinar, where: Sequence[ColumnElement[bool]]) -> int:
        found = select(func.count()).select_from(Registration).where(Registration.webinar_id == webinar.id, *where)
        return (await self.session.exec(found)).one()

    def _of(self, webinar: Webinar) -> SelectOfScalar[Registration]:
        return select(Registration).where(Registration.webinar_id == webinar.id)


def matching(words: Sequence[str], status: str) -> list[ColumnElement[bool]]:
    """What a search and a filter of the registrants' table ask for."""
    where = [
        or_(
            col(Registration.name).icontains(word, autoescape=True),
            col(Registration.email).icontains(word, autoescape=True),
        )
        for word in words
    ]
    return where + ([col(Registration.status) == status] if status else [])

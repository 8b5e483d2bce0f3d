"""One registrant: what they see and do of their registration, and what staff know of them and change."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.errors import Forbidden, Invalid, NotFound
from app.events import Events, RegistrationChanged
from app.models.base import now
from app.models.registrant_forms import NoteForm, RegistrantForm
from app.models.user import User
from app.models.webinar import Note, Registration, Standing, Webinar
from app.repositories.visibility import Rights
from app.repositories.webinars import WebinarRepository
from app.services.seats import check_change
from app.services.webinar_service import WebinarService


class RegistrantService:
    def __init__(self, webinars: WebinarRepository, service: WebinarService, events: Events) -> None:
        self.webinars = webinars
        self.service = service
        self.events = events

    async def reps(self, webinar: Webinar) -> Sequence[User]:
        """To whom registrants can be assigned."""
        return [rep for rep, _ in await self.webinars.reps(webinar)]

    async def notes(self, registration: Registration) -> Sequence[Note]:
        return await self.webinars.notes(registration)

    async def get_note(self, registration: Registration, id: int) -> Note:
        note = await self.webinars.note(registration, id)
        if note is None:
            raise NotFound
        return note

    async def find(self, user: User, rights: Rights | None, webinar: Webinar, id: UUID) -> Registration:
        """One that staff may see, or the person's own, which is known by their address; `NotFound` for all others."""
        registration = await self.webinars.registration(id)
        if registration is None or registration.webinar_id != webinar.id:
            raise NotFound
        if is_own(user, registration):
            return registration
        if rights is None:
            raise NotFound
        return await self.service.registrant(rights, webinar, id)

    async def hold(self, webinar: Webinar, registration: Registration) -> None:
        """Let nobody else change it until this transaction ends, and see what they changed before."""
        await self.webinars.lock(webinar)
        await self.webinars.reload(registration)

    async def cancel(self, user: User, rights: Rights | None, webinar: Webinar, registration: Registration) -> None:
        """Done by the person themselves, or by staff."""
        if is_own(user, registration):
            await self.service.cancel(webinar, registration)
        elif rights:
            await self.service.move(rights, webinar, registration, Standing.CANCELLED)
        else:
            raise Forbidden

    async def change(self, rights: Rights, webinar: Webinar, registration: Registration, form: RegistrantForm) -> None:
        """Change where it stands, its group and whose it is; what the form leaves out stays as it is."""
        await check_change(self.webinars, rights, registration)
        if form.group is not None:
            await self.put_group(rights, webinar, registration, form.group)
        if form.rep_id is not None:
            await self.assign(rights, webinar, registration, form.rep_id or None)
        if form.status:
            await self.service.move(rights, webinar, registration, form.status)

    async def put_group(self, rights: Rights, webinar: Webinar, registration: Registration, group: str) -> None:
        await check_change(self.webinars, rights, registration)
        await self.put(rights, webinar, registration, {"group": group})

    async def assign(self, rights: Rights, webinar: Webinar, registration: Registration, rep_id: UUID | None) -> None:
        """Assign somebody to a sales rep, or to nobody. Whose they are decides who sees them: no act for a rep."""
        rights.check("registration.change")
        if rep_id and rep_id not in {rep.id for rep in await self.reps(webinar)}:
            raise Invalid("Nobody can be assigned to this person.", field="rep_id")
        await self.put(rights, webinar, registration, {"rep_id": rep_id})

    async def check_out(self, rights: Rights, webinar: Webinar, registration: Registration) -> None:
        """Take back that somebody is there, which was noted by mistake."""
        await check_change(self.webinars, rights, registration)
        await self.hold(webinar, registration)
        await self.put(rights, webinar, registration, {"attended_at": None})

    async def note(self, rights: Rights, webinar: Webinar, registration: Registration, form: NoteForm) -> Note:
        await check_change(self.webinars, rights, registration)
        author = rights.user
        note = Note(registration_id=registration.id, author_id=author.id, author=author.called, text=form.text)
        await self.webinars.add_all([note, registration.sqlmodel_update({"updated_at": now()})])
        await self.events.publish(RegistrationChanged(webinar, registration, author))
        return note

    async def delete_note(self, rights: Rights, webinar: Webinar, registration: Registration, id: int) -> None:
        """Delete a note of one's own."""
        await check_change(self.webinars, rights, registration)
        if not await self.webinars.delete_note(registration, id, rights.user):
            raise NotFound
        await self.events.publish(RegistrationChanged(webinar, registration, rights.user))

    async def put(self, rights: Rights, webinar: Webinar, registration: Registration, values: dict[str, Any]) -> None:
        """Change these columns, for whoever was found to have the right to it."""
        before = {name: getattr(registration, name) for name in values}
        if before != values:
            await self.webinars.add(registration.sqlmodel_update({**values, "updated_at": now()}))
            await self.events.publish(RegistrationChanged(webinar, registration, rights.user, before, values))


def is_own(user: User, registration: Registration) -> bool:
    """Whether somebody who has shown that the address is theirs asks for their own registration."""
    return user.is_verified and not user.is_guest and user.email == registration.email

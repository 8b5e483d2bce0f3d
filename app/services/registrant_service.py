"""What staff know and do about one registrant, seats aside: whose they are, in which group, and what was noted."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.errors import Invalid, NotFound
from app.events import Events, RegistrationChanged
from app.models.base import now
from app.models.user import User
from app.models.webinar import Note, NoteForm, Registration, Webinar
from app.repositories.visibility import Rights
from app.repositories.webinars import WebinarRepository
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

    async def put_group(self, rights: Rights, webinar: Webinar, registration: Registration, group: str) -> None:
        await self.service.check_change(rights, webinar, registration)
        await self._change(rights, webinar, registration, {"group": group})

    async def assign(self, rights: Rights, webinar: Webinar, registration: Registration, rep_id: UUID | None) -> None:
        """Assign somebody to a sales rep, or to nobody. Whose they are decides who sees them: no act for a rep."""
        rights.check("registration.change")
        if rep_id and rep_id not in {rep.id for rep in await self.reps(webinar)}:
            raise Invalid("Nobody can be assigned to this person.")
        await self._change(rights, webinar, registration, {"rep_id": rep_id})

    async def note(self, rights: Rights, webinar: Webinar, registration: Registration, form: NoteForm) -> None:
        await self.service.check_change(rights, webinar, registration)
        author = rights.user
        note = Note(registration_id=registration.id, author_id=author.id, author=author.called, text=form.text)
        await self.webinars.add(note)
        await self.events.publish(RegistrationChanged(webinar, registration, author))

    async def delete_note(self, rights: Rights, webinar: Webinar, registration: Registration, id: int) -> None:
        """Delete a note of one's own."""
        await self.service.check_change(rights, webinar, registration)
        if not await self.webinars.delete_note(registration, id, rights.user):
            raise NotFound
        await self.events.publish(RegistrationChanged(webinar, registration, rights.user))

    async def _change(
        self, rights: Rights, webinar: Webinar, registration: Registration, values: dict[str, Any]
    ) -> None:
        before = {name: getattr(registration, name) for name in values}
        if before != values:
            await self.webinars.add(registration.sqlmodel_update({**values, "updated_at": now()}))
            await self.events.publish(RegistrationChanged(webinar, registration, rights.user, before, values))

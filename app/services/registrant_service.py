"""One registration: what its registrant sees and does of it, and what staff change."""

from uuid import UUID

from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.events import RegistrationChanged
from app.models.base import now
from app.models.user import User
from app.models.webinar import RegistrantForm, Registration, Standing, Webinar
from app.repositories.users import UserRepository
from app.repositories.visibility import Rights
from app.services.webinar_service import WebinarService


class RegistrantService:
    def __init__(self, webinars: WebinarService, users: UserRepository) -> None:
        self.webinars = webinars
        self.users = users

    async def find(self, user: User, rights: Rights | None, webinar: Webinar, id: UUID) -> Registration:
        """One that staff may see, or the person's own, which is known by their address; `NotFound` for all others."""
        registration = await self.webinars.webinars.registration(id)
        if registration is None or registration.webinar_id != webinar.id:
            raise NotFound
        if is_own(user, registration):
            return registration
        if rights is None:
            raise NotFound
        return await self.webinars.registrant(rights, webinar, id)

    async def hold(self, webinar: Webinar, registration: Registration) -> None:
        """Let nobody else change it until this transaction ends, and see what they changed before."""
        await self.webinars.webinars.lock(webinar)
        await self.webinars.webinars.reload(registration)

    async def cancel(self, user: User, rights: Rights | None, webinar: Webinar, registration: Registration) -> None:
        """Done by the person themselves, or by staff."""
        if is_own(user, registration):
            await self.webinars.cancel(webinar, registration)
        elif rights:
            await self.webinars.cancel_for(rights, webinar, registration)
        else:
            raise Forbidden

    async def change(self, rights: Rights, webinar: Webinar, registration: Registration, form: RegistrantForm) -> None:
        """Change where it stands, its group and whose it is; what the form leaves out stays as it is."""
        await self.webinars.check_change(rights, webinar, registration)
        values = form.model_dump(include={"group"}, exclude_none=True)
        if form.rep_id is not None:
            values["rep_id"] = await self._rep(rights, form.rep_id)
        if any(getattr(registration, name) != value for name, value in values.items()):
            changed = registration.sqlmodel_update(values | {"updated_at": now()})
            await self.webinars.webinars.add(changed)
            await self.webinars.events.publish(RegistrationChanged(webinar, registration, rights.user))
        if form.status and form.status != registration.status:
            await self._move(rights, webinar, registration, form.status)

    async def _rep(self, rights: Rights, rep_id: UUID | str) -> UUID | None:
        """Whom it is assigned to: only those who may change all of them may say so."""
        rights.check("registration.change")
        if isinstance(rep_id, str):
            return None
        rep = await self.users.get(rep_id)
        if rep is None or not (rep.is_active and rep.is_trusted):
            raise Invalid("There is nobody of the staff with this id.", field="rep_id")
        return rep.id

    async def _move(self, rights: Rights, webinar: Webinar, registration: Registration, standing: Standing) -> None:
        """Only where the rules lead: nobody gets a seat that is not free."""
        match standing:
            case Standing.CANCELLED:
                await self.webinars.cancel_for(rights, webinar, registration)
            case Standing.REGISTERED | Standing.WAITING | Standing.DECLINED:
                approve = standing != Standing.DECLINED
                await self.webinars.decide(rights, webinar, registration, approve=approve)
            case _:
                raise Conflict("Nobody can be made to wait for an approval again.")


def is_own(user: User, registration: Registration) -> bool:
    """Whether somebody who has shown that the address is theirs asks for their own registration."""
    return user.is_verified and not user.is_guest and user.email == registration.email

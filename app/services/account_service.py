"""What people do with an account of their own."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.config import Settings
from app.errors import Conflict, Invalid
from app.limits import Limits
from app.models.base import now
from app.models.ticket import MINUTES, Purpose, Ticket
from app.models.user import AccessToken, ChangeAddressForm, ChangePasswordForm, NameForm, User
from app.repositories.sessions import SessionRepository
from app.repositories.users import UserRepository
from app.services.audit_service import AuditService
from app.services.mail_service import MailService
from app.services.password_service import Passwords
from app.services.ticket_service import TicketService

EACH_CONFIRMATION = "10/15 minutes"


class NotYourPassword(Invalid):
    message = "That is not your password. Please try again."
    keeps = True  # it is in the audit log


class LastSuperuser(Conflict):
    message = "This is the last superuser, and without one nobody could look after the site. Name another first."


class AccountService:
    def __init__(
        self,
        users: UserRepository,
        sessions: SessionRepository,
        tickets: TicketService,
        passwords: Passwords,
        limits: Limits,
        mail: MailService,
        audit: AuditService,
        settings: Settings,
    ) -> None:
        self.users = users
        self.sessions = sessions
        self.tickets = tickets
        self.passwords = passwords
        self.limits = limits
        self.mail = mail
        self.audit = audit
        self.settings = settings

    # Coming and going

    async def note_sign_in(self, user: User, *, new_device: bool) -> None:
        await self.audit.record("sign_in.accepted", actor=user)
        if new_device:
            place = self.audit.place
            await self.mail.send(user.email, "new_sign_in", time=now(), device=place.device, place=place.address)

    async def note_sign_out(self, user: User) -> None:
        await self.audit.record("signed.out", actor=user)

    # Passwords

    async def confirm(self, user: User, password: str, field: str = "confirm_password") -> None:
        """Raise `NotYourPassword` unless it is theirs."""
        await self.limits.hit(EACH_CONFIRMATION, "confirm", str(user.id))
        right, _ = await self.passwords.verify(password, user.hashed_password)
        if not right:
            await self.audit.record("password.refused", actor=user)
            raise NotYourPassword(field=field)
        await self.limits.clear(EACH_CONFIRMATION, "confirm", str(user.id))

    async def change_password(self, user: User, form: ChangePasswordForm) -> None:
        """Change it; every session of theirs ends, and whoever asks begins a new one."""
        await self.confirm(user, form.current_password.get_secret_value(), "current_password")
        await self.set_password(user, form.new_password.get_secret_value())

    async def reset_password(self, ticket: Ticket, password: str) -> User:
        """Set a new one by the link of a mail."""
        user = await self._holder(ticket)
        await self.set_password(user, password, ticket)
        return user

    async def set_password(self, user: User, password: str, ticket: Ticket | None = None) -> None:
        self.passwords.check(password, about=(user.email, user.name))
        hashed = await self.passwords.hash(password)
        if ticket:
            await self.tickets.use(ticket)
        await self.users.add(user.sqlmodel_update({"hashed_password": hashed}))
        await self.end_everywhere(user)
        await self.audit.record("password.changed", actor=user)
        await self.mail.send(user.email, "password_changed", time=now(), place=self.audit.place.address)

    async def send_reset(self, user: User) -> None:
        """Mail them a link for a new password."""
        await self.limits.hit_mail(user.email, self.audit.place.address)
        issued = await self.tickets.issue(Purpose.RESET_PASSWORD, user.email, user)
        url, minutes = self.settings.url(f"/reset-password/{issued.secret}"), MINUTES[Purpose.RESET_PASSWORD]
        await self.mail.send(user.email, "reset_password", url=url, minutes=minutes)

    async def end_everywhere(self, user: User) -> int:
        """End all sessions of this person, and void the links and codes that could begin another; return how many
        sessions there were."""
        ended = await self.sessions.end_all(user.id)
        await self.tickets.void(user)
        return ended

    # Sessions

    async def list_sessions(self, user: User) -> Sequence[AccessToken]:
        return await self.sessions.of(user.id, now() - timedelta(days=self.settings.session_days))

    async def end_session(self, user: User, handle: str) -> None:
        """End one of this person's sessions; what is over already, and other people's, is passed over."""
        if await self.sessions.end(user.id, handle):
            await self.audit.record("session.ended", actor=user, record=("session", handle))

    async def end_others(self, user: User, but: str) -> None:
        ended = await self.sessions.end_all(user.id, but)
        await self.audit.record("sessions.ended", actor=user, after={"ended": ended})

    # The address and the name

    async def rename(self, user: User, form: NameForm) -> None:
        before = user.name
        await self.users.add(user.sqlmodel_update({"name": form.name}))
        await self.audit.record("name.changed", actor=user, before={"name": before}, after={"name": form.name})

    async def begin_address_change(self, user: User, form: ChangeAddressForm) -> None:
        """Mail a link to the new address; until it is followed the old one stays. Says nothing of who has it."""
        await self.confirm(user, form.current_password.get_secret_value(), "current_password")
        await self.limits.hit_mail(form.email, self.audit.place.address)
        issued = await self.tickets.issue(Purpose.CHANGE_ADDRESS, form.email, user)
        if await self.users.by_email(form.email):
            await self.mail.send(form.email, "already_registered", url=self.settings.url("/sign-in"))
            return
        url = self.settings.url(f"/account/email/{issued.secret}")
        minutes = MINUTES[Purpose.CHANGE_ADDRESS]
        await self.mail.send(form.email, "change_address", url=url, minutes=minutes, new_address=form.email)

    async def find_address_change(self, secret: str) -> Ticket:
        return await self.tickets.find(Purpose.CHANGE_ADDRESS, secret)

    async def change_address(self, ticket: Ticket) -> User:
        """Make the new address theirs, and tell the old one."""
        user = await self._holder(ticket)
        await self.tickets.use(ticket)
        before = user.email
        try:
            await self.users.add(user.sqlmodel_update({"email": ticket.email}))
        except IntegrityError as error:
            raise Conflict("This address has an account of its own by now.") from error
        await self.tickets.void(user)
        await self.audit.record("address.changed", actor=user, before={"email": before}, after={"email": user.email})
        await self.mail.send(before, "address_changed", new_address=user.email)
        return user

    async def _holder(self, ticket: Ticket) -> User:
        user = await self.users.get(ticket.user_id) if ticket.user_id else None
        if user is None or not user.is_active:
            raise Conflict("This account is no longer there.")
        return user

    # The end, and what to take along

    async def delete(self, user: User, typed: str) -> None:
        """Delete the account with all that is theirs; `typed` is the address, typed to be sure."""
        if typed != user.email:
            raise Invalid("This is not the address of your account.", field="email")
        if user.is_superuser and not await self.users.other_superusers(user):
            raise LastSuperuser
        await self.audit.record("account.deleted", actor=user, before={"email": user.email})
        await self.mail.send(user.email, "account_deleted", time=now())
        await self.users.delete(user)

    async def export(self, user: User) -> dict[str, Any]:
        """What the account itself holds, as plain data."""
        sessions = await self.list_sessions(user)
        return {
            "account": user.model_dump(mode="json", exclude={"hashed_password", "totp_secret", "totp_step"}),
            "sessions": [session.model_dump(mode="json", exclude={"token", "user_id"}) for session in sessions],
        }

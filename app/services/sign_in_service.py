"""Signing in: by password or by a code from a mail, and then by a second factor where there is one.

Known and unknown addresses are answered alike, in the same words and the same time.
"""

from dataclasses import dataclass

from app.config import Settings
from app.errors import Invalid, TooManyRequests
from app.limits import Limits
from app.models.ticket import MINUTES, Purpose, Ticket
from app.models.user import SignInForm, User
from app.repositories.users import UserRepository
from app.services.audit_service import AuditService
from app.services.authenticator import Authenticator
from app.services.mail_service import MailService
from app.services.password_service import Passwords
from app.services.ticket_service import TicketService, VoidTicket, WrongCode

EACH_ADDRESS = "100/15 minutes"  # passwords from one address, right or wrong, whatever the account
EACH_ACCOUNT = "50/hour"  # passwords for one account from all over the world, browsers that it knows aside
EACH_SECOND_FACTOR = "10/15 minutes"


class WrongPassword(Invalid):
    message = "That address and that password do not go together. Please check both."
    keeps = True  # it is in the audit log


class TooManyPasswords(TooManyRequests):
    title = "Too many wrong passwords"


@dataclass(frozen=True, slots=True)
class Admission:
    """Who may come in and where they want to go; with a `ticket` they must show their second factor first."""

    user: User
    next: str
    ticket: str = ""


class SignInService:
    def __init__(
        self,
        users: UserRepository,
        tickets: TicketService,
        passwords: Passwords,
        authenticator: Authenticator,
        limits: Limits,
        mail: MailService,
        audit: AuditService,
        settings: Settings,
    ) -> None:
        self.users = users
        self.tickets = tickets
        self.passwords = passwords
        self.authenticator = authenticator
        self.limits = limits
        self.mail = mail
        self.audit = audit
        self.settings = settings

    async def by_password(self, form: SignInForm, known_as: str = "") -> Admission:
        """`known_as`: what a browser is known by in which somebody has signed in here before, or nothing.

        Raises `WrongPassword`, and `TooManyPasswords` when there were enough of them.
        """
        user = await self.users.by_email(form.email)
        if user is None or not known_as.startswith(user.id.hex):
            known_as = ""  # it is known for another account
        await self._count_try(form.email, known_as)
        typed = form.password.get_secret_value()
        right, newer = await self.passwords.verify(typed, user.hashed_password if user else "")
        if user is None or not right or not user.is_active:
            await self.audit.record("sign_in.refused", actor=None, subject=user)
            raise WrongPassword(field="password")
        await self._forget_tries(form.email, known_as)
        if newer:
            await self.users.add(user.sqlmodel_update({"hashed_password": newer}))
        return await self.admit(user, form.next)

    async def _count_try(self, email: str, known_as: str) -> None:
        """Before the password is looked at, so that many at once are counted too."""
        address = self.audit.place.address
        limits = [
            (EACH_ADDRESS, "sign-in", address),
            (self.settings.sign_in_rate, "sign-in", email, known_as or address),
            *([] if known_as else [(EACH_ACCOUNT, "sign-in", email)]),
        ]
        try:
            await self.limits.hit_all(*limits)
        except TooManyRequests as error:
            minutes = max(1, round((error.retry_after or 60) / 60))
            raise TooManyPasswords(
                f"Please wait {minutes} min, or have a code sent to you by e-mail instead.",
                retry_after=error.retry_after,
            ) from None

    async def _forget_tries(self, email: str, known_as: str) -> None:
        await self.limits.clear(self.settings.sign_in_rate, "sign-in", email, known_as or self.audit.place.address)

    async def send_code(self, email: str, next: str) -> str:
        """Mail a code to whoever has this address; return the secret that their browser must keep for it."""
        await self.limits.hit_mail(email, self.audit.place.address)
        user = await self._owner(email)
        issued = await self.tickets.issue(Purpose.SIGN_IN_CODE, email, user, with_code=True, next=next)
        minutes = MINUTES[Purpose.SIGN_IN_CODE]
        if user:
            await self.mail.send(email, "sign_in_code", code=issued.code, minutes=minutes)
        else:
            await self.mail.send(email, "no_account", url=self.settings.url("/register"))
        return issued.secret

    async def by_code(self, secret: str, code: str) -> Admission:
        """Raises `WrongCode` up to five times, then `TooManyAttempts`; and `SignInOver`."""
        ticket = await self.tickets.find_half_done(Purpose.SIGN_IN_CODE, secret)
        await self.tickets.attempt(ticket)
        user = await self._holder(ticket)
        if user is None or not self.tickets.is_right(ticket, secret, code):
            await self.audit.record("sign_in.refused", actor=None, subject=user)
            raise WrongCode(field="code")
        await self.tickets.use(ticket)
        return await self.admit(user, ticket.data["next"])

    async def by_link(self, secret: str) -> Admission:
        """Let in whoever holds the link that the server's own console printed."""
        ticket = await self.tickets.find(Purpose.RESCUE, secret)
        await self.tickets.use(ticket)
        user = await self._holder(ticket)
        if user is None:
            raise VoidTicket
        await self.audit.record("sign_in.rescued", actor=user)
        return Admission(user, "/account")

    async def by_second_factor(self, secret: str, code: str) -> Admission:
        """The second step, by an authenticator's code or a recovery code."""
        ticket = await self.tickets.find_half_done(Purpose.SECOND_FACTOR, secret)
        await self.tickets.attempt(ticket)
        user = await self._holder(ticket)
        await self.limits.hit(EACH_SECOND_FACTOR, "second factor", str(ticket.user_id))
        if user is None or not await self.authenticator.accepts(user, code):
            await self.audit.record("second_factor.refused", actor=None, subject=user)
            raise WrongCode(field="code")
        await self.tickets.use(ticket)
        await self.limits.clear(EACH_SECOND_FACTOR, "second factor", str(user.id))
        return Admission(user, ticket.data["next"])

    async def admit(self, user: User, next: str) -> Admission:
        """Let somebody in who has proved who they are, or send them on to their second factor."""
        if not user.has_second_factor:
            return Admission(user, next)
        issued = await self.tickets.issue(Purpose.SECOND_FACTOR, user.email, user, next=next)
        return Admission(user, next, issued.secret)

    async def send_reset(self, email: str) -> None:
        """Mail a link for a new password to whoever has this address."""
        await self.limits.hit_mail(email, self.audit.place.address)
        user = await self._owner(email)
        issued = await self.tickets.issue(Purpose.RESET_PASSWORD, email, user)
        if user:
            minutes = MINUTES[Purpose.RESET_PASSWORD]
            await self.mail.send(
                email, "reset_password", url=self.settings.url(f"/reset-password/{issued.secret}"), minutes=minutes
            )
        else:
            await self.mail.send(email, "no_account", url=self.settings.url("/register"))

    async def find_reset(self, secret: str) -> Ticket:
        return await self.tickets.find(Purpose.RESET_PASSWORD, secret)

    async def _owner(self, email: str) -> User | None:
        user = await self.users.by_email(email)
        return user if user and user.is_active and not user.is_guest else None

    async def _holder(self, ticket: Ticket) -> User | None:
        user = await self.users.get(ticket.user_id) if ticket.user_id else None
        return user if user and user.is_active else None

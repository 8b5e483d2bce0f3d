"""Making an account: an address first, and the rest once a mail has shown whose it is.

Nobody gets an account, or anything in it, for an address that is not theirs, and nobody learns from here whether an
address has one.
"""

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError

from app.config import Settings
from app.errors import Conflict, Forbidden
from app.limits import Limits
from app.models.group import Group
from app.models.ticket import LIFETIMES, MINUTES, Purpose, Ticket
from app.models.user import FinishForm, User
from app.repositories.groups import GroupRepository
from app.repositories.users import UserRepository
from app.repositories.visibility import Rights
from app.services.audit_service import AuditService
from app.services.mail_service import MailService
from app.services.password_service import Passwords
from app.services.ticket_service import TicketService


class RegistrationClosed(Forbidden):
    title = "No new accounts"
    message = "This site makes accounts for invited people alone. Ask whoever runs it for an invitation."


class AddressTaken(Conflict):
    title = "There is an account already"
    message = "Somebody made an account for this address in the meantime. Sign in, or ask for a new password."


class RegistrationService:
    def __init__(
        self,
        users: UserRepository,
        groups: GroupRepository,
        tickets: TicketService,
        passwords: Passwords,
        limits: Limits,
        mail: MailService,
        audit: AuditService,
        settings: Settings,
    ) -> None:
        self.users = users
        self.groups = groups
        self.tickets = tickets
        self.passwords = passwords
        self.limits = limits
        self.mail = mail
        self.audit = audit
        self.settings = settings

    async def begin(self, email: str, next: str) -> None:
        """Mail a link to this address: to finish with, or when it has an account already, to sign in with."""
        self.check_open()
        await self.limits.hit_mail(email, self.audit.place.address)
        issued = await self.tickets.issue(Purpose.REGISTER, email, next=next)
        if await self.users.by_email(email):
            await self.mail.send(email, "already_registered", url=self.settings.url("/sign-in"))
        else:
            link = self._link(issued.secret)
            await self.mail.send(email, "confirm_address", url=link, minutes=MINUTES[Purpose.REGISTER])

    def check_open(self) -> None:
        if self.settings.registration != "open":
            raise RegistrationClosed

    async def find(self, secret: str) -> Ticket:
        """The registration, or the invitation, that this link is for. Raises as `TicketService.find` does."""
        if self.settings.registration == "closed":
            raise RegistrationClosed
        return await self.tickets.find_any((Purpose.REGISTER, Purpose.INVITE), secret)

    async def finish(self, ticket: Ticket, form: FinishForm) -> User:
        """Make the account. The database decides between two who finish for one address: `AddressTaken`."""
        password = form.new_password.get_secret_value()
        self.passwords.check(password, about=(ticket.email, form.name))
        hashed = await self.passwords.hash(password)
        await self.tickets.use(ticket)
        groups = ticket.data.get("groups", [])
        user = User(email=ticket.email, name=form.name, hashed_password=hashed, is_verified=True, is_staff=bool(groups))
        await self._add(user)
        await self.groups.put(user.id, groups)
        await self.audit.record("account.made", actor=user, record=("user", user.id), after={"email": user.email})
        return user

    async def _add(self, user: User) -> None:
        try:
            await self.users.add(user)
        except IntegrityError as error:
            raise AddressTaken from error

    async def invite(self, rights: Rights, email: str, group_ids: Sequence[int]) -> None:
        """Mail an invitation into these groups: any of them for a superuser, for others those that they are in."""
        inviter = rights.user
        if not set(group_ids) <= {group.id for group in await self.offered(rights)}:
            raise Forbidden
        if await self.users.by_email(email):
            raise Conflict("This address has an account already.", field="email")
        await self.limits.hit_mail(email, self.audit.place.address)
        names = [group.name for group in await self.groups.all() if group.id in group_ids]
        issued = await self.tickets.issue(Purpose.INVITE, email, groups=list(group_ids), next="/chat")
        url = self._link(issued.secret)
        days = LIFETIMES[Purpose.INVITE].days
        await self.mail.send(email, "invitation", inviter=inviter.called, groups=names, url=url, days=days)
        await self.audit.record("person.invited", actor=inviter, after={"email": email, "groups": names})

    async def offered(self, rights: Rights) -> Sequence[Group]:
        """The groups into which these rights may invite. Raises when they may invite nobody, or nobody can come."""
        rights.check("user.add")
        if self.settings.registration == "closed":
            raise RegistrationClosed
        return await (self.groups.all() if rights.user.is_superuser else self.groups.of(rights.user.id))

    def _link(self, secret: str) -> str:
        return self.settings.url(f"/register/{secret}")

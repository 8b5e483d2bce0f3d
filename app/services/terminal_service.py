"""What may be done to people from the server's own terminal, in place of a back door on the web."""

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError

from app.config import Settings
from app.errors import Conflict, Invalid, NotFound
from app.models.ticket import Purpose
from app.models.user import User, clean_address, clean_name
from app.repositories.groups import GroupRepository
from app.repositories.users import UserRepository
from app.services.audit_service import AuditService
from app.services.password_service import Passwords
from app.services.ticket_service import TicketService


class TerminalService:
    def __init__(
        self,
        users: UserRepository,
        groups: GroupRepository,
        tickets: TicketService,
        passwords: Passwords,
        audit: AuditService,
        settings: Settings,
    ) -> None:
        self.users = users
        self.groups = groups
        self.tickets = tickets
        self.passwords = passwords
        self.audit = audit
        self.settings = settings

    async def create_superuser(self, email: str, name: str, password: str) -> None:
        """Make an account that may do everything; raises an `AppError` for what is wrong with it."""
        try:
            email, name = clean_address(email), clean_name(name)
        except ValueError as error:
            raise Invalid(str(error)) from error
        self.passwords.check(password, about=(email, name))
        hashed = await self.passwords.hash(password)
        user = User(email=email, name=name, hashed_password=hashed, is_verified=True, is_staff=True, is_superuser=True)
        try:
            await self.users.add(user)
        except IntegrityError as error:
            raise Conflict(f"{email} has an account already.") from error
        after = {"email": email, "is_superuser": True}
        await self.audit.record("account.made", actor=None, subject=user, record=("user", user.id), after=after)

    async def list(self) -> Sequence[str]:
        """A line for everybody with an account."""
        names = await self.groups.by_member()
        return [_line(user, names.get(user.id, [])) for user in await self.users.members()]

    async def rescue(self, email: str) -> str:
        """A link that signs this person in once."""
        user = await self.users.by_email(email.strip().lower())
        if user is None or not user.is_active:
            raise NotFound(f"Nobody who may sign in has the address {email}.")
        issued = await self.tickets.issue(Purpose.RESCUE, user.email, user)
        await self.audit.record("rescue.printed", actor=None, subject=user)
        return self.settings.url(f"/sign-in/link/{issued.secret}")


def _line(user: User, groups: Sequence[str]) -> str:
    rank = "superuser" if user.is_superuser else "staff" if user.is_staff else ""
    factor = "second factor" if user.has_second_factor else ""
    inactive = "" if user.is_active else "may not sign in"
    return "  ".join(filter(None, (user.email, user.name, rank, ", ".join(groups), factor, inactive)))

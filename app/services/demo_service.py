"""The people of the demo. They exist in development alone, once `fastopp seed` has made them."""

from collections.abc import Sequence
from typing import NamedTuple

from app.config import Settings
from app.models.user import User
from app.repositories.groups import GroupRepository
from app.repositories.users import UserRepository
from app.services.password_service import Passwords

PASSWORD = "four words make sense"  # noqa: S105 - it is shown on the sign-in page


class DemoPerson(NamedTuple):
    email: str
    name: str
    role: str
    groups: tuple[str, ...] = ()


PEOPLE = (
    DemoPerson("admin@example.com", "Ada Admin", "superuser"),
    DemoPerson("marketing@example.com", "Mia Marketing", "staff", ("marketing",)),
    DemoPerson("sales@example.com", "Sam Sales", "staff", ("sales",)),
    DemoPerson("user@example.com", "Uli User", "an account like any other"),
)


class DemoService:
    def __init__(self, users: UserRepository, groups: GroupRepository, settings: Settings) -> None:
        self.users = users
        self.groups = groups
        self.settings = settings

    async def seed(self, passwords: Passwords) -> int:
        """Make those who are missing; return how many. Does nothing in production."""
        missing = [] if self.settings.in_production else [each for each in PEOPLE if not await self._there(each)]
        numbers = {group.name: group.id or 0 for group in await self.groups.all()}
        for each in missing:
            user = User(
                email=each.email,
                name=each.name,
                hashed_password=await passwords.hash(PASSWORD),
                is_verified=True,
                is_superuser=each.role == "superuser",
                is_staff=each.role in ("superuser", "staff"),
            )
            await self.users.add(user)
            await self.groups.put(user.id, [numbers[name] for name in each.groups])
        return len(missing)

    async def present(self) -> Sequence[DemoPerson]:
        """Who of them the sign-in page can offer."""
        return [] if self.settings.in_production else [each for each in PEOPLE if await self._there(each)]

    async def _there(self, person: DemoPerson) -> bool:
        return await self.users.by_email(person.email) is not None

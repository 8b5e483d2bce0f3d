"""The people and the webinars of the demo. They exist in development alone, once `fastopp seed` has made them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from app.config import Settings
from app.models.base import now
from app.models.user import User
from app.models.webinar import Webinar, WebinarStatus
from app.repositories.groups import GroupRepository
from app.repositories.messages import MessageRepository
from app.repositories.users import UserRepository
from app.repositories.webinars import WebinarRepository
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


class DemoWebinar(NamedTuple):
    """`days` from now, at the next full hour."""

    slug: str
    title: str
    speakers: str
    days: int
    capacity: int
    description: str


WEBINARS = (
    DemoWebinar(
        "streaming-answers",
        "Streaming answers without JavaScript",
        "Ada Admin",
        7,
        100,
        "How an answer of a model gets to the browser **while it is written**: a generator, a template, and htmx.",
    ),
    DemoWebinar(
        "a-feature-in-an-hour",
        "A feature in an hour",
        "Mia Marketing and Sam Sales",
        14,
        2,
        "We add a model, a service, a route and a template, and there is a page.\n\n"
        "There are two seats only, so you will see the waiting list.",
    ),
    DemoWebinar("hello-fastopp", "Hello, FastOpp", "Ada Admin", -7, 50, "What it is, and what it is for."),
)


class DemoService:
    def __init__(
        self, users: UserRepository, groups: GroupRepository, webinars: WebinarRepository, settings: Settings
    ) -> None:
        self.users = users
        self.groups = groups
        self.webinars = webinars
        self.settings = settings

    async def seed_webinars(self) -> None:
        """Make those whose address nobody has. Does nothing in production."""
        hour = now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        for demo in () if self.settings.in_production else WEBINARS:
            if await self.webinars.by_slug(demo.slug) is None:
                begins = hour + timedelta(days=demo.days)
                values = {
                    "starts_at": begins,
                    "ends_at": begins + timedelta(hours=1),
                    "status": WebinarStatus.PUBLISHED,
                }
                webinar = await self.webinars.add(Webinar.model_validate(demo._asdict() | values))
                await MessageRepository(self.webinars.session).add_defaults(webinar)

    async def seed(self, passwords: Passwords) -> int:
        """Make the people who are missing; return how many. Does nothing in production."""
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

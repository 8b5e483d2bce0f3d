"""The people, webinars and products of the demo. They exist in development alone, once `fastopp seed` has made them."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from app.config import Settings
from app.models.base import now
from app.models.product import Product, sort_key
from app.models.slugs import slug_of
from app.models.user import User
from app.models.webinar import Webinar, WebinarStatus
from app.repositories.groups import GroupRepository
from app.repositories.messages import MessageRepository
from app.repositories.products import ProductRepository
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


# A line for each category: its name, then a name, a price in hundredths of a euro and a stock for each product.
PRODUCTS = (
    "Lighting; Desk lamp 4900 12; Floor lamp 12900 4; Reading light 2450 31; Candle holder 1250 60; Lantern 900 0",
    "Kitchen; Teapot 3400 9; Stoneware mug 1400 120; Bread board 2800 17; Wooden spoon 950 75; Iron pan 6900 6",
    "Kitchen; Glass jar 750 200; Coffee grinder 5900 0; Salt cellar 1850 22",
    "Textiles; Linen sheet 8900 14; Wool blanket 11900 8; Cotton towel 1900 90; Cushion 2200 41; Tea towel 890 64",
    "Furniture; Oak stool 9900 5; Folding chair 6500 16; Side table 14900 3; Bookshelf 24900 2; Coat stand 7900 0",
    "Furniture; Writing desk 139000 1; Bench 18900 4",
    "Garden; Watering can 3200 18; Hand trowel 1600 45; Clay pot 1100 130; Bird house 2700 21; Herb scissors 1450 0",
    "Office; Notebook 1200 240; Fountain pen 4500 11; Pencil case 1750 38; Desk pad 3900 13; Paper clips 250 500",
    "Office; Wall calendar 1990 26",
    "Books; A field guide to herons 2400 19; The otter's year 1800 33; Small boats 2950 7; Knots 1250 52; Tides 1600 0",
)


def _products() -> Iterator[Product]:
    days = 0
    for category, *kinds in (line.split("; ") for line in PRODUCTS):
        for name, price, stock in (kind.rsplit(" ", 2) for kind in kinds):
            days += 9
            yield Product(
                slug=slug_of(name),
                name=name,
                name_key=sort_key(name),
                description=f"A **{name.lower()}** of the demo, to try out the search and the filters with.",
                price_minor=int(price),
                category=category,
                stock=int(stock),
                created_at=now() - timedelta(days=days),
            )


class DemoService:
    def __init__(
        self,
        users: UserRepository,
        groups: GroupRepository,
        webinars: WebinarRepository,
        products: ProductRepository,
        settings: Settings,
    ) -> None:
        self.users = users
        self.groups = groups
        self.webinars = webinars
        self.products = products
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

    async def seed_products(self) -> None:
        """Make those whose address nobody has, a few days apart. Does nothing in production."""
        products = [] if self.settings.in_production else list(_products())
        taken = await self.products.taken([product.slug for product in products])
        await self.products.add_all([product for product in products if product.slug not in taken])

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

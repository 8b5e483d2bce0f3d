"""What happens in the app's own terms. Services publish it; handlers act on it in the same transaction."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.models.event import Event
from app.models.product import Product
from app.models.user import User
from app.models.webinar import Registration, Webinar
from app.repositories.events import EventRepository

WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that has happened: to a webinar, and mostly to one registration for it.

    `actor` is whoever of the staff did it; `before` and `after` say what changed, by field.
    """

    webinar: Webinar
    registration: Registration | None = None
    actor: User | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)

    @property
    def act(self) -> str:
        """Its name in the audit log: `webinar.registered`."""
        return WORD.sub(".", type(self).__name__).lower()

    @property
    def topics(self) -> tuple[str, ...]:
        return (topic_of(self.webinar),)

    @property
    def data(self) -> dict[str, Any]:
        """What the stored event says; no names and no addresses, which would outlive their erasure."""
        return {"registration": str(self.registration.id)} if self.registration else {}


class WebinarAdded(Happened):
    pass


class WebinarPublished(Happened):
    pass


class WebinarChanged(Happened):
    """What its form says."""


class WebinarRescheduled(Happened):
    """Its time, its title or another thing that calendars should know."""


class WebinarCoverChanged(Happened):
    pass


class WebinarCancelled(Happened):
    pass


class WebinarRegistered(Happened):
    """Somebody has asked for a seat, and holds one, waits for one or for an approval: the registration says."""


class RegistrationRepeated(Happened):
    """Somebody whose registration stands has asked for a seat again, perhaps because their mail is lost."""


class SeatGiven(Happened):
    """Somebody who waited has a seat now."""


class RegistrationDecided(Happened):
    """Staff have declined somebody, or let somebody in who has to wait for a seat: the registration says."""


class RegistrationConfirmed(Happened):
    """Whoever owns the address has opened the link of the mail."""


class RegistrationAttended(Happened):
    pass


class RegistrationChanged(Happened):
    """What is known of somebody, and not where they stand."""


class RegistrationCancelled(Happened):
    pass


@dataclass(frozen=True, slots=True)
class ProductHappened:
    """Something that has happened to a product; `before` is what people said of it until then."""

    product: Product
    before: dict[str, Any]
    actor: User | None = None

    @property
    def act(self) -> str:
        """Its name in the audit log: `product.changed`."""
        return WORD.sub(".", type(self).__name__).lower()

    @property
    def topics(self) -> tuple[str, ...]:
        """Whoever shows lists follows the first of these, and a page of the product the second."""
        return PRODUCTS, f"product:{self.product.id}"

    @property
    def data(self) -> dict[str, Any]:
        return {"product": self.product.id, "version": self.product.version}


class ProductAdded(ProductHappened):
    pass


class ProductChanged(ProductHappened):
    pass


class ProductPictureChanged(ProductHappened):
    """`before` is what its picture was."""


class ProductDeleted(ProductHappened):
    pass


class ProductRestored(ProductHappened):
    pass


PRODUCTS = "products"
Handler = Callable[[Any], Awaitable[None]]  # each takes what happens to its own kind of record


def topic_of(webinar: Webinar) -> str:
    return f"webinar:{webinar.id}"


class Events:
    """Publishes what happens: stores it, lets the handlers act, and wakes followers once it is in the database."""

    def __init__(self, events: EventRepository, handlers: Sequence[Handler], wake: Callable[[], object]) -> None:
        self.events = events
        self.handlers = handlers
        self.wake = wake

    async def publish(self, happened: Happened | ProductHappened) -> None:
        await self.events.add_all([self._event(topic, happened) for topic in happened.topics])
        for handle in self.handlers:
            await handle(happened)
        self.events.after_commit(self.wake)

    def _event(self, topic: str, happened: Happened | ProductHappened) -> Event:
        return Event(topic=topic, kind=type(happened).__name__, data=happened.data)


class GatheredEvents(Events):
    """For many acts in one transaction: handlers hear of each, and who follows a list, of one for all."""

    def __init__(self, events: EventRepository, handlers: Sequence[Handler], wake: Callable[[], object]) -> None:
        super().__init__(events, handlers, wake)
        self._stirred = False

    async def publish(self, happened: Happened | ProductHappened) -> None:
        await self.publish_all([happened])

    async def publish_all(self, many: Sequence[Happened | ProductHappened]) -> None:
        """The same of all of these, stored together."""
        for topic in {each.topics[0] for each in many}:
            await self.stir(topic)
        await self.events.add_all([self._event(topic, each) for each in many for topic in each.topics[1:]])
        for each in many:
            for handle in self.handlers:
                await handle(each)

    async def stir(self, topic: str) -> None:
        """Let followers look again, and tell no handler."""
        if not self._stirred:
            self._stirred = True
            await self.events.add(Event(topic=topic, kind="ManyChanged"))
            self.events.after_commit(self.wake)

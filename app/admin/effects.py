"""What belongs to a change of a table besides the change itself: open pages, caches, seats."""

from collections.abc import Mapping
from typing import Any

from app.errors import NotFound
from app.events import Events, ProductChanged, ProductDeleted, RegistrationChanged
from app.models.product import Product, sort_key
from app.models.webinar import Note, Registration, Webinar
from app.repositories.products import ProductRepository
from app.repositories.records import RecordRepository
from app.repositories.visibility import Rights
from app.services.seats import Seats
from app.services.slugs import free_slug


class ProductEffects:
    """Lists and the dashboard learn of it. `events` has no handler that writes the log, which the panel does itself."""

    def __init__(self, records: RecordRepository, products: ProductRepository, events: Events) -> None:
        self.records = records
        self.products = products
        self.events = events

    async def prepared(self, _rights: Rights, row: Product | None, values: Mapping[str, Any]) -> dict[str, Any]:
        named = {"name_key": sort_key(values["name"])} if "name" in values else {}
        if row is None:
            return {**values, **named, "slug": await free_slug(self.products, values["name"], "product")}
        return {**values, **named, "version": row.version + 1}

    async def hold(self, row: Product) -> None:
        await self.records.hold(row)

    async def changed(self, rights: Rights, row: Product) -> None:
        await self.events.publish(ProductChanged(row, {}, rights.user))

    async def delete(self, rights: Rights, row: Product) -> None:
        await self.records.delete(row)
        await self.events.publish(ProductDeleted(row, {}, rights.user))

    async def restore(self, rights: Rights, row: Product) -> None:
        await self.records.add(row)
        await self.events.publish(ProductChanged(row, {}, rights.user))


class RegistrationEffects:
    """The staff's table learns of it, and a seat that is given back goes to the next."""

    def __init__(self, records: RecordRepository, seats: Seats, events: Events) -> None:
        self.records = records
        self.seats = seats
        self.events = events

    async def prepared(self, _rights: Rights, _row: Registration | None, values: Mapping[str, Any]) -> dict[str, Any]:
        return dict(values)

    async def hold(self, row: Registration) -> None:
        """Seats come first, as everywhere: two who wait for each other would wait for ever."""
        await self.seats.webinars.lock(await self._webinar(row))
        await self.records.hold(row)

    async def changed(self, rights: Rights, row: Registration) -> None:
        await self.events.publish(RegistrationChanged(await self._webinar(row), row, rights.user))

    async def delete(self, rights: Rights, row: Registration) -> None:
        webinar = await self._webinar(row)
        await self.seats.remove(webinar, [row])
        await self.events.publish(RegistrationChanged(webinar, None, rights.user))

    async def restore(self, rights: Rights, row: Registration) -> None:
        """With their old number; who had a seat waits as long as none is free."""
        webinar = await self._webinar(row)
        await self.seats.bring_back(webinar, row)
        await self.events.publish(RegistrationChanged(webinar, row, rights.user))

    async def _webinar(self, row: Registration) -> Webinar:
        webinar = await self.seats.webinars.get(row.webinar_id)
        if webinar is None:
            raise NotFound
        return webinar


class NoteEffects:
    """A note is of whoever wrote what it says now, and the staff's table learns of it."""

    def __init__(self, records: RecordRepository, seats: Seats, events: Events) -> None:
        self.records = records
        self.seats = seats
        self.events = events

    async def prepared(self, rights: Rights, row: Note | None, values: Mapping[str, Any]) -> dict[str, Any]:
        is_new = row is None or "text" in values
        return {**values, **({"author_id": rights.user.id, "author": rights.user.called} if is_new else {})}

    async def hold(self, row: Note) -> None:
        await self.records.hold(row)

    async def changed(self, rights: Rights, row: Note) -> None:
        registration = await self.seats.webinars.registration(row.registration_id)
        webinar = await self.seats.webinars.get(registration.webinar_id) if registration else None
        if registration is None or webinar is None:
            raise NotFound
        await self.events.publish(RegistrationChanged(webinar, registration, rights.user))

    async def delete(self, rights: Rights, row: Note) -> None:
        await self.records.delete(row)
        await self.changed(rights, row)

    async def restore(self, rights: Rights, row: Note) -> None:
        await self.records.add(row)
        await self.changed(rights, row)

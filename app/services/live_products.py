"""Open lists and pages of products, kept up to date: each look has a short transaction of its own."""

from collections.abc import AsyncIterator, Sequence

from app.ai.live_answer import Leave
from app.db import Database
from app.events import PRODUCTS
from app.models.product import Product
from app.repositories.products import ProductRepository
from app.services.event_feed import EventFeed

Versions = dict[int, int]


class LiveProducts:
    """One per app."""

    def __init__(self, database: Database, feed: EventFeed) -> None:
        self.database = database
        self.feed = feed

    async def changed(self, shown: Versions, leave: Leave) -> AsyncIterator[Sequence[Product]]:
        """Of these products those that have another version than is shown, now and whenever one of them changes."""
        known = dict(shown)
        topic = PRODUCTS if len(known) > 1 else f"product:{next(iter(known), 0)}"
        async for _ in self.feed.changes(topic, leave):
            async with self.database.transaction() as session:
                products = await ProductRepository(session).shown(list(known))
            if new := [product for product in products if known[product.id or 0] != product.version]:
                known |= {product.id or 0: product.version for product in new}
                yield new

"""Open lists and pages of products, kept up to date: each look has a short transaction of its own."""

from collections.abc import AsyncIterator, Sequence

from app.ai.live_answer import Leave
from app.cache import Cache
from app.db import Database
from app.events import PRODUCTS
from app.models.product import Product
from app.repositories.product_figures import ProductFigures, Scope
from app.repositories.products import ProductRepository
from app.repositories.visibility import Rights
from app.services.dashboard_service import Dashboard, DashboardService
from app.services.event_feed import EventFeed

Versions = dict[int, int]


class LiveProducts:
    """One per app."""

    def __init__(self, database: Database, feed: EventFeed, cache: Cache) -> None:
        self.database = database
        self.feed = feed
        self.cache = cache

    async def dashboards(self, rights: Rights, scope: Scope, leave: Leave) -> AsyncIterator[Dashboard]:
        """The dashboard, now and whenever something has happened to any product."""
        async for _ in self.feed.changes(PRODUCTS, leave):
            async with self.database.transaction() as session:
                now = await DashboardService(ProductFigures(session), self.cache).show(rights, scope)
            yield now

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

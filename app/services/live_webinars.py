"""Open pages of webinars, kept up to date: each look has a short transaction of its own, as the request's is over."""

from collections.abc import AsyncIterator
from uuid import UUID

from app.ai.live_answer import Leave
from app.db import Database
from app.events import topic_of
from app.models.webinar import Webinar
from app.repositories.numbers import NumberRepository
from app.repositories.visibility import Rights
from app.repositories.webinars import WebinarRepository
from app.services.event_feed import EventFeed
from app.services.numbers import Numbers, NumberService, Scope
from app.services.registrants import Registrants, Table, View

NUMBERS_SECONDS = 3.0  # the shortest time between two counts of all registrations for one page


class LiveWebinars:
    """One per app."""

    def __init__(self, database: Database, feed: EventFeed) -> None:
        self.database = database
        self.feed = feed

    async def seats(self, webinar: Webinar) -> AsyncIterator[Webinar]:
        """The webinar as it is, now and whenever something has happened there."""
        async for _ in self.feed.changes(topic_of(webinar), Leave()):
            async with self.database.transaction() as session:
                now = await WebinarRepository(session).get(webinar.id)
            if now is None:
                return
            yield now

    async def table(self, rights: Rights, webinar_id: UUID, view: View, leave: Leave) -> AsyncIterator[Table]:
        """One page of the registrants' table, now and whenever something has happened there."""
        async for _ in self.feed.changes(f"webinar:{webinar_id}", leave):
            async with self.database.transaction() as session:
                webinars = WebinarRepository(session)
                webinar = await webinars.get(webinar_id)
                if webinar is None:
                    return
                table = await Registrants(webinars).table(rights, webinar, view)
            yield table

    async def numbers(self, rights: Rights, webinar_id: UUID, scope: Scope, leave: Leave) -> AsyncIterator[Numbers]:
        """The numbers of a webinar, now and whenever something has happened there, every few seconds at the most."""
        async for _ in self.feed.changes(f"webinar:{webinar_id}", leave, NUMBERS_SECONDS):
            async with self.database.transaction() as session:
                webinar = await WebinarRepository(session).get(webinar_id)
                if webinar is None:
                    return
                numbers = await NumberService(NumberRepository(session)).of_webinar(rights, webinar, scope)
            yield numbers

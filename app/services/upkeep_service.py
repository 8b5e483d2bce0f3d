"""What nobody asks for but must happen: what is deleted goes for good, and what is too old to use goes too."""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

from app.config import Settings
from app.db import Database
from app.models.base import now
from app.repositories.conversations import ConversationRepository
from app.repositories.events import EventRepository
from app.repositories.mails import MailRepository
from app.repositories.sessions import SessionRepository
from app.repositories.tickets import TicketRepository
from app.repositories.users import UserRepository

log = logging.getLogger(__name__)

FIRST_SECONDS = 60.0  # after the start, so that a server that restarts often tidies too
EVERY_SECONDS = 3600.0
EVENTS_KEPT = timedelta(days=1)  # followers read them at once
EXPLAINED = timedelta(days=1)  # how long an expired link still says that it has expired
RESTORABLE = timedelta(days=1)  # how long a deleted conversation can be restored
MAILS_KEPT = timedelta(days=7)  # sent or not: they hold links and codes, which are over by then


class UpkeepService:
    """Tidies soon after the start and then once an hour.

    One per app, started and closed with it; several processes do no harm to each other.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        self._closing.set()
        if self._task:
            await self._task

    async def _run(self) -> None:
        wait = FIRST_SECONDS
        while not await self._closes_within(wait):
            wait = EVERY_SECONDS
            try:
                await self.tidy()
            except Exception:
                log.exception("upkeep failed; the next hour tries again")

    async def _closes_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
        return self._closing.is_set()

    async def tidy(self) -> None:
        """Delete what was deleted a day ago, old sessions and mails, and guests with neither session nor words."""
        async with self.database.transaction() as session:
            await ConversationRepository(session).purge(now() - RESTORABLE)
            await EventRepository(session).purge(now() - EVENTS_KEPT)
            await TicketRepository(session).purge(now() - EXPLAINED)
            await SessionRepository(session).end_older(now() - timedelta(days=self.settings.session_days))
            await UserRepository(session).delete_lost_guests()
            await MailRepository(session).purge(now() - MAILS_KEPT)

"""What nobody asks for but must happen: deleted things go for good, dead sessions and unused guests go too."""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

from app.config import Settings
from app.db import Database
from app.models.base import now
from app.repositories.conversations import ConversationRepository
from app.repositories.users import UserRepository

log = logging.getLogger(__name__)

FIRST_SECONDS = 60.0  # after the start, so that a server that restarts often tidies too
EVERY_SECONDS = 3600.0
RESTORABLE = timedelta(days=1)  # how long a deleted conversation can be restored


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
        """Delete what was deleted a day ago, sessions too old to use, and guests with neither session nor words."""
        async with self.database.transaction() as session:
            await ConversationRepository(session).purge(now() - RESTORABLE)
            users = UserRepository(session)
            await users.delete_sessions(now() - timedelta(days=self.settings.session_days))
            await users.delete_lost_guests()

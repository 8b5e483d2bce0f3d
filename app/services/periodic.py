"""Work that a process does by itself every so often."""

import asyncio
import logging
from contextlib import suppress

log = logging.getLogger(__name__)


class Periodic:
    """Calls `act` every so many seconds. Started and closed with the app; several processes may run each of its kind.

    What `act` raises is logged, and the next time tries again.
    """

    first_seconds = 0.0
    every_seconds: float

    def __init__(self) -> None:
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def act(self) -> None:
        raise NotImplementedError

    async def open(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Wait until what is under way is done."""
        self._closing.set()
        if self._task:
            await self._task

    async def _run(self) -> None:
        wait = self.first_seconds
        while not await self._closes_within(wait):
            wait = self.every_seconds
            try:
                await self.act()
            except Exception:
                log.exception("%s failed; the next time tries again", type(self).__name__)

    async def _closes_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
        return self._closing.is_set()

"""Streams end with the session that they were opened in, whichever process ended it."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from app.ai.live_answer import Leave
from app.db import Database
from app.repositories.sessions import SessionRepository

log = logging.getLogger(__name__)

EVERY_SECONDS = 0.5


class SessionWatch:
    """Asks twice a second, in one query for all open streams of this process, which sessions are still there.

    One per app, started and closed with it.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._open: dict[str, set[Leave]] = {}
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        self._closing.set()
        if self._task:
            await self._task

    @contextmanager
    def watching(self, digest: str) -> Iterator[Leave]:
        """For as long as a stream is open; with no digest, a page that anybody may read, nothing ends it."""
        leave = Leave()
        if digest:
            self._open.setdefault(digest, set()).add(leave)
        try:
            yield leave
        finally:
            if digest:
                self._forget(digest, leave)

    def _forget(self, digest: str, leave: Leave) -> None:
        streams = self._open.get(digest, set())
        streams.discard(leave)
        if not streams:
            self._open.pop(digest, None)

    async def _run(self) -> None:
        while not self._closing.is_set():
            try:
                await self.look()
            except Exception:
                log.exception("open streams were not looked at; the next time tries again")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), EVERY_SECONDS)

    async def look(self) -> None:
        """Send away whoever follows a stream with a session that is over."""
        if not (digests := list(self._open)):
            return
        async with self.database.transaction() as session:
            alive = await SessionRepository(session).alive(digests)
        for digest in digests:
            if digest not in alive:
                for leave in list(self._open.get(digest, ())):
                    leave.now()

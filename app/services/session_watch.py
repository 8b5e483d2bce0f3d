"""Streams end with the session that they were opened in, whichever process ended it, and with an impersonation.

What is watched is an `AccessToken.watched_as`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from app.ai.live_answer import Leave
from app.db import Database
from app.repositories.sessions import SessionRepository
from app.services.periodic import Periodic


class SessionWatch(Periodic):
    """Asks twice a second, in one query for all open streams of this process, which sessions are still there."""

    every_seconds = 0.5

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self._open: dict[str, set[Leave]] = {}

    @contextmanager
    def watching(self, key: str) -> Iterator[Leave]:
        """For as long as a stream is open; without a key, a page that anybody may read, nothing ends it."""
        leave = Leave()
        if key:
            self._open.setdefault(key, set()).add(leave)
        try:
            yield leave
        finally:
            if key:
                self._forget(key, leave)

    def _forget(self, key: str, leave: Leave) -> None:
        streams = self._open.get(key, set())
        streams.discard(leave)
        if not streams:
            self._open.pop(key, None)

    async def act(self) -> None:
        """Send away whoever follows a stream with a session that is over."""
        if not (keys := list(self._open)):
            return
        async with self.database.transaction() as session:
            alive = await SessionRepository(session).alive(keys)
        for key in keys:
            if key not in alive:
                for leave in list(self._open.get(key, ())):
                    leave.now()

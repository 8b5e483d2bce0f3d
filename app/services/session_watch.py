"""Streams end with the session that they were opened in, whichever process ended it."""

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

    async def act(self) -> None:
        """Send away whoever follows a stream with a session that is over."""
        if not (digests := list(self._open)):
            return
        async with self.database.transaction() as session:
            alive = await SessionRepository(session).alive(digests)
        for digest in digests:
            if digest not in alive:
                for leave in list(self._open.get(digest, ())):
                    leave.now()

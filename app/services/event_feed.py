"""Tells open pages of this process that something has happened, in whichever process it did."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress

from app.ai.live_answer import Leave
from app.db import Database
from app.repositories.events import EventRepository

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0  # how soon what another process did is seen; what this one did is seen at once
LOOK_BACK = 200  # events
CALM_SECONDS = 0.25  # the shortest time between two changes of a page


class EventFeed:
    """Reads new events for all followers of this process in one query, and only while there are any.

    One per app, started and closed with it.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._followers: dict[str, set[asyncio.Event]] = {}
        self._newest: int | None = None
        self._seen: set[int] = set()
        self._awake = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        self._closing = True
        for changed in [changed for followers in self._followers.values() for changed in followers]:
            changed.set()
        self.wake()
        if self._task:
            await self._task

    def wake(self) -> None:
        """Something was committed: look now."""
        self._awake.set()

    async def changes(self, topic: str, leave: Leave, calm: float = CALM_SECONDS) -> AsyncIterator[None]:
        """Yield at once and whenever something has happened there since, after `calm` seconds at the earliest; several
        things may come as one."""
        changed = asyncio.Event()
        leave.heard_by(changed.set)
        self._followers.setdefault(topic, set()).add(changed)
        self.wake()  # so that it looks every second from now on
        try:
            while not (leave.over or self._closing):
                changed.clear()
                yield
                await changed.wait()
                await self._rest(leave, calm)
        finally:
            self._forget(topic, changed)

    async def _rest(self, leave: Leave, seconds: float) -> None:
        """Wait, but not for whoever has left or is sent away."""
        while seconds > 0 and not (leave.over or self._closing):
            await asyncio.sleep(min(seconds, CALM_SECONDS))
            seconds -= CALM_SECONDS

    def _forget(self, topic: str, changed: asyncio.Event) -> None:
        self._followers[topic].discard(changed)
        if not self._followers[topic]:
            del self._followers[topic]

    async def _run(self) -> None:
        while not self._closing:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._awake.wait(), LOOK_SECONDS if self._followers else None)
            self._awake.clear()
            try:
                await self._look()
            except Exception:
                log.exception("events were not read; the next time tries again")

    async def _look(self) -> None:
        """Wake the followers of what is new.

        A number that was given earlier may be committed later, so the last few are looked at again.
        """
        if not (topics := list(self._followers)):
            return
        async with self.database.transaction() as session:
            events = EventRepository(session)
            if self._newest is None:
                self._newest = await events.newest()
            found = await events.after(self._newest - LOOK_BACK, topics)
        new = [event for event in found if event.id not in self._seen]
        self._seen = {event.id or 0 for event in found}
        self._newest = max(self._seen, default=self._newest)
        for topic in {event.topic for event in new}:
            for changed in self._followers.get(topic, ()):
                changed.set()

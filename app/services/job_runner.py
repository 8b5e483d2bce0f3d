"""Jobs being worked on. The job's row holds how far it is, in the same transaction as what was done.

So any process can go on where one has died, nothing is done twice, and a page in any process sees the progress.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Protocol
from uuid import UUID, uuid4

from sqlalchemy.exc import DatabaseError
from sqlmodel.ext.asyncio.session import AsyncSession

from app.ai.live_answer import Leave
from app.db import Database
from app.errors import AppError, Forbidden
from app.models.base import now
from app.models.event import Event
from app.models.job import Item, Job, JobState
from app.repositories.events import EventRepository
from app.repositories.groups import GroupRepository
from app.repositories.jobs import JobRepository
from app.repositories.users import UserRepository
from app.repositories.visibility import Rights
from app.services.event_feed import EventFeed
from app.services.job_service import Progress, progress_of

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0  # how soon a job is found whose process has died, or which another process was asked for
SILENT_SECONDS = 15.0  # without a heartbeat, of which there is one for every few items


class Work(Protocol):
    """What a kind of job does, for some items in a transaction of their own.

    It notes on each item what came of it. An `AppError` that it raises ends the job, and is shown.
    """

    at_once: int  # items in one transaction: few enough that others need not wait for it
    undo_backwards: bool

    async def act(self, job: Job, rights: Rights, items: Sequence[Item]) -> None: ...

    async def undo(self, job: Job, rights: Rights, items: Sequence[Item]) -> None: ...


class JobRunner:
    """Works on jobs of all kinds. One per app, started and closed with it."""

    def __init__(
        self, database: Database, feed: EventFeed, works: Mapping[str, Callable[[AsyncSession], Work]]
    ) -> None:
        self.database = database
        self.feed = feed
        self.works = works
        self.worker = uuid4().hex
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._awake = asyncio.Event()
        self._closing = False
        self._keeper: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """End what is under way after the items at hand; the rest is another process's, or the next start's."""
        self._closing = True
        self.wake()
        if self._keeper:
            await self._keeper
        await asyncio.gather(*self._running.values())
        with suppress(DatabaseError):  # the database may be gone, or never have been there
            async with self.database.transaction() as session:
                await JobRepository(session).release(self.worker)

    def wake(self) -> None:
        """A job was begun: look now."""
        self._awake.set()

    async def follow(self, id: UUID, leave: Leave) -> AsyncIterator[Progress]:
        """How far it is, now and whenever that changes, until it is over."""
        async for _ in self.feed.changes(f"job:{id}", leave):
            async with self.database.transaction() as session:
                job = await session.get(Job, id)
                progress = await progress_of(JobRepository(session), job) if job else None
            if progress is None:
                return
            yield progress
            if not progress.job.is_running:
                return

    async def _keep(self) -> None:
        """Until closed: begin what is wanted."""
        while not self._closing:
            self._awake.clear()
            try:
                await self._look()
            except Exception:
                log.exception("jobs were not looked for; the next time tries again")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._awake.wait(), LOOK_SECONDS)

    async def _look(self) -> None:
        silent_since = now() - timedelta(seconds=SILENT_SECONDS)
        async with self.database.transaction() as session:
            jobs = JobRepository(session)
            wanted = [id for id in await jobs.wanted(silent_since) if id not in self._running]
            mine = [id for id in wanted if await jobs.claim(id, self.worker, silent_since)]
        for id in mine:
            self._running[id] = asyncio.create_task(self._run(id), name=f"job-{id}")

    async def _run(self, id: UUID) -> None:
        try:
            while not self._closing and await self._some(id):
                pass
        except AppError as error:
            await self._fail(id, error.message)
        except Exception:
            log.exception("job %s failed", id)
            await self._fail(id, "Something went wrong on our side. What was done is done, and you can go on.")
        finally:
            del self._running[id]

    async def _some(self, id: UUID) -> bool:
        """Work on some items; False when there are no more, or when another worker is at it."""
        async with self.database.transaction() as session:
            jobs = JobRepository(session)
            job = await jobs.hold(id, self.worker)
            if job is None:
                return False
            work = self.works[job.kind](session)
            backwards = job.undoing and work.undo_backwards
            if items := await jobs.next(job, work.at_once, backwards=backwards):
                await (work.undo if job.undoing else work.act)(job, await _rights(session, job), items)
                await jobs.save(job, items)
            else:
                await jobs.end(id, self.worker, JobState.UNDONE if job.undoing else JobState.DONE)
            await self._tell(session, id)
        return bool(items)

    async def _fail(self, id: UUID, message: str) -> None:
        """Say so. Should that fail too, as without a database, it is silent, and taken up again after a while."""
        try:
            async with self.database.transaction() as session:
                await JobRepository(session).end(id, self.worker, JobState.FAILED, message)
                await self._tell(session, id)
        except Exception:
            log.exception("job %s could not be ended", id)

    async def _tell(self, session: AsyncSession, id: UUID) -> None:
        events = EventRepository(session)
        await events.add(Event(topic=f"job:{id}", kind="JobAdvanced"))
        events.after_commit(self.feed.wake)


async def _rights(session: AsyncSession, job: Job) -> Rights:
    """What its owner may do now, which may be less than when they asked for it."""
    owner = await UserRepository(session).get(job.owner_id)
    if owner is None or not (owner.is_active and owner.is_trusted):
        raise Forbidden
    return Rights(owner, await GroupRepository(session).permissions(owner.id))

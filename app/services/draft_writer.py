"""Drafts being written: the tasks that read the model, and the pages that follow them.

As with answers, a task belongs to this process and to no request, and the row has what it wrote once a second.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from app.ai.live_answer import Leave, LiveText
from app.ai.providers import Prompt, Provider, ProviderError
from app.db import Database
from app.models.follow_up import FollowUp
from app.models.webinar_message import LONGEST_TEXT
from app.repositories.follow_ups import FollowUpRepository

log = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 1.0
FRAME_SECONDS = 0.05
MIRROR_SECONDS = 0.3  # how often a follower in another process looks at the row
LONGEST_SECONDS = 120.0
NO_LETTERS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")

RESTARTED = "The server was restarted while it wrote. Draft again, or go on from here yourself."
TOO_LONG = "The model wrote more than a mail may hold. Please shorten it."
TOO_SLOW = "The model took too long. Draft again, or go on from here yourself."
EMPTY = "The model wrote nothing. Draft again, or write it yourself."
UNFORESEEN = "Something went wrong on our side. Please try again."


@dataclass(frozen=True, slots=True)
class Job:
    """One draft to write, who may write it, and what is asked."""

    registration_id: UUID
    writer: str
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Piece:
    """What a page lacks that holds all before; `cursor` is how many characters it holds then."""

    cursor: int
    text: str


class DraftWriter:
    """All drafts that this process writes. One per app, closed with it."""

    def __init__(self, database: Database, provider: Provider) -> None:
        self.database = database
        self.provider = provider
        self._live: dict[UUID, LiveText] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}

    async def close(self) -> None:
        """Interrupt what is being written, keeping its text."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def start(self, job: Job) -> None:
        """Begin to write; returns at once."""
        live = self._live[job.registration_id] = LiveText()
        task = self._tasks[job.registration_id] = asyncio.create_task(self._write(job, live))
        task.add_done_callback(lambda _: self._forget(job.registration_id, live))

    def _forget(self, id: UUID, live: LiveText) -> None:
        if self._live.get(id) is live:
            del self._live[id], self._tasks[id]

    async def written(self, id: UUID) -> None:
        """Wait until this process writes it no more."""
        if task := self._tasks.get(id):
            await asyncio.wait([task])

    async def follow(self, id: UUID, after: int, leave: Leave) -> AsyncIterator[Piece]:
        """Yield what a page with `after` characters lacks, until the draft has ended and is stored, or `leave`."""
        live, mirror = self._live.get(id), None
        if live is None:
            live = LiveText()
            mirror = asyncio.create_task(self._mirror(id, live))
        try:
            async for text in live.texts(after, leave):
                after += len(text)
                yield Piece(after, text)
                await asyncio.sleep(FRAME_SECONDS)
        finally:
            if mirror:
                mirror.cancel()

    async def stored(self, id: UUID) -> FollowUp | None:
        """The row as it is now, on a session of its own: whoever follows a stream holds none."""
        async with self.database.transaction() as session:
            return await FollowUpRepository(session).get(id)

    async def _mirror(self, id: UUID, live: LiveText) -> None:
        """Follow a draft that another process writes, through its row."""
        try:
            while True:
                row = await self.stored(id)
                if row is None or not row.is_being_written:
                    return
                if added := row.text[len(live.text) :]:
                    live.append(added)
                await asyncio.sleep(MIRROR_SECONDS)
        finally:
            live.end()

    async def _write(self, job: Job, live: LiveText) -> None:
        beat = asyncio.create_task(self._beat(job, live))
        error = await self._outcome(job, live)
        beat.cancel()
        try:
            async with self.database.transaction() as session:
                text = live.text.strip()
                await FollowUpRepository(session).finish(job.registration_id, job.writer, text, error)
        finally:
            live.end()

    async def _outcome(self, job: Job, live: LiveText) -> str:
        """Read the model; return what there is to say of it, mostly nothing."""
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                return await self._read(job, live)
        except ProviderError as failed:
            return failed.message
        except asyncio.CancelledError:
            return RESTARTED
        except TimeoutError:
            return TOO_SLOW
        except Exception:
            log.exception("a draft failed")
            return UNFORESEEN

    async def _read(self, job: Job, live: LiveText) -> str:
        async with aclosing(self.provider.stream(job.prompt)) as deltas:
            async for delta in deltas:
                room = LONGEST_TEXT - len(live.text)
                if added := text_only(delta.text)[:room]:
                    live.append(added)
                if len(delta.text) > room:
                    return TOO_LONG
                await asyncio.sleep(FRAME_SECONDS)
        return "" if live.text.strip() else EMPTY

    async def _beat(self, job: Job, live: LiveText) -> None:
        """Store once a second what there is and that the writer is alive, also while the model is silent."""
        while True:
            await asyncio.sleep(CHECKPOINT_SECONDS)
            try:
                async with self.database.transaction() as session:
                    mine = await FollowUpRepository(session).checkpoint(job.registration_id, job.writer, live.text)
            except Exception:
                log.exception("a draft was not stored; the next time tries again")
                continue
            if not mine and (task := self._tasks.get(job.registration_id)):  # erased, or somebody else writes it now
                task.cancel()


def text_only(text: str) -> str:
    """The words without controls and without marks that hide or turn around what is read."""
    return NO_LETTERS.sub("", text)

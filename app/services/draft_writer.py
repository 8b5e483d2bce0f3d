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


@dataclass(slots=True)
class Writing:
    """A job under way in this process. Once it has read all it saves, and nothing may cut that off."""

    job: Job
    live: LiveText
    task: asyncio.Task[None] | None = None
    stopped: bool = False
    saving: bool = False

    def stop(self) -> None:
        """End it as somebody has asked for, so nothing went wrong."""
        self.stopped = True
        self.cancel()

    def cancel(self) -> None:
        if self.task and not self.saving:
            self.task.cancel()


class DraftWriter:
    """All drafts that this process writes. One per app, closed with it."""

    def __init__(self, database: Database, provider: Provider) -> None:
        self.database = database
        self.provider = provider
        self._writing: dict[UUID, Writing] = {}

    async def close(self) -> None:
        """Interrupt what is being written, keeping its text."""
        under_way = list(self._writing.values())
        for writing in under_way:
            writing.cancel()
        await asyncio.gather(*(writing.task for writing in under_way if writing.task), return_exceptions=True)

    def start(self, job: Job) -> None:
        """Begin to write; returns at once."""
        writing = self._writing[job.registration_id] = Writing(job, LiveText())
        writing.task = asyncio.create_task(self._write(writing))
        writing.task.add_done_callback(lambda _: self._forget(writing))

    def _forget(self, writing: Writing) -> None:
        if self._writing.get(writing.job.registration_id) is writing:
            del self._writing[writing.job.registration_id]

    def stop(self, id: UUID) -> None:
        """End it now if this process writes it; otherwise its writer reads the request from the row."""
        if writing := self._writing.get(id):
            writing.stop()

    async def stopped(self, id: UUID) -> None:
        """Wait until nobody writes it, here or elsewhere."""
        async for _piece in self.follow(id, 0, Leave()):
            pass

    async def follow(self, id: UUID, after: int, leave: Leave) -> AsyncIterator[Piece]:
        """Yield what a page with `after` characters lacks, until the draft has ended and is stored, or `leave`."""
        writing, mirror = self._writing.get(id), None
        live = writing.live if writing else LiveText()
        if writing is None:
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

    async def _write(self, writing: Writing) -> None:
        job, live = writing.job, writing.live
        beat = asyncio.create_task(self._beat(writing))
        error = await self._outcome(writing)
        writing.saving = True
        beat.cancel()
        try:
            async with self.database.transaction() as session:
                text = live.text.strip()
                await FollowUpRepository(session).finish(job.registration_id, job.writer, text, error)
        finally:
            live.end()

    async def _outcome(self, writing: Writing) -> str:
        """Read the model; return what there is to say of it, mostly nothing."""
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                return await self._read(writing.job, writing.live)
        except ProviderError as failed:
            return failed.message
        except asyncio.CancelledError:
            return "" if writing.stopped else RESTARTED
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

    async def _beat(self, writing: Writing) -> None:
        """Store once a second what there is and that the writer is alive, also while the model is silent.

        Obey whoever asked for the end in another process.
        """
        job, live = writing.job, writing.live
        while True:
            await asyncio.sleep(CHECKPOINT_SECONDS)
            try:
                async with self.database.transaction() as session:
                    stop = await FollowUpRepository(session).checkpoint(job.registration_id, job.writer, live.text)
            except Exception:
                log.exception("a draft was not stored; the next time tries again")
                continue
            if stop:
                writing.stop()
            elif stop is None:  # erased, or somebody else writes it now
                writing.cancel()


def text_only(text: str) -> str:
    """The words without controls and without marks that hide or turn around what is read."""
    return NO_LETTERS.sub("", text)

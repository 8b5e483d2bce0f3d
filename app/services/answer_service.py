"""Answers being written: the tasks that read the model, and everybody who follows them.

A task belongs to this process and to no request. What it wrote is in the database at least once a second, so a
follower in another process reads it there, and after a crash the row tells what was kept.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from app.ai.live_answer import Frame, Leave, LiveAnswer
from app.ai.markdown import IncrementalRenderer, Markdown, References
from app.ai.providers import Delta, Prompt, Provider, ProviderError
from app.config import Settings
from app.db import Database
from app.models.base import now
from app.models.conversation import Conversation, Message, Status
from app.models.user import User
from app.repositories.answers import AnswerRepository, Outcome
from app.repositories.conversations import ConversationRepository
from app.services.chat_service import ChatService, View, references_of

log = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 1.0
IDLE_SECONDS = 2.5  # how often a process that writes nothing looks for what a dead one left behind
ORPHAN_SECONDS = 5.0  # without a heartbeat: five missed checkpoints
MIRROR_SECONDS = 0.3  # how often a follower in another process looks at the row
FRAME_SECONDS = 0.05  # the shortest time between two frames...
FRAME_SECONDS_EACH = 0.002  # ...which grows with the answers being written: load costs smoothness, not progress
LATE_SHARE = 10  # when the event loop is late, the next frame waits this many times as long: what began goes last
RENDER_SHARE = 15  # and a frame that took long to render is followed by a pause of this many times as long
LONGEST_FRAME_SECONDS = 1.0  # half of the least `openai_timeout`: between two frames the model's words are not read
RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 5.0

TOO_LONG = (Status.INTERRUPTED, "The answer grew longer than one answer may. Ask for the rest in a new question.")
ENDS = {
    "length": (Status.INTERRUPTED, "The answer reached the model's length limit. Continue lets it go on."),
    "content_filter": (Status.FAILED, "The model's content filter ended this answer. Try to ask differently."),
}


@dataclass(frozen=True, slots=True)
class Job:
    """One answer to write: its row, who may write it, what is asked, and what its citations link to."""

    answer_id: int
    writer: str
    prompt: Prompt
    references: References


@dataclass(slots=True)
class Writing:
    """A job under way in this process. Once it has read all it saves, and nothing may cut that off."""

    job: Job
    live: LiveAnswer
    began: float
    task: asyncio.Task[None] | None = None
    stopped: bool = False
    saving: bool = False
    saved: bool = False
    first_token: float | None = None
    late: float = 0.0  # seconds that the event loop was behind when the last frame was due
    last: Delta = field(default_factory=Delta)

    def outcome(self, status: Status, error: str = "") -> Outcome:
        first = round((self.first_token - self.began) * 1000) if self.first_token else None
        took = round((time.monotonic() - self.began) * 1000)
        return Outcome(status, self.live.text, error, self.last.prompt_tokens, self.last.completion_tokens, first, took)

    def cancel(self) -> None:
        if self.task and not self.saving:
            self.task.cancel()


class AnswerService:
    """All answers that this process writes. One per app, started and closed with it."""

    def __init__(self, database: Database, provider: Provider, markdown: Markdown, settings: Settings) -> None:
        self.database = database
        self.provider = provider
        self.markdown = markdown
        self.settings = settings
        self._writing: dict[int, Writing] = {}
        self._looked = 0.0  # when all answers that are being written were last looked at
        self._keeper: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    async def open(self) -> None:
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Interrupt what is being written, keeping all of its text."""
        self._closing.set()
        under_way = list(self._writing.values())
        for writing in under_way:
            writing.cancel()
        await asyncio.gather(*(writing.task for writing in under_way if writing.task), return_exceptions=True)
        if self._keeper:
            await self._keeper
        await self.provider.close()

    def start(self, job: Job) -> None:
        """Begin to write; returns at once."""
        renderer = self.markdown.incremental(prefix=prefix(job.answer_id), references=job.references)
        writing = Writing(job, LiveAnswer(job.answer_id, renderer, job.prompt.continuation), time.monotonic())
        self._writing[job.answer_id] = writing
        writing.task = asyncio.create_task(self._write(writing), name=f"answer-{job.answer_id}")

    def stop(self, answer_id: int) -> None:
        """End it now if this process writes it; otherwise its writer reads the request from the row."""
        if writing := self._writing.get(answer_id):
            writing.stopped = True
            writing.cancel()

    def live(self, answer_id: int) -> LiveAnswer | None:
        writing = self._writing.get(answer_id)
        return writing.live if writing else None

    async def follow(self, answer_id: int, after: int, leave: Leave, *, growing: bool = True) -> AsyncIterator[Frame]:
        """Yield what a page with `after` blocks lacks, until the answer has ended and its row says how, or `leave`."""
        if writing := self._writing.get(answer_id):
            async for frame in writing.live.frames(after, leave, growing=growing):
                after = frame.cursor
                yield frame
            if writing.saved or leave.over:
                return
        async for frame in self._mirrored(answer_id, after, leave, growing=growing):
            yield frame

    async def texts(self, answer_id: int, leave: Leave) -> AsyncIterator[str]:
        """Yield its text so far and what is added, unrendered, until it has ended and its row says how, or `leave`."""
        shown = 0
        if writing := self._writing.get(answer_id):
            async for text in writing.live.texts(0, leave):
                shown += len(text)
                yield text
            if writing.saved or leave.over:
                return
        live, task = self._mirror(answer_id, ())
        try:
            async for text in live.texts(shown, leave):
                yield text
        finally:
            task.cancel()

    async def ended(self, answer_id: int) -> None:
        """Wait until nobody writes it, here or elsewhere, and its row says how it ended."""
        async for _text in self.texts(answer_id, Leave()):
            pass

    async def message(self, answer_id: int) -> Message | None:
        """The answer as it is now, on a session of its own; None when it was deleted meanwhile."""
        async with self.database.transaction() as session:
            return await AnswerRepository(session).get(answer_id)

    def rendered_so_far(self, answer: Message, references: References) -> IncrementalRenderer:
        """The blocks and the tail with which a page begins to follow a streaming answer."""
        if live := self.live(answer.id or 0):
            return live.rendered()
        renderer = self.markdown.incremental(prefix=prefix(answer.id or 0), references=references)
        renderer.feed(answer.text)
        return renderer

    async def view(self, conversation: Conversation, answer_id: int, user: User | None) -> View:
        """The answer in its conversation now, on a session of its own: whoever follows a stream holds none."""
        async with self.database.transaction() as session:
            return await ChatService(ConversationRepository(session)).view(conversation, user, answer_id)

    async def _write(self, writing: Writing) -> None:
        try:
            async with asyncio.timeout(self.settings.max_answer_seconds):
                outcome = await self._read(writing)
        except ProviderError as error:
            outcome = writing.outcome(Status.FAILED, error.message)
        except asyncio.CancelledError:
            outcome = writing.outcome(Status.STOPPED if writing.stopped else Status.INTERRUPTED)
        except TimeoutError:
            outcome = writing.outcome(*TOO_LONG)
        except Exception:
            log.exception("answer %s failed", writing.job.answer_id)
            outcome = writing.outcome(Status.FAILED, "Something went wrong on our side. Please try again.")
        await self._finish(writing, outcome)

    async def _finish(self, writing: Writing, outcome: Outcome) -> None:
        """Store how it ended before the followers look."""
        writing.saving = True
        job = writing.job
        try:
            async with self.database.transaction() as session:
                await AnswerRepository(session).finish(job.answer_id, job.writer, outcome)
            writing.saved = True
        finally:
            if self._writing.get(job.answer_id) is writing:
                del self._writing[job.answer_id]
            writing.live.end()
        log.info("answer %s %s in %s ms", job.answer_id, outcome.status, outcome.duration_ms)

    async def _read(self, writing: Writing) -> Outcome:
        """Feed the model's words to the live answer, a frame at a time: between reads the socket gathers several."""
        async with aclosing(self._with_retry(writing.job.prompt, writing)) as deltas:
            async for delta in deltas:
                if delta.text:
                    writing.first_token = writing.first_token or time.monotonic()
                    writing.live.append(delta.text)
                writing.last = _merged(writing.last, delta)
                if len(writing.live.text) > self.settings.max_answer_length:
                    return writing.outcome(*TOO_LONG)
                if not delta.finish_reason:  # after that the end has come with it, or comes at once
                    writing.late = await self._rest(self._pause(writing))
        if not writing.live.text:
            return writing.outcome(Status.FAILED, "The model sent an empty answer. Try again, or choose another model.")
        status, error = ENDS.get(writing.last.finish_reason or "", (Status.COMPLETE, ""))
        return writing.outcome(status, error)

    async def _with_retry(self, prompt: Prompt, writing: Writing) -> AsyncGenerator[Delta, None]:
        """Ask again once, a little later, if the first try failed before its first word."""
        try:
            async with aclosing(self.provider.stream(prompt)) as deltas:
                async for delta in deltas:
                    yield delta
            return
        except ProviderError as error:
            if not error.retryable or writing.first_token:
                raise
            pause = min(error.retry_after or RETRY_SECONDS, LONGEST_RETRY_SECONDS)
        await asyncio.sleep(pause)
        async with aclosing(self.provider.stream(prompt)) as deltas:
            async for delta in deltas:
                yield delta

    def _pause(self, writing: Writing) -> float:
        crowd, late = FRAME_SECONDS_EACH * len(self._writing), LATE_SHARE * writing.late
        longest = max(FRAME_SECONDS, crowd, late, RENDER_SHARE * writing.live.render_seconds)
        return min(longest, LONGEST_FRAME_SECONDS)

    async def _rest(self, seconds: float) -> float:
        """Let others do their work; return how many seconds later than asked for it is one's turn again."""
        due = time.monotonic() + seconds
        await asyncio.sleep(seconds)
        return max(0.0, time.monotonic() - due)

    async def _mirrored(self, answer_id: int, after: int, leave: Leave, *, growing: bool) -> AsyncIterator[Frame]:
        """Follow an answer that another process writes, through its row."""
        async with self.database.transaction() as session:
            references = references_of(await AnswerRepository(session).citations(answer_id))
        live, task = self._mirror(answer_id, references)
        try:
            async for frame in live.frames(after, leave, growing=growing):
                yield frame
        finally:
            task.cancel()

    def _mirror(self, answer_id: int, references: References) -> tuple[LiveAnswer, asyncio.Task[None]]:
        live = LiveAnswer(answer_id, self.markdown.incremental(prefix=prefix(answer_id), references=references))
        return live, asyncio.create_task(self._poll(live))

    async def _poll(self, live: LiveAnswer) -> None:
        try:
            while True:
                async with self.database.transaction() as session:
                    state = await AnswerRepository(session).state(live.id)
                if state is None:
                    return
                if added := state[0][len(live.text) :]:
                    live.append(added)
                if state[1] != Status.STREAMING:
                    return
                await asyncio.sleep(MIRROR_SECONDS)
        finally:
            live.end()

    async def _keep(self) -> None:
        """Until closed: save what was written, obey stop requests, and mark what a dead process left behind."""
        while not self._closing.is_set():
            try:
                if self._writing or time.monotonic() - self._looked >= IDLE_SECONDS:
                    self._looked = time.monotonic()
                    await self._checkpoint()
            except Exception:
                log.exception("checkpoint failed; the next one tries again")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), CHECKPOINT_SECONDS)

    async def _checkpoint(self) -> None:
        async with self.database.transaction() as session:
            answers = AnswerRepository(session)
            streaming = await answers.streaming()
            silent = now() - timedelta(seconds=ORPHAN_SECONDS)
            others = [each for each in streaming if each.id not in self._writing]
            if orphans := [each.id for each in others if each.heartbeat_at < silent]:
                await answers.interrupt(orphans)
            if texts := {(id, writing.job.writer): writing.live.text for id, writing in self._writing.items()}:
                await answers.checkpoint(texts)
        for each in streaming:
            writing = self._writing.get(each.id)
            if writing and (each.stop_requested or each.writer != writing.job.writer):
                self.stop(each.id)  # somebody asked for it, or another process has taken it over


def prefix(answer_id: int) -> str:
    """What makes the ids inside an answer unique on its page."""
    return f"answer-{answer_id}-"


def _merged(before: Delta, delta: Delta) -> Delta:
    return Delta(
        finish_reason=delta.finish_reason or before.finish_reason,
        prompt_tokens=delta.prompt_tokens or before.prompt_tokens,
        completion_tokens=delta.completion_tokens or before.completion_tokens,
    )

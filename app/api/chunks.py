"""What a model writes, while it does, as chunks in OpenAI's form: clients for those understand it as it is."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response

from app.ai.live_answer import Leave
from app.api.answers import MessageAnswer
from app.api.streams import EVENT_STREAM, Streaming, StreamingDep
from app.dependencies import AnswerServiceDep
from app.models.base import now
from app.models.conversation import Message, Status
from app.models.follow_up import FollowUp
from app.services.answer_service import AnswerService
from app.services.draft_writer import DraftWriter
from app.webinar_dependencies import DraftWriterDep

ENDS = {Status.COMPLETE: "stop", Status.STOPPED: "stop", Status.INTERRUPTED: "length"}
GONE = "This is no longer there for you."
EXAMPLE = (
    'data: {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1777665600, "model": "gpt-5-mini", '
    '"choices": [{"index": 0, "delta": {"content": "Herons"}, "finish_reason": null}]}\n\ndata: [DONE]\n\n'
)
STREAM: dict[str, Any] = {
    "description": "With `Accept: text/event-stream`: the answer as it is written, as `chat.completion.chunk` objects; "
    "an object with `error` when it failed; `[DONE]` at the end.",
    "content": {EVENT_STREAM: {"schema": {"type": "string"}, "examples": {"example": {"value": EXAMPLE}}}},
}


@dataclass(frozen=True, slots=True)
class Chunks:
    """The chunks of one text."""

    id: str
    created: datetime
    model: str

    def begin(self) -> str:
        return self.chunk({"role": "assistant", "content": ""})

    def chunk(self, delta: dict[str, Any], reason: str | None = None, **more: Any) -> str:
        choices = [{"index": 0, "delta": delta, "finish_reason": reason}]
        head = {"id": f"chatcmpl-{self.id}", "object": "chat.completion.chunk"}
        body = {"created": int(self.created.timestamp()), "model": self.model, "choices": choices}
        return json.dumps({**head, **body, **more}, ensure_ascii=False)

    def text(self, content: str) -> str:
        return self.chunk({"content": content})


def failure(detail: str) -> str:
    return json.dumps({"error": {"message": detail, "type": "answer_failed"}})


class Answering:
    """How an answer is given: at once as far as it is there, or as a stream to whoever asks for one."""

    def __init__(self, answers: AnswerService, streaming: Streaming) -> None:
        self.answers = answers
        self.streaming = streaming

    def reply(self, message: MessageAnswer, plain: Response) -> Response:
        return self.streaming.reply(plain, partial(self._follow, message))

    async def _follow(self, message: MessageAnswer, leave: Leave) -> AsyncIterator[str]:
        """All of it from its beginning, then what is added until its end."""
        chunks = Chunks(str(message.id), message.created_at, message.model)
        yield chunks.begin()
        async for text in self.answers.texts(message.id, leave):
            yield chunks.text(text)
        yield _last(chunks, None if leave.over else await self.answers.message(message.id))


async def get_answering(answers: AnswerServiceDep, streaming: StreamingDep) -> Answering:
    return Answering(answers, streaming)


AnsweringDep = Annotated[Answering, Depends(get_answering)]


def _last(chunks: Chunks, now: Message | None) -> str:
    """How it ended: a reason, or an error for what was not to be."""
    if now is None or now.status not in ENDS:
        return failure(now.error if now else GONE)
    usage = {"prompt_tokens": now.prompt_tokens, "completion_tokens": now.completion_tokens}
    known = {"usage": usage} if now.completion_tokens is not None else {}
    return chunks.chunk({}, ENDS[now.status], **known)


class Drafting:
    """The same of the draft of a follow-up."""

    def __init__(self, drafts: DraftWriter, streaming: Streaming) -> None:
        self.drafts = drafts
        self.streaming = streaming

    def reply(self, registration_id: UUID, plain: Response) -> Response:
        return self.streaming.reply(plain, partial(self._follow, registration_id))

    async def _follow(self, id: UUID, leave: Leave) -> AsyncIterator[str]:
        """What is written from now on, then what of the stored text was not told: all of it, when nobody writes."""
        chunks, told = Chunks(str(id), now(), self.drafts.provider.models[0]), ""
        yield chunks.begin()
        async for piece in self.drafts.follow(id, 0, leave):
            told += piece.text
            yield chunks.text(piece.text)
        stored = None if leave.over else await self.drafts.stored(id)
        if stored and (rest := untold(stored, told)):
            yield chunks.text(rest)
        yield failure(stored.error if stored else GONE) if not stored or stored.error else chunks.chunk({}, "stop")


def untold(stored: FollowUp, told: str) -> str:
    """What is stored begins with the first letter of what was told."""
    return stored.text[len(told.lstrip()) :]


async def get_drafting(drafts: DraftWriterDep, streaming: StreamingDep) -> Drafting:
    return Drafting(drafts, streaming)


DraftingDep = Annotated[Drafting, Depends(get_drafting)]

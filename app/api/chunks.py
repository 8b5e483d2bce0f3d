"""An answer while it is written, as chunks in OpenAI's form: clients for those understand it as it is."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from app.api.answers import MessageAnswer
from app.api.callers import CallerDep
from app.dependencies import AnswerServiceDep, SessionWatchDep
from app.models.conversation import Message, Status
from app.services.answer_service import AnswerService
from app.services.session_watch import SessionWatch

EVENT_STREAM = "text/event-stream"
DONE = "[DONE]"
ENDS = {Status.COMPLETE: "stop", Status.STOPPED: "stop", Status.INTERRUPTED: "length"}
EXAMPLE = (
    'data: {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1777665600, "model": "gpt-5-mini", '
    '"choices": [{"index": 0, "delta": {"content": "Herons"}, "finish_reason": null}]}\n\ndata: [DONE]\n\n'
)
STREAM: dict[str, Any] = {
    "description": "With `Accept: text/event-stream`: the answer as it is written, as `chat.completion.chunk` objects; "
    "an object with `error` when it failed; `[DONE]` at the end.",
    "content": {EVENT_STREAM: {"schema": {"type": "string"}, "example": EXAMPLE}},
}


class Answering:
    """How an answer is given: at once as far as it is there, or as a stream to whoever asks for one."""

    def __init__(self, answers: AnswerService, watch: SessionWatch, session: str, *, streams: bool) -> None:
        self.answers = answers
        self.watch = watch
        self.session = session
        self.streams = streams

    def reply(self, message: MessageAnswer, plain: Response) -> Response:
        """`plain`, or the stream. An `Idempotency-Key` gets `plain` again, which says where the answer is."""
        if not self.streams:
            return plain
        stream = EventSourceResponse(self._events(message), sep="\n")
        stream.kept = plain  # type: ignore[attr-defined]
        if location := plain.headers.get("location"):
            stream.headers["Location"] = location
        return stream

    async def _events(self, message: MessageAnswer) -> AsyncIterator[ServerSentEvent]:
        """All of it from its beginning, then what is added until its end; with the caller's session it ends too."""
        yield _chunk(message, {"role": message.role, "content": ""})
        with self.watch.watching(self.session) as leave:
            async for text in self.answers.texts(message.id, leave):
                yield _chunk(message, {"content": text})
        yield _last(message, None if leave.over else await self.answers.message(message.id))
        yield ServerSentEvent(DONE, sep="\n")


async def get_answering(
    request: Request, caller: CallerDep, answers: AnswerServiceDep, watch: SessionWatchDep
) -> Answering:
    streams = EVENT_STREAM in request.headers.get("accept", "").lower()
    return Answering(answers, watch, caller.session, streams=streams)


AnsweringDep = Annotated[Answering, Depends(get_answering)]


def _last(message: MessageAnswer, now: Message | None) -> ServerSentEvent:
    """How it ended: a reason, or an error for what was not to be."""
    if now is None or now.status not in ENDS:
        detail = now.error if now else "This answer is no longer there for you."
        return ServerSentEvent(json.dumps({"error": {"message": detail, "type": "answer_failed"}}), sep="\n")
    usage = {"prompt_tokens": now.prompt_tokens, "completion_tokens": now.completion_tokens}
    known = {"usage": usage} if now.completion_tokens is not None else {}
    return _chunk(message, {}, ENDS[now.status], **known)


def _chunk(message: MessageAnswer, delta: dict[str, Any], reason: str | None = None, **more: Any) -> ServerSentEvent:
    chunk = {
        "id": f"chatcmpl-{message.id}",
        "object": "chat.completion.chunk",
        "created": int(message.created_at.timestamp()),
        "model": message.model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        **more,
    }
    return ServerSentEvent(json.dumps(chunk, ensure_ascii=False), sep="\n")

"""What goes on after its answer: given at once as far as it is, or as a stream of events to whoever asks for one."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import Depends, Request, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from app.ai.live_answer import Leave
from app.api.callers import CallerDep
from app.dependencies import SessionWatchDep
from app.services.session_watch import SessionWatch

EVENT_STREAM = "text/event-stream"
DONE = "[DONE]"


class Streaming:
    """`Accept: text/event-stream` asks for a stream, which ends with the caller's session."""

    def __init__(self, watch: SessionWatch, session: str, *, wanted: bool) -> None:
        self.watch = watch
        self.session = session
        self.wanted = wanted

    def reply(self, plain: Response, follow: Callable[[Leave], AsyncIterator[str]]) -> Response:
        """`plain`, or the stream. An `Idempotency-Key` gets `plain` again, which says where the rest is."""
        if not self.wanted:
            return plain
        stream = EventSourceResponse(self._events(follow), sep="\n")
        stream.kept = plain  # type: ignore[attr-defined]
        if location := plain.headers.get("location"):
            stream.headers["Location"] = location
        return stream

    async def _events(self, follow: Callable[[Leave], AsyncIterator[str]]) -> AsyncIterator[ServerSentEvent]:
        with self.watch.watching(self.session) as leave:
            async for data in follow(leave):
                yield ServerSentEvent(data, sep="\n")
        yield ServerSentEvent(DONE, sep="\n")


async def get_streaming(request: Request, caller: CallerDep, watch: SessionWatchDep) -> Streaming:
    wanted = EVENT_STREAM in request.headers.get("accept", "").lower()
    return Streaming(watch, caller.session, wanted=wanted)


StreamingDep = Annotated[Streaming, Depends(get_streaming)]

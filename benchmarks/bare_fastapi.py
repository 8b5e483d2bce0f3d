"""What the libraries take without FastOpp: `python -m benchmarks.bare_fastapi PORT SIZE MODEL_PORT`.

A page of so many bytes, and a relay: a question by post, and an event stream that passes on what the model says, with
no database, nobody signed in, no Markdown and no compression.
"""

import asyncio
import sys
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from app.ai.providers import OpenAIProvider, Prompt, Turn
from app.main import TELEMETRY_OFF
from app.services.answer_service import FRAME_SECONDS, FRAME_SECONDS_EACH

PORT, SIZE, MODEL_PORT = map(int, sys.argv[1:])
CONTENT = "x" * SIZE
ARTICLE = '<article hx-sse:connect="/stream"></article>'

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, telemetry=TELEMETRY_OFF)
model = OpenAIProvider(
    api_key="", base_url=f"http://127.0.0.1:{MODEL_PORT}/v1", models=("normal",), timeout=30, show_host=True
)
open_streams: set[object] = set()


@app.get("/health/ready")
async def constant() -> HTMLResponse:
    return HTMLResponse(CONTENT)


@app.post("/chat/messages")
async def ask(request: Request) -> HTMLResponse:
    await request.form()
    return HTMLResponse(ARTICLE, 201)


@app.get("/stream")
async def stream() -> EventSourceResponse:
    return EventSourceResponse(events(), sep="\n")


async def events() -> AsyncIterator[ServerSentEvent]:
    mark = object()
    open_streams.add(mark)
    text = ""
    async for delta in model.stream(Prompt("normal", (Turn("user", "How do I add a new page?"),))):
        text += delta.text
        yield ServerSentEvent(delta.text, sep="\n")
        await asyncio.sleep(max(FRAME_SECONDS, FRAME_SECONDS_EACH * len(open_streams)))
    open_streams.discard(mark)
    yield ServerSentEvent(text, sep="\n")
    yield ServerSentEvent("", event="done", sep="\n")


if __name__ == "__main__":
    uvicorn.run(app, port=PORT, access_log=False, log_level="warning")

"""Reading server-sent events from a model at little cost."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import httpx2

from app.ai.failures import GarbledError

LONGEST_LINE = 1 << 20  # bytes without an end; no chunk of an answer is that long


async def parts(response: httpx2.Response) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of a response as they come. While the reader is busy with a part, the next wait in the socket.

    Otherwise the event loop wakes up for every token: with many answers that is half of what reading them takes.
    """
    async with aclosing(response.aiter_bytes()) as pieces:
        async for piece in pieces:
            if transport := _transport(response):
                transport.pause_reading()
            yield piece
            if transport := _transport(response):
                transport.resume_reading()


def _transport(response: httpx2.Response) -> asyncio.Transport | None:
    """Where aiohttp reads from, until all is read or the connection is lost.

    Neither httpx2 nor openai shows it: with a client of another kind there is none.
    """
    stream: Any = response.stream
    while inner := getattr(stream, "_stream", None):
        stream = inner
    connection = getattr(getattr(stream, "_aiohttp_response", None), "connection", None)
    transport: asyncio.Transport | None = connection and connection.transport
    return None if transport is None or transport.is_closing() else transport


async def payloads(parts: AsyncGenerator[bytes, None]) -> AsyncGenerator[list[bytes], None]:
    """Yield at each pull the data of all events that have arrived, one item a `data:` line, maybe none.

    `parts` may be split anywhere, also inside a character; it is closed with this generator, and its errors come
    through. Between two pulls the socket gathers what comes, so a reader who pauses reads several events at once.
    """
    buffer = bytearray()
    async with aclosing(parts):
        async for part in parts:
            buffer.extend(part)
            if len(buffer) > LONGEST_LINE:
                raise GarbledError
            yield _take(buffer)
    buffer.extend(b"\n")  # the last line may lack its end
    yield _take(buffer)


def _take(buffer: bytearray) -> list[bytes]:
    """Move the complete lines out of the buffer. Every provider writes one JSON document in one line of data."""
    end = buffer.rfind(b"\n") + 1
    lines = bytes(buffer[:end]).splitlines()
    del buffer[:end]
    return [line[5:].strip() for line in lines if line.startswith(b"data:")]

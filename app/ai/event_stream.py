"""Reading server-sent events from a model at little cost."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from app.ai.failures import GarbledError

LONGEST_LINE = 1 << 20  # bytes without an end; no chunk of an answer is that long


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

"""Reading server-sent events from a model at little cost."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

GATHER = 0.002  # seconds: enough for the event loop to empty the socket, too short for anyone to see


async def payloads(parts: AsyncGenerator[bytes, None]) -> AsyncGenerator[list[bytes], None]:
    """Yield at each pull the data of all events that have arrived, one item a `data:` line, maybe none.

    `parts` may be split anywhere, also inside a character; it is closed with this generator, and its errors come
    through. HTTP libraries hand out one part per HTTP chunk, however many came in one read of the socket. A task takes
    them while a pull waits; between two pulls it takes one at most, and the socket gathers the others at no cost to us.
    """
    buffer = bytearray()
    wanted, arrived = asyncio.Event(), asyncio.Event()
    filling = asyncio.create_task(_fill(buffer, parts, wanted, arrived))
    filling.add_done_callback(lambda _: arrived.set())
    try:
        while not filling.done():
            wanted.set()
            await arrived.wait()
            await asyncio.sleep(GATHER)
            wanted.clear()
            arrived.clear()
            yield _take(buffer)
        await filling
        buffer.extend(b"\n")  # the last line may lack its end
        yield _take(buffer)
    finally:
        filling.cancel()
        await asyncio.wait([filling])


async def _fill(
    buffer: bytearray, parts: AsyncGenerator[bytes, None], wanted: asyncio.Event, arrived: asyncio.Event
) -> None:
    async with aclosing(parts):
        async for part in parts:
            buffer.extend(part)
            arrived.set()
            await wanted.wait()


def _take(buffer: bytearray) -> list[bytes]:
    """Move the complete lines out of the buffer. Every provider writes one JSON document in one line of data."""
    end = buffer.rfind(b"\n") + 1
    lines = bytes(buffer[:end]).splitlines()
    del buffer[:end]
    return [line[5:].strip() for line in lines if line.startswith(b"data:")]

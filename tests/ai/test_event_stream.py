"""Server-sent events, however they are split."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import orjson
import pytest

from app.ai.event_stream import GATHER, payloads


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
async def test_events_may_be_split_anywhere(newline: bytes) -> None:
    documents = [orjson.dumps({"text": "é日👩‍💻"}), b"[DONE]"]
    stream = newline.join([b": ping", b"event: message", b"data: " + documents[0], b"", b"data:" + documents[1], b""])

    async def bytewise() -> AsyncGenerator[bytes, None]:
        for i in range(len(stream)):
            yield stream[i : i + 1]
            await asyncio.sleep(GATHER * 1.5)  # so that most come one by one

    assert [item async for batch in payloads(bytewise()) for item in batch] == documents


async def test_a_last_line_without_an_end_counts() -> None:
    async def parts() -> AsyncGenerator[bytes, None]:
        yield b"data: 1\n\nda"
        yield b"ta: 2"

    assert [item async for batch in payloads(parts()) for item in batch] == [b"1", b"2"]


async def test_between_two_pulls_one_part_is_taken_at_most_and_closing_closes_them() -> None:
    taken, closed = 0, False

    async def parts() -> AsyncGenerator[bytes, None]:
        nonlocal taken, closed
        try:
            while True:
                taken += 1
                yield b"data: 1\n"
                await asyncio.sleep(0)
        finally:
            closed = True

    async with aclosing(payloads(parts())) as batches:
        before = len(await anext(batches))
        await asyncio.sleep(GATHER * 5)
        assert taken <= before + 1
    assert closed


async def test_a_pull_waits_for_the_next_part() -> None:
    async def parts() -> AsyncGenerator[bytes, None]:
        for _ in range(3):
            yield b"data: 1\n"
            await asyncio.sleep(GATHER * 20)

    batches = [batch async for batch in payloads(parts())]
    assert sum(map(len, batches)) == 3
    assert len(batches) <= 5  # the last two are the end of the parts and the end of the last line

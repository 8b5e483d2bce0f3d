"""Server-sent events, however they are split."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import orjson
import pytest

from app.ai.event_stream import payloads


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
async def test_events_may_be_split_anywhere(newline: bytes) -> None:
    documents = [orjson.dumps({"text": "é日👩‍💻"}), b"[DONE]"]
    stream = newline.join([b": ping", b"event: message", b"data: " + documents[0], b"", b"data:" + documents[1], b""])

    async def bytewise() -> AsyncGenerator[bytes, None]:
        for i in range(len(stream)):
            yield stream[i : i + 1]

    assert [item async for batch in payloads(bytewise()) for item in batch] == documents


async def test_a_last_line_without_an_end_counts() -> None:
    async def parts() -> AsyncGenerator[bytes, None]:
        yield b"data: 1\n\nda"
        yield b"ta: 2"

    assert [item async for batch in payloads(parts()) for item in batch] == [b"1", b"2"]


async def test_a_pull_takes_what_has_come_and_closing_closes_the_parts() -> None:
    closed = False

    async def parts() -> AsyncGenerator[bytes, None]:
        nonlocal closed
        try:
            while True:
                yield b"data: 1\ndata: 2\nda"
                yield b"ta: 3\n"
        finally:
            closed = True

    async with aclosing(payloads(parts())) as batches:
        assert [await anext(batches) for _ in range(2)] == [[b"1", b"2"], [b"3"]]
    assert closed

"""How many bytes an answer takes to the browser: `python -m benchmarks.wire`.

The browser asks for gzip, and the server flushes it at every frame. An answer of 400 tokens and one of 4,000 are
written at 50 tokens a second, side by side. The bare server sends the same frames as they are before compression.
"""

import asyncio

import uvloop

from benchmarks.harness import (
    CLIENT_CORE,
    Answered,
    BareServer,
    PinnedServer,
    Recording,
    Visitor,
    ask,
    fastopp,
    meet,
    model_server,
    pinned,
)
from benchmarks.table import Table
from tests.e2e.server import free_port


async def bare_bytes(answered: Answered) -> float:
    """What a visitor of the bare server receives for the same frames, in kB."""
    with BareServer({"/answer": Recording.uncompressed(answered.stream)}) as bare:
        async with Visitor(bare.port) as visitor:
            await visitor.get("/answer")
        return visitor.received / 1000


async def main(server: PinnedServer, port: int) -> None:
    table = Table("wire: bytes of a streamed answer, at 50 tokens a second")
    async with model_server(port):
        visitors = await meet(server.port, 2)
        normal, long = await asyncio.gather(
            *(ask(*visitor, model) for visitor, model in zip(visitors, ("normal", "long"), strict=True))
        )
    show(table, normal, long, await bare_bytes(normal), await bare_bytes(long))
    table.end()


def show(table: Table, normal: Answered, long: Answered, bare: float, bare_long: float) -> None:
    plain, plain_long = (len(each.stream.text) / 1000 for each in (normal, long))
    table.row("400 tokens: frames", "", len(normal.stream.parts))
    table.row("400 tokens: the question's fragment, received", "kB", normal.page_bytes / 1000)
    table.row("400 tokens: stream, received", "kB", normal.stream_bytes / 1000, bare, at_most=15, strict=True)
    table.row("400 tokens: stream, before compression", "kB", plain, bare, at_most=80, strict=True)
    table.row("4,000 tokens: stream, received", "kB", long.stream_bytes / 1000, bare_long)
    growth = long.stream_bytes / normal.stream_bytes
    table.row("10 times the tokens: stream, received", "times", growth, bare_long / bare, at_most=12, strict=True)
    table.row("10 times the tokens: before compression", "times", plain_long / plain, at_most=12, strict=True)
    table.row("complete", "", normal.complete + long.complete, at_least=2, strict=True)


if __name__ == "__main__":
    model_port = free_port()
    with pinned(CLIENT_CORE), fastopp(model_port) as server:
        uvloop.run(main(server, model_port))

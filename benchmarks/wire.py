"""How many bytes an answer takes to the browser: `python -m benchmarks.wire`.

The browser asks for gzip, and the server flushes it at every frame. How the bytes grow with the answer is measured at
200 tokens a second, to save time. The bare server sends the same frames as they are before compression.
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
from tests.model_scripts import TOKENS, says

MODELS = ("normal", "quick", "quick-long")


async def bare_bytes(answered: Answered) -> float:
    """What a visitor of the bare server receives for the same frames, in kB."""
    with BareServer({"/answer": Recording.uncompressed(answered.stream)}) as bare:
        async with Visitor(bare.port) as visitor:
            await visitor.get("/answer")
        return visitor.received / 1000


async def main(server: PinnedServer, port: int) -> None:
    table = Table("wire: bytes of a streamed answer")
    async with model_server(port) as model:
        model.scripts |= {"quick": says(TOKENS, rate=200), "quick-long": says(TOKENS * 10, rate=200)}
        visitors = await meet(server.port, len(MODELS))
        normal, quick, long = await asyncio.gather(
            *(ask(*visitor, model) for visitor, model in zip(visitors, MODELS, strict=True))
        )
    show_answer(table, normal, await bare_bytes(normal))
    show_growth(table, quick, long, await bare_bytes(long) / await bare_bytes(quick))
    table.row("complete", "", sum(each.complete for each in (normal, quick, long)), at_least=3, strict=True)
    table.end()


def show_answer(table: Table, normal: Answered, bare: float) -> None:
    plain = len(normal.stream.text) / 1000
    table.row("400 tokens, 50 a second: frames", "", len(normal.stream.parts))
    table.row("400 tokens, 50 a second: received", "kB", normal.stream_bytes / 1000, bare, at_most=15, strict=True)
    table.row("400 tokens, 50 a second: before compression", "kB", plain, bare, at_most=80, strict=True)
    table.row("the question's fragment before it: received", "kB", normal.page_bytes / 1000)


def show_growth(table: Table, quick: Answered, long: Answered, bare: float) -> None:
    received = long.stream_bytes / quick.stream_bytes
    plain = len(long.stream.text) / len(quick.stream.text)
    table.row("10 times the tokens: received", "times", received, bare, at_most=12, strict=True)
    table.row("10 times the tokens: before compression", "times", plain, bare, at_most=12, strict=True)


if __name__ == "__main__":
    model_port = free_port()
    with pinned(CLIENT_CORE), fastopp(model_port) as server:
        uvloop.run(main(server, model_port))

"""How much later a reader sees the first words than the model said them: `python -m benchmarks.latency`.

The model answers at once that it will speak, and says its first words a quarter of a second later, when the reader
follows already. The bare server passes the model's bytes on as they come. One answer at a time.
"""

import uvloop

from benchmarks.harness import (
    CLIENT_CORE,
    BareServer,
    PinnedServer,
    Reply,
    Visitor,
    ask,
    fastopp,
    meet,
    model_server,
    pinned,
)
from benchmarks.table import Table, quantile
from tests.e2e.server import free_port
from tests.model_scripts import Request, Script, complete
from tests.model_server import ModelServer

ROUNDS = 24
WORDS = b"Hello"
DELAY = 0.25  # seconds


def late(request: Request) -> Script:
    """The role at once, and after the delay all the rest in one write, so that `finished` is when the words left."""
    role, *rest = complete(request, ("", WORDS.decode()))
    return Script([role, b"".join(rest)], rate=1 / DELAY)


def heard(reply: Reply) -> float:
    return next(part.at for part in reply.parts if WORDS in part.text)


def said(model: ModelServer) -> float:
    finished = model.requests[-1].finished
    assert finished
    return finished


async def ours(visitor: Visitor, path: str, model: ModelServer) -> float:
    """Milliseconds from the model's first words to the reader."""
    answered = await ask(visitor, path, "late")
    return (heard(answered.stream) - said(model)) * 1000


async def relayed(port: int, model: ModelServer) -> float:
    async with Visitor(port) as visitor:
        reply = await visitor.get("/relay")
    return (heard(reply) - said(model)) * 1000


async def whole(visitor: Visitor, path: str) -> float:
    """Milliseconds from the post to the first words of a model that speaks at once."""
    answered = await ask(visitor, path, "fast")
    return (answered.first_text - answered.posted) * 1000


async def main(server: PinnedServer, port: int) -> None:
    table = Table("latency: one reader, milliseconds")
    with BareServer(model_port=port) as bare:
        async with model_server(port) as model:
            model.scripts["late"] = late
            [visitor] = await meet(server.port, 1)
            added = [await ours(*visitor, model) for _ in range(ROUNDS)]
            beside = [await relayed(bare.port, model) for _ in range(ROUNDS)]
            from_post = [await whole(*visitor) for _ in range(ROUNDS // 2)]
    table.row("model's first words to the reader, p50", "ms", quantile(added, 0.5), quantile(beside, 0.5), at_most=10)
    table.row("model's first words to the reader, p95", "ms", quantile(added, 0.95), quantile(beside, 0.95))
    table.row("post to first words, if said at once, p50", "ms", quantile(from_post, 0.5))
    table.row("post to first words, if said at once, p95", "ms", quantile(from_post, 0.95))
    table.end()


if __name__ == "__main__":
    model_port = free_port()
    with pinned(CLIENT_CORE), fastopp(model_port) as server:
        uvloop.run(main(server, model_port))

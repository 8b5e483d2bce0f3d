"""What answers cost the server, alone and hundreds at once: `python -m benchmarks.load`.

One process on one core. Every answer has 400 tokens at 50 a second, so 8 s is the least that it can take. Every visitor
has a session and a conversation already, and asks in it as htmx does: the post, the fragment, the stream to its end.

Two servers stand beside: a bare ASGI app that sends the same bytes at the same moments, and `benchmarks.bare_fastapi`,
which asks the model and passes on what it says. What the libraries take there no app made of them can fall below.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import uvloop

from benchmarks.harness import (
    CLIENT_CORE,
    Answered,
    BareServer,
    PinnedServer,
    Recording,
    Running,
    Visitor,
    ask,
    bare_fastapi,
    cpu_seconds,
    fastopp,
    meet,
    model_server,
    pinned,
    read,
)
from benchmarks.table import Table, quantile
from tests.e2e.server import free_port

CROWDS = ((100, 0.0), (200, 0.0), (200, 1.0), (500, 5.0))  # how many, and over how many seconds their posts are spread
BOUNDED = 200
ALONE = 3

Ask = Callable[[], Awaitable[Answered]]


@dataclass(frozen=True)
class Run:
    """So many answers, with what they took."""

    answers: Sequence[Answered]
    wall: float
    cpu: float

    def first_text(self, share: float) -> float:
        """Milliseconds from the post to the first text, for this share of those who got one."""
        waits = [(each.first_text - each.posted) * 1000 for each in self.answers if each.first_text]
        return quantile(waits, share)

    @property
    def complete(self) -> int:
        return sum(each.complete for each in self.answers)


async def run(pid: int, asks: Sequence[Ask], ramp: float = 0.0) -> Run:
    """Ask all in the same moment, or evenly spread over `ramp` seconds."""

    async def one(number: int, ask: Ask) -> Answered:
        await asyncio.sleep(ramp * number / len(asks))
        return await ask()

    cpu, began = cpu_seconds(pid), time.monotonic()
    answers = await asyncio.gather(*(one(number, ask) for number, ask in enumerate(asks)))
    return Run(answers, time.monotonic() - began, cpu_seconds(pid) - cpu)


async def replayed(port: int) -> Answered:
    answered = Answered(time.monotonic())
    async with Visitor(port) as visitor:
        await read(visitor, "/answer", answered)
    return answered


async def relayed(port: int) -> Answered:
    return await ask(Visitor(port), "/chat")


async def alone(server: PinnedServer, libraries: Running, table: Table) -> Recording:
    """One answer after the other; return the last one's stream."""
    [visitor] = await meet(server.port, 1)
    runs = [await run(server.pid, [partial(ask, *visitor)]) for _ in range(ALONE)]
    last = runs[-1].answers[0]
    recording = Recording.of(last.stream, last.asked)
    with BareServer({"/answer": recording}) as bare:
        beside = await run(bare.pid, [partial(replayed, bare.port)])
    least = await run(libraries.pid, [partial(relayed, libraries.port)])
    cpu = quantile([each.cpu * 1000 for each in runs], 0.5)
    table.row("1 answer: server's CPU", "ms", cpu, beside.cpu * 1000, least.cpu * 1000, at_most=80)
    return recording


def show(table: Table, ramp: float, *runs: Run) -> None:
    count = len(runs[0].answers)
    name = f"{count} answers " + (f"over {ramp:g} s" if ramp else "at once")
    longest, latest = (10 + ramp, 400) if count == BOUNDED else (None, None)
    table.row(f"{name}: complete", "", *(each.complete for each in runs), at_least=count, strict=True)
    table.row(f"{name}: all ended after", "s", *(each.wall for each in runs), at_most=longest)
    table.row(f"{name}: first text, p50", "ms", *(each.first_text(0.5) for each in runs))
    table.row(f"{name}: first text, p95", "ms", *(each.first_text(0.95) for each in runs), at_most=latest)
    table.row(f"{name}: server's CPU, each", "ms", *(each.cpu * 1000 / count for each in runs))


async def measure(server: PinnedServer, libraries: Running, table: Table) -> None:
    recording = await alone(server, libraries, table)
    most = max(count for count, _ in CROWDS)
    visitors = await meet(server.port, most)
    for count, ramp in CROWDS:
        with BareServer({"/answer": recording}) as bare:
            beside = await run(bare.pid, [partial(replayed, bare.port)] * count, ramp)
        least = await run(libraries.pid, [partial(relayed, libraries.port)] * count, ramp)
        ours = await run(server.pid, [partial(ask, *visitor) for visitor in visitors[:count]], ramp)
        show(table, ramp, ours, beside, least)


async def main(server: PinnedServer, port: int) -> None:
    title = "load: answers of 400 tokens at 50 a second; one process on one core"
    table = Table(title, "bare ASGI", "libraries")
    async with model_server(port):
        with bare_fastapi(model_port=port) as libraries:
            await measure(server, libraries, table)
    table.end()


if __name__ == "__main__":
    model_port = free_port()
    with pinned(CLIENT_CORE), fastopp(model_port) as server:
        uvloop.run(main(server, model_port))

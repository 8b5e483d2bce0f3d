"""What the benchmarks share: the servers as processes on a core of their own, visitors, and CPU time.

Linux only: processes are pinned to cores, and their CPU time is read from their own clock, to the nanosecond.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, Self
from urllib.parse import urlencode

from tests.e2e.server import ROOT, Server, free_port, wait_until_ready
from tests.model_server import ModelServer

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = CORES[0], CORES[-1]
QUESTION = "How do I add a new page?"  # the knowledge base answers it, so every answer comes with its sources
LAST_WORDS = b"That is all there is to it."
STREAM = re.compile(rb'hx-sse:connect="([^"]+)"')
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
GZIP = zlib.MAX_WBITS | 16


# Servers


PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "a key for benchmarks: 0123456789 abcdefghij",
    "PASSWORD_MEMORY": "",  # the default, and not the tests'
}


class PinnedServer(Server):
    """The app in production, on the servers' core."""

    def start(self) -> None:
        with pinned(SERVER_CORE):
            super().start()

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid


@contextmanager
def fastopp(model_port: int = 0, **more: str) -> Iterator[PinnedServer]:
    """The app on a database of its own with the knowledge base in it, and with the model at this port."""
    settings = {
        **PRODUCTION,
        "OPENAI_BASE_URL": f"http://127.0.0.1:{model_port}/v1",
        "OPENAI_MODEL": "normal,fast,late,quick,quick-long",
        "GUEST_DAILY_QUESTIONS": "1000000",
        "QUESTION_RATE": "1000000/minute",
        **more,
    }
    with TemporaryDirectory() as folder, PinnedServer(Path(folder), **settings) as server:
        yield server


@asynccontextmanager
async def model_server(port: int) -> AsyncIterator[ModelServer]:
    """The scripted model, in this process: 50 tokens a second."""
    model = ModelServer(rate=50)
    await model.start(port)
    yield model
    await model.stop()


@dataclass
class BareServer:
    """`benchmarks.bare`: what the same bytes cost without a framework. `replies` holds its answers by path."""

    replies: dict[str, "Recording"] = field(default_factory=dict)
    model_port: int = 0
    port: int = field(default_factory=free_port)

    def __enter__(self) -> Self:
        self.folder = TemporaryDirectory()
        file = Path(self.folder.name) / "replies.json"
        file.write_text(json.dumps({path: recording.as_json for path, recording in self.replies.items()}))
        command = [sys.executable, "-m", "benchmarks.bare", str(self.port), str(file), str(self.model_port)]
        with pinned(SERVER_CORE):
            self.process = subprocess.Popen(command, cwd=ROOT)
            wait_until_ready(f"http://127.0.0.1:{self.port}")
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=10)
        self.folder.cleanup()

    @property
    def pid(self) -> int:
        return self.process.pid


class Running(NamedTuple):
    """A server that is up."""

    port: int
    pid: int


@contextmanager
def bare_fastapi(size: int = 0, model_port: int = 0) -> Iterator[Running]:
    """`benchmarks.bare_fastapi`: the libraries without FastOpp."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.bare_fastapi", *map(str, (port, size, model_port))]
    with pinned(SERVER_CORE):
        process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}")
        yield Running(port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=10)


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run on this core, and all processes that begin here with it."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    yield
    os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    """The CPU time of a process with all of its threads so far."""
    return time.clock_gettime((~pid << 3) | 2)  # what clock_getcpuclockid(3) computes


# Visitors


@dataclass(frozen=True, slots=True)
class Part:
    """What came in one piece: when (`time.monotonic()`), as it was sent, and what it says."""

    at: float
    raw: bytes
    text: bytes


@dataclass(slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    parts: list[Part] = field(default_factory=list)

    @property
    def text(self) -> bytes:
        return b"".join(part.text for part in self.parts)


@dataclass(slots=True)
class Recording:
    """A reply for the bare server to send again: the same bytes, as long after the request."""

    headers: dict[str, str]
    parts: list[tuple[float, bytes]]

    @classmethod
    def of(cls, reply: Reply, asked: float) -> Self:
        headers = {name: value for name, value in reply.headers.items() if name.startswith("content-")}
        return cls(headers, [(part.at - asked, part.raw) for part in reply.parts])

    @classmethod
    def uncompressed(cls, reply: Reply) -> Self:
        """All at once, and as it was before compression."""
        return cls({"content-type": reply.headers["content-type"]}, [(0.0, part.text) for part in reply.parts])

    @property
    def as_json(self) -> dict[str, object]:
        return {"headers": self.headers, "parts": [(seconds, data.decode("latin-1")) for seconds, data in self.parts]}


class Visitor:
    """What a browser does: cookies of its own, gzip, and one connection for one question."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self.received = 0  # bytes on this connection, heads and framing included

    async def __aenter__(self) -> Self:
        self.received = 0
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def get(self, path: str) -> Reply:
        return await self._whole("GET", path, {})

    async def post(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> Reply:
        return await self._whole("POST", path, headers or {}, urlencode(fields).encode())

    async def _whole(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Reply:
        reply = await self.begin(method, path, headers, body)
        reply.parts = [part async for part in self.parts(reply)]
        return reply

    async def begin(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Reply:
        """Send a request and read the reply's head."""
        lines = {
            "Host": f"127.0.0.1:{self.port}",
            "Accept-Encoding": "gzip, deflate, br, zstd",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            **(headers or {}),
        }
        if body:
            lines |= {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
        self.writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        return self._reply(await self._until(b"\r\n\r\n"))

    def _reply(self, head: bytes) -> Reply:
        start, *lines = head.decode("latin-1").rstrip().split("\r\n")
        pairs = [(name.lower(), value) for name, value in (line.split(": ", 1) for line in lines)]
        cookies = (value.partition(";")[0].partition("=") for name, value in pairs if name == "set-cookie")
        self.cookies |= {name: value for name, _, value in cookies}
        return Reply(int(start.split()[1]), dict(pairs))

    async def parts(self, reply: Reply) -> AsyncIterator[Part]:
        """The body as it comes, a part for each chunk."""
        unpack = zlib.decompressobj(GZIP).decompress if "content-encoding" in reply.headers else bytes
        if "transfer-encoding" not in reply.headers:
            body = await self._exactly(int(reply.headers.get("content-length", 0)))
            yield Part(time.monotonic(), body, unpack(body))
            return
        while length := int(await self._until(b"\r\n"), 16):
            raw = (await self._exactly(length + 2))[:-2]
            yield Part(time.monotonic(), raw, unpack(raw))
        await self._exactly(2)

    async def _until(self, end: bytes) -> bytes:
        data = await self.reader.readuntil(end)
        self.received += len(data)
        return data

    async def _exactly(self, length: int) -> bytes:
        self.received += length
        return await self.reader.readexactly(length)


@dataclass(slots=True)
class Answered:
    """One question and its answer as its visitor saw them; times are of `time.monotonic()`."""

    posted: float
    asked: float = 0.0
    first_text: float = 0.0
    ended: float = 0.0
    page_bytes: int = 0
    stream_bytes: int = 0
    stream: Reply = field(default_factory=lambda: Reply(0, {}))

    @property
    def complete(self) -> bool:
        """Whether the finished article came, all of it, and then `done`."""
        return LAST_WORDS in self.stream.text[-30_000:] and b"event: done" in self.stream.text[-200:]


async def meet(port: int, count: int) -> list[tuple[Visitor, str]]:
    """Visitors who have a conversation with one answer each; with the conversation's path."""
    met: list[tuple[Visitor, str]] = []
    while len(met) < count:
        met += await asyncio.gather(*(_meet(Visitor(port)) for _ in range(min(10, count - len(met)))))
    return met


async def _meet(visitor: Visitor) -> tuple[Visitor, str]:
    async with visitor:
        path = (await visitor.post("/chat", content=QUESTION, model="fast")).headers["location"]
        await follow(visitor, await visitor.get(path), Answered(time.monotonic()))
    return visitor, path


async def ask(visitor: Visitor, path: str, model: str = "normal") -> Answered:
    """Post a question into a conversation as htmx does, and follow its answer to the end."""
    answered = Answered(time.monotonic())
    with suppress(OSError, EOFError):  # cut off, it is not `complete`
        async with visitor:
            page = await visitor.post(f"{path}/messages", HTMX, content=QUESTION, model=model)
            answered.page_bytes = visitor.received
            await follow(visitor, page, answered)
    answered.stream_bytes = visitor.received - answered.page_bytes
    return answered


async def follow(visitor: Visitor, page: Reply, answered: Answered) -> None:
    """Follow the answer that this page shows, if it has not ended yet."""
    if connect := STREAM.search(page.text):
        await read(visitor, connect[1].decode(), answered)


async def read(visitor: Visitor, path: str, answered: Answered) -> None:
    """Read one stream to its end."""
    answered.asked = time.monotonic()
    answered.stream = await visitor.begin("GET", path, {"Accept": "text/event-stream"})
    async for part in visitor.parts(answered.stream):
        if not answered.first_text and b"data: " in part.text:
            answered.first_text = part.at
        answered.stream.parts.append(part)
    answered.ended = time.monotonic()

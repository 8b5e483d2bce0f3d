"""A scripted OpenAI-compatible server: the name of the model says how it behaves (see `model_scripts`).

As a process: `python -m tests.model_server --port 8150 --rate 50`; in a thread, for synchronous tests: `running()`.
One timer a token and no task at all: a core serves 500 answers at 50 tokens a second.
"""

import argparse
import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self, cast

import orjson
import uvloop

from tests.model_scripts import ANSWER, SCRIPTS, TOKENS, Request, Script, says

__all__ = ["ANSWER", "TOKENS", "ModelServer", "Request", "Script", "running"]

STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


class ModelServer:
    """The server, bound to 127.0.0.1; `rate` is in tokens a second (0: as fast as it can)."""

    def __init__(self, rate: float = 50) -> None:
        self.rate = rate
        self.port = 0
        self.scripts = dict(SCRIPTS)
        self.requests: list[Request] = []
        self.connections = 0
        self._failed: set[str] = set()
        self._connections: set[_Connection] = set()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def cancelled(self) -> list[float]:
        """When each client left in the middle of its answer."""
        return [request.cancelled for request in self.requests if request.cancelled is not None]

    async def start(self, port: int = 0) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for connection in tuple(self._connections):
            connection.transport.abort()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def reset(self) -> None:
        """Forget the requests and which models failed once."""
        self.requests.clear()
        self._failed.clear()

    def script(self, request: Request) -> Script:
        if request.path.endswith("/models"):
            return Script(
                body=orjson.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in SCRIPTS]})
            )
        self.requests.append(request)
        name, _, suffix = request.model.rpartition("-")
        if suffix == "once":
            first = request.model not in self._failed
            self._failed.add(request.model)
            return self.scripts[name if first else "normal"](request)
        if name == "paced":
            return says(TOKENS, rate=float(suffix))(request)
        return self.scripts.get(request.model, SCRIPTS["404"])(request)


class _Connection(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, server: ModelServer) -> None:
        self.server = server
        self.loop = asyncio.get_running_loop()
        self.received = b""
        self.request: Request | None = None
        self.timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.server._connections.add(self)
        self.server.connections += 1

    def connection_lost(self, _: Exception | None) -> None:
        self.server._connections.discard(self)
        if self.timer:
            self.timer.cancel()
        if self.request and not self.request.finished:
            self.request.cancelled = time.monotonic()

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, separator, rest = self.received.partition(b"\r\n\r\n")
        start, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        if separator and len(rest) >= length:
            self.received = rest[length:]
            self.request = Request(start.split()[1], headers, orjson.loads(rest[:length] or b"{}"))
            self._answer(self.request, self.server.script(self.request))

    def _answer(self, request: Request, script: Script) -> None:
        if script.body is not None:
            head = f"HTTP/1.1 {script.status}\r\ncontent-type: application/json\r\n{script.headers}"
            self._write(request, f"{head}content-length: {len(script.body)}\r\n\r\n".encode() + script.body)
            request.finished = time.monotonic()
        elif script.events:
            first, *others = [b"%x\r\n%b\r\n" % (len(data), data) for data in script.events if data]
            self._play(request, script, [STREAM_HEAD + first, *others])

    def _play(self, request: Request, script: Script, frames: list[bytes]) -> None:
        began, sent = self.loop.time(), 0
        rate = self.server.rate if script.rate is None else script.rate

        def step() -> None:
            nonlocal sent
            # Timers come in whole milliseconds: whatever has come due by now goes out, so that no delay adds up.
            due = max(sent + 1, int((self.loop.time() - began) * rate) + 1) if rate else len(frames)
            self._write(request, b"".join(frames[sent:due]))
            sent = due
            if sent < len(frames):
                self.timer = self.loop.call_at(began + sent / rate, step)
            else:
                self._end(request, script)

        step()

    def _write(self, request: Request, data: bytes) -> None:
        request.first_byte = request.first_byte or time.monotonic()
        self.transport.write(data)

    def _end(self, request: Request, script: Script) -> None:
        if script.ending == "hang":
            return
        request.finished = time.monotonic()
        if script.ending == "end":
            self.transport.write(b"0\r\n\r\n")
        else:
            self.transport.close()


@contextmanager
def running(rate: float = 50) -> Iterator[ModelServer]:
    """The server in a thread and loop of its own, for tests that are not asynchronous."""
    server, loop = ModelServer(rate), uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _serve(port: int, rate: float) -> None:
    server = ModelServer(rate)
    await server.start(port)
    sys.stdout.write(f"{server.base_url}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A scripted OpenAI-compatible server.")
    parser.add_argument("--port", type=int, default=8150)
    parser.add_argument("--rate", type=float, default=50, help="tokens a second, 0 for as fast as it can")
    options = parser.parse_args()
    uvloop.run(_serve(options.port, options.rate))

"""A network that fails: a TCP proxy that cuts every answer's stream after each frame."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

FIRST_BYTES = 65_536


@dataclass(slots=True)
class CuttingProxy:
    """Forwards to `port`; of a stream it lets the headers and one frame pass, then resets the connection."""

    target: int
    port: int = 0
    cuts: int = 0

    async def serve(self) -> asyncio.Server:
        server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection, so that it is known what the answer is to."""
        request = (await reader.readuntil(b"\r\n\r\n")).replace(b"\r\nConnection: keep-alive", b"\r\nConnection: close")
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        up_writer.write(request)
        upload = asyncio.create_task(self._copy(reader, up_writer))
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            if b"/stream" in request.split(b"\r\n")[0]:
                await self._one_frame(up_reader, writer)
            else:
                await self._copy(up_reader, writer)
        upload.cancel()
        for each in (writer, up_writer):
            each.transport.abort() if b"/stream" in request.split(b"\r\n")[0] else each.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(FIRST_BYTES):
                writer.write(data)
                await writer.drain()

    async def _one_frame(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        writer.write(await reader.read(FIRST_BYTES))
        with suppress(TimeoutError):  # what follows at once belongs to it: the end comes in three pieces
            rest = await asyncio.wait_for(reader.read(FIRST_BYTES), 0.01)
            writer.write(rest)
        await writer.drain()
        await asyncio.sleep(0.02)
        self.cuts += 1


@contextmanager
def cutting(target: int) -> Iterator[CuttingProxy]:
    """The proxy in a thread and loop of its own."""
    proxy, loop = CuttingProxy(target), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(proxy.serve(), loop).result()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()

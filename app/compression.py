"""gzip for pages, and for streams: there every frame is flushed, so that it arrives when it is sent."""

import zlib
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COMPRESSIBLE = ("text/", "application/javascript", "application/json", "application/problem+json", "image/svg+xml")
SMALLEST = 500  # bytes; below, the header costs more than it saves
GZIP = 16  # added to zlib's window bits, it asks for gzip's frame
# A stream's window of 4 KiB holds the markup that frames repeat; with memLevel 4 it takes 24 KiB, where zlib's
# defaults take 256 KiB a stream.
STREAM_WINDOW, STREAM_MEMORY = 12, 4


class CompressionMiddleware:
    def __init__(self, app: ASGIApp, *, level: int = 6) -> None:
        self.app = app
        self.level = level

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            return await self.app(scope, receive, send)
        return await self.app(scope, receive, Compressor(send, self.level))


class Compressor:
    """An ASGI `send` that compresses one response. One that does not tell its length is a stream."""

    def __init__(self, send: Send, level: int) -> None:
        self.send = send
        self.level = level
        self.deflate: Any = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and applies(message):
            message = self._begin(message)
        elif message["type"] == "http.response.body" and self.deflate:
            message = self._compressed(message)
        await self.send(message)

    def _begin(self, start: Message) -> Message:
        headers = MutableHeaders(scope=start)
        streams = "content-length" not in headers
        window, memory = (STREAM_WINDOW, STREAM_MEMORY) if streams else (zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL)
        self.deflate = zlib.compressobj(self.level, zlib.DEFLATED, GZIP + window, memory)
        headers["Content-Encoding"] = "gzip"
        headers.add_vary_header("Accept-Encoding")
        del headers["Content-Length"]
        return start

    def _compressed(self, body: Message) -> Message:
        data = self.deflate.compress(body.get("body", b""))
        data += self.deflate.flush(zlib.Z_SYNC_FLUSH if body.get("more_body", False) else zlib.Z_FINISH)
        return {**body, "body": data}


def applies(start: Message) -> bool:
    """Whether a response is worth compressing, and not compressed or cut into a range already."""
    headers = Headers(raw=start["headers"])
    return (
        headers.get("content-type", "").startswith(COMPRESSIBLE)
        and "content-encoding" not in headers
        and int(headers.get("content-length", SMALLEST)) >= SMALLEST
        and start["status"] not in (204, 206, 304)
    )

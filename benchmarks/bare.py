"""The least that a server can do: an ASGI app without a framework, which sends recorded bytes at recorded moments.

`/relay` passes the model's bytes on as they come. As a process: `python -m benchmarks.bare PORT FILE MODEL_PORT`.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import uvicorn

MODEL_REQUEST = b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b"
MODEL_QUESTION = json.dumps({"model": "late", "messages": [{"role": "user", "content": "Hello?"}]}).encode()

NOTHING: Any = {"headers": {}, "parts": [(0, "")]}


class App:
    def __init__(self, file: str, model_port: str) -> None:
        self.replies = json.loads(Path(file).read_text())
        self.model_port = int(model_port)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["path"] == "/relay":
            await self._relay(send)
        else:
            await _replay(self.replies.get(scope["path"], NOTHING), send)

    async def _relay(self, send: Any) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.model_port)
        writer.write(MODEL_REQUEST % (len(MODEL_QUESTION), MODEL_QUESTION))
        await reader.readuntil(b"\r\n\r\n")
        await _start(send, {"content-type": "text/event-stream"})
        data = b""
        while not data.endswith(b"0\r\n\r\n"):
            data = await reader.read(65536)
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        writer.close()


async def _start(send: Any, headers: dict[str, str]) -> None:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": pairs})


async def _replay(reply: Any, send: Any) -> None:
    began = time.monotonic()
    await _start(send, reply["headers"])
    *parts, (last, end) = reply["parts"]
    for seconds, part in parts:
        await asyncio.sleep(began + seconds - time.monotonic())
        await send({"type": "http.response.body", "body": part.encode("latin-1"), "more_body": True})
    await asyncio.sleep(began + last - time.monotonic())
    await send({"type": "http.response.body", "body": end.encode("latin-1")})


if __name__ == "__main__":
    port, file, model_port = sys.argv[1:]
    uvicorn.run(App(file, model_port), port=int(port), access_log=False, log_level="warning")

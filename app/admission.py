"""Who goes first when many come at once."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.security import SAFE_METHODS
from app.turns import Turn

CHANGES_AT_ONCE = 8


class AdmissionMiddleware:
    """Let a few requests at a time change something. Those that only read, and streams, go past them.

    When hundreds ask at once, each would get a share of the processor, and the first would be answered as late as the
    last. A turn begins when all of a request has arrived, so that nobody waits for a slow sender, and ends where its
    response begins.
    """

    def __init__(self, app: ASGIApp, at_once: int = CHANGES_AT_ONCE) -> None:
        self.app = app
        self.queue = asyncio.Semaphore(at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            return await self.app(scope, receive, send)
        turn = Turn(self.queue)

        async def receive_in_turn() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                await turn.take()
            return message

        async def send_on(message: Message) -> None:
            turn.give_back()
            await send(message)

        try:
            return await self.app(scope, receive_in_turn, send_on)
        finally:
            turn.give_back()

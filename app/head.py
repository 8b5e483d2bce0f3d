"""HEAD: what GET answers, without the body, so that whoever watches the server need not ask for pages."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadMiddleware:
    """Let the app answer a HEAD as a GET, and end the response where its body begins, be it a stream."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            return await self.app(scope, receive, send)
        ended = False

        async def send_head(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                await send(message)
            streams = "content-length" not in Headers(raw=message.get("headers", ()))  # and may have nothing to say yet
            if not ended and (message["type"] == "http.response.body" or streams):
                ended = True
                await send({"type": "http.response.body"})

        return await self.app({**scope, "method": "GET"}, receive, send_head)

"""Protections that every request passes, once: headers, the cross-origin guard, rate limits."""

import time
from urllib.parse import urlsplit

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import TooManyRequests

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}
HSTS = "max-age=31536000; includeSubDomains"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class SecurityMiddleware:
    """Add the headers to every response, and refuse unsafe requests that another site's page sent."""

    def __init__(self, app: ASGIApp, *, https_only: bool) -> None:
        self.app = app
        self.headers = SECURITY_HEADERS | ({"Strict-Transport-Security": HSTS} if https_only else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        if is_cross_origin(scope):
            refusal = PlainTextResponse("This form was sent from another site, so it was refused.", 403)
            return await refusal(scope, receive, send_with_headers)
        return await self.app(scope, receive, send_with_headers)


def is_cross_origin(scope: Scope) -> bool:
    """Whether an unsafe request comes from elsewhere: browsers say so by `Sec-Fetch-Site`, older ones by `Origin`.

    A request with neither header is not from a browser's page, so no visitor's cookie rides on it.
    """
    if scope["method"] in SAFE_METHODS:
        return False
    headers = Headers(scope=scope)
    if site := headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


class RateLimiter:
    """So many acts in so much time for each key; counted in this process."""

    def __init__(self, rate: str) -> None:
        """`rate`: as `20/minute`."""
        self.limit = parse(rate)
        self.window = MovingWindowRateLimiter(MemoryStorage())

    def hit(self, key: str) -> None:
        """Count one act; raise `TooManyRequests` with the seconds to wait when there were enough."""
        if self.window.hit(self.limit, key):
            return
        stats = self.window.get_window_stats(self.limit, key)
        wait = max(1, int(stats.reset_time - time.time()) + 1)
        raise TooManyRequests(f"That was a lot in a short time. Please wait {wait} seconds.", retry_after=wait)

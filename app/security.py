"""Protections that every request passes, once: headers and the guard at the door."""

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import Forbidden, TooLarge

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
    "Cache-Control": "no-store",  # what may be kept says so itself
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}
HSTS = "max-age=31536000; includeSubDomains"
LARGEST_BODY = 2 * 1024 * 1024  # bytes; a question is text
LARGEST_UPLOAD = 10 * 1024 * 1024  # bytes of a form with files, which go to the disk as they come, or of a file
API_FILES = ("image/", "text/csv")  # how the types of files begin that the API takes as they are
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# Mail programs on the web post here from pages of theirs (RFC 8058). The address alone is what lets them, no cookie.
ONE_CLICK = re.compile(r"/unsubscribe/[0-9a-f-]{36}/[0-9a-f]{32}")


class SecurityMiddleware:
    """Add the headers to every response."""

    def __init__(self, app: ASGIApp, *, https_only: bool) -> None:
        self.app = app
        headers = SECURITY_HEADERS | ({"Strict-Transport-Security": HSTS} if https_only else {})
        self.headers = Headers(headers).raw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name for name, _value in message["headers"]}
                added = (header for header in self.headers if header[0] not in said)
                message["headers"] = [*message["headers"], *added]
            await send(message)

        return await self.app(scope, receive, send_with_headers)


class GuardMiddleware:
    """Refuse what another site's page sent, and bodies that are too large, before a byte of them is read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        if is_cross_origin(scope) and not ONE_CLICK.fullmatch(scope["path"]):
            raise Forbidden("This form was sent from another site, so it was refused.")
        headers = Headers(scope=scope)
        length, most = headers.get("content-length", ""), largest(scope["path"], headers)
        if length.isdecimal() and int(length) > most:
            raise TooLarge(too_large(most))
        return await self.app(scope, limited(receive, most), send)


def largest(path: str, headers: Headers) -> int:
    """How many bytes a request may send. Only forms can hold files, and for the API a body can be one."""
    kind = headers.get("content-type", "").lower()
    is_file = kind.startswith(API_FILES) and path.startswith("/api/")
    return LARGEST_UPLOAD if is_file or kind.startswith("multipart/form-data") else LARGEST_BODY


def too_large(most: int) -> str:
    return f"At most {most // 2**20} MiB can be sent at a time. Please send less."


def limited(receive: Receive, most: int) -> Receive:
    """A `receive` for bodies that do not tell their length."""
    size = 0

    async def receive_some() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise HTTPException(413, too_large(most))  # of its own errors, the only one that FastAPI lets through
        return message

    return receive_some


def is_cross_origin(scope: Scope) -> bool:
    """Whether an unsafe request comes from elsewhere: browsers say so by `Sec-Fetch-Site`, older ones by `Origin`.

    A request with neither header is not from a browser's page, so no visitor's cookie rides on it. Nor does one with a
    token, which no browser sends by itself: for the API the token counts alone.
    """
    headers = Headers(scope=scope)
    if scope["method"] in SAFE_METHODS or shows_token(scope["path"], headers):
        return False
    if site := headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and _host(origin) != headers.get("host")


def shows_token(path: str, headers: Headers) -> bool:
    return path.startswith("/api/") and headers.get("authorization", "").lower().startswith("bearer ")


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # half of a bracket
        return ""

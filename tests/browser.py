"""Visitors for tests below the browser: real requests through the whole app, with cookies of their own."""

from types import TracebackType
from typing import Any, Self

import httpx2
from fastapi import FastAPI

from tests import leaks

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial", "Accept": "text/html, text/event-stream"}
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


class Browser:
    """One visitor. Plain requests are what a browser without JavaScript sends; `htmx` asks for fragments."""

    def __init__(self, app: FastAPI, *, address: str = "127.0.0.1", scheme: str = "http") -> None:
        # A crash must come back as the page that a person would see, not as an exception in the test.
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False, client=(address, 123))
        self.client = httpx2.AsyncClient(
            transport=transport,
            base_url=f"{scheme}://testserver",
            headers=SAME_ORIGIN,
            event_hooks={"response": [leaks.note_response]},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.client.aclose()

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        return await self.client.get(path, **options)

    async def post(self, path: str, **data: Any) -> httpx2.Response:
        return await self.client.post(path, data=data)

    async def htmx(self, path: str, method: str = "GET", **data: Any) -> httpx2.Response:
        return await self.client.request(method, path, headers=HTMX, data=data or None)

    async def start(self, question: str, model: str = "") -> str:
        """Begin a conversation; return its path."""
        response = await self.post("/chat", content=question, model=model)
        assert response.status_code == 303, response.text
        return response.headers["location"]

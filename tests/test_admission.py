"""Who goes first when many come at once: a few requests change something, and all others go past them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from app.admission import AdmissionMiddleware

WHOLE: Message = {"type": "http.request", "body": b"a=1", "more_body": False}
PART: Message = {"type": "http.request", "body": b"a", "more_body": True}


class App:
    """Reads a request, waits to be told to go on, begins its response, and waits again."""

    def __init__(self) -> None:
        self.admitted: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_end = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        self.admitted.append(scope["path"])
        if scope["path"] == "/broken":
            raise ValueError
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await self.may_end.wait()


Ask = Callable[..., "asyncio.Task[None]"]


@pytest.fixture
async def inner() -> App:
    return App()


@pytest.fixture
async def ask(inner: App) -> AsyncIterator[Ask]:
    app = AdmissionMiddleware(inner, at_once=2)
    tasks: set[asyncio.Task[None]] = set()

    def begin(path: str, method: str = "POST", messages: tuple[Message, ...] = (WHOLE,)) -> "asyncio.Task[None]":
        left = iter(messages)

        async def receive() -> Message:
            if message := next(left, None):
                return message
            await asyncio.Event().wait()
            raise AssertionError

        async def send(_message: Message) -> None:
            pass

        scope: dict[str, Any] = {"type": "http", "path": path, "method": method}
        tasks.add(task := asyncio.create_task(app(scope, receive, send)))
        return task

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_those_who_change_something_take_turns_and_readers_do_not(inner: App, ask: Ask) -> None:
    for number in range(4):
        ask(f"/{number}")
    ask("/page", "GET")
    await settle()
    assert inner.admitted == ["/0", "/1", "/page"]
    inner.may_answer.set()
    await settle()
    assert inner.admitted == ["/0", "/1", "/page", "/2", "/3"]  # though no response has ended


async def test_nobody_waits_for_a_slow_sender(inner: App, ask: Ask) -> None:
    for number in range(5):
        ask(f"/slow-{number}", messages=(PART,))
    ask("/quick")
    await settle()
    assert inner.admitted == ["/quick"]


async def test_what_fails_or_is_given_up_gives_its_turn_back(inner: App, ask: Ask) -> None:
    failed = [ask("/broken") for _ in range(3)]
    await asyncio.gather(*failed, return_exceptions=True)
    given_up = [ask(f"/{number}") for number in range(2)]
    await settle()
    for task in given_up:
        task.cancel()
    ask("/next")
    await settle()
    assert inner.admitted[-1] == "/next"

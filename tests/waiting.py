"""Waiting for what happens in the background, with an end to the patience."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from app.repositories.answers import AnswerRepository
from tests.browser import Browser


async def until(browser: Browser, path: str, holds: Callable[[dict[str, Any]], bool], seconds: float = 10) -> str:
    """Wait until the newest message of a conversation is as wanted; return its text."""
    deadline = time.monotonic() + seconds
    while True:
        newest = (await browser.get(f"{path}/export.json")).json()["messages"][-1]
        if holds(newest):
            return str(newest["text"])
        assert time.monotonic() < deadline, f"still {newest['status']}: {newest['error']}"
        await asyncio.sleep(0.02)


async def status_of(browser: Browser, path: str, status: str) -> str:
    return await until(browser, path, lambda message: message["status"] == status)


async def ended(browser: Browser, path: str) -> str:
    return await status_of(browser, path, "complete")


async def begun(browser: Browser, path: str) -> str:
    return await until(browser, path, lambda message: bool(message["text"]))


def end_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second passes until it is stored how an answer ended: whoever looks meanwhile finds it still written."""
    finish = AnswerRepository.finish

    async def slow(*args: Any) -> None:
        await asyncio.sleep(0.5)
        await finish(*args)

    monkeypatch.setattr(AnswerRepository, "finish", slow)

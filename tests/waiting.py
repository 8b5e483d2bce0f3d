"""Waiting for what happens in the background, with an end to the patience."""

import asyncio
import time

from tests.browser import Browser


async def status_of(browser: Browser, path: str, *, until: str, seconds: float = 10) -> str:
    """Wait until the newest answer of a conversation has this status; return its text."""
    deadline = time.monotonic() + seconds
    while True:
        newest = (await browser.get(f"{path}/export.json")).json()["messages"][-1]
        if newest["status"] == until:
            return newest["text"] or until
        assert time.monotonic() < deadline, f"still {newest['status']}: {newest['error']}"
        await asyncio.sleep(0.02)


async def ended(browser: Browser, path: str) -> str:
    """Wait until the newest answer of a conversation is complete; return its text."""
    return await status_of(browser, path, until="complete")

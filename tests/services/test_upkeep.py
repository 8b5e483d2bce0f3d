"""Upkeep on a real database: what goes, and what must stay."""

import asyncio
from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.models.base import now
from app.models.conversation import Conversation
from app.models.user import AccessToken, User
from app.services.upkeep_service import RESTORABLE, UpkeepService
from tests.browser import Browser
from tests.html import find, parse
from tests.waiting import ended


async def set_deleted(session: AsyncSession, moment: datetime) -> None:
    """Make what is deleted, or all when nothing is, deleted since then."""
    some = (await session.exec(select(Conversation).where(col(Conversation.deleted_at).is_not(None)))).first()
    chosen = update(Conversation).where(col(Conversation.deleted_at).is_not(None)) if some else update(Conversation)
    await session.exec(chosen.values(deleted_at=moment))


async def count(session: AsyncSession) -> tuple[int, int]:
    """How many users and sessions there are."""
    users = await session.exec(select(func.count()).select_from(User))
    sessions = await session.exec(select(func.count()).select_from(AccessToken))
    return users.one(), sessions.one()


async def test_deleted_conversations_go_after_a_day(app: FastAPI, browser: Browser) -> None:
    kept, deleted = await browser.start("Kept"), await browser.start("Deleted")
    for path in (kept, deleted):
        await ended(browser, path)
    await browser.post(f"{deleted}/deletion")
    upkeep = UpkeepService(app.state.database, app.state.settings)
    await upkeep.act()
    assert (await browser.get(deleted)).status_code == 200, "it can still be restored"
    async with app.state.database.transaction() as session:
        await set_deleted(session, now() - RESTORABLE - timedelta(minutes=1))
    await upkeep.act()
    assert (await browser.get(deleted)).status_code == 404
    assert (await browser.get(kept)).status_code == 200
    assert not find(parse(await browser.htmx("/chat?q=deleted")), "#conversations a"), "nor is it found"


async def test_guests_who_cannot_come_back_go_with_what_only_they_could_see(app: FastAPI, browser: Browser) -> None:
    path = await browser.start("Mine")
    await ended(browser, path)
    shared = (await browser.post("/ask", content="Everybody's")).headers["location"]
    await ended_publicly(browser, shared)
    await UpkeepService(app.state.database, app.state.settings).act()
    assert (await browser.get(path)).status_code == 200, "with a session all stays"
    settings = app.state.settings.model_copy(update={"session_days": -1})
    await UpkeepService(app.state.database, settings).act()
    async with app.state.database.transaction() as session:
        assert await count(session) == (1, 0), "whose page is public stays, without a session"
        assert len((await session.exec(select(Conversation))).all()) == 1
    assert (await browser.get(shared)).status_code == 200


async def ended_publicly(browser: Browser, path: str) -> None:
    while find(parse(await browser.get(path)), "[aria-busy]"):  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0.02)


async def test_it_tidies_soon_after_the_start(app: FastAPI, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    path = await browser.start("Deleted")
    await ended(browser, path)
    await browser.post(f"{path}/deletion")
    async with app.state.database.transaction() as session:
        await set_deleted(session, now() - timedelta(days=2))
    monkeypatch.setattr(UpkeepService, "first_seconds", 0.01)
    upkeep = UpkeepService(app.state.database, app.state.settings)
    await upkeep.open()
    async with asyncio.timeout(10):
        while (await browser.get(path)).status_code != 404:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.02)
    await upkeep.close()

"""What is read once for many: it goes as soon as anybody commits, here, on another connection or in another process."""

import multiprocessing
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from app import read_cache
from app.db import Database
from app.models.base import now
from app.models.user import User
from app.read_cache import ReadCache
from app.repositories.groups import GroupRepository
from app.repositories.sessions import SessionRepository
from app.repositories.users import UserRepository
from tests.browser import Browser
from tests.people import make_user, sign_in


def insert(path: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("INSERT INTO kept VALUES (1)")
    connection.close()


@pytest.fixture
async def cache(tmp_path: Path) -> AsyncIterator[ReadCache]:
    path = str(tmp_path / "kept.db")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE kept (n)")
    connection.close()
    cache = ReadCache(path)
    yield cache
    cache.close()


async def test_it_is_read_again_after_a_commit_of_another_process(cache: ReadCache) -> None:
    numbers = count()

    async def read() -> int:
        return next(numbers)

    assert [await cache.get("n", read), await cache.get("n", read)] == [0, 0]
    insert(cache.path)
    assert [await cache.get("n", read), await cache.get("n", read)] == [1, 1]
    other = multiprocessing.get_context("spawn").Process(target=insert, args=(cache.path,))
    other.start()
    other.join()
    assert [await cache.get("n", read), await cache.get("other", read), await cache.get("n", read)] == [2, 3, 2]


async def test_what_was_read_before_a_commit_is_not_kept_after_it(cache: ReadCache) -> None:
    async def read_slowly() -> str:
        insert(cache.path)
        return "old"

    async def read() -> str:
        return "new"

    assert [await cache.get("n", read_slowly), await cache.get("n", read)] == ["old", "new"]


async def test_it_is_read_again_after_a_while(cache: ReadCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_cache, "SECONDS", -1.0)
    numbers = count()

    async def read() -> int:
        return next(numbers)

    assert [await cache.get("n", read), await cache.get("n", read)] == [0, 1]


async def test_what_is_not_committed_is_nobody_elses(app: FastAPI) -> None:
    """A transaction sees what it has changed; others do not, nor after it was rolled back."""
    database: Database = app.state.database
    user = await make_user(app, "vera@example.com", "support")
    async with database.transaction() as session:
        before = await GroupRepository(session).permissions(user.id)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            await GroupRepository(session).put(user.id, [])
            assert before and not await GroupRepository(session).permissions(user.id)
            if session.get_bind().dialect.name == "sqlite":
                async with database.transaction() as other:
                    assert await GroupRepository(other).permissions(user.id) == before
            raise ZeroDivisionError
    async with database.transaction() as session:
        assert await GroupRepository(session).permissions(user.id) == before


async def test_each_transaction_has_a_person_of_its_own(app: FastAPI) -> None:
    """What one does to theirs, and does not store, is not seen in the next; what it stores is."""
    database: Database = app.state.database
    user = await make_user(app, "vera@example.com", name="Vera")
    async with database.transaction() as session:
        await SessionRepository(session).create({"token": "digest", "user_id": user.id})

    async def visit(session: AsyncSession) -> User:
        found = await SessionRepository(session).visit("digest", now() - timedelta(days=1))
        assert found
        return found[0]

    async with database.transaction() as one, database.transaction() as other:
        hers, theirs = await visit(one), await visit(other)
        hers.name = "Changed"
        assert theirs.name == "Vera" and hers is not theirs
        one.expunge(hers)
    async with database.transaction() as session:
        known = await session.get(User, user.id)
        assert await visit(session) is await visit(session) is known, "in one transaction there is one of them"
    async with database.transaction() as session:
        await UserRepository(session).add((await visit(session)).sqlmodel_update({"name": "Wanda"}))
    async with database.transaction() as session:
        assert (await visit(session)).name == "Wanda"


@pytest.mark.parametrize(
    "statement", ["DELETE FROM access_token", 'UPDATE "user" SET is_active = FALSE', "DELETE FROM group_member"]
)
async def test_what_another_process_takes_away_is_gone_at_the_next_click(
    app: FastAPI, browser: Browser, statement: str
) -> None:
    await make_user(app, "vera@example.com", "marketing", is_staff=True)
    await sign_in(browser, "vera@example.com")
    for _ in range(2):
        assert (await browser.get("/products/dashboard")).status_code == 200
    other = Database(app.state.settings.database_url)
    async with other.engine.begin() as connection:
        await connection.execute(text(statement))
    await other.close()
    assert (await browser.get("/products/dashboard")).status_code in (303, 401, 403)

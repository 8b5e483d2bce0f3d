"""What is read once for many: it goes as soon as anybody commits, here, on another connection or in another process."""

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from itertools import count

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from app import read_cache
from app.config import Settings
from app.db import Database
from app.models.base import now
from app.models.user import User
from app.repositories.base import Repository
from app.repositories.groups import GroupRepository
from app.repositories.sessions import SessionRepository
from app.repositories.users import UserRepository
from tests.browser import Browser
from tests.databases import hang_up_on_all
from tests.people import make_user, sign_in


async def insert(url: str) -> None:
    """Commit a change on a connection of its own."""
    database = Database(url)
    async with database.transaction() as session:
        await UserRepository(session).add(User.guest())
    await database.close()


def insert_there(url: str) -> None:
    asyncio.run(insert(url))


def counting() -> Callable[[], Awaitable[int]]:
    """A read that gives another number each time."""
    numbers = count()

    async def read() -> int:
        return next(numbers)

    return read


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.database_url)
    yield database
    await database.close()


async def recall(database: Database, read: Callable[[], Awaitable[int]]) -> int:
    """What a transaction of its own knows."""
    async with database.transaction() as session:
        return await Repository(session).recall("number", read)


async def test_it_is_read_again_after_a_commit_of_another_connection_or_process(
    database: Database, settings: Settings
) -> None:
    read = counting()
    assert [await recall(database, read) for _ in range(3)] == [0, 0, 0]
    await insert(settings.database_url)
    assert [await recall(database, read) for _ in range(3)] == [1, 1, 1]
    other = multiprocessing.get_context("spawn").Process(target=insert_there, args=(settings.database_url,))
    other.start()
    await asyncio.to_thread(other.join)
    assert [await recall(database, read) for _ in range(3)] == [2, 2, 2]


async def test_what_was_read_before_a_commit_is_not_kept_after_it(database: Database, settings: Settings) -> None:
    async def read_slowly() -> int:
        await insert(settings.database_url)
        return -1

    assert [await recall(database, read_slowly), await recall(database, counting())] == [-1, 0]


async def test_it_is_read_again_after_a_while(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_cache, "SECONDS", -1.0)
    read = counting()
    assert [await recall(database, read) for _ in range(2)] == [0, 1]


async def test_in_one_transaction_it_stays_as_it_was(database: Database, settings: Settings) -> None:
    """Until the transaction itself changes something."""
    read = counting()
    async with database.transaction() as session:
        repository = UserRepository(session)
        assert await repository.recall("number", read) == 0
        await insert(settings.database_url)
        assert await repository.recall("number", read) == 0
        await repository.add(User.guest())
        assert await repository.recall("number", read) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_many_who_come_at_once_share_a_question(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first has one of its own; the others come while its answer is on its way. Who goes away takes it from
    nobody."""
    assert database.reads
    read, asked, ask = counting(), [], database.reads.changes._ask  # type: ignore[attr-defined]

    async def note() -> str:
        asked.append(1)
        answer: str = await ask()
        return answer

    monkeypatch.setattr(database.reads.changes, "_ask", note)
    first, gone, *others = (asyncio.create_task(recall(database, read)) for _ in range(20))
    await asyncio.sleep(0)
    gone.cancel()
    assert await first == 0 and set(await asyncio.gather(*others)) == {0}
    assert gone.cancelled() and len(asked) < 4
    await insert(settings.database_url)
    assert await recall(database, read) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_without_its_connection_everything_is_read_and_then_it_has_another(database: Database) -> None:
    read = counting()
    assert [await recall(database, read) for _ in range(2)] == [0, 0]
    await hang_up_on_all(database)
    assert await recall(database, read) == 1
    kept = await recall(database, read)
    assert await recall(database, read) == kept


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

"""Transactions: writers queue, and nobody in the queue waits for another for ever. Queries: who runs them."""

import asyncio
import sqlite3
import threading
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection

from app import db, sqlite
from app.config import Settings
from app.db import Database
from app.models.user import User
from app.repositories.users import UserRepository
from tests.databases import hang_up_on_all

MORE_THAN_CONNECTIONS = 40


async def test_more_writers_than_connections_all_get_their_turn(settings: Settings) -> None:
    """Some have read before they write, and so wait with a connection in hand; others write first."""
    database = Database(settings.database_url)

    async def write(number: int) -> None:
        async with database.transaction() as session:
            users = UserRepository(session)
            if number % 2:
                await users.by_email("nobody@example.com")
            await users.add(User.guest())

    async with asyncio.timeout(10):
        await asyncio.gather(*(write(number) for number in range(MORE_THAN_CONNECTIONS)))
    await database.close()


async def test_a_transaction_that_asks_nothing_takes_no_connection(settings: Settings) -> None:
    database = Database(settings.database_url)
    async with database.transaction() as session:
        session.expunge_all()
    assert not connections(database)
    async with database.transaction() as session:
        session.add(user := User.guest())  # is stored at the end, without a word
    async with database.transaction() as session:
        assert await session.get(User, user.id)
    assert connections(database) == 1
    await database.close()


def connections(database: Database) -> int:
    """How many connections of the pool there are, at rest or in use."""
    pool = database.engine.pool
    return pool.checkedin() + pool.checkedout()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_after_postgresql_was_started_anew_the_next_request_is_answered(settings: Settings) -> None:
    database = Database(settings.database_url)

    async def ask() -> None:
        async with database.transaction() as session:
            assert await session.get(User, uuid4()) is None

    await asyncio.gather(*(ask() for _ in range(5)))
    assert connections(database) == 5
    await hang_up_on_all(database)
    for _ in range(5):
        await ask()
    await database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_connection_that_was_idle_for_long_is_tried_before_it_is_used(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody between may have dropped it, which neither end is told."""
    database, pings = Database(settings.database_url), []

    def ping(connection: object) -> None:
        pings.append(connection)
        raise OSError("no route to host")

    async def ask() -> None:
        async with database.transaction() as session:
            assert await session.get(User, uuid4()) is None

    monkeypatch.setattr(AsyncAdapt_asyncpg_connection, "ping", ping)
    await ask()
    await ask()
    assert not pings
    monkeypatch.setattr(db, "TRUSTED_SECONDS", 0)
    await ask()
    assert len(pings) == 1, "the connection that took its place is new"
    await database.close()


LONG = (
    "(WITH RECURSIVE each(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM each WHERE n < 300000) SELECT sum(n) FROM each)"
)


async def test_a_short_query_runs_on_the_spot_and_a_long_one_in_the_thread(tmp_path: Path) -> None:
    connection = sqlite.connect(str(tmp_path / "x.db"))
    await connection
    await connection.create_function("here", 0, threading.get_ident)
    cursor = await connection.cursor()
    await cursor.execute("CREATE TABLE kept (n)")
    await cursor.execute("INSERT INTO kept VALUES (7)")
    await cursor.execute("SELECT here() FROM kept")
    assert await cursor.fetchall() == [(threading.get_ident(),)]
    await cursor.execute(f"SELECT here(), {LONG}")
    [(thread, total)] = await cursor.fetchall()
    assert thread != threading.get_ident() and total == 300_000 * 300_001 // 2
    assert connection.in_transaction  # ending the query early has undone nothing
    await cursor.execute("CREATE VIRTUAL TABLE words USING fts5(word)")
    await cursor.execute("INSERT INTO words VALUES ('heron')")
    await cursor.execute("SELECT here() FROM words WHERE words MATCH 'heron'")
    assert await cursor.fetchall() == [(thread,)], "one step of a full-text index may take long"
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        await cursor.execute("SELECT unknown FROM kept")
    await connection.close()

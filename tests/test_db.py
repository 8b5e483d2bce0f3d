"""Transactions: writers queue, and nobody in the queue waits for another for ever. Queries: who runs them."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from app import sqlite
from app.config import Settings
from app.db import Database
from app.models.user import User
from app.repositories.users import UserRepository

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

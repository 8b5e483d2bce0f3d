"""SQLite through aiosqlite, with one trip to its thread for each statement.

SQLAlchemy asks an aiosqlite cursor to open, to execute, to fetch and to close, and each of these waits for the thread
and then for the event loop's next round. Here the thread does all four at once, and a transaction that has only read
ends without a trip.
"""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

import aiosqlite


def connect(database: str, **options: Any) -> "Connection":
    """Like `aiosqlite.connect`; for SQLAlchemy's `async_creator_fn`."""
    connection = Connection(lambda: sqlite3.connect(database, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # as SQLAlchemy sets it on connections of its own making
    return connection


class Connection(aiosqlite.Connection):
    async def cursor(self) -> "Cursor":  # type: ignore[override]
        return Cursor(self)

    async def commit(self) -> None:
        if self.in_transaction:
            await super().commit()

    async def rollback(self) -> None:
        if self.in_transaction:
            await super().rollback()

    async def run(self, statement: Callable[[sqlite3.Cursor], object]) -> "Result":
        """Run a statement on a new cursor and bring back all that it left there."""
        return await self._execute(self._run, statement)  # type: ignore[no-any-return, no-untyped-call]

    def _run(self, statement: Callable[[sqlite3.Cursor], object]) -> "Result":
        cursor = self._conn.cursor()
        try:
            statement(cursor)
            rows = cursor.fetchall() if cursor.description else []
            return cursor.description, cursor.lastrowid, cursor.rowcount, rows
        finally:
            cursor.close()


Result = tuple[Any, int | None, int, list[Any]]


class Cursor:
    """What SQLAlchemy uses of a cursor."""

    description: Any = None
    lastrowid: int | None = None
    rowcount: int = -1

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.rows: list[Any] = []

    async def execute(self, sql: str, parameters: Any = ()) -> None:
        await self._run(lambda cursor: cursor.execute(sql, parameters))

    async def executemany(self, sql: str, parameters: Iterable[Any]) -> None:
        await self._run(lambda cursor: cursor.executemany(sql, parameters))

    async def _run(self, statement: Callable[[sqlite3.Cursor], object]) -> None:
        self.description, self.lastrowid, self.rowcount, self.rows = await self.connection.run(statement)

    async def fetchall(self) -> list[Any]:
        return self.rows

    async def close(self) -> None:
        self.rows = []

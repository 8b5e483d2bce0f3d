"""SQLite through aiosqlite, with as few trips to its thread as can be.

SQLAlchemy asks an aiosqlite cursor to open, to execute, to fetch and to close, and each of these waits for the thread
and then for the event loop's next round. Here the thread does all four at once, a transaction that has only read ends
without a trip, and a query that takes no longer than a trip is run on the spot.
"""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

import aiosqlite

SHORT_STEPS = 10_000  # of SQLite's virtual machine: about 0.2 ms, what a trip takes


def connect(database: str, **options: Any) -> "Connection":
    """Like `aiosqlite.connect`; for SQLAlchemy's `async_creator_fn`."""
    options["check_same_thread"] = False  # event loop and thread take turns: a session waits for each statement
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

    async def query(self, sql: str, parameters: Any) -> "Result":
        """Run one statement; a short query at once."""

        def statement(cursor: sqlite3.Cursor) -> object:
            return cursor.execute(sql, parameters)

        # What a full-text index does is one step, however long it takes.
        is_query = sql.startswith("SELECT") and " MATCH " not in sql
        return (self._at_once(statement) if is_query else None) or await self.run(statement)

    def _at_once(self, statement: "Statement") -> "Result | None":
        """None when it would take more than the short steps; it has changed nothing, so it can begin anew."""
        self._conn.set_progress_handler(_stop, SHORT_STEPS)
        try:
            return self._run(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return None
        finally:
            self._conn.set_progress_handler(None, 0)

    async def run(self, statement: "Statement") -> "Result":
        """Run it on a new cursor in the thread and bring back all that it left there."""
        return await self._execute(self._run, statement)  # type: ignore[no-any-return, no-untyped-call]

    def _run(self, statement: "Statement") -> "Result":
        cursor = self._conn.cursor()
        try:
            statement(cursor)
            rows = cursor.fetchall() if cursor.description else []
            return cursor.description, cursor.lastrowid, cursor.rowcount, rows
        finally:
            cursor.close()


def _stop() -> bool:
    return True


Statement = Callable[[sqlite3.Cursor], object]
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
        self._keep(await self.connection.query(sql, parameters))

    async def executemany(self, sql: str, parameters: Iterable[Any]) -> None:
        self._keep(await self.connection.run(lambda cursor: cursor.executemany(sql, parameters)))

    def _keep(self, result: Result) -> None:
        self.description, self.lastrowid, self.rowcount, self.rows = result

    async def fetchall(self) -> list[Any]:
        return self.rows

    async def close(self) -> None:
        self.rows = []

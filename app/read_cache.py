"""What many requests read, asked once until somebody changes something."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Protocol, TypeVar

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

SECONDS = 1.0  # after which it is asked again all the same: time alone ends sessions too
SNAPSHOT = "SELECT pg_current_snapshot()::text"

Value = TypeVar("Value")


class Changes(Protocol):
    """Knows when a database has changed, whichever connection or process did it."""

    async def version(self) -> Hashable:
        """The same as before only if nobody has committed since."""

    async def close(self) -> None: ...


class SqliteChanges:
    """SQLite counts for each connection what others do: https://www.sqlite.org/pragma.html#pragma_data_version."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None

    async def version(self) -> Hashable:
        if self._connection is None:
            self._connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version

    async def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


class PostgresChanges:
    """PostgreSQL tells which transactions a query would see: `pg_current_snapshot`, of
    https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT.

    It is asked on a connection of its own, by the driver alone: through SQLAlchemy that would take as long as a query.
    Those who come while an answer is on its way, which may be from before, share the next one.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._connection: AsyncConnection | None = None
        self._driver: Any = None
        self._asking = asyncio.Lock()
        self._next: asyncio.Task[Hashable] | None = None

    async def version(self) -> Hashable:
        if self._next is None:
            self._next = asyncio.create_task(self._ask())
        return await asyncio.shield(self._next)  # who goes away takes it from nobody else

    async def _ask(self) -> Hashable:
        async with self._asking:
            self._next = None
            try:
                if self._driver is None:
                    self._connection = await self.engine.connect()
                    self._driver = (await self._connection.get_raw_connection()).driver_connection
                snapshot: str = await self._driver.fetchval(SNAPSHOT, timeout=SECONDS)
                return snapshot
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError):
                await self._disconnect()
                return object()  # which no other equals, so everything is read

    async def _disconnect(self) -> None:
        connection, self._connection, self._driver = self._connection, None, None
        if connection:
            await connection.invalidate()
            await connection.close()

    async def close(self) -> None:
        async with self._asking:
            await self._disconnect()


class ReadCache:
    """Of one database. A value is as good as one read now: it goes as soon as anybody has committed."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self._version: Hashable = None
        self._until = 0.0
        self._values: dict[Hashable, Any] = {}

    async def values(self) -> dict[Hashable, Any]:
        """What was read since the last commit, to add to."""
        version, moment = await self.changes.version(), time.monotonic()
        if version != self._version or moment > self._until:
            self._version, self._until, self._values = version, moment + SECONDS, {}
        return self._values

    async def close(self) -> None:
        await self.changes.close()


class Reading:
    """What a transaction reads, as it is at the first time that it asks for any of it."""

    def __init__(self, cache: ReadCache) -> None:
        self.cache = cache
        self._values: dict[Hashable, Any] | None = None

    async def get(self, key: Hashable, read: Callable[[], Awaitable[Value]]) -> Value:
        """The value that `read` gave since the last commit. It is shared, so nobody may change it."""
        if self._values is None:
            self._values = await self.cache.values()
        if key not in self._values:
            self._values[key] = await read()  # kept with what was there before it: a commit meanwhile drops it too
        value: Value = self._values[key]
        return value

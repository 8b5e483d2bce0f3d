"""The database: engine, sessions, and the only commit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import HTTPConnection

# WAL lets readers go on while one writes. NORMAL is safe under it: a power cut may lose the last commit, not the file.
SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "busy_timeout=10000",
    "temp_store=MEMORY",
)


def create_engine(url: str) -> AsyncEngine:
    """Make the engine for a `sqlite+aiosqlite` or `postgresql+asyncpg` URL, and SQLite's folder when it is missing."""
    location = make_url(url)
    if location.get_backend_name() != "sqlite":
        return create_async_engine(location, pool_pre_ping=True, pool_size=10, max_overflow=20)
    if location.database:
        Path(location.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(location, pool_size=10, max_overflow=10)
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


class Database:
    """One engine and its transactions."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)
        # SQLite has one writer at a time, and one that finds another there sleeps longer each time it looks again.
        # In a queue of our own everybody's turn comes at once. PostgreSQL needs none.
        on_sqlite = self.engine.dialect.name == "sqlite"
        self._turn: AbstractAsyncContextManager[None] = asyncio.Lock() if on_sqlite else nullcontext()

    @asynccontextmanager
    async def transaction(self, *, reading: bool = False) -> AsyncIterator[AsyncSession]:
        """Open a session; commit at the end of the block, roll back when it raises."""
        turn = nullcontext() if reading else self._turn
        async with turn, AsyncSession(self.engine, expire_on_commit=False) as session:
            yield session
            await session.commit()

    async def close(self) -> None:
        await self.engine.dispose()


async def get_session(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    """One request, one transaction: with `scope="function"` the commit happens before the response is sent."""
    database: Database = connection.app.state.database
    async with database.transaction(reading=connection.scope["method"] in ("GET", "HEAD")) as session:
        yield session

"""The database: engine, sessions, and the only commit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import HTTPConnection

from app import sqlite
from app.errors import AppError
from app.read_cache import ReadCache
from app.turns import Turn

# WAL lets readers go on while one writes. NORMAL is safe under it: a power cut may lose the last commit, not the file.
# Mapped into memory, pages are read where the system keeps them: a connection's own cache of 2 MB holds few of them.
SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "busy_timeout=10000",
    "temp_store=MEMORY",
    f"mmap_size={256 * 2**20}",
)


def create_engine(url: str) -> AsyncEngine:
    """Make the engine for a `sqlite+aiosqlite` or `postgresql+asyncpg` URL, and SQLite's folder when it is missing.

    What a statement was given stays out of its errors, which are logged: questions, digests and mails are private.
    """
    location = make_url(url)
    if location.get_backend_name() != "sqlite":
        return create_async_engine(location, pool_pre_ping=True, pool_size=10, max_overflow=20, hide_parameters=True)
    if location.database:
        Path(location.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        location,
        pool_size=10,
        max_overflow=10,
        hide_parameters=True,
        connect_args={"async_creator_fn": sqlite.connect},
    )
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


async def take_turn(session: AsyncSession) -> None:
    """Before a write. A session that `Database` did not open, as a shell's, has no turn and takes its chance.

    It has its connection first: whose turn it is must not wait for one that somebody behind them in the queue holds.
    """
    if turn := session.info.get("turn"):
        await session.connection()
        await turn.take()


class Database:
    """One engine and its transactions."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)
        # SQLite has one writer at a time, and one that finds another there sleeps longer each time it looks again. In a
        # queue of our own everybody's turn comes at once, and what a transaction only reads it reads before.
        self._writing = asyncio.Lock() if self.engine.dialect.name == "sqlite" else None
        self.reads = ReadCache(self.engine.url.database) if self._writing and self.engine.url.database else None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Open a session; commit at the end of the block, roll back when it raises what does not keep its changes."""
        turn = Turn(self._writing)
        info = {"turn": turn, "reads": self.reads}
        try:
            async with AsyncSession(self.engine, expire_on_commit=False, info=info) as session:
                try:
                    yield session
                except AppError as error:
                    if error.keeps:
                        await session.commit()
                    raise
                if session.in_transaction():
                    await session.commit()
        finally:
            turn.give_back()

    async def close(self) -> None:
        if self.reads:
            self.reads.close()
        await self.engine.dispose()


async def get_session(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    """One request, one transaction: with `scope="function"` the commit happens before the response is sent."""
    database: Database = connection.app.state.database
    async with database.transaction() as session:
        yield session

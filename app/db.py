"""The database: engine, sessions, and the only commit."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, make_url
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import HTTPConnection

from app import sqlite
from app.errors import AppError
from app.read_cache import Changes, PostgresChanges, ReadCache, Reading, SqliteChanges
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
TRUSTED_SECONDS = 10  # for which an idle connection to PostgreSQL is taken to be there


def create_engine(url: str) -> AsyncEngine:
    """Make the engine for a `sqlite+aiosqlite` or `postgresql+asyncpg` URL, and SQLite's folder when it is missing.

    What a statement was given stays out of its errors, which are logged: questions, digests and mails are private.
    """
    location = make_url(url)
    if location.get_backend_name() != "sqlite":
        engine = create_async_engine(location, pool_size=10, max_overflow=20, hide_parameters=True)
        event.listen(engine.sync_engine, "checkin", _note_return)
        event.listen(engine.sync_engine, "checkout", _look_after)
        return engine
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


def _note_return(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["returned"] = time.monotonic()


def _look_after(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Before it is used again, make sure that a connection is still there, or all of those in the pool are made anew.

    SQLAlchemy's `pool_pre_ping` sends three messages each time, as many as a short query. The driver knows that the
    server has closed a connection; that somebody between has dropped one, which happens to idle ones, a ping must tell.
    """
    idle = time.monotonic() - record.info.get("returned", time.monotonic())
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError
    if idle > TRUSTED_SECONDS:
        try:
            connection.ping()
        except (AsyncAdapt_asyncpg_dbapi.Error, OSError) as error:
            raise InvalidatePoolError from error


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
        self.reads = ReadCache(self._changes()) if self.engine.url.database else None

    def _changes(self) -> Changes:
        return SqliteChanges(self.engine.url.database or "") if self._writing else PostgresChanges(self.engine)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Open a session; commit at the end of the block, roll back when it raises what does not keep its changes."""
        turn = Turn(self._writing)
        info = {"turn": turn, "reads": Reading(self.reads) if self.reads else None}
        session = AsyncSession(self.engine, expire_on_commit=False, info=info)
        try:
            yield session
            if _is_begun(session) or session.new or session.dirty or session.deleted:
                await session.commit()
        except AppError as error:
            if error.keeps:
                await session.commit()
            raise
        finally:
            try:
                await _close(session)
            finally:
                turn.give_back()

    async def close(self) -> None:
        if self.reads:
            await self.reads.close()
        await self.engine.dispose()


@event.listens_for(Session, "after_begin")
def _note_begin(session: Session, _transaction: object, _connection: object) -> None:
    session.info["is_begun"] = True


def _is_begun(session: AsyncSession) -> bool:
    """Whether it has ever had a connection. What was kept since the last commit needs none, nor then does the end."""
    return "is_begun" in session.info


async def _close(session: AsyncSession) -> None:
    if _is_begun(session):
        await asyncio.shield(asyncio.create_task(session.close()))  # also when the task of the request is cancelled
    else:
        session.sync_session.close()  # which does nothing that could wait


async def get_session(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    """One request, one transaction: with `scope="function"` the commit happens before the response is sent."""
    database: Database = connection.app.state.database
    async with database.transaction() as session:
        yield session

"""Alembic, driven from Python: the folder of migrations, and where a database stands in it."""

import asyncio

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from app.config import ROOT
from app.db import create_engine


def config(connection: Connection | None = None) -> Config:
    alembic = Config()
    alembic.set_main_option("script_location", str(ROOT / "migrations"))
    alembic.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s")
    alembic.attributes["connection"] = connection
    return alembic


def head() -> str:
    """The revision that this code expects of its database."""
    return ScriptDirectory.from_config(config()).get_current_head() or ""


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at this URL to a revision; also downwards, to an earlier one."""
    asyncio.run(_run(url, lambda connection: _go(connection, revision)))


def make(url: str, message: str) -> None:
    """Write a migration from what the models have and the database lacks."""
    asyncio.run(_run(url, lambda connection: command.revision(config(connection), message, autogenerate=True)))


def _go(connection: Connection, revision: str) -> None:
    known = [script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()]
    downwards = revision == "base" or (revision in known and known.index(revision) > 0)
    (command.downgrade if downwards else command.upgrade)(config(connection), revision)


async def _run(url: str, act) -> None:  # type: ignore[no-untyped-def]
    engine = create_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(act)
    await engine.dispose()

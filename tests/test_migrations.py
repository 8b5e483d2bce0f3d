"""Migrations: the models and the schema agree, down and up again, on both databases."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlmodel import SQLModel

from app import migrations
from app.db import create_engine

Found = TypeVar("Found")


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    found = [each for each in compare_metadata(context, SQLModel.metadata) if "_fts" not in str(each)]
    inline = [columns(each) for each in found if each[0] == "remove_fk" and each[1].name is None]
    return [each for each in found if each[0] not in ("remove_fk", "add_fk") or columns(each) not in inline]


def columns(difference: Any) -> tuple[object, ...]:
    """What a foreign key is about. One that was added later has no name in SQLite, which does not say its ON DELETE."""
    key = difference[1]
    return key.table.name, *key.column_keys, *(element.target_fullname for element in key.elements)


def tables(connection: Connection) -> set[str]:
    return {name for name in inspect(connection).get_table_names() if "_fts" not in name}


def look(url: str, act: Callable[[Connection], Found]) -> Found:
    async def run() -> Found:
        engine = create_engine(url)
        async with engine.connect() as connection:
            found = await connection.run_sync(act)
        await engine.dispose()
        return found

    return asyncio.run(run())


def test_the_models_and_the_schema_agree(database_url: str) -> None:
    assert look(database_url, differences) == []


def test_down_and_up_again(database_url: str) -> None:
    before = look(database_url, tables)
    migrations.upgrade(database_url, "base")
    assert look(database_url, tables) == {"alembic_version"}
    migrations.upgrade(database_url)
    assert look(database_url, tables) == before

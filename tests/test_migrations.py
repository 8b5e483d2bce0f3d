"""Migrations: the models and the schema agree, down and up again, on both databases."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, inspect, text
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


WEBINAR = {
    "id": uuid4(),
    "slug": "herons",
    "title": "Herons",
    "description": "",
    "speakers": "",
    "time_zone": "UTC",
    "capacity": 9,
    "starts_at": datetime(2030, 5, 1, tzinfo=UTC),
    "ends_at": datetime(2030, 5, 2, tzinfo=UTC),
    "taken": 2,
    "last_number": 2,
    "needs_approval": False,
    "join_url": "",
    "questions": [],
    "status": "published",
    "sequence": 0,
    "created_at": datetime(2029, 5, 1, tzinfo=UTC),
    "updated_at": datetime(2029, 5, 1, tzinfo=UTC),
}


def test_webinars_get_messages_and_nobody_is_reminded_twice(database_url: str) -> None:
    """And back: who was reminded a day before is still known."""
    migrations.upgrade(database_url, "e4a81f70c3d2")
    ids = [uuid4(), uuid4()]
    look(database_url, lambda connection: fill(connection, ids))
    migrations.upgrade(database_url)
    messages = "SELECT kind, minutes, is_active FROM webinar_message ORDER BY id"
    kinds = [("reminder", 1440, True), ("reminder", 60, True), ("follow_up", 60, False)]
    assert look(database_url, lambda connection: [*map(tuple, connection.execute(text(messages)))]) == kinds
    reminded = """SELECT minutes, passed_over FROM webinar_delivery JOIN webinar_message m ON m.id = message_id
                  JOIN registration ON registration.id = registration_id ORDER BY number, minutes"""
    sent = [(60, False), (1440, False), (1440, False)]
    assert look(database_url, lambda connection: [*map(tuple, connection.execute(text(reminded)))]) == sent
    migrations.upgrade(database_url, "e4a81f70c3d2")
    before = "SELECT kind, count(*) FROM reminder GROUP BY kind ORDER BY kind"
    assert look(database_url, lambda connection: [*map(tuple, connection.execute(text(before)))]) == [
        ("day", 2),
        ("hour", 1),
    ]
    migrations.upgrade(database_url)


def fill(connection: Connection, ids: list[UUID]) -> None:
    """A webinar of before, two registrations, and three reminders."""
    tables = MetaData()
    tables.reflect(connection, only=["webinar", "registration", "reminder"])
    at = WEBINAR["created_at"]
    moments = {"consented_at": at, "created_at": at, "updated_at": at}
    plain = {"answers": {}, "status": "registered", "source": "", "consent": "yes", "group": "", "sequence": 0}
    connection.execute(tables.tables["webinar"].insert(), [stored(connection, WEBINAR)])
    for number, id in enumerate(ids):
        row = {"id": id, "webinar_id": WEBINAR["id"], "number": number, "name": "A", "email": f"{number}@example.com"}
        connection.execute(tables.tables["registration"].insert(), [stored(connection, {**row, **plain, **moments})])
    for id, kind in ((ids[0], "day"), (ids[0], "hour"), (ids[1], "day")):
        row = {"registration_id": id, "kind": kind, "at": at}
        connection.execute(tables.tables["reminder"].insert(), [stored(connection, row)])
    connection.commit()


def stored(connection: Connection, row: dict[str, Any]) -> dict[str, Any]:
    """As the column holds it: SQLite has no type for a UUID."""
    on_sqlite = connection.dialect.name == "sqlite"
    return {name: value.hex if on_sqlite and isinstance(value, UUID) else value for name, value in row.items()}

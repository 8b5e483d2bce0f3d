"""How Alembic reaches the models and the database. `app.migrations` gives it an open connection."""

from typing import Any

from alembic import context
from sqlalchemy import inspect
from sqlmodel import SQLModel

import app.models  # noqa: F401 - registers the tables


def include_object(what: Any, name: str | None, kind: str, reflected: bool, *_rest: object) -> bool:  # noqa: FBT001
    """What differs between databases is passed by: full-text indexes, which migrations write by hand, and foreign keys

    of columns that were added later, to which SQLite gives no name.
    """
    if kind == "foreign_key_constraint":
        return (what.table.name, *what.column_keys) not in unnamed
    return not (reflected and "_fts" in (name or ""))


connection = context.config.attributes["connection"]
if connection.dialect.name == "sqlite":
    unnamed = {
        (table, *key["constrained_columns"])
        for table in inspect(connection).get_table_names()
        for key in inspect(connection).get_foreign_keys(table)
        if key["name"] is None
    }
else:
    unnamed = set()
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    include_object=include_object,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()

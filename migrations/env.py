"""How Alembic reaches the models and the database. `app.migrations` gives it an open connection."""

from alembic import context
from sqlmodel import SQLModel

import app.models  # noqa: F401 - registers the tables


def include_object(_: object, name: str | None, _kind: str, reflected: bool, *_rest: object) -> bool:  # noqa: FBT001
    """Full-text indexes differ between databases: migrations write them by hand, and autogeneration passes them by."""
    return not (reflected and "_fts" in (name or ""))


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    include_object=include_object,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()

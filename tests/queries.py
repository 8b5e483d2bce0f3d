"""Counting the statements that a page takes, so that none of them grows with what it shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from fastapi import FastAPI
from sqlalchemy import event

counting = ContextVar("counting", default=False)  # not so in the tasks of the background, which began before


@contextmanager
def counted(app: FastAPI) -> Iterator[list[str]]:
    """The statements that the app sends to its database in the meantime, in their order, with nothing read before."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if counting.get():
            statements.append(statement)

    database = app.state.database
    engine, reads = database.engine.sync_engine, database.reads
    database.reads = None
    event.listen(engine, "before_cursor_execute", note)
    token = counting.set(True)
    try:
        yield statements
    finally:
        database.reads = reads
        counting.reset(token)
        event.remove(engine, "before_cursor_execute", note)

"""What every repository does."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, event, text
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.attributes import instance_dict, instance_state, manager_of_class
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import take_turn
from app.read_cache import Reading

Row = TypeVar("Row", bound=SQLModel)
Value = TypeVar("Value")
PLAN_ANEW = text("SET LOCAL plan_cache_mode = force_custom_plan")


class Repository:
    """The queries of one aggregate, by name, over one request's session."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    @property
    def on_sqlite(self) -> bool:
        return self.session.get_bind().dialect.name == "sqlite"

    async def add(self, row: Row) -> Row:
        """Store the row now, so that a constraint speaks here and not at the commit."""
        await take_turn(self.session)
        self.session.add(row)
        await self.session.flush()
        return row

    async def add_all(self, rows: Sequence[SQLModel]) -> None:
        await take_turn(self.session)
        self.session.add_all(rows)
        await self.session.flush()

    async def execute(self, statement: Executable, values: Any = None) -> CursorResult[Any]:
        """Run a statement that touches rows, not objects; with a list of values, once for each."""
        return await (await self.session.connection()).execute(statement, values)

    async def write(self, statement: Executable, values: Any = None) -> CursorResult[Any]:
        """Run a statement that changes rows."""
        await take_turn(self.session)
        return await self.execute(statement, values)

    def loaded(self, model: type[Row], values: Sequence[Any]) -> Row:
        """The object that this session would have read from a row with these columns."""
        row = unattached(model, values)
        make_transient_to_detached(row)
        key: Any = instance_state(row).key
        known: Row | None = self.session.sync_session.identity_map.get(key)
        if known is None:
            self.session.add(row)
        return known or row

    async def recall(self, key: Hashable, read: Callable[[], Awaitable[Value]]) -> Value:
        """What `read` gives, which may have been read for somebody else since the last commit: see `ReadCache`.

        A transaction that has changed something reads for itself alone.
        """
        reads: Reading | None = self.session.info.get("reads")
        return await read() if reads is None or self.session.info["turn"].taken else await reads.get(key, read)

    async def plan_anew(self) -> None:
        """From here to the transaction's end let PostgreSQL plan each statement for the values that go with it.

        Otherwise it soon has one plan for all of them, though some words find nobody and some everybody.
        """
        if not self.on_sqlite:
            await self.execute(PLAN_ANEW)

    def after_commit(self, act: Callable[[], object]) -> None:
        """Call `act` once this transaction is in the database, and not at all when it is rolled back.

        A savepoint's end is not yet that.
        """

        def committed(session: Session) -> None:
            if not session.in_nested_transaction():
                act()

        event.listen(self.session.sync_session, "after_commit", committed)


def unattached(model: type[Row], values: Sequence[Any]) -> Row:
    """A row with these columns that no session knows: to read, as a change to it is never stored."""
    row: Row = manager_of_class(model).new_instance()
    instance_dict(row).update(zip(names_of(model), values, strict=True))
    return row


@cache
def names_of(model: type[SQLModel]) -> tuple[str, ...]:
    return tuple(model.__table__.c.keys())  # type: ignore[attr-defined]

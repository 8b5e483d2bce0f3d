"""What every repository does."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, event, text
from sqlalchemy.orm import Session
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import take_turn

Row = TypeVar("Row", bound=SQLModel)
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

"""Pages of long lists by key: each begins after the last row of the one before, however far down and whatever came in.

An offset counts through all rows before it, and skips some when others are deleted; a key does neither.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, literal, tuple_
from sqlmodel import select

from app.repositories.base import Repository

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Order:
    """By what a list is sorted: a `column` without NULL, and a unique `key` that decides between equals."""

    column: Any
    key: Any
    descending: bool = False


Place = tuple[Any, Any]  # the column's value and the key's in one row


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """Some rows, and the place of the last of them when more follow."""

    rows: Sequence[Row]
    end: Place | None


async def slice_of(
    repository: Repository,
    model: type[Row],
    where: Sequence[ColumnElement[bool]],
    order: Order,
    after: Place | None,
    limit: int,
) -> Slice[Row]:
    """The first `limit` of these rows, or the first after a place among them."""
    column, key = order.column, order.key
    found = select(model, column.label("sorted_by"), key.label("sorted_last")).where(*where)
    if after:
        there = tuple_(literal(after[0], column.type), literal(after[1], key.type))
        here = tuple_(column, key)
        found = found.where(here < there if order.descending else here > there)
    by = (column.desc(), key.desc()) if order.descending else (column, key)
    rows = (await repository.session.exec(found.order_by(*by).limit(limit + 1))).all()
    end = (rows[limit - 1][1], rows[limit - 1][2]) if len(rows) > limit else None
    return Slice([row[0] for row in rows[:limit]], end)

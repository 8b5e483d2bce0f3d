"""Pages of long lists by key: each begins after the last row of the one before, however far down and whatever came in.

An offset counts through all rows before it, and skips some when others are deleted; a key does neither.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, literal, select, tuple_

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
    found = from_place(select(model).where(*where), (order.column, order.key), after, descending=order.descending)
    rows: Sequence[Any] = (await repository.session.exec(found.limit(limit + 1))).all()
    end = (rows[limit - 1][1], rows[limit - 1][2]) if len(rows) > limit else None
    return Slice([row[0] for row in rows[:limit]], end)


def from_place(found: Any, columns: Sequence[Any], place: Sequence[Any] | None, *, descending: bool) -> Any:
    """A query's rows in the order of these columns, the last of them a key, after a place; each with its own place."""
    found = found.add_columns(*(each.label(f"place_{number}") for number, each in enumerate(columns)))
    if place is not None:
        there = [literal(value, each.type) for value, each in zip(place, columns, strict=True)]
        here = tuple_(*columns)
        found = found.where(here < tuple_(*there) if descending else here > tuple_(*there))
    return found.order_by(*(each.desc() if descending else each for each in columns))

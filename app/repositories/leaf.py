"""Lists in numbered pages, for people to leaf through."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from app.models.listing import pages_of

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Leaf(Generic[Row]):
    """One page of `pages`; `total` counts the rows of all."""

    rows: Sequence[Row]
    page: int
    pages: int
    total: int


async def leaf(session: AsyncSession, found: SelectOfScalar[Row], order: Any, page: int, size: int) -> Leaf[Row]:
    """The page with this number, from 1, of what is found; where there are not so many, the last one.

    A short list, and the last page, is not counted.
    """
    before = (page - 1) * size
    rows = (await session.exec(found.order_by(*order).offset(before).limit(size))).all()
    if len(rows) < size and (rows or page == 1):
        return Leaf(rows, page, page, before + len(rows))
    total = (await session.exec(select(func.count()).select_from(found.subquery()))).one()
    pages = pages_of(total, size)
    return Leaf(rows, page, pages, total) if rows else await leaf(session, found, order, pages, size)

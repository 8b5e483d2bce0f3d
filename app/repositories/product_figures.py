"""Sums over all products, from the rows that triggers keep: none of these reads a product, lowest and highest aside."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, insert
from sqlmodel import col, func, select

from app.models.product import ProductFigure
from app.repositories.base import Repository

PRODUCTS = func.sum(ProductFigure.products)
SUMS = (PRODUCTS, func.sum(ProductFigure.in_stock), func.sum(ProductFigure.units), func.sum(ProductFigure.price_sum))
KIND = (
    col(ProductFigure.category),
    col(ProductFigure.currency),
    col(ProductFigure.band),
    col(ProductFigure.month),
)


class Category(NamedTuple):
    """A category with how many products there are in it, and how many of them can be had."""

    name: str
    products: int
    in_stock: int


class ProductFigures(Repository):
    async def categories(self) -> list[Category]:
        found = select(ProductFigure.category, *SUMS[:2]).group_by(col(ProductFigure.category))
        rows = await self.execute(found.having(PRODUCTS > 0).order_by(col(ProductFigure.category)))
        return [Category(name, int(products), int(in_stock)) for name, products, in_stock in rows]

    async def fold(self) -> None:
        """Make one row of all that are about the same kind, and none of those that come to nothing."""
        gone = await self.write(delete(ProductFigure).returning(*KIND, *_columns()))
        sums: dict[tuple[Any, ...], list[int]] = {}
        for row in gone:
            held = sums.setdefault(tuple(row[:4]), [0, 0, 0, 0])
            sums[tuple(row[:4])] = [one + other for one, other in zip(held, row[4:], strict=True)]
        names = [column.key for column in (*KIND, *_columns())]
        rows = [dict(zip(names, (*kind, *each), strict=True)) for kind, each in sums.items() if any(each)]
        if rows:
            await self.write(insert(ProductFigure), rows)


def _columns() -> Sequence[Any]:
    return (
        col(ProductFigure.products),
        col(ProductFigure.in_stock),
        col(ProductFigure.units),
        col(ProductFigure.price_sum),
    )

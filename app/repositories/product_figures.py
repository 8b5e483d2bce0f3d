"""Sums over all products, from the rows that triggers keep: of products themselves only the dearest are looked at."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, delete, insert, literal, union_all
from sqlmodel import col, func, select

from app.models.event import Event
from app.models.product import BANDS, Product, ProductFigure
from app.repositories.base import Repository

CATEGORY: Any = col(ProductFigure.category)
CURRENCY: Any = col(ProductFigure.currency)
BAND: Any = col(ProductFigure.band)
MONTH: Any = col(ProductFigure.month)
COUNTS: tuple[Any, ...] = (
    col(ProductFigure.products),
    col(ProductFigure.in_stock),
    col(ProductFigure.units),
    col(ProductFigure.price_sum),
)

LAST_EVENT = select(Event.id, Event.at).where(Event.topic == "products").order_by(col(Event.id).desc()).limit(1)


class Category(NamedTuple):
    """A category with how many products there are in it, and how many of them can be had."""

    name: str
    products: int
    in_stock: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Which products are counted: of one category, and of one band of prices."""

    category: str = ""
    band: int | None = None

    @property
    def where(self) -> list[ColumnElement[bool]]:
        where: list[ColumnElement[bool]] = []
        where += [self.category == CATEGORY] if self.category else []
        where += [self.band == BAND] if self.band is not None else []
        return where


class ProductFigures(Repository):
    async def categories(self) -> list[Category]:
        return [Category(name, *counts[:2]) for name, *counts in await self.by(Scope(), CATEGORY)]

    async def by(self, scope: Scope, *columns: Any) -> list[tuple[Any, ...]]:
        """For each of what these columns hold: it, how many products, how many in stock, how many pieces, and the sum
        of the prices in hundredths."""
        sums = [func.sum(count) for count in COUNTS]
        found = select(*columns, *sums).where(*scope.where).group_by(*columns).having(sums[0] > 0).order_by(*columns)
        rows = await self.execute(found)
        return [(*row[: len(columns)], *map(int, row[len(columns) :])) for row in rows]

    async def extremes(self, scope: Scope, bands: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
        """The lowest and the highest price in each currency. `bands`: those in which they lie, so that the index is
        entered where the currency begins."""
        each = [
            select(literal(currency), _first(scope, currency, low), _first(scope, currency, high, down=True))
            for currency, (low, high) in bands.items()
        ]
        if not each:
            return {}
        return {currency: (low, high) for currency, low, high in await self.execute(union_all(*each))}

    async def version(self) -> str:
        """Names the state of all products: another one after each of their events."""

        async def read() -> str:
            row = (await self.execute(LAST_EVENT)).first()
            return f"{row[0]}@{row[1].timestamp()}" if row else ""

        return await self.recall("products", read)

    async def fold(self) -> None:
        """Make one row of all that are about the same kind, and none of those that come to nothing."""
        kind: tuple[Any, ...] = (CATEGORY, CURRENCY, BAND, MONTH)
        sums: dict[tuple[Any, ...], list[int]] = {}
        for row in await self.write(delete(ProductFigure).returning(*kind, *COUNTS)):
            held = sums.setdefault(tuple(row[:4]), [0, 0, 0, 0])
            sums[tuple(row[:4])] = [one + other for one, other in zip(held, row[4:], strict=True)]
        names = [column.key for column in (*kind, *COUNTS)]
        rows = [dict(zip(names, (*of, *counts), strict=True)) for of, counts in sums.items() if any(counts)]
        if rows:
            await self.write(insert(ProductFigure), rows)


def _first(scope: Scope, currency: str, band: int, *, down: bool = False) -> Any:
    """The price of the first product in a band, or of the last one."""
    price = col(Product.price_minor)
    where = [col(Product.deleted_at).is_(None), col(Product.currency) == currency, price >= BANDS[band]]
    where += [price < end for end in BANDS[band + 1 : band + 2]]
    where += [col(Product.category) == scope.category] if scope.category else []
    return select(price).where(*where).order_by(price.desc() if down else price).limit(1).scalar_subquery()

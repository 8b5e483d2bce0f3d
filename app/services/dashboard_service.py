"""The dashboard: how many products there are, what they cost, and when they came. All of it is summed in SQL."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import orjson

from app.cache import Cache
from app.charts import Chart, Data, Series, bars, columns
from app.errors import NotFound
from app.models.product import BANDS, figure
from app.repositories.product_figures import BAND, CATEGORY, CURRENCY, MONTH, ProductFigures, Scope
from app.repositories.visibility import Rights
from app.services.csv_file import line

MOST_CATEGORIES = 20  # bars; the others are shown as one
MOST_MONTHS = 48  # columns; over a longer time there is one for each year
Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Prices:
    """The products in one currency, with figures as people read them."""

    currency: str
    products: int
    lowest: str
    highest: str
    average: str


@dataclass(frozen=True)
class Dashboard:
    """What the page shows, of these sums, which are kept as JSON."""

    scope: Scope
    json: bytes

    @property
    def state(self) -> bytes:
        """All that the figures and charts are drawn from."""
        return self.query.encode() + self.json

    @cached_property
    def sums(self) -> dict[str, Any]:
        sums: dict[str, Any] = orjson.loads(self.json)
        return sums

    @property
    def categories(self) -> list[str]:
        """To choose from, with the one that is chosen, be there products in it or not."""
        return list(dict.fromkeys((*self.sums["all"], *filter(None, (self.scope.category,)))))

    @property
    def products(self) -> int:
        return self._total(1)

    @property
    def in_stock(self) -> int:
        return self._total(2)

    @property
    def units(self) -> int:
        return self._total(3)

    def _total(self, at: int) -> int:
        return sum(row[at] for row in self.sums["categories"])

    @property
    def prices(self) -> list[Prices]:
        return list(_prices(self.sums))

    @cached_property
    def charts(self) -> dict[str, Chart]:
        """By their names, which are those of their files."""
        sums = self.sums
        drawn = (_by_category(sums["categories"]), _by_price(sums["prices"]), _by_month(sums["months"]))
        return {chart.data.id: chart for chart in drawn}

    @property
    def bands(self) -> list[tuple[int, str]]:
        return list(enumerate(band_names()))

    @property
    def query(self) -> str:
        values = {"category": self.scope.category, "band": self.scope.band}
        return "?" + urlencode({name: value for name, value in values.items() if value not in ("", None)})

    def file(self, name: str) -> str:
        """The figures of one chart as CSV."""
        if name not in self.charts:
            raise NotFound
        return "".join(line(cells) for cells in self.charts[name].data.cells())


def scope_of(category: str, band: str) -> Scope:
    """As an address says it; what makes no sense there limits nothing."""
    number = int(band) if band.isascii() and band.isdecimal() and len(band) < 4 else len(BANDS)
    return Scope(category[:40], number if number < len(BANDS) else None)


def band_names() -> list[str]:
    """Of the bands of prices, the lowest first: "10 to 25" is from 10 to below 25."""
    ends = [f"{end // 100:,}" for end in BANDS]
    pairs = [f"{low} to {high}" for low, high in pairwise(ends[1:])]
    return [f"Under {ends[1]}", *pairs, f"{ends[-1]} and more"]


class DashboardService:
    """The sums are kept until something happens to a product, in whichever process: the last event names the state."""

    def __init__(self, figures: ProductFigures, cache: Cache) -> None:
        self.figures = figures
        self.cache = cache

    async def show(self, rights: Rights, scope: Scope) -> Dashboard:
        rights.check("product.view")
        key = f"dashboard:{await self.figures.version()}:{scope.band}:{scope.category}"
        return Dashboard(scope, await self.cache.json(key, lambda: self.sums(scope)))

    async def sums(self, scope: Scope) -> dict[str, Any]:
        """All figures as plain data."""
        prices = await self.figures.by(scope, CURRENCY, BAND)
        spans: dict[str, tuple[int, int]] = {}
        for currency, band, *_counts in prices:
            low, high = spans.get(currency, (band, band))
            spans[currency] = (min(low, band), max(high, band))
        return {
            "prices": prices,
            "extremes": await self.figures.extremes(scope, spans),
            "categories": await self.figures.by(scope, CATEGORY),
            "months": await self.figures.by(scope, MONTH),
            "all": [each.name for each in await self.figures.categories()],
        }


def _prices(sums: Mapping[str, Any]) -> Iterator[Prices]:
    for currency in sums["extremes"]:
        rows = [row for row in sums["prices"] if row[0] == currency]
        count, total = sum(row[2] for row in rows), sum(row[5] for row in rows)
        lowest, highest = (price or 0 for price in sums["extremes"][currency])
        yield Prices(currency, count, *(figure(minor, currency) for minor in (lowest, highest, round(total / count))))


# The charts


def _stock(rows: Rows) -> list[Series]:
    """Two series of rows whose last counts are products, in stock, pieces and prices."""
    there = [row[-3] for row in rows]
    return [Series("In stock", there), Series("Out of stock", [row[-4] - row[-3] for row in rows])]


def _by_category(rows: Rows) -> Chart:
    ranked = sorted(rows, key=lambda row: (-row[1], row[0]))
    shown, others = ranked[:MOST_CATEGORIES], ranked[MOST_CATEGORIES:]
    if others:
        shown.append((f"{len(others)} others", *(sum(row[at] for row in others) for at in range(1, 5))))
    links = ["/products?" + urlencode({"category": row[0]}) for row in ranked[:MOST_CATEGORIES]]
    names = [row[0] for row in shown]
    links += [""] * (len(names) - len(links))
    return bars(Data("by-category", "Products by category", "Category", names, _stock(shown), links=links))


def _by_price(rows: Rows) -> Chart:
    sums = [[0, 0, 0, 0] for _ in BANDS]
    for _currency, band, *counts in rows:
        sums[band] = [one + other for one, other in zip(sums[band], counts, strict=True)]
    return bars(Data("by-price", "Products by price, in any currency", "Price", band_names(), _stock(sums)))


def _by_month(rows: Rows) -> Chart:
    added = {month: count for month, count, *_rest in rows}
    unit = "month"
    names = _months(min(added), max(added)) if added else []
    if len(names) > MOST_MONTHS:
        unit, years = "year", range(int(names[0][:4]), int(names[-1][:4]) + 1)
        added = {str(year): sum(n for month, n in added.items() if month[:4] == str(year)) for year in years}
        names = list(added)
    series = [Series("Added", [added.get(name, 0) for name in names])]
    return columns(Data("by-month", f"Products added by {unit}", unit.capitalize(), names, series))


def _months(first: str, last: str) -> list[str]:
    """All months from one to another, as `2026-11`."""
    begin, end = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in (first, last))
    return [f"{number // 12}-{number % 12 + 1:02}" for number in range(begin, end + 1)]

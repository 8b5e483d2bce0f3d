"""The list of products: searched, filtered, sorted and in pages, all as the address says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from app.models.listing import ProductQuery, pages_of
from app.models.product import Product, price_of
from app.repositories.product_figures import Category, ProductFigures
from app.repositories.products import COUNTED, SEARCHED, SORTS, ProductRepository, Wanted
from app.services.lists import words_of

PAGE = 24
LONGEST_NUMBER = 9  # digits of an id or a version in an address; PostgreSQL refuses larger ones
ADDRESSED = {
    "q": "q",
    "category": "category",
    "low": "from",
    "high": "to",
    "stock": "stock",
    "sort": "sort",
    "page": "page",
}


@dataclass(frozen=True, slots=True)
class View:
    """What of the list is asked for, as it was typed. What makes no sense falls back to the default, but for prices,
    of which `problems` says what is wrong."""

    q: str = ""
    category: str = ""
    low: str = ""
    high: str = ""
    stock: bool = False
    sort: str = ""
    page: int = 1

    @property
    def words(self) -> tuple[str, ...]:
        return words_of(self.q)

    @property
    def order(self) -> str:
        """What it is sorted by: unless something else is asked for, what fits a search best, else the newest."""
        default = "best" if self.words else "newest"
        return self.sort if self.sort.removeprefix("-") in SORTS else default

    @property
    def problems(self) -> dict[str, str]:
        """What is wrong with the prices, by field."""
        return {field: str(error) for field, typed in self._prices() if (error := _error(typed))}

    def _prices(self) -> Sequence[tuple[str, str]]:
        return [(field, typed) for field, typed in (("from", self.low), ("to", self.high)) if typed]

    @property
    def is_plain(self) -> bool:
        """Whether nothing is filtered out."""
        return not (self.q.strip() or self.category or self.low or self.high or self.stock)

    @property
    def wanted(self) -> Wanted:
        low, high = (
            None if not typed or _error(typed) else int(price_of(typed) * 100) for typed in (self.low, self.high)
        )
        return Wanted(self.words, self.category, low, high, self.stock, self.order)

    def query(self, **changes: object) -> str:
        """The query string of this view with some of it changed; what is the default is left out."""
        view = replace(self, **changes)  # type: ignore[arg-type]
        values = {
            ADDRESSED[name]: getattr(view, name) for name in ADDRESSED if getattr(view, name) != getattr(View(), name)
        }
        return "?" + urlencode({**values, **({"stock": "1"} if view.stock else {})})


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of the list. `total` is exact up to `COUNTED`, of a search up to `SEARCHED`, and above it where neither
    a price nor a word is asked for."""

    view: View
    products: Sequence[Product]
    total: int
    is_exact: bool
    categories: Sequence[Category]

    @property
    def pages(self) -> int:
        return pages_of(self.total, PAGE)

    @property
    def rows(self) -> str:
        """Which versions of which products are shown, for the stream that keeps them up to date."""
        return "-".join(f"{product.id}.{product.version}" for product in self.products)


class ProductList:
    def __init__(self, products: ProductRepository, figures: ProductFigures) -> None:
        self.products = products
        self.figures = figures

    async def page(self, view: View) -> Listed:
        """One page; a page past the end is the last one."""
        categories = await self.figures.categories()
        wanted = view.wanted
        if view.problems or (view.q.strip() and not wanted.words):
            return Listed(view, [], 0, is_exact=True, categories=categories)
        if wanted.words:
            return await self._search(view, wanted, categories)
        if wanted.has_range:
            total = await self.products.count(wanted)
        else:
            total = _sum(wanted, categories)
        is_exact = total <= COUNTED or not wanted.has_range
        total = total if is_exact else COUNTED
        view = replace(view, page=min(view.page, pages_of(total, PAGE)))
        products = await self._read(wanted, (view.page - 1) * PAGE, total, is_exact=is_exact)
        return Listed(view, products, total, is_exact, categories)

    async def _read(self, wanted: Wanted, offset: int, total: int, *, is_exact: bool) -> Sequence[Product]:
        sorted_by_price = wanted.sort.removeprefix("-") == "price"
        if wanted.has_range and is_exact and not sorted_by_price:
            return await self.products.among_few(wanted, offset, PAGE)
        if is_exact and offset > total / 2:  # the end is nearer
            count = min(PAGE, total - offset)
            return await self.products.along(wanted, total - offset - count, count, backwards=True)
        return await self.products.along(wanted, offset, PAGE)

    async def _search(self, view: View, wanted: Wanted, categories: Sequence[Category]) -> Listed:
        view = replace(view, page=min(view.page, pages_of(SEARCHED, PAGE)))
        products, total = await self.products.search(wanted, (view.page - 1) * PAGE, PAGE)
        if not products and view.page > 1:
            _first, total = await self.products.search(wanted, 0, 1)
            view = replace(view, page=pages_of(total, PAGE))
            products, _total = await self.products.search(wanted, (view.page - 1) * PAGE, PAGE)
        return Listed(view, products, min(total, SEARCHED), total <= SEARCHED, categories)


def wanted_by(query: ProductQuery) -> Wanted | None:
    """What a program asks for; None when it looks for something in which there is no word."""
    words = words_of(query.q)
    if query.q.strip() and not words:
        return None
    low, high = (None if price is None else int(price * 100) for price in (query.low, query.high))
    return Wanted(words, query.category or "", low, high, query.stock, query.sort)


def _sum(wanted: Wanted, categories: Sequence[Category]) -> int:
    """How many there are, as the figures say it: exact, and nothing is counted."""
    asked = [each for each in categories if wanted.category in ("", each.name)]
    return sum(each.in_stock if wanted.in_stock else each.products for each in asked)


def _error(typed: str) -> ValueError | None:
    try:
        price_of(typed)
    except ValueError as error:
        return error
    return None


def versions_of(rows: str) -> dict[int, int]:
    """What a page shows, as its stream's address says it."""
    pairs = [pair.partition(".") for pair in rows.split("-")[: 2 * PAGE]]
    return {int(id): int(version) for id, _, version in pairs if _is_number(id) and _is_number(version)}


def _is_number(text: str) -> bool:
    return len(text) <= LONGEST_NUMBER and text.isascii() and text.isdecimal()

"""Queries of products.

A list of a million must not read a million rows, so each is read in one of three ways: along the index of its order,
for as long as it takes to fill a page; or, when few products fit, those few, which are then sorted; or, in a search,
the newest that hold the words. Whichever it is, whole rows are read for the one page alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    DateTime,
    Row,
    Select,
    String,
    bindparam,
    column,
    delete,
    literal,
    literal_column,
    table,
    text,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import defer
from sqlmodel import col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from app.models.job import Job, JobItem
from app.models.picture import Picture
from app.models.product import Product
from app.repositories.base import Repository
from app.repositories.conversations import postgres_query, sqlite_query
from app.repositories.keyset import Place, Slice

COUNTED = 10_000  # products that are counted one by one; of more, nobody looks for one by leafing
SEARCHED = 5_000  # the same of a search, which ranks all of them
PREFIX = 3  # letters of a last word that may be half typed; with fewer nearly everything would fit
LIVE = col(Product.deleted_at).is_(None)
SORTS: dict[str, Any] = {
    "name": col(Product.name_key),
    "price": col(Product.price_minor),
    "newest": col(Product.created_at),
}
ProductRow = Row[Any]
SHOWN: tuple[Any, ...] = (
    *(col(Product.slug), col(Product.name), col(Product.price_minor), type_coerce(Product.currency, String)),
    *(col(Product.category), col(Product.stock), col(Product.picture_id), col(Product.picture_alt)),
    *(type_coerce(column, DateTime(timezone=True)) for column in (col(Product.created_at), col(Product.updated_at))),
)  # of a product in a list for programs, in plain types: times without a zone are in UTC
EXPORTED: tuple[Any, ...] = (
    *SHOWN[:6],
    *(col(each) for each in (Product.description, Product.created_at, Product.updated_at)),
)
FTS = table("product_fts", column("rowid"))
# Smaller is better; a word in the name is worth the most, then one in the category.
SQLITE_MATCH = text("product_fts MATCH :words")
SQLITE_RANK: Any = literal_column("bm25(product_fts, 8.0, 4.0, 1.0)")
POSTGRES_TEXT: Any = literal_column("product.text_fts")
POSTGRES_QUERY = func.to_tsquery(literal_column("'english'"), bindparam("words", type_=String))
POSTGRES_RANK: Any = -func.ts_rank_cd(POSTGRES_TEXT, POSTGRES_QUERY)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list asks for. Prices in hundredths; `sort` is a name of `SORTS` or, in a search, `best`."""

    words: tuple[str, ...] = ()
    category: str = ""
    low: int | None = None
    high: int | None = None
    in_stock: bool = False
    sort: str = "newest"

    @property
    def has_range(self) -> bool:
        return self.low is not None or self.high is not None

    def where(self, *, price: bool = True, by_index: bool = True) -> list[ColumnElement[bool]]:
        """Its filters. Not `by_index`, the price is an expression, so that no index of prices is taken for it."""
        amount: Any = col(Product.price_minor) if by_index else literal_column("+product.price_minor")
        where: list[ColumnElement[bool]] = [LIVE]
        where += [col(Product.category) == self.category] if self.category else []
        where += [amount >= self.low] if price and self.low is not None else []
        where += [amount <= self.high] if price and self.high is not None else []
        return where + ([col(Product.stock) > 0] if self.in_stock else [])


def descends(sort: str) -> bool:
    """What is newest comes first."""
    return sort.startswith("-") ^ (sort.removeprefix("-") == "newest")


def ordered(sort: str, *, backwards: bool = False) -> list[Any]:
    """By this, then by the id."""
    columns = (SORTS[sort.removeprefix("-")], col(Product.id))
    return [each.desc() if descends(sort) ^ backwards else each.asc() for each in columns]


class ProductRepository(Repository):
    async def get(self, id: int) -> Product | None:
        return await self.session.get(Product, id)

    async def by_slug(self, slug: str) -> Product | None:
        return (await self.session.exec(select(Product).where(Product.slug == slug))).first()

    async def taken(self, slugs: Sequence[str]) -> set[str]:
        """Which of these addresses are in use."""
        return set((await self.session.exec(select(Product.slug).where(col(Product.slug).in_(slugs)))).all())

    async def held(self, *, slugs: Sequence[str] = (), ids: Sequence[int] = ()) -> Sequence[Product]:
        """Those of them that there are, deleted ones too, which nobody else changes until this transaction ends.

        SQLite needs no lock for that in a transaction that has written already.
        """
        asked = col(Product.slug).in_(slugs) | col(Product.id).in_(ids)
        return await self._all(select(Product).where(asked).order_by(col(Product.id)).with_for_update())

    async def known(self, job: Job, limit: int) -> Sequence[tuple[JobItem, Product]]:
        """The first items of an import whose products are there already."""
        found = select(JobItem, Product).join(Product, col(Product.slug) == JobItem.key).where(*_to_do(job))
        return (await self.session.exec(found.order_by(col(JobItem.number)).limit(limit))).all()

    async def count_known(self, job: Job) -> int:
        found = select(func.count()).select_from(JobItem).join(Product, col(Product.slug) == JobItem.key)
        return (await self.session.exec(found.where(*_to_do(job)))).one()

    async def shown(self, ids: Sequence[int]) -> Sequence[Product]:
        """These products, deleted ones too, without their descriptions."""
        return await self._all(_rows().where(col(Product.id).in_(ids)))

    async def _all(self, products: SelectOfScalar[Product]) -> Sequence[Product]:
        return (await self.session.exec(products)).all()

    # Lists

    async def count(self, wanted: Wanted) -> int:
        """How many there are; one more than `COUNTED` stands for any number above it."""
        some = select(literal_column("1")).select_from(Product).where(*wanted.where()).limit(COUNTED + 1).subquery()
        return (await self.session.exec(select(func.count()).select_from(some))).one()

    async def along(self, wanted: Wanted, offset: int, limit: int, *, backwards: bool = False) -> Sequence[Product]:
        """A page of a list, read along the index of its order; `backwards` from its end."""
        by_index = wanted.sort.removeprefix("-") == "price"
        order = ordered(wanted.sort, backwards=backwards)
        page = select(Product.id).where(*wanted.where(by_index=by_index)).order_by(*order).offset(offset).limit(limit)
        found = await self._all(_rows().where(col(Product.id).in_(page)).order_by(*order))
        return list(reversed(found)) if backwards else found

    async def among_few(self, wanted: Wanted, offset: int, limit: int) -> Sequence[Product]:
        """A page of a list of at most `COUNTED` products."""
        cte, down = _few(wanted), descends(wanted.sort)
        order = [each.desc() if down else each.asc() for each in (cte.c.key, cte.c.id)]
        page = select(cte.c.id).order_by(*order).offset(offset).limit(limit)
        return await self._all(_rows().where(col(Product.id).in_(page)).order_by(*ordered(wanted.sort)))

    async def search(self, wanted: Wanted, offset: int, limit: int) -> tuple[Sequence[Product], int]:
        """A page of those that hold all the words, and how many these are; of more than `SEARCHED`, of the newest."""
        hits = self._hits(wanted).cte("hits").prefix_with("MATERIALIZED")
        down = descends(wanted.sort)
        order = [hits.c.key.desc() if down else hits.c.key.asc(), hits.c.id.desc()]
        count = select(func.count()).select_from(hits).scalar_subquery()
        page = select(count, hits.c.id).order_by(*order).offset(offset).limit(limit)
        rows = (await self.execute(page, self._words(wanted))).all()
        ids = [id for _count, id in rows]
        found = {product.id: product for product in await self.shown(ids)}
        return [found[id] for id in ids if id in found], rows[0][0] if rows else 0

    async def slice(
        self, wanted: Wanted, after: Place | None, limit: int, columns: tuple[Any, ...] = SHOWN
    ) -> Slice[ProductRow]:
        """The first rows of a list, or the first after a place in it: these columns, and last the row's own place."""
        some = await self._some(wanted)
        made = (wanted, after, limit, columns)
        found = _slice_of_all(*made) if some is None else _slice(*made, some)
        rows = (await self.execute(found, self._words(wanted))).all()
        return Slice(rows[:limit], tuple(rows[limit - 1][-2:]) if len(rows) > limit else None)

    async def _some(self, wanted: Wanted) -> CTE | None:
        """What is to be sorted, where that takes less than reading along an index."""
        if wanted.words:
            return self._hits(wanted).cte("hits").prefix_with("MATERIALIZED")
        if wanted.has_range and wanted.sort.removeprefix("-") != "price" and await self.count(wanted) <= COUNTED:
            return _few(wanted)
        return None

    def _words(self, wanted: Wanted) -> dict[str, str]:
        return {"words": self._query(wanted.words)} if wanted.words else {}

    def _hits(self, wanted: Wanted) -> Select[Any]:
        rank = SQLITE_RANK if self.on_sqlite else POSTGRES_RANK
        key = rank if wanted.sort == "best" else SORTS[wanted.sort.removeprefix("-")]
        if self.on_sqlite and wanted == Wanted(wanted.words, sort="best"):  # what is indexed is not deleted
            found: Select[Any] = select(FTS.c.rowid.label("id"), key.label("key")).where(SQLITE_MATCH)
            return found.order_by(FTS.c.rowid.desc()).limit(SEARCHED + 1)
        hits: Select[Any] = select(col(Product.id).label("id"), key.label("key")).where(*wanted.where())
        if self.on_sqlite:
            hits = hits.join(FTS, FTS.c.rowid == col(Product.id)).where(SQLITE_MATCH)
            return hits.order_by(FTS.c.rowid.desc()).limit(SEARCHED + 1)
        hits = hits.where(POSTGRES_TEXT.op("@@")(POSTGRES_QUERY))
        return hits.order_by(col(Product.id).desc()).limit(SEARCHED + 1)

    def _query(self, words: Sequence[str]) -> str:
        query = sqlite_query(words) if self.on_sqlite else postgres_query(words)
        return query if len(words[-1]) >= PREFIX else query.removesuffix("*").removesuffix(":")

    # Changes

    async def lock(self, product: Product) -> None:
        """Let nobody else change it until this transaction ends, and see what they changed before."""
        await self.write(update(Product).where(col(Product.id) == product.id).values(version=col(Product.version)))
        await self.session.refresh(product)

    async def change(self, product: Product, version: int, values: dict[str, Any]) -> bool:
        """Change it if it still has this version; whether it had. Either way `product` is then as it is now."""
        same = (col(Product.id) == product.id, col(Product.version) == version)
        done = await self.write(update(Product).where(*same).values(**values, version=version + 1))
        await self.session.refresh(product)
        return bool(done.rowcount)

    async def add_new(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
        """Store many at once, but for those whose address is taken; return the ids of the others, by address."""
        if not rows:
            return {}
        insert = sqlite_insert if self.on_sqlite else postgres_insert
        added = insert(Product).values(rows).on_conflict_do_nothing().returning(col(Product.slug), col(Product.id))
        return {row[0]: row[1] for row in await self.write(added)}

    async def purge(self, deleted_before: datetime) -> None:
        """Delete for good what was deleted before then, and the pictures of that."""
        over = col(Product.deleted_at) < deleted_before
        shown = select(Product.picture_id).where(over, col(Product.picture_id).is_not(None))
        await self.write(delete(Picture).where(col(Picture.id).in_(shown)))
        await self.write(delete(Product).where(over))


def _to_do(job: Job) -> tuple[ColumnElement[bool], ...]:
    return col(JobItem.job_id) == job.id, col(JobItem.outcome) == ""


def _few(wanted: Wanted) -> CTE:
    few: Select[Any] = select(col(Product.id).label("id"), SORTS[wanted.sort.removeprefix("-")].label("key"))
    return few.where(*wanted.where()).cte("few").prefix_with("MATERIALIZED")


def _slice(
    wanted: Wanted, after: Place | None, limit: int, columns: tuple[Any, ...], some: CTE | None = None
) -> Select[Any]:
    """The statement of a slice: of `some` products, or of all along the index of their order."""
    key, down = SORTS[wanted.sort.removeprefix("-")], descends(wanted.sort)
    id: Any = col(Product.id)
    at = (key, id) if some is None else (some.c.key, some.c.id)
    where = _below(at, (key.type, id.type), after, down=down) if after else []
    if some is None:
        where += wanted.where(by_index=wanted.sort.removeprefix("-") == "price")
    page = select(at[1]).where(*where).order_by(*(each.desc() if down else each.asc() for each in at))
    found: Select[Any] = sql_select(*columns, key, id).where(id.in_(page.limit(limit + 1)))
    return found.order_by(*(each.desc() if down else each.asc() for each in (key, id)))


# Many ask for the same pages, and to make a statement anew takes longer than to run it.
_slice_of_all = lru_cache(maxsize=256)(_slice)


def _below(columns: Sequence[Any], kinds: Sequence[Any], after: Place, *, down: bool) -> list[ColumnElement[bool]]:
    """Further on in the list than this place."""
    here, there = tuple_(*columns), tuple_(*(literal(each, kind) for each, kind in zip(after, kinds, strict=True)))
    return [here < there if down else here > there]


def _rows() -> SelectOfScalar[Product]:
    return select(Product).options(defer(Product.description, raiseload=True))  # type: ignore[arg-type]

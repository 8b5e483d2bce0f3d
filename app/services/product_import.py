"""Products from a CSV file: looked at first, then imported by a job."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from app.events import PRODUCTS, GatheredEvents, ProductAdded, ProductChanged, ProductDeleted, ProductHappened
from app.models.base import now
from app.models.job import Item, Job, JobItem
from app.models.product import Product, ProductForm, ProductImportForm, sort_key
from app.models.user import User
from app.repositories.jobs import JobRepository
from app.repositories.product_figures import ProductFigures
from app.repositories.products import ProductRepository
from app.repositories.visibility import Rights
from app.services.csv_import import CHANGED_SINCE, SHOWN, Changes, CsvImport, Preview, left_alone, unchanged
from app.services.csv_rows import REFUSED, Rows
from app.services.job_service import JobService
from app.services.product_rows import lacking, merged, read_rows, said

KIND = "products.import"
ASKED_AT_ONCE = 5_000  # addresses, of which a query holds no more than some ten thousand
NOT_YOURS = "This product is there already, and you may not change it."
TAKEN = "Somebody else made a product with this address just now. Import the file once more for it."


class ProductImport(CsvImport):
    kind = KIND
    permission = "product.add"

    def __init__(
        self, products: ProductRepository, figures: ProductFigures, jobs: JobRepository, service: JobService
    ) -> None:
        super().__init__(jobs, service)
        self.products = products
        self.figures = figures

    async def read(self, rights: Rights, name: str, data: bytes, pasted: str) -> Job:
        """Make a job of a file, or of what was pasted."""
        known = {sort_key(each.name): each.name for each in await self.figures.categories()}
        job = Job(kind=KIND, subject=PRODUCTS, owner_id=rights.user.id, params={"file": name[:200]})
        job.title, job.path = "Import of products", "/products"
        return await self.make(rights, job, lambda text: _folded(read_rows(text), known), data, pasted)

    async def check(self, rows: Rows) -> None:
        """A row may leave out what it does not change, as long as its product is there."""
        short = {item["key"]: item for item in rows.items if not item["problem"] and lacking(item["data"])}
        keys = list(short)
        for start in range(0, len(keys), ASKED_AT_ONCE):
            some = keys[start : start + ASKED_AT_ONCE]
            for key in set(some) - await self.products.taken(some):
                short[key].update(problem=lacking(short[key]["data"]), outcome=REFUSED)

    async def preview(self, rights: Rights, id: UUID) -> Preview:
        job = await self.find(rights, id, PRODUCTS)
        known = [(item, _shown(product, item)) for item, product in await self.products.known(job, SHOWN)]
        return await self.show(job, known, await self.products.count_known(job))

    async def start(self, rights: Rights, preview: Preview, form: ProductImportForm) -> None:
        await self.begin(rights, preview.job, form.model_dump())


def _folded(rows: Rows, known: dict[str, str]) -> Rows:
    """The same with each category as it is written already, if there is one that differs in case alone."""
    for item in rows.items:
        if category := item["data"].get("category"):
            item["data"]["category"] = known.setdefault(sort_key(category), category)
    return rows


def _shown(product: Product, item: JobItem) -> Changes:
    try:
        return merged(product, item.data)
    except ValidationError as error:
        return {"refused": ("no", said(error))}


class ProductImportWork:
    """Imports products; each of them is in the audit log, and whoever looks at one sees what has become of it."""

    at_once = 200
    undo_backwards = False

    def __init__(self, products: ProductRepository, events: GatheredEvents) -> None:
        self.products = products
        self.events = events

    async def act(self, job: Job, rights: Rights, items: Sequence[Item]) -> None:
        rights.check("product.add")
        known = {each.slug: each for each in await self.products.held(slugs=[item.key for item in items])}
        added = await self._add(rights.user, [item for item in items if item.key not in known and _is_whole(item)])
        merge, allowed = job.params["duplicates"] == "merge", rights.may("product.change")
        found = [(known[item.key], item) for item in items if item.key in known]
        changed = [_merge(rights.user, *pair, wanted=merge, allowed=allowed) for pair in found]
        await self._store([*added, *filter(None, changed)])

    async def _store(self, happened: Sequence[ProductHappened]) -> None:
        await self.products.add_all([each.product for each in happened if not isinstance(each, ProductAdded)])
        await self.events.publish_all(happened)

    async def _add(self, actor: User, items: Sequence[Item]) -> list[ProductHappened]:
        at = now()
        in_order = sorted(items, key=lambda item: item.key)  # so that two imports wait for each other in one order
        rows = [_columns(item.key, ProductForm.model_validate(item.data), at) for item in in_order]
        ids = await self.products.add_new(rows)
        for item in items:
            if id := ids.get(item.key):
                item.changed("added", record(id), at, {})
            else:
                item.did("refused", TAKEN)
        there = [row for row in rows if row["slug"] in ids]
        return [ProductAdded(Product(id=ids[row["slug"]], **row), {}, actor) for row in there]

    async def undo(self, job: Job, rights: Rights, items: Sequence[Item]) -> None:  # noqa: ARG002 - as all work
        """Delete what came with the file, which can be restored for a day, and put back what it changed."""
        rights.check("product.add")
        rows = await self.products.held(ids=[item.record.int for item in items if item.record])
        known = {record(each.id or 0): each for each in rows if each.deleted_at is None}
        found = [(unchanged(item, known), item) for item in items]
        for product, item in found:
            item.put_back(*(() if product else ("left", CHANGED_SINCE)))
        await self._store([_undone(rights.user, product, item.before) for product, item in found if product])


def _is_whole(item: Item) -> bool:
    """Whether a row can make a product; the one that it was to change may be gone by now."""
    if problem := lacking(item.data):
        item.did(REFUSED, problem)
    return not problem


def _merge(actor: User, product: Product, item: Item, *, wanted: bool, allowed: bool) -> ProductChanged | None:
    """Put what a row says into a product, and note how it was before."""
    try:
        changes = merged(product, item.data)
    except ValidationError as error:
        item.did("refused", said(error))
        return None
    if left_alone(item, changes, wanted=wanted, allowed=allowed, refusal=NOT_YOURS):
        return None
    before = product.facts
    item.changed("merged", record(product.id or 0), now(), {**before, "deleted": bool(product.deleted_at)})
    _put(product, {**before, **item.data}, item.changed_at)
    return ProductChanged(product, before, actor)


def _undone(actor: User, product: Product, before: Mapping[str, Any]) -> ProductHappened:
    """What was not there before is deleted."""
    facts, at = product.facts, now()
    deleted = before.get("deleted", True)
    _put(product, {name: before[name] for name in facts} if before else facts, at, deleted_at=at if deleted else None)
    return (ProductDeleted if deleted else ProductChanged)(product, facts, actor)


def _put(product: Product, facts: Mapping[str, Any], at: datetime | None, deleted_at: datetime | None = None) -> None:
    values = ProductForm.model_validate(facts).values() | {"updated_at": at, "deleted_at": deleted_at}
    product.sqlmodel_update(values | {"version": product.version + 1})


def record(id: int) -> UUID:
    """A product's id as items of jobs hold it."""
    return UUID(int=id)


def _columns(slug: str, form: ProductForm, at: datetime) -> dict[str, Any]:
    return {"slug": slug, **form.values(), "version": 1, "created_at": at, "updated_at": at, "picture_alt": ""}

"""Products: who may change them, and how two people do it at the same time without losing a word."""

from typing import Any

from sqlalchemy.exc import IntegrityError

from app.errors import Conflict, Invalid, NotFound
from app.events import Events, ProductAdded, ProductChanged, ProductDeleted, ProductRestored
from app.models.base import now
from app.models.product import Product, ProductForm, QuickEdit, mark, minor, sort_key
from app.repositories.product_figures import ProductFigures
from app.repositories.products import ProductRepository
from app.repositories.visibility import Rights
from app.services.slugs import SlugTaken, free_slug

FIELDS = ("name", "description", "price", "currency", "category", "stock")


class Stale(Conflict):
    """Somebody else has changed or deleted it since the form was opened, when it had these marks; `theirs` is what they
    have made of it."""

    title = "Somebody else was here before you"
    message = "This product has changed since you opened it, and nothing of yours is saved yet. Choose what to keep."
    template = "products/conflict.html"
    block = "conflict"

    def __init__(self, theirs: Product, mine: dict[str, Any], marks: str) -> None:
        super().__init__()
        self.theirs = theirs
        self.mine = mine
        self.was = dict(zip(FIELDS, marks.split("."), strict=False))

    @property
    def differing(self) -> list[str]:
        """The fields in which the two versions differ."""
        return [field for field in FIELDS if str(self.mine[field]) != str(self.theirs.facts[field])]

    def is_theirs(self, field: str) -> bool:
        """Whether nobody but they changed it, so that theirs is kept unless something else is chosen."""
        return mark(self.mine[field]) == self.was.get(field)


class ProductService:
    def __init__(self, products: ProductRepository, figures: ProductFigures, events: Events) -> None:
        self.products = products
        self.figures = figures
        self.events = events

    async def get(self, rights: Rights | None, slug: str) -> Product:
        """`NotFound` for what is not there; what is deleted is there for those who can restore it."""
        product = await self.products.by_slug(slug)
        if product is None:
            raise NotFound
        if product.deleted_at and not (rights and (rights.may("product.delete") or rights.may("product.change"))):
            raise NotFound
        return product

    async def categories(self) -> list[str]:
        return [each.name for each in await self.figures.categories()]

    async def create(self, rights: Rights, form: ProductForm) -> Product:
        rights.check("product.add")
        values = {**form.values(), "category": await self._category(form.category)}
        slug = await free_slug(self.products, form.name, "product")
        try:
            product = await self.products.add(Product(slug=slug, **values))
        except IntegrityError as error:
            raise SlugTaken from error
        await self.events.publish(ProductAdded(product, {}, rights.user))
        return product

    async def hold(self, rights: Rights, product: Product, permission: str) -> None:
        """Let nobody else change it until this transaction ends, and see what they changed before."""
        rights.check(permission)
        await self.products.lock(product)
        if product.deleted_at:
            raise NotFound

    async def change(self, rights: Rights, product: Product, form: ProductForm) -> None:
        """Change all of it; raises `Stale` when somebody else was faster. What was deleted comes back by it.

        A form without a version is of one that is held, so that nobody can be faster.
        """
        values = form.values()
        version, marks = values.pop("version", product.version), values.pop("marks", "")
        values["category"] = await self._category(form.category)
        await self._change(rights, product, version, values, marks)

    async def change_quickly(self, rights: Rights, product: Product, form: QuickEdit) -> None:
        """The same for what can be changed in the list."""
        try:
            values = {"price_minor": minor(form.price, product.currency), "stock": form.stock}
        except ValueError as error:
            raise Invalid(str(error), field="price") from error
        await self._change(rights, product, form.version, values, form.marks)

    async def _change(self, rights: Rights, product: Product, version: int, values: dict[str, Any], marks: str) -> None:
        rights.check("product.change")
        mine = Product(**{**product.model_dump(), **values}).facts
        if product.version != version and (mine != product.facts or product.deleted_at):
            raise Stale(product, mine, marks)
        new = {name: value for name, value in values.items() if getattr(product, name) != value}
        if product.deleted_at:
            new["deleted_at"] = None
        if not new:
            return
        before = product.facts
        if not await self.products.change(product, product.version, new | {"updated_at": now()}):
            raise Stale(product, mine, marks)
        await self.events.publish(ProductChanged(product, before, rights.user))

    async def delete(self, rights: Rights, product: Product) -> None:
        """Hide it; for a day it can be restored."""
        rights.check("product.delete")
        if product.deleted_at:
            return
        before = product.facts
        if not await self.products.change(product, product.version, {"deleted_at": now()}):
            raise Conflict("Somebody else changed it just now. Please look again before you delete it.")
        await self.events.publish(ProductDeleted(product, before, rights.user))

    async def restore(self, rights: Rights, product: Product) -> None:
        rights.check("product.delete")
        if product.deleted_at is None:
            return
        if not await self.products.change(product, product.version, {"deleted_at": None}):
            raise Conflict
        await self.events.publish(ProductRestored(product, {}, rights.user))

    async def _category(self, typed: str) -> str:
        """The category as it is written already, if there is one that differs in case alone."""
        known = {sort_key(name): name for name in await self.categories()}
        return known.get(sort_key(typed), typed)

"""Rows of a CSV file as products, and products as rows."""

from typing import Annotated, Any

from pydantic import AfterValidator, ValidationError
from sqlmodel import Field

from app.models.base import Typed
from app.models.product import Product, ProductForm
from app.models.slugs import RESERVED, slug_of
from app.services.csv_import import Changes
from app.services.csv_rows import Rows, Sheet, problems, read_items

FIELDS = ("slug", "name", "price", "currency", "category", "stock", "description")
NEEDED = ("name", "price", "category")  # to make a product; to change one, its name or its slug is enough
SHEET = Sheet(FIELDS, either=("name", "slug"), aliases={"title": "name", "address": "slug"})
UNSAID = {"price": "0", "category": "-"}  # stands for what a row says nothing of while the rest of it is checked


def address(typed: str) -> str:
    """As we make them, so that a row finds its product again."""
    if typed and (slug_of(typed.replace("-", " "), "") != typed or typed in RESERVED["product"]):
        raise ValueError("Write the slug as it stands in the address of the product: brass-lamp.")
    return typed


class ImportedProduct(ProductForm):
    """One row of a file. Without a slug it is about the product that its name makes the address of."""

    slug: Annotated[Typed, AfterValidator(address)] = Field(default="", max_length=120)


def read_rows(text: str) -> Rows:
    return read_items(text, SHEET, _item)


def _item(values: dict[str, str]) -> dict[str, Any]:
    if "currency" in values:
        values["currency"] = values["currency"].upper()
    named = {"name": "-"} if values.get("slug") else {}
    try:
        row = ImportedProduct.model_validate({**UNSAID, **named, **values})
    except ValidationError as error:
        return {"key": values.get("slug", values.get("name", ""))[:320], "data": {}, "problem": said(error)}
    data = {name: value for name, value in row.facts.items() if name in values}
    return {"key": row.slug or slug_of(row.name, "product"), "data": data, "problem": ""}


def lacking(data: dict[str, Any]) -> str:
    """Why a row makes no product, when there is none that it changes; empty when it does."""
    missing = [name for name in NEEDED if name not in data]
    most, last = ", ".join(missing[:-1]), "".join(missing[-1:])
    named = f"{most} and {last}" if most else last
    return f"There is no such product yet, and a new one needs its {named}." if named else ""


def said(error: ValidationError) -> str:
    return problems(error, lambda location: str(location[-1]).capitalize())


def merged(product: Product, data: dict[str, Any]) -> Changes:
    """What a row changes of a product, by field. Empty cells change nothing; what was deleted comes back."""
    before, after = product.facts, ProductForm.model_validate({**product.facts, **data}).facts
    changes = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    return changes | ({"deleted": ("yes", "no")} if product.deleted_at else {})

"""Rows of a CSV file as products, and products as rows."""

from typing import Annotated, Any

from pydantic import AfterValidator, ValidationError
from sqlmodel import Field

from app.models.base import Typed
from app.models.product import Product, ProductForm
from app.models.webinar import slug_of
from app.services.csv_import import Changes
from app.services.csv_rows import Rows, Sheet, problems, read_items
from app.services.product_service import RESERVED

FIELDS = ("slug", "name", "price", "currency", "category", "stock", "description")
SHEET = Sheet(FIELDS, ("name", "price", "category"), aliases={"title": "name", "address": "slug"})


def address(typed: str) -> str:
    """As we make them, so that a row finds its product again."""
    if typed and (slug_of(typed.replace("-", " "), "") != typed or typed in RESERVED):
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
    try:
        row = ImportedProduct.model_validate(values)
    except ValidationError as error:
        return {"key": values.get("slug", values.get("name", ""))[:320], "data": {}, "problem": said(error)}
    key = row.slug or slug_of(row.name, "product")
    data = {name: value for name, value in row.facts.items() if name in values}
    return {"key": f"{key}-2" if key in RESERVED else key, "data": data, "problem": ""}


def said(error: ValidationError) -> str:
    return problems(error, lambda location: str(location[-1]).capitalize())


def merged(product: Product, data: dict[str, Any]) -> Changes:
    """What a row changes of a product, by field. Empty cells change nothing; what was deleted comes back."""
    before, after = product.facts, ProductForm.model_validate({**product.facts, **data}).facts
    changes = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    return changes | ({"deleted": ("yes", "no")} if product.deleted_at else {})

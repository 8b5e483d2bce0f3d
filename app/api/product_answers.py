"""What the API answers of products.

A list of many is made of rows, without an object for each: `quick` is what `ProductSummary` describes, as a test says.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import Field

from app.api.answers import Answer
from app.models.product import Currency, Product, picture_path, typed_price


class ProductSummary(Answer):
    """A product in a list."""

    slug: str
    name: str
    price: str = Field(description="With as many digits after the point as its currency has.", examples=["12.50"])
    currency: Currency
    category: str
    stock: int
    picture: str | None = Field(description="The address of its picture, on this site.")
    picture_alt: str = Field(description="What the picture shows.")
    created_at: datetime
    updated_at: datetime


class ProductAnswer(ProductSummary):
    """A product."""

    description: str = Field(description="Markdown.")

    @classmethod
    def of(cls, product: Product) -> Self:
        special = {"price": product.typed_price, "picture": product.picture_path or None}
        return cls(**{name: getattr(product, name) for name in cls.model_fields if name not in special}, **special)


def quick(row: Sequence[Any]) -> dict[str, Any]:
    """A row of a list, in plain values."""
    slug, name, price, currency, category, stock, picture, alt, created, updated, *_place = row
    return {
        "slug": slug,
        "name": name,
        "price": typed_price(price, currency),
        "currency": currency,
        "category": category,
        "stock": stock,
        "picture": picture_path(slug, picture) or None,
        "picture_alt": alt,
        "created_at": created,
        "updated_at": updated,
    }

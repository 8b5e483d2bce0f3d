"""Products for tests."""

from decimal import Decimal
from typing import Any

from fastapi import FastAPI
from sqlmodel import col, select

from app.models.product import Product, sort_key

FORM = {"name": "Brass lamp", "price": "49.50", "currency": "EUR", "category": "Lighting", "stock": "7"}


async def make_products(app: FastAPI, *products: dict[str, Any]) -> list[Product]:
    """As given, the first one first; what is left out is a lamp for 10 euros."""
    rows = []
    for number, given in enumerate(products):
        fields = {"slug": f"p-{number}", "name": f"Lamp {number}", "category": "Lighting", "price": "10", **given}
        price = int(Decimal(fields.pop("price")) * 100)
        rows.append(Product(**fields, price_minor=price, name_key=sort_key(fields["name"])))
    async with app.state.database.transaction() as session:
        session.add_all(rows)
    return rows


async def product_now(app: FastAPI, product: Product) -> Product:
    async with app.state.database.transaction() as session:
        found: Product | None = await session.get(Product, product.id)
    assert found
    return found


async def products(app: FastAPI) -> dict[str, Product]:
    """All of them by name, in the order in which they were made."""
    async with app.state.database.transaction() as session:
        return {each.name: each for each in (await session.exec(select(Product).order_by(col(Product.id)))).all()}

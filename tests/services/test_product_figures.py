"""The figures that triggers keep are those of the products, whatever happens to them; the dashboard shows them."""

import random
from decimal import Decimal

from fastapi import FastAPI
from sqlalchemy import delete, update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.models.base import now
from app.models.product import BANDS, Currency, Product, ProductFigure
from app.repositories.product_figures import BAND, CATEGORY, CURRENCY, ProductFigures, Scope
from app.services.dashboard_service import band_names, scope_of
from tests.browser import Browser
from tests.html import find, one, parse, text
from tests.people import make_user, sign_in
from tests.products import make_products

Sums = dict[tuple[object, ...], tuple[int, ...]]


async def truth(session: AsyncSession) -> Sums:
    """The same sums, from the products themselves."""
    sums: Sums = {}
    for product in (await session.exec(select(Product).where(col(Product.deleted_at).is_(None)))).all():
        band = max(number for number, begin in enumerate(BANDS) if product.price_minor >= begin)
        key = (product.category, product.currency.value, band)
        one = (1, int(product.stock > 0), product.stock, product.price_minor)
        sums[key] = tuple(a + b for a, b in zip(sums.get(key, (0, 0, 0, 0)), one, strict=True))
    return sums


async def kept(session: AsyncSession) -> Sums:
    rows = await ProductFigures(session).by(Scope(), CATEGORY, CURRENCY, BAND)
    return {tuple(row[:3]): tuple(row[3:]) for row in rows}


async def test_figures_follow_whatever_happens(app: FastAPI) -> None:
    choose = random.Random(7)
    await make_products(app, *({"slug": f"p-{n}", "price": choose.choice((0, "9.99", 10, 2500))} for n in range(40)))
    for step in range(60):
        values = choose.choice(
            (
                {"price_minor": choose.choice((0, 999, 1_000, 99_999, 100_000, 10**12 - 1))},
                {"stock": choose.choice((0, 1, 500))},
                {"category": choose.choice(("Lighting", "Food", "Über"))},
                {"currency": choose.choice((Currency.EUR, Currency.JPY))},
                {"deleted_at": choose.choice((None, now()))},
                {"name": "Renamed", "name_key": "renamed"},
            )
        )
        some = col(Product.id) % choose.choice((1, 3, 7)) == 0
        async with app.state.database.transaction() as session:
            change = update(Product).where(some).values(**values)
            await session.exec(delete(Product).where(col(Product.id) == step) if step % 10 == 9 else change)
            if step % 25 == 24:
                await ProductFigures(session).fold()
        async with app.state.database.transaction() as session:
            assert await kept(session) == await truth(session), (step, values)
    async with app.state.database.transaction() as session:
        await ProductFigures(session).fold()
        assert await kept(session) == await truth(session)
        rows = (await session.exec(select(func.count()).select_from(ProductFigure))).one()
        kind = (ProductFigure.category, ProductFigure.currency, ProductFigure.band, ProductFigure.month)
        kinds = (await session.exec(select(*kind))).all()
    assert rows == len(set(kinds)), "one row for each kind"


async def test_the_dashboard(app: FastAPI, browser: Browser) -> None:
    await make_products(
        app,
        {"price": "5", "stock": 3, "category": "Food"},
        {"price": "12", "stock": 0, "category": "Food"},
        {"price": "49.99", "stock": 1},
        {"price": "1200", "stock": 1, "currency": Currency.JPY},
    )
    await make_user(app, "sam@example.com", "sales", is_staff=True)
    await sign_in(browser, "sam@example.com")
    page = parse(await browser.get("/products/dashboard"))
    assert text(one(page, "#totals dl")) == "Products 4 In stock 3 Out of stock 1 Pieces 5"
    assert [text(item) for item in find(page, "#prices li")] == [
        "EUR 5.00 to 49.99, 22.33 on average, 3 products",
        "JPY 1,200 to 1,200, 1,200 on average, 1 product",
    ]
    rows = [" ".join(text(cell) for cell in row) for row in find(page, "#by-category-table tbody tr")]
    assert rows == ["Food 1 1", "Lighting 2 0"]
    food = parse(await browser.htmx("/products/dashboard?category=Food&band=1"))
    assert not find(food, "h1") and text(one(food, "#totals dl")) == "Products 1 In stock 0 Out of stock 1 Pieces 0"
    file = await browser.get("/products/dashboard/by-category.csv?category=Food")
    assert file.text.splitlines() == ["Category,In stock,Out of stock", "Food,1,1"]
    assert (await browser.get("/products/dashboard/nothing.csv")).status_code == 404
    for odd in ("?category=None", "?band=99", "?band=-1&category=%00", "?band=٣"):
        assert (await browser.get(f"/products/dashboard{odd}")).status_code == 200, odd


async def test_a_change_is_seen_at_once_though_figures_are_kept(app: FastAPI, browser: Browser) -> None:
    [product] = await make_products(app, {"stock": 3})
    await make_user(app, "mia@example.com", "marketing", is_staff=True)
    await sign_in(browser, "mia@example.com")
    assert "Pieces 3" in text(one(parse(await browser.get("/products/dashboard")), "#totals dl"))
    await browser.post(f"{product.path}/quick", price="10", stock="8", version="1")
    assert "Pieces 8" in text(one(parse(await browser.get("/products/dashboard")), "#totals dl"))
    await browser.post(f"{product.path}/deletion")
    page = parse(await browser.get("/products/dashboard"))
    assert "Products 0" in text(one(page, "#totals dl")) and not find(page, "#prices")


def test_what_a_scope_makes_of_an_address() -> None:
    assert scope_of("x" * 99, "0") == Scope("x" * 40, 0)
    assert [scope_of("", odd).band for odd in ("", "7", "1e3", "-1", "9" * 40, "²")] == [None] * 6
    assert len(band_names()) == len(BANDS) and band_names()[1] == "10 to 25"
    assert Decimal(BANDS[1]) / 100 == 10

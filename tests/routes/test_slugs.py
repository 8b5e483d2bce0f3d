"""Addresses made of names: whatever makes a product or a webinar finds one that is free."""

import asyncio
import re

from fastapi import FastAPI
from sqlmodel import col, select

from app.models.product import Product
from app.models.webinar import Webinar
from tests.browser import Browser
from tests.products import FORM
from tests.routes.test_admin_import import HEADER, look, run
from tests.security.crawl import WEBINAR

PANEL = {"name": "Brass lamp", "category": "Light", "price_minor": "12.50", "currency": "EUR", "stock": "3"}


async def slugs(app: FastAPI, kind: type[Product | Webinar]) -> list[str]:
    """In the order in which they were made."""
    async with app.state.database.transaction() as session:
        return list((await session.exec(select(kind.slug).order_by(col(kind.created_at)))).all())


async def test_products_of_one_name_from_the_pages_the_panel_and_a_file(app: FastAPI, root: Browser) -> None:
    assert (await root.post("/products", **FORM)).headers["location"] == "/products/brass-lamp"
    assert (await root.post("/admin/product", **PANEL)).status_code == 303
    path, _page = await look(root, "product", HEADER, ",Brass lamp,Light,100,EUR,1,")
    assert (await run(app, root, path)).counts == {"added": 1}
    assert (await root.post("/products", **FORM)).headers["location"] == "/products/brass-lamp-4"
    assert await slugs(app, Product) == ["brass-lamp", "brass-lamp-2", "brass-lamp-3", "brass-lamp-4"]
    assert (await root.post("/admin/product", **{**PANEL, "name": "Dashboard!"})).status_code == 303
    assert (await slugs(app, Product))[-1] == "dashboard-2", "not the address of another page"


async def test_many_of_one_title(app: FastAPI, root: Browser) -> None:
    for _ in range(11):
        assert (await root.post("/desk/webinars", **{**WEBINAR, "title": "Otters"})).status_code == 303
    *numbered, tenth, last = await slugs(app, Webinar)
    assert numbered == ["otters", *(f"otters-{number}" for number in range(2, 10))]
    assert re.fullmatch("otters-[0-9a-f]{8}", tenth) and re.fullmatch("otters-[0-9a-f]{8}", last) and tenth != last


async def test_two_who_ask_for_the_same_at_once(app: FastAPI, root: Browser) -> None:
    """Each has an address of its own, or is told to save again."""
    webinars = [root.post("/desk/webinars", **{**WEBINAR, "title": "Otters"}) for _ in range(6)]
    lamps = [root.post("/products", **FORM) for _ in range(6)]
    statuses = [answer.status_code for answer in await asyncio.gather(*webinars, *lamps)]
    assert set(statuses) <= {303, 409}
    assert len(set(await slugs(app, Webinar))) == statuses[:6].count(303) >= 1

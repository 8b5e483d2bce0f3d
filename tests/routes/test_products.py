"""Products below the browser: the list and its filters, what staff change, and two people who change the same."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import httpx2
from fastapi import FastAPI
from sqlmodel import col, select

from app.models.audit import AuditEntry
from app.models.base import now
from app.models.event import Event
from app.models.product import Product
from app.services.upkeep_service import UpkeepService
from tests.browser import HTMX, Browser
from tests.html import find, one, parse, text
from tests.people import make_user, sign_in
from tests.products import FORM, make_products, product_now


def names(response: httpx2.Response) -> list[str]:
    return [text(link) for link in find(parse(response), "#products li a.link")]


async def test_the_list_is_filtered_and_sorted_by_its_address(app: FastAPI, browser: Browser) -> None:
    await make_products(
        app,
        {"name": "Äpfel", "category": "Food", "price": "1.99", "stock": 3},
        {"name": "apron", "category": "Textiles", "price": "20", "stock": 0},
        {"name": "Brass lamp", "price": "49.50", "stock": 1},
        {"name": "Zinc lamp", "price": "100", "stock": 0, "description": "Of the finest metals"},
    )
    for query, expected in {
        "": ["Zinc lamp", "Brass lamp", "apron", "Äpfel"],
        "?sort=name": ["Äpfel", "apron", "Brass lamp", "Zinc lamp"],
        "?sort=-price": ["Zinc lamp", "Brass lamp", "apron", "Äpfel"],
        "?sort=price&stock=1": ["Äpfel", "Brass lamp"],
        "?category=Lighting&sort=name": ["Brass lamp", "Zinc lamp"],
        "?from=1.99&to=20&sort=name": ["Äpfel", "apron"],
        "?from=20.01&sort=price": ["Brass lamp", "Zinc lamp"],
        "?q=lamps": ["Zinc lamp", "Brass lamp"],
        "?q=metal": ["Zinc lamp"],
        "?q=lamp+bra": ["Brass lamp"],
        "?q=lamp&sort=name&from=50": ["Zinc lamp"],
        "?q=light&stock=1": ["Brass lamp"],
        "?sort=password&page=-4": ["Zinc lamp", "Brass lamp", "apron", "Äpfel"],
        "?page=99999": ["Zinc lamp", "Brass lamp", "apron", "Äpfel"],
    }.items():
        for response in (await browser.get(f"/products{query}"), await browser.htmx(f"/products{query}")):
            found = names(response)
            assert (sorted(found) if query == "?q=lamps" else found) == (
                sorted(expected) if query == "?q=lamps" else expected
            ), query
    assert not find(parse(await browser.htmx("/products?q=lamp")), "h1"), "a fragment"
    for nothing in ("?q=walrus", "?category=None", "?from=5000", "?q=%26%26%26", "?from=9&to=3"):
        assert "Nothing fits" in (await browser.get(f"/products{nothing}")).text, nothing


async def test_what_a_filter_leaves_blank_stays_out_of_its_address(browser: Browser) -> None:
    """It is the form of the page that the browser shows which has that address, and no other request."""

    async def address(path: str, source: str, shown: str) -> str | None:
        asks = {**HTMX, "HX-Source": source, "HX-Current-URL": f"http://testserver{shown}"}
        return (await browser.get(path, headers=asks)).headers.get("HX-Replace-Url")

    blank = "/products?q=t%C3%A9+%26&category=&from=10&to=&stock=1"
    assert await address(blank, "form", "/products?page=2") == "/products?q=t%C3%A9+%26&from=10&stock=1"
    assert await address("/products?q=", "form#filter", "/products") == "/products"
    assert await address("/products?q=lamp", "form", "/products") is None
    assert await address(blank, "a", "/products") is None
    assert await address(blank, "form", "/products/teapot") is None


async def test_a_price_that_is_none_is_said_at_its_field(app: FastAPI, browser: Browser) -> None:
    await make_products(app, {})
    for typed in ("cheap", "-1", "1e30", "NaN", "9" * 31, "1,5", "٣"):
        response = await browser.get("/products", params={"from": typed, "to": "7"})
        page = parse(response)
        assert response.status_code == 422 and one(page, "#from").get("value") == typed, typed
        assert "as 12.50" in text(one(page, f"#{one(page, '#from').get('aria-describedby')}"))
        assert one(page, "#to").get("value") == "7"
    assert "No products yet" not in (await browser.get("/products")).text


async def test_pages_and_the_way_between_them(app: FastAPI, browser: Browser) -> None:
    assert "No products yet" in (await browser.get("/products")).text
    await make_products(app, *({"name": f"Lamp {n:03}", "slug": f"l-{n}", "price": n} for n in range(60)))
    for query in ("sort=name", "q=lamp&sort=name", "from=0&sort=name", "category=Lighting&sort=name"):
        seen: list[str] = []
        path = f"/products?{query}"
        for page in (1, 2, 3):
            response = await browser.get(path)
            seen += names(response)
            nav = one(parse(response), "nav[aria-label=Pages]")
            assert f"Page {page} of 3" in text(nav) and "60 products" in text(one(parse(response), "#count"))
            path = "/products" + ([link.get("href") or "" for link in find(nav, "a[rel=next]")] or ["?"])[
                0
            ].removeprefix("/products")
        assert seen == [f"Lamp {n:03}" for n in range(60)], query
        for past in (99, 10**14, 10**40):
            assert names(await browser.get(f"/products?{query}&page={past}"))[-1] == "Lamp 059", "the last one"
        for before in ("abc", "-3", "0", "²"):
            assert names(await browser.get(f"/products?{query}&page={before}"))[0] == "Lamp 000", "the first one"


async def test_a_product_and_who_sees_it(app: FastAPI, browser: Browser) -> None:
    [product] = await make_products(app, {"description": "About **lamps** <script>alert(1)</script>"})
    page = parse(await browser.get(product.path))
    assert text(one(page, "section strong")) == "lamps" and not find(page, "section script")
    assert "10.00 EUR" in text(one(page, "#facts"))
    assert not find(page, "main form"), "a stranger changes nothing"
    assert (await browser.get("/products/nothing")).status_code == 404


async def test_make_change_delete_and_restore(app: FastAPI, desk: Browser, stranger: Browser) -> None:
    made = await desk.post("/products", **FORM, description="For the **desk**")
    assert made.headers["location"] == "/products/brass-lamp"
    assert (await desk.post("/products", **FORM)).headers["location"] == "/products/brass-lamp-2"
    form = {**FORM, "name": "Brass light", "category": "LIGHTING", "price": "1299"}
    assert (await desk.post("/products/brass-lamp", **form, version="1")).status_code == 303
    page = text(one(parse(await stranger.get("/products/brass-lamp")), "main"))
    assert "Brass light" in page and "1,299.00 EUR" in page and "Lighting" in page, "written as it was"
    assert names(await stranger.get("/products?q=light&from=1000")) == ["Brass light"]
    assert (await desk.post("/products/brass-lamp/deletion")).status_code == 303
    assert (await stranger.get("/products/brass-lamp")).status_code == 404
    assert names(await stranger.get("/products?q=brass")) == ["Brass lamp"] == names(await stranger.get("/products"))
    deleted = parse(await desk.get("/products/brass-lamp"))
    undo = [form.get("action") or "" for form in find(deleted, "form") if "restoration" in (form.get("action") or "")]
    assert (await desk.post(undo[0])).status_code == 303
    assert len(names(await stranger.get("/products?q=brass"))) == 2
    async with app.state.database.transaction() as session:
        found = select(AuditEntry).where(AuditEntry.kind == "product").order_by(col(AuditEntry.id))
        entries = (await session.exec(found)).all()
        events = (await session.exec(select(Event).order_by(col(Event.id)))).all()
    acts = [entry.act for entry in entries]
    assert acts == ["product.added", "product.added", "product.changed", "product.deleted", "product.restored"]
    assert (entries[2].before["price"], entries[2].after["price"]) == ("49.50", "1299.00")
    assert [each.kind for each in events if each.topic == "products"][-3:] == [
        "ProductChanged",
        "ProductDeleted",
        "ProductRestored",
    ]


WRONG: list[tuple[dict[str, str], str]] = [
    ({"price": "cheap"}, "price"),
    ({"price": "-1"}, "price"),
    ({"price": "1" + "0" * 30}, "price"),
    ({"price": "NaN"}, "price"),
    ({"price": "1,299.00"}, "price"),
    ({"price": "1.999"}, "price"),
    ({"price": "12.50", "currency": "JPY"}, "price"),
    ({"currency": "XXX"}, "currency"),
    ({"stock": "-1"}, "stock"),
    ({"stock": "1" + "0" * 30}, "stock"),
    ({"stock": "1.5"}, "stock"),
    ({"name": "  "}, "name"),
    ({"name": "x" * 201}, "name"),
    ({"category": "x" * 41}, "category"),
    ({"category": ""}, "category"),
]


async def test_what_is_wrong_is_said_at_its_field(desk: Browser) -> None:
    for wrong, field in WRONG:
        response = await desk.post("/products", **{**FORM, **wrong, "description": "Typed with care"})
        page = parse(response)
        assert response.status_code == 422, wrong
        assert one(page, f"main [name={field}]").get("aria-invalid") == "true", wrong
        assert text(one(page, f"#about-{field}"))
        assert one(page, "textarea").text == "Typed with care"
    empty = parse(await desk.post("/products", **{**FORM, "name": " ", "category": " "}))
    assert [text(one(empty, f"#about-{field}")) for field in ("name", "category")] == [
        "Name is needed.",
        "Category is needed.",
    ]
    assert not names(await desk.get("/products"))


async def test_all_text_that_there_is_can_be_typed(app: FastAPI, desk: Browser) -> None:
    made = await desk.post(
        "/products", **{**FORM, "name": "灯 <b>\x00\ud800".encode("utf-8", "ignore").decode(), "category": "照明"}
    )
    assert made.headers["location"] == "/products/b"
    assert (await desk.post("/products", **{**FORM, "name": "灯"})).headers["location"] == "/products/product"
    assert (await desk.post("/products", **{**FORM, "name": "Dashboard"})).headers[
        "location"
    ] == "/products/dashboard-2"
    assert names(await desk.get("/products?q=灯&sort=name"))[0].startswith("灯")


async def test_a_price_and_a_stock_in_the_list(app: FastAPI, desk: Browser) -> None:
    [product] = await make_products(app, {"stock": 3})
    form = parse(await desk.htmx(f"{product.path}/quick"))
    assert not find(form, "h1") and one(form, "input[name=price]").get("value") == "10.00"
    wrong = await desk.htmx(f"{product.path}/quick", "POST", price="ten", stock="4", version="1")
    assert wrong.status_code == 422 and "HX-Retarget" not in wrong.headers
    assert one(parse(wrong), "input[name=price]").get("value") == "ten" and find(parse(wrong), "[role=alert]")
    saved = await desk.htmx(f"{product.path}/quick", "POST", price="12.5", stock="4", version="1")
    assert "12.50 EUR" in text(one(parse(saved), f"li#product-{product.id}")) and "4 in stock" in saved.text
    plain = await desk.post(f"{product.path}/quick", price="12.5", stock="0", version="2")
    assert plain.headers["location"] == product.path
    assert (await product_now(app, product)).stock == 0


def choices(page: Any) -> dict[str, str]:
    """What the form that saves what is chosen would send, left as it is."""
    form = find(page, "main form")[0]
    inputs = [each for each in find(form, "input") if each.get("type") != "radio" or each.get("checked") is not None]
    return {each.get("name") or "": each.get("value") or "" for each in inputs}


async def test_two_tabs_and_both_versions_to_choose_from(app: FastAPI, desk: Browser) -> None:
    [product] = await make_products(app, {"name": "Lamp", "stock": 3, "description": "One\nTwo"})
    form = {"name": "Lamp", "price": "10", "currency": "EUR", "category": "Lighting", "stock": "3"}
    assert (
        await desk.post(product.path, **{**form, "price": "11", "description": "One\r\nTwo"}, version="1")
    ).status_code == 303
    late = await desk.post(
        product.path, **{**form, "name": "Lantern", "description": "One\r\nTwo\r\nThree"}, version="1"
    )
    page = parse(late)
    assert late.status_code == 409
    assert {text(legend) for legend in find(page, "main legend")} == {"Name", "Price", "Description"}
    assert "Theirs: 11.00" in text(page) and "Mine: 10.00" in text(page)
    assert (await product_now(app, product)).name == "Lamp", "nothing is saved yet"
    mine = choices(page)
    assert mine["description"] == "One\nTwo\nThree" and mine["version"] == "2"
    assert (await desk.post(product.path, **{**mine, "price": "11.00"})).status_code == 303
    now = await product_now(app, product)
    assert (now.name, now.typed_price, now.version) == ("Lantern", "11.00", 3)
    again = await desk.post(product.path, **mine)
    assert again.status_code == 409, "somebody can be faster once more"


async def test_what_nobody_but_they_changed_stays_theirs(app: FastAPI, desk: Browser) -> None:
    [product] = await make_products(app, {"name": "Lamp", "stock": 3})
    opened = choices(parse(await desk.get(f"{product.path}/edit"))) | {"currency": "EUR", "description": ""}
    quick = choices(parse(await desk.get(f"{product.path}/quick")))
    assert (await desk.post(product.path, **opened | {"price": "11"})).status_code == 303
    late = parse(await desk.post(product.path, **opened | {"name": "Lantern"}))
    assert {text(legend) for legend in find(late, "main legend")} == {"Name", "Price"}
    kept = choices(late)
    assert (kept["name"], kept["price"]) == ("Lantern", "11.00")
    fewer = choices(parse(await desk.post(f"{product.path}/quick", **quick | {"stock": "2"})))
    assert (fewer["stock"], fewer["price"], fewer["name"]) == ("2", "11.00", "Lamp")
    assert (await desk.post(product.path, **kept)).status_code == 303
    again = choices(parse(await desk.post(product.path, **fewer)))
    assert (again["stock"], again["name"]) == ("2", "Lantern"), "and once more"


async def test_the_same_change_made_twice_is_no_conflict(app: FastAPI, desk: Browser) -> None:
    [product] = await make_products(app, {"name": "Lamp"})
    form = {"name": "Lamp", "price": "12", "currency": "EUR", "category": "Lighting", "stock": "0", "version": "1"}
    assert [(await desk.post(product.path, **form)).status_code for _ in range(2)] == [303, 303]
    assert (await product_now(app, product)).version == 2


async def test_deleted_in_another_tab_while_editing(app: FastAPI, desk: Browser) -> None:
    [product] = await make_products(app, {"name": "Lamp"})
    await desk.post(f"{product.path}/deletion")
    form = {"name": "Lantern", "price": "10", "currency": "EUR", "category": "Lighting", "stock": "0", "version": "1"}
    late = await desk.post(product.path, **form)
    assert late.status_code == 409 and "has deleted this product" in late.text
    quick = await desk.htmx(f"{product.path}/quick", "POST", price="12", stock="0", version="1")
    assert quick.status_code == 409 and find(parse(quick), "li fieldset") and not find(parse(quick), "h1")
    await desk.post(product.path, **choices(parse(late)))
    now = await product_now(app, product)
    assert (now.name, now.deleted_at) == ("Lantern", None)


async def test_many_at_once_and_one_wins(app: FastAPI, desk: Browser) -> None:
    [product] = await make_products(app, {})
    sent = [desk.post(f"{product.path}/quick", price="1", stock=str(n), version="1") for n in range(1, 9)]
    statuses = sorted(response.status_code for response in await asyncio.gather(*sent))
    assert statuses == [303] + [409] * 7
    assert (await product_now(app, product)).version == 2


async def test_who_may_change_products(app: FastAPI, stranger: Browser, browser: Browser) -> None:
    [product] = await make_products(app, {})
    await make_user(app, "sam@example.com", "sales", is_staff=True)
    await sign_in(browser, "sam@example.com")
    for path, form in {
        "/products": FORM,
        product.path: {**FORM, "version": "1"},
        f"{product.path}/quick": {"price": "2", "stock": "2", "version": "1"},
        f"{product.path}/deletion": {},
        f"{product.path}/restoration": {},
    }.items():
        assert (await browser.post(path, **form)).status_code == 403, path
        assert (await stranger.post(path, **form)).status_code == 401, path
    assert (await product_now(app, product)).version == 1


async def test_rows_of_the_stream(app: FastAPI, browser: Browser) -> None:
    """Nonsense in the stream's address is passed over."""
    page = parse(await browser.get("/products"))
    assert not find(page, "[hx-sse\\:connect]")
    [product] = await make_products(app, {})
    connect = one(parse(await browser.get("/products")), "#products ul").get("hx-sse:connect") or ""
    assert re.fullmatch(rf"/products/stream\?rows={product.id}\.1", connect)


async def test_purged_after_a_day_with_its_figures(app: FastAPI, desk: Browser) -> None:
    kept, gone = await make_products(app, {}, {"name": "Gone"})
    for product, hours in ((kept, 23), (gone, 25)):
        await desk.post(f"{product.path}/deletion")
        async with app.state.database.transaction() as session:
            row = await session.get(Product, product.id)
            session.add(row.sqlmodel_update({"deleted_at": now() - timedelta(hours=hours)}))
    await UpkeepService(app.state.database, app.state.settings).act()
    async with app.state.database.transaction() as session:
        assert (await session.exec(select(Product.name))).all() == ["Lamp 0"]

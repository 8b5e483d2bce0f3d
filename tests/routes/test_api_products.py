"""Products in the JSON API: read by everybody, changed by staff, and nothing overwritten or done twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.api.product_answers import ProductAnswer, ProductSummary
from app.models.audit import AuditEntry
from app.models.base import now
from app.models.product import Currency
from app.models.user import User
from app.security import LARGEST_UPLOAD
from tests.people import make_user
from tests.pictures import BLUE, file, image, stored
from tests.products import make_products, product_now
from tests.programs import program
from tests.queries import counted
from tests.routes.test_api import every_page, fields
from tests.routes.test_api_resources import change

Client = httpx2.AsyncClient
ANY = {"If-Match": "*"}
FORM: dict[str, Any] = {"name": "Brass lamp", "price": "49.50", "category": "Lighting", "stock": 7}


@pytest.fixture
async def nobody(app: FastAPI) -> AsyncIterator[Client]:
    """A program without a token."""
    async with program(app) as client:
        yield client


def slugs(response: httpx2.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [each["slug"] for each in response.json()["items"]]


async def test_a_product_from_its_making_to_its_end(app: FastAPI, staff: Client, nobody: Client) -> None:
    await make_products(app, {"category": "Lighting"})
    made = await staff.post("/products", json=FORM | {"category": "lighting", "description": "Of *brass*."})
    assert (made.status_code, made.headers["location"]) == (201, "/api/v1/products/brass-lamp"), made.text
    lamp = made.json()
    assert (lamp["price"], lamp["currency"], lamp["category"], lamp["picture"]) == ("49.50", "EUR", "Lighting", None)
    seen = await nobody.get("/products/brass-lamp")
    assert (seen.json(), seen.headers["etag"]) == (lamp, made.headers["etag"])
    changed = await change(staff, "/products/brass-lamp", price=51, stock=0)
    assert (changed.json()["price"], changed.json()["stock"], changed.json()["description"]) == (
        "51.00",
        0,
        "Of *brass*.",
    )
    replaced = await change(staff, "/products/brass-lamp", "PUT", **FORM)
    assert (replaced.json()["slug"], replaced.json()["description"]) == ("brass-lamp", "")
    gone = await staff.delete("/products/brass-lamp", headers={"If-Match": replaced.headers["etag"]})
    assert (gone.status_code, gone.content) == (204, b"")
    for client in (staff, nobody):
        assert (await client.get("/products/brass-lamp")).status_code == 404
        assert slugs(await client.get("/products")) == ["p-0"]
    assert (await change(staff, "/products/brass-lamp", stock=1)).status_code == 404
    back = await staff.post("/products/brass-lamp/restoration")
    assert back.status_code == 200 and back.json()["stock"] == 7
    async with app.state.database.transaction() as session:
        acts = [each.act for each in (await session.exec(select(AuditEntry))).all() if each.kind == "product"]
    assert sorted(acts) == ["product.added", *["product.changed"] * 2, "product.deleted", "product.restored"]


async def test_a_picture_is_put_named_and_taken_away(app: FastAPI, staff: Client, nobody: Client) -> None:
    await make_products(app, {})
    path, png = "/products/p-0/picture", {"Content-Type": "image/png"}
    match = {"If-Match": (await staff.get("/products/p-0")).headers["etag"]}
    assert (await staff.put(path, content=file(), headers=png)).status_code == 428
    put = await staff.put(f"{path}?alt=A+lamp", content=file(), headers=png | match)
    assert (put.status_code, put.json()["picture_alt"]) == (200, "A lamp"), put.text
    assert put.headers["etag"] == (await nobody.get("/products/p-0")).headers["etag"] != match["If-Match"]
    shown = await nobody.get("http://testserver" + put.json()["picture"])
    assert shown.headers["content-type"] == "image/webp" and len(await stored(app)) == 1
    late = await staff.put(path, content=file(image(colour=BLUE)), headers=png | match)
    assert late.status_code == 412, "a picture is another version"
    worded = await staff.put(f"{path}?alt=The+lamp", headers=png | ANY)
    assert (worded.json()["picture"], worded.json()["picture_alt"]) == (put.json()["picture"], "The lamp")
    another = await staff.put(path, content=file(image(colour=BLUE)), headers=png | ANY)
    assert another.json()["picture"] != put.json()["picture"] and len(await stored(app)) == 1
    assert (await staff.delete(path, headers={"If-Match": put.headers["etag"]})).status_code == 412
    assert (await staff.delete(path, headers={"If-Match": another.headers["etag"]})).status_code == 204
    gone = (await nobody.get("/products/p-0")).json()
    assert (gone["picture"], gone["picture_alt"]) == (None, "") and await stored(app) == []
    assert (await staff.delete(path, headers=ANY)).status_code == 204, "there is none: nothing to do"
    async with app.state.database.transaction() as session:
        found = (await session.exec(select(AuditEntry).where(AuditEntry.kind == "product"))).all()
    assert [each.act for each in found] == ["product.picture.changed"] * 4


async def test_what_is_no_picture_of_a_product_is_refused(app: FastAPI, staff: Client, nobody: Client) -> None:
    await make_products(app, {})
    path, png = "/products/p-0/picture", {"Content-Type": "image/png"}
    async with program(app, await make_user(app, "sam@example.com", "sales", is_staff=True)) as sam:
        for client, status in ((nobody, 401), (sam, 403)):
            assert (await client.put(path, content=file(), headers=png | ANY)).status_code == status
            assert (await client.delete(path, headers=ANY)).status_code == status
    for body in (b"", b"GIF89a<script>", b"<svg xmlns='http://www.w3.org/2000/svg'/>"):
        refused = await staff.put(path, content=body, headers=png | ANY)
        assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
        assert [each["field"] for each in refused.json()["errors"]] == ["picture"]
    typed = await staff.put(path, content=b"<svg/>", headers=ANY | {"Content-Type": "image/svg+xml"})
    assert (typed.status_code, typed.json()["title"]) == (415, "Not such a file")
    large = await staff.put(path, content=b"x" * (LARGEST_UPLOAD + 1), headers=png | ANY)
    assert large.status_code == 413
    assert (await staff.put("/products/none/picture", content=file(), headers=png | ANY)).status_code == 404
    assert await stored(app) == []


async def test_who_may_not_change_products_is_refused(app: FastAPI, nobody: Client) -> None:
    await make_products(app, {})
    async with program(app, await make_user(app, "sam@example.com", "sales", is_staff=True)) as sam:
        for client, status in ((nobody, 401), (sam, 403)):
            for response in (
                await client.post("/products", json=FORM),
                await change(client, "/products/p-0", stock=1),
                await change(client, "/products/p-0", "PUT", **FORM),
                await client.delete("/products/p-0", headers={"If-Match": "*"}),
                await client.post("/products/p-0/restoration"),
            ):
                assert response.status_code == status, response.text


async def test_a_token_that_is_shown_must_be_good(app: FastAPI, mia: User, nobody: Client) -> None:
    wrong = await nobody.get("/products", headers={"Authorization": "Bearer fo_nonsense"})
    assert wrong.status_code == 401
    for scopes, reads, writes in ((("read",), 200, 403), (("write",), 403, 201)):
        async with program(app, mia, scopes) as client:
            assert (await client.get("/products")).status_code == reads
            assert (await client.post("/products", json=FORM)).status_code == writes
    assert "RateLimit" in (await nobody.get("/products")).headers


async def test_nobody_overwrites_what_they_have_not_seen(app: FastAPI, staff: Client) -> None:
    [lamp] = await make_products(app, {})
    seen = (await staff.get("/products/p-0")).headers["etag"]
    assert (await change(staff, "/products/p-0", stock=5)).headers["etag"] != seen
    for method, more in (("PATCH", {"json": {"stock": 9}}), ("PUT", {"json": FORM}), ("DELETE", {})):
        late = await staff.request(method, "/products/p-0", headers={"If-Match": seen}, **more)
        assert (late.status_code, late.json()["title"]) == (412, "It has changed")
        assert (await staff.request(method, "/products/p-0", **more)).status_code == 428
    assert (await product_now(app, lamp)).stock == 5


async def test_of_many_changes_of_one_version_one_is_done(app: FastAPI, staff: Client) -> None:
    [lamp] = await make_products(app, {})
    seen = (await staff.get("/products/p-0")).headers["etag"]
    sent = [staff.patch("/products/p-0", json={"stock": n}, headers={"If-Match": seen}) for n in range(1, 9)]
    statuses = [response.status_code for response in await asyncio.gather(*sent)]
    assert sorted(statuses) == [200] + [412] * 7
    assert (await product_now(app, lamp)).version == 2


async def test_what_is_sent_twice_is_made_once(staff: Client) -> None:
    headers = {"Idempotency-Key": "lamp-1"}
    made, again = [await staff.post("/products", json=FORM, headers=headers) for _ in range(2)]
    assert (again.status_code, again.json(), again.headers["idempotency-replayed"]) == (201, made.json(), "true")
    assert slugs(await staff.get("/products")) == ["brass-lamp"]
    other = await staff.post("/products", json=FORM | {"stock": 8}, headers=headers)
    assert other.status_code == 422
    assert (await staff.post("/products", json=FORM)).json()["slug"] == "brass-lamp-2"


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"price": "1,299"}, {"price"}),
        ({"price": "12.505"}, {"price"}),
        ({"price": -1}, {"price"}),
        ({"price": 1e30}, {"price"}),
        ({"price": "10000000000"}, {"price"}),
        ({"price": True}, {"price"}),
        ({"price": None}, {"price"}),
        ({"currency": "JPY"}, {"price"}),
        ({"currency": "EURO"}, {"currency"}),
        ({"stock": "5"}, {"stock"}),
        ({"stock": -1}, {"stock"}),
        ({"stock": 1.5}, {"stock"}),
        ({"stock": True}, {"stock"}),
        ({"name": " "}, {"name"}),
        ({"name": "two\nlines"}, {"name"}),
        ({"category": ""}, {"category"}),
        ({"colour": "red"}, {"colour"}),
    ],
)
async def test_what_is_wrong_is_named(app: FastAPI, staff: Client, sent: dict[str, Any], wrong: set[str]) -> None:
    [lamp] = await make_products(app, {"price": "49.50"})
    for refused in (
        await staff.post("/products", json=FORM | sent),
        await change(staff, "/products/p-0", **sent),
        await change(staff, "/products/p-0", "PUT", **(FORM | sent)),
    ):
        assert (refused.status_code, fields(refused)) == (422, wrong)
    assert (await product_now(app, lamp)).version == 1


# The list

SORTS = ("newest", "-newest", "name", "-name", "price", "-price")


async def make_many(app: FastAPI) -> None:
    """With equals in everything that can be sorted by, and some that are deleted."""
    began = now() - timedelta(days=9)
    await make_products(
        app,
        *(
            {
                "slug": f"s{n}",
                "name": f"{'Äb'[n % 2]} lamp {n // 3}",
                "price": f"{n // 2}.50",
                "stock": n % 3,
                "category": ("Lighting", "Garden")[n % 2],
                "created_at": began + timedelta(days=n // 3),
            }
            for n in range(12)
        ),
        {"slug": "deleted", "name": "A lamp", "deleted_at": now()},
    )


@pytest.mark.parametrize(
    "query", ["", "q=lamp", "from=1&to=4", "stock=true", "category=Garden", "q=lamp&stock=1&from=2"]
)
async def test_pages_hold_every_row_once_in_order(app: FastAPI, nobody: Client, query: str) -> None:
    await make_many(app)
    for sort in SORTS:
        pages = await every_page(nobody, f"/products?limit=2&sort={sort}&{query}")
        whole = (await nobody.get(f"/products?sort={sort}&{query}")).json()["items"]
        assert pages == whole and len(pages) > 2 and "deleted" not in {each["slug"] for each in pages}
        if "name" not in sort:
            name = sort.removeprefix("-").replace("newest", "created_at")
            values = [float(each["price"]) if name == "price" else each[name] for each in pages]
            assert values == sorted(values, reverse=sort in ("newest", "-price"))


async def test_the_list_is_filtered_by_the_names_of_the_page(app: FastAPI, nobody: Client) -> None:
    await make_many(app)
    for query, found in (
        ("category=Garden&stock=1&sort=price", ["s1", "s5", "s7", "s11"]),
        ("from=5&sort=-price", ["s11", "s10"]),
        ("to=0.50&sort=name", ["s0", "s1"]),
        ("from=1.50&to=1.50&sort=-newest", ["s2", "s3"]),
        ("q=LAMP+3&sort=price&from=4.51", ["s10", "s11"]),
        ("category=garden", []),
        ("q=%25%25", []),
        ("q=unknown", []),
        ("from=9&to=1", []),
    ):
        assert slugs(await nobody.get(f"/products?{query}")) == found, query


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("sort=stock", "sort"),
        ("sort=best", "sort"),
        ("from=1,299", "from"),
        ("from=-1", "from"),
        ("to=1e30", "to"),
        ("stock=some", "stock"),
        ("low=1", "low"),
        ("page=2", "page"),
        ("limit=201", "limit"),
        ("after=nonsense", "after"),
        ("q=" + "x" * 201, "q"),
    ],
)
async def test_the_list_names_the_parameter_that_is_wrong(nobody: Client, query: str, field: str) -> None:
    refused = await nobody.get(f"/products?{query}")
    assert (refused.status_code, fields(refused)) == (422, {field})


async def test_a_row_of_the_list_is_what_is_described(app: FastAPI, nobody: Client) -> None:
    prices = {Currency.EUR: "0.05", Currency.JPY: "1500", Currency.USD: "9999999999.99"}
    await make_products(app, *({"slug": key, "price": price, "currency": key} for key, price in prices.items()))
    for item in (await nobody.get("/products")).json()["items"]:
        whole = (await nobody.get(f"/products/{item['slug']}")).json()
        assert item == {name: value for name, value in whole.items() if name != "description"}
        assert item["price"] == prices[item["currency"]]
        assert ProductSummary.model_validate(item).model_dump(mode="json") == item
        assert ProductAnswer.model_validate(whole).model_dump(mode="json") == whole


async def test_a_page_takes_one_statement(app: FastAPI, nobody: Client) -> None:
    await make_many(app)
    with counted(app) as statements:
        await nobody.get("/products?limit=10&sort=name")
    assert len(statements) == 1, statements

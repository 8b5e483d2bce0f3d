"""The picture of a product: put by staff, seen by everybody, and gone with it."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.models.audit import AuditEntry
from app.models.base import now
from app.models.product import Product
from app.repositories.products import ProductRepository
from tests.browser import HTMX, Browser
from tests.html import find, one, parse, text
from tests.people import make_user, sign_in
from tests.pictures import BLUE, file, halves, image, opened, stored, upload
from tests.products import make_products, product_now

PICTURE = "/products/p-0/picture"


@pytest.fixture
async def lamp(app: FastAPI) -> Product:
    return (await make_products(app, {}))[0]


async def put(desk: Browser, content: bytes, alt: str = "A lamp") -> None:
    response = await desk.client.post(PICTURE, files=upload(content), data={"alt": alt})
    assert (response.status_code, response.headers.get("location")) == (303, "/products/p-0/edit"), response.text


async def test_a_picture_from_the_form_to_the_public_pages(
    app: FastAPI, desk: Browser, stranger: Browser, lamp: Product
) -> None:
    exif = image().getexif()
    exif[0x010E] = "SECRET PLACE"
    await put(desk, file(halves(1600, 900), "JPEG", exif=exif))
    shown = one(parse(await stranger.get("/products/p-0")), "#picture img")
    assert shown.get("alt") == "A lamp"
    small = one(parse(await stranger.get("/products")), "#products img")
    assert (small.get("src"), small.get("alt")) == (shown.get("src"), ""), "its name stands beside it"
    sent = await stranger.get(shown.get("src", ""))
    assert (sent.headers["content-type"], sent.headers["cache-control"]) == (
        "image/webp",
        "public, max-age=86400, immutable",
    )
    assert (
        opened(sent.content).size == (640, 640) and b"SECRET" not in sent.content and "set-cookie" not in sent.headers
    )
    known = await stranger.client.get(shown.get("src", ""), headers={"If-None-Match": sent.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    api = (await stranger.get("/api/v1/products/p-0")).json()
    assert (api["picture"], api["picture_alt"]) == (shown.get("src"), "A lamp")


async def test_another_picture_takes_its_place_and_none_is_left_over(
    app: FastAPI, desk: Browser, lamp: Product
) -> None:
    await put(desk, file())
    first = (await product_now(app, lamp)).picture_path
    await put(desk, file(image(colour=BLUE)), alt="Blue")
    assert (await desk.get(first)).status_code == 404 and len(await stored(app)) == 1
    await put(desk, b"", alt="Very blue")
    assert (await product_now(app, lamp)).picture_alt == "Very blue" and len(await stored(app)) == 1
    for _ in range(2):
        assert (await desk.post(f"{PICTURE}/deletion")).status_code == 303
    found = await product_now(app, lamp)
    assert (found.picture_id, found.picture_alt, await stored(app)) == (None, "", [])
    async with app.state.database.transaction() as session:
        entries = (await session.exec(select(AuditEntry).where(AuditEntry.kind == "product"))).all()
    assert [entry.act for entry in entries] == ["product.picture.changed"] * 4
    assert entries[2].before == {"picture_alt": "Blue"} and entries[2].after == {"picture_alt": "Very blue"}


async def test_what_is_typed_beside_it_can_still_be_saved(app: FastAPI, desk: Browser, lamp: Product) -> None:
    form = one(parse(await desk.get("/products/p-0/edit")), "#version")
    assert form.get("value") == "1"
    fragment = await desk.client.post(PICTURE, files=upload(file()), data={"alt": ""}, headers=HTMX)
    assert fragment.status_code == 200 and find(parse(fragment), "#product-picture img")
    version = one(parse(fragment), "#version").get("value")
    facts = {**(await product_now(app, lamp)).facts, "name": "Renamed", "version": version}
    assert (await desk.post("/products/p-0", **facts)).status_code == 303
    found = await product_now(app, lamp)
    assert (found.name, bool(found.picture_id)) == ("Renamed", True)


async def test_what_is_no_picture_is_refused_at_its_field(app: FastAPI, desk: Browser, lamp: Product) -> None:
    for content, says in ((b"I am a lamp.", "no picture that we can read"), (b"", "choose a picture first")):
        refused = await desk.client.post(PICTURE, files=upload(content), data={"alt": "A lamp"})
        assert refused.status_code == 422 and says in text(one(parse(refused), "#about-picture"))
    assert (await product_now(app, lamp)).version == 1


async def test_who_may_put_one(app: FastAPI, desk: Browser, stranger: Browser, lamp: Product) -> None:
    await make_user(app, "sam@example.com", "sales", is_staff=True)
    assert (await stranger.client.post(PICTURE, files=upload(file()))).status_code == 401
    await sign_in(stranger, "sam@example.com")
    assert (await stranger.client.post(PICTURE, files=upload(file()))).status_code == 403
    assert (await stranger.post(f"{PICTURE}/deletion")).status_code == 403
    assert await stored(app) == []


async def test_a_deleted_product_hides_its_picture_and_takes_it_along(
    app: FastAPI, desk: Browser, stranger: Browser, lamp: Product
) -> None:
    await put(desk, file())
    path = (await product_now(app, lamp)).picture_path
    await desk.post("/products/p-0/deletion")
    assert (await stranger.get(path)).status_code == 404
    assert (await desk.get(path)).headers["cache-control"] == "private, no-cache"
    await make_products(app, {"slug": "other"})
    async with app.state.database.transaction() as session:
        await ProductRepository(session).purge(now() + timedelta(minutes=1))
        assert (await session.exec(select(Product.slug))).all() == ["other"]
    assert await stored(app) == []

"""The admin panel's lists: as files, many rows changed at once and taken back, and views that people keep."""

import csv
import io
import zipfile
from typing import Any

import pytest
from fastapi import FastAPI
from lxml import etree
from sqlmodel import col, select

from app.admin.bulk import HANGS
from app.models.audit import AuditEntry
from app.models.group import Group
from app.models.job import Job
from app.models.product import Product
from app.models.webinar import Note, Registration
from tests.browser import Browser
from tests.html import find, one, parse, text
from tests.jobs import items_of, job_ended, registered, undo
from tests.people import age_sessions, make_user, sign_in
from tests.products import make_products, product_now, products
from tests.webinars import make_webinar, webinar_now


async def acts(app: FastAPI, act: str) -> list[AuditEntry]:
    async with app.state.database.transaction() as session:
        found = select(AuditEntry).where(AuditEntry.act == act).order_by(col(AuditEntry.id))
        return list((await session.exec(found)).all())


async def bulk(app: FastAPI, browser: Browser, kind: str, **form: Any) -> tuple[str, Job]:
    """Do it; return the job's path and the job, which is over."""
    response = await browser.post(f"/admin/{kind}/bulk/job", **form)
    assert response.status_code == 303, response.text
    return response.headers["location"], await job_ended(app, response.headers["location"])


# Files


def sheet(data: bytes) -> list[list[str]]:
    """The cells of a workbook, as its XML has them; a formula would stand in an element of its own."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        page = etree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert not page.findall(".//{*}f"), "a formula"
    return [["".join(cell.itertext()) for cell in row] for row in page.findall(".//{*}row")]


async def test_files_of_what_is_listed(app: FastAPI, root: Browser) -> None:
    await make_products(app, {"name": "Lamp"}, {"name": "=1+1", "category": "Wood", "stock": 4}, {"name": "Öl, rot"})
    text_file = (await root.get("/admin/product/export.csv?sort=name")).text
    rows = list(csv.DictReader(io.StringIO(text_file)))
    assert [row["name"] for row in rows] == ["'=1+1", "Lamp", "Öl, rot"] and rows[0]["stock"] == "4"
    assert rows[0].keys() >= {"id", "slug", "description", "created_at"}
    some = (await root.get("/admin/product/export.json?category=Wood")).json()
    assert [(row["name"], row["stock"]) for row in some] == [("=1+1", 4)]
    book = await root.get("/admin/product/export.xlsx?sort=-name")
    assert book.headers["content-disposition"].endswith("product.xlsx")
    header, *cells = sheet(book.content)
    assert [row[header.index("name")] for row in cells] == ["Öl, rot", "Lamp", "=1+1"]
    assert (await root.get("/admin/product/export.json?q=zebra")).json() == []
    assert [each.after["format"] for each in await acts(app, "product.exported")] == ["csv", "json", "xlsx", "json"]
    assert (await acts(app, "product.exported"))[1].after == {"format": "json", "category": "Wood"}
    assert (await root.get("/admin/product/export.exe")).status_code == 404


async def test_a_file_has_all_rows_once(app: FastAPI, root: Browser) -> None:
    """More than are read at once, in an order with many alike."""
    await make_products(app, *({"name": f"Lamp {number:04}", "stock": number % 3} for number in range(1_101)))
    rows = (await root.get("/admin/product/export.json?sort=-stock")).json()
    assert len({row["id"] for row in rows}) == len(rows) == 1_101
    assert [row["stock"] for row in rows] == sorted((row["stock"] for row in rows), reverse=True)


async def test_all_that_fit_are_more_than_a_list_looks_at(
    app: FastAPI, root: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of a search shows some of very many; a file, an act and a list with filters have all of them."""
    await make_products(app, *({"name": f"Lamp {number}", "stock": number} for number in range(5)))
    monkeypatch.setattr("app.admin.browser.FOUND", 1)
    finds = {"lamp": 2, "lam": 2, "lamp 3": 1, "lam 3": 1, "chair": 0, "lamp&category=Lighting": 5}
    for words, shown in finds.items():
        assert len(find(parse(await root.get(f"/admin/product?q={words}")), "tbody th")) == shown
    assert len((await root.get("/admin/product/export.json?q=lamp")).json()) == 5
    asked = parse(await root.post("/admin/product/bulk", act="delete", all="true", query="?q=lamp"))
    assert text(one(asked, "h1")) == "Delete 5 products"


async def test_files_hold_no_secret_and_nobody_elses(app: FastAPI, root: Browser, stranger: Browser) -> None:
    people = await root.get("/admin/user/export.csv")
    assert "root@example.com" in people.text and "argon2" not in people.text and "hashed_password" not in people.text
    sam = await make_user(app, "sam@example.com", "sales", "support", is_staff=True)
    await make_user(app, "sue@example.com", "support", is_staff=True)
    await make_webinar(app)
    for name in ("ann", "ben"):
        await root.post("/webinars/herons/registrations", name=name, email=f"{name}@example.com", consent="true")
    async with app.state.database.transaction() as session:
        ann = (await session.exec(select(Registration).where(Registration.email == "ann@example.com"))).one()
        ann.rep_id = sam.id
        session.add(ann)
    await sign_in(stranger, "sam@example.com")
    assert "ben" in (await stranger.get("/admin/registration")).text, "they see more than they may take along"
    [row] = csv.DictReader(io.StringIO((await stranger.get("/admin/registration/export.csv")).text))
    assert (row["email"], row["webinar_id"]) == ("ann@example.com", "herons")
    named = list(csv.DictReader(io.StringIO((await root.get("/admin/registration/export.csv")).text)))
    assert {row["webinar_id"] for row in named} == {"herons"}
    assert "sam@example.com" in {row["rep_id"] for row in named}
    await sign_in(stranger, "sue@example.com")
    assert (await stranger.get("/admin/registration/export.csv")).status_code == 403, "support only sees"
    assert "export.csv" not in (await stranger.get("/admin/registration")).text
    assert (await root.get("/admin/conversation/export.csv")).status_code == 403, "nobody takes these"
    await age_sessions(app)
    asked = await root.get("/admin/user/export.csv?q=root")
    assert asked.status_code == 403 and "Is it you?" in asked.text and "q=root" in asked.text


# Many rows at once


async def test_delete_some_and_take_it_back(app: FastAPI, root: Browser) -> None:
    made = await make_products(
        app, {"name": "Lamp", "stock": 3, "description": "Bright"}, {"name": "Oak"}, {"name": "Pot"}
    )
    keys = [str(made[0].id), str(made[1].id)]
    listed = parse(await root.get("/admin/product"))
    assert {each.get("value") for each in find(listed, "input[name=keys]")} == {str(each.id) for each in made}
    asked = parse(await root.post("/admin/product/bulk", act="delete", keys=keys))
    assert text(one(asked, "h1")) == "Delete 2 products"
    assert [each.get("value") for each in find(asked, "main input[name=keys]")] == keys
    path, job = await bulk(app, root, "product", act="delete", keys=keys)
    assert job.counts == {"deleted": 2} and list(await products(app)) == ["Pot"]
    assert [each.before["name"] for each in await acts(app, "product.deleted")] == ["Lamp", "Oak"]
    await undo(app, root, path)
    assert await product_now(app, made[0]) == made[0], "with its key, its moments and all else"
    assert len(await acts(app, "product.restored")) == 2


async def test_all_that_fit_and_a_column(app: FastAPI, root: Browser) -> None:
    await make_products(
        app, *({"name": f"Lamp {n}", "stock": n} for n in range(3)), {"name": "Oak", "category": "Wood"}
    )
    asked = parse(await root.post("/admin/product/bulk", act="set:category", all="true", query="?category=Lighting"))
    assert text(one(asked, "h1")) == "Set “Category” of 3 products"
    form = {each.get("name"): each.get("value") or "" for each in find(asked, "main form input[name]")}
    assert form["all"] == "true" and form["query"].startswith("?") and "to-category" in form
    refused = await root.post("/admin/product/bulk/job", **{**form, "to-category": "x" * 41})
    assert refused.status_code == 422 and find(parse(refused), "[aria-invalid=true]")
    path, job = await bulk(app, root, "product", **{**form, "to-category": "Lamps"})
    assert job.counts == {"changed": 3} and job.title == "Set “Category” of 3 products"
    assert [each.category for each in (await products(app)).values()] == ["Lamps"] * 3 + ["Wood"]
    lamp = (await products(app))["Lamp 1"]
    await root.post(f"/admin/product/{lamp.id}/cells/category", **await opened(root, lamp, "category", "Mine"))
    undone = await undo(app, root, path)
    assert undone.counts == {"undone": 2, "left": 1}
    assert [each.category for each in (await products(app)).values()] == ["Lighting", "Mine", "Lighting", "Wood"]
    [left] = [item for item in await items_of(app, undone) if item.problem]
    assert left.problem == "This was changed since, so it stays as it is."


async def opened(browser: Browser, product: Product, name: str, value: str) -> dict[str, str]:
    page = parse(await browser.get(f"/admin/product/{product.id}/cells/{name}/edit"))
    return {"version": one(page, "input[name=version]").get("value") or "", name: value}


async def test_a_rule_of_the_table_stops_one_and_not_all(app: FastAPI, root: Browser) -> None:
    """What the database refuses is refused of that row alone."""
    async with app.state.database.transaction() as session:
        session.add_all([Group(name="Friends"), Group(name="Press")])
    path, job = await bulk(app, root, "group", **{"act": "set:name", "all": "true", "sent": "true", "to-name": "All"})
    assert job.counts["changed"] == 1 and set(job.counts) == {"changed", "refused"}
    async with app.state.database.transaction() as session:
        assert len((await session.exec(select(Group).where(Group.name == "All"))).all()) == 1
    assert (await undo(app, root, path)).counts == {"undone": 1}


async def test_what_hangs_on_a_row_keeps_it(app: FastAPI, root: Browser) -> None:
    webinar = await make_webinar(app, capacity=1)
    for name in ("ann", "ben"):
        await root.post("/webinars/herons/registrations", name=name, email=f"{name}@example.com", consent="true")
    ann = (await registered(app, webinar))["ann"]
    async with app.state.database.transaction() as session:
        session.add(Note(registration_id=ann.id, author="root@example.com", text="Calls back"))
    path, job = await bulk(app, root, "registration", act="delete", keys=[str(ann.id)])
    [item] = await items_of(app, job)
    assert (item.key, item.problem) == (str(ann.id), HANGS)
    path, job = await bulk(app, root, "registration", act="delete", keys=[str(ann.id)], confirmed="true")
    assert job.counts == {"deleted": 1} and list(await registered(app, webinar)) == ["ben"]
    assert (await registered(app, webinar))["ben"].status == "registered", "the seat went on"
    await undo(app, root, path)
    back = (await registered(app, webinar))["ann"]
    assert (back.id, back.number, back.status.value) == (ann.id, ann.number, "waiting"), "and is not free any more"
    assert (await webinar_now(app, webinar)).taken == 1


async def test_bulk_keeps_to_the_rights_of_rows(app: FastAPI, root: Browser, stranger: Browser) -> None:
    sam = await make_user(app, "sam@example.com", "sales", is_staff=True)
    webinar = await make_webinar(app)
    for name in ("ann", "ben"):
        await root.post("/webinars/herons/registrations", name=name, email=f"{name}@example.com", consent="true")
    rows = await registered(app, webinar)
    async with app.state.database.transaction() as session:
        session.add(rows["ann"].sqlmodel_update({"rep_id": sam.id}))
    await sign_in(stranger, "sam@example.com")
    form: dict[str, Any] = {
        "act": "set:group",
        "keys": [str(each.id) for each in rows.values()],
        "sent": "true",
        "to-group": "vip",
    }
    _, job = await bulk(app, stranger, "registration", **form)
    assert job.total == 1 and [each.group for each in (await registered(app, webinar)).values()] == ["vip", ""]
    for refused in ({"act": "delete", "all": "true"}, {"act": "set:group", "keys": [str(rows["ben"].id)]}):
        assert (await stranger.post("/admin/registration/bulk/job", **refused)).status_code in (403, 422), refused
    for kind, more in (("user", {"act": "delete", "all": "true"}), ("webinar", {"act": "set:title", "all": "true"})):
        assert (await root.post(f"/admin/{kind}/bulk/job", **more)).status_code == 403, kind
    nonsense: tuple[dict[str, Any], ...] = (
        {"act": "set:id"},
        {"act": "melt"},
        {"act": "delete", "keys": ["x", "\x00"]},
    )
    for wrong in nonsense:
        assert (await root.post("/admin/product/bulk", **wrong)).status_code == 422, wrong
    again = parse(await root.post("/admin/product/bulk", act="delete", query="?q=lamp&sort=-name"))
    assert "there are none" in text(one(again, "main [role=alert]")), "and the list, as it was, to choose from"
    assert one(again, "#q").get("value") == "lamp" and one(again, "#rows") is not None


async def test_sessions_that_are_ended_stay_ended(app: FastAPI, root: Browser, stranger: Browser) -> None:
    await make_user(app, "ann@example.com")
    await sign_in(stranger, "ann@example.com")
    page = await root.post("/admin/access-token/bulk", act="delete", all="true", query="?user_id=ann@example.com")
    assert "This cannot be undone." in page.text
    form = {"act": "delete", "all": "true", "query": "?user_id=ann@example.com"}
    _, job = await bulk(app, root, "access-token", **form)
    assert job.counts == {"deleted": 1} and not job.can_undo
    assert (await stranger.get("/account")).status_code == 401
    await age_sessions(app)
    asked = await root.post("/admin/access-token/bulk/job", **form)
    assert asked.status_code == 403 and "Is it you?" in asked.text
    kept = {each.get("name"): each.get("value") for each in find(parse(asked), "form input[type=hidden]")}
    assert kept == form, "what was narrowed down stays so"


# Views that people keep


async def test_views_are_kept_by_whoever_made_them(app: FastAPI, root: Browser, stranger: Browser) -> None:
    await make_products(app, {"name": "Lamp"}, {"name": "Oak", "category": "Wood"})
    query = "?q=&category=Wood&sort=-name&size=25&nonsense=1"
    assert (await root.post(f"/admin/product/views{query}", name=" Wooden ")).status_code == 303
    link = one(parse(await root.get("/admin/product")), "nav[aria-label='Your views'] a")
    assert text(link) == "Wooden" and link.get("href") == "/admin/product?sort=-name&size=25&category=Wood"
    assert [text(each) for each in find(parse(await root.get(link.get("href") or "")), "tbody th")] == ["Oak"]
    await root.post("/admin/product/views?category=Lighting", name="Wooden")
    page = parse(await root.get("/admin/product"))
    [link] = find(page, "nav[aria-label='Your views'] a")
    assert "category=Lighting" in (link.get("href") or ""), "saved again under its name"
    deletion = one(page, "nav[aria-label='Your views'] form").get("action") or ""
    await make_user(app, "mia@example.com", "marketing", is_staff=True)
    await sign_in(stranger, "mia@example.com")
    assert "Wooden" not in (await stranger.get("/admin/product")).text
    assert (await stranger.post(deletion)).status_code == 404
    assert (await root.post(deletion)).status_code == 303
    assert "Wooden" not in (await root.get("/admin/product")).text
    assert (await root.post("/admin/product/views", name=" ")).status_code == 422
    long = "&".join(f"{name}={'ä' * 200}" for name in ("q", "webinar_id", "rep_id", "group", "source", "status"))
    refused = await root.post(f"/admin/registration/views?{long}&created_at_from={'ü' * 200}", name="Long")
    assert refused.status_code == 422 and "too much to be kept" in refused.text

"""Products from a CSV file and into one: looked at first, imported by a job, and put back."""

import csv
import io
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlmodel import col, select

from app.models.audit import AuditEntry
from app.models.base import now
from app.models.event import Event
from app.models.job import Job, JobState
from app.models.product import Currency, Product
from app.repositories.product_figures import ProductFigures
from app.services import product_file, product_import
from app.services.csv_import import CHANGED_SINCE
from app.services.product_import import ProductImportWork
from tests.browser import Browser
from tests.html import find, one, parse, text
from tests.jobs import job_ended, problems_of, undo
from tests.people import make_user, sign_in
from tests.products import make_products, product_now

PATH = "/products/import"
CSV = """Title;Price;Category;Stock;Currency;Description;Colour
Brass lamp;49.50;lighting;7;eur;Of *brass*.;yellow
;1;Garden;;;;
Mug;1,299;Kitchen;;;;
Tea;150.50;Kitchen;;JPY;;
brass Lamp;2;Garden;;;;
Bench;10;Garden;;;;;more
Plate;3;Kitchen;-1;;;
Stool;20;Garden;;;;
"""


async def preview(desk: Browser, file: str | bytes) -> str:
    """Upload a file; return the path of its preview."""
    response = await desk.client.post(PATH, files={"file": ("products.csv", file, "text/csv")})
    assert response.status_code == 303, response.text
    return response.headers["location"]


async def run(app: FastAPI, desk: Browser, file: str | bytes, **options: str) -> tuple[str, Job]:
    """Import a file; return the path of the job, and the job when it has ended."""
    response = await desk.post(await preview(desk, file), **options)
    assert response.status_code == 303, response.text
    job = await job_ended(app, response.headers["location"])
    assert job.state == JobState.DONE, job.error
    return response.headers["location"], job


async def audited(app: FastAPI) -> list[AuditEntry]:
    async with app.state.database.transaction() as session:
        found = select(AuditEntry).where(AuditEntry.kind == "product").order_by(col(AuditEntry.id))
        return list((await session.exec(found)).all())


async def products(app: FastAPI) -> dict[str, Product]:
    """Those that are not deleted, by their addresses."""
    async with app.state.database.transaction() as session:
        rows = (await session.exec(select(Product).where(col(Product.deleted_at).is_(None)))).all()
    return {row.slug: row for row in rows}


async def test_what_is_wrong_is_said_row_by_row_before_anything_is_written(app: FastAPI, desk: Browser) -> None:
    await make_products(app, {"slug": "stool", "name": "Stool", "category": "Garden", "price": "18"})
    page = parse(await desk.get(await preview(desk, CSV)))
    said = text(one(page, "main"))
    assert "2 rows can be imported, 6 cannot" in said and "left out: Colour" in said
    assert "1 of them is about products that are there already" in said and "Price: 18.00 → 20.00" in said
    rows = [[text(cell) for cell in row] for row in find(page, "table[aria-label='What is wrong'] tbody tr")]
    wrong = {number: problem for number, problem, _key in rows}
    assert wrong.pop("3") == "Name is needed."
    assert wrong.pop("4").startswith("Write the price as 12.50")
    assert wrong.pop("5") == "There are no cents of JPY."
    assert wrong.pop("6") == "Row 2 has the same address."
    assert wrong.pop("7") == "This row has more cells than the first row has names."
    assert wrong.pop("8").startswith("Write how many there are")
    assert wrong == {} and list(await products(app)) == ["stool"]


async def test_the_good_rows_come_in_and_go_again(app: FastAPI, desk: Browser) -> None:
    await make_products(app, {"slug": "old", "category": "Lighting"})
    path, job = await run(app, desk, CSV)
    assert job.counts == {"added": 2}
    lamp = (await products(app))["brass-lamp"]
    facts = {"name": "Brass lamp", "description": "Of *brass*.", "price": "49.50", "currency": "EUR"}
    assert lamp.facts == {**facts, "category": "Lighting", "stock": 7}
    shown = parse(await desk.get(path))
    assert one(shown, "progress").get("value") == "100" and len(find(shown, "#job tbody tr")) == 6
    [added, _stool] = await audited(app)
    assert (added.act, added.key, added.actor, added.after) == (
        "product.added",
        str(lamp.id),
        "mia@example.com",
        lamp.facts,
    )
    await desk.post("/products/stool", **{**(await products(app))["stool"].facts, "stock": "5", "version": "1"})
    assert (await undo(app, desk, path)).counts == {"undone": 1, "left": 1}
    assert sorted(await products(app)) == ["old", "stool"]
    assert CHANGED_SINCE in text(one(parse(await desk.get(path)), "#job"))
    assert [entry.act for entry in await audited(app)][-1] == "product.deleted"
    again, job = await run(app, desk, CSV)
    assert job.counts == {"merged": 1, "unchanged": 1} and "brass-lamp" in await products(app), (
        "what was deleted comes back"
    )
    await undo(app, desk, again)
    assert sorted(await products(app)) == ["old", "stool"]


@pytest.mark.parametrize("duplicates", ["merge", "skip"])
async def test_what_is_there_already_is_merged_or_skipped(app: FastAPI, desk: Browser, duplicates: str) -> None:
    fields = {"slug": "lamp", "name": "Lamp", "price": "10", "stock": 3, "description": "Old."}
    [lamp] = await make_products(app, fields)
    file = "slug,name,price,category,stock,description\nlamp,Lamp two,12.5,Garden,,\n"
    path, job = await run(app, desk, file, duplicates=duplicates)
    found = await product_now(app, lamp)
    if duplicates == "skip":
        assert job.counts == {"skipped": 1} and found == lamp
        return
    assert found.facts == lamp.facts | {"name": "Lamp two", "price": "12.50", "category": "Garden"}
    assert (found.name_key, found.version) == ("lamp two", 2)
    [entry] = await audited(app)
    assert (entry.act, entry.before, entry.after) == (
        "product.changed",
        {"name": "Lamp", "price": "10.00", "category": "Lighting"},
        {"name": "Lamp two", "price": "12.50", "category": "Garden"},
    )
    await undo(app, desk, path)
    assert (await product_now(app, lamp)).facts == lamp.facts


async def test_whoever_follows_is_told_and_the_figures_are_new(app: FastAPI, desk: Browser) -> None:
    [lamp] = await make_products(app, {"slug": "lamp", "name": "Lamp"})
    async with app.state.database.transaction() as session:
        before = await ProductFigures(session).version()
    assert "Chairs" not in (await desk.get("/products/dashboard")).text
    await run(app, desk, "name,price,category\nLamp,11,Lighting\nChair,5,Chairs\n")
    assert "Chairs" in (await desk.get("/products/dashboard")).text, "the cache is not of what was there before"
    async with app.state.database.transaction() as session:
        assert await ProductFigures(session).version() != before
        topics = set((await session.exec(select(Event.topic))).all())
    assert {"products", f"product:{lamp.id}"} <= topics


async def test_a_merge_that_makes_no_sense_is_refused(app: FastAPI, desk: Browser) -> None:
    await make_products(app, {"slug": "tea", "name": "Tea", "currency": "JPY", "price": "150"})
    file = "name,price,category\nTea,150.50,Kitchen\n"
    assert "There are no cents of JPY." in (await desk.get(await preview(desk, file))).text
    _path, job = await run(app, desk, file)
    assert await problems_of(app, job) == {2: "There are no cents of JPY."}


async def test_a_file_says_only_what_it_changes(app: FastAPI, desk: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """By slug or by name; what has no column stays as it is, and a new product needs all of it."""
    monkeypatch.setattr(product_import, "ASKED_AT_ONCE", 2)
    lamp, tea, gone = await make_products(
        app,
        {"slug": "lamp-2", "name": "Lamp", "price": "10", "stock": 3, "description": "Old."},
        {"slug": "tea", "name": "Tea", "price": "150", "currency": Currency.JPY, "stock": 1},
        {"slug": "gone", "name": "Gone", "stock": 4, "deleted_at": now()},
    )
    stock = "slug,name,stock\nlamp-2,,5\n,Tea,0\n,Gone,9\n,New,7\nother,,7\n,,8\nlamp-2,,9\n"
    page = parse(await desk.get(await preview(desk, stock)))
    rows = [[text(cell) for cell in row] for row in find(page, "table[aria-label='What is wrong'] tbody tr")]
    lacks = "There is no such product yet, and a new one needs its"
    assert rows == [
        ["5", f"{lacks} price and category.", "new-2"],
        ["6", f"{lacks} name, price and category.", "other"],
        ["7", "Name is needed.", ""],
        ["8", "Row 2 has the same address.", "lamp-2"],
    ]
    assert "Stock: 3 → 5" in text(one(page, "main")) and "3 rows can be imported, 4 cannot" in text(one(page, "main"))
    path, job = await run(app, desk, stock)
    assert job.counts == {"merged": 3} and len(await products(app)) == 3
    for product, count in ((lamp, 5), (tea, 0), (gone, 9)):
        assert (await product_now(app, product)).facts == product.facts | {"stock": count}
    await undo(app, desk, path)
    for product in (lamp, tea, gone):
        assert (await product_now(app, product)).facts == product.facts
    _path, job = await run(app, desk, "slug,price,currency\nlamp-2,12,\ntea,1.50,EUR\n")
    found = await products(app)
    assert [found[slug].typed_price for slug in ("lamp-2", "tea")] == ["12.00", "1.50"]
    assert (found["tea"].currency, found["tea"].stock, found["lamp-2"].currency) == ("EUR", 1, "EUR")


async def test_a_price_alone_is_read_in_the_products_own_currency(app: FastAPI, desk: Browser) -> None:
    await make_products(app, {"slug": "tea", "name": "Tea", "currency": "JPY", "price": "150"})
    _path, job = await run(app, desk, "slug,price\ntea,160\n")
    assert (await products(app))["tea"].facts["price"] == "160"
    _path, job = await run(app, desk, "slug,price\ntea,160.50\n")
    assert await problems_of(app, job) == {2: "There are no cents of JPY."}


async def test_a_product_that_goes_before_its_change_comes_is_not_made_of_half_a_row(
    app: FastAPI, desk: Browser
) -> None:
    [lamp, _stool] = await make_products(app, {"slug": "lamp"}, {"slug": "stool"})
    path = await preview(desk, "slug,stock\nlamp,5\nstool,6\n")
    async with app.state.database.transaction() as session:
        await session.delete(await session.get(Product, lamp.id))
    job = await job_ended(app, (await desk.post(path)).headers["location"])
    assert (job.state, job.counts) == (JobState.DONE, {"merged": 1, "refused": 1}), job.error
    [problem] = (await problems_of(app, job)).values()
    assert problem == "There is no such product yet, and a new one needs its name, price and category."


async def test_a_file_names_its_products(app: FastAPI, desk: Browser) -> None:
    response = await desk.post(PATH, pasted="price,category\n1,A")
    assert response.status_code == 422
    assert text(one(parse(response), "#about-file")) == "The first row names no column name and no column slug."


async def test_reserved_and_odd_slugs(app: FastAPI, desk: Browser) -> None:
    file = "slug,name,price,category\n,New,1,A\nDashboard,B,1,A\nstream,C,1,A\ntwo words,D,1,A\n"
    _path, job = await run(app, desk, file)
    assert list(await products(app)) == ["new-2"] and len(await problems_of(app, job)) == 3


async def test_two_imports_of_the_same_at_once(app: FastAPI, desk: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ProductImportWork, "at_once", 7)
    files = ["name,price,category\n" + "".join(f"P {n},{price},A\n" for n in range(40)) for price in (1, 2)]
    files[1] = "\n".join([files[1].split("\n")[0], *reversed(files[1].strip().split("\n")[1:])])
    paths = [await preview(desk, file) for file in files]
    jobs = [(await desk.post(path)).headers["location"] for path in paths]
    ended = [await job_ended(app, job) for job in jobs]
    assert [job.state for job in ended] == [JobState.DONE] * 2, [job.error for job in ended]
    assert len(await products(app)) == 40
    async with app.state.database.transaction() as session:
        [category] = await ProductFigures(session).categories()
    assert category.products == 40


async def test_who_may_import(app: FastAPI, desk: Browser) -> None:
    path = await preview(desk, "name,price,category\nA,1,B\n")
    await make_user(app, "max@example.com", "marketing", is_staff=True)
    await make_user(app, "sam@example.com", "sales", is_staff=True)
    await make_user(app, "ursula@example.com", "support", is_staff=True)
    async with Browser(app) as other:
        assert (await other.get(PATH)).status_code == 401
        await sign_in(other, "max@example.com")
        assert (await other.get(path)).status_code == 404, "somebody else's"
        await sign_in(other, "sam@example.com")
        assert (await other.post(PATH, pasted="name,price,category\nA,1,B")).status_code == 403
        await sign_in(other, "ursula@example.com")
        assert (await other.get("/products.csv")).status_code == 403
    assert (await desk.post(path)).status_code == 303
    assert (await desk.post(path)).status_code == 409, "an import runs once"


# The file


async def file(desk: Browser, query: str = "") -> list[dict[str, str]]:
    response = await desk.get(f"/products.csv{query}")
    assert response.status_code == 200 and "attachment" in response.headers["content-disposition"], response.text
    return list(csv.DictReader(io.StringIO(response.text)))


async def test_the_file_has_what_the_address_asks_for(
    app: FastAPI, desk: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(product_file, "EXPORTED_AT_ONCE", 2)
    began = now() - timedelta(days=9)
    await make_products(
        app,
        *(
            {"slug": f"s{n}", "name": f"Lamp {n}", "price": str(n), "stock": n % 2, "created_at": began}
            for n in range(7)
        ),
        {"slug": "gone", "deleted_at": now()},
    )
    for query, found in (
        ("", "s6 s5 s4 s3 s2 s1 s0"),
        ("?sort=-price&page=3", "s6 s5 s4 s3 s2 s1 s0"),
        ("?stock=1&sort=name", "s1 s3 s5"),
        ("?from=2&to=4&sort=name", "s2 s3 s4"),
        ("?q=lamp&from=5", "s6 s5"),
        ("?q=%25%25", ""),
        ("?category=None", ""),
    ):
        assert " ".join(row["slug"] for row in await file(desk, query)) == found, query
    assert (await desk.get("/products.csv?from=1,299")).status_code == 422
    shown = parse(await desk.get("/products?q=lamp&from=5"))
    assert one(shown, "#products a[href*='.csv']").get("href", "").endswith("/products.csv?q=lamp&from=5")


async def test_our_own_file_imports_again_and_no_spreadsheet_runs_it(app: FastAPI, desk: Browser) -> None:
    await make_products(
        app,
        {"slug": "one", "name": "=1+1", "price": "0.05", "description": '-5, "or"\nso', "category": "@home"},
        {"slug": "two", "name": "Tea", "price": "150", "currency": "JPY"},
    )
    text = (await desk.get("/products.csv")).text
    assert "'=1+1" in text and "'@home" in text and "\n=1" not in text
    _path, job = await run(app, desk, text)
    assert job.counts == {"unchanged": 2}

"""The admin panel: rows from a file, and single cells of a list."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import col, select

from app.models.audit import AuditEntry
from app.models.job import Job
from app.models.product import Product
from tests.browser import Browser
from tests.html import find, one, parse, text
from tests.jobs import items_of, job_ended, registered, undo
from tests.people import make_user, sign_in
from tests.products import make_products, product_now, products
from tests.webinars import make_webinar

HEADER = "id,name,category,price_minor,currency,stock,description"


async def look(browser: Browser, kind: str, *rows: str) -> tuple[str, Any]:
    """Paste these; return the preview's path and page."""
    read = await browser.post(f"/admin/{kind}/import", pasted="\n".join(rows))
    assert read.status_code == 303, read.text
    path = read.headers["location"]
    return path, await browser.get(path)


async def run(app: FastAPI, browser: Browser, path: str) -> Job:
    started = await browser.post(path)
    assert started.status_code == 303, started.text
    return await job_ended(app, started.headers["location"])


def table(page: Any, label: str) -> list[str]:
    return [text(each) for each in find(parse(page), f"table[aria-label='{label}'] tbody tr")]


async def test_new_rows_changes_and_mistakes(app: FastAPI, root: Browser) -> None:
    lamp, oak = await make_products(app, {"name": "Lamp", "stock": 3}, {"name": "Oak"})
    path, page = await look(
        root,
        "product",
        f"{HEADER},colour",
        f"{lamp.id},Lamp,Lighting,1000,EUR,5,,red",
        ",Pot,Kitchen,250,usd,,,",
        ",Pan,Kitchen,much,EUR,1,,",
        "4711,Ghost,Kitchen,1,EUR,1,,",
        f"{lamp.id},Lamp,Lighting,1000,EUR,9,,",
        ",,Kitchen,100,EUR,1,,",
        ",Kettle,Kitchen,100,EUR,7,'=1+1,",
    )
    assert "2 rows can be imported, 5 cannot. 1 of them is about a row" in text(one(parse(page), "main"))
    assert "Columns that are left out: colour." in page.text
    assert table(page, "The first that are there already") == [f"2{lamp.id}Stock: 3 → 5"]
    wrong = table(page, "What is wrong")
    assert [row[0] for row in wrong] == ["3", "4", "5", "6", "7"]
    assert "There is no such row" in wrong[2] and "Row 2 has the same key." in wrong[3]
    assert await products(app) == {"Lamp": lamp, "Oak": oak}, "nothing yet"
    job = await run(app, root, path)
    assert job.counts == {"changed": 1, "added": 1}
    now = await products(app)
    assert now["Lamp"].stock == 5 and (now["Kettle"].stock, now["Kettle"].description) == (7, "=1+1")
    assert now["Kettle"].slug == "kettle", "as the panel's form makes it"
    undone = await undo(app, root, f"/desk/jobs/{job.id}")
    assert undone.counts == {"undone": 2} and list(await products(app)) == ["Lamp", "Oak"]
    assert (await products(app))["Lamp"].stock == 3
    assert "has been started" in (await root.get(path)).text
    assert (await root.post(path)).status_code == 409


async def test_what_an_export_holds_can_be_imported(app: FastAPI, root: Browser) -> None:
    made = await make_products(app, {"name": "=Lamp", "description": "Two\nlines, and “quotes”"}, {"name": "Oak"})
    file = await root.get("/admin/product/export.csv")
    read = await root.client.post("/admin/product/import", files={"file": ("p.csv", file.content, "text/csv")})
    job = await run(app, root, read.headers["location"])
    assert job.counts == {"unchanged": 2}
    assert list((await products(app)).values()) == made


async def test_money_in_a_file_is_what_its_column_holds(app: FastAPI, root: Browser) -> None:
    _, page = await look(root, "product", "name,category,price_minor", "Pot,Kitchen,12.50", "Pan,Kitchen,1250")
    assert table(page, "The first new rows") == ["3PanKitchen12.50"]
    assert "Write it in hundredths" in table(page, "What is wrong")[0]
    _, page = await look(root, "product", "name,category,price", "Pot,Kitchen,12")
    assert "Columns that are left out: price." in page.text and "Price is needed." in page.text
    _, page = await look(root, "product", "name,category,price_minor,currency", "Pot,Kitchen,1250,JPY")
    assert table(page, "What is wrong") == ["2There are no cents of JPY.Pot"]


async def test_the_preview_knows_the_rules_of_the_sites_own_form(root: Browser) -> None:
    _, page = await look(root, "product", "name,category,price_minor,stock", "Pot,Kitchen,1250,-1")
    assert "as a whole number from 0" in table(page, "What is wrong")[0]


async def test_what_changed_since_stays(app: FastAPI, root: Browser) -> None:
    [lamp] = await make_products(app, {"name": "Lamp", "stock": 3})
    path, _ = await look(root, "product", HEADER, f"{lamp.id},Lamp,Lamps,1000,EUR,5,", ",Pot,Kitchen,250,USD,1,")
    job = await run(app, root, path)
    pot = (await products(app))["Pot"]
    for product in (lamp, pot):
        await save(root, product, "stock", "8")
    undone = await undo(app, root, f"/desk/jobs/{job.id}")
    assert undone.counts == {"left": 2}
    assert {each.name: each.stock for each in (await products(app)).values()} == {"Lamp": 8, "Pot": 8}
    assert {item.problem for item in await items_of(app, undone)} == {"This was changed since, so it stays as it is."}


async def test_references_by_name_and_rights(app: FastAPI, root: Browser, stranger: Browser) -> None:
    sam = await make_user(app, "sam@example.com", "sales", is_staff=True)
    webinar = await make_webinar(app)
    for name in ("ann", "ben"):
        await root.post("/webinars/herons/registrations", name=name, email=f"{name}@example.com", consent="true")
    rows = await registered(app, webinar)
    lines = [f"{rows[name].id},vip,sam@example.com" for name in rows]
    path, page = await look(root, "registration", "id,group,rep_id", *lines, ",vip,", f"{rows['ann'].id},,nobody")
    assert "2 rows can be imported, 2 cannot." in text(one(parse(page), "main"))
    assert "you may add none" in page.text, "people register themselves"
    assert (await run(app, root, path)).counts == {"changed": 2}
    assert {each.rep_id for each in (await registered(app, webinar)).values()} == {sam.id}
    rows = await registered(app, webinar)
    async with app.state.database.transaction() as session:
        session.add(rows["ben"].sqlmodel_update({"rep_id": None}))
    await sign_in(stranger, "sam@example.com")
    _, page = await look(stranger, "registration", "id,group", *(f"{row.id},press" for row in rows.values()))
    assert "1 row can be imported, 1 cannot." in text(one(parse(page), "main")), "one is not theirs any more"
    assert (await stranger.get(path)).status_code == 404, "somebody else's"
    await make_user(app, "sue@example.com", "support", is_staff=True)
    await sign_in(stranger, "sue@example.com")
    for refused in (await stranger.get("/admin/registration/import"), await root.get("/admin/webinar/import")):
        assert refused.status_code == 403


@pytest.mark.parametrize("pasted", ["", "name", "colour\nred", "id\n1", "\x00", '"'])
async def test_files_that_are_none(root: Browser, pasted: str) -> None:
    refused = await root.post("/admin/product/import", pasted=pasted)
    assert refused.status_code == 422 and one(parse(refused), "#about-file").get("class") == "text-sm text-error"


# Cells


async def save(browser: Browser, product: Product, name: str, value: str, **more: str) -> Any:
    path = f"/admin/product/{product.id}/cells/{name}"
    version = one(parse(await browser.get(f"{path}/edit")), "input[name=version]").get("value")
    return await browser.post(path, **{"version": version, name: value, **more})


async def test_a_cell_with_and_without_script(app: FastAPI, root: Browser) -> None:
    [lamp] = await make_products(app, {"name": "Lamp", "stock": 3})
    edit = one(parse(await root.get("/admin/product?category=Lighting")), "td a[aria-label='Change Stock of p-0']")
    page = await root.get(edit.get("href") or "")
    form = one(parse(page), "main form")
    assert one(form, "input[name=stock]").get("value") == "3"
    saved = await root.post(form.get("action") or "", version=one(form, "input[name=version]").get("value"), stock="4")
    assert saved.status_code == 303 and "category=Lighting" in saved.headers["location"]
    piece = await root.htmx(edit.get("hx-get") or "")
    [form] = find(parse(piece), "form")
    assert "<html" not in piece.text and form.get("hx-post")
    version = one(form, "input[name=version]").get("value")
    shown = await root.htmx(form.get("hx-post") or "", "POST", version=version, stock="5")
    assert shown.status_code == 200 and "<td" not in shown.text and text(parse(shown)).strip() == "5"
    assert (await product_now(app, lamp)).stock == 5
    wrong = await root.htmx(form.get("hx-post") or "", "POST", version=version, stock="many")
    assert wrong.status_code == 422 and one(parse(wrong), "[aria-invalid=true]").get("value") == "many"
    async with app.state.database.transaction() as session:
        found = select(AuditEntry.after).where(AuditEntry.act == "product.changed").order_by(col(AuditEntry.id))
        assert [each["stock"] for each in (await session.exec(found)).all()] == [4, 5]


async def test_two_change_the_same_cell(app: FastAPI, root: Browser) -> None:
    [lamp] = await make_products(app, {"name": "Lamp", "stock": 3})
    version = one(parse(await root.get(f"/admin/product/{lamp.id}/cells/stock/edit")), "input[name=version]").get(
        "value"
    )
    assert (await save(root, lamp, "stock", "4")).status_code == 303
    for post in (root.post, lambda path, **form: root.htmx(path, "POST", **form)):
        conflict = await post(f"/admin/product/{lamp.id}/cells/stock", version=version, stock="9")
        assert conflict.status_code == 409
        assert "Theirs: 4" in conflict.text.replace("</span> ", " ").replace('<span class="text-muted">', "")
    assert (await product_now(app, lamp)).stock == 4


async def test_only_the_cells_that_the_view_names(app: FastAPI, root: Browser, stranger: Browser) -> None:
    [lamp] = await make_products(app, {"name": "Lamp"})
    for name in ("name", "id", "nonsense"):
        assert (await root.get(f"/admin/product/{lamp.id}/cells/{name}/edit")).status_code == 404
        assert (await root.post(f"/admin/product/{lamp.id}/cells/{name}", **{name: "x"})).status_code == 404
    assert (await root.post(f"/admin/product/{lamp.id}/cells/stock")).status_code == 422
    await make_user(app, "sue@example.com", "support", is_staff=True)
    await make_webinar(app)
    await root.post("/webinars/herons/registrations", name="ann", email="ann@example.com", consent="true")
    edit = one(parse(await root.get("/admin/registration")), "td a[aria-label^='Change Group']").get("href") or ""
    await sign_in(stranger, "sue@example.com")
    assert "Change Group" not in (await stranger.get("/admin/registration")).text
    assert (await stranger.get(edit)).status_code == 403
    assert (await stranger.post(edit.partition("/edit")[0], group="vip")).status_code == 403


async def test_an_undo_brings_nobody_back_who_is_erased(app: FastAPI, root: Browser) -> None:
    webinar = await make_webinar(app)
    for name in ("ann", "ben"):
        await root.post("/webinars/herons/registrations", name=name, email=f"{name}@example.com", consent="true")
    ann = (await registered(app, webinar))["ann"]
    await root.post(f"/desk/webinars/herons/registrations/{ann.id}/notes", text="Ann sings")
    deleting = [
        await root.post(f"/admin/{kind}/bulk/job", act="delete", all="true", confirmed="true")
        for kind in ("note", "registration")
    ]
    jobs = [await job_ended(app, started.headers["location"]) for started in deleting]
    assert [job.counts for job in jobs] == [{"deleted": 1}, {"deleted": 2}]
    assert "Ann sings" in str([item.before for item in await items_of(app, jobs[0])])
    assert (await root.post("/desk/contacts/erasure", email="Ann@example.com")).status_code == 200
    kept = [item for job in jobs for item in await items_of(app, job)]
    assert [item.before.get("name") for item in kept] == ["ben"]
    job = jobs[1]
    await undo(app, root, f"/desk/jobs/{job.id}")
    assert list(await registered(app, webinar)) == ["ben"]

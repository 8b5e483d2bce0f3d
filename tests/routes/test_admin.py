"""The admin panel: what it lists, shows, changes and records."""

import json
import re
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import col, select

from app.admin.records import Records
from app.admin.views import PANEL
from app.models.audit import AuditEntry
from app.models.base import now
from app.models.group import Group, GroupMember, GroupPermission
from app.models.user import User
from app.models.webinar import Note, Registration, Standing, Webinar
from app.repositories.pictures import PictureRepository
from app.services.images import Shape, make
from tests.browser import Browser
from tests.html import find, one, parse, text
from tests.jobs import job_ended
from tests.people import age_sessions, make_user, sign_in
from tests.pictures import file, opened
from tests.products import make_products
from tests.webinars import make_webinar

LAMP = {"name": "Lamp", "category": "Light", "price_minor": "12.50", "currency": "EUR", "stock": "3", "description": ""}


async def entries(app: FastAPI, kind: str, key: object) -> list[AuditEntry]:
    async with app.state.database.transaction() as session:
        found = select(AuditEntry).where(AuditEntry.kind == kind, AuditEntry.key == str(key))
        return list((await session.exec(found.order_by(col(AuditEntry.id)))).all())


def fields(page: Any) -> dict[str, str]:
    """What the form of a page would send."""
    form = one(parse(page), "main form[method=post]")
    inputs = {each.get("name"): each.get("value") or "" for each in form.cssselect("input[name]")}
    areas = {
        each.get("name"): (each.text or "").removeprefix("\r\n").removeprefix("\n")
        for each in form.cssselect("textarea")
    }
    selects = {
        each.get("name"): next((o.get("value") or "" for o in each.cssselect("option[selected]")), "")
        for each in form.cssselect("select")
    }
    return inputs | areas | selects


@pytest.mark.parametrize("kind", list(PANEL.views))
async def test_every_table_opens(app: FastAPI, root: Browser, kind: str) -> None:
    page = await root.get(f"/admin/{kind}")
    assert page.status_code == 200 and PANEL.views[kind].name_plural in page.text
    if PANEL.views[kind].can_create:
        assert (await root.get(f"/admin/{kind}/new")).status_code == 200


class PlainWebinar(Records, model=Webinar):
    """All defaults, which have a field for each kind of column."""


async def test_a_form_of_every_kind_of_column() -> None:
    names = {field.name for field in PlainWebinar().typed}
    form = (await PlainWebinar().scaffold_form())(data={"starts_at": now()})
    assert names >= {"title", "starts_at", "opens_at", "needs_approval", "questions", "status", "cover_id"}
    assert set(form.data) == names and f"{now():%Y-%m-%d}" in str(form["starts_at"]())


async def test_a_product_from_its_form_to_its_end(app: FastAPI, root: Browser) -> None:
    form = {
        "name": "Lamp",
        "category": "Light",
        "price_minor": "12.50",
        "currency": "EUR",
        "stock": "3",
        "description": "",
    }
    made = await root.post("/admin/product", **form)
    assert made.status_code == 303, made.text
    path = made.headers["location"]
    assert "Lamp" in (await root.get(path)).text
    typed = fields(await root.get(f"{path}/edit"))
    assert typed["stock"] == "3" and typed["currency"] == "EUR"
    assert (await root.post(path, **{**typed, "stock": "5"})).status_code == 303
    key = path.rpartition("/")[2]
    [added, changed] = await entries(app, "product", key)
    assert (added.act, changed.act) == ("product.added", "product.changed")
    assert changed.before["stock"] == 3 and changed.after["stock"] == 5 and changed.actor == "root@example.com"
    reverted = await root.post(f"{path}/history/{changed.id}/reversal")
    assert reverted.status_code == 303, reverted.text
    assert "Product reverted" in (await root.get(f"{path}/history")).text
    assert fields(await root.get(f"{path}/edit"))["stock"] == "3"
    assert (await root.get(f"{path}/deletion")).status_code == 200
    assert (await root.post(f"{path}/deletion")).status_code == 303
    assert (await root.get(path)).status_code == 404
    assert (await entries(app, "product", key))[-1].before["name"] == "Lamp"


async def test_what_is_wrong_stands_beside_its_field(app: FastAPI, root: Browser) -> None:
    form = {
        "name": "",
        "category": "Light",
        "price_minor": "much",
        "currency": "ZZZ",
        "stock": "3",
        "description": "long",
    }
    refused = await root.post("/admin/product", **form)
    assert refused.status_code == 422
    assert {"name", "price_minor", "currency"} <= {
        each.get("name") for each in find(parse(refused), "[aria-invalid=true]")
    }
    assert fields(refused)["description"] == "long", "nothing typed is lost"


async def test_two_save_the_same_row(app: FastAPI, root: Browser) -> None:
    [product] = await make_products(app, {"name": "Lamp", "stock": 3})
    path = f"/admin/product/{product.id}"
    first, second = fields(await root.get(f"{path}/edit")), fields(await root.get(f"{path}/edit"))
    assert (await root.post(path, **{**first, "stock": "4"})).status_code == 303
    conflict = await root.post(path, **{**second, "stock": "9", "name": "Big lamp"})
    assert conflict.status_code == 409
    said = text(one(parse(conflict), "main"))
    assert "Theirs: 4" in said and "Mine: 9" in said and "Mine: Big lamp" in said
    chosen = {"version": fields(conflict)["version"], **second, "stock": "4", "name": "Big lamp"}
    chosen["version"] = fields(conflict)["version"]
    assert (await root.post(path, **chosen)).status_code == 303
    typed = fields(await root.get(f"{path}/edit"))
    assert (typed["stock"], typed["name"]) == ("4", "Big lamp")


async def test_what_the_database_refuses_stays_in_the_form(app: FastAPI, root: Browser) -> None:
    async with app.state.database.transaction() as session:
        friends, press = Group(name="Friends"), Group(name="Press")
        session.add_all([friends, press])
    path = f"/admin/group/{press.id}"
    refused = await root.post(path, **{**fields(await root.get(f"{path}/edit")), "name": "Friends"})
    assert refused.status_code == 409 and fields(refused)["name"] == "Friends"
    assert text(one(parse(refused), "h1")) == "Edit Press"


async def test_money_is_shown_and_typed_as_people_do(app: FastAPI, root: Browser) -> None:
    made = await root.post("/admin/product", **{**LAMP, "price_minor": "1234.5"})
    path = made.headers["location"]
    for page in (path, "/admin/product"):
        assert "1,234.50 EUR" in text(one(parse(await root.get(page)), "main")), page
    typed = fields(await root.get(f"{path}/edit"))
    assert typed["price_minor"] == "1234.50"
    for wrong in ("1,299", "-1", "1.234", "1e3", "10000000000", "much", "٣"):
        refused = await root.post(path, **{**typed, "price_minor": wrong})
        assert refused.status_code == 422 and fields(refused)["price_minor"] == wrong, wrong
        assert "Write the price as 12.50" in text(one(parse(refused), "#about-price_minor")), wrong
    whole = await root.post(path, **{**typed, "currency": "JPY"})
    assert whole.status_code == 422 and "There are no cents of JPY." in text(one(parse(whole), "#about-price_minor"))
    assert (await root.post(path, **{**typed, "price_minor": "980"})).status_code == 303
    assert "Price: 1234.50 → 980.00" in text(one(parse(await root.get(f"{path}/history")), "main"))
    conflict = await root.post(path, **{**typed, "price_minor": "7"})
    assert "Theirs: 980.00" in conflict.text.replace("</span>", "").replace('<span class="text-muted">', "")
    chosen = {**fields(conflict), **{name: typed[name] for name in LAMP}, "price_minor": "980.00"}
    assert (await root.post(path, **chosen)).status_code == 303
    [row] = (await root.get("/admin/product/export.json")).json()
    assert row["price_minor"] == 98_000, "files hold what the column does"
    assert (await root.post(path, **{**fields(await root.get(f"{path}/edit")), "currency": "JPY"})).status_code == 303
    assert "980 JPY" in text(one(parse(await root.get(path)), "main"))


@pytest.mark.parametrize("shows", ["product", "webinar", "registration"])
async def test_pictures_are_seen_by_those_who_see_the_row(
    app: FastAPI, root: Browser, stranger: Browser, shows: str
) -> None:
    [lamp], webinar = await make_products(app, {"picture_alt": "A red lamp"}), await make_webinar(app)
    await root.post("/webinars/herons/registrations", name="Ann", email="ann@example.com", consent="true")
    async with app.state.database.transaction() as session:
        ann = (await session.exec(select(Registration))).one()
        row: Any = {"product": lamp, "webinar": webinar, "registration": ann}[shows]
        bare = await root.get(f"/admin/{shows}/{row.id}")
        session.add(row)
        await PictureRepository(session).replace(row, make(file(), Shape(64, 64)))
    assert find(parse(bare), "main img") == []
    alts = {"product": "A red lamp", "webinar": "Cover of Herons", "registration": "Photo of Ann"}
    for page in (f"/admin/{shows}", f"/admin/{shows}/{row.id}"):
        shown = one(parse(await root.get(page)), "main img")
        assert shown.get("alt") == alts[shows], page
    path = shown.get("src") or ""
    sent = await root.get(path)
    assert sent.headers["content-type"] == "image/webp" and opened(sent.content).size == (64, 64)
    known = await root.client.get(path, headers={"If-None-Match": sent.headers["etag"]})
    assert (known.status_code, sent.headers["cache-control"]) == (304, "private, no-cache")
    for other in ("name", "id", "nonsense", "rep_id"):
        assert (await root.get(f"{path.rpartition('/')[0]}/{other}")).status_code == 404, other
    await make_user(app, "nobody@example.com", is_staff=True)
    await sign_in(stranger, "nobody@example.com")
    assert (await stranger.get(path)).status_code == 404


async def test_pages_by_key(app: FastAPI, root: Browser) -> None:
    await make_products(app, *({"name": f"Lamp {number:02}", "stock": number} for number in range(60)))
    names: list[str] = []
    path = "/admin/product?size=25&sort=name"
    while path:
        page = parse(await root.get(path))
        names += [text(each) for each in find(page, "tbody th")]
        on = find(page, "#page-next")
        path = on[0].get("href") if on else ""
    assert names == [f"Lamp {number:02}" for number in range(60)]
    last = parse(await root.get("/admin/product?size=25&sort=name&before=end"))
    assert text(find(last, "tbody th")[-1]) == "Lamp 59"
    back = parse(await root.get(one(last, "#page-previous").get("href")))
    assert text(find(back, "tbody th")[-1]) == "Lamp 34"


async def test_search_filters_and_order(app: FastAPI, root: Browser) -> None:
    await make_webinar(app)
    await root.post("/webinars/herons/registrations", name="Ann", email="ann@example.com", consent="true")
    await make_products(app, {"name": "Lamp", "stock": 1}, {"name": "Oak table", "category": "Wood", "stock": 2})
    for query in (
        "q=oak",
        "category=Wood",
        "currency=EUR&q=table",
        "sort=-stock&size=25",
        "created_at_from=2020-01-01&q=tab",
    ):
        page = parse(await root.get(f"/admin/product?{query}"))
        assert text(find(page, "tbody th")[0]) == "Oak table", query
    for query, numbers in (("", True), ("?q=ann", False), ("?status=registered", True)):
        page = parse(await root.get(f"/admin/registration{query}"))
        choices = [text(each) for each in find(page, "select[name=status] option")]
        assert ("Waiting (0)" in choices) == numbers and ("Waiting" in choices) != numbers, query
    for nothing in ("/admin/product?q=zebra", "/admin/registration?rep_id=nobody@example.com"):
        assert "Nothing fits" in (await root.get(nothing)).text
    for nonsense in (
        "sort=password",
        "after=x",
        'after=["a","b","c","d"]',
        "size=7",
        "currency=%00",
        "created_at_from=x",
        "before=[1]",
        'sort=name&after=["\\ud800",1]',
        'sort=name&after=["\\u0000",1]',
        "after=" + "[" * 20_000,
    ):
        assert (await root.get(f"/admin/product?{nonsense}")).status_code == 200, nonsense
    assert (await root.get(f"/admin/product/{10**20}")).status_code == 404
    assert (await root.get(f"/admin/group-member?group_id={10**20}")).status_code == 200
    refused = await root.post("/admin/product", **{**LAMP, "stock": str(10**20)})
    assert refused.status_code == 422 and fields(refused)["stock"] == str(10**20)


async def test_references_by_name(app: FastAPI, root: Browser) -> None:
    sam = await make_user(app, "sam@example.com", "sales", is_staff=True)
    await make_webinar(app)
    await root.post("/webinars/herons/registrations", name="Ann", email="ann@example.com", consent="true")
    path = one(parse(await root.get("/admin/registration?webinar_id=herons")), "tbody th a").get("href")
    typed = fields(await root.get(f"{path}/edit"))
    assert (await root.post(path, **{**typed, "rep_id": "sam@example.com", "group": "vip"})).status_code == 303
    shown = await root.get(path)
    assert "sam@example.com" in shown.text and "vip" in shown.text
    assert fields(await root.get(f"{path}/edit"))["rep_id"] == "sam@example.com"
    unknown = await root.post(path, **{**fields(await root.get(f"{path}/edit")), "rep_id": "nobody@example.com"})
    assert unknown.status_code == 422 and "there is no “nobody@example.com”" in unknown.text
    names = await root.get("/admin/registration/suggestions/rep_id?rep_id=sa")
    assert re.findall('value="([^"]+)"', names.text) == ["sam@example.com"]
    assert "sam@example.com" in (await root.get(f"/admin/registration?rep_id={sam.id}")).text


async def test_a_reference_stays_where_it_is(
    app: FastAPI, root: Browser, stranger: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For those who see nobody else, and where two rows are called the same."""
    for slug in ("herons", "owls"):
        await make_webinar(app, slug=slug)
        await root.post(f"/webinars/{slug}/registrations", name="Ann", email="ann@example.com", consent="true")
    sam = await make_user(app, "sam@example.com", "sales", is_staff=True)
    await make_user(app, "mia@example.com", "marketing", is_staff=True)
    async with app.state.database.transaction() as session:
        [ann, other] = (await session.exec(select(Registration).order_by(col(Registration.created_at)))).all()
        session.add(ann.sqlmodel_update({"rep_id": sam.id}))
    await sign_in(stranger, "mia@example.com")
    path = f"/admin/registration/{ann.id}"
    shown = fields(await stranger.get(f"{path}/edit"))
    assert shown["rep_id"] == str(sam.id), "whom they may not see has no name"
    assert (await stranger.post(path, **{**shown, "group": "press"})).status_code == 303
    exported = (await stranger.get("/admin/registration/export.csv")).text
    page = await stranger.get((await stranger.post("/admin/registration/import", pasted=exported)).headers["location"])
    assert "there is no" not in page.text and "→" not in text(one(parse(page), "main"))
    async with app.state.database.transaction() as session:
        kept = await session.get(Registration, ann.id)
    assert kept and (kept.rep_id, kept.group) == (sam.id, "press")
    for name, value in (("label", "name"), ("naming", PANEL.views["registration"].fields["name"])):
        monkeypatch.setattr(PANEL.views["registration"], name, value, raising=False)
    inline = f"within=registration.registration_id.{other.id}"
    assert (await stranger.post(f"/admin/note?{inline}", text="Calls back")).status_code == 303
    async with app.state.database.transaction() as session:
        [note] = (await session.exec(select(Note))).all()
    assert note.registration_id == other.id
    refused = await root.post("/admin/note", registration_id="Ann", text="Whose?")
    assert refused.status_code == 422 and "several are called" in refused.text


async def test_nothing_breaks_a_rule_by_being_put_back(app: FastAPI, root: Browser) -> None:
    [lamp] = await make_products(app, {"name": "Lamp", "stock": 3})
    path = f"/admin/product/{lamp.id}"
    for change in ({"price_minor": "12.50", "currency": "EUR"}, {"price_minor": "12.00"}, {"currency": "JPY"}):
        assert (await root.post(path, **{**fields(await root.get(f"{path}/edit")), **change})).status_code == 303
    async with app.state.database.transaction() as session:
        found = select(AuditEntry).where(AuditEntry.kind == "product").order_by(col(AuditEntry.id))
        cheaper = (await session.exec(found)).all()[-2]
    refused = await root.post(f"{path}/history/{cheaper.id}/reversal")
    assert refused.status_code == 409 and "no cents of JPY" in refused.text


async def test_an_undo_asks_for_the_password_that_the_act_has_asked_for(app: FastAPI, root: Browser) -> None:
    ann = await make_user(app, "ann@example.com", "support", is_staff=True)
    added = await root.post("/admin/group-member/import", pasted="group_id,user_id\nmarketing,ann@example.com")
    job = (await root.post(added.headers["location"])).headers["location"]
    await job_ended(app, job)
    await age_sessions(app)
    assert (await root.post(f"{job}/undo")).status_code == 403
    async with app.state.database.transaction() as session:
        assert len((await session.exec(select(GroupMember).where(GroupMember.user_id == ann.id))).all()) == 2


async def test_a_deleted_registration_gives_its_seat_back(app: FastAPI, root: Browser) -> None:
    await make_webinar(app, capacity=1)
    for name in ("ann", "ben"):
        await root.post("/webinars/herons/registrations", name=name, email=f"{name}@example.com", consent="true")
    path = one(parse(await root.get("/admin/registration?q=ann@")), "tbody th a").get("href")
    assert (await root.post(f"{path}/deletion")).status_code == 303
    listed = text(one(parse(await root.get("/admin/registration")), "tbody"))
    assert "ann" not in listed and "Registered" in listed


async def test_secrets_are_shown_nowhere(app: FastAPI, root: Browser) -> None:
    async with app.state.database.transaction() as session:
        user = (await session.exec(select(User).where(User.email == "root@example.com"))).one()
    for path in ("/admin/user", f"/admin/user/{user.id}", f"/admin/user/{user.id}/edit", "/admin/user?q=argon2"):
        page = await root.get(path)
        assert "argon2" not in page.text.replace("q=argon2", "").replace('value="argon2"', ""), path
    await root.post(
        f"/admin/user/{user.id}", **{**fields(await root.get(f"/admin/user/{user.id}/edit")), "name": "Root"}
    )
    [entry] = [each for each in await entries(app, "user", user.id) if each.act == "user.changed"]
    assert "argon2" not in json.dumps([entry.before, entry.after]) and entry.after == {"name": "Root"}


async def test_sensitive_tables_ask_for_the_password(app: FastAPI, root: Browser) -> None:
    await age_sessions(app)
    asked = await root.post("/admin/group", name="Friends")
    assert asked.status_code == 403 and "Is it you?" in asked.text
    async with app.state.database.transaction() as session:
        assert (await session.exec(select(Group).where(Group.name == "Friends"))).first() is None


async def test_staff_see_what_their_groups_allow(app: FastAPI, browser: Browser) -> None:
    await make_user(app, "sue@example.com", "support", is_staff=True)
    await sign_in(browser, "sue@example.com")
    home = await browser.get("/admin")
    assert "Registrations" in home.text and "Sessions" not in home.text and "Groups" not in home.text
    assert (await browser.get("/admin/access-token")).status_code == 404
    [product] = await make_products(app, {})
    assert (await browser.get(f"/admin/product/{product.id}")).status_code == 404
    await make_webinar(app)
    await browser.post("/webinars/herons/registrations", name="Ann", email="ann@example.com", consent="true")
    path = one(parse(await browser.get("/admin/registration")), "tbody th a").get("href")
    for refused in (path, f"{path}/deletion", "/admin/registration"):
        assert (await browser.post(refused, name="Mine")).status_code == 403, refused
    assert (await browser.get(f"{path}/edit")).status_code == 403


async def test_staff_are_changed_by_superusers_alone(app: FastAPI, root: Browser, stranger: Browser) -> None:
    """Here as on the page of a person; and what was done to people is in their own history."""
    async with app.state.database.transaction() as session:
        session.add(care := Group(name="care"))
        await session.flush()
        session.add_all(GroupPermission(group_id=care.id or 0, permission=f"user.{act}") for act in ("view", "change"))
    await make_user(app, "cara@example.com", "care", is_staff=True)
    sam = await make_user(app, "sam@example.com", is_staff=True)
    ann = await make_user(app, "ann@example.com")
    await sign_in(stranger, "cara@example.com")
    for user, status in ((sam, 403), (ann, 303)):
        form = fields(await root.get(f"/admin/user/{user.id}/edit"))
        assert (await stranger.post(f"/admin/user/{user.id}", **{**form, "name": "Changed"})).status_code == status
        assert ("/edit" in (await stranger.get(f"/admin/user/{user.id}")).text) == (status == 303)
    await root.post("/admin/group-member", group_id="care", user_id="ann@example.com")
    async with app.state.database.transaction() as session:
        found = await session.exec(select(AuditEntry).where(AuditEntry.subject_id == ann.id))
        assert {"user.changed", "group-member.added"} <= {each.act for each in found.all()}


async def test_a_rep_gives_nobody_away(app: FastAPI, root: Browser, stranger: Browser) -> None:
    """Sales change what is assigned to them, and nothing by which they would lose it."""
    sam = await make_user(app, "sam@example.com", "sales", is_staff=True)
    await make_webinar(app)
    for name in ("ann", "ben"):
        await root.post("/webinars/herons/registrations", name=name, email=f"{name}@example.com", consent="true")
    path = one(parse(await root.get("/admin/registration?q=ann")), "tbody th a").get("href")
    await root.post(path, **{**fields(await root.get(f"{path}/edit")), "rep_id": "sam@example.com"})
    await sign_in(stranger, sam.email)
    assert [text(each) for each in find(parse(await stranger.get("/admin/registration")), "tbody th")] == ["ann"]
    typed = fields(await stranger.get(f"{path}/edit"))
    assert (await stranger.post(path, **{**typed, "group": "vip"})).status_code == 303
    typed = fields(await stranger.get(f"{path}/edit"))
    assert (await stranger.post(path, **{**typed, "rep_id": "root@example.com"})).status_code in (403, 422)
    assert "vip" in (await stranger.get(path)).text, "it is still theirs"


async def test_the_log_forgets_whom_a_contacts_erasure_is_about(app: FastAPI, root: Browser) -> None:
    await make_webinar(app, slug="otters")
    await root.post("/webinars/otters/registrations", name="Canary", email="canary@example.com", consent="true")
    deleted = one(parse(await root.get("/admin/registration")), "tbody th a").get("href")
    assert (await root.post(f"{deleted}/deletion")).status_code == 303
    await make_webinar(app)
    await root.post("/webinars/herons/registrations", name="Canary", email="canary@example.com", consent="true")
    path = one(parse(await root.get("/admin/registration")), "tbody th a").get("href")
    await root.post(path, **{**fields(await root.get(f"{path}/edit")), "name": "Canary Bird", "group": "canaries"})
    await root.post(f"/desk/webinars/herons/registrations/{path.rpartition('/')[2]}/notes", text="the canary sings")
    note = one(parse(await root.get("/admin/note")), "tbody th a").get("href")
    assert (await root.post(f"{note}/deletion")).status_code == 303
    assert "Canary Bird" in (await root.get(f"{path}/history")).text
    await root.post("/desk/contacts/erasure", email="canary@example.com")
    async with app.state.database.transaction() as session:
        kept = (await session.exec(select(AuditEntry))).all()
    assert {"registration.deleted", "registration.changed", "note.deleted", "contact.erased"} <= {
        entry.act for entry in kept
    }
    assert "canar" not in json.dumps([[entry.before, entry.after] for entry in kept]).lower()


async def test_a_list_shows_by_what_it_is_sorted_and_how_it_stands_with_its_rows(app: FastAPI, root: Browser) -> None:
    await make_webinar(app)
    up, down = parse(await root.get("/admin/webinar?sort=title")), parse(await root.get("/admin/webinar?sort=-title"))
    assert [text(one(page, "#sort-title")) for page in (up, down)] == ["Title ↑", "Title ↓"]
    assert text(one(up, "td .text-success")) == "Published"
    for kind, home in (("user", "/people"), ("webinar", "/webinars"), ("product", "/products")):
        page = parse(await root.get(f"/admin/{kind}"))
        assert [text(each) for each in find(page, f'main a[href="{home}"]')] == ["Their own page"], kind
        assert (await root.get(home)).status_code == 200


async def test_a_history_says_what_people_call_things(app: FastAPI, root: Browser) -> None:
    rep = await make_user(app, "rep@example.com", "sales", is_staff=True)
    webinar = await make_webinar(app, capacity=9)
    values: dict[str, Any] = {"number": 1, "consent": "yes", "status": Standing.REGISTERED, "email": "a@example.com"}
    held = Registration(webinar_id=webinar.id, name="Ann", **values)
    async with app.state.database.transaction() as session:
        session.add(held)
    assert text(one(parse(await root.get(f"/admin/registration/{held.id}")), "h1")) == "Registration Ann"
    await root.post(
        f"/admin/registration/{held.id}",
        **fields(await root.get(f"/admin/registration/{held.id}/edit")) | {"rep_id": rep.email},
    )
    said = text(one(parse(await root.get(f"/admin/registration/{held.id}/history")), "main ol"))
    assert "Sales rep: nothing → rep@example.com" in said and "updated_at" not in said and str(rep.id) not in said


async def test_a_filter_suggests_what_rows_hold_that_one_sees(app: FastAPI, root: Browser) -> None:
    await make_products(app, {"category": "Lighting"}, {"category": "Linen"}, {"category": "Books"})
    path = "/admin/product/suggestions/category?category="
    for typed, found in {"": ["Books", "Lighting", "Linen"], "Li": ["Lighting", "Linen"], "x": []}.items():
        options = re.findall(r'value="([^"]*)"', (await root.get(f"{path}{typed}")).text)
        assert options == found, typed
    page = parse(await root.get("/admin/product"))
    assert one(page, "#by-category").get("list") == one(page, "#by-category ~ datalist").get("id")
    for other in ("description", "name_key", "slug"):
        assert "option" not in (await root.get(f"/admin/product/suggestions/{other}")).text, "no filter of the list"

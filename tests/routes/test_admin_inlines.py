"""The admin panel: rows of other tables on a row's page, changed there."""

from fastapi import FastAPI
from lxml.html import HtmlElement
from sqlmodel import col, select

from app.admin.views import PANEL
from app.models.audit import AuditEntry
from app.models.conversation import Conversation, Message, Role
from app.models.group import Group, GroupMember
from app.models.webinar import Note, Registration
from tests.browser import Browser
from tests.html import find, one, parse, text
from tests.jobs import registered
from tests.people import age_sessions, make_user, sign_in
from tests.queries import counted
from tests.webinars import make_webinar, webinar_now

NOTES, SEATS = "#note-registration_id", "#registration-webinar_id"


async def make_ann(app: FastAPI, browser: Browser) -> Registration:
    webinar = await make_webinar(app)
    await browser.post("/webinars/herons/registrations", name="Ann", email="ann@example.com", consent="true")
    return (await registered(app, webinar))["ann"]


async def put_notes(app: FastAPI, ann: Registration, *texts: str) -> None:
    async with app.state.database.transaction() as session:
        session.add_all(Note(registration_id=ann.id, author="Mia", text=each) for each in texts)


async def notes(app: FastAPI) -> list[Note]:
    async with app.state.database.transaction() as session:
        return list((await session.exec(select(Note).order_by(col(Note.id)))).all())


async def acts(app: FastAPI, kind: str) -> list[str]:
    async with app.state.database.transaction() as session:
        found = select(AuditEntry.act).where(AuditEntry.kind == kind).order_by(col(AuditEntry.id))
        return list((await session.exec(found)).all())


def cells(page: HtmlElement, of: str = NOTES) -> list[list[str]]:
    return [[text(cell) for cell in find(row, "td")] for row in find(page, f"{of} tbody tr")]


def sent(form: HtmlElement) -> dict[str, str]:
    """What a form would send as it is."""
    inputs = {each.get("name"): each.get("value") or "" for each in find(form, "input[name]")}
    return inputs | {each.get("name"): (each.text or "").lstrip() for each in find(form, "textarea[name]")}


async def opened(browser: Browser, path: str, link: str) -> HtmlElement:
    """The form behind a link of a page."""
    href = one(parse(await browser.get(path)), link).get("href")
    return one(parse(await browser.get(href or "")), "main form")


async def test_rows_are_added_changed_and_deleted_on_the_page(app: FastAPI, root: Browser) -> None:
    ann = await make_ann(app, root)
    path = f"/admin/registration/{ann.id}"
    form = await opened(root, path, f"{NOTES} a[href*='/new?']")
    assert set(sent(form)) == {"text"}, "to whom it belongs is known"
    for typed in ("Calls back", "Wants a seat"):
        added = await root.post(form.get("action") or "", text=typed)
        assert (added.status_code, added.headers["location"]) == (303, path)
    [calls, seat] = await notes(app)
    assert (calls.registration_id, calls.author, calls.text) == (ann.id, "root@example.com", "Calls back")
    assert [row[0] for row in cells(parse(await root.get(path)))] == ["Calls back", "Wants a seat"]
    form = await opened(root, path, f"{NOTES} tr:nth-of-type(2) a[aria-label^='Change Text']")
    changed = await root.post(form.get("action") or "", **{**sent(form), "text": "Wants two"})
    assert (changed.status_code, changed.headers["location"]) == (303, path)
    form = await opened(root, path, f"{NOTES} tr:first-child a[href*='/deletion']")
    deleted = await root.post(form.get("action") or "")
    assert (deleted.status_code, deleted.headers["location"].partition("?")[0]) == (303, path)
    assert [(each.id, each.text) for each in await notes(app)] == [(seat.id, "Wants two")]
    assert await acts(app, "note") == ["note.added", "note.added", "note.changed", "note.deleted"]


async def test_the_same_in_place(app: FastAPI, root: Browser) -> None:
    ann = await make_ann(app, root)
    path = f"/admin/registration/{ann.id}"
    add = one(parse(await root.get(path)), f"{NOTES} a[href*='/new?']")
    piece = await root.htmx(add.get("hx-get") or "")
    form = one(parse(piece), "form")
    assert "<main" not in piece.text and one(form, "textarea").get("autofocus") is not None
    refused = await root.htmx(form.get("hx-post") or "", "POST", text="x" * 4_001)
    assert refused.status_code == 422 and "<main" not in refused.text
    wrong = one(parse(refused), f"form#{form.get('id')} [aria-invalid=true]")
    assert (wrong.text or "").strip() == "x" * 4_001, "what was typed stays"
    shown = await root.htmx(form.get("hx-post") or "", "POST", text="Calls back")
    page = parse(shown)
    assert "<html" not in shown.text and [row[0] for row in cells(page)] == ["Calls back"]
    assert one(page, "[autofocus]").get("id") == NOTES[1:], "where they were goes on"
    change = one(page, f"{NOTES} a[aria-label^='Change Text']")
    form = one(parse(await root.htmx(change.get("hx-get") or "")), "form")
    cell = await root.htmx(form.get("hx-post") or "", "POST", **{**sent(form), "text": "Called " * 30})
    assert text(parse(cell)).strip() == ("Called " * 30).strip(), "all of it"
    ask = one(page, f"{NOTES} a[href*='/deletion']")
    form = one(parse(await root.htmx(ask.get("hx-get") or "")), "form")
    gone = parse(await root.htmx(form.get("hx-post") or "", "POST"))
    assert cells(gone) == [] and "None." in text(one(gone, NOTES))
    assert await notes(app) == []


async def test_what_belongs_to_a_deletion_is_shown_too(app: FastAPI, root: Browser) -> None:
    await make_ann(app, root)
    webinar = await make_webinar(app, slug="otters")
    await root.post("/webinars/otters/registrations", name="Ben", email="ben@example.com", consent="true")
    path = f"/admin/webinar/{webinar.id}"
    page = parse(await root.get(path))
    assert "Ben" in text(one(page, SEATS)) and "Ann" not in text(one(page, SEATS))
    assert find(page, f"{SEATS} a[href*='/new']") == [], "people register themselves"
    ask = one(page, f"{SEATS} a[href*='/deletion']")
    form = one(parse(await root.htmx(ask.get("hx-get") or "")), "form")
    gone = one(parse(await root.htmx(form.get("hx-post") or "", "POST")), "main")
    taken = [text(one(each, "dd")) for each in find(gone, "dl > div") if text(one(each, "dt")) == "Taken"]
    assert taken == ["0"] and (await webinar_now(app, webinar)).taken == 0


async def test_two_change_the_same_row(app: FastAPI, root: Browser) -> None:
    ann = await make_ann(app, root)
    path = f"/admin/registration/{ann.id}"
    await put_notes(app, ann, "Calls back")
    form = await opened(root, path, f"{NOTES} a[aria-label^='Change Text']")
    assert (await root.post(form.get("action") or "", **{**sent(form), "text": "Called"})).status_code == 303
    for post in (root.post, lambda to, **typed: root.htmx(to, "POST", **typed)):
        conflict = await post(form.get("action") or "", **{**sent(form), "text": "Mine"})
        assert conflict.status_code == 409
        versions = one(parse(conflict), "form[action*=within] fieldset")
        assert "Theirs: Called" in text(versions) and "Mine: Mine" in text(versions)
    chosen = one(parse(conflict), "form[action*='within']")
    hidden = {each.get("name"): each.get("value") for each in find(chosen, "input[type=hidden]")}
    kept = await root.post(chosen.get("action") or "", **hidden, text="Mine")
    assert (kept.status_code, kept.headers["location"]) == (303, path)
    [note] = await notes(app)
    assert (note.text, note.author) == ("Mine", "root@example.com"), "who wrote it last stands for it"


async def test_many_rows_end_with_a_link_to_all(app: FastAPI, root: Browser) -> None:
    ann = await make_ann(app, root)
    path = f"/admin/registration/{ann.id}"
    taken = {}
    for count in (1, 20, 21):
        await put_notes(app, ann, *(f"Note {number}" for number in range(len(await notes(app)), count)))
        with counted(app) as statements:
            page = parse(await root.get(path))
        taken[count] = len(statements)
        assert len(cells(page)) == min(count, 20)
        links = [each for each in find(page, f"{NOTES} p a") if text(each).startswith("All")]
        assert [text(each) for each in links] == (["All 21"] if count > 20 else [])
    assert set(taken.values()) == {8}, taken
    await put_notes(app, (await make_other(app, root)), "Somebody else's")
    rows = parse(await root.get(links[0].get("href") or ""))
    assert len(find(rows, "#rows tbody tr")) == 21 and "21 notes fit" in text(one(rows, "#rows"))


async def make_other(app: FastAPI, browser: Browser) -> Registration:
    await browser.post("/webinars/herons/registrations", name="Ben", email="ben@example.com", consent="true")
    async with app.state.database.transaction() as session:
        ben: Registration = (await session.exec(select(Registration).where(Registration.name == "Ben"))).one()
    return ben


async def test_inlines_keep_to_the_rights_of_rows(app: FastAPI, root: Browser, stranger: Browser) -> None:
    sam = await make_user(app, "sam@example.com", "sales", is_staff=True)
    ann, ben = await make_ann(app, root), await make_other(app, root)
    async with app.state.database.transaction() as session:
        session.add(ann.sqlmodel_update({"rep_id": sam.id}))
    await put_notes(app, ann, "Mine to see")
    await put_notes(app, ben, "Not mine")
    await sign_in(stranger, sam.email)
    page = parse(await stranger.get(f"/admin/registration/{ann.id}"))
    assert cells(page)[0][0] == "Mine to see" and find(page, f"{NOTES} a[href*='/deletion']") == []
    add = one(page, f"{NOTES} a[href*='/new?']").get("href") or ""
    create = add.replace("/new?", "?")
    assert (await stranger.post(create, text="Called them")).status_code == 303
    for way in (add, create):
        other = way.replace(str(ann.id), str(ben.id))
        assert other != way
        assert (await stranger.client.request("GET" if "/new" in way else "POST", other)).status_code == 404
    for wrong in (
        "nonsense",
        "registration..",
        f"webinar.registration_id.{ann.id}",
        "registration.author_id.1",
        ".",
        "group.x.9" + "9" * 20,
    ):
        assert (await root.post(f"/admin/note?within={wrong}", text="x")).status_code == 404, wrong
        assert (await root.get(f"/admin/note/new?within={wrong}")).status_code == 404, wrong
    assert (await root.get("/admin/group-member/new?within=group.group_id.99999999999999999999")).status_code == 404
    [_, other] = [each for each in await notes(app) if each.author == "Mia"]
    within = f"?within=registration.registration_id.{ann.id}"
    for path in ("", "/deletion", "/cells/text"):
        assert (await stranger.post(f"/admin/note/{other.id}{path}{within}", text="x")).status_code == 404, path
    await make_user(app, "sue@example.com", "support", is_staff=True)
    await sign_in(stranger, "sue@example.com")
    seen = parse(await stranger.get(f"/admin/registration/{ann.id}"))
    assert len(cells(seen)) == 2 and [text(each) for each in find(seen, f"{NOTES} a")] == ["Mia", "sam@example.com"]
    assert (await stranger.post(create, text="Mine")).status_code == 403


async def test_a_table_that_asks_for_the_password_does_so_here(app: FastAPI, root: Browser) -> None:
    sam = await make_user(app, "sam@example.com", is_staff=True)
    async with app.state.database.transaction() as session:
        group = Group(name="Friends")
        session.add(group)
    path = f"/admin/group/{group.id}"
    form = await opened(root, path, "#group_member-group_id a[href*='/new?']")
    assert form.get("hx-post") is None, "a fragment could not ask for it"
    await age_sessions(app)
    asked = await root.post(form.get("action") or "", user_id=sam.email)
    assert asked.status_code == 403 and "Is it you?" in asked.text
    again = one(parse(asked), "main form")
    given = {**sent(again), "confirm_password": "a heron stands in the reeds"}
    added = await root.post(again.get("action") or "", **given)
    assert (added.status_code, added.headers["location"]) == (303, path)
    async with app.state.database.transaction() as session:
        members = select(GroupMember.user_id).where(GroupMember.group_id == group.id)
        assert (await session.exec(members)).all() == [sam.id]
    twice = await root.post(form.get("action") or "", user_id=sam.email)
    assert twice.status_code == 409 and one(parse(twice), "input[name=user_id]").get("value") == sam.email


async def test_every_inline_names_columns_and_can_be_filtered_by() -> None:
    for view in PANEL.views.values():
        for inline in view.inlines:
            theirs = PANEL.tables[inline.table]
            assert theirs.inline_fields(inline) and inline.by.key in {field.name for field in theirs.filtered}


async def test_what_nobody_changes_is_only_shown(app: FastAPI, root: Browser) -> None:
    async with app.state.database.transaction() as session:
        user = await make_user(app, "vera@example.com")
        talk = Conversation(user_id=user.id, title="Private")
        session.add(talk)
        await session.flush()
        session.add(Message(conversation_id=talk.id, role=Role.USER, text="A secret question"))
    page = await root.get(f"/admin/conversation/{talk.id}")
    section = one(parse(page), "#message-conversation_id")
    assert "user Complete" in text(section) and "secret" not in page.text
    assert len(find(section, "a")) == 1, "a link to its own page, and nothing to change"

"""The staff's desk: what is known of one registrant, whose they are, and what was noted."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlmodel import col, select

from app.models.audit import AuditEntry
from app.models.base import now
from app.models.user import User
from app.models.webinar import Note, Registration, Standing, Webinar, WebinarStatus
from app.services.upkeep_service import UpkeepService
from tests.browser import Browser
from tests.html import find, one, parse, text
from tests.people import make_user, sign_in
from tests.routes.test_webinars import FORM, manage, register
from tests.webinars import make_webinar, webinar_now

TABLE = "/desk/webinars/herons/registrations"


@pytest.fixture
async def desk(app: FastAPI, browser: Browser) -> Browser:
    """Somebody of marketing."""
    await make_user(app, "mia@example.com", "marketing", is_staff=True, name="Mia")
    await sign_in(browser, "mia@example.com")
    return browser


@pytest.fixture
async def visitor(app: FastAPI, stranger: Browser) -> Browser:
    return stranger


async def registrants(app: FastAPI) -> dict[str, Registration]:
    async with app.state.database.transaction() as session:
        return {row.name: row for row in (await session.exec(select(Registration))).all()}


async def path_of(app: FastAPI, name: str) -> str:
    return f"{TABLE}/{(await registrants(app))[name].id}"


async def make_reps(app: FastAPI) -> list[User]:
    return [await make_user(app, f"{name}@example.com", "sales", is_staff=True) for name in ("rita", "sam")]


async def test_notes_are_a_timeline_with_authors(app: FastAPI, desk: Browser, visitor: Browser) -> None:
    await make_webinar(app)
    await register(visitor, "Ann")
    path = await path_of(app, "Ann")
    assert "Nobody has noted anything yet" in (await desk.get(path)).text
    await desk.post(f"{path}/notes", text="Called.\nWants <b>more</b>.")
    await desk.post(f"{path}/notes", text="Called again.")
    await make_user(app, "max@example.com", "marketing", is_staff=True, name="Max")
    await sign_in(visitor, "max@example.com")
    shown = find(parse(await visitor.get(path)), "section[aria-labelledby=notes] li")
    assert [text(one(note, "p:nth-of-type(2)")) for note in shown] == ["Called again.", "Called. Wants <b>more</b>."]
    assert all("Mia" in text(note) and not find(note, "form") for note in shown), "nobody deletes what others wrote"
    mine = find(parse(await desk.get(path)), "section[aria-labelledby=notes] li form")[0].get("action") or ""
    assert (await visitor.post(mine)).status_code == 404
    assert (await desk.post(mine)).status_code == 303
    assert len(find(parse(await desk.get(path)), "section[aria-labelledby=notes] li form")) == 1
    empty = await desk.post(f"{path}/notes", text="  ")
    assert empty.status_code == 422 and find(parse(empty), "#text[aria-invalid]")


async def test_a_note_goes_with_its_registrant(app: FastAPI, desk: Browser, visitor: Browser) -> None:
    await make_webinar(app)
    await register(visitor, "Ann")
    await desk.post(f"{await path_of(app, 'Ann')}/notes", text="canary-5d1f")
    given = await desk.post("/desk/contacts/export", email="ann@example.com")
    assert "canary-5d1f" in given.text
    await desk.post("/desk/contacts/erasure", email="ann@example.com")
    async with app.state.database.transaction() as session:
        assert (await session.exec(select(Note))).all() == []


async def test_groups(app: FastAPI, desk: Browser, visitor: Browser) -> None:
    await make_webinar(app)
    await register(visitor, "Ann")
    path = await path_of(app, "Ann")
    assert (await desk.post(f"{path}/group", group=" Press ")).status_code == 303
    assert "Press" in text(one(parse(await desk.get(TABLE)), "tbody tr"))
    too_long = await desk.post(f"{path}/group", group="x" * 61)
    assert too_long.status_code == 422 and one(parse(too_long), "input[name=group]").get("value") == "x" * 61
    await desk.post(f"{path}/group")
    assert (await registrants(app))["Ann"].group == ""


async def test_assigned_by_hand(app: FastAPI, desk: Browser, visitor: Browser) -> None:
    rita, _sam = await make_reps(app)
    await make_webinar(app)
    await register(visitor, "Ann")
    path = await path_of(app, "Ann")
    assert (await desk.htmx(f"{path}/rep", "POST", rep_id=str(rita.id))).status_code == 204
    chosen = one(parse(await desk.get(TABLE)), "tbody select[name=rep_id] option[selected]")
    assert chosen.get("value") == str(rita.id)
    async with app.state.database.transaction() as session:
        entry = (await session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc()))).first()
    assert entry and (entry.act, entry.actor, entry.before, entry.after) == (
        "registration.changed",
        "mia@example.com",
        {"rep_id": None},
        {"rep_id": str(rita.id)},
    )
    marketing = (await registrants(app))["Ann"].id
    assert (await desk.post(f"{path}/rep", rep_id=str(marketing))).status_code == 422, "nobody that it could be"
    await desk.post(f"{path}/rep")
    assert (await registrants(app))["Ann"].rep_id is None


async def test_shared_out_as_they_come(app: FastAPI, desk: Browser, visitor: Browser) -> None:
    reps = await make_reps(app)
    await desk.post("/desk/webinars", **{**FORM, "shares_out": "true", "capacity": "9"})
    await desk.post("/desk/webinars/otters-others/publication")
    for name in ("Ann", "Ben", "Cid", "Dan"):
        await register(visitor, name, "otters-others")
    whose = [row.rep_id for row in (await registrants(app)).values()]
    assert sorted(map(str, whose)) == sorted(2 * [str(rep.id) for rep in reps])


async def test_who_was_cancelled_comes_back_at_the_end_of_the_queue(
    app: FastAPI, desk: Browser, visitor: Browser
) -> None:
    webinar = await make_webinar(app, capacity=1)
    for name in ("Ann", "Ben", "Cid"):
        await register(visitor, name)
    path = await path_of(app, "Ann")
    await desk.post(f"{path}/status", status="cancelled")
    await desk.post(f"{path}/status", status="registered")
    found = await registrants(app)
    assert {name: row.status for name, row in found.items()} == {
        "Ann": Standing.WAITING,
        "Ben": Standing.REGISTERED,
        "Cid": Standing.WAITING,
    }
    assert found["Ann"].number > found["Cid"].number
    assert (await webinar_now(app, webinar)).taken == 1
    nowhere = await desk.post(f"{path}/status", status="pending")
    assert nowhere.status_code == 409 and "waiting cannot become pending" in text(parse(nowhere))


async def test_the_table_says_what_is_stored_and_asks_before_it_cancels(
    app: FastAPI, desk: Browser, visitor: Browser
) -> None:
    await make_webinar(app, needs_approval=True)
    await register(visitor, "Ann")
    path, table = await path_of(app, "Ann"), "/desk/webinars/herons/registrations"
    forms = "tbody form:has([name=status])"
    assert [text(each) for each in find(parse(await desk.get(table)), forms)] == ["Approve", "Decline"]
    await desk.post(f"{path}/status", status="registered")
    refused = await desk.htmx(f"{path}/status", "POST", status="declined")
    assert refused.status_code == 409 and refused.headers["hx-retarget"] == "#flash"
    page = parse(await desk.get(table))
    assert not find(page, "tbody select[name=status]"), "a menu would go on showing what was refused"
    cancel = one(page, forms)
    assert text(cancel) == "Cancel" and "told by mail" in str(cancel.get("hx-confirm"))
    assert (cancel.get("method"), cancel.get("action")) == (None, path), "without a script their page comes first"


async def test_a_registration_is_changed_by_its_link(app: FastAPI, visitor: Browser) -> None:
    await make_webinar(app, questions=["Why?"])
    await register(visitor, "Ann", answers="Because")
    path = await manage(app, "Ann")
    assert one(parse(await visitor.get(path)), "input[name=answers]").get("value") == "Because"
    wrong = await visitor.post(path, name="", answers="Birds")
    assert wrong.status_code == 422 and one(parse(wrong), "input[name=answers]").get("value") == "Birds"
    saved = await visitor.post(path, name="Anna", answers="Birds")
    assert saved.status_code == 303 and "Saved." in (await visitor.get(saved.headers["location"])).text
    assert (await registrants(app))["Anna"].answers == {"Why?": "Birds"}
    await visitor.post(f"{path}/cancellation")
    assert (await visitor.post(path, name="Another")).status_code == 409


async def test_registration_opens_at_its_time(app: FastAPI, visitor: Browser) -> None:
    await make_webinar(app, opens_at=now() + timedelta(hours=1))
    assert "Registration opens on" in (await visitor.get("/webinars/herons")).text
    assert (await register(visitor, "Ann")).status_code == 409


async def test_what_has_ended_is_done(app: FastAPI) -> None:
    webinar = await make_webinar(app, starts_at=now() - timedelta(hours=2), ends_at=now() - timedelta(hours=1))
    coming = await make_webinar(app, slug="coming")
    draft = await make_webinar(
        app, slug="draft", status=WebinarStatus.DRAFT, starts_at=now() - timedelta(2), ends_at=now() - timedelta(1)
    )
    await UpkeepService(app.state.database, app.state.settings).act()

    async def status(of: Webinar) -> WebinarStatus:
        return (await webinar_now(app, of)).status

    assert [await status(each) for each in (webinar, coming, draft)] == ["done", "published", "draft"]

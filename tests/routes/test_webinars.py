"""Webinars below the browser: who has a seat, who waits, who comes next, and what the staff's desk shows."""

import asyncio
import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from fastapi import FastAPI
from icalendar import Calendar
from sqlmodel import SQLModel, col, select

from app.config import Settings
from app.models.audit import AuditEntry
from app.models.webinar import Registration, Standing, Webinar
from app.repositories import webinars as webinar_rows
from tests.browser import Browser
from tests.conftest import OpenApp
from tests.html import find, one, parse, text
from tests.people import mails, make_user, sign_in
from tests.webinars import make_webinar, webinar_now

FORM = {
    "title": "Otters & others",
    "starts": "2030-05-01T18:00",
    "ends": "2030-05-01T19:00",
    "time_zone": "Europe/Berlin",
    "capacity": "2",
    "description": "About **otters**.",
    "questions": "Why?\nSince when?",
}


async def register(browser: Browser, called: str, slug: str = "herons", **more: str) -> httpx2.Response:
    form = {"name": called, "email": f"{called.lower()}@example.com", "consent": "true", **more}
    return await browser.post(f"/webinars/{slug}/registrations", **form)


async def manage(app: FastAPI, name: str) -> str:
    """The path of the link in the last mail to this person."""
    found = re.search(
        r"http://127\.0\.0\.1:8000(/registrations/\S+)", (await mails(app, f"{name.lower()}@example.com"))[-1].text
    )
    assert found
    return found[1]


async def standings(app: FastAPI) -> dict[str, Standing]:
    async with app.state.database.transaction() as session:
        rows = (await session.exec(select(Registration).order_by(col(Registration.number)))).all()
    return {row.name: row.status for row in rows}


async def heading(response: httpx2.Response) -> str:
    return text(one(parse(response), "h1"))


async def test_seats_then_the_waiting_list_then_the_next_one(app: FastAPI, browser: Browser) -> None:
    webinar = await make_webinar(app)
    for name in ("Ann", "Ben"):
        response = await register(browser, name)
        assert (response.status_code, await heading(response)) == (201, "You have a seat")
    waits = await register(browser, "Cid")
    assert await heading(waits) == "You are on the waiting list" and "number 1" in text(one(parse(waits), "main"))
    assert "number 2" in text(one(parse(await register(browser, "Dan")), "main"))
    assert "All 2 seats taken" in text(one(parse(await browser.get("/webinars/herons")), "#seats"))
    assert (await browser.post(await manage(app, "Ann") + "/cancellation")).status_code == 303
    assert (await standings(app)) == {
        "Ann": Standing.CANCELLED,
        "Ben": Standing.REGISTERED,
        "Cid": Standing.REGISTERED,
        "Dan": Standing.WAITING,
    }
    assert (await mails(app, "cid@example.com"))[-1].subject == "You have a seat now: Herons"
    assert (await webinar_now(app, webinar)).taken == 2
    await browser.post(await manage(app, "Ann") + "/cancellation")
    assert (await webinar_now(app, webinar)).taken == 2, "a second click cancels nothing more"
    assert "number 2" in text(one(parse(await register(browser, "Ann")), "main")), "back at the end of the queue"


async def test_the_list_is_leafed_through(app: FastAPI, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webinar_rows, "PAGE", 2)
    for number in range(5):
        await make_webinar(app, slug=f"herons-{number}", title=f"Herons {number}")

    async def seen(query: str) -> list[str]:
        return [text(each) for each in find(parse(await browser.htmx(f"/webinars{query}")), "#webinars strong")]

    assert await seen("") == ["Herons 0", "Herons 1"]
    assert await seen("?page=3") == await seen("?page=9") == ["Herons 4"]
    assert not await seen("?past=true") and await seen("?q=herons+3") == ["Herons 3"]
    second = parse(await browser.get("/webinars?q=herons&page=2"))
    assert [one(second, f"[rel={way}]").get("href") for way in ("prev", "next")] == [
        "/webinars?q=herons",
        "/webinars?q=herons&page=3",
    ]


async def test_one_registration_for_each_address(app: FastAPI, browser: Browser) -> None:
    await make_webinar(app)
    await register(browser, "Ann")
    again = await register(browser, "Ann", email="ANN@example.com")
    assert again.status_code == 409 and "has a registration" in text(one(parse(again), "#about-email"))
    assert one(parse(again), "#name").get("value") == "Ann"
    first, once_more = await mails(app, "ann@example.com")
    assert once_more.subject == first.subject and await manage(app, "Ann") in once_more.text, "the first may be lost"
    assert await standings(app) == {"Ann": Standing.REGISTERED}


async def test_whoever_waits_and_asks_again_is_told_where_they_stand(app: FastAPI, browser: Browser) -> None:
    await make_webinar(app, capacity=1)
    for name in ("Ann", "Ben", "Cid", "Cid"):
        await register(browser, name)
    assert ["number 2" in mail.text for mail in await mails(app, "cid@example.com")] == [True, True]
    await browser.post(await manage(app, "Cid") + "/cancellation")
    await register(browser, "Cid")
    assert (await standings(app))["Cid"] == Standing.WAITING, "who has cancelled may come again"


async def test_what_is_wrong_with_a_form_is_said_and_nothing_is_lost(app: FastAPI, browser: Browser) -> None:
    await make_webinar(app, questions=["Why?", "Since when?"])
    form = {"name": "Ann", "email": "not an address", "answers": ["Because", "1999"], "consent": "true"}
    wrong = parse(await browser.client.post("/webinars/herons/registrations", data=form))
    assert "not an e-mail address" in text(one(wrong, "#about-email"))
    assert [each.get("value") for each in find(wrong, "input[name=answers]")] == ["Because", "1999"]
    assert one(wrong, "input[name=consent]").get("checked") is not None
    without = await browser.post("/webinars/herons/registrations", name="Ann", email="ann@example.com")
    assert without.status_code == 422
    for blank in ("  ", "\u200d"):
        nameless = parse(await register(browser, "Ann", name=blank))
        assert text(one(nameless, "#about-name")) == "Name is needed."
    assert await standings(app) == {}


async def test_the_room_is_shown_once_the_address_is_confirmed(app: FastAPI, browser: Browser) -> None:
    await make_webinar(app)
    await register(browser, "Ann")
    path = await manage(app, "Ann")
    assert "rooms.example.com" not in (await browser.get(path)).text
    assert "rooms.example.com" not in (await mails(app, "ann@example.com"))[-1].text
    await browser.post(path + "/confirmation")
    assert "rooms.example.com" in (await browser.get(path)).text
    forged = path[:-1] + ("0" if path[-1] != "0" else "1")
    assert (await browser.get(forged)).status_code == 404


async def test_calendars_know_the_entry_again(app: FastAPI, browser: Browser) -> None:
    """RFC 5545: the same UID, a higher SEQUENCE, METHOD:CANCEL to take it back, and back once more."""
    await make_webinar(app, time_zone="Europe/Berlin")
    await register(browser, "Ann")
    await browser.post(await manage(app, "Ann") + "/cancellation")
    await register(browser, "Ann")
    files = [Calendar.from_ical(mail.calendar) for mail in await mails(app, "ann@example.com")]
    events = [file.walk("VEVENT")[0] for file in files]
    assert [str(file["method"]) for file in files] == ["REQUEST", "CANCEL", "REQUEST"]
    assert len({str(event["uid"]) for event in events}) == 1
    assert [int(str(event["sequence"])) for event in events] == [0, 1, 2]
    assert [str(event["status"]) for event in events] == ["CONFIRMED", "CANCELLED", "CONFIRMED"]
    public = Calendar.from_ical((await browser.get("/webinars/herons/calendar.ics")).text)
    assert str(public.walk("VEVENT")[0]["summary"]) == "Herons"


async def test_calendars_learn_of_nothing_that_they_never_had(app: FastAPI, desk: Browser) -> None:
    await make_webinar(app, capacity=1)
    async with Browser(app) as visitor:
        for name in ("Ann", "Ben"):
            await register(visitor, name)
        for name in ("Ben", "Ann"):
            link = one(parse(await desk.get(f"/desk/webinars/herons/registrations?q={name}")), "tbody td a")
            await desk.post(f"{link.get('href')}/status", status="cancelled")
    for name, entries in (("ann", ["METHOD:REQUEST", "METHOD:CANCEL"]), ("ben", [])):
        told = await mails(app, f"{name}@example.com")
        assert [mail.calendar.splitlines()[3] for mail in told if mail.calendar] == entries
        assert told[-1].subject == "Your registration is cancelled: Herons", "whoever did it"
        assert ("calendar" in told[-1].text) == bool(entries)
    table, acts = "/desk/webinars/herons/registrations", "tbody tr:first-child button[name=status]"
    assert [text(each) for each in find(parse(await desk.get(table)), acts)] == ["Take back in"]
    await desk.post("/desk/webinars/herons/cancellation")
    assert not find(parse(await desk.get(table)), acts), "no way back"


async def test_a_mail_says_on_which_day_it_ends(app: FastAPI, browser: Browser) -> None:
    at = datetime(2031, 5, 1, 18, tzinfo=UTC)
    await make_webinar(app, starts_at=at, ends_at=at + timedelta(days=2))
    await register(browser, "Ann")
    told = (await mails(app, "ann@example.com"))[-1].text
    assert "Thursday, 01 May 2031, 18:00 to Saturday, 03 May 2031, 18:00 (UTC)" in told


async def test_many_at_once_get_exactly_the_seats(settings: Settings, open_app: OpenApp) -> None:
    app = await open_app(settings.model_copy(update={"visitor_mail_rate": "1000/minute"}))
    async with Browser(app) as browser:
        await crowd(app, browser)


async def crowd(app: FastAPI, browser: Browser) -> None:
    webinar = await make_webinar(app, capacity=10)
    names = [f"P{number:02}" for number in range(40)]
    responses = await asyncio.gather(*(register(browser, name) for name in names))
    assert {response.status_code for response in responses} == {201}
    found = await standings(app)
    assert list(found.values()) == [Standing.REGISTERED] * 10 + [Standing.WAITING] * 30, "in the order of their numbers"
    paths = [await manage(app, name) for name in list(found)[:10]]
    await asyncio.gather(*(browser.post(path + "/cancellation") for path in paths))
    after = list((await standings(app)).values())
    assert after == [Standing.CANCELLED] * 10 + [Standing.REGISTERED] * 10 + [Standing.WAITING] * 20
    assert (await webinar_now(app, webinar)).taken == 10


async def test_make_publish_and_change_a_webinar(app: FastAPI, desk: Browser) -> None:
    made = await desk.post("/desk/webinars", **FORM)
    assert made.headers["location"] == "/webinars/otters-others"
    assert (await desk.post("/desk/webinars", **FORM)).headers["location"] == "/webinars/otters-others-2"
    async with Browser(app) as stranger:
        assert (await stranger.get("/webinars/otters-others")).status_code == 404, "a draft"
        await desk.post("/desk/webinars/otters-others/publication")
        page = parse(await stranger.get("/webinars/otters-others"))
        assert "18:00" in text(one(page, "main")) and text(one(page, "section strong")) == "otters"
        for name in ("Ann", "Ben", "Cid"):
            await register(stranger, name, "otters-others")
    fewer = await desk.post("/desk/webinars/otters-others", **{**FORM, "capacity": "1", "title": "Otters"})
    assert fewer.status_code == 409 and one(parse(fewer), "#title").get("value") == "Otters"
    more = await desk.post("/desk/webinars/otters-others", **{**FORM, "capacity": "3", "starts": "2030-05-01T17:30"})
    assert more.status_code == 303
    assert (await standings(app))["Cid"] == Standing.REGISTERED, "more seats go to those who wait"
    assert any("changed" in mail.subject for mail in await mails(app, "ann@example.com"))
    await desk.post("/desk/webinars/otters-others/cancellation")
    assert "METHOD:CANCEL" in (await mails(app, "ben@example.com"))[-1].calendar
    assert (await register(desk, "Dan", "otters-others")).status_code == 409
    added, _second, published, changed, *told = await acts(app)
    assert [added.act, published.act, changed.act] == ["webinar.added", "webinar.published", "webinar.changed"]
    assert added.after["title"] == FORM["title"] and not added.before
    assert (changed.before["capacity"], changed.after["capacity"]) == (2, 3) and "title" not in changed.after
    assert [entry.act for entry in told] == ["webinar.rescheduled", "webinar.cancelled"]


async def acts(app: FastAPI) -> Sequence[AuditEntry]:
    """What staff did to webinars."""
    async with app.state.database.transaction() as session:
        found = select(AuditEntry).where(AuditEntry.kind == "webinar").order_by(col(AuditEntry.id))
        return (await session.exec(found)).all()  # type: ignore[no-any-return]


async def test_who_saves_second_sees_what_was_saved_first(app: FastAPI, desk: Browser) -> None:
    await desk.post("/desk/webinars", **FORM)
    edit, save = "/desk/webinars/otters-others/edit", "/desk/webinars/otters-others"
    seen = one(parse(await desk.get(edit)), "input[name=seen]").get("value") or ""
    await register(desk, "Ann", "otters-others")
    assert (await desk.post(save, **FORM | {"seen": seen, "speakers": "Mia"})).status_code == 303
    late = await desk.post(save, **FORM | {"seen": seen, "title": "Otters", "needs_approval": "true"})
    page = parse(late)
    assert late.status_code == 409 and "changed since you opened it" in text(one(page, "main [role=alert]"))
    assert text(one(page, "#about-speakers")) == "Now it is “Mia”." and "Now it is “off”." in late.text
    assert one(page, "#title").get("value") == "Otters", "what was typed is not lost"
    again = one(page, "input[name=seen]").get("value") or ""
    assert (await desk.post(save, **FORM | {"seen": again, "title": "Otters"})).status_code == 303


async def test_times_and_zones_that_cannot_be(desk: Browser) -> None:
    for wrong in ({"ends": "2030-05-01T17:00"}, {"time_zone": "Mars/Olympus"}, {"capacity": "0"}, {"starts": "soon"}):
        response = await desk.post("/desk/webinars", **{**FORM, **wrong})
        assert response.status_code == 422, wrong
        assert one(parse(response), "#title").get("value") == FORM["title"]


async def test_what_is_wrong_with_a_field_calls_it_as_its_label_does(desk: Browser) -> None:
    wrong = {"capacity": "0"} | dict.fromkeys(("starts", "ends", "opens", "closes"), "soon")
    page = parse(await desk.post("/desk/webinars", **{**FORM, **wrong}))
    for field in wrong:
        called, _, _ = text(one(page, f"#about-{field}")).partition(":")
        assert called.lower() in text(one(page, f"label[for={field}]")).lower()


async def test_zones_are_offered(desk: Browser) -> None:
    page = parse(await desk.get("/desk/webinars/new"))
    assert one(page, "#time_zone").get("list") == "zones"
    assert "Europe/Berlin" in [option.get("value") for option in find(page, "#zones option")]


async def test_preview(desk: Browser) -> None:
    shown = await desk.htmx("/desk/webinars/preview", "POST", description="**bold** <script>alert(1)</script>")
    assert text(one(parse(shown), "strong")) == "bold" and not find(parse(shown), "script")


async def test_the_table_is_searched_sorted_and_in_pages(app: FastAPI, desk: Browser) -> None:
    webinar = await make_webinar(app, capacity=100)
    await fill(app, webinar, 120)
    path = "/desk/webinars/herons/registrations"
    first = parse(await desk.get(path))
    assert len(find(first, "tbody tr")) == 50 and "Page 1 of 3, 120 in all" in text(one(first, "nav[aria-label=Pages]"))
    last = parse(await desk.get(f"{path}?page=99&sort=-name"))
    assert text(find(last, "tbody tr")[-1]).startswith("1 "), "a page past the end is the last one"
    found = parse(await desk.get(f"{path}?q=p11&status=waiting"))  # in a name or in an address
    assert [text(row).split()[0] for row in find(found, "tbody tr")] == [str(n) for n in range(110, 121)]
    assert "Nobody fits" in (await desk.get(f"{path}?q=nobody")).text
    assert (await desk.get(f"{path}?sort=password&status=x&page=-5")).status_code == 200


async def fill(app: FastAPI, webinar: Webinar, count: int) -> None:
    async with app.state.database.transaction() as session:
        for number in range(1, count + 1):
            standing = Standing.REGISTERED if number <= webinar.capacity else Standing.WAITING
            session.add(
                Registration(
                    webinar_id=webinar.id,
                    number=number,
                    name=f"P{number - 1:02}",
                    email=f"p{number}@example.com",
                    status=standing,
                    consent="yes",
                )
            )


async def test_the_file_runs_nothing_in_a_spreadsheet(app: FastAPI, desk: Browser) -> None:
    await make_webinar(app)
    await register(desk, "=cmd|'/c calc'!A1", email="x@example.com")
    rows = list(csv.reader(io.StringIO((await desk.get("/desk/webinars/herons/registrations.csv")).text)))
    assert rows[1][1] == "'=cmd|'/c calc'!A1" and rows[1][2] == "x@example.com"


async def test_approval(app: FastAPI, desk: Browser) -> None:
    await make_user(app, "sam@example.com", "support", is_staff=True)
    await make_webinar(app, needs_approval=True, capacity=1)
    async with Browser(app) as visitor, Browser(app) as support:
        for name in ("Ann", "Ben", "Cid"):
            assert await heading(await register(visitor, name)) == "We have your registration"
        await sign_in(support, "sam@example.com")
        page = parse(await support.get("/desk/webinars/herons/registrations"))
        assert not find(page, "tbody form")
        paths = [link.get("href") for link in find(page, "tbody td a")]
        refused = await support.post(f"{paths[0]}/status", status="registered")
        assert refused.status_code == 403, "support sees registrations, and no more"
        for path in paths[:2]:
            assert (await desk.post(f"{path}/status", status="registered")).status_code == 303
        await desk.post(f"{paths[2]}/status", status="declined")
        told = [(await mails(app, f"{name}@example.com"))[-1].subject for name in ("ann", "ben", "cid")]
        assert [subject.partition(":")[0] for subject in told] == [
            "You have a seat now",
            "You are on the waiting list",
            "Your registration",
        ]
    assert list((await standings(app)).values()) == [Standing.REGISTERED, Standing.WAITING, Standing.DECLINED]


async def test_check_in_by_the_code(app: FastAPI, browser: Browser) -> None:
    await make_user(app, "sam@example.com", "marketing", is_staff=True)
    await make_webinar(app)
    async with Browser(app) as visitor:
        await register(visitor, "Ann")
        assert find(parse(await visitor.get(await manage(app, "Ann"))), "img[src^='data:image/svg']")
    async with app.state.database.transaction() as session:
        [registration] = (await session.exec(select(Registration))).all()
    path = f"/desk/webinars/herons/check-in/{registration.id}"
    assert (await browser.get(path)).status_code == 401
    await sign_in(browser, "sam@example.com")
    assert find(parse(await browser.get(path)), "main form button")
    assert "Welcome" in (await browser.post(path)).text
    again = await browser.post(path)
    assert "Checked in already" in again.text
    undo = one(parse(again), "form[action$=deletion]").get("action") or ""
    for _ in range(2):
        assert (await browser.post(undo)).headers["location"] == path
    assert find(parse(await browser.get(path)), "main form button"), "it was a mistake, so they can still come"
    async with app.state.database.transaction() as session:
        entries = (await session.exec(select(AuditEntry).where(AuditEntry.act == "registration.changed"))).all()
    assert [entry.after for entry in entries] == [{"attended_at": None}], "on record, and once"
    await register(browser, "Ben")
    await browser.post(await manage(app, "Ben") + "/cancellation")
    async with app.state.database.transaction() as session:
        ben = (await session.exec(select(Registration).where(Registration.name == "Ben"))).one()
    gone = await browser.post(f"/desk/webinars/herons/check-in/{ben.id}")
    assert (gone.status_code, await heading(gone)) == (409, "Ben") and "has no seat" in text(one(parse(gone), "main"))


async def test_sales_see_and_change_what_is_assigned_to_them(app: FastAPI, browser: Browser) -> None:
    sam = await make_user(app, "sam@example.com", "sales", is_staff=True)
    await make_webinar(app)
    async with Browser(app) as visitor:
        for name in ("Ann", "Ben"):
            await register(visitor, name)
    async with app.state.database.transaction() as session:
        ann, ben = (await session.exec(select(Registration).order_by(col(Registration.number)))).all()
    await sign_in(browser, "sam@example.com")
    desk = "/desk/webinars/herons/registrations"
    assert "Nobody is assigned to you" in (await browser.get(desk)).text
    async with app.state.database.transaction() as session:
        session.add((await session.get(Registration, ann.id)).sqlmodel_update({"rep_id": sam.id}))
    for path in (desk, f"{desk}.csv", f"{desk}?q=e&status=registered"):
        page = (await browser.get(path)).text
        assert "ann@example.com" in page and "Ben" not in page and "ben@example.com" not in page, path
    assert "1 registered" in (await browser.get(desk)).text, "numbers tell nothing of others either"
    for path in (f"{desk}/{ben.id}/status", f"/desk/webinars/herons/check-in/{ben.id}", f"{desk}/{ben.id}/notes"):
        assert (await browser.post(path, status="cancelled", text="x")).status_code == 404
    assert (await browser.post(f"{desk}/{ann.id}/rep")).status_code == 403, "nobody hands on what is theirs"
    assert (await browser.post(f"{desk}/{ann.id}/status", status="cancelled")).status_code == 303
    assert await standings(app) == {"Ann": Standing.CANCELLED, "Ben": Standing.REGISTERED}


async def test_who_may_see_the_desk(app: FastAPI, browser: Browser) -> None:
    await make_webinar(app)
    await make_user(app, "uli@example.com")
    path = "/desk/webinars/herons/registrations"
    assert (await browser.get(path)).status_code == 401
    await sign_in(browser, "uli@example.com")
    assert (await browser.get(path)).status_code == 403


async def test_the_list(app: FastAPI, browser: Browser) -> None:
    assert "No webinars here" in (await browser.get("/webinars")).text
    await make_webinar(app)
    assert "Herons" in (await browser.htmx("/webinars?q=heron")).text
    assert "Nothing found" in (await browser.htmx("/webinars?q=walrus")).text


async def test_nobody_sends_mails_for_ever(settings: Settings, open_app: OpenApp) -> None:
    app = await open_app(settings.model_copy(update={"visitor_mail_rate": "2/hour"}))
    await make_webinar(app)
    async with Browser(app) as browser:
        statuses = [(await register(browser, name)).status_code for name in ("Ann", "Ben", "Cid")]
    assert statuses == [201, 201, 429]


async def test_a_contact_is_given_out_and_erased_everywhere(app: FastAPI, desk: Browser) -> None:
    """A word that nobody else has is in no table afterwards."""
    await make_webinar(app, questions=["Why?"], capacity=1)
    async with Browser(app) as visitor:
        form = {"name": "Canary", "email": "canary@example.com", "answers": ["canary sings"], "consent": "true"}
        await visitor.client.post("/webinars/herons/registrations", data=form)
        await register(visitor, "Ben")
    exported = (await desk.post("/desk/contacts/export", email="Canary@example.com")).json()
    assert exported["registrations"][0]["answers"] == {"Why?": "canary sings"} and len(exported["mails"]) == 1
    assert "canary" in await everything(app)
    erased = await desk.post("/desk/contacts/erasure", email="canary@example.com")
    assert "Erased, from 1 webinar and" in text(one(parse(erased), "main"))
    assert "canary" not in await everything(app)
    assert (await standings(app)) == {"Ben": Standing.REGISTERED}


async def everything(app: FastAPI) -> str:
    """All that the database holds, in lower case."""
    async with app.state.database.transaction() as session:
        connection = await session.connection()
        found = [(await connection.execute(table.select())).all() for table in SQLModel.metadata.sorted_tables]
    # Rows themselves leave out the middle of what is long.
    return str([tuple(row) for rows in found for row in rows]).lower()

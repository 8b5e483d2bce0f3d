"""Importing registrants: what is wrong with which row, what is merged, and what an undo puts back."""

import pytest
from fastapi import FastAPI

from app.config import Settings
from app.models.base import now
from app.models.job import JobState
from app.models.webinar import Standing
from app.services.csv_import import CHANGED_SINCE
from app.services.registrant_import import CONSENT, ImportWork
from tests.browser import Browser
from tests.conftest import OpenApp
from tests.html import find, one, parse, text
from tests.jobs import items_of, job_ended, registered, undo
from tests.people import mails, make_user, sign_in
from tests.webinars import make_webinar, webinar_now

PATH = "/desk/webinars/herons/import"
CSV = """name,email,Group,Colour,Why?
Ann,ann@example.com,vip,red,Because
,ben@example.com,,,
Cid,cid,,,
Dan,dan@example.com,press,,
Ann again,ANN@example.com,,,
Eve,eve@example.com,,,,too much
"""


async def preview(desk: Browser, file: str | bytes) -> str:
    """Upload a file; return the path of its preview."""
    response = await desk.client.post(PATH, files={"file": ("people.csv", file, "text/csv")})
    assert response.status_code == 303, response.text
    return response.headers["location"]


async def run(app: FastAPI, desk: Browser, file: str | bytes, **options: str) -> str:
    """Import a file; return the path of the job, which has ended."""
    response = await desk.post(await preview(desk, file), consent="true", **options)
    assert response.status_code == 303, response.text
    job = await job_ended(app, response.headers["location"])
    assert job.state == JobState.DONE, job.error
    return response.headers["location"]


async def test_what_is_wrong_is_said_row_by_row_before_anything_is_written(app: FastAPI, desk: Browser) -> None:
    webinar = await make_webinar(app, questions=["Why?"])
    page = parse(await desk.get(await preview(desk, CSV)))
    said = text(one(page, "main"))
    assert "2 rows can be imported, 4 cannot" in said and "left out: Colour" in said
    problems = {
        text(row.cssselect("td")[0]): text(row.cssselect("td")[1])
        for row in find(page, "table tr")
        if len(row) == 3 and row.cssselect("td")
    }
    assert problems == {
        "3": "Name is needed.",
        "4": "This is not an e-mail address that mail can be sent to.",
        "6": "Row 2 has the same address.",
        "7": "This row has more cells than the first row has names.",
    }
    assert await registered(app, webinar) == {}


async def test_the_good_rows_come_in_and_nobody_is_told(app: FastAPI, desk: Browser) -> None:
    webinar = await make_webinar(app, questions=["Why?"])
    path = await run(app, desk, CSV)
    rows = await registered(app, webinar)
    assert list(rows) == ["ann", "dan"] and (await webinar_now(app, webinar)).taken == 2
    ann = rows["ann"]
    assert (ann.name, ann.group, ann.answers, ann.status) == ("Ann", "vip", {"Why?": "Because"}, Standing.REGISTERED)
    assert ann.consent == CONSENT and await mails(app, "ann@example.com") == []
    shown = parse(await desk.get(path))
    assert "2 registered" in text(one(shown, "#job")) and one(shown, "progress").get("value") == "100"
    assert len(find(shown, "#job tbody tr")) == 4, "what was wrong is still said"
    again = await desk.post(path.replace("/desk/jobs", PATH), consent="true")
    assert again.status_code == 409, "an import runs once"


async def test_without_consent_nothing_runs(app: FastAPI, desk: Browser) -> None:
    webinar = await make_webinar(app)
    path = await preview(desk, "name,email\nAnn,ann@example.com\n")
    refused = await desk.post(path, tell="true")
    assert refused.status_code == 422 and "consent" in text(one(parse(refused), "main form"))
    assert one(parse(refused), "input[name=tell]").get("checked") is not None
    await make_webinar(app, slug="otters", closes_at=now())
    sent = await desk.client.post("/desk/webinars/otters/import", data={"pasted": CSV})
    closed = parse(await desk.get(sent.headers["location"]))
    assert not find(closed, "input[name=tell]") and "registration is not open" in text(one(closed, "main"))
    assert await registered(app, webinar) == {}


async def test_seats_stay_exact_and_the_others_wait(app: FastAPI, desk: Browser) -> None:
    webinar = await make_webinar(app, capacity=3)
    await desk.post("/webinars/herons/registrations", name="First", email="first@example.com", consent="true")
    rows = "".join(f"P{n},p{n}@example.com,registered\n" for n in range(5))
    path = await run(app, desk, f"Name;E-Mail;Status\n{rows}".replace(",", ";"), tell="true")
    standings = [row.status for row in (await registered(app, webinar)).values()]
    assert standings == [Standing.REGISTERED] * 3 + [Standing.WAITING] * 3
    assert (await webinar_now(app, webinar)).taken == 3
    assert (await mails(app, "p0@example.com"))[-1].subject.startswith("You have a seat")
    assert "number 3" in (await mails(app, "p4@example.com"))[-1].text
    await desk.post("/webinars/herons/registrations", name="Last", email="last@example.com", consent="true")
    await undo(app, desk, path)
    after = {name: row.status for name, row in (await registered(app, webinar)).items()}
    assert after.pop("first") == after.pop("last") == Standing.REGISTERED, "the seats go to who waited"
    assert set(after.values()) == {Standing.CANCELLED} and (await webinar_now(app, webinar)).taken == 2
    assert "METHOD:CANCEL" in (await mails(app, "p0@example.com"))[-1].calendar, "who was told is told again"


async def test_an_undo_takes_out_who_came_with_the_file(app: FastAPI, desk: Browser) -> None:
    webinar = await make_webinar(app, capacity=2)
    rows = "".join(f"P{n},p{n}@example.com\n" for n in range(5))
    path = await run(app, desk, f"name,email\n{rows}")
    p1 = (await registered(app, webinar))["p1"]
    assert (await desk.post(f"/desk/webinars/herons/check-in/{p1.id}")).status_code == 200
    await desk.post("/webinars/herons/registrations", name="Last", email="last@example.com", consent="true")
    await undo(app, desk, path)
    left = await registered(app, webinar)
    assert {name: row.status for name, row in left.items()} == {"p1": Standing.REGISTERED, "last": Standing.REGISTERED}
    assert (await webinar_now(app, webinar)).taken == 2
    shown = text(one(parse(await desk.get(path)), "#job"))
    assert "4 undone" in shown and "1 left" in shown and CHANGED_SINCE in shown
    assert (await desk.post(f"{path}/undo")).status_code == 409


@pytest.mark.parametrize("duplicates", ["merge", "skip"])
async def test_who_is_registered_already_is_merged_or_skipped(app: FastAPI, desk: Browser, duplicates: str) -> None:
    webinar = await make_webinar(app, questions=["Why?", "When?"])
    form = {"name": "Ann", "email": "ann@example.com", "answers": ["Because", "Now"], "consent": "true"}
    await desk.client.post("/webinars/herons/registrations", data=form)
    file = "name,email,group,Why?,When?\nAnn Other,ann@example.com,vip,Why not,\n"
    path = await preview(desk, file)
    said = text(one(parse(await desk.get(path)), "main"))
    assert "1 of them is registered already" in said
    assert "Name: Ann → Ann Other" in said and "Group: nothing → vip" in said and "Why?: Because → Why not" in said
    before = (await registered(app, webinar))["ann"]
    job = await run(app, desk, file, duplicates=duplicates)
    ann = (await registered(app, webinar))["ann"]
    if duplicates == "skip":
        assert ann == before
        return
    assert (ann.name, ann.group, ann.answers) == ("Ann Other", "vip", {"Why?": "Why not", "When?": "Now"})
    await undo(app, desk, job)
    ann = (await registered(app, webinar))["ann"]
    assert (ann.name, ann.group, ann.answers) == ("Ann", "", {"Why?": "Because", "When?": "Now"})


async def test_who_has_cancelled_is_not_registered_again(app: FastAPI, desk: Browser) -> None:
    webinar = await make_webinar(app)
    await run(app, desk, "name,email,status\nAnn,ann@example.com,cancelled\n")
    await run(app, desk, "name,email,status\nAnn B,ann@example.com,registered\n")
    ann = (await registered(app, webinar))["ann"]
    assert (ann.name, ann.status) == ("Ann B", Standing.CANCELLED)


async def test_our_own_file_imports_again(app: FastAPI, desk: Browser) -> None:
    webinar = await make_webinar(app, questions=["Why?"])
    form = {"name": "=1+1", "email": "ann@example.com", "answers": ['-5, "or" so'], "consent": "true"}
    await desk.client.post("/webinars/herons/registrations", data=form)
    file = (await desk.get("/desk/webinars/herons/registrations.csv")).text
    assert "'=1+1" in file
    job = await job_ended(app, await run(app, desk, file))
    assert job.counts == {"unchanged": 1} and (await registered(app, webinar))["ann"].name == "=1+1"


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("", "Choose a file"),
        ("name,email\n", "rows below it"),
        ("who,what\nAnn,x\n", "no column name and no column email"),
        ('name,email\n"' + "x" * 140_000, "cannot be read as CSV"),
    ],
)
async def test_a_file_that_is_none(app: FastAPI, desk: Browser, file: str, says: str) -> None:
    await make_webinar(app)
    response = await desk.client.post(PATH, files={"file": ("x.csv", file, "text/csv")})
    assert response.status_code == 422 and says in text(one(parse(response), "#about-file"))
    pasted = await desk.post(PATH, pasted=file)
    assert pasted.status_code == 422


async def test_what_is_pasted_is_read_too(app: FastAPI, desk: Browser) -> None:
    await make_webinar(app)
    pasted = await desk.post(PATH, pasted="Name\tEmail\nJürgen\tj@example.com")
    assert "Jürgen" in (await desk.get(pasted.headers["location"])).text
    old = parse(await desk.get(await preview(desk, "Name;Email\nJürgen;j@example.com\n".encode("cp1252"))))
    assert "Windows-1252" in text(one(old, "main")) and "Jürgen" in text(one(old, "main"))


async def test_who_may_import(app: FastAPI, desk: Browser) -> None:
    await make_webinar(app)
    await make_webinar(app, slug="otters")
    await make_user(app, "max@example.com", "marketing", is_staff=True)
    await make_user(app, "root@example.com", is_superuser=True)
    await make_user(app, "sam@example.com", "sales", is_staff=True)
    path = await preview(desk, "name,email\nAnn,ann@example.com\n")
    assert (await desk.get(path.replace("herons", "otters"))).status_code == 409, "into another webinar"
    job = await run(app, desk, "name,email\nAnn,ann@example.com\n")
    async with Browser(app) as other:
        await sign_in(other, "max@example.com")
        for theirs in (path, job):
            assert (await other.get(theirs)).status_code == 404, "somebody else's"
        assert (await other.post(f"{job}/undo")).status_code == 404
        await sign_in(other, "root@example.com")
        assert (await other.get(job)).status_code == 200
        await sign_in(other, "sam@example.com")
        assert (await other.post(PATH, pasted="name,email\nAnn,ann@example.com")).status_code == 403


async def test_erasing_a_contact_takes_them_out_of_imports_too(app: FastAPI, desk: Browser) -> None:
    await make_webinar(app)
    path = await preview(desk, "name,email\nCanary,canary@example.com\nAnn,ann@example.com\n")
    await desk.post("/desk/contacts/erasure", email="canary@example.com")
    assert "canary" not in (await desk.get(path)).text.lower()
    job = await job_ended(app, (await desk.post(path, consent="true")).headers["location"])
    assert [item.key for item in await items_of(app, job)] == ["ann@example.com"]


async def test_two_imports_and_a_crowd_at_once(
    settings: Settings, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImportWork, "at_once", 50)
    app = await open_app(settings.model_copy(update={"visitor_mail_rate": "1000/minute"}))
    webinar = await make_webinar(app, capacity=300)
    await make_user(app, "mia@example.com", "marketing", is_staff=True)
    async with Browser(app) as desk:
        await sign_in(desk, "mia@example.com")
        files = [
            "name,email\n" + "".join(f"{kind}{n},{kind}{n}@example.com\n" for n in range(250)) for kind in ("a", "b")
        ]
        paths = [await preview(desk, file) for file in files]
        jobs = [(await desk.post(path, consent="true")).headers["location"] for path in paths]
        for n in range(20):
            form = {"name": "C", "email": f"c{n}@example.com", "consent": "true"}
            assert (await desk.post("/webinars/herons/registrations", **form)).status_code == 201
        for job in jobs:
            assert (await job_ended(app, job)).state == JobState.DONE
        rows = list((await registered(app, webinar)).values())
        assert [row.number for row in rows] == list(range(1, 521))
        assert [row.status for row in rows] == [Standing.REGISTERED] * 300 + [Standing.WAITING] * 220
        assert (await webinar_now(app, webinar)).taken == 300
        await undo(app, desk, jobs[0])
        left = await registered(app, webinar)
        assert not [name for name in left if name.startswith("a")], "none of them got a seat that another gave back"
        assert [row.status for row in left.values()] == [Standing.REGISTERED] * 270
        assert (await webinar_now(app, webinar)).taken == 270


async def test_who_comes_with_a_file_is_shared_out_as_everybody_is(app: FastAPI, desk: Browser) -> None:
    sam, rita = [await make_user(app, f"{name}@example.com", "sales", is_staff=True) for name in ("sam", "rita")]
    webinar = await make_webinar(app, shares_out=True, capacity=9)
    form = {"name": "Ann", "email": "ann@example.com", "consent": "true"}
    assert (await desk.post("/webinars/herons/registrations", **form)).status_code == 201
    people = [f"P{n},p{n}@example.com," for n in range(4)]
    await run(app, desk, "\n".join(["name,email,status", *people, "Not,not@example.com,declined"]))
    rows = await registered(app, webinar)
    mine = [sum(row.rep_id == rep.id for row in rows.values()) for rep in (sam, rita)]
    assert sorted(mine) == [2, 3] and rows["not"].rep_id is None
    assert rows["p0"].rep_id != rows["ann"].rep_id, "whoever has fewer is next"


async def test_without_sales_people_a_file_comes_in_all_the_same(app: FastAPI, desk: Browser) -> None:
    webinar = await make_webinar(app, shares_out=True)
    await run(app, desk, "name,email\nAnn,ann@example.com")
    assert (await registered(app, webinar))["ann"].rep_id is None

"""Acts on many registrants at once: whom they reach, what they do, and what an undo puts back."""

from typing import Any

from fastapi import FastAPI
from sqlmodel import col, select

from app.models.audit import AuditEntry
from app.models.job import Job
from app.models.webinar import Registration, Standing, Webinar
from tests.browser import Browser
from tests.html import find, one, parse, text
from tests.jobs import items_of, job_ended, registered, undo
from tests.people import mails, make_user, sign_in
from tests.webinars import make_webinar, webinar_now

DESK = "/desk/webinars/herons/registrations"
NAMES = ("ann", "ben", "cid", "dan")


async def fill(app: FastAPI, browser: Browser, names: tuple[str, ...] = NAMES, **fields: Any) -> Webinar:
    webinar = await make_webinar(app, **fields)
    for name in names:
        form = {"name": name.title(), "email": f"{name}@example.com", "consent": "true"}
        assert (await browser.post("/webinars/herons/registrations", **form)).status_code == 201
    return webinar


async def act(app: FastAPI, desk: Browser, act: str, query: str = "", **form: Any) -> tuple[str, Job]:
    """Do it; return the job's path and the job, which is over."""
    response = await desk.client.post(f"{DESK}/bulk{query}", data={"act": act, **form})
    assert response.status_code == 303, response.text
    return response.headers["location"], await job_ended(app, response.headers["location"])


async def standings(app: FastAPI, webinar: Webinar) -> list[str]:
    return [row.status.value for row in (await registered(app, webinar)).values()]


async def subjects(app: FastAPI, name: str) -> list[str]:
    return [mail.subject for mail in await mails(app, f"{name}@example.com")]


async def test_cancel_some_and_take_it_back(app: FastAPI, desk: Browser) -> None:
    webinar = await fill(app, desk)  # two seats, so two wait
    rows = await registered(app, webinar)
    path, job = await act(app, desk, "cancel", ids=[str(rows["ann"].id), str(rows["ben"].id)])
    assert job.counts == {"changed": 2}
    assert await standings(app, webinar) == ["cancelled", "cancelled", "registered", "registered"]
    assert any("cancelled" in subject.lower() for subject in await subjects(app, "ann"))
    await undo(app, desk, path)
    assert await standings(app, webinar) == ["waiting", "waiting", "registered", "registered"]
    said = text(one(parse(await desk.get(path)), "#job"))
    assert "2 waiting" in said and "No seat is free any more" in said and "ann@example.com" in said
    assert (await webinar_now(app, webinar)).taken == 2
    assert "number 1" in (await mails(app, "ann@example.com"))[-1].text, "their old place, and they are told"


async def test_cancel_all_and_take_it_back(app: FastAPI, desk: Browser) -> None:
    webinar = await fill(app, desk)
    path, job = await act(app, desk, "cancel", all="true")
    assert job.total == 4 and await standings(app, webinar) == ["cancelled"] * 4
    await undo(app, desk, path)
    assert await standings(app, webinar) == ["registered", "registered", "waiting", "waiting"], "all as it was"
    assert (await webinar_now(app, webinar)).taken == 2


async def test_nobody_gets_a_seat_of_the_act_that_cancels_them(app: FastAPI, desk: Browser) -> None:
    webinar = await fill(app, desk, ("ann", "ben", "cid"), capacity=1)
    rows = await registered(app, webinar)
    told = {name: await subjects(app, name) for name in rows}
    path, _ = await act(app, desk, "cancel", all="true")
    for name in rows:
        [said] = (await mails(app, f"{name}@example.com"))[len(told[name]) :]
        assert "cancelled" in said.subject.lower(), f"{name} is told once"
    assert (await webinar_now(app, webinar)).taken == 0
    await undo(app, desk, path)
    assert await standings(app, webinar) == ["registered", "waiting", "waiting"]
    await act(app, desk, "cancel", ids=[str(rows["ann"].id), str(rows["cid"].id)])
    assert await standings(app, webinar) == ["cancelled", "registered", "cancelled"], "Ben waited first"
    assert (await webinar_now(app, webinar)).taken == 1


async def test_an_undone_approval_gives_nobody_a_seat(app: FastAPI, desk: Browser) -> None:
    webinar = await fill(app, desk, ("ann", "ben"), capacity=1, needs_approval=True)
    path, _ = await act(app, desk, "approve", all="true")
    assert await standings(app, webinar) == ["registered", "waiting"]
    assert (await undo(app, desk, path)).counts == {"undone": 2}
    assert await standings(app, webinar) == ["pending", "pending"]


async def test_approve_all_that_a_search_finds(app: FastAPI, desk: Browser) -> None:
    webinar = await fill(app, desk, needs_approval=True)
    _, job = await act(app, desk, "approve", "?q=an&status=pending&page=7", all="true")
    assert job.total == 1, "Ann"
    assert await standings(app, webinar) == ["registered", "pending", "pending", "pending"]
    path, job = await act(app, desk, "decline", all="true")
    assert job.counts == {"refused": 1, "changed": 3}
    assert "registered cannot become declined" in (await items_of(app, job))[-1].problem
    await undo(app, desk, path)
    assert await standings(app, webinar) == ["registered", "pending", "pending", "pending"]


async def test_check_in_and_take_it_back(app: FastAPI, desk: Browser) -> None:
    webinar = await fill(app, desk)
    path, job = await act(app, desk, "check-in", all="true")
    assert job.counts == {"changed": 2, "refused": 2}, "who waits has not come"
    assert [row.attended_at is not None for row in (await registered(app, webinar)).values()] == [True] * 2 + [
        False
    ] * 2
    assert (await act(app, desk, "check-in", "?status=registered", all="true"))[1].counts == {"unchanged": 2}
    await undo(app, desk, path)
    assert not any(row.attended_at for row in (await registered(app, webinar)).values())


async def test_groups_and_what_was_changed_since(app: FastAPI, desk: Browser) -> None:
    webinar = await fill(app, desk)
    path, job = await act(app, desk, "group", all="true", value=" vip ")
    assert job.counts == {"changed": 4}
    assert {row.group for row in (await registered(app, webinar)).values()} == {"vip"}
    await act(app, desk, "group", ids=[str((await registered(app, webinar))["ben"].id)], value="press")
    job = await undo(app, desk, path)
    assert job.counts == {"undone": 3, "left": 1}
    assert [row.group for row in (await registered(app, webinar)).values()] == ["", "press", "", ""]
    assert "changed since" in text(one(parse(await desk.get(path)), "#job"))


async def test_assign_and_share_out(app: FastAPI, desk: Browser) -> None:
    webinar = await fill(app, desk)
    reps = [await make_user(app, f"{name}@example.com", "sales", is_staff=True) for name in ("sam", "sue")]
    first = str((await registered(app, webinar))["ann"].id)
    await act(app, desk, "assign", ids=[first], rep=str(reps[1].id))
    path, _ = await act(
        app, desk, "share-out", ids=[str(r.id) for r in list((await registered(app, webinar)).values())[1:]]
    )
    counts = [sum(row.rep_id == rep.id for row in (await registered(app, webinar)).values()) for rep in reps]
    assert counts == [2, 2], "whoever has the fewest gets the next"
    await undo(app, desk, path)
    assert [row.rep_id for row in (await registered(app, webinar)).values()] == [reps[1].id, None, None, None]
    await act(app, desk, "assign", all="true")
    assert {row.rep_id for row in (await registered(app, webinar)).values()} == {None}
    mia = await make_user(app, "max@example.com", "marketing", is_staff=True)
    wrong = await desk.client.post(f"{DESK}/bulk", data={"act": "assign", "rep": str(mia.id), "all": "true"})
    assert wrong.status_code == 422, "not one of sales"


async def test_sales_reach_only_what_is_theirs(app: FastAPI, browser: Browser) -> None:
    sam = await make_user(app, "sam@example.com", "sales", is_staff=True)
    webinar = await fill(app, browser)
    rows = await registered(app, webinar)
    async with app.state.database.transaction() as session:
        session.add((await session.get(Registration, rows["ann"].id)).sqlmodel_update({"rep_id": sam.id}))
    await sign_in(browser, "sam@example.com")
    _, job = await act(app, browser, "group", all="true", value="mine")
    assert job.total == 1
    _, job = await act(app, browser, "cancel", ids=[str(row.id) for row in rows.values()])
    assert job.total == 1
    assert [row.group for row in (await registered(app, webinar)).values()] == ["mine", "", "", ""]
    assert (await standings(app, webinar))[0] == Standing.CANCELLED
    nobody = await browser.client.post(f"{DESK}/bulk", data={"act": "cancel", "ids": [str(rows["ben"].id)]})
    assert nobody.status_code == 422


async def test_who_may(app: FastAPI, browser: Browser) -> None:
    await fill(app, browser)
    await make_user(app, "sue@example.com", "support", is_staff=True)
    await sign_in(browser, "sue@example.com")
    refused = await browser.post(f"{DESK}/bulk", act="cancel", all="true")
    assert refused.status_code == 403, "support sees, and no more"


async def test_audit(app: FastAPI, desk: Browser) -> None:
    """A group that is set of many is recorded of each, and so is what an undo puts back."""
    webinar = await fill(app, desk)
    rows = await registered(app, webinar)
    path, _ = await act(app, desk, "group", value="press", all="true")
    await undo(app, desk, path)
    async with app.state.database.transaction() as session:
        found = col(AuditEntry.key) == str(rows["ann"].id), AuditEntry.act == "registration.changed"
        entries = (await session.exec(select(AuditEntry).where(*found).order_by(col(AuditEntry.id)))).all()
    assert [(entry.actor, entry.before, entry.after) for entry in entries] == [
        ("mia@example.com", {"group": ""}, {"group": "press"}),
        ("mia@example.com", {"group": "press"}, {"group": ""}),
    ]


async def test_nonsense(app: FastAPI, desk: Browser) -> None:
    await fill(app, desk)
    for form in ({"act": "explode", "all": "true"}, {"act": "cancel"}, {"act": "cancel", "ids": "x"}):
        assert (await desk.client.post(f"{DESK}/bulk", data=form)).status_code == 422, form


async def test_what_is_wrong_is_said_above_the_table(app: FastAPI, desk: Browser) -> None:
    webinar = await fill(app, desk)
    ann = str((await registered(app, webinar))["ann"].id)
    form = {"act": "assign", "rep": str(webinar.id), "ids": [ann], "value": "press"}
    page = parse((await desk.client.post(f"{DESK}/bulk?status=registered", data=form)).text)
    assert text(one(page, "h1")) == "Registrations" and len(find(page, "#table tbody tr")) == 2, "the same view"
    assert "to whom registrations can be assigned" in text(one(page, "#bulk [role=alert]"))
    assert [box.get("value") for box in find(page, "input[name=ids][checked]")] == [ann], "and the same choice"
    assert one(page, "#act option[selected]").get("value") == "assign" and one(page, "#value").get("value") == "press"
    nobody = parse((await desk.post(f"{DESK}/bulk", act="cancel")).text)
    assert "nobody is chosen" in text(one(nobody, "main [role=alert]"))

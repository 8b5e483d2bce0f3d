"""The JSON API of the desk: pictures, notes, follow-ups, messages, imports, bulk acts, jobs, numbers and contacts."""

import asyncio
import csv
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlmodel import col, select

from app.config import Settings
from app.models.base import now
from app.models.follow_up import FollowUp
from app.models.idempotency import IdempotencyKey
from app.models.user import User
from app.models.webinar import Registration, Webinar
from app.security import LARGEST_BODY, LARGEST_UPLOAD
from tests.browser import Browser
from tests.conftest import OpenApp
from tests.jobs import job_ended, registered
from tests.people import age_sessions, mails, make_user, sign_in
from tests.pictures import BLUE, file, image, opened, stored
from tests.programs import program
from tests.webinars import make_webinar, webinar_now

Client = httpx2.AsyncClient
ANY = {"If-Match": "*"}
PNG = {"Content-Type": "image/png"}
CSV = {"Content-Type": "text/csv"}
STREAM = {"Accept": "text/event-stream"}
NAMES = ("ann", "ben", "cid")
LETTER = {"subject": "About herons", "text": "Hello Ann"}
MESSAGE = {
    "kind": "reminder",
    "amount": 2,
    "unit": "hours",
    "audience": "seat",
    "subject": "Soon: {title}",
    "text": "Hello **{name}**",
}


@pytest.fixture
async def mia(app: FastAPI) -> User:
    return await make_user(app, "mia@example.com", "marketing", is_staff=True, name="Mia")


@pytest.fixture
async def support(app: FastAPI) -> AsyncIterator[Client]:
    """Who sees, and changes nothing."""
    async with program(app, await make_user(app, "sue@example.com", "support", is_staff=True)) as client:
        yield client


@pytest.fixture
async def sam(app: FastAPI) -> User:
    """One of sales."""
    return await make_user(app, "sam@example.com", "sales", is_staff=True)


@pytest.fixture
async def webinar(app: FastAPI, staff: Client) -> Webinar:
    """With two seats and three registrants."""
    webinar = await make_webinar(app)
    await fill(staff)
    return webinar


async def fill(client: Client, names: tuple[str, ...] = NAMES) -> None:
    for name in names:
        person = {"name": name.title(), "email": f"{name}@example.com", "consent": True, "source": f"from {name}"}
        assert (await client.post("/webinars/herons/registrations", json=person)).status_code == 201


async def path_of(app: FastAPI, webinar: Webinar, name: str = "ann") -> str:
    return f"/webinars/herons/registrations/{(await registered(app, webinar))[name].id}"


def below(response: httpx2.Response) -> str:
    """The path that `Location` names, as a program asks for it."""
    return str(response.headers["location"]).removeprefix("/api/v1")


def wrong(response: httpx2.Response) -> tuple[int, list[str]]:
    return response.status_code, [each["field"] for each in response.json()["errors"]]


# Pictures


async def test_a_cover_is_put_named_and_taken_away(app: FastAPI, staff: Client, support: Client) -> None:
    await make_webinar(app)
    seen = await staff.get("/webinars/herons")
    match = {"If-Match": seen.headers["etag"]}
    assert (await staff.put("/webinars/herons/cover", content=file(), headers=PNG)).status_code == 428
    put = await staff.put("/webinars/herons/cover?alt=Reeds", content=file(), headers=PNG | match)
    assert (put.status_code, put.json()["cover_alt"]) == (200, "Reeds"), put.text
    shown = await staff.get("http://testserver" + put.json()["cover"])
    assert shown.headers["content-type"] == "image/webp" and opened(shown.content).size == (400, 200)
    late = await staff.put("/webinars/herons/cover", content=file(image(colour=BLUE)), headers=PNG | match)
    assert late.status_code == 412, "a cover is another version"
    worded = await staff.put("/webinars/herons/cover?alt=Herons", headers=PNG | ANY)
    assert (worded.json()["cover"], worded.json()["cover_alt"]) == (put.json()["cover"], "Herons")
    assert (await support.put("/webinars/herons/cover", content=file(), headers=PNG | ANY)).status_code == 403
    assert (await staff.delete("/webinars/herons/cover", headers=ANY)).status_code == 204
    gone = (await staff.get("/webinars/herons")).json()
    assert (gone["cover"], gone["cover_alt"]) == (None, "") and await stored(app) == []


async def test_a_photo_is_seen_by_staff_alone(
    app: FastAPI, staff: Client, support: Client, sam: User, webinar: Webinar
) -> None:
    path = await path_of(app, webinar)
    assert (await staff.get(f"{path}/photo")).status_code == 404
    assert (await staff.put(f"{path}/photo", headers=PNG | ANY)).status_code == 422
    put = await staff.put(f"{path}/photo", content=file(), headers=PNG | ANY)
    assert put.json()["photo"] == f"/api/v1{path}/photo"
    shown = await support.get(f"{path}/photo")
    assert opened(shown.content).size == (256, 256) and shown.headers["cache-control"] == "private, no-cache"
    again = await support.get(f"{path}/photo", headers={"If-None-Match": shown.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    async with program(app, sam) as other, program(app, await make_user(app, "ann@example.com")) as ann:
        assert (await other.get(f"{path}/photo")).status_code == 404
        assert (await ann.get(f"{path}/photo")).status_code == 403
        assert (await ann.get(path)).json()["photo"] is None
    assert (await support.delete(f"{path}/photo", headers=ANY)).status_code == 403
    assert (await staff.delete(f"{path}/photo", headers=ANY)).status_code == 204
    assert await stored(app) == [] and (await staff.get(path)).json()["photo"] is None


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [
        ("image/png", b"no picture", 422),
        ("image/svg+xml", b"x", 415),
        ("application/json", b"{}", 415),
        ("image/png", b"x" * (LARGEST_BODY + 1), 422),
        ("image/png", b"x" * (LARGEST_UPLOAD + 1), 413),
    ],
)
async def test_what_is_no_picture_is_refused(
    app: FastAPI, staff: Client, kind: str, content: bytes, status: int
) -> None:
    await make_webinar(app)
    headers = {"Content-Type": kind, **ANY}
    refused = await staff.put("/webinars/herons/cover", content=content, headers=headers)
    assert refused.status_code == status and refused.headers["content-type"] == "application/problem+json"
    assert await stored(app) == []


# Notes, and to whom somebody is assigned


async def test_notes_come_in_pages_and_go_by_their_author(
    app: FastAPI, staff: Client, support: Client, webinar: Webinar
) -> None:
    path = await path_of(app, webinar) + "/notes"
    made = [await staff.post(path, json={"text": f"Note {n}"}) for n in range(3)]
    assert made[0].status_code == 201 and (await staff.get(below(made[0]))).json() == made[0].json()
    first = (await support.get(f"{path}?limit=2")).json()
    second = (await support.get("http://testserver" + first["next"])).json()
    texts = [each["text"] for each in first["items"] + second["items"]]
    assert texts == ["Note 2", "Note 1", "Note 0"] and first["items"][0]["author"] == "Mia"
    assert (await support.post(path, json={"text": "x"})).status_code == 403
    assert wrong(await staff.post(path, json={"text": " "})) == (422, ["text"])
    assert wrong(await staff.post(path, json={"text": "x", "author": "Eve"})) == (422, ["author"])
    assert (await staff.delete(below(made[0]))).status_code == 428
    colleague = await make_user(app, "max@example.com", "marketing", is_staff=True)
    async with program(app, colleague) as other, program(app, await make_user(app, "ann@example.com")) as ann:
        assert (await other.delete(below(made[0]), headers=ANY)).status_code == 404, "not the author"
        assert (await ann.get(path)).status_code == 403, "what is noted of them they never see"
    assert (await staff.delete(below(made[0]), headers={"If-Match": '"another"'})).status_code == 412
    match = {"If-Match": made[0].headers["etag"]}
    assert (await staff.delete(below(made[0]), headers=match)).status_code == 204
    assert (await staff.get(below(made[0]))).status_code == 404


async def test_a_note_that_is_sent_twice_is_stored_once(app: FastAPI, staff: Client, webinar: Webinar) -> None:
    path, key = await path_of(app, webinar) + "/notes", {"Idempotency-Key": "one"}
    first, again = [await staff.post(path, json={"text": "Once"}, headers=key) for _ in range(2)]
    assert first.json() == again.json() and len((await staff.get(path)).json()["items"]) == 1


async def test_reps_are_those_to_whom_somebody_can_be_assigned(
    app: FastAPI, staff: Client, support: Client, sam: User, webinar: Webinar
) -> None:
    [rep] = (await staff.get("/webinars/herons/reps")).json()["items"]
    assert rep == {"id": str(sam.id), "name": "sam@example.com"}
    path = await path_of(app, webinar)
    assert (await staff.patch(path, json={"rep_id": rep["id"]}, headers=ANY)).json()["rep_id"] == rep["id"]
    assert (await support.get("/webinars/herons/reps")).status_code == 403
    async with program(app, sam) as client:
        assert (await client.get(f"{path}/notes")).status_code == 200
        assert (await client.post(f"{path}/notes", json={"text": "Called."})).status_code == 201
        ben = await path_of(app, webinar, "ben")
        assert (await client.get(f"{ben}/notes")).status_code == 404
        assert (await client.post(f"{ben}/notes", json={"text": "x"})).status_code == 404


# Follow-ups


async def follow_up(app: FastAPI) -> FollowUp | None:
    async with app.state.database.transaction() as session:
        return (await session.exec(select(FollowUp))).first()  # type: ignore[no-any-return]


async def test_a_follow_up_is_saved_in_the_version_that_was_read_and_sent_once(
    app: FastAPI, staff: Client, support: Client, webinar: Webinar
) -> None:
    path = await path_of(app, webinar) + "/follow-up"
    empty = await staff.get(path)
    assert (empty.json()["text"], empty.json()["status"]) == ("", "draft") and await follow_up(app) is None
    assert empty.headers["etag"] == (await staff.get(path)).headers["etag"]
    match = {"If-Match": empty.headers["etag"]}
    saved = await staff.put(path, json=LETTER, headers=match)
    assert (saved.json()["text"], saved.json()["author"]) == ("Hello Ann", "Mia")
    assert (await staff.put(path, json=LETTER, headers=match)).status_code == 412
    assert (await staff.put(path, json=LETTER)).status_code == 428
    assert (await support.get(path)).status_code == 403
    assert wrong(await staff.post(f"{path}/sending", json={**LETTER, "text": ""})) == (422, ["text"])
    sent = await staff.post(f"{path}/sending", json={**LETTER, "text": "Goodbye"})
    assert sent.json()["status"] == "sent" and sent.json()["sent_at"]
    assert (await staff.post(f"{path}/sending", json=LETTER)).json()["title"] == "It was sent already"
    assert (await staff.put(path, json=LETTER, headers=ANY)).status_code == 409
    assert [mail.text for mail in await mails(app, "ann@example.com") if "Goodbye" in mail.text]


async def test_nobody_who_unsubscribed_is_written_to(app: FastAPI, staff: Client, webinar: Webinar) -> None:
    async with app.state.database.transaction() as session:
        ann = (await session.exec(select(Registration).where(col(Registration.name) == "Ann"))).one()
        session.add(ann.sqlmodel_update({"unsubscribed_at": now()}))
    path = await path_of(app, webinar)
    assert (await staff.get(path)).json()["unsubscribed_at"]
    for act, form in (("draft", None), ("sending", LETTER)):
        refused = await staff.post(f"{path}/follow-up/{act}", json=form)
        assert (refused.status_code, refused.json()["title"]) == (409, "No mail for this person")


def events(response: httpx2.Response) -> list[Any]:
    assert response.headers["content-type"].startswith("text/event-stream"), response.text
    data = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
    assert data[-1] == "[DONE]"
    return [json.loads(line) for line in data[:-1]]


def said(chunks: list[Any]) -> str:
    return "".join(each["choices"][0]["delta"].get("content", "") for each in chunks if "choices" in each)


async def drafting(app: FastAPI, client: Client) -> str:
    webinar = await make_webinar(app)
    await fill(client, ("ann",))
    return await path_of(app, webinar) + "/follow-up"


async def test_a_draft_streams_as_it_is_written(open_app: OpenApp, with_model: Settings) -> None:
    app = await open_app(with_model.model_copy(update={"openai_model": "normal"}))
    async with program(app, await make_user(app, "mia@example.com", "marketing", is_staff=True)) as staff:
        path = await drafting(app, staff)
        response = await staff.post(f"{path}/draft", headers=STREAM)
        chunks = events(response)
        stored = (await staff.get(path)).json()
        assert said(chunks).strip() == stored["text"] != "" and stored["status"] == "draft"
        assert chunks[0]["object"] == "chat.completion.chunk" and len(chunks) > 3
        assert chunks[-1]["choices"][0]["finish_reason"] == "stop" and below(response) == path
        assert said(events(await staff.get(path, headers=STREAM))) == stored["text"], "and again from the row"


async def test_a_draft_is_there_at_once_and_grows(open_app: OpenApp, with_model: Settings) -> None:
    here, there = [await open_app(with_model.model_copy(update={"openai_model": "paced-100"})) for _ in range(2)]
    mia = await make_user(here, "mia@example.com", "marketing", is_staff=True)
    async with program(here, mia) as staff, program(there, mia) as other:
        path = await drafting(here, staff)
        begun = await staff.post(f"{path}/draft", headers={"Idempotency-Key": "one"})
        assert (begun.status_code, begun.json()["status"], below(begun)) == (202, "writing", path)
        assert (await staff.post(f"{path}/draft", headers={"Idempotency-Key": "one"})).json() == begun.json()
        assert (await staff.put(path, json=LETTER, headers=ANY)).status_code == 409, "while it is written"
        elsewhere = said(events(await other.get(path, headers=STREAM)))
        assert elsewhere.strip() == (await staff.get(path)).json()["text"], "another process tells all of it too"


async def test_a_draft_is_stopped(open_app: OpenApp, with_model: Settings) -> None:
    here, there = [await open_app(with_model.model_copy(update={"openai_model": "paced-25"})) for _ in range(2)]
    mia = await make_user(here, "mia@example.com", "marketing", is_staff=True)
    sue = await make_user(here, "sue@example.com", "support", is_staff=True)
    async with program(here, mia) as staff, program(there, mia) as other, program(here, sue) as support:
        path = await drafting(here, staff)
        assert (await other.post(f"{path}/stop")).json()["status"] == "draft", "there is nothing to stop"
        await staff.post(f"{path}/draft")
        assert (await support.post(f"{path}/stop")).status_code == 403
        stream = asyncio.create_task(staff.get(path, headers=STREAM))
        while not (await staff.get(path)).json()["text"]:  # noqa: ASYNC110 - as a program would
            await asyncio.sleep(0.1)
        assert (await other.post(f"{path}/stop")).status_code == 202
        async with asyncio.timeout(3):
            chunks = events(await stream)
        stored = (await other.get(path)).json()
        assert (stored["status"], stored["error"]) == ("draft", "") and said(chunks).strip() == stored["text"] != ""
        assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
        assert (await staff.post(f"{path}/stop")).json() == stored, "a second stop is no error"


async def test_a_draft_that_fails_says_so(open_app: OpenApp, with_model: Settings) -> None:
    app = await open_app(with_model.model_copy(update={"openai_model": "cut"}))
    async with program(app, await make_user(app, "mia@example.com", "marketing", is_staff=True)) as staff:
        path = await drafting(app, staff)
        chunks = events(await staff.post(f"{path}/draft", headers=STREAM))
        stored = (await staff.get(path)).json()
        assert chunks[-1]["error"]["message"] == stored["error"] != "" and said(chunks).strip() == stored["text"]


# Messages


async def test_messages_are_added_changed_previewed_and_deleted(
    app: FastAPI, staff: Client, support: Client, webinar: Webinar
) -> None:
    path = "/webinars/herons/messages"
    listed = (await staff.get(path)).json()["items"]
    assert [each["kind"] for each in listed] == ["reminder", "reminder", "follow_up"]
    made = await staff.post(path, json=MESSAGE)
    assert (made.status_code, made.json()["is_active"], made.json()["sent"]) == (201, False, 0), made.text
    assert (await staff.get(below(made))).headers["etag"] == made.headers["etag"]
    due = [each["due_at"] for each in (await staff.get(path)).json()["items"]]
    assert len(due) == 4 and due == sorted(due)
    match = {"If-Match": made.headers["etag"]}
    changed = await staff.patch(below(made), json={"is_active": True, "amount": 90}, headers=match)
    assert (changed.json()["is_active"], changed.json()["subject"]) == (True, MESSAGE["subject"]), changed.text
    assert (await staff.patch(below(made), json={"amount": 3}, headers=match)).status_code == 412
    for fields, field in (
        ({"text": "{nmae}"}, "text"),
        ({"audience": "attended"}, "audience"),
        ({"colour": 1}, "colour"),
    ):
        assert wrong(await staff.patch(below(made), json=fields, headers=ANY)) == (422, [field])
    for refused in (await support.get(path), await support.post(path, json=MESSAGE)):
        assert refused.status_code == 403
    await make_webinar(app, slug="otters")
    assert (await staff.get(below(made).replace("herons", "otters"))).status_code == 404
    assert (await staff.delete(below(made), headers=ANY)).status_code == 204
    assert (await staff.get(below(made))).status_code == 404
    assert (await staff.delete(below(made), headers=ANY)).status_code == 404


async def test_a_preview_and_a_test_of_a_message(app: FastAPI, staff: Client, webinar: Webinar) -> None:
    words = {"subject": MESSAGE["subject"], "text": "Hello **{name}**, {nmae}"}
    shown = (await staff.post("/webinars/herons/messages/preview", json=words)).json()
    assert (shown["subject"], shown["name"], shown["unknown"]) == ("Soon: Herons", "Ann", ["{nmae}"])
    assert "<strong>Ann</strong>" in shown["html"]
    tested = await staff.post("/webinars/herons/messages/test", json=MESSAGE)
    assert (tested.status_code, tested.json()["recipient"]) == (202, "mia@example.com")
    assert [mail.subject for mail in await mails(app, "mia@example.com")] == ["Soon: Herons"]


async def test_of_many_changes_of_a_message_at_once_one_wins(app: FastAPI, staff: Client, webinar: Webinar) -> None:
    made = await staff.post("/webinars/herons/messages", json=MESSAGE)
    match = {"If-Match": made.headers["etag"]}
    sent = [staff.patch(below(made), json={"amount": n}, headers=match) for n in range(3, 8)]
    assert sorted(response.status_code for response in await asyncio.gather(*sent)) == [200] + [412] * 4


async def test_of_many_savings_of_a_follow_up_at_once_one_wins(app: FastAPI, staff: Client, webinar: Webinar) -> None:
    path = await path_of(app, webinar) + "/follow-up"
    await staff.put(path, json=LETTER, headers=ANY)
    match = {"If-Match": (await staff.get(path)).headers["etag"]}
    sent = [staff.put(path, json={**LETTER, "text": f"T{n}"}, headers=match) for n in range(5)]
    assert sorted(response.status_code for response in await asyncio.gather(*sent)) == [200] + [412] * 4


# Imports, acts on many, and jobs

ROWS = b"name,email,group,shoe\nAnn,ann@example.com,press,\nDan,dan@example.com,,\nEve,nowhere,,\n"


async def test_an_import_is_looked_at_then_run_then_undone(
    app: FastAPI, staff: Client, support: Client, webinar: Webinar
) -> None:
    path = "/webinars/herons/imports"
    assert (await support.post(path, content=ROWS, headers=CSV)).status_code == 403
    made = await staff.post(path, content=ROWS, headers=CSV)
    preview = made.json()
    assert made.status_code == 201 and preview["job"]["state"] == "ready" and preview["job"]["total"] == 2
    assert [row["email"] for row in preview["rows"]] == ["ann@example.com", "dan@example.com"]
    assert preview["unknown"] == ["shoe"] and preview["problems"][0]["number"] == 4
    assert preview["known"] == [
        {"number": 2, "email": "ann@example.com", "changes": {"group": {"before": "", "after": "press"}}}
    ]
    assert (await staff.get(below(made))).json() == preview
    assert list(await registered(app, webinar)) == list(NAMES), "nothing is written yet"
    assert wrong(await staff.post(f"{below(made)}/start", json={})) == (422, ["consent"])
    begun = await staff.post(f"{below(made)}/start", json={"consent": True}, headers={"Idempotency-Key": "one"})
    assert (begun.status_code, begun.json()["state"]) == (202, "running")
    await job_ended(app, below(begun))
    job = (await staff.get(below(begun))).json()
    assert (job["state"], job["done"], job["counts"], job["can_undo"]) == (
        "done",
        2,
        {"merged": 1, "waiting": 1},
        True,
    )
    assert job["problem_count"] == 1 and "dan" in await registered(app, webinar)
    assert (await staff.post(f"{below(made)}/start", json={"consent": True})).status_code == 409
    undone = await staff.post(f"{below(begun)}/undo")
    assert (undone.status_code, undone.json()["undoing"]) == (202, True)
    await job_ended(app, below(begun))
    assert list(await registered(app, webinar)) == list(NAMES)
    assert (await registered(app, webinar))["ann"].group == ""


async def test_what_is_no_table_is_refused(app: FastAPI, staff: Client, webinar: Webinar) -> None:
    path = "/webinars/herons/imports"
    assert wrong(await staff.post(path, content=b"", headers=CSV)) == (422, ["file"])
    assert wrong(await staff.post(path, content=b"shoe\n42\n", headers=CSV)) == (422, ["file"])
    assert (await staff.post(path, json={"rows": []})).status_code == 415
    assert (await staff.get("/jobs")).json()["items"] == []


async def test_an_act_reaches_those_who_are_named_or_found(app: FastAPI, staff: Client, webinar: Webinar) -> None:
    path, rows = "/webinars/herons/bulk-acts", await registered(app, webinar)
    begun = await staff.post(path, json={"act": "group", "value": "vip", "ids": [str(rows["ann"].id)]})
    assert (begun.status_code, begun.json()["total"]) == (202, 1), begun.text
    await job_ended(app, below(begun))
    for query, total in (
        ("group=", 2),
        ("group=vip", 1),
        ("status=waiting", 1),
        ("q=ben", 1),
        ("rep=nobody", 3),
        ("group=vip&status=registered", 1),
    ):
        found = await staff.post(f"{path}?{query}", json={"act": "group", "value": "seen", "all": True})
        assert found.json()["total"] == total, query
        job = await job_ended(app, below(found))
        assert (await staff.post(f"{below(found)}/undo")).status_code == 202 and job.changed == total
        await job_ended(app, below(found))
    assert [row.group for row in (await registered(app, webinar)).values()] == ["vip", "", ""]


@pytest.mark.parametrize("query", ["colour=red", "status=gone", "rep=sam", "page=2"])
async def test_an_act_on_all_refuses_a_filter_that_it_does_not_know(
    app: FastAPI, staff: Client, webinar: Webinar, query: str
) -> None:
    """Passed over, it would reach everybody."""
    refused = await staff.post(f"/webinars/herons/bulk-acts?{query}", json={"act": "cancel", "all": True})
    assert refused.status_code == 422, refused.text
    strict = await staff.post("/webinars/herons/bulk-acts", json={"act": "cancel", "all": "true"})
    assert wrong(strict) == (422, ["all"])
    assert (await webinar_now(app, webinar)).taken == 2 and (await staff.get("/jobs")).json()["items"] == []


async def test_sales_act_on_what_is_assigned_to_them(
    app: FastAPI, staff: Client, support: Client, sam: User, webinar: Webinar
) -> None:
    await staff.patch(await path_of(app, webinar), json={"rep_id": str(sam.id)}, headers=ANY)
    act = {"act": "group", "value": "mine", "all": True}
    async with program(app, sam) as client:
        begun = await client.post("/webinars/herons/bulk-acts", json=act)
        assert begun.json()["total"] == 1
        assigned = await client.post("/webinars/herons/bulk-acts", json={**act, "act": "assign"})
        assert assigned.status_code == 403, "whose they are decides who sees them"
    assert (await support.post("/webinars/herons/bulk-acts", json=act)).status_code == 403
    await job_ended(app, below(begun))
    assert [row.group for row in (await registered(app, webinar)).values()] == ["mine", "", ""]
    assert (await staff.get(below(begun))).status_code == 404, "somebody else's job"


async def test_a_job_is_followed_to_its_end_and_listed(app: FastAPI, staff: Client, webinar: Webinar) -> None:
    begun = await staff.post("/webinars/herons/bulk-acts", json={"act": "check-in", "all": True})
    told = events(await staff.get(below(begun), headers=STREAM))
    assert (told[-1]["state"], told[-1]["counts"]) == ("done", {"changed": 2, "refused": 1})
    assert told[-1]["problems"] == [{"number": 3, "key": "cid@example.com", "problem": "This person has no seat."}]
    plain = await staff.get(below(begun))
    assert plain.json() == told[-1] and plain.headers["etag"]
    again = await staff.post("/webinars/herons/bulk-acts", json={"act": "group", "value": "x", "all": True})
    await job_ended(app, below(again))
    page = (await staff.get("/jobs?limit=1&state=done")).json()
    assert [each["id"] for each in page["items"]] == [again.json()["id"]]
    more = (await staff.get("http://testserver" + page["next"])).json()
    assert [each["id"] for each in more["items"]] == [begun.json()["id"]] and more["next"] is None
    assert (await staff.post(f"{below(begun)}/start")).status_code == 409, "it did not fail"


# Numbers


async def test_numbers_are_those_of_the_page(app: FastAPI, browser: Browser, staff: Client, webinar: Webinar) -> None:
    numbers = (await staff.get("/webinars/herons/numbers")).json()
    assert (numbers["webinar"], numbers["total"]["seats"], numbers["total"]["waiting"]) == ("herons", 2, 1)
    assert numbers["sources"] == [f"from {name}" for name in NAMES]
    charts = {chart["id"]: chart for chart in numbers["charts"]}
    assert list(charts) == ["by-time", "in-all", "by-source"]
    await sign_in(browser, "mia@example.com")
    for id, chart in charts.items():
        file = (await browser.get(f"/desk/webinars/herons/numbers/{id}.csv")).text
        head, *rows = csv.reader(file.splitlines())
        assert head == [chart["head"], *(each["name"] for each in chart["series"])]
        assert [[float(value) for value in values] for _, *values in rows] == list(
            map(list, zip(*(each["values"] for each in chart["series"]), strict=True))
        )
        assert [label for label, *_ in rows] == chart["labels"]
    one = (await staff.get("/webinars/herons/numbers?source=from+ann")).json()
    assert one["total"]["all"] == 1 and len(one["sources"]) == 3
    past = (await staff.get("/webinars/herons/numbers?until=2020-01-01")).json()
    assert (past["total"]["all"], past["until"]) == (0, "2020-01-01")
    every = (await staff.get("/numbers")).json()
    assert every["webinar"] is None and every["total"] == numbers["total"]
    assert [chart["id"] for chart in every["charts"]] == ["by-webinar", "by-source"]
    for query, field in (
        ("since=soon", "since"),
        ("until=0", "until"),
        ("until=9999-12-31", "until"),
        ("colour=red", "colour"),
    ):
        assert wrong(await staff.get(f"/numbers?{query}")) == (422, [field])


async def test_numbers_are_of_those_whom_one_sees(app: FastAPI, staff: Client, sam: User, webinar: Webinar) -> None:
    await staff.patch(await path_of(app, webinar), json={"rep_id": str(sam.id)}, headers=ANY)
    async with program(app, sam) as client:
        assert (await client.get("/webinars/herons/numbers")).json()["total"]["all"] == 1
        assert (await client.get("/numbers")).json()["total"]["all"] == 1


# Contacts


async def test_a_contact_is_given_out_and_erased(
    app: FastAPI, browser: Browser, staff: Client, support: Client, webinar: Webinar
) -> None:
    path, key = await path_of(app, webinar), {"Idempotency-Key": "two"}
    await staff.post(f"{path}/notes", json={"text": "Likes herons."}, headers=key)
    await staff.post(f"{path}/follow-up/draft", headers=key | STREAM)
    ann = {"email": "ann@example.com"}
    for act in ("export", "erasure"):
        assert (await support.post(f"/contacts/{act}", json=ann)).status_code == 403
    given = (await staff.post("/contacts/export", json=ann)).json()
    [registration] = given["registrations"]
    assert (registration["name"], registration["notes"]) == ("Ann", ["Likes herons."]) and given["mails"]
    await sign_in(browser, "mia@example.com")
    assert given == json.loads((await browser.post("/desk/contacts/export", **ann)).text)
    erased = await staff.post("/contacts/erasure", json=ann, headers={"Idempotency-Key": "one"})
    assert erased.json() == {"webinars": 1}
    assert list(await registered(app, webinar)) == ["ben", "cid"] and (await webinar_now(app, webinar)).taken == 2
    assert (await staff.post("/contacts/erasure", json=ann)).json() == {"webinars": 0}
    async with app.state.database.transaction() as session:
        kept = (await session.exec(select(IdempotencyKey))).all()
    assert kept == [], "no answer of these is kept"


async def test_a_session_must_be_fresh_to_give_out_or_erase(app: FastAPI, browser: Browser, mia: User) -> None:
    await sign_in(browser, mia.email)
    await age_sessions(app)
    for act in ("export", "erasure"):
        refused = await browser.client.post(f"/api/v1/contacts/{act}", json={"email": "ann@example.com"})
        assert (refused.status_code, refused.json()["title"]) == (403, "Is it you?")


async def test_a_token_to_read_gives_out_and_erases_nothing(app: FastAPI, mia: User) -> None:
    async with program(app, mia, ("read",)) as client:
        assert (await client.post("/contacts/export", json={"email": "a@example.com"})).status_code == 200
        assert (await client.post("/contacts/erasure", json={"email": "a@example.com"})).status_code == 403

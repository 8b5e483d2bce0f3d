"""The resources of the JSON API: who sees and does what with them."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI

from app.config import Settings
from app.models.base import now
from app.models.user import User
from app.models.webinar import Registration, WebinarStatus
from app.repositories.documents import DocumentRepository
from app.services.search_service import SearchService
from tests.conftest import OpenApp
from tests.model_server import ANSWER
from tests.people import mails, make_user
from tests.programs import program
from tests.webinars import make_webinar, webinar_now

Client = httpx2.AsyncClient
FORM = {"title": "Otters", "starts": "2030-05-01T18:00", "ends": "2030-05-01T19:00", "capacity": 9}
VERA = {"name": "Vera", "email": "vera@example.com", "consent": True}
STREAM = {"Accept": "text/event-stream"}


@pytest.fixture
async def vera(app: FastAPI) -> AsyncIterator[Client]:
    """Somebody of the public, who has an account."""
    async with program(app, await make_user(app, "vera@example.com")) as client:
        yield client


async def change(client: Client, path: str, method: str = "PATCH", **fields: Any) -> httpx2.Response:
    return await client.request(method, path, json=fields, headers={"If-Match": "*"})


async def register(client: Client, email: str = "vera@example.com", slug: str = "herons") -> str:
    made = await client.post(f"/webinars/{slug}/registrations", json={**VERA, "email": email})
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/api/v1/webinars/{slug}/registrations/{made.json()['id']}"
    return str(made.json()["id"])


# Webinars


async def test_a_webinar_from_draft_to_cancellation(app: FastAPI, staff: Client, vera: Client) -> None:
    made = await staff.post("/webinars", json={**FORM, "time_zone": "Europe/Berlin", "questions": "Why?\nHow?"})
    assert (made.status_code, made.headers["location"]) == (201, "/api/v1/webinars/otters")
    draft = made.json()
    assert (draft["starts"], draft["starts_at"]) == ("2030-05-01T18:00:00", "2030-05-01T16:00:00Z")
    assert (draft["questions"], draft["status"], draft["join_url"]) == (["Why?", "How?"], "draft", "")
    assert (await vera.get("/webinars/otters")).status_code == 404
    assert (await vera.get("/webinars")).json()["items"] == []
    assert (await staff.get("/webinars?status=draft")).json()["items"] == [draft]
    assert (await staff.post("/webinars/otters/publication")).json()["status"] == "published"
    changed = await change(staff, "/webinars/otters", join_url="https://rooms.example.com/x", capacity=3)
    assert (changed.json()["capacity"], changed.json()["title"]) == (3, "Otters")
    assert changed.json()["starts"] == draft["starts"] and changed.json()["questions"] == draft["questions"]
    seen = (await vera.get("/webinars/otters")).json()
    assert (seen["join_url"], seen["is_open"], seen["free"]) == (None, True, 3)
    assert "rooms.example.com" not in (await vera.get("/webinars")).text
    assert (await change(staff, "/webinars/otters", "PUT", **FORM)).json()["questions"] == []
    assert (await staff.post("/webinars/otters/cancellation")).json()["status"] == "cancelled"
    assert (await staff.post("/webinars/otters/cancellation")).status_code == 409


async def test_what_is_not_theirs_to_change_stays(app: FastAPI, vera: Client) -> None:
    await make_webinar(app)
    for response in (
        await vera.post("/webinars", json=FORM),
        await change(vera, "/webinars/herons", title="Mine"),
        await change(vera, "/webinars/herons", "PUT", **FORM),
        await vera.post("/webinars/herons/cancellation"),
        await vera.get("/webinars/herons/registrations"),
    ):
        assert (response.status_code, response.json()["title"]) == (403, "Not allowed")


async def test_a_change_is_checked_as_the_form_is(app: FastAPI, staff: Client) -> None:
    await make_webinar(app)
    for fields, wrong in (
        ({"capacity": "9"}, "capacity"),
        ({"ends": "2000-01-01T00:00"}, "body"),
        ({"titel": "x"}, "titel"),
        ({"title": " "}, "title"),
    ):
        refused = await change(staff, "/webinars/herons", **fields)
        assert (refused.status_code, [each["field"] for each in refused.json()["errors"]]) == (422, [wrong])
    await register(staff)
    await register(staff, "otto@example.com")
    fewer = await change(staff, "/webinars/herons", capacity=1)
    assert (fewer.status_code, fewer.json()["errors"][0]["field"]) == (409, "capacity")


async def test_webinars_are_searched_and_filtered(app: FastAPI, staff: Client) -> None:
    await make_webinar(app, slug="one", title="Herons at dawn", speakers="Olga")
    await make_webinar(app, slug="two", title="Otters", status=WebinarStatus.CANCELLED)
    for query, slugs in (
        ("q=herons", ["one"]),
        ("q=OLGA+dawn", ["one"]),
        ("q=%25", []),
        ("status=cancelled", ["two"]),
        ("ends_before=2000-01-01T00:00:00Z", []),
        ("ends_after=2000-01-01T00:00:00%2B02:00&sort=title", ["one", "two"]),
    ):
        items = (await staff.get(f"/webinars?{query}")).json()["items"]
        assert [each["slug"] for each in items] == slugs, query


# Registrations


async def test_a_registrant_sees_their_own_and_gives_the_seat_back(app: FastAPI, vera: Client, staff: Client) -> None:
    webinar = await make_webinar(app, capacity=1)
    path = f"/webinars/herons/registrations/{await register(vera)}"
    waiting = f"/webinars/herons/registrations/{await register(staff, 'otto@example.com')}"
    own = (await vera.get(path)).json()
    assert (own["status"], own["group"], own["rep_id"], own["join_url"]) == ("registered", None, None, None)
    assert (await vera.get(waiting)).status_code == 404, "somebody else's"
    await confirm(app, own["id"])
    assert (await vera.get(path)).json()["join_url"] == webinar.join_url
    assert (await staff.get(path)).json()["join_url"] is None
    assert (await staff.get(waiting)).json()["status"] == "waiting"
    assert (await vera.post(f"{path}/cancellation")).json()["status"] == "cancelled"
    assert (await staff.get(waiting)).json()["status"] == "registered"
    assert (await vera.post(f"{path}/cancellation")).status_code == 200
    assert (await webinar_now(app, webinar)).taken == 1
    assert [mail.subject[:9] for mail in await mails(app, "otto@example.com")]


async def confirm(app: FastAPI, id: str) -> None:
    async with app.state.database.transaction() as session:
        found = await session.get(Registration, UUID(id))
        session.add(found.sqlmodel_update({"confirmed_at": now()}))


async def test_an_address_that_was_never_shown_owns_nothing(app: FastAPI, staff: Client) -> None:
    await make_webinar(app)
    path = f"/webinars/herons/registrations/{await register(staff, 'eve@example.com')}"
    eve = await make_user(app, "eve@example.com")
    async with app.state.database.transaction() as session:
        session.add((await session.get(User, eve.id)).sqlmodel_update({"is_verified": False}))
    async with program(app, eve) as client:
        assert (await client.get(path)).status_code == 404


async def test_registering_is_held_by_the_same_rules(app: FastAPI, vera: Client) -> None:
    await make_webinar(app)
    path = "/webinars/herons/registrations"
    refused = await vera.post(path, json={**VERA, "consent": False})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "consent")
    await register(vera)
    twice = await vera.post(path, json=VERA)
    assert (twice.status_code, twice.json()["errors"][0]["field"]) == (409, "email")
    await make_webinar(app, slug="over", status=WebinarStatus.CANCELLED)
    assert (await vera.post("/webinars/over/registrations", json=VERA)).status_code == 409


async def test_seats_are_exact_at_once(app: FastAPI, staff: Client) -> None:
    webinar = await make_webinar(app, capacity=3)
    await asyncio.gather(*(register(staff, f"p{n}@example.com") for n in range(8)))
    listed = (await staff.get("/webinars/herons/registrations?sort=number")).json()["items"]
    assert [each["status"] for each in listed] == ["registered"] * 3 + ["waiting"] * 5
    assert (await webinar_now(app, webinar)).taken == 3


async def test_staff_approve_assign_and_check_in(app: FastAPI, staff: Client) -> None:
    await make_webinar(app, needs_approval=True)
    rita = await make_user(app, "rita@example.com", "sales", is_staff=True)
    path = f"/webinars/herons/registrations/{await register(staff)}"
    assert (await staff.post(f"{path}/check-in")).status_code == 409, "without a seat"
    changed = await change(staff, path, status="registered", group="press", rep_id=str(rita.id))
    assert changed.status_code == 200, changed.text
    found = changed.json()
    assert (found["status"], found["group"], found["rep_id"]) == ("registered", "press", str(rita.id))
    assert (await change(staff, path, rep_id="")).json()["rep_id"] is None
    nobody = await change(staff, path, rep_id="00000000-0000-0000-0000-000000000000")
    assert (nobody.status_code, nobody.json()["errors"][0]["field"]) == (422, "rep_id")
    came = (await staff.post(f"{path}/check-in")).json()["attended_at"]
    assert came and (await staff.post(f"{path}/check-in")).json()["attended_at"] == came
    here = {"If-Match": (await staff.get(path)).headers["etag"]}
    assert (await staff.delete(f"{path}/check-in", headers=here)).status_code == 204
    assert (await staff.get(path)).json()["attended_at"] is None
    assert (await change(staff, path, status="cancelled")).json()["status"] == "cancelled"
    assert (await change(staff, path, status="pending")).status_code == 409
    seen = (await staff.get(path)).headers["etag"]
    await change(staff, path, group="other")
    late = await staff.patch(path, json={"group": "mine"}, headers={"If-Match": seen})
    assert late.status_code == 412


async def test_sales_see_and_change_what_is_assigned_to_them(app: FastAPI, staff: Client) -> None:
    sam = await make_user(app, "sam@example.com", "sales", is_staff=True)
    await make_webinar(app)
    mine, other = [await register(staff, f"{name}@example.com") for name in ("mine", "other")]
    paths = [f"/webinars/herons/registrations/{id}" for id in (mine, other)]
    await change(staff, paths[0], rep_id=str(sam.id))
    async with program(app, sam) as client:
        listed = (await client.get("/webinars/herons/registrations")).json()["items"]
        assert [each["id"] for each in listed] == [mine]
        assert (await client.get(paths[1])).status_code == 404
        assert (await change(client, paths[1], group="x")).status_code == 404
        assert (await change(client, paths[0], group="x")).json()["group"] == "x"
        assert (await change(client, paths[0], rep_id="")).status_code == 403, "only marketing assigns"
        assert (await client.post(f"{paths[0]}/cancellation")).status_code == 200


@pytest.mark.parametrize("sort", ["number", "-name", "email", "-status", "status", "created_at"])
async def test_registrations_come_in_pages_and_filtered(app: FastAPI, staff: Client, sort: str) -> None:
    await make_webinar(app, capacity=3)
    for n in range(5):
        await register(staff, f"p{n}@example.com")
    found, path = [], f"/webinars/herons/registrations?limit=2&sort={sort}"
    while path:
        body = (await staff.get(path)).json()
        found += [each["email"] for each in body["items"]]
        path = body["next"] and "http://testserver" + body["next"]
    assert sorted(found) == [f"p{n}@example.com" for n in range(5)]
    for query, count in (("status=waiting", 2), ("q=p1", 1), ("group=press", 0), ("attended=false", 5)):
        listed = (await staff.get(f"/webinars/herons/registrations?{query}")).json()["items"]
        assert len(listed) == count, query


# Conversations


async def until_answered(client: Client, path: str) -> dict[str, Any]:
    for _ in range(500):
        found: dict[str, Any] = (await client.get(path)).json()
        if found["status"] != "streaming":
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("still streaming")


async def test_a_conversation(app: FastAPI, vera: Client, staff: Client) -> None:
    made = await vera.post("/conversations", json={"content": "Where do herons sleep?", "instructions": "Be brief."})
    assert made.status_code == 201
    asked, path = made.json(), made.headers["location"].removeprefix("/api/v1")
    assert (asked["question"]["text"], asked["answer"]["status"]) == ("Where do herons sleep?", "streaming")
    first = await until_answered(vera, f"{path}/messages/{asked['answer']['id']}")
    assert first["status"] == "complete" and first["text"]
    further = await vera.post(f"{path}/messages", json={"content": "And in winter?"})
    assert further.status_code == 202
    answer = await until_answered(vera, further.headers["location"].removeprefix("/api/v1"))
    assert answer["parent_id"] == further.json()["question"]["id"]
    listed = (await vera.get(f"{path}/messages?limit=3")).json()
    assert [each["role"] for each in listed["items"]] == ["user", "assistant", "user"] and listed["next"]
    assert len((await vera.get("http://testserver" + listed["next"])).json()["items"]) == 1
    renamed = await change(vera, path, title="Herons")
    assert (renamed.json()["title"], renamed.json()["instructions"]) == ("Herons", "Be brief.")
    assert [each["title"] for each in (await vera.get("/conversations?q=heron")).json()["items"]] == ["Herons"]
    for mine in (path, f"{path}/messages", f"{path}/messages/{answer['id']}"):
        assert (await staff.get(mine)).status_code == 404, "nobody reads what others ask"
    assert (await staff.get("/conversations")).json()["items"] == []
    assert (await vera.delete(path)).status_code == 428
    assert (await vera.delete(path, headers={"If-Match": "*"})).status_code == 204
    assert (await vera.get(path)).status_code == 404
    assert (await vera.get("/conversations")).json()["items"] == []


async def chunks(response: httpx2.Response) -> list[Any]:
    assert response.headers["content-type"].startswith("text/event-stream")
    data = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
    assert data[-1] == "[DONE]"
    return [json.loads(line) for line in data[:-1]]


def said(found: list[Any]) -> str:
    return "".join(each["choices"][0]["delta"].get("content", "") for each in found if "choices" in each)


async def test_an_answer_streams_as_it_is_written(open_app: OpenApp, with_model: Settings) -> None:
    app = await open_app(with_model)
    async with program(app, await make_user(app, "vera@example.com")) as client:
        made = await client.post("/conversations", json={"content": "One", "model": "fast"})
        path = made.headers["location"].removeprefix("/api/v1")
        await until_answered(client, f"{path}/messages/{made.json()['answer']['id']}")
        response = await client.post(f"{path}/messages", json={"content": "Two", "model": "normal"}, headers=STREAM)
        found = await chunks(response)
        assert response.status_code == 200 and {each["object"] for each in found} == {"chat.completion.chunk"}
        assert found[0]["choices"][0]["delta"]["role"] == "assistant"
        assert [each["choices"][0]["finish_reason"] for each in found] == [None] * (len(found) - 1) + ["stop"]
        place = response.headers["location"].removeprefix("/api/v1")
        stored = (await client.get(place)).json()
        assert said(found) == stored["text"] and len(found) > 3
        assert said(await chunks(await client.get(place, headers=STREAM))) == stored["text"], "and again from the row"


@pytest.mark.parametrize("model", ["401", "cut"])
async def test_a_stream_says_how_it_went_wrong(open_app: OpenApp, with_model: Settings, model: str) -> None:
    app = await open_app(with_model)
    async with program(app, await make_user(app, "vera@example.com")) as client:
        made = (await client.post("/conversations", json={"content": "One", "model": model})).json()
        path = f"/conversations/{made['conversation']['id']}/messages/{made['answer']['id']}"
        found = await chunks(await client.get(path, headers=STREAM))
        stored = (await client.get(path)).json()
        assert stored["status"] == "failed" and found[-1]["error"]["message"] == stored["error"] != ""
        assert said(found) == stored["text"]


async def test_another_process_streams_it_too(open_app: OpenApp, with_model: Settings) -> None:
    here, there = await open_app(with_model), await open_app(with_model)
    vera = await make_user(here, "vera@example.com")
    async with program(here, vera) as client, program(there, vera) as other:
        made = (await client.post("/conversations", json={"content": "One", "model": "paced-400"})).json()
        path = f"/conversations/{made['conversation']['id']}/messages/{made['answer']['id']}"
        found = await chunks(await other.get(path, headers=STREAM))
        assert said(found) == (await client.get(path)).json()["text"]


async def test_an_answer_is_stopped_from_another_process(open_app: OpenApp, with_model: Settings) -> None:
    here, there = await open_app(with_model), await open_app(with_model)
    vera, uma = await make_user(here, "vera@example.com"), await make_user(here, "uma@example.com")
    async with program(here, vera) as client, program(there, vera) as other, program(here, uma) as stranger:
        made = (await client.post("/conversations", json={"content": "One", "model": "paced-100"})).json()
        path = f"/conversations/{made['conversation']['id']}/messages/{made['answer']['id']}"
        while not (await client.get(path)).json()["text"]:  # noqa: ASYNC110 - as a program would
            await asyncio.sleep(0.1)
        assert (await stranger.post(f"{path}/stop")).status_code == 404
        assert (await other.post(f"{path}/stop")).status_code == 202
        async with asyncio.timeout(3):
            stored = await until_answered(client, path)
        assert stored["status"] == "stopped" and stored["text"] and ANSWER.startswith(stored["text"])
        assert (await client.post(f"{path}/stop")).json() == stored, "a second stop is no error"


async def test_a_stream_that_is_asked_for_twice_asks_once(app: FastAPI, vera: Client) -> None:
    made = (await vera.post("/conversations", json={"content": "One"})).json()
    path = f"/conversations/{made['conversation']['id']}/messages"
    await until_answered(vera, f"{path}/{made['answer']['id']}")
    headers = {**STREAM, "Idempotency-Key": "one"}
    first = await vera.post(path, json={"content": "Two"}, headers=headers)
    await chunks(first)
    again = await vera.post(path, json={"content": "Two"}, headers=headers)
    assert (again.status_code, again.headers["location"]) == (202, first.headers["location"])
    assert len((await vera.get(path)).json()["items"]) == 4


async def test_the_first_answer_streams_too(vera: Client) -> None:
    headers = {**STREAM, "Idempotency-Key": "one"}
    response = await vera.post("/conversations", json={"content": "One"}, headers=headers)
    found = await chunks(response)
    path = response.headers["location"].removeprefix("/api/v1")
    [_question, answer] = (await vera.get(f"{path}/messages")).json()["items"]
    assert said(found) == answer["text"] and found[0]["id"] == f"chatcmpl-{answer['id']}"
    again = await vera.post("/conversations", json={"content": "One"}, headers=headers)
    assert (again.status_code, again.json()["answer"]["id"]) == (201, answer["id"]), "asked once"


async def test_two_questions_at_once_are_one_too_many(open_app: OpenApp, with_model: Settings) -> None:
    app = await open_app(with_model)
    async with program(app, await make_user(app, "vera@example.com")) as client:
        made = (await client.post("/conversations", json={"content": "One", "model": "silent"})).json()
        path = f"/conversations/{made['conversation']['id']}/messages"
        refused = await client.post(path, json={"content": "Two"})
        assert (refused.status_code, refused.json()["title"]) == (409, "One at a time")


async def test_a_program_asks_no_more_than_a_page(open_app: OpenApp, settings: Settings) -> None:
    app = await open_app(settings.model_copy(update={"question_rate": "1/minute"}))
    async with program(app, await make_user(app, "vera@example.com")) as client:
        assert (await client.post("/conversations", json={"content": "One"})).status_code == 201
        assert (await client.post("/conversations", json={"content": "Two"})).status_code == 429


# Documents


async def test_documents_and_what_answers(app: FastAPI, vera: Client) -> None:
    async with app.state.database.transaction() as session:
        search = SearchService(DocumentRepository(session))
        await search.put("herons", "# Herons\n\nHerons sleep in trees near the water.")
        await search.put("otters", "# Otters\n\nOtters sleep on their backs.")
    listed = (await vera.get("/documents")).json()["items"]
    assert [each["slug"] for each in listed] == ["herons", "otters"] and "text" not in listed[0]
    assert "backs" in (await vera.get("/documents/otters")).json()["text"]
    assert (await vera.get("/documents/none")).status_code == 404
    (best,) = (await vera.get("/search?q=Where+do+herons+sleep?")).json()["items"]
    assert best["slug"] == "herons" and "trees" in best["quote"]
    document = (await vera.get("/documents/herons")).json()["text"]
    assert document[best["start"] : best["end"]] == best["quote"]
    assert (await vera.get("/search")).status_code == 422

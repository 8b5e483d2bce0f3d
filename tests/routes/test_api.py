"""The rules that all of the JSON API keeps."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import time_machine
from fastapi import FastAPI
from sqlalchemy import func
from sqlmodel import col, select, update

from app.config import Settings
from app.models.base import now
from app.models.idempotency import IdempotencyKey
from app.models.user import User
from app.models.webinar import Registration, Webinar, WebinarStatus
from app.services.idempotency_service import AT_WORK, KEPT_FOR, IdempotencyService
from app.services.upkeep_service import UpkeepService
from tests.browser import Browser
from tests.conftest import OpenApp
from tests.people import age_sessions, make_user, sign_in
from tests.programs import program
from tests.waiting import ended
from tests.webinars import make_webinar

Client = httpx2.AsyncClient
FORM = {"title": "Otters", "starts": "2030-05-01T18:00", "ends": "2030-05-01T19:00", "capacity": 9}


async def count(app: FastAPI, model: Any) -> int:
    async with app.state.database.transaction() as session:
        return int((await session.exec(select(func.count()).select_from(model))).one())


def fields(problem: httpx2.Response) -> set[str]:
    assert problem.headers["content-type"] == "application/problem+json", problem.text
    return {each["field"] for each in problem.json()["errors"]}


# Who asks


async def test_without_a_token_nothing_is_told(app: FastAPI) -> None:
    async with program(app) as nobody:
        for headers in ({}, {"Authorization": "Bearer fo_nonsense"}, {"Authorization": "Basic eDp5"}):
            refused = await nobody.get("/webinars", headers=headers)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
            assert refused.json()["title"] == "A token is needed"


@pytest.mark.parametrize(("scopes", "reads", "writes"), [(("read",), 200, 403), (("write",), 403, 201)])
async def test_a_token_is_good_for_its_scopes_alone(
    app: FastAPI, mia: User, scopes: tuple[str, ...], reads: int, writes: int
) -> None:
    async with program(app, mia, scopes) as client:
        assert (await client.get("/webinars")).status_code == reads
        assert (await client.post("/webinars", json=FORM)).status_code == writes


async def test_a_page_of_ours_may_use_its_session(app: FastAPI, browser: Browser, mia: User) -> None:
    await sign_in(browser, mia.email)
    assert (await browser.get("/api/v1/me")).json()["email"] == mia.email
    made = await browser.client.post("/api/v1/webinars", json=FORM)
    assert made.status_code == 201
    elsewhere = await browser.client.post("/api/v1/webinars", json=FORM, headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 403
    wrong = await browser.client.get("/api/v1/me", headers={"Authorization": "Bearer fo_x"})
    assert wrong.status_code == 401, "a token counts alone, be it a wrong one"


async def test_a_page_of_another_site_gets_nowhere_with_a_cookie_and_a_made_up_token(
    browser: Browser, mia: User
) -> None:
    await sign_in(browser, mia.email)
    headers = {"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer x"}
    assert (await browser.client.post("/api/v1/webinars", json=FORM, headers=headers)).status_code == 401
    deletion = await browser.client.post("/account/deletion", data={"email": mia.email}, headers=headers)
    assert deletion.status_code == 403, "outside of the API no token counts"


async def test_who_asks(app: FastAPI, browser: Browser, mia: User, staff: Client) -> None:
    me = (await staff.get("/me")).json()
    assert (me["email"], me["scopes"], me["is_guest"]) == (mia.email, ["read", "write"], False)
    assert "webinar.add" in me["permissions"]
    await browser.start("Who am I?")
    guest = (await browser.get("/api/v1/me")).json()
    assert (guest["email"], guest["is_guest"], guest["permissions"]) == (None, True, [])


async def test_staff_without_their_second_factor_are_nobody_special(open_app: OpenApp, settings: Settings) -> None:
    app = await open_app(settings.model_copy(update={"staff_second_factor": True}))
    await make_webinar(app, slug="draft", status=WebinarStatus.DRAFT)
    for fields in ({"is_staff": True}, {"is_superuser": True}):
        user = await make_user(app, f"{next(iter(fields))}@example.com", "marketing", **fields)
        async with program(app, user) as client:
            assert (await client.get("/webinars/draft")).status_code == 404
            assert (await client.post("/webinars", json=FORM)).status_code == 403


async def test_all_that_is_stored_of_somebody(app: FastAPI, browser: Browser) -> None:
    vera = await make_user(app, "vera@example.com")
    await sign_in(browser, vera.email)
    await ended(browser, await browser.start("Mine?"))
    page = json.loads((await browser.get("/account/data")).text)
    async with program(app, vera) as client:
        mine = (await client.get("/me/data")).json()
    assert mine["conversations"] == page["conversations"] and mine["account"] == page["account"]
    await age_sessions(app)
    asked_again = await browser.get("/api/v1/me/data")
    assert (asked_again.status_code, asked_again.json()["title"]) == (403, "Is it you?")


async def test_every_form_is_read_strictly(app: FastAPI, staff: Client) -> None:
    """Also one that has no rule for all of its fields together."""
    refused = await staff.post("/conversations", json={"content": "Hello?", "colour": "red"})
    assert (refused.status_code, fields(refused)) == (422, {"colour"})


# Lists


async def every_page(client: Client, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    address: str | None = path
    while address:
        response = await client.get(address)
        assert response.status_code == 200, response.text
        body = response.json()
        found += body["items"]
        link = response.links.get("next", {}).get("url")
        assert link == body["next"]
        address = link and "http://testserver" + link
    return found


SORTS = ("starts_at", "title", "created_at", "-starts_at", "-title", "-created_at")


@pytest.mark.parametrize("sort", SORTS)
async def test_pages_hold_every_row_once_in_order(app: FastAPI, staff: Client, sort: str) -> None:
    begins = now().replace(microsecond=0)
    for n in range(7):  # with equals, which the key puts in order
        times = {"starts_at": begins + timedelta(days=n // 3), "ends_at": begins + timedelta(days=9)}
        await make_webinar(app, slug=f"w{n}", title=f"{'Äb'[n % 2]}{n // 2}", **times)
    pages = await every_page(staff, f"/webinars?limit=2&sort={sort}")
    whole = (await staff.get(f"/webinars?sort={sort}")).json()["items"]
    assert [each["slug"] for each in pages] == [each["slug"] for each in whole]
    assert {each["slug"] for each in pages} == {f"w{n}" for n in range(7)}
    name = sort.removeprefix("-")
    if name != "title":
        values = [each[name] for each in pages]
        assert values == sorted(values, reverse=sort.startswith("-"))


async def test_what_comes_in_between_neither_doubles_nor_skips(app: FastAPI, staff: Client) -> None:
    for n in range(4):
        await make_webinar(app, slug=f"w{n}", title=f"W{n}")
    first = await staff.get("/webinars?limit=2&sort=title")
    await make_webinar(app, slug="before", title="A")
    second = await staff.get("http://testserver" + first.links["next"]["url"])
    assert [each["slug"] for each in second.json()["items"]] == ["w2", "w3"]
    assert "next" not in second.links and second.links["first"]["url"] == "/api/v1/webinars?limit=2&sort=title"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("sort=price", "sort"),
        ("sort=", "sort"),
        ("sort=starts_at;drop", "sort"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=all", "limit"),
        ("limit=1e400", "limit"),
        ("status=gone", "status"),
        ("ends_after=tomorrow", "ends_after"),
        ("ends_after=0001-01-01T00:00:00%2B14:00", "ends_after"),
        ("after=nonsense", "after"),
        ("after=W10.x", "after"),
        ("after=%00", "after"),
        ("after=%C3%BC.%C3%BC", "after"),
        ("colour=red", "colour"),
        ("q=" + "x" * 201, "q"),
    ],
)
async def test_a_list_names_the_parameter_that_is_wrong(staff: Client, query: str, field: str) -> None:
    refused = await staff.get(f"/webinars?{query}")
    assert (refused.status_code, fields(refused)) == (422, {field})


async def test_a_cursor_is_of_one_list_in_one_order(app: FastAPI, staff: Client) -> None:
    for n in range(3):
        await make_webinar(app, slug=f"w{n}")
    after = (await staff.get("/webinars?limit=1")).links["next"]["url"].partition("after=")[2]
    assert (await staff.get(f"/webinars?after={after}")).status_code == 200
    for path in (f"/webinars?sort=title&after={after}", f"/documents?after={after}", f"/webinars?after={after}x"):
        assert fields(await staff.get(path)) == {"after"}


# Changes


async def test_nobody_overwrites_what_they_have_not_seen(app: FastAPI, staff: Client) -> None:
    await make_webinar(app)
    seen = await staff.get("/webinars/herons")
    headers = {"If-Match": seen.headers["etag"]}
    assert (await staff.patch("/webinars/herons", json={"title": "Mine"})).status_code == 428
    first = await staff.patch("/webinars/herons", json={"title": "First"}, headers=headers)
    assert first.json()["title"] == "First" and first.headers["etag"] != seen.headers["etag"]
    late = await staff.patch("/webinars/herons", json={"title": "Second"}, headers=headers)
    assert (late.status_code, late.json()["title"]) == (412, "It has changed")
    assert (await staff.get("/webinars/herons")).json()["title"] == "First"
    for if_match in (f'"x", {first.headers["etag"]}', "*"):
        again = await staff.put("/webinars/herons", json=FORM, headers={"If-Match": if_match})
        assert again.status_code == 200


async def test_of_many_changes_at_once_one_wins(app: FastAPI, staff: Client) -> None:
    await make_webinar(app)
    headers = {"If-Match": (await staff.get("/webinars/herons")).headers["etag"]}
    sent = [staff.patch("/webinars/herons", json={"title": f"T{n}"}, headers=headers) for n in range(8)]
    statuses = sorted(response.status_code for response in await asyncio.gather(*sent))
    assert statuses == [200] + [412] * 7


async def test_a_registration_is_no_new_version_of_its_webinar(app: FastAPI, staff: Client) -> None:
    await make_webinar(app)
    seen = await staff.get("/webinars/herons")
    person = {"name": "Vera", "email": "vera@example.com", "consent": True}
    assert (await staff.post("/webinars/herons/registrations", json=person)).status_code == 201
    now_there = await staff.get("/webinars/herons")
    assert (now_there.json()["taken"], now_there.headers["etag"]) == (1, seen.headers["etag"])


# Idempotency keys


async def test_what_is_sent_twice_happens_once(app: FastAPI, staff: Client) -> None:
    headers = {"Idempotency-Key": "one"}
    first = await staff.post("/webinars", json=FORM, headers=headers)
    again = await staff.post("/webinars", json=FORM, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    for name in ("location", "etag", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert (again.headers["idempotency-replayed"], "ratelimit" in again.headers) == ("true", True)
    assert "idempotency-replayed" not in first.headers
    other = await staff.post("/webinars", json={**FORM, "title": "Other"}, headers=headers)
    assert (other.status_code, fields(other)) == (422, {"Idempotency-Key"})
    assert (await staff.post("/webinars", json=FORM)).json()["slug"] != first.json()["slug"]
    assert await count(app, Webinar) == 2


async def test_a_key_is_of_one_caller_and_one_address(app: FastAPI, mia: User, staff: Client) -> None:
    headers = {"Idempotency-Key": "one"}
    await make_webinar(app, status=WebinarStatus.DRAFT)
    await staff.post("/webinars", json=FORM, headers=headers)
    async with program(app, mia) as other:
        assert (await other.post("/webinars", json=FORM, headers=headers)).json()["slug"] == "otters-2"
    assert (await staff.post("/webinars/herons/publication", headers=headers)).json()["status"] == "published"


async def test_of_the_same_at_once_one_is_done(app: FastAPI, staff: Client) -> None:
    headers = {"Idempotency-Key": "one"}
    sent = [staff.post("/webinars", json=FORM, headers=headers) for _ in range(8)]
    found = await asyncio.gather(*sent)
    assert {each.status_code for each in found} <= {201, 409}
    assert sum("idempotency-replayed" not in each.headers for each in found if each.status_code == 201) == 1
    assert all(each.headers["retry-after"] == "1" for each in found if each.status_code == 409)
    assert await count(app, Webinar) == 1


async def test_while_the_first_is_at_work_the_second_waits_its_turn(app: FastAPI, staff: Client) -> None:
    keys = IdempotencyService(app.state.database)
    token = staff.headers["authorization"]
    digest = app.state.settings.digest("idempotency", "\0".join((token, "POST", "/api/v1/webinars", "one")))
    claim = await keys.claim(digest, "another request")
    headers = {"Idempotency-Key": "one"}
    assert (await staff.post("/webinars", json=FORM, headers=headers)).status_code == 422
    await keys.release(claim)
    assert (await staff.post("/webinars", json=FORM, headers=headers)).status_code == 201


async def test_a_request_that_failed_may_come_again(app: FastAPI, staff: Client) -> None:
    headers = {"Idempotency-Key": "one"}
    await make_webinar(app)
    refused = await staff.post("/webinars/herons/publication", headers=headers)
    assert refused.status_code == 409
    assert await count(app, IdempotencyKey) == 0
    async with app.state.database.transaction() as session:
        await session.exec(update(Webinar).values(status=WebinarStatus.DRAFT))
    assert (await staff.post("/webinars/herons/publication", headers=headers)).status_code == 200


async def test_a_key_of_a_process_that_died_is_taken_over(app: FastAPI, staff: Client) -> None:
    headers = {"Idempotency-Key": "one"}
    await staff.post("/webinars", json=FORM, headers=headers)
    async with app.state.database.transaction() as session:
        await session.exec(update(IdempotencyKey).values(status=None, created_at=now() - AT_WORK * 2))
    assert (await staff.post("/webinars", json=FORM, headers=headers)).json()["slug"] == "otters-2"


async def test_a_key_is_forgotten_after_a_day(app: FastAPI, staff: Client) -> None:
    headers = {"Idempotency-Key": "one"}
    first = await staff.post("/webinars", json=FORM, headers=headers)
    upkeep = UpkeepService(app.state.database, app.state.settings)
    await upkeep.act()
    assert await count(app, IdempotencyKey) == 1
    with time_machine.travel(now() + KEPT_FOR + timedelta(minutes=1), tick=True):
        later = await staff.post("/webinars", json=FORM, headers=headers)
        assert later.json()["slug"] != first.json()["slug"]
    with time_machine.travel(now() + KEPT_FOR * 3, tick=True):
        await upkeep.act()
    assert await count(app, IdempotencyKey) == 0


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "ü"])
async def test_an_odd_key_is_refused(staff: Client, key: str) -> None:
    refused = await staff.post("/webinars", json=FORM, headers={b"Idempotency-Key": key.encode()})
    assert (refused.status_code, fields(refused)) == (422, {"Idempotency-Key"})


async def test_an_answer_that_was_kept_opens_nothing_to_others(app: FastAPI, mia: User) -> None:
    """A token that was deleted gets no answer again either."""
    async with program(app, mia) as client:
        headers = {"Idempotency-Key": "one"}
        assert (await client.post("/webinars", json=FORM, headers=headers)).status_code == 201
        async with app.state.database.transaction() as session:
            user = await session.get(User, mia.id)
            session.add(user.sqlmodel_update({"is_active": False}))
        assert (await client.post("/webinars", json=FORM, headers=headers)).status_code == 401


# Limits


async def test_a_caller_is_told_what_is_left_and_then_to_wait(open_app: OpenApp, settings: Settings) -> None:
    app = await open_app(settings.model_copy(update={"api_rate": "3/minute"}))
    vera = await make_user(app, "vera@example.com")
    async with program(app, vera) as client, program(app, vera) as second, program(app) as nobody:
        first = await client.get("/me")
        assert first.headers["ratelimit-policy"] == '"caller";q=3;w=60'
        assert first.headers["ratelimit"].startswith('"caller";r=2;t=')
        missing = await client.get("/webinars/none")
        assert missing.status_code == 404 and '"caller";r=1;' in missing.headers["ratelimit"]
        assert (await second.get("/me")).status_code == 200, "all tokens of one person count together"
        refused = await client.get("/me")
        assert (refused.status_code, refused.json()["title"]) == (429, "A little slower, please")
        assert 0 < int(refused.headers["retry-after"]) <= 60 and '"caller";r=0;' in refused.headers["ratelimit"]
        tries = [(await nobody.get("/me")).status_code for _ in range(5)]
        assert tries == [401, 401, 401, 429, 429], "who tries tokens is counted by address"


# Bodies and addresses


async def test_what_is_not_there_is_a_problem_too(staff: Client) -> None:
    for method, path, status in (
        ("GET", "/nowhere", 404),
        ("GET", "/webinars/none", 404),
        ("GET", "/conversations/no-uuid", 404),
        ("GET", "/conversations/00000000-0000-0000-0000-000000000000", 404),
        ("GET", "/webinars/a%00b", 404),
        ("GET", "/webinars/", 404),
        ("DELETE", "/webinars", 405),
        ("OPTIONS", "/webinars", 405),
    ):
        problem = await staff.request(method, path)
        assert (problem.status_code, problem.headers["content-type"]) == (status, "application/problem+json"), path
        assert problem.json()["status"] == status and problem.json()["request_id"]
    assert problem.headers["allow"] == "GET, POST" and problem.json()["detail"] == "This address takes GET, POST."


async def test_a_body_is_json_or_refused(staff: Client) -> None:
    async def post(content: bytes, kind: str = "application/json") -> int:
        response = await staff.post("/webinars", content=content, headers={"Content-Type": kind})
        assert response.headers["content-type"] == "application/problem+json"
        return response.status_code

    assert await post(b"{") == 400
    assert await post(b"\xff") == 400
    assert await post(b"[" * 100_000) == 400
    assert await post(b"") == 422
    assert await post(b"null") == 422
    assert await post(json.dumps(FORM).encode(), "text/plain") == 415
    assert await post(b"title=x", "application/x-www-form-urlencoded") == 415
    assert await post(b"{}", "application/json; charset=utf-8") == 422
    assert await post(b"x" * (3 * 1024 * 1024)) == 413


async def test_what_is_wrong_with_a_body_is_said_in_words(staff: Client) -> None:
    async def said(content: str) -> str:
        response = await staff.post("/products", content=content, headers={"Content-Type": "application/json"})
        return str(response.json()["detail"])

    assert await said("[" * 100_000) == await said("{") == "The body cannot be read as JSON."
    assert await said("[]") == await said('"name"') == "Body must be an object with fields."
    product = {"name": "", "category": " ", "price": "ten", "colour": "red"}
    assert await said(json.dumps(product)) == (
        "Name is needed. Write the price as 12.50: digits, and a point before the cents. The most is 9999999999.99. "
        "Category is needed. Colour is not known here."
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"capacity": "9"}, "capacity"),
        ({"capacity": 9.5}, "capacity"),
        ({"capacity": True}, "capacity"),
        ({"capacity": 0}, "capacity"),
        ({"capacity": 10**30}, "capacity"),
        ({"capacity": None}, "capacity"),
        ({"needs_approval": "yes"}, "needs_approval"),
        ({"starts": 5}, "starts"),
        ({"starts": "2030-05-01T18:00:00Z"}, "starts"),
        ({"ends": "2030-05-01T17:00"}, "body"),
        ({"title": ["x"]}, "title"),
        ({"titel": "x"}, "titel"),
        ({"time_zone": "Moon"}, "time_zone"),
    ],
)
async def test_json_is_read_strictly_and_the_field_is_named(staff: Client, changes: dict[str, Any], field: str) -> None:
    refused = await staff.post("/webinars", json={**FORM, **changes})
    assert (refused.status_code, fields(refused)) == (422, {field})
    assert all(len(each["detail"]) > 5 for each in refused.json()["errors"])


async def test_odd_text_is_stored_or_refused(staff: Client) -> None:
    for text in ("\\u0000x", "\\ud800x", "🦉", "\\r\\nX"):
        body = json.dumps(FORM).replace("Otters", text)
        made = await staff.post("/webinars", content=body.encode(), headers={"Content-Type": "application/json"})
        assert made.status_code == (400 if "ud800" in text else 201), text


# Other sites


async def test_other_sites_are_let_in_by_a_setting_alone(open_app: OpenApp, settings: Settings, app: FastAPI) -> None:
    site = {"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"}
    asked = {**site, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    async with program(app) as client:
        refused = await client.options("/webinars", headers=asked)
        assert refused.status_code == 405 and "access-control-allow-origin" not in refused.headers
    opened = await open_app(settings.model_copy(update={"cors_origins": "https://app.example"}))
    mia = await make_user(opened, "mia@example.com", "marketing", is_staff=True)
    async with program(opened, mia) as client:
        allowed = await client.options("/webinars", headers=asked)
        assert allowed.headers["access-control-allow-origin"] == "https://app.example"
        made = await client.post("/webinars", json=FORM, headers=site)
        assert made.status_code == 201 and "ETag" in made.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in made.headers
        other = await client.get("/webinars", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers
        page = await client.get("http://testserver/webinars", headers=site)
        assert "access-control-allow-origin" not in page.headers, "pages stay closed"


async def test_with_all_sites_let_in_no_cookie_counts(open_app: OpenApp, settings: Settings) -> None:
    app = await open_app(settings.model_copy(update={"cors_origins": "*"}))
    mia = await make_user(app, "mia@example.com", "marketing", is_staff=True)
    async with Browser(app) as browser:
        await sign_in(browser, mia.email)
        site = {"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"}
        read = await browser.get("/api/v1/me", headers=site)
        assert read.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in read.headers, "so no browser shows it to the page"
        assert (await browser.client.post("/api/v1/webinars", json=FORM, headers=site)).status_code == 403


async def test_what_was_kept_goes_with_the_contact(app: FastAPI, browser: Browser, staff: Client, mia: User) -> None:
    await make_webinar(app)
    person = {"name": "Canary", "email": "canary@example.com", "consent": True}
    headers = {"Idempotency-Key": "one"}
    assert (await staff.post("/webinars/herons/registrations", json=person, headers=headers)).status_code == 201
    await sign_in(browser, mia.email)
    assert (await browser.post("/desk/contacts/erasure", email=person["email"])).status_code == 200
    assert (await count(app, IdempotencyKey), await count(app, Registration)) == (0, 0)
    async with app.state.database.transaction() as session:
        assert not (await session.exec(select(User).where(col(User.email) == person["email"]))).all()

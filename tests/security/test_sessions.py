"""Sessions: each begins anew at every door, and ends at once, with the streams that are open in it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import httpx2
import pyotp
import pytest
from fastapi import FastAPI

from app.config import Settings
from app.models.ticket import Purpose
from app.models.user import User
from app.services.demo_service import PASSWORD as DEMO_PASSWORD
from tests.browser import Browser
from tests.conftest import OpenApp
from tests.html import find, one, parse, text
from tests.live_page import LivePage, events
from tests.model_server import ModelServer, running
from tests.people import OTHER_PASSWORD, PASSWORD, code, link, make_user, sign_in
from tests.routes.test_answers import answer_id
from tests.security.scene import issue, session_cookie
from tests.test_processes import begin, two_servers, visitor
from tests.waiting import begun

ADDRESS = "vera@example.com"
ADMIN = "ada@example.com"
ENDS_WITHIN = 1.5  # seconds: one until it is noticed, and some for a busy machine


@pytest.fixture
async def vera(app: FastAPI) -> User:
    return await make_user(app, ADDRESS)


async def works(app: FastAPI, cookie: str) -> bool:
    async with Browser(app) as replayed:
        replayed.client.cookies.set("session", cookie)
        return (await replayed.get("/account")).status_code == 200


# A new one at every door


async def by_password(app: FastAPI, browser: Browser, user: User) -> None:
    await sign_in(browser, ADDRESS)


async def by_reset(app: FastAPI, browser: Browser, user: User) -> None:
    secret = await issue(app, Purpose.RESET_PASSWORD, user)
    done = await browser.post(f"/reset-password/{secret}", new_password=OTHER_PASSWORD)
    assert done.status_code == 303


async def by_rescue(app: FastAPI, browser: Browser, user: User) -> None:
    secret = await issue(app, Purpose.RESCUE, user)
    assert (await browser.post(f"/sign-in/link/{secret}")).status_code == 303


async def by_code(app: FastAPI, browser: Browser, user: User) -> None:
    await browser.post("/sign-in/code", email=ADDRESS)
    sent = await code(app, ADDRESS)
    assert (await browser.post("/sign-in/code/check", code=sent)).status_code == 303


async def by_second_factor(app: FastAPI, browser: Browser, user: User) -> None:
    async with Browser(app) as other:
        await sign_in(other, ADDRESS)
        codes = await enable_second_factor(other)
    step = await browser.post("/sign-in", email=ADDRESS, password=PASSWORD)
    assert step.headers["location"] == "/sign-in/second-factor"
    assert not await is_account(browser), "half done is nothing yet"
    assert (await browser.post("/sign-in/second-factor", code=codes[0])).status_code == 303


async def by_registration(app: FastAPI, browser: Browser, user: User) -> None:
    await browser.post("/register", email="new@example.com")
    done = await browser.post(await link(app, "new@example.com"), new_password=PASSWORD)
    assert done.status_code == 303


async def enable_second_factor(browser: Browser) -> list[str]:
    """Its recovery codes."""
    form = parse(await browser.get("/account/second-factor"))
    secret = next(text(each) for each in find(form, "main code") if len(text(each)) == 32)
    sealed = one(form, "input[name=secret]").get("value") or ""
    enabled = await browser.post("/account/second-factor", secret=sealed, code=pyotp.TOTP(secret).now())
    return [text(each) for each in find(parse(enabled), "section code")]


async def is_account(browser: Browser) -> bool:
    return (await browser.get("/account")).status_code == 200


Door = Callable[[FastAPI, Browser, User], Awaitable[None]]
DOORS: tuple[Door, ...] = (by_password, by_reset, by_rescue, by_code, by_second_factor, by_registration)


@pytest.mark.parametrize("enter", DOORS, ids=lambda door: door.__name__)
async def test_the_cookie_before_a_door_is_worth_nothing_after_it(
    app: FastAPI, browser: Browser, vera: User, enter: Door
) -> None:
    written = await browser.start("Before?")
    planted = session_cookie(browser)
    await enter(app, browser, vera)
    assert await is_account(browser)
    assert session_cookie(browser) != planted
    assert not await works(app, planted)
    async with Browser(app) as attacker:
        attacker.client.cookies.set("session", planted)
        assert (await attacker.get(written)).status_code == 401


async def test_a_password_change_begins_another_session(app: FastAPI, browser: Browser, vera: User) -> None:
    await sign_in(browser, ADDRESS)
    before = session_cookie(browser)
    await browser.post("/account/password", current_password=PASSWORD, new_password=OTHER_PASSWORD)
    assert await is_account(browser) and not await works(app, before)


async def test_a_made_up_cookie_is_not_adopted(app: FastAPI, browser: Browser, vera: User) -> None:
    browser.client.cookies.set("session", planted := "a" * 43)
    await browser.post("/sign-in", email=ADDRESS, password=PASSWORD)
    held = [cookie.value for cookie in browser.client.cookies.jar if cookie.name == "session"]
    assert len(held) and planted != held[-1]
    assert not await works(app, planted)


async def test_signing_in_as_another_leaves_nothing_of_the_first(app: FastAPI, browser: Browser, vera: User) -> None:
    await make_user(app, ADMIN)
    await sign_in(browser, ADMIN)
    written = await browser.start("The first one's?")
    first = session_cookie(browser)
    await sign_in(browser, ADDRESS)
    assert (await browser.get(written)).status_code == 404, "an account's conversations are not given away"
    assert not await works(app, first)


# Replayed after its end


async def sign_out(app: FastAPI, browser: Browser, user: User) -> None:
    assert (await browser.post("/sign-out")).status_code == 303


async def change_password(app: FastAPI, browser: Browser, user: User) -> None:
    changed = await browser.post("/account/password", current_password=PASSWORD, new_password=OTHER_PASSWORD)
    assert changed.status_code == 303


async def reset_elsewhere(app: FastAPI, browser: Browser, user: User) -> None:
    async with Browser(app) as other:
        await by_reset(app, other, user)


async def end_elsewhere(app: FastAPI, browser: Browser, user: User) -> None:
    async with Browser(app) as other:
        await sign_in(other, ADDRESS)
        assert (await other.post("/account/sessions/deletion")).status_code == 303


async def deactivate(app: FastAPI, browser: Browser, user: User) -> None:
    await make_user(app, ADMIN, is_superuser=True)
    async with Browser(app) as admin:
        await sign_in(admin, ADMIN)
        assert (await admin.post(f"/people/{user.id}")).status_code == 303


async def delete(app: FastAPI, browser: Browser, user: User) -> None:
    assert (await browser.post("/account/deletion", email=ADDRESS)).status_code == 303


ENDS: tuple[Door, ...] = (sign_out, change_password, reset_elsewhere, end_elsewhere, deactivate, delete)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
async def test_a_cookie_replayed_after_the_end_opens_nothing(
    app: FastAPI, browser: Browser, vera: User, end: Door
) -> None:
    await sign_in(browser, ADDRESS)
    stolen = session_cookie(browser)
    assert await works(app, stolen)
    await end(app, browser, vera)
    assert not await works(app, stolen)


@pytest.mark.parametrize("end", [deactivate, delete], ids=lambda end: end.__name__)
async def test_api_tokens_end_with_the_account(app: FastAPI, browser: Browser, vera: User, end: Door) -> None:
    await sign_in(browser, ADDRESS)
    made = await browser.post("/account/tokens", name="Script", scopes="read", days="7")
    token = {"Authorization": f"Bearer {text(one(parse(made), 'section.alert code'))}"}
    async with Browser(app) as program:
        assert (await program.get("/api/me", headers=token)).status_code == 200
        await end(app, browser, vera)
        assert (await program.get("/api/me", headers=token)).status_code == 401


async def test_a_half_done_sign_in_ends_with_the_password(app: FastAPI, browser: Browser, vera: User) -> None:
    await sign_in(browser, ADDRESS)
    codes = await enable_second_factor(browser)
    async with Browser(app) as thief:
        await thief.post("/sign-in", email=ADDRESS, password=PASSWORD)
        await change_password(app, browser, vera)
        assert (await thief.post("/sign-in/second-factor", code=codes[0])).status_code == 410


# Streams that are open


@pytest.fixture
async def writing(open_app: OpenApp, with_model: Settings) -> AsyncIterator[tuple[FastAPI, Browser, User, str]]:
    """Vera, and the id of an answer of hers that goes on for longer than the test."""
    app = await open_app(with_model.model_copy(update={"openai_timeout": 60}))
    vera = await make_user(app, ADDRESS)
    async with Browser(app) as browser:
        await sign_in(browser, ADDRESS)
        path = await browser.start("Tell me", "slow")
        await begun(browser, path)
        yield app, browser, vera, await answer_id(browser, path)


Writing = tuple[FastAPI, Browser, User, str]


def follow(browser: Browser, path: str) -> asyncio.Task[httpx2.Response]:
    """Another tab of this browser, with the cookie that it holds now."""
    return asyncio.create_task(browser.get(path, timeout=30, headers={"Cookie": f"session={session_cookie(browser)}"}))


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
async def test_an_open_stream_ends_with_its_session(writing: Writing, end: Door) -> None:
    app, browser, vera, id = writing
    stream, live = follow(browser, f"/answers/{id}/stream"), follow(browser, f"/answers/{id}/live")
    await asyncio.sleep(0.5)
    assert not stream.done() and not live.done()
    await end(app, browser, vera)
    began = time.monotonic()
    shown, plain = await asyncio.gather(stream, live)
    assert time.monotonic() - began < ENDS_WITHIN
    page = LivePage()
    for event in events(shown.text):
        page.take(event)
    assert page.done and [event.event for event in events(shown.text)][-1] == "done"
    assert "session is over" in page.final and not find(parse(page.final), "article")
    assert 'target="_top"' in plain.text, "the page without JavaScript is whole"


async def test_a_stream_of_a_session_that_stays_goes_on(writing: Writing) -> None:
    """Ending the others ends the others alone."""
    app, browser, _vera, id = writing
    async with Browser(app) as other:
        await sign_in(other, ADDRESS)
        theirs, mine = follow(other, f"/answers/{id}/stream"), follow(browser, f"/answers/{id}/stream")
        await asyncio.sleep(0.5)
        await browser.post("/account/sessions/deletion")
        assert "session is over" in (await asyncio.wait_for(theirs, 3)).text
        await asyncio.sleep(1)
        assert not mine.done()
        await browser.post(f"/answers/{id}/stop")
        assert "session is over" not in (await asyncio.wait_for(mine, 3)).text


async def test_a_public_page_streams_to_whoever_signs_out(open_app: OpenApp, with_model: Settings) -> None:
    app = await open_app(with_model.model_copy(update={"openai_model": "paced-100", "question_rate": "100/minute"}))
    await make_user(app, ADDRESS)
    async with Browser(app) as browser:
        await sign_in(browser, ADDRESS)
        path = (await browser.post("/ask", content="Tell everybody")).headers["location"]
        id = (one(parse(await browser.get(path)), "article[id^=answer-]").get("id") or "").removeprefix("answer-")
        stream = follow(browser, f"/answers/{id}/stream")
        await asyncio.sleep(0.5)
        await browser.post("/sign-out")
        shown = (await asyncio.wait_for(stream, 30)).text
        assert "session is over" not in shown
        page = LivePage()
        for event in events(shown):
            page.take(event)
        assert page.done and find(parse(page.final), "article table"), "to the end"


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    with running(rate=100) as server:
        yield server


def test_a_session_that_another_process_ends(tmp_path: Path, model: ModelServer) -> None:
    with two_servers(tmp_path, model) as (one_server, two), visitor(one_server) as here:
        here.post("/sign-in", data={"email": "user@example.com", "password": DEMO_PASSWORD})
        path, id = begin(here, "slow")
        assert here.get(path).status_code == 200
        page, ended_at = LivePage(), 0.0
        with visitor(two) as there, here.stream("GET", f"/answers/{id}/stream") as stream:
            there.post("/sign-in", data={"email": "user@example.com", "password": DEMO_PASSWORD})
            for number, piece in enumerate(stream.iter_text()):
                for event in events(piece):
                    page.take(event)
                if number == 3:
                    assert there.post("/account/sessions/deletion").status_code == 303
                    ended_at = time.monotonic()
        assert ended_at and time.monotonic() - ended_at < ENDS_WITHIN
        assert page.done and "session is over" in page.final
        assert here.get(path).status_code == 401

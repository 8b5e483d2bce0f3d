"""Streams that are open end with their session, at once, whoever ends it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from app.config import Settings
from app.models.user import User
from app.services.demo_service import PASSWORD as DEMO_PASSWORD
from tests.browser import Browser
from tests.conftest import OpenApp
from tests.html import find, one, parse
from tests.live_page import LivePage, events
from tests.model_server import ModelServer, running
from tests.people import make_user, sign_in
from tests.routes.test_answers import answer_id
from tests.security.scene import session_cookie
from tests.security.test_sessions import ADDRESS, ENDS, Door
from tests.test_processes import begin, two_servers, visitor
from tests.waiting import begun

ENDS_WITHIN = 1.5  # seconds: one until it is noticed, and some for a busy machine
Writing = tuple[FastAPI, Browser, User, str]


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

"""Public answer pages: who may see, take and delete them, and which question finds them."""

import asyncio

import pytest

from app.config import Settings
from tests.browser import Browser
from tests.conftest import OpenApp, in_production
from tests.html import find, one, parse, text
from tests.model_server import ModelServer


async def ask(browser: Browser, question: str) -> str:
    """Ask publicly and wait for the end; return the page's path."""
    path: str = (await browser.post("/ask", content=question)).headers["location"]
    while find(parse(await browser.get(path)), "[aria-busy]"):  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0.02)
    return path


async def test_the_same_question_finds_the_stored_answer(browser: Browser, stranger: Browser) -> None:
    path = await ask(browser, "How do I add a page?")
    for same in ("how do i ADD a page", "How do I add  a page ?"):
        response = await stranger.client.get("/ask", params={"q": same})
        assert (response.status_code, response.headers["location"]) == (303, path)
    other = parse(await stranger.client.get("/ask", params={"q": "How do I add a route?"}))
    assert one(other, "input[name=content]").get("value") == "How do I add a route?"


async def test_a_get_never_asks_the_model(open_app: OpenApp, with_model: Settings, model_log: ModelServer) -> None:
    async with Browser(await open_app(with_model)) as browser:
        for path in ("/ask", "/ask?q=hello", "/", "/chat?q=hello"):
            assert (await browser.get(path)).status_code == 200
    assert model_log.requests == []


@pytest.mark.parametrize("question", ["?", "...", "!"])
async def test_a_question_without_words_does_not_take_the_form_away(browser: Browser, question: str) -> None:
    await ask(browser, question)
    assert (await browser.get("/ask")).status_code == 200
    assert (await browser.client.get("/ask", params={"q": " "})).status_code == 200


async def test_the_first_page_of_a_question_keeps_its_place(browser: Browser, stranger: Browser) -> None:
    first = await ask(browser, "How do I add a page?")
    await ask(stranger, "How do I add a page?")
    response = await stranger.client.get("/ask", params={"q": "How do I add a page?"})
    assert response.headers["location"] == first


async def test_a_public_question_cannot_be_changed_afterwards(browser: Browser) -> None:
    path = await ask(browser, "How do I add a page?")
    question = one(parse(await browser.get(path)), "article[id^=message-]").get("id", "").split("-")[1]
    assert (await browser.post(f"/messages/{question}/revisions", content="BUY")).status_code == 404
    assert (await browser.post(path.replace("/ask/", "/chat/"), title="BUY")).status_code == 404


async def test_its_owner_deletes_and_restores_it(browser: Browser, stranger: Browser) -> None:
    path = await ask(browser, "How do I add a page?")
    assert (await stranger.post(f"{path}/deletion")).status_code == 404
    assert (await browser.post(f"{path}/deletion")).status_code == 303
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.client.get("/ask", params={"q": "How do I add a page?"})).status_code == 200
    undo = one(parse(await browser.get(path)), "form[action$=restoration]").get("action") or ""
    await browser.post(undo)
    assert text(one(parse(await stranger.get(path)), ".question")) == "How do I add a page?"


async def test_failures_name_no_host_in_production(open_app: OpenApp, with_model: Settings) -> None:
    async with Browser(await open_app(in_production(with_model))) as browser:
        browser.client.base_url = "https://testserver"
        path = (await browser.post("/ask", content="Tell me", model="401")).headers["location"]
        while find(parse(await browser.get(path)), "[aria-busy]"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        note = text(one(parse(await browser.get(path)), "[role=note]"))
    assert "key" in note and "127.0.0.1" not in note

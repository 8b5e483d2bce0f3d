"""Conversations, through the whole app: fragment, full page and refusal for each."""

import json
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import update

from app.config import Settings
from app.models.base import now
from app.models.user import AccessToken
from tests.browser import Browser
from tests.conftest import OpenApp
from tests.html import find, one, parse, text
from tests.waiting import ended, status_of


async def test_without_conversations_the_list_says_what_to_do(browser: Browser) -> None:
    page = parse(await browser.get("/chat"))
    assert "No conversations yet" in text(one(page, "#conversations"))
    assert one(page, "form#composer").get("action") == "/chat"


async def test_the_first_question_makes_a_guest_and_a_conversation(browser: Browser) -> None:
    response = await browser.post("/chat", content="How do I add a page?")
    assert response.status_code == 303
    assert "HttpOnly" in response.headers["set-cookie"]
    page = parse(await browser.get(response.headers["location"]))
    assert text(one(page, "#title")) == "How do I add a page?"
    assert text(one(page, ".question")) == "How do I add a page?"
    assert len(find(page, "article[id^=answer-]")) == 1


async def test_htmx_is_sent_to_the_new_conversation(browser: Browser) -> None:
    response = await browser.htmx("/chat", "POST", content="Hello")
    assert response.headers["hx-redirect"].startswith("/chat/")


async def test_looking_makes_no_guest(browser: Browser) -> None:
    for path in ("/", "/chat", "/ask", "/ask?q=hello", "/documents"):
        assert "set-cookie" not in (await browser.get(path)).headers


async def test_a_question_adds_itself_and_a_streaming_answer(browser: Browser) -> None:
    path = await browser.start("One")
    await ended(browser, path)
    parent = one(parse(await browser.get(path)), "#parent").get("value")
    response = await browser.htmx(f"{path}/messages", "POST", content="Two", parent=parent)
    added = parse(response)
    assert response.status_code == 201
    assert [text(each) for each in find(added, ".question")] == ["Two"]
    assert one(added, "#parent").get("value") != parent, "the next question follows this answer"
    assert len(find(added, "article[hx-sse\\:connect]")) == 1
    assert not find(added, "iframe"), "only pages without JavaScript have the frame"
    await ended(browser, path)
    page = parse(await browser.get(path))
    assert [text(each) for each in find(page, ".question")] == ["One", "Two"]


async def test_without_javascript_a_question_answers_303_to_the_conversation(browser: Browser) -> None:
    path = await browser.start("One")
    await ended(browser, path)
    response = await browser.post(f"{path}/messages", content="Two", parent="")
    assert response.status_code == 303
    assert response.headers["location"].startswith(path)


@pytest.mark.parametrize("content", ["", "   \n ", "\x00\x01\x02\x03PNG\x00\x00", "x" * 100_000])
async def test_what_cannot_be_a_question_comes_back_with_a_sentence(browser: Browser, content: str) -> None:
    response = await browser.post("/chat", content=content)
    page = parse(response)
    assert response.status_code == 422
    if content.strip().isprintable():
        assert (one(page, "textarea[name=content]").text or "").strip() == content.strip()
    assert "set-cookie" not in response.headers, "a refused question makes no guest"
    fragment = await browser.htmx("/chat", "POST", content=content)
    assert (fragment.status_code, fragment.headers["hx-retarget"]) == (422, "#flash")


async def test_markup_in_a_question_is_text(browser: Browser) -> None:
    evil = '<img src=x onerror=alert(1)> <b hx-get="/x" hx-trigger="load">hi</b>'
    page = parse(await browser.get(await browser.start(evil)))
    assert text(one(page, ".question")) == evil
    assert not find(page, ".question *")


async def test_somebody_elses_conversation_is_not_there(app: FastAPI, browser: Browser, stranger: Browser) -> None:
    path = await browser.start("Secret")
    await ended(browser, path)
    answer = one(parse(await browser.get(path)), "article[id^=answer-]").get("id", "").removeprefix("answer-")
    await stranger.start("Mine")
    for visitor in (stranger, Browser(app)):
        assert (await visitor.get(path)).status_code == 404
        assert (await visitor.get(f"{path}/export.json")).status_code == 404
        assert (await visitor.get(f"/answers/{answer}/stream")).status_code == 404
        for act in (f"{path}/messages", f"{path}/deletion", f"/answers/{answer}/retry", f"/answers/{answer}/stop"):
            response = await visitor.post(act, content="What I typed")
            assert response.status_code == 404, act


async def test_an_expired_session_gives_back_what_was_typed(browser: Browser) -> None:
    path = await browser.start("One")
    await ended(browser, path)
    browser.client.cookies.set("session", "expired", domain="testserver.local")
    response = await browser.post(f"{path}/messages", content="A long thought")
    page = parse(response)
    assert response.status_code == 401
    form = one(page, "form:has(textarea[name=content])")
    assert (form.get("action"), text(one(form, "textarea"))) == ("/chat", "A long thought")
    alert = parse(await browser.htmx(f"{path}/messages", "POST", content="A long thought"))
    assert one(alert, "form[action='/chat'] input[name=content]").get("value") == "A long thought"
    assert (await browser.post("/chat", content="A long thought")).status_code == 303


async def test_one_answer_at_a_time(open_app: OpenApp, with_model: Settings) -> None:
    async with Browser(await open_app(with_model)) as browser:
        path = await browser.start("One", "slow")
        response = await browser.post(f"{path}/messages", content="Two")
        assert response.status_code == 409
        assert text(one(parse(response), "textarea[name=content]")) == "Two"
        assert [text(each) for each in find(parse(await browser.get(path)), ".question")] == ["One"]


async def test_the_daily_limit_is_a_page(open_app: OpenApp, settings: Settings) -> None:
    async with Browser(await open_app(settings.model_copy(update={"guest_daily_questions": 1}))) as browser:
        path = await browser.start("One")
        await ended(browser, path)
        response = await browser.post(f"{path}/messages", content="Two")
        page = parse(response)
        assert response.status_code == 429
        assert int(response.headers["retry-after"]) <= 24 * 3600
        assert "1 question a day" in text(one(page, "main"))
        assert text(one(page, "main a[href^='/register']")) == "Make an account"
        assert text(one(page, "textarea[name=content]")) == "Two"
        alert = await browser.htmx(f"{path}/messages", "POST", content="Two")
        assert (alert.status_code, alert.headers["hx-retarget"]) == (429, "#flash")
        assert (await browser.get(path)).status_code == 200, "what was asked stays to be read"


async def test_an_address_may_not_ask_for_ever(open_app: OpenApp, settings: Settings) -> None:
    app = await open_app(settings.model_copy(update={"question_rate": "2/minute"}))
    statuses = []
    for _ in range(3):
        async with Browser(app) as browser:  # new cookies do not help
            statuses.append((await browser.post("/ask", content="Hello")).status_code)
    assert statuses == [303, 303, 429]


async def test_rename_and_instruct(browser: Browser) -> None:
    path = await browser.start("One")
    assert (await browser.post(path, title="Two", instructions="Be brief")).status_code == 303
    page = parse(await browser.get(path))
    assert text(one(page, "#title")) == "Two"
    assert one(page, "textarea[name=instructions]").text == "Be brief"
    refused = await browser.post(path, title="", instructions="Be brief")
    assert refused.status_code == 422
    assert one(parse(refused), "textarea[name=instructions]").text == "Be brief"


async def test_instruct_from_the_first_question_on(browser: Browser) -> None:
    response = await browser.post("/chat", content="One", instructions="Be brief")
    page = parse(await browser.get(response.headers["location"]))
    assert one(page, "textarea[name=instructions]").text == "Be brief"


async def test_delete_and_undo(browser: Browser) -> None:
    path = await browser.start("One")
    row = parse(await browser.htmx(f"{path}/deletion", "POST"))
    assert "Deleted" in text(row)
    undo = one(row, "form").get("action") or ""
    assert "No conversations yet" in text(one(parse(await browser.get("/chat")), "#conversations"))
    assert "can be restored" in text(one(parse(await browser.get(path)), "main"))
    assert (await browser.post(undo)).headers["location"] == path
    assert find(parse(await browser.get("/chat")), f"#conversations a[href='{path}']")


async def test_search_in_titles_and_texts(browser: Browser, stranger: Browser) -> None:
    first = await browser.start("Tulips in Amsterdam")
    second = await browser.start("Something about bread")
    await ended(browser, first)
    await browser.post(f"{first}/messages", content="And what of the windmills, were they painted?")
    await stranger.start("Tulips of a stranger")
    hits = parse(await browser.htmx("/chat?q=tulip"))
    assert [a.get("href") for a in find(hits, "#conversations a")] == [first]
    assert {text(mark).lower() for mark in find(hits, "mark")} == {"tulip", "tulips"}
    assert not find(hits, "html > body > header"), "htmx gets the list alone"
    in_text = parse(await browser.htmx("/chat?q=painting+windmill"))
    assert [a.get("href") for a in find(in_text, "#conversations a")] == [first]
    assert {text(mark).lower() for mark in find(in_text, "mark")} >= {"windmills", "painted"}
    half_typed = parse(await browser.htmx("/chat?q=bre"))
    assert [a.get("href") for a in find(half_typed, "#conversations a")] == [second]
    assert "Nothing holds" in text(parse(await browser.htmx("/chat?q=zebra")))
    for nasty in ('"', "AND OR NOT", "a:b*", "'); DROP", "%", "\\", "((("):
        assert (await browser.client.get("/chat", params={"q": nasty})).status_code == 200


async def test_retry_keeps_the_earlier_answer_beside_it(browser: Browser) -> None:
    path = await browser.start("One")
    await ended(browser, path)
    first = one(parse(await browser.get(path)), "article[id^=answer-]").get("id")
    log = parse(await browser.htmx(f"/answers/{(first or '').removeprefix('answer-')}/retry", "POST"))
    second = one(log, "article[id^=answer-]").get("id")
    assert first != second
    await ended(browser, path)
    page = parse(await browser.get(path))
    assert one(page, "article[id^=answer-]").get("id") == second
    assert "2 / 2" in text(one(page, "nav[aria-label=Versions]"))
    earlier = one(page, "a[aria-label='Previous version']").get("href") or ""
    assert one(parse(await browser.get(earlier)), "article[id^=answer-]").get("id") == first


async def test_edit_and_resend_makes_a_branch(browser: Browser) -> None:
    path = await browser.start("One")
    await ended(browser, path)
    question = one(parse(await browser.get(path)), "article[id^=message-]").get("id", "").removeprefix("message-")
    form = one(parse(await browser.htmx(f"{path}?edit={question}")), "form[action*=revisions]")
    assert text(one(form, "textarea")) == "One"
    await browser.post(form.get("action") or "", content="Uno")
    await ended(browser, path)
    page = parse(await browser.get(path))
    assert text(one(page, ".question")) == "Uno"
    back = find(page, "a[aria-label='Previous version']")[0].get("href") or ""
    assert text(one(parse(await browser.get(back)), ".question")) == "One"


@pytest.mark.parametrize("act", ["retry", "revise"])
async def test_what_is_asked_after_a_new_version_follows_it(browser: Browser, act: str) -> None:
    path = await browser.start("One")
    await ended(browser, path)
    page = parse(await browser.get(path))
    id = {kind: one(page, f"article[id^={kind}-]").get("id", "").split("-")[1] for kind in ("message", "answer")}
    url = f"/answers/{id['answer']}/retry" if act == "retry" else f"/messages/{id['message']}/revisions"
    log = parse(await browser.htmx(url, "POST", content="Uno"))
    await ended(browser, path)
    parent = one(log, "#parent")
    assert (parent.get("form"), f"answer-{parent.get('value')}") == (
        "composer",
        one(log, "article[id^=answer-]").get("id"),
    )
    await browser.htmx(f"{path}/messages", "POST", content="Two", parent=parent.get("value"))
    shown = [text(each) for each in find(parse(await browser.get(path)), ".question")]
    assert shown == (["One", "Two"] if act == "retry" else ["Uno", "Two"])


async def test_acts_on_the_wrong_kind_of_message_are_refused(browser: Browser) -> None:
    path = await browser.start("One")
    await ended(browser, path)
    page = parse(await browser.get(path))
    question = one(page, "article[id^=message-]").get("id", "").split("-")[1]
    answer = one(page, "article[id^=answer-]").get("id", "").split("-")[1]
    for url in (f"/answers/{question}/retry", f"/answers/{question}/feedback", f"/messages/{answer}/revisions"):
        assert (await browser.post(url, content="x", rating="1")).status_code == 404, url
    for url in ("/answers/0/stop", f"/answers/{2**31}/stop", f"/answers/{10**20}/stop", "/answers/x/stop"):
        assert (await browser.post(url)).status_code == 404, url


async def test_text_that_no_database_stores_is_cleaned(browser: Browser) -> None:
    path = await browser.start("One \x00 two three four five six seven")
    await browser.post(path, title="Ti\x00tle", instructions="In\x00structions")
    page = parse(await browser.get(path))
    assert text(one(page, "#title")) == "Title"
    assert (await browser.post(path, title="   ", instructions="")).status_code == 422


async def test_a_new_title_leaves_what_is_being_typed(browser: Browser) -> None:
    path = await browser.start("One")
    response = await browser.htmx(path, "POST", title="Two", instructions="")
    assert "hx-redirect" not in response.headers
    assert text(one(parse(response), "h1#title")) == "Two"


async def test_a_used_session_does_not_end(app: FastAPI, browser: Browser) -> None:
    path = await browser.start("One")
    assert "set-cookie" not in (await browser.get(path)).headers
    async with app.state.database.transaction() as session:
        await session.exec(update(AccessToken).values(created_at=now() - timedelta(days=2)))
    assert "Max-Age" in (await browser.get(path)).headers["set-cookie"]
    assert "set-cookie" not in (await browser.get(path)).headers


async def test_feedback_with_a_reason_and_taken_back(browser: Browser) -> None:
    path = await browser.start("One")
    await ended(browser, path)
    url = one(parse(await browser.get(path)), "form[action*=feedback]").get("action") or ""
    form = parse(await browser.htmx(url, "POST", rating="-1"))
    assert one(form, "button[aria-label='Bad answer']").get("aria-pressed") == "true"
    assert one(form, "form:has(input[name=reason]) input[name=rating]").get("value") == "-1", "Enter keeps the thumb"
    await browser.htmx(url, "POST", rating="-1", reason="Too short")
    assert one(parse(await browser.get(path)), "input[name=reason]").get("value") == "Too short"
    assert (await browser.htmx(url, "POST", rating="5")).status_code == 422
    pressed = one(parse(await browser.get(path)), "button[aria-label='Bad answer']")
    taken_back = parse(await browser.htmx(url, "POST", rating=pressed.get("value")))
    assert not find(taken_back, "[aria-pressed=true]")


async def test_exports(browser: Browser) -> None:
    path = await browser.start("One / two")
    await ended(browser, path)
    markdown = await browser.get(f"{path}/export.md")
    assert markdown.headers["content-disposition"].endswith("One%20%2F%20two.md")
    assert markdown.text.startswith("# One / two") and "## Answer" in markdown.text
    exported = json.loads((await browser.get(f"{path}/export.json")).text)
    assert [message["role"] for message in exported["messages"]] == ["user", "assistant"]
    assert exported["messages"][1]["parent_id"] == exported["messages"][0]["id"]


async def test_deleting_stops_the_answer(open_app: OpenApp, with_model: Settings, app: FastAPI) -> None:
    async with Browser(await open_app(with_model)) as browser:
        path = await browser.start("One", "slow")
        await browser.post(f"{path}/deletion")
        await status_of(browser, path, "stopped")

"""An answer's streams, its errors and what a person does with it."""

import asyncio

import pytest
from sqlalchemy import update

from app.config import Settings
from app.models.conversation import Message
from tests.browser import Browser
from tests.conftest import OpenApp
from tests.html import find, one, parse, text
from tests.live_page import LivePage, events
from tests.model_server import ANSWER, ModelServer
from tests.waiting import begun, end_slowly, ended, status_of

HELD_BACK = 0.2  # seconds in which nothing may happen


async def answer_id(browser: Browser, path: str) -> str:
    exported = (await browser.get(f"{path}/export.json")).json()
    return str(exported["messages"][-1]["id"])


async def follow(browser: Browser, id: str, after: int = 0, last_event_id: str | None = None) -> LivePage:
    """Read a stream to its end, as one tab."""
    headers = {"Last-Event-ID": last_event_id} if last_event_id is not None else {}
    response = await browser.client.get(f"/answers/{id}/stream?after={after}", headers=headers)
    assert response.headers["content-type"].startswith("text/event-stream")
    page = LivePage()
    for event in events(response.text):
        page.take(event)
    return page


async def test_a_stream_ends_with_the_article_and_done(open_app: OpenApp, with_model: Settings) -> None:
    async with Browser(await open_app(with_model)) as browser:
        path = await browser.start("Tell me", "paced-400")
        id = await answer_id(browser, path)
        followers = await asyncio.gather(*(follow(browser, id) for _ in range(3)))
        assert all(page.done and page.final == followers[0].final for page in followers)
        article = one(parse(followers[0].final), f"article#answer-{id}")
        assert not article.get("hx-sse:connect")
        assert len(find(article, "table")) == 1
        assert (await status_of(browser, path, "complete")) == ANSWER


@pytest.mark.parametrize("last_event_id", [None, "", "0", "3", "99999", "nonsense", "-1"])
async def test_an_ended_answer_is_always_answered_with_done(browser: Browser, last_event_id: str | None) -> None:
    """Anything else and the browser would come back for ever."""
    path = await browser.start("How do I add a page?")
    await ended(browser, path)
    page = await follow(browser, await answer_id(browser, path), after=2, last_event_id=last_event_id)
    assert page.done and page.final


async def test_streams_pass_uncompressed_and_compressed(open_app: OpenApp, with_model: Settings) -> None:
    async with Browser(await open_app(with_model)) as browser:
        id = await answer_id(browser, await browser.start("Tell me", "paced-800"))
        plain = await browser.client.get(f"/answers/{id}/stream", headers={"Accept-Encoding": "identity"})
        packed = await browser.client.get(f"/answers/{id}/stream", headers={"Accept-Encoding": "gzip"})
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert plain.headers["x-accel-buffering"] == "no"
        assert [e.event for e in events(plain.text)][-1] == [e.event for e in events(packed.text)][-1] == "done"


@pytest.mark.parametrize(
    ("model", "status", "says"),
    [
        ("401", "failed", "key"),
        ("404", "failed", "404"),
        ("429", "failed", ""),
        ("500", "failed", ""),
        ("silent", "failed", ""),
        ("stall", "failed", ""),
        ("cut", "failed", ""),
        ("malformed", "failed", ""),
    ],
)
async def test_errors_of_the_model_say_what_to_do_and_keep_what_arrived(
    open_app: OpenApp, with_model: Settings, model: str, status: str, says: str
) -> None:
    async with Browser(await open_app(with_model)) as browser:
        path = await browser.start("Tell me", model)
        await status_of(browser, path, status)
        article = one(parse(await browser.get(path)), "article[id^=answer-]")
        note = text(one(article, "[role=note]"))
        assert says in note and len(note) > 20 and "sk-test" not in note
        assert find(article, "form[action$='/retry']")
        kept = find(article, ".answer-prose")
        assert bool(kept) == (model in ("stall", "cut", "malformed")), "what had arrived is kept"


@pytest.mark.parametrize("model", ["429-once", "500-once"])
async def test_one_retry_happens_by_itself(
    open_app: OpenApp, with_model: Settings, model: str, model_log: ModelServer
) -> None:
    async with Browser(await open_app(with_model)) as browser:
        path = await browser.start("Tell me", model)
        assert await ended(browser, path) == ANSWER
        assert [request.model for request in model_log.requests] == [model, model]


async def test_stop_cancels_the_model_and_keeps_the_text(
    open_app: OpenApp, with_model: Settings, model_log: ModelServer
) -> None:
    async with Browser(await open_app(with_model)) as browser:
        path = await browser.start("Tell me", "paced-100")
        id = await answer_id(browser, path)
        await begun(browser, path)
        assert (await browser.htmx(f"/answers/{id}/stop", "POST")).status_code == 204
        kept = await status_of(browser, path, "stopped")
        assert 0 < len(kept) < len(ANSWER) and ANSWER.startswith(kept)
        await asyncio.sleep(HELD_BACK)
        assert len(model_log.cancelled) == 1
        again = await browser.post(f"/answers/{id}/stop")
        assert again.status_code == 303, "a second stop is no error"


async def test_without_a_script_the_page_after_a_stop_shows_it(
    open_app: OpenApp, with_model: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not change by itself, so it must not come before the end is stored, be that slow."""
    end_slowly(monkeypatch)
    async with Browser(await open_app(with_model)) as browser:
        path = await browser.start("Tell me", "paced-100")
        id = await answer_id(browser, path)
        await begun(browser, path)
        shown = await browser.get((await browser.post(f"/answers/{id}/stop")).headers["location"])
        assert "Stopped" in shown.text and "<iframe" not in shown.text


async def test_continue_goes_on_where_it_stopped(open_app: OpenApp, with_model: Settings) -> None:
    async with Browser(await open_app(with_model)) as browser:
        path = await browser.start("Tell me", "cut")
        kept = await status_of(browser, path, "failed")
        id = await answer_id(browser, path)
        log = parse(await browser.htmx(f"/answers/{id}/continuation", "POST"))
        assert one(log, f"#answer-{id}").get("aria-busy") == "true"
        assert 0 < len(kept) < len(ANSWER)
        assert await ended(browser, path) == ANSWER


async def test_of_two_who_continue_at_once_one_does(
    open_app: OpenApp, with_model: Settings, model_log: ModelServer
) -> None:
    async with Browser(await open_app(with_model)) as browser:
        path = await browser.start("Tell me", "cut")
        await status_of(browser, path, "failed")
        id, asked = await answer_id(browser, path), len(model_log.requests)
        responses = await asyncio.gather(*(browser.post(f"/answers/{id}/continuation") for _ in range(6)))
        assert sorted(response.status_code for response in responses) == [303, *[409] * 5]
        assert await ended(browser, path) == ANSWER
        assert len(model_log.requests) == asked + 1, "the model is paid once"


async def test_a_writer_that_was_taken_over_writes_no_more(open_app: OpenApp, with_model: Settings) -> None:
    app = await open_app(with_model)
    async with Browser(app) as browser:
        path = await browser.start("Tell me", "paced-100")
        await begun(browser, path)
        async with app.state.database.transaction() as session:
            await session.exec(update(Message).values(writer="another"))
        deadline = asyncio.get_running_loop().time() + 5
        while app.state.answers.live(int(await answer_id(browser, path))):
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.05)
        newest = (await browser.get(f"{path}/export.json")).json()["messages"][-1]
        assert newest["status"] == "streaming", "its row is the other's to end"


async def test_an_answer_without_end_is_ended(open_app: OpenApp, with_model: Settings) -> None:
    async with Browser(await open_app(with_model.model_copy(update={"max_answer_length": 500}))) as browser:
        path = await browser.start("Tell me", "fast")
        kept = await status_of(browser, path, "interrupted")
        assert 500 < len(kept) <= len(ANSWER)
    async with Browser(await open_app(with_model.model_copy(update={"max_answer_seconds": 0.5}))) as browser:
        await status_of(browser, await browser.start("Tell me", "slow"), "interrupted")


async def test_a_complete_answer_does_not_continue(browser: Browser) -> None:
    path = await browser.start("How do I add a page?")
    await ended(browser, path)
    assert (await browser.post(f"/answers/{await answer_id(browser, path)}/continuation")).status_code == 409


async def test_the_model_gets_history_instructions_and_sources(
    open_app: OpenApp, with_model: Settings, model_log: ModelServer
) -> None:
    async with Browser(await open_app(with_model)) as browser:
        path = await browser.start("First question", "fast")
        await ended(browser, path)
        await browser.post(path, title="x", instructions="Answer like a sailor")
        await browser.post(f"{path}/messages", content="Second question", model="fast")
        await ended(browser, path)
        messages = model_log.requests[-1].body["messages"]
        assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
        assert "Answer like a sailor" in messages[0]["content"]
        assert (messages[1]["content"], messages[3]["content"]) == ("First question", "Second question")


async def test_measures_stand_below_the_answer(open_app: OpenApp, with_model: Settings) -> None:
    async with Browser(await open_app(with_model)) as browser:
        path = await browser.start("Tell me", "fast")
        await ended(browser, path)
        below = text(one(parse(await browser.get(path)), ".message-actions .ms-auto"))
        assert "fast" in below and "400 tokens" in below and below.count(" s") >= 2


async def test_without_javascript_the_answer_is_one_page_sent_while_it_is_written(
    open_app: OpenApp, with_model: Settings
) -> None:
    async with Browser(await open_app(with_model)) as browser:
        path = await browser.start("Tell me", "paced-100")
        id = await answer_id(browser, path)
        frame = one(parse(await browser.get(path)), "noscript iframe")
        page = parse(await browser.get(frame.get("src") or ""))
        assert len(find(page, "[data-tail]")) >= 2
        last = find(page, ".live-plain > *")[-1]
        assert text(last), "the last words are there"
        assert len(find(page, "table")) >= 1
        assert one(page, "a[target=_top]").get("href") == f"{path}?at={id}#answer-{id}"


async def test_ending_the_server_keeps_all_of_the_text(open_app: OpenApp, with_model: Settings) -> None:
    app = await open_app(with_model)
    async with Browser(app) as browser:
        path = await browser.start("Tell me", "paced-100")
        await begun(browser, path)
        await app.state.answers.close()
        message = (await browser.get(f"{path}/export.json")).json()["messages"][-1]
    assert message["status"] == "interrupted"
    assert ANSWER.startswith(message["text"]) and message["text"]


async def test_feedback_is_for_the_owner(browser: Browser, stranger: Browser) -> None:
    shared = (await browser.post("/ask", content="How do I add a page?")).headers["location"]
    page = parse(await browser.get(shared))
    id = (one(page, "article[id^=answer-]").get("id") or "").removeprefix("answer-")
    assert (await stranger.get(shared)).status_code == 200
    assert not find(parse(await stranger.get(shared)), "form[action*='/answers/']")
    assert (await stranger.post(f"/answers/{id}/feedback", rating="1")).status_code == 404
    assert (await stranger.get(f"/answers/{id}/stream")).status_code == 200

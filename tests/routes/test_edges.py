"""What monitors, scanners, other sites and mistyped addresses send: answered in the app's own way, without a crash."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from starlette.types import Message

from app.config import Settings
from app.models.conversation import Citation, Role
from app.models.conversation import Message as ChatMessage
from app.repositories.documents import DocumentRepository
from app.security import LARGEST_BODY
from app.services.search_service import SearchService
from tests.browser import HTMX, Browser
from tests.conftest import OpenApp
from tests.html import one, parse, text
from tests.services.test_conversation_search import write

FROM_ELSEWHERE = {"Sec-Fetch-Site": "cross-site"}


def in_pieces(size: int) -> AsyncIterator[bytes]:
    """A body that does not tell its length."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"content="
        for _ in range(size // 1024):
            yield b"x" * 1024

    return pieces()


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("whole", [True, False])
async def test_a_body_above_the_limit_is_refused_in_three_ways(browser: Browser, whole: bool) -> None:
    def body() -> bytes | AsyncIterator[bytes]:
        return b"content=" + b"x" * LARGEST_BODY if whole else in_pieces(LARGEST_BODY + 1024)

    page = await browser.client.post("/chat", content=body(), headers=FORM)
    assert (page.status_code, text(one(parse(page), "h1"))) == (413, "Too much at once")
    assert "2 MiB" in text(one(parse(page), "main"))
    assert "content-security-policy" in page.headers and page.headers["x-request-id"] in page.text
    alert = await browser.client.post("/chat", content=body(), headers=FORM | HTMX)
    assert (alert.status_code, alert.headers["hx-retarget"]) == (413, "#flash")


async def test_the_api_refuses_too_much_as_problem_json(browser: Browser) -> None:
    problem = await browser.client.post("/api/x", content=b"x" * (LARGEST_BODY + 1))
    assert problem.headers["content-type"] == "application/problem+json"
    assert (problem.status_code, problem.json()["title"]) == (413, "Too much at once")


async def test_a_body_of_just_the_limit_is_read(browser: Browser) -> None:
    body = b"content=" + b"x" * (LARGEST_BODY - 8)
    assert (await browser.client.post("/chat", content=body, headers=FORM)).status_code == 422


async def test_forms_of_other_sites_are_refused_in_three_ways(browser: Browser) -> None:
    page = await browser.client.post("/chat", data={"content": "x"}, headers=FROM_ELSEWHERE)
    assert (page.status_code, text(one(parse(page), "h1"))) == (403, "Not allowed")
    assert "another site" in text(one(parse(page), "main"))
    assert "content-security-policy" in page.headers and page.headers["x-request-id"] in page.text
    alert = await browser.client.post("/chat", data={"content": "x"}, headers=FROM_ELSEWHERE | HTMX)
    assert (alert.status_code, alert.headers["hx-retarget"]) == (403, "#flash")
    problem = await browser.client.post("/api/x", headers=FROM_ELSEWHERE)
    assert (problem.status_code, problem.json()["title"]) == (403, "Not allowed")


@pytest.mark.parametrize(
    ("header", "status"), [((b"sec-fetch-site", b"cross-site"), 403), ((b"content-length", b"9999999"), 413)]
)
async def test_what_is_refused_is_not_read_and_reaches_no_route(
    open_app: OpenApp, settings: Settings, header: tuple[bytes, bytes], status: int
) -> None:
    app = await open_app(settings)

    @app.post("/reached")
    async def reach() -> None:
        pytest.fail("the route is reached")

    scope = {"type": "http", "method": "POST", "path": "/reached", "query_string": b"", "headers": [header]}
    sent: list[Message] = []

    async def receive() -> Message:
        pytest.fail("the body is read")

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["status"] == status


@pytest.mark.parametrize("path", ["/", "/chat", "/documents", "/health/live", "/static/css/app.css", "/nope"])
async def test_head_answers_as_get_without_a_body(browser: Browser, path: str) -> None:
    got, head = await browser.get(path), await browser.client.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    assert "content-security-policy" in head.headers


async def test_head_does_not_wait_for_a_stream(open_app: OpenApp, with_model: Settings) -> None:
    async with Browser(await open_app(with_model)) as browser:
        path = await browser.start("One", "silent")
        article = one(parse(await browser.get(path)), "article[hx-sse\\:connect]")
        head = await browser.client.head(article.get("hx-sse:connect") or "", timeout=5)
        assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(("method", "path", "allowed"), [("PUT", "/", "GET"), ("GET", "/theme", "POST")])
async def test_a_wrong_method_is_told_the_right_one(browser: Browser, method: str, path: str, allowed: str) -> None:
    response = await browser.client.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)
    assert "open the page that has the form" in response.text


@pytest.mark.parametrize(
    "path",
    [
        "/documents/guide?start=abc",
        "/documents/guide?start=-1",
        "/documents/guide?end=1e9",
        "/documents/a%00b",
        "/documents/%ed%a0%80",
        "/documents?q=" + "x" * 501,
        "/chat/00000000-0000-0000-0000-000000000000?at=x",
        "/chat/x",
        "/answers/x/stream",
        "/chat/",
        "/documents/",
    ],
)
async def test_an_address_of_nothing_is_not_found(app: FastAPI, browser: Browser, path: str) -> None:
    await put_guide(app)
    response = await browser.get(path)
    assert (response.status_code, text(one(parse(response), "h1"))) == (404, "Not found")


async def test_a_span_that_a_document_lacks_is_not_shown(app: FastAPI, browser: Browser) -> None:
    await put_guide(app)
    for span in ("start=5&end=2", f"start=3&end={10**30}", f"start={10**30}"):
        response = await browser.get(f"/documents/guide?{span}")
        assert response.status_code == 200, span
    assert "&end=99" not in response.text


async def put_guide(app: FastAPI) -> None:
    async with app.state.database.transaction() as session:
        await SearchService(DocumentRepository(session)).put("guide", "# Guide\n\nSome text.")


async def test_only_the_api_answers_in_json(browser: Browser) -> None:
    for path, media_type in (("/api", "application/problem+json"), ("/apiary", "text/html; charset=utf-8")):
        assert (await browser.get(path)).headers["content-type"] == media_type


async def test_a_path_forges_no_line_of_the_log(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    await browser.get("/x%0aERROR forged %C3%A9")
    (line,) = [record.getMessage() for record in caplog.records if "forged" in record.getMessage()]
    assert line.startswith("GET /x%0AERROR%20forged%20%C3%A9 404")


async def test_an_export_is_markdown_as_it_was_written(app: FastAPI, browser: Browser) -> None:
    code = 'If `a < b && c`:\n\n```html\n<p class="x">Tom & "Jerry\'s"</p>\n```'
    id = await write(app, browser)
    async with app.state.database.transaction() as session:
        message = ChatMessage(conversation_id=id, role=Role.ASSISTANT, text=code + "\n\nSee [1].")
        session.add(message)
        await session.flush()
        span = {"slug": "guide", "digest": "0123456789abcdef", "start": 1, "end": 5, "quote": "x"}
        named = {"message_id": message.id, "number": 1, "title": 'Say "hi" & go'}
        session.add(Citation.model_validate(named | span))
    exported = (await browser.get(f"/chat/{id}/export.md?at={message.id}")).text
    assert code in exported
    link = 'http://testserver/documents/guide?start=1&end=5&v=01234567#quote "Say \\"hi\\" & go"'
    assert f"\n[1]: {link}\n" in exported


async def test_the_title_of_an_export_is_not_escaped(browser: Browser) -> None:
    exported = await browser.get(await browser.start("Is 1 < 2 & 2 > 1?") + "/export.md")
    assert exported.text.startswith("# Is 1 < 2 & 2 > 1?\n")

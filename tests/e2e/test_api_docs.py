"""The documentation of the API in a real browser: it asks nobody else, and a request can be tried in it."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.server import Server


def test_a_request_is_tried_with_a_token_that_was_typed(page: Page, offline: Server) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{offline.url}/docs")
    docs = page.locator("rapi-doc")
    docs.get_by_placeholder("api-token").fill("fo_nonsense")
    docs.get_by_role("button", name=re.compile("^set$", re.IGNORECASE)).click()
    docs.locator("#get--api-v1-me .endpoint-head, [id='get-/api/v1/me'] .endpoint-head").first.click()
    with page.expect_response(f"{offline.url}/api/v1/me") as answer:
        docs.get_by_role("button", name=re.compile("^try$", re.IGNORECASE)).first.click()
    assert answer.value.request.headers["authorization"] == "Bearer fo_nonsense"
    assert answer.value.status == 401
    expect(docs.get_by_text("A token is needed").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert all(url.startswith((offline.url, "data:", "blob:")) for url in asked)

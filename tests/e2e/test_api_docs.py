"""The documentation of the API in a real browser: it asks nobody else, and a request can be tried in it."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenContext
from tests.e2e.server import Server
from tests.e2e.test_journeys import axe_finds_nothing

# RapiDoc gives the fields of a request no label, only a name beside them, and nobody reaches into it from outside.
NOT_OURS = {"rules": {"label": {"enabled": False}}}
PRODUCTS = "[id='get-/api/v1/products']"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_reads_in_light_and_dark(open_context: OpenContext, offline: Server, theme: str, width: int) -> None:
    page = open_context(color_scheme=theme, viewport={"width": width, "height": 800}).new_page()
    page.goto(f"{offline.url}/docs")
    docs = page.locator("rapi-doc")
    expect(docs.get_by_text("FastOpp API")).to_be_visible()
    expect(docs.locator(PRODUCTS)).to_be_attached()
    grounds = "['rapi-doc', 'body'].map(each => getComputedStyle(document.querySelector(each)).backgroundColor)"
    own, sites = page.evaluate(grounds)
    assert own == sites, "the colours of the site"
    axe_finds_nothing(page)
    docs.locator(f"{PRODUCTS} .endpoint-head").click()
    expect(docs.locator("#input-request-param-q")).to_be_visible()
    found = Axe().run(page, options=NOT_OURS)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") == width


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

"""No product and no webinar hides behind another page: slugs that are addresses of pages are not given."""

import pytest
from fastapi import FastAPI

from app.models.slugs import RESERVED, slug_of
from tests.browser import Browser
from tests.html import one, parse, text
from tests.people import make_user, sign_in
from tests.security.crawl import WEBINAR, endpoints

SLUG = "{slug}"
PRODUCT = {"price": "1.50", "currency": "EUR", "category": "C", "stock": "1"}


def words_beside_slugs(app: FastAPI) -> dict[str, set[str]]:
    """What stands in paths where others have a slug, by the kind of thing that has it."""
    paths = {each.path for each in endpoints(app)}
    found: dict[str, set[str]] = {}
    for prefix in {path.partition(SLUG)[0] for path in paths if SLUG in path}:
        words = {path.removeprefix(prefix).split("/")[0] for path in paths if path.startswith(prefix)}
        found.setdefault(prefix.split("/")[-2].removesuffix("s"), set()).update(words - {SLUG})
    return found


async def test_the_reserved_words_are_those_of_the_routes(app: FastAPI) -> None:
    found = words_beside_slugs(app)
    assert {"product", "webinar", "document"} <= found.keys()
    assert {kind: words for kind, words in found.items() if words} == RESERVED


@pytest.mark.parametrize("kind", RESERVED)
def test_no_slug_is_such_a_word(kind: str) -> None:
    for word in RESERVED[kind]:
        assert slug_of(f" {word.title()}! ", kind) == f"{word}-2"
    assert slug_of("Old news", kind) == "old-news" and slug_of("!", kind) == kind
    assert slug_of("a" * 99 + " news", kind) == "a" * 99, "a cut leaves no hyphen behind"


async def test_whatever_its_name_it_has_a_page_of_its_own(app: FastAPI, browser: Browser) -> None:
    await make_user(app, "mia@example.com", "marketing", is_staff=True)
    await sign_in(browser, "mia@example.com")
    for word in RESERVED["product"]:
        for _twice in range(2):
            path = (await browser.post("/products", name=word.title(), **PRODUCT)).headers["location"]
            assert text(one(parse(await browser.get(path)), "h1")) == word.title(), path
            assert (await browser.get(f"{path}/edit")).status_code == 200
    for word in RESERVED["webinar"]:
        form = {**WEBINAR, "title": word.title()}
        for _twice in range(2):
            path = (await browser.post("/desk/webinars", **form)).headers["location"]
            page = await browser.get(path)
            assert page.status_code == 200 and word.title() in page.text, path

"""Looking into pages: HTML is parsed, never compared as a string."""

import httpx2
from lxml import html
from lxml.html import HtmlElement


def parse(response: httpx2.Response | str) -> HtmlElement:
    """A page or a fragment as one element."""
    text = response if isinstance(response, str) else response.text
    return html.document_fromstring(text or "<html></html>")


def find(page: HtmlElement, selector: str) -> list[HtmlElement]:
    found: list[HtmlElement] = page.cssselect(selector)
    return found


def one(page: HtmlElement, selector: str) -> HtmlElement:
    """The only element there; a failure names how many there were."""
    found = find(page, selector)
    assert len(found) == 1, f"{len(found)} of {selector}"
    return found[0]


def text(element: HtmlElement) -> str:
    """What a person reads, white space folded."""
    return " ".join(element.text_content().split())

"""The journeys of a person with JavaScript on: ask, read, leave, come back, stop, go on."""

import re
import signal
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenContext, with_model
from tests.e2e.cutting_proxy import cutting
from tests.e2e.server import Server
from tests.model_server import ANSWER, ModelServer

pytestmark = pytest.mark.e2e

STREAMING = "article[aria-busy=true]"
ENDED = "article[id^=answer-]:not([aria-busy])"


def ask(page: Page, url: str, question: str, model: str = "") -> str:
    """Begin a conversation; return its address."""
    page.goto(f"{url}/chat")
    if model:
        page.get_by_label("Model").select_option(model)
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/chat/[0-9a-f-]{36}"))
    return page.url


def wait_for_words(page: Page, few: int = 20) -> None:
    """Wait until the streaming answer has some text."""
    prose = page.locator(f"{STREAMING} .answer-prose").last
    expect(prose).to_have_text(re.compile(rf"(\S+\s+){{{few},}}"))


def wait_for_end(page: Page) -> None:
    expect(page.locator(STREAMING)).to_have_count(0, timeout=30_000)


def answer_html(page: Page) -> str:
    return page.locator(f"{ENDED} .answer-prose").last.inner_html()


MOVES = """document.getAnimations().some(each => {
    const {delay, endTime} = each.effect.getComputedTiming()
    return each.playState === "running" && endTime !== Infinity && each.currentTime >= delay
})"""


def axe_finds_nothing(page: Page) -> None:
    while page.evaluate(MOVES):  # what is half faded in or out has half its contrast
        page.wait_for_timeout(50)
    # A mail stands in a sandboxed iframe, and to ask that is an error.
    results = Axe().run(page, options={"resultTypes": ["violations"], "iframes": False})
    assert results.violations_count == 0, results.generate_report()


def test_ask_and_read_with_sources(page: Page, offline: Server) -> None:
    """What a stranger does first: the public page, a citation, the quote in its document."""
    page.goto(offline.url)
    page.get_by_label("Your question").fill("How do I add a new page?")
    page.get_by_role("button", name="Ask").click()
    page.wait_for_url(re.compile(r"/ask/[0-9a-f-]{36}"))
    wait_for_end(page)
    expect(page.locator(ENDED)).to_contain_text("app/templates/")
    axe_finds_nothing(page)
    shared = page.url
    page.locator(".answer-prose a[href^='/documents/']").first.click()
    page.wait_for_url(re.compile("/documents/"))
    expect(page.locator("mark#quote")).to_be_in_viewport()
    page.goto(f"{offline.url}/ask?q=how do I add a NEW page")
    assert page.url == shared, "the stored answer to the same question"
    page.goto(f"{offline.url}/ask?q=What is the meaning of tulips?")
    expect(page.get_by_label("Your question")).to_have_value("What is the meaning of tulips?")


def test_chat_with_the_keyboard_alone(page: Page, offline: Server) -> None:
    ask(page, offline.url, "How do I add a new page?")
    wait_for_words(page, 5)
    box = page.get_by_label("Your message")
    box.press_sequentially("one")
    box.press("Shift+Enter")
    box.press_sequentially("two")
    expect(box, "typed ahead while the answer streams").to_have_value("one\ntwo")
    axe_finds_nothing(page)
    wait_for_end(page)
    expect(box).to_have_value("one\ntwo")
    box.press("Enter")
    expect(box).to_have_value("")
    expect(page.locator(".question")).to_have_count(2)
    wait_for_end(page)
    expect(page.locator(ENDED)).to_have_count(2)


def test_reload_in_mid_stream(page: Page, server: Server) -> None:
    ask(page, server.url, "Tell me", "paced-60")
    for _ in range(3):
        wait_for_words(page)
        page.reload()
    wait_for_end(page)
    after_reloads = answer_html(page)
    page.reload()
    assert answer_html(page) == after_reloads
    assert len(page.locator(".answer-prose").inner_text()) > len(ANSWER) * 0.7


def test_back_button_in_mid_stream(page: Page, server: Server) -> None:
    ask(page, server.url, "Tell me", "paced-60")
    wait_for_words(page)
    page.get_by_role("link", name="Documents").click()
    page.wait_for_url(re.compile("/documents"))
    page.go_back()
    wait_for_end(page)
    streamed = answer_html(page)
    page.reload()
    assert answer_html(page) == streamed


def test_two_tabs_and_stop_from_the_other(open_context: OpenContext, server: Server) -> None:
    context = open_context()
    one, two = context.new_page(), context.new_page()
    address = ask(one, server.url, "Tell me", "paced-25")
    wait_for_words(one)
    two.goto(address)
    wait_for_words(two)
    two.get_by_role("button", name="Stop").click()
    for tab in (one, two):
        wait_for_end(tab)
        expect(tab.get_by_role("note")).to_contain_text("Stopped")
    assert answer_html(one) == answer_html(two)
    one.get_by_role("button", name="Continue").click()
    expect(one.locator(STREAMING)).to_have_count(1)


def test_a_hidden_tab_catches_up(page: Page, server: Server) -> None:
    ask(page, server.url, "Tell me", "paced-60")
    wait_for_words(page)
    set_hidden(page, "hidden")
    page.wait_for_timeout(1_500)
    before = page.locator(".answer-prose").inner_text()
    page.wait_for_timeout(500)
    assert page.locator(".answer-prose").inner_text() == before, "hidden tabs are left alone"
    set_hidden(page, "visible")
    wait_for_end(page)
    streamed = answer_html(page)
    page.reload()
    assert answer_html(page) == streamed


def set_hidden(page: Page, state: str) -> None:
    page.evaluate(
        """state => {
            Object.defineProperty(document, 'hidden', {value: state === 'hidden', configurable: true})
            document.dispatchEvent(new Event('visibilitychange'))
        }""",
        state,
    )


@pytest.mark.cuts_the_network
def test_the_network_goes_and_comes_back(open_context: OpenContext, server: Server) -> None:
    context = open_context()
    page = context.new_page()
    ask(page, server.url, "Tell me", "paced-60")
    wait_for_words(page)
    context.set_offline(True)
    box = page.get_by_label("Your message")
    box.fill("Not lost")
    box.press("Enter")
    expect(box, "what could not be sent comes back").to_have_value("Not lost")
    expect(page.get_by_text("Your text is still here")).to_be_visible()
    context.set_offline(False)
    wait_for_end(page)
    streamed = answer_html(page)
    page.reload()
    assert answer_html(page) == streamed


@pytest.mark.cuts_the_network
def test_killed_in_mid_answer_and_restarted(page: Page, tmp_path: Path, model_server: ModelServer) -> None:
    with Server(tmp_path, **with_model(model_server)) as server:
        ask(page, server.url, "Tell me", "paced-25")
        wait_for_words(page, 30)
        page.wait_for_timeout(700)  # longer than one checkpoint
        seen = page.locator(".answer-prose").inner_text()
        server.end(signal.SIGKILL)
        expect(page.get_by_text("The answer goes on without you")).to_be_visible()
        server.start()
        wait_for_end(page)
        kept = page.locator(f"{ENDED} .answer-prose").inner_text()
        assert len(kept) > len(seen) * 0.5
        expect(page.get_by_role("note")).to_contain_text("kept")
        page.get_by_role("button", name="Continue").click()
        expect(page.locator(STREAMING)).to_have_count(1)
        wait_for_end(page)
        whole = page.locator(f"{ENDED} .answer-prose").inner_text()
        assert whole.startswith(kept[:100]) and len(whole) > len(kept)
        expect(page.get_by_role("note")).to_have_count(0)


def test_a_failing_model_says_what_to_do(page: Page, server: Server) -> None:
    ask(page, server.url, "Tell me", "cut")
    wait_for_end(page)
    note = page.get_by_role("note")
    expect(note.get_by_role("button", name="Retry")).to_be_visible()
    expect(note.get_by_role("button", name="Continue")).to_be_visible()
    assert len(answer_html(page)) > 50, "what had arrived is kept"
    axe_finds_nothing(page)
    note.get_by_role("button", name="Retry").click()
    wait_for_end(page)
    expect(page.get_by_role("navigation", name="Versions")).to_contain_text("2 / 2")


def test_edit_rename_rate_delete_and_undo(page: Page, offline: Server) -> None:
    address = ask(page, offline.url, "How do I add a new page?")
    wait_for_end(page)
    page.get_by_role("button", name="Bad answer").click()
    page.get_by_label("Why?").fill("Too long")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("button", name="Saved")).to_be_visible()
    page.get_by_role("link", name="Edit this question").click()
    page.get_by_label("Your question, edited").fill("How do I add a route?")
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".question")).to_have_text("How do I add a route?")
    wait_for_end(page)
    page.get_by_role("link", name="Previous version").first.click()
    expect(page.locator(".question")).to_have_text("How do I add a new page?")
    page.get_by_label("Title and instructions").click()
    page.get_by_label("Title", exact=True).fill("Pages")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="Pages")).to_be_visible()
    page.get_by_label("Search conversations").fill("rout")
    expect(page.locator("#conversations mark").first).to_be_visible()
    page.goto(address)
    page.get_by_role("button", name="Delete Pages").click()
    page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_role("heading", name="Pages")).to_be_visible()


def test_model_output_cannot_become_markup(page: Page, server: Server) -> None:
    evil = (
        '<img src=x onerror=alert(1)><b hx-get="/chat" hx-trigger="load">x</b> '
        "[a](javascript:alert(1)) <script>alert(1)</script>"
    )
    ask(page, server.url, evil, "echo")
    wait_for_end(page)
    prose = page.locator(f"{ENDED} .answer-prose")
    expect(prose).to_contain_text("onerror=alert(1)")
    assert prose.locator("img, script, b, [hx-get]").count() == 0


def test_code_is_copied_as_it_is(open_context: OpenContext, server: Server) -> None:
    context = open_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    ask(page, server.url, "```python\nprint('<&>')\n```", "echo")
    wait_for_end(page)
    page.locator(".code-block clipboard-copy").click()
    assert page.evaluate("async () => await navigator.clipboard.readText()").strip() == "print('<&>')"


@pytest.mark.parametrize("path", ["/", "/chat", "/ask", "/documents", "/documents/index", "/documents?q=page", "/nope"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_on_every_page(open_context: OpenContext, offline: Server, path: str, scheme: str) -> None:
    page = open_context(color_scheme=scheme, viewport={"width": 360, "height": 740}).new_page()
    page.goto(offline.url + path)
    axe_finds_nothing(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360, "nothing sticks out on a phone"


def test_nothing_comes_from_another_host(page: Page, offline: Server) -> None:
    hosts = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    for path in ("/", "/chat", "/ask", "/documents"):
        page.goto(offline.url + path)
    assert hosts == {offline.url.split("/")[2]}


@pytest.mark.cuts_the_network
def test_cut_after_every_frame(page: Page, server: Server) -> None:
    """The browser comes back by itself with `Last-Event-ID` each time; nothing is lost, nothing stands twice."""
    with cutting(server.port) as proxy:
        ask(page, f"http://127.0.0.1:{proxy.port}", "Tell me", "paced-60")
        wait_for_end(page)
        streamed = answer_html(page)
        assert proxy.cuts > 15
    page.goto(page.url.replace(str(proxy.port), str(server.port)))
    assert answer_html(page) == streamed

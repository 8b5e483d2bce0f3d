"""The same pages with JavaScript off: everything is a form, a link or a page that is sent while it is written."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.server import Server

pytestmark = pytest.mark.e2e


def ask(page: Page, url: str, question: str, model: str) -> None:
    page.goto(f"{url}/chat")
    page.get_by_label("Model").select_option(model)
    page.get_by_label("Your question").fill(question)
    page.get_by_role("button", name="Send").click(no_wait_after=True)
    page.wait_for_url(re.compile(r"/chat/[0-9a-f-]{36}"), wait_until="commit")


def lengths_while_it_streams(page: Page, distinct: int = 4, seconds: float = 15) -> list[int]:
    """How much of the answer a person sees, looked at a few times a second until it has grown often enough."""
    frame = page.frame_locator("iframe")
    seen: list[int] = []
    deadline = time.monotonic() + seconds
    while len(set(seen)) < distinct and time.monotonic() < deadline:
        seen.append(len(frame.locator("main").inner_text()))
        time.sleep(0.3)
    return seen


def test_ask_watch_stop_and_ask_again(page_without_script: Page, server: Server) -> None:
    page = page_without_script
    ask(page, server.url, "Tell me", "slow")
    expect(page.frame_locator("iframe").locator("main")).to_have_text(re.compile(r"\w+ \w+"))
    seen = lengths_while_it_streams(page)
    assert len(set(seen)) >= 4 and seen == sorted(seen), seen
    page.get_by_role("button", name="Stop").click(no_wait_after=True)
    expect(page.get_by_role("note")).to_contain_text("Stopped")
    assert len(page.locator(".answer-prose").inner_text()) >= seen[-1] * 0.8
    page.get_by_label("Your message").fill("And now?")
    page.get_by_role("button", name="Send").click(no_wait_after=True)
    expect(page.locator(".question")).to_have_count(2)


def test_the_finished_answer_is_one_link_away(page_without_script: Page, server: Server) -> None:
    page = page_without_script
    ask(page, server.url, "Tell me", "normal")
    page.frame_locator("iframe").get_by_role("link", name="show it with its sources").click()
    expect(page.locator("article[id^=answer-] .answer-prose table")).to_be_visible()
    page.get_by_role("button", name="Answer again").click(no_wait_after=True)
    expect(page.get_by_role("navigation", name="Versions")).to_contain_text("2 / 2")


def test_ask_and_follow_a_citation(page_without_script: Page, offline: Server) -> None:
    page = page_without_script
    page.goto(f"{offline.url}/ask?q=What does the Procfile do?")
    page.get_by_role("button", name="Ask").click(no_wait_after=True)
    page.wait_for_url(re.compile(r"/ask/[0-9a-f-]{36}"), wait_until="commit")
    link = page.frame_locator("iframe").get_by_role("link", name="show it with its sources")
    link.click(timeout=30_000)
    page.locator("ol a[href^='/documents/']").first.click()
    expect(page.locator("mark#quote")).to_be_in_viewport()


def test_bad_input_gives_back_what_was_typed(page_without_script: Page, server: Server) -> None:
    page = page_without_script
    page.goto(f"{server.url}/chat")
    page.get_by_label("Your question").fill("x" * 30_000)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Please check")).to_be_visible()
    expect(page.get_by_role("textbox", name="What you typed")).to_have_value("x" * 30_000)
    page.get_by_role("textbox", name="What you typed").fill("Shorter")
    page.get_by_role("button", name="Send again").click(no_wait_after=True)
    expect(page.locator(".question")).to_have_text("Shorter")


def test_theme_rename_delete_undo(page_without_script: Page, server: Server) -> None:
    page = page_without_script
    page.goto(f"{server.url}/chat")
    page.get_by_label("Settings").click()
    page.get_by_title("Dark").click()
    page.get_by_role("button", name="Keep this theme").click()
    expect(page.locator("input[name=theme][value=dark]")).to_be_checked()
    ask(page, server.url, "Tell me", "echo")
    page.get_by_label("Title and instructions").click()
    page.get_by_label("Title", exact=True).fill("Told")
    page.get_by_role("button", name="Save", exact=True).click(no_wait_after=True)
    expect(page.get_by_role("heading", name="Told")).to_be_visible()
    page.get_by_role("button", name="Delete Told").click(no_wait_after=True)
    page.get_by_role("button", name="Undo").click(no_wait_after=True)
    expect(page.get_by_label("Your message")).to_be_visible()

"""The main story in a real browser, at a human pace; leaves the README's pictures in `docs/images/`."""

import os
import re
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from app.config import ROOT
from tests.e2e.conftest import launch
from tests.e2e.server import Server

IMAGES = ROOT / "docs" / "images"
SIZE = ViewportSize(width=1280, height=800)
KEY_MS = 45  # between two keys, as a person types
LOOK_MS = 900  # to look at something new
SHOWN = bool(os.environ.get("DISPLAY"))  # on a screen, show it; elsewhere only the pictures


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, Server(Path(folder)) as server:
        browser = launch(playwright, headless=not SHOWN)
        page = browser.new_page(viewport=SIZE)
        for story in (ask_publicly, follow_a_quote, chat):
            story(page, server.url)
        browser.close()


def ask_publicly(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_timeout(LOOK_MS)
    picture(page, "home")
    page.get_by_label("Your question").press_sequentially("How do I add a new page?", delay=KEY_MS)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/ask/[0-9a-f-]{36}"))
    wait_for_end(page)
    page.wait_for_timeout(LOOK_MS)
    picture(page, "answer")


def follow_a_quote(page: Page, _url: str) -> None:
    page.locator(".answer-prose a[href^='/documents/']").first.click()
    page.wait_for_url(re.compile("/documents/"))
    page.wait_for_timeout(LOOK_MS)
    picture(page, "quote")


def chat(page: Page, url: str) -> None:
    page.goto(f"{url}/chat")
    page.get_by_label("Your question").press_sequentially("How does streaming work?", delay=KEY_MS)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/chat/[0-9a-f-]{36}"))
    page.wait_for_timeout(LOOK_MS)
    picture(page, "streaming")
    wait_for_end(page)
    page.get_by_label("Your message").press_sequentially("What survives a server restart?", delay=KEY_MS)
    page.keyboard.press("Enter")
    page.wait_for_timeout(LOOK_MS)
    wait_for_end(page)
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(LOOK_MS)
    picture(page, "phone")


def wait_for_end(page: Page) -> None:
    page.locator("article[aria-busy]").wait_for(state="detached", timeout=60_000)


def picture(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()

"""The main story in a real browser, at a human pace; leaves the README's pictures in `docs/images/`."""

import os
import re
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright
from pyotp import TOTP

from app.config import ROOT
from app.services.demo_service import PASSWORD as DEMO_PASSWORD
from tests.e2e.conftest import launch
from tests.e2e.server import Server
from tests.people import PASSWORD

IMAGES = ROOT / "docs" / "images"
SIZE = ViewportSize(width=1280, height=800)
KEY_MS = 45  # between two keys, as a person types
LOOK_MS = 900  # to look at something new
ADDRESS = "vera@example.com"
PHONE = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
SHOWN = bool(os.environ.get("DISPLAY"))  # on a screen, show it; elsewhere only the pictures


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, Server(Path(folder)) as server:
        browser = launch(playwright, headless=not SHOWN)
        page = browser.new_page(viewport=SIZE)
        for story in (
            ask_publicly,
            follow_a_quote,
            chat,
            make_an_account,
            add_a_second_factor,
            see_the_sessions,
            hold_a_webinar,
            sell_something,
            look_after_the_site,
        ):
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


def make_an_account(page: Page, url: str) -> None:
    """As the guest that has asked so far; the mail waits where development keeps them."""
    page.set_viewport_size(SIZE)
    page.emulate_media(color_scheme="light")
    page.goto(f"{url}/register")
    page.get_by_label("E-mail address").press_sequentially(ADDRESS, delay=KEY_MS)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Read the mails").click()
    page.get_by_role("link", name="Finish registering").click()
    page.wait_for_timeout(LOOK_MS)
    picture(page, "mail")
    page.frame_locator("iframe").get_by_role("link", name="Finish registering").click()
    page.get_by_label("What shall we call you?").press_sequentially("Vera", delay=KEY_MS)
    page.get_by_label("New password").press_sequentially(PASSWORD, delay=KEY_MS)
    page.wait_for_timeout(LOOK_MS)
    picture(page, "register")
    page.keyboard.press("Enter")
    page.get_by_label("Account of Vera").wait_for()


def add_a_second_factor(page: Page, url: str) -> None:
    page.goto(f"{url}/account/second-factor")
    page.get_by_label("Code").press_sequentially(TOTP(page.locator("li code").inner_text()).now(), delay=KEY_MS)
    page.wait_for_timeout(LOOK_MS)
    picture(page, "second-factor")
    page.keyboard.press("Enter")
    page.get_by_role("region", name="Your recovery codes").wait_for()
    page.wait_for_timeout(LOOK_MS)


def see_the_sessions(page: Page, url: str) -> None:
    phone = page.context.browser.new_page(user_agent=PHONE)  # type: ignore[union-attr]
    phone.goto(f"{url}/sign-in")
    phone.get_by_label("E-mail address").fill(ADDRESS)
    phone.get_by_label("Password", exact=True).fill(PASSWORD)
    phone.keyboard.press("Enter")
    phone.get_by_label("Code from your authenticator").fill(page.locator("main li code").first.inner_text())
    phone.keyboard.press("Enter")
    phone.get_by_label("Account of Vera").wait_for()
    page.goto(f"{url}/account/sessions")
    page.get_by_label("Account of Vera").click()
    page.wait_for_timeout(LOOK_MS)
    picture(page, "sessions")


def hold_a_webinar(page: Page, url: str) -> None:
    """Two browsers: somebody registers, and the staff's table shows it by itself."""
    desk = page.context.browser.new_page(viewport=SIZE)  # type: ignore[union-attr]
    desk.goto(f"{url}/sign-in")
    desk.get_by_label("E-mail address").fill("marketing@example.com")
    desk.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/chat")
    desk.goto(f"{url}/desk/webinars/a-feature-in-an-hour/registrations")
    for name in ("Vera", "Walt", "Xenia"):
        page.goto(f"{url}/webinars/a-feature-in-an-hour")
        page.get_by_label("Your name").press_sequentially(name, delay=KEY_MS)
        page.get_by_label("E-mail address").fill(f"{name.lower()}@example.com")
        page.get_by_role("checkbox").check()
        if name == "Walt":
            picture(page, "webinar")
        page.get_by_role("button", name="Register").click()
        desk.get_by_role("cell", name=name, exact=True).wait_for()
    desk.wait_for_timeout(LOOK_MS)
    picture(desk, "desk")


def sell_something(page: Page, url: str) -> None:
    """Two browsers: a price is changed in the list, and the list of somebody else and the dashboard show it."""
    desk = page.context.browser.new_page(viewport=SIZE)  # type: ignore[union-attr]
    desk.goto(f"{url}/sign-in")
    desk.get_by_label("E-mail address").fill("marketing@example.com")
    desk.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/chat")
    page.goto(f"{url}/products")
    page.get_by_label("Category").select_option("Kitchen")
    page.get_by_label("In stock only").check()
    page.wait_for_url(re.compile("stock=1"))
    desk.goto(f"{url}/products?q=teapot")
    desk.get_by_role("link", name="Change price and stock of Teapot").click()
    desk.get_by_label("Price in EUR").fill("")
    desk.get_by_label("Price in EUR").press_sequentially("29.90", delay=KEY_MS)
    picture(page, "products")
    desk.keyboard.press("Enter")
    page.get_by_text("29.90 EUR").wait_for()
    desk.goto(f"{url}/products/dashboard")
    desk.wait_for_timeout(LOOK_MS)
    picture(desk, "dashboard")


def look_after_the_site(page: Page, url: str) -> None:
    """What happened today, a list narrowed down and changed in place, and what was done to a row."""
    admin = page.context.browser.new_page(viewport=SIZE)  # type: ignore[union-attr]
    admin.goto(f"{url}/sign-in")
    admin.get_by_label("E-mail address").fill("admin@example.com")
    admin.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    admin.keyboard.press("Enter")
    admin.wait_for_url("**/chat")
    admin.goto(f"{url}/admin")
    admin.wait_for_timeout(LOOK_MS)
    picture(admin, "admin")
    admin.goto(f"{url}/admin/product?category=Kitchen")
    admin.get_by_label("Change Stock of teapot").click()
    admin.get_by_role("textbox", name="Stock").or_(admin.get_by_role("spinbutton", name="Stock")).fill("11")
    admin.wait_for_timeout(LOOK_MS)
    picture(admin, "admin-list")
    admin.keyboard.press("Enter")
    admin.get_by_role("row", name="Teapot").get_by_text("11").wait_for()
    admin.get_by_role("link", name="Teapot", exact=True).click()
    admin.get_by_role("link", name="History").click()
    admin.wait_for_timeout(LOOK_MS)
    picture(admin, "admin-history")


def wait_for_end(page: Page) -> None:
    page.locator("article[aria-busy]").wait_for(state="detached", timeout=60_000)


def picture(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()

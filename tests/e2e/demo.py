"""The main story in a real browser, at a human pace; leaves the README's pictures in `docs/images/`."""

import os
import re
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, expect, sync_playwright
from pyotp import TOTP

from app.config import ROOT
from app.services.demo_service import PASSWORD as DEMO_PASSWORD
from tests.e2e.conftest import launch
from tests.e2e.server import Server
from tests.people import PASSWORD

IMAGES = ROOT / "docs" / "images"
SIZE = ViewportSize(width=1280, height=800)
KEY_MS = 45  # between two keys, as a person types
PACE = {"OFFLINE_TOKENS_PER_SECOND": "30"}  # as a model writes
LOOK_MS = 900  # to look at something new
ADDRESS = "vera@example.com"
PHONE = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
ROWS = """slug,name,price,category,stock
teapot,,,,3
iron-pan,,65,,
,Milk jug,18.50,Kitchen,24
,Egg cup,6.90,Kitchen,60
,Sieve,,Kitchen,12
"""
SHOWN = bool(os.environ.get("DISPLAY"))  # on a screen, show it; elsewhere only the pictures


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        Server(Path(folder), **PACE) as server,
    ):
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
            word_a_reminder,
            write_to_a_registrant,
            sell_something,
            look_after_the_site,
            import_products,
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
    sign_in(phone, url, ADDRESS, PASSWORD)
    phone.get_by_label("Code from your authenticator").fill(page.locator("main li code").first.inner_text())
    phone.keyboard.press("Enter")
    phone.get_by_label("Account of Vera").wait_for()
    page.goto(f"{url}/account/sessions")
    page.get_by_label("Account of Vera").click()
    page.wait_for_timeout(LOOK_MS)
    picture(page, "sessions")


def hold_a_webinar(page: Page, url: str) -> None:
    """Two browsers: somebody registers, and the staff's table shows it by itself."""
    desk = colleague(page, url, "marketing")
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


def word_a_reminder(page: Page, url: str) -> None:
    """What it will look like stands below it while it is typed."""
    desk = colleague(page, url, "marketing")
    desk.goto(f"{url}/desk/webinars/a-feature-in-an-hour/messages")
    desk.get_by_role("link", name="1 day before the start").click()
    text = desk.get_by_label("Text, in Markdown")
    text.press("Control+End")
    text.press_sequentially("\n\nBring **an idea**, {name}: we build it.", delay=KEY_MS)
    desk.locator("#preview strong", has_text="an idea").wait_for()
    desk.get_by_role("button", name="Save").scroll_into_view_if_needed()
    desk.wait_for_timeout(LOOK_MS)
    picture(desk, "reminder")
    desk.get_by_role("button", name="Save").click()


def write_to_a_registrant(page: Page, url: str) -> None:
    """A draft is stopped, drafted again, changed and sent."""
    desk = colleague(page, url, "marketing")
    desk.goto(f"{url}/desk/webinars/a-feature-in-an-hour/registrations")
    desk.get_by_role("row", name="Walt").get_by_role("button", name="Came").click()
    desk.get_by_role("link", name="Walt", exact=True).click()
    desk.get_by_label("Your note").press_sequentially("Asked whether we record it.", delay=KEY_MS)
    desk.get_by_role("button", name="Add the note").click()
    desk.get_by_role("link", name="Follow up").click()
    desk.get_by_role("button", name="Draft", exact=True).click()
    expect(desk.locator("textarea[readonly]")).to_have_value(re.compile(r"Hello Walt,\s+\w+"))
    picture(desk, "draft")
    desk.get_by_role("button", name="Stop").click()
    desk.on("dialog", lambda dialog: dialog.accept())
    desk.get_by_role("button", name="Draft again").click()
    desk.locator("textarea[readonly]").wait_for()
    desk.locator("textarea[name=text]").press("Control+End")
    desk.locator("textarea[name=text]").press_sequentially("\n\nPS: We do record it.", delay=KEY_MS)
    desk.get_by_role("button", name="Send", exact=True).click()
    desk.get_by_text("Sent by Mia Marketing").wait_for()
    desk.wait_for_timeout(LOOK_MS)


def sell_something(page: Page, url: str) -> None:
    """Three pages: what is changed in the list shows in the list of somebody else, and on the dashboard."""
    desk, dashboard = colleague(page, url, "marketing"), colleague(page, url, "marketing")
    page.goto(f"{url}/products")
    page.get_by_label("Category").select_option("Kitchen")
    page.get_by_label("In stock only").check()
    page.wait_for_url(re.compile("stock=1"))
    dashboard.goto(f"{url}/products/dashboard?category=Kitchen")
    dashboard.get_by_text("7.50 to 69.00").wait_for()
    desk.goto(page.url)  # the address says what the list shows
    desk.get_by_role("link", name="Change price and stock of Teapot").click()
    desk.get_by_label("Price in EUR").fill("")
    desk.get_by_label("Price in EUR").press_sequentially("79.90", delay=KEY_MS)
    desk.wait_for_timeout(LOOK_MS)
    picture(desk, "products")
    desk.keyboard.press("Enter")
    page.get_by_text("79.90 EUR").wait_for()
    dashboard.get_by_text("7.50 to 79.90").wait_for()
    dashboard.goto(f"{url}/products/dashboard")
    dashboard.wait_for_timeout(LOOK_MS)
    picture(dashboard, "dashboard")


def import_products(page: Page, url: str) -> None:
    """A file says what it changes, is looked at first, and taken back."""
    desk = colleague(page, url, "marketing")
    desk.goto(f"{url}/products")
    desk.get_by_role("link", name="Import").click()
    desk.get_by_label("Or paste its rows").fill(ROWS)
    desk.wait_for_timeout(LOOK_MS)
    desk.get_by_role("button", name="Look at it first").click()
    desk.get_by_role("table", name="There already").wait_for()
    desk.wait_for_timeout(LOOK_MS)
    picture(desk, "import")
    desk.get_by_role("button", name="Import 4").click()
    desk.locator("#job", has_text="2 added").wait_for()
    desk.wait_for_timeout(LOOK_MS)
    desk.get_by_role("button", name="Undo").click()
    desk.locator("#job", has_text="4 undone").wait_for()
    desk.wait_for_timeout(LOOK_MS)


def look_after_the_site(page: Page, url: str) -> None:
    """What happened today, a list narrowed down and changed in place, and what was done to a row."""
    admin = colleague(page, url, "admin")
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


def colleague(page: Page, url: str, who: str) -> Page:
    """A browser of their own for one of the staff of the demo."""
    theirs = page.context.browser.new_page(viewport=SIZE)  # type: ignore[union-attr]
    sign_in(theirs, url, f"{who}@example.com", DEMO_PASSWORD)
    theirs.wait_for_url("**/chat")
    return theirs


def sign_in(page: Page, url: str, address: str, password: str) -> None:
    page.goto(f"{url}/sign-in")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password", exact=True).fill(password)
    page.keyboard.press("Enter")


def wait_for_end(page: Page) -> None:
    page.locator("article[aria-busy]").wait_for(state="detached", timeout=60_000)


def picture(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()

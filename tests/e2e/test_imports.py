"""Importing registrants in a real browser: preview, progress, result and undo, with script and without."""

import sqlite3
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenContext
from tests.e2e.server import Server
from tests.e2e.test_journeys import axe_finds_nothing
from tests.e2e.test_webinars import SMALL, sign_in

pytestmark = pytest.mark.e2e

ROWS = 600
PROBLEMS = "Nobody,not an address,\n,empty@example.com,\nTwice,p1@example.com,\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("imports")) as server:
        yield server


@pytest.fixture(autouse=True)
def nobody_is_registered(site: Server) -> None:
    with sqlite3.connect(site.folder / "e2e.db") as database:
        database.execute("DELETE FROM registration")
        database.execute("UPDATE webinar SET taken = 0, last_number = 0")


def upload(page: Page, site: Server, count: int) -> None:
    rows = "".join(f"P{n},p{n}@example.com,vip\n" for n in range(count))
    content = f"Name,E-mail,Group\n{rows}{PROBLEMS}".encode()
    page.goto(f"{site.url}/desk{SMALL}/registrations")
    page.get_by_role("link", name="Import").click()
    page.get_by_label("File").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": content})


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_from_a_file_to_its_undo(open_context: OpenContext, site: Server, script: bool) -> None:
    page = open_context(java_script_enabled=script, viewport={"width": 360, "height": 740}).new_page()
    sign_in(page, site, "marketing")
    upload(page, site, ROWS)
    if script:
        axe_finds_nothing(page)
        assert fits(page)
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_role("main")).to_contain_text("600 rows can be imported, 3 cannot")
    expect(page.get_by_role("row", name="603")).to_contain_text("Name is needed")
    if script:
        axe_finds_nothing(page)
        assert fits(page)
    page.get_by_label("They have agreed").check()
    page.get_by_role("button", name="Import 600").click()
    expect(page.locator("#job")).to_contain_text("2 registered · 598 waiting")
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "100")
    expect(page.locator("#job")).to_contain_text("What was not done (3)")
    if script:
        expect(page.locator("#said")).to_have_text("Done")
        axe_finds_nothing(page)
        assert fits(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#job")).to_contain_text("600 undone")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    page.get_by_role("link", name="Back to where").click()
    expect(page.get_by_role("heading", name="Nobody yet")).to_be_visible()


def test_another_tab_and_the_desk_see_it_grow(open_context: OpenContext, site: Server) -> None:
    context = open_context()
    page, desk = context.new_page(), context.new_page()
    sign_in(page, site, "marketing")
    desk.goto(f"{site.url}/desk{SMALL}/registrations")
    expect(desk.get_by_role("heading", name="Nobody yet")).to_be_visible()
    upload(page, site, 3_000)
    page.get_by_role("button", name="Look at it first").click()
    page.get_by_label("They have agreed").check()
    page.get_by_role("button", name="Import 3,000").click()
    expect(page.get_by_text("Under way")).to_be_visible()
    other = context.new_page()
    other.goto(page.url)
    for tab in (other, page):
        tab.bring_to_front()  # a tab that is hidden waits until it is seen again
        expect(tab.locator("#job")).to_contain_text("3,000 of 3,000", timeout=30_000)
        expect(tab.get_by_role("button", name="Undo")).to_be_visible()
    desk.bring_to_front()
    expect(desk.locator("#table")).to_contain_text("3000 in all")
    axe_finds_nothing(other)

"""The admin panel in a real browser: a row from making to end, two who save at once, seeing as somebody else."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenContext
from tests.e2e.server import Server
from tests.e2e.test_journeys import axe_finds_nothing
from tests.e2e.test_webinars import register, sign_in

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("admin")) as server:
        yield server


def looks_right(page: Page, *, script: bool) -> None:
    if script:
        axe_finds_nothing(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_first_page_and_the_filters_of_a_list(
    open_context: OpenContext, site: Server, theme: str, width: int
) -> None:
    page = open_context(color_scheme=theme, viewport={"width": width, "height": 800}).new_page()
    sign_in(page, site, "admin")
    page.goto(f"{site.url}/admin")
    expect(page.get_by_role("heading", name="The last two weeks")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("link", name="Audit log")).to_have_count(2)
    looks_right(page, script=True)
    page.goto(f"{site.url}/admin/registration")
    page.get_by_text("Filters", exact=True).click()
    filters = page.locator("details[open] > div").bounding_box()
    assert filters and filters["height"] < (150 if width == 1280 else 400), "nine of them, and the list below"
    looks_right(page, script=True)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_row_from_its_form_to_its_end(open_context: OpenContext, site: Server, script: bool) -> None:
    page = open_context(java_script_enabled=script, viewport={"width": 360, "height": 740}).new_page()
    sign_in(page, site, "marketing")
    page.goto(f"{site.url}/admin")
    looks_right(page, script=script)
    page.get_by_role("main").get_by_role("link", name="Products", exact=True).click()
    page.get_by_role("link", name="New product").click()
    looks_right(page, script=script)
    page.get_by_label("Name").fill("Admin lamp")
    page.get_by_label("Category").fill("Lighting")
    page.get_by_label("Price").fill("12.50")
    page.get_by_label("Stock").fill("-1")
    save(page)
    expect(page.get_by_text("a whole number from 0 to 999999999")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Admin lamp")
    page.get_by_label("Stock").fill("0")
    save(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("admin-lamp")
    expect(page.get_by_role("main")).to_contain_text("12.50 EUR")
    looks_right(page, script=script)
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Stock").fill("5")
    save(page)
    page.get_by_role("link", name="History").click()
    looks_right(page, script=script)
    page.get_by_role("button", name="Put back").first.click()
    expect(page.get_by_text("Product reverted")).to_be_visible()
    page.get_by_role("link", name="admin-lamp").click()
    page.get_by_role("link", name="Delete").click()
    looks_right(page, script=script)
    page.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile("deleted="))
    page.goto(f"{site.url}/admin/product?q=admin")
    expect(page.get_by_role("main")).to_contain_text("Nothing fits")


def test_two_save_the_same_row(open_context: OpenContext, site: Server) -> None:
    pages = [open_context().new_page() for _ in range(2)]
    for page in pages:
        sign_in(page, site, "marketing")
        page.goto(f"{site.url}/admin/product?q=lantern")
        page.get_by_role("link", name="Lantern", exact=True).click()
        page.get_by_role("link", name="Edit").click()
    first, second = pages
    first.get_by_label("Stock").fill("4")
    save(first)
    expect(first.get_by_role("heading", level=1)).to_contain_text("lantern")
    second.get_by_label("Stock").fill("9")
    second.get_by_label("Category").fill("Garden")
    with second.expect_response(lambda response: response.status == 409):
        save(second)
    expect(second.get_by_role("heading", level=1)).to_have_text("Somebody else was here before you")
    looks_right(second, script=True)
    second.get_by_label("Theirs: 4").check()
    second.get_by_role("button", name="Save what is chosen").click()
    main = second.get_by_role("main")
    expect(main).to_contain_text("Garden")
    expect(main.locator("dl")).to_contain_text("4")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_seeing_the_site_as_somebody_else(open_context: OpenContext, site: Server, script: bool) -> None:
    page = open_context(java_script_enabled=script).new_page()
    sign_in(page, site, "admin")
    page.goto(f"{site.url}/admin/user?q=sales")
    page.get_by_role("link", name="sales@example.com", exact=True).click()
    page.get_by_role("link", name="Its own page").click()
    page.get_by_role("button", name="See it as them").click()
    banner = page.get_by_label("Seen as somebody else")
    expect(banner).to_contain_text("Sam Sales")
    looks_right(page, script=script)
    banner.get_by_role("button", name="End").click()
    expect(banner).to_have_count(0)
    page.goto(f"{site.url}/admin/audit-entry?q=impersonation")
    expect(page.get_by_role("main")).to_contain_text("impersonation.ended")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_notes_on_the_page_of_their_registration(open_context: OpenContext, site: Server, script: bool) -> None:
    page = open_context(java_script_enabled=script, viewport={"width": 360, "height": 740}).new_page()
    who = "Ann" if script else "Ben"
    register(page, site, who)
    sign_in(page, site, "marketing")
    page.goto(f"{site.url}/admin/registration?q={who}")
    page.get_by_role("link", name=who, exact=True).click()
    at = page.url
    notes = page.get_by_role("region", name="Notes")
    for number, text in enumerate(("Calls back", "Wants a seat at the front"), 1):
        page.get_by_role("link", name="New note").click()
        expect(page.get_by_role("textbox", name="Text")).to_be_focused()
        looks_right(page, script=script)
        page.get_by_role("textbox", name="Text").fill(" ")
        save(page)
        expect(page.get_by_role("textbox", name="Text")).to_have_attribute("aria-invalid", "true")
        looks_right(page, script=script)
        page.get_by_role("textbox", name="Text").fill(text)
        save(page)
        expect(notes.get_by_role("heading")).to_have_text(f"Notes ({number})")
        if script:
            expect(notes).to_be_focused()
    looks_right(page, script=script)
    row = notes.get_by_role("row", name="Calls back")
    row.get_by_label("Change Text").click()
    page.get_by_role("textbox", name="Text").fill("Has called")
    looks_right(page, script=script)
    save(page)
    row = notes.get_by_role("row", name="Has called")
    row.get_by_label("Delete").click()
    expect(page.get_by_text("Nothing else goes with it.")).to_be_visible()
    looks_right(page, script=script)
    page.get_by_role("button", name="Delete").click()
    expect(notes.get_by_role("heading")).to_have_text("Notes (1)")
    expect(notes).not_to_contain_text("Has called")
    assert page.url.partition("?")[0] == at


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_registration_is_deleted_with_its_notes_and_back(
    open_context: OpenContext, site: Server, script: bool
) -> None:
    page = open_context(java_script_enabled=script, viewport={"width": 360, "height": 740}).new_page()
    who = "Cid" if script else "Dan"
    register(page, site, who)
    sign_in(page, site, "marketing")
    page.goto(f"{site.url}/admin/registration?q={who}")
    page.get_by_role("link", name=who, exact=True).click()
    at, notes, status = page.url, page.get_by_role("region", name="Notes"), page.locator("main .alert")
    for number, text in enumerate(("Calls back", "Wants a seat at the front"), 1):
        page.get_by_role("link", name="New note").click()
        page.get_by_role("textbox", name="Text").fill(text)
        save(page)
        expect(notes.get_by_role("heading")).to_have_text(f"Notes ({number})")
    notes.get_by_role("row", name="Calls back").get_by_label("Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(notes.get_by_role("heading")).to_have_text("Notes (1)")
    expect(notes.locator(".alert") if script else status).to_contain_text("Delete 1 note")
    looks_right(page, script=script)
    put_back(page)
    page.get_by_role("link", name="Back to where it was asked for").click()
    expect(notes.get_by_role("row", name="Calls back")).to_be_visible()
    page.get_by_role("link", name="Delete", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("2 notes")
    looks_right(page, script=script)
    page.get_by_role("button", name="Delete").click()
    expect(status).to_contain_text("Delete 1 registration")
    looks_right(page, script=script)
    put_back(page)
    page.goto(at)
    expect(notes.get_by_role("heading")).to_have_text("Notes (2)")
    expect(notes).to_contain_text("Wants a seat at the front")


def put_back(page: Page) -> None:
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Undone", exact=True)).to_be_visible()

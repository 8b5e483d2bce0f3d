"""Products in a real browser: filters to share, rows that change by themselves, two tabs in each other's way."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import OpenContext
from tests.e2e.server import Server
from tests.e2e.test_journeys import axe_finds_nothing
from tests.e2e.test_webinars import sign_in

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("products")) as server:
        yield server


@pytest.fixture(autouse=True)
def nothing_was_changed(site: Server) -> None:
    with closing(sqlite3.connect(site.folder / "e2e.db", timeout=10)) as database, database:
        database.execute(
            "UPDATE product SET price_minor = 3400, stock = 9, name = 'Teapot', deleted_at = NULL WHERE slug = 'teapot'"
        )


def row(page: Page, name: str):  # type: ignore[no-untyped-def]
    return page.locator("#products li").filter(has_text=name)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_filter_and_share_the_address(open_context: OpenContext, site: Server, script: bool) -> None:
    page = open_context(java_script_enabled=script, viewport={"width": 360, "height": 740}).new_page()
    page.goto(f"{site.url}/products")
    page.get_by_label("Category").select_option("Kitchen")
    page.get_by_label("Price from").fill("10")
    page.get_by_label("In stock only").check()
    page.get_by_label("Sorted by").select_option("price")
    if not script:
        page.get_by_role("button", name="Search").click()
    expect(page.locator("#products li")).to_have_count(5)
    expect(page.locator("#products li").first).to_contain_text("Stoneware mug")
    if script:
        axe_finds_nothing(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    shared = page.url
    assert "category=Kitchen" in shared and "from=10" in shared and "stock=1" in shared
    assert not script or shared == f"{site.url}/products?category=Kitchen&sort=price&from=10&stock=1", "no blanks"
    page.get_by_role("link", name="Teapot").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Teapot")
    page.go_back()
    expect(page.locator("#products li")).to_have_count(5)
    expect(page.get_by_label("Category")).to_have_value("Kitchen")
    other = open_context().new_page()
    other.goto(shared)
    expect(other.locator("#products li")).to_have_count(5)
    expect(other.get_by_label("Price from")).to_have_value("10")
    other.get_by_label("Price from").fill("ten")
    expect(other.get_by_role("alert")).to_contain_text("as 12.50")
    other.get_by_label("Price from").fill("")
    expect(other.locator("#products li")).to_have_count(7)


def test_a_row_changes_by_itself(open_context: OpenContext, site: Server) -> None:
    desk, visitor, reader = (open_context().new_page() for _ in range(3))
    visitor.goto(f"{site.url}/products?q=teapot")
    reader.goto(f"{site.url}/products/teapot")
    sign_in(desk, site, "marketing")
    desk.goto(f"{site.url}/products?category=Kitchen")
    desk.get_by_role("link", name="Change price and stock of Teapot").press("Enter")
    expect(desk.get_by_label("Price in EUR")).to_be_focused()
    axe_finds_nothing(desk)
    desk.get_by_label("Price in EUR").fill("thirty")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("alert")).to_contain_text("as 12.50")
    desk.get_by_label("Price in EUR").fill("35.50")
    desk.keyboard.press("Enter")
    for page in (desk, visitor):
        expect(row(page, "Teapot")).to_contain_text("35.50 EUR")
    expect(reader.locator("#facts")).to_contain_text("35.50 EUR")
    expect(desk.get_by_role("link", name="Change price and stock of Teapot")).to_be_focused()
    desk.get_by_role("button", name="Delete Teapot").click()
    expect(row(visitor, "Teapot")).to_contain_text("no longer here")
    expect(reader.locator("#facts")).to_contain_text("no longer here")
    expect(desk.get_by_role("button", name="Undo")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(row(visitor, "Teapot")).to_contain_text("35.50 EUR")
    assert visitor.evaluate("document.activeElement == document.body"), "who only looks is left alone"
    axe_finds_nothing(visitor)


def test_a_row_changes_by_itself_where_scripts_come_late(open_context: OpenContext, site: Server) -> None:
    """Each in its own time, as on a slow network."""
    page = open_context().new_page()

    def late(route: Route) -> None:
        page.wait_for_timeout(500)
        route.continue_()

    page.route("**/hx-sse.min.js*", late)
    with page.expect_request("**/products/stream?*"):
        page.goto(f"{site.url}/products?q=teapot")


def test_two_tabs_in_the_list_and_nothing_typed_is_lost(open_context: OpenContext, site: Server) -> None:
    context = open_context()
    here, there = context.new_page(), context.new_page()
    sign_in(here, site, "marketing")
    for page in (here, there):
        page.goto(f"{site.url}/products?q=teapot")
        page.get_by_role("link", name="Change price").click()
        page.get_by_label("Stock", exact=True).fill("1" if page is here else "2")
    here.get_by_role("button", name="Save", exact=True).click()
    expect(row(here, "Teapot")).to_contain_text("1 in stock")
    there.wait_for_timeout(1_500)
    expect(there.get_by_label("Stock", exact=True)).to_have_value("2")
    there.get_by_role("button", name="Save", exact=True).click()
    expect(there.get_by_role("group", name="Stock")).to_contain_text("Mine: 2")
    axe_finds_nothing(there)
    there.get_by_role("button", name="Keep mine").click()
    expect(there.locator("#facts")).to_contain_text("2 in stock")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_two_tabs_on_the_page(open_context: OpenContext, site: Server, script: bool) -> None:
    context = open_context(java_script_enabled=script, viewport={"width": 360, "height": 740})
    here, there = context.new_page(), context.new_page()
    sign_in(here, site, "marketing")
    for page in (here, there):
        page.goto(f"{site.url}/products/teapot/edit")
    here.get_by_label("Price").fill("40")
    here.get_by_role("button", name="Save", exact=True).click()
    there.get_by_label("Name").fill("Tea pot")
    there.get_by_role("button", name="Save", exact=True).click()
    expect(there.get_by_role("heading", level=1)).to_have_text("Somebody else was here before you")
    if script:
        axe_finds_nothing(there)
        assert there.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    expect(there.get_by_role("group", name="Price").get_by_label("Theirs")).to_be_checked()
    there.get_by_role("button", name="Save what is chosen").click()
    expect(there.get_by_role("heading", level=1)).to_have_text("Tea pot")
    expect(there.locator("#facts")).to_contain_text("40.00 EUR")


def test_make_a_product_with_a_preview(open_context: OpenContext, site: Server) -> None:
    page = open_context().new_page()
    sign_in(page, site, "marketing")
    page.goto(f"{site.url}/products")
    page.get_by_role("link", name="New product").click()
    page.get_by_label("Name").fill("Heron print")
    page.get_by_label("Price").fill("-3")
    page.get_by_label("Category").fill("Decor")
    page.get_by_label("Description").fill("A **heron**.")
    expect(page.locator("#preview strong")).to_have_text("heron")
    axe_finds_nothing(page)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#about-price")).to_contain_text("as 12.50")
    expect(page.get_by_label("Price")).to_have_value("-3")
    page.get_by_label("Price").fill("30")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Heron print")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status").filter(has_text="deleted")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Delete")).to_be_visible()


def test_the_dashboard_changes_by_itself(open_context: OpenContext, site: Server) -> None:
    context = open_context(viewport={"width": 360, "height": 740})
    page, other = context.new_page(), context.new_page()
    sign_in(page, site, "marketing")
    page.goto(f"{site.url}/products/dashboard")
    page.get_by_label("Category", exact=True).select_option("Kitchen")
    page.get_by_label("Price", exact=True).select_option("25 to 50")
    totals = page.locator("#totals dl")
    expect(totals).to_contain_text("Out of stock 0")
    assert "category=Kitchen" in page.url and "band=2" in page.url
    axe_finds_nothing(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    page.get_by_text("As a table").first.click()
    other.goto(f"{site.url}/products/teapot/quick")
    other.get_by_label("Stock", exact=True).fill("0")
    other.get_by_role("button", name="Save", exact=True).click()
    expect(totals).to_contain_text("Out of stock 1")
    expect(page.locator("#by-category-table tbody")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Products by category as CSV").click()
    assert download.value.path().read_text().startswith("Category,In stock,Out of stock")

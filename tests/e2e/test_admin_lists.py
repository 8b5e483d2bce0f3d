"""The admin panel's lists in a real browser: cells, acts on many with their undo, files out and in, views."""

import csv
import io
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from app.services import csv_file
from tests.e2e.conftest import OpenContext
from tests.e2e.server import Server
from tests.e2e.test_journeys import axe_finds_nothing
from tests.e2e.test_webinars import sign_in

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("lists")) as server:
        yield server


def stock(site: Server) -> dict[str, int]:
    with closing(sqlite3.connect(site.folder / "e2e.db", timeout=10)) as database:
        return dict(database.execute("SELECT name, stock FROM product"))


def looks_right(page: Page, *, script: bool) -> None:
    if script:
        axe_finds_nothing(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_cell_then_many_rows_and_back(open_context: OpenContext, site: Server, script: bool) -> None:
    page = open_context(java_script_enabled=script, viewport={"width": 360, "height": 740}).new_page()
    sign_in(page, site, "marketing")
    page.goto(f"{site.url}/admin/product?category=Kitchen")
    looks_right(page, script=script)
    before = stock(site)
    page.get_by_label("Change Stock of teapot").click()
    page.get_by_role("textbox", name="Stock").or_(page.get_by_role("spinbutton", name="Stock")).fill("11")
    looks_right(page, script=script)
    page.get_by_role("button", name="Save", exact=True).click()
    row = page.get_by_role("row", name="Teapot")
    expect(row).to_contain_text("11")
    assert stock(site)["Teapot"] == 11 and "category=Kitchen" in page.url
    row.get_by_role("checkbox").check()
    page.get_by_role("row", name="Stoneware mug").get_by_role("checkbox").check()
    page.get_by_label("What to do with those chosen").select_option("delete")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete 2 products")
    looks_right(page, script=script)
    page.get_by_role("button", name="Delete 2 products").click()
    expect(page.get_by_label("Done", exact=True)).to_be_visible()
    assert "Teapot" not in stock(site)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Undone", exact=True)).to_be_visible()
    assert stock(site) == {**before, "Teapot": 11}


def test_out_as_a_file_and_in_again(open_context: OpenContext, site: Server) -> None:
    page = open_context(viewport={"width": 360, "height": 740}).new_page()
    sign_in(page, site, "marketing")
    page.goto(f"{site.url}/admin/product?category=Kitchen")
    with page.expect_download() as download:
        page.get_by_label("Export as CSV").click()
    file = download.value.path().read_text()
    assert download.value.suggested_filename == "product.csv" and "Teapot" in file
    page.get_by_role("link", name="Import").click()
    looks_right(page, script=True)
    header, row, *_ = csv.reader(io.StringIO(file))
    rows = file + csv_file.line(["4711", *row[1:]])
    assert header[0] == "id"
    page.get_by_label("File").set_input_files({"name": "p.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_role("main")).to_contain_text("8 rows can be imported, 1 cannot")
    expect(page.get_by_role("table", name="What is wrong")).to_contain_text("There is no such row")
    looks_right(page, script=True)
    page.get_by_role("button", name="Import 8").click()
    expect(page.get_by_label("Done", exact=True)).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("8 unchanged")


def test_a_view_to_come_back_to(open_context: OpenContext, site: Server) -> None:
    page = open_context().new_page()
    sign_in(page, site, "marketing")
    page.goto(f"{site.url}/admin/product")
    page.get_by_text("Filters").click()
    page.get_by_label("Rows").select_option("25")
    expect(page).to_have_url(re.compile("size=25"))
    page.get_by_label("Category", exact=True).fill("Kitchen")
    expect(page.locator("#rows")).to_contain_text("8 products fit")
    page.get_by_text("Save this view").click()
    page.get_by_label("What to call it").fill("The kitchen")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="The kitchen")).to_be_visible()
    page.goto(f"{site.url}/admin/product")
    page.get_by_role("link", name="The kitchen").click()
    expect(page.get_by_label("Category", exact=True)).to_have_value("Kitchen")
    expect(page.get_by_label("Rows")).to_have_value("25")
    looks_right(page, script=True)
    page.get_by_role("button", name="Delete the view The kitchen").click()
    expect(page.get_by_role("link", name="The kitchen")).to_have_count(0)

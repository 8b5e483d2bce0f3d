"""Importing products and giving them pictures in a real browser, with script and without."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenContext
from tests.e2e.server import Server
from tests.e2e.test_imports import fits
from tests.e2e.test_journeys import axe_finds_nothing
from tests.e2e.test_pictures import SCRIPT, is_loaded, save
from tests.e2e.test_webinars import sign_in
from tests.pictures import file, halves

pytestmark = pytest.mark.e2e

ROWS = 60


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("product-desk")) as server:
        yield server


def open_page(open_context: OpenContext, site: Server, script: bool) -> Page:
    page = open_context(java_script_enabled=script, viewport={"width": 360, "height": 740}).new_page()
    sign_in(page, site, "marketing")
    return page


def choose(page: Page, content: bytes) -> None:
    page.locator("input[name=picture]").set_input_files({"name": "x.png", "mimeType": "image/png", "buffer": content})


def looks_right(page: Page, script: bool, name: str) -> None:
    if script:
        axe_finds_nothing(page)
        assert fits(page), "nothing sticks out"
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@SCRIPT
def test_an_import_from_a_file_to_its_undo(open_context: OpenContext, site: Server, script: bool) -> None:
    page = open_page(open_context, site, script)
    shop = page.context.new_page()
    shop.goto(f"{site.url}/products/teapot")
    page.goto(f"{site.url}/products")
    page.get_by_role("link", name="Import").click()
    name = "Bowl" if script else "Jug"  # what was deleted would come back
    rows = "".join(f"{name} {n},{n}.50,Bowls,3\n" for n in range(ROWS))
    content = f'Name,Price,Category,Stock\n{rows}Teapot,35,Kitchen,8\nCup,"1,50",Bowls,1\n'.encode()
    page.get_by_label("File").set_input_files({"name": "bowls.csv", "mimeType": "text/csv", "buffer": content})
    looks_right(page, script, "import")
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_role("main")).to_contain_text("61 rows can be imported, 1 cannot")
    expect(page.get_by_role("row", name="Write the price as 12.50")).to_contain_text("63")
    expect(page.get_by_role("table", name="There already")).to_contain_text("34.00 → 35.00")
    looks_right(page, script, "import-preview")
    page.get_by_role("button", name="Import 61").click()
    expect(page.locator("#job")).to_contain_text("60 added · 1 merged")
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "100")
    looks_right(page, script, "import-job")
    if script:
        expect(shop.locator("#facts")).to_contain_text("35.00 EUR")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#job")).to_contain_text("61 undone")
    page.get_by_role("link", name="Back to where").click()
    expect(page.locator("#count")).to_be_visible()
    assert "Bowls" not in page.get_by_label("Category").inner_text()
    if script:
        expect(shop.locator("#facts")).to_contain_text("34.00 EUR")


@SCRIPT
def test_a_picture_from_the_form_to_the_list(open_context: OpenContext, site: Server, script: bool) -> None:
    page = open_page(open_context, site, script)
    shop = page.context.new_page()
    shop.goto(f"{site.url}/products/teapot")
    page.goto(f"{site.url}/products/teapot/edit")
    choose(page, file(halves(900, 700)))
    page.get_by_label("What does it show?").fill("A teapot")
    if script:
        page.get_by_label("Stock").fill("11")
    save(page)
    is_loaded(page, "A teapot")
    if script:
        expect(page.locator("#flash")).to_contain_text("The picture is saved.")
        is_loaded(shop, "A teapot")
    looks_right(page, script, "picture-form")
    choose(page, b"I am a teapot.")
    save(page)
    expect(page.locator("body")).to_contain_text("This is no picture that we can read.")
    if script:
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator("#facts")).to_contain_text("11 in stock")
    page.goto(f"{site.url}/products/teapot")
    is_loaded(page, "A teapot")
    looks_right(page, script, "picture-page")
    page.goto(f"{site.url}/products?q=teapot")
    expect(page.locator("#products img")).to_have_count(1)
    expect(page.locator("#products img")).not_to_have_js_property("naturalWidth", 0)
    looks_right(page, script, "picture-list")
    page.goto(f"{site.url}/products/teapot/edit")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove the picture").click()
    expect(page.locator("#product-picture")).to_contain_text("None yet.")

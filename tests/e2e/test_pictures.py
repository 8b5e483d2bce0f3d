"""Pictures in a real browser: put, shown, refused and removed, with script and without."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.e2e.conftest import OpenContext
from tests.e2e.server import Server
from tests.e2e.test_journeys import axe_finds_nothing
from tests.e2e.test_webinars import register, sign_in
from tests.pictures import BLUE, file, halves, image

pytestmark = pytest.mark.e2e

WEBINAR = "/webinars/a-feature-in-an-hour"
SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
WIDTH = "document.documentElement.scrollWidth <= innerWidth"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("pictures")) as server:
        yield server


def open_page(open_context: OpenContext, site: Server, script: bool) -> Page:
    page = open_context(java_script_enabled=script, viewport={"width": 360, "height": 740}).new_page()
    sign_in(page, site, "marketing")
    return page


def choose(page: Page, content: bytes, name: str = "heron.png") -> None:
    page.get_by_label("picture", exact=False).set_input_files(
        FilePayload(name=name, mimeType="image/png", buffer=content)
    )


def save(page: Page) -> None:
    page.get_by_role("button", name="Save the picture").click()


def is_loaded(page: Page, name: str) -> None:
    """It is shown, and not the sign of a picture that is missing."""
    shown = page.get_by_role("img", name=name)
    shown.scroll_into_view_if_needed()
    expect(shown).to_be_visible()
    expect(shown).not_to_have_js_property("naturalWidth", 0)


@SCRIPT
def test_a_cover_from_the_edit_page_to_the_public_one(open_context: OpenContext, site: Server, script: bool) -> None:
    page = open_page(open_context, site, script)
    page.goto(f"{site.url}/desk{WEBINAR}/edit")
    if script:
        page.get_by_label("Title").fill("Typed and not saved")
    choose(page, file(halves(1600, 900)))
    page.get_by_label("What does it show?").fill("Red and blue")
    save(page)
    is_loaded(page, "Red and blue")
    if script:
        expect(page.get_by_label("Title")).to_have_value("Typed and not saved")
        expect(page.locator("#flash")).to_contain_text("The cover is saved.")
        axe_finds_nothing(page)
        assert page.evaluate(WIDTH), "nothing sticks out"
    choose(page, b"I am a heron.")
    save(page)
    expect(page.locator("body")).to_contain_text("This is no picture that we can read.")
    for path in (WEBINAR, "/webinars"):
        page.goto(site.url + path)
        is_loaded(page, "Red and blue")
        if script:
            axe_finds_nothing(page)
            assert page.evaluate(WIDTH), "nothing sticks out"
    page.goto(f"{site.url}/desk{WEBINAR}/edit")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove the picture").click()
    expect(page.locator("#cover")).to_contain_text("None yet.")


@SCRIPT
def test_a_photo_of_a_registrant(open_context: OpenContext, site: Server, script: bool) -> None:
    page = open_page(open_context, site, script)
    name = "Ann" if script else "Ben"
    register(page, site, name)
    with sqlite3.connect(site.folder / "e2e.db") as database:
        [(id,)] = database.execute("SELECT id FROM registration WHERE name = ?", (name,)).fetchall()
    page.goto(f"{site.url}/desk{WEBINAR}/registrations/{id}")
    expect(page.locator("#photo .avatar")).to_have_text(name[0])
    if script:
        axe_finds_nothing(page)
    choose(page, file(halves()))
    save(page)
    is_loaded(page, f"Photo of {name}")
    if script:
        axe_finds_nothing(page)
    before = page.get_by_role("img", name=f"Photo of {name}").get_attribute("src")
    choose(page, file(image(colour=BLUE), "JPEG"), "heron.jpg")
    save(page)
    expect(page.get_by_role("img", name=f"Photo of {name}")).not_to_have_attribute("src", before or "")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove the picture").click()
    expect(page.locator("#photo .avatar")).to_have_text(name[0])


@SCRIPT
def test_a_file_that_is_far_too_large_is_told_so(
    open_context: OpenContext, site: Server, tmp_path: Path, script: bool
) -> None:
    page = open_page(open_context, site, script)
    page.goto(f"{site.url}/desk{WEBINAR}/edit")
    (large := tmp_path / "large.png").write_bytes(b"\xff" * 25_000_000)
    page.get_by_label("picture", exact=False).set_input_files(large)  # by its path: much is slow to hand over
    save(page)
    expect(page.locator("body")).to_contain_text("At most 10 MiB can be sent at a time.")

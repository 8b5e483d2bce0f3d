"""Charts in a real browser: they fit a phone, change by themselves, and are there without script."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenContext
from tests.e2e.server import Server
from tests.e2e.test_journeys import axe_finds_nothing
from tests.e2e.test_webinars import SMALL, register, sign_in

pytestmark = pytest.mark.e2e

SOURCES = ("newsletter / email / november", "a partner whose name is far too long for the screen of any phone", "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("numbers")) as server:
        fill(server)
        yield server


def fill(site: Server) -> None:
    """Sixty registrations for a webinar that is over, over forty days."""
    with sqlite3.connect(site.folder / "e2e.db") as database:
        [webinar] = database.execute("SELECT id FROM webinar WHERE slug = 'hello-fastopp'").fetchone()
        fields = (
            "id, webinar_id, number, name, email, answers, status, source, consent, consented_at, sequence, created_at"
        )
        fields += ", updated_at, attended_at, cancelled_at"
        for n in range(60):
            at = f"{datetime.now(UTC) - timedelta(days=7 + n * 2 // 3):%Y-%m-%d %H:%M:%S.%f}"
            status, came, left = ("cancelled", None, at) if n % 5 == 0 else ("registered", at if n % 2 else None, None)
            row = (
                uuid4().hex,
                webinar,
                n,
                f"P{n}",
                f"p{n}@example.com",
                "{}",
                status,
                SOURCES[n % 3],
                "yes",
                at,
                0,
                at,
            )
            marks = ", ".join("?" * 15)
            database.execute(f"INSERT INTO registration ({fields}) VALUES ({marks})", (*row, at, came, left))


def texts_overlap(page: Page) -> list[str]:
    """Labels of drawings that cover each other or stick out of the page."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('figure svg')].flatMap(svg => {
             const boxes = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()])
               .filter(([, box]) => box.width)
             return boxes.flatMap(([text, a], n) => [
               ...(a.left < 0 || a.right > innerWidth ? [text] : []),
               ...boxes.slice(n + 1).filter(([, b]) =>
                 a.left < b.right && b.left < a.right && a.top < b.bottom - 3 && b.top < a.bottom - 3
               ).map(([b]) => `${text}/${b}`)
             ])
           })"""
    )
    return found


@pytest.mark.parametrize("width", [360, 1024, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_can_be_read(open_context: OpenContext, site: Server, width: int, scheme: str) -> None:
    page = open_context(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()
    sign_in(page, site, "marketing")
    for path in ("/desk/webinars/hello-fastopp/numbers", "/desk/numbers"):
        page.goto(site.url + path)
        page.get_by_text("As a table").last.click()
        expect(page.get_by_role("table").last).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
        assert texts_overlap(page) == []
        sizes = page.locator("figure svg text").evaluate_all("all => all.map(t => t.getBoundingClientRect().height)")
        assert all(size == 0 or size >= 11 for size in sizes), "text keeps its size"
        axe_finds_nothing(page)


def test_numbers_change_by_themselves_and_an_open_table_stays_open(open_context: OpenContext, site: Server) -> None:
    page, visitor = open_context().new_page(), open_context().new_page()
    sign_in(page, site, "marketing")
    page.goto(f"{site.url}/desk{SMALL}/numbers")
    expect(page.locator("#by-time-drawing")).to_have_text("Nothing to show yet.")
    page.get_by_text("As a table: Registrations by source").click()
    register(visitor, site, "Ann")
    expect(page.locator("#totals")).to_contain_text("Registrations1")
    expect(page.locator("#by-time-drawing svg[role=img] rect")).to_have_count(1)
    expect(page.get_by_role("row", name="(none)")).to_be_visible()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_one_source_alone(open_context: OpenContext, site: Server, script: bool) -> None:
    page = open_context(java_script_enabled=script).new_page()
    sign_in(page, site, "marketing")
    page.goto(f"{site.url}/desk/webinars/hello-fastopp/numbers")
    expect(page.locator("#totals")).to_contain_text("Registrations60")
    page.get_by_label("Source", exact=True).select_option(SOURCES[0])
    if not script:
        page.get_by_role("button", name="Show").click()
    expect(page.locator("#totals")).to_contain_text("Registrations20")
    expect(page.locator("#by-source-drawing .truncate")).to_have_count(1)
    page.wait_for_url("**/numbers?*source=newsletter*")
    page.reload()
    expect(page.locator("#totals")).to_contain_text("Registrations20")
    with page.expect_download() as file:
        page.get_by_role("link", name="Registrations by source as CSV").click()
    assert SOURCES[0] in file.value.path().read_text()

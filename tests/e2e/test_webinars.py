"""Webinars in a real browser: registering and cancelling, with script and without; pages that change by themselves."""

import re
import sqlite3
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from app.services.demo_service import PASSWORD
from tests.e2e.conftest import OpenContext
from tests.e2e.server import Server
from tests.e2e.test_journeys import axe_finds_nothing
from tests.smtp_server import SmtpServer, running_smtp

pytestmark = pytest.mark.e2e

SMALL = "/webinars/a-feature-in-an-hour"  # the demo's webinar with two seats


@pytest.fixture(scope="module")
def smtp() -> Iterator[SmtpServer]:
    with running_smtp() as server:
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, smtp: SmtpServer) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("webinars"), SMTP_URL=smtp.url) as server:
        yield server


@pytest.fixture(autouse=True)
def nobody_is_registered(site: Server, smtp: SmtpServer) -> None:
    smtp.mails.clear()
    with sqlite3.connect(site.folder / "e2e.db") as database:
        database.execute("DELETE FROM registration")
        database.execute("UPDATE webinar SET taken = 0, last_number = 0")


def register(page: Page, site: Server, name: str, called: str = "") -> None:
    page.goto(site.url + SMALL)
    page.get_by_label("Your name").fill(called or name)
    page.get_by_label("E-mail address").fill(f"{name.lower()}@example.com")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Register").click()


def link(smtp: SmtpServer, name: str, subject: str) -> str:
    """The link of the newest mail to this person with these words in its subject, once it has come."""
    deadline = time.monotonic() + 10
    while not (found := [mail for mail in smtp.to(f"{name.lower()}@example.com") if subject in mail["Subject"]]):
        assert time.monotonic() < deadline, f"no mail to {name} about {subject!r}"
        time.sleep(0.05)
    body = found[-1].get_body(("plain",))
    assert body
    match = re.search(r"https?://\S+/registrations/\S+", body.get_content())
    assert match
    return match[0]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_from_registration_to_the_next_in_the_queue(
    open_context: OpenContext, site: Server, smtp: SmtpServer, script: bool
) -> None:
    page = open_context(java_script_enabled=script, viewport={"width": 360, "height": 740}).new_page()
    for name in ("Ann", "Ben"):
        register(page, site, name)
        expect(page.get_by_role("heading", level=1)).to_have_text("You have a seat")
    register(page, site, "Cid", "W" * 100)
    expect(page.get_by_role("main")).to_contain_text("You are number 1 on the list")
    if script:
        axe_finds_nothing(page)
    page.goto(link(smtp, "Ann", "You have a seat"))
    page.get_by_role("button", name="This is my address").click()
    expect(page.get_by_alt_text("Your code for the entrance")).to_be_visible()
    if script:
        axe_finds_nothing(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    expect(page.get_by_role("button", name="Cancel my registration")).to_be_hidden()
    page.get_by_text("I cannot come").click()
    expect(page.get_by_role("main")).to_contain_text("Your seat goes to whoever waits first")
    page.get_by_role("button", name="Cancel my registration").click()
    expect(page.get_by_role("main")).to_contain_text("cancelled")
    page.goto(link(smtp, "Cid", "You have a seat now"))
    expect(page.get_by_role("main")).to_contain_text("you have a seat")
    if script:
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "a name that is one long word"


def test_the_seat_counter_changes_by_itself(open_context: OpenContext, site: Server) -> None:
    watching, other = open_context().new_page(), open_context().new_page()
    watching.goto(site.url + SMALL)
    expect(watching.locator("#seats")).to_have_text("2 of 2 seats free")
    register(other, site, "Ann")
    expect(watching.locator("#seats")).to_have_text("1 of 2 seats free")
    register(other, site, "Ben")
    expect(watching.locator("#seats")).to_contain_text("the waiting list is open")
    axe_finds_nothing(watching)


def sign_in(page: Page, site: Server, who: str) -> None:
    page.goto(f"{site.url}/sign-in")
    page.get_by_label("E-mail address").fill(f"{who}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/chat")


def test_two_desks_see_each_others_changes(open_context: OpenContext, site: Server) -> None:
    here, there, visitor = (open_context().new_page() for _ in range(3))
    for page in (here, there):
        sign_in(page, site, "marketing")
        page.goto(f"{site.url}/desk{SMALL}/registrations")
        expect(page.get_by_role("heading", name="Nobody yet")).to_be_visible()
    register(visitor, site, "Ann")
    for page in (here, there):
        expect(page.get_by_role("cell", name="Ann", exact=True)).to_be_visible()
    axe_finds_nothing(here)
    there.get_by_role("searchbox").focus()
    here.get_by_role("button", name="Came: Ann").click()
    expect(there.get_by_role("row", name="Ann")).to_contain_text("came")
    here.get_by_label("Sales rep of Ann").select_option("Sam Sales")
    expect(there.get_by_label("Sales rep of Ann")).to_have_value(here.get_by_label("Sales rep of Ann").input_value())
    cancel = here.get_by_role("button", name="Cancel: Ann")
    with here.expect_event("dialog") as asked:
        here.once("dialog", lambda dialog: dialog.dismiss())
        cancel.press("Enter")
    expect(cancel).to_be_focused()
    assert "told by mail" in asked.value.message, "and nothing is done when that is not wanted"
    here.once("dialog", lambda dialog: dialog.accept())
    cancel.press("Enter")
    expect(there.get_by_role("row", name="Ann")).to_contain_text("cancelled")
    expect(here.get_by_role("button", name="Take back in: Ann")).to_be_focused()
    here.keyboard.press("Enter")
    expect(cancel).to_be_focused()
    expect(there.get_by_role("searchbox")).to_be_focused()
    axe_finds_nothing(here)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_what_is_known_of_one_registrant(open_context: OpenContext, site: Server, script: bool) -> None:
    page = open_context(java_script_enabled=script, viewport={"width": 360, "height": 740}).new_page()
    register(page, site, "Nora")
    sign_in(page, site, "marketing")
    page.goto(f"{site.url}/desk{SMALL}/registrations")
    if script:
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    else:
        nora = page.get_by_role("row", name="Nora")
        nora.get_by_label("Sales rep").select_option("Sam Sales")
        nora.get_by_role("button", name="Set").last.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Nora")
        page.goto(f"{site.url}/desk{SMALL}/registrations")
    page.get_by_role("link", name="Nora").click()
    page.get_by_label("Group").fill("Press")
    page.get_by_label("Group").press("Enter")
    expect(page.get_by_label("Group")).to_have_value("Press")
    page.get_by_label("Your note").fill("Wants to know more.")
    page.get_by_role("button", name="Add the note").click()
    expect(page.get_by_role("region", name="Notes").get_by_role("listitem")).to_contain_text("Wants to know more.")
    if script:
        axe_finds_nothing(page)
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("region", name="Notes")).to_contain_text("Nobody has noted anything yet")


def test_make_a_webinar_with_a_preview(open_context: OpenContext, site: Server) -> None:
    page = open_context().new_page()
    sign_in(page, site, "marketing")
    page.goto(f"{site.url}/webinars")
    page.get_by_role("link", name="New webinar").click()
    page.get_by_label("Title").fill("Herons")
    page.get_by_label("Starts").fill("2035-05-01T18:00")
    page.get_by_label("Ends", exact=True).fill("2035-05-01T17:00")
    page.get_by_label("Description").fill("About **herons**.")
    expect(page.locator("#preview strong")).to_have_text("herons")
    axe_finds_nothing(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("main")).to_contain_text("The end must be later than the start.")
    expect(page.get_by_label("Title")).to_have_value("Herons")
    page.get_by_label("Ends", exact=True).fill("2035-05-01T19:00")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("#seats")).to_have_text("100 of 100 seats free")


def put(site: Server, name: str, status: str, group: str = "") -> None:
    """Somebody at the small webinar."""
    with sqlite3.connect(site.folder / "e2e.db") as database:
        [webinar], [number] = (
            database.execute("SELECT id FROM webinar WHERE slug = ?", (SMALL.removeprefix("/webinars/"),)).fetchone(),
            database.execute("SELECT count(*) + 1 FROM registration").fetchone(),
        )
        columns = "id, webinar_id, number, name, email, answers, status, source, consent, sequence, consented_at"
        values = (uuid4().hex, webinar, number, name, f"{name.lower()}@example.com", "{}", status, "", "yes", 0)
        database.execute(
            f'INSERT INTO registration ({columns}, created_at, updated_at, "group") '
            f"VALUES ({', '.join('?' * 10)}, '2030-01-01', '2030-01-01', '2030-01-01', ?)",
            (*values, group),
        )


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_filters_of_the_desk(open_context: OpenContext, site: Server, script: bool) -> None:
    for name, status, group in (("Ann", "registered", "press"), ("Ben", "waiting", "press"), ("Cid", "waiting", "")):
        put(site, name, status, group)
    page = open_context(java_script_enabled=script, viewport={"width": 360, "height": 740}).new_page()
    if script:
        sign_in(page, site, "marketing")
    else:
        page.goto(f"{site.url}/sign-in")
        page.get_by_label("E-mail address").fill("marketing@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page).not_to_have_url(re.compile("/sign-in"))
    page.goto(f"{site.url}/desk{SMALL}/registrations")
    rows = page.locator("#table tbody tr")
    expect(rows).to_have_count(3)
    page.get_by_label("Status", exact=True).select_option("waiting")
    page.get_by_label("Group", exact=True).select_option("press")
    if not script:
        page.get_by_role("button", name="Show").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Ben")
    assert "status=waiting" in page.url and "group=press" in page.url
    page.get_by_role("link", name="Name", exact=True).click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Name")
    expect(page.get_by_label("Status", exact=True)).to_have_value("waiting")
    page.get_by_role("searchbox", name="Search").fill("nobody")
    page.get_by_role("searchbox", name="Search").press("Enter")
    expect(page.get_by_role("heading", name="Nobody fits")).to_be_visible()
    assert "sort=name" in page.url, "the form keeps the order"
    if script:
        expect(page.get_by_role("status").filter(has_text="0 in all")).to_have_count(1)
        axe_finds_nothing(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    page.get_by_role("link", name="all of them").click()
    expect(rows).to_have_count(3)


def test_the_stream_follows_the_filter(open_context: OpenContext, site: Server) -> None:
    """What happens afterwards arrives in the view that is shown, and not in that of before."""
    put(site, "Cid", "cancelled")
    desk, visitor = (open_context().new_page() for _ in range(2))
    sign_in(desk, site, "marketing")
    streams: list[str] = []
    desk.on("request", lambda request: streams.append(request.url) if "/stream" in request.url else None)
    desk.goto(f"{site.url}/desk{SMALL}/registrations")
    expect(desk.locator("#table tbody tr")).to_have_count(1)
    desk.get_by_role("searchbox", name="Search").fill("ann")
    expect(desk.get_by_role("heading", name="Nobody fits")).to_be_visible()
    register(visitor, site, "Ben")
    expect(desk.locator("#table")).to_contain_text("1 registered")
    expect(desk.get_by_role("heading", name="Nobody fits")).to_be_visible()
    register(visitor, site, "Ann")
    expect(desk.get_by_role("cell", name="Ann", exact=True)).to_be_visible()
    expect(desk.locator("#table tbody tr")).to_have_count(1)
    assert [url.partition("/stream")[2] for url in streams] == ["", "?q=ann"]
    axe_finds_nothing(desk)

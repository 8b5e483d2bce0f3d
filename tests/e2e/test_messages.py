"""Messages of webinars in a real browser: their words with a preview, and a follow-up whose draft streams in."""

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from email.message import EmailMessage
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenContext, with_model
from tests.e2e.server import Server
from tests.e2e.test_journeys import axe_finds_nothing
from tests.e2e.test_webinars import sign_in
from tests.model_server import ModelServer
from tests.smtp_server import SmtpServer, running_smtp

pytestmark = pytest.mark.e2e

SLUG = "hello-fastopp"  # the demo's webinar of last week
ANSWERS = {"What would you like to build?": "A site for our heron watchers"}
MUCH = {"What would you like to build?": "herons and otters " * 150}  # the draft quotes it, and so takes long
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def smtp() -> Iterator[SmtpServer]:
    with running_smtp() as server:
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, smtp: SmtpServer) -> Iterator[Server]:
    settings = {"SMTP_URL": smtp.url, "OFFLINE_TOKENS_PER_SECOND": "25"}
    with Server(tmp_path_factory.mktemp("messages"), **settings) as server:
        yield server


@pytest.fixture(scope="module")
def site_with_model(
    tmp_path_factory: pytest.TempPathFactory, smtp: SmtpServer, model_server: ModelServer
) -> Iterator[Server]:
    model = {**with_model(model_server), "OPENAI_MODEL": "paced-100"}
    with Server(tmp_path_factory.mktemp("modelled"), SMTP_URL=smtp.url, **model) as server:
        yield server


def add_ann(site: Server, answers: dict[str, str] = ANSWERS) -> str:
    """Somebody who came; return the path of the follow-up to her."""
    id, email = uuid4(), f"{uuid4().hex}@example.com"
    with sqlite3.connect(site.folder / "e2e.db") as database:
        [webinar_id] = database.execute("SELECT id FROM webinar WHERE slug = ?", (SLUG,)).fetchone()
        columns = "id webinar_id number name email answers status source consent consented_at confirmed_at attended_at"
        moment = "2026-01-01 12:00:00.000000"
        values = [id.hex, webinar_id, 1, "Ann", email, json.dumps(answers), "registered", "", "yes", *[moment] * 3]
        more = {"group": "", "sequence": 0, "created_at": moment, "updated_at": moment}
        names = ", ".join(f'"{name}"' for name in [*columns.split(), *more])
        marks = ", ".join("?" * (len(values) + len(more)))
        database.execute(f"INSERT INTO registration ({names}) VALUES ({marks})", [*values, *more.values()])
    return f"{site.url}/desk/webinars/{SLUG}/registrations/{id}/follow-up"


def nothing_sticks_out(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"


def test_the_words_of_a_message_with_a_live_preview(open_context: OpenContext, site: Server, smtp: SmtpServer) -> None:
    page = open_context(viewport=PHONE).new_page()
    sign_in(page, site, "marketing")
    page.goto(f"{site.url}/webinars/{SLUG}")
    page.get_by_role("link", name="Messages").click()
    expect(page.get_by_role("link", name=re.compile(r"1 day before the start"))).to_be_visible()
    axe_finds_nothing(page)
    nothing_sticks_out(page)
    page.get_by_role("link", name="New message").click()
    preview = page.locator("#preview")
    page.get_by_label("Subject").fill("Slides of {title}")
    expect(preview).to_contain_text("Slides of Hello, FastOpp")
    page.get_by_label("Text, in Markdown").fill("Hello **{name}**, {nmae}")
    expect(preview.locator(".answer-prose strong")).to_have_text(re.compile("Alex Sample|Ann"))
    expect(preview).to_contain_text("Not a placeholder: {nmae}")
    axe_finds_nothing(page)
    nothing_sticks_out(page)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#about-text")).to_contain_text("{nmae} is not a placeholder. There are {name}, {title}")
    expect(page.get_by_label("Subject")).to_have_value("Slides of {title}")
    axe_finds_nothing(page)
    page.get_by_label("Text, in Markdown").fill("Hello **{name}**")
    page.get_by_role("button", name="Send me a test").click()
    expect(page.get_by_role("status").first).to_contain_text("A test is on its way to marketing@example.com")
    wait_for_mail(smtp, "marketing@example.com", "Slides of Hello, FastOpp")
    page.get_by_label("Before or after").select_option("after the end")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name=re.compile(r"Slides of \{title\}")).click()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete this message").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Messages")
    expect(page.get_by_role("link", name=re.compile("Slides"))).to_have_count(0)


def test_the_words_of_a_message_without_script(open_context: OpenContext, site: Server) -> None:
    page = open_context(java_script_enabled=False).new_page()
    sign_in(page, site, "marketing")
    page.goto(f"{site.url}/desk/webinars/{SLUG}/messages/0")
    page.get_by_label("Subject").fill("Slides of {title}")
    page.get_by_label("Text, in Markdown").fill("Hello {name}")
    page.get_by_label("How long").fill("3")
    page.get_by_label("Send it when its time comes").uncheck()
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("Slides of Hello, FastOpp")
    expect(page.get_by_label("How long")).to_have_value("3")
    expect(page.get_by_label("Send it when its time comes")).not_to_be_checked()


def wait_for_mail(smtp: SmtpServer, recipient: str, subject: str = "") -> list[EmailMessage]:
    """What came to this address, once a mail about that is among it."""
    deadline = time.monotonic() + 10
    while not (found := [mail for mail in smtp.to(recipient) if subject in mail["Subject"]]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@pytest.mark.parametrize("which", ["site", "site_with_model"])
def test_a_draft_streams_into_the_form_and_a_person_sends_it(
    open_context: OpenContext, request: pytest.FixtureRequest, smtp: SmtpServer, which: str
) -> None:
    site: Server = request.getfixturevalue(which)
    path = add_ann(site)
    page = open_context(viewport=PHONE).new_page()
    sign_in(page, site, "marketing")
    page.goto(path)
    expect(page.get_by_role("main")).to_contain_text("A site for our heron watchers")
    axe_finds_nothing(page)
    page.get_by_role("button", name="Draft", exact=True).click()
    text = page.get_by_label("Text")
    lengths = growth(page)
    assert len(lengths) > 3 and lengths == sorted(lengths), "it grows a few words at a time"
    expect(text).to_be_editable()
    axe_finds_nothing(page)
    nothing_sticks_out(page)
    drafted = text.input_value()
    assert len(drafted) >= 0.9 * lengths[-1] and ("heron watchers" in drafted or which == "site_with_model")
    page.reload()
    expect(text).to_have_value(drafted)
    other = page.context.new_page()
    other.goto(path)
    with page.expect_response(lambda response: response.url == path and response.request.method == "POST"):
        text.fill("Dear Ann,\n\nI read <b>all</b> of it.")
    page.reload()
    expect(text).to_have_value("Dear Ann,\n\nI read <b>all</b> of it.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("Sent by Mia Marketing")
    axe_finds_nothing(page)
    other.get_by_role("button", name="Send", exact=True).click()
    expect(other.get_by_role("main")).to_contain_text("It was sent already")
    [mail] = wait_for_mail(smtp, mail_of(site, path))
    body = mail.get_body(("html",))
    assert body and "I read &lt;b&gt;all&lt;/b&gt; of it." in body.get_content()


def growth(page: Page) -> list[int]:
    """How long the text was, each time that it had changed, while it could not be edited."""
    expect(page.locator("textarea[readonly]")).to_be_visible()
    lengths: list[int] = []
    while page.locator("textarea[readonly]").count():
        length = page.evaluate("document.querySelector('#text').value.length")
        if not lengths or length != lengths[-1]:
            lengths.append(length)
        time.sleep(0.02)
    return lengths[:-1]


def mail_of(site: Server, path: str) -> str:
    with sqlite3.connect(site.folder / "e2e.db") as database:
        id = path.split("/")[-2].replace("-", "")
        [email] = database.execute("SELECT email FROM registration WHERE id = ?", (id,)).fetchone()
    return str(email)


def test_a_draft_is_stopped_from_another_tab(open_context: OpenContext, site: Server) -> None:
    path = add_ann(site, MUCH)
    page = open_context(viewport=PHONE).new_page()
    sign_in(page, site, "marketing")
    page.goto(path)
    page.get_by_role("button", name="Draft", exact=True).click()
    expect(page.locator("textarea[readonly]")).to_have_value(re.compile("Hello Ann,"))
    axe_finds_nothing(page)
    nothing_sticks_out(page)
    other = page.context.new_page()
    other.goto(path)
    other.get_by_role("button", name="Stop").click()
    for tab in (other, page):
        expect(tab.get_by_label("Text")).to_be_editable()
        expect(tab.get_by_role("alert")).to_have_count(0)
    kept = page.get_by_label("Text").input_value()
    assert kept.startswith("Hello Ann,") and not kept.endswith("just answer this mail.")
    assert other.get_by_label("Text").input_value() == kept
    axe_finds_nothing(page)


def test_a_draft_is_stopped_without_script(open_context: OpenContext, site: Server) -> None:
    page = open_context(java_script_enabled=False).new_page()
    sign_in(page, site, "marketing")
    page.goto(add_ann(site, MUCH))
    page.get_by_role("button", name="Draft", exact=True).click(no_wait_after=True)
    expect(page.frame_locator("iframe").locator("main")).to_contain_text("Hello Ann,")
    expect(page.get_by_label("Text")).to_be_hidden()
    page.get_by_role("button", name="Stop").click(no_wait_after=True)
    expect(page.get_by_label("Text")).to_have_value(re.compile("^Hello Ann,"))
    assert not page.get_by_label("Text").input_value().endswith("just answer this mail.")


def test_a_draft_without_script_is_one_link_away(open_context: OpenContext, site: Server) -> None:
    path = add_ann(site)
    page = open_context(java_script_enabled=False).new_page()
    sign_in(page, site, "marketing")
    page.goto(path)
    page.get_by_role("button", name="Draft", exact=True).click(no_wait_after=True)
    page.frame_locator("iframe").get_by_role("link", name="change it and send it").click()
    expect(page.get_by_label("Text")).to_have_value(re.compile("heron watchers"))
    page.get_by_label("Text").fill("Dear Ann")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_label("Text")).to_have_value("Dear Ann")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("Sent by Mia Marketing")


def test_a_reload_in_the_middle_of_a_draft(open_context: OpenContext, site: Server) -> None:
    page = open_context().new_page()
    sign_in(page, site, "marketing")
    page.goto(add_ann(site))
    page.get_by_role("button", name="Draft", exact=True).click()
    expect(page.locator("textarea[readonly]")).to_have_value(re.compile("Hello Ann,"))
    page.reload()
    expect(page.get_by_label("Text")).to_be_editable()
    drafted = page.get_by_label("Text").input_value()
    assert drafted.count("Hello Ann,") == 1 and drafted.endswith("just answer this mail.")


def test_unsubscribing(open_context: OpenContext, site: Server, smtp: SmtpServer) -> None:
    path = add_ann(site)
    desk, visitor = open_context().new_page(), open_context(java_script_enabled=False).new_page()
    sign_in(desk, site, "marketing")
    desk.goto(path)
    desk.get_by_label("Text").fill("Hello")
    desk.get_by_role("button", name="Send", exact=True).click()
    [mail] = wait_for_mail(smtp, mail_of(site, path))
    url = mail["List-Unsubscribe"].strip("<>")
    visitor.goto(url)
    visitor.get_by_role("button", name="Send me no more").click()
    expect(visitor.get_by_role("heading", level=1)).to_have_text("You are unsubscribed")
    visitor.get_by_role("button", name="Send them again").click()
    expect(visitor.get_by_role("button", name="Send me no more")).to_be_visible()
    desk.goto(url)
    axe_finds_nothing(desk)

"""The journeys of an account in a real browser, mails from a real server included: with JavaScript and without."""

import itertools
import json
import re
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pyotp
import pytest
from playwright.sync_api import FrameLocator, Page, expect

from app.services.demo_service import PASSWORD as DEMO_PASSWORD
from tests.e2e.conftest import OpenContext, with_model
from tests.e2e.server import Server
from tests.e2e.test_journeys import axe_finds_nothing
from tests.model_server import ModelServer
from tests.people import OTHER_PASSWORD, PASSWORD
from tests.smtp_server import SmtpServer, running_smtp

pytestmark = pytest.mark.e2e

ADMIN = "admin@example.com"
NUMBERS = itertools.count(1)
WIDTHS = (1280, 360)

OpenPage = Callable[[], Page]


@pytest.fixture(scope="module")
def post() -> Iterator[SmtpServer]:
    with running_smtp() as server:
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, post: SmtpServer, model_server: ModelServer) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("site"), SMTP_URL=post.url, **with_model(model_server)) as server:
        yield server


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def script(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def open_page(open_context: OpenContext, script: bool) -> OpenPage:
    """Open a browser of its own, with nothing in it."""
    return lambda: open_context(java_script_enabled=script).new_page()


# People and their mail


def new_address() -> str:
    """Of somebody who was never here."""
    return f"vera.{next(NUMBERS)}@example.com"


def letter(post: SmtpServer, address: str, about: str) -> str:
    """The newest mail to this address whose subject says `about`, once it has come."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if found := [mail for mail in post.to(address) if about in mail["Subject"]]:
            text = found[-1].get_body(("plain",))
            assert text
            return str(text.get_content())
        time.sleep(0.05)
    raise AssertionError(f"no mail about {about!r} came to {address}")


def link(text: str) -> str:
    found = re.search(r"https?://\S+/\S{20,}", text)
    assert found, text
    return found[0]


def account(site: Server, post: SmtpServer) -> str:
    """The address of somebody with an account and `PASSWORD`, made without a browser."""
    address = new_address()
    with httpx2.Client(base_url=site.url) as client:
        client.post("/register", data={"email": address})
        path = link(letter(post, address, "Finish registering"))
        assert client.post(path, data={"new_password": PASSWORD}).status_code == 303
        client.post("/sign-out")
    return address


def sign_in(page: Page, site: Server, address: str, password: str = PASSWORD, path: str = "/account") -> None:
    """Through the front door, to the page that was wanted."""
    page.goto(site.url + path)
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password", exact=True).fill(password)
    press(page, "Sign in")
    expect(page).to_have_url(site.url + path)


def signed_in(open_page: OpenPage, site: Server, address: str, password: str = PASSWORD) -> Page:
    page = open_page()
    sign_in(page, site, address, password)
    return page


def sign_out(page: Page) -> None:
    page.get_by_label("Account of").click()
    press(page, "Sign out")
    expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def ask(page: Page, site: Server, question: str, model: str) -> str:
    """Begin a conversation; return its address."""
    page.goto(f"{site.url}/chat")
    page.get_by_label("Model").select_option(model)
    page.get_by_label("Your question").fill(question)
    page.get_by_role("button", name="Send").click(no_wait_after=True)
    page.wait_for_url(re.compile(r"/chat/[0-9a-f-]{36}"), wait_until="commit")
    return page.url


def is_signed_out(page: Page, site: Server) -> None:
    page.goto(f"{site.url}/account")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def age_sessions(site: Server) -> None:
    """Let everybody have given their password eleven minutes ago."""
    with sqlite3.connect(site.folder / "e2e.db", timeout=10) as database:
        aged = "strftime('%Y-%m-%d %H:%M:%f000', confirmed_at, '-11 minutes')"
        database.execute(f"UPDATE access_token SET confirmed_at = {aged} WHERE confirmed_at IS NOT NULL")


def has_problem(page: Page, label: str, says: str) -> None:
    """The message stands beside its field, which has the focus."""
    field = page.get_by_label(label, exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(says))
    expect(field).to_be_focused()


# Coming and going


def test_register_and_keep_what_the_guest_wrote(open_page: OpenPage, site: Server, post: SmtpServer) -> None:
    page, address = open_page(), new_address()
    written = ask(page, site, "What did the guest ask?", "echo")
    page.get_by_role("link", name="Make an account").click()
    page.get_by_label("E-mail address").fill("vera at example")
    page.get_by_label("E-mail address").evaluate("field => field.form.noValidate = true")
    press(page, "Send me a link")
    has_problem(page, "E-mail address", "not an e-mail address")
    expect(page.get_by_label("E-mail address")).to_have_value("vera at example")
    page.get_by_label("E-mail address").fill(address)
    press(page, "Send me a link")
    expect(page.get_by_role("main")).to_contain_text(address)
    page.goto(link(letter(post, address, "Finish registering")))
    page.get_by_label("What shall we call you?").fill("Vera Vane")
    page.get_by_label("New password").fill("password1234")
    press(page, "Make the account")
    has_problem(page, "New password", "Many people use")
    expect(page.get_by_label("What shall we call you?")).to_have_value("Vera Vane")
    expect(page.get_by_label("New password")).to_have_value("")
    page.get_by_label("New password").fill(PASSWORD)
    press(page, "Make the account")
    expect(page, "back where the link was").to_have_url(written)
    expect(page.get_by_label("Account of Vera Vane")).to_be_visible()
    expect(page.locator(".question")).to_have_text("What did the guest ask?")


def test_sign_out_and_in_again_to_the_page_that_was_wanted(open_page: OpenPage, site: Server, post: SmtpServer) -> None:
    address = account(site, post)
    page = signed_in(open_page, site, address)
    sign_out(page)
    page.goto(f"{site.url}/account/sessions")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password", exact=True).fill("wrong")
    press(page, "Sign in")
    has_problem(page, "Password", "do not go together")
    expect(page.get_by_label("E-mail address")).to_have_value(address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Sign in")
    expect(page).to_have_url(f"{site.url}/account/sessions")
    expect(page.get_by_text("This browser")).to_be_visible()


def test_sign_in_by_a_code_from_a_mail(open_page: OpenPage, site: Server, post: SmtpServer) -> None:
    page, address = open_page(), account(site, post)
    page.goto(f"{site.url}/account/history")
    page.get_by_label("E-mail address").fill(address)
    press(page, "Send me a code by e-mail instead")
    code = re.search(r"\b\d{8}\b", letter(post, address, "Your code"))
    assert code
    page.get_by_label("Code").fill("12345678")
    press(page, "Sign in")
    has_problem(page, "Code", "not the right code")
    page.get_by_label("Code").fill(code[0])
    press(page, "Sign in")
    expect(page).to_have_url(f"{site.url}/account/history")


def test_a_forgotten_password(open_page: OpenPage, site: Server, post: SmtpServer) -> None:
    page, address = open_page(), account(site, post)
    elsewhere = signed_in(open_page, site, address)
    page.goto(f"{site.url}/sign-in")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail address").fill(address)
    press(page, "Send me a link")
    mailed = link(letter(post, address, "A new password"))
    page.goto(mailed)
    page.get_by_label("New password").fill("short")
    press(page, "Keep it and sign in")
    has_problem(page, "New password", "at least 12 characters")
    page.get_by_label("New password").fill(OTHER_PASSWORD)
    press(page, "Keep it and sign in")
    expect(page.get_by_label(f"Account of {address}")).to_be_visible()
    is_signed_out(elsewhere, site)
    elsewhere.goto(mailed)
    expect(elsewhere.get_by_role("heading", name="This link is no longer good")).to_be_visible()
    sign_in(elsewhere, site, address, OTHER_PASSWORD)


def test_sign_in_with_a_second_factor(open_page: OpenPage, site: Server, post: SmtpServer) -> None:
    page, address = open_page(), account(site, post)
    sign_in(page, site, address, path="/account/second-factor")
    secret = page.locator("li code").inner_text()
    page.get_by_label("Code").fill("000000")
    press(page, "Turn it on")
    has_problem(page, "Code", "not the right code")
    expect(page.locator("li code"), "the picture that was scanned still counts").to_have_text(secret)
    page.get_by_label("Code").fill(pyotp.TOTP(secret).now())
    press(page, "Turn it on")
    recovery = page.get_by_role("region", name="Your recovery codes").locator("code").all_inner_texts()
    assert len(recovery) == 10
    for code in (recovery[0], pyotp.TOTP(secret).at(datetime.now(UTC), counter_offset=1)):
        sign_out(page)
        give_password(page, site, address)
        page.get_by_label("Code from your authenticator").fill("000000")
        press(page, "Sign in")
        has_problem(page, "Code from your authenticator", "not the right code")
        page.get_by_label("Code from your authenticator").fill(code)
        press(page, "Sign in")
        expect(page.get_by_text("9 recovery codes left")).to_be_visible()
    press(page, "Turn it off")
    expect(page.get_by_role("button", name="Turn it on")).to_be_visible()
    sign_out(page)
    sign_in(page, site, address)


def give_password(page: Page, site: Server, address: str) -> None:
    page.goto(f"{site.url}/account/second-factor")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Sign in")
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()


# An account of one's own


def test_change_the_address(open_page: OpenPage, site: Server, post: SmtpServer) -> None:
    address, new = account(site, post), new_address()
    page = signed_in(open_page, site, address)
    page.get_by_role("link", name="E-mail", exact=True).click()
    page.get_by_label("New e-mail address").fill(new)
    page.get_by_label("Your password").fill("wrong")
    press(page, "Send me a link")
    has_problem(page, "Your password", "not your password")
    expect(page.get_by_label("New e-mail address")).to_have_value(new)
    page.get_by_label("Your password").fill(PASSWORD)
    press(page, "Send me a link")
    page.goto(link(letter(post, new, "Confirm your new address")))
    press(page, "Use this address")
    expect(page.get_by_label(f"Account of {new}")).to_be_visible()
    assert new in letter(post, address, "has changed"), "the old address is told"


def test_change_the_password(open_page: OpenPage, site: Server, post: SmtpServer) -> None:
    address = account(site, post)
    page, elsewhere = signed_in(open_page, site, address), signed_in(open_page, site, address)
    page.get_by_role("link", name="Password", exact=True).click()
    page.get_by_label("Your present password").fill("wrong")
    page.get_by_label("New password").fill(OTHER_PASSWORD)
    press(page, "Change it")
    has_problem(page, "Your present password", "not your password")
    page.get_by_label("Your present password").fill(PASSWORD)
    page.get_by_label("New password").fill(OTHER_PASSWORD)
    press(page, "Change it")
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    is_signed_out(elsewhere, site)
    sign_in(elsewhere, site, address, OTHER_PASSWORD)
    assert letter(post, address, "has changed")


def test_the_password_is_asked_for_again_and_the_form_loses_nothing(
    open_page: OpenPage, site: Server, post: SmtpServer
) -> None:
    page = signed_in(open_page, site, account(site, post))
    age_sessions(site)
    page.get_by_role("link", name="API tokens").click()
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    page.get_by_label("Your password").fill(PASSWORD)
    press(page, "Go on")
    expect(page).to_have_url(f"{site.url}/account/tokens")
    fill_in_a_token(page)
    age_sessions(site)
    press(page, "Make it")
    page.get_by_label("Your password").fill("wrong")
    press(page, "Go on")
    has_problem(page, "Your password", "not your password")
    page.get_by_label("Your password").fill(PASSWORD)
    press(page, "Go on")
    expect(page.get_by_role("region", name="Your new token")).to_be_visible()
    made = page.get_by_role("main").get_by_role("listitem").filter(has_text="My script")
    expect(made).to_contain_text("read, write")


def fill_in_a_token(page: Page) -> None:
    page.get_by_label("What is it for?").fill("My script")
    page.get_by_label("Write").check()
    page.get_by_label("How long is it good?").select_option("A week")


def test_sessions_end_one_by_one_and_all_others(
    open_page: OpenPage, site: Server, post: SmtpServer, script: bool
) -> None:
    """The browser that is signed out is in the middle of an answer."""
    address = account(site, post)
    page = signed_in(open_page, site, address)
    for button in ("Sign out Chrome", "Sign out everywhere else"):
        elsewhere = signed_in(open_page, site, address)
        ask(elsewhere, site, "Tell me", "slow")
        answer = answer_of(elsewhere, script)
        expect(answer.locator(".answer-prose").first).to_have_text(re.compile(r"\w+ \w+"))
        page.goto(f"{site.url}/account/sessions")
        page.get_by_role("button", name=button).first.click()
        expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(1)
        expect(answer.get_by_text("Your session is over")).to_be_visible(timeout=1_000)
        answer.get_by_role("link", name="Sign in", exact=True).last.click()
        expect(elsewhere.get_by_role("heading", name="Sign in")).to_be_visible()
        is_signed_out(elsewhere, site)


def answer_of(page: Page, script: bool) -> Page | FrameLocator:
    """Where the words appear: without a script, in a frame."""
    return page if script else page.frame_locator("iframe")


def test_a_token_for_a_program(open_page: OpenPage, site: Server, post: SmtpServer) -> None:
    address = account(site, post)
    page = signed_in(open_page, site, address)
    page.get_by_role("link", name="API tokens").click()
    expect(page.get_by_text("You have none yet")).to_be_visible()
    fill_in_a_token(page)
    press(page, "Make it")
    token = page.get_by_role("region", name="Your new token").locator("code").inner_text()
    headers = {"Authorization": f"Bearer {token}"}
    me = httpx2.get(f"{site.url}/api/v1/me", headers=headers).json()
    assert (me["email"], me["scopes"]) == (address, ["read", "write"])
    page.goto(f"{site.url}/account/tokens")
    expect(page.get_by_text(token)).to_have_count(0)
    press(page, "Delete My script")
    expect(page.get_by_text("You have none yet")).to_be_visible()
    assert httpx2.get(f"{site.url}/api/v1/me", headers=headers).status_code == 401


def test_take_the_data_along_and_delete_the_account(
    open_page: OpenPage, site: Server, post: SmtpServer, tmp_path: Path
) -> None:
    address = account(site, post)
    page = signed_in(open_page, site, address)
    ask(page, site, "Mine?", "echo")
    page.goto(f"{site.url}/account")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download my data").click()
    assert download.value.suggested_filename == "my-data.json"
    download.value.save_as(tmp_path / "mine.json")
    mine = json.loads((tmp_path / "mine.json").read_text())
    assert (mine["account"]["email"], mine["conversations"][0]["title"]) == (address, "Mine?")
    page.get_by_role("link", name="Delete my account").click()
    page.get_by_label("Type your e-mail address, to be sure").fill("somebody@example.com")
    press(page, "Delete my account")
    has_problem(page, "Type your e-mail address, to be sure", "not the address of your account")
    page.get_by_label("Type your e-mail address, to be sure").fill(address)
    press(page, "Delete my account")
    expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()
    assert letter(post, address, "is deleted")
    page.goto(f"{site.url}/sign-in")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Sign in")
    has_problem(page, "Password", "do not go together")


# Looking after others


def test_invite_somebody_into_a_group_and_send_them_away(open_page: OpenPage, site: Server, post: SmtpServer) -> None:
    invited = new_address()
    admin = signed_in(open_page, site, ADMIN, DEMO_PASSWORD)
    admin.get_by_label("Account of").click()
    admin.get_by_role("link", name="People").click()
    admin.get_by_role("link", name="Invite", exact=True).click()
    admin.get_by_label("E-mail address").fill(ADMIN)
    admin.get_by_label("sales").check()
    press(admin, "Send the invitation")
    has_problem(admin, "E-mail address", "has an account already")
    expect(admin.get_by_label("sales")).to_be_checked()
    admin.get_by_label("E-mail address").fill(invited)
    press(admin, "Send the invitation")
    page = open_page()
    page.goto(link(letter(post, invited, "invites you")))
    page.get_by_label("What shall we call you?").fill("Ines Invited")
    page.get_by_label("New password").fill(PASSWORD)
    press(page, "Make the account")
    expect(page.get_by_label("Account of Ines Invited")).to_be_visible()
    admin.get_by_role("link", name="Back to people").click()
    person = admin.get_by_role("link", name=re.compile(re.escape(invited)))
    expect(person).to_contain_text("sales")
    person.click()
    admin.get_by_label("May sign in").uncheck()
    press(admin, "Save")
    expect(admin.get_by_label("May sign in")).not_to_be_checked()
    is_signed_out(page, site)


def test_a_superuser_from_the_terminal_and_a_link_for_the_locked_out(open_page: OpenPage, site: Server) -> None:
    page, address = open_page(), new_address()
    made = site.run("createsuperuser", "--email", address, "--password-stdin", typed=f"{PASSWORD}\n")
    assert address in made
    rescue = site.run("rescue", address).strip()
    page.goto(rescue)
    press(page, "Sign in")
    expect(page).to_have_url(f"{site.url}/account")
    page.goto(f"{site.url}/people")
    page.get_by_role("searchbox").fill(address)
    page.get_by_role("searchbox").press("Enter")
    found = page.locator("#people li")
    expect(found).to_have_count(1)
    expect(found).to_contain_text("superuser")
    expect(page).to_have_url(re.compile("/people[?]q="))
    page.get_by_role("searchbox").fill("")
    page.get_by_role("searchbox").press("Enter")
    expect(found.nth(1)).to_be_visible()
    sign_out(page)
    page.goto(rescue)
    press(page, "Sign in")
    expect(page.get_by_role("heading", name="This link is no longer good")).to_be_visible()


def test_check_deploy_says_what_is_too_weak(site: Server) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        site.run("check", "--deploy")
    for weakness in (
        "ENVIRONMENT",
        "PUBLIC_URL",
        f"{ADMIN} looks after the site without a second factor",
        f"{ADMIN} is of the demo",
    ):
        assert weakness in failed.value.stderr
    assert "SMTP_URL" not in failed.value.stderr


# How the pages look and feel


@pytest.fixture
def look_at(open_context: OpenContext, site: Server) -> Callable[[], tuple[Page, Callable[[str], None]]]:
    """Open a browser, and what looks at the page that it shows in every light and width."""

    def open_one() -> tuple[Page, Callable[[str], None]]:
        page = open_context(reduced_motion="reduce").new_page()
        return page, lambda path="": examine(page, site, path)

    return open_one


def examine(page: Page, site: Server, path: str = "") -> None:
    """The page at this path, or the one that is open: nothing for axe to find, nothing sticks out."""
    if path:
        page.goto(site.url + path)
    for width, scheme in itertools.product(WIDTHS, ("light", "dark")):
        page.set_viewport_size({"width": width, "height": 740})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        axe_finds_nothing(page)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width, f"{page.url} sticks out"


Look = Callable[..., None]
LookAt = Callable[[], tuple[Page, Look]]
LONG = "somebody.with.a.rather.long.name.indeed.and.then.some.more@a-department.of-a-university.example.com"


def test_axe_at_the_front_door(look_at: LookAt, site: Server, post: SmtpServer) -> None:
    page, look = look_at()
    address = account(site, post)
    for path in ("/account", "/register", "/reset-password", "/sign-in"):
        look(path)
    send(page, {"E-mail address": address, "Password": "wrong"}, "Sign in")
    look()
    send(page, {}, "Send me a code by e-mail instead")
    send(page, {"Code": "12345678"}, "Sign in")
    look()
    by_mail(page, look, site, post, "/register", LONG, "Make the account")
    by_mail(page, look, site, post, "/reset-password", address, "Keep it and sign in")
    look("/register/not-a-secret")
    look("/sign-in/link/not-a-secret")


def by_mail(page: Page, look: Look, site: Server, post: SmtpServer, path: str, whose: str, button: str) -> None:
    """What comes after a mail was asked for, up to a password that is too short."""
    page.goto(site.url + path)
    send(page, {"E-mail address": whose}, "Send me a link")
    look()
    page.goto(link(letter(post, whose, "Finish" if path == "/register" else "A new password")))
    look()
    send(page, {"New password": "short"}, button)
    look()


def test_axe_in_the_account(look_at: LookAt, site: Server, post: SmtpServer) -> None:
    page, look = look_at()
    address, other = account(site, post), look_at()[0]
    for each in (page, other):
        sign_in(each, site, address)
    page.get_by_label("Account of").click()
    for path in ("", "/account/history", "/account/sessions", "/people"):
        look(path)
    page.goto(f"{site.url}/account/email")
    send(page, {"New e-mail address": LONG, "Your password": "wrong"}, "Send me a link")
    look()
    send(page, {"Your password": PASSWORD}, "Send me a link")
    look()
    page.goto(link(letter(post, LONG, "Confirm your new address")))
    look()
    page.goto(f"{site.url}/account/password")
    send(page, {"Your present password": PASSWORD, "New password": "short"}, "Change it")
    look()
    page.goto(f"{site.url}/account/deletion")
    send(page, {"Type your e-mail address, to be sure": LONG}, "Delete my account")
    look()
    look("/account/tokens")
    send(page, {"What is it for?": "x"}, "Make it")
    look()
    page.goto(f"{site.url}/account/tokens")
    page.get_by_label("Read").uncheck()
    send(page, {"What is it for?": "x"}, "Make it")
    look()
    page.goto(f"{site.url}/account/second-factor")
    secret = page.locator("li code").inner_text()
    send(page, {"Code": "000000"}, "Turn it on")
    look()
    send(page, {"Code": pyotp.TOTP(secret).now()}, "Turn it on")
    look()
    age_sessions(site)
    page.goto(f"{site.url}/account/deletion")
    send(page, {"Your password": "wrong"}, "Go on")
    look()
    sign_out(page)
    give_password(page, site, address)
    send(page, {"Code from your authenticator": "000000"}, "Sign in")
    look()


def test_axe_for_those_who_look_after_others(look_at: LookAt, site: Server, post: SmtpServer) -> None:
    page, look = look_at()
    sign_in(page, site, ADMIN, DEMO_PASSWORD, path="/people")
    look()
    page.get_by_role("link", name=re.compile("sales@example")).click()
    look()
    look("/people/invitations/new")
    send(page, {"E-mail address": ADMIN}, "Send the invitation")
    look()
    send(page, {"E-mail address": f"x{LONG}"}, "Send the invitation")
    look()
    page.goto(link(letter(post, f"x{LONG}", "invites you")))
    look()
    look("/dev/mail")
    page.get_by_role("link", name="invites you").first.click()
    look()


def send(page: Page, fields: dict[str, str], button: str) -> None:
    for label, value in fields.items():
        page.get_by_label(label, exact=True).fill(value)
    press(page, button)


def test_the_keyboard_goes_through_a_form_in_order(open_page: OpenPage, site: Server) -> None:
    page = open_page()
    page.goto(f"{site.url}/sign-in")
    order = ["E-mail address", "Password", "Sign in", "Send me a code", "Forgot your password?", "Make an account"]
    for name in order:
        focused = page.locator("main :focus")
        expect(focused).to_have_accessible_name(re.compile(re.escape(name)))
        seen = focused.evaluate("it => getComputedStyle(it).outlineStyle + ' ' + getComputedStyle(it).outlineWidth")
        assert seen.startswith("solid") and not seen.endswith(" 0px"), f"{name}: {seen}"
        page.keyboard.press("Tab")
    page.get_by_label("E-mail address").focus()
    page.keyboard.type("nobody@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type("a wrong password")
    page.keyboard.press("Enter")
    has_problem(page, "Password", "do not go together")

"""Mails, from the transaction that wants one to a real SMTP server."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from jinja2 import UndefinedError
from sqlmodel import select

from app.config import ROOT, Settings
from app.db import Database
from app.models.base import now
from app.models.mail import Mail, MailStatus
from app.models.webinar import Webinar
from app.repositories.mails import MailRepository
from app.services.mail_sender import MailSender
from app.services.mail_service import MailService
from app.services.smtp import SmtpClient
from app.services.upkeep_service import UpkeepService
from app.templating import Templates
from tests.conftest import in_production
from tests.e2e.server import free_port
from tests.html import find, one, parse, text
from tests.smtp_server import running_smtp

URL = "https://example.org/confirm?token=a&b='c'"
WEBINAR = Webinar(slug="herons", title="Herons & Co.", starts_at=now(), ends_at=now(), capacity=1)
LEAVE = {"subject": "Herons", "leave_url": "https://example.org/unsubscribe"}
CONTEXTS: dict[str, dict[str, Any]] = {
    "confirm_address": {"url": URL, "minutes": 60},
    "already_registered": {"url": URL},
    "sign_in_code": {"code": "123 456", "minutes": 10},
    "reset_password": {"url": URL, "minutes": 60},
    "no_account": {"url": URL},
    "change_address": {"url": URL, "minutes": 60, "new_address": "new@example.org"},
    "address_changed": {"new_address": "new@example.org"},
    "password_changed": {"time": now(), "place": "192.0.2.7"},
    "new_sign_in": {"time": now(), "device": "Firefox on Linux", "place": "192.0.2.7"},
    "invitation": {"inviter": "Ann", "groups": ["Editors", "Authors"], "url": URL, "days": 7},
    "second_factor_changed": {"enabled": True, "time": now()},
    "account_deleted": {"time": now()},
    **{
        f"webinar_{what}": {"name": "Ann", "url": URL, "webinar": WEBINAR}
        for what in ("registered", "pending", "declined")
    },
    **{
        f"webinar_{what}": {"name": "Ann", "url": URL, "webinar": WEBINAR, "in_calendar": True}
        for what in ("cancelled", "changed", "called_off")
    },
    "webinar_seat_given": {"name": "Ann", "url": URL, "webinar": WEBINAR, "confirmed": False},
    "webinar_message": {"webinar": WEBINAR, "words": "Hello Ann", "source": "Hello Ann", **LEAVE},
    "webinar_follow_up": {"webinar": WEBINAR, "words": "Hello <b>Ann</b>", **LEAVE},
    "webinar_waiting": {"name": "Ann", "url": URL, "webinar": WEBINAR, "place": 3},
}
CODE: dict[str, Any] = {"code": "481 516", "minutes": 10}

Write = Callable[..., Awaitable[None]]
Wait = Callable[[], Awaitable[list[Mail]]]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@asynccontextmanager
async def sending(database: Database, settings: Settings, smtp_url: str) -> AsyncIterator[MailSender]:
    """A sender that is quick to look and to try again."""
    settings = Settings(**{**settings.model_dump(), "smtp_url": smtp_url})
    sender = MailSender(database, settings, look_seconds=0.05, first_retry_seconds=0.05)
    await sender.open()
    yield sender
    await sender.close()


@pytest.fixture
def render() -> Callable[..., tuple[str, str, str]]:
    return Templates(Settings()).mail


@pytest.fixture
def write(database: Database, settings: Settings) -> Write:
    """Write a mail in a transaction of its own."""
    templates = Templates(settings)

    async def write(to: str, template: str, wake: Callable[[], object] = lambda: None, **context: Any) -> None:
        async with database.transaction() as session:
            await MailService(MailRepository(session), templates.mail, wake).send(to, template, **context)

    return write


@pytest.fixture
def ended(database: Database) -> Wait:
    """Wait until no mail is queued any more; return all."""

    async def ended() -> list[Mail]:
        async with asyncio.timeout(10):
            while any(mail.status == MailStatus.QUEUED for mail in await outbox(database)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return await outbox(database)

    return ended


async def outbox(database: Database) -> list[Mail]:
    async with database.transaction() as session:
        return list((await session.exec(select(Mail).order_by("id"))).all())


async def test_a_mail_arrives_as_text_and_as_html(
    database: Database, settings: Settings, write: Write, ended: Wait
) -> None:
    with running_smtp() as server:
        async with sending(database, settings, server.url) as sender:
            await write("ann@example.org", "confirm_address", sender.wake, **CONTEXTS["confirm_address"])
            [mail] = await ended()
    [message] = server.mails
    assert (message["To"], message["Subject"]) == ("ann@example.org", "Finish registering at FastOpp")
    assert message["From"] == "FastOpp <fastopp@localhost>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].startswith(f"<mail-{mail.id}-") and message["Date"]
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain and URL in plain.get_content() and "Hello," in plain.get_content()
    assert html and {link.get("href") for link in find(parse(html.get_content()), "a")} >= {URL}
    assert mail.status == MailStatus.SENT and mail.sent_at and mail.attempts == 1


async def test_mail_programs_are_told_where_to_unsubscribe(
    database: Database, settings: Settings, write: Write, ended: Wait
) -> None:
    """In one line and as it is: as words in another encoding, which is how long headers are folded, nobody reads it."""
    url = f"https://webinars.example.org/unsubscribe/{'a' * 36}/{'b' * 32}"
    with running_smtp() as server:
        async with sending(database, settings, server.url) as sender:
            await write("ann@example.org", "webinar_follow_up", unsubscribe=url, **CONTEXTS["webinar_follow_up"])
            await write("ben@example.org", "sign_in_code", sender.wake, **CODE)
            await ended()
    raw = {envelope.rcpt_tos[0]: envelope.content for envelope in server.envelopes}
    written, code = raw["ann@example.org"], raw["ben@example.org"]
    assert isinstance(written, bytes) and isinstance(code, bytes)
    lines = written.decode().splitlines()
    assert f"List-Unsubscribe: <{url}>" in lines
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines
    assert b"List-Unsubscribe" not in code


async def test_a_commit_wakes_the_sender(database: Database, settings: Settings, render: Any, ended: Wait) -> None:
    with running_smtp() as server:
        sender = MailSender(database, Settings(**{**settings.model_dump(), "smtp_url": server.url}), look_seconds=60)
        await sender.open()
        await asyncio.sleep(0.1)  # its first look is over
        async with database.transaction() as session:
            await MailService(MailRepository(session), render, sender.wake).send(
                "ann@example.org", "sign_in_code", **CODE
            )
            await asyncio.sleep(0.1)  # a sender that was woken by now finds nothing and sleeps again
        await ended()
        await sender.close()
    assert len(server.mails) == 1


async def test_what_is_rolled_back_is_never_sent(
    database: Database, settings: Settings, render: Any, write: Write, ended: Wait
) -> None:
    with running_smtp() as server:
        async with sending(database, settings, server.url) as sender:
            with pytest.raises(ZeroDivisionError):
                async with database.transaction() as session:
                    service = MailService(MailRepository(session), render, sender.wake)
                    await service.send("lost@example.org", "sign_in_code", **CODE)
                    raise ZeroDivisionError
            await write("ann@example.org", "sign_in_code", sender.wake, **CODE)
            await ended()
    assert [mail["To"] for mail in server.mails] == ["ann@example.org"]


async def test_a_mail_waits_for_a_server_that_is_down(
    database: Database, settings: Settings, write: Write, ended: Wait
) -> None:
    port = free_port()
    async with sending(database, settings, f"smtp://127.0.0.1:{port}") as sender:
        await write("ann@example.org", "sign_in_code", sender.wake, **CODE)
        async with asyncio.timeout(10):
            while not (waiting := (await outbox(database))[0]).error or waiting.claimed_until:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert waiting.status == MailStatus.QUEUED
        with running_smtp(port) as server:
            [mail] = await ended()
    assert len(server.mails) == 1
    assert mail.attempts > 1 and mail.error == ""


async def test_a_recipient_who_is_refused_for_good_is_given_up(
    database: Database, settings: Settings, write: Write, ended: Wait
) -> None:
    with running_smtp(refuse=["nobody@example.org"]) as server:
        async with sending(database, settings, server.url) as sender:
            await write("nobody@example.org", "sign_in_code", **CODE)
            await write("no address\r\nBcc: eve@example.org", "sign_in_code", **CODE)
            await write("ann@example.org", "sign_in_code", sender.wake, **CODE)
            refused, unsendable, sent = await ended()
    assert refused.status == unsendable.status == MailStatus.FAILED
    assert (refused.attempts, unsendable.attempts) == (1, 1)
    assert refused.error == "550 5.1.1 Nobody of that name lives here"
    assert "address" in unsendable.error
    assert sent.status == MailStatus.SENT and len(server.mails) == 1


async def test_after_many_tries_a_mail_is_given_up(
    database: Database, settings: Settings, write: Write, ended: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.mail_sender.MOST_ATTEMPTS", 3)
    async with sending(database, settings, f"smtp://127.0.0.1:{free_port()}") as sender:
        await write("ann@example.org", "sign_in_code", sender.wake, **CODE)
        [mail] = await ended()
    assert (mail.status, mail.attempts) == (MailStatus.FAILED, 3)
    assert "Connect" in mail.error


def test_pauses_double_and_end_at_an_hour(database: Database, settings: Settings) -> None:
    sender = MailSender(database, settings)
    seconds = [sender._pause(attempts).total_seconds() for attempts in range(1, 30)]
    assert 24 <= seconds[0] <= 36 and 48 <= seconds[1] <= 72 and 96 <= seconds[2] <= 144
    assert max(seconds) <= 1.2 * 3600
    assert 20 * 3600 < sum(seconds) < 30 * 3600, "about a day"


async def test_two_senders_send_each_mail_once(
    database: Database, database_url: str, settings: Settings, write: Write, ended: Wait
) -> None:
    other = Database(database_url)
    for number in range(20):
        await write(f"reader{number}@example.org", "sign_in_code", **CODE)
    with running_smtp() as server:
        async with sending(database, settings, server.url), sending(other, settings, server.url):
            mails = await ended()
    await other.close()
    assert sorted(str(mail["To"]) for mail in server.mails) == sorted(mail.recipient for mail in mails)
    assert {mail.attempts for mail in mails} == {1}


async def test_a_claim_keeps_others_off_until_it_runs_out(database: Database, write: Write) -> None:
    await write("ann@example.org", "sign_in_code", **CODE)

    async def claim(seconds: float) -> int:
        async with database.transaction() as session:
            return len(await MailRepository(session).claim_due(now() + timedelta(seconds=seconds), 5))

    assert await claim(0.2) == 1
    assert await claim(60) == 0
    await asyncio.sleep(0.25)
    assert await claim(60) == 1, "as after a crash"


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
async def test_a_login_is_used_and_no_log_tells_secrets(
    database: Database, settings: Settings, write: Write, ended: Wait, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with running_smtp(login=("app", "pa55word"), refuse=["nobody@example.org"]) as server:
        async with sending(database, settings, server.url) as sender:
            await write("ann@example.org", "sign_in_code", **CODE)
            await write("nobody@example.org", "sign_in_code", sender.wake, **CODE)
            sent, refused = await ended()
        wrong = server.url.replace("pa55word", "guessed")
        async with sending(database, settings, wrong) as sender:
            await write("bob@example.org", "sign_in_code", sender.wake, **CODE)
            async with asyncio.timeout(10):
                while not (await outbox(database))[-1].error:  # noqa: ASYNC110 - there is no event to wait for
                    await asyncio.sleep(0.02)
    assert (sent.status, refused.status) == (MailStatus.SENT, MailStatus.FAILED)
    assert (await outbox(database))[-1].status == MailStatus.QUEUED, "a wrong password may still be mended"
    assert f"mail {sent.id} sent" in caplog.text and f"mail {refused.id} failed" in caplog.text
    ours = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith(("mail.", "aiosqlite")))
    for secret in ("pa55word", "guessed", "481 516", "ann@", "nobody@", "Your code"):
        assert secret not in ours


async def test_without_a_server_mails_wait_and_production_says_so(
    database: Database, settings: Settings, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    for each in (settings, in_production(settings)):
        sender = MailSender(database, each)
        await sender.open()
        await write("ann@example.org", "sign_in_code", sender.wake, **CODE)
        await sender.close()
    assert {mail.status for mail in await outbox(database)} == {MailStatus.QUEUED}
    assert [record.message for record in caplog.records if "SMTP_URL" in record.message] != []
    assert len(caplog.records) == 1


async def test_a_server_that_hangs_does_not_hold_up_the_end(
    database: Database, settings: Settings, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.mail_sender.CLOSE_SECONDS", 0.1)
    connected = asyncio.Event()
    silent = await asyncio.start_server(lambda _reader, _writer: connected.set(), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with asyncio.timeout(5):
        async with sending(database, settings, f"smtp://127.0.0.1:{port}") as sender:
            await write("ann@example.org", "sign_in_code", sender.wake, **CODE)
            await connected.wait()
    silent.close()
    [mail] = await outbox(database)
    assert mail.status == MailStatus.QUEUED and mail.claimed_until, "it is sent when the claim runs out"


@pytest.mark.parametrize(
    ("url", "tls", "start_tls", "checked"),
    [
        ("smtp://mail.example.org", False, None, True),
        ("smtp://u:p@mail.example.org", False, True, True),
        ("smtp://u:p@localhost", False, None, False),
        ("smtps://u:p@mail.example.org", True, False, True),
    ],
)
def test_a_password_needs_tls_unless_the_server_is_here(
    settings: Settings, url: str, tls: bool, start_tls: bool | None, checked: bool
) -> None:
    settings = Settings(**{**settings.model_dump(), "smtp_url": url})
    assert settings.smtp_server
    options = SmtpClient(settings, settings.smtp_server).options
    assert (options["use_tls"], options["start_tls"], options["validate_certs"]) == (tls, start_tls, checked)


async def test_nothing_typed_becomes_a_header_or_a_paragraph(
    database: Database, settings: Settings, write: Write, ended: Wait
) -> None:
    inviter = "Eve\r\nBcc: victim@example.org\n\nBuy now:\x00\u2028\u202e <b>it</b>"
    with running_smtp() as server:
        async with sending(database, settings, server.url) as sender:
            context = CONTEXTS["invitation"] | {"inviter": inviter}
            await write("ann@example.org", "invitation", sender.wake, **context)
            await ended()
    [message], [envelope] = server.mails, server.envelopes
    told = "Eve Bcc: victim@example.org Buy now: <b>it</b>"
    assert message["Subject"] == f"{told} invites you to FastOpp"
    assert message["Bcc"] is None and envelope.rcpt_tos == ["ann@example.org"]
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain and plain.get_content().startswith(f"{told} invites you")
    assert html and not find(parse(html.get_content()), "b") and told in text(parse(html.get_content()))


def test_every_template_has_its_context_here() -> None:
    names = {path.stem for path in (ROOT / "app" / "templates" / "mail").iterdir()} - {
        "layout",
        "signature",
        "webinar_facts",
        "webinar_leave",
    }
    assert names == CONTEXTS.keys()


@pytest.mark.parametrize("name", CONTEXTS)
def test_every_mail_says_the_same_in_both_parts(render: Any, name: str) -> None:
    context = CONTEXTS[name]
    subject, plain, html = render(name, context)
    page = parse(html)
    links = {link.get("href") for link in find(page, "a")}
    assert ("FastOpp" in subject or "Herons" in subject) and "\n" not in subject and subject == text(one(page, "title"))
    for key, value in context.items():
        if key.endswith("url"):
            assert value in plain and value in links
        elif isinstance(value, str):
            assert value in plain and value in text(page)
    assert Settings().site in plain and Settings().site in links
    assert "If " in plain and "{{" not in plain + html


@pytest.mark.parametrize("name", CONTEXTS)
def test_a_mail_without_its_context_is_not_written(render: Any, name: str) -> None:
    for missing in CONTEXTS[name]:
        with pytest.raises((UndefinedError, TypeError)):  # the latter comes from filters
            render(name, {key: value for key, value in CONTEXTS[name].items() if key != missing})


async def test_mails_go_after_a_week(database: Database, settings: Settings, write: Write) -> None:
    await write("old@example.org", "sign_in_code", **CODE)
    await write("new@example.org", "sign_in_code", **CODE)
    async with database.transaction() as session:
        old = (await session.exec(select(Mail))).first()
        assert old
        old.created_at -= timedelta(days=7, minutes=1)
        session.add(old)
    await UpkeepService(database, settings).act()
    assert [mail.recipient for mail in await outbox(database)] == ["new@example.org"]

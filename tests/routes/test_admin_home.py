"""The admin panel's first page: what happened, as far as whoever looks may see it, and answers that can be stopped."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import event
from sqlmodel import select

from app.config import Settings
from app.models.audit import AuditEntry
from app.models.base import now
from app.models.conversation import Conversation, Message, Role, Status
from app.models.job import Job, JobState
from app.models.mail import Mail, MailStatus
from app.models.user import User
from app.models.webinar import Registration, Standing
from tests.browser import Browser
from tests.conftest import OpenApp
from tests.html import find, one, parse, text
from tests.people import make_user, sign_in
from tests.waiting import end_slowly, status_of
from tests.webinars import make_webinar

ALL = ["Sign-ups", "Registrations", "Questions", "Tokens", "Errors", "Jobs under way", "Mails that wait"]


@pytest.fixture
async def root(app: FastAPI, browser: Browser) -> Browser:
    await make_user(app, "root@example.com", is_superuser=True)
    await sign_in(browser, "root@example.com")
    return browser


async def fill(app: FastAPI, owner: User) -> None:
    """Of each thing some today, one yesterday, and one that is too long ago."""
    conversation = Conversation(user_id=owner.id, title="What is my secret?")
    webinar = await make_webinar(app, slug="herons")
    rows: list[Any] = [conversation]
    for number, days in enumerate((0, 0, 1, 20), 1):
        at = now() - timedelta(days=days)
        spent: dict[str, Any] = {"prompt_tokens": 100, "completion_tokens": 10 + number}
        rows += [
            User(email=f"new{number}@example.com", created_at=at),
            User(email=f"guest{number}@guest.invalid", is_guest=True, created_at=at),
            Message(conversation_id=conversation.id, role=Role.USER, text="secret", created_at=at),
            Message(conversation_id=conversation.id, role=Role.ASSISTANT, status=Status.FAILED, created_at=at, **spent),
            Message(conversation_id=conversation.id, role=Role.ASSISTANT, created_at=at),
            Registration(
                webinar_id=webinar.id,
                number=number,
                name="P",
                email=f"p{number}@example.com",
                status=Standing.REGISTERED,
                consent="yes",
                created_at=at,
                rep_id=owner.id if days else None,
            ),
            Mail(recipient="x@example.com", subject="X", text="", html="", status=MailStatus.FAILED, created_at=at),
        ]
    rows += [
        Mail(recipient="x@example.com", subject="X", text="", html="", next_attempt_at=now() + timedelta(days=1)),
        Job(kind="x", subject="x", owner_id=owner.id, state=JobState.RUNNING, worker="w"),
    ]
    async with app.state.database.transaction() as session:
        for row in rows:
            session.add(row)
            await session.flush()


def figures(page: Any) -> dict[str, str]:
    shown = find(parse(page), "section[aria-labelledby=today] dl div")
    return {text(one(each, "dt")): text(one(each, "dd")) for each in shown}


def table(page: Any, id: str) -> dict[str, list[str]]:
    """The figures of a chart that are not 0."""
    rows = find(parse(page), f"#{id}-table tbody tr")
    cells = {text(one(row, "th")): [text(cell) for cell in find(row, "td")] for row in rows}
    assert len(cells) == 14
    return {day: values for day, values in cells.items() if set(values) != {"0"}}


async def test_it_counts_today_and_the_last_two_weeks(app: FastAPI, root: Browser) -> None:
    await fill(app, await make_user(app, "vera@example.com", created_at=now() - timedelta(days=30)))
    page = await root.get("/admin")
    days = [(now() - timedelta(days=ago)).strftime("%a, %d %b %Y") for ago in (1, 0)]
    shown = figures(page)
    assert shown.pop("Mails that wait") in ("1", "2"), "that of signing in may be on its way"
    assert shown == {
        "Sign-ups": "3",
        "Registrations": "2",
        "Questions": "2",
        "Tokens": "223",
        "Errors": "4",
        "Jobs under way": "1",
    }, "root is the third who signed up"
    assert table(page, "sign-ups") == dict(zip(days, (["1"], ["3"]), strict=True))
    assert table(page, "registrations") == dict(zip(days, (["1"], ["2"]), strict=True))
    assert table(page, "questions") == dict(zip(days, (["1"], ["2"]), strict=True))
    assert table(page, "tokens") == dict(zip(days, (["100", "13"], ["200", "23"]), strict=True))
    assert table(page, "errors") == dict(zip(days, (["1", "1"], ["2", "2"]), strict=True))
    assert "secret" not in page.text
    for link in ("/health/ready", "/admin/mail", "/admin/access-token", "/admin/audit-entry"):
        assert find(parse(page), f"section[aria-labelledby=today] a[href='{link}']"), link


async def test_a_site_without_anything(root: Browser) -> None:
    page = await root.get("/admin")
    assert list(figures(page)) == ALL and figures(page)["Questions"] == "0"
    assert page.text.count("Nothing to show yet.") >= 3 and "None right now." in page.text


@pytest.mark.parametrize(
    ("group", "shown"),
    [
        ("", ["Jobs under way"]),
        ("marketing", ["Registrations", "Jobs under way"]),
        ("support", ["Sign-ups", "Registrations", "Jobs under way"]),
        ("sales", ["Registrations", "Jobs under way"]),
    ],
)
async def test_each_sees_what_they_may(app: FastAPI, browser: Browser, group: str, shown: list[str]) -> None:
    who = await make_user(app, "staff@example.com", *filter(None, [group]), is_staff=True)
    await fill(app, who if group == "sales" else await make_user(app, "vera@example.com"))
    await sign_in(browser, "staff@example.com")
    page = await browser.get("/admin")
    assert list(figures(page)) == shown
    assert not find(parse(page), "#running")
    for link in ("/admin/mail", "/admin/access-token"):
        assert not find(parse(page), f"a[href='{link}']")
    if "Registrations" in shown:
        assert figures(page)["Registrations"] == ("0" if group == "sales" else "2"), (
            "sales see what is assigned to them"
        )
    assert figures(page)["Jobs under way"] == ("1" if group == "sales" else "0"), "theirs alone"


async def streaming(app: FastAPI) -> Message:
    async with app.state.database.transaction() as session:
        found = select(Message).where(Message.status == Status.STREAMING)
        message: Message = (await session.exec(found)).one()
        return message


async def test_an_answer_is_stopped_without_a_word_of_it(
    open_app: OpenApp, with_model: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_slowly(monkeypatch)
    app = await open_app(with_model)
    await make_user(app, "root@example.com", is_superuser=True)
    async with Browser(app) as hers, Browser(app) as root:
        await sign_in(root, "root@example.com")
        await make_user(app, "vera@example.com", name="Vera")
        await sign_in(hers, "vera@example.com")
        path = await hers.start("What is my secret?", model="slow")
        answer = await streaming(app)
        for address in ("/admin", "/admin/running/answers"):
            shown = text(one(parse(await root.get(address)), "#running"))
            assert "Vera" in shown and answer.model in shown and "secret" not in shown
        [form] = find(parse(await root.get("/admin")), "#running form")
        assert (await root.post(str(form.get("action")))).status_code == 303
        assert "None right now" in (await root.get("/admin")).text, "the page after it shows that it has ended"
        await status_of(hers, path, "stopped")
        assert (await root.post(str(form.get("action")))).status_code == 303, "it has ended: nothing more is recorded"
        assert (await root.post("/admin/running/answers/999999/stop")).status_code == 404
    async with app.state.database.transaction() as session:
        entry = (await session.exec(select(AuditEntry).where(AuditEntry.act == "answer.stopped"))).one()
    assert (entry.actor, entry.key) == ("root@example.com", str(answer.id))


async def test_only_who_may_stops_an_answer(app: FastAPI, browser: Browser) -> None:
    await make_user(app, "mia@example.com", "marketing", "support", is_staff=True)
    vera = await make_user(app, "vera@example.com")
    conversation = Conversation(user_id=vera.id, title="X")
    async with app.state.database.transaction() as session:
        session.add(conversation)
        await session.flush()
        message = Message(conversation_id=conversation.id, role=Role.ASSISTANT)
        session.add(message)
    await sign_in(browser, "mia@example.com")
    assert (await browser.post(f"/admin/running/answers/{message.id}/stop")).status_code == 403
    assert "None right now" in (await browser.get("/admin/running/answers")).text


async def test_each_figure_is_read_from_an_index_alone(app: FastAPI, root: Browser) -> None:
    """Few queries, and none of them walks through a table that grows."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if any(part in statement for part in ("count(", "sum(", "'streaming'")):
            seen.append((statement, values))

    engine = app.state.database.engine
    event.listen(engine.sync_engine, "before_cursor_execute", note)
    await root.get("/admin")
    event.remove(engine.sync_engine, "before_cursor_execute", note)
    assert len(seen) == 7
    if engine.dialect.name != "sqlite":
        return
    async with engine.connect() as connection:
        for statement, values in seen:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            steps = [str(row[3]) for row in plan if "TEMP B-TREE" not in row[3]]
            found = [step for step in steps if "ix_" in step or "uq_message_streaming" in step or "SEARCH" in step]
            assert steps and found == steps, (statement, steps)

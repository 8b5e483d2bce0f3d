"""Reminders and follow-ups: who gets what and when, once, however many processes look and however often."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from fastapi import FastAPI
from sqlalchemy import update
from sqlmodel import col, select

from app.main import webinar_mail
from app.models.base import now
from app.models.mail import Mail
from app.models.webinar import Registration, Standing, Webinar
from app.models.webinar_message import Audience, MessageKind, WebinarMessage
from app.repositories.messages import MessageRepository
from app.services.messenger import Messenger
from tests.browser import Browser
from tests.people import mails, make_user, sign_in
from tests.webinars import make_webinar

START = datetime(2031, 5, 6, 18, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FORM = {"title": "Herons", "time_zone": "UTC", "capacity": "50"}


async def add(app: FastAPI, webinar: Webinar, name: str, **fields: Any) -> Registration:
    values = {"number": len(name), "status": Standing.REGISTERED, "consent": "yes", **fields}
    async with app.state.database.transaction() as session:
        row = Registration(webinar_id=webinar.id, name=name, email=f"{name}@example.com", **values)
        session.add(row)
    return row


async def plan(app: FastAPI, webinar: Webinar, *messages: tuple[MessageKind, int, Audience, str]) -> None:
    """These messages, in place of those that a webinar begins with."""
    async with app.state.database.transaction() as session:
        for default in await MessageRepository(session).of(webinar):
            await session.delete(default)
        for kind, minutes, audience, subject in messages:
            words = {"subject": subject, "text": "Hello {name}"}
            fields = {"kind": kind, "minutes": minutes, "audience": audience}
            session.add(WebinarMessage.model_validate({"webinar_id": webinar.id, **words, **fields}))


async def subjects(app: FastAPI, name: str) -> list[str]:
    return [mail.subject for mail in await mails(app, f"{name}@example.com")]


def messenger(app: FastAPI) -> Messenger:
    return Messenger(app.state.database, partial(webinar_mail, app))


class Life:
    """Time passes: at each stop the messenger looks, twice, and what was sent since the last one is returned."""

    def __init__(self, app: FastAPI, clock: time_machine.Traveller) -> None:
        self.app = app
        self.clock = clock
        self.seen: set[int] = set()

    async def until(self, moment: datetime) -> list[tuple[str, str]]:
        self.clock.move_to(moment)
        for _ in range(2):
            await messenger(self.app).act()
        found = [mail for name in NAMES for mail in await mails(self.app, f"{name}@example.com")]
        new = [mail for mail in found if mail.id not in self.seen]
        self.seen |= {mail.id or 0 for mail in new}
        return sorted((mail.recipient.partition("@")[0], mail.subject) for mail in new)


NAMES = ("ann", "came", "waits", "gone", "quiet", "late", "later", "lucky", "last")


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(START - 10 * DAY, tick=False) as traveller:
        yield traveller


async def test_a_crowd_is_told_of_changes_in_turns_and_once(app: FastAPI, browser: Browser) -> None:
    """Whoever changes it waits for the first fifty alone; two processes tell the others, of the newest change."""
    webinar = await make_webinar(app, capacity=500, last_number=130, taken=100)
    crowd = [(n, Standing.REGISTERED if n <= 100 else Standing.WAITING) for n in range(1, 131)]
    async with app.state.database.transaction() as session:
        fields: dict[str, Any] = {"webinar_id": webinar.id, "consent": "yes"}
        for n, status in [*crowd[:99], (100, Standing.CANCELLED), *crowd[100:]]:
            session.add(Registration(number=n, status=status, name=f"N{n}", email=f"n{n}@example.com", **fields))
    await make_user(app, "mia@example.com", "marketing", is_staff=True)
    await sign_in(browser, "mia@example.com")
    moved = {**FORM, "title": "Herons", "time_zone": "UTC", "capacity": "100", "starts": "2031-05-06T18:00"}
    changed = await browser.post("/desk/webinars/herons", **moved, ends="2031-05-06T19:00")
    assert changed.status_code == 303, changed.text
    assert len(await told(app)) == 50
    await messenger(app)._tell_some(webinar.id)
    assert len(await told(app)) == 100
    assert (await browser.post("/desk/webinars/herons/cancellation")).status_code == 303
    await asyncio.gather(*(messenger(app).act() for _ in range(3)))
    await messenger(app).act()
    by_subject = Counter(subject for _, subject in await told(app))
    assert sorted(by_subject.values()) == [100, 129], by_subject
    assert max(Counter(await told(app)).values()) == 1, "nobody is told anything twice"
    async with app.state.database.transaction() as session:
        assert await MessageRepository(session).noticed() == []


async def told(app: FastAPI) -> list[tuple[str, str]]:
    async with app.state.database.transaction() as session:
        found = (await session.exec(select(Mail).where(col(Mail.recipient).startswith("n")))).all()
    return [(mail.recipient, mail.subject) for mail in found]


async def test_a_webinars_life(app: FastAPI, clock: time_machine.Traveller) -> None:
    """Who gets what when: the two reminders of the beginning, a third to all, and three follow-ups."""
    webinar = await make_webinar(app, starts_at=START, ends_at=START + HOUR, capacity=50)
    reminder, follow_up = MessageKind.REMINDER, MessageKind.FOLLOW_UP
    await plan(
        app,
        webinar,
        (reminder, 24 * 60, Audience.SEAT, "a day"),
        (reminder, 60, Audience.SEAT, "an hour"),
        (reminder, 3 * 24 * 60, Audience.REGISTERED, "to all"),
        (follow_up, 0, Audience.ATTENDED, "thanks"),
        (follow_up, 2 * 60, Audience.NO_SHOW, "missed you"),
        (follow_up, 24 * 60, Audience.SEAT, "recording"),
    )
    life = Life(app, clock)
    await add(app, webinar, "ann")
    await add(app, webinar, "came")
    await add(app, webinar, "waits", status=Standing.WAITING)
    await add(app, webinar, "gone", status=Standing.CANCELLED)
    await add(app, webinar, "quiet", unsubscribed_at=now())
    assert await life.until(START - 4 * DAY) == []
    assert await life.until(START - 3 * DAY) == [("ann", "to all"), ("came", "to all"), ("waits", "to all")]
    assert await life.until(START - DAY - timedelta(seconds=1)) == []
    assert await life.until(START - DAY) == [("ann", "a day"), ("came", "a day")]
    clock.move_to(START - 5 * HOUR)
    await add(app, webinar, "late")
    assert await life.until(START - 4 * HOUR) == [], "whose time was before they registered they do not get"
    assert await life.until(START - HOUR / 2) == [("ann", "an hour"), ("came", "an hour"), ("late", "an hour")]
    clock.move_to(START - timedelta(minutes=1))
    await add(app, webinar, "later")
    await attend(app, "came")
    assert await life.until(START) == await life.until(START + HOUR - timedelta(seconds=1)) == []
    assert await life.until(START + HOUR) == [("came", "thanks")]
    stayed_away = [(name, "missed you") for name in ("ann", "late", "later")]
    assert await life.until(START + 3 * HOUR) == stayed_away
    everybody = [(name, "recording") for name in ("ann", "came", "late", "later")]
    assert await life.until(START + HOUR + DAY) == everybody
    assert await life.until(START + 100 * DAY) == []


async def attend(app: FastAPI, name: str) -> None:
    async with app.state.database.transaction() as session:
        row = col(Registration.name) == name
        await session.exec(update(Registration).where(row).values(attended_at=now()))


async def test_a_server_that_was_down_catches_up_but_not_for_ever(app: FastAPI, clock: time_machine.Traveller) -> None:
    webinar = await make_webinar(app, starts_at=START, ends_at=START + HOUR)
    kinds = (MessageKind.REMINDER, 24 * 60, Audience.SEAT, "a day"), (MessageKind.FOLLOW_UP, 0, Audience.SEAT, "thanks")
    await plan(app, webinar, *kinds)
    await add(app, webinar, "ann")
    life = Life(app, clock)
    assert await life.until(START - 2 * HOUR) == [("ann", "a day")]
    await add(app, webinar, "last", consented_at=START - 2 * DAY)
    assert await life.until(START) == [], "no reminder after the start"
    assert await life.until(START + HOUR + timedelta(days=8)) == [], "no thanks a week late"
    assert await life.until(START + HOUR + timedelta(days=6)) == [("ann", "thanks"), ("last", "thanks")]


async def test_who_gets_a_seat_late_is_not_reminded_of_yesterday(app: FastAPI, clock: time_machine.Traveller) -> None:
    """They registered before, but hear of their seat only now; of the last hour they are reminded."""
    await make_webinar(app, starts_at=START, ends_at=START + HOUR, capacity=1)
    async with Browser(app) as visitor:
        for name in ("ann", "lucky"):
            form = {"name": name, "email": f"{name}@example.com", "consent": "true"}
            assert (await visitor.post("/webinars/herons/registrations", **form)).status_code == 201
        clock.move_to(START - 5 * HOUR)
        await messenger(app).act()
        path = (await mails(app, "ann@example.com"))[-1].text.split("http://127.0.0.1:8000")[1].split()[0]
        assert (await visitor.post(f"{path}/cancellation")).status_code == 303
    await messenger(app).act()
    assert (await subjects(app, "lucky"))[1:] == ["You have a seat now: Herons"]
    clock.move_to(START - HOUR)
    await messenger(app).act()
    assert (await subjects(app, "lucky"))[2:] == ["Soon: Herons"]
    assert (await subjects(app, "ann"))[-1] != "Soon: Herons"


@pytest.mark.parametrize(("shift", "again"), [(timedelta(minutes=30), 0), (2 * HOUR, 0), (2 * DAY, 1), (-3 * HOUR, 0)])
async def test_a_moved_webinar(
    app: FastAPI, browser: Browser, clock: time_machine.Traveller, shift: timedelta, again: int
) -> None:
    """Whoever has been reminded a day before is so again only when it was moved by more than that day."""
    webinar = await make_webinar(app, starts_at=START, ends_at=START + HOUR, capacity=50)
    await make_user(app, "mia@example.com", "marketing", is_staff=True)
    await add(app, webinar, "ann")
    clock.move_to(START - 20 * HOUR)
    await sign_in(browser, "mia@example.com")
    await messenger(app).act()
    times = {"starts": START + shift, "ends": START + HOUR + shift}
    form = {**FORM, **{name: f"{moment:%Y-%m-%dT%H:%M}" for name, moment in times.items()}}
    assert (await browser.post("/desk/webinars/herons", **form)).status_code == 303
    assert await subjects(app, "ann") == ["Soon: Herons", "It has changed: Herons"]
    for before in (DAY, DAY - HOUR, HOUR, HOUR / 2, -HOUR):
        clock.move_to(max(now(), START + shift - before))
        await messenger(app).act()
    assert (await subjects(app, "ann"))[2:] == ["Soon: Herons"] * (1 + again)


async def test_moved_nearer_the_reminder_goes_at_once(
    app: FastAPI, browser: Browser, clock: time_machine.Traveller
) -> None:
    webinar = await make_webinar(app, starts_at=START, ends_at=START + HOUR, capacity=50)
    await make_user(app, "mia@example.com", "marketing", is_staff=True)
    await add(app, webinar, "ann")
    clock.move_to(START - 4 * DAY)
    await sign_in(browser, "mia@example.com")
    form = {**FORM, "starts": "2031-05-03T12:00", "ends": "2031-05-03T13:00"}
    assert (await browser.post("/desk/webinars/herons", **form)).status_code == 303
    await messenger(app).act()
    assert await subjects(app, "ann") == ["It has changed: Herons", "Soon: Herons"]


async def test_a_cancelled_webinar_and_a_message_that_is_off_reach_nobody(app: FastAPI) -> None:
    cancelled = await make_webinar(app, status="cancelled")
    draft = await make_webinar(app, slug="draft", status="draft")
    held = await make_webinar(app, slug="off")
    for number, webinar in enumerate((cancelled, draft, held)):
        await add(app, webinar, "ann", number=number)
    async with app.state.database.transaction() as session:
        off = update(WebinarMessage).where(col(WebinarMessage.webinar_id) == held.id)
        await session.exec(off.values(is_active=False))
    for offset in (-2 * HOUR, 3 * HOUR):
        await messenger(app).send(held.starts_at + offset)
    assert await subjects(app, "ann") == []


async def test_one_message_that_cannot_be_made_holds_up_no_other(app: FastAPI) -> None:
    broken, other = await make_webinar(app), await make_webinar(app, slug="other", title="Otters")
    for number, webinar in enumerate((broken, other)):
        await add(app, webinar, "ann", number=number)
    async with app.state.database.transaction() as session:
        await session.exec(update(Webinar).where(col(Webinar.id) == broken.id).values(time_zone="Mars/Olympus"))
    await messenger(app).send(broken.starts_at - 20 * HOUR)
    assert await subjects(app, "ann") == ["Soon: Otters"]


async def test_several_at_once_write_once(app: FastAPI) -> None:
    webinar = await make_webinar(app, capacity=500)
    names = ["p" * (number + 1) for number in range(60)]
    for name in names:
        await add(app, webinar, name)
    services = [messenger(app) for _ in range(4)]
    await asyncio.gather(*(service.send(webinar.starts_at - 20 * HOUR) for service in services))
    assert Counter([len(await subjects(app, name)) for name in names]) == {1: 60}


async def test_a_mail_of_a_reminder(app: FastAPI) -> None:
    """Names are no Markdown, the link leads to the registration, the calendar's entry comes along."""
    webinar = await make_webinar(app, title="Herons *live*")
    row = await add(app, webinar, "ann")
    async with app.state.database.transaction() as session:
        await session.exec(update(Registration).values(name="[Ann](https://evil.example) <b>"))
    await messenger(app).send(webinar.starts_at - 20 * HOUR)
    [mail] = await mails(app, "ann@example.com")
    assert mail.subject == "Soon: Herons *live*" and "METHOD:REQUEST" in mail.calendar
    assert mail.text.startswith("Hello [Ann](https://evil.example) <b>,\n\nIt begins soon.")
    assert f"Your registration: http://127.0.0.1:8000/registrations/{row.id}/" in mail.text
    assert f"http://127.0.0.1:8000/unsubscribe/{row.id}/" in mail.unsubscribe and mail.unsubscribe in mail.text
    assert "<strong>Herons *live*</strong>" in mail.html and 'href="https://evil' not in mail.html
    assert "&lt;b&gt;" in mail.html and f'href="http://127.0.0.1:8000/registrations/{row.id}/' in mail.html


async def test_who_was_reminded_is_kept_with_the_mail(app: FastAPI) -> None:
    """Either both are stored or neither: a mail that cannot be written leaves no trace, and is tried again."""
    webinar = await make_webinar(app)
    await add(app, webinar, "ann")
    broken = messenger(app)
    broken.mail = lambda _session: Broken()  # type: ignore[assignment, return-value]
    await broken.send(webinar.starts_at - 20 * HOUR)
    assert await subjects(app, "ann") == []
    await messenger(app).send(webinar.starts_at - 20 * HOUR)
    assert await subjects(app, "ann") == ["Soon: Herons"]
    async with app.state.database.transaction() as session:
        sent = await MessageRepository(session).sent(webinar)
        assert len((await session.exec(select(WebinarMessage))).all()) == 3
    assert list(sent.values()) == [1]


class Broken:
    async def message(self, *_: object) -> None:
        raise OSError("the disk is full")

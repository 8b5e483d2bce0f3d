"""Reminders: once to each, before the start, however many processes look and however often."""

import asyncio
from collections import Counter
from datetime import timedelta
from functools import partial

from fastapi import FastAPI

from app.main import webinar_mail
from app.models.base import now
from app.models.webinar import Registration, Standing, Webinar
from app.services.messenger import Messenger
from tests.people import mails
from tests.webinars import make_webinar

WEEK = timedelta(days=7)


async def add(app: FastAPI, webinar: Webinar, name: str, status: Standing = Standing.REGISTERED) -> None:
    email = f"{name}@example.com"
    async with app.state.database.transaction() as session:
        session.add(
            Registration(webinar_id=webinar.id, number=len(name), name=name, email=email, status=status, consent="yes")
        )


async def subjects(app: FastAPI, name: str) -> list[str]:
    return [mail.subject for mail in await mails(app, f"{name}@example.com")]


async def test_a_day_and_an_hour_before_and_only_who_has_a_seat(app: FastAPI) -> None:
    webinar = await make_webinar(app)
    await add(app, webinar, "ann")
    await add(app, webinar, "waits", Standing.WAITING)
    service = Messenger(app.state.database, partial(webinar_mail, app))
    counts = []
    for hours in (25, 23, 23, 2, 0.5, 0.4, -1):
        await service.send(webinar.starts_at - timedelta(hours=hours))
        counts.append(len(await subjects(app, "ann")))
    assert counts == [0, 1, 1, 1, 2, 2, 2]
    assert await subjects(app, "ann") == ["Soon: Herons"] * 2 and await subjects(app, "waits") == []


async def test_who_comes_late_is_not_reminded_of_yesterday(app: FastAPI) -> None:
    webinar = await make_webinar(app, starts_at=now() + timedelta(hours=3), ends_at=now() + timedelta(hours=4))
    await add(app, webinar, "late")
    await Messenger(app.state.database, partial(webinar_mail, app)).send(now())
    assert await subjects(app, "late") == []


async def test_a_cancelled_webinar_reminds_nobody(app: FastAPI) -> None:
    webinar = await make_webinar(app, status="cancelled")
    await add(app, webinar, "ann")
    await Messenger(app.state.database, partial(webinar_mail, app)).send(webinar.starts_at - timedelta(hours=2))
    assert await subjects(app, "ann") == []


async def test_several_at_once_remind_once(app: FastAPI) -> None:
    webinar = await make_webinar(app, capacity=50)
    names = ["p" * (number + 1) for number in range(20)]
    for name in names:
        await add(app, webinar, name)
    services = [Messenger(app.state.database, partial(webinar_mail, app)) for _ in range(4)]
    at = webinar.starts_at - timedelta(hours=20)
    for _ in range(2):  # who lost the race tries again
        await asyncio.gather(*(service.send(at) for service in services))
    assert Counter([len(await subjects(app, name)) for name in names]) == {1: 20}

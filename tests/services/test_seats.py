"""Seats where nothing takes place any more, and what an undo tells calendars."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from icalendar import Calendar
from pydantic import ValidationError

from app.errors import Conflict
from app.main import registrant_work
from app.models.base import now
from app.models.user import User
from app.models.webinar import Registration, Standing, Webinar, WebinarForm, WebinarStatus
from app.models.webinar_message import MessageForm
from app.repositories.visibility import Rights
from app.services.webinar_service import WebinarService
from tests.people import mails, make_user
from tests.webinars import make_webinar

GONE = [
    {"status": WebinarStatus.CANCELLED},
    {"starts_at": now() - timedelta(days=30), "ends_at": now() - timedelta(days=29)},
]


async def seated(app: FastAPI, **fields: object) -> tuple[Webinar, Registration, Registration]:
    """A webinar with one seat, which Ann has and Ben waits for."""
    webinar = await make_webinar(app, **{"capacity": 1, "taken": 1, "last_number": 2, **fields})
    people = [("ann", Standing.REGISTERED), ("ben", Standing.WAITING)]
    async with app.state.database.transaction() as session:
        rows = [
            Registration(
                webinar_id=webinar.id, number=n, name=name, email=f"{name}@example.com", status=at, consent="y"
            )
            for n, (name, at) in enumerate(people, 1)
        ]
        session.add_all(rows)
    return webinar, rows[0], rows[1]


class Staff:
    """Somebody who may do everything, each time in a transaction of its own."""

    def __init__(self, app: FastAPI, user: User) -> None:
        self.app = app
        self.rights = Rights(user, frozenset())

    async def move(self, webinar: Webinar, who: Registration, standing: Standing) -> None:
        async with self.app.state.database.transaction() as session:
            service: WebinarService = registrant_work(self.app, lambda _webinars, service, _events: service, session)
            found, row = await service.webinars.get(webinar.id), await service.webinars.registration(who.id)
            assert found and row
            await service.move(self.rights, found, row, standing)

    async def put_back(self, webinar: Webinar, who: Registration, standing: Standing) -> None:
        async with self.app.state.database.transaction() as session:
            service: WebinarService = registrant_work(self.app, lambda _webinars, service, _events: service, session)
            found, row = await service.webinars.get(webinar.id), await service.webinars.registration(who.id)
            assert found and row
            await service.put_back(found, row, standing, self.rights.user)


@pytest.fixture
async def staff(app: FastAPI) -> Staff:
    return Staff(app, await make_user(app, "root@example.com", is_superuser=True))


@pytest.mark.parametrize("gone", GONE, ids=["cancelled", "past"])
async def test_nobody_gets_a_seat_where_nothing_takes_place(
    app: FastAPI, staff: Staff, gone: dict[str, object]
) -> None:
    webinar, ann, ben = await seated(app, **gone)
    await staff.move(webinar, ann, Standing.CANCELLED)
    with pytest.raises(Conflict):
        await staff.move(webinar, ann, Standing.REGISTERED)
    assert await mails(app, "ben@example.com") == []
    async with app.state.database.transaction() as session:
        row = await session.get(Registration, ben.id)
    assert row and row.status == Standing.WAITING


@pytest.mark.parametrize("before", [Standing.CANCELLED, Standing.DECLINED, Standing.PENDING])
async def test_an_undo_takes_the_seat_out_of_the_calendar(app: FastAPI, staff: Staff, before: Standing) -> None:
    webinar, ann, _ = await seated(app, capacity=5)
    await staff.put_back(webinar, ann, before)
    told = [mail for mail in await mails(app, "ann@example.com") if mail.calendar]
    entry = Calendar.from_ical(told[-1].calendar)
    assert entry["method"] == "CANCEL" and not entry.get_missing_tzids()


FORM = {"title": "Herons", "capacity": 5, "time_zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("starts", "ends", "closes", "said"),
    [
        ("2027-03-28T02:30", "2027-03-28T03:10", None, "There is no 02:30 on 28 March 2027"),
        ("2027-03-28T01:30", "2027-03-28T03:10", None, ""),
        ("2027-03-28T10:00", "2027-03-28T11:00", "2027-03-28T11:30", "close before the end"),
    ],
)
def test_times_that_do_not_exist_are_refused(starts: str, ends: str, closes: str | None, said: str) -> None:
    values = {**FORM, "starts": starts, "ends": ends, "closes": closes}
    if said:
        with pytest.raises(ValidationError, match=said):
            WebinarForm.model_validate(values)
    else:
        WebinarForm.model_validate(values)


def test_a_reminder_goes_out_before_the_start() -> None:
    message = {"kind": "reminder", "unit": "minutes", "audience": "seat", "subject": "S", "text": "T"}
    with pytest.raises(ValidationError, match="before the start"):
        MessageForm.model_validate({**message, "amount": 0})
    MessageForm.model_validate({**message, "amount": 1})

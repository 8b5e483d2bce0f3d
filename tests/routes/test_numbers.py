"""The numbers of webinars: counted by hand and by the app, over days of every length, and for whoever may see them."""

import csv
import io
from bisect import bisect
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from sqlmodel import select

from app.models.registrant_forms import source_of
from app.models.user import User
from app.models.webinar import Registration, Standing, Webinar
from app.repositories.numbers import NumberRepository
from app.repositories.visibility import Rights
from app.services.calendar_days import MOST, Days
from app.services.numbers import Numbers, NumberService, Scope
from tests.browser import Browser
from tests.html import find, one, parse, text
from tests.people import make_user, sign_in
from tests.routes.test_webinars import manage, register, standings
from tests.webinars import make_webinar

PATH = "/desk/webinars/herons/numbers"
ALL = Rights(User(email="x@example.com", hashed_password="", is_superuser=True), frozenset())


async def fill(app: FastAPI, webinar: Webinar, *people: dict[str, Any]) -> None:
    """One registration for each, of somebody who has a seat unless it says otherwise."""
    async with app.state.database.transaction() as session:
        for number, fields in enumerate(people, 1):
            values = {"status": Standing.REGISTERED, "name": f"P{number}", "email": f"p{number}@example.com", **fields}
            session.add(Registration(webinar_id=webinar.id, number=number, consent="yes", **values))


async def count(app: FastAPI, webinar: Webinar, scope: Scope = Scope()) -> Numbers:  # noqa: B008 - it is frozen
    async with app.state.database.transaction() as session:
        return await NumberService(NumberRepository(session)).of_webinar(ALL, webinar, scope)


def figures(numbers: Numbers, chart: str, *, drop: bool = True) -> dict[str, list[float]]:
    """What the chart shows for each label, where there is something."""
    data = numbers.charts[chart].data
    rows = {name: [series.values[at] for series in data.series] for at, name in enumerate(data.labels)}
    return {name: row for name, row in rows.items() if any(row) or not drop}


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


def past(**fields: Any) -> dict[str, Any]:
    return {"starts_at": at("2026-11-01T18:00"), "ends_at": at("2026-11-01T19:00"), "capacity": 9, **fields}


async def some(app: FastAPI) -> Webinar:
    """A webinar that is over: ten registrations of three sources."""
    webinar = await make_webinar(app, **past())
    came, day = at("2026-11-01T18:05"), at("2026-10-20T12:00")
    mail, none = {"source": "newsletter", "created_at": day}, {"created_at": day + timedelta(days=2)}
    lost = {"status": Standing.CANCELLED, "cancelled_at": day + timedelta(days=3)}
    await fill(
        app,
        webinar,
        *({**mail, "attended_at": came} for _ in range(3)),
        {**mail},
        {**mail, **lost},
        {**none, "attended_at": came},
        {**none, "status": Standing.WAITING},
        {**none, "status": Standing.PENDING},
        {**none, "status": Standing.DECLINED},
        {**none, "source": "=partner", **lost},
    )
    return webinar


async def test_the_figures_of_a_webinar(app: FastAPI) -> None:
    numbers = await count(app, await some(app))
    total = numbers.total
    assert (total.all, total.seats, total.attended, total.absent, total.rate) == (10, 5, 4, 1, "80 %")
    assert (total.waiting, total.pending, total.cancelled, total.declined) == (1, 1, 2, 1)
    assert figures(numbers, "by-source") == {
        "newsletter": [3, 1, 0, 1],
        "(none)": [1, 0, 2, 1],
        "=partner": [0, 0, 0, 1],
    }
    assert [series.name for series in numbers.charts["by-source"].data.series][1] == "No-show"
    assert figures(numbers, "by-time") == {"20 Oct": [5, 0], "22 Oct": [5, 0], "23 Oct": [0, 2]}
    assert figures(numbers, "in-all")["21 Oct"] == [5] and figures(numbers, "in-all")["1 Nov"] == [8]


async def test_one_source_and_some_days_alone(app: FastAPI) -> None:
    webinar = await some(app)
    numbers = await count(app, webinar, Scope("newsletter"))
    assert numbers.total.all == 5 and figures(numbers, "by-time") == {"20 Oct": [5, 0], "23 Oct": [0, 1]}
    assert list(figures(numbers, "by-source")) == ["newsletter"] and len(numbers.choices) == 3
    assert (await count(app, webinar, Scope("(none)"))).total.all == 4
    assert (await count(app, webinar, Scope(since=date(2026, 10, 21)))).total.all == 5
    assert (await count(app, webinar, Scope(until=date(2026, 10, 21)))).total.all == 5
    assert (await count(app, webinar, Scope("gone", date(2026, 10, 20), date(2026, 10, 20)))).choices[-1] == "gone"


DAYS = {
    # The clocks go back on the 25th of October, which has 25 hours.
    "Europe/Berlin": [
        ("2026-10-24T21:59:59", "24 Oct"),
        ("2026-10-24T22:00:00", "25 Oct"),
        ("2026-10-25T22:59:59", "25 Oct"),
        ("2026-10-25T23:00:00", "26 Oct"),
    ],
    # They go forward at midnight on the 6th of September: that day begins at one o'clock.
    "America/Santiago": [("2026-09-06T03:59:59", "5 Sep"), ("2026-09-06T04:00:00", "6 Sep")],
    "Asia/Kolkata": [("2026-10-24T18:29:59", "24 Oct"), ("2026-10-24T18:30:00", "25 Oct")],
    "Asia/Kathmandu": [("2026-10-24T18:14:59", "24 Oct"), ("2026-10-24T18:15:00", "25 Oct")],
    # By half an hour, on the 4th of October.
    "Australia/Lord_Howe": [
        ("2026-10-03T13:29:59", "3 Oct"),
        ("2026-10-03T13:30:00", "4 Oct"),
        ("2026-10-04T12:59:59", "4 Oct"),
        ("2026-10-04T13:00:00", "5 Oct"),
    ],
}


@pytest.mark.parametrize("zone", DAYS)
async def test_days_begin_where_the_webinar_is(app: FastAPI, zone: str) -> None:
    webinar = await make_webinar(app, **past(time_zone=zone, capacity=100))
    await fill(app, webinar, *({"created_at": at(moment)} for moment, _day in DAYS[zone]))
    days = [day for _moment, day in DAYS[zone]]
    shown = figures(await count(app, webinar), "by-time")
    assert shown == {day: [days.count(day), 0] for day in days}
    for day in set(days):
        only = datetime.strptime(f"{day} 2026", "%d %b %Y").date()
        assert (await count(app, webinar, Scope("", only, only))).total.all == days.count(day), "a filter agrees"


@given(st.dates(date(2000, 1, 1), date(2199, 12, 31)), st.integers(0, 20_000), st.data())
def test_every_day_is_in_one_unit(first: date, length: int, data: st.DataObject) -> None:
    last = min(first + timedelta(length), date(2199, 12, 31))
    days = Days.between(first, last)
    assert 1 <= len(days.begins) <= max(MOST + 2, (last.year - first.year + 1) * (days.unit.name == "year"))
    assert len(set(days.names)) == len(days.names) == len(days.labels) == len(days.begins)
    zone = ZoneInfo(data.draw(st.sampled_from([*DAYS, "UTC"])))
    edges = days.edges(zone)
    assert edges == sorted(set(edges)) and len(edges) == len(days.begins) + 1
    day = data.draw(st.dates(first, last))
    for hour in range(24):
        moment = datetime(day.year, day.month, day.day, hour, tzinfo=zone).astimezone(UTC)
        at = bisect(edges, moment) - 1
        assert days.begins[at] == days.unit.first(moment.astimezone(zone).date())


async def test_long_times_are_shown_by_weeks(app: FastAPI) -> None:
    webinar = await make_webinar(app, **past())
    await fill(app, webinar, {"created_at": at("2026-01-01T12:00")}, {"created_at": at("2026-01-04T12:00")})
    numbers = await count(app, webinar)
    assert numbers.charts["by-time"].data.title == "Registrations by week"
    assert figures(numbers, "by-time") == {"29 Dec": [2, 0]}


async def test_when_somebody_cancelled_is_kept(app: FastAPI, desk: Browser) -> None:
    """Until they register again, and whatever else changes of them."""
    await make_webinar(app)
    await register(desk, "Ann")
    await desk.post(await manage(app, "Ann") + "/cancellation")
    kept = await cancelled_at(app)
    assert kept
    await desk.post(await manage(app, "Ann") + "/confirmation")
    assert await cancelled_at(app) == kept
    await register(desk, "Ann")
    assert await cancelled_at(app) is None and await standings(app) == {"Ann": Standing.REGISTERED}


async def test_who_moves_up_or_is_declined_has_not_cancelled(app: FastAPI, desk: Browser) -> None:
    webinar = await make_webinar(app, capacity=1)
    for name in ("Ann", "Ben"):
        await register(desk, name)
    await desk.post(await manage(app, "Ann") + "/cancellation")
    assert await standings(app) == {"Ann": Standing.CANCELLED, "Ben": Standing.REGISTERED}
    numbers = await count(app, webinar)
    assert [sum(series.values) for series in numbers.charts["by-time"].data.series] == [2, 1]


async def cancelled_at(app: FastAPI) -> datetime | None:
    async with app.state.database.transaction() as session:
        registration: Registration = (await session.exec(select(Registration))).one()
    return registration.cancelled_at


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("?source=flyer", "flyer"),
        ("?utm_source=newsletter&utm_medium=email&utm_campaign=may", "newsletter / email / may"),
        ("?utm_source=news%20letter%0A&utm_campaign=%00", "news letter"),
        ("?source=" + "x" * 500, "x" * 100),
    ],
)
async def test_where_they_come_from_is_kept(app: FastAPI, browser: Browser, query: str, kept: str) -> None:
    webinar = await make_webinar(app)
    page = parse(await browser.get(f"/webinars/herons{query}"))
    source = one(page, "input[name=source]").get("value") or ""
    assert source == kept
    assert (await register(browser, "Ann", source=source)).status_code == 201
    assert list(figures(await count(app, webinar), "by-source")) == [kept]


@given(st.lists(st.text(max_size=200), max_size=4))
def test_a_source_is_one_line_that_fits(mentions: list[str]) -> None:
    assert len(source_of(*mentions)) <= 100 and len(source_of(*mentions).splitlines()) <= 1


async def test_the_page_and_its_fragment(app: FastAPI, desk: Browser) -> None:
    await some(app)
    page = parse(await desk.get(f"{PATH}?source=newsletter"))
    totals = {text(one(each, "dt")): text(one(each, "dd")) for each in find(page, "#totals > div")}
    assert totals == {
        "Registrations": "5",
        "Have a seat": "4",
        "Attended": "3 75 %",
        "No-show": "1",
        "Waiting": "0",
        "Cancelled": "1",
    }
    assert one(page, "option[selected]").get("value") == "newsletter"
    assert [text(row) for row in find(page, "#by-source-table tbody tr")] == ["newsletter3101"]
    assert find(page, "#by-time-drawing svg[role=img] rect") and find(page, "#in-all-drawing path")
    fragment = await desk.htmx(f"{PATH}?source=newsletter")
    assert fragment.status_code == 200 and one(parse(fragment), "#numbers") is not None
    assert not find(parse(fragment), "form, main")
    stream = one(page, "#numbers").get("hx-sse:connect")
    assert stream == f"{PATH}/stream?source=newsletter"


async def test_marks_are_drawn_as_long_as_the_figures(app: FastAPI, desk: Browser) -> None:
    await some(app)
    page = parse(await desk.get(PATH))
    drawings = find(page, "#by-source-drawing svg.w-full")
    widths = [[mark.get("width") for mark in find(each, "rect")] for each in drawings]
    assert widths == [["60.0%", "20.0%", "20.0%"], ["20.0%", "40.0%", "20.0%"], ["20.0%"]]


async def test_files_run_nothing_in_a_spreadsheet(app: FastAPI, desk: Browser) -> None:
    await some(app)
    response = await desk.get(f"{PATH}/by-source.csv?since=2026-10-21")
    rows = list(csv.reader(io.StringIO(response.text)))
    assert rows == [
        ["Source", "Attended", "No-show", "Waiting", "Cancelled"],
        ["(none)", "1", "0", "2", "1"],
        ["'=partner", "0", "0", "0", "1"],
    ]
    assert "herons-by-source.csv" in response.headers["content-disposition"]
    assert (await desk.get(f"{PATH}/secrets.csv")).status_code == 404
    assert (await desk.get("/desk/numbers/by-webinar.csv")).text.splitlines()[1] == "Herons,4,1,0,5"


@pytest.mark.parametrize(
    "query", ["since=never", "since=0001-01-01&until=9999-12-31", "source=%00", "source=" + "x" * 999]
)
async def test_filters_that_make_no_sense(app: FastAPI, desk: Browser, query: str) -> None:
    await some(app)
    for path in (PATH, "/desk/numbers"):
        assert (await desk.get(f"{path}?{query}")).status_code == 200


async def test_nothing_yet(app: FastAPI, desk: Browser) -> None:
    assert (await desk.get("/desk/numbers")).status_code == 200
    await make_webinar(app)
    page = parse(await desk.get(PATH))
    assert text(one(page, "#by-time-drawing")) == "Nothing to show yet."


async def test_all_webinars_side_by_side(app: FastAPI, desk: Browser) -> None:
    await some(app)
    other = await make_webinar(app, slug="otters", title="Otters")
    await fill(app, other, {"source": "newsletter"}, {"source": "newsletter", "status": Standing.WAITING})
    page = parse(await desk.get("/desk/numbers"))
    links = {text(each): each.get("href") for each in find(page, "#by-webinar-table a")}
    assert links == {"Otters": "/desk/webinars/otters/numbers", "Herons": PATH}
    rows = [text(row) for row in find(page, "#by-webinar-table tbody tr")]
    assert rows == ["Otters0011", "Herons4105"]
    fragment = parse(await desk.htmx("/desk/numbers?source=newsletter&until=2026-11-01"))
    assert [text(row) for row in find(fragment, "#by-webinar-table tbody tr")] == ["Herons3101"]


async def test_sales_count_what_is_assigned_to_them(app: FastAPI, browser: Browser) -> None:
    sam = await make_user(app, "sam@example.com", "sales", is_staff=True)
    webinar = await make_webinar(app, **past())
    mine, lost = {"rep_id": sam.id, "source": "fair"}, {"status": Standing.CANCELLED, "cancelled_at": at("2026-10-21")}
    await fill(app, webinar, mine, {**mine, **lost}, {"source": "secret"}, {"source": "secret", **lost})
    await sign_in(browser, "sam@example.com")
    for path in (PATH, "/desk/numbers"):
        page = await browser.get(path)
        assert "secret" not in page.text and text(find(parse(page), "#totals dd")[0]) == "2", path
    for name in ("by-time", "by-source", "in-all"):
        assert "secret" not in (await browser.get(f"{PATH}/{name}.csv")).text
    rows = list(csv.reader(io.StringIO((await browser.get(f"{PATH}/by-time.csv")).text)))
    assert [sum(int(row[n]) for row in rows[1:]) for n in (1, 2)] == [2, 1]
    assert [each.get("value") for each in find(parse(await browser.get(PATH)), "option")] == ["", "fair"]


async def test_who_may_see_numbers(app: FastAPI, browser: Browser) -> None:
    await make_webinar(app)
    await make_user(app, "uli@example.com")
    for path in (PATH, "/desk/numbers", f"{PATH}/stream", f"{PATH}/by-source.csv"):
        assert (await browser.get(path)).status_code == 401
    await sign_in(browser, "uli@example.com")
    for path in (PATH, "/desk/numbers", f"{PATH}/stream", f"{PATH}/by-source.csv"):
        assert (await browser.get(path)).status_code == 403


async def test_every_query_is_answered_by_the_index_alone(app: FastAPI) -> None:
    """A hundred thousand wide rows would take a second to read."""
    webinar = await make_webinar(app)
    if "sqlite" not in app.state.settings.database_url:
        pytest.skip("PostgreSQL decides by the size of the table")
    asked: list[tuple[str, Any]] = []
    engine = app.state.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda _c, _cursor, sql, values, *_: asked.append((sql, values)))
    async with app.state.database.transaction() as session:
        numbers = NumberService(NumberRepository(session))
        await numbers.of_webinar(ALL, webinar, Scope("fair", date(2026, 10, 1), date(2026, 11, 1)))
        await numbers.of_all(ALL, Scope("fair"))
        connection = await session.connection()
        counting = [each for each in asked if "count(" in each[0]]
        plans = [
            (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)).all() for sql, values in counting
        ]
    assert len(plans) == 4
    assert [plan for plan in plans if "USING COVERING INDEX ix_registration_" not in str(plan)] == []
    assert [plan for plan in plans if "USING INDEX" in str(plan) or "TEMP B-TREE FOR GROUP" in str(plan)] == []

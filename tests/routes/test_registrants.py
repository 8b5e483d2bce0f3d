"""The registrants' table below the browser: what it finds, in which order, in pages and as a file."""

import csv
import io
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from fastapi import FastAPI
from sqlalchemy import text as sql
from sqlmodel import col, delete, select

from app.db import Database
from app.models.base import now
from app.models.user import User
from app.models.webinar import Registration, Standing, Webinar
from app.repositories.registrants import MANY
from app.repositories.visibility import Rights
from app.services import registrants
from app.services.registrants import RegistrantsFile, View
from tests.browser import Browser
from tests.html import find, one, parse, text
from tests.people import make_user, sign_in
from tests.webinars import make_webinar

DESK = "/desk/webinars/herons/registrations"
WHY, SAY = "Why?", 'Say "hi" to O\'Neil & 50% {x}'
# Name, address, status, group, with a sales rep or not, and the answers.
PEOPLE: list[tuple[str, str, str, str, bool, dict[str, str]]] = [
    ("Ann Heron", "ann@example.com", "registered", "press", True, {WHY: "Because of my boss", SAY: "Hi, Änderung"}),
    ("Ben Otter", "ben.otter@ponds.example", "registered", "", False, {WHY: "To learn", SAY: "my boss says hi"}),
    ("Änne Müller", "am@example.com", "waiting", "press", False, {}),
    ("Cid O'Neil", "cid_1977@example.com", "cancelled", "partners", True, {WHY: "50% off, {x}"}),
    ("Dan Heronsson", "dan+herons@lakes.example", "waiting", "", False, {WHY: "embossed"}),
]


def person(webinar: Webinar, number: int, **values: Any) -> Registration:
    email = f"p{number}@example.com"
    plain = {"name": f"P{number}", "email": email, "status": Standing.REGISTERED, "consent": "yes", "answers": {}}
    return Registration(webinar_id=webinar.id, number=number, **{**plain, **values})


@pytest.fixture
async def sam(app: FastAPI) -> User:
    return await make_user(app, "sam@example.com", "sales", is_staff=True, name="Sam Sales")


@pytest.fixture
async def webinar(app: FastAPI, sam: User) -> Webinar:
    """Five people, and somebody like the first at another webinar."""
    webinar = await make_webinar(app, capacity=100, questions=[WHY, SAY])
    other = await make_webinar(app, slug="others")
    async with app.state.database.transaction() as session:
        session.add(person(other, 1, name="Ann Heron", group="press", answers={WHY: "boss"}, rep_id=sam.id))
        for number, (name, email, status, group, has_rep, answers) in enumerate(PEOPLE, 1):
            values = {"name": name, "email": email, "status": Standing(status), "group": group, "answers": answers}
            session.add(person(webinar, number, rep_id=sam.id if has_rep else None, **values))
    return webinar


async def numbers(browser: Browser, **view: object) -> list[int]:
    """The first column of the table."""
    response = await browser.get(f"{DESK}?{urlencode(view)}")
    assert response.status_code == 200, view
    return [int(text(row).split()[0]) for row in find(parse(response), "#table tbody tr")]


FOUND: list[tuple[dict[str, str], list[int]]] = [
    ({"q": "heron"}, [1, 5]),
    ({"q": "HERON ann"}, [1]),
    ({"q": "eron"}, []),
    ({"q": "muller"}, [3]),
    ({"q": "MÜLLER"}, [3]),
    ({"q": "änne"}, [3]),
    ({"q": "ann"}, [1, 3]),
    ({"q": "ben.otter@pon"}, [2]),
    ({"q": "cid_19"}, [4]),
    ({"q": "dan+herons"}, [5]),
    ({"q": "o'neil"}, [4]),
    ({"q": "learn"}, [2]),
    ({"q": "&"}, []),
    ({"q": "ann &"}, [1, 3]),
    ({"q": "–"}, []),
    ({"q": "heron", "status": "waiting"}, [5]),
    ({"status": "waiting"}, [3, 5]),
    ({"group": "press"}, [1, 3]),
    ({"group": "(none)"}, [2, 5]),
    ({"group": "nobody has it"}, []),
    ({"rep": "nobody"}, [2, 3, 5]),
    ({"rep": "nobody", "group": "press"}, [3]),
    ({"rep": "somebody"}, [1, 2, 3, 4, 5]),
    ({"answer": "boss"}, [1, 2]),
    ({"answer": "änderung"}, [1]),
    ({"question": WHY, "answer": "boss"}, [1]),
    ({"question": SAY, "answer": "boss HI"}, [2]),
    ({"question": SAY, "answer": "änderung"}, [1]),
    ({"question": SAY, "answer": "heron"}, []),
    ({"question": WHY, "answer": "50%"}, [4]),
    ({"question": "Not asked", "answer": "boss"}, []),
    ({"question": WHY}, [1, 2, 3, 4, 5]),
    ({"q": "ann", "answer": "boss", "group": "press", "status": "registered", "sort": "-name"}, [1]),
]


@pytest.mark.parametrize("many", [1, MANY])
async def test_what_a_search_and_filters_find(
    desk: Browser, webinar: Webinar, sam: User, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By either of the two ways that SQLite takes to what a search finds."""
    monkeypatch.setattr("app.repositories.registrants.MANY", many)
    for view, found in FOUND:
        assert await numbers(desk, **view) == found, view
        assert sorted(await numbers(desk, **{"sort": "-email", **view})) == found, view
    assert await numbers(desk, rep=sam.id) == [1, 4]


async def test_no_words_break_the_search(desk: Browser, webinar: Webinar) -> None:
    for odd in (
        '"',
        "'",
        "\\",
        "*",
        ":*",
        "a:*",
        "a & b",
        "a | !b",
        "NEAR(a b)",
        "NOT",
        "ann AND",
        "{name}: a",
        "^a",
        "-",
    ):
        assert (await desk.get(f"{DESK}?q={quote(odd)}")).status_code == 200, odd
        assert (await desk.get(f"{DESK}?question=%24.%22&answer={quote(odd)}")).status_code == 200, odd
    for long in ("x" * 200, "ﷺ" * 200, "\U0001f9a9" * 200, "ä" * 200, "a-" * 100):
        assert await numbers(desk, q=long, answer=long) == []


async def test_the_index_is_in_step_with_what_changes(app: FastAPI, desk: Browser, webinar: Webinar) -> None:
    async with app.state.database.transaction() as session:
        ann = (await session.exec(select(Registration).where(Registration.email == "ann@example.com"))).one()
        session.add(ann.sqlmodel_update({"name": "Zoe", "answers": {WHY: "zebras"}}))
        ben = (await session.exec(select(Registration).where(Registration.email == "ben.otter@ponds.example"))).one()
        session.add(ben.sqlmodel_update({"number": 9}))  # who comes again is last
        await session.exec(delete(Registration).where(col(Registration.name) == "Cid O'Neil"))
    for view, found in (
        ({"q": "heron"}, [5]),
        ({"q": "zoe"}, [1]),
        ({"answer": "boss"}, [9]),
        ({"q": "zeb"}, [1]),
        ({"q": "cid"}, []),
        ({"q": "example"}, [1, 3, 5, 9]),
        ({"q": "example", "sort": "-number"}, [9, 5, 3, 1]),
    ):
        assert await numbers(desk, **view) == found, view


async def test_the_index_outlives_a_vacuum(app: FastAPI, desk: Browser, webinar: Webinar) -> None:
    """Which may give other numbers to the rows of SQLite's tables."""
    async with app.state.database.transaction() as session:
        await session.exec(delete(Registration).where(col(Registration.number) == 1))
    async with app.state.database.engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(sql("VACUUM"))
    assert await numbers(desk, q="ben") == [2] and await numbers(desk, q="dan") == [5]


async def test_nothing_of_who_is_deleted_stays_in_the_index(app: FastAPI, desk: Browser, webinar: Webinar) -> None:
    async with app.state.database.transaction() as session:
        await session.exec(delete(Webinar))
        if app.state.database.engine.dialect.name == "sqlite":
            connection = await session.connection()
            assert (await connection.execute(sql("SELECT count(*) FROM registration_fts_key"))).scalar_one() == 0
            found = sql("SELECT count(*) FROM registration_fts WHERE registration_fts MATCH 'ann*'")
            assert (await connection.execute(found)).scalar_one() == 0


@pytest.fixture
async def crowd(app: FastAPI, webinar: Webinar) -> list[Registration]:
    """A hundred and twenty more, with few names, groups and times among them."""
    begin = now().replace(microsecond=0)
    async with app.state.database.transaction() as session:
        everybody = [
            person(
                webinar,
                number,
                name=("bea", "Ada", "Cleo")[number % 3],
                email=f"p{number * 37 % 101}x{number}@example.com",
                group=("", "press")[number % 2],
                status=list(Standing)[number % 5],
                created_at=begin + timedelta(seconds=number % 7),
            )
            for number in range(10, 130)
        ]
        session.add_all(everybody)
        before = (await session.exec(select(Registration).where(Registration.webinar_id == webinar.id))).all()
    return sorted({row.id: row for row in (*before, *everybody)}.values(), key=lambda row: row.number)


KEYS: dict[str, Any] = {
    "number": lambda row: row.number,
    "name": lambda row: row.name.lower(),
    "email": lambda row: row.email,
    "status": lambda row: row.status.value,
    "group": lambda row: row.group,
    "created": lambda row: row.created_at,
}


async def test_every_order_both_ways_on_all_pages_and_in_the_file(
    desk: Browser, crowd: list[Registration], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registrants, "EXPORTED_AT_ONCE", 7)
    crowd = [row for row in crowd if row.name.isascii()]  # only one of the databases knows what Ä is in lower case
    for name, key in KEYS.items():
        order = [row.number for row in sorted(crowd, key=lambda row: (key(row), row.number))]
        for sort, wanted in ((name, order), (f"-{name}", order[::-1])):
            shown = [number for page in (1, 2, 3) for number in await numbers(desk, sort=sort, page=page)]
            assert [number for number in shown if number != 3] == wanted and len(shown) == 125, sort
            filed = [int(row["number"]) for row in await exported(desk, sort=sort)]
            assert filed == shown, sort
            found = [int(row["number"]) for row in await exported(desk, sort=sort, q="example")]
            assert found == shown, sort


async def exported(browser: Browser, **view: object) -> list[dict[str, str]]:
    response = await browser.get(f"{DESK}.csv?{urlencode(view)}")
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


async def test_a_search_that_finds_too_many_says_so(
    desk: Browser, crowd: list[Registration], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registrants, "MOST_FOUND", 60)
    page = parse(await desk.get(f"{DESK}?q=example&page=99"))
    assert "Page 2 of 2, more than 60 in all" in text(one(page, "nav[aria-label=Pages]"))
    assert len(find(page, "#table tbody tr")) == 10
    assert "Page 1 of 3, 125 in all" in (await desk.get(DESK)).text, "without a search all are counted"
    assert len(await exported(desk, q="example")) == 125, "and the file has all of them"


async def test_the_address_and_the_form_hold_the_whole_view(desk: Browser, webinar: Webinar, sam: User) -> None:
    view = {"q": "a", "status": "registered", "group": "press", "rep": str(sam.id), "question": SAY, "answer": "hi"}
    page = parse(await desk.get(f"{DESK}?{urlencode(view)}&sort=-name"))
    for name, value in view.items():
        [field] = find(page, f"#filter [name={name}]")
        chosen = [option.get("value", text(option)) for option in find(field, "option[selected]")]
        assert (chosen or [field.get("value")]) == [value], name
    assert one(page, "input[form=filter][name=sort]").get("value") == "-name"
    for link in (one(page, "a[download]"), one(page, "#by-email"), one(page, "#live")):
        address = link.get("href") or link.get("hx-sse:connect") or ""
        assert urlencode({"question": SAY, "answer": "hi"}) in address and f"rep={sam.id}" in address
    gone = parse(await desk.get(f"{DESK}?group=gone&rep={webinar.id}"))
    assert text(one(gone, "#group option[selected]")) == "gone" and find(gone, "#rep option[selected]")
    assert "Nobody fits" in text(one(gone, "#table")) and find(gone, f"#table a[href='{DESK}']")


async def test_a_filter_in_place_brings_the_stream_of_its_view(desk: Browser, webinar: Webinar) -> None:
    response = await desk.htmx(f"{DESK}?q=heron&status=waiting")
    part = parse(response)
    assert not find(part, "form[role=search]") and len(find(part, "#live tbody tr")) == 1
    assert one(part, "#live").get("hx-sse:connect") == f"{DESK}/stream?q=heron&status=waiting"
    assert text(one(part, "hx-partial[hx-target='#found']")) == "1 in all"
    assert not find(parse(await desk.get(DESK)), "hx-partial")


async def test_sales_can_choose_only_among_what_is_theirs(app: FastAPI, browser: Browser, webinar: Webinar) -> None:
    await sign_in(browser, "sam@example.com")
    page = parse(await browser.get(DESK))
    assert [text(option) for option in find(page, "#group option")] == ["Any group", "(none)", "partners", "press"]
    assert await numbers(browser) == [1, 4] and await numbers(browser, q="example") == [1, 4]
    assert await numbers(browser, group="press") == [1] and await numbers(browser, rep="nobody") == []
    assert {row["name"] for row in await exported(browser, q="example")} == {"Ann Heron", "Cid O'Neil"}
    async with app.state.database.transaction() as session:
        await session.exec(delete(Registration).where(col(Registration.name) == "Cid O'Neil"))
    assert "partners" not in [text(option) for option in find(parse(await browser.get(DESK)), "#group option")]


async def test_the_file_holds_what_the_table_knows(desk: Browser, webinar: Webinar) -> None:
    response = await desk.get(f"{DESK}.csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == "attachment; filename*=UTF-8''herons.csv"
    assert response.headers["cache-control"] == "no-store" and "content-length" not in response.headers
    rows = await exported(desk)
    assert [row["name"] for row in rows] == [name for name, *_ in PEOPLE]
    assert rows[0][WHY] == "Because of my boss" and rows[0]["sales rep"] == "sam@example.com"
    assert rows[0]["group"] == "press" and rows[2]["status"] == "waiting" and rows[2][SAY] == ""
    assert await exported(desk, q="nobody") == []


async def test_a_file_in_the_making_holds_no_connection(
    app: FastAPI, desk: Browser, crowd: list[Registration], webinar: Webinar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registrants, "EXPORTED_AT_ONCE", 10)
    async with app.state.database.transaction() as session:
        mia = (await session.exec(select(User).where(User.email == "mia@example.com"))).one()
    rights = Rights(mia, frozenset({"registration.export"}))
    database, sizes = Database(app.state.settings.database_url), []
    async for part in RegistrantsFile(database).lines(rights, webinar, View()):
        assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        sizes.append(part.count("\r\n"))
    await database.close()
    assert sizes == [1, *[10] * 12, 5]

"""The admin panel: a model of somebody else's, of which it is told by its name alone."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any

import pytest
from fastapi import FastAPI
from lxml.html import HtmlElement
from sqlalchemy import JSON, CheckConstraint, Column, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel, select

from app.admin.records import Panel, Records
from app.admin.views import VIEWS
from app.models.base import Timestamp
from tests.browser import Browser
from tests.html import find, one, parse, text
from tests.jobs import job_ended


class Own(SQLModel, registry=registry()):
    """With tables of its own, which are in no migration."""


class Color(str, Enum):  # noqa: UP042 - as people write it
    RED = "red"
    BLUE = "blue"


class Mood(Enum):
    CALM = "calm"
    WILD = "wild"


class Rank(IntEnum):
    LOW = 1
    HIGH = 2


class Team(Own, table=True):
    __tablename__ = "odd_team"

    code: str = Field(primary_key=True)
    heroes: list["Hero"] = Relationship(back_populates="team")


class Hero(Own, table=True):
    __tablename__ = "odd_hero"
    __table_args__ = (UniqueConstraint("title", "color"), CheckConstraint("speed >= 0", name="not_backwards"))

    id: int | None = Field(default=None, primary_key=True)
    title: str
    color: Color = Color.RED
    is_ready: bool = False
    born: date | None = None
    seen_at: datetime | None = Timestamp(default=None, nullable=True)
    extra: dict[str, Any] = Field(default_factory=dict, sa_column=Column("metadata", JSON))
    story: str = ""
    mood: Mood | None = None
    rank: Rank = Rank.HIGH
    weight: Decimal = Field(default=Decimal("1.50"), max_digits=6, decimal_places=2)
    speed: float = 1.5
    wakes_at: time | None = None
    is_known: bool | None = None
    team_code: str | None = Field(default=None, foreign_key="odd_team.code")
    team: Team | None = Relationship(back_populates="heroes")


FORM = {"title": "Ann", "color": "BLUE", "born": "2001-02-03", "seen_at": "2026-11-23 15:00:00", "story": "a\r\nb"}
ODD = {"mood": "WILD", "rank": "LOW", "weight": "2.25", "speed": "0.5", "wakes_at": "06:07:08", "is_known": "false"}
EXTRA = '{"likes": ["herons"]}'


@pytest.fixture
async def panel(app: FastAPI, root: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:  # type: ignore[misc]
    monkeypatch.setattr("app.admin_dependencies.PANEL", Panel((*VIEWS, Team, Hero)))
    async with app.state.database.engine.begin() as connection:
        await connection.run_sync(Own.metadata.create_all)
    yield root
    async with app.state.database.engine.begin() as connection:
        await connection.run_sync(Own.metadata.drop_all)


async def heroes(app: FastAPI) -> list[Hero]:
    async with app.state.database.transaction() as session:
        return list((await session.exec(select(Hero))).all())


def sent(page: HtmlElement) -> dict[str, str]:
    """What the page's form sends as it is, with the line breaks that a browser makes of them."""
    form = one(page, "main form[method=post]")
    inputs = find(form, "input:not([type=checkbox]):not([type=radio])")
    values = {each.get("name"): each.get("value") or "" for each in inputs}
    values |= {each.get("name"): "true" for each in find(form, "input[type=checkbox][checked]")}
    values |= {
        each.get("name"): (each.text or "").lstrip("\n").replace("\n", "\r\n") for each in find(form, "textarea")
    }
    chosen = ((each, each.cssselect("option[selected]") or each.cssselect("option")) for each in find(form, "select"))
    return values | {each.get("name"): options[0].get("value") or "" for each, options in chosen}


async def test_all_that_the_panel_does_it_does_with_it(app: FastAPI, panel: Browser) -> None:
    assert (await panel.post("/admin/team", code="a/b")).status_code == 303
    made = await panel.post("/admin/hero", **FORM, extra=EXTRA, team_code="a/b")
    assert made.status_code == 303, text(one(parse(made), "main"))
    [hero] = await heroes(app)
    assert (hero.color, hero.extra, hero.born, hero.story) == (
        Color.BLUE,
        {"likes": ["herons"]},
        date(2001, 2, 3),
        "a\nb",
    )
    assert (hero.seen_at, hero.team_code) == (datetime(2026, 11, 23, 15, tzinfo=UTC), "a/b")
    listed = parse(await panel.get("/admin/hero"))
    assert {"Title", "Color"} <= {text(each) for each in find(listed, "thead th")}
    shown = await panel.get("/admin/hero/1")
    assert "BLUE" in shown.text and "Color.BLUE" not in shown.text
    assert "BLUE" in (await panel.get("/admin/hero/export.csv")).text
    form = sent(parse(await panel.get("/admin/hero/1/edit")))
    assert (form["color"], form["story"]) == ("BLUE", "a\r\nb")
    assert (await panel.post("/admin/hero/1", **{**form, "title": "Anna"})).status_code == 303
    [again] = await heroes(app)
    assert again.model_dump() == hero.model_dump() | {"title": "Anna"}


async def test_a_key_is_any_text(app: FastAPI, panel: Browser) -> None:
    keys = ["a/b", "new", "import", "export.csv", "%2F", "..", "a?b#c", "100%", "ü;\\"]
    for key in keys:
        made = await panel.post("/admin/team", code=key)
        assert made.status_code == 303, key
        assert key in (await panel.get(made.headers["location"])).text, key
    await panel.post("/admin/hero", **FORM, extra=EXTRA, team_code="a/b")
    links = [each.get("href") for each in find(parse(await panel.get("/admin/team?size=25")), "tbody th a")]
    links += [each.get("href") for each in find(parse(await panel.get("/admin/hero/1")), "dl a")]
    assert len(links) == len(keys) + 1
    for link in links:
        for page in ("", "/edit", "/history", "/deletion"):
            assert (await panel.get(f"{link}{page}")).status_code == 200, f"{link}{page}"
    await panel.post("/admin/hero/1/deletion")
    for link in links[:-1]:
        assert (await panel.post(f"{link}/deletion")).status_code == 303, link
    assert (await panel.get("/admin/team/%2500")).status_code == 404


async def test_what_the_database_refuses_is_said_in_words(
    app: FastAPI, panel: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Records, "quick", ("title", "speed"))
    for title in ("Ann", "Bob"):
        await panel.post("/admin/hero", **{**FORM, "title": title}, extra=EXTRA)
    taken, broken = "There is a hero with this Title and Color already.", "its rule “not_backwards”"
    again = await panel.post("/admin/hero", **FORM, extra=EXTRA)
    assert again.status_code == 409 and again.text.count(taken) == 2, "beside each of the two"
    assert sent(parse(again))["title"] == "Ann"
    for name, value, says in (("title", "Ann", taken), ("speed", "-1", broken)):
        path = f"/admin/hero/2/cells/{name}"
        cell = sent(parse(await panel.get(f"{path}/edit"))) | {name: value}
        for refused in (await panel.post(path, **cell), await panel.htmx(path, "POST", **cell)):
            assert refused.status_code == 409 and says in refused.text, (name, refused.text)
    assert {(each.title, each.speed) for each in await heroes(app)} == {("Ann", 1.5), ("Bob", 1.5)}


async def test_what_holds_a_row_is_said_before_it_is_deleted(app: FastAPI, panel: Browser) -> None:
    await panel.post("/admin/team", code="blue")
    await panel.post("/admin/hero", **FORM, extra=EXTRA, team_code="blue")
    asked = parse(await panel.get("/admin/team/blue/deletion"))
    assert "cannot be deleted while these refer to it" in text(one(asked, "main")) and "1 hero" in text(
        one(asked, "ul")
    )
    assert not find(asked, "main button")
    assert (await panel.post("/admin/team/blue/deletion")).status_code == 409
    await panel.post("/admin/hero/1/deletion")
    assert find(parse(await panel.get("/admin/team/blue/deletion")), "main button")


async def test_rows_are_called_by_the_column_that_names_them(app: FastAPI, panel: Browser) -> None:
    await panel.post("/admin/team", code="blue")
    for title in ("Ann", " "):
        await panel.post("/admin/hero", **{**FORM, "title": title}, extra=EXTRA, team_code="blue")
    listed = parse(await panel.get("/admin/hero"))
    assert text(find(listed, "thead th")[1]) == "Title" and "Id" not in {
        text(each) for each in find(listed, "thead th")
    }
    assert [text(each) for each in find(listed, "tbody th a")] == ["Ann", "2"], "a link has something to click on"
    assert text(one(parse(await panel.get("/admin/hero/1")), "h1")) == "Hero Ann"
    assert 'value="blue"' in (await panel.get("/admin/hero/suggestions/team_code?team_code=b")).text


async def test_json_is_shown_as_json(panel: Browser) -> None:
    await panel.post("/admin/hero", **FORM, extra='{"likes": [null, true]}')
    assert text(find(parse(await panel.get("/admin/hero/1")), "dl")[0]).count('{"likes":[null,true]}') == 1


@pytest.mark.parametrize("values", [{**FORM, **ODD, "extra": EXTRA}, {"title": "Ann", "extra": "{}"}])
async def test_a_form_and_its_cells_send_back_what_the_row_holds(
    app: FastAPI, panel: Browser, values: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = sent(parse(await panel.get("/admin/hero/new")))
    assert (empty["rank"], empty["extra"], empty["is_known"]) == ("HIGH", "{}", "")
    made = await panel.post("/admin/hero", **{**empty, **values})
    assert made.status_code == 303, text(one(parse(made), "main"))
    async with app.state.database.transaction() as session:
        hero = (await session.exec(select(Hero))).one()
        hero.extra = hero.extra or None
        hero.is_known = hero.is_known if hero.mood else None
    before = await heroes(app)
    names = list(sent(parse(await panel.get("/admin/hero/1/edit"))))
    monkeypatch.setattr(Records, "quick", names)
    for name in names[1:]:
        cell = await panel.get(f"/admin/hero/1/cells/{name}/edit")
        assert cell.status_code == 200, name
        await panel.post(f"/admin/hero/1/cells/{name}", **sent(parse(cell)))
    await panel.post("/admin/hero/1", **sent(parse(await panel.get("/admin/hero/1/edit"))))
    assert [each.model_dump() for each in await heroes(app)] == [each.model_dump() for each in before]
    assert "Hero changed" not in (await panel.get("/admin/hero/1/history")).text


async def test_what_was_set_and_put_back_is_as_it_was(app: FastAPI, panel: Browser) -> None:
    await panel.post("/admin/hero", **FORM, extra=EXTRA)
    before = (await heroes(app))[0].model_dump()
    for name, value in ODD.items():
        chosen = {"act": f"set:{name}", "keys": "1", "sent": "true", f"to-{name}": value}
        done = await panel.post("/admin/hero/bulk/job", **chosen)
        assert done.status_code == 303, name
        job = await job_ended(app, done.headers["location"])
        assert (job.error, job.changed) == ("", 1), name
        history = parse(await panel.get("/admin/hero/1/history"))
        back = one(find(history, "main ol > li")[0], "form").get("action")
        assert (await panel.post(back)).status_code == 303, name
        assert (await heroes(app))[0].model_dump() == before, name


async def test_no_number_is_no_number_and_what_is_no_json_is_refused(app: FastAPI, panel: Browser) -> None:
    wrong = {"speed": ("nan", "inf", "1e999"), "extra": ('{"a": NaN}', "[" * 5_000, "{"), "wakes_at": ("25:00",)}
    for name, value in ((name, value) for name, values in wrong.items() for value in values):
        refused = await panel.post("/admin/hero", **{**FORM, "extra": EXTRA, name: value})
        assert refused.status_code == 422, (name, value)
    assert await heroes(app) == []


async def test_a_list_is_narrowed_down_by_days_and_a_filter_that_makes_no_sense_finds_nothing(
    app: FastAPI, panel: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Records, "filters", ("born", "weight", "color", "is_known"))
    await panel.post("/admin/hero", **FORM, extra=EXTRA)
    for query, found in {
        "born_from=2001-02-03&born_to=2001-02-04": 1,
        "born_from=2001-02-04": 0,
        "born_to=2001-02-03": 0,
        "born_from=nonsense": 0,
        "weight=1.5": 1,
        "weight=1,5": 0,
        "weight=99999999999": 0,
        "color=GREEN": 0,
        "is_known=perhaps": 0,
    }.items():
        page = parse(await panel.get(f"/admin/hero?{query}"))
        assert len(find(page, "tbody tr")) == found, query


async def test_what_was_exported_changes_nothing(app: FastAPI, panel: Browser) -> None:
    await panel.post("/admin/hero", **FORM, **ODD, extra=EXTRA)
    await panel.post("/admin/hero", title="Bob", extra="{}")
    before = await heroes(app)
    exported = (await panel.get("/admin/hero/export.csv")).text
    read = await panel.post("/admin/hero/import", pasted=exported)
    assert read.status_code == 303, text(one(parse(read), "main")) + exported
    preview = read.headers["location"]
    said = text(one(parse(await panel.get(preview)), "main"))
    assert "→" not in said and "2 rows" in said, said + exported
    job = await job_ended(app, (await panel.post(preview)).headers["location"])
    assert (job.error, job.changed) == ("", 0)
    assert (await panel.get("/admin/hero/export.json")).json()[1]["mood"] is None
    assert [each.model_dump() for each in await heroes(app)] == [each.model_dump() for each in before]


async def test_two_who_change_different_fields_do_not_meet(app: FastAPI, panel: Browser) -> None:
    await panel.post("/admin/hero", **FORM, extra=EXTRA)
    mine = sent(parse(await panel.get("/admin/hero/1/edit")))
    assert (await panel.post("/admin/hero/1", **{**mine, "is_ready": "true"})).status_code == 303
    assert (await panel.post("/admin/hero/1", **{**mine, "title": "Mine"})).status_code == 303
    [hero] = await heroes(app)
    assert (hero.title, hero.is_ready) == ("Mine", True)


async def test_a_conflict_is_about_what_both_have_changed(app: FastAPI, panel: Browser) -> None:
    await panel.post("/admin/hero", **FORM, extra=EXTRA)
    mine = sent(parse(await panel.get("/admin/hero/1/edit")))
    await panel.post("/admin/hero/1", **{**mine, "title": "Theirs", "seen_at": "2026-11-24 10:00:00"})
    refused = await panel.post("/admin/hero/1", **{**mine, "title": "Mine"})
    assert refused.status_code == 409
    choice = parse(refused)
    assert {each.get("name") for each in find(choice, "main input[type=radio]")} == {"title"}
    saved = await panel.post("/admin/hero/1", **{**sent(choice), "title": "Mine"})
    assert saved.status_code == 303, text(one(parse(saved), "main"))
    [hero] = await heroes(app)
    assert (hero.title, hero.is_ready, hero.seen_at) == ("Mine", False, datetime(2026, 11, 24, 10, tzinfo=UTC))

"""Who may do what in the admin panel: every role, table and way in, compared with one table."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from sqlmodel import SQLModel, select

from app.admin.views import PANEL
from app.models.conversation import Conversation, Message, Role
from app.models.document import Document
from app.models.event import Event
from app.models.follow_up import FollowUp, FollowUpStatus
from app.models.group import Group, GroupMember, GroupPermission
from app.models.job import Job
from app.models.mail import Mail
from app.models.picture import Picture
from app.models.saved_view import SavedView
from app.models.user import AccessToken, User
from app.models.webinar import Note, Registration, Standing
from app.models.webinar_message import Delivery, Notice, WebinarMessage
from app.services.messenger import Messenger
from tests.browser import Browser
from tests.people import make_user, sign_in
from tests.products import make_products
from tests.webinars import make_webinar

ROLES = ("superuser", "marketing", "sales", "support", "staff")
# v: see. a: add. c: change. d: delete. e: export. A row with "others" is one that is not assigned to sales.
TABLE: dict[str, tuple[str, str, str, str, str]] = {
    "user": ("vce", "", "", "v", ""),
    "group": ("vacde", "", "", "", ""),
    "group-member": ("vade", "", "", "", ""),
    "group-permission": ("vade", "", "", "", ""),
    "access-token": ("vd", "", "", "", ""),
    "api-token": ("vd", "", "", "", ""),
    "webinar": ("ve", "ve", "v", "v", ""),
    "registration": ("vcde", "vcde", "vce", "v", ""),
    "registration others": ("vcde", "vcde", "", "v", ""),
    "note": ("vacde", "vacde", "vace", "v", ""),
    "note others": ("vacde", "vacde", "", "v", ""),
    "follow-up": ("ve", "ve", "ve", "v", ""),
    "follow-up others": ("ve", "ve", "", "v", ""),
    "webinar-message": ("ve", "ve", "v", "v", ""),
    "delivery": ("ve", "ve", "ve", "v", ""),
    "delivery others": ("ve", "ve", "", "v", ""),
    "notice": ("ve", "ve", "v", "v", ""),
    "product": ("vacde", "vacde", "ve", "", ""),
    "document": ("ve", "v", "", "v", ""),
    "conversation": ("v", "", "", "", ""),
    "message": ("v", "", "", "", ""),
    "audit-entry": ("ve", "", "", "v", ""),
    "mail": ("ve", "", "", "", ""),
    "job": ("ve", "", "", "", ""),
    "event": ("ve", "", "", "", ""),
    "picture": ("ve", "", "", "", ""),
    "saved-view": ("ve", "", "", "", ""),
}


@dataclass(frozen=True, slots=True)
class Way:
    """One way in: what it needs, or one of what. `of_row`: it is about one row. `sent`: with it, the key filled in."""

    needs: str
    method: str
    path: str
    of_row: bool = True
    sent: Mapping[str, str] = field(default_factory=dict)


WAYS = {
    "list": Way("v", "GET", "", of_row=False),
    "suggestions": Way("v", "GET", "/suggestions/rep_id", of_row=False),
    "form of a new one": Way("a", "GET", "/new", of_row=False),
    "create": Way("a", "POST", "", of_row=False),
    "page": Way("v", "GET", "/{key}"),
    "history": Way("v", "GET", "/{key}/history"),
    "form": Way("c", "GET", "/{key}/edit"),
    "change": Way("c", "POST", "/{key}"),
    "put back": Way("c", "POST", "/{key}/history/999999/reversal"),
    "asked before deletion": Way("d", "GET", "/{key}/deletion"),
    "delete": Way("d", "POST", "/{key}/deletion"),
    "export": Way("e", "GET", "/export.json", of_row=False),
    "import": Way("ac", "GET", "/import", of_row=False),
    "read a file": Way("ac", "POST", "/import", of_row=False),
    "delete many": Way("d", "POST", "/bulk", of_row=False, sent={"act": "delete", "keys": "{key}"}),
    "run an act on many": Way("d", "POST", "/bulk/job", of_row=False, sent={"act": "delete", "keys": "{key}"}),
    "keep a view": Way("v", "POST", "/views", of_row=False, sent={"name": "Mine"}),
}
# The same on the page of the registration that a note is of: whoever does not see that one finds nothing there.
WITHIN = "?within=registration.registration_id.{parent}"
WAYS_WITHIN = {
    "form of a new one": Way("a", "GET", f"/new{WITHIN}"),
    "create": Way("a", "POST", WITHIN, sent={"text": "Theirs"}),
    "form of a cell": Way("c", "GET", "/{key}/cells/text/edit" + WITHIN),
    "change a cell": Way("c", "POST", "/{key}/cells/text" + WITHIN, sent={"text": "Theirs"}),
    "asked before deletion": Way("d", "GET", "/{key}/deletion" + WITHIN),
}
LET_IN = (200, 303, 409, 422)


async def make_rows(app: FastAPI, rep: User) -> dict[str, Any]:
    """One row of each table, and of what belongs to a registration another that is not the rep's."""
    webinar = await make_webinar(app, capacity=9)
    [lamp] = await make_products(app, {})
    rows: dict[str, Any] = {"webinar": webinar, "product": lamp, "user": rep}
    async with app.state.database.transaction() as session:
        message = (await session.exec(select(WebinarMessage))).first()
        group = Group(name="Empty")
        conversation = Conversation(user_id=rep.id, title="Private")
        rows |= {
            "webinar-message": message,
            "group": group,
            "conversation": conversation,
            "document": Document(slug="d", title="D", text="d", digest="d"),
            "mail": Mail(recipient="a@example.com", subject="S", text="t", html="h"),
            "job": Job(kind="k", subject="s", owner_id=rep.id),
            "event": Event(topic="t", kind="k"),
            "picture": Picture(content=b"x", width=1, height=1),
            "saved-view": SavedView(owner_id=rep.id, view="product", name="Mine", query="?q=lamp"),
        }
        session.add_all([each for each in rows.values() if each not in (webinar, lamp, rep)])
        await session.flush()
        rows["message"] = Message(conversation_id=conversation.id, role=Role.USER)
        rows["notice"] = Notice(webinar_id=webinar.id, template="webinar_changed", until=1)
        rows["group-member"] = GroupMember(group_id=group.id or 0, user_id=rep.id)
        rows["group-permission"] = GroupPermission(group_id=group.id or 0, permission="webinar.view")
        for number, (suffix, owner) in enumerate((("", rep.id), (" others", None)), 1):
            fields: dict[str, Any] = {"webinar_id": webinar.id, "number": number, "status": Standing.WAITING}
            held = Registration(**fields, consent="yes", name="Ann", email=f"a{number}@example.com", rep_id=owner)
            session.add(held)
            await session.flush()
            rows[f"registration{suffix}"] = held
            rows[f"note{suffix}"] = Note(registration_id=held.id, author="Mia", text="a note")
            rows[f"follow-up{suffix}"] = FollowUp(registration_id=held.id, subject="S", status=FollowUpStatus.DRAFT)
            rows[f"delivery{suffix}"] = Delivery(message_id=message.id, registration_id=held.id)
        session.add_all(each for each in rows.values() if isinstance(each, SQLModel) and each not in session)
    return rows


@pytest.fixture(autouse=True)
def nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine the notice would be worked off, and gone, in the middle of it."""
    monkeypatch.setattr(Messenger, "every_seconds", 3_600.0)


@pytest.fixture
async def scene(app: FastAPI) -> AsyncIterator[tuple[Mapping[str, str], Mapping[str, Browser]]]:
    """The path of each row of the table, and a browser of each role."""
    people, browsers = {}, {}
    for role in ROLES:
        groups = [role] if role in ("marketing", "sales", "support") else []
        more = {"is_superuser": role == "superuser", "is_staff": True}
        people[role] = await make_user(app, f"{role}@example.com", *groups, **more)
        browsers[role] = Browser(app)
        await sign_in(browsers[role], people[role].email)
    made = await browsers["superuser"].post("/account/tokens", name="Mine", scopes="read", days="7")
    assert made.status_code < 400
    rows = await make_rows(app, people["sales"])
    keys = {name: PANEL.views[name.split()[0]].key_of(row) for name, row in rows.items()}
    async with app.state.database.transaction() as session:
        for name in ("api-token", "audit-entry"):
            view = PANEL.views[name]
            keys[name] = view.key_of((await session.exec(select(view.model))).first())
        another = select(AccessToken).where(AccessToken.user_id == people["staff"].id)
        keys["access-token"] = (await session.exec(another)).one().token
    yield keys, browsers
    for browser in browsers.values():
        await browser.client.aclose()


def wanted(name: str, role: str, way: Way) -> tuple[int, ...]:
    """The statuses that the table allows."""
    index, kind = ROLES.index(role), name.split()[0]
    may_row, may = TABLE[name][index], TABLE[kind][index]
    if set(way.needs) & set(may_row):
        return (404,) if "999999" in way.path else LET_IN
    if "v" not in (may_row if way.of_row else may):
        return (404,)
    return (403,)


def link(kind: str, key: str) -> str:
    return f'href="/admin/{kind}/{quote(key)}"'


def test_the_table_names_every_view() -> None:
    assert {name.split()[0] for name in TABLE} == set(PANEL.views)


async def test_nothing_gets_through(scene: tuple[Mapping[str, str], Mapping[str, Browser]]) -> None:
    keys, browsers = scene
    wrong = []

    async def go(name: str, role: str, called: str) -> None:
        way = WAYS[called]
        path = f"/admin/{name.split()[0]}{way.path.format(key=keys[name])}"
        sent = {each: value.format(key=keys[name]) for each, value in way.sent.items()}
        got = await browsers[role].client.request(way.method, path, data=sent if way.method == "POST" else None)
        if got.status_code not in wanted(name, role, way):
            wrong.append(f"{called} of {name} as {role}: {got.status_code}")

    for name, role, called in product(TABLE, ROLES, WAYS):
        really_deletes = called in ("delete", "run an act on many") and "d" in TABLE[name][ROLES.index(role)]
        if not really_deletes and (WAYS[called].of_row or " " not in name):
            await go(name, role, called)
    for name in reversed(TABLE):  # what hangs on something else goes first
        await go(name, "superuser", "delete")
    assert wrong == []


async def test_nothing_gets_through_within_another_row(
    scene: tuple[Mapping[str, str], Mapping[str, Browser]],
) -> None:
    keys, browsers = scene
    wrong = []
    for name, role, (called, way) in product(("note", "note others"), ROLES, WAYS_WITHIN.items()):
        path = way.path.format(key=keys[name], parent=keys[name.replace("note", "registration")])
        got = await browsers[role].client.request(way.method, f"/admin/note{path}", data=way.sent or None)
        if got.status_code not in wanted(name, role, way):
            wrong.append(f"{called} of {name} as {role}: {got.status_code}")
    assert wrong == []


async def test_lists_and_searches_show_sales_their_own_alone(
    scene: tuple[Mapping[str, str], Mapping[str, Browser]],
) -> None:
    keys, browsers = scene
    for name in ("registration", "note", "follow-up", "delivery"):
        for query in ("", "?q=ann", "?size=200"):
            page = (await browsers["sales"].get(f"/admin/{name}{query}")).text
            assert link(name, keys[name]) in page and link(name, keys[f"{name} others"]) not in page, f"{name}{query}"
    theirs = await browsers["sales"].get(f"/admin/webinar/{keys['webinar']}")
    assert keys["registration"] in theirs.text and keys["registration others"] not in theirs.text
    assert "option" not in (await browsers["sales"].get("/admin/registration/suggestions/rep_id?rep_id=m")).text

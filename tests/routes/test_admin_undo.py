"""The admin panel: what an undo of a deletion brings back, and what it does not."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import select as sql_select
from sqlmodel import SQLModel, col, select

from app.admin.snapshots import TOO_MUCH
from app.admin.views import PANEL
from app.models.audit import AuditEntry
from app.models.base import now
from app.models.conversation import Citation, Conversation, Message, Role
from app.models.document import Document, Passage
from app.models.follow_up import FollowUp, FollowUpStatus
from app.models.group import Group, GroupMember, GroupPermission
from app.models.job import Job, JobItem
from app.models.picture import Picture
from app.models.product import Product
from app.models.saved_view import SavedView
from app.models.user import AccessToken, User
from app.models.webinar import Note, Registration, Webinar
from app.models.webinar_message import Delivery, WebinarMessage
from app.repositories.jobs import JobRepository
from tests.browser import Browser
from tests.html import find, one, parse, text
from tests.jobs import items_of, job_ended, registered, undo
from tests.people import make_user, sign_in
from tests.products import make_products, products
from tests.queries import counted
from tests.routes.test_webinars import everything
from tests.webinars import make_webinar

WEBINARS = (Webinar, WebinarMessage, Registration, Note, FollowUp, Delivery, Picture)


async def store(app: FastAPI, *rows: SQLModel) -> None:
    async with app.state.database.transaction() as session:
        for row in rows:  # each may refer to the one before
            session.add(row)
            await session.flush()


async def held(app: FastAPI, *models: type[SQLModel]) -> dict[str, list[Any]]:
    """All that these tables hold, column by column."""
    found = {}
    async with app.state.database.transaction() as session:
        connection = await session.connection()
        for model in models:
            table = model.__table__  # type: ignore[attr-defined]
            rows = await connection.execute(sql_select(table).order_by(*table.primary_key))
            found[table.name] = [tuple(row) for row in rows]
    return found


async def deleted(app: FastAPI, browser: Browser, path: str) -> tuple[str, Job]:
    """Delete the row with this path as its page does; return the path of the job that undoes it, and the job."""
    response = await browser.post(f"{path}/deletion")
    assert response.status_code == 303, response.text
    shown = parse(await browser.get(response.headers["location"]))
    action = one(shown, "[role=status] form").get("action") or ""
    return action.removesuffix("/undo"), await job_ended(app, action.removesuffix("/undo"))


async def register(app: FastAPI, browser: Browser, *names: str) -> dict[str, Registration]:
    """Ann and others at a webinar, with all that can hang on them: two notes, a draft, and what they were sent."""
    webinar = await make_webinar(app, capacity=9)
    for name in names:
        form = {"name": name, "email": f"{name}@example.com", "consent": "true"}
        await browser.post("/webinars/herons/registrations", **form)
    rows = await registered(app, webinar)
    async with app.state.database.transaction() as session:
        messages = (await session.exec(select(WebinarMessage))).all()
    for row in rows.values():
        fields: dict[str, Any] = {"registration_id": row.id}
        await store(app, *(Note(**fields, author="Mia", text=f"{row.name} {number}") for number in range(2)))
        await store(app, FollowUp(**fields, subject="Hello", text=f"Dear {row.name}", status=FollowUpStatus.DRAFT))
        await store(app, *(Delivery(**fields, message_id=message.id or 0) for message in messages))
    return rows


def opens(monkeypatch: pytest.MonkeyPatch, *kinds: str) -> None:
    """Let rows of these tables be deleted here."""
    for kind in kinds:
        monkeypatch.setattr(PANEL.views[kind], "can_delete", True)


async def test_what_hung_on_a_row_comes_back_with_it(app: FastAPI, root: Browser) -> None:
    people = await register(app, root, "ann", "ben")
    before = await held(app, *WEBINARS)
    keys = [str(each.id) for each in people.values()]
    asked = await root.post("/admin/registration/bulk", act="delete", keys=keys)
    assert "come back with an undo where there are at most 1,000" in text(one(parse(asked), "main"))
    sent = await root.post("/admin/registration/bulk/job", act="delete", keys=keys, confirmed="true")
    job = await job_ended(app, sent.headers["location"])
    assert job.counts == {"deleted": 2}
    gone = await held(app, *WEBINARS)
    assert [gone[name] for name in ("registration", "note", "follow_up", "webinar_delivery")] == [[], [], [], []]
    undone = await undo(app, root, sent.headers["location"])
    assert undone.counts == {"undone": 2} and not [item for item in await items_of(app, undone) if item.problem]
    assert await held(app, *WEBINARS) == before


async def test_and_what_hung_on_that(app: FastAPI, root: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """A webinar with its people and messages, their notes and what they were sent."""
    opens(monkeypatch, "webinar")
    people = await register(app, root, "ann", "ben")
    before = await held(app, *WEBINARS)
    path = f"/admin/webinar/{people['ann'].webinar_id}"
    asked = text(one(parse(await root.get(f"{path}/deletion")), "main form"))
    for said in ("2 registrations", "4 notes", "2 follow-ups", "all of that comes back."):
        assert said in asked, said
    action, _ = await deleted(app, root, path)
    assert not any((await held(app, *WEBINARS)).values())
    await undo(app, root, action)
    assert await held(app, *WEBINARS) == before


async def talk(app: FastAPI, user: User, title: str) -> Conversation:
    """A question, its answer with a source, and another question that follows it."""
    conversation = Conversation(user_id=user.id, title=title)
    fields: dict[str, Any] = {"conversation_id": conversation.id}
    question = Message(**fields, role=Role.USER, text=f"{title}?")
    await store(app, conversation, question)
    answer = Message(**fields, role=Role.ASSISTANT, text=f"{title}.", parent_id=question.id, rating=1)
    await store(app, answer)
    source: dict[str, Any] = {"slug": "d", "digest": "d", "title": title, "start": 0, "end": 1, "quote": title}
    await store(app, Message(**fields, role=Role.USER, text="Why?", parent_id=answer.id))
    await store(app, Citation(message_id=answer.id or 0, number=1, **source))
    return conversation


TALKS = (Conversation, Message, Citation)


async def test_rows_that_refer_to_each_other_come_back(
    app: FastAPI, root: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens(monkeypatch, "conversation", "document")
    vera = await make_user(app, "vera@example.com")
    conversation, document = await talk(app, vera, "Otters"), Document(slug="d", title="D", text="d", digest="d")
    await store(app, document)
    await store(app, Passage(document_id=document.id or 0, title="D", heading="", text="d", start=0, end=1))
    before = await held(app, *TALKS, Document, Passage)
    for path in (f"/admin/conversation/{conversation.id}", f"/admin/document/{document.id}"):
        action, _ = await deleted(app, root, path)
        assert await held(app, *TALKS, Document, Passage) != before
        await undo(app, root, action)
        assert await held(app, *TALKS, Document, Passage) == before, path


async def test_who_has_their_numbers_by_now_keeps_them(
    app: FastAPI, root: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes back gets a new number then, and what belongs to it does not go to somebody else."""
    opens(monkeypatch, "conversation")
    vera = await make_user(app, "vera@example.com")
    conversation = await talk(app, vera, "Otters")
    _, answer, _ = (await held(app, Message))["message"]
    action, _ = await deleted(app, root, f"/admin/conversation/{conversation.id}")
    other = Conversation(user_id=vera.id, title="Herons")
    await store(app, other, Message(id=answer[0], conversation_id=other.id, role=Role.USER, text="Herons?"))
    undone = await undo(app, root, action)
    assert not [item for item in await items_of(app, undone) if item.problem]
    async with app.state.database.transaction() as session:
        messages = {each.text: each for each in (await session.exec(select(Message))).all()}
        [citation] = (await session.exec(select(Citation))).all()
    assert messages["Herons?"].id == answer[0] and messages["Herons?"].conversation_id == other.id
    assert citation.message_id == messages["Otters."].id != answer[0]
    assert (messages["Why?"].parent_id, messages["Otters."].parent_id) == (
        messages["Otters."].id,
        messages["Otters?"].id,
    )
    assert {each.conversation_id for each in messages.values()} == {conversation.id, other.id}


async def test_only_those_get_new_numbers_whose_own_are_taken(app: FastAPI, root: Browser) -> None:
    people = await register(app, root, "ann", "ben")
    ann, ben = people["ann"].id, people["ben"].id
    await store(app, *(Note(registration_id=ann, author="Mia", text=f"More {number}") for number in range(9)))
    before = {note.text: note.id for note in await all_notes(app)}
    action, _ = await deleted(app, root, f"/admin/registration/{ann}")
    taken = {"ann 1", "More 3"}
    await store(app, *(Note(id=before[each], registration_id=ben, author="Mia", text="Other") for each in taken))
    await undo(app, root, action)
    after = await all_notes(app)
    anns = {note.text: note.id for note in after if note.registration_id == ann}
    assert len(anns) == 11 and {text for text, id in anns.items() if id != before[text]} == taken
    assert {note.id for note in after if note.text == "Other"} == {before[each] for each in taken}


async def all_notes(app: FastAPI) -> list[Note]:
    async with app.state.database.transaction() as session:
        return list((await session.exec(select(Note))).all())


async def test_what_cannot_come_back_says_so(app: FastAPI, root: Browser) -> None:
    """A message was deleted since: that it was sent does not come back, and all else does."""
    people = await register(app, root, "ann")
    before = await held(app, *WEBINARS)
    action, _ = await deleted(app, root, f"/admin/registration/{people['ann'].id}")
    async with app.state.database.transaction() as session:
        await session.delete((await session.exec(select(WebinarMessage).order_by(col(WebinarMessage.id)))).first())
    await undo(app, root, action)
    after = await held(app, *WEBINARS)
    assert after["note"] == before["note"] and after["webinar_delivery"] == before["webinar_delivery"][1:]
    assert "1 of what hung on it" in text(one(parse(await root.get(action)), "#job"))


async def test_references_to_it_come_back_unless_they_were_changed(
    app: FastAPI, root: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens(monkeypatch, "picture")
    red, blue = Picture(content=b"red", width=1, height=1), Picture(content=b"blue", width=1, height=1)
    await store(app, red, blue)
    webinar = await make_webinar(app, cover_id=red.id)
    lamp, oak, pot = await make_products(app, *({"name": name, "picture_id": red.id} for name in ("A", "B", "C")))
    asked = one(parse(await root.get(f"/admin/picture/{red.id}/deletion")), "main form")
    assert "These refer to it, and stay without it:" in text(asked)
    assert [text(each) for each in find(asked, "li")] == ["3 products", "1 webinar"]
    action, _ = await deleted(app, root, f"/admin/picture/{red.id}")
    assert {each.picture_id for each in (await products(app)).values()} == {None}
    async with app.state.database.transaction() as session:
        session.add((await session.get(Product, oak.id)).sqlmodel_update({"picture_id": blue.id}))
        session.add((await session.get(Product, lamp.id)).sqlmodel_update({"stock": 77}))
        await session.delete(await session.get(Product, pot.id))
    await store(
        app,
        Product(**{**pot.model_dump(), "slug": "new", "picture_id": None, "created_at": now() + timedelta(hours=1)}),
    )
    await undo(app, root, action)
    shown = {each.slug: (each.picture_id, each.stock) for each in (await products(app)).values()}
    assert shown == {"p-0": (red.id, 77), "p-1": (blue.id, 0), "new": (None, 0)}, "another with its number is not it"
    async with app.state.database.transaction() as session:
        assert (await session.get(Picture, red.id)).content == b"red"
        assert (await session.get(Webinar, webinar.id)).cover_id == red.id


async def test_more_than_is_kept(app: FastAPI, root: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    people = await register(app, root, "ann")
    path = f"/admin/registration/{people['ann'].id}"
    hung = sum(len(rows) for rows in (await held(app, Note, FollowUp, Delivery)).values())
    monkeypatch.setattr("app.repositories.hanging.MOST", hung)
    assert "all of that comes back." in text(one(parse(await root.get(f"{path}/deletion")), "main form"))
    monkeypatch.setattr("app.repositories.hanging.MOST", hung - 1)
    asked = text(one(parse(await root.get(f"{path}/deletion")), "main form"))
    assert "records hang on it" in asked and "none of these" in asked and "2 notes" in asked
    action, job = await deleted(app, root, path)
    [item] = await items_of(app, job)
    assert "Mia" not in str(item.before)
    await undo(app, root, action)
    assert not any((await held(app, Note, Delivery, FollowUp)).values())
    assert TOO_MUCH in text(one(parse(await root.get(action)), "#job")) and (await held(app, Registration))


async def test_what_lets_somebody_in_stays_gone(
    app: FastAPI, root: Browser, stranger: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if a table with such rows below it could be undone, which none of ours can."""
    opens(monkeypatch, "user")
    for kind in ("user", "group"):
        monkeypatch.setattr(PANEL.views[kind], "needs_password", False)
    vera, group = await make_user(app, "vera@example.com"), Group(name="Friends")
    await sign_in(stranger, vera.email)
    await store(app, group)
    member = GroupMember(group_id=group.id or 0, user_id=vera.id)
    await store(app, member, GroupPermission(group_id=group.id or 0, permission="webinar.view"))
    await talk(app, vera, "Otters")
    for path, lost in (
        (f"/admin/group/{group.id}", {"1 member", "1 permission"}),
        (f"/admin/user/{vera.id}", {"1 session"}),
    ):
        asked = one(parse(await root.get(f"{path}/deletion")), "main form")
        assert "but for:" in text(asked)
        assert {text(each) for each in find(asked, "p:contains('but for:') + ul li")} == lost
        action, job = await deleted(app, root, path)
        [item] = await items_of(app, job)
        assert {table for table, _ in item.before["with"]["rows"]} <= {"conversation", "message", "citation"}
        await undo(app, root, action)
        assert "What stays gone: 1 " in text(one(parse(await root.get(action)), "#job"))
    async with app.state.database.transaction() as session:
        assert (await session.exec(select(User).where(User.email == vera.email))).one().id == vera.id
        assert not (await session.exec(select(AccessToken).where(AccessToken.user_id == vera.id))).all()
        assert not (await session.exec(select(GroupMember).where(GroupMember.user_id == vera.id))).all()
        assert len((await session.exec(select(Message))).all()) == 3, "what is not secret is back"
    assert (await stranger.get("/account")).status_code == 401


async def log_of(app: FastAPI) -> list[str]:
    async with app.state.database.transaction() as session:
        found = select(AuditEntry.act).where(col(AuditEntry.act).regexp_match("^(product|note|job)"))
        return list((await session.exec(found.order_by(col(AuditEntry.id)))).all())


async def test_a_row_deleted_on_its_page(app: FastAPI, root: Browser, stranger: Browser) -> None:
    [lamp] = await make_products(app, {"name": "Lamp", "stock": 3})
    before = await held(app, Product)
    sent = await root.post(f"/admin/product/{lamp.id}/deletion")
    landed = sent.headers["location"]
    assert sent.status_code == 303 and landed.startswith("/admin/product?deleted=")
    page = parse(await root.get(landed))
    status = one(page, "[role=status]:has(form)")
    assert "Delete 1 product" in text(status) and "Lamp" not in text(page)
    action = one(status, "form").get("action") or ""
    await make_user(app, "mia@example.com", "marketing", is_staff=True)
    await sign_in(stranger, "mia@example.com")
    assert find(parse(await stranger.get(landed)), "[role=status] form") == []
    assert (await stranger.post(action)).status_code == 404
    assert find(parse(await root.get(landed.replace("deleted=", "deleted=x"))), "[role=status] form") == []
    await undo(app, root, action.removesuffix("/undo"))
    assert await held(app, Product) == before
    assert await log_of(app) == ["product.deleted", "job.undone", "product.restored"]
    assert find(parse(await root.get(landed)), "[role=status] form") == [], "it is undone"
    assert (await root.post(action)).status_code == 409


async def test_for_a_day(app: FastAPI, root: Browser) -> None:
    people = await register(app, root, "ann")
    action, job = await deleted(app, root, f"/admin/registration/{people['ann'].id}")
    async with app.state.database.transaction() as session:
        await JobRepository(session).purge(now() + timedelta(hours=23))
        assert "Dear ann" in str([item.before for item in await items_of(app, job)])
    async with app.state.database.transaction() as session:
        await JobRepository(session).purge(now() + timedelta(hours=25))
        session.add((await session.get(Job, job.id)).sqlmodel_update({"finished_at": now() - timedelta(hours=25)}))
    assert await items_of(app, job) == []
    assert (await root.post(f"{action}/undo")).status_code == 409
    assert find(parse(await root.get(f"/admin/registration?deleted={job.id}")), "[role=status] form") == []


async def test_a_row_deleted_on_the_page_of_another(app: FastAPI, root: Browser) -> None:
    people = await register(app, root, "ann")
    path = f"/admin/registration/{people['ann'].id}"
    before = await held(app, Note)
    for by_htmx in (False, True):
        ask = find(parse(await root.get(path)), "#note-registration_id a[href*='/deletion']")[0].get("href") or ""
        if by_htmx:
            url = one(parse(await root.htmx(ask)), "form").get("hx-post") or ""
            page = parse(await root.htmx(url, "POST"))
        else:
            url = one(parse(await root.get(ask)), "main form").get("action") or ""
            sent = await root.post(url)
            assert sent.headers["location"].startswith(f"{path}?deleted=")
            page = parse(await root.get(sent.headers["location"]))
        assert len(find(page, "#note-registration_id tbody tr")) == 1
        action = one(page, "main [role=status] form").get("action") or ""
        undone = await undo(app, root, action.removesuffix("/undo"))
        assert undone.path == path and await held(app, Note) == before


async def test_a_session_that_is_ended_on_its_page_stays_so(app: FastAPI, root: Browser, stranger: Browser) -> None:
    vera = await make_user(app, "vera@example.com")
    await sign_in(stranger, vera.email)
    async with app.state.database.transaction() as session:
        token = (await session.exec(select(AccessToken).where(AccessToken.user_id == vera.id))).one().token
    asked = await root.get(f"/admin/access-token/{token}/deletion")
    assert "This cannot be undone." in text(one(parse(asked), "main form"))
    sent = await root.post(f"/admin/access-token/{token}/deletion")
    assert sent.headers["location"] == "/admin/access-token"
    async with app.state.database.transaction() as session:
        job = (await session.exec(select(Job))).one()
    [item] = await items_of(app, job)
    assert not job.can_undo and item.before == {} and (await root.post(f"/desk/jobs/{job.id}/undo")).status_code == 409


async def test_two_delete_the_same_row(app: FastAPI, root: Browser) -> None:
    people = await register(app, root, "ann")
    path = f"/admin/registration/{people['ann'].id}/deletion"
    both = await asyncio.gather(root.post(path), root.post(path))
    assert sorted(each.status_code for each in both) == [303, 404]


# Erasing a contact


async def test_an_erasure_reaches_what_is_kept_of_others(
    app: FastAPI, root: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word that nobody else has is in no table afterwards; what is kept of others still comes back."""
    opens(monkeypatch, "webinar", "webinar-message")
    people = await register(app, root, "canary", "ben")
    photo = Picture(content=b"canary photo", width=1, height=1)
    canary = people["canary"]
    await store(app, photo)
    async with app.state.database.transaction() as session:
        session.add((await session.get(Registration, canary.id)).sqlmodel_update({"photo_id": photo.id}))
        message = (await session.exec(select(WebinarMessage))).first()
        note = (await session.exec(select(Note).where(Note.registration_id == canary.id))).first()
    before = await held(app, *WEBINARS)
    await deleted(app, root, f"/admin/note/{note.id}")
    await deleted(app, root, f"/admin/webinar-message/{message.id}")
    action, _ = await deleted(app, root, f"/admin/webinar/{canary.webinar_id}")
    assert "canary" in await everything(app)
    await root.post("/desk/contacts/erasure", email="Canary@example.com")
    assert "canary" not in await everything(app)
    assert str(canary.id) not in str(await held(app, JobItem)), "not even which one it was"
    undone = await undo(app, root, action)
    assert undone.counts == {"undone": 1}
    after = await held(app, *WEBINARS)
    bens = {name: [row for row in before[name] if people["ben"].id in row] for name in ("note", "follow_up")}
    assert {name: after[name] for name in bens} == bens
    assert [row for row in before["registration"] if people["ben"].id in row] == after["registration"]


async def test_an_erasure_of_somebody_deleted_with_all_that_hung_on_them(app: FastAPI, root: Browser) -> None:
    people = await register(app, root, "canary")
    for query in ("?q=Canary%40example.com", "?name=canary"):  # a job knows the page that it was asked for on
        form = {"act": "set:group", "all": "true", "sent": "true", "to-group": "vip", "query": query}
        await job_ended(app, (await root.post("/admin/registration/bulk/job", **form)).headers["location"])
    await root.post("/admin/registration/views?q=canary@example.com", name="One person")
    action, job = await deleted(app, root, f"/admin/registration/{people['canary'].id}")
    assert str(await held(app, Job, SavedView)).lower().count("canary%40") == 2
    await root.post("/desk/contacts/erasure", email="canary@example.com")
    assert "canary" not in await everything(app) and await items_of(app, job) == []
    await undo(app, root, action)
    assert (await held(app, Registration, Note)) == {"registration": [], "note": []}


# Who may do what to which row


async def give(app: FastAPI, name: str, *permissions: str) -> None:
    group = Group(name=name)
    await store(app, group)
    await store(app, *(GroupPermission(group_id=group.id or 0, permission=each) for each in permissions))


async def statements(app: FastAPI, browser: Browser, path: str) -> int:
    with counted(app) as found:
        assert (await browser.get(path)).status_code == 200
    return len(found)


async def test_pencils_and_bins_stand_on_rows_that_they_are_for(app: FastAPI, root: Browser, stranger: Browser) -> None:
    people = await register(app, root, "ann", "ben")
    ann, ben = people["ann"], people["ben"]
    deleting = ("registration.view", "registration.change_assigned", "registration.delete")
    await give(app, "own", *deleting, "webinar.view")
    sam = await make_user(app, "sam@example.com", "own", is_staff=True)
    async with app.state.database.transaction() as session:
        session.add((await session.get(Registration, ann.id)).sqlmodel_update({"rep_id": sam.id}))
    await sign_in(stranger, sam.email)
    for kind, mine in (("registration", {str(ann.id)}), ("note", {f"{n}" for n in await notes_of(app, ann.id)})):
        page = parse(await stranger.get(f"/admin/{kind}"))
        assert len(find(page, "tbody tr")) > len(mine), "all are seen"
        assert {(each.get("href") or "").split("/")[3] for each in find(page, "a[href*='/cells/']")} == mine
        assert {
            (each.get("href") or "").split("/")[3]
            for each in find(parse(await root.get(f"/admin/{kind}")), "a[href*='/cells/']")
        } > mine
    for each, acts in ((ann, {"Edit", "History", "Delete"}), (ben, {"History", "Delete"})):
        page = parse(await stranger.get(f"/admin/registration/{each.id}"))
        assert {text(a) for a in find(page, "h1 + div a.btn")} - {"Its own page"} == acts
        own = each is ann
        assert bool(find(page, "#note-registration_id a[href*='/cells/']")) is own
        assert bool(find(page, "#note-registration_id a[href*='/deletion']")) is own
    theirs = parse(await stranger.get(f"/admin/webinar/{ann.webinar_id}"))
    changes = {(each.get("href") or "").split("/")[3] for each in find(theirs, "main a[href*='/cells/']")}
    bins = {(each.get("href") or "").split("/")[3] for each in find(theirs, "main a[href*='/deletion']")}
    assert (changes, bins) == ({str(ann.id)}, {str(ann.id), str(ben.id)})
    for key, status in ((ann.id, 200), (ben.id, 403)):
        assert (await stranger.get(f"/admin/registration/{key}/cells/group/edit")).status_code == status


async def notes_of(app: FastAPI, registration: UUID) -> list[int | None]:
    return [note.id for note in await all_notes(app) if note.registration_id == registration]


async def test_one_statement_asks_for_all_rows_of_a_page_and_none_for_who_may_all(
    app: FastAPI, root: Browser, stranger: Browser
) -> None:
    people = await register(app, root, "ann", "ben", "cid")
    await give(app, "own", "registration.view", "registration.change_assigned")
    await give(app, "all", "registration.view", "registration.change", "registration.delete")
    await give(app, "none", "registration.view")
    paths = ("/admin/registration", "/admin/note", f"/admin/registration/{people['ann'].id}")
    taken = {}
    for role in ("own", "all", "none"):
        user = await make_user(app, f"{role}@example.com", role, is_staff=True)
        await sign_in(stranger, user.email)
        taken[role] = [await statements(app, stranger, path) for path in paths]
    assert taken["all"] == taken["none"]
    more = [own - of_all for own, of_all in zip(taken["own"], taken["all"], strict=True)]
    assert more == [1, 1, 2], "the row itself, and its notes"

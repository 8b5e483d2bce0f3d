"""The people and the records of the security tests: one person's, and everybody else who would like to see them."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

import httpx2
from fastapi import FastAPI
from sqlmodel import col, select

from app.config import Settings
from app.models.api_token import ApiToken
from app.models.conversation import Message, Role
from app.models.group import Group
from app.models.job import Job
from app.models.mail import Mail
from app.models.product import Product
from app.models.ticket import Purpose
from app.models.user import AccessToken, User
from app.models.webinar import Registration, Webinar
from app.models.webinar_message import WebinarMessage
from app.repositories.documents import DocumentRepository
from app.repositories.pictures import PictureRepository
from app.repositories.tickets import TicketRepository
from app.services.images import Shape, make
from app.services.registrant_import import KIND as IMPORT
from app.services.search_service import SearchService
from app.services.ticket_service import TicketService
from app.services.unsubscribing import signature
from app.services.webinar_service import link_signature
from tests.browser import Browser
from tests.html import find, one, parse, text
from tests.people import make_user, sign_in
from tests.pictures import file
from tests.products import make_products
from tests.security.crawl import SECRETS, Endpoint
from tests.waiting import ended
from tests.webinars import make_webinar

OWNER = "owner@example.com"
PEOPLE: dict[str, tuple[tuple[str, ...], dict[str, bool]]] = {
    "user": ((), {}),
    "marketing": (("marketing",), {"is_staff": True}),
    "sales": (("sales",), {"is_staff": True}),
    "support": (("support",), {"is_staff": True}),
    "staff": ((), {"is_staff": True}),
    "superuser": ((), {"is_superuser": True}),
}


def many(settings: Settings, **more: Any) -> Settings:
    """Limits that a test which sends everything does not meet."""
    rates = {
        "sign_in_rate": "10000/minute",
        "mail_rate": "10000/minute",
        "visitor_mail_rate": "10000/minute",
        "question_rate": "100000/minute",
    }
    return settings.model_copy(update={**rates, "guest_daily_questions": 100_000, **more})


CELL = {"kind": "registration", "key": "registration_id", "field": "group"}
# What some routes name in place of what others call so, by their name or how their path begins.
INSTEAD: dict[str, dict[str, str]] = {
    "/ask": {"conversation_id": "page_id"},
    "revise_question": {"message_id": "question_id"},
    "webinar_cover": {"picture_id": "cover_id"},
    "product_picture": {"picture_id": "product_picture_id"},
    "/api/v1/webinars/{slug}/messages": {"webinar_message_id": "other_message_id"},
    "end_sessions_of": {"user_id": "neighbour_id"},
    "dashboard_file": {"name": "by-category"},
    "/admin/{kind}/{key}/cells": CELL,
    "/admin/{kind}/{key}/pictures": {**CELL, "field": "photo_id"},
}


@dataclass
class Scene:
    """One person's records, by the names that paths call them by."""

    app: FastAPI
    owner: User
    browser: Browser
    token: str
    ids: dict[str, str] = field(default_factory=dict)

    async def path(self, endpoint: Endpoint) -> str:
        """The route's path, filled with what is the owner's; a link's secret is made for this one time."""
        ids = dict(self.ids)
        if endpoint.name in SECRETS:
            ids["secret"] = await issue(self.app, SECRETS[endpoint.name], self.owner)
        for begin, instead in INSTEAD.items():
            if begin in (endpoint.name, endpoint.path[: len(begin)]):
                ids |= {name: ids.get(other, other) for name, other in instead.items()}
        if endpoint.path.startswith("/registrations"):
            ids["signature"] = link_signature(self.app.state.settings, UUID(ids["registration_id"]))
        if endpoint.path.startswith("/unsubscribe"):
            ids["signature"] = signature(self.app.state.settings, UUID(ids["registration_id"]))
        return re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], endpoint.path)

    async def close(self) -> None:
        await self.browser.client.aclose()


_numbers: Iterator[int] = count()


async def issue(app: FastAPI, purpose: Purpose, user: User | None = None, **data: Any) -> str:
    """A ticket's secret, as a mail would bring it; one that makes an account is for a new address."""
    is_new = user is None or purpose in (Purpose.REGISTER, Purpose.INVITE, Purpose.CHANGE_ADDRESS)
    email = f"new{next(_numbers)}@example.com" if is_new or user is None else user.email
    async with app.state.database.transaction() as session:
        tickets = TicketService(TicketRepository(session), app.state.settings)
        return (await tickets.issue(purpose, email, user, **{"next": "/chat", **data})).secret


async def make_scene(app: FastAPI, *, scheme: str = "http", **fields: Any) -> Scene:
    """The owner with one of everything, in a browser of their own; `fields` are the owner's."""
    owner = await make_user(app, OWNER, name="Olga Owner", **fields)
    neighbour = await make_user(app, "neighbour@example.com")
    browser = Browser(app, scheme=scheme)
    await sign_in(browser, OWNER)
    private = await browser.start("What is private?")
    public = (await browser.post("/ask", content="What is public?")).headers["location"]
    await ended(browser, private)
    while find(parse(await browser.get(public)), "[aria-busy]"):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    made = await browser.post("/account/tokens", name="Mine", scopes="read", days="7")
    token = text(one(parse(made), "section.alert code"))
    scene = Scene(app, owner, browser, token)
    await make_webinar(app, slug="guide")
    await make_products(app, {"slug": "guide"})
    await browser.post("/webinars/guide/registrations", name="Olga", email=OWNER, consent="true")
    async with app.state.database.transaction() as session:
        registration = (await session.exec(select(Registration))).one()
        cover, photo = (make(file(), Shape(8, 8)) for _ in range(2))
        await PictureRepository(session).replace((await session.exec(select(Webinar))).one(), cover)
        await PictureRepository(session).replace(registration, photo)
        shown = make(file(), Shape(8, 8))
        await PictureRepository(session).replace((await session.exec(select(Product))).one(), shown)
        await SearchService(DocumentRepository(session)).put("guide", "# Guide\n\nSome text.")
        id = private.removeprefix("/chat/")
        messages = (await session.exec(select(Message).where(Message.conversation_id == UUID(id)))).all()
        tokens = (await session.exec(select(ApiToken).where(ApiToken.user_id == owner.id))).all()
        visits = (await session.exec(select(AccessToken).where(AccessToken.user_id == owner.id))).all()
        message, *_, other = (await session.exec(select(WebinarMessage).order_by(col(WebinarMessage.id)))).all()
        mail = (await session.exec(select(Mail).order_by(col(Mail.id)))).first()
        webinar = str(registration.webinar_id)
        params = {"webinar": webinar, "unknown": [], "note": "", "file": "people.csv"}
        job = Job(kind=IMPORT, subject=f"webinar:{webinar}", owner_id=owner.id, params=params, total=1)
        group = Group(name="Nobody's")
        session.add_all([job, group])
    scene.ids = {
        "conversation_id": id,
        "page_id": public.removeprefix("/ask/"),
        "message_id": str(next(each.id for each in messages if each.role == Role.ASSISTANT)),
        "question_id": str(next(each.id for each in messages if each.role == Role.USER)),
        "slug": "guide",
        "user_id": str(owner.id),
        "neighbour_id": str(neighbour.id),
        "token_id": str(tokens[0].id),
        "handle": visits[0].handle,
        "registration_id": str(registration.id),
        "picture_id": str(photo.id),
        "cover_id": str(cover.id),
        "product_picture_id": str(shown.id),
        "job_id": str(job.id),
        "webinar_message_id": str(message.id),
        "other_message_id": str(other.id),
        "format": "csv",
        "saved_id": "4711",
        "boot_id": "another",
        "id": str(mail.id if mail else 1),
        "note_id": "4711",
        "secret": "x" * 43,
        "name": "by-source",
        "kind": "group",
        "key": str(group.id),
        "field": "name",
        "entry_id": "4711",
    }
    return scene


def session_cookie(browser: Browser) -> str:
    """What the session's cookie holds, under either of its names."""
    held = browser.client.cookies
    return held.get("session") or held.get("__Host-session") or ""


def heading(response: httpx2.Response) -> str:
    headings = find(parse(response), "h1")
    return text(headings[0]) if headings else ""

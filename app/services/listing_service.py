"""The lists of the API: who sees which rows, and the cursors that lead from page to page."""

import base64
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from app.config import Settings
from app.errors import Invalid
from app.models.conversation import Conversation, Message
from app.models.document import Document
from app.models.job import Job
from app.models.listing import (
    ConversationQuery,
    DocumentQuery,
    JobQuery,
    ListQuery,
    ProductQuery,
    RegistrationQuery,
    WebinarQuery,
)
from app.models.user import User
from app.models.webinar import Note, Registration, Webinar
from app.repositories.keyset import Place, Slice
from app.repositories.listings import ListingRepository
from app.repositories.products import ProductRow
from app.repositories.visibility import Rights
from app.services.product_list import wanted_by

Row = TypeVar("Row")
READERS: dict[str, Callable[[Any], Any]] = {"datetime": datetime.fromisoformat, "UUID": UUID}
DIGEST_LENGTH = 24


@dataclass(frozen=True, slots=True)
class Listed(Generic[Row]):
    """A page of a list, and the cursor of the next one; empty at the end."""

    rows: Sequence[Row]
    after: str = ""


class NotACursor(Invalid):
    message = "This is not where a page of this list ended. Take it from the link `next` as it is."


class ListingService:
    def __init__(self, listings: ListingRepository, settings: Settings) -> None:
        self.listings = listings
        self.settings = settings

    async def webinars(self, rights: Rights | None, query: WebinarQuery) -> Listed[Webinar]:
        """Those that everybody sees; drafts too for those who may see them."""
        drafts = rights is not None and rights.may("webinar.view")
        where = self.place("webinars", query)
        return self.listed("webinars", query, await self.listings.webinars(query, where, drafts=drafts))

    async def registrations(self, rights: Rights, webinar: Webinar, query: RegistrationQuery) -> Listed[Registration]:
        """Those whom they may see."""
        rights.check_some("registration.view")
        name, sees = f"registrations {webinar.id}", rights.sees(Registration)
        found = await self.listings.registrations(webinar, sees, query, self.place(name, query))
        return self.listed(name, query, found)

    async def notes(self, registration: Registration, query: ListQuery) -> Listed[Note]:
        """Of somebody whom they were found to see."""
        name = f"notes {registration.id}"
        return self.listed(name, query, await self.listings.notes(registration, self.place(name, query), query.limit))

    async def jobs(self, rights: Rights, query: JobQuery) -> Listed[Job]:
        """Their own, and to superusers all."""
        found = await self.listings.jobs(rights.sees(Job), query, self.place("jobs", query))
        return self.listed("jobs", query, found)

    async def conversations(self, user: User, query: ConversationQuery) -> Listed[Conversation]:
        found = await self.listings.conversations(user.id, query, self.place("conversations", query))
        return self.listed("conversations", query, found)

    async def messages(self, conversation: Conversation, query: ListQuery) -> Listed[Message]:
        name = f"messages {conversation.id}"
        found = await self.listings.messages(conversation, self.place(name, query), query.limit)
        return self.listed(name, query, found)

    async def documents(self, query: DocumentQuery) -> Listed[Document]:
        return self.listed("documents", query, await self.listings.documents(query, self.place("documents", query)))

    async def products(self, query: ProductQuery) -> Listed[ProductRow]:
        """Those that everybody sees, as rows: a list is read far more often than anything else of them."""
        place = self.place("products", query)
        wanted = wanted_by(query)
        found = await self.listings.products(wanted, place, query.limit) if wanted else Slice([], None)
        return self.listed("products", query, found)

    # Cursors. They are signed: whoever makes one up is told so, and the database is asked for nothing odd.

    def listed(self, name: str, query: ListQuery, found: Slice[Row]) -> Listed[Row]:
        if found.end is None:
            return Listed(found.rows)
        values = [[type(value).__name__, _plain(value)] for value in found.end]
        text = base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
        return Listed(found.rows, f"{text}.{self._digest(name, query, text)}")

    def place(self, name: str, query: ListQuery) -> Place | None:
        """Where the page before ended. `NotACursor` for one of another list or another order."""
        if not query.after:
            return None
        text, _, digest = query.after.partition(".")
        if not hmac.compare_digest(digest.encode(), self._digest(name, query, text).encode()):
            raise NotACursor(field="after")
        column, key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return _read(*column), _read(*key)

    def _digest(self, name: str, query: ListQuery, text: str) -> str:
        sort = getattr(query, "sort", "")
        return self.settings.digest("cursor", f"{name}\0{sort}\0{text}")[:DIGEST_LENGTH]


def _plain(value: Any) -> Any:
    """As JSON has it."""
    return value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value


def _read(kind: str, value: Any) -> Any:
    return READERS[kind](value) if kind in READERS else value

"""The lists of the API, a page at a time: what is asked for as a WHERE, and the names to sort by as columns."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, func, or_, type_coerce
from sqlmodel import col

from app.models.conversation import Conversation, Message
from app.models.document import Document
from app.models.job import Job
from app.models.listing import ConversationQuery, DocumentQuery, JobQuery, RegistrationQuery, WebinarQuery
from app.models.webinar import Note, Registration, Webinar
from app.repositories.base import Repository
from app.repositories.keyset import Order, Place, Slice, slice_of
from app.repositories.products import ProductRepository, ProductRow
from app.repositories.products import Wanted as WantedProducts
from app.repositories.registrant_search import Wanted, matching
from app.repositories.webinars import PUBLIC

WEBINARS: Mapping[str, Any] = {
    "starts_at": col(Webinar.starts_at),
    "title": func.lower(Webinar.title),
    "created_at": col(Webinar.created_at),
}
REGISTRATIONS: Mapping[str, Any] = {
    "number": col(Registration.number),
    "name": func.lower(Registration.name),
    "email": col(Registration.email),
    "status": type_coerce(Registration.status, String),
    "created_at": col(Registration.created_at),
}
CONVERSATIONS: Mapping[str, Any] = {
    "updated_at": col(Conversation.updated_at),
    "created_at": col(Conversation.created_at),
    "title": func.lower(Conversation.title),
}
JOBS: Mapping[str, Any] = {"created_at": col(Job.created_at)}
DOCUMENTS: Mapping[str, Any] = {
    "title": func.lower(Document.title),
    "slug": col(Document.slug),
    "updated_at": col(Document.updated_at),
}


class ListingRepository(Repository):
    async def webinars(self, query: WebinarQuery, after: Place | None, *, drafts: bool) -> Slice[Webinar]:
        where = [*holding(query.q, Webinar.title, Webinar.speakers, Webinar.description)]
        where += [] if drafts else [PUBLIC]
        where += [col(Webinar.status) == query.status] if query.status else []
        where += [col(Webinar.ends_at) > query.ends_after] if query.ends_after else []
        where += [col(Webinar.ends_at) <= query.ends_before] if query.ends_before else []
        order = order_of(WEBINARS, query.sort, Webinar.id)
        return await slice_of(self, Webinar, where, order, after, query.limit)

    async def registrations(
        self, webinar: Webinar, visible: ColumnElement[bool], query: RegistrationQuery, after: Place | None
    ) -> Slice[Registration]:
        words = tuple(query.q.split()[:8])
        wanted = Wanted(words, query.status or "", group=query.group, rep_id=query.rep_id)
        where = [col(Registration.webinar_id) == webinar.id, visible, *matching(wanted)]
        came = col(Registration.attended_at).is_not(None)
        where += [] if query.attended is None else [came if query.attended else ~came]
        order = order_of(REGISTRATIONS, query.sort, Registration.id)
        return await slice_of(self, Registration, where, order, after, query.limit)

    async def notes(self, registration: Registration, after: Place | None, limit: int) -> Slice[Note]:
        """The newest first."""
        where, key = [col(Note.registration_id) == registration.id], col(Note.id)
        return await slice_of(self, Note, where, Order(key, key, descending=True), after, limit)

    async def jobs(self, visible: ColumnElement[bool], query: JobQuery, after: Place | None) -> Slice[Job]:
        where = [visible, *([col(Job.state) == query.state] if query.state else [])]
        return await slice_of(self, Job, where, order_of(JOBS, query.sort, Job.id), after, query.limit)

    async def conversations(self, user_id: UUID, query: ConversationQuery, after: Place | None) -> Slice[Conversation]:
        """This person's own, as on the page of the chat: neither deleted ones nor public pages."""
        where = [
            col(Conversation.user_id) == user_id,
            col(Conversation.deleted_at).is_(None),
            col(Conversation.ask_key).is_(None),
            *holding(query.q, Conversation.title),
        ]
        order = order_of(CONVERSATIONS, query.sort, Conversation.id)
        return await slice_of(self, Conversation, where, order, after, query.limit)

    async def messages(self, conversation: Conversation, after: Place | None, limit: int) -> Slice[Message]:
        where = [col(Message.conversation_id) == conversation.id]
        return await slice_of(self, Message, where, Order(col(Message.id), col(Message.id)), after, limit)

    async def documents(self, query: DocumentQuery, after: Place | None) -> Slice[Document]:
        order = order_of(DOCUMENTS, query.sort, Document.id)
        return await slice_of(self, Document, holding(query.q, Document.title), order, after, query.limit)

    async def products(self, wanted: WantedProducts, after: Place | None, limit: int) -> Slice[ProductRow]:
        return await ProductRepository(self.session).slice(wanted, after, limit)


def order_of(columns: Mapping[str, Any], sort: str, key: Any) -> Order:
    """`sort`: a name of the columns, with a `-` before it the other way round."""
    return Order(columns[sort.removeprefix("-")], col(key), sort.startswith("-"))


def holding(query: str, *columns: Any) -> Sequence[ColumnElement[bool]]:
    """Each word of the query is in one of the columns at least."""
    words = query.split()[:8]
    return [or_(*(col(column).icontains(word, autoescape=True) for column in columns)) for word in words]

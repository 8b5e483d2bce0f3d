"""What the API answers, as explicit classes: what is not named here leaves by no way."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.models.conversation import Citation, Conversation, Message, Role, Status
from app.models.document import Document
from app.models.user import User
from app.models.webinar import Registration, Standing, Webinar, WebinarForm, WebinarStatus
from app.repositories.visibility import Rights
from app.services.api_token_service import Caller
from app.services.chat_service import View
from app.services.registrant_service import is_own
from app.services.search_service import Found

Item = TypeVar("Item")


class Answer(BaseModel):
    """`COUNTS` are the fields that move by themselves: another value of theirs is no new version."""

    COUNTS: ClassVar[frozenset[str]] = frozenset()
    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


class Page(BaseModel, Generic[Item]):
    """Some of a list. The header `Link` names the same next page."""

    items: Sequence[Item]
    next: str | None = Field(description="The address of the next page; null at the end.")


class Fault(BaseModel):
    field: str = Field(description="What is wrong: a field of the body, a parameter or a header.")
    detail: str


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault]
    request_id: str = Field(description="Under this id the server's log says more.")


class Me(Answer):
    """Who asks, and what they may do here."""

    id: UUID
    email: str | None = Field(description="Null for a guest.")
    name: str
    is_guest: bool
    scopes: list[str]
    permissions: list[str] = Field(description="What one of the staff may do; a superuser may do everything.")

    @classmethod
    def of(cls, caller: Caller, rights: Rights | None) -> Self:
        user = caller.user
        return cls(
            id=user.id,
            email=None if user.is_guest else user.email,
            name=user.name,
            is_guest=user.is_guest,
            scopes=sorted(caller.scopes),
            permissions=sorted(rights.permissions) if rights else [],
        )


class MyData(BaseModel):
    """All that is stored of one person, as the page of their account gives it."""

    account: dict[str, Any]
    sessions: list[dict[str, Any]]
    api_tokens: list[dict[str, Any]]
    history: list[dict[str, Any]]
    conversations: list[dict[str, Any]]


class WebinarAnswer(Answer):
    """A webinar. `starts`, `ends`, `opens` and `closes` are what its clocks show; the others are in UTC."""

    COUNTS = frozenset({"taken", "free", "is_open"})

    slug: str
    title: str
    description: str = Field(description="Markdown.")
    speakers: str
    starts: str = Field(examples=["2026-05-01T18:00:00"])
    ends: str
    opens: str | None
    closes: str | None
    time_zone: str = Field(examples=["Europe/Berlin"])
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime | None
    closes_at: datetime | None
    capacity: int
    taken: int = Field(description="Seats that somebody holds.")
    free: int
    is_open: bool = Field(description="Whether people can register now.")
    needs_approval: bool
    shares_out: bool = Field(description="Whether whoever registers is assigned to a sales rep.")
    questions: list[str]
    status: WebinarStatus
    join_url: str | None = Field(description="The address of the room; for staff alone.")
    cover: str | None = Field(description="The address of the picture at its head.")
    cover_alt: str = Field(description="What is to be seen there.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, webinar: Webinar, rights: Rights | None) -> Self:
        form = WebinarForm.of(webinar)
        local = {name: form.get(name) for name in ("starts", "ends", "opens", "closes")}
        local["cover"] = f"{webinar.path}/cover/{webinar.cover_id}" if webinar.cover_id else None
        columns = {name: getattr(webinar, name) for name in cls.model_fields if name not in local}
        for_staff = rights is not None and rights.may("webinar.view")
        return cls(**columns | local | {"join_url": webinar.join_url if for_staff else None})


class RegistrationAnswer(Answer):
    """Somebody at a webinar."""

    id: UUID
    webinar: str = Field(description="Its slug.")
    number: int = Field(description="The place in the order in which people came.")
    name: str
    email: str
    answers: dict[str, str] = Field(description="To the webinar's questions.")
    status: Standing
    group: str | None = Field(description="A word by which staff sort; for staff alone.")
    rep_id: UUID | None = Field(description="The colleague to whom they are assigned; for staff alone.")
    photo: str | None = Field(description="The address of their picture; for staff alone.")
    source: str
    consented_at: datetime
    confirmed_at: datetime | None = Field(description="When they showed that the address is theirs.")
    attended_at: datetime | None
    unsubscribed_at: datetime | None = Field(description="Since when they get no reminders and no follow-ups.")
    join_url: str | None = Field(description="The room's address; for the registrant with a seat and an address shown.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, webinar: Webinar, registration: Registration, user: User, rights: Rights | None) -> Self:
        """As this person may see it."""
        for_staff = rights is not None and rights.may_some("registration.view")
        special = {"webinar", "group", "rep_id", "photo", "join_url"}
        photo = f"/api/v1/webinars/{webinar.slug}/registrations/{registration.id}/photo"
        seated = registration.status == Standing.REGISTERED and registration.confirmed_at is not None
        return cls(
            **{name: getattr(registration, name) for name in cls.model_fields if name not in special},
            webinar=webinar.slug,
            group=registration.group if for_staff else None,
            rep_id=registration.rep_id if for_staff else None,
            photo=photo if for_staff and registration.photo_id else None,
            join_url=webinar.join_url or None if seated and is_own(user, registration) else None,
        )


class ConversationAnswer(Answer):
    """A conversation with the model."""

    id: UUID
    title: str
    instructions: str
    model: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, conversation: Conversation) -> Self:
        return cls.model_validate(conversation)


class SourceAnswer(Answer):
    """What a number in brackets in an answer stands for."""

    number: int
    slug: str = Field(description="Of the document.")
    title: str
    heading: str
    start: int
    end: int
    quote: str


class MessageAnswer(Answer):
    """A question or an answer. `parent_id` is what it follows; others that follow the same are other versions of it."""

    id: int
    parent_id: int | None
    role: Role
    text: str = Field(description="Markdown; while the status is `streaming`, what is stored of it so far.")
    status: Status
    model: str
    error: str = Field(description="Why it ended too early.")
    prompt_tokens: int | None
    completion_tokens: int | None
    created_at: datetime
    sources: list[SourceAnswer]

    @classmethod
    def of(cls, message: Message, sources: Sequence[Citation] = ()) -> Self:
        columns = {name: getattr(message, name) for name in cls.model_fields if name != "sources"}
        return cls(**columns, sources=[SourceAnswer.model_validate(source) for source in sources])


class Asked(Answer):
    """A question that was stored, and the answer that is being written to it."""

    conversation: ConversationAnswer
    question: MessageAnswer
    answer: MessageAnswer

    @classmethod
    def of(cls, view: View) -> Self:
        question, answer = (turn.message for turn in view.thread.turns[-2:])
        return cls(
            conversation=ConversationAnswer.of(view.conversation),
            question=MessageAnswer.of(question),
            answer=MessageAnswer.of(answer, view.citations[answer.id or 0]),
        )


class DocumentSummary(Answer):
    """A document in a list."""

    slug: str
    title: str
    updated_at: datetime

    @classmethod
    def of(cls, document: Document) -> Self:
        return cls.model_validate(document)


class DocumentAnswer(DocumentSummary):
    """A document of the knowledge base."""

    text: str = Field(description="Markdown.")


class Passage(Answer):
    """A passage that answers a question: `quote` is the span `[start:end]` of the document's text."""

    slug: str
    title: str
    heading: str
    start: int
    end: int
    quote: str
    relevance: float

    @classmethod
    def of(cls, found: Found) -> Self:
        names = {name: getattr(found, name) for name in ("slug", "start", "end", "quote", "relevance")}
        return cls(title=found.passage.title, heading=found.passage.heading, **names)


class Passages(BaseModel):
    items: list[Passage] = Field(description="The best first; none when nothing fits.")

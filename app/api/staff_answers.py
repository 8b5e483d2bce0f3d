"""What the API answers staff about registrants, messages and numbers: explicit classes, as in `answers`."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.api.answers import Answer
from app.charts import Chart
from app.models.follow_up import FollowUp, FollowUpStatus
from app.models.user import User
from app.models.webinar import Note
from app.models.webinar_message import Audience, Filling, MessageKind, PreviewForm
from app.services.message_service import Planned
from app.services.numbers import Numbers, Tally

# Registrants


class RepAnswer(Answer):
    """Somebody to whom registrants can be assigned."""

    id: UUID
    name: str

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(id=user.id, name=user.called)


class Reps(BaseModel):
    items: list[RepAnswer] = Field(description="Whoever has the fewest of this webinar comes first.")


class NoteAnswer(Answer):
    """What staff noted of a registrant. The registrant never sees it."""

    id: int
    registration_id: UUID
    text: str
    author: str = Field(description="What the author was called then.")
    author_id: UUID | None
    created_at: datetime

    @classmethod
    def of(cls, note: Note) -> Self:
        return cls.model_validate(note)


class FollowUpAnswer(Answer):
    """A mail to one registrant, which a model may draft and a person sends. An empty draft as long as there is none."""

    registration_id: UUID
    subject: str
    text: str = Field(description="Plain text; while the status is `writing`, what is stored of it so far.")
    status: FollowUpStatus
    error: str = Field(description="Why the model's draft ended too early.")
    author: str = Field(description="Who sent it, or changed it last.")
    sent_at: datetime | None

    @classmethod
    def of(cls, follow_up: FollowUp) -> Self:
        found = cls.model_validate(follow_up)
        fell_silent = follow_up.status == FollowUpStatus.WRITING and not follow_up.is_being_written
        return found.model_copy(update={"status": FollowUpStatus.DRAFT}) if fell_silent else found


# Messages


class WebinarMessageAnswer(Answer):
    """A mail to many: `amount` and `unit` say how long before the start or after the end it goes out."""

    COUNTS = frozenset({"due_at", "is_over", "sent"})

    id: int
    kind: MessageKind
    amount: int
    unit: str = Field(examples=["hours"])
    audience: Audience
    subject: str
    text: str = Field(description="Markdown, with placeholders such as {name}.")
    is_active: bool = Field(description="Whether it is sent when its time comes.")
    due_at: datetime
    is_over: bool = Field(description="Whether its time is past for good.")
    sent: int = Field(description="To how many it went.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, planned: Planned) -> Self:
        when = {"due_at": planned.due, "is_over": planned.is_over, "sent": planned.sent}
        names = [name for name in cls.model_fields if name not in when]
        return cls(**{name: getattr(planned.message, name) for name in names}, **when)


class WebinarMessages(BaseModel):
    items: list[WebinarMessageAnswer] = Field(description="In the order in which they go out.")


class MessagePreview(Answer):
    """A message as somebody would get it."""

    name: str = Field(description="Whose mail this is: of the first who registered, or of somebody made up.")
    subject: str
    text: str = Field(description="Plain text.")
    html: str
    unknown: list[str] = Field(description="Words in braces that are no placeholders: nothing can be saved with them.")

    @classmethod
    def of(cls, form: PreviewForm, filling: Filling, html: str) -> Self:
        return cls(
            name=filling.values["name"],
            subject=filling.plain(form.subject),
            text=filling.plain(form.text),
            html=html,
            unknown=filling.unknown(form.subject + form.text),
        )


class TestMail(Answer):
    recipient: str = Field(description="To whom the test is on its way.")


# Numbers


class TallyAnswer(Answer):
    """How many registrations stand where."""

    all: int
    seats: int
    attended: int
    absent: int = Field(description="Those with a seat who are not there, or not yet.")
    waiting: int
    pending: int
    cancelled: int
    declined: int

    @classmethod
    def of(cls, tally: Tally) -> Self:
        return cls.model_validate(tally)


class SeriesAnswer(Answer):
    name: str
    values: list[float] = Field(description="One for each label.")


class ChartAnswer(Answer):
    """The figures that a chart draws."""

    id: str = Field(examples=["by-source"])
    title: str
    head: str = Field(description="What the labels are.")
    labels: list[str]
    series: list[SeriesAnswer]

    @classmethod
    def of(cls, chart: Chart) -> Self:
        data = chart.data
        series = [SeriesAnswer(name=each.name, values=list(each.values)) for each in data.series]
        return cls(id=data.id, title=data.title, head=data.head, labels=list(data.names or data.labels), series=series)


class NumbersAnswer(Answer):
    """The numbers of one webinar, or of the last ones, of those registrations alone that the caller may see."""

    webinar: str | None = Field(description="Its slug; null for all of them.")
    source: str
    since: date | None
    until: date | None
    sources: Sequence[str] = Field(description="From which people came; those with the most first.")
    total: TallyAnswer
    charts: list[ChartAnswer]

    @classmethod
    def of(cls, numbers: Numbers) -> Self:
        scope = numbers.scope
        return cls(
            webinar=numbers.webinar.slug if numbers.webinar else None,
            source=scope.source,
            since=scope.since,
            until=scope.until,
            sources=numbers.sources,
            total=TallyAnswer.of(numbers.total),
            charts=[ChartAnswer.of(chart) for chart in numbers.charts.values()],
        )


# Contacts


class ContactData(BaseModel):
    """All that is stored of one address."""

    email: str
    registrations: list[dict[str, Any]]
    mails: list[dict[str, Any]]


class Erasure(BaseModel):
    webinars: int = Field(description="From how many webinars somebody was erased; 0 when nothing was stored.")

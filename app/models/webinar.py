"""Webinars and the people who register for them."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, HttpUrl, NaiveDatetime, StringConstraints, model_validator
from sqlalchemy import JSON, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.models.base import Timestamp, Typed, now, words
from app.models.user import Address, clean_name

UNSLUGGABLE = re.compile(r"[^a-z0-9]+")
LONGEST_ANSWER = 1_000
MOST_QUESTIONS = 10


class WebinarStatus(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"
    DONE = "done"


class Standing(StrEnum):
    """Where a registration stands. Only those who are registered hold a seat."""

    PENDING = "pending"  # somebody must approve it first
    WAITING = "waiting"
    REGISTERED = "registered"
    CANCELLED = "cancelled"
    DECLINED = "declined"


class Webinar(SQLModel, table=True):
    """An event at a time, with so many seats.

    `taken` counts the seats that are held and `last_number` the registrations ever made: both change only under the
    lock of this row, so they are exact. `sequence` is how often calendars were told of a change (RFC 5545).
    """

    __table_args__ = (
        CheckConstraint("taken >= 0 AND taken <= capacity", name="seats"),
        CheckConstraint("starts_at < ends_at", name="times"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    slug: str = Field(max_length=120, unique=True, index=True)
    title: str = Field(max_length=200)
    description: str = Field(default="", max_length=20_000)
    speakers: str = Field(default="", max_length=500)
    starts_at: datetime = Timestamp(index=True)
    ends_at: datetime = Timestamp()
    time_zone: str = Field(default="UTC", max_length=64)
    capacity: int
    taken: int = 0
    last_number: int = 0
    closes_at: datetime | None = Timestamp(default=None, nullable=True)
    needs_approval: bool = False
    join_url: str = Field(default="", max_length=500)
    questions: list[str] = Field(default_factory=list, sa_type=JSON)
    status: WebinarStatus = Field(default=WebinarStatus.DRAFT, sa_type=words(WebinarStatus, 12))
    sequence: int = 0
    created_at: datetime = Timestamp(default_factory=now)
    updated_at: datetime = Timestamp(default_factory=now)

    @property
    def path(self) -> str:
        return f"/webinars/{self.slug}"

    @property
    def free(self) -> int:
        return self.capacity - self.taken

    @property
    def is_over(self) -> bool:
        return self.ends_at <= now()

    @property
    def is_open(self) -> bool:
        """Whether people can register now."""
        return self.status == WebinarStatus.PUBLISHED and (self.closes_at or self.ends_at) > now()

    def local(self, moment: datetime) -> datetime:
        """A moment as the clocks show it where the webinar is held."""
        return moment.astimezone(ZoneInfo(self.time_zone))


class Registration(SQLModel, table=True):
    """One person at one webinar. `number` is their place in the order in which people came.

    `rep_id` is the colleague to whom they are assigned, and `group` a word by which staff sort them.
    `sequence` counts the changes that their calendar was told of, the webinar's own aside.
    """

    __table_args__ = (
        UniqueConstraint("webinar_id", "email"),
        # One for each order of the table, with all that its filters and its rule ask for: see repositories/registrants.
        Index("ix_registration_by_number", "webinar_id", "number", "id", "status", "group", "rep_id"),
        Index(
            *("ix_registration_by_name", "webinar_id", text("lower(name)"), "number", "id"),
            *("status", "group", "rep_id", "name"),
        ),
        Index("ix_registration_by_email", "webinar_id", "email", "number", "id", "status", "group", "rep_id"),
        Index("ix_registration_by_status", "webinar_id", "status", "number", "id", "group", "rep_id"),
        Index("ix_registration_by_group", "webinar_id", "group", "number", "id", "status", "rep_id"),
        Index("ix_registration_by_created", "webinar_id", "created_at", "number", "id", "status", "group", "rep_id"),
        Index("ix_registration_by_rep", "rep_id", "webinar_id", "status", "group"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    webinar_id: UUID = Field(foreign_key="webinar.id", ondelete="CASCADE")
    number: int
    name: str = Field(max_length=100)
    email: str = Field(max_length=320, index=True)
    answers: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    status: Standing = Field(sa_type=words(Standing, 12))
    source: str = Field(default="", max_length=100)
    consent: str = Field(max_length=500)
    consented_at: datetime = Timestamp(default_factory=now)
    confirmed_at: datetime | None = Timestamp(default=None, nullable=True)
    attended_at: datetime | None = Timestamp(default=None, nullable=True)
    group: str = Field(default="", max_length=60)
    rep_id: UUID | None = Field(default=None, foreign_key="user.id", ondelete="SET NULL")
    sequence: int = 0
    created_at: datetime = Timestamp(default_factory=now)
    updated_at: datetime = Timestamp(default_factory=now)

    @property
    def is_over(self) -> bool:
        return self.status in (Standing.CANCELLED, Standing.DECLINED)


class Reminder(SQLModel, table=True):
    """That somebody was reminded; the key keeps it from happening twice."""

    registration_id: UUID = Field(foreign_key="registration.id", primary_key=True, ondelete="CASCADE")
    kind: str = Field(max_length=20, primary_key=True)
    at: datetime = Timestamp(default_factory=now)


# What forms hold


def slug_of(title: str) -> str:
    """The title in an address: "Über uns & mehr" becomes "uber-uns-mehr"."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return UNSLUGGABLE.sub("-", plain).strip("-")[:100] or "webinar"


def known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("This is not a time zone that we know. Choose one from the list, such as Europe/Berlin.")
    return name


def web_address(typed: str) -> str:
    if typed:
        HttpUrl(typed)
    return typed


def question_lines(typed: str) -> str:
    """One question a line, as staff type them."""
    lines = [line.strip() for line in typed.splitlines() if line.strip()]
    if len(lines) > MOST_QUESTIONS or any(len(line) > 200 for line in lines):
        raise ValueError(f"At most {MOST_QUESTIONS} questions of 200 characters, please, one on each line.")
    return "\n".join(dict.fromkeys(lines))


def within_reach(moment: datetime) -> datetime:
    """Far enough from the ends of the calendar to be moved into another zone."""
    if not 2000 <= moment.year < 2200:
        raise ValueError("Please choose a time between the years 2000 and 2200.")
    return moment


LocalTime = Annotated[NaiveDatetime, AfterValidator(within_reach)]


class WebinarForm(SQLModel):
    """What staff say of a webinar. Times are those of its time zone, as a browser's `datetime-local` sends them."""

    title: Typed = Field(min_length=1, max_length=200)
    description: Typed = Field(default="", max_length=20_000)
    speakers: Typed = Field(default="", max_length=500)
    starts: LocalTime
    ends: LocalTime
    closes: LocalTime | None = None
    time_zone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    capacity: int = Field(ge=1, le=1_000_000)
    needs_approval: bool = False
    join_url: Annotated[str, StringConstraints(max_length=500), AfterValidator(web_address)] = ""
    questions: Annotated[Typed, StringConstraints(max_length=3_000), AfterValidator(question_lines)] = ""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.starts >= self.ends:
            raise ValueError("The end must be later than the start.")
        if self.ends - self.starts > timedelta(days=31):
            raise ValueError("A webinar can take a month at the most.")
        return self

    def values(self) -> dict[str, Any]:
        """The columns that it fills."""
        zone = ZoneInfo(self.time_zone)
        moments = {"starts_at": self.starts, "ends_at": self.ends, "closes_at": self.closes}
        plain = {"title", "description", "speakers", "time_zone", "capacity", "needs_approval", "join_url"}
        return {
            **self.model_dump(include=plain),
            **{
                name: moment.replace(tzinfo=zone).astimezone(UTC) if moment else None
                for name, moment in moments.items()
            },
            "questions": self.questions.splitlines(),
        }


class ContactForm(SQLModel):
    email: Address


class RegistrationForm(SQLModel):
    """What a person says who registers. `answers` are in the order of the webinar's questions."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(clean_name)]
    email: Address
    answers: list[Annotated[Typed, StringConstraints(max_length=LONGEST_ANSWER)]] = Field(
        default_factory=list, max_length=MOST_QUESTIONS
    )
    consent: bool
    source: Typed = Field(default="", max_length=100)

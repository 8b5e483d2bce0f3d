"""Webinars and the people who register for them."""

import json
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, Self, TypeVar
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, HttpUrl, NaiveDatetime, StringConstraints, WithJsonSchema, model_validator
from sqlalchemy import JSON, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.models.base import Lines, Timestamp, Typed, now, words

Moment = TypeVar("Moment", datetime, date)
LONGEST_ANSWER = 1_000
LONGEST_NOTE = 4_000
LONGEST_SOURCE = 100
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


# Where staff can put somebody from where they stand. Who has a seat, or waits for one, is not put behind others.
MOVES = {
    Standing.PENDING: (Standing.REGISTERED, Standing.DECLINED, Standing.CANCELLED),
    Standing.WAITING: (Standing.CANCELLED,),
    Standing.REGISTERED: (Standing.CANCELLED,),
    Standing.CANCELLED: (Standing.REGISTERED,),
    Standing.DECLINED: (Standing.REGISTERED,),
}


class Webinar(SQLModel, table=True):
    """An event at a time, with so many seats.

    `taken` counts the seats that are held and `last_number` the registrations ever made: both change only under the
    lock of this row, so they are exact. `sequence` is how often calendars were told of a change (RFC 5545). With
    `shares_out`, whoever registers is assigned to the sales rep with the fewest.
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
    opens_at: datetime | None = Timestamp(default=None, nullable=True)
    closes_at: datetime | None = Timestamp(default=None, nullable=True)
    needs_approval: bool = False
    shares_out: bool = False
    join_url: str = Field(default="", max_length=500)
    questions: list[str] = Field(default_factory=list, sa_type=JSON)
    status: WebinarStatus = Field(default=WebinarStatus.DRAFT, sa_type=words(WebinarStatus, 12))
    sequence: int = 0
    cover_id: UUID | None = Field(default=None, foreign_key="picture.id", index=True, ondelete="SET NULL")
    cover_alt: str = Field(default="", max_length=200)
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
        return self.status == WebinarStatus.DONE or self.ends_at <= now()

    @property
    def is_open(self) -> bool:
        """Whether people can register now."""
        return self.is_announced and not self.opens_later and now() < (self.closes_at or self.ends_at)

    @property
    def opens_later(self) -> bool:
        return self.is_announced and self.opens_at is not None and self.opens_at > now()

    @property
    def is_announced(self) -> bool:
        return self.status == WebinarStatus.PUBLISHED

    @property
    def takes_place(self) -> bool:
        return self.status != WebinarStatus.CANCELLED and not self.is_over

    @property
    def cover_facts(self) -> dict[str, Any]:
        return {"cover": str(self.cover_id or ""), "cover_alt": self.cover_alt}

    @property
    def version(self) -> str:
        """Another one whenever somebody has changed what its form says."""
        return sha256(json.dumps(WebinarForm.of(self)).encode()).hexdigest()[:16]

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
        # Each answers one question of `NumberRepository` by itself.
        Index("ix_registration_standings", "webinar_id", "source", "status", "attended_at", "rep_id", "created_at"),
        Index("ix_registration_made", "webinar_id", "created_at", "source", "status", "attended_at", "rep_id"),
        Index("ix_registration_cancelled", "webinar_id", "cancelled_at", "created_at", "source", "rep_id"),
        Index("ix_registration_figures", "created_at", "rep_id"),
        Index("ix_registration_by_rep", "rep_id", "webinar_id", "status", "group"),
        # For lists of all webinars' registrations.
        Index("ix_registration_newest", "created_at", "id"),
        Index("ix_registration_newest_by_status", "status", "created_at", "id"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    webinar_id: UUID = Field(foreign_key="webinar.id", ondelete="CASCADE")
    number: int
    name: str = Field(max_length=100)
    email: str = Field(max_length=320, index=True)
    answers: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    status: Standing = Field(sa_type=words(Standing, 12))
    source: str = Field(default="", max_length=LONGEST_SOURCE)
    consent: str = Field(max_length=500)
    consented_at: datetime = Timestamp(default_factory=now)
    confirmed_at: datetime | None = Timestamp(default=None, nullable=True)
    attended_at: datetime | None = Timestamp(default=None, nullable=True)
    cancelled_at: datetime | None = Timestamp(default=None, nullable=True)
    unsubscribed_at: datetime | None = Timestamp(default=None, nullable=True)
    group: str = Field(default="", max_length=60)
    rep_id: UUID | None = Field(default=None, foreign_key="user.id", ondelete="SET NULL")
    sequence: int = 0
    photo_id: UUID | None = Field(default=None, foreign_key="picture.id", index=True, ondelete="SET NULL")
    created_at: datetime = Timestamp(default_factory=now)
    updated_at: datetime = Timestamp(default_factory=now)

    @property
    def is_over(self) -> bool:
        return self.status in (Standing.CANCELLED, Standing.DECLINED)

    @property
    def moves(self) -> tuple[Standing, ...]:
        """Where staff can put them."""
        return MOVES[self.status]


class Note(SQLModel, table=True):
    """What staff wrote about a registrant, and who did: `author` is the name as it was then."""

    id: int | None = Field(default=None, primary_key=True)
    registration_id: UUID = Field(foreign_key="registration.id", index=True, ondelete="CASCADE")
    author_id: UUID | None = Field(default=None, foreign_key="user.id", ondelete="SET NULL", index=True)
    author: str = Field(max_length=320)
    text: str = Field(max_length=LONGEST_NOTE)
    created_at: datetime = Timestamp(default_factory=now)


# What forms hold


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


def within_reach(moment: Moment) -> Moment:
    """Far enough from the ends of the calendar to be moved into another zone."""
    if not 2000 <= moment.year < 2200:
        raise ValueError("Please choose a time between the years 2000 and 2200.")
    return moment


# As a browser's `datetime-local` has it: no zone, because the webinar says which.
LOCAL_TIME = {
    "type": "string",
    "pattern": r"^2[01]\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$",
    "examples": ["2026-05-01T18:00"],
}
LocalTime = Annotated[NaiveDatetime, AfterValidator(within_reach), WithJsonSchema(LOCAL_TIME)]


class WebinarForm(SQLModel):
    """What staff say of a webinar. Times are those of its time zone, as a browser's `datetime-local` sends them."""

    title: Typed = Field(min_length=1, max_length=200)
    description: Lines = Field(default="", max_length=20_000)
    speakers: Typed = Field(default="", max_length=500)
    starts: LocalTime
    ends: LocalTime
    opens: LocalTime | None = None
    closes: LocalTime | None = None
    time_zone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    capacity: int = Field(ge=1, le=1_000_000)
    needs_approval: bool = False
    shares_out: bool = False
    join_url: Annotated[str, StringConstraints(max_length=500), AfterValidator(web_address)] = ""
    questions: Annotated[Typed, StringConstraints(max_length=3_000), AfterValidator(question_lines)] = ""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.starts >= self.ends:
            raise ValueError("The end must be later than the start.")
        if self.ends - self.starts > timedelta(days=31):
            raise ValueError("A webinar can take a month at the most.")
        if self.opens and self.opens >= (self.closes or self.ends):
            raise ValueError("Registration must open before it closes.")
        if self.closes and self.closes > self.ends:
            raise ValueError("Registration must close before the end.")
        self._check_clocks()
        return self

    def _check_clocks(self) -> None:
        """When clocks are put forward some times do not exist, and when they are put back an hour comes twice."""
        zone = ZoneInfo(self.time_zone)
        for moment in filter(None, (self.starts, self.ends, self.opens, self.closes)):
            here = moment.replace(tzinfo=zone)
            if here.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
                raise ValueError(
                    f"There is no {moment:%H:%M} on {moment:%-d %B %Y} there: the clocks are changed then."
                )
        if self.values()["starts_at"] >= self.values()["ends_at"]:
            raise ValueError("The end must be later than the start.")

    @classmethod
    def of(cls, webinar: Webinar) -> dict[str, Any]:
        """What the form would say of a webinar as it is now, as JSON has it."""
        moments = {
            "starts": webinar.starts_at,
            "ends": webinar.ends_at,
            "opens": webinar.opens_at,
            "closes": webinar.closes_at,
        }
        local = {name: webinar.local(at).replace(tzinfo=None).isoformat() for name, at in moments.items() if at}
        plain = {name: getattr(webinar, name) for name in cls.model_fields if name in Webinar.model_fields}
        return {**plain, **local, "questions": "\n".join(webinar.questions)}

    def values(self) -> dict[str, Any]:
        """The columns that it fills."""
        zone = ZoneInfo(self.time_zone)
        moments = {
            "starts_at": self.starts,
            "ends_at": self.ends,
            "opens_at": self.opens,
            "closes_at": self.closes,
        }
        plain = WebinarForm.model_fields.keys() & Webinar.model_fields.keys() - {"questions"}
        return {
            **self.model_dump(include=set(plain)),
            **{
                name: moment.replace(tzinfo=zone).astimezone(UTC) if moment else None
                for name, moment in moments.items()
            },
            "questions": self.questions.splitlines(),
        }


class EditedWebinarForm(WebinarForm):
    """The same of one that is there: `seen` is the version that the form was opened with."""

    seen: str = Field(default="", max_length=16)

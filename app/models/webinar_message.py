"""Messages of a webinar: reminders and follow-ups as its staff word them, and who was sent which."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, StringConstraints, ValidationInfo, field_validator
from sqlmodel import Field, SQLModel

from app.models.base import Lines, Timestamp, Typed, folded, now, words
from app.models.webinar import Webinar, WebinarStatus

LONGEST_TEXT = 8_000
STILL_SENT = timedelta(days=7)  # how long after its time a follow-up still goes out, when nothing could go out then
UNITS = {"days": 24 * 60, "hours": 60, "minutes": 1}
PLACEHOLDERS = {
    "name": "who gets it",
    "title": "what the webinar is called",
    "speakers": "who speaks",
    "start": "when it begins, in its time zone",
    "end": "when it ends",
    "link": "the page of their registration",
}
PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")
LINK = re.compile(r"<?\{link\}>?")
MARKDOWN_LINK = re.compile(r"\[([^\]\n]+)\]\(<?([^()<>\s]+)>?\)")
PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


class MessageKind(StrEnum):
    """A reminder has its time before the start, a follow-up after the end."""

    REMINDER = "reminder"
    FOLLOW_UP = "follow_up"


class Audience(StrEnum):
    """Whom it goes to. Who has cancelled, was declined or has unsubscribed is in none of them."""

    SEAT = "seat"
    ATTENDED = "attended"
    NO_SHOW = "no_show"
    REGISTERED = "registered"  # those too who wait for a seat or for an approval


class WebinarMessage(SQLModel, table=True):
    """A mail to many: `minutes` before the start or after the end of its webinar, `text` in Markdown."""

    __tablename__ = "webinar_message"

    id: int | None = Field(default=None, primary_key=True)
    webinar_id: UUID = Field(foreign_key="webinar.id", index=True, ondelete="CASCADE")
    kind: MessageKind = Field(sa_type=words(MessageKind, 12))
    minutes: int
    audience: Audience = Field(default=Audience.SEAT, sa_type=words(Audience, 12))
    subject: str = Field(max_length=200)
    text: str = Field(max_length=LONGEST_TEXT)
    is_active: bool = True
    created_at: datetime = Timestamp(default_factory=now)
    updated_at: datetime = Timestamp(default_factory=now)

    @property
    def is_reminder(self) -> bool:
        return self.kind == MessageKind.REMINDER

    @property
    def unit(self) -> str:
        """The largest one in which its time is a whole number."""
        return next((unit for unit, minutes in UNITS.items() if self.minutes and not self.minutes % minutes), "minutes")

    @property
    def amount(self) -> int:
        return self.minutes // UNITS[self.unit]

    def due(self, webinar: Webinar) -> datetime:
        """When it goes out."""
        offset = timedelta(minutes=self.minutes)
        return webinar.starts_at - offset if self.is_reminder else webinar.ends_at + offset

    def is_over(self, webinar: Webinar, at: datetime) -> bool:
        """Whether it is too late for it: a reminder is of no use after the start."""
        return at >= (webinar.starts_at if self.is_reminder else self.due(webinar) + STILL_SENT)

    def is_due(self, webinar: Webinar, at: datetime) -> bool:
        held = (WebinarStatus.PUBLISHED, *(() if self.is_reminder else (WebinarStatus.DONE,)))
        in_time = self.due(webinar) <= at and not self.is_over(webinar, at)
        return self.is_active and webinar.status in held and in_time


class Delivery(SQLModel, table=True):
    """That somebody was sent a message, stored with the mail: the key keeps it from happening twice.

    `passed_over`: they got their seat after its time, so they are not sent it.
    """

    __tablename__ = "webinar_delivery"

    message_id: int = Field(foreign_key="webinar_message.id", primary_key=True, ondelete="CASCADE")
    registration_id: UUID = Field(foreign_key="registration.id", primary_key=True, index=True, ondelete="CASCADE")
    at: datetime = Timestamp(default_factory=now)
    passed_over: bool = False


class Notice(SQLModel, table=True):
    """That everybody is being told by mail of a change of a webinar, as far as the number `told`.

    Whoever has a number after `until` registered later, and knows. A newer change takes its place: it is told to all.
    """

    __tablename__ = "webinar_notice"

    webinar_id: UUID = Field(foreign_key="webinar.id", primary_key=True, ondelete="CASCADE")
    template: str = Field(max_length=40)
    told: int = 0
    until: int


# What a webinar begins with

REMINDER_TEXT = """Hello {name},

It begins soon. The link shows the address of the room. If you cannot come any more, please cancel there, and the next \
one gets your seat.

**{title}**, {start}

[Your registration]({link})"""
FOLLOW_UP_TEXT = """Hello {name},

Thank you for coming to **{title}**. What did you take home, and what did you miss? Just answer this mail."""


def default_messages(webinar: Webinar) -> list[WebinarMessage]:
    """Two reminders, and a follow-up that is off: what to say afterwards only somebody who was there knows."""
    reminders = [
        WebinarMessage(
            webinar_id=webinar.id,
            kind=MessageKind.REMINDER,
            minutes=minutes,
            subject="Soon: {title}",
            text=REMINDER_TEXT,
        )
        for minutes in (UNITS["days"], UNITS["hours"])
    ]
    follow_up = WebinarMessage(
        webinar_id=webinar.id,
        kind=MessageKind.FOLLOW_UP,
        audience=Audience.ATTENDED,
        minutes=UNITS["hours"],
        subject="Thank you for coming: {title}",
        text=FOLLOW_UP_TEXT,
        is_active=False,
    )
    return [*reminders, follow_up]


# Placeholders


@dataclass(frozen=True, slots=True)
class Filling:
    """What stands in place of the placeholders in one person's mail. An unknown placeholder stays as it is.

    Values are folded into one line, and none is Markdown: a name can neither begin a paragraph nor be a link.
    """

    values: Mapping[str, str]

    @classmethod
    def of(cls, webinar: Webinar, name: str, link: str) -> "Filling":
        values = {"name": name, "title": webinar.title, "speakers": webinar.speakers, "link": link}
        times = {"start": in_words(webinar, webinar.starts_at), "end": in_words(webinar, webinar.ends_at)}
        return cls({key: folded(value).strip() for key, value in {**values, **times}.items()})

    def plain(self, text: str) -> str:
        """The text of a mail, or its subject; links become "words: address"."""
        text = MARKDOWN_LINK.sub(r"\1: \2", text)
        return PLACEHOLDER.sub(lambda found: self.values.get(found[1], found[0]), text)

    def markdown(self, text: str) -> str:
        """The Markdown of a mail. The link is written so that it can stand alone and behind a link's words."""
        text = LINK.sub(lambda _: f"<{self.values['link']}>", text)
        return PLACEHOLDER.sub(lambda found: self._escaped(found[1], found[0]), text)

    def unknown(self, text: str) -> list[str]:
        return [f"{{{name}}}" for name in unknown_placeholders(text)]

    def _escaped(self, name: str, otherwise: str) -> str:
        """As character references: a backslash before a bracket would begin a formula."""
        if name not in self.values:
            return otherwise
        return PUNCTUATION.sub(lambda found: f"&#{ord(found[0])};", self.values[name])


def in_words(webinar: Webinar, moment: datetime) -> str:
    return f"{webinar.local(moment):%A, %d %B %Y, %H:%M} ({webinar.time_zone})"


def unknown_placeholders(text: str) -> list[str]:
    return [found for found in dict.fromkeys(PLACEHOLDER.findall(text)) if found not in PLACEHOLDERS]


def known_placeholders(text: str) -> str:
    if unknown := unknown_placeholders(text):
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"{{{unknown[0][:40]}}} is not a placeholder. There are {known}.")
    return text


# What forms hold

Subject = Annotated[Typed, StringConstraints(min_length=1, max_length=200), AfterValidator(folded)]
Words = Annotated[Lines, StringConstraints(min_length=1, max_length=LONGEST_TEXT)]


class MessageForm(SQLModel):
    """What staff say of a message."""

    kind: MessageKind
    amount: int = Field(ge=0, le=999)
    unit: Literal["days", "hours", "minutes"]
    audience: Audience
    subject: Annotated[Subject, AfterValidator(known_placeholders)]
    text: Annotated[Words, AfterValidator(known_placeholders)]
    is_active: bool = False

    @field_validator("amount")
    @classmethod
    def _before_the_start(cls, amount: int, info: ValidationInfo) -> int:
        if info.data.get("kind") == MessageKind.REMINDER and not amount:
            raise ValueError("A reminder goes out before the start, by a minute at the least.")
        return amount

    @field_validator("audience")
    @classmethod
    def _there_by_then(cls, audience: Audience, info: ValidationInfo) -> Audience:
        if info.data.get("kind") == MessageKind.REMINDER and audience in (Audience.ATTENDED, Audience.NO_SHOW):
            raise ValueError("Before the start nobody has come or stayed away. Please choose whom to remind.")
        return audience

    @classmethod
    def of(cls, message: WebinarMessage) -> dict[str, Any]:
        """What the form would say of a message as it is now, as JSON has it."""
        return {name: getattr(message, name) for name in cls.model_fields}

    def values(self) -> dict[str, Any]:
        """The columns that it fills."""
        kept = self.model_dump(include={"kind", "audience", "subject", "text", "is_active"})
        return {**kept, "minutes": self.amount * UNITS[self.unit]}


class PreviewForm(SQLModel):
    """The same while it is being typed, when much may still be wrong."""

    kind: str = Field(default="", max_length=20)
    amount: str = Field(default="", max_length=20)
    unit: str = Field(default="", max_length=20)
    audience: str = Field(default="", max_length=20)
    subject: Typed = Field(default="", max_length=200)
    text: Annotated[Lines, StringConstraints(max_length=LONGEST_TEXT)] = ""
    is_active: str = Field(default="", max_length=20)

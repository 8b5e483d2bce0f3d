"""A follow-up to one registrant: a model drafts it, a person edits and sends it."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlmodel import Field, SQLModel

from app.models.base import Timestamp, now, words
from app.models.webinar_message import LONGEST_TEXT, Subject, Words

SILENT = timedelta(seconds=5)  # without a sign of life: whoever wrote it is gone


class FollowUpStatus(StrEnum):
    WRITING = "writing"
    DRAFT = "draft"
    SENT = "sent"


class FollowUp(SQLModel, table=True):
    """One for each registration, so that it is sent once. `writer` names who may write the draft, `author` who sent it,

    or asked for the draft. The text is plain: nothing in it is markup.
    """

    __tablename__ = "follow_up"

    registration_id: UUID = Field(foreign_key="registration.id", primary_key=True, ondelete="CASCADE")
    subject: str = Field(max_length=200)
    text: str = Field(default="", max_length=LONGEST_TEXT)
    status: FollowUpStatus = Field(sa_type=words(FollowUpStatus, 8))
    error: str = Field(default="", max_length=500)
    writer: str = Field(default="", max_length=32)
    stop_requested: bool = False
    heartbeat_at: datetime | None = Timestamp(default=None, nullable=True)
    author_id: UUID | None = Field(default=None, foreign_key="user.id", index=True, ondelete="SET NULL")
    author: str = Field(default="", max_length=320)
    created_at: datetime = Timestamp(default_factory=now)
    updated_at: datetime = Timestamp(default_factory=now)
    sent_at: datetime | None = Timestamp(default=None, nullable=True)

    @property
    def is_sent(self) -> bool:
        return self.status == FollowUpStatus.SENT

    @property
    def is_being_written(self) -> bool:
        """Whether a draft grows now; one whose writer fell silent is kept as far as it came."""
        alive = self.heartbeat_at is not None and self.heartbeat_at > now() - SILENT
        return self.status == FollowUpStatus.WRITING and alive


class FollowUpForm(SQLModel):
    subject: Subject
    text: Words

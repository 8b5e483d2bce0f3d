"""Mails on their way out."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.models.base import Timestamp, now, words

SUBJECT_LENGTH = 200
ERROR_LENGTH = 500


class MailStatus(StrEnum):
    """Where a mail stands. A queued one is tried until it is sent or failed."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


class Mail(SQLModel, table=True):
    """One mail to one person, rendered when it was asked for. Whoever sends it claims it first, for a while."""

    __table_args__ = (
        CheckConstraint("status IN ('queued', 'sent', 'failed')", name="status"),
        Index(
            "ix_mail_due",
            "next_attempt_at",
            sqlite_where=text("status = 'queued'"),
            postgresql_where=text("status = 'queued'"),
        ),
        Index(
            "ix_mail_failed",
            "created_at",
            sqlite_where=text("status = 'failed'"),
            postgresql_where=text("status = 'failed'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    recipient: str = Field(max_length=320)
    subject: str = Field(max_length=SUBJECT_LENGTH)
    text: str
    html: str
    calendar: str = ""  # a file of RFC 5545, for mails that calendars read
    unsubscribe: str = ""  # where mail programs unsubscribe by one click (RFC 8058)
    created_at: datetime = Timestamp(default_factory=now, index=True)
    status: MailStatus = Field(default=MailStatus.QUEUED, sa_type=words(MailStatus, 8))
    attempts: int = 0
    next_attempt_at: datetime = Timestamp(default_factory=now)
    claimed_until: datetime | None = Timestamp(default=None, nullable=True)
    sent_at: datetime | None = Timestamp(default=None, nullable=True)
    error: str = Field(default="", max_length=ERROR_LENGTH)

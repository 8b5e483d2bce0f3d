"""Tickets: what a link in a mail, or a cookie half-way through a sign-in, is good for, once and for a while."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from app.models.base import Timestamp, now, words


class Purpose(StrEnum):
    REGISTER = "register"
    INVITE = "invite"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a name
    CHANGE_ADDRESS = "change_address"
    SIGN_IN_CODE = "sign_in_code"
    SECOND_FACTOR = "second_factor"
    RESCUE = "rescue"


LIFETIMES = {
    Purpose.REGISTER: timedelta(hours=2),
    Purpose.INVITE: timedelta(days=7),
    Purpose.RESET_PASSWORD: timedelta(minutes=30),
    Purpose.CHANGE_ADDRESS: timedelta(minutes=30),
    Purpose.SIGN_IN_CODE: timedelta(minutes=10),
    Purpose.SECOND_FACTOR: timedelta(minutes=10),
    Purpose.RESCUE: timedelta(minutes=15),
}
MINUTES = {purpose: round(lifetime.total_seconds() / 60) for purpose, lifetime in LIFETIMES.items()}
MOST_ATTEMPTS = 5  # at a code; then the ticket is void


class Ticket(SQLModel, table=True):
    """One of them. Only keyed digests of its secret and its code are stored."""

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(max_length=64, unique=True, index=True)
    code_digest: str = Field(default="", max_length=64)
    purpose: Purpose = Field(sa_type=words(Purpose, 20))
    email: str = Field(max_length=320)
    user_id: UUID | None = Field(default=None, foreign_key="user.id", index=True, ondelete="CASCADE")
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    attempts: int = 0
    created_at: datetime = Timestamp(default_factory=now)
    expires_at: datetime = Timestamp(index=True)
    used_at: datetime | None = Timestamp(default=None, nullable=True)

    @property
    def is_void(self) -> bool:
        return self.used_at is not None or self.expires_at <= now() or self.attempts >= MOST_ATTEMPTS

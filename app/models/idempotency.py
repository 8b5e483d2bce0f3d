"""What was answered to requests with an `Idempotency-Key`, for a day."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from app.models.base import Timestamp, now


class IdempotencyKey(SQLModel, table=True):
    """One of them. Both digests are keyed or of no use to anybody; without a `status` the request is at work.

    `user_id` is known once it was answered: what was answered to somebody goes with their account.
    """

    __tablename__ = "idempotency_key"

    digest: str = Field(primary_key=True, max_length=64)
    request: str = Field(max_length=64)
    created_at: datetime = Timestamp(default_factory=now, index=True)
    user_id: UUID | None = Field(default=None, foreign_key="user.id", index=True, ondelete="CASCADE")
    status: int | None = None
    headers: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    body: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that is given again."""

    status: int
    headers: dict[str, str]
    body: str

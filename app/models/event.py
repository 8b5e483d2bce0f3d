"""Domain events: what has happened, for whoever wants to show it or to act on it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from app.models.base import Timestamp, now


class Event(SQLModel, table=True):
    """One of them, stored in the transaction in which it happened. The rows are the bus: every process reads them.

    `topic` is what followers wait for, as `webinar:<id>`.
    """

    id: int | None = Field(default=None, primary_key=True)
    topic: str = Field(max_length=80, index=True)
    kind: str = Field(max_length=60)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    at: datetime = Timestamp(default_factory=now, index=True)

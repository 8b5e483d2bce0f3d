"""The audit log: who did what to which record, from where."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from app.models.base import Timestamp, now


class AuditEntry(SQLModel, table=True):
    """One act. It outlives the people in it: `actor` is their address as it was then.

    `subject` is the person whose security history it belongs to. `before` and `after` hold what changed, by field.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_record", "kind", "key", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Timestamp(default_factory=now, index=True)
    act: str = Field(max_length=60, index=True)
    actor_id: UUID | None = Field(default=None, foreign_key="user.id", index=True, ondelete="SET NULL")
    actor: str = Field(default="", max_length=320)
    subject_id: UUID | None = Field(default=None, foreign_key="user.id", index=True, ondelete="SET NULL")
    kind: str = Field(default="", max_length=60)
    key: str = Field(default="", max_length=64)
    before: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    after: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    address: str = Field(default="", max_length=45)
    device: str = Field(default="", max_length=300)
    request_id: str = Field(default="", max_length=32)

    @property
    def says(self) -> str:
        """The act in words: `password.changed` is "Password changed"."""
        return self.act.replace(".", " ").replace("_", " ").capitalize()

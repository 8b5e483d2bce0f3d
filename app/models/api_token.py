"""API tokens: what programs show instead of a cookie."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from app.models.base import Timestamp, now
from app.models.user import GivenName

Scope = Literal["read", "write"]


class ApiToken(SQLModel, table=True):
    """One of them: a keyed digest, and the beginning by which its owner knows it."""

    __tablename__ = "api_token"

    id: int | None = Field(default=None, primary_key=True)
    user_id: UUID = Field(foreign_key="user.id", index=True, ondelete="CASCADE")
    name: str = Field(max_length=100)
    prefix: str = Field(max_length=16)
    digest: str = Field(max_length=64, unique=True, index=True)
    scopes: list[str] = Field(default_factory=list, sa_type=JSON)
    created_at: datetime = Timestamp(default_factory=now)
    expires_at: datetime | None = Timestamp(default=None, nullable=True)
    used_at: datetime | None = Timestamp(default=None, nullable=True)

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= now()


class TokenForm(SQLModel):
    """`days` until it expires; 0 is never."""

    name: GivenName
    scopes: list[Scope] = Field(min_length=1)
    days: int = Field(default=90, ge=0, le=3650)

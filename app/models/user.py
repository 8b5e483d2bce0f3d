"""People: guests from their first question on, accounts when they sign up."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Field, SQLModel

from app.models.base import Timestamp, now


class User(SQLModel, table=True):
    """Whoever owns conversations. A guest is a user without an address of their own or a password."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    email: str = Field(max_length=320, unique=True, index=True)
    hashed_password: str = Field(default="", max_length=1024)
    is_active: bool = True
    is_superuser: bool = False
    is_verified: bool = False
    is_guest: bool = False
    created_at: datetime = Timestamp(default_factory=now)

    @classmethod
    def guest(cls) -> "User":
        """Make a guest; RFC 2606 keeps `.invalid` free, so nobody can own the address."""
        id = uuid4()
        return cls(id=id, email=f"{id.hex}@guest.invalid", is_guest=True)


class AccessToken(SQLModel, table=True):
    """One session. `token` is the keyed digest of what the cookie holds, so a stolen table opens nothing."""

    __tablename__ = "access_token"

    token: str = Field(primary_key=True, max_length=64)
    user_id: UUID = Field(foreign_key="user.id", index=True, ondelete="CASCADE")
    created_at: datetime = Timestamp(default_factory=now, index=True)

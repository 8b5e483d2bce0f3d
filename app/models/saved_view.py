"""Looks at tables of the admin panel that people keep."""

from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from app.models.base import Typed

LONGEST = 8_000  # characters of a query string


class SavedView(SQLModel, table=True):
    """One of somebody's own: of the table that addresses call `view`, with its search, filters and order as `query`."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("owner_id", "view", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    owner_id: UUID = Field(foreign_key="user.id", ondelete="CASCADE")
    view: str = Field(max_length=60)
    name: str = Field(max_length=60)
    query: str = Field(max_length=LONGEST)


class SavedViewForm(SQLModel):
    name: Annotated[Typed, StringConstraints(min_length=1, max_length=60)]

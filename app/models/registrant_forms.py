"""What the desk's forms about many registrants hold."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints
from sqlmodel import Field, SQLModel

from app.models.base import Typed
from app.models.webinar import RegistrationForm, Standing


class ImportedRegistration(RegistrationForm):
    """One row of a file: what a person says who registers, and how staff sort them. Consent was given elsewhere."""

    consent: bool = True
    group: Typed = Field(default="", max_length=60)
    status: Standing | None = None


class ImportForm(SQLModel):
    """How to import what the preview showed. `tell`: by mail."""

    duplicates: Literal["merge", "skip"] = "merge"
    consent: bool = False
    tell: bool = False


class Act(StrEnum):
    """What can be done to many registrants at once."""

    APPROVE = "approve"
    DECLINE = "decline"
    CANCEL = "cancel"
    CHECK_IN = "check-in"
    ASSIGN = "assign"
    SHARE_OUT = "share-out"
    GROUP = "group"


class BulkForm(SQLModel):
    """An act and to whom: those chosen, or `all` that the table's search and filters find.

    `value` is the group that they get, and `rep` the one of sales.
    """

    act: Act
    value: Annotated[Typed, StringConstraints(max_length=60)] = ""
    rep: UUID | None = None
    ids: list[UUID] = Field(default_factory=list, max_length=1_000)
    all: bool = False

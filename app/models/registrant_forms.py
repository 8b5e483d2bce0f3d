"""What forms about registrants hold: what people say who register, and what staff change of one or of many."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints
from sqlmodel import Field, SQLModel

from app.models.base import Typed
from app.models.user import Address, GivenName
from app.models.webinar import LONGEST_ANSWER, LONGEST_NOTE, LONGEST_SOURCE, MOST_QUESTIONS, Standing


def source_of(*mentions: str) -> str:
    """What a link says of where it stands, in one line: "newsletter / email / may"."""
    return " / ".join(filter(None, (" ".join(mention.split()) for mention in mentions)))[:LONGEST_SOURCE].strip(" /")


class ContactForm(SQLModel):
    email: Address


class DetailsForm(SQLModel):
    """What a person says of themselves, and may change later. `answers` are in the order of the webinar's questions."""

    name: GivenName
    answers: list[Annotated[Typed, StringConstraints(max_length=LONGEST_ANSWER)]] = Field(
        default_factory=list, max_length=MOST_QUESTIONS
    )

    def answered(self, questions: Sequence[str]) -> dict[str, str]:
        """The answers by their questions."""
        return dict(zip(questions, self.answers, strict=False))


class RegistrationForm(DetailsForm):
    """What a person says who registers."""

    email: Address
    consent: bool
    source: Typed = Field(default="", max_length=LONGEST_SOURCE)


class StandingForm(SQLModel):
    status: Standing


class GroupForm(SQLModel):
    """A word by which staff sort people; empty for none."""

    group: Typed = Field(default="", max_length=60)


class RepForm(SQLModel):
    """Empty for nobody."""

    rep_id: UUID | None = None


class NoteForm(SQLModel):
    text: Typed = Field(min_length=1, max_length=LONGEST_NOTE)


class RegistrantForm(SQLModel):
    """What staff change of a registrant; what is left out stays as it is. `rep_id` is empty for nobody."""

    status: Standing | None = None
    group: Typed | None = Field(default=None, max_length=60)
    rep_id: UUID | Literal[""] | None = None


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

"""What the lists of the API can be asked for: names that are not here are refused, and so are values of other kinds."""

import re
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from app.models.base import storable
from app.models.job import JobState
from app.models.product import Price
from app.models.webinar import Standing, WebinarStatus, within_reach

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
Words = Annotated[str, StringConstraints(max_length=200), AfterValidator(storable)]
GroupName = Annotated[str, StringConstraints(max_length=60), AfterValidator(storable)]
Moment = Annotated[AwareDatetime, AfterValidator(within_reach)]


def written_out(typed: object) -> object:
    """pydantic takes a number for the seconds since 1970."""
    if not isinstance(typed, str) or not DAY.fullmatch(typed):
        raise ValueError("A day is written as 2026-05-01.")
    return typed


def leafed_to(typed: object) -> int:
    """A page of a list: the first one, where this is no number; how far past the end it is makes no difference."""
    number = str(typed)[:9]
    return max(1, int(number)) if number.isascii() and number.isdecimal() else 1


def pages_of(total: int, size: int) -> int:
    """How many pages of this size a list of so many has; an empty one has one too."""
    return max(1, -(-total // size))


PageNumber = Annotated[int, BeforeValidator(leafed_to)]
Day = Annotated[date, BeforeValidator(written_out), AfterValidator(within_reach)]


class ListQuery(BaseModel):
    """What every list takes."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=200, description="How many to give at most.")
    after: str = Field(
        default="", max_length=1000, description="Where to go on: from the link `next` of the page before."
    )


class WebinarQuery(ListQuery):
    q: Words = Field(default="", description="Words that the title, the speakers or the description hold.")
    status: WebinarStatus | None = Field(default=None, description="Only those that stand there.")
    ends_after: Moment | None = Field(default=None, description="Only those that end later, as 2026-05-01T00:00:00Z.")
    ends_before: Moment | None = Field(default=None, description="Only those that end by then.")
    sort: Literal["starts_at", "-starts_at", "title", "-title", "created_at", "-created_at"] = Field(
        default="starts_at", description="By what to sort; with `-` the other way round."
    )


class RegistrationQuery(ListQuery):
    q: Words = Field(default="", description="Words that the name or the address holds.")
    status: Standing | None = Field(default=None, description="Only those that stand there.")
    group: GroupName | None = Field(default=None, description="One group.")
    rep_id: UUID | None = Field(default=None, description="Only those that are assigned to this colleague.")
    attended: bool | None = Field(default=None, description="Only those who came, or only those who did not.")
    sort: Literal[
        "number", "-number", "name", "-name", "email", "-email", "status", "-status", "created_at", "-created_at"
    ] = Field(default="number", description="By what to sort; with `-` the other way round.")


class ChosenQuery(BaseModel):
    """Which registrations an act is for, when it is for all that are found."""

    model_config = ConfigDict(extra="forbid")

    q: Words = Field(default="", description="Beginnings of words in the name, the address and the answers.")
    status: Standing | None = Field(default=None, description="Only those that stand there.")
    group: GroupName | None = Field(default=None, description="One group; empty for those in none.")
    rep: UUID | Literal["nobody"] | None = Field(default=None, description="Only those of this colleague, or nobody's.")
    question: Words = Field(default="", description="In the answers to which question `answer` is looked for.")
    answer: Words = Field(default="", description="Beginnings of words of an answer.")


class NumbersQuery(BaseModel):
    """Of which registrations there are numbers."""

    model_config = ConfigDict(extra="forbid")

    source: Annotated[str, StringConstraints(max_length=100), AfterValidator(storable)] = Field(
        default="", description="Only those from this source; `(none)` for those from none."
    )
    since: Day | None = Field(default=None, description="Only those made from this day on.")
    until: Day | None = Field(default=None, description="Only those made up to this day.")


class JobQuery(ListQuery):
    state: JobState | None = Field(default=None, description="Only those that stand there.")
    sort: Literal["-created_at", "created_at"] = Field(
        default="-created_at", description="By what to sort; with `-` the other way round."
    )


class ConversationQuery(ListQuery):
    q: Words = Field(default="", description="Words that the title holds.")
    sort: Literal["-updated_at", "updated_at", "-created_at", "created_at", "title", "-title"] = Field(
        default="-updated_at", description="By what to sort; with `-` the other way round."
    )


class DocumentQuery(ListQuery):
    q: Words = Field(default="", description="Words that the title holds.")
    sort: Literal["title", "-title", "slug", "-slug", "updated_at", "-updated_at"] = Field(
        default="title", description="By what to sort; with `-` the other way round."
    )


class ProductQuery(ListQuery):
    """By the same names as the page of products."""

    q: Words = Field(default="", description="Words that the name, the category or the description holds.")
    category: Words | None = Field(default=None, description="One category.")
    low: Price | None = Field(default=None, alias="from", description="Only those that cost as much or more.")
    high: Price | None = Field(default=None, alias="to", description="Only those that cost as much or less.")
    stock: bool = Field(default=False, description="Only those that are in stock.")
    sort: Literal["newest", "-newest", "name", "-name", "price", "-price"] = Field(
        default="newest", description="By what to sort; with `-` the other way round."
    )


class SearchQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(storable)] = Field(
        description="A question, or words to look for."
    )

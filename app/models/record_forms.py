"""What forms about any table's rows hold."""

from enum import StrEnum

from sqlmodel import Field, SQLModel

from app.models.base import Typed

MOST_CHOSEN = 200  # as many as a page of a list has at most


class RecordAct(StrEnum):
    """What can be done to many rows at once."""

    DELETE = "delete"
    SET = "set"


class BulkRecordsForm(SQLModel):
    """An act and to which rows: those chosen by their keys, or `all` that the list's search and filters find.

    `act` is `delete`, or `set:` and a column. `query` is the list's, which a page that asks for the password in between
    gives back. `confirmed`: what hangs on the rows may go with them.
    """

    act: Typed = Field(min_length=1, max_length=80)
    keys: list[Typed] = Field(default_factory=list, max_length=MOST_CHOSEN)
    all: bool = False
    query: Typed = Field(default="", max_length=8_000)
    confirmed: bool = False

    @property
    def kind(self) -> RecordAct | None:
        """None for what can be no act."""
        word = self.act.partition(":")[0]
        return RecordAct(word) if word in set(RecordAct) else None

    @property
    def column(self) -> str:
        return self.act.partition(":")[2]

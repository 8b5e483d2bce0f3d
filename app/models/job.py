"""Long work that somebody asked for: how far it is, what went wrong with which of its items, and what to put back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, Index, text
from sqlmodel import Field, SQLModel

from app.models.base import Timestamp, now, words

WITH = "with"  # in what an undo puts back: what hung on a deleted row. No column can be called so.
UNDOABLE = timedelta(days=1)  # how long its items are kept, and with them what an undo needs


class JobState(StrEnum):
    """Where a job stands. One that is ready waits for a person, and one that runs is worked on."""

    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"


class Job(SQLModel, table=True):
    """Some work on many items. `kind` says which work, `subject` on what, as `webinar:<id>`.

    `cursor` is the number of the last item that was worked on, `done` how many were, `changed` how many of them
    changed something, and `counts` what came of them.
    With `undoing` it is put back, or was when it ended. `worker` is the process at it, which says by `heartbeat_at`
    that it is alive; no worker means that one is wanted.
    """

    __table_args__ = (
        Index(
            "ix_job_wanted",
            "heartbeat_at",
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    kind: str = Field(max_length=60)
    subject: str = Field(max_length=80)
    title: str = Field(default="", max_length=200)
    path: str = Field(default="", max_length=1_000)  # of the page that it was asked for on
    owner_id: UUID = Field(foreign_key="user.id", index=True, ondelete="CASCADE")
    state: JobState = Field(default=JobState.READY, sa_type=words(JobState, 8))
    undoing: bool = False
    params: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    total: int = 0
    done: int = 0
    changed: int = 0
    cursor: int = 0
    counts: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    error: str = Field(default="", max_length=500)
    worker: str = Field(default="", max_length=32)
    heartbeat_at: datetime = Timestamp(default_factory=now)
    created_at: datetime = Timestamp(default_factory=now, index=True)
    started_at: datetime | None = Timestamp(default=None, nullable=True)
    finished_at: datetime | None = Timestamp(default=None, nullable=True)

    @property
    def topic(self) -> str:
        return f"job:{self.id}"

    @property
    def is_running(self) -> bool:
        return self.state == JobState.RUNNING

    @property
    def can_start(self) -> bool:
        """Whether it can begin, or go on from where it failed."""
        return self.state == JobState.READY or (self.state == JobState.FAILED and not self.undoing)

    @property
    def undoable_until(self) -> datetime:
        return (self.finished_at or self.created_at) + UNDOABLE

    @property
    def can_undo(self) -> bool:
        """For a day after its end, if it changed something."""
        return self.state in (JobState.DONE, JobState.FAILED) and self.changed > 0 and self.undoable_until > now()


class JobItem(SQLModel, table=True):
    """One thing to do. `key` says to people what it is about, as an address, and `data` what more is to be known.

    `outcome` is a word for what came of it, empty before that, and `problem` a sentence about what did not. `record` is
    the row that it changes, `changed_at` when it did, and `before` what an undo puts back: of a deleted row all its
    columns, and below `WITH` the rows that went with it.
    """

    __tablename__ = "job_item"
    __table_args__ = (Index("ix_job_item_key", "key"), Index("ix_job_item_record", "record"))

    job_id: UUID = Field(foreign_key="job.id", primary_key=True, ondelete="CASCADE")
    number: int = Field(primary_key=True)
    key: str = Field(max_length=320)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    outcome: str = Field(default="", max_length=20)
    problem: str = Field(default="", max_length=500)
    record: UUID | None = None
    before: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    changed_at: datetime | None = Timestamp(default=None, nullable=True)


@dataclass(slots=True)
class Item:
    """An item while it is worked on; plain, because there are many."""

    number: int
    key: str
    data: dict[str, Any]
    record: UUID | None
    before: dict[str, Any]
    changed_at: datetime | None
    outcome: str = ""
    problem: str = ""

    def did(self, outcome: str, problem: str = "") -> None:
        self.outcome, self.problem = outcome, problem[:500]

    def changed(self, outcome: str, record: UUID, at: datetime, before: dict[str, Any]) -> None:
        """Note what it did, and what would put it back."""
        self.did(outcome)
        self.record, self.changed_at, self.before = record, at, before

    def put_back(self, outcome: str = "undone", problem: str = "") -> None:
        """Note that an undo has been here."""
        self.did(outcome, problem)
        self.changed_at = None

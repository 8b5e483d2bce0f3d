"""What the API answers about long work: how far it is, and what an import would do."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from app.api.answers import Answer
from app.models.job import Job, JobItem, JobState
from app.models.webinar import Standing
from app.services.csv_import import Preview
from app.services.job_service import Progress


class JobProblem(Answer):
    """What could not be done, or has to be known."""

    number: int = Field(description="Of the item; in a file that of its row.")
    key: str = Field(description="What it is about, mostly an address.")
    problem: str


class JobSummary(Answer):
    """Long work that somebody asked for."""

    id: UUID
    kind: str = Field(examples=["registrations.bulk"])
    title: str
    state: JobState
    undoing: bool = Field(description="Whether it is put back, or was.")
    total: int
    done: int
    counts: dict[str, int] = Field(description="What came of the items that are done.")
    error: str = Field(description="Why it failed.")
    can_undo: bool
    undoable_until: datetime
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> Self:
        return cls.model_validate(job)


class JobAnswer(JobSummary):
    """The same with what went wrong."""

    problems: list[JobProblem] = Field(description="The first hundred.")
    problem_count: int

    @classmethod
    def of_progress(cls, progress: Progress) -> Self:
        summary = JobSummary.of(progress.job).model_dump()
        return cls(**summary, problems=problems(progress.problems), problem_count=progress.problem_count)


def problems(items: Iterable[JobItem]) -> list[JobProblem]:
    return [JobProblem.model_validate(item) for item in items]


class ImportRow(Answer):
    number: int
    email: str
    name: str
    group: str
    status: Standing | None = Field(description="Where they shall stand; null for what the webinar decides.")
    source: str
    answers: dict[str, str]

    @classmethod
    def of(cls, item: JobItem) -> Self:
        return cls(number=item.number, email=item.key, **item.data)


class Difference(Answer):
    before: str | dict[str, str]
    after: str | dict[str, str]


class KnownRow(Answer):
    """A row about somebody who is registered already, and what merging changes of them."""

    number: int
    email: str
    changes: dict[str, Difference]

    @classmethod
    def of(cls, item: JobItem, changes: Mapping[str, tuple[Any, Any]]) -> Self:
        found = {name: Difference(before=before, after=after) for name, (before, after) in changes.items()}
        return cls(number=item.number, email=item.key, changes=found)


class ImportAnswer(Answer):
    """What an import would do. Nothing is written before it is started."""

    job: JobSummary
    note: str = Field(description="What was guessed of the file.")
    unknown: list[str] = Field(description="Columns that nobody knows, which are left out.")
    rows: list[ImportRow] = Field(
        description="The first ten that can be imported; `job.total` says how many there are."
    )
    problems: list[JobProblem] = Field(description="The first fifty rows that cannot be imported.")
    problem_count: int
    known: list[KnownRow] = Field(description="The first ten of those who are registered already.")
    known_count: int

    @classmethod
    def of(cls, preview: Preview) -> Self:
        return cls(
            job=JobSummary.of(preview.job),
            note=preview.job.params["note"],
            unknown=preview.job.params["unknown"],
            rows=[ImportRow.of(item) for item in preview.rows],
            problems=problems(preview.problems),
            problem_count=preview.problem_count,
            known=[KnownRow.of(item, changes) for item, changes in preview.known],
            known_count=preview.known_count,
        )

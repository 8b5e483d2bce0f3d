"""Imports of CSV files, whatever they are of: read, looked at, then done by a job that can be undone."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from app.errors import Conflict, Invalid
from app.models.job import Item, Job, JobItem
from app.repositories.jobs import HAS_PROBLEM, TO_DO, JobRepository
from app.repositories.visibility import Rights
from app.services.csv_file import decoded
from app.services.csv_rows import Rows
from app.services.job_service import JobService

SHOWN = 10  # rows
SHOWN_PROBLEMS = 50
CHANGED_SINCE = "This was changed since, so it stays as it is."
Changes = Mapping[str, tuple[Any, Any]]  # by field, before and after


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do; `known` are the first of those whose records are there already."""

    job: Job
    rows: Sequence[JobItem]
    problems: Sequence[JobItem]
    problem_count: int
    known: Sequence[tuple[JobItem, Changes]]
    known_count: int


def text_of(data: bytes, pasted: str) -> tuple[str, str]:
    """A file, or else what was pasted, as text, with what is to be said of how it was read. `Invalid` for neither."""
    if not (data or pasted.strip()):
        raise Invalid("Choose a file, or paste its rows.", field="file")
    return decoded(data) if data else (pasted, "")


class CsvImport:
    """What is done before the job runs."""

    kind: str
    permission: str

    def __init__(self, jobs: JobRepository, service: JobService) -> None:
        self.jobs = jobs
        self.service = service

    async def make(self, rights: Rights, job: Job, read: Callable[[str], Rows], data: bytes, pasted: str) -> Job:
        """Fill a job with a file, or with what was pasted. It waits until somebody has looked at it."""
        rights.check(self.permission)
        text, note = text_of(data, pasted)
        rows = await asyncio.to_thread(read, text)  # others go on meanwhile
        await self.check(rows)
        job.total, job.params = rows.good, {**job.params, "unknown": rows.unknown[:50], "note": note}
        await self.jobs.add(job)
        await self.jobs.fill(job, rows.items)
        return job

    async def check(self, rows: Rows) -> None:
        """Note what is wrong with which row that the database alone knows."""

    async def find(self, rights: Rights, id: UUID, subject: str) -> Job:
        rights.check(self.permission)
        job = await self.service.get(rights, id)
        if (job.subject, job.kind) != (subject, self.kind):
            raise Conflict("This is an import of something else.")
        return job

    async def show(self, job: Job, known: Sequence[tuple[JobItem, Changes]], known_count: int) -> Preview:
        rows, wrong = await self.jobs.items(job, TO_DO, SHOWN), await self.jobs.items(job, HAS_PROBLEM, SHOWN_PROBLEMS)
        return Preview(job, rows, wrong, await self.jobs.count(job, HAS_PROBLEM), known, known_count)

    async def begin(self, rights: Rights, job: Job, choices: Mapping[str, Any]) -> None:
        if not job.total:
            raise Invalid("There is no row that could be imported.")
        job.params = {**job.params, **choices}
        await self.service.start(rights, job)


# What imports note on their items


class Record(Protocol):
    updated_at: datetime


Found = TypeVar("Found", bound=Record)


def left_alone(item: Item, changes: Changes, *, wanted: bool, allowed: bool, refusal: str) -> bool:
    """Whether an item is not merged into what is there already; it is noted why."""
    if not wanted:
        item.did("skipped")
    elif not changes:
        item.did("unchanged")
    elif not allowed:
        item.did("refused", refusal)
    return bool(item.outcome)


def unchanged(item: Item, rows: Mapping[UUID, Found]) -> Found | None:
    """The record that an item changed; None when it is gone, or was changed since."""
    row = rows.get(item.record) if item.record else None
    return row if row and row.updated_at == item.changed_at else None

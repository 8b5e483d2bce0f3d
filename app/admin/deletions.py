"""Deleting one row from its page: an act on many of which there is one, done at once, and undone like those."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.admin.bulk import KIND, BulkRecordWork, uuid_of
from app.admin.records import Records
from app.admin.snapshots import count_of
from app.models.base import now
from app.models.job import Item, Job, JobState
from app.models.record_forms import RecordAct
from app.repositories.hanging import MOST
from app.repositories.jobs import JobRepository
from app.repositories.records import Count
from app.repositories.visibility import Rights

Counts = Sequence[tuple[str, Count]]


@dataclass(frozen=True, slots=True)
class AskedDeletion:
    """What a deletion would do, by what the tables are called: `goes` goes with the row, and `freed` stays without it.

    `lost` is what of it no undo brings back; with `is_too_much` it is all. While there is something in `held`, which
    refers to it and cannot be without it, it cannot be deleted at all.
    """

    goes: Counts
    freed: Counts
    lost: Counts
    can_undo: bool
    is_too_much: bool = False
    most: int = MOST
    held: Counts = ()


class Deletions:
    def __init__(self, work: BulkRecordWork, jobs: JobRepository) -> None:
        self.work = work
        self.browser = work.browser
        self.jobs = jobs

    async def ask(self, rights: Rights, view: Records, row: Any) -> AskedDeletion:
        await self.browser.check(rights, view, row, "delete")
        if held := await self.browser.holders(row):
            return AskedDeletion((), (), (), can_undo=False, held=held)
        found = await self.work.editor.snapshots.found(row)
        lost, can_undo = self._counts(found.lost), not view.needs_password
        if found.is_too_much:
            return AskedDeletion(await self.browser.dependents(row), (), lost, can_undo, is_too_much=True)
        goes = self._counts(Counter(table for table, _ in found.rows))
        freed = self._counts(Counter(each.table for each in found.freed))
        return AskedDeletion([*goes, *lost], freed, lost, can_undo)

    def _counts(self, numbers: Mapping[str, int]) -> Counts:
        return [(self.browser.panel.called(table, number), count_of(number)) for table, number in numbers.items()]

    async def delete(self, rights: Rights, view: Records, row: Any, path: str) -> Job:
        """Delete it with all that hangs on it. Returns the job that undoes it; `path` is of the page that shows it."""
        await self.browser.check(rights, view, row, "delete")
        params = {"view": view.identity, "act": RecordAct.DELETE.value, "confirmed": True}
        job = Job(kind=KIND, subject=f"table:{view.table}", owner_id=rights.user.id, path=path[:1_000], params=params)
        job.title = f"Delete 1 {view.name.lower()}"  # and not which: a title outlives what it names
        job.sqlmodel_update({"state": JobState.DONE, "total": 1, "started_at": now(), "finished_at": now()})
        item = Item(1, view.key_of(row), {}, uuid_of(row, view), {}, None)
        await self.work.delete(job, rights, view, row, item)
        await self.jobs.add(job)
        await self.jobs.fill(job, [{"number": item.number, "key": item.key, "record": item.record}])
        await self.jobs.save(job, [item])
        return job

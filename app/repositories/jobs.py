"""Queries of jobs and their items."""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, String, Uuid, bindparam, delete, insert, literal, or_, update
from sqlalchemy import select as sql_select
from sqlmodel import col, func, select

from app.models.base import now
from app.models.job import UNDOABLE, WITH, Item, Job, JobItem, JobState
from app.models.picture import Picture
from app.repositories.base import Repository

KEPT = timedelta(days=30)
RUNNING = col(Job.state) == JobState.RUNNING
ITEM = sql_select(
    *(col(each) for each in (JobItem.number, JobItem.key, JobItem.data, JobItem.record, JobItem.before)),
    col(JobItem.changed_at),
)
SAVED = ("outcome", "problem", "record", "before", "changed_at")
SAVE = update(JobItem).where(col(JobItem.job_id) == bindparam("job"), col(JobItem.number) == bindparam("item"))
FILLED = ("job_id", "number", "key", "record", "data", "outcome", "problem", "before")


class JobRepository(Repository):
    async def get(self, id: UUID, where: ColumnElement[bool]) -> Job | None:
        """This job, if it is one of those."""
        return (await self.session.exec(select(Job).where(Job.id == id, where))).first()

    async def newest(self, where: ColumnElement[bool], limit: int) -> Sequence[Job]:
        return (
            await self.session.exec(select(Job).where(where).order_by(col(Job.created_at).desc()).limit(limit))
        ).all()

    async def fill(self, job: Job, items: Sequence[Mapping[str, Any]]) -> None:
        """Give it its items, of which each has a number and a key."""
        blank = {"job_id": job.id, "data": {}, "outcome": "", "problem": "", "before": {}}
        if items:
            await self.write(insert(JobItem), [blank | dict(item) for item in items])

    async def fill_from(self, job: Job, key: Any, record: Any, order: Any, where: Sequence[ColumnElement[bool]]) -> int:
        """Give it an item for each row of a table; return how many. The columns say what names a row, and its order."""
        nothing, empty = literal("", String), literal({}, JSON)
        number = func.row_number().over(order_by=order)
        found = sql_select(literal(job.id, Uuid), number, key, record, empty, nothing, nothing, empty).where(*where)
        return (await self.write(insert(JobItem).from_select(FILLED, found))).rowcount

    async def begin(self, job: Job, *, undoing: bool) -> bool:
        """Let it run, from the start or from where it stands; False when it does so already, or is over."""
        states = (JobState.DONE, JobState.FAILED) if undoing else (JobState.READY, JobState.FAILED)
        idle = update(Job).where(col(Job.id) == job.id, col(Job.state).in_(states))
        values = {"state": JobState.RUNNING, "undoing": undoing, "worker": "", "error": "", "started_at": now()}
        if undoing:
            await self.write(update(JobItem).where(col(JobItem.job_id) == job.id).values(problem=""))
            values |= {"total": await self.count(job, col(JobItem.changed_at).is_not(None)), "done": 0, "cursor": 0}
            values |= {"counts": {}}
        return (await self.write(idle.values(**values, params=job.params, finished_at=None))).rowcount == 1

    async def reload(self, job: Job) -> None:
        await self.session.refresh(job)

    # What its worker asks for

    async def wanted(self, silent_since: datetime) -> Sequence[UUID]:
        """Jobs that run, and at which nobody is, or nobody any more."""
        return (await self.execute(WANTED, {"silent_since": silent_since})).scalars().all()

    async def claim(self, id: UUID, worker: str, silent_since: datetime) -> bool:
        """Make this worker the one at it; False when another was faster."""
        free = update(Job).where(col(Job.id) == id, RUNNING, _free(silent_since))
        return (await self.write(free.values(worker=worker, heartbeat_at=now()))).rowcount == 1

    async def hold(self, id: UUID, worker: str) -> Job | None:
        """The job, locked until this transaction ends; None when it is no longer this worker's.

        Its work looks for hundreds of rows at once. PostgreSQL plans such a query anew, or after a few times it would
        compare every row of a webinar with each of them.
        """
        await self.plan_anew()
        mine = update(Job).where(col(Job.id) == id, col(Job.worker) == worker, RUNNING)
        held = (await self.write(mine.values(heartbeat_at=now()))).rowcount == 1
        return await self.session.get(Job, id) if held else None

    async def next(self, job: Job, limit: int, *, backwards: bool) -> Sequence[Item]:
        """The items to work on next: those that were not yet, or for an undo those that changed something."""
        number, cursor = col(JobItem.number), job.cursor
        todo = col(JobItem.changed_at).is_not(None) if job.undoing else col(JobItem.outcome) == ""
        found = ITEM.where(col(JobItem.job_id) == job.id, todo)
        if cursor:
            found = found.where(number < cursor if backwards else number > cursor)
        found = found.order_by(number.desc() if backwards else number).limit(limit)
        return [Item(*row) for row in await self.execute(found)]

    async def save(self, job: Job, items: Sequence[Item]) -> None:
        """Store what came of these, and how far the job is."""
        keys = ({"job": job.id, "item": item.number} for item in items)
        values = ({name: getattr(item, name) for name in SAVED} for item in items)
        await self.write(SAVE, [key | value for key, value in zip(keys, values, strict=True)])
        counts = dict(Counter(job.counts) + Counter(item.outcome for item in items))
        changed = 0 if job.undoing else sum(item.changed_at is not None for item in items)
        done = {"done": job.done + len(items), "cursor": items[-1].number, "changed": job.changed + changed}
        await self.add(job.sqlmodel_update(done | {"counts": counts}))

    async def end(self, id: UUID, worker: str, state: JobState, error: str = "") -> None:
        mine = update(Job).where(col(Job.id) == id, col(Job.worker) == worker, RUNNING)
        await self.write(mine.values(state=state, error=error[:500], worker="", finished_at=now()))

    async def release(self, worker: str) -> None:
        """Leave what this worker has not ended to others."""
        await self.write(update(Job).where(col(Job.worker) == worker, RUNNING).values(worker=""))

    # What pages show

    async def count(self, job: Job, where: ColumnElement[bool]) -> int:
        found = select(func.count()).select_from(JobItem).where(JobItem.job_id == job.id, where)
        return (await self.session.exec(found)).one()

    async def items(self, job: Job, where: ColumnElement[bool], limit: int) -> Sequence[JobItem]:
        found = select(JobItem).where(JobItem.job_id == job.id, where).order_by(col(JobItem.number))
        return (await self.session.exec(found.limit(limit))).all()

    # What goes

    async def forget(self, email: str, records: Collection[UUID], names: Collection[str] = ()) -> None:
        """Delete what is kept of this address and of these records; what is about to be done to them is not done.

        So it is with rows that were deleted before, with their photos, and with what hung on them, also among what
        hung on others.
        """
        before, data = col(JobItem.before), col(JobItem.data)
        theirs = func.lower(before["email"].as_string()) == email.lower()
        photo, name = (before[field].as_string() for field in ("photo_id", "name"))
        deleted = (await self.session.exec(select(JobItem.key, photo, name).where(theirs))).all()
        await self._forget_search({email, *names, *(called for _, _, called in deleted)})
        keys = {email, *(str(id) for id in records), *(key for key, *_ in deleted)}
        hung = await self._hung(email, keys)
        photos = {photo for _, photo, _ in deleted} | {row.get("photo_id") for row in _rows(hung) if _is_of(row, email)}
        await self.write(delete(Picture).where(col(Picture.id).in_([UUID(each) for each in photos if each])))
        of_them = (each["registration_id"].as_string().in_(keys) for each in (before, data))
        here = or_(col(JobItem.key).in_(keys), col(JobItem.record).in_(records), theirs, *of_them)
        for item in hung:
            mine = col(JobItem.job_id) == item.job_id, col(JobItem.number) == item.number
            await self.write(update(JobItem).where(*mine).values(before=without(item.before, email, keys)))
        await self.write(delete(JobItem).where(here))

    async def _forget_search(self, words: Collection[str]) -> None:
        """Of a job that was asked for where somebody searched for one of these, forget the page."""
        sought = [col(Job.path).icontains(quote_plus(word), autoescape=True) for word in words if word]
        await self.write(update(Job).where(or_(*sought)).values(path=""))

    async def _hung(self, email: str, keys: set[str]) -> Sequence[JobItem]:
        """The items that keep rows of these among what hung on others. Adds the keys of those rows to the set."""
        kept = col(JobItem.before)[WITH].as_string()
        while True:
            said = [func.lower(kept).contains(json.dumps(key.lower())[1:-1], autoescape=True) for key in keys]
            found = (await self.session.exec(select(JobItem).where(kept.is_not(None), or_(*said)))).all()
            more = {str(row["id"]) for row in _rows(found) if _is_of(row, email)} - keys
            if not more:
                return found
            keys |= more

    async def purge(self, at: datetime) -> None:
        """Delete what nobody can undo any more, what nobody started, and old jobs."""
        over = select(Job.id).where(col(Job.finished_at) < at - UNDOABLE)
        await self.write(delete(JobItem).where(col(JobItem.job_id).in_(over)))
        unused = (col(Job.state) == JobState.READY) & (col(Job.created_at) < at - UNDOABLE)
        await self.write(delete(Job).where(or_(unused, ~RUNNING & (col(Job.created_at) < at - KEPT))))


def without(before: Mapping[str, Any], email: str, keys: Set[str]) -> dict[str, Any]:
    """The same without rows of this address or of registrations with these keys among what hung on the row."""

    def is_kept(row: Mapping[str, Any]) -> bool:
        return not _is_of(row, email) and keys.isdisjoint({str(row.get("id")), str(row.get("registration_id"))})

    hung = before[WITH]
    rows = [[table, row] for table, row in hung["rows"] if is_kept(row)]
    freed = [each for each in hung["freed"] if is_kept(each[1])]
    return {**before, WITH: {**hung, "rows": rows, "freed": freed}}


def _rows(items: Sequence[JobItem]) -> list[dict[str, Any]]:
    """What hung on the rows of these items."""
    return [row for item in items for _, row in item.before[WITH]["rows"]]


def _is_of(row: Mapping[str, Any], email: str) -> bool:
    return str(row.get("email", "")).lower() == email.lower()


def _free(silent_since: Any) -> ColumnElement[bool]:
    return or_(col(Job.worker) == "", col(Job.heartbeat_at) < silent_since)


WANTED = select(Job.id).where(RUNNING, _free(bindparam("silent_since")))  # made once: asked every second
HAS_PROBLEM = col(JobItem.problem) != ""
TO_DO = col(JobItem.outcome) == ""

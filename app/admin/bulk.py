"""Acts on many rows at once, as a job that can be undone."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, null, or_
from sqlmodel import SQLModel

from app.admin.browser import RecordBrowser
from app.admin.columns import Field
from app.admin.editor import RecordEditor, version
from app.admin.look import Look
from app.admin.records import Records
from app.admin.snapshots import restored
from app.errors import AppError, Conflict, Forbidden, Invalid, NotFound
from app.models.base import now
from app.models.job import Item, Job
from app.models.record_forms import BulkRecordsForm, RecordAct
from app.repositories.hanging import MOST
from app.repositories.jobs import JobRepository
from app.repositories.records import Count
from app.repositories.visibility import Rights
from app.services.audit_service import as_json
from app.services.csv_import import CHANGED_SINCE
from app.services.job_service import JobService

KIND = "records.bulk"
ACTIONS = {RecordAct.DELETE: "delete", RecordAct.SET: "change"}
GONE = "This is gone, or not yours to change."
HANGS = "Other records would go with it. Allow that, or delete it by itself."


@dataclass(frozen=True, slots=True)
class Asked:
    """An act before it is done. `field` is the column that it sets; `lost` is what may go with a row for good."""

    view: Records
    look: Look
    form: BulkRecordsForm
    act: RecordAct
    field: Field | None
    where: Sequence[ColumnElement[bool]]
    count: Count
    lost: Sequence[str] = ()
    most: int = MOST

    @property
    def says(self) -> str:
        what = "Delete" if self.field is None else f"Set “{self.field.label}” of"
        return f"{what} {self.count} {self.view.name.lower() if self.count.number == 1 else self.view.says}"

    @property
    def can_undo(self) -> bool:
        """What is deleted of a table that asks for the password was taken from somebody on purpose."""
        return self.field is not None or not self.view.needs_password

    @property
    def path(self) -> str:
        return f"/admin/{self.view.identity}{self.look.query()}"[:1_000]


class BulkRecords:
    """What is done before the job runs."""

    def __init__(self, browser: RecordBrowser, editor: RecordEditor, jobs: JobRepository, service: JobService) -> None:
        self.browser = browser
        self.editor = editor
        self.jobs = jobs
        self.service = service

    async def ask(self, rights: Rights, view: Records, look: Look, form: BulkRecordsForm) -> Asked:
        """What an act would do, to those rows alone to which they may do it."""
        act, field = form.kind, None
        if act is None:
            raise Invalid("Choose what to do with the rows.")
        view.check(rights, ACTIONS[act])
        if act is RecordAct.SET:
            field = next((each for each in view.typed if each.name == form.column), None)
            if field is None:
                raise Invalid("Choose a column that can be set.")
        chosen = await self.browser.where(rights, view, look) if form.all else [with_keys(view, form.keys)]
        where = [*chosen, view.rows(rights, "view"), view.rows(rights, ACTIONS[act])]
        count = await self.browser.records.count(view.model, where, narrowed=look.narrows or not form.all)
        if not count.number:
            raise Invalid("Choose some rows to which you may do this: there are none.")
        return Asked(view, look, form, act, field, where, count, self.editor.snapshots.never_back(view))

    async def start(self, rights: Rights, asked: Asked, value: Any) -> Job:
        """Make the job, and let it run."""
        view = asked.view
        params = {"view": view.identity, "act": asked.act.value, "confirmed": asked.form.confirmed}
        params["needs_password"] = view.needs_password
        if asked.field:
            params |= {"column": asked.field.name, "value": await self._value(rights, asked.field, value)}
        job = Job(kind=KIND, subject=f"table:{view.table}", owner_id=rights.user.id, path=asked.path, params=params)
        await self.jobs.add(job)
        keys = list(view.model.__table__.primary_key.columns)
        record = keys[0] if len(keys) == 1 and isinstance(keys[0].type, Uuid) else null()
        key = self.browser.records.key_text(keys)
        job.total = await self.jobs.fill_from(job, key, record, keys[0], asked.where)
        job.title = asked.says[:200]
        await self.jobs.add(job)
        await self.service.start(rights, job)
        return job

    async def _value(self, rights: Rights, field: Field, value: Any) -> Any:
        """As JSON, once it is known to be one of this column."""
        try:
            return as_json(await self.editor.value(rights, field, value))
        except ValueError as error:
            raise Invalid(str(error), field=field.name) from error


def with_keys(view: Records, keys: Sequence[str]) -> ColumnElement[bool]:
    """The rows with these keys; what can be no key is passed over."""
    found = []
    for key in keys:
        with suppress(NotFound):
            found.append(view.with_key(key))
    return or_(*found) if found else null().is_not(None)


class BulkRecordWork:
    """Does an act to rows one by one, as it is done to a single one: with the same rules, effects and records."""

    at_once = 25
    undo_backwards = False

    def __init__(self, editor: RecordEditor) -> None:
        self.editor = editor
        self.browser = editor.browser
        self.records = editor.records

    async def act(self, job: Job, rights: Rights, items: Sequence[Item]) -> None:
        view = view_of(self.browser, rights, job)
        act = RecordAct(job.params["act"])
        view.check(rights, ACTIONS[act])
        for item in items:
            try:
                async with self.records.trying():
                    row = await found(self.browser, rights, view, item.key, ACTIONS[act])
                    await (self.delete if act is RecordAct.DELETE else self._set)(job, rights, view, row, item)
            except AppError as error:
                item.did("refused", error.message)

    async def delete(self, job: Job, rights: Rights, view: Records, row: Any, item: Item) -> None:
        await self.editor.hold(view, row)
        if not job.params["confirmed"] and await self.browser.dependents(row):
            raise Conflict(HANGS)
        kept = {} if view.needs_password else await self.editor.snapshots.take(row)
        await self.editor.delete(rights, view, row)
        item.did("deleted")
        if kept:
            item.before, item.changed_at = kept, now()

    async def _set(self, job: Job, rights: Rights, view: Records, row: Any, item: Item) -> None:
        name, value = job.params["column"], job.params["value"]
        before = as_json(getattr(row, name))
        if before == value:
            item.did("unchanged")
            return
        await self.editor.change(rights, view, row, {name: value}, version(view, row))
        item.did("changed")
        item.before, item.changed_at = {"was": before, "is": as_json(getattr(row, name))}, now()

    async def undo(self, job: Job, rights: Rights, items: Sequence[Item]) -> None:
        view = view_of(self.browser, rights, job)
        back = self._restore if job.params["act"] == RecordAct.DELETE else self._reset
        for item in items:
            try:
                async with self.records.trying():
                    problem = await back(job, rights, view, item)
                item.put_back("undone", problem)
            except AppError as error:
                item.put_back("left", error.message)

    async def _restore(self, job: Job, rights: Rights, view: Records, item: Item) -> str:  # noqa: ARG002 - as `_reset`
        """Returns what of it does not come back."""
        if await self.records.fits(view.model, view.with_key(item.key)):
            raise Conflict("There is another with its key now.")
        await self.editor.restore(rights, view, restored(view, item.before))
        return await self.editor.snapshots.bring_back(item.before)

    async def _reset(self, job: Job, rights: Rights, view: Records, item: Item) -> str:
        name = job.params["column"]
        row = await found(self.browser, rights, view, item.key, "change")
        await put_back(self.editor, rights, view, row, {name: item.before["was"]}, {name: item.before["is"]})
        return ""


def view_of(browser: RecordBrowser, rights: Rights, job: Job) -> Records:
    """The table of a job. `Conflict` when they see nothing of it any more."""
    try:
        return browser.panel.get(rights, job.params["view"])
    except NotFound as error:
        raise Forbidden from error


async def found(browser: RecordBrowser, rights: Rights, view: Records, key: str, action: str) -> SQLModel:
    """The row with this key, if they may do this to it; `Conflict` for all others."""
    here = view.with_key(key), view.rows(rights, "view"), view.rows(rights, action)
    row: SQLModel | None = await browser.records.get(view.model, *here)
    if row is None:
        raise Conflict(GONE)
    return row


async def put_back(
    editor: RecordEditor, rights: Rights, view: Records, row: Any, was: dict[str, Any], is_: dict[str, Any]
) -> None:
    """Give columns back what they held. `Conflict` when they have been changed again."""
    await editor.browser.check(rights, view, row, "change")
    await editor.records.hold(row)
    if any(as_json(getattr(row, name)) != value for name, value in is_.items()):
        raise Conflict(CHANGED_SINCE)
    await editor.put(
        rights, view, row, {name: view.fields[name].read(value) for name, value in was.items()}, "reverted"
    )


def uuid_of(row: Any, view: Records) -> UUID | None:
    """Its key, if it is one alone and a UUID."""
    key = getattr(row, view.key_field.name)
    return key if isinstance(key, UUID) and len(view.pk_columns) == 1 else None

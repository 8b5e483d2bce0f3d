"""Rows from a CSV file: looked at first, then added and changed by a job."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from wtforms import Form

from app.admin.browser import RecordBrowser
from app.admin.bulk import found, put_back, uuid_of, view_of, with_keys
from app.admin.cells import cell
from app.admin.columns import Field, Kind
from app.admin.editor import CLOCK, RecordEditor, is_as_before, version
from app.admin.records import Names, Records
from app.errors import AppError, Conflict, Forbidden, Invalid
from app.models.base import now, storable
from app.models.job import Item, Job
from app.repositories.jobs import HAS_PROBLEM, TO_DO, JobRepository
from app.repositories.visibility import Rights
from app.services.audit_service import as_json
from app.services.csv_file import CsvFile, columns, read
from app.services.csv_import import CHANGED_SINCE, SHOWN, SHOWN_PROBLEMS, Preview, text_of
from app.services.job_service import JobService

KIND = "records.import"
MOST_ROWS = 10_000
AT_ONCE = 200  # rows that are looked up together
LONGEST = 80  # characters of a value in a preview
REFUSED = "refused"
NOT_THERE = "There is no such row that you may change."
NO_ADDING = "Rows without a key would be new, and you may add none."

Cells = dict[str, str]


@dataclass(frozen=True, slots=True)
class ImportPreview(Preview):
    """What an import would do; `rows` are those that are new, and `columns` what they say."""

    view: Records
    columns: Sequence[Field]


def may_import(rights: Rights, view: Records) -> bool:
    return bool(view.typed) and (view.may(rights, "add") or may_change(rights, view))


def may_change(rights: Rights, view: Records) -> bool:
    """Whether a key can be given: one that the form does not have itself."""
    return view.may(rights, "change") and len(view.pk_columns) == 1 and view.key_field not in view.typed


class RecordImport:
    """What is done before the job runs."""

    def __init__(self, browser: RecordBrowser, editor: RecordEditor, jobs: JobRepository, service: JobService) -> None:
        self.browser = browser
        self.editor = editor
        self.jobs = jobs
        self.service = service

    def check(self, rights: Rights, view: Records) -> None:
        if not may_import(rights, view):
            raise Forbidden

    async def read(self, rights: Rights, view: Records, name: str, data: bytes, pasted: str) -> Job:
        """Make a job of a file, or of what was pasted, that waits until somebody has looked at it."""
        self.check(rights, view)
        text, note = text_of(data, pasted)
        file = read(storable(text), MOST_ROWS)
        names, unknown = columns(file.header, [view.key_field.name, *(f.name for f in view.typed)], _labels(view))
        if not set(names.values()) - {view.key_field.name}:
            raise Invalid("The first row names none of the columns that can be imported.", field="file")
        items = await self._items(rights, view, file, names)
        params: dict[str, Any] = {"view": view.identity, "unknown": unknown[:50], "file": name[:200], "note": note}
        params |= {"columns": list(names.values()), "needs_password": view.needs_password}
        params["known"] = sum(bool(item["data"]["key"]) and not item["problem"] for item in items)
        job = Job(kind=KIND, subject=f"table:{view.table}", owner_id=rights.user.id, params=params)
        job.title, job.path = f"Import {view.says}"[:200], f"/admin/{view.identity}"
        job.total = sum(not item["problem"] for item in items)
        await self.jobs.add(job)
        await self.jobs.fill(job, items)
        return job

    async def _items(
        self, rights: Rights, view: Records, file: CsvFile, names: Mapping[int, str]
    ) -> list[dict[str, Any]]:
        """An item for each row of the file, with its problem where it has one."""
        shape = await view.scaffold_form()
        read = await asyncio.to_thread(lambda: list(_read(view, shape, file, names)))  # others go on meanwhile
        for start in range(0, len(read), AT_ONCE):
            part = [item for item in read[start : start + AT_ONCE] if not item["problem"]]
            there = await self._there(rights, view, part)
            for item in part:
                item["problem"] = (await self._problem(rights, view, item, there))[:500]
        for item in read:
            item["outcome"] = REFUSED if item["problem"] else ""
        return read

    async def _there(self, rights: Rights, view: Records, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Those of the rows that there are and that they may change, by their keys."""
        keys = [item["data"]["key"] for item in items if item["data"]["key"]]
        if not (keys and may_change(rights, view)):
            return {}
        where = [with_keys(view, keys), view.rows(rights, "view"), view.rows(rights, "change")]
        return {view.key_of(row): row for row in await self.browser.records.some(view.model, where)}

    async def _problem(self, rights: Rights, view: Records, item: Mapping[str, Any], there: Mapping[str, Any]) -> str:
        key, values = item["data"]["key"], item["data"]["values"]
        row = there.get(key) if key else None
        if key and row is None:
            return NOT_THERE
        if not key and not view.may(rights, "add"):
            return NO_ADDING
        try:
            await self.editor.values(rights, view, values, row)
        except Invalid as error:
            return error.message
        return "" if row else " ".join(_missing(view, values))

    async def preview(self, rights: Rights, view: Records, id: UUID) -> ImportPreview:
        self.check(rights, view)
        job = await self.service.get(rights, id)
        if job.kind != KIND or job.params["view"] != view.identity:
            raise Conflict("This is not an import into this table.")
        rows = await self.jobs.items(job, TO_DO, AT_ONCE)
        there = await self._there(rights, view, [{"data": item.data} for item in rows])
        known = [(item, there[key]) for item in rows if (key := item.data["key"]) in there][:SHOWN]
        names = await self.browser.names(rights, [(view.typed, row) for _, row in known])
        return ImportPreview(
            job,
            [item for item in rows if not item.data["key"]][:SHOWN],
            await self.jobs.items(job, HAS_PROBLEM, SHOWN_PROBLEMS),
            await self.jobs.count(job, HAS_PROBLEM),
            [(item, dict(_changes(view, row, names, item.data["values"]))) for item, row in known],
            job.params.get("known", 0),
            view,
            [field for field in view.typed if field.name in job.params["columns"]],
        )

    async def start(self, rights: Rights, preview: ImportPreview) -> None:
        if not preview.job.total:
            raise Invalid("There is no row that could be imported.")
        await self.service.start(rights, preview.job)


def _changes(view: Records, row: Any, names: Names, values: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    """What changes of a row: a column's label, and what it holds before and after."""
    for name, value in values.items():
        field = view.fields[name]
        is_as_told = value in ("", None) or field.kind is Kind.REFERENCE
        told = value if is_as_told else field.read(value)  # it is kept as JSON
        before, after = (field.typed(each) for each in (getattr(row, name), told))
        if before != after and not is_as_before(field, row, names, value):
            before = names.get((field.target, getattr(row, name)), before) if field.target else before
            yield field.label, (shorten(before), shorten(after))


def shorten(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _labels(view: Records) -> dict[str, str]:
    """What the columns are called on pages is understood too, but of money, which stands there in another way."""
    fields = (view.key_field, *view.typed)
    return {field.label.casefold(): field.name for field in fields if field.kind is not Kind.MONEY}


def _read(view: Records, shape: type[Form], file: CsvFile, names: Mapping[int, str]) -> Iterator[dict[str, Any]]:
    seen: dict[str, int] = {}
    for number, cells in file.rows:
        texts = {name: cells[index] if index < len(cells) else "" for index, name in names.items()}
        key = _key(view, texts)
        values, problems = _values(view, shape, texts, is_new=not key)
        if any(cells[len(file.header) :]):
            problems.append("This row has more cells than the first row has names.")
        elif key and (first := seen.setdefault(key, number)) != number:
            problems.append(f"Row {first} has the same key.")
        called = (key or next(iter(texts.values())))[:320]
        yield {"number": number, "key": called, "data": {"key": key, "values": values}, "problem": " ".join(problems)}


def _key(view: Records, texts: Cells) -> str:
    """The key of a row as the panel writes it; what can be no key stays as it is, and is found to be none."""
    if view.key_field in view.typed:
        return ""
    text = texts.pop(view.key_field.name, "")
    try:
        return str(view.key_field.read(text)) if text else ""
    except ValueError:
        return text


def _values(view: Records, shape: type[Form], texts: Cells, *, is_new: bool) -> tuple[dict[str, Any], list[str]]:
    """As JSON, by the rules of the form. An empty cell of a new row is as good as none, where there is a default."""
    values: dict[str, Any] = {}
    problems = []
    for field in view.typed:
        if field.name not in texts or (is_new and not texts[field.name] and has_default(field)):
            continue
        try:
            values[field.name] = as_json(cell(shape, field, texts[field.name]))
        except ValueError as error:
            problems.append(f"{field.label}: {error}")
    return values, problems


def has_default(field: Field) -> bool:
    """Whether a row can do without it."""
    return bool(field.column.nullable or field.column.default is not None or field.column.server_default is not None)


def _missing(view: Records, values: Mapping[str, Any]) -> list[str]:
    return [f"{field.label} is needed." for field in view.typed if field.name not in values and not has_default(field)]


class RecordImportWork:
    """Adds and changes rows one by one, as the panel's forms do: with the same rules, effects and records."""

    at_once = 50
    undo_backwards = True  # what came last goes first

    def __init__(self, editor: RecordEditor) -> None:
        self.editor = editor
        self.browser = editor.browser

    async def act(self, job: Job, rights: Rights, items: Sequence[Item]) -> None:
        view = view_of(self.browser, rights, job)
        for item in items:
            try:
                async with self.editor.records.trying():
                    await (self._change if item.data["key"] else self._add)(rights, view, item)
            except AppError as error:
                item.did(REFUSED, error.message)

    async def _add(self, rights: Rights, view: Records, item: Item) -> None:
        row = await self.editor.create(rights, view, item.data["values"])
        item.did("added")
        item.record = uuid_of(row, view)
        item.before, item.changed_at = {"new": view.key_of(row), "version": version(view, row)}, now()

    async def _change(self, rights: Rights, view: Records, item: Item) -> None:
        row = await found(self.browser, rights, view, item.data["key"], "change")
        before = {name: as_json(getattr(row, name)) for name in view.fields}
        await self.editor.change(rights, view, row, item.data["values"], version(view, row))
        after = {each.name: as_json(getattr(row, each.name)) for each in view.typed if each.name != CLOCK}
        changed = {name: value for name, value in after.items() if before[name] != value}
        item.did("changed" if changed else "unchanged")
        if changed:
            item.before, item.changed_at = {"was": {name: before[name] for name in changed}, "is": changed}, now()

    async def undo(self, job: Job, rights: Rights, items: Sequence[Item]) -> None:
        view = view_of(self.browser, rights, job)
        for item in items:
            try:
                async with self.editor.records.trying():
                    await (self._take_out if "new" in item.before else self._reset)(rights, view, item)
                item.put_back()
            except AppError as error:
                item.put_back("left", error.message)

    async def _take_out(self, rights: Rights, view: Records, item: Item) -> None:
        row = await found(self.browser, rights, view, item.before["new"], "delete")
        await self.editor.records.hold(row)
        if version(view, row) != item.before["version"]:
            raise Conflict(CHANGED_SINCE)
        if await self.browser.dependents(row):
            raise Conflict("Other records belong to it by now, so it stays.")
        await self.editor.delete(rights, view, row)

    async def _reset(self, rights: Rights, view: Records, item: Item) -> None:
        row = await found(self.browser, rights, view, item.data["key"], "change")
        await put_back(self.editor, rights, view, row, item.before["was"], item.before["is"])

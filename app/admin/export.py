"""What a list shows as a file: CSV, JSON or a workbook, sent while it is made."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import IO, Any

import orjson
import xlsxwriter
from sqlalchemy import ColumnElement

from app.admin.browser import RecordBrowser
from app.admin.columns import Field, Kind, as_text
from app.admin.look import Look, Order
from app.admin.records import Panel, Records
from app.db import Database
from app.repositories.records import RecordRepository
from app.repositories.visibility import Rights
from app.services import csv_file
from app.services.audit_service import AuditService, as_json

AT_ONCE = 500
SHEET_ROWS = 1_048_576  # that a sheet of a workbook can have
SHEET_CELL = 32_767  # characters
EXACT = 2**53  # beyond this a workbook's numbers lose digits
PART = 2**16

Rows = AsyncIterator[list[list[Any]]]


class Format(StrEnum):
    CSV = "csv"
    JSON = "json"
    XLSX = "xlsx"

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self]


MEDIA_TYPES = {
    Format.CSV: "text/csv",
    Format.JSON: "application/json",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Export:
    """What a file holds: these columns of the rows that fit, in this order."""

    rights: Rights
    view: Records
    format: Format
    look: Look
    where: Sequence[ColumnElement[bool]]

    @property
    def fields(self) -> list[Field]:
        return exported(self.view)

    @property
    def name(self) -> str:
        return f"{self.view.identity}.{self.format}"


def exported(view: Records) -> list[Field]:
    """SQLAdmin's `column_export_list`, or all columns; what is secret is none of them, and bytes are none."""
    named = [view._get_prop_name(name) for name in view.column_export_list] or list(view.fields)
    return [view.fields[n] for n in named if n in view.fields and view.fields[n].kind is not Kind.BINARY]


class RecordExport:
    """What is done before the file is sent."""

    def __init__(self, browser: RecordBrowser, audit: AuditService) -> None:
        self.browser = browser
        self.audit = audit

    async def start(self, rights: Rights, view: Records, look: Look, kind: Format) -> Export:
        """Record who takes what, and say what it is."""
        view.check(rights, "export")
        where = [*await self.browser.where(rights, view, look), view.rows(rights, "export")]
        ordered = await self.browser.ordered(view, look, where)
        what = {"format": kind.value, "q": look.q, "sort": ordered.sort, **look.filters}
        after = {name: value for name, value in what.items() if value}
        await self.audit.record(f"{view.identity}.exported", actor=rights.user, record=(view.identity, ""), after=after)
        return Export(rights, view, kind, replace(ordered, after="", before=""), where)


class RecordFile:
    """Makes the file. Each look has a short transaction of its own, as the request's is over while it is sent."""

    def __init__(self, database: Database, panel: Panel) -> None:
        self.database = database
        self.panel = panel

    def parts(self, export: Export) -> AsyncIterator[str | bytes]:
        makers: Mapping[Format, Callable[[Export], AsyncIterator[str | bytes]]]
        makers = {Format.CSV: self._csv, Format.JSON: self._json, Format.XLSX: self._xlsx}
        return makers[export.format](export)

    async def _csv(self, export: Export) -> AsyncIterator[str | bytes]:
        yield csv_file.line([field.name for field in export.fields])
        async for rows in self._rows(export, named=True):
            yield "".join(csv_file.line([as_text(value) for value in row]) for row in rows)

    async def _json(self, export: Export) -> AsyncIterator[str | bytes]:
        names, before = [field.name for field in export.fields], b"["
        async for rows in self._rows(export, named=False):
            yield before + b"\n" + b",\n".join(orjson.dumps(dict(zip(names, row, strict=True))) for row in rows)
            before = b","
        yield b"\n]\n" if before == b"," else b"[]\n"

    async def _xlsx(self, export: Export) -> AsyncIterator[str | bytes]:
        """Written to a file on disk, as a workbook is whole only at its end."""
        with tempfile.TemporaryFile() as file:
            sheets = _Sheets(file, [field.name for field in export.fields])
            try:
                async for rows in self._rows(export, named=True):
                    await asyncio.to_thread(sheets.write, rows)
            finally:
                await asyncio.to_thread(sheets.book.close)
            file.seek(0)
            while part := file.read(PART):
                yield part

    async def _rows(self, export: Export, *, named: bool) -> Rows:
        """All that fit, some at a time; `named`: a reference as what its row is called, if whoever asks may see it."""
        order, place = Order.of(export.view, export.look), None
        columns = [field.attribute for field in export.fields]
        while True:
            async with self.database.transaction() as session:
                records = RecordRepository(session)
                found = await records.cells(
                    columns, export.where, order.columns, place, AT_ONCE, descending=order.descending
                )
                names = await self._names(export, RecordBrowser(self.panel, records), found) if named else {}
            if not found:
                return
            yield [list(_values(export.fields, cells, names)) for cells, _ in found]
            place = list(found[-1][1])

    async def _names(
        self, export: Export, browser: RecordBrowser, found: Sequence[tuple[Sequence[Any], Any]]
    ) -> Mapping[tuple[str, Any], str]:
        keys: dict[str, set[Any]] = {}
        for number, field in enumerate(export.fields):
            if field.kind is Kind.REFERENCE:
                keys.setdefault(field.target, set()).update(cells[number] for cells, _ in found)
        return await browser.called(export.rights, keys)


def _values(fields: Sequence[Field], cells: Sequence[Any], names: Mapping[tuple[str, Any], str]) -> Iterator[Any]:
    for field, value in zip(fields, cells, strict=True):
        plain = field.typed(value) if field.kind is Kind.CHOICE and value is not None else as_json(value)
        yield names.get((field.target, value), plain) if field.target else plain


class _Sheets:
    """A workbook whose rows go to the disk as they come. Text is text, be it like a formula, an address or a number."""

    def __init__(self, file: IO[bytes], header: Sequence[str]) -> None:
        self.book = xlsxwriter.Workbook(file, {"constant_memory": True})
        self.header = header
        self._begin()

    def _begin(self) -> None:
        self.sheet, self.row = self.book.add_worksheet(), 0
        self._line(self.header)

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:
            if self.row == SHEET_ROWS:
                self._begin()
            self._line(row)

    def _line(self, row: Sequence[Any]) -> None:
        for column, value in enumerate(row):
            if isinstance(value, bool):
                self.sheet.write_boolean(self.row, column, value)
            elif isinstance(value, int | float) and abs(value) <= EXACT:
                self.sheet.write_number(self.row, column, value)
            elif value is not None:
                self.sheet.write_string(self.row, column, as_text(value)[:SHEET_CELL])
        self.row += 1

"""The registrants' table of a webinar: searched, filtered, sorted, in pages, and as a file."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from sqlalchemy import ColumnElement

from app.models.webinar import Registration, Standing, Webinar
from app.repositories.visibility import Rights
from app.repositories.webinars import SORTS, WebinarRepository, matching

PAGE = 50
EXPORTED_AT_ONCE = 1_000
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with these a spreadsheet takes a cell for a formula


@dataclass(frozen=True, slots=True)
class View:
    """What of the table is asked for, as the address says it; what makes no sense there falls back to the default."""

    q: str = ""
    status: str = ""
    sort: str = "number"
    page: int = 1

    @classmethod
    def of(cls, q: str, status: str, sort: str, page: int) -> "View":
        return cls(
            q[:200],
            status if status in set(Standing) else "",
            sort if sort.removeprefix("-") in SORTS else "number",
            max(1, page),
        )

    def query(self, **changes: object) -> str:
        """The query string of this view with some of it changed; what is the default is left out."""
        view = replace(self, **changes)  # type: ignore[arg-type]
        values = {name: getattr(view, name) for name in ("q", "status", "sort", "page")}
        return "?" + urlencode({name: value for name, value in values.items() if value != getattr(View(), name)})

    def sorted_by(self, column: str) -> str:
        """The query string that sorts by this column, or the other way round if it does already."""
        return self.query(sort=f"-{column}" if self.sort == column else column, page=1)


@dataclass(frozen=True, slots=True)
class Table:
    webinar: Webinar
    view: View
    rows: Sequence[Registration]
    total: int
    counts: dict[str, int]

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE))


def wanted_by(view: View) -> list[ColumnElement[bool]]:
    """What a view asks for, on all of its pages."""
    return matching(view.q.split()[:8], view.status)


class Registrants:
    def __init__(self, webinars: WebinarRepository) -> None:
        self.webinars = webinars

    async def table(self, rights: Rights, webinar: Webinar, view: View) -> Table:
        """One page of those whom they may see; a page past the end is the last one."""
        where = [rights.sees(Registration), *wanted_by(view)]
        total = await self.webinars.count(webinar, where)
        view = replace(view, page=min(view.page, max(1, -(-total // PAGE))))
        rows = await self.webinars.registrations(webinar, where, view.sort, (view.page - 1) * PAGE, PAGE)
        return Table(webinar, view, rows, total, await self.webinars.counts(webinar, rights.sees(Registration)))

    async def lines(self, rights: Rights, webinar: Webinar, view: View) -> AsyncIterator[str]:
        """The whole table as CSV, a thousand rows at a time, with nothing in it that a spreadsheet would run."""
        where = [rights.rows(Registration, "export"), *wanted_by(view)]
        yield _line(("number", "name", "email", "status", "source", "registered", *webinar.questions))
        offset = 0
        while rows := await self.webinars.registrations(webinar, where, view.sort, offset, EXPORTED_AT_ONCE):
            yield "".join(_line(_cells(webinar, row)) for row in rows)
            offset += EXPORTED_AT_ONCE


def _cells(webinar: Webinar, row: Registration) -> Sequence[object]:
    answers = [row.answers.get(question, "") for question in webinar.questions]
    return (row.number, row.name, row.email, row.status.value, row.source, row.created_at.isoformat(), *answers)


def _line(cells: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(
        ["'" + cell if isinstance(cell, str) and cell.startswith(FORMULA) else cell for cell in cells]
    )
    return out.getvalue()

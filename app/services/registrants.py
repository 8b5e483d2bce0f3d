"""The registrants' table of a webinar: searched, filtered, sorted, in pages, and as a file."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row

from app.db import Database
from app.models.listing import ChosenQuery, pages_of
from app.models.user import User
from app.models.webinar import Registration, Standing, Webinar
from app.repositories.registrant_search import Wanted
from app.repositories.registrants import EXPORTED, SORTS, RegistrantRepository
from app.repositories.visibility import Rights
from app.services import csv_file
from app.services.lists import MAX_WORDS, Addressed

PAGE = 50
MOST_FOUND = 2_000  # what a search counts and leafs through; whoever gets more has yet to say whom they look for
LONGEST = 200
EXPORTED_AT_ONCE = 500
NOBODY, NO_GROUP = "nobody", "(none)"
COLUMNS = (
    *("number", "name", "email", "status", "group", "sales rep", "source"),
    *("registered", "confirmed", "attended"),
)


@dataclass(frozen=True, slots=True)
class View(Addressed):
    """What of the table is asked for, as the address says it; what makes no sense there falls back to the default.

    `rep` is the id of a colleague or NOBODY. The words of `answer` are sought in what was answered to `question`, or
    in all answers.
    """

    q: str = ""
    status: str = ""
    group: str = ""
    rep: str = ""
    question: str = ""
    answer: str = ""
    sort: str = "number"
    page: int = 1

    @classmethod
    def of(cls, sort: str = "number", page: int = 1, **filters: str) -> "View":
        given = {name: value[:LONGEST] for name, value in filters.items()}
        given["status"] = given.get("status", "") if given.get("status") in set(Standing) else ""
        given["rep"] = known_rep(given.get("rep", ""))
        return cls(**given, sort=sort if sort.removeprefix("-") in SORTS else "number", page=max(1, page))

    @classmethod
    def chosen(cls, query: ChosenQuery) -> "View":
        """What a program has chosen, which is refused before where it makes no sense."""
        group = NO_GROUP if query.group == "" else query.group or ""
        standing, rep = query.status or "", str(query.rep or "")
        return cls(query.q, standing, group, rep, query.question, query.answer)

    def sorted_by(self, column: str) -> str:
        """The query string that sorts by this column, or the other way round if it does already."""
        return self.query(sort=f"-{column}" if self.sort == column else column, page=1)

    @property
    def turned(self) -> str:
        """Its order the other way round."""
        return self.sort[1:] if self.sort.startswith("-") else f"-{self.sort}"

    @property
    def offset(self) -> int:
        return (self.page - 1) * PAGE

    def within(self, total: int) -> "View":
        """The same, or the last page of so many rows."""
        return replace(self, page=min(self.page, pages_of(total, PAGE)))

    @property
    def narrows(self) -> bool:
        """Whether it leaves anybody out."""
        return wanted_by(self) != Wanted()


def known_rep(typed: str) -> str:
    try:
        return NOBODY if typed == NOBODY else str(UUID(typed))
    except ValueError:
        return ""


def wanted_by(view: View) -> Wanted:
    """What a view asks for, on all of its pages."""
    return Wanted(
        words=tuple(view.q.split()[:MAX_WORDS]),
        status=view.status,
        group=view.group.replace(NO_GROUP, "") if view.group else None,
        rep_id=UUID(view.rep) if view.rep not in ("", NOBODY) else None,
        nobodys=view.rep == NOBODY,
        question=view.question if view.answer.split() else "",
        answer=tuple(view.answer.split()[:MAX_WORDS]),
    )


@dataclass(frozen=True, slots=True)
class Table:
    webinar: Webinar
    view: View
    rows: Sequence[Registration]
    total: int
    counts: dict[str, int]
    has_more: bool = False  # than `total`, as far as a search was counted
    reps: Sequence[User] = ()  # to whom somebody can be assigned
    may_change: bool = False
    may_assign: bool = False
    sees_all: bool = True

    @property
    def pages(self) -> int:
        return pages_of(self.total, PAGE)

    @property
    def found(self) -> str:
        """How many there are, in words."""
        return f"more than {self.total:,} in all" if self.has_more else f"{self.total} in all"


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters offer."""

    groups: Sequence[str]
    reps: Sequence[User]

    def groups_with(self, view: View) -> list[str]:
        """The groups, whoever has none, and what is chosen though nobody is in it any more."""
        return list(dict.fromkeys([NO_GROUP, *self.groups, *filter(None, [view.group])]))

    def reps_with(self, view: View) -> list[tuple[str, str]]:
        """Ids and names of the same kind."""
        known = {NOBODY: "Nobody", **{str(rep.id): rep.called for rep in self.reps}}
        return list({**known, **({} if view.rep in ("", *known) else {view.rep: "Somebody else"})}.items())


class Registrants:
    def __init__(self, registrants: RegistrantRepository) -> None:
        self.registrants = registrants

    async def table(self, rights: Rights, webinar: Webinar, view: View) -> Table:
        """One page of those whom they may see; a page past the end is the last one."""
        sees, wanted = rights.sees(Registration), wanted_by(view)
        counts = await self.registrants.counts(webinar, sees, wanted)
        found, total = [], sum(fitting for _, fitting in counts.values())
        if wanted.is_searched:
            found = await self.registrants.ids(webinar, sees, wanted, view.sort, 0, MOST_FOUND + 1)
            total = min(len(found), MOST_FOUND)
        view = view.within(total)
        here = slice(view.offset, min(view.offset + PAGE, total))
        ids = found[here] if wanted.is_searched else await self._page(webinar, sees, wanted, view, total)
        rows, seen = await self.registrants.rows(ids), {name.value: all for name, (all, _) in counts.items()}
        return Table(
            webinar,
            view,
            rows,
            total,
            seen,
            len(found) > total,
            reps=await self.registrants.assignable(),
            may_change=rights.may_some("registration.change"),
            may_assign=rights.may("registration.change"),
            sees_all=rights.may("registration.view"),
        )

    async def _page(
        self, webinar: Webinar, sees: ColumnElement[bool], wanted: Wanted, view: View, total: int
    ) -> Sequence[UUID]:
        """The ids of the view's page, by the shorter of the two ways there."""
        limit = min(PAGE, total - view.offset)
        after = total - view.offset - limit
        if after >= view.offset:
            return await self.registrants.ids(webinar, sees, wanted, view.sort, view.offset, limit)
        ids = await self.registrants.ids(webinar, sees, wanted, view.turned, after, limit)
        return ids[::-1]

    async def choices(self, rights: Rights, webinar: Webinar) -> Choices:
        """What the filters can ask for, of those whom they may see."""
        sees = rights.sees(Registration)
        return Choices(await self.registrants.groups(webinar, sees), await self.registrants.reps(webinar, sees))


class RegistrantsFile:
    """The table as CSV. Each look has a short transaction of its own, as the request's is over while it is sent."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def lines(self, rights: Rights, webinar: Webinar, view: View) -> AsyncIterator[str]:
        """All that the view asks for, some rows at a time."""
        yield csv_file.line((*COLUMNS, *webinar.questions))
        sees, wanted, last = rights.rows(Registration, "export"), wanted_by(view), ()
        while True:
            async with self.database.transaction() as session:
                registrants = RegistrantRepository(session)
                rows = await registrants.after(webinar, sees, wanted, view.sort, last, EXPORTED_AT_ONCE)
            if not rows:
                return
            yield "".join(csv_file.line(_cells(row, webinar.questions)) for row in rows)
            last = tuple(rows[-1])[len(EXPORTED) :]


def _cells(row: Row[Any], questions: Sequence[str]) -> list[object]:
    moments = (row.created_at, row.confirmed_at, row.attended_at)
    return [
        *(row.number, row.name, row.email, row.status.value, row.group, row.rep or "", row.source),
        *(moment.isoformat() if moment else "" for moment in moments),
        *(row.answers.get(question, "") for question in questions),
    ]

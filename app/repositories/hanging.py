"""What hangs on a row by foreign keys: rows that go when it goes, and rows that lose their reference to it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Table, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from app.repositories.base import Repository

MOST = 1_000  # rows that are kept of what hangs on one
MADE = "created_at"  # tells a row from a later one that was given its key
MISSING = object()
Values = Mapping[str, Any]
Name = tuple[str, Any]  # a column of a table, and what it holds
Moved = dict[tuple[str, Name], Any]  # where rows are now that did not get their key again, or MISSING


@dataclass(frozen=True, slots=True)
class Freed:
    """A row that stays and loses a reference: what tells which one it is, and what its column held."""

    table: str
    which: Values
    column: str
    was: Any


@dataclass(slots=True)
class Hanging:
    """What hangs on a row: what goes with it and can come back, in the order in which it comes back, and what cannot.

    With `is_too_much` none of it is known to the end.
    """

    rows: Sequence[tuple[str, Values]] = ()
    freed: Sequence[Freed] = ()
    lost: dict[str, int] = field(default_factory=dict)
    is_too_much: bool = False


class HangingRepository(Repository):
    async def of(self, table: Table, row: Values, comes_back: Callable[[str], bool]) -> Hanging:
        """All that hangs on this row, also by others; rows of tables that do not come back are only counted."""
        search = _Search(self, comes_back)
        search.seen[_identity(table, row)] = row
        fresh: dict[str, list[Values]] = {table.name: [row]}
        while fresh and not search.is_over:
            fresh = await search.below(fresh)
        return search.found(_identity(table, row))

    async def rows(self, table: Table, where: ColumnElement[bool]) -> Sequence[Values]:
        """Such rows, as many as are kept and one more."""
        found = await self.execute(select(table).where(where).limit(MOST + 1))
        return [dict(zip(table.columns.keys(), row, strict=True)) for row in found]

    async def bring_back(self, rows: Sequence[tuple[str, Values]], freed: Sequence[Freed]) -> int:
        """Store these rows again, in their order, and fill the references again that are still empty.

        Returns how many rows did not come back. One whose number is another's by now gets a new one, and what refers
        to it follows.
        """
        moved: Moved = {}
        missing = 0
        for name, group in groupby(rows, key=lambda each: each[0]):
            table, some = SQLModel.metadata.tables[name], [values for _, values in group]
            number = table.autoincrement_column
            highest = 0 if number is None else max(values[number.key] for values in some)
            missing += await self._store(table, some, moved, highest)
        for each in freed:
            await self._refer(each, moved)
        return missing

    async def _store(self, table: Table, rows: Sequence[Values], moved: Moved, highest: int) -> int:
        """All at once, and where something is in the way, half by half. Returns how many did not come back."""
        ready = [values for values in rows if MISSING not in _now(table, values, moved).values()]
        if not ready or await self._insert(table, [_now(table, values, moved) for values in ready]):
            return len(rows) - len(ready)
        if len(ready) == 1:
            return len(rows) - await self._renumber(table, ready[0], moved, highest)
        halves = ready[: len(ready) // 2], ready[len(ready) // 2 :]
        return len(rows) - len(ready) + sum([await self._store(table, half, moved, highest) for half in halves])

    async def _insert(self, table: Table, rows: Sequence[Values]) -> bool:
        """False when something is in the way of one of them."""
        try:
            async with self.session.begin_nested():
                await self.write(insert(table), [dict(each) for each in rows])
        except IntegrityError:
            return False
        return True

    async def _renumber(self, table: Table, values: Values, moved: Moved, highest: int) -> bool:
        """Store a row with a new number; False when it is not its number that is in the way."""
        now, number, made = _now(table, values, moved), table.autoincrement_column, MISSING
        if number is not None:
            del now[number.key]
            if self.on_sqlite:  # which would give one that a later row comes back with
                there = (await self.execute(select(func.max(number)))).scalar() or 0
                now[number.key] = max(there, highest) + 1
            made = await self._number_of(table, now)
        moved |= {(table.name, (column.key, values[column.key])): made for column in table.primary_key}
        return made is not MISSING

    async def _number_of(self, table: Table, values: Values) -> Any:
        """Store a row, and return its number."""
        try:
            async with self.session.begin_nested():
                made = await self.write(insert(table).values(dict(values)).returning(*table.primary_key))
                return made.scalar_one()
        except IntegrityError:
            return MISSING

    async def _refer(self, freed: Freed, moved: Moved) -> None:
        """Unless its reference is gone for good, or leads elsewhere by now."""
        table = SQLModel.metadata.tables[freed.table]
        column = table.columns[freed.column]
        [key] = column.foreign_keys
        now = moved.get(_place(key, {column.key: freed.was}), freed.was)
        same = (table.columns[name] == value for name, value in freed.which.items())
        if now is not MISSING:
            await self.write(update(table).where(*same, column.is_(None)).values({column: now}))


class _Search:
    """Looks for what hangs on rows, a step at a time."""

    def __init__(self, hanging: HangingRepository, comes_back: Callable[[str], bool]) -> None:
        self.hanging = hanging
        self.comes_back = comes_back
        self.seen: dict[tuple[str, tuple[Any, ...]], Values] = {}
        self.freed: dict[tuple[str, tuple[Any, ...], str], Freed] = {}
        self.lost: dict[str, int] = {}
        self.is_over = False  # there are too many

    async def below(self, rows: Mapping[str, Sequence[Values]]) -> dict[str, list[Values]]:
        """What hangs on these; return those rows of it that can have something hanging on them."""
        deeper: dict[str, list[Values]] = {}
        for key in _references(rows):
            child = key.parent.table
            here = key.parent.in_({row[key.column.key] for row in rows[key.column.table.name]})
            found = await self.hanging.rows(child, here)
            if key.ondelete == "SET NULL":
                self._free(key, found)
            elif self.comes_back(child.name):
                deeper.setdefault(child.name, []).extend(self._take(child, found))
            elif found:
                self.lost[child.name] = self.lost.get(child.name, 0) + len(found)
        return {name: each for name, each in deeper.items() if each}

    def _take(self, table: Table, rows: Sequence[Values]) -> list[Values]:
        new = {_identity(table, row): row for row in rows if _identity(table, row) not in self.seen}
        self.seen |= new
        self.is_over |= len(rows) > MOST or len(self.seen) - 1 > MOST
        return list(new.values())

    def _free(self, key: ForeignKey, rows: Sequence[Values]) -> None:
        table, name = key.parent.table, key.parent.key
        if not self.comes_back(table.name):
            return
        which = [column.key for column in table.primary_key] + [MADE] * (MADE in table.columns)
        for row in rows:
            same = {each: row[each] for each in which}
            self.freed[*_identity(table, row), name] = Freed(table.name, same, name, row[name])
        self.is_over |= len(rows) > MOST or len(self.freed) > MOST

    def found(self, itself: tuple[str, tuple[Any, ...]]) -> Hanging:
        if self.is_over:
            return Hanging(lost=self.lost, is_too_much=True)
        del self.seen[itself]
        freed = [each for (*which, _), each in self.freed.items() if tuple(which) not in {itself, *self.seen}]
        too_many = len(self.seen) + len(freed) > MOST
        return Hanging(lost=self.lost, is_too_much=True) if too_many else Hanging(self._rows(), freed, self.lost)

    def _rows(self) -> list[tuple[str, Values]]:
        """Those first to which others refer."""
        by_table: dict[str, list[Values]] = {}
        for (name, _), row in self.seen.items():
            by_table.setdefault(name, []).append(row)
        tables = (table for table in SQLModel.metadata.sorted_tables if table.name in by_table)
        return [(table.name, row) for table in tables for row in _parents_first(table, by_table[table.name])]


def _now(table: Table, values: Values, moved: Moved) -> dict[str, Any]:
    """A row as it is to be stored. A row that refers to one that is missing is so too."""
    now = dict(values)
    for key in table.foreign_keys:
        now[key.parent.key] = moved.get(_place(key, values), values[key.parent.key])
    if MISSING in now.values():
        moved |= {(table.name, (column.key, values[column.key])): MISSING for column in table.primary_key}
    return now


def tables_below(name: str) -> list[str]:
    """The tables whose rows may go with a row of this one."""
    found = {name: None}
    size = 0
    while size < len(found):
        size = len(found)
        found |= {key.parent.table.name: None for key in _references(found) if key.ondelete == "CASCADE"}
    return list(found)[1:]


def _references(to: Mapping[str, Any]) -> Iterator[ForeignKey]:
    """The foreign keys that refer to these tables, and do something when a row there goes."""
    for table in SQLModel.metadata.sorted_tables:
        for key in sorted(table.foreign_keys, key=lambda each: each.parent.key):
            if key.column.table.name in to and key.ondelete in ("CASCADE", "SET NULL"):
                yield key


def _identity(table: Table, row: Values) -> tuple[str, tuple[Any, ...]]:
    return table.name, tuple(row[column.key] for column in table.primary_key)


def _place(key: ForeignKey, row: Values) -> tuple[str, Name]:
    """To what a row refers by this key."""
    return key.column.table.name, (key.column.key, row[key.parent.key])


def _parents_first(table: Table, rows: Sequence[Values]) -> Iterator[Values]:
    """Rows of a table that may refer to each other."""
    keys = [key for key in table.foreign_keys if key.column.table is table]
    places = {(key.column.key, row[key.column.key]): number for number, row in enumerate(rows) for key in keys}
    graph: dict[int, set[int]] = {}
    for number, row in enumerate(rows):
        above = {places.get((key.column.key, row[key.parent.key])) for key in keys}
        graph[number] = {each for each in above if each is not None} - {number}
    return (rows[number] for number in TopologicalSorter(graph).static_order())

"""Looking at tables: what of them somebody sees, a page at a time, and what the rows are called."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, false

from app.admin.columns import Field, Kind
from app.admin.look import Look, Order, text_of, wanted
from app.admin.records import Inline, Names, Panel, Records
from app.errors import Forbidden, NotFound
from app.models.audit import AuditEntry
from app.repositories.record_search import FOUND
from app.repositories.records import MANY, Count, RecordRepository
from app.repositories.visibility import Rights, constant

SUGGESTED = 20
REMEMBERED = 200  # acts of a record's history
INLINED = 20  # rows of another table on a record's page


@dataclass(frozen=True, slots=True)
class Allowed:
    """To which of some rows somebody may do what, by their keys; None stands for all of them."""

    view: Records
    keys: Mapping[str, Collection[tuple[Any, ...]] | None]

    def may(self, action: str, row: Any) -> bool:
        keys = self.keys.get(action, ())
        return keys is None or tuple(getattr(row, column.key) for column in self.view.pk_columns) in keys

    def some(self, action: str) -> bool:
        """Whether there is a row to which they may."""
        keys = self.keys.get(action, ())
        return keys is None or bool(keys)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a table. `names` are those of the rows to which these refer; `previous` and `following` are query
    strings of the pages beside it, empty where there is none."""

    view: Records
    look: Look
    rows: Sequence[Any]
    count: Count
    names: Names
    allowed: Allowed
    previous: str = ""
    following: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Inlined:
    """The first rows of another table that refer to a row, and the columns that are shown of them."""

    inline: Inline
    fields: Sequence[Field]
    listing: Listing


@dataclass(frozen=True, slots=True)
class Shown:
    """One row with what refers to it."""

    view: Records
    row: Any
    names: Names
    inlines: Sequence[Inlined]
    allowed: Allowed


class RecordBrowser:
    def __init__(self, panel: Panel, records: RecordRepository) -> None:
        self.panel = panel
        self.records = records

    async def browse(self, rights: Rights, view: Records, look: Look) -> Listing:
        """One page of the rows that they see. What has no index is put in order only while there are few."""
        where, count = await self._listed(rights, view, look)
        ordered = self._ordered(view, look, count)
        page = await self._page(rights, view, ordered, where, count)
        if ordered.sort == look.sort:
            return page
        label = view.fields[look.sort.removeprefix("-")].label
        return replace(page, problem=f"There are too many to sort them by “{label}”. Narrow them down first.")

    async def ordered(self, view: Records, look: Look, where: Sequence[ColumnElement[bool]]) -> Look:
        """The same look, in the order that a list of it would have."""
        return self._ordered(view, look, await self.count(view, look, where))

    async def count(self, view: Records, look: Look, where: Sequence[ColumnElement[bool]]) -> Count:
        most = FOUND if look.words and view.words else MANY
        return await self.records.count(view.model, where, narrowed=look.narrows, most=most)

    def _ordered(self, view: Records, look: Look, count: Count) -> Look:
        sort = look.sort.removeprefix("-")
        return look if not sort or count.is_exact or view.fields[sort].is_fast else replace(look, sort="")

    async def _page(
        self,
        rights: Rights,
        view: Records,
        look: Look,
        where: Sequence[ColumnElement[bool]],
        count: Count,
        fields: Sequence[Field] = (),
    ) -> Listing:
        order, backwards = Order.of(view, look), bool(look.before)
        place = order.place(look.before or look.after)
        descending = order.descending != backwards
        found: Sequence[Any] = await self.records.slice(
            view.model, where, order.columns, place, look.size + 1, descending=descending
        )
        more, shown = len(found) > look.size, list(found[: look.size])
        if backwards:
            shown.reverse()
        inside = place is not None
        before, after = (more, inside) if backwards else (inside, more)
        rows = [row for row, _ in shown]
        names = await self.names(rights, [(fields or view.listed, row) for row in rows])
        previous = look.query(before=text_of(shown[0][1])) if shown and before else ""
        following = look.query(after=text_of(shown[-1][1])) if shown and after else ""
        acts = ["change"] * bool(view.quick) + ["delete"] * bool(look.within)
        allowed = await self.allowed(rights, view, rows, acts)
        return Listing(view, look, rows, count, names, allowed, previous, following)

    async def where(self, rights: Rights, view: Records, look: Look) -> list[ColumnElement[bool]]:
        """What a look wants of the rows that somebody sees."""
        filters = await self._filters(rights, view, look)
        return [view.rows(rights, "view"), *self._holding(view, look.words), *filters]

    def _holding(self, view: Records, words: Sequence[str]) -> Sequence[ColumnElement[bool]]:
        if not words or view.words is None:
            return view.holding(words)
        return [self.records.holding(view.words, view.key_field.attribute, words)]

    async def _filters(self, rights: Rights, view: Records, look: Look) -> list[ColumnElement[bool]]:
        where = []
        for field in view.filtered:
            where += wanted(look, field)
            if field.kind is Kind.REFERENCE and (typed := look.filters.get(field.name)):
                where.append(field.attribute.in_(await self.meant(rights, field, typed)))
        return where

    async def _listed(self, rights: Rights, view: Records, look: Look) -> tuple[list[ColumnElement[bool]], Count]:
        """What a list shows, and how many there are: of a search that finds very many and has no filters, some."""
        sees_all = rights.user.is_superuser or rights.may(f"{view.kind}.view")
        if look.words and view.words and sees_all:
            sees, filters = view.rows(rights, "view"), await self._filters(rights, view, look)
            holding, count = await self.records.found(view.words, view.key_field.attribute, look.words, FOUND)
            if not filters:
                return [sees, holding], count
            if count.is_exact:
                where = [sees, holding, *filters]
                return where, await self.count(view, look, where)
        where = await self.where(rights, view, look)
        return where, await self.count(view, look, where)

    async def get(self, rights: Rights, view: Records, key: str) -> Any:
        """A row that they see; `NotFound` for all others."""
        row = await self.records.get(view.model, view.with_key(key), view.rows(rights, "view"))
        if row is None:
            raise NotFound
        return row

    async def check(self, rights: Rights, view: Records, row: Any, action: str) -> None:
        """Raise `Forbidden` when they may not do this to that row."""
        here = view.with_key(view.key_of(row))
        if not (view.may(rights, action) and await self.records.fits(view.model, here, view.rows(rights, action))):
            raise Forbidden

    async def show(self, rights: Rights, view: Records, row: Any) -> Shown:
        names = await self.names(rights, [(view.shown, row)])
        allowed = await self.allowed(rights, view, [row], ("change", "delete"))
        return Shown(view, row, names, await self._inlines(rights, view, row), allowed)

    async def allowed(self, rights: Rights, view: Records, rows: Sequence[Any], actions: Sequence[str]) -> Allowed:
        """To which of these rows they may do what; one statement asks, and none where it is all or nothing."""
        rules = {action: view.rows(rights, action) if view.may(rights, action) else false() for action in actions}
        asked = [action for action, rule in rules.items() if constant(rule) is None and rows]
        found = await self._passing(view, rows, [rules[action] for action in asked]) if asked else ()
        keys: dict[str, Collection[tuple[Any, ...]] | None] = dict(zip(asked, found, strict=True))
        return Allowed(view, {action: None if constant(rule) else () for action, rule in rules.items()} | keys)

    async def _passing(
        self, view: Records, rows: Sequence[Any], rules: Sequence[ColumnElement[bool]]
    ) -> list[set[tuple[Any, ...]]]:
        """The keys of those rows that pass each of these rules."""
        size = len(view.pk_columns)
        found = await self.records.passing((*view.pk_columns, *rules), view.among(rows))
        return [{tuple(row[:size]) for row in found if row[size + number]} for number in range(len(rules))]

    async def _inlines(self, rights: Rights, view: Records, row: Any) -> list[Inlined]:
        """Of those tables of which they see something."""
        views = [(inline, self.panel.of_table(inline.table)) for inline in view.inlines]
        seen = [(inline, theirs) for inline, theirs in views if theirs and theirs.may(rights, "view")]
        return [await self._inline(rights, view, row, inline, theirs) for inline, theirs in seen]

    async def _inline(self, rights: Rights, view: Records, row: Any, inline: Inline, theirs: Records) -> Inlined:
        where = [theirs.rows(rights, "view"), inline.by == getattr(row, view.key_field.name)]
        count = await self.records.count(theirs.model, where, narrowed=True)
        within = f"{view.identity}.{inline.by.key}.{view.key_of(row)}"
        is_known_by_name = view.naming and view.naming.column.unique
        called = view.title_of(row) if is_known_by_name else view.key_of(row)
        look = Look(size=INLINED, within=within, filters={inline.by.key: called})
        fields = theirs.inline_fields(inline)
        return Inlined(inline, fields, await self._page(rights, theirs, look, where, count, fields))

    async def names(self, rights: Rights, rows: Sequence[tuple[Sequence[Field], Any]]) -> Names:
        """What those rows are called to which these refer, as far as they may be seen."""
        wanted: dict[str, set[Any]] = {}
        for fields, row in rows:
            for field in fields:
                if field.kind is Kind.REFERENCE and (key := getattr(row, field.name)) is not None:
                    wanted.setdefault(field.target, set()).add(key)
        return await self.called(rights, wanted)

    async def called(self, rights: Rights, wanted: Mapping[str, Collection[Any]]) -> Names:
        """What rows with these keys are called, by their tables."""
        names: dict[tuple[str, Any], str] = {}
        for table, keys in wanted.items():
            view = self.panel.of_table(table)
            if view and view.naming:
                key, name = view.key_field.attribute, view.naming.attribute
                found = await self.records.names(key, name, keys, view.rows(rights, "view"))
                names |= {(table, key): called for key, called in found.items()}
        return names

    async def resolved(self, rights: Rights, field: Field, typed: Any) -> Any | None:
        """The key of the row that is called this, or has this key; None when there is none.

        ValueError when several are called so.
        """
        found = await self.meant(rights, field, typed)
        if len(found) > 1:
            raise ValueError(f"{field.label}: several are called “{typed}”. Give the key of the one that you mean.")
        return found[0] if found else None

    async def meant(self, rights: Rights, field: Field, typed: Any) -> Sequence[Any]:
        """The keys of rows that they see and that are called this; else the one that has this key. Text can be both."""
        theirs = self.panel.of_table(field.target)
        if theirs is None:
            return ()
        sees, key = theirs.rows(rights, "view"), theirs.key_field
        found: Sequence[Any] = ()
        if theirs.naming and isinstance(typed, str):
            found = await self.records.by_name(key.attribute, theirs.naming.attribute, typed, sees)
        try:
            return found or await self.records.by_name(key.attribute, key.attribute, key.read(typed), sees)
        except ValueError:
            return ()

    async def suggestions(self, rights: Rights, view: Records, name: str, typed: str) -> Sequence[str]:
        """Names that begin with this, of rows to which a column can refer; of words that narrow a list down, those."""
        field = view.fields.get(name)
        if field in view.filtered and field.is_of_words:
            return await self.records.values(view.model, field.attribute, typed, view.rows(rights, "view"), SUGGESTED)
        theirs = self.panel.of_table(field.target) if field else None
        if theirs is None or theirs.naming is None or not theirs.may(rights, "view"):
            return []
        return await self.records.suggestions(theirs.naming.attribute, typed, theirs.rows(rights, "view"), SUGGESTED)

    async def tallies(self, rights: Rights, view: Records, look: Look) -> dict[str, list[tuple[str, Count | None]]]:
        """The choices of the filters, each with how many rows have it; beside a search without that."""
        sees = [view.rows(rights, "view")]
        tallies: dict[str, list[tuple[str, Count | None]]] = {}
        for field in view.filtered:
            if field.choices:
                values = [field.read(word) for word in field.choices]
                counts: Sequence[Count | None] = [None] * len(values)
                if not look.words:
                    counts = await self.records.tally(view.model, field.attribute, values, sees)
                tallies[field.name] = list(zip(field.choices, counts, strict=True))
        return tallies

    async def history(self, view: Records, key: str) -> Sequence[AuditEntry]:
        """What was done to a row, the newest first, from its making on: its key may have been another's before."""
        entries = await self.records.history(view.identity, key, REMEMBERED)
        made = next((place for place, entry in enumerate(entries) if entry.act.endswith(".added")), len(entries))
        return entries[: made + 1]

    async def names_in(self, rights: Rights, view: Records, entries: Sequence[AuditEntry]) -> Names:
        """What the rows are called to which a row refers or referred; their keys are text here, as the log has them."""
        wanted: dict[str, set[Any]] = {}
        for told in (told for entry in entries for told in (entry.before, entry.after)):
            for field in (view.fields[name] for name in told if name in view.fields):
                theirs = view.refers_to(field)
                if theirs and told[field.name] is not None:
                    with suppress(ValueError):
                        wanted.setdefault(field.target, set()).add(theirs.key_field.read(told[field.name]))
        found = await self.called(rights, wanted)
        return {(table, str(key)): called for (table, key), called in found.items()}

    async def dependents(self, row: Any) -> list[tuple[str, Count]]:
        """What goes when it does, by what its tables are called."""
        return self._called(await self.records.dependents(row))

    async def holders(self, row: Any) -> list[tuple[str, Count]]:
        """What must go before it can."""
        return self._called(await self.records.holders(row))

    def _called(self, found: Sequence[tuple[str, Count]]) -> list[tuple[str, Count]]:
        return [(self.panel.called(table, count.number), count) for table, count in found]

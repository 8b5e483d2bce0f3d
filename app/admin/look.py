"""What of a table is looked at: words, filters, order and place, all in the address."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import orjson
from sqlalchemy import ColumnElement, Text, cast, false, func
from starlette.datastructures import QueryParams

from app.admin.columns import Field, Kind, begin, field_of
from app.admin.records import Records
from app.models.base import storable
from app.services.audit_service import as_json

LONGEST = 200
FLAGS = {"yes": True, "no": False}
NOTHING = "(none)"
RANGED = ("from", "to")
LOWEST = -(2**31)  # before all numbers that a column holds


@dataclass(frozen=True)
class Look:
    """As an address says it; names and places that make no sense are passed over, and a filter that makes none finds
    nothing. `after` and `before` are places in the order.

    `within` names the row on whose page some rows are shown: its view, the column by which they refer to it, its key.
    """

    q: str = ""
    sort: str = ""
    size: int = 0
    after: str = ""
    before: str = ""
    within: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, view: Records, query: QueryParams) -> "Look":
        given = {name: storable(value)[:LONGEST].strip() for name, value in query.items()}
        names = [name for each in view.filtered for name in parameters(each)]
        size = given.get("size", "")
        return cls(
            q=given.get("q", ""),
            sort=given.get("sort", "") if given.get("sort", "").removeprefix("-") in view.fields else "",
            size=int(size) if size in map(str, view.page_size_options) else view.page_size,
            after=storable(query.get("after", "")),
            before=storable(query.get("before", "")),
            within=storable(query.get("within", "")),
            filters={name: given[name] for name in names if given.get(name)},
        )

    def query(self, **changes: Any) -> str:
        """The query string of this look with some of it changed, from its first page on unless a place is given."""
        look = replace(self, **{"after": "", "before": "", **changes})
        values = {name: getattr(look, name) for name in ("q", "sort", "size", "after", "before")}
        return "?" + urlencode({**{name: value for name, value in values.items() if value}, **look.filters})

    @cached_property
    def here(self) -> str:
        """The query string of this very page; within another row's page it says of which."""
        if self.within:
            return f"?{urlencode({'within': self.within})}"
        return self.query(after=self.after, before=self.before)

    def sorted_by(self, name: str) -> str:
        """The query string that sorts by this column, or the other way round if it does already."""
        return self.query(sort=f"-{name}" if self.sort == name else name)

    @property
    def words(self) -> list[str]:
        return self.q.split()[:8]

    @property
    def narrows(self) -> bool:
        return bool(self.words or self.filters)

    @property
    def descends(self) -> bool:
        return self.sort.startswith("-")


def parameters(field: Field) -> Sequence[str]:
    """What addresses call the filter of a column."""
    return [f"{field.name}_{end}" for end in RANGED] if field.is_ranged else [field.name]


def wanted(look: Look, field: Field) -> list[ColumnElement[bool]]:
    """What a look wants of a column; of a reference that is by its name, which the service looks up."""
    attribute, typed = field.attribute, look.filters.get(field.name, "")
    if field.is_ranged:
        return _within(look, field)
    if not typed or field.kind is Kind.REFERENCE:
        return []
    if typed == NOTHING:
        return [attribute.is_(None) if field.column.nullable else attribute == ""]
    try:
        value = FLAGS[typed] if field.kind is Kind.FLAG else field.read(typed)
    except (KeyError, ValueError):
        return [false()]
    return [attribute.is_(value) if field.kind is Kind.FLAG else attribute == value]


def _within(look: Look, field: Field) -> list[ColumnElement[bool]]:
    """From a day on, and before another."""
    since, until = (look.filters.get(name, "") for name in parameters(field))
    try:
        first = [field.attribute >= begin(field, since)] if since else []
        return first + ([field.attribute < begin(field, until)] if until else [])
    except ValueError:
        return [false()]


@dataclass(frozen=True, slots=True)
class Order:
    """By what the rows stand: columns that end with the key. `reads` reads each value of a place from its text."""

    columns: Sequence[Any]
    reads: Sequence[Callable[[Any], Any]]
    descending: bool

    @classmethod
    def of(cls, view: Records, look: Look) -> "Order":
        name, descending = look.sort.removeprefix("-"), look.descends
        if not name:
            name, descending = default_order(view)
        first = [view.fields[name]] if name else []
        keys = [field_of(view.model, column.key, column.key) for column in view.pk_columns]
        columns = [*map(sortable, first), *(each.attribute for each in keys)]
        reads = [str if is_text(each) else each.read for each in (*first, *keys)]
        return cls(columns, reads, descending)

    def place(self, text: str) -> list[Any] | None:
        """A place in the order, as an address holds it; None for nonsense, which is the beginning."""
        try:
            given = [storable(each) if isinstance(each, str) else each for each in orjson.loads(text)]
            return [read(value) for read, value in zip(self.reads, given, strict=True)]
        except (ValueError, TypeError):
            return None


def default_order(view: Records) -> tuple[str, bool]:
    """SQLAdmin's `column_default_sort`, of which one column counts."""
    if not view.column_default_sort:
        return "", False
    [(name, descending), *_] = view._get_default_sort()
    return view._get_prop_name(name), descending


def is_text(field: Field) -> bool:
    """Whether it is put in order as text: what may be missing comes before all else then."""
    return field.kind is Kind.JSON or (field.column.nullable is True and field.kind not in (Kind.NUMBER, Kind.MONEY))


def sortable(field: Field) -> Any:
    if is_text(field):
        return func.coalesce(cast(field.attribute, Text), "")
    return func.coalesce(field.attribute, LOWEST) if field.column.nullable else field.attribute


def text_of(place: Sequence[Any]) -> str:
    return orjson.dumps([as_json(value) for value in place]).decode()

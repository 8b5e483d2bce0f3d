"""What the panel knows of a column: how it is shown, filtered, typed and put in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import Enum as StdEnum
from enum import StrEnum
from functools import cache
from math import isfinite
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError
from sqladmin.helpers import get_column_python_type
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Enum,
    Float,
    LargeBinary,
    Numeric,
    Text,
    Time,
    Uuid,
)
from sqlalchemy import Integer as Whole
from sqlalchemy.orm import class_mapper
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

from app.models.picture import Picture
from app.models.product import money
from app.services.audit_service import as_json

MOMENT = "%Y-%m-%d %H:%M:%S"  # in UTC
CLOCK = "%H:%M:%S"
LONG = 500  # characters from which on a text has lines


STATES = ("status", "state")  # what columns are called that say how it stands with a row
# How it stands, by the word.
GOOD = {"active", "approved", "complete", "completed", "confirmed", "done", "paid", "published", "registered", "sent"}
BAD = {"cancelled", "declined", "error", "expired", "failed", "interrupted", "refused", "rejected"}
OVER = {"archived", "closed", "draft", "inactive", "stopped", "undone"}


class Kind(StrEnum):
    FLAG = "flag"
    CHOICE = "choice"
    MOMENT = "moment"
    DAY = "day"
    TIME = "time"
    NUMBER = "number"
    MONEY = "money"
    TEXT = "text"
    LONG = "long"
    JSON = "json"
    REFERENCE = "reference"
    KEY = "key"
    BINARY = "binary"


KINDS: tuple[tuple[type[TypeEngine[Any]], Kind], ...] = (
    (Boolean, Kind.FLAG),
    (Enum, Kind.CHOICE),
    (DateTime, Kind.MOMENT),
    (Date, Kind.DAY),
    (Time, Kind.TIME),
    (Whole, Kind.NUMBER),
    (Numeric, Kind.NUMBER),
    (JSON, Kind.JSON),
    (LargeBinary, Kind.BINARY),
    (Uuid, Kind.KEY),
)


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a table. `attribute` is the model's, and `target` the table that it refers to."""

    name: str
    label: str
    kind: Kind
    attribute: Any
    column: Column[Any]
    target: str = ""

    @property
    def is_fast(self) -> bool:
        """Whether an index begins with it, so that even a million rows are in its order already."""
        indexes = (index.expressions for index in self.column.table.indexes if not _partial(index))
        first = {getattr(each[0], "key", None) for each in map(list, indexes) if each}
        return self.column.primary_key or bool(self.column.unique) or self.column.key in first

    @property
    def is_ranged(self) -> bool:
        """Whether lists are narrowed down by its days from and to."""
        return self.kind in (Kind.MOMENT, Kind.DAY)

    @property
    def choices(self) -> list[str]:
        return list(self.column.type.enums) if isinstance(self.column.type, Enum) else []

    @property
    def is_of_words(self) -> bool:
        """Whether it holds words of which a filter can suggest some."""
        return self.kind is Kind.TEXT

    @property
    def is_state(self) -> bool:
        """Whether it says how it stands with a row, which stands out in lists."""
        return self.kind is Kind.CHOICE and self.name in STATES

    def tone(self, value: Any) -> str:
        """The colour of a state, as a class."""
        word = self.typed(value).lower()
        return "text-success" if word in GOOD else "text-error" if word in BAD else "text-muted" if word in OVER else ""

    @property
    def shows_picture(self) -> bool:
        return self.target == str(Picture.__tablename__)

    @property
    def alt(self) -> str:
        """What the column is called that describes the picture; empty when there is none."""
        name = f"{self.name.removesuffix('_id')}_alt"
        return name if self.shows_picture and name in self.column.table.columns else ""

    @property
    def currency(self) -> str:
        """What the column is called that says of which currency this is an amount; empty for what is no money."""
        return str(self.column.info.get("currency", ""))

    @property
    def members(self) -> Mapping[str, Any]:
        """What the words of a choice stand for; of an enum that is kept by its names, not by its values, those."""
        kept = getattr(self.column.type, "enum_class", None)
        return dict(zip(self.choices, kept, strict=False)) if kept else {}

    def typed(self, value: Any) -> str:
        """A value as a form holds it."""
        match self.kind, value:
            case Kind.MONEY, int():
                return f"{money(value)}"
            case Kind.FLAG, bool():
                return "true" if value else "false"
            case Kind.MOMENT, datetime():
                return f"{value.astimezone(UTC) if value.tzinfo else value:{MOMENT}}"
            case Kind.TIME, time():
                return f"{value:{CLOCK}}"
            case Kind.JSON, _:
                return as_json_text(value)
            case Kind.CHOICE, StdEnum():
                return next((word for word, member in self.members.items() if member is value), str(value.value))
        return as_text(value)

    @property
    def nothing(self) -> Any:
        """What an empty field of a form means. ValueError where something is needed."""
        if self.column.nullable:
            return None
        if self.kind in (Kind.TEXT, Kind.LONG):
            return ""
        if self.kind is Kind.FLAG:
            return False
        raise ValueError(f"{self.label} is needed.")

    def read(self, text: Any) -> Any:
        """A value from how JSON or an address holds it. ValueError when it is none of this column."""
        if text is None:
            return None
        if self.kind is Kind.CHOICE and isinstance(text, str) and text in self.members:
            return self.members[text]
        try:
            value = _adapter(self.python_type).validate_python(text)
        except ValidationError as error:
            raise ValueError(f"{self.label}: this is no {self.kind.value}.") from error
        if isinstance(value, float) and not isfinite(value):
            raise ValueError(f"{self.label}: this is no {self.kind.value}.")
        if self._reach and not -self._reach <= value < self._reach:
            raise ValueError(f"{self.label}: this number is too large.")
        return value

    @property
    def _reach(self) -> int:
        """Numbers that it does not hold, and a database refuses even to look for; 0 where there is no end."""
        match self.column.type:
            case Whole() as whole:
                return 2**63 if isinstance(whole, BigInteger) else 2**31
            case Numeric(precision=int(digits), scale=scale) as exact if not isinstance(exact, Float):
                return int(10 ** (digits - (scale or 0)))
        return 0

    @property
    def python_type(self) -> Any:
        if self.kind is Kind.CHOICE:
            return getattr(self.column.type, "enum_class", None) or str
        return get_column_python_type(self.column) if self.kind is not Kind.JSON else Any


@cache
def _adapter(type_: Any) -> TypeAdapter[Any]:
    return TypeAdapter(type_)


def _partial(index: Any) -> bool:
    return any(index.dialect_options[name].get("where") is not None for name in ("sqlite", "postgresql"))


def field_of(model: type[SQLModel], name: str, label: str) -> Field:
    """Describe a column of a model."""
    column: Column[Any] = class_mapper(model).column_attrs[name].columns[0]  # type: ignore[assignment]
    target = next((key.column.table.name for key in column.foreign_keys), "")
    kind = Kind.REFERENCE if target else Kind.MONEY if "currency" in column.info else _kind(column)
    return Field(name, label, kind, getattr(model, name), column, target)


def as_json_text(value: Any) -> str:
    """JSON as forms hold it."""
    return "" if value is None else orjson.dumps(value).decode()


def as_text(value: Any) -> str:
    """A value as files and forms hold it."""
    if isinstance(value, dict | list):
        return as_json_text(value)
    return "" if value is None else str(as_json(value))


def _kind(column: Column[Any]) -> Kind:
    type_ = getattr(column.type, "impl", column.type)
    for known, kind in KINDS:
        if isinstance(column.type, known) or isinstance(type_, known):
            return kind
    length = getattr(type_, "length", None) or getattr(column.type, "length", None)
    return Kind.LONG if isinstance(type_, Text) or (length or 0) > LONG else Kind.TEXT


def begin(field: Field, typed: str) -> date:
    """Where a day, as an address names it, begins in a column: with itself, or at midnight in UTC."""
    found = date.fromisoformat(typed)
    return found if field.kind is Kind.DAY else datetime(found.year, found.month, found.day, tzinfo=UTC)

"""Rows as JSON, whole: what a deleted one comes back from, with what hung on it."""

import base64
from collections.abc import Mapping
from typing import Any

from sqlmodel import SQLModel

from app.admin.columns import Kind, field_of
from app.admin.records import Panel, Records
from app.models.job import WITH
from app.repositories.hanging import MOST, Freed, Hanging, HangingRepository, tables_below
from app.repositories.records import Count
from app.services.audit_service import as_json

TOO_MUCH = f"More than {MOST:,} records hung on it. They stay gone."


class Snapshots:
    """Keeps what a deletion takes, and brings it back."""

    def __init__(self, panel: Panel, hanging: HangingRepository) -> None:
        self.panel = panel
        self.hanging = hanging

    async def found(self, row: Any) -> Hanging:
        """What hangs on a row now."""
        return await self.hanging.of(row.__table__, _values(row), self.panel.comes_back)

    async def take(self, row: Any) -> dict[str, Any]:
        """All columns of a row, also those that nobody is shown, and what hangs on it."""
        found = await self.found(row)
        hangs = found.rows or found.freed or found.lost or found.is_too_much
        return _packed(_values(row)) | ({WITH: self._kept(found)} if hangs else {})

    def _kept(self, found: Hanging) -> dict[str, Any]:
        lost = ", ".join(
            f"{count_of(number)} {self.panel.called(table, number)}" for table, number in found.lost.items()
        )
        return {
            "rows": [[table, _packed(values)] for table, values in found.rows],
            "freed": [[each.table, _packed(each.which), each.column, _pack(each.was)] for each in found.freed],
            "lost": TOO_MUCH if found.is_too_much else f"What stays gone: {lost}." if lost else "",
        }

    def never_back(self, view: Records) -> list[str]:
        """What may go with rows of a table and never comes back."""
        return [self.panel.called(name) for name in tables_below(view.table) if not self.panel.comes_back(name)]

    async def bring_back(self, kept: Mapping[str, Any]) -> str:
        """What hung on a row that is back. Returns, in a sentence, what does not come back."""
        if WITH not in kept:
            return ""
        models, hung = _models(), kept[WITH]
        rows = [(table, _unpacked(models[table], values)) for table, values in hung["rows"]]
        freed = [_freed(models[table], *each) for table, *each in hung["freed"]]
        missing = await self.hanging.bring_back(rows, freed)
        in_the_way = f"{missing:,} of what hung on it stay gone: something else is in their place." if missing else ""
        return f"{hung['lost']} {in_the_way}".strip()


def restored(view: Records, kept: Mapping[str, Any]) -> Any:
    """The row that was, with its old key."""
    return view.model(**_unpacked(view.model, {name: value for name, value in kept.items() if name != WITH}))


def count_of(number: int) -> Count:
    return Count(min(number, MOST), is_exact=number <= MOST)


def _values(row: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


def _pack(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else as_json(value)


def _packed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _pack(value) for name, value in values.items()}


def _unpacked(model: type[SQLModel], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _unpack(model, name, value) for name, value in values.items()}


def _unpack(model: type[SQLModel], name: str, value: Any) -> Any:
    field = field_of(model, name, name)
    if field.kind is Kind.BINARY and value is not None:
        return base64.b64decode(value)
    return value if field.kind is Kind.JSON else field.read(value)


def _freed(model: type[SQLModel], which: Mapping[str, Any], column: str, was: Any) -> Freed:
    return Freed(str(model.__tablename__), _unpacked(model, which), column, _unpack(model, column, was))


def _models() -> dict[str, type[SQLModel]]:
    """The models, by their tables."""
    models = (mapper.class_ for mapper in SQLModel._sa_registry.mappers)
    return {str(model.__tablename__): model for model in models}

"""Rows as JSON, whole: what a deleted one comes back from."""

import base64
from typing import Any

from app.admin.columns import Kind, field_of
from app.admin.records import Records
from app.services.audit_service import as_json


def snapshot(row: Any) -> dict[str, Any]:
    """All columns, also those that nobody is shown."""
    return {name: _packed(getattr(row, name)) for name in row.__table__.columns.keys()}  # noqa: SIM118 - no mapping


def restored(view: Records, kept: dict[str, Any]) -> Any:
    """The row that was, with its old key."""
    return view.model(**{name: _unpacked(view, name, value) for name, value in kept.items()})


def _packed(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else as_json(value)


def _unpacked(view: Records, name: str, value: Any) -> Any:
    field = field_of(view.model, name, name)
    if field.kind is Kind.BINARY and value is not None:
        return base64.b64decode(value)
    return value if field.kind is Kind.JSON else field.read(value)

"""What every table shares: names for constraints (migrations need them) and times in UTC."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi_users_db_sqlalchemy.generics import TIMESTAMPAware
from pydantic import BeforeValidator, StringConstraints
from sqlalchemy import Enum
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def words(kind: type[StrEnum], length: int) -> Any:
    """A column of words that comes back as its enum; the table's own constraint says which there are."""
    return Enum(kind, native_enum=False, length=length, values_callable=lambda words: [word.value for word in words])


def storable(text: str) -> str:
    """Take out what PostgreSQL cannot store and UTF-8 cannot carry: NUL and lone surrogates."""
    return text.replace("\x00", "").encode(errors="ignore").decode()


def unix_lines(text: str) -> str:
    """Browsers send two signs for a line break."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


# Line breaks and other controls, lone surrogates, and the marks that turn the reading direction around.
UNWANTED = re.compile("[\\s\\x00-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]+")


def folded(text: str) -> str:
    """The text in one line."""
    return UNWANTED.sub(" ", text)


def _storable(typed: object) -> object:
    """Before anything is measured: what is left may be too short."""
    return storable(typed) if isinstance(typed, str) else typed


Typed = Annotated[str, StringConstraints(strip_whitespace=True), BeforeValidator(_storable)]
Lines = Annotated[Typed, BeforeValidator(lambda text: unix_lines(text) if isinstance(text, str) else text)]


def now() -> datetime:
    return datetime.now(UTC)


def Timestamp(**options: Any) -> Any:  # noqa: N802 - stands where Field() stands
    """A field for an aware UTC time; SQLite, which has none, gives it back with its zone."""
    return Field(sa_type=TIMESTAMPAware(timezone=True), **options)

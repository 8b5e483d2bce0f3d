"""Why a database refuses a row: each says it in its own way."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

ON_SQLITE = re.compile(r"(UNIQUE|CHECK) constraint failed: (?:index )?(.+)")
TAKEN, BROKEN = "23505", "23514"  # what PostgreSQL calls them
DETAIL = re.compile(r"Key \((.+?)\)=")


@dataclass(frozen=True, slots=True)
class Refusal:
    """`taken` are the columns whose values another row has; `rule` is the name of a rule that a value breaks."""

    taken: Sequence[str] = ()
    rule: str = ""


def refusal(error: IntegrityError) -> Refusal:
    cause = error.orig.__cause__ if error.orig else None
    if cause and hasattr(cause, "sqlstate"):
        return _by_postgresql(cause)
    told = ON_SQLITE.search(str(error.orig))
    if told is None:
        return Refusal()
    kind, what = told.groups()
    return Refusal(taken=_names(what)) if kind == "UNIQUE" else Refusal(rule=what)


def _by_postgresql(cause: BaseException) -> Refusal:
    state, rule = getattr(cause, "sqlstate", ""), getattr(cause, "constraint_name", None) or ""
    told = DETAIL.search(getattr(cause, "detail", None) or "") if state == TAKEN else None
    return Refusal(taken=_names(told[1]) if told else (), rule=rule if state == BROKEN else "")


def _names(told: str) -> list[str]:
    """Of an index over what is computed there is none."""
    return [name.strip(' "').rpartition(".")[2] for name in told.split(",") if "(" not in name and "'" not in name]

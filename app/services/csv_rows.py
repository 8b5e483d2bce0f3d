"""Rows of a CSV file as items of an import: what each says, and what is wrong with it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from app.errors import Invalid, sentence
from app.models.base import storable
from app.services.csv_file import Row, columns, read

MOST_ROWS = 50_000
REFUSED = "refused"
Make = Callable[[dict[str, str]], dict[str, Any]]  # of the cells of a row, by field: its `key`, `data` and `problem`


@dataclass(frozen=True, slots=True)
class Sheet:
    """What an import takes: its fields, those without which no row can be imported, and other names of them.

    `either` are fields of which one at least is needed, and `key` is what the same row twice is called by.
    """

    fields: Sequence[str]
    needed: Sequence[str] = ()
    either: Sequence[str] = ()
    key: str = "address"
    aliases: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rows:
    """What a file says: an item for each row, with its problem where it has one, and the columns that nobody knows."""

    items: list[dict[str, Any]]
    unknown: list[str]

    @property
    def good(self) -> int:
        return sum(not item["problem"] for item in self.items)


def read_items(text: str, sheet: Sheet, make: Make) -> Rows:
    """Read them all. Of several rows with one key the first counts."""
    file = read(storable(text), MOST_ROWS)
    found, unknown = columns(file.header, sheet.fields, sheet.aliases)
    if missing := [name for name in sheet.needed if name not in found.values()]:
        raise Invalid(f"The first row names no column {' and no column '.join(missing)}.", field="file")
    if sheet.either and not set(sheet.either) & set(found.values()):
        raise Invalid(f"The first row names no column {' and no column '.join(sheet.either)}.", field="file")
    return Rows(list(_items(file.rows, len(file.header), found, sheet.key, make)), unknown)


def _items(rows: Sequence[Row], width: int, found: Mapping[int, str], key: str, make: Make) -> Iterator[dict[str, Any]]:
    seen: dict[str, int] = {}
    for number, cells in rows:
        item = make({name: cells[index] for index, name in found.items() if index < len(cells) and cells[index]})
        if any(cells[width:]):
            item["problem"] = "This row has more cells than the first row has names."
        elif not item["problem"] and (first := seen.setdefault(item["key"], number)) != number:
            item["problem"] = f"Row {first} has the same {key}."
        yield item | {"number": number, "outcome": REFUSED if item["problem"] else ""}


def problems(error: ValidationError, name: Callable[[tuple[int | str, ...]], str]) -> str:
    """What is wrong with a row, in one line; `name` says what people call a field."""
    return " ".join(sentence(problem, name(problem["loc"])) for problem in error.errors())[:500]

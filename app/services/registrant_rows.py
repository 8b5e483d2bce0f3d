"""Rows of a CSV file as registrations: what each says, and what is wrong with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from app.errors import Invalid, sentence
from app.models.base import storable
from app.models.registrant_forms import ImportedRegistration
from app.services.csv_file import Row, columns, read

MOST_ROWS = 50_000
FIELDS = ("name", "email", "status", "group", "source")
NEEDED = ("name", "email")
ALIASES = dict.fromkeys(("e-mail", "e-mail address", "email address", "address", "mail"), "email")
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Rows:
    """What a file says: an item for each row, with its problem where it has one, and the columns that nobody knows."""

    items: list[dict[str, Any]]
    unknown: list[str]

    @property
    def good(self) -> int:
        return sum(not item["problem"] for item in self.items)


def read_rows(text: str, questions: Sequence[str]) -> Rows:
    """Read them all. Of several rows with one address the first counts."""
    file = read(storable(text), MOST_ROWS)
    found, unknown = columns(file.header, (*FIELDS, *questions), ALIASES)
    if missing := [name for name in NEEDED if name not in found.values()]:
        raise Invalid(f"The first row names no column {' and no column '.join(missing)}.", field="file")
    return Rows(list(_items(file.rows, len(file.header), found, questions)), unknown)


def _items(
    rows: Sequence[Row], width: int, found: Mapping[int, str], questions: Sequence[str]
) -> Iterator[dict[str, Any]]:
    seen: dict[str, int] = {}
    for number, cells in rows:
        values = {name: cells[index] for index, name in found.items() if index < len(cells) and cells[index]}
        item = _item(values, questions)
        if any(cells[width:]):
            item["problem"] = "This row has more cells than the first row has names."
        elif not item["problem"] and (first := seen.setdefault(item["key"], number)) != number:
            item["problem"] = f"Row {first} has the same address."
        yield item | {"number": number, "outcome": REFUSED if item["problem"] else ""}


def _item(values: Mapping[str, str], questions: Sequence[str]) -> dict[str, Any]:
    fields = {name: values[name] for name in FIELDS if name in values}
    if "status" in fields:
        fields["status"] = fields["status"].lower()
    try:
        row = ImportedRegistration.model_validate(
            {**fields, "answers": [values.get(question, "") for question in questions]}
        )
    except ValidationError as error:
        return {"key": values.get("email", "")[:320], "data": {}, "problem": _problems(error, questions)}
    data = row.model_dump(mode="json", include={"name", "source", "group", "status"})
    answers = {question: answer for question, answer in zip(questions, row.answers, strict=True) if answer}
    return {"key": row.email, "data": {**data, "answers": answers}, "problem": ""}


def _problems(error: ValidationError, questions: Sequence[str]) -> str:
    return " ".join(sentence(problem, _field(problem["loc"], questions)) for problem in error.errors())[:500]


def _field(location: tuple[int | str, ...], questions: Sequence[str]) -> str:
    last = location[-1]
    return f"“{questions[last]}”" if isinstance(last, int) else str(last).capitalize()

"""Rows of a CSV file as registrations."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from app.models.registrant_forms import ImportedRegistration
from app.services.csv_rows import Rows, Sheet, problems, read_items

FIELDS = ("name", "email", "status", "group", "source")
NEEDED = ("name", "email")
ALIASES = dict.fromkeys(("e-mail", "e-mail address", "email address", "address", "mail"), "email")


def read_rows(text: str, questions: Sequence[str]) -> Rows:
    sheet = Sheet((*FIELDS, *questions), NEEDED, aliases=ALIASES)
    return read_items(text, sheet, lambda values: _item(values, questions))


def _item(values: Mapping[str, str], questions: Sequence[str]) -> dict[str, Any]:
    fields = {name: values[name] for name in FIELDS if name in values}
    if "status" in fields:
        fields["status"] = fields["status"].lower()
    try:
        row = ImportedRegistration.model_validate(
            {**fields, "answers": [values.get(question, "") for question in questions]}
        )
    except ValidationError as error:
        problem = problems(error, lambda location: _field(location, questions))
        return {"key": values.get("email", "")[:320], "data": {}, "problem": problem}
    data = row.model_dump(mode="json", include={"name", "source", "group", "status"})
    answers = {question: answer for question, answer in zip(questions, row.answers, strict=True) if answer}
    return {"key": row.email, "data": {**data, "answers": answers}, "problem": ""}


def _field(location: tuple[int | str, ...], questions: Sequence[str]) -> str:
    last = location[-1]
    return f"“{questions[last]}”" if isinstance(last, int) else str(last).capitalize()

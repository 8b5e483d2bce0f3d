"""Values as people type them, outside of a whole form: one cell of a list, one cell of a file."""

import re
from typing import Any

from starlette.datastructures import FormData
from wtforms import Form

from app.admin.columns import Field, Kind
from app.admin.forms import sentence_of

HUNDREDTHS = re.compile(r"[0-9]{1,12}")
PREFIX = "to-"  # of the field that says what many rows get


def written(field: Field, text: str) -> str:
    """As a form would send it: for WTForms every text but these is yes, and a time has no zone.

    ValueError for what is neither.
    """
    if not text:
        return text
    if field.kind is Kind.FLAG:
        return "true" if field.read(text) else "false" if field.column.nullable else ""
    return field.typed(field.read(text)) if field.kind in (Kind.MOMENT, Kind.TIME) else text


def hundredths(text: str) -> int:
    if not HUNDREDTHS.fullmatch(text.strip()):
        raise ValueError("Write it in hundredths: 1250 for 12.50. The most is 999999999999.")
    return int(text)


def check(form: Form, field: Field) -> Any:
    """The value of one field. ValueError, with a sentence, when it is none."""
    typed = form[field.name]
    if not typed.validate(form):
        raise ValueError(sentence_of(typed.errors))
    return typed.data


def cell(shape: type[Form], field: Field, text: str) -> Any:
    """The value of a cell of a file, by the rules of the form's field. ValueError when it is none.

    Files hold money as its column does.
    """
    if field.kind is Kind.MONEY:
        return hundredths(text)
    return check(shape(FormData([(field.name, written(field, text))])), field)

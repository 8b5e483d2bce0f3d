"""The panel's forms: SQLAdmin makes them of a table's columns; here is what our columns need besides."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticUndefined
from sqladmin.fields import TimezoneAwareDateTimeField
from sqladmin.forms import ModelConverter, converts
from sqlalchemy.orm import ColumnProperty
from starlette.datastructures import FormData
from wtforms import (
    DateField,
    DateTimeField,
    Field,
    Form,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
    validators,
)
from wtforms.widgets import DateTimeLocalInput, TextInput

from app.admin.columns import LONG, as_json_text
from app.errors import sentence
from app.models.base import storable, unix_lines
from app.models.product import money, price_of

# As browsers send them, and as files and other pages of ours write them; the first is how they are shown.
MOMENTS = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
TIMES = ["%H:%M:%S", "%H:%M"]


class ReferenceField(StringField):
    """A row of another table, typed as people name it."""


class MoneyField(Field):
    """An amount, typed as 12.50; its value is in hundredths."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[Any]) -> None:
        if valuelist:
            self.data = int(price_of(valuelist[0]).scaleb(2)) if valuelist[0].strip() else None

    def _value(self) -> str:
        return str(self.raw_data[0] if self.raw_data else money(self.data) if isinstance(self.data, int) else "")


class JSONField(TextAreaField):
    """JSON as it is; SQLAdmin's shows null, an empty list and zero as an empty object, and so they would be saved."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        try:
            self.data = orjson.loads(valuelist[0]) if valuelist and valuelist[0].strip() else None
        except ValueError as error:
            raise ValueError("Write it as JSON.") from error

    def _value(self) -> str:
        return str(self.raw_data[0] if self.raw_data else as_json_text(self.data))


class Converter(ModelConverter):
    """SQLAdmin's leaves references out, takes an enum's names for its words, and puts every text into one line. Its
    fields for days and times are made for scripts of its own."""

    def _prepare_column(self, prop: Any, form_include_pk: bool, kwargs: dict[str, Any]) -> dict[str, Any] | None:  # noqa: FBT001 - theirs
        column = prop.columns[0]
        prepared = super()._prepare_column(prop, form_include_pk or bool(column.foreign_keys), kwargs)
        if prepared is not None:
            prepared["render_kw"] = {}
            prepared["default"] = default_of(prop) if prepared["default"] is None else prepared["default"]
        return prepared

    def get_converter(self, prop: Any) -> Any:
        column = prop.columns[0]
        special = self.conv_reference if column.foreign_keys else self.conv_money if "currency" in column.info else None
        return special or super().get_converter(prop)

    def conv_money(self, model: type, prop: ColumnProperty[Any], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002 - theirs
        return MoneyField(**{**kwargs, "render_kw": {"inputmode": "decimal"}})

    @converts("TIMESTAMPAware", "DateTime")  # type: ignore[untyped-decorator]
    def conv_datetime(self, model: type, prop: ColumnProperty[Any], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002 - theirs
        makes = TimezoneAwareDateTimeField if getattr(prop.columns[0].type, "timezone", True) else DateTimeField
        return makes(format=MOMENTS, widget=DateTimeLocalInput(), **{**kwargs, "render_kw": {"step": "1"}})

    @converts("Date")  # type: ignore[untyped-decorator]
    def conv_date(self, model: type, prop: ColumnProperty[Any], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002 - theirs
        return DateField(**kwargs)

    @converts("Time")  # type: ignore[untyped-decorator]
    def conv_time(self, model: type, prop: ColumnProperty[Any], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002 - theirs
        return TimeField(format=TIMES, **{**kwargs, "render_kw": {"step": "1"}})

    @converts("JSON", "JSONB")  # type: ignore[untyped-decorator]
    def conv_json(self, model: type, prop: ColumnProperty[Any], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002 - theirs
        return JSONField(**kwargs)

    @converts("Boolean")  # type: ignore[untyped-decorator]
    def conv_boolean(self, model: type, prop: ColumnProperty[Any], kwargs: dict[str, Any]) -> Any:
        """What can be missing besides yes and no is no box."""
        if not prop.columns[0].nullable:
            return super().conv_boolean(model, prop, kwargs)
        choices = [("", ""), ("true", "Yes"), ("false", "No")]
        return SelectField(choices=choices, coerce=lambda value: str(value).lower(), **kwargs)

    def conv_reference(self, model: type, prop: ColumnProperty[Any], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002 - theirs
        return ReferenceField(**kwargs)

    @converts("AutoString", "String", "CHAR")  # type: ignore[untyped-decorator]
    def conv_string(self, model: type, prop: ColumnProperty[Any], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002 - theirs
        length = getattr(prop.columns[0].type, "length", None)
        kwargs["validators"] += [validators.Length(max=length)] if length else []
        return (StringField if length and length <= LONG else TextAreaField)(**kwargs)

    @converts("Enum")  # type: ignore[untyped-decorator]
    def conv_enum(self, model: type, prop: ColumnProperty[Any], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002 - theirs
        column = prop.columns[0]
        blank = [("", "")] if column.nullable else []
        words = column.type.enums  # type: ignore[attr-defined]
        kwargs["choices"] = blank + [(word, word) for word in words]
        return SelectField(coerce=lambda value: word_of(value, words), **kwargs)


def default_of(prop: Any) -> Any:
    """What the model says where the column says nothing."""
    field = prop.parent.class_.model_fields.get(prop.key)
    default = field.get_default(call_default_factory=True) if field and not field.is_required() else None
    return None if default is PydanticUndefined else default


def word_of(value: Any, words: Sequence[str]) -> str:
    """A choice as the column keeps it: by its name, or by its value."""
    if not isinstance(value, Enum):
        return str(value)
    return value.name if value.name in words else str(value.value)


def cleaned(data: FormData) -> FormData:
    """What was typed, without what no database can store; a file is none of these forms' business."""
    texts = ((name, value) for name, value in data.multi_items() if isinstance(value, str))
    return FormData([(name, unix_lines(storable(value))) for name, value in texts])


def problems_of(form: Form) -> dict[str, str]:
    """The first problem of each field, in a sentence."""
    return {name: sentence_of(problems) for name, problems in form.errors.items() if name and problems}


def sentence_of(problems: Any) -> str:
    text = str(next(iter(problems)))
    return text if text.endswith(".") else f"{text}."


def refused(shape: type[BaseModel], values: Mapping[str, Any]) -> dict[str, str]:
    """What this shape, by which other pages and the API check the same record, says of the values."""
    try:
        shape.model_validate(dict(values))
    except ValidationError as error:
        return {str(problem["loc"][0]): sentence(dict(problem)) for problem in error.errors() if problem["loc"]}
    return {}

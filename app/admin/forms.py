"""The panel's forms: SQLAdmin makes them of a table's columns; here is what our columns need besides."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from sqladmin.fields import TimezoneAwareDateTimeField
from sqladmin.forms import ModelConverter, converts
from sqlalchemy.orm import ColumnProperty
from starlette.datastructures import FormData
from wtforms import Field, Form, SelectField, StringField, TextAreaField, validators
from wtforms.widgets import TextInput

from app.admin.columns import LONG
from app.errors import sentence
from app.models.base import storable, unix_lines
from app.models.product import money, price_of


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


class Converter(ModelConverter):
    """SQLAdmin's leaves references out, takes an enum's names for its words, and puts every text into one line."""

    def _prepare_column(self, prop: Any, form_include_pk: bool, kwargs: dict[str, Any]) -> dict[str, Any] | None:  # noqa: FBT001 - theirs
        column = prop.columns[0]
        prepared = super()._prepare_column(prop, form_include_pk or bool(column.foreign_keys), kwargs)
        if prepared is not None:
            prepared["render_kw"] = {}
        return prepared

    def get_converter(self, prop: Any) -> Any:
        column = prop.columns[0]
        special = self.conv_reference if column.foreign_keys else self.conv_money if "currency" in column.info else None
        return special or super().get_converter(prop)

    def conv_money(self, model: type, prop: ColumnProperty[Any], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002 - theirs
        return MoneyField(**{**kwargs, "render_kw": {"inputmode": "decimal"}})

    @converts("TIMESTAMPAware")  # type: ignore[untyped-decorator]
    def conv_moment(self, model: type, prop: ColumnProperty[Any], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002 - theirs
        return TimezoneAwareDateTimeField(**kwargs)

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
        kwargs["choices"] = blank + [(word, word) for word in column.type.enums]  # type: ignore[attr-defined]
        return SelectField(**kwargs)


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

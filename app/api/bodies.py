"""JSON bodies: the forms of the pages, read as strictly as JSON allows.

A browser's form has text alone, so a form takes "5" for a number. A program that sends "5" for a number has a mistake,
and one that names a field that there is not has a typing error: both are told.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, SchemaValidator, core_schema

Form = TypeVar("Form", bound=BaseModel)


class Json:
    """Marks a form that comes as JSON: `form: Annotated[WebinarForm, JSON]`."""

    def __get_pydantic_core_schema__(self, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(lambda value: read(source, value), handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        found = handler(schema)
        handler.resolve_ref_schema(found)["additionalProperties"] = False
        return found


class PartOf:
    """Marks some fields of a form: `changes: Annotated[Changes, PartOf(WebinarForm)]`; `changed` applies them."""

    def __init__(self, form: type[BaseModel]) -> None:
        self.form = form

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._known, handler(source))

    def _known(self, changes: dict[str, Any]) -> dict[str, Any]:
        unknown = [name for name in changes if name not in self.form.model_fields]
        errors = [InitErrorDetails(type="extra_forbidden", loc=(name,), input=changes[name]) for name in unknown]
        if errors:
            raise ValidationError.from_exception_data(self.form.__name__, errors)
        return changes

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        found = handler(self.form.__pydantic_core_schema__)
        whole = handler.resolve_ref_schema(found)
        fields = {name: {k: v for k, v in field.items() if k != "default"} for name, field in _fields(whole)}
        return {
            "type": "object",
            "title": f"Changes of {self.form.__name__}",
            "description": "The fields that change; all others stay as they are.",
            "properties": fields,
            "additionalProperties": False,
        }


JSON = Json()
Changes = dict[str, Any]


def changed(form: type[Form], current: Mapping[str, Any], changes: Mapping[str, Any]) -> Form:
    """The form that says what is there now, with these changes. Raises what a wrong body raises."""
    try:
        return read(form, {**current, **changes})
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()]) from error


def read(form: type[Form], value: Any) -> Form:
    found: Form = _validator(form).validate_json(json.dumps(value), strict=True, extra="forbid")
    return found


@cache
def _validator(form: type[BaseModel]) -> SchemaValidator:
    """The form's own validator. SQLModel's goes through `__init__`, where it forgets that it was to be strict.

    That one would be taken for a form without rules of its own as a whole, were it not said otherwise.
    """
    return SchemaValidator(_without_init(form.__pydantic_core_schema__), _use_prebuilt=False)


def _without_init(schema: Any) -> Any:
    match schema:
        case dict():
            return {name: _without_init(value) for name, value in schema.items() if name != "custom_init"}
        case list() | tuple():
            return type(schema)(map(_without_init, schema))
        case _:
            return schema


def _fields(schema: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(schema["properties"].items())

"""The description of the API, for whoever reads it or makes a client of it."""

from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from app.api.openapi import describe, operations
from app.config import Settings
from app.main import create_app


@pytest.fixture
def described() -> dict[str, Any]:
    return describe(create_app(Settings()))


def test_every_operation_says_in_words_what_it_does(described: dict[str, Any]) -> None:
    found = [operation for _method, operation in operations(described)]
    ids = [each["operationId"] for each in found]
    assert len(ids) == len(set(ids)) > 60
    made_up = [
        each["operationId"] for each in found if each["summary"] == each["operationId"].replace("_", " ").title()
    ]
    assert not made_up, "FastAPI makes a summary of the name, where there is none"
    assert all(each["description"] for each in found)


def test_what_is_sent_and_answered_has_examples_that_are_right(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    for _method, operation in operations(described):
        whole = [operation.get("requestBody", {}), *operation["responses"].values()]
        json = [each["content"]["application/json"] for each in whole if "application/json" in each.get("content", {})]
        for each in json:
            assert schemas[each["schema"]["$ref"].rpartition("/")[2]]["examples"], operation["operationId"]
    for name, schema in schemas.items():
        validator = Draft202012Validator(
            {"$ref": f"#/components/schemas/{name}", "components": described["components"]}, validate_formats=True
        )
        for example in schema.get("examples", ()):
            assert not [f"{name}: {error.message}" for error in validator.iter_errors(example)]


def test_who_changes_something_has_to_say_of_what_version(described: dict[str, Any]) -> None:
    given = [each for _, operation in operations(described) for each in operation.get("parameters", ())]
    matches = [each for each in given if each["name"] == "If-Match"]
    assert matches and all(each["required"] and "default" not in each["schema"] for each in matches)

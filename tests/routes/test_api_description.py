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
    for _method, operation in operations(described):
        parts = [operation.get("requestBody", {}), *operation["responses"].values()]
        found = [part["content"]["application/json"] for part in parts if "application/json" in part.get("content", {})]
        for each in found:
            schema = {**each["schema"], "components": described["components"]}
            example = each["examples"]["example"]["value"]
            wrong = Draft202012Validator(schema, validate_formats=True).iter_errors(example)
            assert not [f"{operation['operationId']}: {error.message}" for error in wrong]


def test_who_changes_something_has_to_say_of_what_version(described: dict[str, Any]) -> None:
    given = [each for _, operation in operations(described) for each in operation.get("parameters", ())]
    matches = [each for each in given if each["name"] == "If-Match"]
    assert matches and all(each["required"] and "default" not in each["schema"] for each in matches)


def test_what_stands_in_an_address_or_a_header_is_never_null(described: dict[str, Any]) -> None:
    given = [each for _, operation in operations(described) for each in operation.get("parameters", ())]
    assert not [each["name"] for each in given if {"type": "null"} in each["schema"].get("anyOf", ())]
    [key] = {str(each["schema"].get("type")) for each in given if each["name"] == "Idempotency-Key"}
    assert key == "string"

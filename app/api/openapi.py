"""The description of the API: OpenAPI 3.1, made of the routes, and of the rules that hold for all of them."""

import json
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts

from app.api.answers import Problem
from app.api.examples import EXAMPLES
from app.api.links import links
from app.api.replies import PREFIX

VERSION = "1.0.0"
DESCRIPTION = """\
Everything that the pages of this site do with webinars, products, conversations and documents, for programs.

**Who asks:** show a token, `Authorization: Bearer fo_...`; tokens are made under Account, API tokens, with the scopes
`read` and `write`. Pages of this site may use their session's cookie.

**Lists** come in pages: follow the header `Link` with `rel="next"`, or `next` in the body.

**Changes:** `PUT`, `PATCH` and `DELETE` need `If-Match` with the `ETag` that you have read, so that nobody overwrites
what they have not seen. `POST` takes an `Idempotency-Key`: what is sent twice with it happens once.

**Errors** are problem JSON (RFC 9457), with the fields that are wrong under `errors`.

**Limits:** the headers `RateLimit` and `RateLimit-Policy` say how many requests are left; after 429 wait for
`Retry-After` seconds.
"""
TAGS = {
    "webinars": "Events at a time, with so many seats.",
    "registrations": "Who comes to a webinar, and who waits for a seat.",
    "products": "What is sold, what it costs and how much of it there is.",
    "pictures": "A webinar's cover, photos of registrants, and pictures of products.",
    "follow-ups": "A mail to one registrant, which a model may draft.",
    "webinar messages": "Reminders and follow-ups to many, which go out by themselves.",
    "jobs": "Long work: imports, and acts on many registrants at once.",
    "numbers": "Who registered, came and cancelled, when and from where.",
    "contacts": "What is stored of one address: given out, and erased.",
    "conversations": "Questions to the model and its answers.",
    "documents": "What answers rest on.",
    "me": "Who asks.",
}
PROBLEMS = {
    400: ("BadRequest", "The body is no JSON", "There was an error parsing the body."),
    401: ("Unauthorized", "A token is needed", "Send a valid API token."),
    403: ("Forbidden", "Not allowed", "You may not do that, or the token lacks the scope for it."),
    404: ("NotFound", "Not found", "There is nothing at this address, or it is not yours to see."),
    409: ("Conflict", "That cannot be done right now", "Something else changed in the meantime."),
    412: ("PreconditionFailed", "It has changed", "Somebody else has changed this since you read it."),
    413: ("TooLarge", "Too much at once", "That is more than can be sent at a time."),
    415: ("UnsupportedMedia", "Not JSON", "Send the body as JSON."),
    422: ("Invalid", "Please check what you typed", "Capacity is needed."),
    428: ("PreconditionRequired", "Which version?", "Send the ETag of the version that you have read as If-Match."),
    429: ("TooManyRequests", "A little slower, please", "That was a lot in a short time."),
}
TEXT = {"schema": {"type": "string"}}
HEADERS = {
    "ETag": {"description": "Names this version: send it as `If-Match` with a change.", **TEXT},
    "Link": {"description": 'The pages `rel="first"` and `rel="next"`, as far as there are any.', **TEXT},
    "Location": {"description": "Where it is from now on.", **TEXT},
    "RateLimit": {"description": "How many requests are left, and the seconds until one more is.", **TEXT},
    "RateLimit-Policy": {"description": "How many requests there are in how many seconds.", **TEXT},
    "Retry-After": {"description": "Seconds until another try is worth it.", "schema": {"type": "integer"}},
}
METHODS = ("get", "post", "put", "patch", "delete")


def described(app: FastAPI) -> str:
    """The description as JSON, made once."""
    if not hasattr(app.state, "openapi"):
        app.state.openapi = json.dumps(describe(app), ensure_ascii=False)
    text: str = app.state.openapi
    return text


def describe(app: FastAPI) -> dict[str, Any]:
    routes = [each for each in iter_route_contexts(app.routes) if (each.path or "").startswith(f"{PREFIX}/")]
    found = get_openapi(
        title=f"{app.title} API",
        version=VERSION,
        description=DESCRIPTION,
        openapi_version="3.1.0",
        routes=routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    parts = found["components"]
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own errors, which nobody gets here
        parts["schemas"].pop(name, None)
    parts["schemas"]["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    parts["schemas"] |= parts["schemas"]["Problem"].pop("$defs")
    parts["responses"] = {name: problem(status) for status, (name, _, _) in PROBLEMS.items()}
    parts["headers"] = HEADERS
    parts["securitySchemes"] = security(app)
    for method, operation in operations(found):
        complete(method, operation)
        parts["schemas"] |= changes_of(operation)
        show_examples(operation)
    return found | {"security": [{scheme: []} for scheme in parts["securitySchemes"]], "servers": [{"url": "/"}]}


def security(app: FastAPI) -> dict[str, Any]:
    cookie = "__Host-session" if app.state.settings.in_production else "session"
    return {
        "token": {"type": "http", "scheme": "bearer", "description": "A token of your account."},
        "session": {"type": "apiKey", "in": "cookie", "name": cookie, "description": "Of whoever is signed in here."},
    }


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in document["paths"].values():
        yield from ((method, path[method]) for method in METHODS if method in path)


def complete(method: str, operation: dict[str, Any]) -> None:
    """Add what follows from the rules: the problems that can come, and the headers of what goes well."""
    given = {(each["in"], each["name"]) for each in operation.get("parameters", ())}
    for parameter in operation.get("parameters", ()):
        if parameter["name"] == "if-match":
            parameter["required"] = True
            parameter["schema"].pop("default")
        parameter["schema"] = without_null(parameter["schema"])
        parameter["name"] = {"if-match": "If-Match", "idempotency-key": "Idempotency-Key"}.get(*[parameter["name"]] * 2)
    responses = operation["responses"]
    responses.pop("422", None)  # FastAPI's own, of another shape
    declared = {int(status) for status in responses if status >= "400"}
    for status in sorted(declared | statuses(method, operation, given)):
        responses[str(status)] = {"$ref": f"#/components/responses/{PROBLEMS[status][0]}"}
    is_list = ("query", "after") in given
    for status, response in list(responses.items()):
        if status < "300":
            response["headers"] = {name: ref("headers", name) for name in headers(status, is_list=is_list)}
            if found := links(operation["operationId"], status):
                response["links"] = found


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Of what stands in an address or a header, which is text or not there."""
    kinds = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**schema, "anyOf": kinds} if len(kinds) > 1 else {**(kinds or [{}])[0], **rest}


def changes_of(operation: dict[str, Any]) -> dict[str, Any]:
    """What a change takes, under a name of its own, so that a generated client has a class for it."""
    json = operation.get("requestBody", {}).get("content", {}).get("application/json", {"schema": {"$ref": ""}})
    if "$ref" in json["schema"]:
        return {}
    name = operation["operationId"].title().replace("_", "")
    named = {name: json["schema"] | {"title": name}}
    json["schema"] = ref("schemas", name)
    return named


def show_examples(operation: dict[str, Any]) -> None:
    """Beside the schemas, each with a name: that is where the page at `/docs` looks for them."""
    for part in (operation.get("requestBody", {}), *operation["responses"].values()):
        content = part.get("content", {}).get("application/json", {"schema": {}})
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        content |= {"examples": {"example": {"value": EXAMPLES[name]}}} if name in EXAMPLES else {}


def statuses(method: str, operation: dict[str, Any], given: set[tuple[str, str]]) -> set[int]:
    """The problems that can come of an operation."""
    kinds = {kind for kind, _ in given}
    names = {name.lower() for _, name in given}
    found = {401, 403, 429}
    found |= {404} if "path" in kinds else set()
    found |= {413} if method != "get" else set()
    found |= {400, 415, 422} if "requestBody" in operation else set()
    found |= {422} if {"query", "header"} & kinds else set()
    found |= {409, 422} if "idempotency-key" in names else set()
    return found | ({412, 428} if "if-match" in names else set())


def headers(status: str, *, is_list: bool) -> list[str]:
    named = ["RateLimit", "RateLimit-Policy"]
    if is_list:
        return [*named, "Link"]
    named += ["Location"] if status in ("201", "202") else []
    return named + (["ETag"] if status != "204" else [])


def problem(status: int) -> dict[str, Any]:
    _, title, detail = PROBLEMS[status]
    errors = [{"field": "capacity", "detail": detail}] if status == 422 else []
    example = {"type": "about:blank", "title": title, "status": status, "detail": detail, "errors": errors}
    examples = {"example": {"value": {**example, "request_id": "4d3f0a"}}}
    content = {"schema": ref("schemas", "Problem"), "examples": examples}
    more = {"headers": {"Retry-After": ref("headers", "Retry-After")}} if status == 429 else {}
    return {"description": title, "content": {"application/problem+json": content}, **more}


def ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}

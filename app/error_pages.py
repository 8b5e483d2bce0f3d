"""Error pages: what goes wrong, told in the three ways that there are to ask."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import AppError, Invalid, Malformed, NotFound, TooLarge, WrongMethod, sentence
from app.log import request_id
from app.models.base import storable
from app.templating import Page

log = logging.getLogger(__name__)

SHOWN_BACK = 200_000  # characters of typed text that an error page gives back
SECRET_FIELDS = frozenset({"password", "new_password", "current_password", "confirm_password", "code", "token"})
NEVER_AGAIN = "event: done\ndata: \n\n"  # after any other answer, 404 included, a stream's reader asks for ever
FORM_ERRORS = frozenset({409, 422, 429})  # which a form shows itself, with what was typed still in it


async def show_app_error(request: Request, error: Exception) -> Response:
    """Answer an `AppError` with its true status."""
    assert isinstance(error, AppError)  # noqa: S101 - the handler is registered for it
    return await _show(request, error, {})


async def show_http_error(request: Request, error: Exception) -> Response:
    """Answer what the framework raises (no such path, wrong method) as the app's own errors are answered."""
    assert isinstance(error, HTTPException)  # noqa: S101 - the handler is registered for it
    headers = {**(error.headers or {})} | (_allowed(request) if error.status_code == 405 else {})
    return await _show(request, _known(request, error, headers.get("Allow", "")), {}, headers)


async def show_invalid(request: Request, error: Exception) -> Response:
    """Answer fields that do not validate with a sentence for each, and nonsense in an address as an unknown one."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - the handler is registered for it
    if _is_api(request):
        return await _show_invalid_json(request, error.errors())
    if any(problem["loc"][0] in ("path", "query") for problem in error.errors()):
        return await _show(request, NotFound(), {})
    sentences = {str(problem["loc"][-1]): sentence(problem) for problem in error.errors()}
    problems = {field: sentence for field, sentence in sentences.items() if field != "body"}  # that is the form's own
    return await _show(request, Invalid(" ".join(sentences.values())), problems)


async def _show_invalid_json(request: Request, problems: Sequence[Mapping[str, Any]]) -> Response:
    """To a program: what it named wrongly in the query, a header or the body, by its name."""
    if any(problem["type"] == "json_invalid" for problem in problems):
        return await _show(request, Malformed(), {})
    if any(problem["loc"][0] == "path" for problem in problems):
        return await _show(request, NotFound(), {})
    fields = {_named(*problem["loc"]): sentence(problem) for problem in problems}
    return await _show(request, Invalid(" ".join(dict.fromkeys(fields.values()))), fields)


def _named(place: str, *names: str | int) -> str:
    """A header is named as everybody writes it."""
    name = ".".join(map(str, names or ("body",)))
    return name.title() if place == "header" else name


class CrashMiddleware:
    """Answer what middleware refuses, and what nobody foresaw, with a page; the log has the rest of the latter.

    Starlette's own place for this lies outside all middleware, where a response gets no headers of ours.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def note_begin(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, note_begin)
        except Exception as error:
            if begun or scope["type"] != "http":
                raise
            if not isinstance(error, AppError):
                log.exception("unforeseen")
                error = AppError()
            response = await _show(Request(scope, receive), error, {})
            await response(scope, receive, send)


def _known(request: Request, error: HTTPException, allowed: str) -> AppError:
    """The app's own words for what the framework raises."""
    match error.status_code:
        case 400 if _is_api(request):
            return Malformed()
        case 405:
            return WrongMethod(f"This address takes {allowed}." if _is_api(request) else None)
        case 404:
            return NotFound()
        case 413:
            return TooLarge(error.detail)
        case status:
            known = AppError(error.detail)
            known.status, known.title = status, known.title if status == 500 else error.detail
            return known


async def _show(
    request: Request, error: AppError, problems: dict[str, str], more_headers: Mapping[str, str] | None = None
) -> Response:
    headers = {**(more_headers or {})} | ({"Retry-After": str(error.retry_after)} if error.retry_after else {})
    if _is_api(request):
        problems = problems | error.problems
        headers |= getattr(request.state, "headers", {})
        headers |= {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
        return _problem_json(error, problems, headers)
    if error.status < 500 and _is_stream(request):
        return Response(NEVER_AGAIN, media_type="text/event-stream")
    page = Page(request)
    typed = _typed(request)
    context: dict[str, Any] = {
        "error": error,
        "problems": problems | error.problems,
        "request_id": request_id.get(),
        "typed": typed,
        "values": typed,
        "checked": frozenset(_fields(request)),
        "typed_lists": _lists(request),
    }
    template, more, block = _page_of(request, error)
    if page.from_htmx and not block:
        html = page.fragment("partials/alert.html", **context)
        headers |= {"HX-Retarget": "#flash", "HX-Reswap": "innerHTML"}
    else:
        html = page.fragment(template, block=block if page.wants_fragment else None, **{**more, **context})
    return page.finish(HTMLResponse(html, error.status, headers))


def _is_api(request: Request) -> bool:
    return f"{request.url.path}/".startswith("/api/")


def _allowed(request: Request) -> dict[str, str]:
    """All methods that an address takes, of which the framework names those of its first route."""
    routes = [each for each in iter_route_contexts(request.app.routes) if each.methods]
    found = {method for each in routes if each.path_regex.fullmatch(request.url.path) for method in each.methods or ()}
    return {"Allow": ", ".join(sorted(found))} if found else {}


def _is_stream(request: Request) -> bool:
    """Whether a stream's reader asks. htmx says of everything it asks for that a stream would do, of forms too."""
    takes_one = "text/event-stream" in request.headers.get("accept", "")
    return takes_one and request.method == "GET" and request.url.path.endswith("/stream")


def _page_of(request: Request, error: AppError) -> tuple[str, dict[str, Any], str | None]:
    """The page that shows an error, and the block of it that htmx gets: its form's, where it is one of the form and has
    no page of its own."""
    form: tuple[str, dict[str, Any]] | None = getattr(request.state, "form", None)
    of_form = error.status in FORM_ERRORS and error.template == AppError.template
    if form and of_form:
        return *form, request.state.error_block
    return error.template, {}, error.block


def _problem_json(error: AppError, problems: dict[str, str], headers: dict[str, str]) -> Response:
    """RFC 9457."""
    content = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.message,
        "errors": [{"field": field, "detail": detail} for field, detail in problems.items()],
        "request_id": request_id.get(),
    }
    return JSONResponse(content, error.status, headers, media_type="application/problem+json")


def _typed(request: Request) -> dict[str, str]:
    """What a person typed into the form that failed, so that the error page can give it back."""
    return {name: value[:SHOWN_BACK] for name, value in _fields(request)}


def _lists(request: Request) -> dict[str, list[str]]:
    """The same, with all values of fields that come several times."""
    lists: dict[str, list[str]] = {}
    for name, value in _fields(request):
        lists.setdefault(name, []).append(value)
    return lists


def _fields(request: Request) -> list[tuple[str, str]]:
    form = getattr(request, "_form", None)  # parsed already, or too broken to parse
    if request.method != "POST" or form is None:
        return []
    texts = [(name, storable(value)) for name, value in form.multi_items() if isinstance(value, str)]
    return [(name, value) for name, value in texts if name not in SECRET_FIELDS]

"""Pages and fragments: the only module that knows Jinja2 and the HX-* headers."""

import json
import logging
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from jinja2_fragments import render_block
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.ai.markdown import Markdown, References
from app.config import ROOT, Settings
from app.errors import AppError, Invalid, NotFound, TooLarge
from app.log import request_id
from app.repositories.hits import mark_words, split_hits

log = logging.getLogger(__name__)

TEMPLATES = ROOT / "app" / "templates"
STATIC = ROOT / "app" / "static"
THEMES = ("", "light", "dark")  # the first follows the system
SHOWN_BACK = 200_000  # characters of typed text that an error page gives back
SECRET_FIELDS = frozenset({"password", "code", "token"})


class Templates:
    """The Jinja2 environment with what every template may use."""

    def __init__(self, settings: Settings) -> None:
        self.env = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=not settings.in_production,
        )
        self.markdown = Markdown(self.env.get_template("partials/code_block.html").render)
        self.frame = self.env.get_template("partials/frame.html").render  # twenty times a second for every reader
        self.env.filters |= {
            "hits": split_hits,
            "mark_words": mark_words,
            "plain": plain,
            "when": when,
            "seconds": seconds,
        }
        self.env.globals |= {
            "static": static_url(immutable=settings.in_production),
            "url_for": url_for,
            "markdown": self.rendered,
            "marked": self.markdown.marked,
            "themes": THEMES,
            "settings": settings,
            "app_name": "FastOpp",
        }

    def rendered(self, text: str, prefix: str = "", references: References = ()) -> Markup:
        return Markup(self.markdown.render(text, prefix=prefix, references=references))  # noqa: S704 - nh3 cleaned it


class Page:
    """One request's way to answer: the whole page to a browser, the block to htmx, a redirect after a plain form."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.templates: Templates = request.app.state.templates
        self.cookies: list[str] = []

    @property
    def from_htmx(self) -> bool:
        return "hx-request" in self.request.headers

    @property
    def wants_fragment(self) -> bool:
        """htmx asks for whole pages too: when it follows a boosted link, and to restore the history."""
        return self.request.headers.get("hx-request-type") == "partial"

    def render(
        self, template: str, *, block: str | None = None, status: int = 200, location: str | None = None, **context: Any
    ) -> Response:
        """Answer with the template, or to htmx with one `block` of it.

        `location` is the page that shows the result of a form; a browser without JavaScript is sent there by a 303.
        """
        if location and not self.from_htmx:
            return self.redirect(location)
        values = self._context(context)
        if block and self.wants_fragment:
            html = render_block(self.templates.env, template, block, values)
        else:
            html = self.templates.env.get_template(template).render(values)
        return self.finish(HTMLResponse(html, status))

    def redirect(self, location: str) -> Response:
        """Send the person to another page; htmx is told by a header, because it would follow a 303 by itself."""
        if self.from_htmx:
            return self.finish(Response(headers={"HX-Redirect": location}))
        return self.finish(RedirectResponse(location, 303))

    def nothing(self, location: str) -> Response:
        """The act is done and the page that asked stays as it is; without JavaScript, `location` is shown."""
        return self.finish(Response(status_code=204)) if self.from_htmx else self.redirect(location)

    def download(self, content: Any, media_type: str, name: str) -> Response:
        """Send a file; what is not text goes as JSON."""
        body = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=2)
        disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        return self.finish(Response(body, media_type=media_type, headers={"Content-Disposition": disposition}))

    def fragment(self, template: str, **context: Any) -> str:
        """Render one piece of a stream."""
        return self.templates.env.get_template(template).render(self._context(context))

    def finish(self, response: Response) -> Response:
        """Add what every page says: its cookies, that it varies, and that only this browser may keep it."""
        for cookie in self.cookies:
            response.headers.append("Set-Cookie", cookie)
        response.headers.add_vary_header("HX-Request")
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def _context(self, context: Mapping[str, Any]) -> dict[str, Any]:
        theme = self.request.cookies.get("theme", "")
        return {
            "request": self.request,
            "page": self,
            "theme": theme if theme in THEMES else "",
            "provider": self.request.app.state.answers.provider,
            "rendered_so_far": self.request.app.state.answers.rendered_so_far,
            "boot_id": self.request.app.state.boot_id,
            **context,
        }


@pass_context
def url_for(context: Context, name: str, /, **path: Any) -> str:
    """The path (not the whole URL, so that proxies cannot confuse it) of a named route."""
    request: Request = context["request"]
    return str(request.app.url_path_for(name, **path))


def static_url(*, immutable: bool) -> Any:
    """Make `static("css/app.css")`: a URL that changes with the file, so that browsers may keep it for ever."""
    versions: dict[str, str] = {}

    def static(path: str) -> str:
        if path not in versions or not immutable:
            versions[path] = sha256((STATIC / path).read_bytes()).hexdigest()[:12]
        return f"/static/{path}?v={versions[path]}"

    return static


def plain(markdown: str) -> str:
    """A quote as plain words, for cards that show only its beginning."""
    return re.sub(r"(?m)^\s*(```\w*|#+|>|[-*+]|\d+\.)\s*|[`*]", "", markdown)


def when(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.2f} s" if milliseconds < 10_000 else f"{milliseconds / 1000:.0f} s"


# Errors, in the three ways that there are to ask


async def show_app_error(request: Request, error: Exception) -> Response:
    """Answer an `AppError` with its true status."""
    assert isinstance(error, AppError)  # noqa: S101 - the handler is registered for it
    return await _show(request, error, {})


async def show_http_error(request: Request, error: Exception) -> Response:
    """Answer what the framework raises (no such path, wrong method) as the app's own errors are answered."""
    assert isinstance(error, HTTPException)  # noqa: S101 - the handler is registered for it
    return await _show(request, _known(error), {}, error.headers)


async def show_invalid(request: Request, error: Exception) -> Response:
    """Answer fields that do not validate with a sentence for each, and nonsense in an address as an unknown one."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - the handler is registered for it
    if any(problem["loc"][0] in ("path", "query") for problem in error.errors()):
        return await _show(request, NotFound(), {})
    problems = {str(problem["loc"][-1]): _sentence(problem) for problem in error.errors()}
    return await _show(request, Invalid(" ".join(problems.values())), problems)


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


def _known(error: HTTPException) -> AppError:
    """The app's own words for what the framework raises."""
    match error.status_code:
        case 404:
            return NotFound()
        case 413:
            return TooLarge(error.detail)
        case status:
            known = AppError(error.detail)
            known.status, known.title = status, known.title if status == 500 else error.detail
            return known


def _sentence(problem: Mapping[str, Any]) -> str:
    """Say what is wrong with one field."""
    name, limits = str(problem["loc"][-1]).capitalize(), problem.get("ctx", {})
    match problem["type"]:
        case "missing":
            return f"{name} is needed."
        case "string_too_long":
            return f"{name} may have {limits['max_length']:,} characters at the most."
        case "value_error":
            return str(limits["error"])
        case _:
            return f"{name}: {problem['msg'][0].lower()}{problem['msg'][1:]}."


async def _show(
    request: Request, error: AppError, problems: dict[str, str], more_headers: Mapping[str, str] | None = None
) -> Response:
    headers = {**(more_headers or {})} | ({"Retry-After": str(error.retry_after)} if error.retry_after else {})
    if f"{request.url.path}/".startswith("/api/"):
        return _problem_json(error, problems, headers)
    page = Page(request)
    context = {
        "error": error,
        "problems": problems,
        "request_id": request_id.get(),
        "typed": await _typed(request),
    }
    if page.from_htmx:
        html = page.fragment("partials/alert.html", **context)
        headers |= {"HX-Retarget": "#flash", "HX-Reswap": "innerHTML"}
    else:
        html = page.fragment("error.html", **context)
    return page.finish(HTMLResponse(html, error.status, headers))


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


async def _typed(request: Request) -> dict[str, str]:
    """What a person typed into the form that failed, so that the error page can give it back."""
    form = getattr(request, "_form", None)  # parsed already, or too broken to parse
    if request.method != "POST" or form is None:
        return {}
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    return {name: value[:SHOWN_BACK] for name, value in typed.items() if name not in SECRET_FIELDS}

"""Pages and fragments: with `mail_templates` the only module that knows Jinja2, with `error_pages` that knows HX-*."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import quote, unquote, urlencode, urlsplit

from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from jinja2_fragments import render_block
from markupsafe import Markup
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from app.ai.markdown import Markdown, References
from app.config import ROOT, Settings
from app.filters import FILTERS
from app.mail_templates import MailTemplates
from app.models.user import Visit
from app.repositories.hits import mark_words, split_hits
from app.services.second_factor import qr_data_uri

TEMPLATES = ROOT / "app" / "templates"
STATIC = ROOT / "app" / "static"
MOST_AFTER_SECONDS = 3.0  # another process looks once a second what it is asked
MOST_DRAWN = 100  # pieces that are kept; one has 35 kB
URL_MARKS = "%/:?#[]@!$&'()*+,;="  # that stay as they are; a header takes no letters but ASCII
THEMES = ("", "light", "dark")  # the first follows the system
# Of a chart's series, in their order; each reads at 4.5:1 on all tones of both themes, and none is known by it alone.
CHART_COLORS = tuple(f"var(--color-{name})" for name in ("primary", "secondary", "warning", "info"))
CHART_DASHES = ("none", "7 4", "2 4", "9 3 2 3")


class CompiledOnce(BytecodeCache):
    """Templates that this process has compiled before, for another app of it: a run of tests makes a thousand."""

    compiled: ClassVar[dict[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self.compiled.get(bucket.key):
            bucket.bytecode_from_string(code)  # and forgotten again if its template has changed

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.compiled[bucket.key] = bucket.bytecode_to_string()


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
            bytecode_cache=CompiledOnce(),
        )
        self.markdown = Markdown(self.env.get_template("partials/code_block.html").render)
        self.frame = self.env.get_template("partials/frame.html").render  # twenty times a second for every reader
        self.env.filters |= {**FILTERS, "hits": split_hits, "mark_words": mark_words}
        self.env.globals |= {
            "static": static_url(immutable=settings.in_production),
            "url_for": path_maker(),
            "markdown": self.rendered,
            "marked": self.markdown.marked,
            "themes": THEMES,
            "settings": settings,
            "app_name": "FastOpp",
            "qr": qr_data_uri,
            "drawn_once": drawn_once(),
            "chart_colors": CHART_COLORS,
            "chart_dashes": CHART_DASHES,
        }
        self.mail = MailTemplates(self.env, settings.site).render

    def rendered(self, text: str, prefix: str = "", references: References = ()) -> Markup:
        return Markup(self.markdown.render(text, prefix=prefix, references=references))  # noqa: S704 - nh3 cleaned it


@dataclass(frozen=True, slots=True)
class Viewer:
    """What pages say of whoever looks at them, or as whom a superuser does; it outlives the database session."""

    called: str
    email: str
    is_guest: bool
    is_trusted: bool
    is_seen_as: bool = False
    may_write: bool = True

    @classmethod
    def of(cls, visit: Visit) -> "Viewer":
        user, seen = visit.user, visit.impersonation
        flags = (True, seen.may_write) if seen else (False, True)
        return cls(user.called, user.email, user.is_guest, user.is_trusted, *flags)


class Page:
    """One request's way to answer: the whole page to a browser, the block to htmx, a redirect after a plain form."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.templates: Templates = request.app.state.templates
        self.cookies: list[str] = []
        self.visit: Visit | None = None

    def show_to(self, visit: Visit | None) -> None:
        """Say who looks, or as whom somebody does, also on an error page."""
        self.visit = visit
        self.request.state.viewer = visit and Viewer.of(visit)

    def form(self, template: str, *, error_block: str | None = None, **context: Any) -> None:
        """Name the page of the form that is being sent: an error in it is shown there, with what was typed.

        htmx gets the `error_block` of that page in place of what it asked for, or an alert where there is none.
        """
        self.request.state.form = (template, context)
        self.request.state.error_block = error_block

    def show_form(self, **context: Any) -> Response:
        """Answer with that page itself."""
        template, known = self.request.state.form
        return self.render(template, **{**known, **context})

    @property
    def from_htmx(self) -> bool:
        return "hx-request" in self.request.headers

    @property
    def wants_fragment(self) -> bool:
        """htmx asks for whole pages too: when it follows a boosted link, and to restore the history."""
        return self.request.headers.get("hx-request-type") == "partial"

    @property
    def here(self) -> str:
        return f"{self.request.url.path}?{self.request.url.query}".rstrip("?")

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
            headers = {"HX-Replace-Url": self._short_address} if self._has_blanks else None
        else:
            html, headers = self.templates.env.get_template(template).render(values), None
        return self.finish(HTMLResponse(html, status, headers))

    @property
    def _has_blanks(self) -> bool:
        """Whether a form on this very page asks, such as that of a list's filters, and fields of it are blank."""
        headers, query = self.request.headers, self.request.query_params
        if not headers.get("hx-source", "").startswith("form") or all(value for _, value in query.multi_items()):
            return False
        return unquote(urlsplit(headers.get("hx-current-url", "")).path) == self.request.url.path

    @property
    def _short_address(self) -> str:
        """What the form asked for, without what it left blank: people share it."""
        said = [(name, value) for name, value in self.request.query_params.multi_items() if value]
        return quote(self.request.url.path, safe=URL_MARKS) + ("?" + urlencode(said) if said else "")

    def redirect(self, location: str) -> Response:
        """Send the person to another page; htmx is told by a header, because it would follow a 303 by itself."""
        if self.from_htmx:
            return self.finish(Response(headers={"HX-Redirect": quote(location, safe=URL_MARKS)}))
        return self.finish(RedirectResponse(location, 303))

    def nothing(self, location: str, after: Callable[[], Awaitable[None]] | None = None) -> Response:
        """The act is done and the page that asked stays as it is; without JavaScript, `location` is shown.

        What ends a little later, and then by itself changes a page with JavaScript, is waited for `after` the act.
        """
        if self.from_htmx:
            return self.finish(Response(status_code=204))
        return After(after, self.redirect(location)) if after else self.redirect(location)

    def download(self, content: Any, media_type: str, name: str) -> Response:
        """Send a file; what is not text goes as JSON."""
        body = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=2)
        return self.finish(Response(body, media_type=media_type, headers=attachment(name)))

    def stream_download(self, parts: AsyncIterator[str | bytes], media_type: str, name: str) -> Response:
        """Send a file while it is made, so that none of it must fit into memory."""
        return self.finish(StreamingResponse(parts, media_type=media_type, headers=attachment(name)))

    def fragment(self, template: str, *, block: str | None = None, **context: Any) -> str:
        """Render one piece of a stream, or one block of a page."""
        if block:
            return render_block(self.templates.env, template, block, self._context(context))
        return self.templates.env.get_template(template).render(self._context(context))

    def finish(self, response: Response) -> Response:
        """Add what every page says: its cookies, and that it varies."""
        for cookie in self.cookies:
            response.headers.append("Set-Cookie", cookie)
        response.headers.add_vary_header("HX-Request")
        return response

    def _context(self, context: Mapping[str, Any]) -> dict[str, Any]:
        theme = self.request.cookies.get("theme", "")
        return {
            "request": self.request,
            "page": self,
            "theme": theme if theme in THEMES else "",
            "viewer": getattr(self.request.state, "viewer", None),
            "looked": hasattr(self.request.state, "viewer"),
            "values": {},
            "checked": frozenset(),
            "typed_lists": {},
            "problems": {},
            "error": None,
            "provider": self.request.app.state.answers.provider,
            "rendered_so_far": self.request.app.state.answers.rendered_so_far,
            "boot_id": self.request.app.state.boot_id,
            **context,
        }


class After(Response):
    """Holds back its response until something is done, but not for long: the page would show how it was before.

    It waits when it is sent, so when the transaction of its request is over.
    """

    def __init__(self, done: Callable[[], Awaitable[None]], response: Response) -> None:
        super().__init__()
        self.done = done
        self.response = response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.done(), MOST_AFTER_SECONDS)
        await self.response(scope, receive, send)


def attachment(name: str) -> dict[str, str]:
    """The header that makes a browser keep a file and not show it."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}


def path_maker() -> Any:
    """Make `url_for("webinar", slug="herons")`: the path (not the whole URL, so that proxies cannot confuse it) of a
    named route. Each route is looked for once: a table names a hundred, and to find one takes as long as a query.
    """
    paths: dict[str, str] = {}

    @pass_context
    def url_for(context: Context, name: str, /, **path: Any) -> str:
        if name not in paths:
            request: Request = context["request"]
            paths[name] = str(request.app.url_path_for(name, **{each: f"{{{each}}}" for each in path}))
        return paths[name].format(**path)

    return url_for


def drawn_once() -> Any:
    """Make `drawn_once("products/figures.html", state, dashboard=dashboard)`: a piece of a page that shows nothing but
    what `state` holds, and so is the same for everybody until that changes. It sees these values and `url_for` alone.
    """
    drawn: OrderedDict[tuple[str, bytes], Markup] = OrderedDict()

    @pass_context
    def draw(context: Context, template: str, state: bytes, /, **values: Any) -> Markup:
        key = (template, state)
        if key not in drawn:
            html = context.environment.get_template(template).render(values, request=context["request"])
            drawn[key] = Markup(html)  # noqa: S704 - a template's, which escaped it
        drawn.move_to_end(key)
        while len(drawn) > MOST_DRAWN:
            drawn.popitem(last=False)
        return drawn[key]

    return draw


def static_url(*, immutable: bool) -> Any:
    """Make `static("css/app.css")`: a URL that changes with the file, so that browsers may keep it for ever."""
    versions: dict[str, str] = {}

    def static(path: str) -> str:
        if path not in versions or not immutable:
            versions[path] = sha256((STATIC / path).read_bytes()).hexdigest()[:12]
        return f"/static/{path}?v={versions[path]}"

    return static

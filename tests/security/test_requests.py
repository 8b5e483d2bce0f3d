"""Requests as no page of ours sends them: of other sites, in other shapes, with headers and cookies made up."""

from collections.abc import AsyncIterator, Sequence
from http.cookies import SimpleCookie
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlmodel import SQLModel

from app.config import Settings
from app.routes.dev import MAIL_POLICY
from app.routes.docs import DOCS_POLICY
from app.security import SECURITY_HEADERS
from tests.browser import HTMX, Browser
from tests.conftest import OpenApp, in_production
from tests.html import find, parse
from tests.people import mails, make_user, sign_in
from tests.security.crawl import Endpoint, endpoints, unsafe
from tests.security.scene import OWNER, Scene, make_scene, many, session_cookie

EVIL = "https://evil.example"
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "nonsense"},
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Origin": "http://[evil"},
    {"Origin": "http://testserver.evil.example"},
    {"Origin": "http://testserver@evil.example"},
]


@pytest.fixture
async def scene(open_app: OpenApp, settings: Settings) -> AsyncIterator[Scene]:
    scene = await make_scene(await open_app(many(settings)), is_superuser=True)  # who sees every form
    yield scene
    await scene.close()


async def everything(app: FastAPI) -> dict[str, Sequence[str]]:
    """All rows of all tables."""
    async with app.state.database.transaction() as session:
        connection = await session.connection()
        tables = SQLModel.metadata.sorted_tables
        return {each.name: sorted(map(repr, (await connection.execute(each.select())).all())) for each in tables}


async def test_no_form_of_another_site_does_anything(scene: Scene) -> None:
    paths = {each: await scene.path(each) for each in unsafe(scene.app) if each.name != "unsubscribe"}
    assert len(paths) > 35
    before = await everything(scene.app)
    del scene.browser.client.headers["Sec-Fetch-Site"]
    for endpoint, path in paths.items():
        for headers in FOREIGN:
            options = {**endpoint.sent(), "headers": headers}
            response = await scene.browser.client.request(endpoint.method, path, **options)
            assert response.status_code == 403, f"{endpoint.name} with {headers}"
            assert "set-cookie" not in response.headers
    assert await everything(scene.app) == before


async def test_an_older_browser_tells_by_its_origin_that_a_form_is_ours(scene: Scene) -> None:
    del scene.browser.client.headers["Sec-Fetch-Site"]
    options: dict[str, Any] = {"data": {"name": "Ours"}, "headers": {"Origin": "http://testserver"}}
    assert (await scene.browser.client.post("/account", **options)).status_code == 303


async def test_a_get_changes_nothing(scene: Scene) -> None:
    """What a link or a picture of another site can make a browser do. That somebody exported is noted, and no more."""
    reads = [each for each in endpoints(scene.app) if each.is_read and each.name != "export_records"]
    paths = [await scene.path(each) for each in reads]
    before = await everything(scene.app)
    for path in paths:
        await scene.browser.get(path, headers={"Sec-Fetch-Site": "cross-site"})
    after = await everything(scene.app)
    assert after == before


# Cookies that nobody was given

FORGED = {
    "empty": "",
    "of another key": "x" * 43,
    "long": "x" * 10_000,
    "not ASCII": "ü" * 43,
    "two parts, not ASCII": "ü.ü",
    "two parts": "x.y",
    "quoted": '"\\303\\274"',
    "a NUL": '"\\000"',
}


@pytest.mark.parametrize("kind", ["session", "pending", "device", "theme"])
@pytest.mark.parametrize("value", FORGED.values(), ids=FORGED)
async def test_a_forged_cookie_is_nobodys(app: FastAPI, kind: str, value: str) -> None:
    async with Browser(app) as browser:
        cookie = {"Cookie": f"{kind}={value}".encode()}
        options: dict[str, Any] = {"headers": cookie}
        assert (await browser.client.get("/", **options)).status_code == 200
        assert (await browser.client.get("/account", **options)).status_code == 401
        form = {"email": "nobody@example.com", "password": "x", "code": "12345678"}
        assert (await browser.client.post("/sign-in", data=form, **options)).status_code == 422
        for path in ("/sign-in/code/check", "/sign-in/second-factor"):
            assert (await browser.client.post(path, data=form, **options)).status_code == 410


async def test_a_truncated_or_altered_cookie_is_nobodys(scene: Scene) -> None:
    right = session_cookie(scene.browser)
    async with Browser(scene.app) as browser:
        for wrong in (right[:-1], right + "x", right[1:], right.swapcase(), f"{right}.{right}"):
            browser.client.cookies.set("session", wrong)
            assert (await browser.get("/account")).status_code == 401
            browser.client.cookies.clear()
        browser.client.cookies.set("session", right)
        assert (await browser.get("/account")).status_code == 200


async def test_the_database_holds_no_token_that_opens_anything(scene: Scene) -> None:
    rows = str(await everything(scene.app))
    assert session_cookie(scene.browser) not in rows
    assert scene.token not in rows


# Bodies of other kinds

BODIES: dict[str, dict[str, Any]] = {
    "JSON": {"json": {"email": "a@example.com", "name": "x"}},
    "plain text": {"content": b"email=a@example.com", "headers": {"Content-Type": "text/plain"}},
    "nothing": {},
    "half a multipart": {"content": b"--x\r\nConte", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    "multipart without boundary": {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
    "no UTF-8": {
        "content": b"\xff\xfe=%ff&email=%ff",
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
    },
    "too many fields": {"data": {f"f{n}": "x" for n in range(1500)}},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_body_of_another_kind_is_no_crash(scene: Scene, body: dict[str, Any]) -> None:
    for endpoint in unsafe(scene.app):
        if endpoint.fields:
            response = await scene.browser.client.request(endpoint.method, await scene.path(endpoint), **body)
            assert response.status_code < 500, endpoint.name


async def test_a_file_where_text_is_expected_is_refused(scene: Scene) -> None:
    for endpoint in unsafe(scene.app):
        files = dict.fromkeys(endpoint.fields, ("x.txt", b"\x00\xff", "text/plain"))
        if files:
            response = await scene.browser.client.request(endpoint.method, await scene.path(endpoint), files=files)
            assert 400 <= response.status_code < 500, endpoint.name


CHARSETS = {
    "utf-7": "+2AA-",
    "utf-16": "x",
    "unicode_escape": "\\ud800",
    "idna": "xn--\x80",
    "undefined": "x",
    "hex": "x",
}


@pytest.mark.parametrize("turn", range(3))
async def test_a_form_that_claims_another_charset_is_no_crash(scene: Scene, turn: int) -> None:
    """In some of them half of a surrogate pair can be written, which no database stores and no header carries.

    Half of them for each route.
    """
    charsets = list(CHARSETS.items())
    for number, endpoint in enumerate(unsafe(scene.app)):
        charset, value = charsets[(number + 2 * turn) % len(charsets)]
        body = "".join(
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name in endpoint.fields
        )
        headers = {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}", **HTMX}
        options: dict[str, Any] = {"content": f"{body}--x--\r\n".encode("latin-1"), "headers": headers}
        response = await scene.browser.client.request(endpoint.method, await scene.path(endpoint), **options)
        assert response.status_code < 500, endpoint.name


# The Host header


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "X-Original-Host", "Forwarded"])
async def test_links_in_mails_are_of_this_site_whatever_the_request_says(
    open_app: OpenApp, settings: Settings, header: str
) -> None:
    app = await open_app(settings)
    await make_user(app, OWNER)
    async with Browser(app) as browser:
        browser.client.headers[header] = "host=evil.example" if header == "Forwarded" else "evil.example"
        assert (await browser.post("/register", email="new@example.com")).status_code == 200
        assert (await browser.post("/reset-password", email=OWNER)).status_code == 200
        await sign_in(browser, OWNER)
        changed = await browser.post("/account", name="Vera")
        assert changed.headers["location"] == "/account", "a redirect names no host"
    for recipient in ("new@example.com", OWNER):
        for mail in await mails(app, recipient):
            assert "evil" not in mail.text + mail.html + mail.subject
            assert app.state.settings.site in mail.text or "://" not in mail.text


# What every answer says

OWN_HEADERS = {
    "static": {"Cache-Control": "no-cache"},
    "webinar_cover": {"Cache-Control": "public, max-age=86400, immutable"},
    "product_picture": {"Cache-Control": "public, max-age=86400, immutable"},
    "photo_file": {"Cache-Control": "private, no-cache"},
    "photos_get": {"Cache-Control": "private, no-cache"},
    "docs": {"Content-Security-Policy": DOCS_POLICY},
    "dev_mail_html": {"Content-Security-Policy": MAIL_POLICY},
}


async def answers(scene: Scene) -> AsyncIterator[tuple[Endpoint, httpx2.Response]]:
    for endpoint in endpoints(scene.app):
        if endpoint.name != "sign_out":
            path = await scene.path(endpoint)
            yield endpoint, await scene.browser.client.request(endpoint.method, path, **endpoint.sent())
    for path in ("/nowhere", "/api/nowhere", "/answers/999/stream", "/static/nowhere"):
        yield Endpoint(path, "GET", path), await scene.browser.get(path)


async def test_every_answer_has_the_headers_and_private_ones_are_not_kept(scene: Scene) -> None:
    async for endpoint, response in answers(scene):
        for name, value in SECURITY_HEADERS.items():
            own = OWN_HEADERS.get(endpoint.name, {}).get(name, value)
            assert response.headers.get(name) == own, f"{name} of {endpoint.name}"
        assert "Strict-Transport-Security" not in response.headers


async def test_a_policy_allows_no_script_of_a_page(scene: Scene) -> None:
    policy = dict(part.split(" ", 1) for part in SECURITY_HEADERS["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == "'self'" and policy["object-src"] == "'none'" and policy["base-uri"] == "'none'"
    assert "unsafe" not in str(policy)
    assert "script-src 'self';" in DOCS_POLICY
    assert "default-src 'none'" in MAIL_POLICY and "allow-scripts" not in MAIL_POLICY


async def test_cookies_in_production(open_app: OpenApp, settings: Settings) -> None:
    app = await open_app(in_production(settings))
    await make_user(app, OWNER)
    set_cookies = []
    async with Browser(app, scheme="https") as browser:
        for path, form in (
            ("/chat", {"content": "Hello?"}),
            ("/sign-in/code", {"email": OWNER}),
            ("/sign-in", {"email": OWNER, "password": "a heron stands in the reeds"}),
            ("/theme", {"theme": "dark"}),
            ("/sign-out", {}),
        ):
            response = await browser.post(path, **form)
            set_cookies += response.headers.get_list("set-cookie")
        assert response.headers["Strict-Transport-Security"]
    names = set()
    for cookie in set_cookies:
        ((name, morsel),) = SimpleCookie(cookie).items()
        names.add(name)
        assert morsel["httponly"] and morsel["secure"] and morsel["samesite"] == "lax", cookie
        assert morsel["path"] == "/" and not morsel["domain"], cookie
    assert names == {"__Host-session", "__Host-pending", "__Host-device", "theme"}


async def test_pages_load_nothing_from_elsewhere(scene: Scene) -> None:
    async for endpoint, response in answers(scene):
        if response.headers.get("content-type", "").startswith("text/html"):
            for each in find(parse(response), "script, link[rel=stylesheet], img, iframe, form"):
                address = each.get("src") or each.get("href") or each.get("action") or ""
                assert not address.startswith(("http", "//")), f"{address} on {endpoint.name}"

"""The frame: home, themes, errors in three ways, headers, health."""

import pytest

from app.config import Settings
from tests.browser import Browser
from tests.conftest import OpenApp, in_production
from tests.html import find, one, parse, text


async def test_home_has_the_question_box(browser: Browser) -> None:
    page = parse(await browser.get("/"))
    assert one(page, "main form input[name=content]").get("required") is not None
    assert one(page, "main form").get("action") == "/ask"


async def test_every_response_carries_the_policy_and_a_request_id(browser: Browser) -> None:
    for path in ("/", "/chat", "/nope", "/static/css/app.css", "/health/live"):
        headers = (await browser.get(path)).headers
        assert "script-src 'self';" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-request-id"]


async def test_pages_are_private_and_files_are_kept(browser: Browser) -> None:
    page = await browser.get("/")
    assert page.headers["cache-control"] == "no-store"
    assert "HX-Request" in page.headers["vary"]
    style = one(parse(page), "link[rel=stylesheet]").get("href") or ""
    assert "immutable" in (await browser.get(style)).headers["cache-control"]


async def test_unknown_address_in_three_ways(browser: Browser) -> None:
    page = await browser.get("/nope")
    assert (page.status_code, text(one(parse(page), "h1"))) == (404, "Not found")
    fragment = await browser.htmx("/nope")
    assert (fragment.status_code, fragment.headers["hx-retarget"]) == (404, "#flash")
    assert not find(parse(fragment), "h1") and one(parse(fragment), "dialog[open]") is not None
    problem = await browser.get("/api/nope")
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["status"] == 404


async def test_a_crash_shows_its_request_id_and_nothing_else(open_app: OpenApp, settings: Settings) -> None:
    app = await open_app(settings)

    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("the password is tulip")

    async with Browser(app) as browser:
        page = await browser.get("/crash")
    assert page.status_code == 500
    assert "tulip" not in page.text
    assert page.headers["x-request-id"] in page.text


async def test_the_theme_is_kept_in_a_cookie(browser: Browser) -> None:
    assert (await browser.post("/theme", theme="dark")).status_code == 303
    assert one(parse(await browser.get("/")), "input[name=theme][checked]").get("value") == "dark"
    assert (await browser.post("/theme", theme="pink")).status_code == 422


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example", "Sec-Fetch-Site": ""}]
)
async def test_forms_of_other_sites_are_refused(browser: Browser, headers: dict[str, str]) -> None:
    browser.client.headers.pop("Sec-Fetch-Site")
    response = await browser.client.post("/chat", data={"content": "hello"}, headers=headers)
    assert response.status_code == 403
    assert "set-cookie" not in response.headers


async def test_health(browser: Browser) -> None:
    assert (await browser.get("/health/live")).json() == {"status": "ok"}
    assert (await browser.get("/health/ready")).json() == {"status": "ok"}


async def test_not_ready_without_a_schema(open_app: OpenApp, settings: Settings, tmp_path: object) -> None:
    app = await open_app(settings.model_copy(update={"database_url": f"sqlite+aiosqlite:///{tmp_path}/empty.db"}))
    async with Browser(app) as browser:
        response = await browser.get("/health/ready")
    assert response.status_code == 503
    assert "fastopp migrate" in response.text


async def test_pages_of_development_follow_the_code(browser: Browser) -> None:
    poll = one(parse(await browser.get("/")), "[hx-get^='/dev/boot/']").get("hx-get") or ""
    assert "hx-refresh" not in (await browser.get(poll)).headers
    assert (await browser.get("/dev/boot/older")).headers["hx-refresh"] == "true"


async def test_production_has_no_trace_of_development(open_app: OpenApp, settings: Settings) -> None:
    app = await open_app(in_production(settings))
    async with Browser(app) as browser:
        page = await browser.get("/")
        assert not find(parse(page), "[hx-get^='/dev/']")
        assert "max-age" in page.headers["strict-transport-security"]
        assert (await browser.get("/dev/boot/x")).status_code == 404
        cookie = (await browser.post("/chat", content="hello")).headers["set-cookie"]
    assert (
        cookie.startswith("__Host-session=")
        and "Secure" in cookie
        and "HttpOnly" in cookie
        and "SameSite=lax" in cookie
    )

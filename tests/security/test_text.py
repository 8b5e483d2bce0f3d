"""Text that is more than text: addresses to be sent to, lines and letters that lie, and markup, in every field."""

from collections.abc import AsyncIterator
from urllib.parse import quote, urlsplit

import httpx2
import pytest
from fastapi import FastAPI
from sqlmodel import col, select

from app.config import Settings
from app.models.conversation import Message
from app.models.mail import Mail
from app.models.user import HOME
from tests.browser import HTMX, Browser
from tests.conftest import OpenApp
from tests.html import find, one, parse, text
from tests.people import PASSWORD, code, link, mails, make_user, sign_in
from tests.security.crawl import FORMS, endpoints, unsafe
from tests.security.scene import OWNER, Scene, make_scene, many
from tests.waiting import ended

# Where to go next

ELSEWHERE = [
    *("//evil.example", "https://evil.example", "http:evil.example", "///evil.example", "evil.example", "."),
    *("/\\evil.example", "\\\\evil.example", "\\/evil.example", "/\t/evil.example", "/\n/evil.example", "\t//evil"),
    *("javascript:alert(1)", "data:text/html,x", " //evil.example", "\x00//evil.example", "/\r\nSet-Cookie: a=b"),
    *("//%65vil.example", "/ /evil.example", "//evil.example/%2f..", "/\x7f/evil", "@evil.example", "?x", ""),
]
OURS = ["/%09/evil.example", "/%2f/evil.example", "/a//evil.example", "/é", "/☃", "/chat?q=1#x"]


def is_ours(location: str) -> bool:
    """Whether a browser stays here: browsers read a backslash as a slash and pass over tabs and line breaks."""
    read = location.replace("\\", "/").replace("\t", "").replace("\n", "").replace("\r", "").strip()
    parts = urlsplit(f"http://testserver{read}" if read.startswith("/") and not read.startswith("//") else read)
    return parts.netloc == "testserver" and all(" " < c < "\x7f" for c in location)


def goes_to(response: httpx2.Response) -> str:
    return response.headers.get("location") or response.headers.get("hx-redirect") or ""


@pytest.mark.parametrize("next", ELSEWHERE)
async def test_nobody_is_sent_elsewhere(app: FastAPI, browser: Browser, next: str) -> None:
    await make_user(app, OWNER)
    shown = parse(await browser.get(f"/sign-in?next={quote(next)}"))
    assert one(shown, "input[name=next]").get("value") == HOME
    links = [each.get("href") or "" for each in find(shown, "a[href^='/register']")]
    assert links == [f"/register?next={HOME}"]
    assert one(parse(await browser.get(f"/register?next={quote(next)}")), "input[name=next]").get("value") == HOME
    for path in await doors(app, browser, next):
        assert path in (HOME, "/account"), path


@pytest.mark.parametrize("next", OURS)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
async def test_a_path_of_ours_is_gone_to(app: FastAPI, browser: Browser, next: str, headers: dict[str, str]) -> None:
    browser.client.headers.update(headers)
    await make_user(app, OWNER)
    for path in await doors(app, browser, next):
        assert is_ours(path) and (path == "/account" or path == quote(next, safe="/%?=#")), path


async def doors(app: FastAPI, browser: Browser, next: str) -> list[str]:
    """Where each door leads that takes a `next`: by password, by code (kept in its ticket), by link, confirming."""
    by_password = await browser.post("/sign-in", email=OWNER, password=PASSWORD, next=next)
    confirmed = await browser.post("/account/confirmation", confirm_password=PASSWORD, next=next)
    await browser.post("/sign-out")
    await browser.post("/sign-in/code", email=OWNER, next=next)
    by_code = await browser.post("/sign-in/code/check", code=await code(app, OWNER))
    await browser.post("/sign-out")
    await browser.post("/register", email="new@example.com", next=next)
    by_link = await browser.post(await link(app, "new@example.com"), new_password=PASSWORD)
    return [goes_to(each) for each in (by_password, confirmed, by_code, by_link)]


# Lines and letters that lie

LIES = {
    "a line break": "Vera\r\nBcc: all@example.com",
    "a line feed": "Vera\nX: y",
    "a NUL": "Ve\x00ra",
    "text that turns around": "Vera \u202egro.elpmaxe@adA",
    "an isolate": "Vera \u2066x",
    "a line separator": "Vera\u2028x",
    "nothing to see": "Vera\u200b",
    "a byte order mark": "\ufeffVera",
    "an escape": "Vera\x1b[31m",
    "C1": "Vera\x85x",
    "a private character": "Vera\ue000",
    "tags": "Vera\U000e0041",
}


@pytest.mark.parametrize("name", LIES.values(), ids=LIES)
async def test_names_hold_no_lies(app: FastAPI, browser: Browser, name: str) -> None:
    await make_user(app, OWNER)
    await sign_in(browser, OWNER)
    renamed = await browser.post("/account", name=name)
    assert renamed.status_code == 422 and "invisible" in text(one(parse(renamed), "#about-name"))
    token = await browser.post("/account/tokens", name=name, scopes="read", days="7")
    assert token.status_code == 422 and "invisible" in text(one(parse(token), "#about-name"))
    address = await browser.post("/register", email=f"{name}@example.com")
    assert address.status_code == 422
    await browser.post("/register", email="new@example.com")
    finished = await browser.post(await link(app, "new@example.com"), name=name, new_password=PASSWORD)
    assert finished.status_code == 422


LONG = "x" * 10_000


@pytest.fixture
async def scene(open_app: OpenApp, settings: Settings) -> AsyncIterator[Scene]:
    scene = await make_scene(await open_app(many(settings)), is_superuser=True)  # who sees every form
    yield scene
    await scene.close()


async def test_far_too_long_fields_are_told_so_and_stay_typed(scene: Scene) -> None:
    told = set()
    for endpoint in unsafe(scene.app):
        for name in set(endpoint.fields) - {"next", "parent", "theme"}:
            form = {**FORMS.get(endpoint.name, {}), name: LONG}
            response = await scene.browser.client.post(await scene.path(endpoint), data=form)
            if response.status_code < 400:
                assert name in ("content", "description", "instructions", "model"), f"{endpoint.name} takes {name}"
                continue
            assert response.status_code in (404, 409, 410, 422), f"{endpoint.name}, {name}: {response.status_code}"
            told.add((endpoint.name, name))
            is_secret = "password" in name or name == "code"
            assert not is_secret or LONG not in response.text, f"{endpoint.name} shows {name}"
            main = one(parse(response), "main")
            if name in ("email", "name", "reason", "title") and response.status_code == 422:
                assert "characters" in text(main), f"{endpoint.name} does not say that {name} is too long"
                assert LONG in response.text, f"{endpoint.name} loses {name}"
    assert len(told) > 20


ODD = ("\x00", "\ud800", "\u202e", "\r\n", "🦉" * 3000, "-1", "9" * 30, "NaN", "1e400")


@pytest.mark.parametrize("turn", range(3))
async def test_odd_values_are_no_crash(scene: Scene, turn: int) -> None:
    """A third of them for each field: all for all would take a minute."""
    fields = ((endpoint, name) for endpoint in unsafe(scene.app) for name in endpoint.fields)
    for number, (endpoint, name) in enumerate(fields):
        sent = quote(ODD[(number + 3 * turn) % len(ODD)], errors="surrogatepass")
        others = "".join(f"&{k}={quote(str(v))}" for k, v in FORMS.get(endpoint.name, {}).items() if k != name)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        response = await scene.browser.client.post(
            await scene.path(endpoint), content=f"{name}={sent}{others}", headers=headers
        )
        assert response.status_code < 500, f"{endpoint.name}, {name}: {sent[:20]}"


ODD_PATHS = ("%00", "%ed%a0%80", "%0d%0a", "..%2f..", "9" * 30, "%25", "%C3%BC", "x" * 5000)


@pytest.mark.parametrize("turn", range(4))
async def test_odd_paths_are_no_crash(scene: Scene, turn: int) -> None:
    """Half of them for each route."""
    for number, endpoint in enumerate(each for each in endpoints(scene.app) if "{" in each.path):
        value = ODD_PATHS[(number + 2 * turn) % len(ODD_PATHS)]
        path = "/".join(value if part.startswith("{") else part for part in endpoint.path.split("/"))
        response = await scene.browser.client.request(endpoint.method, path, data=FORMS.get(endpoint.name))
        assert response.status_code < 500, f"{endpoint.name} at {path[:80]}"


LOOK_ALIKES = {
    "Cyrillic a": "ver\u0430@example.com",
    "Cyrillic a in the domain": "vera@ex\u0430mple.com",
    "full width": "ｖｅｒａ@example.com",
    "full width in the domain": "vera@ｅｘａｍｐｌｅ.com",
    "full stop in the domain": "vera@example。com",
    "dotless i": "v\u0131ra@example.com",
    "dotted I, which Turkish lowers": "V\u0130RA@example.com",
    "dotless i in the domain": "vira@l\u0131on.example.com",
    "a Kelvin sign in the domain": "vera@\u212aiwi.com",
    "a combining mark": "vera\u0301@example.com",
    "a combining mark in the domain": "vera@exa\u0308mple.com",
    "a soft hyphen in the domain": "vera@exam\u00adple.com",
    "a joiner in the domain": "vera@exam\u200dple.com",
    "a long s in the domain": "vera@\u017fea.com",
    "an ligature in the domain": "vera@\ufb01re.com",
    "a quoted space": '"ve ra"@example.com',
    "a comment": "vera(x)@example.com",
    "a name": "Vera <vera@example.com>",
    "two": "vera@example.com,other@example.com",
    "a trailing dot": "vera@example.com.",
}
REAL = [
    "vera@example.com",
    "vira@example.com",
    "vera@kiwi.com",
    "vera@sea.com",
    "vera@fire.com",
    "vira@lion.example.com",
]


@pytest.mark.parametrize("typed", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
async def test_a_look_alike_is_nobody_elses_address(app: FastAPI, browser: Browser, typed: str) -> None:
    for email in REAL:
        await make_user(app, email)
    assert (await browser.post("/sign-in", email=typed, password=PASSWORD)).status_code == 422
    for path in ("/register", "/reset-password", "/sign-in/code"):
        await browser.post(path, email=typed)
    assert [mail for email in REAL for mail in await mails(app, email)] == []


async def test_the_same_address_in_other_cases_is_the_same(app: FastAPI, browser: Browser) -> None:
    await make_user(app, "vera@example.com")
    for typed in ("VERA@EXAMPLE.COM", " vera@Example.com\t"):
        await sign_in(browser, typed)
        await browser.post("/sign-out")
    await make_user(app, "vera@xn--bcher-kva.example.com")
    await sign_in(browser, "vera@bücher.example.com")


# Markup

MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}'
SHORT = "'\"><svg onload=alert(1)>{{7*7}}"


async def every_page(browser: Browser, scene: Scene) -> AsyncIterator[tuple[str, str]]:
    """All pages that this person can see, by their names; and the mails as they are shown."""
    for endpoint in endpoints(scene.app):
        if endpoint.is_read:
            response = await browser.get(await scene.path(endpoint))
            if response.headers.get("content-type", "").startswith(("text/html", "text/event-stream")):
                yield endpoint.name, response.text
    async with scene.app.state.database.transaction() as session:
        for mail in (await session.exec(select(Mail))).all():
            yield f"mail {mail.subject}", mail.html
            yield f"mail page {mail.id}", (await browser.get(f"/dev/mail/{mail.id}")).text


def is_inert(markup: str) -> bool:
    page = parse(markup)
    scripts = [each for each in find(page, "script") if not (each.get("src") or "").startswith("/static/vendor/")]
    handlers = [name for each in page.iter() for name in each.attrib if str(name).startswith("on")]
    odd = find(page, "img[src=x], svg[onload]")
    return not scripts and not handlers and not odd


async def test_markup_in_every_field_is_text(scene: Scene) -> None:
    mine = scene.browser
    mine.client.headers["User-Agent"] = MARKUP
    await sign_in(mine, OWNER)
    path = f"/chat/{scene.ids['conversation_id']}"
    for at, form in {
        "/account": {"name": MARKUP},
        path: {"title": MARKUP, "instructions": MARKUP},
        f"{path}/messages": {"content": MARKUP},
        "/ask": {"content": MARKUP},
        "/account/tokens": {"name": MARKUP, "scopes": "read", "days": "7"},
        f"/answers/{scene.ids['message_id']}/feedback": {"rating": "-1", "reason": MARKUP},
    }.items():
        response = await mine.post(at, **form)
        assert response.status_code in (200, 201, 303), f"{at}: {response.text}"
        assert is_inert(response.text), at
    await ended(mine, path)
    async with scene.app.state.database.transaction() as session:
        for message in (await session.exec(select(Message).where(col(Message.role) == "assistant"))).all():
            session.add(message.sqlmodel_update({"text": f"{MARKUP}\n\n[x](javascript:alert(1)) <{SHORT}>"}))
    await make_user(scene.app, "ada@example.com", name=MARKUP, is_superuser=True)
    async with Browser(scene.app) as ada:
        await sign_in(ada, "ada@example.com")
        await ada.post("/people/invitations", email="invited@example.com", groups="1")
        await ada.get("/people")
        shown = [each async for each in every_page(mine, scene)] + [each async for each in every_page(ada, scene)]
    guilty = [name for name, markup in shown if not is_inert(markup)]
    assert guilty == []
    assert sum("alert(1)" in markup for _, markup in shown) > 15, "it was shown"
    assert [name for name, markup in shown if ">49<" in markup] == []
    links = [each.get("href") or "" for _, markup in shown for each in find(parse(markup), "a")]
    assert [href for href in links if href.strip().lower().startswith(("javascript:", "data:"))] == []


async def test_markup_in_what_is_typed_and_refused_is_text(scene: Scene) -> None:
    for endpoint in unsafe(scene.app):
        for name in endpoint.fields:
            form = {field: f"{field}{MARKUP}" for field in endpoint.fields}
            for headers in ({}, HTMX):
                path = await scene.path(endpoint)
                response = await scene.browser.client.post(path, data={**form, name: MARKUP}, headers=headers)
                assert is_inert(response.text), f"{endpoint.name}, {name}"


async def test_markup_in_an_address_is_text(scene: Scene) -> None:
    for endpoint in endpoints(scene.app):
        if endpoint.is_read and not endpoint.is_api:  # JSON is no markup
            path = await scene.path(endpoint)
            for query in ("q", "next", "at", "edit", "v", "start"):
                assert is_inert((await scene.browser.get(f"{path}?{query}={quote(MARKUP)}")).text), path
    assert is_inert((await scene.browser.get(f"/{quote(MARKUP)}")).text)


def test_what_is_not_inert_is_found() -> None:
    assert not is_inert(MARKUP) and not is_inert(SHORT) and not is_inert("<a href=x onclick=y>")

"""Sessions: each begins anew at every door, and is worth nothing after its end."""

from collections.abc import Awaitable, Callable

import pyotp
import pytest
from fastapi import FastAPI

from app.models.ticket import Purpose
from app.models.user import User
from tests.browser import Browser
from tests.html import find, one, parse, text
from tests.people import OTHER_PASSWORD, PASSWORD, code, link, make_user, sign_in
from tests.security.scene import issue, session_cookie

ADDRESS = "vera@example.com"
ADMIN = "ada@example.com"


@pytest.fixture
async def vera(app: FastAPI) -> User:
    return await make_user(app, ADDRESS)


async def works(app: FastAPI, cookie: str) -> bool:
    async with Browser(app) as replayed:
        replayed.client.cookies.set("session", cookie)
        return (await replayed.get("/account")).status_code == 200


# A new one at every door


async def by_password(app: FastAPI, browser: Browser, user: User) -> None:
    await sign_in(browser, ADDRESS)


async def by_reset(app: FastAPI, browser: Browser, user: User) -> None:
    secret = await issue(app, Purpose.RESET_PASSWORD, user)
    done = await browser.post(f"/reset-password/{secret}", new_password=OTHER_PASSWORD)
    assert done.status_code == 303


async def by_rescue(app: FastAPI, browser: Browser, user: User) -> None:
    secret = await issue(app, Purpose.RESCUE, user)
    assert (await browser.post(f"/sign-in/link/{secret}")).status_code == 303


async def by_code(app: FastAPI, browser: Browser, user: User) -> None:
    await browser.post("/sign-in/code", email=ADDRESS)
    sent = await code(app, ADDRESS)
    assert (await browser.post("/sign-in/code/check", code=sent)).status_code == 303


async def by_second_factor(app: FastAPI, browser: Browser, user: User) -> None:
    async with Browser(app) as other:
        await sign_in(other, ADDRESS)
        codes = await enable_second_factor(other)
    step = await browser.post("/sign-in", email=ADDRESS, password=PASSWORD)
    assert step.headers["location"] == "/sign-in/second-factor"
    assert not await is_account(browser), "half done is nothing yet"
    assert (await browser.post("/sign-in/second-factor", code=codes[0])).status_code == 303


async def by_registration(app: FastAPI, browser: Browser, user: User) -> None:
    await browser.post("/register", email="new@example.com")
    done = await browser.post(await link(app, "new@example.com"), new_password=PASSWORD)
    assert done.status_code == 303


async def enable_second_factor(browser: Browser) -> list[str]:
    """Its recovery codes."""
    form = parse(await browser.get("/account/second-factor"))
    secret = next(text(each) for each in find(form, "main code") if len(text(each)) == 32)
    sealed = one(form, "input[name=secret]").get("value") or ""
    enabled = await browser.post("/account/second-factor", secret=sealed, code=pyotp.TOTP(secret).now())
    return [text(each) for each in find(parse(enabled), "section code")]


async def is_account(browser: Browser) -> bool:
    return (await browser.get("/account")).status_code == 200


Door = Callable[[FastAPI, Browser, User], Awaitable[None]]
DOORS: tuple[Door, ...] = (by_password, by_reset, by_rescue, by_code, by_second_factor, by_registration)


@pytest.mark.parametrize("enter", DOORS, ids=lambda door: door.__name__)
async def test_the_cookie_before_a_door_is_worth_nothing_after_it(
    app: FastAPI, browser: Browser, vera: User, enter: Door
) -> None:
    written = await browser.start("Before?")
    planted = session_cookie(browser)
    await enter(app, browser, vera)
    assert await is_account(browser)
    assert session_cookie(browser) != planted
    assert not await works(app, planted)
    async with Browser(app) as attacker:
        attacker.client.cookies.set("session", planted)
        assert (await attacker.get(written)).status_code == 401


async def test_a_password_change_begins_another_session(app: FastAPI, browser: Browser, vera: User) -> None:
    await sign_in(browser, ADDRESS)
    before = session_cookie(browser)
    await browser.post("/account/password", current_password=PASSWORD, new_password=OTHER_PASSWORD)
    assert await is_account(browser) and not await works(app, before)


async def test_a_made_up_cookie_is_not_adopted(app: FastAPI, browser: Browser, vera: User) -> None:
    browser.client.cookies.set("session", planted := "a" * 43)
    await browser.post("/sign-in", email=ADDRESS, password=PASSWORD)
    held = [cookie.value for cookie in browser.client.cookies.jar if cookie.name == "session"]
    assert len(held) and planted != held[-1]
    assert not await works(app, planted)


async def test_signing_in_as_another_leaves_nothing_of_the_first(app: FastAPI, browser: Browser, vera: User) -> None:
    await make_user(app, ADMIN)
    await sign_in(browser, ADMIN)
    written = await browser.start("The first one's?")
    first = session_cookie(browser)
    await sign_in(browser, ADDRESS)
    assert (await browser.get(written)).status_code == 404, "an account's conversations are not given away"
    assert not await works(app, first)


# Replayed after its end


async def sign_out(app: FastAPI, browser: Browser, user: User) -> None:
    assert (await browser.post("/sign-out")).status_code == 303


async def change_password(app: FastAPI, browser: Browser, user: User) -> None:
    changed = await browser.post("/account/password", current_password=PASSWORD, new_password=OTHER_PASSWORD)
    assert changed.status_code == 303


async def reset_elsewhere(app: FastAPI, browser: Browser, user: User) -> None:
    async with Browser(app) as other:
        await by_reset(app, other, user)


async def end_elsewhere(app: FastAPI, browser: Browser, user: User) -> None:
    async with Browser(app) as other:
        await sign_in(other, ADDRESS)
        assert (await other.post("/account/sessions/deletion")).status_code == 303


async def deactivate(app: FastAPI, browser: Browser, user: User) -> None:
    await make_user(app, ADMIN, is_superuser=True)
    async with Browser(app) as admin:
        await sign_in(admin, ADMIN)
        assert (await admin.post(f"/people/{user.id}")).status_code == 303


async def delete(app: FastAPI, browser: Browser, user: User) -> None:
    assert (await browser.post("/account/deletion", email=ADDRESS)).status_code == 303


ENDS: tuple[Door, ...] = (sign_out, change_password, reset_elsewhere, end_elsewhere, deactivate, delete)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
async def test_a_cookie_replayed_after_the_end_opens_nothing(
    app: FastAPI, browser: Browser, vera: User, end: Door
) -> None:
    await sign_in(browser, ADDRESS)
    stolen = session_cookie(browser)
    assert await works(app, stolen)
    await end(app, browser, vera)
    assert not await works(app, stolen)


@pytest.mark.parametrize("end", [deactivate, delete], ids=lambda end: end.__name__)
async def test_api_tokens_end_with_the_account(app: FastAPI, browser: Browser, vera: User, end: Door) -> None:
    await sign_in(browser, ADDRESS)
    made = await browser.post("/account/tokens", name="Script", scopes="read", days="7")
    token = {"Authorization": f"Bearer {text(one(parse(made), 'section.alert code'))}"}
    async with Browser(app) as program:
        assert (await program.get("/api/v1/me", headers=token)).status_code == 200
        await end(app, browser, vera)
        assert (await program.get("/api/v1/me", headers=token)).status_code == 401


async def test_a_half_done_sign_in_ends_with_the_password(app: FastAPI, browser: Browser, vera: User) -> None:
    await sign_in(browser, ADDRESS)
    codes = await enable_second_factor(browser)
    async with Browser(app) as thief:
        await thief.post("/sign-in", email=ADDRESS, password=PASSWORD)
        await change_password(app, browser, vera)
        assert (await thief.post("/sign-in/second-factor", code=codes[0])).status_code == 410

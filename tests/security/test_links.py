"""What the links and codes of mails are good for: one thing, once, for a while, and for one person."""

import asyncio

import pytest
from fastapi import FastAPI
from sqlalchemy import update
from sqlmodel import select

from app.models.base import now
from app.models.ticket import Purpose, Ticket
from app.models.user import User
from tests.browser import Browser
from tests.people import OTHER_PASSWORD, code, make_user, sign_in
from tests.security.crawl import SECRETS, endpoints
from tests.security.scene import heading, issue
from tests.security.test_sessions import enable_second_factor

ADDRESS, ADMIN = "vera@example.com", "ada@example.com"
UNKNOWN, VOID = (404, "This link leads nowhere"), (410, "This link is no longer good")
PATHS = {
    Purpose.REGISTER: "/register",
    Purpose.INVITE: "/register",
    Purpose.RESET_PASSWORD: "/reset-password",
    Purpose.CHANGE_ADDRESS: "/account/email",
    Purpose.RESCUE: "/sign-in/link",
}
FORM = {"new_password": OTHER_PASSWORD}


@pytest.fixture
async def vera(app: FastAPI) -> User:
    return await make_user(app, ADDRESS)


async def follow(browser: Browser, path: str) -> tuple[int, str]:
    answer = await browser.post(path, **FORM)
    return answer.status_code, heading(answer) if answer.status_code > 400 else answer.headers.get("location", "")


def test_every_link_of_a_mail_is_tried_here(app: FastAPI) -> None:
    named = {each.name: each.path.split("/{")[0] for each in endpoints(app) if "{secret}" in each.path}
    assert set(named) == set(SECRETS) and set(named.values()) == set(PATHS.values())


@pytest.mark.parametrize("purpose", PATHS)
async def test_a_link_is_good_for_one_thing_and_once(app: FastAPI, vera: User, purpose: Purpose) -> None:
    for other in set(PATHS.values()) - {PATHS[purpose]}:
        async with Browser(app) as browser:
            assert await follow(browser, f"{other}/{await issue(app, purpose, vera)}") == UNKNOWN
    async with Browser(app) as browser:
        path = f"{PATHS[purpose]}/{await issue(app, purpose, vera)}"
        assert (await follow(browser, path))[0] == 303
        assert await follow(browser, path) == VOID


@pytest.mark.parametrize("purpose", PATHS)
async def test_a_link_cut_short_or_too_old_says_so(
    app: FastAPI, browser: Browser, vera: User, purpose: Purpose
) -> None:
    secret = await issue(app, purpose, vera)
    for wrong in (secret[:-1], secret + "x", secret.swapcase(), "x"):
        assert await follow(browser, f"{PATHS[purpose]}/{wrong}") == UNKNOWN
    async with app.state.database.transaction() as session:
        await session.exec(update(Ticket).values(expires_at=now()))
    assert await follow(browser, f"{PATHS[purpose]}/{secret}") == VOID
    async with app.state.database.transaction() as session:
        assert [user.email for user in (await session.exec(select(User))).all()] == [ADDRESS]


@pytest.mark.parametrize("purpose", [Purpose.SIGN_IN_CODE, Purpose.SECOND_FACTOR])
async def test_a_half_done_sign_in_is_no_link(app: FastAPI, browser: Browser, vera: User, purpose: Purpose) -> None:
    secret = await issue(app, purpose, vera)
    for path in set(PATHS.values()):
        assert await follow(browser, f"{path}/{secret}") == UNKNOWN


@pytest.mark.parametrize("purpose", PATHS)
async def test_a_mails_link_is_no_half_done_sign_in(app: FastAPI, vera: User, purpose: Purpose) -> None:
    async with Browser(app) as browser:
        browser.client.cookies.set("pending", await issue(app, purpose, vera))
        for path in ("/sign-in/code/check", "/sign-in/second-factor"):
            assert (await browser.post(path, code="12345678")).status_code == 410


async def test_a_first_step_by_mail_is_not_a_second(app: FastAPI, browser: Browser, vera: User) -> None:
    await sign_in(browser, ADDRESS)
    codes = await enable_second_factor(browser)
    async with Browser(app) as thief:
        await thief.post("/sign-in/code", email=ADDRESS)
        assert (await thief.post("/sign-in/second-factor", code=codes[0])).status_code == 410
        step = await thief.post("/sign-in/code/check", code=await code(app, ADDRESS))
        assert step.headers["location"] == "/sign-in/second-factor"
        assert (await thief.get("/account")).status_code == 401


async def test_a_code_is_good_in_its_own_sign_in_alone(app: FastAPI, browser: Browser, vera: User) -> None:
    await make_user(app, ADMIN)
    async with Browser(app) as thief:
        await thief.post("/sign-in/code", email=ADMIN)
        await browser.post("/sign-in/code", email=ADDRESS)
        sent = await code(app, ADDRESS)
        assert (await thief.post("/sign-in/code/check", code=sent)).status_code == 422
        assert (await browser.post("/sign-in/code/check", code=sent)).status_code == 303


async def test_looking_at_a_link_does_not_use_it_up(app: FastAPI, browser: Browser, vera: User) -> None:
    """As programs do that scan mails."""
    for purpose, path in PATHS.items():
        secret = await issue(app, purpose, vera)
        for _ in range(2):
            assert (await browser.get(f"{path}/{secret}")).status_code == 200
            assert (await browser.client.head(f"{path}/{secret}")).status_code == 200
        assert (await follow(browser, f"{path}/{secret}"))[0] == 303


async def test_what_the_old_address_was_sent_is_void(app: FastAPI, browser: Browser, vera: User) -> None:
    secret = await issue(app, Purpose.RESET_PASSWORD, vera)
    change = await issue(app, Purpose.CHANGE_ADDRESS, vera)
    assert (await browser.post(f"/account/email/{change}")).status_code == 303
    assert await follow(browser, f"/reset-password/{secret}") == VOID


async def test_of_two_who_use_a_link_at_once_one_does(app: FastAPI, vera: User) -> None:
    path = f"/sign-in/link/{await issue(app, Purpose.RESCUE, vera)}"
    async with Browser(app) as one_browser, Browser(app) as other:
        got = await asyncio.gather(*(follow(each, path) for each in (one_browser, other, one_browser, other)))
    assert sorted(status for status, _ in got) == [303, 410, 410, 410]


async def test_links_of_who_may_not_sign_in_are_good_for_nothing(app: FastAPI, browser: Browser) -> None:
    user = await make_user(app, ADDRESS, is_active=False)
    for purpose in (Purpose.RESET_PASSWORD, Purpose.CHANGE_ADDRESS, Purpose.RESCUE):
        status, _ = await follow(browser, f"{PATHS[purpose]}/{await issue(app, purpose, user)}")
        assert status in (409, 410)
    assert (await browser.get("/account")).status_code == 401

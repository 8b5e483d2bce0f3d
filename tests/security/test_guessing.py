"""Guessing: passwords and codes by trying, and by words or by time which addresses have an account."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlmodel import col, select

from app.config import Settings
from app.models.user import User
from app.services.sign_in_service import EACH_SECOND_FACTOR
from tests.browser import Browser
from tests.conftest import OpenApp
from tests.html import one, parse, text
from tests.people import OTHER_PASSWORD, PASSWORD, code, mails, make_user, sign_in
from tests.queries import counted
from tests.security.scene import heading, many
from tests.security.test_sessions import enable_second_factor

ADDRESS = "vera@example.com"
ATTACKER, VICTIM, LATER = "198.51.100.7", "203.0.113.5", "203.0.113.6"
WAIT = 5  # seconds


async def guess(browser: Browser, typed: str = "wrong") -> httpx2.Response:
    return await browser.post("/sign-in", email=ADDRESS, password=typed)


async def guard(open_app: OpenApp, settings: Settings, rate: str) -> FastAPI:
    app = await open_app(settings.model_copy(update={"sign_in_rate": rate}))
    await make_user(app, ADDRESS)
    return app


@pytest.fixture
async def guarded(open_app: OpenApp, settings: Settings) -> FastAPI:
    return await guard(open_app, settings, "5/10 minutes")


@pytest.fixture
async def attacker(guarded: FastAPI) -> AsyncIterator[Browser]:
    async with Browser(guarded, address=ATTACKER) as browser:
        yield browser


async def flood(browser: Browser, tries: int = 100) -> list[httpx2.Response]:
    return list(await asyncio.gather(*(guess(browser) for _ in range(tries))))


async def test_a_hundred_wrong_passwords_are_five(attacker: Browser) -> None:
    answers = await flood(attacker)
    assert sorted({answer.status_code for answer in answers}) == [422, 429]
    assert sum(answer.status_code == 422 for answer in answers) == 5
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert 500 < int(refused.headers["retry-after"]) <= 600
    said = text(one(parse(refused), "main"))
    assert "Too many wrong passwords" in said and "wait" in said and "code" in said
    assert one(parse(refused), "#email").get("value") == ADDRESS
    assert not one(parse(refused), "#password").get("value")


async def test_the_right_password_works_after_the_wait_however_much_was_tried(
    open_app: OpenApp, settings: Settings
) -> None:
    async with Browser(await guard(open_app, settings, f"5/{WAIT} seconds"), address=ATTACKER) as browser:
        assert 429 in [answer.status_code for answer in await flood(browser)]
        began = time.monotonic()
        while (answer := await guess(browser, PASSWORD)).status_code == 429:
            assert time.monotonic() - began < WAIT + 2, "trying makes the wait no longer"
            await asyncio.sleep(0.1)
        assert answer.status_code == 303


async def test_an_attack_does_not_lock_the_owner_out(guarded: FastAPI, attacker: Browser) -> None:
    async with Browser(guarded, address=VICTIM) as known, Browser(guarded, address=LATER) as new:
        await sign_in(known, ADDRESS)
        await known.post("/sign-out")
        await flood(attacker)
        assert (await guess(attacker)).status_code == 429
        await sign_in(known, ADDRESS)
        await new.post("/sign-in/code", email=ADDRESS)
        assert (await new.post("/sign-in/code/check", code=await code(guarded, ADDRESS))).status_code == 303


async def test_an_attack_from_many_addresses_stops_too(guarded: FastAPI) -> None:
    async with Browser(guarded, address=VICTIM) as known:
        await sign_in(known, ADDRESS)
        await known.post("/sign-out")
        statuses = []
        for number in range(15):
            async with Browser(guarded, address=f"198.51.100.{number}") as browser:
                statuses += [answer.status_code for answer in await flood(browser, 5)]
        assert 422 in statuses and statuses[-5:] == [429] * 5
        await sign_in(known, ADDRESS)


async def test_a_device_that_is_known_guesses_no_more_than_another(guarded: FastAPI) -> None:
    async with Browser(guarded, address=ATTACKER) as browser:
        await make_user(guarded, "mallory@example.com")
        await sign_in(browser, "mallory@example.com")
        assert sum(answer.status_code == 422 for answer in await flood(browser)) == 5


async def test_codes_of_an_authenticator_are_limited(app: FastAPI) -> None:
    await make_user(app, ADDRESS)
    async with Browser(app) as owner, Browser(app, address=ATTACKER) as thief:
        await sign_in(owner, ADDRESS)
        await enable_second_factor(owner)
        statuses = []
        for _ in range(4):
            await guess(thief, PASSWORD)
            statuses += [(await thief.post("/sign-in/second-factor", code="000000")).status_code for _ in range(6)]
        assert statuses.count(422) == int(EACH_SECOND_FACTOR.split("/")[0])
        assert {429, 410} & set(statuses) and statuses[-1] == 429


async def test_confirmations_are_limited(app: FastAPI, browser: Browser) -> None:
    await make_user(app, ADDRESS)
    await sign_in(browser, ADDRESS)
    form = {"current_password": "wrong", "new_password": OTHER_PASSWORD}
    statuses = [(await browser.post("/account/password", **form)).status_code for _ in range(12)]
    assert statuses == [422] * 10 + [429] * 2


@pytest.mark.parametrize("path", ["/sign-in/code", "/reset-password", "/register"])
async def test_mails_to_one_address_are_limited(app: FastAPI, path: str) -> None:
    await make_user(app, ADDRESS)
    statuses = []
    for number in range(8):
        async with Browser(app, address=f"198.51.100.{number}") as browser:
            statuses.append((await browser.post(path, email=ADDRESS)).status_code)
    assert statuses[5:] == [429] * 3 and 429 not in statuses[:5]
    assert len(await mails(app, ADDRESS)) == 5


async def test_one_visitor_who_is_stopped_uses_up_nobodys_mails(app: FastAPI) -> None:
    await make_user(app, ADDRESS)
    async with Browser(app, address=ATTACKER) as attacker, Browser(app, address=VICTIM) as owner:
        for number in range(30):
            await attacker.post("/reset-password", email=f"nobody{number}@example.com")
        for _ in range(5):
            assert (await attacker.post("/reset-password", email=ADDRESS)).status_code == 429
        assert (await owner.post("/reset-password", email=ADDRESS)).status_code == 200


# Which addresses have an account

KINDS = ("known", "unknown", "inactive", "unverified", "staff")


@pytest.fixture
async def quiet(open_app: OpenApp, settings: Settings) -> FastAPI:
    """An app without the limits that repeated requests meet, with one account of each kind."""
    app = await open_app(many(settings))
    await make_user(app, "known@example.com")
    await make_user(app, "inactive@example.com", is_active=False)
    await make_user(app, "staff@example.com", "sales", is_staff=True)
    async with app.state.database.transaction() as session:
        session.add(User(email="unverified@example.com"))
    return app


ASKED = {
    "/sign-in": {"password": OTHER_PASSWORD},
    "/sign-in/code": {},
    "/reset-password": {},
    "/register": {},
}


@pytest.mark.parametrize(("path", "form"), ASKED.items())
async def test_words_tell_nothing(quiet: FastAPI, path: str, form: dict[str, str]) -> None:
    said = set()
    for kind in KINDS:
        email = f"{kind}@example.com"
        async with Browser(quiet) as browser:
            answer = await browser.post(path, email=email, **form)
            shown = text(parse(answer)).replace(email, "").replace(answer.headers["x-request-id"], "")
            names = sorted(cookie.split("=")[0] for cookie in answer.headers.get_list("set-cookie"))
            said.add((answer.status_code, answer.headers.get("location"), shown, *names))
    assert len(said) == 1


async def test_an_inactive_account_is_not_told_from_a_wrong_password(quiet: FastAPI) -> None:
    async with Browser(quiet) as browser:
        inactive = await browser.post("/sign-in", email="inactive@example.com", password=PASSWORD)
        wrong = await browser.post("/sign-in", email="inactive@example.com", password="wrong")
    assert (inactive.status_code, heading(inactive)) == (wrong.status_code, heading(wrong)) == (422, "Sign in")
    assert text(one(parse(inactive), "main")) == text(one(parse(wrong), "main"))


async def test_a_guests_address_is_nobodys(quiet: FastAPI) -> None:
    async with Browser(quiet) as browser:
        await browser.start("Who am I?")
        async with quiet.state.database.transaction() as session:
            email = (await session.exec(select(User.email).where(col(User.is_guest)))).first() or ""
        answers = [
            [
                text(parse(await browser.post(path, email=each, **form))).replace(each, "")
                for path, form in ASKED.items()
            ]
            for each in (email, f"{'0' * 32}@guest.invalid")
        ]
    said = [[line.split("Request")[0] for line in each] for each in answers]
    assert said[0] == said[1]


@pytest.mark.parametrize("typed", ["12345678", "00000000"])
async def test_a_code_for_nobody_is_wrong_as_any_other(quiet: FastAPI, typed: str) -> None:
    pages = []
    for kind in ("known", "unknown", "inactive"):
        async with Browser(quiet) as browser:
            await browser.post("/sign-in/code", email=f"{kind}@example.com")
            answers = [await browser.post("/sign-in/code/check", code=typed) for _ in range(6)]
            pages.append([(answer.status_code, heading(answer)) for answer in answers])
    assert pages[0] == pages[1] == pages[2]
    assert [status for status, _ in pages[0]] == [422] * 5 + [410]


async def work(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, path: str, **form: str
) -> tuple[list[str], list[list[str]]]:
    """What an answer takes: its statements, and with which parameters each password was hashed."""
    hashed: list[list[str]] = []
    verify = Argon2Hasher.verify

    def noted(hasher: Argon2Hasher, password: str | bytes, hash_: str | bytes) -> bool:
        hashed.append(str(hash_).split("$")[:4])
        return verify(hasher, password, hash_)

    monkeypatch.setattr(Argon2Hasher, "verify", noted)
    async with Browser(app) as browser:
        with counted(app) as statements:
            assert (await browser.post(path, **form)).status_code != 429, "what is refused takes no time"
    monkeypatch.setattr(Argon2Hasher, "verify", verify)
    return statements, hashed


@pytest.mark.parametrize(("path", "form"), ASKED.items())
async def test_time_tells_nothing(
    quiet: FastAPI, monkeypatch: pytest.MonkeyPatch, path: str, form: dict[str, str]
) -> None:
    """Known and unknown addresses take the same statements and hashes, which are what takes time."""
    known, unknown = [
        await work(quiet, monkeypatch, path, email=f"{kind}@example.com", **form) for kind in ("known", "unknown")
    ]
    assert known == unknown
    assert known[0] and len(known[1]) == (path == "/sign-in")

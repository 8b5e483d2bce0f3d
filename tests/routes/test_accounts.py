"""The front door below the browser: every flow of an account as a browser without JavaScript walks it."""

from datetime import UTC, datetime

import pyotp
import pytest
from fastapi import FastAPI

from app.config import Settings
from tests.browser import Browser
from tests.conftest import OpenApp
from tests.html import find, one, parse, text
from tests.people import OTHER_PASSWORD, PASSWORD, age_sessions, code, link, mails, make_user, sign_in

ADDRESS = "vera@example.com"


async def page(browser: Browser, path: str) -> str:
    return text(one(parse(await browser.get(path)), "main"))


async def test_register_verify_and_keep_what_the_guest_wrote(app: FastAPI, browser: Browser) -> None:
    written = await browser.start("What did the guest ask?")
    sent = await browser.post("/register", email="  Vera@Example.com ")
    assert sent.status_code == 200 and ADDRESS in sent.text
    path = await link(app, ADDRESS)
    assert (await browser.get(path)).status_code == 200
    weak = await browser.post(path, name="Vera", new_password="password1234")
    assert weak.status_code == 422
    assert one(parse(weak), "#name").get("value") == "Vera", "what was typed stays"
    assert not one(parse(weak), "#new_password").get("value")
    assert "Many people use" in text(one(parse(weak), "#about-new_password"))
    done = await browser.post(path, name="Vera", new_password=PASSWORD)
    assert (done.status_code, done.headers["location"]) == (303, "/chat")
    assert "Vera" in (await browser.get("/account")).text
    assert (await browser.get(written)).status_code == 200, "the guest's conversation is theirs"
    again = await browser.get(path)
    assert (again.status_code, text(one(parse(again), "h1"))) == (410, "This link is no longer good")


async def test_another_browser_may_finish_a_registration(app: FastAPI, browser: Browser) -> None:
    """What the guest wrote follows once they sign in where they wrote it: an address may have been mistyped."""
    written = await browser.start("What did the guest ask?")
    await browser.post("/register", email=ADDRESS)
    async with Browser(app) as phone:
        await phone.post(await link(app, ADDRESS), new_password=PASSWORD)
        assert (await phone.get(written)).status_code == 404
        await sign_in(browser, ADDRESS)
        assert (await phone.get(written)).status_code == 200


async def test_two_registrations_race_for_one_address(app: FastAPI, browser: Browser) -> None:
    async with Browser(app) as other:
        await browser.post("/register", email=ADDRESS)
        first = await link(app, ADDRESS)
        await other.post("/register", email=ADDRESS)
        second = await link(app, ADDRESS)
        assert (await other.post(second, new_password=PASSWORD)).status_code == 303
        late = await browser.post(first, new_password=OTHER_PASSWORD)
        assert late.status_code == 409 and "account already" in text(one(parse(late), "main"))


async def test_known_and_unknown_addresses_get_the_same_page(app: FastAPI, browser: Browser) -> None:
    await make_user(app, ADDRESS)
    for path in ("/register", "/reset-password"):
        known = await browser.post(path, email=ADDRESS)
        unknown = await browser.post(path, email="nobody@example.com")
        assert known.text.replace(ADDRESS, "") == unknown.text.replace("nobody@example.com", "")
    assert "already" in (await mails(app, ADDRESS))[0].subject.lower() + (await mails(app, ADDRESS))[0].text
    known = await browser.post("/sign-in", email=ADDRESS, password=OTHER_PASSWORD)
    unknown = await browser.post("/sign-in", email="nobody@example.com", password=OTHER_PASSWORD)
    assert known.status_code == unknown.status_code == 422
    assert text(one(parse(known), "main")) == text(one(parse(unknown), "main"))


async def test_sign_in_and_out(app: FastAPI, browser: Browser) -> None:
    await make_user(app, ADDRESS)
    wrong = await browser.post("/sign-in", email=ADDRESS, password="wrong", next="/account/sessions")
    assert wrong.status_code == 422
    assert one(parse(wrong), "#email").get("value") == ADDRESS
    assert one(parse(wrong), "input[name=next]").get("value") == "/account/sessions"
    right = await browser.post("/sign-in", email=ADDRESS.upper(), password=PASSWORD, next="/account/sessions")
    assert right.headers["location"] == "/account/sessions"
    assert "This browser" in await page(browser, "/account/sessions")
    await browser.post("/sign-out")
    refused = await browser.get("/account/sessions")
    assert refused.status_code == 401
    assert one(parse(refused), "input[name=next]").get("value") == "/account/sessions"


async def test_a_guest_who_signs_in_keeps_what_they_wrote(app: FastAPI, browser: Browser) -> None:
    await make_user(app, ADDRESS)
    written = await browser.start("What did the guest ask?")
    guest = browser.client.cookies["session"]
    await sign_in(browser, ADDRESS)
    assert (await browser.get(written)).status_code == 200
    assert browser.client.cookies["session"] != guest, "a new session, not the old one with more in it"
    async with Browser(app) as thief:
        thief.client.cookies.set("session", guest)
        assert (await thief.get(written)).status_code == 401


async def test_sign_in_by_a_code(app: FastAPI, browser: Browser) -> None:
    await make_user(app, ADDRESS)
    assert (await browser.post("/sign-in/code", email=ADDRESS)).headers["location"] == "/sign-in/code"
    sent = await code(app, ADDRESS)
    async with Browser(app) as elsewhere:
        assert (await elsewhere.post("/sign-in/code/check", code=sent)).status_code == 410, (
            "only where it was asked for"
        )
    wrong = await browser.post("/sign-in/code/check", code="00000000")
    assert wrong.status_code == 422 and "not the right code" in text(one(parse(wrong), "#about-code"))
    assert (await browser.post("/sign-in/code/check", code=sent)).status_code == 303
    assert (await browser.get("/account")).status_code == 200
    assert (await browser.post("/sign-in/code/check", code=sent)).status_code == 410, "it is good once"


async def test_a_code_is_void_after_five_wrong_ones(app: FastAPI, browser: Browser) -> None:
    await make_user(app, ADDRESS)
    await browser.post("/sign-in/code", email=ADDRESS)
    statuses = [(await browser.post("/sign-in/code/check", code="00000000")).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [410]
    assert (await browser.post("/sign-in/code/check", code=await code(app, ADDRESS))).status_code == 410


async def test_forgotten_password(app: FastAPI, browser: Browser) -> None:
    await make_user(app, ADDRESS)
    async with Browser(app) as stolen:
        await sign_in(stolen, ADDRESS)
        await browser.post("/reset-password", email=ADDRESS)
        path = await link(app, ADDRESS)
        assert (await browser.post(path, new_password="short")).status_code == 422
        assert (await browser.post(path, new_password=OTHER_PASSWORD)).status_code == 303
        assert (await browser.get("/account")).status_code == 200
        assert (await stolen.get("/account")).status_code == 401, "every other session is over"
    assert (await browser.get(path)).status_code == 410
    async with Browser(app) as later:
        await sign_in(later, ADDRESS, OTHER_PASSWORD)


async def test_change_the_password(app: FastAPI, browser: Browser) -> None:
    await make_user(app, ADDRESS)
    await sign_in(browser, ADDRESS)
    wrong = await browser.post("/account/password", current_password="wrong", new_password=OTHER_PASSWORD)
    assert wrong.status_code == 422 and "not your password" in text(one(parse(wrong), "#about-current_password"))
    changed = await browser.post("/account/password", current_password=PASSWORD, new_password=OTHER_PASSWORD)
    assert changed.status_code == 303
    assert (await browser.get("/account")).status_code == 200, "a new session has begun"
    assert "changed" in (await mails(app, ADDRESS))[-1].subject.lower()


async def test_change_the_address(app: FastAPI, browser: Browser) -> None:
    await make_user(app, ADDRESS)
    await sign_in(browser, ADDRESS)
    await browser.post("/account/email", email="new@example.com", current_password=PASSWORD)
    assert ADDRESS in await page(browser, "/account/email"), "the old one stays until the link is followed"
    path = await link(app, "new@example.com")
    assert "new@example.com" in (await browser.get(path)).text
    assert (await browser.post(path)).status_code == 303
    assert "new@example.com" in await page(browser, "/account/email")
    assert "new@example.com" in (await mails(app, ADDRESS))[-1].text, "the old address is told"


async def test_second_factor(app: FastAPI, browser: Browser) -> None:
    await make_user(app, ADDRESS)
    await sign_in(browser, ADDRESS)
    form = parse(await browser.get("/account/second-factor"))
    sealed = one(form, "input[name=secret]").get("value") or ""
    secret = next(text(each) for each in find(form, "main code") if len(text(each)) == 32)
    wrong = await browser.post("/account/second-factor", secret=sealed, code="000000")
    assert wrong.status_code == 422
    assert secret in wrong.text, "the picture that was scanned still counts"
    totp = pyotp.TOTP(secret)
    used = totp.now()
    enabled = await browser.post("/account/second-factor", secret=sealed, code=used)
    codes = [text(each) for each in find(parse(enabled), "section code")]
    assert len(codes) == 10
    async with Browser(app) as other:
        step = await other.post("/sign-in", email=ADDRESS, password=PASSWORD, next="/documents")
        assert step.headers["location"] == "/sign-in/second-factor"
        assert (await other.get("/account")).status_code == 401, "not yet"
        replayed = await other.post("/sign-in/second-factor", code=used)
        assert replayed.status_code == 422, "the code that switched it on was used"
        admitted = await other.post("/sign-in/second-factor", code=codes[0].upper())
        assert admitted.headers["location"] == "/documents"
        assert "9 recovery codes" in await page(other, "/account/second-factor")
        await other.post("/sign-out")
        await other.post("/sign-in", email=ADDRESS, password=PASSWORD)
        assert (await other.post("/sign-in/second-factor", code=codes[0])).status_code == 422, "good once"
        later = totp.at(datetime.now(UTC), counter_offset=1)
        assert (await other.post("/sign-in/second-factor", code=later)).status_code == 303
        await other.post("/account/second-factor/deletion")
        await other.post("/sign-out")
        await sign_in(other, ADDRESS)
        assert (await other.get("/account")).status_code == 200


async def test_sessions_end_one_by_one_and_all_others(app: FastAPI, browser: Browser) -> None:
    await make_user(app, ADDRESS)
    await sign_in(browser, ADDRESS)
    async with Browser(app) as second, Browser(app) as third:
        for each in (second, third):
            await sign_in(each, ADDRESS)
        forms = find(parse(await browser.get("/account/sessions")), "form[action$='/deletion']")
        paths = [form.get("action") or "" for form in forms]
        assert len(paths) == 3 and "/account/sessions/deletion" in paths
        await browser.post(next(path for path in paths if path != "/account/sessions/deletion"))
        assert sorted([(await each.get("/account")).status_code for each in (second, third)]) == [200, 401]
        await browser.post("/account/sessions/deletion")
        assert [(await each.get("/account")).status_code for each in (second, third)] == [401, 401]
    assert (await browser.get("/account")).status_code == 200


async def test_history_and_download(app: FastAPI, browser: Browser) -> None:
    await make_user(app, ADDRESS)
    await browser.post("/sign-in", email=ADDRESS, password="wrong")
    await sign_in(browser, ADDRESS)
    await browser.start("Mine?")
    await browser.post("/account", name="Vera")
    history = await page(browser, "/account/history")
    assert "Sign in refused" in history and "Sign in accepted" in history and "name:" in history
    mine = (await browser.get("/account/data")).json()
    assert mine["account"]["email"] == ADDRESS and mine["conversations"][0]["title"] == "Mine?"
    assert "hashed_password" not in str(mine) and "token" not in mine["sessions"][0]


async def test_sensitive_acts_ask_for_the_password_again(app: FastAPI, browser: Browser) -> None:
    await make_user(app, ADDRESS)
    await sign_in(browser, ADDRESS)
    await age_sessions(app)
    asked = await browser.get("/account/tokens")
    assert (asked.status_code, text(one(parse(asked), "h1"))) == (403, "Is it you?")
    wrong = await browser.post("/account/confirmation", next="/account/tokens", confirm_password="wrong")
    assert wrong.status_code in (403, 422)
    right = await browser.post("/account/confirmation", next="/account/tokens", confirm_password=PASSWORD)
    assert right.headers["location"] == "/account/tokens"
    assert (await browser.get("/account/tokens")).status_code == 200


async def test_a_form_that_needs_the_password_again_loses_nothing(app: FastAPI, browser: Browser) -> None:
    await make_user(app, ADDRESS)
    await sign_in(browser, ADDRESS)
    await age_sessions(app)
    asked = parse(await browser.post("/account/tokens", name="My script", scopes="read", days="30"))
    fields = {each.get("name"): each.get("value") for each in find(asked, "main input[type=hidden]")}
    assert fields == {"name": "My script", "scopes": "read", "days": "30"}
    path = one(asked, "main form").get("action") or ""
    wrong = parse(await browser.post(path, confirm_password="wrong", **fields))
    assert "not your password" in text(one(wrong, "#about-confirm_password"))
    assert {each.get("name") for each in find(wrong, "main input[type=hidden]")} == set(fields)
    made = await browser.post(path, confirm_password=PASSWORD, **fields)
    assert made.status_code == 200 and "My script" in made.text


async def test_api_tokens(app: FastAPI, browser: Browser) -> None:
    await make_user(app, ADDRESS)
    await sign_in(browser, ADDRESS)
    empty = await browser.post("/account/tokens", name="x")
    assert empty.status_code == 422, "what it may do is missing"
    made = await browser.client.post("/account/tokens", data={"name": "Script", "scopes": ["read"], "days": "7"})
    token = text(one(parse(made), "section.alert code"))
    assert token not in (await browser.get("/account/tokens")).text, "shown once"
    async with Browser(app) as program:
        assert (await program.get("/api/v1/me")).status_code == 401
        me = await program.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert me.json().items() >= {"email": ADDRESS, "name": "", "scopes": ["read"]}.items()
        form = one(parse(await browser.get("/account/tokens")), "form[action$='/deletion']")
        await browser.post(form.get("action") or "")
        gone = await program.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert (gone.status_code, gone.headers["content-type"]) == (401, "application/problem+json")


async def test_delete_the_account(app: FastAPI, browser: Browser) -> None:
    await make_user(app, ADDRESS)
    await sign_in(browser, ADDRESS)
    path = await browser.start("Gone soon?")
    assert (await browser.post("/account/deletion", email="other@example.com")).status_code == 422
    assert (await browser.post("/account/deletion", email=ADDRESS)).status_code == 303
    assert (await browser.get(path)).status_code == 404
    assert (await browser.post("/sign-in", email=ADDRESS, password=PASSWORD)).status_code == 422


@pytest.mark.parametrize("registration", ["invite", "closed"])
async def test_registration_can_be_closed(open_app: OpenApp, settings: Settings, registration: str) -> None:
    app = await open_app(settings.model_copy(update={"registration": registration}))
    async with Browser(app) as browser:
        assert (await browser.get("/register")).status_code == 403
        assert (await browser.post("/register", email=ADDRESS)).status_code == 403
        assert "Make an account" not in (await browser.get("/sign-in")).text
    assert await mails(app, ADDRESS) == []

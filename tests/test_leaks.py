"""Secrets in the log are found: what is given out is noted, what is logged is kept, and both are compared."""

import logging

import pytest
from fastapi import FastAPI

from tests import leaks
from tests.browser import Browser
from tests.html import find, one, parse, text
from tests.people import PASSWORD, code, link, make_user, sign_in

ADDRESS = "vera@example.com"
TOKEN = "Ab1" + "x" * 40


@pytest.mark.parametrize(
    "line",
    [
        "signing in with a heron stands in the reeds",
        "code 12345678 sent",
        f"cookie session={TOKEN}",
        f"GET /reset-password/{TOKEN}?x=1",
        f"mark.digest: {TOKEN}.Ab",
        f"Bearer fo_{TOKEN}",
    ],
)
def test_a_secret_in_a_line_is_found(line: str) -> None:
    assert leaks.found(["INFO all is well", line], [PASSWORD, "12345678"]) == [line]


@pytest.mark.parametrize(
    "line", ["GET /chat/0b1994d2-c642-415d-ab62-02ab7fada0ba 200 12 ms", "answer 123456789 complete", "x" * 50]
)
def test_other_lines_are_not(line: str) -> None:
    assert leaks.found([line], [PASSWORD, "12345678"]) == []


@pytest.mark.parametrize("name", ["app.new", "uvicorn.error"])
def test_every_line_is_kept(app: FastAPI, name: str) -> None:
    logging.getLogger(name).warning("a line of %s", name)
    try:
        raise ValueError(f"a trace of {name}")
    except ValueError:
        logging.getLogger(name).exception("it went wrong")
    assert any(line.startswith(f"a line of {name}") for line in leaks.lines)
    assert any(f"a trace of {name}" in line for line in leaks.lines)
    logging.getLogger("app.new").debug("a quiet line")
    assert any(line.startswith("a quiet line") for line in leaks.lines)


async def test_what_is_given_out_is_noted(app: FastAPI, browser: Browser) -> None:
    await make_user(app, ADDRESS)
    await browser.post("/sign-in/code", email=ADDRESS)
    pending, sent = browser.client.cookies["pending"], await code(app, ADDRESS)
    await browser.post("/reset-password", email=ADDRESS)
    secret = (await link(app, ADDRESS)).rpartition("/")[2]
    await sign_in(browser, ADDRESS)
    made = await browser.post("/account/tokens", name="Script", scopes="read", days="7")
    token = text(one(parse(made), "section.alert code"))
    shown = find(parse(await browser.get("/account/second-factor")), "main code")
    await leaks.note_mails(app)
    cookies = {browser.client.cookies["session"], browser.client.cookies["device"], pending}
    assert {*cookies, sent, secret, token, *map(text, shown)} <= leaks.secrets

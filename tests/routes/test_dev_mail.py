"""Mails in development: the list, one mail, its HTML in a frame of its own; and nothing of it in production."""

import re

import pytest
from fastapi import FastAPI

from app.config import Settings
from app.repositories.mails import MailRepository
from app.services.mail_service import MailService
from tests.browser import Browser
from tests.conftest import OpenApp, in_production
from tests.html import find, one, parse, text

URL = "http://127.0.0.1:8000/confirm?token=a&b=c"


async def write(app: FastAPI, name: str = "Ann") -> None:
    async with app.state.database.transaction() as session:
        service = MailService(MailRepository(session), app.state.templates.mail, app.state.mail_sender.wake)
        await service.send("ann@example.org", "confirm_address", name=name, url=URL, minutes=60)


async def test_the_list_says_when_there_are_no_mails(browser: Browser) -> None:
    assert text(one(parse(await browser.get("/dev/mail")), ".empty h2")) == "No mails yet"


async def test_the_list_leads_to_the_mail(app: FastAPI, browser: Browser) -> None:
    await write(app)
    response = await browser.get("/dev/mail")
    card = one(parse(response), "main li")
    assert response.headers["cache-control"] == "no-store"
    assert "ann@example.org" in text(card) and "queued" in text(card)
    link = one(card, "a")
    assert text(link) == "Finish registering at FastOpp"
    mail = parse(await browser.get(link.get("href") or ""))
    assert "To: ann@example.org" in text(one(mail, "#headers"))
    assert one(mail, "#text a[href*=confirm]").get("href") == URL
    assert "\n\n" in one(mail, "#text").text_content()


async def test_the_html_is_in_a_frame_that_may_do_nothing(app: FastAPI, browser: Browser) -> None:
    await write(app, name="<script>alert(1)</script>")
    page = parse(await browser.get((one(parse(await browser.get("/dev/mail")), "main li a")).get("href") or ""))
    assert not find(page, "#text script")
    frame = one(page, "iframe")
    assert "allow-scripts" not in (frame.get("sandbox") or "")
    response = await browser.get(frame.get("src") or "")
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "sandbox allow-popups" in policy
    assert "frame-ancestors 'self'" in policy and not re.search(r"script-src|allow-(scripts|same-origin)", policy)
    assert response.headers["cache-control"] == "no-store"
    html = parse(response)
    assert not find(html, "script") and URL in {link.get("href") for link in find(html, "a")}
    assert one(html, "base").get("target") == "_top"


@pytest.mark.parametrize("path", ["/dev/mail/1", "/dev/mail/1/html", "/dev/mail/x", "/dev/mail/99999999999"])
async def test_a_mail_that_is_not_there(browser: Browser, path: str) -> None:
    assert (await browser.get(path)).status_code == 404


async def test_production_shows_no_mails(open_app: OpenApp, settings: Settings) -> None:
    app = await open_app(in_production(settings))
    await write(app)
    async with Browser(app) as browser:
        for path in ("/dev/mail", "/dev/mail/1", "/dev/mail/1/html"):
            assert (await browser.get(path)).status_code == 404

"""Seeing the site as somebody else: who may, what they may, how it ends, and what is on record."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import update
from sqlmodel import col, select

from app.models.audit import AuditEntry
from app.models.base import now
from app.models.job import Job, JobState
from app.models.user import AccessToken, User
from tests.browser import HTMX, Browser
from tests.html import find, one, parse, text
from tests.people import PASSWORD, age_sessions, make_user, sign_in
from tests.products import make_products
from tests.security.crawl import endpoints

THE_END = "/impersonation/deletion"
BANNER = "section[aria-label='Seen as somebody else']"


@pytest.fixture
async def root(app: FastAPI, browser: Browser) -> Browser:
    await make_user(app, "root@example.com", is_superuser=True)
    await sign_in(browser, "root@example.com")
    return browser


@pytest.fixture
async def mia(app: FastAPI) -> User:
    """One of the staff."""
    return await make_user(app, "mia@example.com", "marketing", is_staff=True, name="Mia")


async def begin(browser: Browser, user: User, **form: str) -> Any:
    return await browser.post(f"/people/{user.id}/impersonation", **form)


async def log_of(app: FastAPI, *acts: str) -> list[AuditEntry]:
    async with app.state.database.transaction() as session:
        found = select(AuditEntry).where(col(AuditEntry.act).in_(acts)).order_by(col(AuditEntry.id))
        return list((await session.exec(found)).all())


async def sessions_of(app: FastAPI, email: str) -> list[AccessToken]:
    async with app.state.database.transaction() as session:
        found = select(AccessToken).where(
            AccessToken.user_id == select(User.id).where(User.email == email).scalar_subquery()
        )
        return list((await session.exec(found)).all())


async def began_before(app: FastAPI, ago: timedelta) -> None:
    async with app.state.database.transaction() as session:
        await session.exec(
            update(AccessToken).where(col(AccessToken.as_since).is_not(None)).values(as_since=now() - ago)
        )


def banner(page: Any) -> str:
    found = find(parse(page), BANNER)
    return text(found[0]) if found else ""


async def test_a_superuser_sees_the_site_as_somebody_and_ends_it(app: FastAPI, root: Browser, mia: User) -> None:
    begun = await begin(root, mia)
    assert (begun.status_code, begun.headers["location"]) == (303, "/")
    assert "You see the site as Mia, only to look at it" in banner(await root.get("/"))
    assert (await root.get("/api/v1/me")).json()["email"] == "mia@example.com"
    form = one(parse(await root.get("/webinars")), f"{BANNER} form")
    ended = await root.post(str(form.get("action")))
    assert ended.status_code == 303
    home = await root.get("/")
    assert not banner(home) and (await root.get("/api/v1/me")).json()["email"] == "root@example.com"
    assert (await root.get("/admin")).status_code == 200
    started, over = await log_of(app, "impersonation.began", "impersonation.ended")
    assert (started.actor, started.subject_id, started.after) == ("root@example.com", mia.id, {"may_change": False})
    assert (over.actor, over.subject_id, over.acting_as) == ("root@example.com", mia.id, "mia@example.com")
    await root.post(THE_END)
    assert len(await log_of(app, "impersonation.ended")) == 1, "it is over already"


async def test_it_is_to_look_at_unless_changes_were_allowed(app: FastAPI, root: Browser, mia: User) -> None:
    await make_products(app, {"slug": "lamp"})
    await begin(root, mia)
    refused = await root.post("/products/lamp/deletion")
    assert refused.status_code == 403 and "only to look at it. Nothing was changed." in refused.text
    assert banner(refused), "the page that says so has the way out"
    by_htmx = await root.client.post("/products/lamp/deletion", headers=HTMX)
    assert by_htmx.status_code == 403 and "only to look at it" in by_htmx.text
    by_json = await root.client.post("/api/v1/webinars", json={})
    assert (by_json.status_code, by_json.headers["content-type"]) == (403, "application/problem+json")
    assert (await root.get("/products/lamp")).status_code == 200, "it is still there"
    await root.post(THE_END)
    await begin(root, mia, may_write="true")
    assert "what you do counts as theirs and yours" in banner(await root.get("/"))
    assert (await root.post("/products/lamp/deletion")).status_code == 303
    [entry] = await log_of(app, "product.deleted")
    assert (entry.actor, entry.acting_as) == ("root@example.com", "mia@example.com")
    assert (await log_of(app, "impersonation.began"))[-1].after == {"may_change": True}
    await root.post(THE_END)
    history = text(one(parse(await root.get(f"/people/{mia.id}")), "main"))
    assert "root@example.com as mia@example.com" in history


async def test_every_form_is_refused_and_what_is_closed_stays_so(app: FastAPI, root: Browser, mia: User) -> None:
    """Nothing of the account, of the panel or of what is asked in private; and no step-up, with changes allowed."""
    await begin(root, mia)
    for endpoint in endpoints(app):
        path = endpoint.path.replace("{user_id}", str(mia.id))
        if endpoint.is_unsafe and endpoint.name != "end_impersonation" and "{" not in path:
            answer = await root.client.request(endpoint.method, path, **endpoint.sent())
            assert answer.status_code == 403, f"{endpoint.name}: {answer.status_code}"
    await root.post(THE_END)
    await begin(root, mia, may_write="true")
    for path in ("/account", "/account/tokens", "/account/password", "/admin", "/admin/user", "/people", "/sign-in"):
        closed = await root.get(path)
        assert closed.status_code == 403 and "closed while you see the site as Mia" in closed.text, path
    for path in ("/people/invitations", "/account/password", "/sign-out", "/admin/product", "/chat"):
        assert (await root.post(path, confirm_password=PASSWORD)).status_code == 403, path
    refused = await root.post("/desk/contacts/export", email="nobody@example.com", confirm_password=PASSWORD)
    assert refused.status_code == 403 and "This asks for a password" in refused.text
    assert not await log_of(app, "sign_in.refused", "password.refused")


async def test_what_somebody_asks_in_private_stays_private(app: FastAPI, root: Browser) -> None:
    vera = await make_user(app, "vera@example.com")
    async with Browser(app) as hers:
        await sign_in(hers, "vera@example.com")
        path = await hers.start("What is my secret?")
        public = (await hers.post("/ask", content="What is public?")).headers["location"]
        answer = (
            one(parse(await hers.get(path)), "article[id^=answer-]").get("id").removeprefix("answer-").split("-")[0]
        )
        for allowed in ({}, {"may_write": "true"}):
            await begin(root, vera, **allowed)
            for address in (
                "/chat",
                "/chat?q=secret",
                path,
                f"{path}/export.md",
                f"/api/v1{path.replace('chat', 'conversations')}",
            ):
                closed = await root.get(address)
                assert closed.status_code == 403 and "secret" not in closed.text, address
            assert (await root.get(f"/answers/{answer}/stream")).status_code == 404
            assert (await root.post(f"/answers/{answer}/stop")).status_code == 403
            assert (await root.get(public)).status_code == 200
            await root.post(THE_END)


async def test_who_may_and_as_whom(app: FastAPI, root: Browser, mia: User) -> None:
    other = await make_user(app, "other@example.com", is_superuser=True)
    gone = await make_user(app, "gone@example.com", is_active=False)
    assert (await begin(root, other)).status_code == 403
    assert (await begin(root, gone)).status_code == 409
    await make_user(app, "chief@example.com", "support", is_staff=True)
    async with Browser(app) as chief:
        await sign_in(chief, "chief@example.com")
        assert (await begin(chief, mia)).status_code == 403
        assert not find(parse(await chief.get(f"/people/{mia.id}")), "form[action$=impersonation]")
    await age_sessions(app)
    asked = await begin(root, mia)
    assert asked.status_code == 403 and "Is it you?" in asked.text
    assert not await log_of(app, "impersonation.began")
    assert (await begin(root, mia, confirm_password=PASSWORD, may_write="true")).status_code == 303
    assert "what you do counts" in banner(await root.get("/")), "the form went on with its box"


async def test_it_lasts_for_an_hour(app: FastAPI, root: Browser, mia: User) -> None:
    await begin(root, mia, may_write="true")
    await began_before(app, timedelta(minutes=59))
    assert banner(await root.get("/"))
    await began_before(app, timedelta(minutes=61))
    late = await root.post("/theme", theme="dark")
    assert late.status_code == 403 and "the time as somebody else is over" in late.text
    assert not banner(late)
    assert (await root.get("/api/v1/me")).json()["email"] == "root@example.com"
    [over] = await log_of(app, "impersonation.ended")
    assert (over.actor, over.subject_id, over.after) == ("root@example.com", mia.id, {"by": "itself"})
    assert (await root.post("/theme", theme="dark")).status_code == 303


async def test_a_form_that_comes_too_late_changes_nothing(app: FastAPI, root: Browser, mia: User) -> None:
    await make_products(app, {"slug": "lamp"})
    await begin(root, mia, may_write="true")
    await began_before(app, timedelta(hours=2))
    assert (await root.post("/products/lamp/deletion")).status_code == 403
    assert (await root.get("/products/lamp")).status_code == 200


@pytest.mark.parametrize("values", [{"is_active": False}, {"is_superuser": True}])
async def test_it_ends_when_they_may_no_longer_be_seen_as(
    app: FastAPI, root: Browser, mia: User, values: dict[str, bool]
) -> None:
    await begin(root, mia)
    async with app.state.database.transaction() as session:
        await session.exec(update(User).where(col(User.id) == mia.id).values(**values))
    assert (await root.get("/api/v1/me")).json()["email"] == "root@example.com"
    assert len(await log_of(app, "impersonation.ended")) == 1


async def test_it_ends_when_the_account_is_deleted(app: FastAPI, root: Browser, mia: User) -> None:
    await begin(root, mia)
    async with app.state.database.transaction() as session:
        await session.delete(await session.get(User, mia.id))
    assert (await root.post("/theme", theme="dark")).status_code == 403
    assert (await root.get("/api/v1/me")).json()["email"] == "root@example.com"


async def test_it_ends_with_the_superusers_own_session(app: FastAPI, root: Browser, mia: User) -> None:
    """It is no session of the other person's: they neither see it nor can end it, and it opens nothing after."""
    await begin(root, mia)
    assert not await sessions_of(app, "mia@example.com")
    async with Browser(app, address="10.1.1.1") as phone:
        await sign_in(phone, "root@example.com")
        await phone.post("/account/sessions/deletion")
    assert (await root.get("/api/v1/me")).status_code == 401
    assert (await root.get("/account")).status_code == 401


async def test_streams_end_with_it(app: FastAPI, root: Browser, mia: User) -> None:
    """One that was opened as somebody else ends soon after; one of another impersonation is another."""
    await begin(root, mia)
    [row] = await sessions_of(app, "root@example.com")
    watch = app.state.session_watch
    with watch.watching(row.watched_as) as seen, watch.watching(row.token) as own:
        await watch.act()
        assert (seen.over, own.over) == (False, True)
        await root.post(THE_END)
        await watch.act()
        assert seen.over
    await begin(root, mia)
    with watch.watching(row.watched_as) as earlier:
        await watch.act()
        assert earlier.over
    [row] = await sessions_of(app, "root@example.com")
    with watch.watching(row.watched_as) as late:
        await began_before(app, timedelta(hours=2))
        await watch.act()
        assert late.over


async def test_a_real_stream_ends_with_it(app: FastAPI, root: Browser, mia: User) -> None:
    await make_products(app, {"slug": "lamp"})
    await begin(root, mia)

    async def follow() -> bytes:
        return (await root.get("/products/dashboard/stream")).content

    stream = asyncio.create_task(follow())
    await asyncio.sleep(0.3)
    assert not stream.done()
    await root.post(THE_END)
    assert b"event: done" in await asyncio.wait_for(stream, 10)


async def test_no_work_that_goes_on_by_itself_is_begun(app: FastAPI, root: Browser, mia: User) -> None:
    """It would go on as somebody else, with nobody to say that it is not them."""
    async with app.state.database.transaction() as session:
        job = Job(kind="webinar.import", subject="webinar:x", owner_id=mia.id, total=1, state=JobState.FAILED)
        session.add(job)
    await begin(root, mia, may_write="true")
    refused = await root.post(f"/desk/jobs/{job.id}/start")
    assert refused.status_code == 403 and "cannot be begun as somebody else" in refused.text


async def test_an_api_token_counts_alone(app: FastAPI, root: Browser, mia: User) -> None:
    made = await root.post("/account/tokens", name="Mine", scopes="read", days="7")
    token = text(one(parse(made), "section.alert code"))
    await begin(root, mia)
    me = await root.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert me.json()["email"] == "root@example.com"


@pytest.fixture
async def seen(root: Browser, mia: User) -> AsyncIterator[Browser]:
    await begin(root, mia)
    yield root


async def test_every_page_says_so(app: FastAPI, seen: Browser) -> None:
    shown = 0
    for endpoint in endpoints(app):
        if endpoint.is_read and "{" not in endpoint.path and not endpoint.name.endswith("_stream"):
            page = await seen.get(endpoint.path)
            if "<body" in page.text and "<header" in page.text:
                shown += 1
                assert banner(page), endpoint.path
    assert shown > 15

"""What those who look after the site do for accounts: nobody types or sees a password, and all is on record."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import col, select

from app.models.audit import AuditEntry
from app.models.user import AccessToken, User
from app.repositories import users
from tests.browser import Browser
from tests.html import find, one, parse, text
from tests.people import OTHER_PASSWORD, age_sessions, link, mails, make_user, sign_in
from tests.queries import counted

VERA = "vera@example.com"


async def look_after(app: FastAPI, *permissions: str) -> None:
    """Let the group of sales people do this."""
    async with app.state.database.transaction() as session:
        connection = await session.connection()
        group = (await connection.exec_driver_sql("SELECT id FROM \"group\" WHERE name = 'sales'")).scalar_one()
        for permission in permissions:
            await connection.exec_driver_sql(
                f"INSERT INTO group_permission (group_id, permission) VALUES ({group}, '{permission}')"
            )


async def keeper(app: FastAPI, browser: Browser) -> Browser:
    """Somebody who may change people, and is no superuser."""
    await look_after(app, "user.view", "user.change")
    await make_user(app, "keeper@example.com", "sales", is_staff=True)
    await sign_in(browser, "keeper@example.com")
    return browser


async def last(app: FastAPI) -> AuditEntry:
    async with app.state.database.transaction() as session:
        entry: AuditEntry = (await session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(1))).one()
        return entry


async def sessions(app: FastAPI, user: User) -> int:
    async with app.state.database.transaction() as session:
        return len((await session.exec(select(AccessToken).where(AccessToken.user_id == user.id))).all())


async def test_people_are_searched_and_leafed_through(
    app: FastAPI, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "PAGE", 3)
    staff = await keeper(app, browser)
    for name in ("Åsa Berg", "Bo Berglund", "Cid", "Dan", "Eve"):
        await make_user(app, f"{name.split()[0].lower().replace('å', 'a')}@example.org", name=name)
    await make_user(app, "guest@guests.invalid", is_guest=True)

    async def seen(query: str) -> list[str]:
        answers = await staff.get(f"/people{query}"), await staff.htmx(f"/people{query}")
        whole, fragment = ([text(each) for each in find(parse(answer), "#people li strong")] for answer in answers)
        assert whole == fragment
        return whole

    assert await seen("") == ["Åsa Berg", "Bo Berglund", "Cid"]
    first = parse(await staff.get("/people"))
    assert "6 people" in text(one(first, "#people [role=status]"))
    assert (one(first, "nav[aria-label=Pages] [rel=next]").get("href"), len(find(first, "[rel=prev]"))) == (
        "/people?page=2",
        0,
    )
    with counted(app) as statements:
        await staff.get("/people")
    assert len(statements) == 5, "the session, the rights, the people, how many there are, and their groups"
    assert await seen("?page=2") == await seen("?page=99") == ["Dan", "Eve", "keeper@example.com"]
    assert await seen("?q=berg") == ["Åsa Berg", "Bo Berglund"], "words that begin so"
    assert await seen("?q=asa") == await seen("?q=%C3%85SA+berg") == ["Åsa Berg"]
    assert await seen("?q=bo%40example.org") == ["Bo Berglund"]
    assert await seen("?q=example.org&page=2") == ["Dan", "Eve"]
    nobody = parse(await staff.get("/people?q=walrus"))
    assert one(nobody, "#q").get("value") == "walrus" and "Nobody found" in text(one(nobody, "#people"))
    for nothing in ("%26%26", "guests", "%22", "*"):
        assert not await seen(f"?q={nothing}")


async def test_a_new_password_is_chosen_by_its_owner_alone(app: FastAPI, browser: Browser) -> None:
    vera = await make_user(app, VERA)
    staff = await keeper(app, browser)
    page = parse(await staff.get(f"/people/{vera.id}"))
    assert not find(page, "main input[type=password]")
    sent = await staff.post(f"/people/{vera.id}/password-link")
    assert sent.status_code == 303
    shown = await staff.get(sent.headers["location"])
    assert "A link for a new password is on its way" in shown.text
    secret = await link(app, VERA)
    assert secret not in shown.text
    entry = await last(app)
    assert (entry.act, entry.actor, entry.subject_id) == ("password.link_sent", "keeper@example.com", vera.id)
    async with Browser(app) as hers:
        assert (await hers.post(secret, new_password=OTHER_PASSWORD)).status_code < 400
        await sign_in(hers, VERA, OTHER_PASSWORD)


async def test_all_sessions_of_somebody_end(app: FastAPI, browser: Browser) -> None:
    vera = await make_user(app, VERA)
    staff = await keeper(app, browser)
    async with Browser(app) as phone, Browser(app) as laptop:
        await sign_in(phone, VERA)
        await sign_in(laptop, VERA)
        assert (await staff.post(f"/people/{vera.id}/sessions/deletion")).status_code == 303
        assert (await phone.get("/account")).status_code == (await laptop.get("/account")).status_code == 401
    entry = await last(app)
    assert (entry.act, entry.actor, entry.after) == ("sessions.ended", "keeper@example.com", {"ended": 2})
    assert await sessions(app, vera) == 0
    assert (await staff.get("/account")).status_code == 200


async def test_only_a_superuser_removes_a_second_factor(app: FastAPI, browser: Browser) -> None:
    vera = await make_user(app, VERA, totp_secret="sealed", totp_step=1)
    staff = await keeper(app, browser)
    path = f"/people/{vera.id}/second-factor/deletion"
    assert not find(parse(await staff.get(f"/people/{vera.id}")), f"form[action='{path}']")
    assert (await staff.post(path)).status_code == 403
    await make_user(app, "root@example.com", is_superuser=True)
    async with Browser(app) as root:
        await sign_in(root, "root@example.com")
        assert find(parse(await root.get(f"/people/{vera.id}")), f"form[action='{path}']")
        assert (await root.post(path)).status_code == 303
        entry = await last(app)
        assert (entry.act, entry.actor, entry.subject_id) == ("second_factor.disabled", "root@example.com", vera.id)
        assert "switched off" in (await mails(app, VERA))[-1].subject + (await mails(app, VERA))[-1].text
        assert (await root.post(path)).status_code == 409, "there is none any more"
    async with Browser(app) as hers:
        await sign_in(hers, VERA)
        assert (await hers.get("/account")).status_code == 200


@pytest.mark.parametrize("rank", [{"is_staff": True}, {"is_superuser": True}])
async def test_only_a_superuser_touches_staff(app: FastAPI, browser: Browser, rank: dict[str, Any]) -> None:
    other = await make_user(app, "other@example.com", **rank)
    staff = await keeper(app, browser)
    async with Browser(app) as theirs:
        await sign_in(theirs, "other@example.com")
        for act in ("password-link", "sessions/deletion", "second-factor/deletion", "impersonation"):
            assert (await staff.post(f"/people/{other.id}/{act}")).status_code == 403, act
            assert not find(parse(await staff.get(f"/people/{other.id}")), f"form[action$='{act}']"), act
        assert (await theirs.get("/account")).status_code == 200
    assert not [mail for mail in await mails(app, "other@example.com") if "new password" in mail.subject.lower()]


async def test_each_act_asks_for_the_password(app: FastAPI, browser: Browser) -> None:
    vera = await make_user(app, VERA)
    await make_user(app, "root@example.com", is_superuser=True)
    await sign_in(browser, "root@example.com")
    await age_sessions(app)
    for act in ("password-link", "sessions/deletion", "second-factor/deletion", "impersonation"):
        asked = await browser.post(f"/people/{vera.id}/{act}")
        assert asked.status_code == 403 and "Is it you?" in asked.text, act
    assert not await mails(app, VERA)


async def test_who_may_not_sign_in_gets_no_link(app: FastAPI, browser: Browser) -> None:
    vera = await make_user(app, VERA, is_active=False)
    staff = await keeper(app, browser)
    assert (await staff.post(f"/people/{vera.id}/password-link")).status_code == 409
    assert not await mails(app, VERA)


async def test_the_panels_page_of_somebody_leads_there(app: FastAPI, browser: Browser) -> None:
    vera = await make_user(app, VERA)
    await make_user(app, "root@example.com", is_superuser=True)
    await sign_in(browser, "root@example.com")
    assert find(parse(await browser.get(f"/admin/user/{vera.id}")), f"a[href='/people/{vera.id}']")

"""What ranks allow, and what no form may change."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import update
from sqlmodel import col, select

from app.config import Settings
from app.models.group import GroupMember, GroupPermission
from app.models.user import User
from app.repositories.groups import GroupRepository
from tests.browser import Browser
from tests.conftest import OpenApp
from tests.html import find, one, parse, text
from tests.people import PASSWORD, link, mails, make_user, sign_in
from tests.routes.test_answers import answer_id
from tests.security.crawl import FORMS, endpoints, unsafe
from tests.security.test_sessions import enable_second_factor
from tests.waiting import ended

ADDRESS, ADMIN, HELPER = "vera@example.com", "ada@example.com", "sue@example.com"


@pytest.fixture
async def vera(app: FastAPI) -> User:
    return await make_user(app, ADDRESS)


async def allow(app: FastAPI, group: str, *permissions: str) -> None:
    async with app.state.database.transaction() as session:
        (found,) = [each for each in await GroupRepository(session).all() if each.name == group]
        session.add_all([GroupPermission(group_id=found.id or 0, permission=each) for each in permissions])


async def groups(app: FastAPI) -> dict[str, str]:
    async with app.state.database.transaction() as session:
        return {group.name: str(group.id) for group in await GroupRepository(session).all()}


async def state_of(app: FastAPI, id: UUID) -> tuple[bool, bool, bool, list[int]]:
    async with app.state.database.transaction() as session:
        user = await session.get(User, id)
        mine = select(GroupMember.group_id).where(GroupMember.user_id == id).order_by(col(GroupMember.group_id))
        assert user
        return user.is_active, user.is_staff, user.is_superuser, list((await session.exec(mine)).all())


async def test_invitations_lead_into_ones_own_groups_alone(app: FastAPI, browser: Browser) -> None:
    await allow(app, "sales", "user.add")
    await make_user(app, HELPER, "sales", is_staff=True)
    await sign_in(browser, HELPER)
    number = await groups(app)
    page = parse(await browser.get("/people/invitations/new"))
    assert [each.get("value") for each in find(page, "input[name=groups]")] == [number["sales"]]
    for asked in ([number["support"]], [number["sales"], number["support"]], ["999"]):
        refused = await browser.client.post("/people/invitations", data={"email": ADDRESS, "groups": asked})
        assert refused.status_code == 403 and await mails(app, ADDRESS) == []
    assert (await browser.post("/people/invitations", email=ADDRESS, groups=number["sales"])).status_code == 200
    async with Browser(app) as invited:
        extra = {"is_superuser": "true", "is_staff": "true", "groups": number["support"], "email": ADMIN}
        await invited.post(await link(app, ADDRESS), new_password=PASSWORD, **extra)
    async with app.state.database.transaction() as session:
        user = (await session.exec(select(User).where(User.email == ADDRESS))).one()
    assert await state_of(app, user.id) == (True, True, False, [int(number["sales"])])


@pytest.mark.parametrize("permissions", [("user.view",), ("user.view", "user.change"), ("user.change",)])
async def test_nobody_but_a_superuser_changes_ranks_groups_or_staff(
    app: FastAPI, browser: Browser, permissions: tuple[str, ...]
) -> None:
    await allow(app, "sales", *permissions)
    me = await make_user(app, HELPER, "sales", is_staff=True)
    others = [
        await make_user(app, ADDRESS),
        await make_user(app, "staff@example.com", "support", is_staff=True),
        await make_user(app, ADMIN, is_superuser=True),
        me,
    ]
    number = await groups(app)
    await sign_in(browser, HELPER)
    before = [await state_of(app, each.id) for each in others]
    for other, (active, staff, boss, mine) in zip(others, before, strict=True):
        same: dict[str, Any] = {
            "is_active": str(active).lower(),
            "is_staff": str(staff).lower(),
            "is_superuser": str(boss).lower(),
            "groups": [str(each) for each in mine],
        }
        for change in ({"is_superuser": "true"}, {"is_staff": "true"}, {"groups": [number["marketing"]]}):
            answer = await browser.client.post(f"/people/{other.id}", data=same | change)
            assert answer.status_code in (403, 404), change
    assert [await state_of(app, each.id) for each in others] == before


async def test_who_may_only_look_at_people_changes_nothing_of_them(app: FastAPI, browser: Browser, vera: User) -> None:
    await make_user(app, HELPER, "support", is_staff=True)
    await sign_in(browser, HELPER)
    assert (await browser.get(f"/people/{vera.id}")).status_code == 200
    assert (await browser.post(f"/people/{vera.id}")).status_code == 403, "it would deactivate them"
    assert (await state_of(app, vera.id))[0]


async def test_who_may_change_people_deactivates_whoever_has_no_rank(
    app: FastAPI, browser: Browser, vera: User
) -> None:
    await allow(app, "support", "user.change")
    await make_user(app, ADMIN, is_superuser=True)
    await make_user(app, HELPER, "support", is_staff=True)
    await sign_in(browser, HELPER)
    assert (await browser.post(f"/people/{vera.id}")).status_code == 303
    assert not (await state_of(app, vera.id))[0]


async def test_the_last_superuser_stays(app: FastAPI, browser: Browser) -> None:
    ada = await make_user(app, ADMIN, is_superuser=True)
    retired = await make_user(app, "retired@example.com", is_superuser=True, is_active=False)
    await sign_in(browser, ADMIN)
    for form in ({"is_active": "true"}, {"is_superuser": "true"}, {}):
        refused = await browser.post(f"/people/{ada.id}", **form)
        assert refused.status_code == 409 and "last superuser" in text(one(parse(refused), "main"))
    assert (await browser.post("/account/deletion", email=ADMIN)).status_code == 409
    assert (await state_of(app, ada.id))[:3] == (True, False, True)
    assert (await browser.get("/account")).status_code == 200
    await browser.post(f"/people/{retired.id}", is_active="true", is_superuser="true")
    assert (await browser.post("/account/deletion", email=ADMIN)).status_code == 303, "another is there now"


async def test_two_superusers_who_demote_each_other_at_once_do_not_both(app: FastAPI) -> None:
    people = [await make_user(app, f"boss{number}@example.com", is_superuser=True) for number in range(2)]
    async with Browser(app) as first, Browser(app) as second:
        for browser, user in zip((first, second), people, strict=True):
            await sign_in(browser, user.email)
        for _ in range(5):
            answers = await asyncio.gather(
                first.post(f"/people/{people[1].id}", is_active="true"),
                second.post(f"/people/{people[0].id}", is_active="true"),
            )
            assert {answer.status_code for answer in answers} <= {303, 401, 403, 409}
            left = [each for each in people if (await state_of(app, each.id))[2]]
            assert len(left) == 1, "and the other can put it right"
            await reinstate(app, people)
            for browser, user in zip((first, second), people, strict=True):
                await sign_in(browser, user.email)


async def reinstate(app: FastAPI, people: list[User]) -> None:
    async with app.state.database.transaction() as session:
        ids = [each.id for each in people]
        await session.exec(update(User).where(col(User.id).in_(ids)).values(is_superuser=True))


FLAGS = {"is_superuser": "true", "is_staff": "true", "is_active": "true", "is_verified": "true", "is_guest": "false"}
FIELDS = {"id": "1", "user_id": "00000000-0000-0000-0000-000000000000", "hashed_password": "x", "totp_secret": "x"}


async def test_no_form_takes_fields_that_it_does_not_show(app: FastAPI, browser: Browser, vera: User) -> None:
    """Every form that somebody without rank can send, with everything that a person's row holds."""
    await browser.post("/register", email="new@example.com", **FLAGS, **FIELDS)
    done = await browser.post(await link(app, "new@example.com"), name="New", new_password=PASSWORD, **FLAGS, **FIELDS)
    assert done.status_code == 303
    async with app.state.database.transaction() as session:
        new = (await session.exec(select(User).where(User.email == "new@example.com"))).one()
    for endpoint in unsafe(app):
        if "{" not in endpoint.path and endpoint.name not in ("sign_out", "delete_account"):
            form = FORMS.get(endpoint.name, {})
            await browser.post(endpoint.path, **{**FLAGS, **FIELDS, **form})
    async with app.state.database.transaction() as session:
        after = await session.get(User, new.id)
    assert after and after.name == "Another", "the forms were taken"
    assert not after.is_superuser and not after.is_staff and after.is_verified and not after.has_second_factor
    assert after.hashed_password == new.hashed_password
    assert (await browser.get("/people")).status_code == 403


async def test_nobody_reads_what_others_ask_in_private(app: FastAPI, browser: Browser, stranger: Browser) -> None:
    written = await stranger.start("What is my secret heron?")
    await ended(stranger, written)
    id = await answer_id(stranger, written)
    await make_user(app, ADMIN, is_superuser=True)
    await sign_in(browser, ADMIN)
    for path in (
        written,
        f"{written}/export.md",
        f"{written}/export.json",
        f"/answers/{id}/stream",
        f"/answers/{id}/live",
    ):
        assert (await browser.get(path)).status_code == 404, path
    for path in ("/chat", "/chat?q=secret", "/ask?q=What+is+my+secret", "/people", "/account/history", "/account/data"):
        assert "heron" not in (await browser.get(path)).text, path


async def test_staff_without_a_second_factor_see_no_people(open_app: OpenApp, settings: Settings) -> None:
    app = await open_app(settings.model_copy(update={"staff_second_factor": True}))
    vera = await make_user(app, ADDRESS)
    await make_user(app, ADMIN, is_superuser=True)
    async with Browser(app) as browser:
        await sign_in(browser, ADMIN)
        for endpoint in endpoints(app):
            if endpoint.path.startswith("/people"):
                path, form = endpoint.path.format(user_id=vera.id), FORMS.get(endpoint.name)
                answer = await browser.client.request(endpoint.method, path, data=form)
                assert answer.status_code == 403 and "second factor" in text(one(parse(answer), "main"))
        await enable_second_factor(browser)
        assert (await browser.get("/people")).status_code == 200

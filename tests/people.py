"""People for tests: accounts in the database, and visitors who sign in as them through the front door."""

import re
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi_users.password import PasswordHelper
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import update
from sqlmodel import col, select

from app.models.mail import Mail
from app.models.user import AccessToken, User
from app.repositories.groups import GroupRepository
from app.repositories.users import UserRepository
from tests import leaks
from tests.browser import Browser

PASSWORD_MEMORY = 64  # KiB: argon2 is slow on purpose, and many tests sign in
PASSWORD = "a heron stands in the reeds"
OTHER_PASSWORD = "two otters sleep on their backs"
leaks.secrets.update((PASSWORD, OTHER_PASSWORD))


@cache
def hashed() -> str:
    return PasswordHelper(PasswordHash((Argon2Hasher(memory_cost=PASSWORD_MEMORY),))).hash(PASSWORD)


async def make_user(app: FastAPI, email: str, *groups: str, **fields: Any) -> User:
    """An account with `PASSWORD`, in these groups."""
    user = User(email=email, hashed_password=hashed(), is_verified=True, **fields)
    async with app.state.database.transaction() as session:
        await UserRepository(session).add(user)
        numbers = {group.name: group.id or 0 for group in await GroupRepository(session).all()}
        await GroupRepository(session).put(user.id, [numbers[name] for name in groups])
    return user


async def sign_in(browser: Browser, email: str, password: str = PASSWORD) -> None:
    response = await browser.post("/sign-in", email=email, password=password)
    assert response.status_code == 303, response.text


async def age_sessions(app: FastAPI) -> None:
    """Let everybody have given their password long ago."""
    async with app.state.database.transaction() as session:
        await session.exec(update(AccessToken).values(confirmed_at=None))


async def mails(app: FastAPI, recipient: str) -> list[Mail]:
    """What was sent to this address, the oldest first."""
    async with app.state.database.transaction() as session:
        found = await session.exec(select(Mail).where(Mail.recipient == recipient).order_by(col(Mail.id)))
        return list(found.all())


async def link(app: FastAPI, recipient: str) -> str:
    """The path of the link in the last mail to this address."""
    found = re.search(r"https?://[^/\s]+(/\S+/\S{20,})", (await mails(app, recipient))[-1].text)
    assert found, (await mails(app, recipient))[-1].text
    return found[1]


async def code(app: FastAPI, recipient: str) -> str:
    """The code in the last mail to this address."""
    found = re.search(r"\b(\d{8}|\d{4} \d{4})\b", (await mails(app, recipient))[-1].text)
    assert found, (await mails(app, recipient))[-1].text
    return found[1]

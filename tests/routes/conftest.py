"""Whom the tests of routes ask as: staff in a browser, and staff's programs."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from app.models.user import User
from tests.browser import Browser
from tests.people import make_user, sign_in
from tests.programs import program


@pytest.fixture
async def mia(app: FastAPI) -> User:
    """Somebody of marketing."""
    return await make_user(app, "mia@example.com", "marketing", is_staff=True)


@pytest.fixture
async def desk(browser: Browser, mia: User) -> Browser:
    """Mia's browser."""
    await sign_in(browser, mia.email)
    return browser


@pytest.fixture
async def staff(app: FastAPI, mia: User) -> AsyncIterator[httpx2.AsyncClient]:
    """Mia's program."""
    async with program(app, mia) as client:
        yield client


@pytest.fixture
async def root(app: FastAPI, browser: Browser) -> Browser:
    """A superuser's browser."""
    user = await make_user(app, "root@example.com", is_superuser=True, is_staff=True)
    await sign_in(browser, user.email)
    return browser

"""Programs for tests: what asks the API with a token, and no cookies."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from fastapi import FastAPI

from app.models.api_token import TokenForm
from app.models.user import Place, User
from app.repositories.api_tokens import ApiTokenRepository
from app.repositories.audit import AuditRepository
from app.services.api_token_service import ApiTokenService
from app.services.audit_service import AuditService
from tests import leaks
from tests.people import make_user


async def make_token(app: FastAPI, user: User, scopes: Sequence[str] = ("read", "write")) -> str:
    async with app.state.database.transaction() as session:
        audit = AuditService(AuditRepository(session), Place())
        service = ApiTokenService(ApiTokenRepository(session), audit, app.state.settings)
        token = await service.make(user, TokenForm.model_validate({"name": "Test", "scopes": scopes}))
    leaks.secrets.add(token)
    return token


@asynccontextmanager
async def program(
    app: FastAPI, user: User | None = None, scopes: Sequence[str] = ("read", "write"), **headers: str
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client whose paths begin below `/api/v1`; without a user it has no token."""
    if user:
        headers["Authorization"] = f"Bearer {await make_token(app, user, scopes)}"
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver/api/v1", headers=headers) as client:
        yield client


async def staff_program(app: FastAPI, group: str = "marketing") -> tuple[User, Any]:
    user = await make_user(app, f"{group}@example.com", group, is_staff=True)
    return user, program(app, user)

"""Sessions: fastapi-users' cookie and database strategy, with tokens stored as keyed digests."""

import hmac
import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from fastapi import Response
from fastapi_users.authentication import AuthenticationBackend, CookieTransport
from fastapi_users.authentication.strategy import DatabaseStrategy

from app.config import Settings
from app.models.base import now
from app.models.user import AccessToken, User
from app.repositories.users import UserRepository

RENEWED_AFTER = timedelta(days=1)


class SessionStrategy(DatabaseStrategy[User, UUID, AccessToken]):
    """A session is a row, so it can be revoked; the row holds a digest, so it cannot be used."""

    def __init__(self, users: UserRepository, settings: Settings) -> None:
        self.lifetime = timedelta(days=settings.session_days)
        super().__init__(users, int(self.lifetime.total_seconds()))
        self.users = users
        self.key = settings.secret_key.get_secret_value().encode()

    def digest(self, token: str) -> str:
        return hmac.digest(self.key, token.encode(), sha256).hex()

    async def read_token(self, token: str | None, _user_manager: Any = None) -> User | None:
        """The active user of this session, in one query; None when it is unknown, revoked or too old."""
        return await self.users.by_session(self.digest(token), now() - self.lifetime) if token else None

    async def renew(self, token: str) -> bool:
        """Let the session begin anew if it began more than a day ago; return whether it did."""
        return await self.users.renew_session(self.digest(token), now() - RENEWED_AFTER)

    async def write_token(self, user: User) -> str:
        token = secrets.token_urlsafe()
        await self.users.create({"token": self.digest(token), "user_id": user.id})
        return token

    async def destroy_token(self, token: str, user: User) -> None:
        await super().destroy_token(self.digest(token), user)


def cookie_transport(settings: Settings) -> CookieTransport:
    """The session's cookie. `__Host-` ties it to this host and https; without Secure browsers refuse that name."""
    return CookieTransport(
        cookie_name="__Host-session" if settings.in_production else "session",
        cookie_max_age=settings.session_days * 24 * 3600,
        cookie_secure=settings.in_production,
    )


async def begin_session(user: User, strategy: SessionStrategy, settings: Settings) -> Response:
    """Open a session for this user; the response carries its cookie."""
    backend = AuthenticationBackend("session", cookie_transport(settings), get_strategy=lambda: strategy)
    return await backend.login(strategy, user)

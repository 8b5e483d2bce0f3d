"""API tokens: made and shown once, then known by their beginning."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.config import Settings
from app.errors import AppError, Forbidden
from app.models.api_token import ApiToken, TokenForm
from app.models.base import now
from app.models.user import User
from app.repositories.api_tokens import ApiTokenRepository
from app.services.audit_service import AuditService

MARK = "fo_"  # by which scanners of leaked secrets can know one
SHOWN = len(MARK) + 8
USED_EVERY = timedelta(minutes=1)


class TokenRequired(AppError):
    status = 401
    title = "A token is needed"
    message = "Send a valid API token: Authorization: Bearer fo_... Make one under Account, API tokens."


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose program asks, and what its token is good for; or whose page, in the session with this digest."""

    user: User
    scopes: frozenset[str]
    session: str = ""
    is_confirmed: bool = True  # whoever made a token has given their password for it

    def check(self, scope: str) -> None:
        """Raise `Forbidden` when the token is not good for this."""
        if scope not in self.scopes:
            raise Forbidden(f"This token lacks the scope {scope!r}.")


class ApiTokenService:
    def __init__(self, tokens: ApiTokenRepository, audit: AuditService, settings: Settings) -> None:
        self.tokens = tokens
        self.audit = audit
        self.settings = settings

    async def list(self, user: User) -> Sequence[ApiToken]:
        return await self.tokens.of(user.id)

    async def make(self, user: User, form: TokenForm) -> str:
        """Make one and return it; nobody can read it again."""
        token = MARK + secrets.token_urlsafe(32)
        row = ApiToken(
            user_id=user.id,
            name=form.name,
            prefix=token[:SHOWN],
            digest=self._digest(token),
            scopes=sorted(set(form.scopes)),
            expires_at=now() + timedelta(days=form.days) if form.days else None,
        )
        await self.tokens.add(row)
        after = {"name": row.name, "prefix": row.prefix, "scopes": row.scopes}
        await self.audit.record("token.made", actor=user, record=("api_token", row.id), after=after)
        return token

    async def export(self, user: User) -> Sequence[dict[str, Any]]:
        return [
            row.model_dump(mode="json", exclude={"id", "user_id", "digest"}) for row in await self.tokens.of(user.id)
        ]

    async def delete(self, user: User, id: int) -> None:
        """Delete one of this person's; what is gone already, and other people's, is passed over."""
        if await self.tokens.delete(user.id, id):
            await self.audit.record("token.deleted", actor=user, record=("api_token", id))

    async def caller(self, token: str) -> Caller:
        """Who shows this token. Raises `TokenRequired` when it is unknown, deleted or expired."""
        found = await self.tokens.owner(self._digest(token)) if token.startswith(MARK) else None
        if found is None or found[1].is_expired:
            raise TokenRequired
        user, row = found
        if row.used_at is None or row.used_at < now() - USED_EVERY:
            await self.tokens.touch(row, now())
        return Caller(user, frozenset(row.scopes))

    def _digest(self, token: str) -> str:
        return self.settings.digest("api token", token)

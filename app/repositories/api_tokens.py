"""Queries of API tokens."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import col, select

from app.models.api_token import ApiToken
from app.models.user import User
from app.repositories.base import Repository


class ApiTokenRepository(Repository):
    async def of(self, user_id: UUID) -> Sequence[ApiToken]:
        mine = select(ApiToken).where(ApiToken.user_id == user_id).order_by(col(ApiToken.id).desc())
        return (await self.session.exec(mine)).all()

    async def owner(self, digest: str) -> tuple[User, ApiToken] | None:
        """The token with this digest, expired or not, and the active user whose it is."""
        found = select(User, ApiToken).join(ApiToken).where(ApiToken.digest == digest, User.is_active)
        return (await self.session.exec(found)).first()

    async def touch(self, token: ApiToken, moment: datetime) -> None:
        await self.write(update(ApiToken).where(col(ApiToken.id) == token.id).values(used_at=moment))

    async def delete(self, user_id: UUID, id: int) -> int:
        """Delete one of this person's tokens; return how many there were."""
        mine = delete(ApiToken).where(col(ApiToken.user_id) == user_id, col(ApiToken.id) == id)
        return (await self.write(mine)).rowcount

"""Queries of sessions."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import col, select

from app.models.user import AccessToken, User
from app.repositories.base import Repository


class SessionRepository(Repository):
    """Also the place where fastapi-users' database strategy keeps its tokens."""

    async def visit(self, digest: str, since: datetime) -> tuple[User, AccessToken] | None:
        """The session with this digest if it began after `since`, and the active user whose it is."""
        found = (
            select(User, AccessToken)
            .join(AccessToken)
            .where(AccessToken.token == digest, AccessToken.created_at >= since, User.is_active)
        )
        return (await self.session.exec(found)).first()

    async def get_by_token(self, token: str, max_age: datetime | None = None) -> AccessToken | None:
        found = await self.session.get(AccessToken, token)
        return found if found and (max_age is None or found.created_at >= max_age) else None

    async def create(self, create_dict: dict[str, Any]) -> AccessToken:
        return await self.add(AccessToken(**create_dict))

    async def update(self, access_token: AccessToken, update_dict: dict[str, Any]) -> AccessToken:
        return await self.add(access_token.sqlmodel_update(update_dict))

    async def delete(self, access_token: AccessToken) -> None:
        await self.write(delete(AccessToken).where(col(AccessToken.token) == access_token.token))

    async def touch(self, digest: str, values: dict[str, Any]) -> None:
        await self.write(update(AccessToken).where(col(AccessToken.token) == digest).values(values))

    async def of(self, user_id: UUID, since: datetime) -> Sequence[AccessToken]:
        """A person's sessions that are not over, the newest first."""
        mine = select(AccessToken).where(AccessToken.user_id == user_id, AccessToken.created_at >= since)
        return (await self.session.exec(mine.order_by(col(AccessToken.created_at).desc()))).all()

    async def end(self, user_id: UUID, handle: str) -> int:
        """End the sessions of this person that go by this handle; return how many."""
        mine = delete(AccessToken).where(col(AccessToken.user_id) == user_id)
        return (await self.write(mine.where(col(AccessToken.token).startswith(handle, autoescape=True)))).rowcount

    async def end_all(self, user_id: UUID, but: str = "") -> int:
        """End this person's sessions, save the one with this digest; return how many."""
        mine = delete(AccessToken).where(col(AccessToken.user_id) == user_id, col(AccessToken.token) != but)
        return (await self.write(mine)).rowcount

    async def end_older(self, than: datetime) -> None:
        await self.write(delete(AccessToken).where(col(AccessToken.created_at) < than))

    async def alive(self, digests: Collection[str]) -> set[str]:
        """Which of these sessions are still there, and of active people."""
        found = select(AccessToken.token).join(User).where(col(AccessToken.token).in_(digests), User.is_active)
        return set((await self.session.exec(found)).all())

"""Queries of people and their sessions."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import col, select

from app.models.base import now
from app.models.conversation import Conversation
from app.models.user import AccessToken, User
from app.repositories.base import Repository


class UserRepository(Repository):
    async def by_session(self, digest: str, since: datetime) -> User | None:
        """The active user whose session this is, if it began after `since`."""
        found = (
            select(User)
            .join(AccessToken)
            .where(AccessToken.token == digest, AccessToken.created_at >= since, User.is_active)
        )
        return (await self.session.exec(found)).first()

    async def renew_session(self, digest: str, begun_before: datetime) -> bool:
        old = update(AccessToken).where(col(AccessToken.token) == digest, col(AccessToken.created_at) < begun_before)
        return (await self.write(old.values(created_at=now()))).rowcount == 1

    async def get_by_token(self, token: str, max_age: datetime | None = None) -> AccessToken | None:
        found = await self.session.get(AccessToken, token)
        return found if found and (max_age is None or found.created_at >= max_age) else None

    async def create(self, create_dict: dict[str, Any]) -> AccessToken:
        return await self.add(AccessToken(**create_dict))

    async def update(self, access_token: AccessToken, update_dict: dict[str, Any]) -> AccessToken:
        return await self.add(access_token.sqlmodel_update(update_dict))

    async def delete(self, access_token: AccessToken) -> None:
        await self.write(delete(AccessToken).where(col(AccessToken.token) == access_token.token))

    async def delete_sessions(self, begun_before: datetime) -> None:
        await self.write(delete(AccessToken).where(col(AccessToken.created_at) < begun_before))

    async def delete_lost_guests(self) -> None:
        """Delete guests without a session, who can never come back, with all that only they could see."""
        lost = col(User.is_guest) & col(User.id).not_in(select(AccessToken.user_id))
        private = col(Conversation.ask_key).is_(None) & col(Conversation.user_id).in_(select(User.id).where(lost))
        await self.write(delete(Conversation).where(private))
        await self.write(delete(User).where(lost, col(User.id).not_in(select(Conversation.user_id))))

"""Queries of sessions."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, delete, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from app.models.base import now
from app.models.user import IMPERSONATED_FOR, AccessToken, User, watch_key
from app.repositories.base import Repository, unattached

Impersonated = aliased(User)
PEOPLE, TOKENS = User.__table__.c, AccessToken.__table__.c  # type: ignore[attr-defined]
THEIRS: ColumnElement[bool] = col(AccessToken.user_id) == col(User.id)


IMPERSONATED: ColumnElement[bool] = and_(  # as whom a session sees the site, for as long as it may
    col(Impersonated.id) == col(AccessToken.as_user_id),
    col(Impersonated.is_active),
    col(Impersonated.is_superuser).is_(False),
    col(User.is_superuser),
    col(AccessToken.as_since) > bindparam("impersonated_since"),
)
# Made once: every request and every open stream asks these.
VISIT = (
    select(*PEOPLE, *TOKENS, *(getattr(Impersonated, column.key) for column in PEOPLE))
    .join(AccessToken, THEIRS)
    .outerjoin(Impersonated, IMPERSONATED)
    .where(AccessToken.token == bindparam("digest"), AccessToken.created_at >= bindparam("since"), User.is_active)
)
ALIVE = (
    select(AccessToken.token, AccessToken.as_user_id, AccessToken.as_since)
    .join(User, THEIRS)
    .outerjoin(Impersonated, IMPERSONATED)
    .where(col(AccessToken.token).in_(bindparam("tokens", expanding=True)), User.is_active)
    .where(or_(col(AccessToken.as_since).is_(None), col(Impersonated.id).is_not(None)))
)


class SessionRepository(Repository):
    """Also the place where fastapi-users' database strategy keeps its tokens."""

    async def visit(self, digest: str, since: datetime) -> tuple[User, AccessToken, User | None] | None:
        """The session with this digest if it began after `since`, the active user whose it is, and as whom they see the
        site."""

        async def read() -> Sequence[Any] | None:
            values = {"digest": digest, "since": since, "impersonated_since": now() - IMPERSONATED_FOR}
            return (await self.execute(VISIT, values)).first()

        row = await self.recall(("visit", digest), read)
        if row is None:
            return None
        user, session, seen = row[: len(PEOPLE)], row[len(PEOPLE) : -len(PEOPLE)], row[-len(PEOPLE) :]
        return (
            self.loaded(User, user),
            unattached(AccessToken, session),
            self.loaded(User, seen) if seen[0] else None,
        )

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

    async def impersonated(self, session: AccessToken) -> User | None:
        """As whom the session sees the site, be its time over; None when the account is gone."""
        return await self.session.get(User, session.as_user_id) if session.as_user_id else None

    async def end_impersonation(self, session: AccessToken) -> bool:
        """Let the session see the site as its own person again; False when it does so already."""
        own = {"as_user_id": None, "as_may_write": False, "as_since": None}
        mine = update(AccessToken).where(
            col(AccessToken.token) == session.token, col(AccessToken.as_since).is_not(None)
        )
        session.sqlmodel_update(own)
        return (await self.write(mine.values(own))).rowcount == 1

    async def alive(self, keys: Collection[str]) -> set[str]:
        """Which of these sessions are still there, of active people, and see the site as the same person as then."""
        tokens = list({key.partition(":")[0] for key in keys})
        values = {"tokens": tokens, "impersonated_since": now() - IMPERSONATED_FOR}
        return {watch_key(*row) for row in await self.execute(ALIVE, values)}

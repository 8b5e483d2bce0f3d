"""Queries of idempotency keys."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, update
from sqlmodel import col

from app.models.base import now
from app.models.idempotency import IdempotencyKey, Kept
from app.repositories.base import Repository


class IdempotencyRepository(Repository):
    async def get(self, digest: str) -> IdempotencyKey | None:
        return await self.session.get(IdempotencyKey, digest)

    async def take_over(self, row: IdempotencyKey, request: str) -> bool:
        """Begin anew with a key whose time is over; False when somebody else was faster."""
        same = update(IdempotencyKey).where(
            col(IdempotencyKey.digest) == row.digest, col(IdempotencyKey.created_at) == row.created_at
        )
        anew: dict[str, Any] = {"request": request, "created_at": now(), "status": None, "headers": {}, "body": ""}
        return (await self.write(same.values(anew))).rowcount == 1

    async def keep(self, digest: str, user_id: UUID, kept: Kept) -> None:
        values = {"status": kept.status, "headers": kept.headers, "body": kept.body, "user_id": user_id}
        await self.write(update(IdempotencyKey).where(col(IdempotencyKey.digest) == digest).values(values))

    async def release(self, digest: str) -> None:
        """Give it back, unless it has been answered."""
        unanswered = col(IdempotencyKey.status).is_(None)
        await self.write(delete(IdempotencyKey).where(col(IdempotencyKey.digest) == digest, unanswered))

    async def forget(self, *words: str) -> None:
        """Delete the answers that say any of this, such as an address that is erased."""
        said = [col(IdempotencyKey.body).icontains(each, autoescape=True) for each in words]
        await self.write(delete(IdempotencyKey).where(or_(*said)))

    async def purge(self, before: datetime) -> None:
        await self.write(delete(IdempotencyKey).where(col(IdempotencyKey.created_at) < before))

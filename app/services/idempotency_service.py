"""Keys that make a repeated request harmless."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import Database
from app.errors import Conflict, Invalid
from app.models.base import now
from app.models.idempotency import IdempotencyKey, Kept
from app.repositories.idempotency import IdempotencyRepository

KEPT_FOR = timedelta(days=1)
AT_WORK = timedelta(minutes=1)  # after that whoever works on it has died
FIELD = "Idempotency-Key"


class StillAtWork(Conflict):
    title = "Still at work"
    message = "A request with this Idempotency-Key is being worked on. Ask again in a moment for what came of it."


class OtherRequest(Invalid):
    message = "This Idempotency-Key came with another request before. Take a new one for each act."


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that this request holds, or what was `kept` of the one that held it before."""

    digest: str
    kept: Kept | None = None


class IdempotencyService:
    """Works in short transactions of its own, save `keep`, which is part of what was done."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def claim(self, digest: str, request: str) -> Claim:
        """Hold this key for a request; `StillAtWork` while somebody else does, `OtherRequest` after another one."""
        try:
            async with self.database.transaction() as session:
                await IdempotencyRepository(session).add(IdempotencyKey(digest=digest, request=request))
        except IntegrityError:
            async with self.database.transaction() as session:
                return await self._claimed(IdempotencyRepository(session), digest, request)
        return Claim(digest)

    async def _claimed(self, keys: IdempotencyRepository, digest: str, request: str) -> Claim:
        row = await keys.get(digest)
        if row is None:  # given back in between
            raise StillAtWork(retry_after=1)
        if row.created_at < now() - (AT_WORK if row.status is None else KEPT_FOR):
            if await keys.take_over(row, request):
                return Claim(digest)
            raise StillAtWork(retry_after=1)
        if row.request != request:
            raise OtherRequest(field=FIELD)
        if row.status is None:
            raise StillAtWork(retry_after=1)
        return Claim(digest, Kept(row.status, row.headers, row.body))

    async def release(self, claim: Claim) -> None:
        """Nothing came of it: whoever sends it again is served."""
        if claim.kept is None:
            async with self.database.transaction() as session:
                await IdempotencyRepository(session).release(claim.digest)

    @staticmethod
    async def keep(session: AsyncSession, claim: Claim, user_id: UUID, kept: Kept) -> None:
        """Store what was answered, in the transaction of what was done."""
        await IdempotencyRepository(session).keep(claim.digest, user_id, kept)

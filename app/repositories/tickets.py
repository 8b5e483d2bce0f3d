"""Queries of tickets."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import col, select

from app.models.base import now
from app.models.ticket import MOST_ATTEMPTS, Purpose, Ticket
from app.repositories.base import Repository


class TicketRepository(Repository):
    async def by_digest(self, digest: str, purpose: Purpose) -> Ticket | None:
        return (
            await self.session.exec(select(Ticket).where(Ticket.digest == digest, Ticket.purpose == purpose))
        ).first()

    async def use(self, ticket: Ticket) -> bool:
        """Use it up; False when it is void, or another request was there first."""
        good = (
            update(Ticket)
            .where(col(Ticket.id) == ticket.id, col(Ticket.used_at).is_(None), col(Ticket.expires_at) > now())
            .values(used_at=now())
        )
        return (await self.write(good)).rowcount == 1

    async def count_attempt(self, ticket: Ticket) -> bool:
        """Count one more try at the code; False when there were enough."""
        counted = (
            update(Ticket)
            .where(col(Ticket.id) == ticket.id, col(Ticket.attempts) < MOST_ATTEMPTS)
            .values(attempts=col(Ticket.attempts) + 1)
        )
        return (await self.write(counted)).rowcount == 1

    async def void(self, user_id: UUID, *purposes: Purpose) -> None:
        """Void what this person still holds for these purposes."""
        theirs = update(Ticket).where(col(Ticket.user_id) == user_id, col(Ticket.purpose).in_(purposes))
        await self.write(theirs.where(col(Ticket.used_at).is_(None)).values(used_at=now()))

    async def purge(self, expired_before: datetime) -> None:
        await self.write(delete(Ticket).where(col(Ticket.expires_at) < expired_before))

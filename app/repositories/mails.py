"""Queries of mails on their way out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, update
from sqlmodel import col, select

from app.models.base import now
from app.models.mail import ERROR_LENGTH, Mail, MailStatus
from app.repositories.base import Repository

QUEUED = col(Mail.status) == MailStatus.QUEUED


class MailRepository(Repository):
    async def get(self, id: int) -> Mail | None:
        return await self.session.get(Mail, id)

    async def newest(self, limit: int) -> Sequence[Mail]:
        return (await self.session.exec(select(Mail).order_by(col(Mail.id).desc()).limit(limit))).all()

    async def claim_due(self, until: datetime, limit: int) -> Sequence[Mail]:
        """Take some of the mails that are due, so that nobody else sends them before `until`.

        Everybody looks at them in one order, so that PostgreSQL's row locks make no circle.
        """
        moment = now()
        unclaimed = or_(col(Mail.claimed_until).is_(None), col(Mail.claimed_until) < moment)
        due = (QUEUED, col(Mail.next_attempt_at) <= moment, unclaimed)
        found = select(Mail.id).where(*due).order_by(col(Mail.next_attempt_at), col(Mail.id)).limit(limit)
        claim = update(Mail).where(*due).values(claimed_until=until, attempts=col(Mail.attempts) + 1)
        ids = (await self.session.exec(found)).all()
        mine = [id for id in ids if (await self.write(claim.where(col(Mail.id) == id))).rowcount == 1]
        return (await self.session.exec(select(Mail).where(col(Mail.id).in_(mine)))).all() if mine else []

    async def sent(self, id: int) -> None:
        await self._end_try(id, status=MailStatus.SENT, sent_at=now(), error="")

    async def postpone(self, id: int, until: datetime, error: str) -> None:
        await self._end_try(id, next_attempt_at=until, error=error[:ERROR_LENGTH])

    async def give_up(self, id: int, error: str) -> None:
        await self._end_try(id, status=MailStatus.FAILED, error=error[:ERROR_LENGTH])

    async def _end_try(self, id: int, **values: Any) -> None:
        mail = update(Mail).where(col(Mail.id) == id, QUEUED)
        await self.write(mail.values(claimed_until=None, **values))

    async def to(self, recipient: str) -> Sequence[Mail]:
        """What was written to this address, the oldest first."""
        found = select(Mail).where(Mail.recipient == recipient).order_by(col(Mail.id))
        return (await self.session.exec(found)).all()

    async def forget(self, recipient: str) -> None:
        """Delete what was written to this address, sent or not."""
        await self.write(delete(Mail).where(col(Mail.recipient) == recipient))

    async def purge(self, before: datetime) -> None:
        """Delete what was written before then."""
        await self.write(delete(Mail).where(col(Mail.created_at) < before))

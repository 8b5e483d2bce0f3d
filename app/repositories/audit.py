"""Queries of the audit log."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, or_, update
from sqlmodel import col, select

from app.db import take_turn
from app.models.audit import AuditEntry
from app.repositories.base import Repository, Row


class AuditRepository(Repository):
    async def forget(self, kind: str, keys: Collection[str], word: str) -> None:
        """Keep that something was done to these records, or to others of which this word was kept, and not what."""
        said = [cast(col(column), Text).contains(word) for column in (AuditEntry.before, AuditEntry.after)]
        theirs = update(AuditEntry).where(col(AuditEntry.kind) == kind, or_(col(AuditEntry.key).in_(keys), *said))
        await self.write(theirs.values(before={}, after={}))

    async def history(
        self, user_id: UUID, visible: ColumnElement[bool], limit: int | None = 100
    ) -> Sequence[AuditEntry]:
        """What was done by or to this person, the newest first, of what is visible."""
        theirs = (col(AuditEntry.subject_id) == user_id) | (col(AuditEntry.actor_id) == user_id)
        found = select(AuditEntry).where(theirs, visible).order_by(col(AuditEntry.id).desc()).limit(limit)
        return (await self.session.exec(found)).all()


class GatheredAudit(AuditRepository):
    """For many acts in one transaction: their entries are stored together, at its end at the latest."""

    async def add(self, row: Row) -> Row:
        await take_turn(self.session)
        self.session.add(row)
        return row

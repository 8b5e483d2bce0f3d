"""Queries of follow-ups to single registrants. Who writes and who sends one, the database decides."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Update, and_, update
from sqlmodel import col, select

from app.models.base import now
from app.models.follow_up import SILENT, FollowUp, FollowUpStatus
from app.repositories.base import Repository


class FollowUpRepository(Repository):
    async def get(self, registration_id: UUID) -> FollowUp | None:
        """As it is in the database now."""
        found = select(FollowUp).where(FollowUp.registration_id == registration_id)
        return (await self.session.exec(found.execution_options(populate_existing=True))).first()

    async def lock(self, registration_id: UUID) -> None:
        mine = update(FollowUp).where(col(FollowUp.registration_id) == registration_id)
        await self.write(mine.values(subject=col(FollowUp.subject)))

    async def change(self, registration_id: UUID, **values: Any) -> bool:
        """Change one that is neither sent nor being written; False when there is none such."""
        free = and_(col(FollowUp.status) != FollowUpStatus.SENT, ~_being_written(now()))
        follow_up = update(FollowUp).where(col(FollowUp.registration_id) == registration_id, free)
        return (await self.write(follow_up.values(updated_at=now(), **values))).rowcount == 1

    async def ask_to_stop(self, registration_id: UUID) -> bool:
        """Tell whoever writes it now, in whatever process, to end; False when nobody does."""
        follow_up = update(FollowUp).where(col(FollowUp.registration_id) == registration_id, _being_written(now()))
        return (await self.write(follow_up.values(stop_requested=True))).rowcount == 1

    async def checkpoint(self, registration_id: UUID, writer: str, text: str) -> bool | None:
        """Store the draft so far, and that its writer is alive; return whether somebody asked for its end.

        None when it is not theirs any more.
        """
        stored = _by(registration_id, writer).values(text=text, heartbeat_at=now())
        stop: bool | None = (await self.write(stored.returning(col(FollowUp.stop_requested)))).scalar_one_or_none()
        return stop

    async def finish(self, registration_id: UUID, writer: str, text: str, error: str) -> None:
        ended = {"text": text, "error": error, "status": FollowUpStatus.DRAFT, "updated_at": now()}
        await self.write(_by(registration_id, writer).values(ended))


def _by(registration_id: UUID, writer: str) -> Update:
    """The draft, as long as this one writes it."""
    theirs = (col(FollowUp.writer) == writer, col(FollowUp.status) == FollowUpStatus.WRITING)
    return update(FollowUp).where(col(FollowUp.registration_id) == registration_id, *theirs)


def _being_written(at: datetime) -> ColumnElement[bool]:
    writing = col(FollowUp.status) == FollowUpStatus.WRITING
    alive = and_(col(FollowUp.heartbeat_at).is_not(None), col(FollowUp.heartbeat_at) > at - SILENT)
    return and_(writing, alive)

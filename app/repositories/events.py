"""Queries of domain events."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import col, func, select

from app.models.event import Event
from app.repositories.base import Repository


class EventRepository(Repository):
    async def newest(self) -> int:
        """The number of the last one; 0 before the first."""
        return (await self.session.exec(select(func.max(Event.id)))).one() or 0

    async def after(self, id: int, topics: Sequence[str]) -> Sequence[Event]:
        """What has happened since then, of these topics."""
        found = select(Event).where(col(Event.id) > id, col(Event.topic).in_(topics)).order_by(col(Event.id))
        return (await self.session.exec(found)).all()

    async def purge(self, before: datetime) -> None:
        await self.write(delete(Event).where(col(Event.at) < before))

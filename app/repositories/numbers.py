"""What is counted of registrations. Every query here is answered by the index `ix_registration_numbers` alone."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Integer, String, cast, literal
from sqlmodel import col, func, select

from app.models.webinar import Registration, Standing, Webinar
from app.repositories.base import Repository

Where = Sequence[ColumnElement[bool]]
MADE, CANCELLED = col(Registration.created_at), col(Registration.cancelled_at)
ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)


class NumberRepository(Repository):
    async def standings(self, where: Where) -> Sequence[tuple[str, Standing, int, int]]:
        """For each source and standing: how many there are, and how many of them came."""
        source, status = col(Registration.source), col(Registration.status)
        found = select(source, status, func.count(), func.count(col(Registration.attended_at)))
        return (await self.session.exec(found.where(*where).group_by(source, status))).all()

    async def moments(self, column: Any, where: Where, *, minutes: int) -> Sequence[tuple[datetime, int]]:
        """How often this time fell into each hour, or quarter of one; a moment of it stands for all."""
        part = self._part(column, minutes)
        found = select(func.min(column), func.count()).where(*where, column.is_not(None)).group_by(part)
        return (await self.session.exec(found)).all()

    def _part(self, column: Any, minutes: int) -> Any:
        if not self.on_sqlite:
            return func.date_bin(literal(timedelta(minutes=minutes)), column, literal(ORIGIN, DateTime(timezone=True)))
        hour = func.substr(column, 1, 13, type_=String)  # of the text that it is stored as: 2026-05-01 18
        part = cast(func.substr(column, 15, 2), Integer) // minutes
        return hour if minutes == 60 else hour.concat(cast(part, String))

    async def by_webinar(self, where: Where) -> Sequence[tuple[UUID, Standing, int, int]]:
        """The same for each webinar and standing."""
        webinar, status = col(Registration.webinar_id), col(Registration.status)
        found = select(webinar, status, func.count(), func.count(col(Registration.attended_at)))
        return (await self.session.exec(found.where(*where).group_by(webinar, status))).all()

    async def webinars(self, since: datetime | None, until: datetime | None, limit: int) -> Sequence[Webinar]:
        """Those that start in between, the last first."""
        start = col(Webinar.starts_at)
        found = select(Webinar).where(*between(start, since, until)).order_by(start.desc()).limit(limit)
        return (await self.session.exec(found)).all()


def between(column: Any, since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    """From one moment up to another; None does not limit."""
    return ([column >= since] if since else []) + ([column < until] if until else [])


def counted(ids: Sequence[UUID], sees: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """The registrations for these webinars, of those that somebody sees."""
    return [col(Registration.webinar_id).in_(ids), sees]


def of_sources(names: Sequence[str]) -> list[ColumnElement[bool]]:
    return [col(Registration.source).in_(names)] if names else []

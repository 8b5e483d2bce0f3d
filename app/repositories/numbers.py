"""What is counted of registrations. Every query here is answered by an index alone, see `Registration`."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Integer, column, values
from sqlmodel import col, func, select

from app.models.webinar import Registration, Standing, Webinar
from app.repositories.base import Repository

Where = Sequence[ColumnElement[bool]]
MADE, CANCELLED = col(Registration.created_at), col(Registration.cancelled_at)


class NumberRepository(Repository):
    async def standings(self, where: Where) -> Sequence[tuple[UUID, str, Standing, int, int]]:
        """For each webinar, source and standing: how many there are, and how many of them came."""
        parts: Any = col(Registration.webinar_id), col(Registration.source), col(Registration.status)
        figures: Any = func.count(), func.count(col(Registration.attended_at))
        found = await self.execute(select(*parts, *figures).where(*where).group_by(*parts))
        return [row._tuple() for row in found]

    async def extremes(self, where: Where) -> list[datetime]:
        """The first and the last time that somebody registered, and that somebody cancelled, where there are any."""
        found = [
            select(extreme(moment)).where(*where, moment.is_not(None)).scalar_subquery()
            for moment in (MADE, CANCELLED)
            for extreme in (func.min, func.max)
        ]
        [row] = await self.execute(select(*found))
        return [moment for moment in row if moment]

    async def between(self, moment: Any, where: Where, edges: Sequence[datetime]) -> list[int]:
        """How often it falls between each of those moments and the next."""
        kind = DateTime(timezone=True)
        fields = column("n", Integer), column("since", kind), column("until", kind)
        spans = [(n, *span) for n, span in enumerate(pairwise(edges))]
        part = values(*fields, name="part").data(spans).cte()
        count = select(func.count(moment)).where(*where, moment >= part.c.since, moment < part.c.until)
        return [row[1] for row in await self.execute(select(part.c.n, count.scalar_subquery()).order_by(part.c.n))]

    async def webinars(self, since: datetime | None, until: datetime | None, limit: int) -> Sequence[Webinar]:
        """Those that start in between, the last first."""
        start = col(Webinar.starts_at)
        found = select(Webinar).where(*within(start, since, until)).order_by(start.desc()).limit(limit)
        return (await self.session.exec(found)).all()


def within(moment: Any, since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    """From one moment up to another; None does not limit."""
    return ([moment >= since] if since else []) + ([moment < until] if until else [])


def made_within(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    """Who registered then. Not by an index: in `between`, databases would read all of this for each part of it."""
    return within(func.coalesce(MADE, MADE), since, until)


def counted(ids: Sequence[UUID], sees: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """The registrations for these webinars, of those that somebody sees."""
    return [col(Registration.webinar_id).in_(ids), sees]


def of_sources(names: Sequence[str]) -> list[ColumnElement[bool]]:
    return [col(Registration.source).in_(names)] if names else []

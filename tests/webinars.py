"""Webinars for tests."""

from datetime import timedelta
from typing import Any

from fastapi import FastAPI

from app.models.base import now
from app.models.webinar import Webinar, WebinarStatus
from app.repositories.messages import MessageRepository
from app.repositories.webinars import WebinarRepository


def make_values(**fields: Any) -> dict[str, Any]:
    """The columns of a published webinar in a week, with two seats."""
    begins = now().replace(microsecond=0) + timedelta(days=7)
    values = {
        "slug": "herons",
        "title": "Herons",
        "starts_at": begins,
        "ends_at": begins + timedelta(hours=1),
        "capacity": 2,
        "status": WebinarStatus.PUBLISHED,
        "join_url": "https://rooms.example.com/herons",
    }
    return {**values, **fields}


async def make_webinar(app: FastAPI, **fields: Any) -> Webinar:
    """One with the messages that every webinar begins with."""
    webinar = Webinar(**make_values(**fields))
    async with app.state.database.transaction() as session:
        await WebinarRepository(session).add(webinar)
        await MessageRepository(session).add_defaults(webinar)
    return webinar


async def webinar_now(app: FastAPI, webinar: Webinar) -> Webinar:
    async with app.state.database.transaction() as session:
        found: Webinar | None = await session.get(Webinar, webinar.id)
    assert found
    return found

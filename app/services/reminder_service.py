"""Reminders of webinars: sent once to each registrant, also across restarts and by several processes."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import Database
from app.models.base import now
from app.models.webinar import Reminder
from app.repositories.webinars import WebinarRepository
from app.services.periodic import Periodic
from app.services.webinar_mail import WebinarMail

AT_ONCE = 200  # in one transaction
OFFSETS = {"day": timedelta(days=1), "hour": timedelta(hours=1)}  # before the start


class ReminderService(Periodic):
    """Looks every half a minute whom to remind.

    That somebody was reminded is a row with a unique key, stored in the transaction of the mail: of two processes that
    come at once, the database lets one.
    """

    every_seconds = 30.0

    def __init__(self, database: Database, mail: Callable[[AsyncSession], WebinarMail]) -> None:
        super().__init__()
        self.database = database
        self.mail = mail

    async def act(self) -> None:
        await self.remind(now())

    async def remind(self, at: datetime) -> None:
        """Write all reminders that are due by then, and were not written before."""
        for kind, offset in OFFSETS.items():
            while await self._some(kind, at, offset) == AT_ONCE:
                pass

    async def _some(self, kind: str, at: datetime, offset: timedelta) -> int:
        """Write some; return how many. When another process wrote one of them meanwhile, it writes the rest."""
        try:
            async with self.database.transaction() as session:
                webinars, mail = WebinarRepository(session), self.mail(session)
                due = await webinars.to_remind(kind, at, offset, AT_ONCE)
                await webinars.add_all([Reminder(registration_id=each.id, kind=kind) for each, _ in due])
                for registration, webinar in due:
                    if registration.created_at <= webinar.starts_at - offset:  # whoever came later has just heard of it
                        await mail.remind(webinar, registration)
                return len(due)
        except IntegrityError:
            return 0

"""Sends what many are sent: reminders, follow-ups, and that a webinar was moved or cancelled.

Each goes once to each registrant, also across restarts and by several processes.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import Database
from app.models.base import now
from app.models.webinar_message import Delivery
from app.repositories.messages import MessageRepository
from app.repositories.webinars import WebinarRepository
from app.services.periodic import Periodic
from app.services.webinar_mail import AT_ONCE, WebinarMail

log = logging.getLogger(__name__)


class Messenger(Periodic):
    """Looks every half a minute which messages are due, and who has yet to be told of a change.

    Who was sent one is a row with a unique key, stored in the transaction of the mail. It is written under the lock of
    the webinar, so that whoever cancels or moves it, or sends its messages in another process, comes before or after.
    """

    every_seconds = 30.0

    def __init__(self, database: Database, mail: Callable[[AsyncSession], WebinarMail]) -> None:
        super().__init__()
        self.database = database
        self.mail = mail

    async def act(self) -> None:
        await self.tell()
        await self.send(now())

    async def tell(self) -> None:
        """Tell everybody of changes of whom not all could be told at once."""
        async with self.database.transaction() as session:
            noticed = await MessageRepository(session).noticed()
        for webinar_id in noticed:
            while not self._closing.is_set() and await self._tell_some(webinar_id) == AT_ONCE:
                pass

    async def _tell_some(self, webinar_id: UUID) -> int:
        async with self.database.transaction() as session:
            webinar = await WebinarRepository(session).get(webinar_id)
            if webinar is None:
                return 0
            await WebinarRepository(session).lock(webinar)
            notice = await MessageRepository(session).notice(webinar)
            return await self.mail(session).tell_some(webinar, notice) if notice else 0

    async def send(self, at: datetime) -> None:
        """Write all mails that are due by then, and were not written before."""
        async with self.database.transaction() as session:
            due = [(each.id or 0, webinar.id) for each, webinar in await MessageRepository(session).due(at)]
        for message_id, webinar_id in due:
            try:
                while not self._closing.is_set() and await self._some(message_id, webinar_id, at) == AT_ONCE:
                    pass
            except Exception:  # one message that cannot be made must not hold up the others
                log.exception("message %s was not sent; the next time tries again", message_id)

    async def _some(self, message_id: int, webinar_id: UUID, at: datetime) -> int:
        """Write some; return how many."""
        try:
            async with self.database.transaction() as session:
                return await self._write(session, message_id, webinar_id, at)
        except IntegrityError:  # somebody wrote one of them without the lock: the database has let one of us
            return 0

    async def _write(self, session: AsyncSession, message_id: int, webinar_id: UUID, at: datetime) -> int:
        webinars, messages, mail = WebinarRepository(session), MessageRepository(session), self.mail(session)
        webinar = await webinars.get(webinar_id)
        message = await messages.get(webinar, message_id) if webinar else None
        if not webinar or not message or not await messages.lacking(message, webinar, 1):
            return 0
        await webinars.lock(webinar)
        message = await messages.get(webinar, message_id)
        if not message or not message.is_due(webinar, at):
            return 0
        found = await messages.lacking(message, webinar, AT_ONCE)
        await messages.add_all([Delivery(message_id=message_id, registration_id=each.id) for each in found])
        for registration in found:
            await mail.message(webinar, registration, message)
        return len(found)

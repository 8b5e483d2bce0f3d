"""What nobody asks for but must happen: what is deleted goes for good, and what is too old to use goes too."""

from datetime import timedelta

from app.config import Settings
from app.db import Database
from app.models.base import now
from app.repositories.conversations import ConversationRepository
from app.repositories.events import EventRepository
from app.repositories.idempotency import IdempotencyRepository
from app.repositories.jobs import JobRepository
from app.repositories.mails import MailRepository
from app.repositories.pictures import PictureRepository
from app.repositories.product_figures import ProductFigures
from app.repositories.products import ProductRepository
from app.repositories.sessions import SessionRepository
from app.repositories.tickets import TicketRepository
from app.repositories.users import UserRepository
from app.repositories.webinars import WebinarRepository
from app.services.idempotency_service import KEPT_FOR
from app.services.periodic import Periodic

EVENTS_KEPT = timedelta(days=1)  # followers read them at once
EXPLAINED = timedelta(days=1)  # how long an expired link still says that it has expired
RESTORABLE = timedelta(days=1)  # how long a deleted conversation or product can be restored
MAILS_KEPT = timedelta(days=7)  # sent or not: they hold links and codes, which are over by then


class UpkeepService(Periodic):
    """Tidies soon after the start and then once an hour."""

    first_seconds = 60.0  # so that a server that restarts often tidies too
    every_seconds = 3600.0

    def __init__(self, database: Database, settings: Settings) -> None:
        super().__init__()
        self.database = database
        self.settings = settings

    async def act(self) -> None:
        """Delete what was deleted a day ago, old sessions and mails, guests with neither session nor words, and
        pictures that nothing shows.

        Webinars that have ended are done.
        """
        async with self.database.transaction() as session:
            await ConversationRepository(session).purge(now() - RESTORABLE)
            await ProductRepository(session).purge(now() - RESTORABLE)
            await ProductFigures(session).fold()
            await EventRepository(session).purge(now() - EVENTS_KEPT)
            await IdempotencyRepository(session).purge(now() - KEPT_FOR)
            await TicketRepository(session).purge(now() - EXPLAINED)
            await SessionRepository(session).end_older(now() - timedelta(days=self.settings.session_days))
            await UserRepository(session).delete_lost_guests()
            await MailRepository(session).purge(now() - MAILS_KEPT)
            await WebinarRepository(session).finish(now())
            await JobRepository(session).purge(now())
            await PictureRepository(session).purge(now())

"""The way out for mails: whatever is queued is handed to the SMTP server, and tried again when that fails."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from app.config import Settings
from app.db import Database
from app.models.base import now
from app.models.mail import Mail
from app.repositories.mails import MailRepository
from app.services.smtp import SmtpClient, in_words, is_final

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0  # mails of another process, and those whose time to try again has come
FIRST_RETRY_SECONDS = 30.0
LONGEST_RETRY_SECONDS = 3600.0
MOST_ATTEMPTS = 30  # with the pauses above: about a day
AT_ONCE = 5
SEND_SECONDS = 60.0
CLAIM = timedelta(minutes=5)  # well over `SEND_SECONDS`: nobody else takes a mail that is being handed in
CLOSE_SECONDS = 3.0  # for what is being handed in at a shutdown


class MailSender:
    """Sends what is queued. One per app, started and closed with it; several processes share one outbox.

    A mail is sent at least once: when a process dies between handing it in and saying so in the database, the claim
    runs out and the mail is sent again, under the same Message-ID.

    Logs name mails by their ids, and errors by their kind: addresses, subjects and texts are private.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        look_seconds: float = LOOK_SECONDS,
        first_retry_seconds: float = FIRST_RETRY_SECONDS,
    ) -> None:
        self.database = database
        self.settings = settings
        self.look_seconds = look_seconds
        self.first_retry_seconds = first_retry_seconds
        self._client = SmtpClient(settings, settings.smtp_server) if settings.smtp_server else None
        self._wake = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        if self._client:
            self._task = asyncio.create_task(self._run(self._client))
        elif self.settings.in_production:
            log.warning("no SMTP_URL: mails wait in the database, and nobody gets any")

    async def close(self) -> None:
        self._closing = True
        self.wake()
        if self._task:
            await asyncio.wait([self._task], timeout=CLOSE_SECONDS)
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def wake(self) -> None:
        """Look for mails now; returns at once."""
        self._wake.set()

    async def _run(self, client: SmtpClient) -> None:
        while not self._closing:
            self._wake.clear()
            try:
                await self._send_due(client)
            except Exception:
                log.exception("sending mails failed; the next look tries again")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self.look_seconds)

    async def _send_due(self, client: SmtpClient) -> None:
        while not self._closing and (mails := await self._claim()):
            ends = await asyncio.gather(*(self._send(client, mail) for mail in mails), return_exceptions=True)
            for problem in filter(None, ends):
                log.error("how a mail went could not be stored; its claim runs out", exc_info=problem)

    async def _claim(self) -> Sequence[Mail]:
        async with self._mails() as mails:
            return await mails.claim_due(now() + CLAIM, AT_ONCE)

    async def _send(self, client: SmtpClient, mail: Mail) -> None:
        """Hand in one mail and store how that went; no transaction is open while the server talks."""
        id = mail.id or 0
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await client.hand_in(mail)
        except Exception as error:  # whatever it is, other mails go on
            await self._end_badly(id, mail.attempts, error)
            return
        async with self._mails() as mails:
            await mails.sent(id)
        log.info("mail %s sent", id)

    async def _end_badly(self, id: int, attempts: int, error: Exception) -> None:
        gives_up = is_final(error) or attempts >= MOST_ATTEMPTS
        async with self._mails() as mails:
            if gives_up:
                await mails.give_up(id, in_words(error))
            else:
                await mails.postpone(id, now() + self._pause(attempts), in_words(error))
        kind, code = type(error).__name__, getattr(error, "code", "")
        log.warning("mail %s %s at try %s: %s %s", id, "failed" if gives_up else "waits", attempts, kind, code)

    def _pause(self, attempts: int) -> timedelta:
        """Twice as long after each try, and never quite: a thousand mails do not come back at once."""
        doubled = self.first_retry_seconds * 2 ** min(attempts - 1, 16)
        share = random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        return timedelta(seconds=min(doubled, LONGEST_RETRY_SECONDS) * share)

    @asynccontextmanager
    async def _mails(self) -> AsyncIterator[MailRepository]:
        async with self.database.transaction() as session:
            yield MailRepository(session)

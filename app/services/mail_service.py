"""Mails: written in the transaction that wants them, sent when it is over."""

from collections.abc import Callable, Mapping, Sequence

from app.errors import NotFound
from app.models.mail import SUBJECT_LENGTH, Mail
from app.repositories.mails import MailRepository

NEWEST = 100
MailRenderer = Callable[[str, Mapping[str, object]], tuple[str, str, str]]


class MailService:
    """Writes mails into the outbox; `MailSender` empties it."""

    def __init__(self, mails: MailRepository, render: MailRenderer, wake: Callable[[], object]) -> None:
        self.mails = mails
        self.render = render
        self.wake = wake

    async def send(
        self, to: str, template: str, *, calendar: str = "", unsubscribe: str = "", **context: object
    ) -> None:
        """Write a mail, perhaps with a calendar file, or with a URL to unsubscribe at by one click.

        It goes out when the transaction is committed, else never.
        """
        subject, text, html = self.render(template, context)
        mail = Mail(recipient=to, subject=subject[:SUBJECT_LENGTH], text=text, html=html)
        await self.mails.add(mail.sqlmodel_update({"calendar": calendar, "unsubscribe": unsubscribe}))
        self.mails.after_commit(self.wake)

    async def newest(self) -> Sequence[Mail]:
        return await self.mails.newest(NEWEST)

    async def get(self, id: int) -> Mail:
        mail = await self.mails.get(id)
        if mail is None:
            raise NotFound
        return mail

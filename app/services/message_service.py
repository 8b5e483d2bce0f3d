"""The messages of a webinar, as its staff word them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.config import Settings
from app.errors import NotFound
from app.limits import Limits
from app.models.base import now
from app.models.webinar import Registration, Webinar
from app.models.webinar_message import Filling, MessageForm, WebinarMessage
from app.repositories.messages import MessageRepository
from app.repositories.visibility import Rights
from app.services.webinar_mail import WebinarMail

SAMPLE = "Alex Sample"  # whose mail the preview shows as long as nobody has registered
TEST_RATE = "30/hour"


@dataclass(frozen=True, slots=True)
class Planned:
    """A message, when it goes out, and to how many it did."""

    message: WebinarMessage
    due: datetime
    is_over: bool
    sent: int


class MessageService:
    def __init__(self, messages: MessageRepository, mail: WebinarMail, limits: Limits, settings: Settings) -> None:
        self.messages = messages
        self.mail = mail
        self.limits = limits
        self.settings = settings

    async def list(self, rights: Rights, webinar: Webinar) -> Sequence[Planned]:
        """In the order in which they go out."""
        rights.check("webinar.change")
        sent = await self.messages.sent(webinar)
        found = [
            Planned(each, each.due(webinar), each.is_over(webinar, now()), sent.get(each.id or 0, 0))
            for each in await self.messages.of(webinar)
        ]
        return sorted(found, key=lambda planned: planned.due)

    async def plan(self, rights: Rights, webinar: Webinar, id: int) -> Planned:
        """One of them; `NotFound` when it is not there, or of another webinar."""
        for planned in await self.list(rights, webinar):
            if planned.message.id == id:
                return planned
        raise NotFound

    async def hold(self, rights: Rights, webinar: Webinar, id: int) -> Planned:
        """Let nobody else change it until this transaction ends, and see what they changed before."""
        rights.check("webinar.change")
        await self.messages.lock(webinar, id)
        await self.get(rights, webinar, id)
        return await self.plan(rights, webinar, id)

    async def get(self, rights: Rights, webinar: Webinar, id: int) -> WebinarMessage | None:
        """None for 0, which stands for a new one."""
        rights.check("webinar.change")
        message = await self.messages.get(webinar, id) if id else None
        if id and message is None:
            raise NotFound
        return message

    async def filling(self, rights: Rights, webinar: Webinar) -> Filling:
        """What the preview puts in place of the placeholders: somebody's name, and no link that is theirs."""
        name = await self.messages.first_name(webinar, rights.sees(Registration))
        return Filling.of(webinar, name or SAMPLE, self.settings.url(webinar.path))

    async def preview(self, rights: Rights, webinar: Webinar) -> Filling:
        """The same for whoever may word messages."""
        rights.check("webinar.change")
        return await self.filling(rights, webinar)

    async def save(
        self, rights: Rights, webinar: Webinar, message: WebinarMessage | None, form: MessageForm
    ) -> WebinarMessage:
        """Change it, or make a new one. Whoever has got it does not get it again, whatever it says now."""
        rights.check("webinar.change")
        if message is None:
            return await self.messages.add(WebinarMessage(webinar_id=webinar.id, **form.values()))
        return await self.messages.add(message.sqlmodel_update(form.values() | {"updated_at": now()}))

    async def delete(self, rights: Rights, webinar: Webinar, id: int) -> None:
        """One that is gone already is passed over."""
        rights.check("webinar.change")
        await self.messages.delete(webinar, id)

    async def test(self, rights: Rights, webinar: Webinar, form: MessageForm) -> str:
        """Send it to whoever words it, as it is typed and not saved; return to which address."""
        rights.check("webinar.change")
        await self.limits.hit(TEST_RATE, "test mail", str(rights.user.id))
        filling = Filling.of(webinar, SAMPLE, self.settings.url(webinar.path))  # a mail is kept: nobody's name is in it
        await self.mail.test(webinar, rights.user.email, form, filling)
        return rights.user.email

"""The mails of webinars: what registrants are told when something happens."""

from app.config import Settings
from app.events import (
    Happened,
    RegistrationCancelled,
    RegistrationDecided,
    RegistrationRepeated,
    SeatGiven,
    WebinarCancelled,
    WebinarRegistered,
    WebinarRescheduled,
)
from app.models.base import now
from app.models.follow_up import FollowUp
from app.models.webinar import Registration, Standing, Webinar, WebinarStatus
from app.models.webinar_message import Filling, MessageForm, Notice, WebinarMessage
from app.repositories.messages import MessageRepository
from app.repositories.webinars import WebinarRepository
from app.services.calendar import Method, calendar
from app.services.mail_service import MailService
from app.services.unsubscribing import unsubscribe_path
from app.services.webinar_service import link_signature

AT_ONCE = 50  # mails in one transaction: whoever registers meanwhile waits for its end

# What somebody is told who has just come to stand there.
STANDINGS = {
    Standing.REGISTERED: "webinar_registered",
    Standing.WAITING: "webinar_waiting",
    Standing.PENDING: "webinar_pending",
    Standing.DECLINED: "webinar_declined",
}


class WebinarMail:
    """A handler of webinars' events."""

    def __init__(self, webinars: WebinarRepository, mail: MailService, settings: Settings) -> None:
        self.webinars = webinars
        self.mail = mail
        self.settings = settings

    async def handle(self, happened: Happened) -> None:
        had_seat = happened.before.get("status") == Standing.REGISTERED
        match happened:
            case (
                WebinarRegistered(webinar, Registration() as registration)
                | RegistrationRepeated(webinar, Registration() as registration)
                | RegistrationDecided(webinar, Registration() as registration)
            ):
                await self._tell(webinar, registration, STANDINGS[registration.status], had_seat=had_seat)
            case SeatGiven(webinar, Registration() as registration):
                await MessageRepository(self.webinars.session).pass_over(webinar, registration, now())
                await self._tell(webinar, registration, "webinar_seat_given")
            case RegistrationCancelled(webinar, Registration() as registration):
                await self._tell(webinar, registration, "webinar_cancelled", had_seat=had_seat)
            case WebinarRescheduled(webinar):
                await self._tell_all(webinar, "webinar_changed")
            case WebinarCancelled(webinar):
                await self._tell_all(webinar, "webinar_called_off")
            case _:
                pass

    async def message(self, webinar: Webinar, registration: Registration, message: WebinarMessage) -> None:
        """A reminder or a follow-up; reminders bring the calendar's entry once more."""
        filling = Filling.of(webinar, registration.name, self._link(registration))
        entry = self._calendar(webinar, registration) if message.is_reminder else ""
        await self._write(registration.email, webinar, message, filling, registration, calendar=entry)

    async def test(self, webinar: Webinar, to: str, form: MessageForm, filling: Filling) -> None:
        """The same as staff send it to themselves while they word it."""
        await self._write(to, webinar, form, filling, None)

    async def _write(
        self,
        to: str,
        webinar: Webinar,
        words: WebinarMessage | MessageForm,
        filling: Filling,
        registration: Registration | None,
        *,
        calendar: str = "",
    ) -> None:
        leave = self.settings.url(unsubscribe_path(self.settings, registration)) if registration else ""
        await self.mail.send(
            to,
            "webinar_message",
            calendar=calendar,
            unsubscribe=leave,
            webinar=webinar,
            subject=filling.plain(words.subject),
            words=filling.plain(words.text),
            source=filling.markdown(words.text),
            leave_url=leave,
        )

    async def follow_up(self, webinar: Webinar, registration: Registration, follow_up: FollowUp) -> None:
        """What somebody has written, or approved, for this one person. It is plain text."""
        leave = self.settings.url(unsubscribe_path(self.settings, registration))
        await self.mail.send(
            registration.email,
            "webinar_follow_up",
            unsubscribe=leave,
            webinar=webinar,
            subject=follow_up.subject,
            words=follow_up.text,
            leave_url=leave,
        )

    async def _tell_all(self, webinar: Webinar, template: str) -> None:
        """The first at once; the others are told by the messenger, lest everybody else's writes wait for it."""
        await self.tell_some(webinar, await MessageRepository(self.webinars.session).give_notice(webinar, template))

    async def tell_some(self, webinar: Webinar, notice: Notice) -> int:
        """Tell those who come next; return how many."""
        some = await self.webinars.active(webinar, notice.told, notice.until, AT_ONCE)
        for registration in some:
            await self._tell(webinar, registration, notice.template)
        last = some[-1].number if len(some) == AT_ONCE else None
        await MessageRepository(self.webinars.session).told(notice, last)
        return len(some)

    async def _tell(
        self, webinar: Webinar, registration: Registration, template: str, *, had_seat: bool = False
    ) -> None:
        place = await self.webinars.place(registration) if template == STANDINGS[Standing.WAITING] else 0
        entry = self._calendar(webinar, registration, had_seat=had_seat)
        await self.mail.send(
            registration.email,
            template,
            calendar=entry,
            in_calendar=bool(entry),
            confirmed=registration.confirmed_at is not None,
            webinar=webinar,
            name=registration.name,
            place=place,
            url=self._link(registration),
        )

    def _link(self, registration: Registration) -> str:
        return self.settings.url(f"/registrations/{registration.id}/{link_signature(self.settings, registration.id)}")

    def _calendar(self, webinar: Webinar, registration: Registration, *, had_seat: bool = False) -> str:
        """An entry for whoever has a seat; one that takes it back for whoever has none any more, and had one."""
        is_seated = registration.status == Standing.REGISTERED
        if not (is_seated or had_seat):
            return ""
        method = Method.REQUEST if is_seated and webinar.status != WebinarStatus.CANCELLED else Method.CANCEL
        return calendar(webinar, self.settings.site, self.settings.mail_address, method, registration)

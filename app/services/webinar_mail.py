"""The mails of webinars: what registrants are told when something happens."""

from app.config import Settings
from app.events import (
    Happened,
    RegistrationCancelled,
    RegistrationDecided,
    SeatGiven,
    WebinarCancelled,
    WebinarChanged,
    WebinarRegistered,
)
from app.models.webinar import Registration, Standing, Webinar
from app.repositories.webinars import WebinarRepository
from app.services.calendar import Method, calendar
from app.services.mail_service import MailService
from app.services.webinar_service import link_signature

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
        match happened:
            case WebinarRegistered(webinar, Registration() as registration):
                await self._tell(webinar, registration, STANDINGS[registration.status])
            case RegistrationDecided(webinar, Registration() as registration):
                await self._tell(webinar, registration, STANDINGS[registration.status])
            case SeatGiven(webinar, Registration() as registration):
                await self._tell(webinar, registration, "webinar_seat_given")
            case RegistrationCancelled(webinar, Registration() as registration):
                await self._tell(webinar, registration, "webinar_cancelled")
            case WebinarChanged(webinar):
                await self._tell_all(webinar, "webinar_changed")
            case WebinarCancelled(webinar):
                await self._tell_all(webinar, "webinar_called_off")
            case _:
                pass

    async def remind(self, webinar: Webinar, registration: Registration) -> None:
        await self._tell(webinar, registration, "webinar_reminder")

    async def _tell_all(self, webinar: Webinar, template: str) -> None:
        for registration in await self.webinars.active(webinar):
            await self._tell(webinar, registration, template)

    async def _tell(self, webinar: Webinar, registration: Registration, template: str) -> None:
        url = self.settings.url(f"/registrations/{registration.id}/{link_signature(self.settings, registration.id)}")
        place = await self.webinars.place(registration) if registration.status == Standing.WAITING else 0
        await self.mail.send(
            registration.email,
            template,
            calendar=self._calendar(webinar, registration, template),
            webinar=webinar,
            name=registration.name,
            place=place,
            url=url,
        )

    def _calendar(self, webinar: Webinar, registration: Registration, template: str) -> str:
        """An entry for whoever has a seat; one that takes it back for whoever has none any more."""
        over = template in ("webinar_cancelled", "webinar_called_off")
        if not over and registration.status != Standing.REGISTERED:
            return ""
        method = Method.CANCEL if over else Method.REQUEST
        return calendar(webinar, self.settings.site, self.settings.mail_address, method, registration)

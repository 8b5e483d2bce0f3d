"""Webinars: who has a seat, who waits for one, and who comes next. Every change of seats is made under a lock."""

import hmac
from collections.abc import Sequence
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.config import Settings
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.events import (
    Events,
    RegistrationCancelled,
    RegistrationChanged,
    SeatGiven,
    WebinarCancelled,
    WebinarChanged,
    WebinarRegistered,
)
from app.limits import Limits
from app.models.base import now
from app.models.user import Place, User
from app.models.webinar import Registration, RegistrationForm, Standing, Webinar, WebinarForm, WebinarStatus, slug_of
from app.repositories.visibility import Rights
from app.repositories.webinars import WebinarRepository
from app.services.calendar import Method, calendar

CONSENT = "I agree that my name, address and answers are kept to hold this webinar, until I cancel or it is over."
CALENDAR_FIELDS = ("title", "starts_at", "ends_at", "description", "join_url")
SIGNATURE_LENGTH = 32


class AlreadyRegistered(Conflict):
    title = "You are registered already"
    message = "This address has a registration for this webinar. The mail that confirmed it has a link to change it."


class NotOpen(Conflict):
    title = "Registration is closed"
    message = "This webinar takes no registrations now."


class TooFewSeats(Conflict):
    message = "More people than that hold a seat already. Cancel some registrations first, or keep the number."


class WebinarService:
    def __init__(
        self, webinars: WebinarRepository, events: Events, limits: Limits, place: Place, settings: Settings
    ) -> None:
        self.webinars = webinars
        self.events = events
        self.limits = limits
        self.place = place
        self.settings = settings

    # Looking

    async def list(self, rights: Rights | None, query: str, *, past: bool) -> Sequence[Webinar]:
        """Webinars to come, or those past; drafts only for those who may see them."""
        drafts = rights is not None and rights.may("webinar.view")
        return await self.webinars.listed(now(), past=past, words=query.split()[:8], drafts=drafts)

    async def get(self, rights: Rights | None, slug: str) -> Webinar:
        """`NotFound` for what is not there, and for a draft that is not theirs to see."""
        webinar = await self.webinars.by_slug(slug)
        if webinar is None:
            raise NotFound
        if webinar.status == WebinarStatus.DRAFT and not (rights and rights.may("webinar.view")):
            raise NotFound
        return webinar

    def calendar(self, webinar: Webinar) -> str:
        """The entry that everybody may put into their calendar."""
        return calendar(webinar, self.settings.site, parseaddr(self.settings.mail_from)[1], Method.PUBLISH)

    # What staff do

    async def create(self, rights: Rights, form: WebinarForm) -> Webinar:
        """Make a draft; a title that was used before gets a number in its address."""
        rights.check("webinar.add")
        slug, number = slug_of(form.title), 1
        while await self.webinars.by_slug(slug):
            number += 1
            slug = f"{slug_of(form.title)}-{number}"
        return await self.webinars.add(Webinar(slug=slug, **form.values()))

    async def change(self, rights: Rights, webinar: Webinar, form: WebinarForm) -> None:
        """Change it; more seats go to those who wait, and calendars learn of another time."""
        rights.check("webinar.change")
        values = form.values()
        await self.webinars.lock(webinar)
        if values["capacity"] < webinar.taken:
            raise TooFewSeats(field="capacity")
        told = any(values.get(name, getattr(webinar, name)) != getattr(webinar, name) for name in CALENDAR_FIELDS)
        webinar.sqlmodel_update(values | {"updated_at": now(), "sequence": webinar.sequence + told})
        await self.webinars.add(webinar)
        await self._promote(webinar)
        if told and webinar.status == WebinarStatus.PUBLISHED:
            await self.events.publish(WebinarChanged(webinar, actor=rights.user))

    async def publish(self, rights: Rights, webinar: Webinar) -> None:
        rights.check("webinar.change")
        if webinar.status != WebinarStatus.DRAFT:
            raise Conflict("Only a draft can be published.")
        await self.webinars.add(webinar.sqlmodel_update({"status": WebinarStatus.PUBLISHED, "updated_at": now()}))

    async def cancel_webinar(self, rights: Rights, webinar: Webinar) -> None:
        """Cancel it for good; everybody who registered is told, by mail and in their calendar."""
        rights.check("webinar.change")
        if webinar.status != WebinarStatus.PUBLISHED:
            raise Conflict("Only a published webinar can be cancelled.")
        status = {"status": WebinarStatus.CANCELLED, "sequence": webinar.sequence + 1, "updated_at": now()}
        await self.webinars.add(webinar.sqlmodel_update(status))
        await self.events.publish(WebinarCancelled(webinar, actor=rights.user))

    # What people do

    async def register(self, webinar: Webinar, form: RegistrationForm) -> Registration:
        """Give one person a seat, or a place in the queue; whose address comes twice is told so by `AlreadyRegistered`.

        Who has cancelled may come again, at the end of the queue.
        """
        if not form.consent:
            raise Invalid("Without your consent we may not keep your registration.", field="consent")
        await self.limits.hit_mail(form.email, self.place.address)
        await self.webinars.lock(webinar)
        if not webinar.is_open:
            raise NotOpen
        earlier = await self.webinars.by_email(webinar, form.email)
        if earlier and not earlier.is_over:
            raise AlreadyRegistered(field="email")
        registration = await self._add(webinar, form, earlier)
        await self.events.publish(WebinarRegistered(webinar, registration))
        return registration

    async def _add(self, webinar: Webinar, form: RegistrationForm, earlier: Registration | None) -> Registration:
        values: dict[str, Any] = {
            "name": form.name,
            "answers": dict(zip(webinar.questions, form.answers, strict=False)),
            "source": form.source,
            "consent": CONSENT,
            "consented_at": now(),
            "number": webinar.last_number + 1,
            "status": self._standing(webinar),
            "confirmed_at": None,
            "cancelled_at": None,
            "sequence": earlier.sequence + 1 if earlier else 0,
            "updated_at": now(),
        }
        webinar.last_number += 1
        webinar.taken += values["status"] == Standing.REGISTERED
        await self.webinars.add(webinar)
        row = earlier or Registration(webinar_id=webinar.id, email=form.email, **values)
        try:
            return await self.webinars.add(row.sqlmodel_update(values))
        except IntegrityError as error:
            raise AlreadyRegistered(field="email") from error

    def _standing(self, webinar: Webinar) -> Standing:
        if webinar.needs_approval:
            return Standing.PENDING
        return Standing.REGISTERED if webinar.free > 0 else Standing.WAITING

    async def by_link(self, id: UUID, signature: str) -> tuple[Registration, Webinar]:
        """The registration that this link is for."""
        right = hmac.compare_digest(signature.encode(), link_signature(self.settings, id).encode())
        registration = await self.webinars.registration(id) if right else None
        webinar = await self.webinars.get(registration.webinar_id) if registration else None
        if registration is None or webinar is None:
            raise NotFound
        return registration, webinar

    async def queue_place(self, registration: Registration) -> int:
        """Their place in the queue, from 1; 0 when they do not wait."""
        return await self.webinars.place(registration) if registration.status == Standing.WAITING else 0

    async def confirm(self, webinar: Webinar, registration: Registration) -> None:
        """Note that whoever owns the address has opened the link of the mail."""
        if registration.confirmed_at is None:
            await self.webinars.add(registration.sqlmodel_update({"confirmed_at": now(), "updated_at": now()}))
            await self.events.publish(RegistrationChanged(webinar, registration))

    async def cancel(self, webinar: Webinar, registration: Registration, actor: User | None = None) -> None:
        """Give the seat back; the first who waits gets it, in the same transaction. `actor`: staff who did it."""
        await self.webinars.lock(webinar)
        await self.webinars.reload(registration)
        if registration.is_over:
            return
        webinar.taken -= registration.status == Standing.REGISTERED
        await self.webinars.add(webinar)
        await self._stand(registration, Standing.CANCELLED)
        await self.events.publish(RegistrationCancelled(webinar, registration, actor))
        await self._promote(webinar)

    async def cancel_for(self, rights: Rights, webinar: Webinar, registration: Registration) -> None:
        """The same, done by staff."""
        await self._check_change(rights, webinar, registration)
        await self.cancel(webinar, registration, rights.user)

    async def registrant(self, rights: Rights, webinar: Webinar, id: UUID) -> Registration:
        """A registration for this webinar; `NotFound` too for one that they may not see."""
        registration = await self.webinars.registrant(webinar, id, rights.sees(Registration))
        if registration is None:
            raise NotFound
        return registration

    async def _check_change(self, rights: Rights, webinar: Webinar, registration: Registration) -> None:
        if not await self.webinars.registrant(webinar, registration.id, rights.rows(Registration, "change")):
            raise Forbidden

    async def decide(self, rights: Rights, webinar: Webinar, registration: Registration, *, approve: bool) -> None:
        """Approve somebody, who gets a seat or a place in the queue, or decline."""
        await self._check_change(rights, webinar, registration)
        await self.webinars.lock(webinar)
        await self.webinars.reload(registration)
        if registration.status != Standing.PENDING:
            raise Conflict("This registration has been decided on already.")
        await self._stand(registration, Standing.WAITING if approve else Standing.DECLINED)
        await self.events.publish(RegistrationChanged(webinar, registration, rights.user))
        await self._promote(webinar)

    async def check_in(self, rights: Rights, webinar: Webinar, registration: Registration) -> bool:
        """Note that this person is there; False when they were noted before."""
        await self._check_change(rights, webinar, registration)
        if registration.status != Standing.REGISTERED:
            raise Conflict("This person has no seat.")
        if registration.attended_at:
            return False
        await self.webinars.add(registration.sqlmodel_update({"attended_at": now(), "updated_at": now()}))
        await self.events.publish(RegistrationChanged(webinar, registration, rights.user))
        return True

    async def _promote(self, webinar: Webinar) -> None:
        """Give free seats to those who wait, the first first. Only under the lock."""
        for registration in await self.webinars.waiting(webinar, webinar.free):
            webinar.taken += 1
            await self.webinars.add(webinar)
            await self._stand(registration, Standing.REGISTERED)
            await self.events.publish(SeatGiven(webinar, registration))

    async def _stand(self, registration: Registration, standing: Standing) -> None:
        changes = {"status": standing, "sequence": registration.sequence + 1, "updated_at": now()}
        changes["cancelled_at"] = now() if standing == Standing.CANCELLED else None
        await self.webinars.add(registration.sqlmodel_update(changes))


def link_signature(settings: Settings, registration_id: UUID) -> str:
    """What the link in a registrant's mails ends with: nobody else can make it."""
    return settings.digest("registration", registration_id.hex)[:SIGNATURE_LENGTH]

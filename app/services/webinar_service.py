"""Webinars: what people see of them and staff make of them, and how somebody registers."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.config import Settings
from app.errors import Conflict, Invalid, NotFound
from app.events import (
    Events,
    RegistrationChanged,
    RegistrationConfirmed,
    RegistrationRepeated,
    WebinarAdded,
    WebinarCancelled,
    WebinarChanged,
    WebinarPublished,
    WebinarRegistered,
    WebinarRescheduled,
)
from app.limits import Limits
from app.models.base import now
from app.models.registrant_forms import DetailsForm, RegistrationForm
from app.models.user import Place
from app.models.webinar import Registration, Standing, Webinar, WebinarForm, WebinarStatus
from app.repositories.leaf import Leaf
from app.repositories.messages import MessageRepository
from app.repositories.visibility import Rights
from app.repositories.webinars import WebinarRepository
from app.services.calendar import Method, calendar
from app.services.lists import MAX_WORDS, WordsView
from app.services.seats import Seats
from app.services.slugs import SlugTaken, free_slug

CONSENT = "I agree that my name, address and answers are kept to hold this webinar, until I cancel or it is over."
CALENDAR_FIELDS = ("title", "starts_at", "ends_at", "time_zone")
SIGNATURE_LENGTH = 32
MOST_SAID = 500


@dataclass(frozen=True, slots=True)
class WebinarsView(WordsView):
    past: bool = False


class AlreadyRegistered(Conflict):
    title = "You are registered already"
    message = "This address has a registration for this webinar. The mail that confirmed it has a link to change it."


class MailedAgain(AlreadyRegistered):
    message = "This address has a registration for this webinar. Its mail comes once more, with a link to change it."
    keeps = True  # the mail waits in the database


class NotOpen(Conflict):
    title = "Registration is closed"
    message = "This webinar takes no registrations now."


class TooFewSeats(Conflict):
    message = "More people than that hold a seat already. Cancel some registrations first, or keep the number."


class ChangedSince(Conflict):
    """Beside each field in which they differ stands what somebody else has saved."""

    title = "Somebody else was faster"
    message = "This webinar was changed since you opened it. Keep what you typed or take theirs, and save once more."

    def __init__(self, webinar: Webinar, form: WebinarForm) -> None:
        theirs, mine = WebinarForm.of(webinar), form.model_dump(mode="json")
        differing = {name: theirs.get(name) for name in WebinarForm.model_fields if mine[name] != theirs.get(name)}
        super().__init__(problems={name: f"Now it is “{_said(value)}”." for name, value in differing.items()})


def _said(value: Any) -> str:
    """A value of a form in words."""
    words = {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value or "nothing")
    return words if len(words) <= MOST_SAID else words[: MOST_SAID - 1] + "…"


class WebinarService(Seats):
    def __init__(
        self, webinars: WebinarRepository, events: Events, limits: Limits, place: Place, settings: Settings
    ) -> None:
        super().__init__(webinars, events)
        self.limits = limits
        self.place = place
        self.settings = settings

    # Looking

    async def leaf(self, rights: Rights | None, view: WebinarsView) -> Leaf[Webinar]:
        """A page of the webinars to come, or of those past; drafts only for those who may see them."""
        drafts = rights is not None and rights.may("webinar.view")
        words = view.q.split()[:MAX_WORDS]
        return await self.webinars.leaf(now(), view.page, past=view.past, words=words, drafts=drafts)

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
        return calendar(webinar, self.settings.site, self.settings.mail_address, Method.PUBLISH)

    # What staff do

    async def create(self, rights: Rights, form: WebinarForm) -> Webinar:
        """Make a draft; a title that was used before gets a number in its address."""
        rights.check("webinar.add")
        slug = await free_slug(self.webinars, form.title, "webinar")
        try:
            webinar = await self.webinars.add(Webinar(slug=slug, **form.values()))
        except IntegrityError as error:
            raise SlugTaken from error
        await MessageRepository(self.webinars.session).add_defaults(webinar)
        await self.events.publish(WebinarAdded(webinar, None, rights.user, after=form.values()))
        return webinar

    async def change(self, rights: Rights, webinar: Webinar, form: WebinarForm, seen: str = "") -> None:
        """Change it; more seats go to those who wait, and calendars learn of another time.

        `seen` is the version that was looked at, unless the webinar was held since.
        """
        rights.check("webinar.change")
        values = form.values()
        await self.webinars.lock(webinar)
        if seen not in ("", webinar.version):
            raise ChangedSince(webinar, form)
        if values["capacity"] < webinar.taken:
            raise TooFewSeats(field="capacity")
        before = {name: getattr(webinar, name) for name in values}
        told = any(values[name] != before[name] for name in CALENDAR_FIELDS)
        webinar.sqlmodel_update(values | {"updated_at": now(), "sequence": webinar.sequence + told})
        if webinar.status == WebinarStatus.DONE and webinar.ends_at > now():
            webinar.status = WebinarStatus.PUBLISHED  # it is held again
        await self.webinars.add(webinar)
        await self._remind_anew(webinar, before["starts_at"])
        await self._promote(webinar)
        if values != before:
            await self.events.publish(WebinarChanged(webinar, None, rights.user, before, values))
        if told and webinar.status == WebinarStatus.PUBLISHED:
            await self.events.publish(WebinarRescheduled(webinar, actor=rights.user))

    async def _remind_anew(self, webinar: Webinar, before: datetime) -> None:
        """When it was moved by more than a reminder's own time, that reminder goes to everybody again, for the new one.

        By less than that, who has been reminded knows: of the change itself a mail tells.
        """
        messages = MessageRepository(self.webinars.session)
        again = max(before, now())
        anew = [each for each in await messages.of(webinar) if each.is_reminder and each.due(webinar) > again]
        await messages.forget(anew)

    async def hold(self, rights: Rights, webinar: Webinar) -> None:
        """Let nobody else change it until this transaction ends, and see what they changed before."""
        rights.check("webinar.change")
        await self.webinars.lock(webinar)

    async def publish(self, rights: Rights, webinar: Webinar) -> None:
        rights.check("webinar.change")
        if webinar.status != WebinarStatus.DRAFT:
            raise Conflict("Only a draft can be published.")
        await self.webinars.add(webinar.sqlmodel_update({"status": WebinarStatus.PUBLISHED, "updated_at": now()}))
        await self.events.publish(WebinarPublished(webinar, actor=rights.user))

    async def cancel_webinar(self, rights: Rights, webinar: Webinar) -> None:
        """Cancel it for good; everybody who registered is told, by mail and in their calendar."""
        rights.check("webinar.change")
        await self.webinars.lock(webinar)
        if webinar.status != WebinarStatus.PUBLISHED:
            raise Conflict("Only a published webinar can be cancelled.")
        status = {"status": WebinarStatus.CANCELLED, "sequence": webinar.sequence + 1, "updated_at": now()}
        await self.webinars.add(webinar.sqlmodel_update(status))
        await self.events.publish(WebinarCancelled(webinar, actor=rights.user))

    # What people do

    async def register(self, webinar: Webinar, form: RegistrationForm) -> Registration:
        """Give one person a seat, or a place in the queue. Whose address comes twice is told so by `AlreadyRegistered`,
        and where they stand by mail.

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
            await self.events.publish(RegistrationRepeated(webinar, earlier))
            raise MailedAgain(field="email")
        registration = await self._add(webinar, form, earlier)
        await self.events.publish(WebinarRegistered(webinar, registration))
        return registration

    async def _add(self, webinar: Webinar, form: RegistrationForm, earlier: Registration | None) -> Registration:
        values: dict[str, Any] = {
            "name": form.name,
            "answers": form.answered(webinar.questions),
            "source": form.source,
            "consent": CONSENT,
            "consented_at": now(),
            "number": webinar.last_number + 1,
            "status": self._standing(webinar),
            "confirmed_at": None,
            "attended_at": None,
            "cancelled_at": None,
            "sequence": earlier.sequence + 1 if earlier else 0,
            "updated_at": now(),
        }
        webinar.last_number += 1
        webinar.taken += values["status"] == Standing.REGISTERED
        await self.webinars.add(webinar)
        row = earlier or Registration(webinar_id=webinar.id, email=form.email, **values)
        if webinar.shares_out and row.rep_id is None:
            row.rep_id = next((rep.id for rep, _ in await self.webinars.reps(webinar)), None)
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
            await self.events.publish(RegistrationConfirmed(webinar, registration))

    async def change_details(self, webinar: Webinar, registration: Registration, form: DetailsForm) -> None:
        """Take what somebody now says of themselves, as long as their registration stands."""
        if registration.is_over or webinar.is_over:
            raise Conflict("This registration is over, so there is nothing to change.")
        values = {"name": form.name, "answers": form.answered(webinar.questions), "updated_at": now()}
        await self.webinars.add(registration.sqlmodel_update(values))
        await self.events.publish(RegistrationChanged(webinar, registration))


def link_signature(settings: Settings, registration_id: UUID) -> str:
    """What the link in a registrant's mails ends with: nobody else can make it."""
    return settings.digest("registration", registration_id.hex)[:SIGNATURE_LENGTH]

"""Unsubscribing from the messages of a webinar, by a link that is good for that alone."""

import hmac
from uuid import UUID

from app.config import Settings
from app.errors import NotFound
from app.events import Events, RegistrationChanged
from app.models.base import now
from app.models.webinar import Registration, Webinar
from app.repositories.webinars import WebinarRepository

SIGNATURE_LENGTH = 32


def signature(settings: Settings, registration_id: UUID) -> str:
    """Not the registration's own: mail providers read this one, and must not be able to cancel."""
    return settings.digest("unsubscribe", registration_id.hex)[:SIGNATURE_LENGTH]


def unsubscribe_path(settings: Settings, registration: Registration) -> str:
    return f"/unsubscribe/{registration.id}/{signature(settings, registration.id)}"


class Unsubscribing:
    def __init__(self, webinars: WebinarRepository, events: Events, settings: Settings) -> None:
        self.webinars = webinars
        self.events = events
        self.settings = settings

    async def by_link(self, id: UUID, given: str) -> tuple[Registration, Webinar]:
        """The registration that this link is for."""
        right = hmac.compare_digest(given.encode(), signature(self.settings, id).encode())
        registration = await self.webinars.registration(id) if right else None
        webinar = await self.webinars.get(registration.webinar_id) if registration else None
        if registration is None or webinar is None:
            raise NotFound
        return registration, webinar

    async def leave(self, registration: Registration, webinar: Webinar) -> None:
        """Send them no more reminders and follow-ups. A second time changes nothing."""
        if registration.unsubscribed_at is None:
            await self._set(registration, webinar, subscribed=False)

    async def come_back(self, registration: Registration, webinar: Webinar) -> None:
        if registration.unsubscribed_at is not None:
            await self._set(registration, webinar, subscribed=True)

    async def _set(self, registration: Registration, webinar: Webinar, *, subscribed: bool) -> None:
        changes = {"unsubscribed_at": None if subscribed else now(), "updated_at": now()}
        await self.webinars.add(registration.sqlmodel_update(changes))
        await self.events.publish(RegistrationChanged(webinar, registration))

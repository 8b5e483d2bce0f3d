"""One contact's data in all webinars: given out, and erased for good."""

from base64 import b64encode
from typing import Any

from app.models.user import User
from app.models.webinar import Registration
from app.repositories.follow_ups import FollowUpRepository
from app.repositories.idempotency import IdempotencyRepository
from app.repositories.jobs import JobRepository
from app.repositories.mails import MailRepository
from app.repositories.pictures import PictureRepository
from app.repositories.saved_views import SavedViewRepository
from app.repositories.visibility import Rights
from app.repositories.webinars import WebinarRepository
from app.services.audit_service import AuditService
from app.services.webinar_service import WebinarService

PRIVATE = {"id", "webinar_id", "rep_id", "photo_id", "sequence"}
FOLLOW_UP = {"subject", "text", "status", "author", "created_at", "sent_at"}


class ContactService:
    def __init__(
        self,
        webinars: WebinarRepository,
        mails: MailRepository,
        pictures: PictureRepository,
        jobs: JobRepository,
        follow_ups: FollowUpRepository,
        answers: IdempotencyRepository,
        saved_views: SavedViewRepository,
        service: WebinarService,
        audit: AuditService,
    ) -> None:
        self.webinars = webinars
        self.mails = mails
        self.pictures = pictures
        self.jobs = jobs
        self.follow_ups = follow_ups
        self.answers = answers
        self.saved_views = saved_views
        self.service = service
        self.audit = audit

    async def export(self, rights: Rights, email: str) -> dict[str, Any]:
        """What is stored of whoever has this address, as plain data."""
        rights.check("registration.export")
        found = await self.webinars.of_contact(email)
        return {
            "email": email,
            "registrations": [
                {
                    "webinar": webinar.title,
                    **registration.model_dump(mode="json", exclude=PRIVATE),
                    "notes": [note.text for note in await self.webinars.notes(registration)],
                    "photo": await self._photo(registration),
                    "follow_up": await self._follow_up(registration),
                }
                for registration, webinar in found
            ],
            "mails": [
                mail.model_dump(mode="json", include={"subject", "text", "created_at", "status"})
                for mail in await self.mails.to(email)
            ],
        }

    async def _follow_up(self, registration: Registration) -> dict[str, Any] | None:
        """What was written to them, or drafted and not sent."""
        found = await self.follow_ups.get(registration.id)
        return found.model_dump(mode="json", include=FOLLOW_UP) if found else None

    async def erase(self, rights: Rights, email: str) -> int:
        """Erase it; return from how many webinars. Seats go to those who wait, and nobody is written to any more.

        The audit log keeps that it was done, and not of whom.
        """
        rights.check("registration.delete")
        found = await self.webinars.of_contact(email)
        for registration, webinar in found:
            await self.service.cancel(webinar, registration, rights.user)
            await self._forget(registration, rights.user)
        await self.mails.forget(email)
        ids = [registration.id for registration, _ in found]
        await self.jobs.forget(email, ids, {registration.name for registration, _ in found})
        await self.saved_views.forget_address(email)
        await self.answers.forget(email, *map(str, ids))
        await self.audit.forget("registration", ids, email)
        return len(found)

    async def _photo(self, registration: Registration) -> str | None:
        """As an address that holds the picture itself, which every browser shows."""
        photo = await self.pictures.get(registration.photo_id) if registration.photo_id else None
        return f"data:{photo.media_type};base64,{b64encode(photo.content).decode()}" if photo else None

    async def _forget(self, registration: Registration, actor: User) -> None:
        await self.webinars.delete_registration(registration)
        await self.audit.record("contact.erased", actor=actor, record=("registration", registration.id))

"""One contact's data in all webinars: given out, and erased for good."""

from typing import Any

from app.models.user import User
from app.models.webinar import Registration
from app.repositories.idempotency import IdempotencyRepository
from app.repositories.mails import MailRepository
from app.repositories.visibility import Rights
from app.repositories.webinars import WebinarRepository
from app.services.audit_service import AuditService
from app.services.webinar_service import WebinarService

PRIVATE = {"id", "webinar_id", "sequence"}


class ContactService:
    def __init__(
        self,
        webinars: WebinarRepository,
        mails: MailRepository,
        answers: IdempotencyRepository,
        service: WebinarService,
        audit: AuditService,
    ) -> None:
        self.webinars = webinars
        self.mails = mails
        self.answers = answers
        self.service = service
        self.audit = audit

    async def export(self, rights: Rights, email: str) -> dict[str, Any]:
        """What is stored of whoever has this address, as plain data."""
        rights.check("registration.export")
        found = await self.webinars.of_contact(email)
        return {
            "email": email,
            "registrations": [
                {"webinar": webinar.title, **registration.model_dump(mode="json", exclude=PRIVATE)}
                for registration, webinar in found
            ],
            "mails": [
                mail.model_dump(mode="json", include={"subject", "text", "created_at", "status"})
                for mail in await self.mails.to(email)
            ],
        }

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
        await self.answers.forget(email)
        return len(found)

    async def _forget(self, registration: Registration, actor: User) -> None:
        await self.webinars.delete_registration(registration)
        await self.audit.record("contact.erased", actor=actor, record=("registration", registration.id))

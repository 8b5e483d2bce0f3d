"""The audit log's part in what happens to webinars."""

from app.events import Happened
from app.services.audit_service import AuditService


class WebinarAudit:
    """A handler of webinars' events."""

    def __init__(self, audit: AuditService) -> None:
        self.audit = audit

    async def handle(self, happened: Happened) -> None:
        record = (
            ("registration", happened.registration.id) if happened.registration else ("webinar", happened.webinar.id)
        )
        await self.audit.record(
            happened.act, actor=happened.actor, record=record, before=happened.before, after=happened.after
        )

"""Follow-ups to single registrants: drafted by a model, changed and sent by a person."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy.exc import IntegrityError

from app.config import Settings
from app.errors import Conflict
from app.limits import Limits
from app.models.base import now
from app.models.follow_up import FollowUp, FollowUpForm, FollowUpStatus
from app.models.webinar import Registration, Webinar
from app.repositories.follow_ups import FollowUpRepository
from app.repositories.visibility import Rights
from app.repositories.webinars import WebinarRepository
from app.services.audit_service import AuditService
from app.services.draft_writer import DraftWriter, Job
from app.services.follow_up_prompt import prompt_for
from app.services.seats import check_change
from app.services.webinar_mail import WebinarMail


class Unreachable(Conflict):
    title = "No mail for this person"
    message = "They have cancelled, were declined or have unsubscribed, so nothing is sent to them."


class Busy(Conflict):
    message = "The draft is being written right now. Wait until it ends, then try again."


class AlreadySent(Conflict):
    title = "It was sent already"
    message = "A follow-up is sent once, and this one is on its way."


class FollowUpService:
    def __init__(
        self,
        follow_ups: FollowUpRepository,
        webinars: WebinarRepository,
        writer: DraftWriter,
        mail: WebinarMail,
        audit: AuditService,
        limits: Limits,
        settings: Settings,
    ) -> None:
        self.follow_ups = follow_ups
        self.webinars = webinars
        self.writer = writer
        self.mail = mail
        self.audit = audit
        self.limits = limits
        self.settings = settings

    async def get(self, rights: Rights, webinar: Webinar, registration: Registration) -> FollowUp:
        """What there is by now; an empty draft, which is stored nowhere, as long as there is nothing."""
        await check_change(self.webinars, rights, registration)
        return await self.follow_ups.get(registration.id) or FollowUp(
            registration_id=registration.id, subject=subject_for(webinar, registration), status=FollowUpStatus.DRAFT
        )

    async def notes(self, registration: Registration) -> Sequence[str]:
        """What colleagues have noted of this person, the oldest first: it goes into the prompt and beside the form."""
        return [note.text for note in reversed(await self.webinars.notes(registration))]

    async def draft(
        self, rights: Rights, webinar: Webinar, registration: Registration, *, replace: bool = False
    ) -> FollowUp:
        """Let the model write it. What there is already is replaced only for somebody who has seen it there."""
        follow_up = await self.get(rights, webinar, registration)
        if follow_up.text and not (replace or follow_up.is_sent):  # of what is sent `_put` speaks
            raise Conflict("There is a text already. Load this page again to see it; “Draft again” replaces it.")
        check_reachable(registration)
        await self.limits.hit(self.settings.question_rate, "draft", str(rights.user.id))
        menu, writer = self.writer.provider.models, uuid4().hex
        job = Job(registration.id, writer, prompt_for(webinar, registration, await self.notes(registration), menu[0]))
        begun = {"text": "", "error": "", "status": FollowUpStatus.WRITING, "heartbeat_at": now(), "writer": writer}
        follow_up = await self._put(rights, follow_up, begun | {"stop_requested": False})
        self.follow_ups.after_commit(lambda: self.writer.start(job))
        return follow_up

    async def stop(self, rights: Rights, registration: Registration) -> None:
        """End the draft, whichever process writes it, and keep what is written. One that has ended stays as it is."""
        await check_change(self.webinars, rights, registration)
        if await self.follow_ups.ask_to_stop(registration.id):
            self.follow_ups.after_commit(lambda: self.writer.stop(registration.id))

    async def hold(self, rights: Rights, webinar: Webinar, registration: Registration) -> FollowUp:
        """Let nobody else change it until this transaction ends, and see what they changed before."""
        await self.follow_ups.lock(registration.id)
        return await self.get(rights, webinar, registration)

    async def save(self, rights: Rights, webinar: Webinar, registration: Registration, form: FollowUpForm) -> FollowUp:
        """Keep what was typed."""
        follow_up = await self.get(rights, webinar, registration)
        return await self._put(rights, follow_up, form.model_dump() | {"status": FollowUpStatus.DRAFT, "error": ""})

    async def send(self, rights: Rights, webinar: Webinar, registration: Registration, form: FollowUpForm) -> FollowUp:
        """Send it as this person has approved it. Of two who do so at once, the database lets one."""
        follow_up = await self.get(rights, webinar, registration)
        await self.webinars.lock(webinar)
        await self.webinars.reload(registration)
        check_reachable(registration)
        sent = {"status": FollowUpStatus.SENT, "sent_at": now(), "error": ""}
        follow_up = await self._put(rights, follow_up, form.model_dump() | sent)
        await self.mail.follow_up(webinar, registration, follow_up)
        await self.audit.record("follow.up.sent", actor=rights.user, record=("registration", registration.id))
        return follow_up

    async def _put(self, rights: Rights, follow_up: FollowUp, values: dict[str, Any]) -> FollowUp:
        """Store it, by this person, unless it is sent or being written."""
        id, values = follow_up.registration_id, values | {"author_id": rights.user.id, "author": rights.user.called}
        if await self.follow_ups.get(id) is None:
            try:
                return await self.follow_ups.add(follow_up.sqlmodel_update(values))
            except IntegrityError as error:
                raise Busy from error
        if not await self.follow_ups.change(id, **values):
            found = await self.follow_ups.get(id)
            raise AlreadySent if found and found.is_sent else Busy
        return await self.follow_ups.get(id) or follow_up


def check_reachable(registration: Registration) -> None:
    if registration.is_over or registration.unsubscribed_at:
        raise Unreachable


def subject_for(webinar: Webinar, registration: Registration) -> str:
    words = "Thank you for coming: {}" if registration.attended_at else "About {}"
    return words.format(webinar.title)[:200]

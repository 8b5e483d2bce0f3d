"""Seeing the site as somebody else: for superusers, for an hour at the most, and all of it on record."""

from app.errors import Conflict, Forbidden
from app.models.base import now
from app.models.user import AccessToken, Impersonation, User
from app.repositories.sessions import SessionRepository
from app.repositories.visibility import Rights
from app.services.audit_service import AuditService

THE_END = "/impersonation/deletion"
# The first part of addresses, of the account, of the site's own affairs, and of what somebody asks in private.
CLOSED = frozenset(
    ("account", "admin", "people", "sign-in", "sign-out", "reset-password", "register", "chat", "messages")
)
CLOSED_API = ("/api/v1/conversations/", "/api/v1/me/data/")


class NotAsSomebodyElse(Forbidden):
    title = "Not as somebody else"


class ImpersonationOver(NotAsSomebodyElse):
    message = "You see the site as yourself again, because the time as somebody else is over. Nothing was changed."
    keeps = True  # it has ended


class ImpersonationService:
    def __init__(self, sessions: SessionRepository, audit: AuditService) -> None:
        self.sessions = sessions
        self.audit = audit

    async def begin(self, rights: Rights, session: AccessToken, user: User, *, may_write: bool) -> None:
        """Let this session see the site as this person. No superuser is seen as, nor who may not sign in."""
        if not rights.user.is_superuser:
            raise Forbidden("Only a superuser may see the site as somebody else.")
        if user.is_superuser:
            raise Forbidden("Nobody may see the site as a superuser.")
        if not user.is_active:
            raise Conflict("This person may not sign in, so there is nothing to see.")
        seen = {"as_user_id": user.id, "as_may_write": may_write, "as_since": now()}
        await self.sessions.touch(session.token, seen)
        await self._record("began", rights.user, user, after={"may_change": may_write})

    async def end(self, impersonation: Impersonation | None, session: AccessToken) -> None:
        """Let this session be its own person's again; passed over when it is already."""
        if impersonation and await self.sessions.end_impersonation(session):
            await self._record("ended", impersonation.by, impersonation.user)

    def check(self, impersonation: Impersonation, path: str, *, changes: bool) -> None:
        """Raise `NotAsSomebodyElse` for what is closed to them; to end it is not."""
        if path == THE_END:
            return
        name = impersonation.user.called
        if path.split("/")[1] in CLOSED or f"{path}/".startswith(CLOSED_API):
            raise NotAsSomebodyElse(f"This page is closed while you see the site as {name}. End it first.")
        if changes and not impersonation.may_write:
            raise NotAsSomebodyElse(f"You see the site as {name}, only to look at it. Nothing was changed.")

    async def lapse(self, actor: User, session: AccessToken, path: str, *, changes: bool) -> None:
        """Put on record that its time is over. A form that was still opened as somebody else does nothing."""
        user = await self.sessions.impersonated(session)
        if await self.sessions.end_impersonation(session):
            await self._record("ended", actor, user, after={"by": "itself"})
        if changes and path != THE_END:
            raise ImpersonationOver

    async def _record(self, act: str, actor: User, user: User | None, after: dict[str, object] | None = None) -> None:
        record = ("user", user.id) if user else ("", "")
        await self.audit.record(f"impersonation.{act}", actor=actor, subject=user, record=record, after=after)

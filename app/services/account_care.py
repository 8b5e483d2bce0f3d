"""What those who look after the site do for somebody's account, without ever knowing a password."""

from app.errors import Conflict, Forbidden
from app.models.user import User
from app.repositories.visibility import Rights
from app.services.account_service import AccountService
from app.services.audit_service import AuditService
from app.services.authenticator import Authenticator


class AccountCare:
    def __init__(self, accounts: AccountService, authenticator: Authenticator, audit: AuditService) -> None:
        self.accounts = accounts
        self.authenticator = authenticator
        self.audit = audit

    async def send_password_link(self, rights: Rights, user: User) -> None:
        """Mail them a link by which they choose a new password."""
        self._check(rights, user)
        if not user.is_active:
            raise Conflict("This person may not sign in, so a new password would not help them.")
        await self.accounts.send_reset(user)
        await self._record("password.link_sent", rights, user)

    async def end_sessions(self, rights: Rights, user: User) -> None:
        """Sign them out everywhere, and void the links and codes that they hold."""
        self._check(rights, user)
        ended = await self.accounts.end_everywhere(user)
        await self._record("sessions.ended", rights, user, ended=ended)

    async def remove_second_factor(self, rights: Rights, user: User) -> None:
        """For somebody who has lost it. They are told by mail."""
        if not rights.user.is_superuser:
            raise Forbidden("Only a superuser may remove somebody's second factor.")
        if not user.has_second_factor:
            raise Conflict("This person has no second factor.")
        await self.authenticator.disable(user, by=rights.user)

    def _check(self, rights: Rights, user: User) -> None:
        """Only a superuser touches staff."""
        rights.check("user.change")
        if user.is_trusted and not rights.user.is_superuser:
            raise Forbidden("Only a superuser may do this to staff.")

    async def _record(self, act: str, rights: Rights, user: User, **after: object) -> None:
        await self.audit.record(act, actor=rights.user, subject=user, record=("user", user.id), after=after)

"""The second factor of an account: an authenticator app's codes, and recovery codes for when it is lost."""

from collections.abc import Callable
from typing import NamedTuple

from app.config import Settings
from app.errors import Conflict, Invalid
from app.models.base import now
from app.models.user import User
from app.repositories.users import UserRepository
from app.services import second_factor
from app.services.audit_service import AuditService
from app.services.mail_service import MailService
from app.services.ticket_service import WrongCode

ISSUER = "FastOpp"


class Offer(NamedTuple):
    """A new secret: sealed for the form, plain to type by hand, and as a picture to scan (a `data:` URI)."""

    sealed: str
    secret: str
    picture: str


class SpoiltForm(Invalid):
    message = "This form is too old. Please scan the new picture."


class Authenticator:
    def __init__(self, users: UserRepository, audit: AuditService, mail: MailService, settings: Settings) -> None:
        self.users = users
        self.audit = audit
        self.mail = mail
        self.settings = settings
        self.key = settings.secret_key.get_secret_value().encode()

    def offerer(self, email: str) -> Callable[[str], Offer]:
        """Make `offer(sealed)` for a page: what it shows to set it up.

        With `sealed`, of a form that came back with a wrong code, it is the same secret once more.
        """

        def offer(sealed: str) -> Offer:
            secret = second_factor.unseal(sealed, self.key) or second_factor.new_secret()
            picture = second_factor.qr_data_uri(second_factor.provisioning_uri(secret, email, ISSUER))
            return Offer(second_factor.seal(secret, self.key), secret, picture)

        return offer

    async def enable(self, user: User, sealed: str, code: str) -> list[str]:
        """Switch it on once a code shows that the app has the secret; return the recovery codes, shown once."""
        if user.has_second_factor:
            raise Conflict("Your account has a second factor already.")
        secret = second_factor.unseal(sealed, self.key)
        if secret is None:
            raise SpoiltForm
        step = second_factor.matching_step(secret, code, after=None, at=now())
        if step is None:
            raise WrongCode(field="code")
        await self.users.add(user.sqlmodel_update({"totp_secret": sealed, "totp_step": step}))
        await self._tell(user, enabled=True)
        return await self.new_recovery_codes(user)

    async def disable(self, user: User, by: User | None = None) -> None:
        """Switch it off; `by`: who does it, when it is not the person."""
        await self.users.add(user.sqlmodel_update({"totp_secret": "", "totp_step": None}))
        await self.users.replace_recovery_codes(user, [])
        await self._tell(user, enabled=False, by=by)

    async def new_recovery_codes(self, user: User) -> list[str]:
        """Replace all of them."""
        codes = second_factor.new_recovery_codes()
        await self.users.replace_recovery_codes(user, [self._digest(code) for code in codes])
        await self.audit.record("recovery_codes.made", actor=user)
        return codes

    async def accepts(self, user: User, typed: str) -> bool:
        """Whether this is the present code of the app, or a recovery code; either is good once."""
        secret = second_factor.unseal(user.totp_secret, self.key)
        step = second_factor.matching_step(secret, typed, after=user.totp_step, at=now()) if secret else None
        if step is not None:
            return await self.users.use_step(user, step)
        if not await self.users.use_recovery_code(user, self._digest(typed)):
            return False
        await self.audit.record("recovery_code.used", actor=user)
        return True

    async def left(self, user: User) -> int:
        """How many recovery codes are left."""
        return await self.users.recovery_codes(user)

    def _digest(self, code: str) -> str:
        return self.settings.digest("recovery code", second_factor.normalise_recovery_code(code))

    async def _tell(self, user: User, *, enabled: bool, by: User | None = None) -> None:
        act = "second_factor.enabled" if enabled else "second_factor.disabled"
        await self.audit.record(act, actor=by or user, subject=user, record=("user", user.id))
        await self.mail.send(user.email, "second_factor_changed", enabled=enabled, time=now())

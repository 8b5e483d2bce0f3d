"""Sessions: fastapi-users' cookie and database strategy, with tokens stored as keyed digests, and who is let in."""

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from fastapi_users.authentication import CookieTransport
from fastapi_users.authentication.strategy import DatabaseStrategy

from app.config import Settings
from app.models.base import now
from app.models.user import AccessToken, Impersonation, Place, User, Visit
from app.repositories.sessions import SessionRepository
from app.security import SAFE_METHODS, shows_token
from app.services.account_service import AccountService
from app.services.guest_service import GuestService
from app.services.impersonation_service import ImpersonationService
from app.services.sign_in_service import Admission
from app.templating import Page

RENEWED_AFTER = timedelta(days=1)
SEEN_EVERY = timedelta(minutes=1)
DEVICE_DAYS = 365


class SessionStrategy(DatabaseStrategy[User, UUID, AccessToken]):
    """A session is a row, so it can be revoked; the row holds a digest, so it cannot be used."""

    def __init__(self, sessions: SessionRepository, settings: Settings, place: Place) -> None:
        self.lifetime = timedelta(days=settings.session_days)
        super().__init__(sessions, int(self.lifetime.total_seconds()))
        self.sessions = sessions
        self.settings = settings
        self.place = place

    def digest(self, token: str) -> str:
        return self.settings.digest("session", token)

    async def visit(self, token: str) -> Visit | None:
        """Whose session it is, in one query; None when it is unknown, revoked or too old, or its user is not active."""
        found = await self.sessions.visit(self.digest(token), now() - self.lifetime) if token else None
        if found is None:
            return None
        user, session, seen = found
        impersonation = Impersonation(user, seen, session.as_may_write) if seen else None
        return Visit(seen or user, session, impersonation)

    async def read_token(self, token: str | None, _user_manager: Any = None) -> User | None:
        visit = await self.visit(token or "")
        return visit.user if visit else None

    async def write_token(self, user: User, *, confirmed_at: datetime | None = None) -> str:
        token = secrets.token_urlsafe()
        place = {"address": self.place.address, "device": self.place.device}
        moments = {"seen_at": now(), "confirmed_at": confirmed_at}
        await self.sessions.create({"token": self.digest(token), "user_id": user.id, **place, **moments})
        return token

    async def destroy_token(self, token: str, user: User) -> None:
        await super().destroy_token(self.digest(token), user)

    async def touch(self, visit: Visit) -> bool:
        """Note that the session is used; one that began more than a day ago begins anew, which the cookie must too."""
        session, moment = visit.session, now()
        renewed = session.created_at < moment - RENEWED_AFTER
        if not renewed and session.seen_at and session.seen_at > moment - SEEN_EVERY:
            return False
        values: dict[str, Any] = {"seen_at": moment, "address": self.place.address}
        await self.sessions.touch(session.token, values | ({"created_at": moment} if renewed else {}))
        return renewed

    async def confirm(self, visit: Visit) -> None:
        """Note that its person has just proved to be there."""
        await self.sessions.touch(visit.session.token, {"confirmed_at": now()})


async def hold_back(request: Request, visit: Visit, impersonations: ImpersonationService) -> None:
    """Of a session as somebody else: refuse what nobody may do so, and all once its time is over. Whoever acts is the
    superuser.

    An API token counts alone, whatever session comes along.
    """
    if shows_token(request.url.path, request.headers):
        return
    Page(request).show_to(visit)  # the page that says so has the way out
    request.state.impersonation = visit.impersonation
    path, changes = request.url.path, request.method not in SAFE_METHODS
    if visit.impersonation:
        impersonations.check(visit.impersonation, path, changes=changes)
    else:
        await impersonations.lapse(visit.user, visit.session, path, changes=changes)


class Cookies:
    """The three cookies. `__Host-` ties one to this host and https; without Secure browsers refuse that name.

    `session` holds the session's token, `pending` the secret of a sign-in that is half done, and `device` says that
    somebody has signed in here before.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def name(self, kind: str) -> str:
        return f"__Host-{kind}" if self.settings.in_production else kind

    def transport(self, kind: str, seconds: int | None) -> CookieTransport:
        return CookieTransport(self.name(kind), seconds, cookie_secure=self.settings.in_production)

    async def session(self, token: str) -> str:
        return await self._set("session", token, self.settings.session_days * 24 * 3600)

    async def pending(self, secret: str) -> str:
        return await self._set("pending", secret, None)

    async def device(self, user: User) -> str:
        mark = f"{user.id.hex}-{secrets.token_hex(8)}"
        return await self._set("device", f"{mark}.{self.settings.digest('device', mark)}", DEVICE_DAYS * 24 * 3600)

    def known_device(self, cookie: str) -> str:
        """What a browser is known by: whose account was used in it, and a number. Nothing if it only pretends."""
        mark, _, digest = cookie.partition(".")
        right = secrets.compare_digest(digest.encode(), self.settings.digest("device", mark).encode())
        return mark if right else ""

    async def gone(self, kind: str) -> str:
        return _cookie(await self.transport(kind, 0).get_logout_response())

    async def _set(self, kind: str, value: str, seconds: int | None) -> str:
        return _cookie(await self.transport(kind, seconds).get_login_response(value))


def _cookie(response: Response) -> str:
    return response.headers["Set-Cookie"]


class Door:
    """Lets people in and out: the sessions and the cookies of the browser that asks now."""

    def __init__(
        self,
        page: Page,
        strategy: SessionStrategy,
        cookies: Cookies,
        accounts: AccountService,
        guests: GuestService,
        known_as: str,
    ) -> None:
        self.page = page
        self.strategy = strategy
        self.cookies = cookies
        self.accounts = accounts
        self.guests = guests
        self.known_as = known_as

    async def admit(self, admission: Admission) -> str:
        """Let them in, or on to their second factor; return the path that comes next."""
        if admission.ticket:
            self.page.cookies.append(await self.cookies.pending(admission.ticket))
            return "/sign-in/second-factor"
        await self.enter(admission.user)
        return admission.next

    async def enter(self, user: User) -> None:
        """Begin a new session, never go on with one: what was in this browser before signing in is worth nothing after.

        What a guest wrote in this browser is theirs from now on.
        """
        if self.page.visit:
            await self.strategy.sessions.end(self.page.visit.user.id, self.page.visit.session.token)
            await self.guests.adopt(self.page.visit.user, user)
        token = await self.strategy.write_token(user, confirmed_at=now())
        await self.accounts.note_sign_in(user, new_device=not self.known_as.startswith(user.id.hex))
        self.page.cookies += [
            await self.cookies.session(token),
            await self.cookies.gone("pending"),
            await self.cookies.device(user),
        ]

    async def leave(self) -> None:
        """End the session, here and in the database."""
        if self.page.visit:
            await self.strategy.sessions.end(self.page.visit.user.id, self.page.visit.session.token)
            await self.accounts.note_sign_out(self.page.visit.user)
        await self.forget()

    async def forget(self) -> None:
        """Take the session's cookie back."""
        self.page.cookies.append(await self.cookies.gone("session"))

"""Tickets: issued with a secret that only a mail or a cookie holds, good once and for a while."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from app.config import Settings
from app.errors import Gone, Invalid, NotFound
from app.models.base import now
from app.models.ticket import LIFETIMES, MOST_ATTEMPTS, Purpose, Ticket
from app.models.user import User
from app.repositories.tickets import TicketRepository

CODE_DIGITS = 8
CREDENTIALS = (
    Purpose.RESET_PASSWORD,
    Purpose.SIGN_IN_CODE,
    Purpose.SECOND_FACTOR,
    Purpose.CHANGE_ADDRESS,
    Purpose.RESCUE,
)


class UnknownTicket(NotFound):
    title = "This link leads nowhere"
    message = "It may be incomplete. Please open it again from the mail, all of it, or ask for a new one."


class VoidTicket(Gone):
    title = "This link is no longer good"
    message = "It was used already, or its time is over. Please ask for a new one."


class SignInOver(Gone):
    title = "This sign-in is over"
    message = "It took too long, or it was begun in another browser. Please begin again."


class WrongCode(Invalid):
    message = "That is not the right code. Please look again."
    keeps = True  # the attempt counts


class TooManyAttempts(Gone):
    title = "Too many wrong codes"
    message = "This code is void now. Please begin again."


@dataclass(frozen=True, slots=True)
class Issued:
    """What leaves the house of a ticket: its secret, and its code where it has one."""

    secret: str
    code: str = ""


class TicketService:
    def __init__(self, tickets: TicketRepository, settings: Settings) -> None:
        self.tickets = tickets
        self.settings = settings

    async def issue(
        self, purpose: Purpose, email: str, user: User | None = None, *, with_code: bool = False, **data: Any
    ) -> Issued:
        """Make a ticket. Earlier ones stay good, or a stranger's request would void what the owner holds."""
        issued = Issued(secrets.token_urlsafe(32), _new_code() if with_code else "")
        ticket = Ticket(
            digest=self._digest(purpose, issued.secret),
            code_digest=self._code_digest(issued.secret, issued.code) if with_code else "",
            purpose=purpose,
            email=email,
            user_id=user.id if user else None,
            data=data,
            expires_at=now() + LIFETIMES[purpose],
        )
        await self.tickets.add(ticket)
        return issued

    async def find(self, purpose: Purpose, secret: str) -> Ticket:
        """The ticket of a link. Raises `UnknownTicket`, or `VoidTicket` when it was used or is too old."""
        return await self.find_any((purpose,), secret)

    async def find_any(self, purposes: Iterable[Purpose], secret: str) -> Ticket:
        """Like `find`, of a link that may be for one thing or for another."""
        found = [await self._get(purpose, secret) for purpose in purposes]
        ticket = next(filter(None, found), None)
        if ticket is None:
            raise UnknownTicket
        if ticket.is_void:
            raise VoidTicket
        return ticket

    async def find_half_done(self, purpose: Purpose, secret: str) -> Ticket:
        """The ticket of a browser's sign-in. Raises `SignInOver`, and `TooManyAttempts` after that many codes."""
        ticket = await self._get(purpose, secret)
        if ticket and ticket.attempts >= MOST_ATTEMPTS:
            raise TooManyAttempts
        if ticket is None or ticket.is_void:
            raise SignInOver
        return ticket

    async def _get(self, purpose: Purpose, secret: str) -> Ticket | None:
        return await self.tickets.by_digest(self._digest(purpose, secret), purpose)

    async def use(self, ticket: Ticket) -> None:
        """Use it up; of two who come at once, the second gets `VoidTicket`."""
        if not await self.tickets.use(ticket):
            raise VoidTicket

    async def void(self, user: User) -> None:
        """Void all that could let somebody in as this person: it was given out under another password or address."""
        await self.tickets.void(user.id, *CREDENTIALS)

    async def attempt(self, ticket: Ticket) -> None:
        """Count a try at its code before it is looked at; raise `TooManyAttempts` when there were enough."""
        if not await self.tickets.count_attempt(ticket):
            raise TooManyAttempts

    def is_right(self, ticket: Ticket, secret: str, code: str) -> bool:
        typed = "".join(code.split()).replace("-", "")
        return bool(ticket.code_digest) and secrets.compare_digest(ticket.code_digest, self._code_digest(secret, typed))

    def _digest(self, purpose: Purpose, secret: str) -> str:
        return self.settings.digest(purpose, secret)

    def _code_digest(self, secret: str, code: str) -> str:
        return self.settings.digest("code", f"{secret}:{code}")


def _new_code() -> str:
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"

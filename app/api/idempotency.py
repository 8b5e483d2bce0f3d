"""`Idempotency-Key`: a POST that is sent twice with the same key happens once, and is answered twice.

Claiming the key has a short transaction of its own, so that others see at once that it is being worked on. What was
answered is stored in the transaction of what was done: there are both, or neither.
"""

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request, Response

from app.api.callers import CallerDep
from app.auth import Cookies
from app.dependencies import SessionDep, SettingsDep
from app.models.idempotency import Kept
from app.services.idempotency_service import Claim, IdempotencyService

KeyHeader = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern="^[!-~]+$",
        description="Any text of your own, new for each act. A repeated request with the same key within a day gets "
        "the first answer again and does nothing; with another body it is refused (422), and while the first is still "
        "at work too (409).",
    ),
]
STORED_HEADERS = ("content-type", "location", "etag")


class Replay(Exception):
    """What was asked for was done before."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept


async def get_claim(
    request: Request, settings: SettingsDep, idempotency_key: KeyHeader = None
) -> AsyncIterator[Claim | None]:
    """Claim the key for this request; given back at the end of a request that failed, when all its own is undone.

    It belongs to whose token or cookie it comes with. It is claimed before that is known to be good, because that
    begins to write, and whoever writes in SQLite keeps others from it.
    """
    if idempotency_key is None:
        yield None
        return
    credential = request.headers.get("authorization") or request.cookies.get(Cookies(settings).name("session"), "")
    parts = (credential, request.method, request.url.path, idempotency_key)
    digest = sha256(request.url.query.encode() + b"\0" + await request.body()).hexdigest()
    keys = IdempotencyService(request.app.state.database)
    claim = await keys.claim(settings.digest("idempotency", "\0".join(parts)), digest)
    try:
        yield claim
    except BaseException:
        await keys.release(claim)
        raise


ClaimDep = Annotated[Claim | None, Depends(get_claim)]


async def get_once(request: Request, claim: ClaimDep, caller: CallerDep, session: SessionDep) -> None:
    """Answer as before, or let `ApiRoute` store what is answered."""
    if claim and claim.kept:
        raise Replay(claim.kept)
    if claim:
        request.state.keep = lambda response: keep(claim, caller.user.id, session, response)


async def keep(claim: Claim, user_id: UUID, session: SessionDep, response: Response) -> None:
    """Store the answer. One that is still being written has `kept`, a plain answer that stands for it."""
    plain: Response = getattr(response, "kept", response)
    headers = {name: plain.headers[name] for name in STORED_HEADERS if name in plain.headers}
    kept = Kept(status=plain.status_code, headers=headers, body=bytes(plain.body).decode())
    await IdempotencyService.keep(session, claim, user_id, kept)


async def show_replay(request: Request, error: Exception) -> Response:
    assert isinstance(error, Replay)  # noqa: S101 - the handler is registered for it
    headers = {**error.kept.headers, "Idempotency-Replayed": "true", **getattr(request.state, "headers", {})}
    return Response(error.kept.body, error.kept.status, headers)

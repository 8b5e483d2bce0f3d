"""Who asks the API, how often they may, and what they may see and do."""

from typing import Annotated, Any

from fastapi import Depends, Request

from app.auth import Cookies
from app.dependencies import (
    ApiTokenServiceDep,
    GuestServiceDep,
    LimitsDep,
    PlaceDep,
    SessionDep,
    SettingsDep,
    get_api_tokens,
    get_audit,
)
from app.errors import AccountRequired, ConfirmationRequired, Forbidden
from app.limits import Limits
from app.models.user import User, Visit
from app.repositories.groups import GroupRepository
from app.repositories.visibility import Rights
from app.services.api_token_service import Caller, TokenRequired
from app.visitors import get_visit

RATE_POLICY = "caller"
SCOPES = frozenset({"read", "write"})


async def get_caller(
    request: Request,
    tokens: ApiTokenServiceDep,
    visit: Annotated[Visit | None, Depends(get_visit)],
    limits: LimitsDep,
    place: PlaceDep,
    settings: SettingsDep,
) -> Caller:
    """Whose token a program shows, or whose session a page does; a token counts alone, be it a wrong one.

    Strangers are counted by their address, which is a limit on trying tokens too.
    """
    rate = settings.api_rate
    authorization = request.headers.get("authorization", "")
    try:
        caller = await tokens.caller(bearer(authorization)) if authorization or not visit else of_session(visit)
    except TokenRequired:
        await _count(request, limits, rate, "address", place.address)
        raise
    await _count(request, limits, rate, "user", str(caller.user.id))
    return caller


async def _count(request: Request, limits: Limits, rate: str, *key: str) -> None:
    """Count one request, and tell in headers how many are left, also when there are none."""
    allowance = await limits.spend(rate, "api", *key)
    request.state.headers = {
        "RateLimit-Policy": f'"{RATE_POLICY}";q={allowance.amount};w={allowance.seconds}',
        "RateLimit": f'"{RATE_POLICY}";r={allowance.left};t={allowance.reset}',
    }
    allowance.check()


def of_session(visit: Visit) -> Caller:
    """A page of ours that asks: it may what its person may."""
    return Caller(visit.user, SCOPES, visit.session.watched_as, visit.is_confirmed)


def bearer(authorization: str) -> str:
    kind, _, token = authorization.partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


CallerDep = Annotated[Caller, Depends(get_caller)]


async def get_reader(caller: CallerDep) -> Caller:
    caller.check("read")
    return caller


async def get_writer(caller: CallerDep) -> Caller:
    caller.check("write")
    return caller


async def get_anybody(
    request: Request, session: SessionDep, limits: LimitsDep, place: PlaceDep, settings: SettingsDep
) -> Caller | None:
    """Whoever reads what everybody sees: None without a token and a session. A token that is shown must be good.

    What says who asks is made here and not asked for, because most are strangers, to whom it would only take time.
    """
    cookies = Cookies(settings)
    shows_token, cookie = "authorization" in request.headers, cookies.name("session") in request.cookies
    visit = await get_visit(request, session) if cookie else None
    if not visit and not shows_token:
        await _count(request, limits, settings.api_rate, "address", place.address)
        return None
    tokens = await get_api_tokens(session, await get_audit(request, session), settings)
    caller = await get_caller(request, tokens, visit, limits, place, settings)
    caller.check("read")
    return caller


ReaderDep = Annotated[Caller, Depends(get_reader)]
AnybodyDep = Annotated[Caller | None, Depends(get_anybody)]
ANYBODY: dict[str, Any] = {"security": [{}, {"token": []}, {"session": []}]}  # of a route for them: `openapi_extra`
WriterDep = Annotated[Caller, Depends(get_writer)]


async def get_owner(reader: ReaderDep) -> Caller:
    """Whoever asks for all that is theirs. A page asks for the password; who made a token has given it then."""
    if reader.user.is_guest:
        raise AccountRequired
    check_confirmed(reader, "/account/data")
    return reader


def check_confirmed(caller: Caller, page: str) -> None:
    """For sensitive acts: of a browser's session somebody must have given their password within ten minutes."""
    if not caller.is_confirmed:
        raise ConfirmationRequired(f"Open {page} first, which asks for your password, or show a token.")


async def get_sure_reader(reader: ReaderDep) -> Caller:
    check_confirmed(reader, "/desk/contacts")
    return reader


async def get_sure_writer(writer: WriterDep) -> Caller:
    check_confirmed(writer, "/desk/contacts")
    return writer


SureReaderDep = Annotated[Caller, Depends(get_sure_reader)]
SureWriterDep = Annotated[Caller, Depends(get_sure_writer)]


OwnerDep = Annotated[Caller, Depends(get_owner)]


async def get_asker(
    writer: WriterDep, place: PlaceDep, limits: LimitsDep, guests: GuestServiceDep, settings: SettingsDep
) -> User:
    """Who asks the model now, within the same allowance as on the pages."""
    await limits.hit(settings.question_rate, "question", place.address)
    await guests.check_allowance(writer.user)
    return writer.user


AskerDep = Annotated[User, Depends(get_asker)]


async def get_maybe_rights(caller: CallerDep, session: SessionDep, settings: SettingsDep) -> Rights | None:
    """What whoever asks may do as one of the staff; None for all others, and for staff without their second factor."""
    user = caller.user
    if not user.is_trusted or (settings.staff_needs_second_factor and not user.has_second_factor):
        return None
    return Rights(user, await GroupRepository(session).permissions(user.id))


MaybeRightsDep = Annotated[Rights | None, Depends(get_maybe_rights)]


async def get_rights(rights: MaybeRightsDep) -> Rights:
    if rights is None:
        raise Forbidden("This is for the people who look after the site, with the second factor that they may need.")
    return rights


RightsDep = Annotated[Rights, Depends(get_rights)]

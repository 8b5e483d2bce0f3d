"""Who asks, what they may do, and what is loaded through them: the other half of what routes ask for by type."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Path, Query, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from sse_starlette import EventSourceResponse, ServerSentEvent

from app.ai.live_answer import Leave
from app.auth import Cookies, Door, SessionStrategy, hold_back
from app.dependencies import (
    AccountServiceDep,
    ChatServiceDep,
    GuestServiceDep,
    LimitsDep,
    PlaceDep,
    SessionDep,
    SessionWatchDep,
    SettingsDep,
    get_audit,
    get_impersonations,
    place_of,
)
from app.errors import AccountRequired, AppError, ConfirmationRequired, Forbidden, SignInRequired
from app.models.base import Typed
from app.models.conversation import Conversation, Message, Role
from app.models.user import User, Visit
from app.repositories.groups import GroupRepository
from app.repositories.sessions import SessionRepository
from app.repositories.visibility import Rights
from app.services.impersonation_service import NotAsSomebodyElse
from app.services.session_watch import SessionWatch
from app.templating import Page

# What addresses hold

Slug = Annotated[str, Path(max_length=120, pattern="^[^\\x00]+$")]  # PostgreSQL refuses to look for a NUL
Words = Annotated[Typed, Query(max_length=500)]  # that somebody searches for

Follow = Callable[[Leave], AsyncIterator[Any]]  # until told to leave

# Who is asking


async def get_cookies(request: Request) -> Cookies:
    return cookies_of(request)


def cookies_of(request: Request) -> Cookies:
    return Cookies(request.app.state.settings)


async def get_strategy(request: Request, session: SessionDep) -> SessionStrategy:
    return strategy_of(request, session)


def strategy_of(request: Request, session: AsyncSession) -> SessionStrategy:
    return SessionStrategy(SessionRepository(session), request.app.state.settings, place_of(request))


CookiesDep = Annotated[Cookies, Depends(get_cookies)]
StrategyDep = Annotated[SessionStrategy, Depends(get_strategy)]


async def get_visit(request: Request, session: SessionDep) -> Visit | None:
    """Whose session the request came with; None before the first question, and when the session is over."""
    return await visit_by(strategy_of(request, session), request, session)


async def visit_by(strategy: SessionStrategy, request: Request, session: AsyncSession) -> Visit | None:
    visit = await strategy.visit(request.cookies.get(cookies_of(request).name("session"), ""))
    if visit and visit.session.as_since:
        await hold_back(request, visit, await get_impersonations(session, await get_audit(request, session)))
    return visit


async def get_page(request: Request, session: SessionDep) -> Page:
    """The answer to whoever asks. A session that is used does not end: once a day its row and its cookie start anew."""
    page, strategy = Page(request), strategy_of(request, session)
    page.show_to(await visit_by(strategy, request, session))
    if page.visit and await strategy.touch(page.visit):
        cookies = cookies_of(request)
        page.cookies.append(await cookies.session(request.cookies[cookies.name("session")]))
    return page


PageDep = Annotated[Page, Depends(get_page)]


async def get_user(page: PageDep) -> User | None:
    return page.visit.user if page.visit else None


UserDep = Annotated[User | None, Depends(get_user)]


@dataclass(frozen=True, slots=True)
class Watched:
    """Whoever opens a stream, which ends with their session."""

    visit: Visit | None
    watch: SessionWatch

    @property
    def user(self) -> User | None:
        return self.visit.user if self.visit else None

    def open(self, conversation: Conversation) -> AbstractContextManager[Leave]:
        """A page that anybody may read needs no session."""
        return self.watch.watching("") if conversation.is_public else self.open_private()

    def open_private(self) -> AbstractContextManager[Leave]:
        return self.watch.watching(self.visit.session.watched_as if self.visit else "")

    def stream(self, page: Page, frame: str, name: str, follow: Follow, **context: Any) -> EventSourceResponse:
        """This frame, whenever what is followed has changed, which it knows by that name; it ends with the session."""

        async def frames() -> AsyncIterator[ServerSentEvent]:
            with self.open_private() as leave:
                async for now in follow(leave):
                    yield ServerSentEvent(page.fragment(frame, **context, **{name: now}), sep="\n")
            yield ServerSentEvent("", event="done", sep="\n")

        return EventSourceResponse(frames(), sep="\n")


async def get_watched(page: PageDep, watch: SessionWatchDep) -> Watched:
    return Watched(page.visit, watch)


WatchedDep = Annotated[Watched, Depends(get_watched)]


async def get_reader(page: PageDep) -> User | None:
    """Whose private conversations may be read: nobody's by whoever sees the site as somebody else."""
    return page.visit.user if page.visit and not page.visit.impersonation else None


ReaderDep = Annotated[User | None, Depends(get_reader)]


async def get_owner(request: Request, page: PageDep, cookies: CookiesDep) -> User | None:
    """Like `get_reader`, but a session that was begun here and is over is said to be over."""
    visit = page.visit
    if visit is None and cookies.name("session") in request.cookies:
        raise SignInRequired(retry_at="/chat")
    if visit and visit.impersonation:
        raise NotAsSomebodyElse("What people ask is theirs alone. End it first.")
    return visit.user if visit else None


OwnerDep = Annotated[User | None, Depends(get_owner)]


async def get_person(page: PageDep) -> Visit:
    """Somebody with an account; everybody else is asked to sign in."""
    if page.visit is None or page.visit.user.is_guest:
        raise AccountRequired
    return page.visit


PersonDep = Annotated[Visit, Depends(get_person)]


async def get_door(
    request: Request,
    page: PageDep,
    strategy: StrategyDep,
    cookies: CookiesDep,
    accounts: AccountServiceDep,
    guests: GuestServiceDep,
) -> Door:
    known_as = cookies.known_device(request.cookies.get(cookies.name("device"), ""))
    return Door(page, strategy, cookies, accounts, guests, known_as)


DoorDep = Annotated[Door, Depends(get_door)]


async def get_pending(request: Request, cookies: CookiesDep) -> str:
    """The secret of a sign-in that this browser has half done, or nothing."""
    return request.cookies.get(cookies.name("pending"), "")


PendingDep = Annotated[str, Depends(get_pending)]

# What they may do


async def get_asker(
    page: PageDep,
    user: UserDep,
    place: PlaceDep,
    limits: LimitsDep,
    guests: GuestServiceDep,
    strategy: StrategyDep,
    cookies: CookiesDep,
    settings: SettingsDep,
) -> User:
    """Who asks a question now, within their allowance; somebody new becomes a guest."""
    await limits.hit(settings.question_rate, "question", place.address)
    if user is None:
        user = await guests.create()
        page.cookies.append(await cookies.session(await strategy.write_token(user)))
    await guests.check_allowance(user)
    return user


async def get_confirmed(
    request: Request, person: PersonDep, accounts: AccountServiceDep, strategy: StrategyDep
) -> Visit:
    """Somebody who has given their password within ten minutes, or gives it with this form: for sensitive acts."""
    if person.is_confirmed:
        return person
    if person.impersonation:
        raise NotAsSomebodyElse("This asks for a password, and you see the site as somebody else. End it first.")
    typed = (await request.form()).get("confirm_password") if request.method == "POST" else None
    if not isinstance(typed, str):
        raise ConfirmationRequired
    try:
        await accounts.confirm(person.user, typed)
    except AppError as error:
        error.template = ConfirmationRequired.template  # which asks again and keeps the form that this came with
        raise
    await strategy.confirm(person)
    return person


async def get_rights(request: Request, page: PageDep, session: SessionDep) -> Rights:
    """What staff may do. Everybody else is refused, and staff too until they have the second factor that they need."""
    person = await get_person(page)
    if not person.user.is_trusted:
        raise Forbidden("This page is for the people who look after the site.")
    if request.app.state.settings.staff_needs_second_factor and not person.user.has_second_factor:
        raise Forbidden("Staff need a second factor here. Set it up under Account, then come back.")
    return Rights(person.user, await GroupRepository(session).permissions(person.user.id))


async def get_maybe_rights(page: PageDep, session: SessionDep) -> Rights | None:
    """What whoever asks may do, on pages that everybody may see; None for guests and strangers."""
    visit = page.visit
    if visit is None or visit.user.is_guest:
        return None
    return Rights(visit.user, await GroupRepository(session).permissions(visit.user.id))


MaybeRightsDep = Annotated[Rights | None, Depends(get_maybe_rights)]
AskerDep = Annotated[User, Depends(get_asker)]
ConfirmedDep = Annotated[Visit, Depends(get_confirmed)]
RightsDep = Annotated[Rights, Depends(get_rights)]

# What they ask about, loaded through them

MessageId = Annotated[int, Path(ge=1, le=2**31 - 1)]
LONGEST_CURSOR = 10  # digits; no answer has that many blocks


async def get_conversation(conversation_id: UUID, user: OwnerDep, chat: ChatServiceDep) -> Conversation:
    return await chat.get(user, conversation_id)


async def get_public_conversation(conversation_id: UUID, user: UserDep, chat: ChatServiceDep) -> Conversation:
    return await chat.get_public(user, conversation_id)


async def get_own_public_conversation(conversation_id: UUID, user: OwnerDep, chat: ChatServiceDep) -> Conversation:
    return await chat.get_own_public(user, conversation_id)


async def get_answer(message_id: MessageId, user: ReaderDep, chat: ChatServiceDep) -> tuple[Message, Conversation]:
    return await chat.message(user, message_id, Role.ASSISTANT)


async def get_own_answer(message_id: MessageId, user: OwnerDep, chat: ChatServiceDep) -> tuple[Message, Conversation]:
    return await chat.own_message(user, message_id, Role.ASSISTANT)


async def get_own_question(message_id: MessageId, user: OwnerDep, chat: ChatServiceDep) -> tuple[Message, Conversation]:
    return await chat.own_message(user, message_id, Role.USER)


ConversationDep = Annotated[Conversation, Depends(get_conversation)]
PublicConversationDep = Annotated[Conversation, Depends(get_public_conversation)]
OwnPublicConversationDep = Annotated[Conversation, Depends(get_own_public_conversation)]
ReadableAnswerDep = Annotated[tuple[Message, Conversation], Depends(get_answer)]
OwnAnswerDep = Annotated[tuple[Message, Conversation], Depends(get_own_answer)]
OwnQuestionDep = Annotated[tuple[Message, Conversation], Depends(get_own_question)]


async def get_cursor(after: Annotated[int, Query(ge=0)] = 0, last_event_id: Annotated[str, Header()] = "") -> int:
    """How many blocks the page holds: what a reconnecting browser says wins over the address it first used."""
    return int(last_event_id) if last_event_id.isdecimal() and len(last_event_id) < LONGEST_CURSOR else after


CursorDep = Annotated[int, Depends(get_cursor)]

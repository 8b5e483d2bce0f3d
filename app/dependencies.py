"""What routes ask for, by type.

All of these are `async`, though most wait for nothing: FastAPI sends a plain function to a thread and back.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Path, Query, Request
from sqlmodel.ext.asyncio.session import AsyncSession

from app.auth import SessionStrategy, begin_session, cookie_transport
from app.config import Settings
from app.db import get_session
from app.errors import SignInRequired
from app.models.conversation import Conversation, Message, Role
from app.models.user import User
from app.repositories.conversations import ConversationRepository
from app.repositories.documents import DocumentRepository
from app.repositories.schema import SchemaRepository
from app.repositories.users import UserRepository
from app.services.account_service import AccountService
from app.services.answer_service import AnswerService
from app.services.asking_service import AskingService
from app.services.chat_service import ChatService
from app.services.health_service import HealthService
from app.services.search_service import SearchService
from app.templating import Page

# The app's own


async def get_settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def get_boot_id(request: Request) -> str:
    boot_id: str = request.app.state.boot_id
    return boot_id


async def get_answers(request: Request) -> AnswerService:
    answers: AnswerService = request.app.state.answers
    return answers


async def get_page(request: Request) -> Page:
    return Page(request)


SettingsDep = Annotated[Settings, Depends(get_settings)]
BootIdDep = Annotated[str, Depends(get_boot_id)]
AnswerServiceDep = Annotated[AnswerService, Depends(get_answers)]
SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]
PageDep = Annotated[Page, Depends(get_page)]

# Services


async def get_search(session: SessionDep) -> SearchService:
    return SearchService(DocumentRepository(session))


async def get_chat(session: SessionDep) -> ChatService:
    return ChatService(ConversationRepository(session))


SearchServiceDep = Annotated[SearchService, Depends(get_search)]
ChatServiceDep = Annotated[ChatService, Depends(get_chat)]


async def get_asking(
    session: SessionDep, search: SearchServiceDep, answers: AnswerServiceDep, settings: SettingsDep
) -> AskingService:
    return AskingService(ConversationRepository(session), search, answers, settings)


async def get_accounts(session: SessionDep, settings: SettingsDep) -> AccountService:
    return AccountService(UserRepository(session), ConversationRepository(session), settings)


async def get_health(session: SessionDep) -> HealthService:
    return HealthService(SchemaRepository(session))


HealthServiceDep = Annotated[HealthService, Depends(get_health)]
AskingServiceDep = Annotated[AskingService, Depends(get_asking)]
AccountServiceDep = Annotated[AccountService, Depends(get_accounts)]

# Who is asking


async def get_strategy(session: SessionDep, settings: SettingsDep) -> SessionStrategy:
    return SessionStrategy(UserRepository(session), settings)


StrategyDep = Annotated[SessionStrategy, Depends(get_strategy)]


async def get_user(request: Request, page: PageDep, strategy: StrategyDep, settings: SettingsDep) -> User | None:
    """Whose session this is; None before the first question, and when the session is over.

    A session that is used does not end: once a day its row and its cookie start anew.
    """
    token = request.cookies.get(cookie_transport(settings).cookie_name, "")
    user = await strategy.read_token(token)
    if user and await strategy.renew(token):
        page.cookies.append((await cookie_transport(settings).get_login_response(token)).headers["Set-Cookie"])
    return user


UserDep = Annotated[User | None, Depends(get_user)]


async def get_owner(request: Request, user: UserDep, settings: SettingsDep) -> User | None:
    """Like `get_user`, but a session that was begun here and is over is said to be over."""
    if user is None and cookie_transport(settings).cookie_name in request.cookies:
        raise SignInRequired(retry_at="/chat")
    return user


OwnerDep = Annotated[User | None, Depends(get_owner)]


async def get_asker(
    request: Request,
    page: PageDep,
    user: UserDep,
    accounts: AccountServiceDep,
    strategy: StrategyDep,
    settings: SettingsDep,
) -> User:
    """Who asks a question now, within their allowance; somebody new becomes a guest."""
    request.app.state.question_limiter.hit(request.client.host if request.client else "")
    if user is None:
        user = await accounts.create_guest()
        page.cookies.append((await begin_session(user, strategy, settings)).headers["Set-Cookie"])
    await accounts.check_allowance(user)
    return user


AskerDep = Annotated[User, Depends(get_asker)]

# What they ask about, loaded through them

MessageId = Annotated[int, Path(ge=1, le=2**31 - 1)]
LONGEST_CURSOR = 10  # digits; no answer has that many blocks


async def get_conversation(conversation_id: UUID, user: OwnerDep, chat: ChatServiceDep) -> Conversation:
    return await chat.get(user, conversation_id)


async def get_public_conversation(conversation_id: UUID, user: UserDep, chat: ChatServiceDep) -> Conversation:
    return await chat.get_public(user, conversation_id)


async def get_own_public_conversation(conversation_id: UUID, user: OwnerDep, chat: ChatServiceDep) -> Conversation:
    return await chat.get_own_public(user, conversation_id)


async def get_answer(message_id: MessageId, user: UserDep, chat: ChatServiceDep) -> tuple[Message, Conversation]:
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

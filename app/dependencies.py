"""What routes ask for by type: settings and services; `visitors` has the people.

All of these are `async`, though most wait for nothing: FastAPI sends a plain function to a thread and back. It also
walks down to whatever a dependency needs each time that one is named, though it calls each once: what nearly all others
need takes settings and place from the request itself.
"""

from typing import Annotated

from fastapi import Depends, Request
from sqlmodel.ext.asyncio.session import AsyncSession

from app.config import Settings
from app.db import get_session
from app.events import Events
from app.limits import Limits
from app.models.user import Place
from app.repositories.api_tokens import ApiTokenRepository
from app.repositories.audit import AuditRepository
from app.repositories.conversations import ConversationRepository
from app.repositories.documents import DocumentRepository
from app.repositories.events import EventRepository
from app.repositories.groups import GroupRepository
from app.repositories.listings import ListingRepository
from app.repositories.mails import MailRepository
from app.repositories.product_figures import ProductFigures
from app.repositories.products import ProductRepository
from app.repositories.schema import SchemaRepository
from app.repositories.sessions import SessionRepository
from app.repositories.site_figures import SiteFigures
from app.repositories.tickets import TicketRepository
from app.repositories.users import UserRepository
from app.repositories.webinars import WebinarRepository
from app.services.account_care import AccountCare
from app.services.account_service import AccountService
from app.services.answer_service import AnswerService
from app.services.api_token_service import ApiTokenService
from app.services.asking_service import AskingService
from app.services.audit_service import AuditService
from app.services.authenticator import Authenticator
from app.services.chat_service import ChatService
from app.services.dashboard_service import DashboardService
from app.services.demo_service import DemoService
from app.services.guest_service import GuestService
from app.services.health_service import HealthService
from app.services.impersonation_service import ImpersonationService
from app.services.listing_service import ListingService
from app.services.live_products import LiveProducts
from app.services.mail_service import MailService
from app.services.password_service import Passwords
from app.services.people_service import PeopleService
from app.services.personal_data import PersonalData
from app.services.product_audit import ProductAudit
from app.services.product_list import ProductList
from app.services.product_service import ProductService
from app.services.registration_service import RegistrationService
from app.services.search_service import SearchService
from app.services.session_watch import SessionWatch
from app.services.sign_in_service import SignInService
from app.services.site_service import SiteService
from app.services.ticket_service import TicketService

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


async def get_watch(request: Request) -> SessionWatch:
    watch: SessionWatch = request.app.state.session_watch
    return watch


async def get_limits(request: Request) -> Limits:
    limits: Limits = request.app.state.limits
    return limits


async def get_passwords(request: Request) -> Passwords:
    passwords: Passwords = request.app.state.passwords
    return passwords


async def get_place(request: Request) -> Place:
    return place_of(request)


def place_of(request: Request) -> Place:
    """Where the request comes from; behind a proxy that is trusted, where it says that it got it from."""
    address = request.client.host if request.client else ""
    return Place(address[:45], request.headers.get("user-agent", "")[:300])


SettingsDep = Annotated[Settings, Depends(get_settings)]
BootIdDep = Annotated[str, Depends(get_boot_id)]
AnswerServiceDep = Annotated[AnswerService, Depends(get_answers)]
SessionWatchDep = Annotated[SessionWatch, Depends(get_watch)]
LimitsDep = Annotated[Limits, Depends(get_limits)]
PasswordsDep = Annotated[Passwords, Depends(get_passwords)]
PlaceDep = Annotated[Place, Depends(get_place)]
SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]

# Services


async def get_search(session: SessionDep) -> SearchService:
    return SearchService(DocumentRepository(session))


async def get_chat(session: SessionDep) -> ChatService:
    return ChatService(ConversationRepository(session))


async def get_guests(session: SessionDep, settings: SettingsDep) -> GuestService:
    return GuestService(UserRepository(session), ConversationRepository(session), settings)


async def get_mail(request: Request, session: SessionDep) -> MailService:
    return MailService(MailRepository(session), request.app.state.templates.mail, request.app.state.mail_sender.wake)


async def get_audit(request: Request, session: SessionDep) -> AuditService:
    return AuditService(
        AuditRepository(session), place_of(request), lambda: getattr(request.state, "impersonation", None)
    )


async def get_tickets(session: SessionDep, settings: SettingsDep) -> TicketService:
    return TicketService(TicketRepository(session), settings)


SearchServiceDep = Annotated[SearchService, Depends(get_search)]
ChatServiceDep = Annotated[ChatService, Depends(get_chat)]
GuestServiceDep = Annotated[GuestService, Depends(get_guests)]
MailServiceDep = Annotated[MailService, Depends(get_mail)]
AuditServiceDep = Annotated[AuditService, Depends(get_audit)]
TicketServiceDep = Annotated[TicketService, Depends(get_tickets)]


async def get_asking(
    session: SessionDep, search: SearchServiceDep, answers: AnswerServiceDep, settings: SettingsDep
) -> AskingService:
    return AskingService(ConversationRepository(session), search, answers, settings)


async def get_health(session: SessionDep) -> HealthService:
    return HealthService(SchemaRepository(session))


async def get_authenticator(
    session: SessionDep, audit: AuditServiceDep, mail: MailServiceDep, settings: SettingsDep
) -> Authenticator:
    return Authenticator(UserRepository(session), audit, mail, settings)


HealthServiceDep = Annotated[HealthService, Depends(get_health)]
AskingServiceDep = Annotated[AskingService, Depends(get_asking)]
AuthenticatorDep = Annotated[Authenticator, Depends(get_authenticator)]


async def get_accounts(
    session: SessionDep,
    tickets: TicketServiceDep,
    passwords: PasswordsDep,
    limits: LimitsDep,
    mail: MailServiceDep,
    audit: AuditServiceDep,
    settings: SettingsDep,
) -> AccountService:
    users, sessions = UserRepository(session), SessionRepository(session)
    return AccountService(users, sessions, tickets, passwords, limits, mail, audit, settings)


async def get_signing_in(
    session: SessionDep,
    tickets: TicketServiceDep,
    passwords: PasswordsDep,
    authenticator: AuthenticatorDep,
    limits: LimitsDep,
    mail: MailServiceDep,
    audit: AuditServiceDep,
    settings: SettingsDep,
) -> SignInService:
    return SignInService(UserRepository(session), tickets, passwords, authenticator, limits, mail, audit, settings)


async def get_registrations(
    session: SessionDep,
    tickets: TicketServiceDep,
    passwords: PasswordsDep,
    limits: LimitsDep,
    mail: MailServiceDep,
    audit: AuditServiceDep,
    settings: SettingsDep,
) -> RegistrationService:
    users, groups = UserRepository(session), GroupRepository(session)
    return RegistrationService(users, groups, tickets, passwords, limits, mail, audit, settings)


async def get_api_tokens(session: SessionDep, audit: AuditServiceDep, settings: SettingsDep) -> ApiTokenService:
    return ApiTokenService(ApiTokenRepository(session), audit, settings)


ApiTokenServiceDep = Annotated[ApiTokenService, Depends(get_api_tokens)]
AccountServiceDep = Annotated[AccountService, Depends(get_accounts)]
SignInServiceDep = Annotated[SignInService, Depends(get_signing_in)]
RegistrationServiceDep = Annotated[RegistrationService, Depends(get_registrations)]


async def get_demo(session: SessionDep, settings: SettingsDep) -> DemoService:
    webinars, products = WebinarRepository(session), ProductRepository(session)
    return DemoService(UserRepository(session), GroupRepository(session), webinars, products, settings)


async def get_people(session: SessionDep, accounts: AccountServiceDep, audit: AuditServiceDep) -> PeopleService:
    return PeopleService(UserRepository(session), GroupRepository(session), accounts, audit)


async def get_account_care(
    accounts: AccountServiceDep, authenticator: AuthenticatorDep, audit: AuditServiceDep
) -> AccountCare:
    return AccountCare(accounts, authenticator, audit)


async def get_impersonations(session: SessionDep, audit: AuditServiceDep) -> ImpersonationService:
    return ImpersonationService(SessionRepository(session), audit)


async def get_site(session: SessionDep, asking: AskingServiceDep, audit: AuditServiceDep) -> SiteService:
    return SiteService(SiteFigures(session), asking, audit)


async def get_products(request: Request, session: SessionDep, audit: AuditServiceDep) -> ProductService:
    handlers = (ProductAudit(audit).handle,)
    events = Events(EventRepository(session), handlers, request.app.state.event_feed.wake)
    return ProductService(ProductRepository(session), ProductFigures(session), events)


async def get_product_list(session: SessionDep) -> ProductList:
    return ProductList(ProductRepository(session), ProductFigures(session))


async def get_live_products(request: Request) -> LiveProducts:
    live: LiveProducts = request.app.state.live_products
    return live


async def get_dashboards(request: Request, session: SessionDep) -> DashboardService:
    return DashboardService(ProductFigures(session), request.app.state.cache)


ProductServiceDep = Annotated[ProductService, Depends(get_products)]
ProductListDep = Annotated[ProductList, Depends(get_product_list)]
LiveProductsDep = Annotated[LiveProducts, Depends(get_live_products)]
DemoServiceDep = Annotated[DemoService, Depends(get_demo)]
PeopleServiceDep = Annotated[PeopleService, Depends(get_people)]
AccountCareDep = Annotated[AccountCare, Depends(get_account_care)]
ImpersonationServiceDep = Annotated[ImpersonationService, Depends(get_impersonations)]
SiteServiceDep = Annotated[SiteService, Depends(get_site)]

# For programs


async def get_listings(session: SessionDep, settings: SettingsDep) -> ListingService:
    return ListingService(ListingRepository(session), settings)


async def get_personal_data(
    accounts: AccountServiceDep, audit: AuditServiceDep, tokens: ApiTokenServiceDep, chat: ChatServiceDep
) -> PersonalData:
    return PersonalData(accounts, audit, tokens, chat)


ListingServiceDep = Annotated[ListingService, Depends(get_listings)]
PersonalDataDep = Annotated[PersonalData, Depends(get_personal_data)]

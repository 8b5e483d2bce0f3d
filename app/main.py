"""The app, wired together."""

import gc
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import TypeVar

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from app.admin.bulk import KIND as BULK_RECORDS
from app.admin.bulk import BulkRecordWork
from app.admin.editor import RecordEditor
from app.admin.imports import KIND as IMPORT_RECORDS
from app.admin.imports import RecordImportWork
from app.admin_dependencies import record_editor
from app.admission import AdmissionMiddleware
from app.ai.offline import OfflineProvider
from app.ai.providers import OpenAIProvider, Provider
from app.api.idempotency import Replay, show_replay
from app.cache import Cache
from app.compression import CompressionMiddleware
from app.config import Settings
from app.cors import ApiCors
from app.db import Database
from app.error_pages import CrashMiddleware, show_app_error, show_http_error, show_invalid
from app.errors import AppError
from app.events import GatheredEvents
from app.head import HeadMiddleware
from app.limits import Limits
from app.log import RequestLogMiddleware, configure_logging
from app.models.user import Place
from app.repositories.audit import AuditRepository, GatheredAudit
from app.repositories.events import EventRepository
from app.repositories.mails import MailRepository
from app.repositories.products import ProductRepository
from app.repositories.webinars import WebinarRepository
from app.route_index import RouteIndex
from app.routes import (
    account,
    admin,
    admin_many,
    answers,
    api,
    ask,
    chat,
    contacts,
    dashboard,
    desk,
    dev,
    docs,
    documents,
    follow_ups,
    health,
    jobs,
    many_registrants,
    messages,
    numbers,
    pages,
    people,
    pictures,
    product_desk,
    products,
    registrants,
    registration,
    sign_in,
    site,
    tokens,
    unsubscribe,
    webinars,
)
from app.security import LARGEST_BODY, GuardMiddleware, SecurityMiddleware
from app.services import bulk_acts, product_import, registrant_import
from app.services.answer_service import AnswerService
from app.services.audit_service import AuditService
from app.services.draft_writer import DraftWriter
from app.services.event_feed import EventFeed
from app.services.images import Images
from app.services.job_runner import JobRunner, Work
from app.services.live_products import LiveProducts
from app.services.live_webinars import LiveWebinars
from app.services.mail_sender import MailSender
from app.services.mail_service import MailService
from app.services.messenger import Messenger
from app.services.password_service import Passwords
from app.services.product_audit import ProductAudit
from app.services.session_watch import SessionWatch
from app.services.upkeep_service import UpkeepService
from app.services.webinar_audit import WebinarAudit
from app.services.webinar_mail import WebinarMail
from app.services.webinar_service import WebinarService
from app.solving import solve_each_once
from app.templating import STATIC, Templates

# aiosqlite has a thread, which answers only once it gets the interpreter from the event loop. At Python's default of
# 5 ms, a request of ten statements waits for 200 ms whenever the loop is busy.
SWITCH_SECONDS = 0.0001
# Objects, and then rounds, until the next generation is collected. With Python's 700 a crowd's questions took a tenth
# longer: hundreds of open streams hold far more, and all of it was looked through again and again.
COLLECTED_AFTER = (50_000, 20, 50)
TELEMETRY_OFF: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the app; without settings it reads them from the environment."""
    settings = settings or Settings()
    configure_logging(settings)
    app = FastAPI(
        title="FastOpp",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry=TELEMETRY_OFF,
        redirect_slashes=False,  # to a URL made of the Host header, which anybody may set
        form_limits={"max_part_size": LARGEST_BODY},  # of text; `GuardMiddleware` knows the limit of files
    )
    app.state.settings = settings
    app.state.boot_id = secrets.token_hex(4)
    app.state.templates = Templates(settings)
    app.state.database = Database(settings.database_url)
    app.state.limits = Limits(settings)
    app.state.passwords = Passwords(settings)
    app.state.session_watch = SessionWatch(app.state.database)
    app.state.event_feed = EventFeed(app.state.database)
    app.state.cache = Cache(settings)
    app.state.live_products = LiveProducts(app.state.database, app.state.event_feed, app.state.cache)
    app.state.live_webinars = LiveWebinars(app.state.database, app.state.event_feed)
    app.state.answers = AnswerService(
        app.state.database, create_provider(settings), app.state.templates.markdown, settings
    )
    app.state.drafts = DraftWriter(app.state.database, app.state.answers.provider)
    app.state.mail_sender = MailSender(app.state.database, settings)
    app.state.images = Images()
    works: dict[str, Callable[[AsyncSession], Work]] = {
        registrant_import.KIND: partial(registrant_work, app, registrant_import.ImportWork),
        product_import.KIND: partial(product_work, app),
        bulk_acts.KIND: partial(registrant_work, app, bulk_acts.BulkWork),
        BULK_RECORDS: lambda session: BulkRecordWork(panel_editor(app, session)),
        IMPORT_RECORDS: lambda session: RecordImportWork(panel_editor(app, session)),
    }
    app.state.jobs = JobRunner(app.state.database, app.state.event_feed, works)
    _add_routes(app, settings)
    _add_error_pages(app)
    app.add_middleware(AdmissionMiddleware)
    app.add_middleware(GuardMiddleware)
    app.add_middleware(CrashMiddleware)
    app.add_middleware(CompressionMiddleware)
    app.add_middleware(HeadMiddleware)
    if settings.cors_sites:
        app.add_middleware(ApiCors, origins=settings.cors_sites)
    app.add_middleware(SecurityMiddleware, https_only=settings.in_production)
    app.add_middleware(RequestLogMiddleware)
    return app


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    upkeep = UpkeepService(app.state.database, app.state.settings)
    messenger = Messenger(app.state.database, partial(webinar_mail, app))
    await app.state.answers.open()
    await app.state.session_watch.open()
    await app.state.event_feed.open()
    await app.state.mail_sender.open()
    await app.state.jobs.open()
    await upkeep.open()
    await messenger.open()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*COLLECTED_AFTER)
    freeze()
    yield
    await messenger.close()
    await upkeep.close()
    await app.state.jobs.close()
    await app.state.mail_sender.close()
    await app.state.drafts.close()
    await app.state.answers.close()
    await app.state.session_watch.close()
    await app.state.event_feed.close()
    app.state.passwords.close()
    await app.state.limits.close()
    await app.state.cache.close()
    await app.state.database.close()


@cache
def freeze() -> None:
    """What start-up made stays; else every full collection walks through all of it. Only once: a second app in this
    process would freeze the first one's garbage for ever."""
    gc.freeze()


def webinar_mail(app: FastAPI, session: AsyncSession) -> WebinarMail:
    """The mails of webinars, for what happens without a request."""
    mail = MailService(MailRepository(session), app.state.templates.mail, app.state.mail_sender.wake)
    return WebinarMail(WebinarRepository(session), mail, app.state.settings)


RegistrantWork = TypeVar("RegistrantWork")


def registrant_work(
    app: FastAPI,
    make: Callable[[WebinarRepository, WebinarService, GatheredEvents], RegistrantWork],
    session: AsyncSession,
) -> RegistrantWork:
    """What does a kind of job to registrants, in this session."""
    settings, limits = app.state.settings, app.state.limits
    handlers = (webinar_mail(app, session).handle, WebinarAudit(AuditService(AuditRepository(session), Place())).handle)
    events = GatheredEvents(EventRepository(session), handlers, app.state.event_feed.wake)
    webinars = WebinarRepository(session)
    return make(webinars, WebinarService(webinars, events, limits, Place(), settings), events)


def product_work(app: FastAPI, session: AsyncSession) -> Work:
    """What imports products, in this session."""
    audit = ProductAudit(AuditService(GatheredAudit(session), Place()))
    events = GatheredEvents(EventRepository(session), (audit.handle,), app.state.event_feed.wake)
    return product_import.ProductImportWork(ProductRepository(session), events)


def panel_editor(app: FastAPI, session: AsyncSession) -> RecordEditor:
    """What changes rows of the admin panel without a request."""
    seats = registrant_work(app, lambda _webinars, service, _events: service, session)
    audit = AuditService(AuditRepository(session), Place())
    return record_editor(session, app.state.event_feed.wake, audit, seats)


def create_provider(settings: Settings) -> Provider:
    """The configured model, or the offline answerer."""
    if not settings.has_model:
        return OfflineProvider(settings.offline_tokens_per_second)
    return OpenAIProvider(
        api_key=settings.openai_api_key.get_secret_value() if settings.openai_api_key else "",
        base_url=str(settings.openai_base_url) if settings.openai_base_url else None,
        models=settings.models,
        timeout=settings.openai_timeout,
        show_host=not settings.in_production,
    )


def _add_routes(app: FastAPI, settings: Settings) -> None:
    """Put the modules' own routes into the app. `include_router` would work each out anew, which takes the first
    request of every app a second."""
    modules = (
        *api.MODULES,
        pages,
        chat,
        answers,
        ask,
        documents,
        webinars,
        desk,
        registrants,
        messages,
        follow_ups,
        unsubscribe,
        dashboard,
        product_desk,
        products,
        numbers,
        pictures,
        many_registrants,
        contacts,
        jobs,
        sign_in,
        registration,
        account,
        tokens,
        people,
        site,
        admin_many,  # before `admin`, for which its paths would be keys
        admin,
        docs,
        health,
    )
    routers = [*(module.router for module in modules), people.impersonation]
    for router in routers if settings.in_production else [*routers, dev.router]:
        app.router.routes.extend(router.routes)
    for route in app.router.routes:
        if isinstance(route, APIRoute):
            solve_each_once(route.dependant)
    app.mount("/static", ImmutableStaticFiles(directory=STATIC), name="static")
    app.router.middleware_stack = RouteIndex(app.router)


def _add_error_pages(app: FastAPI) -> None:
    app.add_exception_handler(AppError, show_app_error)
    app.add_exception_handler(Replay, show_replay)
    app.add_exception_handler(HTTPException, show_http_error)
    app.add_exception_handler(RequestValidationError, show_invalid)


class ImmutableStaticFiles(StaticFiles):
    """Files whose URL names their version may be kept for ever."""

    async def get_response(self, path, scope):  # type: ignore[no-untyped-def]
        response = await super().get_response(path, scope)
        versioned = b"v=" in scope["query_string"]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if versioned else "no-cache"
        return response

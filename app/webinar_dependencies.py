"""What routes of webinars and their registrants ask for by type; `dependencies` has the rest."""

from typing import Annotated

from fastapi import Depends, Request

from app.dependencies import AuditServiceDep, LimitsDep, MailServiceDep, PlaceDep, SessionDep, SettingsDep
from app.events import Events
from app.repositories.events import EventRepository
from app.repositories.follow_ups import FollowUpRepository
from app.repositories.idempotency import IdempotencyRepository
from app.repositories.jobs import JobRepository
from app.repositories.mails import MailRepository
from app.repositories.messages import MessageRepository
from app.repositories.numbers import NumberRepository
from app.repositories.pictures import PictureRepository
from app.repositories.registrants import RegistrantRepository
from app.repositories.saved_views import SavedViewRepository
from app.repositories.webinars import WebinarRepository
from app.services.bulk_acts import BulkActs
from app.services.contact_service import ContactService
from app.services.draft_writer import DraftWriter
from app.services.follow_up_service import FollowUpService
from app.services.job_runner import JobRunner
from app.services.job_service import JobService
from app.services.live_webinars import LiveWebinars
from app.services.message_service import MessageService
from app.services.numbers import NumberService
from app.services.picture_service import PictureService
from app.services.registrant_import import RegistrantImport
from app.services.registrant_service import RegistrantService
from app.services.registrants import Registrants, RegistrantsFile
from app.services.unsubscribing import Unsubscribing
from app.services.webinar_audit import WebinarAudit
from app.services.webinar_mail import WebinarMail
from app.services.webinar_service import WebinarService


async def get_events(
    request: Request, session: SessionDep, mail: MailServiceDep, audit: AuditServiceDep, settings: SettingsDep
) -> Events:
    webinar_mail = WebinarMail(WebinarRepository(session), mail, settings)
    handlers = (webinar_mail.handle, WebinarAudit(audit).handle)
    return Events(EventRepository(session), handlers, request.app.state.event_feed.wake)


EventsDep = Annotated[Events, Depends(get_events)]


async def get_webinars(
    session: SessionDep, events: EventsDep, limits: LimitsDep, place: PlaceDep, settings: SettingsDep
) -> WebinarService:
    return WebinarService(WebinarRepository(session), events, limits, place, settings)


WebinarServiceDep = Annotated[WebinarService, Depends(get_webinars)]


async def get_contacts(session: SessionDep, webinars: WebinarServiceDep, audit: AuditServiceDep) -> ContactService:
    webinar_rows, mails, pictures = WebinarRepository(session), MailRepository(session), PictureRepository(session)
    jobs, follow_ups, answers = JobRepository(session), FollowUpRepository(session), IdempotencyRepository(session)
    views = SavedViewRepository(session)
    return ContactService(webinar_rows, mails, pictures, jobs, follow_ups, answers, views, webinars, audit)


async def get_pictures(request: Request, session: SessionDep, events: EventsDep) -> PictureService:
    return PictureService(PictureRepository(session), WebinarRepository(session), request.app.state.images, events)


async def get_registrant_service(
    session: SessionDep, webinars: WebinarServiceDep, events: EventsDep
) -> RegistrantService:
    return RegistrantService(WebinarRepository(session), webinars, events)


async def get_registrants(session: SessionDep) -> Registrants:
    return Registrants(RegistrantRepository(session))


async def get_registrants_file(request: Request) -> RegistrantsFile:
    return RegistrantsFile(request.app.state.database)


async def get_numbers(session: SessionDep) -> NumberService:
    return NumberService(NumberRepository(session))


async def get_live_webinars(request: Request) -> LiveWebinars:
    live: LiveWebinars = request.app.state.live_webinars
    return live


async def get_job_runner(request: Request) -> JobRunner:
    runner: JobRunner = request.app.state.jobs
    return runner


JobRunnerDep = Annotated[JobRunner, Depends(get_job_runner)]


async def get_jobs(session: SessionDep, audit: AuditServiceDep, runner: JobRunnerDep) -> JobService:
    return JobService(JobRepository(session), audit, runner.wake)


JobServiceDep = Annotated[JobService, Depends(get_jobs)]


async def get_registrant_import(session: SessionDep, jobs: JobServiceDep) -> RegistrantImport:
    return RegistrantImport(WebinarRepository(session), JobRepository(session), jobs)


async def get_bulk_acts(session: SessionDep, jobs: JobServiceDep) -> BulkActs:
    return BulkActs(WebinarRepository(session), JobRepository(session), jobs)


RegistrantImportDep = Annotated[RegistrantImport, Depends(get_registrant_import)]
BulkActsDep = Annotated[BulkActs, Depends(get_bulk_acts)]
ContactServiceDep = Annotated[ContactService, Depends(get_contacts)]
RegistrantServiceDep = Annotated[RegistrantService, Depends(get_registrant_service)]
PictureServiceDep = Annotated[PictureService, Depends(get_pictures)]
RegistrantsDep = Annotated[Registrants, Depends(get_registrants)]
RegistrantsFileDep = Annotated[RegistrantsFile, Depends(get_registrants_file)]
NumberServiceDep = Annotated[NumberService, Depends(get_numbers)]
LiveWebinarsDep = Annotated[LiveWebinars, Depends(get_live_webinars)]


async def get_webinar_mail(session: SessionDep, mail: MailServiceDep, settings: SettingsDep) -> WebinarMail:
    return WebinarMail(WebinarRepository(session), mail, settings)


async def get_drafts(request: Request) -> DraftWriter:
    drafts: DraftWriter = request.app.state.drafts
    return drafts


async def get_unsubscribing(session: SessionDep, events: EventsDep, settings: SettingsDep) -> Unsubscribing:
    return Unsubscribing(WebinarRepository(session), events, settings)


WebinarMailDep = Annotated[WebinarMail, Depends(get_webinar_mail)]
DraftWriterDep = Annotated[DraftWriter, Depends(get_drafts)]
UnsubscribingDep = Annotated[Unsubscribing, Depends(get_unsubscribing)]


async def get_messages(
    session: SessionDep, mail: WebinarMailDep, limits: LimitsDep, settings: SettingsDep
) -> MessageService:
    return MessageService(MessageRepository(session), mail, limits, settings)


async def get_follow_ups(
    session: SessionDep,
    drafts: DraftWriterDep,
    mail: WebinarMailDep,
    audit: AuditServiceDep,
    limits: LimitsDep,
    settings: SettingsDep,
) -> FollowUpService:
    follow_ups, webinars = FollowUpRepository(session), WebinarRepository(session)
    return FollowUpService(follow_ups, webinars, drafts, mail, audit, limits, settings)


MessageServiceDep = Annotated[MessageService, Depends(get_messages)]
FollowUpServiceDep = Annotated[FollowUpService, Depends(get_follow_ups)]

"""Webinars, as everybody sees them, and what registrants do with the link in their mail."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from app.models.base import Typed
from app.models.listing import PageNumber
from app.models.registrant_forms import DetailsForm, RegistrationForm, source_of
from app.models.webinar import Registration, Webinar
from app.services.live_webinars import LiveWebinars
from app.services.webinar_service import CONSENT, WebinarsView
from app.templating import Page
from app.visitors import MaybeRightsDep, PageDep, Slug, Words
from app.webinar_dependencies import LiveWebinarsDep, WebinarServiceDep

router = APIRouter()
Mention = Annotated[Typed, Query()]


async def get_view(q: Words = "", page: PageNumber = 1, *, past: bool = False) -> WebinarsView:
    return WebinarsView(q, page, past)


async def get_webinar(page: PageDep, rights: MaybeRightsDep, webinars: WebinarServiceDep, slug: Slug) -> Webinar:
    webinar = await webinars.get(rights, slug)
    page.form("webinars/show.html", webinar=webinar, rights=rights, consent=CONSENT)
    return webinar


async def get_registration(
    page: PageDep, webinars: WebinarServiceDep, registration_id: UUID, signature: str
) -> tuple[Registration, Webinar]:
    registration, webinar = await webinars.by_link(registration_id, signature)
    place, path = await webinars.queue_place(registration), f"/registrations/{registration_id}/{signature}"
    page.form(
        "webinars/registration.html", registration=registration, webinar=webinar, place=place, path=path, changed=False
    )
    return registration, webinar


async def get_source(
    source: Mention = "", utm_source: Mention = "", utm_medium: Mention = "", utm_campaign: Mention = ""
) -> str:
    """Where somebody comes from, as the link says that they followed. No link is refused for saying too much."""
    return source_of(source, utm_source, utm_medium, utm_campaign)


SourceDep = Annotated[str, Depends(get_source)]
ViewDep = Annotated[WebinarsView, Depends(get_view)]
WebinarDep = Annotated[Webinar, Depends(get_webinar)]
RegistrationDep = Annotated[tuple[Registration, Webinar], Depends(get_registration)]


@router.get("/webinars", name="webinars")
async def index(page: PageDep, rights: MaybeRightsDep, webinars: WebinarServiceDep, view: ViewDep) -> Response:
    found = await webinars.leaf(rights, view)
    return page.render("webinars/index.html", block="results", found=found, view=view, rights=rights)


@router.get("/webinars/{slug}", name="webinar")
async def show(page: PageDep, _webinar: WebinarDep, source: SourceDep) -> Response:
    return page.show_form(values={"source": source})


@router.get("/webinars/{slug}/calendar.ics", name="webinar_calendar")
async def calendar(page: PageDep, webinar: WebinarDep, webinars: WebinarServiceDep) -> Response:
    return page.download(webinars.calendar(webinar), "text/calendar", f"{webinar.slug}.ics")


@router.get("/webinars/{slug}/seats", name="webinar_seats")
async def seats(page: PageDep, webinar: WebinarDep, live: LiveWebinarsDep) -> Response:
    return EventSourceResponse(counts(page, webinar, live), sep="\n")


async def counts(page: Page, webinar: Webinar, live: LiveWebinars) -> AsyncIterator[ServerSentEvent]:
    """The seat counter, whenever it may have changed."""
    async for now in live.seats(webinar):
        yield ServerSentEvent(page.fragment("webinars/seats_frame.html", webinar=now), sep="\n")


@router.post("/webinars/{slug}/registrations", name="register_for_webinar")
async def register(
    page: PageDep, webinar: WebinarDep, webinars: WebinarServiceDep, form: Annotated[RegistrationForm, Form()]
) -> Response:
    registration = await webinars.register(webinar, form)
    place = await webinars.queue_place(registration)
    return page.render("webinars/registered.html", status=201, webinar=webinar, registration=registration, place=place)


@router.get("/registrations/{registration_id}/{signature}", name="registration_link")
async def show_registration(page: PageDep, _found: RegistrationDep, *, changed: bool = False) -> Response:
    return page.show_form(changed=changed)


@router.post("/registrations/{registration_id}/{signature}", name="change_registration")
async def change(
    page: PageDep,
    found: RegistrationDep,
    webinars: WebinarServiceDep,
    form: Annotated[DetailsForm, Form()],
    registration_id: UUID,
    signature: str,
) -> Response:
    await webinars.change_details(found[1], found[0], form)
    return page.redirect(f"/registrations/{registration_id}/{signature}?changed=true")


@router.post("/registrations/{registration_id}/{signature}/confirmation", name="confirm_registration")
async def confirm(
    page: PageDep, found: RegistrationDep, webinars: WebinarServiceDep, registration_id: UUID, signature: str
) -> Response:
    await webinars.confirm(found[1], found[0])
    return page.redirect(f"/registrations/{registration_id}/{signature}")


@router.post("/registrations/{registration_id}/{signature}/cancellation", name="cancel_registration")
async def cancel(
    page: PageDep, found: RegistrationDep, webinars: WebinarServiceDep, registration_id: UUID, signature: str
) -> Response:
    await webinars.cancel(found[1], found[0])
    return page.redirect(f"/registrations/{registration_id}/{signature}")

"""The staff's desk: making webinars, and the people who registered for them."""

from functools import partial
from typing import Annotated
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Form, Response

from app.models.listing import PageNumber
from app.models.webinar import EditedWebinarForm, Registration, Webinar, WebinarForm
from app.services.registrants import View
from app.visitors import PageDep, RightsDep, Slug, WatchedDep, Words
from app.webinar_dependencies import (
    LiveWebinarsDep,
    RegistrantsDep,
    RegistrantServiceDep,
    RegistrantsFileDep,
    WebinarServiceDep,
)

router = APIRouter(prefix="/desk/webinars")
ZONES = sorted(available_timezones())


async def get_view(
    q: Words = "",
    status: str = "",
    group: Words = "",
    rep: str = "",
    question: Words = "",
    answer: Words = "",
    sort: str = "number",
    page: PageNumber = 1,
) -> View:
    return View.of(sort, page, q=q, status=status, group=group, rep=rep, question=question, answer=answer)


async def new_form(page: PageDep, rights: RightsDep) -> None:
    rights.check("webinar.add")
    page.form("webinars/edit.html", webinar=None, zones=ZONES)


async def get_webinar(rights: RightsDep, webinars: WebinarServiceDep, slug: Slug) -> Webinar:
    rights.check("webinar.view")
    return await webinars.get(rights, slug)


WebinarDep = Annotated[Webinar, Depends(get_webinar)]


async def get_edited(page: PageDep, rights: RightsDep, webinar: WebinarDep) -> Webinar:
    rights.check("webinar.change")
    page.form("webinars/edit.html", webinar=webinar, zones=ZONES)
    return webinar


async def get_registrant(
    rights: RightsDep,
    webinar: WebinarDep,
    webinars: WebinarServiceDep,
    registration_id: UUID,
) -> Registration:
    rights.check_some("registration.view")
    return await webinars.registrant(rights, webinar, registration_id)


ViewDep = Annotated[View, Depends(get_view)]
EditedDep = Annotated[Webinar, Depends(get_edited)]
RegistrantDep = Annotated[Registration, Depends(get_registrant)]


async def get_desk(
    page: PageDep, rights: RightsDep, webinar: WebinarDep, registrants: RegistrantsDep, view: ViewDep
) -> Webinar:
    """The webinar, with the table of its registrants as the page of forms about many of them."""
    rights.check_some("registration.view")
    table, choices = await registrants.table(rights, webinar, view), await registrants.choices(rights, webinar)
    page.form("webinars/desk.html", table=table, choices=choices, rights=rights)
    return webinar


async def get_entrant(page: PageDep, webinar: WebinarDep, registrant: RegistrantDep) -> Registration:
    """A registrant on the page that a phone shows which has scanned their code."""
    page.form("webinars/check_in.html", webinar=webinar, registrant=registrant, came_now=False)
    return registrant


DeskDep = Annotated[Webinar, Depends(get_desk)]
EntrantDep = Annotated[Registration, Depends(get_entrant)]


@router.get("/new", name="new_webinar", dependencies=[Depends(new_form)])
async def new(page: PageDep) -> Response:
    return page.show_form()


@router.post("", name="create_webinar", dependencies=[Depends(new_form)])
async def create(
    page: PageDep, rights: RightsDep, webinars: WebinarServiceDep, form: Annotated[WebinarForm, Form()]
) -> Response:
    webinar = await webinars.create(rights, form)
    return page.redirect(webinar.path)


@router.post("/preview", name="preview_description")
async def preview(
    page: PageDep, rights: RightsDep, description: Annotated[str, Form(max_length=20_000)] = ""
) -> Response:
    rights.check("webinar.change")
    return page.render("partials/preview.html", description=description)


@router.get("/{slug}/edit", name="edit_webinar")
async def edit(page: PageDep, _webinar: EditedDep) -> Response:
    return page.show_form()


@router.post("/{slug}", name="change_webinar")
async def change(
    page: PageDep,
    rights: RightsDep,
    webinar: EditedDep,
    webinars: WebinarServiceDep,
    form: Annotated[EditedWebinarForm, Form()],
) -> Response:
    await webinars.change(rights, webinar, form, form.seen)
    return page.redirect(webinar.path)


@router.post("/{slug}/publication", name="publish_webinar")
async def publish(page: PageDep, rights: RightsDep, webinar: WebinarDep, webinars: WebinarServiceDep) -> Response:
    await webinars.publish(rights, webinar)
    return page.redirect(webinar.path)


@router.post("/{slug}/cancellation", name="cancel_webinar")
async def cancel(page: PageDep, rights: RightsDep, webinar: WebinarDep, webinars: WebinarServiceDep) -> Response:
    await webinars.cancel_webinar(rights, webinar)
    return page.redirect(webinar.path)


@router.get("/{slug}/registrations", name="registrations")
async def registrations(page: PageDep, _webinar: DeskDep) -> Response:
    return page.show_form(block="table")


@router.get("/{slug}/registrations/stream", name="registrations_stream")
async def stream(
    page: PageDep, rights: RightsDep, webinar: WebinarDep, live: LiveWebinarsDep, view: ViewDep, watched: WatchedDep
) -> Response:
    rights.check_some("registration.view")
    return watched.stream(page, "webinars/table_frame.html", "table", partial(live.table, rights, webinar.id, view))


@router.get("/{slug}/registrations.csv", name="export_registrations")
async def export(
    page: PageDep, rights: RightsDep, webinar: WebinarDep, registrants: RegistrantsFileDep, view: ViewDep
) -> Response:
    rights.check_some("registration.export")
    return page.stream_download(registrants.lines(rights, webinar, view), "text/csv", f"{webinar.slug}.csv")


@router.get("/{slug}/check-in/{registration_id}", name="check_in")
async def show_check_in(page: PageDep, _registrant: EntrantDep) -> Response:
    """What a phone shows that has scanned a code: who it is, and a button."""
    return page.show_form()


@router.post("/{slug}/check-in/{registration_id}", name="do_check_in")
async def do_check_in(
    page: PageDep, rights: RightsDep, webinar: WebinarDep, registrant: EntrantDep, webinars: WebinarServiceDep
) -> Response:
    return page.show_form(came_now=await webinars.check_in(rights, webinar, registrant))


@router.post("/{slug}/check-in/{registration_id}/deletion", name="undo_check_in")
async def undo_check_in(
    page: PageDep, rights: RightsDep, webinar: WebinarDep, registrant: EntrantDep, registrants: RegistrantServiceDep
) -> Response:
    await registrants.check_out(rights, webinar, registrant)
    return page.redirect(f"/desk/webinars/{webinar.slug}/check-in/{registrant.id}")

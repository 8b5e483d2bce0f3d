"""The registrations for a webinar."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from app.api.answers import Page, RegistrationAnswer
from app.api.bodies import JSON
from app.api.callers import CallerDep, MaybeRightsDep, ReaderDep, RightsDep, WriterDep
from app.api.replies import one, page
from app.api.routing import ONCE, ApiRouter
from app.api.versions import PreconditionDep
from app.dependencies import ListingServiceDep
from app.models.listing import RegistrationQuery
from app.models.registrant_forms import RegistrantForm, RegistrationForm
from app.models.webinar import Registration
from app.routes.api.webinars import WebinarDep
from app.webinar_dependencies import RegistrantServiceDep, WebinarServiceDep

router = ApiRouter("/webinars/{slug}/registrations", tags=["registrations"])
Show = Callable[[Registration], RegistrationAnswer]


async def get_show(caller: CallerDep, rights: MaybeRightsDep, webinar: WebinarDep) -> Show:
    """How registrations for this webinar are shown to whoever asks."""
    return lambda registration: RegistrationAnswer.of(webinar, registration, caller.user, rights)


async def get_registration(
    caller: CallerDep,
    rights: MaybeRightsDep,
    webinar: WebinarDep,
    registrants: RegistrantServiceDep,
    registration_id: UUID,
) -> Registration:
    return await registrants.find(caller.user, rights, webinar, registration_id)


async def get_registrant(
    rights: RightsDep, webinar: WebinarDep, webinars: WebinarServiceDep, registration_id: UUID
) -> Registration:
    """One as staff see it, which is more than the person themselves does."""
    rights.check_some("registration.view")
    return await webinars.registrant(rights, webinar, registration_id)


RegistrantDep = Annotated[Registration, Depends(get_registrant)]
ShowDep = Annotated[Show, Depends(get_show)]
RegistrationDep = Annotated[Registration, Depends(get_registration)]


async def get_unchanged(
    _rights: RightsDep,
    webinar: WebinarDep,
    registration: RegistrationDep,
    registrants: RegistrantServiceDep,
    show: ShowDep,
    precondition: PreconditionDep,
) -> Registration:
    """The registration, under the lock of its webinar, in the version that whoever changes it has read."""
    await registrants.hold(webinar, registration)
    precondition.check(show(registration))
    return registration


UnchangedDep = Annotated[Registration, Depends(get_unchanged)]


@router.get("", name="registrations_list", response_model=Page[RegistrationAnswer], summary="List registrations")
async def index(
    request: Request,
    _reader: ReaderDep,
    rights: RightsDep,
    webinar: WebinarDep,
    listings: ListingServiceDep,
    show: ShowDep,
    query: Annotated[RegistrationQuery, Query()],
) -> Response:
    """Those that you may see: all of them, or those that are assigned to you."""
    return page(request, await listings.registrations(rights, webinar, query), show)


@router.post(
    "",
    name="registrations_create",
    summary="Register somebody",
    status_code=201,
    response_model=RegistrationAnswer,
    dependencies=ONCE,
)
async def create(
    _writer: WriterDep,
    webinar: WebinarDep,
    webinars: WebinarServiceDep,
    show: ShowDep,
    form: Annotated[RegistrationForm, JSON],
) -> Response:
    """Register somebody: they get a seat, a place on the waiting list or wait for an approval, and a mail says so.
    Whose address has a registration keeps it, which is a 409, and gets its mail once more.

    `consent` must be true: the person agrees that name, address and answers are kept to hold this webinar, until they
    cancel or it is over.
    """
    registration = await webinars.register(webinar, form)
    return one(show(registration), status=201, location=f"/webinars/{webinar.slug}/registrations/{registration.id}")


@router.get(
    "/{registration_id}", name="registrations_get", response_model=RegistrationAnswer, summary="Read a registration"
)
async def show_one(_reader: ReaderDep, registration: RegistrationDep, show: ShowDep) -> Response:
    """One registration, for staff who may see it and for the person whose it is."""
    return one(show(registration))


@router.patch(
    "/{registration_id}",
    name="registrations_change",
    summary="Change a registration",
    response_model=RegistrationAnswer,
    responses={409: {}},
)
async def change(
    _writer: WriterDep,
    rights: RightsDep,
    webinar: WebinarDep,
    registration: UnchangedDep,
    registrants: RegistrantServiceDep,
    show: ShowDep,
    form: Annotated[RegistrantForm, JSON],
) -> Response:
    """Approve, decline or cancel by `status`; change the group, and to whom it is assigned."""
    await registrants.change(rights, webinar, registration, form)
    return one(show(registration))


@router.post(
    "/{registration_id}/cancellation",
    name="registrations_cancel",
    summary="Cancel a registration",
    response_model=RegistrationAnswer,
    dependencies=ONCE,
)
async def cancel(
    writer: WriterDep,
    rights: MaybeRightsDep,
    webinar: WebinarDep,
    registration: RegistrationDep,
    registrants: RegistrantServiceDep,
    show: ShowDep,
) -> Response:
    """Give the seat back; the first who waits gets it. Cancelling twice does nothing more."""
    await registrants.cancel(writer.user, rights, webinar, registration)
    return one(show(registration))


@router.post(
    "/{registration_id}/check-in",
    name="registrations_check_in",
    summary="Check somebody in",
    response_model=RegistrationAnswer,
    dependencies=ONCE,
)
async def check_in(
    _writer: WriterDep,
    rights: RightsDep,
    webinar: WebinarDep,
    registration: RegistrationDep,
    webinars: WebinarServiceDep,
    show: ShowDep,
) -> Response:
    """Note that this person is there. A second time changes nothing: `attended_at` stays."""
    await webinars.check_in(rights, webinar, registration)
    return one(show(registration))


@router.delete(
    "/{registration_id}/check-in",
    name="registrations_check_out",
    status_code=204,
    response_class=Response,
    summary="Take a check-in back",
)
async def check_out(
    _writer: WriterDep,
    rights: RightsDep,
    webinar: WebinarDep,
    registration: UnchangedDep,
    registrants: RegistrantServiceDep,
) -> Response:
    """Take back that this person is there, which was noted by mistake."""
    await registrants.check_out(rights, webinar, registration)
    return Response(status_code=204)

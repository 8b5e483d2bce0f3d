"""Webinars, as everybody sees them, and what staff do with them."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from app.api.answers import Page, WebinarAnswer
from app.api.bodies import JSON, Changes, PartOf, changed
from app.api.callers import MaybeRightsDep, ReaderDep, RightsDep, WriterDep
from app.api.replies import one, page
from app.api.routing import ONCE, ApiRouter
from app.api.versions import PreconditionDep
from app.dependencies import ListingServiceDep
from app.models.listing import WebinarQuery
from app.models.webinar import Webinar, WebinarForm
from app.visitors import Slug
from app.webinar_dependencies import WebinarServiceDep

router = ApiRouter("/webinars")


async def get_webinar(rights: MaybeRightsDep, webinars: WebinarServiceDep, slug: Slug) -> Webinar:
    return await webinars.get(rights, slug)


WebinarDep = Annotated[Webinar, Depends(get_webinar)]


async def get_unchanged(
    _writer: WriterDep,
    rights: RightsDep,
    webinar: WebinarDep,
    webinars: WebinarServiceDep,
    precondition: PreconditionDep,
) -> Webinar:
    """The webinar, under its lock, in the version that whoever changes it has read."""
    await webinars.hold(rights, webinar)
    precondition.check(WebinarAnswer.of(webinar, rights))
    return webinar


UnchangedDep = Annotated[Webinar, Depends(get_unchanged)]


@router.get("", name="webinars_list", response_model=Page[WebinarAnswer], summary="List webinars")
async def index(
    request: Request,
    _reader: ReaderDep,
    rights: MaybeRightsDep,
    listings: ListingServiceDep,
    query: Annotated[WebinarQuery, Query()],
) -> Response:
    """What everybody sees, and drafts for those of the staff who may see them."""
    return page(request, await listings.webinars(rights, query), lambda each: WebinarAnswer.of(each, rights))


@router.post(
    "",
    name="webinars_create",
    summary="Make a webinar",
    status_code=201,
    response_model=WebinarAnswer,
    dependencies=ONCE,
)
async def create(
    _writer: WriterDep, rights: RightsDep, webinars: WebinarServiceDep, form: Annotated[WebinarForm, JSON]
) -> Response:
    """Make a draft. Its slug is made of its title."""
    webinar = await webinars.create(rights, form)
    return one(WebinarAnswer.of(webinar, rights), status=201, location=f"/webinars/{webinar.slug}")


@router.get("/{slug}", name="webinars_get", response_model=WebinarAnswer, summary="Read a webinar")
async def show(_reader: ReaderDep, rights: MaybeRightsDep, webinar: WebinarDep) -> Response:
    """One webinar."""
    return one(WebinarAnswer.of(webinar, rights))


@router.put(
    "/{slug}", name="webinars_replace", summary="Replace a webinar", response_model=WebinarAnswer, responses={409: {}}
)
async def replace(
    rights: RightsDep, webinar: UnchangedDep, webinars: WebinarServiceDep, form: Annotated[WebinarForm, JSON]
) -> Response:
    """Say all of it anew; what is left out gets its default. More seats go to those who wait; calendars are told."""
    await webinars.change(rights, webinar, form)
    return one(WebinarAnswer.of(webinar, rights))


@router.patch(
    "/{slug}", name="webinars_change", summary="Change a webinar", response_model=WebinarAnswer, responses={409: {}}
)
async def change(
    rights: RightsDep,
    webinar: UnchangedDep,
    webinars: WebinarServiceDep,
    changes: Annotated[Changes, PartOf(WebinarForm)],
) -> Response:
    """Change some of it; what is left out stays as it is."""
    await webinars.change(rights, webinar, changed(WebinarForm, WebinarForm.of(webinar), changes))
    return one(WebinarAnswer.of(webinar, rights))


@router.post(
    "/{slug}/publication",
    name="webinars_publish",
    summary="Publish a webinar",
    response_model=WebinarAnswer,
    dependencies=ONCE,
)
async def publish(_writer: WriterDep, rights: RightsDep, webinar: WebinarDep, webinars: WebinarServiceDep) -> Response:
    """Show a draft to everybody."""
    await webinars.publish(rights, webinar)
    return one(WebinarAnswer.of(webinar, rights))


@router.post(
    "/{slug}/cancellation",
    name="webinars_cancel",
    summary="Cancel a webinar",
    response_model=WebinarAnswer,
    dependencies=ONCE,
)
async def cancel(_writer: WriterDep, rights: RightsDep, webinar: WebinarDep, webinars: WebinarServiceDep) -> Response:
    """Cancel it for good. Everybody who registered is told, by mail and in their calendar."""
    await webinars.cancel_webinar(rights, webinar)
    return one(WebinarAnswer.of(webinar, rights))

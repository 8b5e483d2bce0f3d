"""Pictures: a webinar's cover, which everybody sees at the address that it names, and a registrant's photo."""

from typing import Annotated, Any

from fastapi import Depends, Query, Response

from app.api.answers import RegistrationAnswer, WebinarAnswer
from app.api.callers import ReaderDep, RightsDep, WriterDep
from app.api.files import PICTURE, PictureBody
from app.api.replies import one
from app.api.routing import ApiRouter
from app.models.base import Typed
from app.models.picture import Picture
from app.routes.api.registrations import RegistrantDep, ShowDep
from app.routes.api.registrations import UnchangedDep as UnchangedRegistrationDep
from app.routes.api.webinars import UnchangedDep, WebinarDep
from app.routes.pictures import FOR_SOME, KnownTag, served
from app.services.picture_service import COVER, PHOTO
from app.webinar_dependencies import PictureServiceDep

router = ApiRouter("/webinars/{slug}", tags=["pictures"])
Alt = Annotated[Typed, Query(max_length=200, description="What is to be seen, for those who cannot see it.")]
WEBP = {"image/webp": {"schema": {"type": "string", "format": "binary"}}}
SHOWN: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture.", "content": WEBP},
    304: {"description": "You have it already."},
}


async def get_cover(rights: RightsDep, pictures: PictureServiceDep, picture: PictureBody) -> Picture | None:
    """The picture that was sent, made before the webinar is locked."""
    rights.check("webinar.change")
    return await pictures.make(picture, COVER)


async def get_photo(
    rights: RightsDep, _registrant: RegistrantDep, pictures: PictureServiceDep, picture: PictureBody
) -> Picture | None:
    rights.check_some("registration.change")
    return await pictures.make(picture, PHOTO)


CoverDep = Annotated[Picture | None, Depends(get_cover)]
PhotoDep = Annotated[Picture | None, Depends(get_photo)]


@router.put(
    "/cover",
    name="covers_put",
    summary="Give a webinar a cover",
    response_model=WebinarAnswer,
    openapi_extra=PICTURE.described,
)
async def put_cover(
    _writer: WriterDep,
    rights: RightsDep,
    picture: CoverDep,
    webinar: UnchangedDep,
    pictures: PictureServiceDep,
    alt: Alt = "",
) -> Response:
    """Give the webinar this picture. The body is the file itself, of which a WebP of 1280 x 640 is made.

    `If-Match` is the `ETag` of the webinar. With an empty body the picture that it has gets another description.
    """
    await pictures.show_cover(rights, webinar, picture, alt)
    return one(WebinarAnswer.of(webinar, rights))


@router.delete(
    "/cover", name="covers_delete", summary="Take away a webinar's cover", status_code=204, response_class=Response
)
async def delete_cover(rights: RightsDep, webinar: UnchangedDep, pictures: PictureServiceDep) -> Response:
    """Take the picture away. `If-Match` is the `ETag` of the webinar."""
    await pictures.remove_cover(rights, webinar)
    return Response(status_code=204)


@router.put(
    "/registrations/{registration_id}/photo",
    name="photos_put",
    summary="Give a registrant a photo",
    response_model=RegistrationAnswer,
    openapi_extra=PICTURE.described,
)
async def put_photo(
    _writer: WriterDep,
    rights: RightsDep,
    webinar: WebinarDep,
    picture: PhotoDep,
    registration: UnchangedRegistrationDep,
    pictures: PictureServiceDep,
    show: ShowDep,
) -> Response:
    """Give a registrant this picture, of which a WebP of 256 x 256 is made; `If-Match` is of the registration."""
    await pictures.show_photo(rights, webinar, registration, picture)
    return one(show(registration))


@router.get(
    "/registrations/{registration_id}/photo",
    name="photos_get",
    summary="Read a registrant's photo",
    response_class=Response,
    responses=SHOWN,
)
async def photo(
    _reader: ReaderDep, registrant: RegistrantDep, pictures: PictureServiceDep, known: KnownTag = ""
) -> Response:
    """The picture of a registrant, for staff who may see them; 304 when `If-None-Match` names it."""
    return served(await pictures.shown(registrant.photo_id), known, FOR_SOME)


@router.delete(
    "/registrations/{registration_id}/photo",
    name="photos_delete",
    summary="Take away a registrant's photo",
    status_code=204,
    response_class=Response,
)
async def delete_photo(
    _writer: WriterDep,
    rights: RightsDep,
    webinar: WebinarDep,
    registration: UnchangedRegistrationDep,
    pictures: PictureServiceDep,
) -> Response:
    """Take the picture away. `If-Match` is the `ETag` of the registration."""
    await pictures.remove_photo(rights, webinar, registration)
    return Response(status_code=204)

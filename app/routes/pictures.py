"""Pictures: a webinar's cover and a registrant's photo, sent by staff and served to those who may see them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Header, Response, UploadFile
from pydantic import BeforeValidator

from app.models.base import Typed
from app.models.picture import Picture
from app.models.webinar import Webinar, WebinarStatus
from app.routes.desk import RegistrantDep, WebinarDep
from app.routes.registrants import ShownDep
from app.visitors import MaybeRightsDep, PageDep, RightsDep, Slug
from app.webinar_dependencies import PictureServiceDep, WebinarServiceDep

router = APIRouter()

OPEN_TO_ALL = "public, max-age=86400, immutable"  # a day, so that what is taken away is gone soon elsewhere too
FOR_SOME = "private, no-cache"  # asked for each time, so that whoever may no longer see it does not


def a_file(sent: object) -> object:
    if isinstance(sent, str) and sent:
        raise ValueError("Please choose a picture first.")
    return sent or None


Upload = Annotated[UploadFile | None, BeforeValidator(a_file), File()]
Alt = Annotated[Typed, Form(max_length=200)]
KnownTag = Annotated[str, Header(alias="If-None-Match")]


async def cover_form(page: PageDep, rights: RightsDep, webinar: WebinarDep) -> Webinar:
    rights.check("webinar.change")
    page.form("webinars/cover_page.html", webinar=webinar)
    return webinar


CoverOfDep = Annotated[Webinar, Depends(cover_form)]


async def content(picture: UploadFile | None) -> bytes:
    """What was sent; nothing when no file was chosen."""
    return await picture.read() if picture else b""


def served(picture: Picture, known: str, kept: str) -> Response:
    """The picture, or that the browser has it already."""
    tag = f'"{picture.id}"'
    headers = {"Cache-Control": kept, "ETag": tag}
    if tag in known:
        return Response(status_code=304, headers=headers)
    return Response(picture.content, media_type=picture.media_type, headers=headers)


@router.get("/webinars/{slug}/cover/{picture_id}", name="webinar_cover")
async def cover(
    rights: MaybeRightsDep,
    webinars: WebinarServiceDep,
    pictures: PictureServiceDep,
    slug: Slug,
    picture_id: UUID,
    known: KnownTag = "",
) -> Response:
    """No page, which would set a cookie now and then: this answer may be kept by anybody on its way."""
    webinar = await webinars.get(rights, slug)
    picture = await pictures.get(webinar.cover_id, picture_id)
    return served(picture, known, FOR_SOME if webinar.status == WebinarStatus.DRAFT else OPEN_TO_ALL)


@router.post("/desk/webinars/{slug}/cover", name="put_cover")
async def put_cover(
    page: PageDep,
    rights: RightsDep,
    webinar: CoverOfDep,
    pictures: PictureServiceDep,
    picture: Upload = None,
    alt: Alt = "",
) -> Response:
    await pictures.put_cover(rights, webinar, await content(picture), alt)
    return page.show_form(block="cover", location=edit_path(webinar), done="The cover is saved.")


@router.post("/desk/webinars/{slug}/cover/deletion", name="remove_cover")
async def remove_cover(page: PageDep, rights: RightsDep, webinar: CoverOfDep, pictures: PictureServiceDep) -> Response:
    await pictures.remove_cover(rights, webinar)
    return page.show_form(block="cover", location=edit_path(webinar), done="The cover is removed.")


def edit_path(webinar: Webinar) -> str:
    return f"/desk/webinars/{webinar.slug}/edit"


@router.get("/desk/webinars/{slug}/registrations/{registration_id}/photo/{picture_id}", name="photo_file")
async def photo(
    page: PageDep, registrant: RegistrantDep, pictures: PictureServiceDep, picture_id: UUID, known: KnownTag = ""
) -> Response:
    picture = await pictures.get(registrant.photo_id, picture_id)
    return page.finish(served(picture, known, FOR_SOME))


@router.post("/desk/webinars/{slug}/registrations/{registration_id}/photo", name="put_photo")
async def put_photo(page: PageDep, chosen: ShownDep, pictures: PictureServiceDep, picture: Upload = None) -> Response:
    await pictures.put_photo(*chosen, await content(picture))
    return page.show_form(block="photo", location=chosen.path, done="The photo is saved.")


@router.post("/desk/webinars/{slug}/registrations/{registration_id}/photo/deletion", name="remove_photo")
async def remove_photo(page: PageDep, chosen: ShownDep, pictures: PictureServiceDep) -> Response:
    await pictures.remove_photo(*chosen)
    return page.show_form(block="photo", location=chosen.path, done="The photo is removed.")

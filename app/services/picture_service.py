"""The pictures that webinars and registrants show: put, taken away, and found for those who may see them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.errors import NotFound
from app.events import Events, RegistrationChanged, WebinarCoverChanged
from app.models.base import now
from app.models.picture import Picture
from app.models.webinar import Registration, Webinar
from app.repositories.pictures import PictureRepository
from app.repositories.visibility import Rights
from app.repositories.webinars import WebinarRepository
from app.services.images import BadPicture, Images, Shape
from app.services.seats import check_change

Facts = Mapping[str, Any]
COVER = Shape(1280, 640)
PHOTO = Shape(256, 256)


class PictureService:
    def __init__(
        self, pictures: PictureRepository, webinars: WebinarRepository, images: Images, events: Events
    ) -> None:
        self.pictures = pictures
        self.webinars = webinars
        self.images = images
        self.events = events

    async def get(self, shown: UUID | None, id: UUID) -> Picture:
        """The picture that something shows; `NotFound` when it shows none, or another by now."""
        picture = await self.pictures.get(id) if shown == id else None
        if picture is None:
            raise NotFound
        return picture

    async def shown(self, id: UUID | None) -> Picture:
        """Whatever something shows now."""
        picture = await self.pictures.get(id) if id else None
        if picture is None:
            raise NotFound
        return picture

    async def make(self, sent: bytes, shape: Shape) -> Picture | None:
        """What was sent, or None for nothing. It takes a while, so it is done before anything is locked."""
        return await self.images.make(sent, shape) if sent else None

    async def put_cover(self, rights: Rights, webinar: Webinar, sent: bytes, alt: str) -> None:
        """Give it this cover; with nothing sent, the one that it has gets another description."""
        rights.check("webinar.change")
        await self.show_cover(rights, webinar, await self.make(sent, COVER), alt)

    async def show_cover(self, rights: Rights, webinar: Webinar, picture: Picture | None, alt: str) -> None:
        """The same with a picture that is made already."""
        rights.check("webinar.change")
        await self._hold(webinar)
        if not picture and webinar.cover_id is None:
            raise BadPicture("Please choose a picture first.")
        before = webinar.cover_facts
        if picture:
            await self.pictures.replace(webinar, picture)
        await self._describe_cover(rights, webinar, alt, before)

    async def remove_cover(self, rights: Rights, webinar: Webinar) -> None:
        rights.check("webinar.change")
        await self._hold(webinar)
        before = webinar.cover_facts
        await self.pictures.replace(webinar, None)
        await self._describe_cover(rights, webinar, "", before)

    async def _describe_cover(self, rights: Rights, webinar: Webinar, alt: str, before: Facts) -> None:
        """Say what it shows now. Of what is as it was before, nobody is told."""
        after = {**webinar.cover_facts, "cover_alt": alt}
        if after != before:
            await self.webinars.add(webinar.sqlmodel_update({"cover_alt": alt, "updated_at": now()}))
            await self.events.publish(WebinarCoverChanged(webinar, None, rights.user, before, after))

    async def put_photo(self, rights: Rights, webinar: Webinar, registration: Registration, sent: bytes) -> None:
        await check_change(self.webinars, rights, registration)
        await self.show_photo(rights, webinar, registration, await self.make(sent, PHOTO))

    async def show_photo(
        self, rights: Rights, webinar: Webinar, registration: Registration, picture: Picture | None
    ) -> None:
        await check_change(self.webinars, rights, registration)
        if not picture:
            raise BadPicture("Please choose a picture first.")
        await self._change_photo(rights, webinar, registration, picture)

    async def remove_photo(self, rights: Rights, webinar: Webinar, registration: Registration) -> None:
        await check_change(self.webinars, rights, registration)
        await self._change_photo(rights, webinar, registration, None)

    async def _change_photo(
        self, rights: Rights, webinar: Webinar, registration: Registration, photo: Picture | None
    ) -> None:
        await self._hold(registration)
        before = {"photo": str(registration.photo_id or "")}
        await self.pictures.replace(registration, photo)
        after = {"photo": str(registration.photo_id or "")}
        if after != before:
            await self.webinars.add(registration.sqlmodel_update({"updated_at": now()}))
            await self.events.publish(RegistrationChanged(webinar, registration, rights.user, before, after))

    async def _hold(self, owner: Webinar | Registration) -> None:
        if not await self.pictures.hold(owner):
            raise NotFound

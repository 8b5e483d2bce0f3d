"""Queries of pictures, and of the columns that name the picture that a row shows."""

from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import col

from app.models.picture import Picture
from app.models.product import Product
from app.models.webinar import Registration, Webinar
from app.repositories.base import Repository

# The column of each table whose rows show a picture.
SHOWN_AS = {Webinar: "cover_id", Registration: "photo_id", Product: "picture_id"}
Owner = Webinar | Registration | Product


class PictureRepository(Repository):
    async def get(self, id: UUID) -> Picture | None:
        return await self.session.get(Picture, id)

    async def hold(self, owner: Owner) -> bool:
        """Let nobody else change the row until this transaction ends, and see what they changed before.

        False when it is no longer there.
        """
        kind, name = type(owner), SHOWN_AS[type(owner)]
        itself = update(kind).where(col(kind.id) == owner.id).values({name: getattr(kind, name)})
        if not (await self.write(itself)).rowcount:
            return False
        await self.session.refresh(owner)
        return True

    async def replace(self, owner: Owner, picture: Picture | None) -> None:
        """Let a row that is held show this picture, or none, and delete the one before."""
        kind, name = type(owner), SHOWN_AS[type(owner)]
        await self.write(delete(Picture).where(col(Picture.id) == getattr(owner, name)))
        if picture:
            await self.add(picture)
        await self.write(update(kind).where(col(kind.id) == owner.id).values({name: picture and picture.id}))
        await self.session.refresh(owner)

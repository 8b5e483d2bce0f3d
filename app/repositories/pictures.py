"""Queries of pictures, and of the columns that name the picture that a row shows."""

from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import col, select

from app.models.picture import Picture
from app.models.product import Product
from app.models.webinar import Registration, Webinar
from app.repositories.base import Repository

# The column of each table whose rows show a picture.
SHOWN_AS = {Webinar: "cover_id", Registration: "photo_id", Product: "picture_id"}


class PictureRepository(Repository):
    async def get(self, id: UUID) -> Picture | None:
        return await self.session.get(Picture, id)

    async def replace(self, owner: Webinar | Registration | Product, picture: Picture | None) -> bool:
        """Let a row show this picture, or none, and delete the one before. False when the row is no longer there.

        The first statement locks the row: of two at once, the second deletes what the first has put.
        """
        kind, name = type(owner), SHOWN_AS[type(owner)]
        column, mine = getattr(kind, name), col(kind.id) == owner.id
        if not (await self.write(update(kind).where(mine).values({name: column}))).rowcount:
            return False
        await self.write(delete(Picture).where(col(Picture.id).in_(select(column).where(mine))))
        if picture:
            await self.add(picture)
        await self.write(update(kind).where(mine).values({name: picture and picture.id}))
        await self.session.refresh(owner)
        return True

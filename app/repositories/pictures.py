"""Queries of pictures, and of the columns that name the picture that a row shows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import col

from app.models.job import UNDOABLE, Job
from app.models.picture import Picture, UnshownPicture
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

    async def purge(self, at: datetime) -> None:
        """Delete what nothing shows and nobody can bring back any more; note what nothing shows by now.

        What comes back by an undo is shown again, so a picture stays as long as a job can be undone that may have
        begun before the picture was missed.
        """
        insert = sqlite_insert if self.on_sqlite else postgres_insert
        since: Any = col(UnshownPicture.since)
        await self.write(delete(UnshownPicture).where(_is_shown(col(UnshownPicture.id))))
        can_undo = or_(col(Job.finished_at).is_(None), col(Job.finished_at) >= at - UNDOABLE)
        wanted = select(col(Job.id)).where(col(Job.created_at) <= since, can_undo)
        over = select(col(UnshownPicture.id)).where(since < at - UNDOABLE, ~wanted.exists())
        await self.write(delete(Picture).where(col(Picture.id).in_(over)))
        new = select(col(Picture.id), literal(at, since.type)).where(~_is_shown(col(Picture.id)))
        await self.write(insert(UnshownPicture).from_select(["id", "since"], new).on_conflict_do_nothing())


def _is_shown(id: Any) -> ColumnElement[bool]:
    """Whether a row of any table shows the picture with this id."""
    columns: list[Any] = [getattr(kind, name) for kind, name in SHOWN_AS.items()]
    return or_(*(select(column).where(column == id).exists() for column in columns))

"""Pictures that other records show: a webinar's cover, a registrant's photo."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID, uuid4

from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel

from app.models.base import Timestamp, now


class Picture(SQLModel, table=True):
    """A picture as it is served, in WebP.

    Its row never changes, and another picture is another row: so whoever has it may keep it by its address. It stands
    in the database, so that every process has it and it goes in the transaction that erases what it shows. Whatever
    shows it holds its id, and loads it never: the bytes are read where they are sent.
    """

    media_type: ClassVar[str] = "image/webp"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    content: bytes = Field(sa_type=LargeBinary)
    width: int
    height: int
    created_at: datetime = Timestamp(default_factory=now)


class UnshownPicture(SQLModel, table=True):
    """A picture that nothing shows any more, and since when that is known. An undo may want it back.

    A table of its own, because a look for what is in a picture's row reads past its bytes.
    """

    __tablename__ = "unshown_picture"

    id: UUID = Field(primary_key=True, foreign_key="picture.id", ondelete="CASCADE")
    since: datetime = Timestamp(default_factory=now, index=True)

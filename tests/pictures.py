"""Pictures for tests, as cameras, screens and liars send them."""

from io import BytesIO
from typing import Any

from fastapi import FastAPI
from PIL import Image
from sqlmodel import col, select

from app.models.picture import Picture

RED, BLUE = (220, 20, 20), (20, 20, 220)
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


def image(width: int = 400, height: int = 300, mode: str = "RGB", colour: Any = RED) -> Image.Image:
    return Image.new(mode, (width, height), colour)


def file(made: Image.Image | None = None, kind: str = "PNG", **options: Any) -> bytes:
    out = BytesIO()
    (made or image()).save(out, kind, **options)
    return out.getvalue()


def halves(width: int = 400, height: int = 300) -> Image.Image:
    """Red on the left and blue on the right."""
    both = image(width, height)
    both.paste(BLUE, (width // 2, 0, width, height))
    return both


def upload(content: bytes, name: str = "me.png", media_type: str = "image/png") -> dict[str, Any]:
    """What httpx takes as `files`."""
    return {"picture": (name, content, media_type)}


def opened(content: bytes) -> Image.Image:
    with Image.open(BytesIO(content)) as found:
        found.load()
        return found


async def stored(app: FastAPI) -> list[Picture]:
    """All pictures of the database, the oldest first."""
    async with app.state.database.transaction() as session:
        return list((await session.exec(select(Picture).order_by(col(Picture.created_at)))).all())

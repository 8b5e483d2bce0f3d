"""Images that people send, made anew: what is kept is made of their pixels alone, so nothing else can hide in it."""

import asyncio
import logging
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageCms
from PIL.ExifTags import Base
from PIL.Image import Transpose
from PIL.JpegImagePlugin import JpegImageFile

from app.errors import Invalid
from app.models.picture import Picture

log = logging.getLogger(__name__)

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")  # known by how a file begins; its name and its type say nothing
LARGEST_FILE = 8 * 1024 * 1024  # bytes; a phone's photo has three to six million
# Pixels; a file of some kilobytes can claim billions. Those of a JPEG can be read at a half, a quarter or an eighth of
# their number to a side, so a phone's photo is let in that takes too much memory otherwise.
LARGEST_SIZE = 50_000_000
MOST_READ = 16_000_000
SCAN = b"\xff\xda"  # what begins one
MOST_SCANS = 100  # of a progressive JPEG; cameras make ten, and each takes as long as a whole picture
QUALITY = 80
SIDEWAYS = 5  # from this EXIF orientation on, width and height change places
TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """The largest size and the proportions of a picture."""

    width: int
    height: int

    @property
    def turned(self) -> "Shape":
        return Shape(self.height, self.width)


class BadPicture(Invalid):
    title = "This picture cannot be used"
    message = "This is no picture that we can read. Please choose a JPEG, PNG, WebP or GIF file."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, field="picture")


class Images:
    """Makes pictures away from the event loop, one after the other: a large one takes a lot of memory for a moment."""

    def __init__(self) -> None:
        self.turn = asyncio.Semaphore(1)

    async def make(self, sent: bytes, shape: Shape) -> Picture:
        """The middle of the image in this shape; raise `BadPicture` for what is none, or too much."""
        if len(sent) > LARGEST_FILE:
            raise BadPicture(f"Please choose a picture of at most {LARGEST_FILE // 2**20} MiB.")
        async with self.turn:
            return await asyncio.to_thread(make, sent, shape)


def make(sent: bytes, shape: Shape) -> Picture:
    try:
        with Image.open(BytesIO(sent), formats=FORMATS) as image:
            check(image, sent)
            return picture(prepared(image, shape))
    except BadPicture:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise too_many_pixels(LARGEST_SIZE) from error
    except Exception as error:  # a broken file makes Pillow fail in any way
        log.info("an image that cannot be read: %s", type(error).__name__)
        raise BadPicture from error


def check(image: Image.Image, sent: bytes) -> None:
    """Refuse what would take too long or too much memory, while no more than its head is read."""
    is_jpeg = isinstance(image, JpegImageFile)
    check_size(image, LARGEST_SIZE if is_jpeg else MOST_READ)
    if is_jpeg and sent.count(SCAN) > MOST_SCANS:
        raise BadPicture


def check_size(image: Image.Image, most: int) -> None:
    if image.width * image.height > most:
        raise too_many_pixels(most)


def too_many_pixels(most: int) -> BadPicture:
    return BadPicture(f"This picture has more than {most // 10**6} million pixels. Please make it smaller.")


def prepared(image: Image.Image, shape: Shape) -> Image.Image:
    """Cut, made smaller, the right way up, and in the colours that every screen knows."""
    turn = orientation(image)
    shape = shape.turned if turn >= SIDEWAYS else shape
    image.draft(None, (2 * shape.width, 2 * shape.height))
    check_size(image, MOST_READ)
    small = in_srgb(cut(plain(image), shape))
    return small.transpose(TURNS[turn]) if turn in TURNS else small


def orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(Base.Orientation, 1))
    except Exception:  # EXIF that is broken says nothing of the picture
        return 1


def plain(image: Image.Image) -> Image.Image:
    """With values that can be averaged: no palette, and eight bits each."""
    if image.mode.startswith("I"):
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")


def cut(image: Image.Image, shape: Shape) -> Image.Image:
    """Its middle in this shape, and never larger than it was."""
    scale = min(image.width / shape.width, image.height / shape.height)
    width, height = shape.width * scale, shape.height * scale
    left, top = max(0.0, (image.width - width) / 2), max(0.0, (image.height - height) / 2)
    box = (left, top, min(image.width, left + width), min(image.height, top + height))
    size = (max(1, round(width / max(1, scale))), max(1, round(height / max(1, scale))))
    return image.resize(size, Image.Resampling.LANCZOS, box, reducing_gap=3)


def in_srgb(image: Image.Image) -> Image.Image:
    """The same colours without the profile that they were measured by."""
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    profile = image.info.get("icc_profile")
    try:
        if profile:
            given = ImageCms.ImageCmsProfile(BytesIO(profile))
            image = ImageCms.profileToProfile(image, given, ImageCms.createProfile("sRGB"), outputMode=mode) or image
    except (ImageCms.PyCMSError, OSError):
        pass  # a profile that does not fit; the values are near enough
    return image.convert(mode)


def picture(image: Image.Image) -> Picture:
    image.info.clear()  # what was said of the image: places, times, comments, profiles
    out = BytesIO()
    image.save(out, "WEBP", quality=QUALITY)
    return Picture(content=out.getvalue(), width=image.width, height=image.height)

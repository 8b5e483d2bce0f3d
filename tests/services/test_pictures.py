"""What becomes of a file that claims to be a picture."""

import asyncio
import struct
import threading
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from app.errors import Invalid
from app.models.picture import Picture
from app.services.images import LARGEST_FILE, MOST_SCANS, BadPicture, Images, Shape, make
from tests.pictures import BLUE, FORMATS, RED, file, halves, image, opened

SHAPE = Shape(64, 32)
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
Kind = pytest.mark.parametrize("kind", FORMATS)


def near(found: Any, wanted: Any, tolerance: int = 25) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(found, wanted, strict=False))


def shown(content: bytes, shape: Shape = SHAPE) -> Image.Image:
    return opened(make(content, shape).content)


@Kind
def test_every_format_becomes_webp_of_the_shape(kind: str) -> None:
    made = make(file(halves(), kind), SHAPE)
    found = opened(made.content)
    assert (found.format, found.size) == ("WEBP", (64, 32)) and (made.width, made.height) == (64, 32)
    assert near(found.getpixel((8, 16)), RED) and near(found.getpixel((56, 16)), BLUE)


@pytest.mark.parametrize(
    ("size", "wanted"),
    [((400, 400), (64, 32)), ((1000, 20), (40, 20)), ((20, 1000), (20, 10)), ((10, 10), (10, 5)), ((1, 500), (1, 1))],
)
def test_the_middle_is_cut_out_and_never_made_larger(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    assert shown(file(image(*size))).size == wanted


def test_the_middle_is_the_middle() -> None:
    three = image(300, 100, colour=BLUE)
    three.paste(RED, (100, 0, 200, 100))
    found = shown(file(three), Shape(50, 50))
    assert all(near(found.getpixel(place), RED) for place in ((3, 25), (25, 25), (46, 25)))


# What a camera says besides the picture


def gps() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "Canary Camera"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\x00\x00\x00canary comment"
    return exif


def said(kind: str) -> dict[str, Any]:
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>canary</x:xmpmeta>"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().replace(b"sRGB", b"cnry")
    everything: dict[str, Any] = {"exif": gps(), "icc_profile": profile}
    if kind == "JPEG":
        return {**everything, "xmp": xmp, "comment": b"canary"}
    return {"comment": b"canary"} if kind == "GIF" else {**everything, "xmp": xmp} if kind == "WEBP" else everything


@Kind
def test_places_times_comments_and_profiles_stay_behind(kind: str) -> None:
    sent = file(halves(), kind, **said(kind))
    assert b"canary" in sent.lower()
    made = make(sent, SHAPE).content
    assert b"canary" not in made.lower() and b"cnry" not in made
    found = opened(made)
    assert not found.getexif() and not found.getexif().get_ifd(0x8825)
    assert {made[at : at + 4] for at in range(12, len(made) - 4)} & {b"EXIF", b"XMP ", b"ICCP"} == set()
    assert set(found.info) <= {"background", "loop", "duration", "timestamp"}


# Where the red half is once the picture is the right way up.
LEFT, RIGHT, TOP, BOTTOM = (6, 16), (26, 16), (16, 6), (16, 26)
ORIENTATIONS = {1: LEFT, 2: RIGHT, 3: RIGHT, 4: LEFT, 5: TOP, 6: TOP, 7: BOTTOM, 8: BOTTOM}


@pytest.mark.parametrize(("orientation", "red"), ORIENTATIONS.items())
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_orientation_is_applied(kind: str, orientation: int, red: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = shown(file(halves(320, 320), kind, exif=exif), Shape(32, 32))
    opposite = (32 - red[0], 32 - red[1])
    assert near(found.getpixel(red), RED, 40) and near(found.getpixel(opposite), BLUE, 40)


def test_a_picture_that_lies_on_its_side_is_cut_as_it_is_shown() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert shown(file(image(100, 1000), "JPEG", exif=exif)).size == (64, 32)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_there_is_not_says_nothing(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert near(shown(file(halves(), "JPEG", exif=exif)).getpixel((8, 16)), RED)


def test_broken_exif_does_not_spoil_a_picture() -> None:
    assert shown(file(halves(), "JPEG", exif=b"Exif\x00\x00MM\x00*\x00\x00\xff\xffnonsense")).size == (64, 32)


@pytest.mark.parametrize(
    ("mode", "colour", "kind"),
    [
        ("1", 1, "PNG"),
        ("L", 255, "PNG"),
        ("LA", (255, 255), "PNG"),
        ("P", 0, "GIF"),
        ("I;16", 65535, "PNG"),
        ("RGBA", (255, 255, 255, 255), "PNG"),
        ("CMYK", (0, 0, 0, 0), "JPEG"),
    ],
)
def test_every_kind_of_colour_is_read(mode: str, colour: Any, kind: str) -> None:
    made = image(mode=mode, colour=colour)
    if mode == "P":
        made.putpalette([255, 255, 255])
    assert near(shown(file(made, kind)).convert("RGB").getpixel((30, 16)), (255, 255, 255))


def test_sixteen_bits_keep_their_greys() -> None:
    assert near(shown(file(image(mode="I;16", colour=0x8000))).getpixel((30, 16)), (128, 128, 128))


def test_what_is_seen_through_stays_so() -> None:
    found = shown(file(image(mode="RGBA", colour=(255, 0, 0, 0))))
    assert found.mode == "RGBA" and found.getpixel((30, 16))[3] == 0  # type: ignore[index]


def test_colours_of_another_profile_look_the_same() -> None:
    """The greens of a wide profile are others in sRGB; dropping the profile alone would keep the numbers."""
    lab = ImageCms.createProfile("LAB")
    tinted = file(image(colour=(100, 150, 100)), icc_profile=ImageCms.ImageCmsProfile(lab).tobytes())
    assert near(shown(tinted).getpixel((30, 16)), (100, 150, 100)), "one that does not fit is passed over"
    swapped = file(image(colour=(200, 100, 50)), icc_profile=swapped_profile())
    assert near(shown(swapped).getpixel((30, 16)), (50, 100, 200)), "one that fits is used"


def swapped_profile() -> bytes:
    """sRGB in which what is called red is blue."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"tmp!").replace(b"bXYZ", b"rXYZ").replace(b"tmp!", b"bXYZ")


def test_of_an_animation_the_first_picture_is_kept() -> None:
    for kind in ("GIF", "WEBP"):
        sent = file(image(), kind, save_all=True, append_images=[image(colour=BLUE)], duration=100)
        found = shown(sent)
        assert getattr(found, "n_frames", 1) == 1 and near(found.getpixel((30, 16)), RED)


# Lies


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, more: bytes = b"") -> bytes:
    """A PNG of a few bytes that claims this size."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + more
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\x00" * 999)) + chunk(b"IEND", b"")


LIES: dict[str, Callable[[], bytes]] = {
    "nothing but a byte": lambda: b"\x00",
    "text": lambda: b"I am a heron.\n" * 100,
    "SVG": lambda: SVG,
    "SVG with a byte order mark": lambda: b"\xef\xbb\xbf" + SVG,
    "HTML": lambda: HTML,
    "HTML that begins as a PNG": lambda: b"\x89PNG\r\n\x1a\n" + HTML,
    "HTML that begins as a GIF": lambda: b"GIF89a" + HTML,
    "HTML that begins as a JPEG": lambda: b"\xff\xd8\xff\xe0" + HTML,
    "PDF": lambda: b"%PDF-1.7\n" + file(image(), "JPEG"),
    "a picture behind a script": lambda: HTML + file(image()),
    "BMP": lambda: file(kind="BMP"),
    "TIFF": lambda: file(kind="TIFF"),
    "ICO": lambda: file(kind="ICO"),
    "EPS, which a program would draw": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "the head of a PNG": lambda: file(halves())[:33],
    "a comment without end": lambda: png(9, 9, chunk(b"zTXt", b"x\x00\x00" + zlib.compress(b"x" * 2_000_000))),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_refused(lie: str) -> None:
    with pytest.raises(BadPicture) as refused:
        make(LIES[lie](), SHAPE)
    assert "picture" in refused.value.problems and "JPEG, PNG, WebP or GIF" in refused.value.message


@Kind
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_file_that_is_cut_off_is_refused(kind: str, part: float) -> None:
    noise = Image.effect_noise((300, 200), 80).convert("RGB")
    whole = file(noise, kind)
    with pytest.raises(BadPicture):
        make(whole[: int(len(whole) * part)], SHAPE)


@Kind
def test_of_what_is_two_things_the_picture_alone_is_kept(kind: str) -> None:
    """Phones put films and depths behind their pictures, so what follows one is no reason to refuse it."""
    payload = b"PK\x03\x04" + HTML + b"canary" * 9
    made = make(file(halves(), kind) + payload, SHAPE).content
    assert b"canary" not in made and b"script" not in made and b"PK\x03\x04" not in made


@Kind
@given(data=st.data())
def test_a_broken_file_is_refused_or_read_and_nothing_else(kind: str, data: st.DataObject) -> None:
    whole = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        made = make(bytes(whole), SHAPE)
    except BadPicture:
        return
    assert opened(made.content).format == "WEBP"


WHOLE = {kind: file(halves(40, 30), kind) for kind in FORMATS}


# Too much


@pytest.mark.parametrize("size", [(4001, 4000), (10_000, 10_000), (50_000, 50_000), (2**31 - 1, 1)])
def test_a_bomb_is_refused_before_it_is_read(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda _self: pytest.fail("it is read"))
    with pytest.raises(BadPicture, match="million pixels"):
        make(png(*size), SHAPE)


def test_a_jpeg_of_a_good_camera_is_let_in_and_read_smaller() -> None:
    made = shown(file(image(8000, 6000, "L", 200), "JPEG"), Shape(1280, 640))
    assert made.size == (1280, 640)


def test_a_jpeg_with_scans_without_end_is_refused() -> None:
    whole = file(halves(), "JPEG", progressive=True)
    at = whole.rindex(b"\xff\xda")
    scan = whole[at:-2]
    assert make(whole[:at] + scan * 3 + b"\xff\xd9", SHAPE), "some more are no reason"
    with pytest.raises(BadPicture):
        make(whole[:at] + scan * MOST_SCANS + b"\xff\xd9", SHAPE)


async def test_a_file_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(Invalid, match="8 MiB"):
        await Images().make(b"\x00" * (LARGEST_FILE + 1), SHAPE)


async def test_pictures_are_made_in_a_thread_and_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    under_way, most = set[int](), 0

    def slowly(sent: bytes, shape: Shape) -> Picture:
        nonlocal most
        under_way.add(id(sent))
        assert threading.current_thread() is not threading.main_thread()
        threading.Event().wait(0.02)
        most = max(most, len(under_way))
        under_way.discard(id(sent))
        return make(sent, shape)

    monkeypatch.setattr("app.services.images.make", slowly)
    images = Images()
    sent = [file(image(10 + number, 10)) for number in range(4)]
    made = await asyncio.gather(*(images.make(each, SHAPE) for each in sent))
    assert most == 1 and len({picture.id for picture in made}) == 4

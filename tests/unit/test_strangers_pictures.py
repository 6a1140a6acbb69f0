"""Pictures that strangers send: what they show stays as it is, and nothing else stays."""

import io
import zipfile
from contextlib import suppress
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from geoportal.participation import pictures
from tests.files import picture

SECRET = b"50.8, 8.7 at Erika's"
SCRIPT = b"<script>alert(1)</script>"


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("virus.exe", SECRET)
    return file.getvalue()


def exif(held: int) -> Image.Exif:
    said = Image.Exif()
    said[0x0112], said[0x010F], said[0x9286] = held, SECRET.decode(), SECRET
    return said


def told() -> PngImagePlugin.PngInfo:
    said = PngImagePlugin.PngInfo()
    said.add_text("Comment", SECRET.decode())
    said.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    return said


def bare(content: bytes) -> pictures.Picture:
    found = pictures.bare(content)
    assert found is not None
    return found


def pixels(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as opened:
        opened.load()
        return opened.tobytes()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"exif": exif(1), "comment": SECRET, "xmp": SECRET}),
        ("JPEG", {"exif": exif(1), "progressive": True, "icc_profile": bytes(200)}),
        ("JPEG", {"exif": exif(1), "restart_marker_blocks": 1, "optimize": True}),
        ("PNG", {"exif": exif(1), "pnginfo": told()}),
        ("PNG", {"exif": exif(1), "dpi": (300, 300)}),
    ],
    ids=["comments", "progressive", "restarts", "texts", "dpi"],
)
@pytest.mark.parametrize("tail", [b"", zipped(), SCRIPT], ids=["alone", "zip", "script"])
def test_what_a_picture_says_and_hides_is_gone_and_what_it_shows_is_not(
    kind: str, options: dict[str, Any], tail: bytes
) -> None:
    content = picture(kind, **options) + tail
    found = bare(content)
    assert (found.media_type, found.width, found.height) == (f"image/{kind.lower()}", 16, 16)
    assert pixels(found.content) == pixels(content)
    for hidden in (SECRET, SCRIPT, b"virus.exe", b"Exif"):
        assert hidden not in found.content
    assert bare(found.content) == found, "once is enough"


@pytest.mark.parametrize("held", range(1, 9))
def test_a_photo_stays_upright(held: int) -> None:
    with Image.open(io.BytesIO(bare(picture("JPEG", exif=exif(held))).content)) as opened:
        assert dict(opened.getexif()) == ({} if held == 1 else {0x0112: held})


def test_what_is_no_picture_is_none() -> None:
    for content in (b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", SCRIPT + picture("PNG"), b"\xff\xd8"):
        assert pictures.bare(content) is None


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_that_breaks_off_anywhere_is_damaged_or_ends_there(kind: str) -> None:
    content = picture(kind, exif=exif(6))
    for length in range(10, len(content)):
        try:
            found = bare(content[:length])
        except pictures.Damaged:
            continue
        assert kind == "JPEG", "a chunk is whole or is none"
        assert found.content.endswith(b"\xff\xd9")


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_no_byte_that_is_wrong_makes_a_fault_of_ours(kind: str) -> None:
    content = picture(kind, exif=exif(6))
    for at in range(8 if kind == "PNG" else 3, len(content)):
        for value in (0x00, 0xFF):
            with suppress(pictures.Damaged):
                assert pictures.bare(content[:at] + bytes([value]) + content[at + 1 :]) is not None

"""How large a picture says it is, from its own header: known before any library allocates a byte for it."""

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from plans_ingest.errors import UnreadableFile, UnsafeFile
from plans_ingest.formats.recognise import Format
from plans_ingest.model import Where

MAX_PIXELS: Final = 1_000_000_000
MAX_SIDE: Final = 200_000
MAX_BANDS: Final = 8
MAX_RATIO: Final = 2_000  # pixels for each byte of the file: blank fax pages reach some hundreds
_MAX_TAGS: Final = 1_000
_TIFF_TYPES: Final = {1: "B", 3: "H", 4: "I", 16: "Q"}
_TIFF_BYTES: Final = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}  # others: 1
_WIDTH, _HEIGHT, _SAMPLES = 256, 257, 277
_JPEG_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


@dataclass(frozen=True, slots=True)
class Size:
    breite: int
    hoehe: int
    baender: int


def measure(path: Path, kind: Format, name: str) -> Size:
    """Raises UnreadableFile for a header that cannot be, UnsafeFile for a picture beyond all limits."""
    where = Where(name)
    try:
        with path.open("rb") as file:
            size = {Format.TIFF: _tiff, Format.PNG: _png, Format.JPEG: _jpeg}[kind](file)
    except (struct.error, IndexError, KeyError):
        raise UnreadableFile("Das Bild ist abgeschnitten oder beschädigt", "the picture is damaged", where) from None
    if not size.breite or not size.hoehe or not size.baender:
        raise UnreadableFile("Das Bild hat keine Ausdehnung", "the picture has no extent", where)
    pixels = size.breite * size.hoehe
    if pixels > MAX_PIXELS or max(size.breite, size.hoehe) > MAX_SIDE or size.baender > MAX_BANDS:
        raise UnsafeFile(
            f"Bild zu groß: {size.breite} × {size.hoehe} Pixel, {size.baender} Bänder; erlaubt sind "
            f"{MAX_PIXELS // 1_000_000} Millionen Pixel und {MAX_BANDS} Bänder",
            "picture too large",
            where,
        )
    if pixels > MAX_RATIO * path.stat().st_size:
        raise UnsafeFile("Das Bild ist unglaubhaft stark gepackt", "picture compressed beyond belief", where)
    return size


def _tiff(file: IO[bytes]) -> Size:
    """The first directory of a TIFF 6.0 or BigTIFF."""
    head = file.read(16)
    order = "<" if head[:2] == b"II" else ">"
    big = struct.unpack_from(f"{order}H", head, 2)[0] == 43
    (at,) = struct.unpack_from(f"{order}Q", head, 8) if big else struct.unpack_from(f"{order}I", head, 4)
    if at >= 2**63:
        raise struct.error
    file.seek(at)
    (count,) = struct.unpack(f"{order}{'Q' if big else 'H'}", file.read(8 if big else 2))
    if count > _MAX_TAGS:
        raise struct.error
    width = 20 if big else 12
    entries = file.read(width * count)
    end = file.seek(0, io.SEEK_END)
    found = {_SAMPLES: 1}
    for number in range(count):
        tag, kind = struct.unpack_from(f"{order}HH", entries, number * width)
        at_value = number * width + (12 if big else 8)
        if tag in {_WIDTH, _HEIGHT, _SAMPLES}:
            (found[tag],) = struct.unpack_from(f"{order}{_TIFF_TYPES[kind]}", entries, at_value)
        length, place = struct.unpack_from(f"{order}{'QQ' if big else 'II'}", entries, number * width + 4)
        size = length * _TIFF_BYTES.get(kind, 1)
        if size > (8 if big else 4) and place + size > end:  # GDAL would take what it cannot find for white paper
            raise struct.error
    return Size(found[_WIDTH], found[_HEIGHT], found[_SAMPLES])


def _png(file: IO[bytes]) -> Size:
    width, height, _, colours = struct.unpack_from(">IIBB", file.read(33), 16)
    return Size(width, height, {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colours])


def _jpeg(file: IO[bytes]) -> Size:
    file.seek(2)
    for _ in range(_MAX_TAGS):
        marker, code, length = struct.unpack(">BBH", file.read(4))
        if marker != 0xFF:
            raise struct.error
        if code in _JPEG_FRAMES:
            _, height, width, bands = struct.unpack(">BHHB", file.read(6))
            return Size(width, height, bands)
        file.seek(length - 2, 1)
    raise struct.error

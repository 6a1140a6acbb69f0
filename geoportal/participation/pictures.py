"""Pictures of strangers, without what they say beside what they show: where, when and with what they were taken, and
what hangs on behind them. Pure; nothing is decoded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_PNG: Final = b"\x89PNG\r\n\x1a\n"
# those that say how to paint it (PNG, third edition, 5.6)
_PAINTING: Final = frozenset(b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT pHYs bKGD cICP".split())
_JPEG: Final = b"\xff\xd8"
_END: Final = b"\xff\xd9"
_NO_FRAMES: Final = frozenset({0xC4, 0xC8, 0xCC})
_SCAN: Final = 0xDA
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_TABLES: Final = frozenset({*range(0xC0, 0xD0), *range(0xDB, 0xE0)})
_BEHIND_A_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_EXIF: Final = b"Exif\0\0"
_ORIENTATION: Final = 0x0112


class Damaged(Exception):
    """It begins like a picture and does not go on like one."""


@dataclass(frozen=True, slots=True)
class Picture:
    """`width` and `height` in pixels, as the file says."""

    media_type: str
    content: bytes
    width: int
    height: int


def bare(content: bytes) -> Picture | None:
    """None for what does not begin like a PNG or a JPEG. Raises Damaged."""
    if content.startswith(_PNG):
        return _png(content)
    return _jpeg(content) if content.startswith(_JPEG + b"\xff") else None


def _png(content: bytes) -> Picture:
    chunks = list(_chunks(content))
    kinds = [chunk[4:8] for chunk in chunks]
    if kinds[0] != b"IHDR" or len(chunks[0]) != 25 or b"IDAT" not in kinds:
        raise Damaged
    width, height = int.from_bytes(chunks[0][8:12]), int.from_bytes(chunks[0][12:16])
    kept = b"".join(chunk for chunk, kind in zip(chunks, kinds, strict=True) if kind in _PAINTING)
    return Picture("image/png", _PNG + kept, width, height)


def _chunks(content: bytes) -> Iterator[bytes]:
    """Whole, with length and checksum, to the last one. Raises Damaged."""
    at = len(_PNG)
    while True:
        end = at + 12 + int.from_bytes(content[at : at + 4])
        chunk = content[at:end]
        if len(chunk) != end - at:
            raise Damaged
        yield chunk
        if chunk[4:8] == b"IEND":
            return
        at = end


def _jpeg(content: bytes) -> Picture:
    kept, size, is_drawn, turned = [], (0, 0), False, b""
    for kind, segment in _segments(content):
        if kind in _TABLES - _NO_FRAMES and kind < _SCAN:
            size = int.from_bytes(segment[7:9]), int.from_bytes(segment[5:7])
        if kind == 0xE0 and segment[4:9] == b"JFIF\0" and len(segment) >= 18:
            segment = b"\xff\xe0\0\x10" + segment[4:16] + b"\0\0"  # without a small picture inside
        elif kind == 0xE1 and segment[4:10] == _EXIF:
            turned = turned or _turned(segment[10:])
            continue
        elif not (
            kind in _TABLES
            or kind == _SCAN
            or (kind == 0xE2 and segment[4:16] == b"ICC_PROFILE\0")
            or (kind == 0xEE and segment[4:9] == b"Adobe")
        ):
            continue
        is_drawn = is_drawn or kind == _SCAN
        kept.append(segment)
    if not is_drawn:
        raise Damaged
    return Picture("image/jpeg", b"".join((_JPEG, turned, *kept, _END)), *size)


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and segment, a scan with all that is drawn in it, to the end (ITU T.81 B.1.1). Raises Damaged."""
    at = len(_JPEG)
    while at < len(content):
        if content[at] != 0xFF or at + 4 > len(content):
            if content[at : at + 2] == _END:
                return
            raise Damaged
        kind = content[at + 1]
        if kind == 0xFF:  # markers may be filled up
            at += 1
        elif kind == _END[1]:
            return
        elif kind in _ALONE:
            at += 2
        else:
            end = at + 2 + int.from_bytes(content[at + 2 : at + 4])
            if end < at + 4 or end > len(content):
                raise Damaged
            if kind == _SCAN:
                behind = _BEHIND_A_SCAN.search(content, end)
                end = len(content) if behind is None else behind.start()
            yield kind, content[at:end]
            at = end


def _turned(tiff: bytes) -> bytes:
    """A segment that says of the picture how it was held, and nothing else; empty where nothing says so."""
    if tiff[:4] not in {b"II*\0", b"MM\0*"}:
        return b""

    def number(at: int, length: int) -> int:
        return int.from_bytes(tiff[at : at + length], "little" if tiff[:1] == b"I" else "big")

    start = number(4, 4)
    for entry in range(start + 2, min(start + 2 + 12 * number(start, 2), len(tiff) - 11), 12):
        if number(entry, 2) == _ORIENTATION and 2 <= (held := number(entry + 8, 2)) <= 8:
            one = _ORIENTATION.to_bytes(2) + b"\0\x03\0\0\0\x01" + held.to_bytes(2) + b"\0\0"
            body = _EXIF + b"MM\0*\0\0\0\x08\0\x01" + one + bytes(4)
            return b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body
    return b""

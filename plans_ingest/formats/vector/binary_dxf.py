"""Binary DXF (DXF reference, "Binary DXF Files"): the pairs of the text, each value as its group code has it."""

import struct
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from plans_ingest.errors import UnreadableFile
from plans_ingest.model import Where

SENTINEL: Final = b"AutoCAD Binary DXF\r\n\x1a\0"
_TEXT, _CHUNK = "text", "chunk"
# From which group code on values are of which kind ("Group Code Value Types"); a struct format is a number.
_KINDS: Final = (
    (0, _TEXT), (10, "<d"), (60, "<h"), (80, _TEXT), (90, "<i"), (100, _TEXT), (110, "<d"), (160, "<q"), (170, "<h"),
    (180, _TEXT), (210, "<d"), (270, "<h"), (290, "<?"), (300, _TEXT), (310, _CHUNK), (320, _TEXT), (370, "<h"),
    (390, _TEXT), (400, "<h"), (410, _TEXT), (420, "<i"), (430, _TEXT), (440, "<i"), (460, "<d"), (470, _TEXT),
    (1004, _CHUNK), (1005, _TEXT), (1010, "<d"), (1060, "<h"), (1071, "<i"), (1072, _TEXT),
)  # fmt: skip
_STARTS: Final = [start for start, _ in _KINDS]


def pairs(data: bytes, where: Where) -> Iterator[tuple[int, bytes]]:
    """Group code and value as the text would have it. Raises UnreadableFile where the file ends within a pair."""
    at = len(SENTINEL)
    # Until release 12 a group code is one byte, of which 255 says that two follow; the first pair is always 0 SECTION.
    is_short = data[at + 1 : at + 2] != b"\0"
    try:
        while at < len(data):
            if is_short and data[at] != 0xFF:
                code, at = data[at], at + 1
            else:
                at += is_short
                (code,), at = struct.unpack_from("<H", data, at), at + 2
            _, kind = _KINDS[bisect_right(_STARTS, code) - 1]
            if kind == _TEXT:
                end = data.index(b"\0", at)
                value, at = data[at:end], end + 1
            elif kind == _CHUNK:
                value, at = b"", at + 1 + data[at]
            else:
                (number,) = struct.unpack_from(kind, data, at)
                value, at = str(int(number) if kind == "<?" else number).encode(), at + struct.calcsize(kind)
            yield code, value
            if code == 0 and value == b"EOF":
                return
    except (struct.error, ValueError, IndexError):
        raise UnreadableFile("Die DXF-Datei ist abgeschnitten", "the DXF is cut short", where) from None

"""PNG, as far as we write it ourselves: lines of pixels, packed."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final

import deflate

_LEVEL: Final = 5  # of libdeflate: in a third of its time smaller than zlib's default


class Kind(IntEnum):
    """The types of colour (PNG, 11.2.1) that we write, with eight bits each."""

    PALETTED = 3
    COLOUR_AND_OPACITY = 6


def written(width: int, height: int, kind: Kind, lines: bytes, palette: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """`lines`: each begins with the number of its filter. `palette`: chunks before them, by name."""
    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    data = bytes(deflate.zlib_compress(lines, _LEVEL))
    return b"".join(_parts([(b"IHDR", head), *palette, (b"IDAT", data), (b"IEND", b"")]))


def _parts(chunks: Sequence[tuple[bytes, bytes]]) -> Iterator[bytes]:
    yield b"\x89PNG\r\n\x1a\n"
    for name, data in chunks:
        yield struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

"""How a GML file is handed to the two parsers: without what text editors and old programs leave around the document.

XML allows nothing before its head and nothing but white space behind its end, and parsers know UTF-8 by one spelling.
Files of ten years have an empty line in front, a NUL or DOS's end of file behind, and call it "utf8".
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

_LOOKED_AT: Final = 4096  # bytes at either end
_IN_FRONT: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s+(?=<)")
_BEHIND: Final = re.compile(rb"[\s\0\x1a]*\Z")
_DECLARED: Final = re.compile(rb"""(?:\xef\xbb\xbf)?<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_UTF8: Final = frozenset({"utf8", "utf_8", "u8"})


class _Stretch:
    """The bytes of a file from one place to another, to be read once."""

    def __init__(self, file: IO[bytes], start: int, end: int) -> None:
        self._file, self._left = file, end - start
        file.seek(start)

    def read(self, size: int = -1) -> bytes:
        some = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(some)
        return some


@dataclass(frozen=True, slots=True)
class Opening:
    """Where the document begins and ends in its file; `declared` is the encoding that its head names, in small letters.

    `encoding` is what to tell a parser instead, None where it may believe the head.
    """

    start: int
    end: int
    declared: str | None
    encoding: str | None

    @classmethod
    def of(cls, path: Path) -> "Opening":
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_LOOKED_AT)
            file.seek(max(0, size - _LOOKED_AT))
            tail = file.read(_LOOKED_AT)
        if b"\0" in head[:4]:  # UTF-16 and its kin: their NULs are letters
            return cls(0, size, None, None)
        front = _IN_FRONT.match(head)
        start = 0 if front is None else front.end()
        behind = _BEHIND.search(tail)
        end = size - (0 if behind is None else len(behind[0]))
        named = _DECLARED.match(head, start)
        declared = None if named is None else named[1].decode("ascii").lower()
        return cls(start, max(start, end), declared, "utf-8" if declared in _UTF8 else None)

    def read(self, file: IO[bytes]) -> _Stretch:
        """The document alone."""
        return _Stretch(file, self.start, self.end)

"""Unpacking of archives that may be hostile: everything counted while writing, under names of ours."""

import gzip
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from plans_ingest.errors import UnreadableFile, UnsafeFile
from plans_ingest.model import Where

MAX_ENTRIES: Final = 2_000
MAX_TOTAL: Final = 2 * 1024**3
MAX_ENTRY: Final = 1024**3
MAX_RATIO: Final = 150
_RATIO_FREE: Final = 1024**2  # small members may compress as well as they like
MAX_FOLDERS: Final = 8
WORKBOOK_SHEET: Final = "xl/worksheets/sheet1.xml"
_UTF8: Final = 0x800
_UMLAUTS: Final = frozenset("äöüÄÖÜß".encode("cp1252"))  # nothing that names have in UTF-8 or code page 437
_CHUNK: Final = 256 * 1024
_INNER_ARCHIVES: Final = frozenset({".zip", ".gz", ".7z", ".rar", ".tar", ".tgz", ".bz2", ".xz"})


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive: `name` as its owner wrote it (shown, never used as a path), `path` where it lies now."""

    name: str
    path: Path
    size: int


def unzip(archive: Path, name: str, folder: Path) -> list[Member]:
    """All files of a ZIP, each under a generated name in `folder`. Raises UnreadableFile, UnsafeFile."""
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            _refuse_hostile(entries, name)
            return list(_extract(opened, entries, name, folder))
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, UnicodeError) as fault:
        raise UnreadableFile(
            f"Das ZIP-Archiv ist beschädigt ({fault})", "the ZIP archive is damaged", Where(name)
        ) from None


def is_workbook(path: Path) -> bool:
    """Whether a ZIP is an Excel file, which is one in disguise."""
    try:
        with zipfile.ZipFile(path) as opened:
            return WORKBOOK_SHEET in opened.namelist()
    except (zipfile.BadZipFile, struct.error, NotImplementedError, UnicodeError):
        return False


def gunzip(archive: Path, name: str, folder: Path) -> Member:
    """The one file in a gzip stream. Raises UnreadableFile, UnsafeFile."""
    target = folder / "0000"
    try:
        with gzip.open(archive, "rb") as source:
            size = _copy(source, target, archive.stat().st_size, Where(name))
    except (gzip.BadGzipFile, zlib.error, EOFError) as fault:
        raise UnreadableFile(
            f"Die gzip-Datei ist beschädigt ({fault})", "the gzip file is damaged", Where(name)
        ) from None
    return Member(name.removesuffix(".gz"), target, size)


def _extract(opened: zipfile.ZipFile, entries: list[zipfile.ZipInfo], name: str, folder: Path) -> Iterator[Member]:
    total = 0
    for number, entry in enumerate(entries):
        shown = _name(entry)
        if shown.endswith("/"):
            continue
        target = folder / f"{number:04}"
        where = Where(f"{name}: {shown}")
        with opened.open(entry) as source:
            size = _copy(source, target, entry.compress_size, where)
        total += size
        if total > MAX_TOTAL:
            raise _unsafe(where, f"ausgepackt mehr als {MAX_TOTAL >> 20} MB", "unpacks to too much")
        yield Member(shown, target, size)


def _copy(source: IO[bytes] | gzip.GzipFile, target: Path, packed: int, where: Where) -> int:
    """Copies until the end or a limit; what the archive claims about its sizes is not believed."""
    written = 0
    with target.open("xb") as sink:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > MAX_ENTRY:
                raise _unsafe(where, f"größer als {MAX_ENTRY >> 20} MB", "too large")
            if written > _RATIO_FREE and written > MAX_RATIO * max(packed, 1):
                raise _unsafe(where, f"mehr als {MAX_RATIO}-fach gepackt", "compressed beyond belief")
            sink.write(chunk)
    return written


def _refuse_hostile(entries: list[zipfile.ZipInfo], name: str) -> None:
    if len(entries) > MAX_ENTRIES:
        raise _unsafe(Where(name), f"mehr als {MAX_ENTRIES} Einträge", "too many entries")
    # zipfile moves all offsets by what stands before the archive
    if entries and min(entry.header_offset for entry in entries) != 0:
        raise _unsafe(Where(name), "vor dem ersten Eintrag stehen fremde Bytes", "foreign bytes before the first entry")
    seen: set[str] = set()
    end_of_last = 0
    for entry in sorted(entries, key=lambda item: item.header_offset):
        shown = _name(entry)
        where = Where(f"{name}: {shown}")
        _refuse_name(shown, where)
        if not shown or "\0" in entry.orig_filename:  # Python ends a name there, other programs do not
            raise _unsafe(where, "Steuerzeichen im Namen", "control characters in the name")
        key = unicodedata.normalize("NFKC", str(PurePosixPath(shown))).casefold()
        if key in seen:
            raise _unsafe(where, "Name kommt zweimal vor", "name occurs twice")
        seen.add(key)
        if entry.flag_bits & 0x1:
            raise UnreadableFile("Das Archiv ist verschlüsselt", "the archive is encrypted", where)
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise _unsafe(where, "unübliches Packverfahren", "unusual compression")
        mode = entry.external_attr >> 16
        if mode and stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise _unsafe(where, "Verweis statt Datei (Symlink)", "a link instead of a file")
        if entry.header_offset < end_of_last:
            raise _unsafe(where, "Einträge überlappen", "entries overlap")
        end_of_last = entry.header_offset + 30 + entry.compress_size


def _name(entry: zipfile.ZipInfo) -> str:
    """The name as meant. Some writers on Windows part folders by backslashes, against APPNOTE 4.4.17.1; UTF-8 without
    the flag that says so (4.4.4, bit 11) reads as code page 437 garbage, and so does Windows-1252.
    """
    name = entry.filename
    if not entry.flag_bits & _UTF8:
        with suppress(UnicodeError):
            raw = name.encode("cp437")
            is_ansi = {byte for byte in raw if byte >= 0x80} <= _UMLAUTS
            name = raw.decode("cp1252" if is_ansi else "utf-8")
    return name.replace("\\", "/")


def _refuse_name(filename: str, where: Where) -> None:
    path = PurePosixPath(filename)
    if filename.startswith("/") or ".." in path.parts or ":" in filename[:3]:
        raise _unsafe(where, "Pfad führt aus dem Archiv hinaus", "path leads out of the archive")
    if any(unicodedata.category(char) in {"Cc", "Cf"} for char in filename):
        raise _unsafe(where, "Steuerzeichen im Namen", "control characters in the name")
    if len(path.parts) > MAX_FOLDERS + 1 or len(filename) > 500:
        raise _unsafe(where, f"mehr als {MAX_FOLDERS} Ordner tief", "nested too deep")
    if path.suffix.lower() in _INNER_ARCHIVES:
        raise _unsafe(where, "Archiv im Archiv; bitte einzeln liefern", "an archive inside the archive")


def _unsafe(where: Where, german: str, english: str) -> UnsafeFile:
    return UnsafeFile(f"Archiv abgelehnt: {german}", f"archive refused: {english}", where)

"""What a file is, by its first bytes; its name counts for nothing."""

from enum import StrEnum
from pathlib import Path
from typing import Final

from plans_ingest.errors import UnreadableFile, UnsupportedFormat
from plans_ingest.model import Where


class Format(StrEnum):
    XML = "XPlanGML"
    ZIP = "XPlanArchiv"
    GZIP = "gzip"


# What people deliver and we do not read as a plan, by name, so that the message can say so.
_OTHERS: Final = (
    (b"%PDF", "PDF"),
    (b"SQLite format 3\0", "GeoPackage"),
    (b"\x00\x00\x27\x0a", "Shapefile"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"AC10", "DWG"),
    (b"fgb", "FlatGeobuf"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"Rar!", "RAR"),
)
_XML_STARTS: Final = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<\0", b"\xfe\xff\0<")


def recognise(path: Path, name: str) -> Format:
    """Raises UnreadableFile for an empty file, UnsupportedFormat for anything that is not XML, ZIP or gzip."""
    with path.open("rb") as file:
        head = file.read(64)
    if not head.strip(b"\0 \t\r\n"):
        raise UnreadableFile("Die Datei ist leer", "the file is empty", Where(name))
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Format.ZIP
    if head.startswith(b"\x1f\x8b"):
        return Format.GZIP
    bare = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(_XML_STARTS) or bare.startswith(b"<"):
        return Format.XML
    kind = next((kind for magic, kind in _OTHERS if head.startswith(magic)), None)
    raise UnsupportedFormat(
        f"{kind or 'Dieses Dateiformat'} wird nicht als Plan gelesen; lesbar sind XPlanGML und XPlanArchiv (ZIP)",
        "not read as a plan; readable are XPlanGML and XPlanArchiv (ZIP)",
        Where(name),
    )

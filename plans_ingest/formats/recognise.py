"""What a file is, by its first bytes; its name counts for nothing."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Final

from plans_ingest.errors import UnreadableFile, UnsupportedFormat
from plans_ingest.model import Where


class Format(StrEnum):
    """The formats that we read; the value is the name to show."""

    XML = "XPlanGML"
    ZIP = "XPlanArchiv"
    GZIP = "gzip"
    SHAPEFILE = "Shapefile"
    GEOPACKAGE = "GeoPackage"
    GEOJSON = "GeoJSON"
    FLATGEOBUF = "FlatGeobuf"
    DXF = "DXF"
    TIFF = "GeoTIFF"
    PNG = "PNG"
    JPEG = "JPEG"
    PDF = "PDF"


VECTORS: Final = frozenset({Format.SHAPEFILE, Format.GEOPACKAGE, Format.GEOJSON, Format.FLATGEOBUF, Format.DXF})
PICTURES: Final = frozenset({Format.TIFF, Format.PNG, Format.JPEG})

_MAGIC: Final = (
    (b"PK\x03\x04", Format.ZIP),
    (b"PK\x05\x06", Format.ZIP),
    (b"\x1f\x8b", Format.GZIP),
    (b"\x00\x00\x27\x0a", Format.SHAPEFILE),
    (b"SQLite format 3\0", Format.GEOPACKAGE),
    (b"fgb\x03fgb", Format.FLATGEOBUF),
    (b"II*\0", Format.TIFF),
    (b"MM\0*", Format.TIFF),
    (b"II+\0", Format.TIFF),  # BigTIFF
    (b"MM\0+", Format.TIFF),
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"\xff\xd8\xff", Format.JPEG),
    (b"%PDF-", Format.PDF),
    (b"AutoCAD Binary DXF\r\n\x1a\0", Format.DXF),
    (b"\xef\xbb\xbf<", Format.XML),
    (b"\xff\xfe<\0", Format.XML),
    (b"\xfe\xff\0<", Format.XML),
)
# What people deliver and we do not read as a plan, by name, so that the message can say so.
_OTHERS: Final = (
    (b"AC10", "DWG (bitte als DXF speichern)"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"!table", "MapInfo TAB (bitte als Shapefile oder GeoPackage speichern)"),
    (b"version", "MapInfo MIF (bitte als Shapefile oder GeoPackage speichern)"),
    (b"\x08\x09\xfe\x02", "DGN von MicroStation (bitte als DXF speichern)"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "DGN, Word oder Excel in altem Format (bitte als DXF, PDF oder XLSX speichern)",
    ),
)
# A drawing begins with a section, perhaps after comments (group 999).
_DXF: Final = re.compile(rb"\s*(?:999\r?\n[^\n]*\n\s*)*0\s*\r?\n\s*SECTION\s*\r?\n")
_READABLE: Final = (
    "lesbar sind XPlanGML, XPlanArchiv (ZIP), GeoPackage, Shapefile (als ZIP), GeoJSON, FlatGeobuf, DXF und "
    "georeferenzierte Bilder (GeoTIFF, PNG, JPEG)"
)


def sniff(path: Path) -> Format | None:
    """The format by content, None for anything else (an empty file too)."""
    with path.open("rb") as file:
        head = file.read(4096)
    found = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    if found is not None:
        return found
    bare = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if bare.startswith(b"%PDF-"):  # behind an empty line; behind anything else it would be two formats in one
        return Format.PDF
    if bare.startswith(b"<"):
        return Format.XML
    if bare.lstrip(b"\x1e").startswith(b"{"):  # the mark before each text of a sequence (RFC 8142)
        return Format.GEOJSON
    return Format.DXF if _DXF.match(bare) else None


def recognise(path: Path, name: str) -> Format:
    """Raises UnreadableFile for an empty file, UnsupportedFormat for a format that we do not know."""
    kind = sniff(path)
    if kind is not None:
        return kind
    with path.open("rb") as file:
        head = file.read(64)
    if not head.strip(b"\0 \t\r\n"):
        raise UnreadableFile("Die Datei ist leer", "the file is empty", Where(name))
    raise UnsupportedFormat(
        f"{named(path) or 'Dieses Dateiformat'} wird nicht als Plan gelesen; {_READABLE}",
        "this format is not read as a plan",
        Where(name),
    )


def named(path: Path) -> str | None:
    """What a file is that we do not read, with what to do instead, for people; None for what we do not know either."""
    with path.open("rb") as file:
        head = file.read(64)
    return next((other for magic, other in _OTHERS if head.lower().startswith(magic.lower())), None)

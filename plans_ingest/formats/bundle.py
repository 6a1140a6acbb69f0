"""What the files of a delivery are to each other: documents, tables of outlines, pictures with their side-cars."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from plans_ingest.formats.container import Member, is_workbook
from plans_ingest.formats.recognise import PICTURES, VECTORS, Format, sniff

_PARTS: Final = {".shp", ".shx", ".dbf", ".prj", ".cpg", ".qpj", ".sbn", ".sbx", ".qix", ".qmd", ".qml", ".atx"}
_JOURNALS: Final = (".gpkg-wal", ".gpkg-shm", ".gpkg-journal")
_SAME_HEAD: Final = {".shx", ".sbn", ".sbx"}  # begin as a .shp does
# What file managers leave in folders; it is nobody's delivery. (`._x.gml` of a Mac is called like a plan and is none.)
_LITTER: Final = re.compile(r"(__MACOSX/.*|(.*/)?(\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini))", re.IGNORECASE)
_WORLD: Final = {
    Format.TIFF: (".tfw", ".tifw", ".tiffw", ".wld"),
    Format.PNG: (".pgw", ".pngw", ".wld"),
    Format.JPEG: (".jgw", ".jpgw", ".jpegw", ".wld"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """A file of outlines; `side` holds the other files of a Shapefile, or SQLite's beside a GeoPackage, by suffix."""

    kind: Format
    member: Member
    side: Mapping[str, Member] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Picture:
    """A raster with the files that say where it lies, as far as they are there; or a PDF, which may say so itself."""

    kind: Format
    member: Member
    world: Member | None
    prj: Member | None


@dataclass(slots=True)
class Bundle:
    gml: list[Member] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    workbooks: list[Member] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    others: list[Member] = field(default_factory=list)
    litter: int = 0  # files that nobody delivered


def sort(members: Iterable[Member]) -> Bundle:
    """Every member has one place; side-cars go with what they belong to."""
    members = tuple(members)
    found = Bundle(litter=sum(_LITTER.fullmatch(member.name) is not None for member in members))
    kinds = {member: sniff(member.path) for member in members if not _LITTER.fullmatch(member.name)}
    by_name = {(_stem(member), _suffix(member)): member for member in kinds}
    side_cars: set[Member] = set()
    for member, kind in kinds.items():
        if kind is Format.SHAPEFILE and _suffix(member) not in _SAME_HEAD:
            side = {suffix: by_name[_stem(member), suffix] for suffix in _PARTS if (_stem(member), suffix) in by_name}
            found.tables.append(Table(kind, member, side))
            side_cars.update(side.values())
        elif kind is Format.GEOPACKAGE:
            journals = {
                suffix: by_name[_stem(member), suffix] for suffix in _JOURNALS if (_stem(member), suffix) in by_name
            }
            found.tables.append(Table(kind, member, journals))
            side_cars.update(journals.values())
        elif kind in VECTORS - {Format.SHAPEFILE, Format.GEOJSON} or (
            kind is Format.GEOJSON and _may_be_json(member, kinds)
        ):
            found.tables.append(Table(kind, member))
        elif kind is Format.PDF:
            found.pictures.append(Picture(kind, member, None, None))
        elif kind in PICTURES:
            stems = (_stem(member), member.name.casefold())  # p.tfw, p.tif.tfw
            worlds = (by_name.get((stem, suffix)) for stem in stems for suffix in _WORLD[kind])
            world = next((item for item in worlds if item is not None), None)
            prj = by_name.get((_stem(member), ".prj"))
            found.pictures.append(Picture(kind, member, world, prj))
            side_cars.update(item for item in (world, prj) if item is not None)
    placed = {table.member for table in found.tables} | {picture.member for picture in found.pictures} | side_cars
    for member, kind in kinds.items():
        if member in placed:
            continue
        if (kind is Format.XML and len(kinds) == 1) or (kind in {Format.XML, None} and is_gml(member)):
            found.gml.append(member)
        elif kind is Format.ZIP and is_workbook(member.path):
            found.workbooks.append(member)
        else:
            found.others.append(member)
    return found


def _may_be_json(member: Member, among: Collection[Member]) -> bool:
    """A brace is a weak sign: in an archive the name must agree, or a note or a document in disguise would count."""
    return len(among) == 1 or _suffix(member) in {".json", ".geojson"}


def is_gml(member: Member) -> bool:
    """By content, so that a .xml counts and a picture with a wrong name does not."""
    if not member.name.lower().endswith((".gml", ".xml")) and "." in member.name:
        return False
    with member.path.open("rb") as file:
        head = file.read(65_536)
    return b"xplangml" in head or b"x\0p\0l\0a\0n\0" in head or member.name.lower().endswith(".gml")


def _stem(member: Member) -> str:
    path = PurePosixPath(member.name)
    return str(path.with_suffix("")).casefold() if path.name else ""


def _suffix(member: Member) -> str:
    return PurePosixPath(member.name).suffix.lower()

"""GeoPackage (OGC 12-128r18) through Python's sqlite3, fenced in: no GDAL, nothing of the file's own SQL ever runs."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from shapely.geometry.base import BaseGeometry

from plans_ingest import crs
from plans_ingest.errors import UnreadableFile, UnsafeFile, UnsupportedFormat
from plans_ingest.formats.records import MAX_FEATURES, GeometryFault
from plans_ingest.formats.vector import wkb
from plans_ingest.formats.vector.layers import MAX_COLUMNS, Layer
from plans_ingest.model import Json, Severity, Where

_MAX_VALUE: Final = 64 * 1024**2
_MAX_LAYERS: Final = 100
_STEPS: Final = 100_000  # virtual machine instructions between two looks
_MAX_LOOKS: Final = 2_000  # 200 million instructions: seconds; a file of 200,000 outlines needs a twentieth
# Triggers of the standard (its annexes on R-trees, tiles, metadata) and of GDAL; they never fire in a read-only file.
_TRIGGERS: Final = re.compile(
    r"rtree_.+_(insert|delete|update\d?)|gpkg_(metadata|tile_matrix|tile_matrix_set)_.+|trigger_(insert|delete)_feature_count_.+"
    r"|.+_(zoom|tile_column|tile_row)_(insert|update)"
)
_RTREE: Final = re.compile(r'\s*CREATE\s+VIRTUAL\s+TABLE\s+("(?:[^"]|"")*"|\w+)\s+USING\s+rtree\b', re.IGNORECASE)
# Views of its annex on SQL/MM, which other libraries write; tables alone are ever read.
_VIEWS: Final = re.compile(r"(st_)?(spatial_ref_sys|geometry_columns)")
# What a trigger's statements write to: not the table after "AFTER DELETE ON" nor the column after "UPDATE OF".
_WRITTEN: Final = re.compile(
    r"\b(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|REPLACE\s+INTO|DELETE\s+FROM|UPDATE(?:\s+OR\s+\w+)?(?!\s+O[FN]\b))\s+[\"'`\[]?(\w+)",
    re.IGNORECASE,
)
_ALLOWED: Final = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_PRAGMA})
_ENVELOPES: Final = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
_GENERATED: Final = (2, 3)  # `hidden` in PRAGMA table_xinfo: values that the file's own SQL works out
_EMPTY_LOG: Final = 32  # bytes: its head alone
_EXTENDED, _EMPTY = 0x20, 0x10


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    geometry: str | None
    srs: str | None


def read(path: Path, name: str, *, unwritten: int = 0) -> list[Layer]:
    """All tables of features or attributes. Raises PlanFileError; nothing is written beside the file.

    `unwritten` is how many bytes of a write-ahead log were delivered beside it, which is not read.
    """
    where = Where(name)
    looks = iter(range(_MAX_LOOKS))
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
            connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, 100_000)
            connection.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, 2 * MAX_COLUMNS)
            connection.setlimit(sqlite3.SQLITE_LIMIT_VDBE_OP, 1_000_000)
            connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            connection.set_progress_handler(lambda: int(next(looks, None) is None), _STEPS)
            for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON", "mmap_size = 0"):
                connection.execute(f"PRAGMA {pragma}")
            _refuse_hostile(connection, where)
            connection.set_authorizer(_authorize)
            layers = [_layer(connection, table, name) for table in _tables(connection, where)]
            if unwritten > _EMPTY_LOG and layers:
                layers[0].tell("geopackage_unwritten", Severity.ERROR, f"{unwritten >> 10} kB")
            return layers
    except sqlite3.OperationalError as fault:
        if "interrupted" in str(fault):
            raise UnsafeFile("Das Lesen der GeoPackage braucht zu lange", "reading takes too long", where) from None
        raise _damaged(fault, where) from None
    except (sqlite3.Error, OverflowError, UnicodeDecodeError) as fault:
        raise _damaged(fault, where) from None


def _damaged(fault: Exception, where: Where) -> UnreadableFile:
    return UnreadableFile(f"Die GeoPackage ist beschädigt ({str(fault)[:80]})", "the GeoPackage is damaged", where)


def _authorize(action: int, first: str | None, _second: str | None, _database: str | None, _by: str | None) -> int:
    if action not in _ALLOWED or (action == sqlite3.SQLITE_PRAGMA and first != "table_xinfo"):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _refuse_hostile(connection: sqlite3.Connection, where: Where) -> None:
    """Before anything is selected: views, foreign triggers and virtual tables could run the file's SQL in ours."""
    for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master LIMIT 5000"):
        text = str(sql or "")
        if kind == "view" and not _VIEWS.fullmatch(str(name)):
            raise _refused(f"enthält die Sicht {str(name)[:60]}", "holds a view", where)
        if kind == "trigger" and not (_TRIGGERS.fullmatch(str(name)) and _writes_to_indexes_alone(text)):
            raise _refused(f"enthält den Trigger {str(name)[:60]}", "holds a trigger", where)
        if kind == "table" and re.match(r"\s*CREATE\s+VIRTUAL", text, re.IGNORECASE) and not _RTREE.match(text):
            raise _refused(f"enthält die virtuelle Tabelle {str(name)[:60]}", "holds a virtual table", where)
    [(verdict,)] = connection.execute("PRAGMA quick_check(1)").fetchall()
    if verdict != "ok":
        raise UnreadableFile("Die GeoPackage ist beschädigt", "the GeoPackage is damaged", where)


def _refused(german: str, english: str, where: Where) -> UnsafeFile:
    return UnsafeFile(
        f"GeoPackage abgelehnt: {german}; bitte ohne sie exportieren", f"GeoPackage refused: {english}", where
    )


def _writes_to_indexes_alone(trigger: str) -> bool:
    """Whether a trigger does no more than those of the standard and of GDAL, whose names it has."""
    return all(target.lower().startswith(("rtree_", "gpkg_ogr_contents")) for target in _WRITTEN.findall(trigger))


def _tables(connection: sqlite3.Connection, where: Where) -> Iterator[_Table]:
    real = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' LIMIT 5000")}
    if not {"gpkg_contents", "gpkg_spatial_ref_sys"} <= real:
        raise UnsupportedFormat(
            "SQLite-Datei, aber keine GeoPackage (gpkg_contents fehlt)", "SQLite but no GeoPackage", where
        )
    geometries = {}
    if "gpkg_geometry_columns" in real:
        rows = connection.execute("SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns LIMIT 5000")
        geometries = {table: (str(column), srs) for table, column, srs in rows}
    systems = {
        number: _srs(organization, code, definition)
        for number, organization, code, definition in connection.execute(
            "SELECT srs_id, organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys LIMIT 5000"
        )
    }
    contents = connection.execute("SELECT table_name, data_type FROM gpkg_contents LIMIT 5000").fetchall()
    wanted = [(name, kind) for name, kind in contents if kind in {"features", "attributes"}]
    if len(wanted) > _MAX_LAYERS:
        raise UnsafeFile(f"mehr als {_MAX_LAYERS} Tabellen", "too many tables", where)
    for name, kind in wanted:
        if not isinstance(name, str) or name not in real:
            raise UnreadableFile(f"Die Tabelle {str(name)[:60]!r} fehlt", "a table is missing", where)
        column, srs = geometries.get(name, (None, None)) if kind == "features" else (None, None)
        yield _Table(name, column, systems.get(srs, f"srs_id {srs}") if srs not in (None, 0, -1) else None)


def _srs(organization: object, code: object, definition: object) -> str | None:
    """None for what GDAL registers where nobody named a system: ENGCRS["Undefined Cartesian SRS", …]."""
    if str(organization).upper() == "EPSG":
        return f"EPSG:{code}"
    epsg = crs.epsg_of_wkt(str(definition))
    if epsg is None and "undefined" in str(definition).casefold():
        return None
    return f"{organization}:{code}"[:80] if epsg is None else f"EPSG:{epsg}"


def _layer(connection: sqlite3.Connection, table: _Table, file: str) -> Layer:
    layer = Layer(file, table.name, table.srs)
    quoted = _quoted(table.name)
    described = connection.execute(f"PRAGMA table_xinfo({quoted})").fetchall()
    if any(row[6] in _GENERATED for row in described):
        raise _refused(f"enthält berechnete Spalten in {table.name[:60]}", "holds computed columns", layer.where)
    columns = [(str(row[1]), bool(row[5])) for row in described if not row[6]]
    names = [name for name, _ in columns]
    # the key of the table is the GeoPackage's own; it says nothing about the plan
    layer.declare(name for name, is_key in columns if not is_key and name != table.geometry)
    selected = ", ".join(_quoted(name) for name in names)
    rows = connection.execute(f"SELECT {selected} FROM {quoted} LIMIT {MAX_FEATURES + 1}")  # noqa: S608 - quoted
    for count, row in enumerate(rows, start=1):
        found = dict(zip(names, row, strict=True))
        blob = found.get(table.geometry or "")
        shape = None
        if blob is not None:
            try:
                shape = _geometry(blob)
            except GeometryFault as fault:
                layer.unreadable(count, str(fault))
        layer.add({name: _plain(found[name], layer, count) for name in layer.columns}, shape)
    return layer


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _plain(value: object, layer: Layer, row: int) -> Json:
    if isinstance(value, bytes):
        layer.tell("value_binary", Severity.WARNING, f"{len(value)} Byte", row)
        return None
    if isinstance(value, str | int) or value is None:
        return value
    return value if isinstance(value, float) and abs(value) < float("inf") else str(value)


def _geometry(blob: object) -> BaseGeometry | None:
    """A GeoPackageBinary (2.1.3): header, envelope (not believed), WKB."""
    if not isinstance(blob, bytes) or len(blob) < 8 or blob[:2] != b"GP":
        raise GeometryFault("keine GeoPackage-Geometrie / no GeoPackage geometry")
    flags = blob[3]
    if flags & _EXTENDED or (flags >> 1) & 7 not in _ENVELOPES:
        raise GeometryFault("erweiterte Geometrie wird nicht gelesen / extended geometry is not read")
    if flags & _EMPTY:
        return None
    return wkb.read(blob[8 + _ENVELOPES[(flags >> 1) & 7] :])

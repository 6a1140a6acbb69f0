"""An empty file that a planner fills in: GeoPackage, Shapefile or Excel table, with help and value lists.

The columns are those of the profile "vorlage", so what is filled in here is understood there.
"""

import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Final

from pyproj import CRS

from plans_ingest import codelists, profiles
from plans_ingest.formats.vector import objects
from plans_ingest.model import Planwerk
from plans_ingest.profiles.model import Column

SRID: Final = 25832
LAYER: Final = "plaene"
_DATES: Final = ("_datum", "auslegung_start", "auslegung_ende")
_ENUMERATIONS: Final = {"planart": "PlanArt", "rechtsstand": "Rechtsstand", "verfahren": "Verfahren"}
_OBJECT_HELP: Final = {
    "plan": "Nummer des Plans wie in plaene.nummer",
    "klasse": "Klasse in XPlanGML, z. B. BP_BaugebietsTeilFlaeche",
    "code": "Nummer der Art, z. B. 1200 für ein Allgemeines Wohngebiet",
    "beschriftung": "Text auf dem Plan, z. B. WA II",
}
_HINT: Final = (
    "Geltungsbereiche als Flächen in EPSG:25832, eine Zeile je Plan. Dokumente und georeferenzierte Scans mit dieser "
    "Datei zusammen als ZIP liefern; in die Spalten kommt der Dateiname.\n"
)
# OGC 12-128r18, annex C and F.9 (schema extension: what a column means and which values it takes)
_TABLES: Final = """
    CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
        organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
    CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
        description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT '2000-01-01T00:00:00.000Z',
        min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER REFERENCES gpkg_spatial_ref_sys);
    CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL UNIQUE REFERENCES gpkg_contents, column_name TEXT NOT
        NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL REFERENCES gpkg_spatial_ref_sys, z TINYINT NOT
        NULL, m TINYINT NOT NULL, PRIMARY KEY (table_name, column_name));
    CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT
        NULL, scope TEXT NOT NULL, UNIQUE (table_name, column_name, extension_name));
    CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT,
        description TEXT, mime_type TEXT, constraint_name TEXT, PRIMARY KEY (table_name, column_name));
    CREATE TABLE gpkg_data_column_constraints (constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT,
        min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
        UNIQUE (constraint_name, constraint_type, value));
    CREATE TABLE objekte (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom GEOMETRY, plan TEXT, klasse TEXT,
        code TEXT, beschriftung TEXT);
    CREATE TABLE werte (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, spalte TEXT, planwerk TEXT, code TEXT,
        text TEXT);
    PRAGMA application_id = 1196444487;
    PRAGMA user_version = 10300;
"""


class Kind(StrEnum):
    GPKG = "gpkg"
    SHP = "shp"
    XLSX = "xlsx"


def write(kind: Kind, file: Path) -> Path:
    """Writes the template; a Shapefile becomes a ZIP, and the path that was written is returned.

    Raises FileExistsError rather than write over what a planner may have filled in.
    """
    if kind is Kind.SHP:
        file = file.with_suffix(".zip")
    if file.exists():
        raise FileExistsError(file)
    {Kind.GPKG: _geopackage, Kind.SHP: _shapefile, Kind.XLSX: _workbook}[kind](file)
    return file


def values() -> Iterator[tuple[str, str, str, str]]:
    """(column, Planwerk, code, German label) of every value that a code column takes."""
    for planwerk in Planwerk:
        for column, stem in _ENUMERATIONS.items():
            for code in codelists.codes(f"{planwerk.value}_{stem}").values():
                if profiles.VERSION in code.versions:
                    yield column, planwerk.value, code.code, code.label


def _columns() -> dict[str, Column]:
    return dict(profiles.shipped("vorlage").columns)


def _type(name: str) -> str:
    return "DATE" if name.endswith(_DATES) else "INTEGER" if name == "erstellungsmassstab" else "TEXT"


def _help(column: Column) -> str:
    return f"{column.hilfe}{' (Pflicht)' if column.pflicht else ''}"


def _geopackage(file: Path) -> None:
    columns = _columns()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(_TABLES)
        typed = ", ".join(f'"{name}" {_type(name)}' for name in columns)
        connection.execute(
            f"CREATE TABLE {LAYER} (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom GEOMETRY, {typed})"
        )
        systems = [
            ("Undefined Cartesian", -1, "NONE", -1, "undefined", None),
            ("Undefined geographic", 0, "NONE", 0, "undefined", None),
            *((CRS.from_epsg(n).name, n, "EPSG", n, CRS.from_epsg(n).to_wkt("WKT1_GDAL"), None) for n in (4326, SRID)),
        ]
        connection.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", systems)
        contents: list[tuple[str, str, str, int | None]] = [
            (LAYER, "features", _HINT, SRID),
            (objects.LAYER, "features", "Planinhalte, wenn gewünscht", SRID),
        ]
        contents.append((objects.CODE_TABLE, "attributes", "Werteliste zum Nachschlagen", None))
        connection.executemany(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id) "
            "VALUES (?1, ?2, ?1, ?3, ?4)",
            contents,
        )
        shapes = [(LAYER, "MULTIPOLYGON"), (objects.LAYER, "GEOMETRY")]
        connection.executemany("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, 25832, 0, 0)", shapes)
        schema = "http://www.geopackage.org/spec130/#extension_schema"
        connection.executemany(
            "INSERT INTO gpkg_extensions VALUES (?, NULL, 'gpkg_schema', ?, 'read-write')",
            [("gpkg_data_columns", schema), ("gpkg_data_column_constraints", schema)],
        )
        listed = {"planwerk": [("BP", "Bebauungsplan oder Satzung"), ("FP", "Flächennutzungsplan")]}
        for column, planwerk, code, label in values():
            known = listed.setdefault(column, [])
            if code not in {value for value, _ in known}:
                known.append((code, label))
            elif (code, label) not in known:  # BP and FP use the number differently
                known[:] = [(v, f"{text} / {planwerk}: {label}" if v == code else text) for v, text in known]
        connection.executemany(
            "INSERT INTO gpkg_data_column_constraints (constraint_name, constraint_type, value, description) "
            "VALUES (?, 'enum', ?, ?)",
            [(column, code, label) for column, known in listed.items() for code, label in known],
        )
        told = [(LAYER, name, _help(column), name if name in listed else None) for name, column in columns.items()]
        told += [(objects.LAYER, name, text, None) for name, text in _OBJECT_HELP.items()]
        connection.executemany(
            "INSERT INTO gpkg_data_columns (table_name, column_name, description, constraint_name) VALUES (?, ?, ?, ?)",
            told,
        )
        connection.executemany("INSERT INTO werte (spalte, planwerk, code, text) VALUES (?, ?, ?, ?)", values())


def _shapefile(file: Path) -> None:
    import geopandas  # for this one kind alone

    names = [column.kurz or name for name, column in _columns().items()]
    empty = geopandas.GeoDataFrame({name: [] for name in names}, geometry=[], crs=SRID).astype(
        dict.fromkeys(names, str)
    )
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(file, "x", zipfile.ZIP_DEFLATED) as archive:
        empty.to_file(Path(folder, f"{LAYER}.shp"), geometry_type="Polygon", engine="pyogrio", encoding="UTF-8")
        for part in sorted(Path(folder).iterdir()):
            archive.write(part, part.name)
        archive.writestr("LIESMICH.txt", _readme())


def _readme() -> str:
    lines = [_HINT, "Spalten\n"]
    lines += [f"  {column.kurz or name:10}  {_help(column)}\n" for name, column in _columns().items()]
    lines.append("\nWerte\n")
    lines += [f"  {column:12} {planwerk}  {code:6} {label}\n" for column, planwerk, code, label in values()]
    return "".join(lines)


def _workbook(file: Path) -> None:
    import xlsxwriter  # for this one kind alone

    columns = _columns()
    with xlsxwriter.Workbook(file) as book:
        head = book.add_format({"bold": True, "bg_color": "#dfe7ef"})
        dates, text = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "@"})
        sheet = book.add_worksheet(LAYER)
        sheet.freeze_panes(1, 0)
        for index, (name, column) in enumerate(columns.items()):
            kind = _type(name)
            sheet.set_column(index, index, max(12, len(name) + 2), {"DATE": dates, "TEXT": text}.get(kind))
            sheet.write_string(0, index, name, head)
            sheet.write_comment(0, index, _help(column))
        sheet.data_validation(1, 0, 999, 0, {"validate": "list", "source": [planwerk.value for planwerk in Planwerk]})
        lists = book.add_worksheet(objects.CODE_TABLE)
        for row, cells in enumerate([("spalte", "planwerk", "code", "text"), *values()]):
            lists.write_row(row, 0, cells, head if row == 0 else None)
        guide = book.add_worksheet("anleitung")
        guide.set_column(0, 0, 120)
        hint = "Die Umringe liegen als Shapefile, GeoPackage oder DXF in derselben ZIP; nummer verbindet sie."
        for row, line in enumerate([hint, *_HINT.splitlines()]):
            guide.write_string(row, 0, line)

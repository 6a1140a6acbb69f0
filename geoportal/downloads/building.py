"""Makes the files of a collection: one GeoPackage from the database, all others from it, in bounded memory.

GDAL reads nothing here but the GeoPackage that was written a moment ago.
"""

import csv
import json
import re
import sqlite3
import tempfile
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import geopandas
import pandas
import pyogrio
import shapely
from sqlalchemy import Column, Connection, Engine, MetaData, Table, func, select, text

from geoportal.catalogue import FieldType, Geometry
from geoportal.database.locks import Lock, alone
from geoportal.downloads.data_set import DataSet
from geoportal.downloads.folder import FORMATS, Download, DownloadFolder, Format
from geoportal.downloads.styling import add_styles
from geoportal.plain_text import harmless_cell
from geoportal.settings import STORAGE_SRID

SRID: Final = STORAGE_SRID
DEBOUNCE_SECONDS: Final = 20.0
_ROWS: Final = 2000  # that are in memory at once
_AGS: Final = re.compile(r"[0-9]{8}")
_OPTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "GeoJSON": {"RFC7946": "YES", "ID_FIELD": "id", "WRITE_NAME": "NO"},
    # as spreadsheets with German settings open it
    "CSV": {"GEOMETRY": "AS_WKT", "SEPARATOR": "SEMICOLON", "WRITE_BOM": "YES"},
    "ESRI Shapefile": {"ENCODING": "UTF-8"},
}


def refresh(
    engine: Engine, sets: Sequence[DataSet], target: DownloadFolder, debounce: float = DEBOUNCE_SECONDS
) -> list[str]:
    """Makes the files anew whose data have changed and then been still for `debounce` seconds; returns their names.

    One process at a time: another that comes meanwhile does nothing.
    """
    target.folder.mkdir(parents=True, exist_ok=True)
    with alone(engine, Lock.DOWNLOADS) as is_ours:
        if not is_ours:
            return []
        built, faults = [], list[Exception]()
        standing = {each.collection: each.version for each in target.all().values()}
        for each in sets:
            with engine.connect() as connection:
                version, age = _version(connection, each.view)
            if version is None or version == standing.get(each.name) or age < debounce:
                continue
            try:
                build(engine, each, target)
            except (pyogrio.errors.DataLayerError, pyogrio.errors.DataSourceError) as fault:
                # of this collection alone: the files of all others are made before it is told
                faults.append(fault)
                continue
            built.append(each.name)
        if gone := standing.keys() - {each.name for each in sets}:
            target.publish(gone, ())
        if faults:
            raise faults[0]
        return built


def build(engine: Engine, data: DataSet, target: DownloadFolder) -> list[Download]:
    """All files of one collection, from one state of the data; then they are public together."""
    target.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.folder, prefix=".new-") as name:
        folder = Path(name)
        master = folder / "master.gpkg"
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            # every file of a build is of the same moment; a bulk read may take longer than a page's
            connection.execute(text("SET LOCAL statement_timeout = '30min'"))
            version, _ = _version(connection, data.view)
            gemeinden = _write_master(connection, data, master)
        downloads = []
        for ags in (None, *sorted(gemeinden if data.by_gemeinde else ())):
            for kind in FORMATS:
                if kind.driver == "ESRI Shapefile" and data.geometry is Geometry.GEOMETRY:
                    continue  # it holds one kind of geometry only; the parts of the collection have their own
                file = _write(master, data, kind, ags, folder)
                sha256, size = target.put(file)
                named = f"{data.name}{f'-{ags}' if ags else ''}.{kind.suffix}"
                now = datetime.now(UTC).isoformat(timespec="seconds")
                downloads.append(Download(named, data.name, ags, kind.suffix, sha256, size, now, version or ""))
        target.publish([data.name], downloads)
        return downloads


def _version(connection: Connection, view: str) -> tuple[str | None, float]:
    """The version of a view's data, and since how many seconds it is, or will be when the clock was set back."""
    row = connection.execute(
        text("""
            SELECT version || ':' || extract(epoch FROM changed_at) AS version,
                abs(extract(epoch FROM clock_timestamp() - changed_at))::float AS age
            FROM ogc.data_version WHERE collection = :view"""),
        {"view": view},
    ).one_or_none()
    return (None, 0) if row is None else (row.version, row.age)


def _write_master(connection: Connection, data: DataSet, file: Path) -> set[str]:
    """The GeoPackage with all rows; returns the AGS that occur in it."""
    source = Table(data.view, MetaData(schema="ogc"), *(Column(name) for name in ("id", *data.fields, "geom")))
    rows = select(source.c.id, *(source.c[name] for name in data.fields), func.ST_AsBinary(source.c.geom).label("geom"))
    if data.dimension is not None:
        rows = rows.where(func.ST_Dimension(source.c.geom) == data.dimension)
    gemeinden: set[str] = set()
    written = False
    streamed = {"stream_results": True, "max_row_buffer": _ROWS}
    result = connection.execute(rows.order_by(source.c.id), execution_options=streamed).mappings()
    while chunk := result.fetchmany(_ROWS):
        _append(file, data, chunk, again=written)
        gemeinden |= {row["ags"] for row in chunk if _AGS.fullmatch(row.get("ags") or "")}
        written = True
    if not written:
        _append(file, data, [], again=False)
    _tell_dates(file, data)
    return gemeinden


def _append(file: Path, data: DataSet, rows: Sequence[Mapping[Any, Any]], *, again: bool) -> None:
    kinds = {"id": data.key, **data.fields}
    columns = {name: _column([row[name] for row in rows], kind) for name, kind in kinds.items()}
    shapes = shapely.from_wkb([None if row["geom"] is None else bytes(row["geom"]) for row in rows])
    frame = geopandas.GeoDataFrame(columns, geometry=list(shapes), crs=SRID)
    many = data.geometry if data.geometry is not Geometry.GEOMETRY else "Unknown"
    pyogrio.write_dataframe(
        frame, file, layer=data.name, driver="GPKG", append=again, geometry_type=str(many),
        promote_to_multi=data.geometry.startswith("Multi"),
    )  # fmt: skip


def _column(values: list[Any], kind: FieldType) -> Any:
    match kind:
        case FieldType.INTEGER:
            return pandas.array(values, dtype="Int64")
        case FieldType.NUMBER:
            return pandas.array(values, dtype="Float64").to_numpy(dtype=float, na_value=float("nan"))
        case FieldType.BOOLEAN:
            return pandas.array(values, dtype="boolean")
        case FieldType.DATETIME:
            return pandas.to_datetime(pandas.Series(values, dtype=object), utc=True)
        case FieldType.JSON:
            return pandas.Series(
                [None if v is None else json.dumps(v, ensure_ascii=False) for v in values], dtype=object
            )
        case _:
            return pandas.Series([None if value is None else str(value) for value in values], dtype=object)


def _tell_dates(file: Path, data: DataSet) -> None:
    """GeoPackage keeps days as texts that are declared as DATE; only the declaration is missing."""
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA writable_schema = ON")
        for name, kind in data.fields.items():
            if kind is FieldType.DATE:
                database.execute(
                    "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?",
                    (f'"{name}" TEXT', f'"{name}" DATE', data.name),
                )
    database.close()


def _write(master: Path, data: DataSet, kind: Format, ags: str | None, folder: Path) -> Path:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        file = Path(name) / f"{data.name}.{'shp' if kind.suffix == 'shp.zip' else kind.suffix}"
        where = None if ags is None else f"ags = '{ags}'"
        columns = ["id", *data.fields]
        if kind.driver == "ESRI Shapefile":  # its texts end after 254 characters: half a structure is none
            columns = [each for each in columns if data.fields.get(each) is not FieldType.JSON]
        options = dict(_OPTIONS.get(kind.driver, {}))
        if kind.driver == "FlatGeobuf" and _has_gaps(master, data):
            options["SPATIAL_INDEX"] = "NO"  # it has no room for what has no place
        opened = pyogrio.open_arrow(master, layer=data.name, columns=columns, where=where, use_pyarrow=False)
        with warnings.catch_warnings(), opened as (meta, stream):
            # a Shapefile knows ten letters of a name
            warnings.filterwarnings("ignore", message="Normalized/laundered field name")
            pyogrio.write_arrow(
                stream, file, driver=kind.driver, layer=data.name, geometry_name=meta["geometry_name"],
                geometry_type=meta["geometry_type"], crs=meta["crs"], **options,
            )  # fmt: skip
        if kind.driver == "GPKG":
            add_styles(file, data)
        if kind.driver == "CSV":
            _disarm(file, data)
        finished = folder / "finished"
        if kind.driver == "ESRI Shapefile":
            _zip(Path(name), finished)
        else:
            file.replace(finished)
        return finished


def _has_gaps(master: Path, data: DataSet) -> bool:
    """Whether rows have no geometry: addresses that nobody knows, things of which only the list is known."""
    with closing(sqlite3.connect(master)) as database:
        found = database.execute(f'SELECT EXISTS (SELECT 1 FROM "{data.name}" WHERE geom IS NULL)')  # noqa: S608 - a Name
        return bool(found.fetchone()[0])


def _disarm(file: Path, data: DataSet) -> None:
    """Texts come from anybody's source, and this file is opened by spreadsheets."""
    csv.field_size_limit(2**31 - 1)  # outlines of a whole Kreis are one cell
    armed = file.rename(file.with_suffix(".armed"))
    with armed.open(encoding="utf-8-sig", newline="") as came, file.open("w", encoding="utf-8-sig", newline="") as goes:
        rows = csv.reader(came, delimiter=";")
        head = next(rows)
        goes.write(";".join(head) + "\n")
        texts = [data.fields.get(name) is FieldType.TEXT or name == "id" for name in head]
        for row in rows:
            goes.write(";".join(_cell(cell, is_text=each) for cell, each in zip(row, texts, strict=True)) + "\n")


def _cell(raw: str, *, is_text: bool) -> str:
    # a text in quotes is not taken for a number: an AGS keeps its zero
    cell = harmless_cell(raw) if is_text else raw
    is_quoted = cell and (is_text or any(sign in cell for sign in ';"\r\n'))
    return '"{}"'.format(cell.replace('"', '""')) if is_quoted else cell


def _zip(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(folder.iterdir()):
            archive.write(part, part.name)

"""Reads the file of a source piece by piece: frames of a bounded number of rows, with a geometry and a CRS.

Runs in the process of `geoportal.catalogue.child`, never in the server: a source may be anything.
"""

import importlib.util
import itertools
import json
import math
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import geopandas
import numpy
import pandas
import pyogrio
import shapely

from geoportal.catalogue import gml_pages
from geoportal.catalogue.manifest import Layer
from geoportal.catalogue.source import Source, SourceError
from geoportal.settings import STORAGE_SRID
from plans_ingest.errors import PlanFileError
from plans_ingest.formats.vector import workbook

SRID: Final = STORAGE_SRID
ROWS: Final = 20_000
LINES: Final = ".geojsonl"  # a feature of GeoJSON per line, as our own fetching of services writes it
_MEMBER: Final = "xl/workbook.xml"


def frames(layer: Layer, file: Path) -> Iterator[geopandas.GeoDataFrame]:
    """The rows of the source as it is. Raises SourceError."""
    script = layer.folder / "load.py"
    source = layer.source
    try:
        if script.is_file():
            read = _pieces(_run(layer, script, file))
        elif file.suffix == LINES:
            read = _read_lines(source, file)
        elif _is_workbook(file):
            read = _located(source, _read_workbook(file))
        elif file.suffix.lower() in {".csv", ".tsv", ".txt"} or source.x or source.address:
            read = _located(source, _read_csv(source, file))
        else:
            read = _read_gdal(source, file)
        for frame in read:
            if not isinstance(frame, geopandas.GeoDataFrame) or frame.active_geometry_name is None:
                raise SourceError(f"{layer.id}: die Quelle hat keine Geometrie / the source has no geometry")
            if frame.crs is None and source.crs is None:
                raise SourceError(f"{layer.id}: Koordinatensystem unbekannt, `crs` angeben / unknown CRS, give `crs`")
            yield _wanted(source, frame.set_crs(source.crs) if frame.crs is None else frame)
    except PlanFileError as error:
        raise SourceError(f"{layer.id}: nicht lesbar / not readable: {file.name}: {error}") from error
    except (OSError, ValueError, KeyError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise SourceError(f"{layer.id}: nicht lesbar / not readable: {file.name}: {error}") from error


def _wanted(source: Source, frame: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    for column, allowed in source.only.items():
        if column not in frame.columns:
            raise KeyError(f"Spalten fehlen / columns missing: {column}")
        words = {str(value).lower() if isinstance(value, bool) else str(value) for value in allowed}
        own = [str(value).lower() if isinstance(value, bool | numpy.bool_) else str(value) for value in frame[column]]
        frame = frame[[value in words for value in own]]
    return frame


def _run(layer: Layer, script: Path, file: Path) -> Any:
    """What load.py gives. It is not our code: whatever it raises is a fault of this layer, and of no other."""
    try:
        frame = _loader(layer, script)(file)
    except Exception as error:
        raise SourceError(f"{layer.id}: load.py: {type(error).__name__}: {error}") from error
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise SourceError(f"{layer.id}: load.py gibt keinen GeoDataFrame / gives no GeoDataFrame")
    return frame


def _loader(layer: Layer, script: Path) -> Callable[[Path], geopandas.GeoDataFrame]:
    spec = importlib.util.spec_from_file_location(f"layers.{layer.id}.load", script)
    if spec is None or spec.loader is None:
        raise SourceError(f"{layer.id}: load.py ist kein Python / is no Python")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[[Path], geopandas.GeoDataFrame] = module.load
    return function


def _pieces(frame: geopandas.GeoDataFrame) -> Iterator[geopandas.GeoDataFrame]:
    for start in range(0, max(len(frame), 1), ROWS):
        yield frame.iloc[start : start + ROWS]


def _read_lines(source: Source, file: Path) -> Iterator[geopandas.GeoDataFrame]:
    # a WFS was asked for these coordinates; everything else answers as GeoJSON wants it
    crs = (source.crs or f"EPSG:{SRID}") if source.wfs else "OGC:CRS84"
    with file.open(encoding="utf-8") as lines:
        read = itertools.chain.from_iterable(_features(json.loads(line)) for line in lines)
        while features := list(itertools.islice(read, ROWS)):
            yield geopandas.GeoDataFrame.from_features(features, crs=crs)
    if file.stat().st_size == 0:
        yield geopandas.GeoDataFrame({"geometry": []}, geometry="geometry", crs=crs)


def _features(raw: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of one line: a feature, or a page of them in GML. The id is a property like any other: it may be the key."""
    if "gml" in raw:
        yield from gml_pages.features(raw["gml"])
        return
    own = {"id": raw["id"]} if raw.get("id") is not None else {}
    yield {"type": "Feature", "properties": own | (raw.get("properties") or {}), "geometry": raw.get("geometry")}


def _read_gdal(source: Source, file: Path) -> Iterator[geopandas.GeoDataFrame]:
    place = f"/vsizip/{file}" if zipfile.is_zipfile(file) else str(file)
    options = {"engine": "pyogrio", "encoding": source.encoding}
    if source.layer:
        options["layer"] = source.layer
    elif len(pyogrio.list_layers(place)) > 1:
        names = ", ".join(str(name) for name, _ in pyogrio.list_layers(place))
        raise ValueError(f"mehrere Layer, `layer` angeben / several layers, give `layer`: {names}")
    total = pyogrio.read_info(place, layer=source.layer, encoding=source.encoding, force_feature_count=True)["features"]
    for start in range(0, max(total, 1), ROWS):
        yield geopandas.read_file(place, rows=slice(start, start + ROWS), **options)


def _read_csv(source: Source, file: Path) -> Iterator[pandas.DataFrame]:
    encoding = source.encoding or "utf-8-sig"
    read = pandas.read_csv(
        file, sep=source.separator, encoding=encoding, dtype=str, keep_default_na=False, chunksize=ROWS
    )
    with read:
        yield from read


def _is_workbook(file: Path) -> bool:
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as opened:
        return _MEMBER in opened.namelist()


def _read_workbook(file: Path) -> Iterator[pandas.DataFrame]:
    table = workbook.read(file, file.name)
    rows = [{name: value[0] for name, value in record.values.items()} for record in table.records]
    yield pandas.DataFrame(rows, columns=list(table.columns), dtype=object)


def _located(source: Source, tables: Iterator[pandas.DataFrame]) -> Iterator[geopandas.GeoDataFrame]:
    """Tables with a point for each row, by its coordinates. One with addresses has none: the database knows it."""
    if source.address is not None:
        for table in tables:
            if missing := set(source.address.columns) - set(table.columns):
                raise KeyError(f"Spalten fehlen / columns missing: {', '.join(sorted(missing))}")
            yield geopandas.GeoDataFrame(table, geometry=[None] * len(table), crs=SRID)
        return
    if source.x is None or source.y is None:
        raise ValueError("eine Tabelle braucht `x` und `y` / a table needs `x` and `y`")
    for table in tables:
        if missing := {source.x, source.y} - set(table.columns):
            raise KeyError(f"Spalten fehlen / columns missing: {', '.join(sorted(missing))}")
        x, y = (
            numpy.array([_coordinate(raw, source.decimal) for raw in table[column]], dtype=float)
            for column in (source.x, source.y)
        )
        points: Any = shapely.points(x, y)
        points[numpy.isnan(x) | numpy.isnan(y)] = None
        yield geopandas.GeoDataFrame(table, geometry=points, crs=source.crs)


def _coordinate(raw: Any, decimal: str) -> float:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return math.nan
    return float(raw.replace(decimal, ".")) if isinstance(raw, str) else float(raw)

"""Reads a layer's source into a frame that holds exactly what the manifest names, or says why it cannot."""

import importlib.util
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import geopandas
import numpy
import pandas
import pyogrio
import shapely
from shapely import MultiLineString, MultiPoint, MultiPolygon
from shapely.geometry.base import BaseGeometry

from geoportal.catalogue.manifest import FieldType, Geometry, Layer

SRID = 25832
_SHOWN = 5  # faults of one kind that are spelt out


class SourceError(Exception):
    """A layer's source cannot be published as it is; what is public already stays."""


@dataclass(frozen=True, slots=True)
class Rows:
    """`frame`: the manifest's fields as Python values (None where empty) and valid geometries in EPSG:25832.

    `unnamed`: columns of the source that the manifest does not name; they are left out.
    """

    frame: geopandas.GeoDataFrame
    unnamed: tuple[str, ...]


def load(layer: Layer, home: Path) -> Rows:
    """All rows of a layer with a file as its source. Raises SourceError."""
    if layer.source.path is None:
        raise SourceError(f"{layer.id}: hat keine Datei als Quelle / has no file as its source")
    file = home / layer.source.path
    if not file.is_file():
        raise SourceError(f"{layer.id}: Datei fehlt / file missing: {layer.source.path}")
    raw = _read(layer, file)
    named = {name: field.source or name for name, field in layer.fields.items()}
    if missing := sorted(set(named.values()) - set(raw.columns)):
        raise SourceError(f"{layer.id}: Spalten fehlen / columns missing: {', '.join(missing)}")
    used = {*named.values(), raw.geometry.name, layer.source.x, layer.source.y}
    unnamed = tuple(str(column) for column in raw.columns if column not in used)
    frame = geopandas.GeoDataFrame(
        {name: _values(layer, name, raw[column]) for name, column in named.items()},
        geometry=_geometries(layer, raw),
        crs=SRID,
    )
    _check(layer, frame)
    return Rows(frame, unnamed)


def _read(layer: Layer, file: Path) -> geopandas.GeoDataFrame:
    script = layer.folder / "load.py"
    try:
        if script.is_file():
            raw = _run(layer, script, file)
        elif layer.source.x is not None:
            raw = _read_table(layer, file)
        else:
            raw = geopandas.read_file(file, engine="pyogrio", encoding=layer.source.encoding)
    except (OSError, ValueError, KeyError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise SourceError(f"{layer.id}: nicht lesbar / not readable: {file.name}: {error}") from error
    if not isinstance(raw, geopandas.GeoDataFrame):
        raise SourceError(f"{layer.id}: die Quelle hat keine Geometrie / the source has no geometry")
    if raw.crs is None and layer.source.crs is None:
        raise SourceError(f"{layer.id}: Koordinatensystem unbekannt, `crs` angeben / unknown CRS, give `crs`")
    return raw.set_crs(layer.source.crs) if raw.crs is None else raw


def _run(layer: Layer, script: Path, file: Path) -> Any:
    """What load.py gives. It is not our code: whatever it raises is a fault of this layer, and of no other."""
    try:
        return _loader(layer, script)(file)
    except Exception as error:
        raise SourceError(f"{layer.id}: load.py: {type(error).__name__}: {error}") from error


def _loader(layer: Layer, script: Path) -> Callable[[Path], geopandas.GeoDataFrame]:
    spec = importlib.util.spec_from_file_location(f"layers.{layer.id}.load", script)
    if spec is None or spec.loader is None:
        raise SourceError(f"{layer.id}: load.py ist kein Python / is no Python")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[[Path], geopandas.GeoDataFrame] = module.load
    return function


def _read_table(layer: Layer, file: Path) -> geopandas.GeoDataFrame:
    source = layer.source
    table = pandas.read_csv(file, sep=source.separator, encoding=source.encoding, dtype=str, keep_default_na=False)
    if missing := {source.x, source.y} - set(table.columns):
        raise KeyError(f"Spalten fehlen / columns missing: {', '.join(sorted(map(str, missing)))}")
    x, y = (
        numpy.array([float(raw.replace(source.decimal, ".")) if raw.strip() else math.nan for raw in table[column]])
        for column in (source.x, source.y)
    )
    points: Any = shapely.points(x, y)
    points[numpy.isnan(x) | numpy.isnan(y)] = None
    return geopandas.GeoDataFrame(table, geometry=points, crs=source.crs)


def _values(layer: Layer, name: str, column: pandas.Series) -> pandas.Series:
    """The column as Python values of the field's type. Raises SourceError with the rows that do not fit."""
    read = _READERS[layer.fields[name].type]
    decimal = layer.source.decimal
    values: list[object] = []
    faults: list[str] = []
    for row, raw in enumerate(column, start=1):
        if raw is None or raw is pandas.NaT or (isinstance(raw, float) and math.isnan(raw)):
            values.append(None)
            continue
        if isinstance(raw, str) and not raw.strip():
            values.append(None)
            continue
        try:
            values.append(read(raw, decimal))
        except (ValueError, TypeError, KeyError, OverflowError):
            faults.append(f"Zeile / row {row}: {raw!r}")
    if faults:
        more = f" … ({len(faults)})" if len(faults) > _SHOWN else ""
        raise SourceError(
            f"{layer.id}.{name}: kein Wert der Art / no {layer.fields[name].type}: {'; '.join(faults[:_SHOWN])}{more}"
        )
    return pandas.Series(values, dtype=object)


def _text(raw: object, _: str) -> str:
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)  # an integer column with gaps arrives as floats
    return str(raw).strip().replace("\0", "")


def _integer(raw: Any, _: str) -> int:
    value = int(raw)
    if (not isinstance(raw, str) and value != raw) or not -(2**63) <= value < 2**63:
        raise ValueError
    return value


def _number(raw: Any, decimal: str) -> float:
    value = float(raw.replace(decimal, ".")) if isinstance(raw, str) else float(raw)
    if not math.isfinite(value):
        raise ValueError
    return value


def _boolean(raw: object, _: str) -> bool:
    if isinstance(raw, bool | numpy.bool_):
        return bool(raw)
    return {"true": True, "ja": True, "1": True, "false": False, "nein": False, "0": False}[str(raw).strip().lower()]


def _date(raw: object, _: str) -> date:
    if isinstance(raw, date):
        return date(raw.year, raw.month, raw.day)
    text = str(raw).strip()
    if german := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text):
        return date(int(german[3]), int(german[2]), int(german[1]))
    return date.fromisoformat(text)


def _datetime(raw: object, _: str) -> datetime:
    value = raw if isinstance(raw, datetime) else datetime.fromisoformat(str(raw).strip())
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _json(raw: object, _: str) -> Any:
    return json.loads(raw) if isinstance(raw, str) else raw


_READERS: dict[FieldType, Callable[[Any, str], object]] = {
    FieldType.TEXT: _text,
    FieldType.INTEGER: _integer,
    FieldType.NUMBER: _number,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _date,
    FieldType.DATETIME: _datetime,
    FieldType.UUID: lambda raw, _: UUID(str(raw).strip()),
    FieldType.JSON: _json,
}


def _geometries(layer: Layer, raw: geopandas.GeoDataFrame) -> Any:
    """Two-dimensional geometries in EPSG:25832, outer rings counter-clockwise (RFC 7946), of the layer's type."""
    shapes: Any = numpy.asarray(shapely.orient_polygons(shapely.force_2d(raw.geometry.to_crs(SRID).to_numpy())))
    if (multi := _MULTI.get(layer.geometry)) is not None:
        single, build = multi
        for index in numpy.flatnonzero(shapely.get_type_id(shapes) == _TYPE_IDS[single]):
            shapes[index] = build([shapes[index]])
    shapes[shapely.is_empty(shapes)] = None
    return shapes


_MULTI: dict[Geometry, tuple[Geometry, Callable[[list[Any]], BaseGeometry]]] = {
    Geometry.MULTI_POINT: (Geometry.POINT, MultiPoint),
    Geometry.MULTI_LINE_STRING: (Geometry.LINE_STRING, MultiLineString),
    Geometry.MULTI_POLYGON: (Geometry.POLYGON, MultiPolygon),
}
_TYPE_IDS = {
    Geometry.POINT: 0,
    Geometry.LINE_STRING: 1,
    Geometry.POLYGON: 3,
    Geometry.MULTI_POINT: 4,
    Geometry.MULTI_LINE_STRING: 5,
    Geometry.MULTI_POLYGON: 6,
}


def _check(layer: Layer, frame: geopandas.GeoDataFrame) -> None:
    """What the manifest promises of all rows together. Raises SourceError."""
    shapes, keys = frame.geometry.to_numpy(), frame[layer.key]
    if keys.isna().any():
        raise SourceError(f"{layer.id}: Schlüssel {layer.key} ist leer / key is empty: {int(keys.isna().sum())}")
    if doubled := sorted({str(key) for key in keys[keys.duplicated()]}):
        raise SourceError(f"{layer.id}: Schlüssel doppelt / key occurs twice: {', '.join(doubled[:_SHOWN])}")
    present = ~shapely.is_missing(shapes)
    bad = present & ~(shapely.is_valid(shapes) & numpy.isfinite(shapely.bounds(shapes)).all(axis=1))
    if bad.any():
        raise SourceError(
            f"{layer.id}: Geometrie ungültig / invalid geometry: {', '.join(map(str, keys[bad][:_SHOWN]))}"
        )
    if layer.geometry is not Geometry.GEOMETRY:
        other = present & (shapely.get_type_id(shapes) != _TYPE_IDS[layer.geometry])
        if other.any():
            kinds = sorted({shape.geom_type for shape in shapes[other]})
            raise SourceError(f"{layer.id}: {', '.join(kinds)} statt / instead of {layer.geometry}")
    if layer.expect and not layer.expect.min <= len(frame) <= layer.expect.max:
        raise SourceError(
            f"{layer.id}: {len(frame)} Zeilen, erwartet / rows, expected {layer.expect.min}–{layer.expect.max}"
        )

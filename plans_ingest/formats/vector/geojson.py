"""GeoJSON (RFC 7946), also as a sequence (RFC 8142, or a feature a line), by Python's own parser.

GDAL would fetch the URL of a `crs` member and run pipelines.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from plans_ingest.errors import UnreadableFile, UnsafeFile, UnsupportedFormat
from plans_ingest.formats.records import MAX_FEATURES, GeometryFault
from plans_ingest.formats.vector.layers import MAX_COLUMNS, Layer
from plans_ingest.model import Json, Where

MAX_SIZE: Final = 64 * 1024**2
MAX_DEPTH: Final = 40
_CHUNK: Final = 1024**2
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_GEOMETRIES: Final = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"}
)
_SEQUENCE: Final = re.compile(rb"\s*(?:\x1e|\{[^\r\n]*\}[ \t]*\r?\n\s*\{)")
_CRS84: Final = "urn:ogc:def:crs:OGC:1.3:CRS84"


def read(path: Path, name: str) -> Layer:
    """Raises PlanFileError; a geometry that is none is told."""
    where = Where(name)
    if path.stat().st_size > MAX_SIZE:
        raise UnsafeFile(f"GeoJSON größer als {MAX_SIZE >> 20} MB", "GeoJSON too large", where)
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    document = _sequence(data, where) if _SEQUENCE.match(data) else _parse(data, where)
    features = _features(document, where)
    layer = Layer(name, name, _srs(document, features, where))
    columns: dict[str, None] = {}
    for feature in features:
        properties = feature.get("properties")
        columns |= dict.fromkeys(properties if isinstance(properties, dict) else ())
        if len(columns) > MAX_COLUMNS:
            raise UnsafeFile(f"mehr als {MAX_COLUMNS} Spalten", "too many columns", where)
    layer.declare(columns)
    for row, feature in enumerate(features, start=1):
        properties = feature.get("properties")
        try:
            shape = _geometry(feature.get("geometry"))
        except GeometryFault as fault:
            layer.unreadable(row, str(fault))
            shape = None
        layer.add(properties if isinstance(properties, dict) else {}, shape)
    return layer


def _sequence(data: bytes, where: Where) -> dict[str, Any]:
    """The features that follow each other, behind a mark each (RFC 8142, 2) or a line each, as one collection."""
    texts = data.split(b"\x1e") if data.lstrip().startswith(b"\x1e") else data.splitlines()
    texts = [text for text in texts if text.strip()]
    if len(texts) > MAX_FEATURES:
        raise UnsafeFile(f"mehr als {MAX_FEATURES} Objekte", "too many features", where)
    features = [feature for text in texts for feature in _features(_parse(text, where), where)]
    return {"type": "FeatureCollection", "features": features}


def _parse(data: bytes, where: Where) -> dict[str, Any]:
    _refuse_depth(data, where)
    try:
        document = json.loads(
            data, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_without_twins
        )
    except UnicodeDecodeError:
        raise UnreadableFile("GeoJSON ist nicht in UTF-8", "GeoJSON is not UTF-8", where) from None
    except (ValueError, RecursionError) as fault:
        reason = fault.msg if isinstance(fault, json.JSONDecodeError) else str(fault)[:120]
        raise UnreadableFile(f"JSON ist fehlerhaft: {reason}", "the JSON is faulty", where) from None
    if not isinstance(document, dict):
        raise UnsupportedFormat("JSON, aber kein GeoJSON", "JSON but no GeoJSON", where)
    return document


def _refuse_depth(data: bytes, where: Where) -> None:
    """Brackets are counted before the parser, which recurses, sees them."""
    symbols, depth = _STRING.sub(b"", data), 0
    for start in range(0, len(symbols), _CHUNK):
        some = np.frombuffer(symbols, dtype=np.uint8, count=min(_CHUNK, len(symbols) - start), offset=start)
        steps = np.isin(some, (0x5B, 0x7B)).astype(np.int64) - np.isin(some, (0x5D, 0x7D))
        levels = depth + np.cumsum(steps)
        if int(levels.max()) > MAX_DEPTH:
            raise UnsafeFile(f"mehr als {MAX_DEPTH} Ebenen verschachtelt", "nested too deep", where)
        depth = int(levels[-1])


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} ist in JSON keine Zahl / no number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:20]} ist zu groß / too large")
    return number


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("ein Objekt nennt einen Schlüssel zweimal / an object has a key twice")
    return found


def _features(document: Mapping[str, Any], where: Where) -> list[dict[str, Any]]:
    kind = str(document.get("type"))
    if kind == "Feature":
        return [dict(document)]
    if kind in _GEOMETRIES:
        return [{"properties": {}, "geometry": document}]
    features = document.get("features")
    if kind != "FeatureCollection" or not isinstance(features, list):
        raise UnsupportedFormat("JSON, aber kein GeoJSON", "JSON but no GeoJSON", where)
    if len(features) > MAX_FEATURES:
        raise UnsafeFile(f"mehr als {MAX_FEATURES} Objekte", "too many features", where)
    if not all(isinstance(feature, dict) for feature in features):
        raise UnreadableFile("Ein Eintrag in features ist kein Objekt", "an entry of features is no object", where)
    return features


def _srs(document: Mapping[str, Any], features: list[dict[str, Any]], where: Where) -> str | None:
    """GeoJSON is WGS 84; the old `crs` member by name is believed, one that points elsewhere is refused (2008, 3.2)."""
    crs = document.get("crs")
    if crs is None:
        return None if _is_projected(features) else _CRS84
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = None
    if isinstance(crs, dict) and isinstance(properties, dict):
        key = {"name": "name", "EPSG": "code", "OGC": "urn"}.get(str(crs.get("type")))  # the last two before 2008
        name = properties.get(key) if key else None
        if key == "code" and isinstance(name, int):
            name = f"EPSG:{name}"
        elif key == "urn" and not str(name).startswith("urn:ogc:def:crs:"):
            name = None
    if not isinstance(name, str):
        raise UnsafeFile(
            "crs verweist auf eine andere Stelle; erlaubt ist nur ein Name wie urn:ogc:def:crs:EPSG::25832",
            "the crs member points elsewhere; only a name is allowed",
            where,
        )
    return name[:200]


def _is_projected(features: list[dict[str, Any]]) -> bool:
    """Whether the first position cannot be degrees, though the file does not say so."""
    inner: Json = features[0].get("geometry") if features else None
    inner = inner.get("coordinates") if isinstance(inner, dict) else None
    while isinstance(inner, list) and inner and isinstance(inner[0], list):
        inner = inner[0]
    return isinstance(inner, list) and any(isinstance(number, int | float) and abs(number) > 360 for number in inner)


def _geometry(value: object) -> BaseGeometry | None:
    if value is None:
        return None
    if not isinstance(value, dict) or str(value.get("type")) not in _GEOMETRIES:
        raise GeometryFault("unbekannte Geometrieart / unknown kind of geometry")
    try:
        return shapely.from_geojson(json.dumps(value))
    except (ShapelyError, ValueError):
        raise GeometryFault("Koordinaten passen nicht zur Geometrieart / coordinates do not fit the kind") from None

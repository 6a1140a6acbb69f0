"""The rows of a source as the table of its layer takes them: exactly what the manifest names, or why not."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import geopandas
import numpy
import shapely
from pyproj import CRS, Transformer
from shapely import MultiLineString, MultiPoint, MultiPolygon
from shapely.geometry.base import BaseGeometry

from geoportal.catalogue.frames import SRID, frames
from geoportal.catalogue.manifest import FieldType, Geometry, Layer
from geoportal.catalogue.privacy import suspicions
from geoportal.catalogue.source import Address, Reason, SourceError
from geoportal.catalogue.spreadsheets import missing
from geoportal.catalogue.values import SHOWN, BadValue, copy_lines, empty, garbled, text, values

_ODD: Final = Reason.UNEXPECTED


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows in the text format of COPY: the layer's columns, the address as JSON where rows have one, the geometry.

    `unnamed`: columns of the source that the manifest does not name; they are left out. `personal`: public fields that
    look as if they told of persons, and why.
    """

    rows: int
    text: bytes
    unnamed: tuple[str, ...] = ()
    personal: Mapping[str, str] = field(default_factory=dict)


def read(layer: Layer, file: Path) -> Iterator[Piece]:
    """All rows in pieces. Raises SourceError, for a fault in any of them."""
    for frame in frames(layer, file):
        yield _piece(layer, frame)


def _piece(layer: Layer, raw: geopandas.GeoDataFrame) -> Piece:
    named = {name: field.source or name for name, field in layer.fields.items()}
    if lacking := sorted(set(named.values()) - set(raw.columns)):
        if raw.empty:
            return Piece(0, b"")
        there = [column for column in raw.columns if column != raw.geometry.name]
        raise SourceError(f"{layer.id}: {missing(lacking, there)}", _ODD)
    source = layer.source
    address = source.address
    used = {*named.values(), raw.geometry.name, source.x, source.y, *source.only, *(address.columns if address else ())}
    columns = []
    for name in layer.columns:
        own = layer.fields[name]
        try:
            columns.append((own.type, values(own, raw[named[name]], source.decimal, raw.index)))
        except BadValue as error:
            raise SourceError(f"{layer.id}.{name}: {error}", _ODD) from error
        if own.type is FieldType.TEXT and (odd := garbled(columns[-1][1])):
            said = f"{layer.id}.{name}: Umlaute falsch gelesen, `encoding` angeben / wrong encoding: {odd[:80]}"
            raise SourceError(said, _ODD)
    keys = columns[0][1]
    if keyless := [str(row) for row, key in zip(raw.index, keys, strict=True) if key is None]:
        spots = f"Zeile / row {', '.join(keyless[:SHOWN])}{f' … ({len(keyless)})' if len(keyless) > SHOWN else ''}"
        raise SourceError(f"{layer.id}: Schlüssel {layer.key} ist leer / key is empty: {spots}", _ODD)
    if address is not None:
        columns.append((FieldType.JSON, _addresses(address, raw)))
    shapes = _geometries(layer, raw)
    _check(layer, keys, shapes)
    hexes = shapely.to_wkb(shapely.set_srid(shapes, SRID), hex=True, include_srid=True)
    return Piece(
        rows=len(raw),
        text="".join(copy_lines(columns, hexes)).encode(),
        unnamed=tuple(str(column) for column in raw.columns if column not in used),
        personal=suspicions(layer, {name: each for name, (_, each) in zip(layer.columns, columns, strict=False)}),
    )


def _addresses(address: Address, raw: geopandas.GeoDataFrame) -> list[Any]:
    """Street with its number, postcode and place of each row, as they were written."""

    def texts(column: str | None) -> list[str]:
        return [
            "" if column is None or empty(value) else text(value) for value in (raw[column] if column else raw.index)
        ]

    columns = (texts(each) for each in (address.street, address.number, address.postcode, address.place))
    return [
        {"strasse": f"{street} {number}".strip(), "plz": postcode, "ort": place}
        for street, number, postcode, place in zip(*columns, strict=True)
    ]


def _geometries(layer: Layer, raw: geopandas.GeoDataFrame) -> Any:
    """Two-dimensional geometries in the storage CRS, outer rings counter-clockwise (RFC 7946), of the layer's type."""
    shapes: Any = numpy.asarray(shapely.orient_polygons(shapely.force_2d(raw.geometry.to_crs(SRID).to_numpy())))
    if (multi := _MULTI.get(layer.geometry)) is not None:
        single, build = multi
        for index in numpy.flatnonzero(shapely.get_type_id(shapes) == _TYPE_IDS[single]):
            shapes[index] = build([shapes[index]])
    shapes[shapely.is_empty(shapes)] = None
    return shapes


_MULTI: Final[Mapping[Geometry, tuple[Geometry, Callable[[list[Any]], BaseGeometry]]]] = {
    Geometry.MULTI_POINT: (Geometry.POINT, MultiPoint),
    Geometry.MULTI_LINE_STRING: (Geometry.LINE_STRING, MultiLineString),
    Geometry.MULTI_POLYGON: (Geometry.POLYGON, MultiPolygon),
}
_TYPE_IDS: Final = {
    Geometry.POINT: 0,
    Geometry.LINE_STRING: 1,
    Geometry.POLYGON: 3,
    Geometry.MULTI_POINT: 4,
    Geometry.MULTI_LINE_STRING: 5,
    Geometry.MULTI_POLYGON: 6,
}


@cache
def _area() -> BaseGeometry:
    """Where the storage CRS means anything: its zone and one to each side, in its own coordinates."""
    crs = CRS(SRID)
    use = crs.area_of_use
    assert use is not None  # noqa: S101 - every CRS of EPSG has one
    side = use.east - use.west
    to_storage = Transformer.from_crs("OGC:CRS84", crs)
    area = shapely.box(*to_storage.transform_bounds(use.west - side, use.south, use.east + side, use.north, 41))
    shapely.prepare(area)
    return area


def _check(layer: Layer, keys: list[Any], shapes: Any) -> None:
    """What the manifest promises of each geometry. Raises SourceError."""
    named = numpy.array([str(key) for key in keys], dtype=object)
    present = ~shapely.is_missing(shapes)
    bad = present & ~(shapely.is_valid(shapes) & numpy.isfinite(shapely.bounds(shapes)).all(axis=1))
    if bad.any():
        raise SourceError(f"{layer.id}: Geometrie ungültig / invalid geometry: {', '.join(named[bad][:SHOWN])}", _ODD)
    if layer.geometry is not Geometry.GEOMETRY:
        other = present & (shapely.get_type_id(shapes) != _TYPE_IDS[layer.geometry])
        if other.any():
            kinds = sorted({shape.geom_type for shape in shapes[other]})
            raise SourceError(
                f"{layer.id}: {', '.join(kinds)} statt / instead of {layer.geometry}; `geometry: Geometry` erlaubt "
                f"mehrere Arten / allows several kinds: {', '.join(named[other][:SHOWN])}",
                _ODD,
            )
    outside = present & ~shapely.covers(_area(), shapes)
    if outside.any():
        raise SourceError(
            f"{layer.id}: weit außerhalb von Deutschland; x und y vertauscht, oder falsches `crs`? / far "
            f"outside of Germany; x and y swapped, or a wrong `crs`? {', '.join(named[outside][:SHOWN])}",
            _ODD,
        )
    if layer.expect and layer.expect.extent and present.any():
        box = geopandas.GeoSeries([shapely.box(*layer.expect.extent).segmentize(0.1)], crs="OGC:CRS84").to_crs(SRID)
        shapely.prepare(area := box.iloc[0])
        outside = present & ~shapely.intersects(area, shapes)
        if outside.any():
            raise SourceError(
                f"{layer.id}: außerhalb von / outside of `expect.extent`: {', '.join(named[outside][:SHOWN])}",
                _ODD,
            )

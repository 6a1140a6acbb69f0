"""One statement that cuts a tile: which features, in which form, with which attributes.

No tile grows without bound: a feature is shown from the zoom that `plans.tile_feature` (see the migration) gives it,
the largest come first, and there is an end to their number and to their vertices.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    Select,
    Text,
    TextClause,
    Uuid,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
    true,
    union_all,
)
from sqlalchemy.sql.selectable import ScalarSelect

from geoportal.catalogue import FieldType
from geoportal.ogc.postgis import postgis
from geoportal.ogc.reading import connection_for_reading
from geoportal.ogc.tiles.matrix import SRID, Bounds, Tile
from geoportal.ogc.tiles.tileset import TileLayer, Tileset

EXTENT: Final = 4096
_BUFFER: Final = 128  # of 4096: lines and symbols at an edge are drawn whole on both sides
_MOST_FEATURES: Final = 3000
_MOST_BYTES: Final = 480_000
_MOST_VERTICES: Final = 60_000
_HEAVY: Final = 2000  # vertices; of a larger feature a tile shows but a part
_LONGEST_TEXT: Final = 120
# a label needs about this many zooms more room than its feature
_LABEL_ZOOMS: Final = 3
_KEYS: Final[dict[FieldType, Any]] = {FieldType.UUID: Uuid(), FieldType.INTEGER: BigInteger(), FieldType.TEXT: Text()}
_TEXTS: Final = frozenset({FieldType.TEXT, FieldType.UUID, FieldType.DATE, FieldType.DATETIME})

_FEATURE = table(
    "tile_feature",
    *map(column, ("source", "key", "fid", "size", "min_zoom", "label", "geom", "mid", "low")),
    schema="ogc",
)


def cut(engine: Engine, tileset: Tileset, tile: Tile) -> bytes:
    """A Mapbox Vector Tile, empty where there is nothing to be seen. Raises Unavailable."""
    with connection_for_reading(engine) as connection:
        most = _MOST_FEATURES
        # how many bytes its features need is known only afterwards; few tiles are cut twice
        while len(content := _cut(connection, tileset, tile, most)) > _MOST_BYTES and most > 1:
            most = min(most // 2, most * _MOST_BYTES // len(content))
        return content


def _cut(connection: Connection, tileset: Tileset, tile: Tile, most: int) -> bytes:
    parts = [_layer(layer, tile, most) for layer in tileset.layers]
    whole: ColumnElement[Any] = parts[0]
    for part in parts[1:]:
        whole = whole.concat(part)
    return bytes(connection.execute(select(whole)).scalar_one())


def bounds(engine: Engine, tileset: Tileset) -> Bounds | None:
    """What its features cover; None when there are none. Raises Unavailable."""
    with connection_for_reading(engine) as connection:
        row = connection.execute(_BOUNDS, {"sources": list(tileset.sources)}).one()
    return None if row.west is None else Bounds(*row)


_BOUNDS: Final[TextClause] = text("""
    -- the box around all features of some sources, in metres of the projection
    SELECT ST_XMin(box) AS west, ST_YMin(box) AS south, ST_XMax(box) AS east, ST_YMax(box) AS north
    FROM (SELECT ST_Extent(geom) AS box FROM ogc.tile_feature WHERE source = ANY (:sources)) AS measured""")


def _layer(layer: TileLayer, tile: Tile, most: int) -> ScalarSelect[Any]:
    drawn = _drawn(layer, tile, most).subquery("drawn")
    view = table(layer.view, *map(column, {"id", *layer.fields}), schema="ogc")
    named = [_attribute(view.c[name], field.type).label(name) for name, field in layer.fields.items()]
    known = select(*named).where(view.c.id == cast(drawn.c.key, _KEYS[layer.key]))
    if layer.label is not None:
        known = known.where(view.c[layer.label].is_not(None))
    # one look-up a feature, whatever the planner thinks of the view
    attributes = known.limit(1).lateral("attributes")
    row = (
        select(drawn.c.fid, *attributes.c, drawn.c.shape)
        .select_from(drawn.join(attributes, true()))
        .where(drawn.c.shape.is_not(None))
        .subquery("feature_of_tile")
    )
    tile_of: ColumnElement[Any] = postgis("ST_AsMVT", literal_column(row.name), layer.id, EXTENT, "shape", "fid")
    return select(func.coalesce(tile_of, cast(literal(b""), LargeBinary()))).select_from(row).scalar_subquery()


def _drawn(layer: TileLayer, tile: Tile, most: int) -> Select[Any]:
    """The chosen features with their shapes in the tile; the largest, until the tile is full."""
    within = tile.bounds
    box = postgis("ST_MakeEnvelope", *within, SRID)
    buffer = 0 if layer.label else _BUFFER
    chosen = _chosen(layer, tile, buffer, most)
    spent = func.sum(func.least(postgis("ST_NPoints", chosen.c.shape), _HEAVY)).over(
        order_by=(chosen.c.size.desc(), chosen.c.fid)
    )
    counted = select(chosen, spent.label("spent")).subquery("counted")
    shape = postgis("ST_AsMVTGeom", counted.c.shape, box, EXTENT, buffer, literal_column("true"))
    return select(counted.c.key, counted.c.fid, shape.label("shape")).where(counted.c.spent <= _MOST_VERTICES)


def _chosen(layer: TileLayer, tile: Tile, buffer: int, most: int) -> Any:
    margin = (tile.bounds.east - tile.bounds.west) * buffer / EXTENT
    west, south, east, north = tile.bounds
    area = postgis("ST_MakeEnvelope", west - margin, south - margin, east + margin, north + margin, SRID)
    place = _FEATURE.c.label if layer.label else _FEATURE.c.geom
    zoom = tile.zoom - (_LABEL_ZOOMS if layer.label else 0)
    parts = []
    for source in layer.sources:
        found = select(_FEATURE.c.key, _FEATURE.c.fid, _FEATURE.c.size, _form(layer, tile.zoom).label("shape")).where(
            _FEATURE.c.source == source,
            # written out: so PostgreSQL sees that the index of the low zooms will do
            _FEATURE.c.min_zoom <= literal_column(str(zoom)),
            _FEATURE.c.geom.op("&&")(area),
        )
        if layer.label:
            found = found.where(place.op("&&")(area))
        if layer.only is not None:
            found = found.where(postgis("ST_Dimension", _FEATURE.c.geom) == layer.only)
        parts.append(found)
    together = union_all(*parts).subquery("found") if len(parts) > 1 else parts[0].subquery("found")
    largest = select(together).order_by(together.c.size.desc(), together.c.fid).limit(most)
    return largest.subquery("chosen")


def _form(layer: TileLayer, zoom: int) -> ColumnElement[Any]:
    feature = _FEATURE.c
    if layer.label:
        return feature.label
    if zoom > 14:
        return feature.geom
    return (
        func.coalesce(feature.mid, feature.geom) if zoom > 10 else func.coalesce(feature.low, feature.mid, feature.geom)
    )


def _attribute(value: ColumnElement[Any], kind: FieldType) -> ColumnElement[Any]:
    """A vector tile knows texts, numbers and truth values."""
    return func.left(cast(value, Text()), _LONGEST_TEXT) if kind in _TEXTS else value

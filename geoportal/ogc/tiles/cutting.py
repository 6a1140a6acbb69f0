"""One statement that cuts a tile: which features, in which form, with which attributes.

No tile grows without bound: a feature is shown from the zoom that `plans.tile_feature` (see the migration) gives it,
the largest come first, and there is an end to their number and to their vertices.
"""

from datetime import date
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Dialect,
    Double,
    Engine,
    Select,
    TableClause,
    Text,
    TextClause,
    Uuid,
    bindparam,
    case,
    cast,
    column,
    exists,
    func,
    literal_column,
    make_url,
    or_,
    select,
    table,
    text,
    true,
    union_all,
)
from sqlalchemy.sql.selectable import ScalarSelect
from sqlalchemy.sql.visitors import traverse

from geoportal.catalogue import FieldType
from geoportal.database.history import was_public
from geoportal.ogc.crs import WEB_MERCATOR
from geoportal.ogc.postgis import postgis
from geoportal.ogc.reading import connection_for_reading, read_row
from geoportal.ogc.tiles.matrix import SRID, Bounds, Tile
from geoportal.ogc.tiles.tileset import PLAIN, Manner, TileLayer, Tileset
from geoportal.settings import STORAGE_SRID

EXTENT: Final = 4096
# Of the simplest forms a map needs no finer grid than half of a pixel; its tiles have a third less to carry.
_MAP_EXTENT: Final = 1024
_SIMPLEST_UNTIL: Final = 10  # zoom
_BUFFER: Final = 1 / 32  # of a side: lines and symbols at an edge are drawn whole on both sides
# of plans with all their fields these stay below the bytes: cutting again costs as much as the first time
_MOST_FEATURES: Final = 2500
_MOST_BYTES: Final = 480_000
_MOST_VERTICES: Final = 50_000
_HEAVY: Final = 2000  # vertices; of a larger feature a tile shows but a part
_LONGEST_TEXT: Final = 120
# a label needs about this many zooms more room than its feature
_LABEL_ZOOMS: Final = 3
# cells of the grid of groups along a tile: coarse where single points would cover the map, else as small as their signs
_COARSE: Final = 8
_COARSE_UNTIL: Final = 14
_FINE: Final = 64
_BY_SIZE: Final = 156_543.034  # metres of the projection in a pixel of zoom 0
_INTERVAL: Final = ("veroeffentlicht_am", "veroeffentlicht_bis")
# An offset, behind which nothing is moved into a query: else PostgreSQL makes each shape twice, to see whether there is
# one and to send it.
_BARRIER: Final[ColumnElement[int]] = literal_column("0")
_KEYS: Final[dict[FieldType, Any]] = {FieldType.UUID: Uuid(), FieldType.INTEGER: BigInteger(), FieldType.TEXT: Text()}
_TEXTS: Final = frozenset({FieldType.TEXT, FieldType.UUID, FieldType.DATE, FieldType.DATETIME})

# The place of a tile in a statement: its edges, and with what is seen around it those within the domain.
_PLACE: Final = ("west", "south", "east", "north", "near_west", "near_south", "near_east", "near_north")
_EDGES: Final[list[BindParameter[float]]] = [bindparam(name, type_=Double(), required=False) for name in _PLACE]
_WEST, _SOUTH, _EAST, _NORTH, *_NEAR = _EDGES
_DIALECT: Final[Dialect] = make_url("postgresql+psycopg://").get_dialect()()

_FEATURE = table(
    "tile_feature",
    *map(column, ("source", "key", "fid", "size", "min_zoom", "label", "geom", "mid", "low")),
    schema="ogc",
)


def cut(engine: Engine, tileset: Tileset, tile: Tile, manner: Manner = PLAIN) -> bytes:
    """A Mapbox Vector Tile, empty where there is nothing to be seen. Raises Unavailable.

    To plan a statement takes longer than to cut a tile of a street: without a day, `engine` is one that plans it once
    for all places.
    """
    most = _MOST_FEATURES
    # how many bytes its features need is known only afterwards; few tiles are cut twice
    while len(content := _cut(engine, tileset, tile, manner, most)) > _MOST_BYTES and most > 1:
        most = min(most // 2, most * _MOST_BYTES // len(content))
    return content


def _cut(engine: Engine, tileset: Tileset, tile: Tile, manner: Manner, most: int) -> bytes:
    sql = _statement(tileset.layers, tile.zoom, manner, most)
    row = read_row(engine, sql, _place(tile), prepared=manner.day is None)
    content: bytes = row[0] if row else b""
    return content


@lru_cache(1024)
def _statement(layers: tuple[TileLayer, ...], zoom: int, manner: Manner, most: int) -> str:
    """The statement for any place, which `_place` tells, and all else written out: that makes the plan. To write it
    takes longer than to cut.
    """
    parts = [_layer(layer, zoom, manner, most) for layer in layers]
    whole: ColumnElement[Any] = parts[0]
    for part in parts[1:]:
        whole = whole.concat(part)
    statement = select(whole)
    traverse(statement, {}, {"bindparam": _write_out})
    return str(statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True}))


def _write_out(value: BindParameter[Any]) -> None:
    value.literal_execute = value.key not in _PLACE


def _place(tile: Tile) -> dict[str, float]:
    west, south, east, north = tile.bounds
    margin = (east - west) * _BUFFER
    # beyond the domain there is nothing to be found, and far beyond it nothing that can be transformed
    near = WEB_MERCATOR.domain.nearest(west - margin, south - margin, east + margin, north + margin)
    return dict(zip(_PLACE, (west, south, east, north, *near), strict=True))


def bounds(engine: Engine, tileset: Tileset) -> Bounds | None:
    """What its features cover; None when there are none. Raises Unavailable."""
    with connection_for_reading(engine) as connection:
        row = connection.execute(_BOUNDS, {"sources": list(tileset.sources)}).one()
    return None if row.west is None else Bounds(*row)


_BOUNDS: Final[TextClause] = text("""
    -- The box around all features of some sources, in metres of the projection: around those of each source that are
    -- next to the four ends of the world, which the index knows, however many there are. It knows them to half a metre.
    SELECT ST_XMin(box) AS west, ST_YMin(box) AS south, ST_XMax(box) AS east, ST_YMax(box) AS north
    FROM (
        SELECT ST_Expand(ST_Extent(outermost.geom)::box2d, 1) AS box
        FROM unnest(CAST(:sources AS text[])) AS wanted (source)
        CROSS JOIN (VALUES
            (-3e7, -3e7, -3e7, 3e7), (3e7, -3e7, 3e7, 3e7), (-3e7, -3e7, 3e7, -3e7), (-3e7, 3e7, 3e7, 3e7)
        ) AS side (x, y, to_x, to_y)
        CROSS JOIN LATERAL (
            SELECT geom FROM ogc.tile_feature WHERE tile_feature.source = wanted.source
            ORDER BY geom <#> ST_SetSRID(ST_MakeLine(ST_MakePoint(x, y), ST_MakePoint(to_x, to_y)), 3857) LIMIT 1
        ) AS outermost
    ) AS measured""")


def _layer(layer: TileLayer, zoom: int, manner: Manner, most: int) -> ScalarSelect[Any]:
    if manner.grouped and layer.dimension == 0 and layer.label is None:
        row = _groups(layer, zoom, _extent(zoom, manner), most).subquery("feature_of_tile")
    else:
        drawn = _drawn(layer, zoom, manner, most).subquery("drawn")
        attributes = _attributes(layer, drawn.c.key, manner.day)
        row = (
            select(drawn.c.fid, *attributes.c, drawn.c.shape)
            .select_from(drawn.join(attributes, true()))
            .where(drawn.c.shape.is_not(None))
            .subquery("feature_of_tile")
        )
    extent = _extent(zoom, manner)
    tile_of: ColumnElement[Any] = postgis("ST_AsMVT", literal_column(row.name), layer.id, extent, "shape", "fid")
    return select(func.coalesce(tile_of, literal_column("''::bytea"))).select_from(row).scalar_subquery()


def _extent(zoom: int, manner: Manner) -> int:
    return _MAP_EXTENT if manner.closer and zoom + manner.closer <= _SIMPLEST_UNTIL else EXTENT


def _attributes(layer: TileLayer, key: ColumnElement[Any], day: date | None = None, *also: ColumnElement[bool]) -> Any:
    """One look-up a feature, whatever the planner thinks of the view."""
    past = layer.history if day else None
    labelled = () if layer.label is None else (layer.label,)
    view = table(past or layer.view, *map(column, {"id", *layer.fields, *labelled, *_INTERVAL}), schema="ogc")
    named = [_attribute(view.c[name], field.type).label(name) for name, field in layer.fields.items()]
    known = select(*named).where(view.c.id == cast(key, _KEYS[layer.key]), *also)
    if layer.label is not None:
        known = known.where(view.c[layer.label].is_not(None))
    if past and day:
        known = known.where(_public_on(view, day))
    return known.limit(1).lateral("attributes")


def _groups(layer: TileLayer, zoom: int, extent: int, most: int) -> Select[Any]:
    """Points by the cells of a grid: one alone is itself, several are one point in their middle, with `point_count`.

    The grid goes a cell beyond the tile, so that a sign at an edge is drawn whole on both sides.
    """
    cells = _COARSE if layer.clustered and zoom <= _COARSE_UNTIL else _FINE
    side = (_EAST - _WEST) * (1 / cells)
    place = _FEATURE.c.label
    around = postgis("ST_MakeEnvelope", _WEST - side, _SOUTH - side, _EAST + side, _NORTH + side, SRID)
    x, y = postgis("ST_X", place), postgis("ST_Y", place)
    cell = (func.floor((x - _WEST) / side), func.floor((_NORTH - y) / side))
    shown: list[ColumnElement[bool]] = [
        or_(*(_FEATURE.c.source == each for each in layer.sources)),
        _FEATURE.c.geom.op("&&")(around),
    ]
    if layer.only is not None:
        shown.append(_of_dimension(layer.only))
    if layer.hides:
        view = table(layer.view, column("id"), schema="ogc")
        shown.append(exists().where(view.c.id == cast(_FEATURE.c.key, _KEYS[layer.key])))
    grouped = (
        select(
            func.min(_FEATURE.c.key).label("key"),
            func.min(_FEATURE.c.fid).label("fid"),
            func.count().label("number"),
            postgis("ST_SetSRID", postgis("ST_Point", func.avg(x), func.avg(y)), SRID).label("place"),
        )
        .where(*shown)
        .group_by(*cell)
        .order_by(func.count().desc(), func.min(_FEATURE.c.fid))
        .limit(most)
        .subquery("grouped")
    )
    attributes = _attributes(layer, grouped.c.key, None, grouped.c.number == 1)
    box = postgis("ST_MakeEnvelope", _WEST, _SOUTH, _EAST, _NORTH, SRID)
    buffer = int(extent * (1 / cells if cells == _COARSE else _BUFFER))
    shape = postgis("ST_AsMVTGeom", grouped.c.place, box, extent, buffer, literal_column("true"))
    row = (
        select(
            case((grouped.c.number == 1, grouped.c.fid)).label("fid"),
            case((grouped.c.number > 1, grouped.c.number)).label("point_count"),
            *attributes.c,
            shape.label("shape"),
        )
        .select_from(grouped.outerjoin(attributes, true()))
        .offset(_BARRIER)
        .subquery("row")
    )
    return select(row).where(row.c.shape.is_not(None))


def _drawn(layer: TileLayer, zoom: int, manner: Manner, most: int) -> Select[Any]:
    """The chosen features with their shapes in the tile; the largest, until the tile is full."""
    box = postgis("ST_MakeEnvelope", _WEST, _SOUTH, _EAST, _NORTH, SRID)
    extent, buffer = _extent(zoom, manner), 0 if layer.label else _BUFFER
    chosen = _chosen(layer, zoom, manner, buffer, most)
    spent = func.sum(func.least(postgis("ST_NPoints", chosen.c.shape), _HEAVY)).over(
        order_by=(chosen.c.size.desc(), chosen.c.fid)
    )
    counted = select(chosen, spent.label("spent")).subquery("counted")
    shape = postgis("ST_AsMVTGeom", counted.c.shape, box, extent, int(extent * buffer), literal_column("true"))
    drawn = select(counted.c.key, counted.c.fid, shape.label("shape")).where(counted.c.spent <= _MOST_VERTICES)
    return drawn.offset(_BARRIER)


def _chosen(layer: TileLayer, zoom: int, manner: Manner, buffer: float, most: int) -> Any:
    margin = (_EAST - _WEST) * buffer
    area = postgis("ST_MakeEnvelope", _WEST - margin, _SOUTH - margin, _EAST + margin, _NORTH + margin, SRID)
    place = _FEATURE.c.label if layer.label else _FEATURE.c.geom
    seen = zoom + manner.closer - (_LABEL_ZOOMS if layer.label else 0)
    parts = [_as_of(layer, manner.day, _BY_SIZE / 2**seen)] if manner.day and layer.history else []
    for source in () if parts else layer.sources:
        found = select(
            _FEATURE.c.key, _FEATURE.c.fid, _FEATURE.c.size, _form(layer, zoom + manner.closer).label("shape")
        ).where(
            _FEATURE.c.source == source,
            # written out: so PostgreSQL sees which of the indexes by zoom will do
            _FEATURE.c.min_zoom <= literal_column(str(seen)),
            _FEATURE.c.geom.op("&&")(area),
        )
        if layer.label:
            found = found.where(place.op("&&")(area))
        if layer.only is not None:
            found = found.where(_of_dimension(layer.only))
        parts.append(found)
    together = union_all(*parts).subquery("found") if len(parts) > 1 else parts[0].subquery("found")
    largest = select(together).order_by(together.c.size.desc(), together.c.fid).limit(most)
    return largest.subquery("chosen")


def _as_of(layer: TileLayer, day: date, least: float) -> Select[Any]:
    """Former outlines are not kept ready for tiles: they are asked for rarely. `least`: metres that are seen."""
    area = postgis("ST_MakeEnvelope", *_NEAR, SRID)
    view = table(layer.history or "", *map(column, ("id", "geom", *_INTERVAL)), schema="ogc")
    shape = postgis("ST_Transform", view.c.geom, SRID)
    size = func.sqrt(postgis("ST_Area", shape))
    return select(
        cast(view.c.id, Text()).label("key"),
        # as plans.tile_fid() in the database, which readers may not call
        literal_column(
            f"('x' || left(replace({view.schema}.{view.name}.id::text, '-', ''), 12))::bit(48)::bigint"
        ).label("fid"),
        size.label("size"),
        shape.label("shape"),
    ).where(
        view.c.geom.op("&&")(postgis("ST_Transform", area, STORAGE_SRID)),
        _public_on(view, day),
        size >= least,
    )


def _public_on(view: TableClause, day: date) -> TextClause:
    return text(was_public(day, f'{view.schema}."{view.name}".'))


def _of_dimension(dimension: int) -> ColumnElement[bool]:
    return postgis("ST_Dimension", _FEATURE.c.geom) == dimension


def _form(layer: TileLayer, zoom: int) -> ColumnElement[Any]:
    feature = _FEATURE.c
    if layer.label:
        return feature.label
    if zoom > 14:
        return feature.geom
    return (
        func.coalesce(feature.mid, feature.geom)
        if zoom > _SIMPLEST_UNTIL
        else func.coalesce(feature.low, feature.mid, feature.geom)
    )


def _attribute(value: ColumnElement[Any], kind: FieldType) -> ColumnElement[Any]:
    """A vector tile knows texts, numbers and truth values."""
    return func.left(cast(value, Text()), _LONGEST_TEXT) if kind in _TEXTS else value

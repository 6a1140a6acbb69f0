"""What is published at one place: plans, their contents there, the Gemeinde, and the features of layers around it.

A place is WKT in the storage CRS, a point or the area of a parcel.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Text, cast, column, func, null, select, table, text

from geoportal.catalogue import Layer
from geoportal.published.reading import ENTRY, PLAENE, as_entry
from geoportal.published.rows import PlanEntry, Status
from geoportal.settings import STORAGE_SRID
from plans_ingest.model import Json

MOST_PLANS: Final = 60
_MOST_CONTENTS: Final = 400
_LINES_WITHIN: Final = 5.0  # metres; a Baugrenze beside the click is meant too
_LEAST_SHARE: Final = 0.005  # of a parcel; less is the breadth of a line


@dataclass(frozen=True, slots=True)
class PlanAtPlace:
    """`share` is the part of the parcel that the plan covers, 1 for a point; `bezuege` as the plan states them."""

    entry: PlanEntry
    share: float
    bezuege: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ContentAtPlace:
    """An object of a plan. `share` is its part of the parcel (1 for a point); lines and points have a distance in m."""

    plan_id: UUID
    klasse: str
    klasse_text: str
    gruppe: str | None
    art_text: str | None
    beschriftung: str | None
    rechtscharakter_text: str | None
    attribute: Mapping[str, Json]
    is_area: bool
    share: float
    distance: float
    count: int


@dataclass(frozen=True, slots=True)
class GemeindeAtPlace:
    """`schematic`: the boundary is a sketch, so near to it the answer may be wrong."""

    ags: str
    name: str
    schematic: bool


@dataclass(frozen=True, slots=True)
class NearFeature:
    """`hours`: its opening hours, as the layer has them."""

    id: str
    name: str
    hours: str | None
    distance: float
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class SketchedOutline:
    svg: str
    status: Status


@dataclass(frozen=True, slots=True)
class Sketch:
    """A square of `size` metres with its origin in the north-west."""

    size: float
    outlines: tuple[SketchedOutline, ...]


def plans_at(connection: Connection, wkt: str) -> tuple[PlanAtPlace, ...]:
    """Every published plan there, whatever its legal state; the youngest first."""
    place, geom = func.ST_GeomFromText(wkt, STORAGE_SRID), PLAENE.c.geom
    # a point has no area: whatever lies there covers it
    share = func.coalesce(func.ST_Area(func.ST_Intersection(geom, place)) / func.nullif(func.ST_Area(place), 0.0), 1.0)
    found = (
        select(*ENTRY, PLAENE.c.bezuege, share.label("share"))
        .where(func.ST_Intersects(geom, place))
        .order_by(PLAENE.c.gueltig_von.desc().nulls_last(), PLAENE.c.id)
        .limit(MOST_PLANS)
    )
    plans = []
    for row in connection.execute(found).mappings():
        known = dict(row)
        share_of = float(known.pop("share"))
        bezuege = tuple(known.pop("bezuege"))
        if share_of >= _LEAST_SHARE:
            plans.append(PlanAtPlace(PlanEntry(**as_entry(known)), share_of, bezuege))
    return tuple(plans)


def contents_at(connection: Connection, plan_ids: Sequence[UUID], wkt: str) -> tuple[ContentAtPlace, ...]:
    """What these plans say there: areas before lines and points, the larger before the smaller; equal ones as one."""
    asked = {
        "plans": list(plan_ids),
        "wkt": wkt,
        "within": _LINES_WITHIN,
        "least": _LEAST_SHARE,
        "most": _MOST_CONTENTS,
    }
    return tuple(ContentAtPlace(**row) for row in connection.execute(_CONTENTS, asked).mappings())


def gemeinde_at(connection: Connection, wkt: str) -> GemeindeAtPlace | None:
    """By the official boundaries where they were imported, else by the outlines of the layer `gemeinden`."""
    for statement in (_OFFICIAL, _OUTLINES):
        row = connection.execute(statement, {"wkt": wkt}).mappings().first()
        if row is not None:
            return GemeindeAtPlace(**row)
    return None


def sketch(connection: Connection, plan_ids: Sequence[UUID], wkt: str, size: float) -> Sketch:
    """The outlines of these plans in a square of `size` metres around the place, as SVG paths (y down)."""
    asked = {"plans": list(plan_ids), "wkt": wkt, "half": size / 2}
    rows = connection.execute(_SKETCH, asked).mappings()
    return Sketch(size, tuple(SketchedOutline(row["svg"], Status(row["status"])) for row in rows))


def nearest(connection: Connection, layer: Layer, wkt: str, *, within: float, most: int) -> list[NearFeature]:
    """Features of a layer with a popup around a place, the nearest first.

    None while the layer's view is not in step with its manifest, as before its first load: the answer stands without.
    """
    name, hours = layer.popup[0], layer.hours
    names = list(dict.fromkeys(["id", name, *([hours] if hours else []), "geom"]))
    if connection.scalar(_STANDS, {"view": f'ogc."{layer.view}"', "names": names}) != len(names):
        return []
    view = table(layer.view, *(column(each) for each in names), schema="ogc")
    geom, place = view.c.geom, func.ST_GeomFromText(wkt, STORAGE_SRID)
    distance = func.ST_Distance(geom, place)
    in_degrees = func.ST_Transform(func.ST_PointOnSurface(geom), 4326)
    found = (
        select(
            cast(view.c.id, Text).label("id"),
            func.coalesce(cast(view.c[name], Text), "").label("name"),
            (view.c[hours] if hours else null()).label("hours"),
            distance.label("distance"),
            func.ST_X(in_degrees).label("lon"),
            func.ST_Y(in_degrees).label("lat"),
        )
        .where(func.ST_DWithin(geom, place, within))
        .order_by(distance)
        .limit(most)
    )
    return [NearFeature(**row) for row in connection.execute(found).mappings()]


_CONTENTS: Final = text("""
    WITH place AS (SELECT ST_GeomFromText(:wkt, ogc.storage_srid()) AS geom),
    there AS (
        SELECT inhalt.*, ST_Dimension(inhalt.geom) = 2 AS is_area,
               CASE WHEN ST_Dimension(inhalt.geom) < 2 OR ST_Dimension(place.geom) < 2 THEN 1
                    ELSE ST_Area(ST_Intersection(inhalt.geom, place.geom)) / ST_Area(place.geom) END AS share,
               ST_Distance(inhalt.geom, place.geom) AS distance
        FROM ogc.planinhalte AS inhalt, place
        WHERE inhalt.plan_id = ANY(:plans) AND inhalt.gruppe IS DISTINCT FROM 'praesentation'
          AND ST_DWithin(inhalt.geom, place.geom, :within)
          AND (ST_Dimension(inhalt.geom) < 2 OR ST_Intersects(inhalt.geom, place.geom)))
    -- labels and other Präsentationsobjekte say nothing of their own; a row of trees is said once
    SELECT plan_id, klasse, coalesce(klasse_text, klasse) AS klasse_text, gruppe, art_text, beschriftung,
           rechtscharakter_text, attribute, is_area, least(sum(share), 1) AS share, min(distance) AS distance,
           count(*) AS count
    FROM there WHERE share >= :least
    GROUP BY plan_id, klasse, klasse_text, gruppe, art_text, beschriftung, rechtscharakter_text, attribute, is_area
    ORDER BY is_area DESC, share DESC, distance, klasse, beschriftung LIMIT :most""")

_SKETCH: Final = text("""
    -- cut to the square, moved to its corner
    WITH middle AS (SELECT ST_PointOnSurface(ST_GeomFromText(:wkt, ogc.storage_srid())) AS geom),
    square AS (
        SELECT ST_Expand(geom, :half) AS box, ST_X(geom) - :half AS west, ST_Y(geom) + :half AS north FROM middle)
    SELECT status, ST_AsSVG(ST_Translate(cut.geom, -west, -north), 0, 1) AS svg
    FROM ogc.plaene, square,
         LATERAL (SELECT ST_CollectionExtract(ST_Intersection(plaene.geom, box), 3) AS geom) AS cut
    WHERE id = ANY(:plans) AND NOT ST_IsEmpty(cut.geom) ORDER BY ST_Area(cut.geom) DESC""")

_STANDS: Final = text("""
    SELECT count(*) FROM pg_attribute
    WHERE attrelid = to_regclass(:view) AND attname = ANY(:names) AND NOT attisdropped""")

_OFFICIAL: Final = text("""
    SELECT ags, name, false AS schematic FROM ogc.verwaltungsgrenzen
    WHERE ST_Intersects(geom, ST_PointOnSurface(ST_GeomFromText(:wkt, ogc.storage_srid()))) ORDER BY ags LIMIT 1""")
_OUTLINES: Final = text("""
    SELECT ags, name, hinweis IS NOT NULL AS schematic FROM ogc.gemeinden
    WHERE ST_Intersects(geom, ST_PointOnSurface(ST_GeomFromText(:wkt, ogc.storage_srid()))) ORDER BY ags LIMIT 1""")

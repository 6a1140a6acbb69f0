"""What is published at one place: plans, their contents there, the Gemeinde, and the features of layers around it.

A place is WKT in the storage CRS, a point or the area of a parcel.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Select,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal,
    null,
    select,
    table,
    text,
    union_all,
)

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
    plans = []
    for row in connection.execute(_PLANS, {"wkt": wkt}).mappings():
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
    row = connection.execute(_GEMEINDE, {"wkt": wkt}).mappings().first()
    return None if row is None else GemeindeAtPlace(**row)


def sketch(connection: Connection, plan_ids: Sequence[UUID], wkt: str, size: float) -> Sketch:
    """The outlines of these plans in a square of `size` metres around the place, as SVG paths (y down)."""
    asked = {"plans": list(plan_ids), "wkt": wkt, "half": size / 2}
    rows = connection.execute(_SKETCH, asked).mappings()
    return Sketch(size, tuple(SketchedOutline(row["svg"], Status(row["status"])) for row in rows))


def nearest(
    connection: Connection, layers: Sequence[Layer], wkt: str, *, within: float, most: int
) -> dict[str, list[NearFeature]]:
    """By layer, features around a place, the nearest first. Each of the layers has a popup.

    Those whose view is not in step with their manifest, as before the first load, are left out: the answer stands
    without.
    """
    columns = {layer.id: (layer.view, layer.popup[0], layer.hours) for layer in layers}
    named = [
        {"layer": key, "view": f'ogc."{view}"', "name": name}
        for key, (view, *names) in columns.items()
        for name in {"id", "geom", *names} - {None}
    ]
    missing = set(connection.scalars(_MISSING, {"named": json.dumps(named)}))
    standing = tuple((key, *names) for key, names in columns.items() if key not in missing)
    found: dict[str, list[NearFeature]] = {}
    if standing:
        asked = {"wkt": wkt, "within": within, "most": most}
        for row in connection.execute(_nearest(standing), asked).mappings():
            known = dict(row)
            found.setdefault(known.pop("layer"), []).append(NearFeature(**known))
    return found


@lru_cache(maxsize=32)
def _nearest(layers: tuple[tuple[str, str, str, str | None], ...]) -> CompoundSelect[Any]:
    """One statement for all of them, composed once; of each (layer, view, column of its name, column of its hours)."""
    place = func.ST_GeomFromText(bindparam("wkt"), STORAGE_SRID)
    parts = []
    for number, (key, name_of_view, name, hours) in enumerate(layers):
        names = dict.fromkeys(["id", name, *([hours] if hours else []), "geom"])
        view = table(name_of_view, *(column(each) for each in names), schema="ogc")
        distance = func.ST_Distance(view.c.geom, place)
        in_degrees = func.ST_Transform(func.ST_PointOnSurface(view.c.geom), 4326)
        part = (
            select(
                literal(key).label("layer"),
                cast(view.c.id, Text).label("id"),
                func.coalesce(cast(view.c[name], Text), "").label("name"),
                cast(view.c[hours] if hours else null(), Text).label("hours"),
                distance.label("distance"),
                func.ST_X(in_degrees).label("lon"),
                func.ST_Y(in_degrees).label("lat"),
            )
            .where(func.ST_DWithin(view.c.geom, place, bindparam("within")))
            .order_by(distance)
            .limit(bindparam("most"))
            .subquery(f"layer{number}")
        )
        parts.append(select(*part.c))
    return union_all(*parts)


def _plans() -> Select[Any]:
    place, geom = func.ST_GeomFromText(bindparam("wkt"), STORAGE_SRID), PLAENE.c.geom
    # a point has no area: whatever lies there covers it
    share = func.coalesce(func.ST_Area(func.ST_Intersection(geom, place)) / func.nullif(func.ST_Area(place), 0.0), 1.0)
    return (
        select(*ENTRY, PLAENE.c.bezuege, share.label("share"))
        .where(func.ST_Intersects(geom, place))
        .order_by(PLAENE.c.gueltig_von.desc().nulls_last(), PLAENE.c.id)
        .limit(MOST_PLANS)
    )


_PLANS: Final = _plans()

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

_MISSING: Final = text("""
    SELECT DISTINCT named.layer
    FROM json_to_recordset(:named) AS named (layer text, view text, name text)
    LEFT JOIN pg_attribute ON attrelid = to_regclass(named.view) AND attname = named.name AND NOT attisdropped
    WHERE attname IS NULL""")

_GEMEINDE: Final = text("""
    WITH place AS MATERIALIZED (SELECT ST_PointOnSurface(ST_GeomFromText(:wkt, ogc.storage_srid())) AS geom)
    SELECT ags, name, schematic FROM (
        SELECT 1 AS turn, ags, name, false AS schematic
        FROM ogc.verwaltungsgrenzen AS official, place WHERE ST_Intersects(official.geom, place.geom)
        UNION ALL
        SELECT 2, ags, name, hinweis IS NOT NULL
        FROM ogc.gemeinden AS outlined, place WHERE ST_Intersects(outlined.geom, place.geom)) AS found
    ORDER BY turn, ags LIMIT 1""")

"""The outlines of the Gemeinden as a map of the whole Kreis."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

_IS_THERE: Final = text("SELECT to_regclass('ogc.gemeinden') IS NOT NULL")
_OUTLINES: Final = text("""
    WITH frame AS (
        SELECT ST_XMin(box) AS west, ST_YMax(box) AS north, ST_XMax(box) - ST_XMin(box) AS width,
               ST_YMax(box) - ST_YMin(box) AS height
        FROM (SELECT ST_Extent(geom) AS box FROM ogc.gemeinden) AS whole)
    SELECT ags, name, ST_AsSVG(ST_Translate(ST_Simplify(geom, width / 1000, true), -west, -north), 1, 0) AS svg,
           ST_X(ST_PointOnSurface(geom)) - west AS x, north - ST_Y(ST_PointOnSurface(geom)) AS y, width, height
    FROM ogc.gemeinden, frame ORDER BY name""")


@dataclass(frozen=True, slots=True)
class Gemeindeumriss:
    """SVG path in metres, y down, from the upper left of the Kreis; a place inside it; the size of the whole Kreis."""

    ags: str
    name: str
    svg: str
    x: float
    y: float
    width: float
    height: float


def gemeindeumrisse(connection: Connection) -> Sequence[Gemeindeumriss]:
    """Those of the layer `gemeinden`; none where an installation has no such layer."""
    if not connection.scalar(_IS_THERE):
        return ()
    return [Gemeindeumriss(**row) for row in connection.execute(_OUTLINES).mappings()]

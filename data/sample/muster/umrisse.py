"""Schematic outlines of the municipalities: a power diagram inside a schematic outline of the Landkreis.

Real borders belong to the surveying authority and are not copied here. What is right: where the seats lie, who is
whose neighbour in the main, and how large each municipality is. The straight borders are meant to look like a sketch.
"""

import json
import math

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.affinity import scale
from shapely.geometry import LineString, Polygon

from muster.flaechen import Punkt, auf_raster, polygone, ringe, vereinen
from muster.gemeinden import GEMEINDEN, Gemeinde

_UTM = Transformer.from_crs("OGC:CRS84", "EPSG:25832", always_xy=True)
_GEOGRAPHISCH = Transformer.from_crs("EPSG:25832", "OGC:CRS84", always_xy=True)

# Drawn by hand, roughly; it is rounded and then scaled to the official area.
_KREIS_LONLAT = (
    (8.360, 50.870), (8.400, 50.945), (8.490, 50.985), (8.600, 50.955), (8.660, 50.995), (8.720, 51.015),
    (8.790, 50.985), (8.820, 50.930), (8.880, 50.945), (8.930, 50.985), (9.000, 50.970), (9.040, 50.920),
    (9.100, 50.915), (9.170, 50.890), (9.190, 50.840), (9.130, 50.800), (9.070, 50.760), (8.980, 50.735),
    (8.950, 50.675), (8.860, 50.660), (8.770, 50.685), (8.700, 50.665), (8.610, 50.690), (8.500, 50.705),
    (8.430, 50.730), (8.400, 50.790),
)  # fmt: skip

# A seat need not lie in the middle of its land. These shifts (km east, km north) of the diagram's sites were chosen so
# that every seat lies well inside its own cell.
_VERSATZ_KM = {
    "06534001": (-0.5, 0.8),
    "06534002": (-1.7, -0.9),
    "06534003": (-4.4, 2.2),
    "06534004": (-1.9, -0.7),
    "06534006": (-0.6, -2.0),
    "06534007": (0.3, 0.6),
    "06534008": (-1.7, -2.9),
    "06534011": (-3.6, 2.8),
    "06534014": (0.0, -2.0),
    "06534016": (-0.6, 2.4),
    "06534017": (-0.5, -0.9),
    "06534018": (1.1, -1.3),
    "06534019": (0.5, 0.5),
    "06534020": (0.8, 1.0),
    "06534022": (-0.6, -0.6),
}
_GENAUIGKEIT = 0.002
_STUETZPUNKTE_M = 1000
_HINWEIS = "schematischer Umriss, keine amtliche Grenze"


def sitz(gemeinde: Gemeinde) -> Punkt:
    """The seat in EPSG:25832."""
    x, y = _UTM.transform(gemeinde.lon, gemeinde.lat)
    return round(x, 3), round(y, 3)


def umrisse() -> dict[str, Polygon]:
    """AGS -> outline in EPSG:25832. Neighbours share their vertices; no gaps, no overlaps."""
    kreis = _kreis()
    orte = np.array([np.array(sitz(g)) + 1000 * np.array(_VERSATZ_KM.get(g.ags, (0, 0))) for g in GEMEINDEN])
    ziele = np.array([g.flaeche_km2 * 1e6 for g in GEMEINDEN])
    zellen = _zellen_mit_flaechen(kreis, orte, ziele)
    # One net of border lines, with support points often enough that straight stays straight in any map projection.
    netz = vereinen([auf_raster(zelle.boundary) for zelle in zellen])
    netz = auf_raster(shapely.segmentize(shapely.line_merge(netz), _STUETZPUNKTE_M))
    gefunden: dict[str, Polygon] = {}
    for masche in polygone(shapely.polygonize(shapely.get_parts(netz).tolist())):
        mitte = masche.representative_point()
        naechste = min(range(len(zellen)), key=lambda i: zellen[i].distance(mitte))
        gefunden[GEMEINDEN[naechste].ags] = masche
    return {g.ags: gefunden[g.ags] for g in GEMEINDEN}


def gemeinsame_grenze(a: Polygon, b: Polygon) -> LineString | None:
    """The border between two neighbours, from west to east, or None if they only touch in a point or not at all."""
    kante = shapely.line_merge(a.intersection(b))
    if not isinstance(kante, LineString) or kante.length < _STUETZPUNKTE_M:
        return None
    return kante if kante.coords[0] <= kante.coords[-1] else LineString(kante.coords[::-1])


def geojson(flaechen: dict[str, Polygon]) -> str:
    """All 22 outlines as a GeoJSON coverage in CRS84 (RFC 7946), one feature to a line."""
    zeilen = [json.dumps(_feature(g, flaechen[g.ags]), ensure_ascii=False) for g in GEMEINDEN]
    return '{"type": "FeatureCollection", "features": [\n' + ",\n".join(zeilen) + "\n]}\n"


def _feature(gemeinde: Gemeinde, flaeche: Polygon) -> dict[str, object]:
    gerichtet = shapely.orient_polygons(flaeche)
    return {
        "type": "Feature",
        "id": gemeinde.ags,
        "properties": {
            "ags": gemeinde.ags,
            "name": gemeinde.name,
            "typ": gemeinde.typ,
            "plz": gemeinde.plz,
            "flaeche_km2": gemeinde.flaeche_km2,
            "einwohner": gemeinde.einwohner,
            "teilnehmer": gemeinde.teilnehmer,
            "hinweis": _HINWEIS,
        },
        "geometry": {
            "type": "Polygon",
            "coordinates": [
                [[round(w, 7) for w in _GEOGRAPHISCH.transform(x, y)] for x, y in ring] for ring in ringe(gerichtet)
            ],
        },
    }


def _kreis() -> Polygon:
    punkte = [_UTM.transform(lon, lat) for lon, lat in _KREIS_LONLAT]
    for _ in range(2):
        punkte = _ecken_brechen(punkte)
    roh = Polygon(punkte)
    faktor = math.sqrt(sum(g.flaeche_km2 for g in GEMEINDEN) * 1e6 / roh.area)
    kreis: Polygon = scale(roh, faktor, faktor, origin="centroid")
    return kreis


def _ecken_brechen(punkte: list[Punkt]) -> list[Punkt]:
    """One step of Chaikin's corner cutting."""
    neu: list[Punkt] = []
    for (ax, ay), (bx, by) in zip(punkte, punkte[1:] + punkte[:1], strict=True):
        neu += [(0.75 * ax + 0.25 * bx, 0.75 * ay + 0.25 * by), (0.25 * ax + 0.75 * bx, 0.25 * ay + 0.75 * by)]
    return neu


def _zellen_mit_flaechen(kreis: Polygon, orte: NDArray[np.float64], ziele: NDArray[np.float64]) -> list[Polygon]:
    """The power cells of `orte` whose areas are `ziele` (m²): Newton's method on the weights.

    The area of cell i falls by (length of the border ij) / (2 · distance ij) for every unit that weight j gains.
    """
    gewichte = np.zeros(len(orte))
    for _ in range(60):
        zellen = [_zelle(kreis, orte, gewichte, i) for i in range(len(orte))]
        fehler = ziele - np.array([zelle.area for zelle in zellen])
        if np.max(np.abs(fehler) / ziele) < _GENAUIGKEIT:
            return zellen
        ableitung = np.zeros((len(orte), len(orte)))
        for i, zelle in enumerate(zellen):
            for j in range(len(orte)):
                if i != j:
                    ableitung[i, j] = -_grenzlaenge(zelle, orte, gewichte, i, j) / (2 * math.dist(orte[i], orte[j]))
            ableitung[i, i] = -ableitung[i].sum()
        # The weights are free up to a constant, hence least squares; half steps keep every cell alive on the way.
        gewichte += 0.5 * np.linalg.lstsq(ableitung, fehler)[0]
    raise ArithmeticError(f"the power diagram does not converge: {fehler}")


def _trennlinie(orte: NDArray[np.float64], gewichte: NDArray[np.float64], i: int, j: int) -> tuple[Punkt, float]:
    """Normal n (unit, from i to j) and offset c of the line n·x = c between the cells i and j."""
    strecke = orte[j] - orte[i]
    abstand = float(np.hypot(*strecke))
    normal = strecke / abstand
    lage = (abstand**2 + gewichte[i] - gewichte[j]) / (2 * abstand)
    return (float(normal[0]), float(normal[1])), float(normal @ orte[i] + lage)


def _zelle(kreis: Polygon, orte: NDArray[np.float64], gewichte: NDArray[np.float64], i: int) -> Polygon:
    x0, y0, x1, y1 = kreis.bounds
    punkte: list[Punkt] = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    for j in range(len(orte)):
        if j != i:
            (nx, ny), c = _trennlinie(orte, gewichte, i, j)
            punkte = _abschneiden(punkte, nx, ny, c)
    zelle = kreis.intersection(Polygon(punkte)) if len(punkte) > 2 else Polygon()
    if not isinstance(zelle, Polygon) or zelle.is_empty:
        raise ArithmeticError(f"the outline tears the cell of {GEMEINDEN[i].name}")
    return zelle


def _abschneiden(punkte: list[Punkt], nx: float, ny: float, c: float) -> list[Punkt]:
    """The part of a convex polygon where n·x <= c."""
    neu: list[Punkt] = []
    for (ax, ay), (bx, by) in zip(punkte, punkte[1:] + punkte[:1], strict=True):
        a, b = nx * ax + ny * ay - c, nx * bx + ny * by - c
        if a <= 0:
            neu.append((ax, ay))
        if (a < 0 < b) or (b < 0 < a):
            t = a / (a - b)
            neu.append((ax + t * (bx - ax), ay + t * (by - ay)))
    return neu


def _grenzlaenge(zelle: Polygon, orte: NDArray[np.float64], gewichte: NDArray[np.float64], i: int, j: int) -> float:
    normal, c = _trennlinie(orte, gewichte, i, j)
    xy = np.asarray(zelle.exterior.coords)
    auf_linie = np.abs(xy @ np.asarray(normal) - c) < 0.01
    laengen = np.hypot(*np.diff(xy, axis=0).T)
    return float(laengen[auf_linie[:-1] & auf_linie[1:]].sum())

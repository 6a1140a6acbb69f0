"""The open country of a municipality, schematically, with villages, roads and woods; and its Flächennutzungsplan."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from muster.entwurf import Inhalt, Lage, Wunsch, Zeichnung, zeichnen
from muster.flaechen import RASTER, Punkt, auf_raster, polygone, runden
from muster.gemeinden import Gemeinde

_STRASSENBREITE = 18.0
_BACHBREITE = 12.0
_MASCHEN = 170


@dataclass(frozen=True)
class Ort:
    """A village: a blob of about `radius` metres."""

    mitte: Punkt
    radius: float
    umriss: Polygon


@dataclass(frozen=True)
class Gemarkung:
    """Everything about the country that Bebauungspläne and the Flächennutzungsplan must agree on."""

    gemeinde: Gemeinde
    umriss: Polygon
    orte: tuple[Ort, ...]
    strassen: BaseGeometry
    baeche: BaseGeometry

    def frei(self, platz: Polygon, belegt: Sequence[Polygon], innerorts: bool) -> bool:
        """Whether a plan may lie here: inside the outline, clear of other plans and, outside the village, of roads."""
        if not self.umriss.buffer(-80).contains(platz) or any(platz.distance(anderer) < 60 for anderer in belegt):
            return False
        return innerorts or not (platz.intersects(self.strassen) or platz.intersects(self.baeche))


def gemarkung(
    gemeinde: Gemeinde, sitz: Punkt, umriss: Polygon, uebergaenge: Sequence[Punkt], bachpunkte: Sequence[Punkt]
) -> Gemarkung:
    """Villages, roads and brooks. `uebergaenge` and `bachpunkte` lie on the border; the neighbour continues there."""
    z = Random(f"Gemarkung {gemeinde.ags}")
    radius = 330 + 4.2 * math.sqrt(gemeinde.einwohner)
    orte = [_ort(sitz, radius, z)]
    innen = umriss.buffer(-600)
    x0, y0, x1, y1 = innen.bounds
    naehe = min(2100.0, 0.4 * math.sqrt(umriss.area))
    wunschzahl = min(5, 2 + int(gemeinde.flaeche_km2 / 11))
    for _ in range(400):
        mitte = runden(z.uniform(x0, x1), z.uniform(y0, y1))
        abstaende = [math.dist(mitte, ort.mitte) for ort in orte]
        if innen.contains(Point(mitte)) and abstaende[0] > naehe + radius and min(abstaende) > naehe:
            orte.append(_ort(mitte, z.uniform(190, 330), z))
        if len(orte) == wunschzahl:
            break
    strassen: list[LineString] = []
    verbunden = [orte[0].mitte]
    for ort in sorted(orte[1:], key=lambda o: math.dist(o.mitte, sitz)):
        strassen.append(_verlauf(ort.mitte, _naechster(verbunden, ort.mitte), 0.07, z))
        verbunden.append(ort.mitte)
    strassen += [_verlauf(punkt, _naechster(verbunden, punkt), 0.06, z) for punkt in uebergaenge]
    winkel = z.uniform(0, math.tau)
    zusammenfluss = runden(sitz[0] + 0.8 * radius * math.cos(winkel), sitz[1] + 0.8 * radius * math.sin(winkel))
    baeche = [_verlauf(punkt, zusammenfluss, 0.09, z) for punkt in bachpunkte]
    return Gemarkung(
        gemeinde,
        umriss,
        tuple(orte),
        shapely.union_all(strassen).buffer(_STRASSENBREITE / 2, cap_style="square", join_style="mitre", mitre_limit=2),
        shapely.union_all(baeche).buffer(_BACHBREITE / 2, cap_style="square", join_style="mitre", mitre_limit=2),
    )


def _naechster(punkte: Sequence[Punkt], punkt: Punkt) -> Punkt:
    return min(punkte, key=lambda p: math.dist(p, punkt))


def _ort(mitte: Punkt, radius: float, z: Random) -> Ort:
    ecken = []
    for i in range(14):
        winkel, weite = math.tau * i / 14, radius * z.uniform(0.72, 1.12)
        ecken.append(runden(mitte[0] + weite * math.cos(winkel), mitte[1] + weite * math.sin(winkel)))
    return Ort(mitte, radius, Polygon(ecken))


def _verlauf(von: Punkt, nach: Punkt, unruhe: float, z: Random) -> LineString:
    """A winding line between two points: midpoints displaced again and again, until the pieces are short."""
    punkte = [von, nach]
    while math.dist(punkte[0], punkte[1]) > 260:
        neu = [punkte[0]]
        for a, b in pairwise(punkte):
            quer = z.uniform(-unruhe, unruhe)
            mitte = ((a[0] + b[0]) / 2 - quer * (b[1] - a[1]), (a[1] + b[1]) / 2 + quer * (b[0] - a[0]))
            neu += [runden(*mitte), b]
        punkte = neu
    return LineString(punkte)


def flaechennutzungsplan(g: Gemarkung, plaetze: Sequence[tuple[Polygon, Wunsch]]) -> Zeichnung:
    """Darstellungen for the whole municipality. `plaetze` are the Bebauungspläne with the use that they develop."""
    z = Random(f"Flächennutzungsplan {g.gemeinde.ags}")
    wuensche = [
        Wunsch("strasse", auf_raster(g.strassen), {"fp": "1200", "so": "1200"}),
        Wunsch("gewaesser", auf_raster(g.baeche), {"fp": "1200", "so": "2000"}),
        *(Wunsch(w.art, _vergroebert(gebiet), w.werte, w.texte) for gebiet, w in plaetze),
    ]
    for nr, ort in enumerate(g.orte):
        wuensche += _siedlung(ort, z, kernort=nr == 0, gross=g.gemeinde.einwohner > 6000)
    wuensche.append(Wunsch("wald", _waelder(g, z), {"zweck": "1200"}))
    wuensche.append(Wunsch("landwirtschaft", g.umriss, {"zweck": "1000"}, ("1",)))
    plan = zeichnen(g.umriss, wuensche, mindestflaeche=min(20_000.0, g.umriss.area / 3600))
    return replace(plan, inhalte=plan.inhalte + tuple(_wasserschutz(g, plan.inhalte)))


def _vergroebert(gebiet: Polygon) -> Polygon:
    """A Bebauungsplan as a Flächennutzungsplan shows it: not exact to the plot (BauGB § 5 (1))."""
    [grob] = polygone(gebiet.buffer(25, join_style="mitre").buffer(-18, join_style="mitre").simplify(8))
    return auf_raster(Polygon(grob.exterior))


def _siedlung(ort: Ort, z: Random, *, kernort: bool, gross: bool) -> Iterator[Wunsch]:
    """The uses of one village: mixed core, housing in sectors, business at the edge, public buildings, green."""
    lage = Lage(ort.mitte, z.uniform(0, math.tau))
    r = ort.radius
    if kernort:
        yield Wunsch("gemeinbedarf", lage.feld(0.08 * r, 0.06 * r, 0.26 * r, 0.22 * r), {"zweck": "10000"})
        yield Wunsch("gemeinbedarf", lage.feld(-0.62 * r, 0.20 * r, -0.36 * r, 0.50 * r), {"zweck": "12000"})
        yield Wunsch("gruen", lage.feld(-0.75 * r, 0.50 * r, -0.34 * r, 0.86 * r), {"zweck": "1400"})
        yield Wunsch("gruen", lage.feld(0.34 * r, 0.36 * r, 0.62 * r, 0.60 * r), {"zweck": "2600"})
    kern = auf_raster(ort.umriss.intersection(lage.flaeche(*[(0.42 * r * c, 0.36 * r * s) for c, s in _SECHSECK])))
    yield Wunsch("baugebiet", kern, {"allg": "2000"})
    if kernort and gross:
        gewerbe = lage.flaeche((0.2 * r, -0.45 * r), (1.25 * r, -0.35 * r), (1.2 * r, -1.1 * r), (0.3 * r, -1.05 * r))
        yield Wunsch("baugebiet", gewerbe, {"allg": "3000"})
        yield Wunsch("versorgung", lage.feld(1.3 * r, -0.9 * r, 1.3 * r + 170, -0.9 * r + 135), {"zweck": "18003"})
    yield Wunsch("baugebiet", ort.umriss, {"allg": "1000"})


_SECHSECK = ((1, 0.1), (0.5, 0.9), (-0.5, 1), (-1, -0.1), (-0.6, -0.9), (0.6, -0.8))


def _waelder(g: Gemarkung, z: Random) -> BaseGeometry:
    """Woods: meshes of an irregular net, where a smooth random field is high, away from the villages."""
    x0, y0, x1, y1 = g.umriss.bounds
    weite = math.sqrt(g.umriss.area / _MASCHEN)
    saat = [
        (x + z.uniform(-0.38, 0.38) * weite, y + z.uniform(-0.38, 0.38) * weite)
        for x in np.arange(x0 - weite, x1 + 2 * weite, weite)
        for y in np.arange(y0 - weite, y1 + 2 * weite, weite)
    ]
    wellen = [(z.uniform(0, math.tau), z.uniform(1900, 4800), z.uniform(0, math.tau)) for _ in range(5)]

    def hoehe(x: float, y: float) -> float:
        feld = sum(math.sin((x * math.cos(w) + y * math.sin(w)) * math.tau / lang + phase) for w, lang, phase in wellen)
        return feld - sum(max(0.0, 2.2 - math.dist((x, y), o.mitte) / o.radius) for o in g.orte) * 1.6

    zellen = polygone(shapely.voronoi_polygons(shapely.multipoints(saat)))
    mitten = shapely.get_coordinates(shapely.centroid(zellen)).tolist()
    wald = [zelle for zelle, mitte in zip(zellen, mitten, strict=True) if hoehe(*mitte) > 0.15]
    return auf_raster(shapely.union_all(wald, grid_size=RASTER))


def _wasserschutz(g: Gemarkung, inhalte: Sequence[Inhalt]) -> list[Inhalt]:
    """A drinking-water protection zone over part of the largest wood, taken over for information."""
    waelder = [i.geometrie for i in inhalte if i.art == "wald" and isinstance(i.geometrie, Polygon)]
    if not waelder:
        return []
    mitte = max(waelder, key=lambda w: w.area).representative_point()
    zone = mitte.buffer(620, quad_segs=3).intersection(g.umriss.buffer(-30))
    return [Inhalt("wasserschutz", auf_raster(max(polygone(zone), key=lambda p: p.area)), ueberlagert=True)]

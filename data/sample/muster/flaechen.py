"""Planar geometry on a grid of one centimetre: arcs, and areas that fill another area without gap or overlap.

All coordinates are metres in EPSG:25832. Everything is kept on the grid, so that a vertex which two areas share is the
very same pair of numbers in both: that is what XPlanung calls Flächenschluss. A finer grid would leave vertices closer
together than the 2 mm within which XPlanung takes two for one.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

RASTER = 0.01
_STELLEN = 2
_SPLITTER = 5.0  # m²; a piece of street smaller than this is an accident of cutting
_SCHMAL = 0.6  # m; a strip thinner than this is of no use
_BOGENSCHRITT = math.radians(6)

type Punkt = tuple[float, float]


def auf_raster[G: BaseGeometry](geometrie: G) -> G:
    """The same geometry with every coordinate on the grid; the number of vertices does not change."""
    gerundet: G = shapely.transform(geometrie, lambda xy: np.round(xy, _STELLEN))
    return gerundet


def runden(x: float, y: float) -> Punkt:
    return round(float(x), _STELLEN), round(float(y), _STELLEN)


@dataclass(frozen=True)
class Bogen:
    """A circular arc and the vertices that stand for it while areas are cut: three or more, all of them on the arc."""

    punkte: tuple[Punkt, ...]

    @property
    def kontrollpunkte(self) -> tuple[Punkt, Punkt, Punkt]:
        return self.punkte[0], self.punkte[len(self.punkte) // 2], self.punkte[-1]


def bogen(mitte: Punkt, radius: float, von: float, bis: float) -> Bogen:
    """The arc about `mitte` from angle `von` to angle `bis` (radians; counter-clockwise when `bis` is greater)."""
    schritte = max(2, 2 * math.ceil(abs(bis - von) / _BOGENSCHRITT / 2))
    winkel = [von + (bis - von) * i / schritte for i in range(schritte + 1)]
    return Bogen(tuple(runden(mitte[0] + radius * math.cos(w), mitte[1] + radius * math.sin(w)) for w in winkel))


def ausrunden(flaeche: Polygon, radius: float) -> tuple[Polygon, list[Bogen]]:
    """Rounds the re-entrant corners of a street area, as at a junction; bends and corners too short for it stay."""
    boegen: list[Bogen] = []

    def ring(linie: LineString) -> list[Punkt]:
        punkte = [runden(*p) for p in linie.coords[:-1]]
        neu: list[Punkt] = []
        for i, ecke in enumerate(punkte):
            gefunden = _eckbogen(punkte[i - 1], ecke, punkte[(i + 1) % len(punkte)], radius)
            if gefunden:
                boegen.append(gefunden)
            neu.extend(gefunden.punkte if gefunden else [ecke])
        return neu

    gerichtet = shapely.orient_polygons(flaeche)
    rund = Polygon(ring(gerichtet.exterior), [ring(innen) for innen in gerichtet.interiors])
    return rund, boegen


def _eckbogen(vorher: Punkt, ecke: Punkt, nachher: Punkt, radius: float) -> Bogen | None:
    """The arc that touches both edges of a right turn; the area lies left of its ring, so the corner is re-entrant."""
    hin, weg = _richtung(vorher, ecke), _richtung(ecke, nachher)
    drehung = math.remainder(weg - hin, math.tau)
    if not math.radians(-140) < drehung < math.radians(-40):
        return None
    strecke = radius * math.tan(-drehung / 2)
    if strecke > 0.45 * min(math.dist(vorher, ecke), math.dist(ecke, nachher)):
        return None
    # The centre lies to the right of the way in, one radius away from the point where the arc begins.
    mitte = (
        ecke[0] - strecke * math.cos(hin) + radius * math.sin(hin),
        ecke[1] - strecke * math.sin(hin) - radius * math.cos(hin),
    )
    return bogen(mitte, radius, hin + math.pi / 2, hin + math.pi / 2 + drehung)


def wenden(flaeche: Polygon, ende: Punkt, radius: float) -> tuple[Polygon, Bogen]:
    """Replaces the blunt end of a street by a turning circle about `ende`, the end of its centre line."""
    punkte = [runden(*p) for p in shapely.orient_polygons(flaeche).exterior.coords[:-1]]
    n = len(punkte)
    stumpf = min(range(n), key=lambda i: math.dist(_mitte(punkte[i - 1], punkte[i]), ende))
    # Counter-clockwise: out along the right kerb to `rechts`, across the blunt end, back along the left kerb.
    vorher, rechts, links, nachher = (punkte[(stumpf + k) % n] for k in (-2, -1, 0, 1))
    ein = _auf_kreis(rechts, vorher, ende, radius)
    aus = _auf_kreis(links, nachher, ende, radius)
    von = _richtung(ende, ein)
    kreis = bogen(ende, radius, von, von + (_richtung(ende, aus) - von) % math.tau)
    kreis = Bogen((ein, *kreis.punkte[1:-1], aus))
    rest = [punkte[(stumpf + k) % n] for k in range(1, n - 1)]
    return Polygon([*kreis.punkte, *rest], [ring.coords for ring in flaeche.interiors]), kreis


def _auf_kreis(innen: Punkt, richtung: Punkt, mitte: Punkt, radius: float) -> Punkt:
    """The point on the ray from `innen` towards `richtung` where it leaves the circle."""
    laenge = math.dist(innen, richtung)
    ux, uy = (richtung[0] - innen[0]) / laenge, (richtung[1] - innen[1]) / laenge
    dx, dy = innen[0] - mitte[0], innen[1] - mitte[1]
    b = ux * dx + uy * dy
    t = -b + math.sqrt(b * b - (dx * dx + dy * dy - radius * radius))
    return runden(innen[0] + t * ux, innen[1] + t * uy)


def _mitte(a: Punkt, b: Punkt) -> Punkt:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _richtung(a: Punkt, b: Punkt) -> float:
    return math.atan2(b[1] - a[1], b[0] - a[0])


def polygone(geometrie: BaseGeometry) -> list[Polygon]:
    """The polygons of a geometry, whatever else is in it."""
    if isinstance(geometrie, Polygon):
        return [] if geometrie.is_empty else [geometrie]
    teile: Iterable[BaseGeometry] = shapely.get_parts(geometrie).tolist()
    return [teil for teil in teile if isinstance(teil, Polygon) and not teil.is_empty]


def vereinen(geometrien: Iterable[BaseGeometry]) -> BaseGeometry:
    return auf_raster(shapely.union_all(list(geometrien), grid_size=RASTER))


def aufteilen(
    gebiet: Polygon, wuensche: Sequence[BaseGeometry], mindestflaeche: float, netz: Collection[int]
) -> list[tuple[int, Polygon]]:
    """Cuts `gebiet` into areas that share their vertices: each place belongs to the first wish that covers it.

    Returns (index of the wish, area) pairs. Pieces smaller than `mindestflaeche` (m²), or too thin to be used, join the
    neighbour with the longest common border. Streets and waters (the wishes in `netz`) are long and thin by nature:
    they stay, and take in nothing. The wishes together must cover `gebiet`.
    """
    nahe = gebiet.buffer(1)
    grenzen = [auf_raster(wunsch.intersection(nahe)).boundary for wunsch in wuensche]
    linien = auf_raster(shapely.union_all([gebiet.boundary, *grenzen], grid_size=RASTER))
    for wunsch in wuensche:
        shapely.prepare(wunsch)
    gruppen: dict[int, list[Polygon]] = defaultdict(list)
    for masche in polygone(shapely.polygonize(shapely.get_parts(linien).tolist())):
        innen = masche.representative_point()
        if gebiet.contains(innen):
            gruppen[next(i for i, wunsch in enumerate(wuensche) if wunsch.covers(innen))].append(masche)
    flaechen = [(i, teil) for i in sorted(gruppen) for teil in polygone(shapely.coverage_union_all(gruppen[i]))]
    return _kleine_anschliessen(flaechen, mindestflaeche, netz)


def _kleine_anschliessen(
    flaechen: list[tuple[int, Polygon]], mindestflaeche: float, netz: Collection[int]
) -> list[tuple[int, Polygon]]:
    def zu_klein(art: int, flaeche: Polygon) -> bool:
        if art in netz:
            return flaeche.area < _SPLITTER
        return flaeche.area < mindestflaeche or 2 * flaeche.area / flaeche.length < _SCHMAL

    while True:
        klein = [n for n, (art, flaeche) in enumerate(flaechen) if zu_klein(art, flaeche)]
        if not klein:
            return flaechen
        _, scherbe = flaechen.pop(min(klein, key=lambda n: flaechen[n][1].area))
        nachbarn = np.flatnonzero(shapely.intersects(scherbe, [flaeche for _, flaeche in flaechen])).tolist()
        gemeinsam = {
            n: _gemeinsame_laenge(scherbe, flaechen[n][1]) * (0.001 if flaechen[n][0] in netz else 1) for n in nachbarn
        }
        nachbar = max(nachbarn, key=gemeinsam.__getitem__)
        art, flaeche = flaechen[nachbar]
        [verbunden] = polygone(shapely.coverage_union_all([flaeche, scherbe]))
        flaechen[nachbar] = (art, verbunden)


def _gemeinsame_laenge(a: Polygon, b: Polygon) -> float:
    gemeinsam = {frozenset(kante) for kante in kanten(a)} & {frozenset(kante) for kante in kanten(b)}
    return sum(math.dist(*kante) for kante in gemeinsam)


def ringe(flaeche: Polygon | MultiPolygon) -> Iterator[list[Punkt]]:
    """The closed rings of an area, first vertex repeated."""
    for teil in polygone(flaeche):
        for ring in (teil.exterior, *teil.interiors):
            yield [(x, y) for x, y in np.round(shapely.get_coordinates(ring), _STELLEN).tolist()]


def kanten(flaeche: Polygon | MultiPolygon) -> set[tuple[Punkt, Punkt]]:
    return {(a, b) for ring in ringe(flaeche) for a, b in pairwise(ring)}


def gemeinsamer_rand(flaeche: Polygon, ohne: Polygon) -> list[LineString]:
    """The border of `flaeche` as lines, without the edges that are also border of `ohne` (whichever way they run)."""
    aussen = {frozenset(kante) for kante in kanten(ohne)}
    linien: list[LineString] = []
    for ring in ringe(flaeche):
        frei = [frozenset(kante) not in aussen for kante in pairwise(ring)]
        if all(frei):
            linien.append(LineString(ring))
            continue
        start = next(i for i in range(len(frei)) if not frei[i])
        punkte, frei = ring[start:-1] + ring[: start + 1], frei[start:] + frei[:start]
        lauf: list[Punkt] = []
        for i, ist_frei in enumerate([*frei, False]):
            if ist_frei:
                lauf = [*(lauf or [punkte[i]]), punkte[i + 1]]
            elif lauf:
                linien.append(LineString(lauf))
                lauf = []
    return linien


def ganze_boegen(boegen: Iterable[Bogen], flaechen: Iterable[Polygon]) -> list[Bogen]:
    """The stretches of arc between two nodes: every area that touches one runs along the whole of it, as an arc."""
    nachbarn: dict[Punkt, set[Punkt]] = defaultdict(set)
    for flaeche in flaechen:
        for a, b in kanten(flaeche):
            nachbarn[a].add(b)
            nachbarn[b].add(a)
    ganze: list[Bogen] = []
    for ganz in boegen:
        lauf = [ganz.punkte[0]]
        for a, b in pairwise(ganz.punkte):
            verbunden = b in nachbarn[a]
            if verbunden:
                lauf.append(b)
            if not verbunden or b == ganz.punkte[-1] or len(nachbarn[b]) > 2:
                ganze += [Bogen(tuple(lauf))] if len(lauf) > 2 else []
                lauf = [b]
    return ganze


type Abschnitt = tuple[str, list[Punkt]]


def abschnitte(folge: Sequence[Punkt], boegen: Sequence[Bogen]) -> list[Abschnitt]:
    """Splits a line or closed ring into ("gerade", vertices) and ("bogen", three points), in running order."""
    von_paar = {paar: b for b in boegen for paar in ((b.punkte[0], b.punkte[1]), (b.punkte[-1], b.punkte[-2]))}
    innen = {p for b in boegen for p in b.punkte[1:-1]}
    punkte = list(folge)
    if punkte[0] == punkte[-1] and punkte[0] in innen:
        start = next(i for i, p in enumerate(punkte) if p not in innen)
        punkte = punkte[start:-1] + punkte[: start + 1]
    ergebnis: list[Abschnitt] = []
    i = 0
    while i < len(punkte) - 1:
        gefunden = von_paar.get((punkte[i], punkte[i + 1]))
        if gefunden is not None:
            # The same three points in either direction, or two neighbours would describe slightly different circles.
            vorwaerts = gefunden.punkte[0] == punkte[i]
            lauf, stuetzen = gefunden.punkte, gefunden.kontrollpunkte
            if tuple(punkte[i : i + len(lauf)]) == (lauf if vorwaerts else lauf[::-1]):
                ergebnis.append(("bogen", list(stuetzen if vorwaerts else stuetzen[::-1])))
                i += len(lauf) - 1
                continue
        if ergebnis and ergebnis[-1][0] == "gerade":
            ergebnis[-1][1].append(punkte[i + 1])
        else:
            ergebnis.append(("gerade", [punkte[i], punkte[i + 1]]))
        i += 1
    return ergebnis

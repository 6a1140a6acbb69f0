"""The drawing board: streets and areas of one plan, laid out in metres about a local origin and turned into place."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

import shapely
from shapely.geometry import LinearRing, LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from muster.flaechen import (
    Bogen,
    Punkt,
    auf_raster,
    aufteilen,
    ausrunden,
    ganze_boegen,
    polygone,
    runden,
    vereinen,
    wenden,
)

_NETZ = frozenset({"strasse", "weg", "gewaesser"})

type Werte = Mapping[str, str]
type Geometrie = Polygon | LineString | Point


@dataclass(frozen=True)
class Inhalt:
    """One plan object in our own words; `xplangml` knows which class and attributes each version has for it.

    `texte` are keys of the text sections that explain it. What overlies takes no part in the Flächenschluss.
    """

    art: str
    geometrie: Geometrie
    werte: Werte = field(default_factory=dict)
    texte: tuple[str, ...] = ()
    ueberlagert: bool = False


@dataclass(frozen=True)
class Zeichnung:
    """A finished plan: its contents that do not overlie fill the Geltungsbereich with shared vertices."""

    geltungsbereich: Polygon
    inhalte: tuple[Inhalt, ...]
    boegen: tuple[Bogen, ...] = ()

    def der_art(self, *arten: str) -> list[Inhalt]:
        return [inhalt for inhalt in self.inhalte if inhalt.art in arten]


@dataclass(frozen=True)
class Lage:
    """Where the local origin lies (EPSG:25832) and how far the local axes are turned (radians, counter-clockwise)."""

    ursprung: Punkt
    drehung: float

    def punkt(self, u: float, v: float) -> Punkt:
        c, s = math.cos(self.drehung), math.sin(self.drehung)
        return runden(self.ursprung[0] + c * u - s * v, self.ursprung[1] + s * u + c * v)

    def zurueck(self, punkt: Point) -> Punkt:
        """Local coordinates of a point in the world."""
        dx, dy = punkt.x - self.ursprung[0], punkt.y - self.ursprung[1]
        c, s = math.cos(self.drehung), math.sin(self.drehung)
        return c * dx + s * dy, -s * dx + c * dy

    def linie(self, *uv: Punkt) -> LineString:
        return LineString([self.punkt(*p) for p in uv])

    def flaeche(self, *uv: Punkt) -> Polygon:
        return Polygon([self.punkt(*p) for p in uv])

    def feld(self, u0: float, v0: float, u1: float, v1: float) -> Polygon:
        return self.flaeche((u0, v0), (u1, v0), (u1, v1), (u0, v1))


@dataclass(frozen=True)
class Achse:
    """The centre line of a street; a turning circle may end it."""

    linie: LineString
    breite: float
    wendekreis: float | None = None

    def verlaengert(self, um: float) -> "Achse":
        """The same street, going on straight at its end."""
        (ax, ay), (bx, by) = self.linie.coords[-2:]
        faktor = um / math.dist((ax, ay), (bx, by))
        ende = (bx + (bx - ax) * faktor, by + (by - ay) * faktor)
        return Achse(LineString([*self.linie.coords, ende]), self.breite)

    def streifen(self, abstand: float) -> Polygon:
        """Everything within `abstand` of the centre line, blunt at the ends."""
        linie = LinearRing(self.linie) if self.linie.is_ring else self.linie
        streifen: Polygon = linie.buffer(abstand, cap_style="flat", join_style="mitre", mitre_limit=2)
        return streifen

    def neben(self, von: float, bis: float, tiefe: float, seite: int) -> Polygon:
        """The strip beside the street from station `von` to `bis` (m), `tiefe` deep; side +1 is left, -1 is right."""
        achse = substring(self.linie, von, bis)
        seitlich: Polygon = achse.buffer(
            seite * (tiefe + self.breite / 2), cap_style="flat", join_style="mitre", single_sided=True
        )
        return auf_raster(seitlich)


@dataclass(frozen=True)
class Wunsch:
    """An area that a layout asks for; where several ask for the same place, the first gets it."""

    art: str
    flaeche: BaseGeometry
    werte: Werte = field(default_factory=dict)
    texte: tuple[str, ...] = ()


class Entwurf:
    """Collects streets, then cuts a Geltungsbereich into areas."""

    def __init__(self, lage: Lage, zufall: Random) -> None:
        self.lage = lage
        self.zufall = zufall
        self.achsen: list[Achse] = []
        self._boegen: list[Bogen] = []

    def strasse(self, *uv: Punkt, breite: float = 6.5, wendekreis: float | None = None) -> Achse:
        achse = Achse(self.lage.linie(*uv), breite, wendekreis)
        self.achsen.append(achse)
        return achse

    def verkehrsflaeche(self, eckradius: float) -> Polygon:
        """All streets as one area: corners at junctions rounded, turning circles at the ends."""
        [flaeche] = polygone(vereinen(achse.streifen(achse.breite / 2) for achse in self.achsen))
        flaeche, boegen = ausrunden(flaeche, eckradius)
        for achse in self.achsen:
            if achse.wendekreis is not None:
                flaeche, kreis = wenden(flaeche, runden(*achse.linie.coords[-1]), achse.wendekreis)
                boegen.append(kreis)
        self._boegen = boegen
        return flaeche

    def umgriff(self, tiefe: float) -> Polygon:
        """A Geltungsbereich that follows the streets: one row of plots on either side, with slightly uneven edges."""
        reihen = []
        for achse in self.achsen:
            ganz = achse if achse.wendekreis is None else achse.verlaengert(achse.wendekreis + tiefe * 0.7)
            reihen.append(ganz.streifen(tiefe + achse.breite / 2))
        grob = shapely.union_all(reihen).buffer(16, join_style="mitre").buffer(-16, join_style="mitre")
        [umriss] = polygone(grob.simplify(4))
        return self.verziehen(umriss, 2.5)

    def verziehen(self, flaeche: Polygon, um: float) -> Polygon:
        """The exterior of `flaeche` with each corner moved a little, as plots that were never drawn with a ruler."""
        ecken = [
            runden(x + self.zufall.uniform(-um, um), y + self.zufall.uniform(-um, um))
            for x, y in flaeche.exterior.coords[:-1]
        ]
        verzogen = Polygon(ecken)
        return verzogen if verzogen.is_valid else auf_raster(Polygon(flaeche.exterior))

    def rand(self, gebiet: Polygon, breite: float, *ausschnitt: Punkt) -> BaseGeometry:
        """The strip along the border of `gebiet`, as far as it lies in the local polygon `ausschnitt`."""
        streifen = gebiet.difference(gebiet.buffer(-breite, join_style="mitre"))
        return auf_raster(streifen.intersection(self.lage.flaeche(*ausschnitt)))

    def zeichnen(self, gebiet: Polygon, wuensche: Sequence[Wunsch], mindestflaeche: float = 40) -> Zeichnung:
        """Cuts the Geltungsbereich; the last wish gets what nobody else asked for."""
        return zeichnen(gebiet, wuensche, mindestflaeche, self._boegen)


def zeichnen(
    gebiet: Polygon, wuensche: Sequence[Wunsch], mindestflaeche: float, boegen: Sequence[Bogen] = ()
) -> Zeichnung:
    """Cuts `gebiet` among the wishes; the last one gets what nobody else asked for."""
    rest = replace(wuensche[-1], flaeche=gebiet)
    alle = [*wuensche[:-1], rest]
    netz = [nr for nr, wunsch in enumerate(alle) if wunsch.art in _NETZ]
    teile = aufteilen(gebiet, [w.flaeche for w in alle], mindestflaeche, netz)
    inhalte = tuple(Inhalt(alle[i].art, teil, alle[i].werte, alle[i].texte) for i, teil in teile)
    flaechen = [teil for _, teil in teile]
    [geltungsbereich] = polygone(shapely.coverage_union_all(flaechen))
    return Zeichnung(geltungsbereich, inhalte, tuple(ganze_boegen(boegen, flaechen)))


def flaechen_von(zeichnung: Zeichnung, *arten: str) -> BaseGeometry:
    """The areas of these kinds together; empty when there are none."""
    return shapely.union_all([i.geometrie for i in zeichnung.der_art(*arten) if isinstance(i.geometrie, Polygon)])

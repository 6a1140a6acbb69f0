"""What lies over the areas of a Bebauungsplan: building windows and lines, street lines, trees, hedges, measures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

import shapely
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from muster.entwurf import Achse, Inhalt, Zeichnung, flaechen_von
from muster.flaechen import auf_raster, gemeinsamer_rand, polygone, ringe


@dataclass(frozen=True)
class _Regel:
    """Distances in metres: from the street, from the other borders; depth of the window behind the street side."""

    vorn: float
    seitlich: float
    tiefe: float | None = None
    baulinie: bool = False


_REGELN = {
    "1100": _Regel(5, 3, 14),
    "1200": _Regel(3, 3, 15),
    "1400": _Regel(3, 3, 20),
    "1500": _Regel(3, 3, 18, baulinie=True),
    "1550": _Regel(2, 3, 16, baulinie=True),
    "1700": _Regel(5, 5),
    "2000": _Regel(4, 4, 14),
    "2100": _Regel(3, 3),
    "gemeinbedarf": _Regel(5, 5),
}
_HANDEL_ABSTAND = 48.0
_MINDESTFENSTER = 160.0
_BAUMABSTAND = 16.0


def bebauen(
    zeichnung: Zeichnung, achsen: Sequence[Achse], zufall: Random, umgebung: Zeichnung | None = None
) -> Zeichnung:
    """The plan with its overlying contents. `umgebung` is the plan whose streets serve it, if it has none itself."""
    strassen = flaechen_von(umgebung or zeichnung, "strasse", "weg")
    inhalte = [
        *zeichnung.inhalte,
        *_baufenster(zeichnung, strassen),
        *_stellplaetze(zeichnung),
        *_strassenbegrenzung(zeichnung),
        *_strassenbaeume(zeichnung, achsen, zufall),
        *_hecken(zeichnung),
        *_massnahmen(zeichnung, zufall),
    ]
    return replace(zeichnung, inhalte=tuple(inhalte))


def _baufenster(zeichnung: Zeichnung, strassen: BaseGeometry) -> Iterator[Inhalt]:
    for inhalt in zeichnung.der_art("baugebiet", "gemeinbedarf"):
        regel = _REGELN[inhalt.werte.get("besondere", inhalt.art)]
        handel = inhalt.werte.get("sonder") == "1600"
        if handel:
            regel = replace(regel, vorn=_HANDEL_ABSTAND)
        for fenster in _fenster(inhalt.geometrie, strassen, regel):
            yield Inhalt("baufenster", fenster, {}, ("2.1",), ueberlagert=True)
            yield from _baulinien(fenster, strassen, regel)


def _fenster(gebiet: BaseGeometry, strassen: BaseGeometry, regel: _Regel) -> list[Polygon]:
    davor = strassen.buffer(regel.vorn, join_style="mitre" if regel.vorn == _HANDEL_ABSTAND else "round")
    flaeche = gebiet.buffer(-regel.seitlich, join_style="mitre").difference(davor)
    if regel.tiefe is not None:
        flaeche = flaeche.intersection(strassen.buffer(regel.vorn + regel.tiefe))
    # Opening: a window too narrow for a house is none.
    flaeche = flaeche.buffer(-3.5, join_style="mitre").buffer(3.5, join_style="mitre").simplify(0.15)
    teile = [auf_raster(Polygon(teil.exterior)) for teil in polygone(flaeche)]
    return [teil for teil in teile if teil.area > _MINDESTFENSTER and teil.is_valid and gebiet.covers(teil)]


def _baulinien(fenster: Polygon, strassen: BaseGeometry, regel: _Regel) -> Iterator[Inhalt]:
    """The window's outline: the street front as Baulinie where the rule asks for one, everything else as Baugrenze."""
    [ring] = ringe(fenster)
    front = strassen.buffer(regel.vorn + 0.3)
    laeufe: list[tuple[str, list[tuple[float, float]]]] = []
    for a, b in pairwise(ring):
        kante = LineString([a, b])
        art = "baulinie" if regel.baulinie and kante.length > 4 and front.covers(kante) else "baugrenze"
        if laeufe and laeufe[-1][0] == art:
            laeufe[-1][1].append(b)
        else:
            laeufe.append((art, [a, b]))
    if len(laeufe) > 1 and laeufe[0][0] == laeufe[-1][0]:
        art, punkte = laeufe.pop()
        laeufe[0] = (art, punkte + laeufe[0][1][1:])
    for art, punkte in laeufe:
        yield Inhalt(art, LineString(punkte), ueberlagert=True)


def _stellplaetze(zeichnung: Zeichnung) -> Iterator[Inhalt]:
    """The car park in front of a shop."""
    strassen = flaechen_von(zeichnung, "strasse")
    vorplatz = strassen.buffer(_HANDEL_ABSTAND - 4, join_style="mitre")
    for inhalt in zeichnung.der_art("baugebiet"):
        if inhalt.werte.get("sonder") == "1600":
            davor = inhalt.geometrie.buffer(-2, join_style="mitre").intersection(vorplatz)
            platz = max(polygone(davor.difference(strassen.buffer(3)).simplify(0.3)), key=lambda p: p.area)
            yield Inhalt("stellplatz", auf_raster(Polygon(platz.exterior)), {"zweck": "1000"}, ueberlagert=True)


def _strassenbegrenzung(zeichnung: Zeichnung) -> Iterator[Inhalt]:
    for inhalt in zeichnung.der_art("strasse"):
        if isinstance(inhalt.geometrie, Polygon):
            for linie in gemeinsamer_rand(inhalt.geometrie, zeichnung.geltungsbereich):
                yield Inhalt("strassenbegrenzung", linie, ueberlagert=True)


def _strassenbaeume(zeichnung: Zeichnung, achsen: Sequence[Achse], zufall: Random) -> Iterator[Inhalt]:
    """Trees along one side of the widest street, clear of kerbs; some of the old ones are to be kept."""
    if not achsen:
        return
    achse = max(achsen, key=lambda a: (a.breite, a.linie.length))
    gruenstreifen = flaechen_von(zeichnung, "baugebiet", "gruen", "gemeinbedarf", "spielplatz").buffer(-1)
    linie = achse.linie.offset_curve(achse.breite / 2 + 2)
    station = zufall.uniform(8, 20)
    while station < linie.length - 6:
        punkt = auf_raster(linie.interpolate(station))
        if gruenstreifen.contains(punkt):
            yield Inhalt(
                "pflanzung", punkt, _BAUM_ERHALT if zufall.random() < 0.2 else _BAUM, ("5.1",), ueberlagert=True
            )
        station += _BAUMABSTAND


_BAUM = {"massnahme": "2000", "gegenstand": "1000"}
_BAUM_ERHALT = {"massnahme": "1000", "gegenstand": "1000"}
_HECKE = {"massnahme": "2000", "gegenstand": "2100"}


def _hecken(zeichnung: Zeichnung) -> Iterator[Inhalt]:
    """A hedge along the outer planting strip."""
    linie = zeichnung.geltungsbereich.buffer(-2.5, join_style="mitre").boundary
    streifen = [i.geometrie for i in zeichnung.der_art("gruen") if i.werte["zweck"] == "24004"]
    hecken = shapely.line_merge(auf_raster(linie.intersection(shapely.union_all(streifen).buffer(-0.5))))
    for hecke in shapely.get_parts(hecken).tolist():
        if isinstance(hecke, LineString) and hecke.length > 20:
            yield Inhalt("pflanzung", hecke, _HECKE, ("5.1",), ueberlagert=True)


def _massnahmen(zeichnung: Zeichnung, zufall: Random) -> Iterator[Inhalt]:
    """Areas for nature (BauGB § 9 (1) no. 20) over the larger green areas outside the planting strip."""
    for inhalt in zeichnung.der_art("gruen", "landwirtschaft"):
        flaeche = inhalt.geometrie
        if isinstance(flaeche, Polygon) and flaeche.area > 1500 and inhalt.werte["zweck"] in {"24003", "1200", "1000"}:
            art = zufall.choice(["1200", "1400", "1500"])
            yield Inhalt("massnahme", flaeche, {"ziel": "2000", "klassifikation": art}, ("5.2",), ueberlagert=True)


def grundstuecke(zeichnung: Zeichnung) -> list[Polygon]:
    """The building areas, largest first: an Änderung takes one of them."""
    gebiete = [i.geometrie for i in zeichnung.der_art("baugebiet") if isinstance(i.geometrie, Polygon)]
    return sorted(gebiete, key=lambda g: -g.area)

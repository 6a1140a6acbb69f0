"""Layouts of Bebauungspläne: how streets, building land and open space lie in a new quarter of a village or small town.

Each function takes a drawing board and returns the areas that fill the Geltungsbereich. The local origin is the place
where the quarter joins the existing road; v points into the quarter.
"""

from collections.abc import Callable
from random import Random

from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from muster.entwurf import Achse, Entwurf, Wunsch, Zeichnung
from muster.flaechen import Punkt, auf_raster, polygone

WA1 = {
    "allg": "1000",
    "besondere": "1200",
    "GRZ": "0.4",
    "GFZ": "0.8",
    "Z": "2",
    "bauweise": "1000",
    "hausform": "4000",
}
WA2 = {
    "allg": "1000",
    "besondere": "1200",
    "GRZ": "0.3",
    "GFZ": "0.6",
    "Z": "2",
    "bauweise": "1000",
    "hausform": "1000",
}
WA_DICHT = {
    "allg": "1000",
    "besondere": "1200",
    "GRZ": "0.4",
    "GFZ": "1.2",
    "Z": "3",
    "bauweise": "1000",
    "hausform": "3000",
}
WR = {"allg": "1000", "besondere": "1100", "GRZ": "0.3", "GFZ": "0.3", "Z": "1", "bauweise": "1000", "hausform": "1000"}
MI = {"allg": "2000", "besondere": "1500", "GRZ": "0.6", "GFZ": "1.2", "Z": "3", "bauweise": "1000"}
MU = {"allg": "2000", "besondere": "1550", "GRZ": "0.8", "GFZ": "2.4", "Z": "4", "bauweise": "2000"}
MD = {"allg": "2000", "besondere": "1400", "GRZ": "0.4", "GFZ": "0.8", "Z": "2", "bauweise": "1000"}
GE = {"allg": "3000", "besondere": "1700", "GRZ": "0.8", "GFZ": "1.6", "Z": "3", "bauweise": "3000"}
GE_RAND = {"allg": "3000", "besondere": "1700", "GRZ": "0.6", "GFZ": "1.2", "Z": "2", "bauweise": "1000"}
SO_SOLAR = {"allg": "4000", "besondere": "2100", "sonder": "1900", "GRZ": "0.6"}
SO_HANDEL = {
    "allg": "4000",
    "besondere": "2100",
    "sonder": "1600",
    "GRZ": "0.8",
    "GFZ": "0.8",
    "Z": "1",
    "bauweise": "3000",
}
SO_FERIEN = {
    "allg": "4000",
    "besondere": "2000",
    "sonder": "1100",
    "GRZ": "0.2",
    "GFZ": "0.2",
    "Z": "1",
    "bauweise": "1000",
}

_RANDGRUEN = {"zweck": "24004", "nutzungsform": "1000"}
_PARK = {"zweck": "1000", "nutzungsform": "2000"}
_SPIELPLATZ = {"zweck": "2000"}
_BEGLEITGRUEN = {"zweck": "24000", "nutzungsform": "2000"}
_GEHWEG = {"bp": "1500", "so": "14005"}
_RADGEHWEG = {"bp": "1300", "so": "14003"}
_WIRTSCHAFTSWEG = {"bp": "1580", "so": "140012"}
_PLATZ = {"bp": "2100", "so": "14001"}
_PARKPLATZ = {"bp": "1000", "so": "16000"}
_FLIESSEND = {"bp": "1200", "so": "2000"}
_STEHEND = {"bp": "1100", "so": "3000"}
_REGENWASSER = {"zweck": "20000"}
_TRAFO = {"zweck": "10001"}

_ACHTECK = ((1, 0), (0.7, 0.7), (0, 1), (-0.7, 0.7), (-1, 0), (-0.7, -0.7), (0, -1), (0.7, -0.7))

type Quartier = Callable[[Entwurf], Zeichnung]

# The access road begins this far outside the Geltungsbereich, so that its mouth is cut straight.
_VORLAUF = 14.0


def wohnen_kamm(e: Entwurf) -> Zeichnung:
    """A bent spine with side streets that end in turning circles."""
    z = e.zufall
    laenge, knick = z.uniform(165, 230), z.uniform(-16, 16)
    spine = e.strasse((0, -_VORLAUF), (0, 0), (knick, laenge * 0.45), (knick * 0.4, laenge), breite=7.0, wendekreis=9.5)
    seite, station = _seite(z), z.uniform(62, 74)
    while station < laenge - 45:
        for richtung in (seite, -seite) if z.random() < 0.35 else (seite,):
            u, v = e.lage.zurueck(spine.linie.interpolate(station + _VORLAUF))
            ende = u + richtung * z.uniform(78, 125)
            e.strasse(
                (u, v), ((u + ende) / 2, v + z.uniform(-3, 3)), (ende, v + z.uniform(-9, 9)), breite=5.5, wendekreis=8.5
            )
        seite, station = -seite, station + z.uniform(38, 46)
    return _wohngebiet(e, z.uniform(29, 34), spine, laenge)


def wohnen_ring(e: Entwurf) -> Zeichnung:
    """A loop road round an inner block, reached by a short access road; one cul-de-sac leaves the loop."""
    z = e.zufall
    breit, tief, schief = z.uniform(110, 165), z.uniform(64, 78), z.uniform(-9, 9)
    links = -breit * z.uniform(0.35, 0.6)
    anschluss = (0.0, 44 - schief * links / breit)
    spine = e.strasse((0, -_VORLAUF), anschluss, breite=7.0)
    vorn_rechts, hinten_rechts = (links + breit, 44 + schief), (links + breit - 6, 44 + schief + tief)
    e.strasse(anschluss, vorn_rechts, hinten_rechts, (links + 8, 44 + tief), (links, 44), anschluss, breite=6.0)
    u = links + breit / 2 + z.uniform(-20, 20)
    e.strasse(
        (u, 44 + tief + schief / 2), (u + z.uniform(-5, 5), 44 + tief + z.uniform(70, 95)), breite=5.5, wendekreis=8.5
    )
    return _wohngebiet(e, z.uniform(29, 33), spine, 44 + tief + 60)


def wohnen_zeile(e: Entwurf) -> Zeichnung:
    """One winding street with a row of plots on either side."""
    z = e.zufall
    laenge, schwung = z.uniform(245, 310), z.uniform(14, 28) * _seite(z)
    spine = e.strasse(
        (0, -_VORLAUF), (0, 30), (schwung * 0.7, laenge * 0.4), (schwung, laenge * 0.7), (schwung * 0.8, laenge),
        wendekreis=9.0,
    )  # fmt: skip
    return _wohngebiet(e, z.uniform(32, 40), spine, laenge)


def _wohngebiet(e: Entwurf, grundstueckstiefe: float, spine: Achse, tiefe: float) -> Zeichnung:
    """Open space and building land between the streets that are laid out."""
    z = e.zufall
    seite = _seite(z)
    gebiet = _einzig(e.umgriff(grundstueckstiefe).intersection(_hinterland(e, 0)))
    ende = e.achsen[-1]
    weg = auf_raster(ende.verlaengert(90).linie.buffer(1.5, cap_style="flat"))
    dichte = WA_DICHT if z.random() < 0.3 else WA1
    spiel = z.uniform(0.35, 0.5) * min(spine.linie.length, tiefe)
    wuensche = [
        Wunsch("strasse", e.verkehrsflaeche(5.0)),
        Wunsch("gruen", e.rand(gebiet, z.uniform(6, 9), *_jenseits(tiefe * 0.55)), _RANDGRUEN, ("5.1",)),
        Wunsch("weg", weg, _GEHWEG),
        Wunsch("versorgung", spine.neben(_VORLAUF + 1, _VORLAUF + 27, 70, seite), _REGENWASSER, ("4.1",)),
        Wunsch("spielplatz", spine.neben(_VORLAUF + spiel, _VORLAUF + spiel + 30, 27, seite), _SPIELPLATZ),
        Wunsch("versorgung", spine.neben(_VORLAUF + 32, _VORLAUF + 38, 5, -seite), _TRAFO),
        Wunsch("baugebiet", e.lage.feld(-900, 0, 900, tiefe * 0.5), dichte, ("1.1", "2.1", "3.1")),
        Wunsch("baugebiet", gebiet, WR if z.random() < 0.2 else WA2, ("1.1", "2.1", "3.1")),
    ]
    return e.zeichnen(gebiet, wuensche)


def gewerbe(e: Entwurf) -> Zeichnung:
    """A business park off a main road: wide street, large plots, planting all round, a basin for rain water."""
    z = e.zufall
    breit, tief, seite = z.uniform(230, 330), z.uniform(170, 240), _seite(z)
    e.strasse((-breit, 0), (breit, 0), breite=13.0)
    knick = z.uniform(0, 55) * seite
    spine = e.strasse(
        (0, 0), (0, tief * 0.45), (knick, tief * 0.45 + abs(knick) * 0.35 + 30), breite=10.0, wendekreis=13.5
    )
    links, rechts = -breit * z.uniform(0.4, 0.55), breit * z.uniform(0.4, 0.55)
    umriss = e.lage.flaeche(
        (links, -6.5), (rechts, -6.5), (rechts + z.uniform(-12, 12), tief * 0.6), (rechts - z.uniform(15, 45), tief),
        (links * 0.3, tief + z.uniform(5, 20)), (links + z.uniform(-10, 10), tief - z.uniform(5, 25)),
    )  # fmt: skip
    basin = e.lage.feld(rechts - 62, 6, rechts + 80, 58) if seite < 0 else e.lage.feld(links - 80, 6, links + 62, 58)
    wuensche = [
        Wunsch("strasse", e.verkehrsflaeche(10.0)),
        Wunsch("gruen", e.rand(umriss, z.uniform(9, 13), *_jenseits(7)), _RANDGRUEN, ("5.1",)),
        Wunsch("versorgung", basin, _REGENWASSER, ("4.1",)),
        Wunsch("versorgung", spine.neben(16, 24, 8, seite), _TRAFO),
        Wunsch("baugebiet", e.lage.feld(-900, -90, 900, tief * 0.4), GE_RAND, ("1.2", "2.1", "6.1")),
        Wunsch("baugebiet", umriss, GE, ("1.2", "2.1", "6.1")),
    ]
    return e.zeichnen(umriss, wuensche)


def ortsmitte(e: Entwurf) -> Zeichnung:
    """The middle of a village: two bent streets cross at a square; mixed use, a public building, a small park."""
    z = e.zufall
    e.strasse((-130, z.uniform(-12, 12)), (-40, 4), (0, 0), (55, -8), (130, z.uniform(-25, 10)), breite=8.0)
    quer = e.strasse((z.uniform(-12, 12), -105), (6, -40), (0, 0), (-8, 50), (z.uniform(-25, 5), 110), breite=7.0)
    gasse = z.uniform(38, 60)
    e.strasse((0, 0), (gasse * 0.9, gasse), (gasse + 25, gasse + 42), breite=4.5)
    gebiet = e.verziehen(
        e.lage.flaeche((-92, -62), (-20, -78), (70, -70), (104, -20), (98, 58), (30, 84), (-52, 76), (-98, 30)), 9
    )
    urban = z.random() < 0.5
    wuensche = [
        Wunsch("weg", e.lage.flaeche((-24, -4), (-20, -27), (22, -24), (27, 4), (14, 22), (-16, 19)), _PLATZ),
        Wunsch("strasse", e.verkehrsflaeche(4.0)),
        Wunsch("gemeinbedarf", quer.neben(118, 172, 46, 1), {"zweck": "14000"} if urban else {"zweck": "10000"}),
        Wunsch("gruen", quer.neben(118, 182, 70, 1), _PARK),
        Wunsch("weg", quer.neben(32, 62, 34, -1), _PARKPLATZ),
        Wunsch("baugebiet", quer.neben(0, 400, 300, 1), MU if urban else MI, ("1.3", "2.1")),
        Wunsch("baugebiet", gebiet, MI if urban else MD, ("1.3", "2.1")),
    ]
    return e.zeichnen(gebiet, wuensche, mindestflaeche=80)


def solarpark(e: Entwurf) -> Zeichnung:
    """Ground-mounted solar panels on fields: farm track, ditch, hedges, and land left to the farmer."""
    z = e.zufall
    breit, tief, seite = z.uniform(250, 340), z.uniform(220, 310), _seite(z)
    e.strasse((-breit, 2.5), (0, z.uniform(1, 4)), (breit, 2.5), breite=5.0)
    umriss = e.verziehen(
        e.lage.flaeche(
            (-breit * 0.5, -10), (breit * 0.5, -10), (breit * 0.46, tief * 0.5), (breit * 0.52, tief),
            (0, tief * 1.06), (-breit * 0.47, tief * 0.93), (-breit * 0.53, tief * 0.4),
        ),
        7,
    )  # fmt: skip
    weg = _einzig(e.verkehrsflaeche(5.0))
    v = tief * z.uniform(0.62, 0.72)
    bach = e.lage.linie((-breit, v - 12), (-breit * 0.2, v + 7), (breit * 0.15, v - 5), (breit, v + 16))
    saum = auf_raster(bach.buffer(9, cap_style="flat", join_style="mitre"))
    wald = e.lage.feld(seite * breit * 0.30, v, seite * 900, 900)
    wuensche = [
        Wunsch("weg", weg, _WIRTSCHAFTSWEG),
        Wunsch("gewaesser", auf_raster(bach.buffer(2, cap_style="flat", join_style="mitre")), _FLIESSEND),
        Wunsch("gruen", saum, {"zweck": "24003", "nutzungsform": "1000"}, ("5.2",)),
        Wunsch(
            "gruen", e.rand(umriss, 6, *_jenseits(5)).intersection(e.lage.feld(-900, 0, 900, v)), _RANDGRUEN, ("5.1",)
        ),
        Wunsch("wald", wald, {"zweck": "1200"}),
        Wunsch("landwirtschaft", e.lage.feld(-900, v, 900, 900), {"zweck": "1200"}),
        Wunsch("landwirtschaft", e.lage.feld(-900, -90, 900, 0), {"zweck": "1100"}),
        Wunsch("baugebiet", umriss, SO_SOLAR, ("1.4", "5.2")),
    ]
    return e.zeichnen(umriss, wuensche, mindestflaeche=150)


def einzelhandel(e: Entwurf) -> Zeichnung:
    """A food store with its car park at the edge of the village (project-based plan)."""
    z = e.zufall
    breit, tief, seite = z.uniform(162, 192), z.uniform(135, 162), _seite(z)
    e.strasse((-breit, 0), (breit, z.uniform(-6, 6)), breite=9.0)
    zufahrt = e.strasse((seite * breit * 0.2, 0), (seite * breit * 0.22, tief * 0.32), breite=8.0)
    gebiet = e.verziehen(
        e.lage.flaeche((-breit / 2, -9), (breit / 2, -9), (breit * 0.48, tief), (-breit * 0.52, tief * 0.93)), 5
    )
    wuensche = [
        Wunsch("strasse", e.verkehrsflaeche(7.0)),
        Wunsch("gruen", e.rand(gebiet, 5, *_jenseits(9)), _RANDGRUEN, ("5.1",)),
        Wunsch("versorgung", zufahrt.neben(14, 21, 6, seite), _TRAFO),
        Wunsch("gruen", e.lage.feld(-900, -90, 900, 8), _BEGLEITGRUEN),
        Wunsch("baugebiet", gebiet, SO_HANDEL, ("1.5", "2.1")),
    ]
    return e.zeichnen(gebiet, wuensche)


def gemeinbedarf(e: Entwurf) -> Zeichnung:
    """A day nursery and the fire station beside a sports ground."""
    z = e.zufall
    spine = e.strasse((0, -_VORLAUF), (0, 60), (z.uniform(-12, 12), z.uniform(125, 150)), breite=7.5, wendekreis=11.0)
    gebiet = e.verziehen(e.lage.flaeche((-88, 0), (92, 0), (104, 70), (96, 176), (10, 184), (-80, 170), (-96, 80)), 6)
    gebiet = _einzig(gebiet.intersection(_hinterland(e, 0)))
    seite, achse = _seite(z), spine.verlaengert(120)
    wuensche = [
        Wunsch("strasse", e.verkehrsflaeche(6.0)),
        Wunsch("gruen", e.rand(gebiet, 7, *_jenseits(60)), _RANDGRUEN, ("5.1",)),
        Wunsch("weg", spine.neben(_VORLAUF + 6, _VORLAUF + 40, 36, seite), _PARKPLATZ),
        Wunsch("gemeinbedarf", achse.neben(0, _VORLAUF + 70, 160, -seite), {"zweck": "24000"}),
        Wunsch("spielplatz", achse.neben(_VORLAUF + 70, 400, 160, -seite), {"zweck": "1000"}),
        Wunsch("gemeinbedarf", gebiet, {"zweck": "16000"}),
    ]
    return e.zeichnen(gebiet, wuensche, mindestflaeche=120)


def ortsrand(e: Entwurf) -> Zeichnung:
    """A few houses along an existing lane, rounded off against the open country (BauGB § 34 (4), § 35 (6))."""
    z = e.zufall
    laenge, seite = z.uniform(222, 270), _seite(z)
    e.strasse((-laenge, z.uniform(-20, 20)), (0, 0), (laenge * 0.4, 8 * seite), (laenge, 20 * seite), breite=6.0)
    gebiet = e.verziehen(
        e.lage.flaeche(
            (-laenge * 0.45, -46),
            (0, -52),
            (laenge * 0.5, -42),
            (laenge * 0.52, 62),
            (laenge * 0.1, 54),
            (-laenge * 0.48, 50),
        ),
        5,
    )
    wuensche = [
        Wunsch("strasse", e.verkehrsflaeche(5.0)),
        Wunsch("gruen", e.rand(gebiet, 5, *_jenseits(22)), _RANDGRUEN, ("5.1",)),
        Wunsch("baugebiet", gebiet, MD, ("2.1",)),
    ]
    return e.zeichnen(gebiet, wuensche)


def ferienhaeuser(e: Entwurf) -> Zeichnung:
    """A few holiday houses on a loop of the lane, at the edge of a wood and a pond."""
    z = e.zufall
    spine = e.strasse((0, -_VORLAUF), (4, 50), (z.uniform(-14, 14), 130), breite=4.5, wendekreis=8.0)
    gebiet = e.verziehen(e.lage.flaeche((-70, 0), (72, 0), (96, 80), (74, 170), (-20, 190), (-88, 140), (-92, 50)), 8)
    gebiet = _einzig(gebiet.intersection(_hinterland(e, 0)))
    seite = _seite(z)
    teich = [(seite * (58 + 17 * c), 40 + 23 * s) for c, s in _ACHTECK]
    wuensche = [
        Wunsch("strasse", e.verkehrsflaeche(5.0)),
        Wunsch("gewaesser", e.verziehen(e.lage.flaeche(*teich), 3), _STEHEND),
        Wunsch("wald", e.rand(gebiet, 26, *_jenseits(110)), {"zweck": "1400"}),
        Wunsch("gruen", spine.neben(0, _VORLAUF + 72, 200, -seite), _PARK, ("5.2",)),
        Wunsch("baugebiet", gebiet, SO_FERIEN, ("1.6", "2.1")),
    ]
    return e.zeichnen(gebiet, wuensche, mindestflaeche=100)


def _seite(zufall: Random) -> int:
    return 1 if zufall.random() < 0.5 else -1


def _jenseits(v: float) -> tuple[Punkt, ...]:
    """The local half-plane beyond `v`, wide enough for any quarter."""
    return (-900, v), (900, v), (900, 1200), (-900, 1200)


def _hinterland(e: Entwurf, v: float) -> Polygon:
    return e.lage.flaeche(*_jenseits(v))


def _einzig(geometrie: BaseGeometry) -> Polygon:
    """The largest part; slivers that a cut leaves behind do not count."""
    return auf_raster(max(polygone(geometrie), key=lambda p: p.area))

"""Kinds of Bebauungsplan, invented names for them, and the order in which kinds and legal states are dealt out."""

from dataclasses import dataclass

from muster import quartiere as q
from muster.entwurf import Werte


@dataclass(frozen=True)
class Vorlage:
    """A kind of Bebauungsplan. The layout lies within `radius` of a point `voraus` metres ahead of its local origin.

    `planarten` are codes of BP_PlanArt, taken in turn; `ab_jahr` is the earliest year in which such a plan makes sense.
    `nutzung` is what the Flächennutzungsplan shows there; None inside a village, whose uses it shows anyway.
    `weite` says how far from the middle of the village it may begin, in radii of the village.
    """

    quartier: q.Quartier
    voraus: float
    radius: float
    titel: tuple[str, ...]
    planarten: tuple[int, ...]
    nutzung: tuple[str, Werte] | None
    weite: tuple[float, float] = (0.98, 4.5)
    ab_jahr: int = 1979
    innerorts: bool = False
    massstab: int = 1000


_WOHNTITEL = (
    "Am Lindenrain", "Auf dem Kalkofen", "Im Obergarten", "Vor dem Hainbuch", "Am Kirschberg", "Hinter den Gärten",
    "Auf der Bleiche", "Am Mühlacker", "Im Wiesengrund", "Am Steinweg", "Sonnenhang", "Zum Birkenfeld",
    "Auf der Heide", "Am Schlehenbusch", "Unterm Eichholz", "Langer Acker", "Hasensprung", "Im Krautgarten",
    "Ober dem Dorf", "Am Weingarten", "Auf dem Stumpf",
)  # fmt: skip
_GEWERBETITEL = (
    "Gewerbepark Am Bahndamm", "An der Ziegelei", "Auf dem Hammerfeld", "Gewerbegebiet In der Aue", "Am Umspannwerk",
)  # fmt: skip
_SOLARTITEL = (
    "Solarpark Hohe Warte", "Solarpark Am Galgenberg", "Photovoltaik Breiter Acker", "Sonnenfeld Am Wartturm",
)  # fmt: skip
_HANDELSTITEL = (
    "Nahversorgung Am Ortseingang", "Lebensmittelmarkt Am Kreisel", "Einkaufsmarkt Am Anger", "Nahversorgung Süd",
    "Am alten Sägewerk",
)  # fmt: skip
_BEDARFSTITEL = ("Kindertagesstätte und Feuerwehr", "Kita Am Sportfeld", "Feuerwehrstützpunkt", "Kita Wiesengrund")
_FERIENTITEL = (
    "Ferienhausgebiet Am Weiher", "Ferienhäuser Am Waldrand", "Erholungsgebiet Quellgrund", "Ferienpark Schäferwiese",
    "Am Forellenteich",
)  # fmt: skip
_MITTETITEL = ("Ortskern", "Rund um die Kirche", "Am Brunnenplatz", "Alte Mitte", "Marktplatz und Umgebung")
_RANDTITEL = ("Im Hohlweg", "Am Triesch", "Auf dem Bornrain", "Hinter der Kirche", "Ober der Linde")

WOHNEN: tuple[str, Werte] = ("baugebiet", {"allg": "1000"})
_GEWERBE: tuple[str, Werte] = ("baugebiet", {"allg": "3000"})
_SOLAR: tuple[str, Werte] = ("baugebiet", {"allg": "4000", "sonder": "1900"})
_HANDEL: tuple[str, Werte] = ("baugebiet", {"allg": "4000", "sonder": "1600"})
_FERIEN: tuple[str, Werte] = ("baugebiet", {"allg": "4000", "sonder": "1100"})
_BEDARF: tuple[str, Werte] = ("gemeinbedarf", {"zweck": "16000"})
_DORF: tuple[str, Werte] = ("baugebiet", {"allg": "2000"})

VORLAGEN = {
    "kamm": Vorlage(q.wohnen_kamm, 115, 200, _WOHNTITEL, (10001, 10001, 1000), WOHNEN),
    "ring": Vorlage(q.wohnen_ring, 110, 180, _WOHNTITEL, (10001, 10001), WOHNEN),
    "zeile": Vorlage(q.wohnen_zeile, 150, 190, _WOHNTITEL, (1000, 10001), WOHNEN),
    "gewerbe": Vorlage(q.gewerbe, 115, 230, _GEWERBETITEL, (10001,), _GEWERBE, massstab=2000),
    "solar": Vorlage(
        q.solarpark, 150, 275, _SOLARTITEL, (3000, 10001), _SOLAR, (1.9, 5.0), ab_jahr=2010, massstab=2000
    ),
    "handel": Vorlage(q.einzelhandel, 65, 140, _HANDELSTITEL, (3000, 3100), _HANDEL, ab_jahr=2000),
    "gemeinbedarf": Vorlage(q.gemeinbedarf, 90, 145, _BEDARFSTITEL, (1000,), _BEDARF),
    "ferien": Vorlage(q.ferienhaeuser, 90, 145, _FERIENTITEL, (10001,), _FERIEN, (1.6, 5.0)),
    "ortsmitte": Vorlage(
        q.ortsmitte, 0, 125, _MITTETITEL, (1000, 10000), None, (0.0, 0.1), ab_jahr=2018, innerorts=True
    ),
    "ortsrand": Vorlage(
        q.ortsrand,
        0,
        165,
        _RANDTITEL,
        (40000, 40001, 40002, 4000, 5000),
        _DORF,
        (0.9, 1.5),
        ab_jahr=2005,
        innerorts=True,
    ),
}

REIHEN = (
    ("kamm", "ring", "zeile"),
    ("gewerbe", "solar", "handel", "gemeinbedarf", "ferien"),
    ("ortsmitte", "ortsrand"),
)
"""Every municipality gets one plan of each series; the larger ones get another of the second."""

RECHTSSTAENDE = (
    4000, 2400, 4000, 1000, 4000, 2400, 3000, 4000, 2000, 4000, 2400, 4500, 2300, 4000, 2400, 2100, 4000, 5000, 2400,
    4000, 2200, 50000, 2250, 4000, 45000, 2400, 50001, 3000, 45001,
)  # fmt: skip
"""Dealt out in turn over all Bebauungspläne; about half of them are in force."""

AENDERUNGSSTAENDE = (4000, 2400, 4000, 3000, 4000, 2300, 4000)
FP_RECHTSSTAENDE = {4: 2400, 9: 1000, 13: 2300, 17: 3000, 19: 2400}
"""Place among the participants -> state of a new Flächennutzungsplan; the others are in force."""

# Codes of BP_Rechtsstand that the earlier versions lack.
NUR_60 = frozenset({2250, 45000, 45001})
NICHT_41 = frozenset({50000, 50001})

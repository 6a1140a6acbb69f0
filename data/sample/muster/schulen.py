"""A list of invented schools in the shape of a Hessian school list: no persons, no telephones, no real streets."""

import csv
import io
import math
from random import Random

from shapely.geometry import Point, Polygon

from muster.flaechen import Punkt, runden
from muster.gemeinden import GEMEINDEN, Gemeinde
from muster.umrisse import sitz

_SPALTEN = (
    "Schulnummer", "Schulname", "Schulform", "Strasse", "PLZ", "Ort", "AGS", "Website", "Schuelerzahl", "Traeger",
    "X", "Y",
)  # fmt: skip

# In the order in which a municipality gets them: the larger it is, the further down the list.
_FORMEN = (
    ("Grundschule", 60, 240),
    ("Grundschule", 50, 160),
    ("Kooperative Gesamtschule", 420, 980),
    ("Förderschule", 40, 120),
    ("Gymnasium", 480, 1050),
    ("Berufliche Schule", 600, 1700),
)
_STRASSEN = (
    "Am Lindenrain", "Schulstraße", "Am Kirschberg", "Auf der Bleiche", "Im Wiesengrund", "Am Steinweg", "Sonnenhang",
    "Zum Birkenfeld", "Auf der Heide", "Am Schlehenbusch", "Unterm Eichholz", "Im Krautgarten",
)  # fmt: skip
_KREIS = "Landkreis Marburg-Biedenkopf (Muster)"
_ERSTE_NUMMER = 90001


def schulliste(umrisse: dict[str, Polygon]) -> str:
    """The list as CSV: semicolons, EPSG:25832 with decimal comma. `umrisse` maps AGS to outline."""
    puffer = io.StringIO()
    schreiber = csv.writer(puffer, delimiter=";", lineterminator="\n")
    schreiber.writerow(_SPALTEN)
    nummer = _ERSTE_NUMMER
    for gemeinde in GEMEINDEN:
        z = Random(f"Schulen {gemeinde.ags}")
        orte: list[Punkt] = []
        strassen = z.sample(_STRASSEN, k=_anzahl(gemeinde))
        for strasse, (form, wenig, viel) in zip(strassen, _FORMEN, strict=False):
            ort = _ort(gemeinde, umrisse[gemeinde.ags], orte, z)
            orte.append(ort)
            schreiber.writerow(
                (
                    nummer,
                    f"Musterschule {_zur(strasse)}",
                    form,
                    f"{strasse} {z.randrange(1, 60)}",
                    gemeinde.plz,
                    gemeinde.name,
                    gemeinde.ags,
                    f"https://musterschule-{nummer}.example.org/",
                    z.randrange(wenig, viel),
                    _KREIS if gemeinde.teilnehmer else f"Stadt {gemeinde.name} (Muster)",
                    *(f"{wert:.2f}".replace(".", ",") for wert in ort),
                )
            )
            nummer += 1
    return puffer.getvalue()


def _anzahl(gemeinde: Gemeinde) -> int:
    return 2 + sum(gemeinde.einwohner > grenze for grenze in (5000, 9000, 13000, 20000))


def _zur(strasse: str) -> str:
    """The street as part of a name: "Am Steinweg" stays, "Schulstraße" becomes "an der Schulstraße"."""
    if strasse.split()[0] in {"Am", "Auf", "Im", "Zum", "Unterm"}:
        return strasse
    return f"an der {strasse}" if strasse.endswith("straße") else f"am {strasse}"


def _ort(gemeinde: Gemeinde, umriss: Polygon, belegt: list[Punkt], z: Random) -> Punkt:
    """The first near the seat, the others further out, well inside the municipality and apart from each other."""
    mitte, innen = sitz(gemeinde), umriss.buffer(-300)
    while True:
        weite, richtung = z.uniform(120, 600 if not belegt else 3200), z.uniform(0, math.tau)
        ort = runden(mitte[0] + weite * math.cos(richtung), mitte[1] + weite * math.sin(richtung))
        if innen.contains(Point(ort)) and all(math.dist(ort, anderer) > 350 for anderer in belegt):
            return ort

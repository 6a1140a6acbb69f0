"""Invented addresses and parcels: in the building areas of the sample plans, and along a few streets of each village.

The names of the streets are such as every village has; whether a village really has one of them is chance. No house and
no parcel here is a real one.
"""

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry import Point, Polygon, box

from muster.bebauung import grundstuecke
from muster.flaechen import polygone, runden
from muster.gemeinden import GEMEINDEN, Gemeinde
from muster.plan import Plan
from muster.umrisse import sitz

_SPALTEN = ("AGS", "Ort", "Ortsteil", "PLZ", "Strasse", "Hausnummer", "Zusatz", "X", "Y")
_STRASSEN = (
    "Marburger Straße", "Bahnhofstraße", "Hauptstraße", "Kirchstraße", "Schulstraße", "Ringstraße", "Mühlgasse",
    "Gießener Straße", "Goethestraße", "Friedrich-Ebert-Straße", "Am Marktplatz", "Lindenweg", "Höhenweg",
)  # fmt: skip
_ERDACHT = ("Musterallee", "Musterring", "Musterweg", "Mustergasse")
_JE_DORF = 6
_BREITE, _TIEFE = 22.0, 32.0
_KLEINSTES = 250.0  # m²
type _Ecke = tuple[float, float]
_CRS84 = Transformer.from_crs("EPSG:25832", "OGC:CRS84", always_xy=True)


@dataclass(frozen=True)
class Flurstueck:
    """A plot, and the street and number of the house on it."""

    gemeinde: Gemeinde
    flur: int
    zaehler: int
    nenner: int
    strasse: str
    hausnummer: int
    umriss: Polygon


def flurstuecke(plaene: Sequence[Plan]) -> list[Flurstueck]:
    """The plots in the building areas of all Bebauungspläne, whatever their legal state; an Änderung adds none."""
    gefunden: list[Flurstueck] = []
    flur: dict[str, int] = {}
    for plan in plaene:
        if plan.planwerk != "BP" or plan.kuerzel.endswith("ae"):
            continue
        ags = plan.gemeinde.ags
        flur[ags] = flur.get(ags, 0) + 1
        strasse = _strasse(plan, flur[ags])
        for nr, umriss in enumerate(_geteilt(plan), start=1):
            gefunden.append(Flurstueck(plan.gemeinde, flur[ags], 10 + nr // 8, 1 + nr % 8, strasse, nr, umriss))
    return gefunden


def adressliste(plots: Sequence[Flurstueck]) -> str:
    """The addresses as CSV: semicolons, EPSG:25832 with decimal comma."""
    puffer = io.StringIO()
    schreiber = csv.writer(puffer, delimiter=";", lineterminator="\n")
    schreiber.writerow(_SPALTEN)
    for plot in plots:
        mitte = plot.umriss.representative_point()
        schreiber.writerow(_zeile(plot.gemeinde, plot.strasse, plot.hausnummer, "", mitte.x, mitte.y))
    for gemeinde in GEMEINDEN:
        for strasse, nummer, zusatz, ort in _dorfstrassen(gemeinde):
            schreiber.writerow(_zeile(gemeinde, strasse, nummer, zusatz, *ort))
    return puffer.getvalue()


def geojson(plots: Sequence[Flurstueck]) -> str:
    """The plots as GeoJSON (CRS84), with the columns of ALKIS' simplified schema."""
    zeilen = []
    for plot in plots:
        schluessel = f"06{plot.gemeinde.ags[-4:]}"
        ring = [[round(x, 7), round(y, 7)] for x, y in _CRS84.itransform(plot.umriss.exterior.coords)]
        eigenschaften = {
            "flstkennz": f"{schluessel}{plot.flur:03}{plot.zaehler:05}{plot.nenner:04}",
            "gemarkung": plot.gemeinde.kernort,
            "gemaschl": schluessel,
            "gmdschl": plot.gemeinde.ags,
            "flur": f"Flur {plot.flur}",
            "flstnrzae": str(plot.zaehler),
            "flstnrnen": str(plot.nenner),
            "hinweis": "erfundenes Muster, kein amtliches Flurstück",
        }
        geometrie = {"type": "Polygon", "coordinates": [ring]}
        zeilen.append(json.dumps({"type": "Feature", "properties": eigenschaften, "geometry": geometrie}))
    return '{"type": "FeatureCollection", "features": [\n' + ",\n".join(zeilen) + "\n]}\n"


def _zeile(gemeinde: Gemeinde, strasse: str, nummer: int, zusatz: str, x: float, y: float) -> tuple[object, ...]:
    lage = (f"{wert:.2f}".replace(".", ",") for wert in (x, y))
    return (gemeinde.ags, gemeinde.name, gemeinde.kernort, gemeinde.plz, strasse, nummer, zusatz, *lage)


def _strasse(plan: Plan, flur: int) -> str:
    """The quarter's street bears the quarter's name where that can be a street's: Nr. 5 „Am Lindenrain“."""
    name = re.search("„(.+?)“", plan.name)
    titel = name[1] if name else plan.name
    return titel if titel.split()[0] in {"Am", "An", "Auf", "Im", "In", "Vor", "Hinter", "Zum"} else _ERDACHT[flur % 4]


def _geteilt(plan: Plan) -> Iterator[Polygon]:
    """Each building area cut into plots along its longer side."""
    for gebiet in grundstuecke(plan.zeichnung):
        rahmen = shapely.minimum_rotated_rectangle(gebiet)
        if not isinstance(rahmen, Polygon):
            continue
        (x0, y0), (x1, y1), (x2, y2) = list(rahmen.exterior.coords)[:3]
        if math.dist((x1, y1), (x2, y2)) > math.dist((x0, y0), (x1, y1)):
            (x0, y0), (x1, y1), (x2, y2) = (x1, y1), (x2, y2), list(rahmen.exterior.coords)[3]
        laenge, hoehe = math.dist((x0, y0), (x1, y1)), math.dist((x1, y1), (x2, y2))
        spalten, reihen = max(1, round(laenge / _BREITE)), max(1, round(hoehe / _TIEFE))
        for reihe in range(reihen):
            for spalte in range(spalten):
                zelle = shapely.transform(
                    box(spalte / spalten, reihe / reihen, (spalte + 1) / spalten, (reihe + 1) / reihen),
                    partial(_im_rahmen, (x0, y0), (x1, y1), (x2, y2)),
                )
                stuecke = [each for each in polygone(zelle.intersection(gebiet)) if each.area > _KLEINSTES]
                yield from sorted(stuecke, key=lambda each: -each.area)[:1]


def _im_rahmen(p: _Ecke, q: _Ecke, r: _Ecke, uv: NDArray[np.float64]) -> NDArray[np.float64]:
    """From the unit square to the rectangle with the corners p, q, r."""
    return p + uv[:, :1] * (q[0] - p[0], q[1] - p[1]) + uv[:, 1:] * (r[0] - q[0], r[1] - q[1])


def _dorfstrassen(gemeinde: Gemeinde) -> Iterator[tuple[str, int, str, tuple[float, float]]]:
    """Street, number, letter and place: houses on both sides of short streets around the seat."""
    z = Random(f"Adressen {gemeinde.ags}")
    mitte = sitz(gemeinde)
    for nr, strasse in enumerate(z.sample(_STRASSEN, k=_JE_DORF)):
        winkel = math.tau * nr / _JE_DORF + z.uniform(-0.2, 0.2)
        for haus in range(1, z.randrange(12, 30)):
            weit, quer = 60 + 11 * haus, 14 if haus % 2 else -14
            x = mitte[0] + weit * math.cos(winkel) - quer * math.sin(winkel)
            y = mitte[1] + weit * math.sin(winkel) + quer * math.cos(winkel)
            ort = Point(runden(x, y))
            yield strasse, haus, "", (ort.x, ort.y)
            if z.random() < 0.06:
                yield strasse, haus, "a", (ort.x + 6, ort.y + 4)

"""Invented thematic data in the shapes in which such data come: an extract of OpenStreetMap, a list, a lamp cadastre.

Pools and test sites as GeoJSON and CSV, streetlights as a Shapefile in Gauß-Krüger with a code page, waste bins as an
Excel workbook. No real place, firm, person or telephone number.
"""

import csv
import io
import json
import math
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

import geopandas
import xlsxwriter
from pyproj import Transformer
from shapely.geometry import Point, Polygon

from muster.gemeinden import GEMEINDEN, TEILNEHMER, Gemeinde
from muster.umrisse import sitz

STICHTAG = date(2026, 11, 16)
_GEOGRAPHISCH = Transformer.from_crs("EPSG:25832", "OGC:CRS84", always_xy=True)
_HINWEIS = "Muster"
_STRASSEN_JE_GEMEINDE, _LEUCHTEN_JE_STRASSE, _ABSTAND_M = 25, 20, 35


def schwimmbaeder(umrisse: dict[str, Polygon]) -> str:
    """GeoJSON as an extract of OpenStreetMap has it: tags with colons, ids such as "way/1"."""
    features = []
    baeder = (
        ("Hallenbad", "yes", "Mo off; Tu-Fr 14:00-20:00; Sa,Su 09:00-18:00; PH off; Jul 1-Aug 15 off"),
        ("Freibad", "no", "May 15-Sep 15: Mo-Su,PH 10:00-20:00"),
        ("Freizeitbad", "yes", "Mo-Fr 10:00-22:00; Sa,Su,PH 09:00-21:00; Dec 24-25 off"),
        ("Naturbad", "no", "Jun-Aug: Mo-Su,PH 11:00-19:00"),
    )
    for nummer, gemeinde in enumerate(GEMEINDEN[::2]):
        z = Random(f"Bad {gemeinde.ags}")
        art, innen, zeiten = baeder[nummer % len(baeder)]
        x, y = _in(gemeinde, umrisse, z, 1500)
        features.append(
            {
                "type": "Feature",
                "id": f"way/{900_000_001 + nummer}",
                "properties": {
                    "@id": f"way/{900_000_001 + nummer}",
                    "name": f"Muster-{art} {gemeinde.kernort}",
                    "leisure": "sports_centre",
                    "sport": "swimming",
                    "indoor": innen,
                    "opening_hours": zeiten,
                    "addr:street": "Badstraße",
                    "addr:housenumber": str(z.randrange(1, 40)),
                    "addr:postcode": gemeinde.plz,
                    "addr:city": gemeinde.name,
                    "website": f"https://bad-{gemeinde.slug}.example.org/",
                    "wheelchair": z.choice(["yes", "limited"]),
                    "note": _HINWEIS,
                },
                "geometry": {"type": "Point", "coordinates": _lonlat(x, y)},
            }
        )
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1) + "\n"


def teststellen(umrisse: dict[str, Polygon]) -> str:
    """CSV with days; some sites are over on the reference day, some only begin later."""
    puffer = io.StringIO()
    schreiber = csv.writer(puffer, delimiter=";", lineterminator="\n")
    schreiber.writerow(
        ("Kennung", "Bezeichnung", "Testart", "Oeffnungszeiten", "Gueltig_von", "Gueltig_bis", "Strasse", "PLZ", "Ort",
         "Ansprechpartner", "Laenge", "Breite")
    )  # fmt: skip
    arten = ("Schnelltest", "PCR-Test", "Schnelltest und PCR-Test")
    fristen = ((-400, -30), (-60, None), (-20, 200), (30, 300))  # over, open, running, to come
    for nummer, gemeinde in enumerate(TEILNEHMER):
        z = Random(f"Test {gemeinde.ags}")
        lon, lat = _lonlat(*_in(gemeinde, umrisse, z, 900))
        von, bis = fristen[nummer % len(fristen)]
        schreiber.writerow(
            (
                f"T{nummer + 1:03}",
                f"Muster-Teststelle {gemeinde.kernort}",
                arten[nummer % len(arten)],
                z.choice(["Mo-Fr 08:00-12:00,14:00-18:00; PH off", "Mo-Sa 09:00-17:00; PH off", "24/7"]),
                _deutsch(STICHTAG + timedelta(days=von)),
                _deutsch(STICHTAG + timedelta(days=bis)) if bis is not None else "",
                f"Marktplatz {z.randrange(1, 30)}",
                gemeinde.plz,
                gemeinde.name,
                "Muster, Eva",
                f"{lon:.6f}",
                f"{lat:.6f}",
            )
        )
    return puffer.getvalue()


def leuchten(ziel: Path) -> int:
    """Writes the cadastre of streetlights, and returns how many there are. EPSG:31467, code page 1252."""
    zeilen, orte = [], []
    for gemeinde in TEILNEHMER:
        for nummer, (x, y) in enumerate(_an_strassen(gemeinde), start=1):
            z = Random(f"Leuchte {gemeinde.ags} {nummer}")
            led = z.random() < 0.7
            zeilen.append(
                {
                    "LEUCHT_NR": f"{gemeinde.ags}-{nummer:04}",
                    "LEUCHTE": "LED-Aufsatzleuchte" if led else z.choice(["Natriumdampf", "Leuchtstoffröhre"]),
                    "MAST": z.choice(["Stahlmast 4,5 m", "Stahlmast 6 m", "Überspannung", "Holzmast"]),
                    "WATT": z.choice([18, 27, 36]) if led else z.choice([70, 100]),
                    "BETREIBER": f"Stadtwerke Muster für {gemeinde.name}",
                    "BEWEGMELD": int(led and z.random() < 0.4),
                    "BAUJAHR": z.randrange(2012, 2026) if led else z.randrange(1972, 2010),
                    "MONTEUR": "Max Muster",
                }
            )
            orte.append(Point(x, y))
    tafel = geopandas.GeoDataFrame(zeilen, geometry=orte, crs=25832).to_crs(31467)
    tafel.to_file(ziel, engine="pyogrio", encoding="CP1252", DBF_DATE_LAST_UPDATE=STICHTAG.isoformat())
    return len(tafel)


def behaelter(umrisse: dict[str, Polygon]) -> bytes:
    """The waste bins as a workbook."""
    puffer = io.BytesIO()
    mappe = xlsxwriter.Workbook(puffer, {"in_memory": True})
    mappe.set_properties({"created": datetime(2026, 11, 16, 12)})  # noqa: DTZ001 - the same bytes at every run
    blatt = mappe.add_worksheet("Behälter")
    blatt.write_row(0, 0, ("Nr", "Standort", "Art", "Volumen_l", "Gemeinde", "X", "Y"))
    zeile = 0
    for gemeinde in TEILNEHMER[:8]:
        for nummer in range(1, 13):
            z = Random(f"Behälter {gemeinde.ags} {nummer}")
            zeile += 1
            x, y = _in(gemeinde, umrisse, z, 1200)
            art = ("Papierkorb", "Glascontainer", "Altkleider")[nummer % 3]
            volumen = {"Papierkorb": 60, "Glascontainer": 1100, "Altkleider": 2000}[art]
            blatt.write_row(
                zeile, 0, (f"B{zeile:04}", f"{art} {nummer}, {gemeinde.kernort}", art, volumen, gemeinde.name, x, y)
            )
    mappe.close()
    return puffer.getvalue()


def _an_strassen(gemeinde: Gemeinde) -> Iterator[tuple[float, float]]:
    """Along streets that start around the seat, slightly bent, as lamps stand."""
    mitte = sitz(gemeinde)
    for strasse in range(_STRASSEN_JE_GEMEINDE):
        z = Random(f"Straße {gemeinde.ags} {strasse}")
        x, y = mitte[0] + z.uniform(-700, 700), mitte[1] + z.uniform(-700, 700)
        richtung = z.uniform(0, math.tau)
        for _ in range(_LEUCHTEN_JE_STRASSE):
            yield round(x, 2), round(y, 2)
            richtung += z.uniform(-0.15, 0.15)
            x, y = x + _ABSTAND_M * math.cos(richtung), y + _ABSTAND_M * math.sin(richtung)


def _in(gemeinde: Gemeinde, umrisse: dict[str, Polygon], z: Random, weite: float) -> tuple[float, float]:
    mitte, innen = sitz(gemeinde), umrisse[gemeinde.ags].buffer(-200)
    while True:
        x, y = mitte[0] + z.uniform(-weite, weite), mitte[1] + z.uniform(-weite, weite)
        if innen.contains(Point(x, y)):
            return round(x, 2), round(y, 2)


def _lonlat(x: float, y: float) -> tuple[float, float]:
    lon, lat = _GEOGRAPHISCH.transform(x, y)
    return round(lon, 6), round(lat, 6)


def _deutsch(tag: date) -> str:
    return f"{tag:%d.%m.%Y}"

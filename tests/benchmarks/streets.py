"""Official addresses that nobody has: the same in every run, as many as asked for, in the towns of the Kreis."""

import random
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final

import numpy

from plans_ingest.gemeinden import all_gemeinden
from tests.benchmarks.stock import AREA, SEED

_HOUSES: Final = 25  # of a street, as in Hessen
_FIRST: Final = (
    "Bahnhof", "Haupt", "Schul", "Garten", "Linden", "Berg", "Wald", "Kirch", "Mühlen", "Brunnen", "Ring", "Tal",
    "Feld", "Wiesen", "Höhen", "Ohm", "Lahn", "Rosen", "Tannen", "Eichen", "Birken", "Buchen", "Ahorn", "Amsel",
    "Drossel", "Finken", "Lerchen", "Sonnen", "Burg", "Schloss", "Markt", "Post", "Süd", "Nord", "Ost", "West",
    "Röder", "Grüner ", "Alter ", "Neuer ",
)  # fmt: skip
_LAST: Final = ("straße", "weg", "gasse", "platz", "ring", "allee", "stieg", "hang", "grund", "blick")
_WHOLE: Final = (
    "Marburger Straße", "Kasseler Straße", "Gießener Straße", "Frankfurter Straße", "Am Hang", "Im Tal",
    "An der Kirche", "Zum Sportplatz", "Am Wehr", "Straße des 17. Juni",
    "Bürgermeister-Müller-Straße", "Dr.-Schäfer-Weg",
)  # fmt: skip
_PARTS: Final = tuple(
    first + last
    for first, last in product(
        ("Nieder", "Ober", "Mittel", "Groß", "Klein", "Neu"), ("weimar", "walgern", "rosphe", "asphe", "eisenhausen")
    )
)


def streets() -> list[tuple[str, str, str, str]]:
    """AGS, place, part and street, in an order that takes no town before the others."""
    names = [
        *_WHOLE,
        *(f"{first}{last}".replace(" s", " S").replace(" p", " P") for first, last in product(_FIRST, _LAST)),
    ]
    found = []
    for gemeinde in all_gemeinden():
        for number, part in enumerate((gemeinde.name, *_PARTS)):
            found += [(gemeinde.ags, gemeinde.name, part, name) for name in names[number % 7 :: 7] + names[:10]]
    known = list(dict.fromkeys(found))
    random.Random(SEED).shuffle(known)
    return known


def write(file: Path, number: int) -> None:
    """As the Länder deliver Hauskoordinaten: 18 fields, no header, the east value with its zone, a decimal comma."""
    with file.open("w", encoding="utf-8", newline="\n") as opened:
        opened.writelines(_lines(number))


def _lines(number: int) -> Iterator[str]:
    dice = numpy.random.default_rng(SEED)
    west, south, east, north = AREA
    known = streets()
    per_street = max(_HOUSES, -(-number // len(known)))
    for index in range(number):
        ags, place, part, name = known[index // per_street]
        house = index % per_street
        if house == 0:
            x, y = dice.uniform(west, east), dice.uniform(south, north)
        letter = "a" if house % 9 == 8 else ""
        easting, northing = (f"{value:.3f}".replace(".", ",") for value in (32_000_000 + x + 18 * house, y + 3 * house))
        fields = (
            "N", f"DEHE{index:012}", "A", ags[:2], ags[2], ags[3:5], ags[5:], "0000", "00100", str(house + 1), letter,
            easting, northing, name, f"35{int(ags[-2:]):03}", place, "", "" if part == place else part,
        )  # fmt: skip
        yield ";".join(fields) + "\n"

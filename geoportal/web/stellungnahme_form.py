"""The form of a statement: what a browser sent, and what is wrong with it, in words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import IO, Final

from flask import request

from geoportal import plain_text
from geoportal.participation.bekannt import Angabe, Bekannt
from geoportal.participation.stellungnahmen import Eingabe
from geoportal.places import Coordinates
from geoportal.published import Umriss
from geoportal.web.language import either
from geoportal.workflow import plain_name

MAP_SIDE: Final = 320  # CSS pixels; a picture that is clicked on must not be scaled, and this fits a phone
MAX_TEXT: Final = 20_000
# a dot-atom (RFC 5322 3.2.3) at a host's name: what every mail server takes
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL: Final = re.compile(
    rf"{_ATOM}(?:\.{_ATOM})*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?\.)+[A-Za-z]{{2,63}}"
)


def read_eingabe(bekannt: Bekannt, email: str | None = None) -> Eingabe:
    given = request.form
    return Eingabe(
        name="" if bekannt.name_angabe is Angabe.NEIN else _line(given, "name", 200),
        anschrift="" if bekannt.anschrift_angabe is Angabe.NEIN else _text(given, "anschrift", 500),
        email=_line(given, "email", 254) if email is None else email,
        text=_text(given, "text", MAX_TEXT + 1),
        gegenstand=_line(given, "gegenstand", 200) if bekannt.mit_ort else "",
        ost=_metres(given, "ost") if bekannt.mit_ort and _metres(given, "nord") is not None else None,
        nord=_metres(given, "nord") if bekannt.mit_ort and _metres(given, "ost") is not None else None,
    )


def faults_of(bekannt: Bekannt, eingabe: Eingabe) -> dict[str, str]:
    faults = {}
    if not eingabe.text.strip():
        faults["text"] = either("Bitte schreiben Sie Ihre Stellungnahme.", "Please write your statement.")
    elif len(eingabe.text) > MAX_TEXT:
        faults["text"] = either(
            f"Bitte höchstens {MAX_TEXT} Zeichen; mehr geht als PDF im Anhang.", "Too long; attach a PDF, please."
        )
    if not _EMAIL.fullmatch(eingabe.email):
        faults["email"] = either("Bitte eine E-Mail-Adresse wie name@beispiel.de.", "An e-mail address, please.")
    if bekannt.name_angabe is Angabe.NOETIG and not eingabe.name:
        faults["name"] = either("Die Gemeinde braucht Ihren Namen.", "The municipality needs your name.")
    if bekannt.anschrift_angabe is Angabe.NOETIG and not eingabe.anschrift:
        faults["anschrift"] = either("Die Gemeinde braucht Ihre Anschrift.", "The municipality needs your address.")
    return faults


def _line(given: Mapping[str, str], name: str, most: int) -> str:
    return plain_text.one_line(given.get(name, ""))[:most]


def _text(given: Mapping[str, str], name: str, most: int) -> str:
    return plain_text.paragraphs(given.get(name, ""))[:most]


def _metres(given: Mapping[str, str], name: str) -> float | None:
    """A coordinate of a zone of UTM in Germany; anything else is none."""
    try:
        value = float(given.get(name, ""))
    except ValueError:
        return None
    return round(value, 1) if 200_000 < value < 6_200_000 else None


def clicked(outline: Umriss) -> Callable[[Eingabe], Eingabe] | None:
    """What a click on the picture of the map makes of the entries, or one on "take it away"; None: neither was clicked.

    Enter in a field presses the first button of a form, which is the picture: then a browser says 0, 0.
    """
    if "ort_weg" in request.form:
        return lambda eingabe: _placed(eingabe, None, None)
    raw_x, raw_y = request.form.get("karte.x", ""), request.form.get("karte.y", "")
    if not (raw_x.isdecimal() and raw_y.isdecimal()) or (raw_x, raw_y) == ("0", "0"):
        return None
    x, y = (min(int(raw[:4]), MAP_SIDE) for raw in (raw_x, raw_y))
    west, south, side = map_box(outline)
    return lambda eingabe: _placed(
        eingabe, round(west + x / MAP_SIDE * side, 1), round(south + (1 - y / MAP_SIDE) * side, 1)
    )


def _placed(eingabe: Eingabe, ost: float | None, nord: float | None) -> Eingabe:
    return replace(eingabe, ost=ost, nord=nord)


def map_box(outline: Umriss) -> tuple[float, float, float]:
    """(west, south, side) in the storage CRS, of the square around a plan that the form's picture shows."""
    middle = Coordinates.of_degrees((outline.west + outline.east) / 2, (outline.south + outline.north) / 2)
    side = max(outline.breite, outline.hoehe, 80.0) * 1.4
    return round(middle.east - side / 2, 1), round(middle.north - side / 2, 1), round(side, 1)


def files() -> list[tuple[str, IO[bytes]]]:
    return [
        (plain_name(each.filename or ""), each.stream) for each in request.files.getlist("dateien") if each.filename
    ]

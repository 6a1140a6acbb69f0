"""Looks for persons in what a layer would publish: names of columns that speak of them, and values that look like it.

A hint to whoever adds a layer, no proof of the contrary.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from geoportal.catalogue.manifest import FieldType, Layer

_COLUMN: Final = re.compile(
    r"(^|[_ .-])(vor|nach|familien|personen)name|ansprech|kontaktperson|inhaber|eigent(ü|ue)mer|betreuer|bearbeiter"
    r"|leiter(in)?($|[_ .-])|schulleitung|hausmeister|telefon|(^|[_ .-])tel($|[_ .-])|handy|mobil(nr|nummer|$)|telefax"
    r"|e-?mail|geburt|unterschrift",
    re.IGNORECASE,
)
# Bounded, as addresses are (RFC 5321 4.5.3.1): else a long value, a geometry in figures say, is looked at for hours.
_EMAIL: Final = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(\.[\w-]{1,63})+")
# Boxes of an office, not of a person.
_OFFICE: Final = re.compile(
    r"^(info|kontakt|poststelle|verwaltung|sekretariat|service|presse|office|mail|post|rathaus|buergerbuero|schule|bad)"
    r"[\w.+-]*@",
    re.IGNORECASE,
)
_PHONE: Final = re.compile(r"(?<![\w./])(\+49|0049|0)[\s(]*[1-9]\d{1,4}[\s)/–-]+\d[\d\s–-]{3,}\d(?!\w)")
_PERSON: Final = re.compile(r"\b(Herrn?|Frau|Dr\. [A-ZÄÖÜ]|Dipl\.-Ing\.)\s+[A-ZÄÖÜ][a-zäöüß]+")
_LOOKED_AT: Final = 500  # values of a column

_KINDS: Final = (
    ("E-Mail-Adressen / e-mail addresses", lambda text: _EMAIL.search(text) and not _OFFICE.search(text)),
    ("Telefonnummern / phone numbers", _PHONE.search),
    ("Namen von Personen / names of persons", _PERSON.search),
)


def suspicions(layer: Layer, columns: Mapping[str, Iterable[Any]]) -> dict[str, str]:
    """Public fields that may tell of persons, with the reason."""
    found: dict[str, str] = {}
    for name, values in columns.items():
        field = layer.fields[name]
        if name not in layer.properties or field.type is not FieldType.TEXT:
            continue
        spoken = (name, field.source or "", field.label.de, field.label.en)
        if any(_COLUMN.search(each) for each in spoken):
            found[name] = "der Name der Spalte spricht von Personen / the column's name speaks of persons"
            continue
        texts = [str(value) for value in values if value is not None][:_LOOKED_AT]
        for kind, matches in _KINDS:
            if count := sum(bool(matches(text)) for text in texts):
                found[name] = f"{kind} in {count} von / of {len(texts)} Zeilen / rows"
                break
    return found

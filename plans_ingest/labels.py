"""What an object is, in words: its main code with German label, and the short text that stands on the plan."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from plans_ingest import codelists
from plans_ingest.model import Json, Planobjekt

# The attribute that says what an object is, the telling one first.
ART_ATTRIBUTES: Final = (
    "besondereArtDerBaulNutzung",
    "allgArtDerBaulNutzung",
    "zweckbestimmung",
    "artDerFestlegung",
    "massnahme",
    "gegenstand",
    "typ",
    "nutzungsform",
)
_ROMAN: Final = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


class Art(NamedTuple):
    """`code` and `text` of the main code (None where the class has none), `beschriftung` as on the plan (PlanZV)."""

    code: str | None
    text: str | None
    beschriftung: str | None


def describe(objekt: Planobjekt, version: str) -> Art:
    """`version` is the XPlanGML version: the same attribute is a code in one and a nested data type in another."""
    known = codelists.attributes(objekt.klasse, version)
    for name in ART_ATTRIBUTES:
        attribute = known.get(name)
        value = _first(objekt.attribute.get(name))
        if attribute is None or value is None:
            continue
        enumeration = attribute.type
        if isinstance(value, dict):  # 6.0: XP_Komplexe…, the code is its `allgemein`
            klasse = str(value.get("_klasse", ""))
            nested = codelists.attributes(klasse, version).get("allgemein")
            value = _first(value.get("allgemein"))
            enumeration = nested.type if nested is not None else ""
        if not isinstance(value, str):
            continue
        kuerzel = codelists.kuerzel(enumeration, value)
        return Art(value, codelists.label(enumeration, value), _beschriftung(kuerzel, objekt.attribute))
    text = _first(objekt.attribute.get("schriftinhalt"))
    return Art(None, None, text if isinstance(text, str) else _beschriftung(None, objekt.attribute))


def _beschriftung(kuerzel: str | None, attribute: Mapping[str, Json]) -> str | None:
    """PlanZV 1 and 2: kind of use, GRZ, GFZ, storeys as a Roman number; numbers with a decimal comma."""
    parts = [kuerzel]
    parts.extend(f"{name} {_decimal(attribute.get(name))}" for name in ("GRZ", "GFZ") if _decimal(attribute.get(name)))
    storeys = _first(attribute.get("Z"))
    if isinstance(storeys, int) and 0 < storeys < len(_ROMAN):
        parts.append(_ROMAN[storeys])
    return " ".join(part for part in parts if part) or None


def _decimal(value: Json) -> str | None:
    value = _first(value)
    if isinstance(value, dict):
        value = value.get("wert")
    return f"{value:g}".replace(".", ",") if isinstance(value, int | float) else None


def _first(value: Json) -> Json:
    return (value[0] if value else None) if isinstance(value, list) else value

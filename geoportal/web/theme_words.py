"""What the fields of a theme's feature say, in words for readers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from geoportal.catalogue import Field, FieldType, Layer
from geoportal.health import span
from geoportal.hier import Language
from geoportal.web import words
from geoportal.web.opening import Opening, opening


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a feature. `is_late`: something is out of date or overdue; `address` is a link to follow."""

    label: str
    text: str
    is_late: bool = False
    address: str | None = None
    opening: Opening | None = None


def title(layer: Layer, properties: Mapping[str, Any], language: Language = "de") -> str:
    """As `headline` says, else the first field of the popup."""
    if layer.headline:
        spoken = {name: value(layer.properties[name], properties[name], language) for name in layer.headline_fields}
        return layer.headline.format_map(spoken).strip() or getattr(layer.title, language)
    first = next((name for name in layer.popup), None)
    told = "" if first is None else value(layer.properties[first], properties[first], language)
    return told or str(getattr(layer.title, language))


def facts(
    layer: Layer, properties: Mapping[str, Any], moment: datetime, day: date | None, language: Language
) -> list[Fact]:
    """The fields of the popup in its order, all public ones where it has none; what is empty is left out."""
    found = []
    for name in layer.popup or layer.properties:
        field, raw = layer.properties[name], properties[name]
        if raw is None or (name.endswith("_veraltet") and raw is False):
            continue
        text = value(field, raw, language)
        if field.type is FieldType.DATETIME and name in layer.measured:
            ago = span(moment - raw)
            text += f" (vor {ago})" if language == "de" else f" ({_english(ago)} ago)"
        hours = opening(raw, moment, day, language) if field.format == "opening_hours" else None
        found.append(
            Fact(
                label=getattr(field.label, language),
                text=text,
                is_late=name.endswith("_veraltet"),
                address=raw if field.format == "url" and str(raw).startswith(("https://", "http://")) else None,
                opening=hours,
            )
        )
    return found


def value(field: Field, raw: Any, language: Language = "de") -> str:
    """One value with its unit; a code as its meaning; nothing for nothing."""
    if raw is None:
        return ""
    for code in (raw, str(raw)):
        if code in field.codes:
            return str(getattr(field.codes[code], language))
    match field.type:
        case FieldType.BOOLEAN:
            return ("ja" if raw else "nein") if language == "de" else ("yes" if raw else "no")
        case FieldType.DATE:
            return words.long_date(raw, language)
        case FieldType.DATETIME:
            return words.moment(raw, language)
        case FieldType.INTEGER | FieldType.NUMBER:
            return words.number(raw, language) + (f" {field.unit}" if field.unit else "")
        case _:
            return str(raw)


def _english(ago: str) -> str:
    names = {"Tagen": "days", "Stunden": "hours", "Minuten": "minutes", "Sekunden": "seconds"}
    number, _, unit = ago.partition(" ")
    return f"{number} {names.get(unit, unit)}"

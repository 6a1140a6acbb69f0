"""What is sent to the API, and what it answers, as JSON Schema. Pure."""

from dataclasses import MISSING, fields
from datetime import date
from typing import Any, Final

from geoportal.participation.arten import Art
from geoportal.participation.bekannt import Angabe
from geoportal.participation.beteiligungen import Angaben

_TYPES: Final[dict[Any, dict[str, Any]]] = {
    Art: {"enum": list(Art)},
    Angabe: {"enum": list(Angabe)},
    date: {"type": "string", "format": "date"},
    bool: {"type": "boolean"},
    str: {"type": "string", "maxLength": 5000},
}


def participation() -> dict[str, Any]:
    """What is said of a participation: the fields of the desk's form."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [each.name for each in fields(Angaben) if each.default is MISSING],
        "properties": {each.name: _TYPES[each.type] for each in fields(Angaben)},
    }


def columns() -> dict[str, Any]:
    """What the columns and words of a table mean."""
    code = {"type": ["integer", "null"], "minimum": 0, "maximum": 99_999}
    by_planwerk = {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": code}}
    meaning = {
        "type": ["string", "integer"],
        "description": "Ein Feld, die Nummer einer Dokumentart, `-` für „auslassen“, leer für „nichts gesagt“.",
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "spalten": {"type": "object", "additionalProperties": meaning},
            "woerter": {
                "type": "object",
                "description": "Feld, Planwerk (BP, FP), Wort: die amtliche Nummer; null lässt das Wort unbekannt.",
                "properties": dict.fromkeys(("planart", "rechtsstand", "verfahren"), by_planwerk),
                "additionalProperties": False,
            },
        },
    }


def answers() -> dict[str, Any]:
    """By the names under which the operations refer to them."""
    text, number, maybe = {"type": "string"}, {"type": "integer"}, {"type": ["integer", "null"]}
    when = {"type": ["string", "null"]}
    return {
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {"type": text, "title": text, "status": number, "detail": text},
        },
        "Lieferung": {
            "type": "object",
            "required": ["id", "ags", "stand"],
            "properties": {
                "id": number, "ags": text, "datei": text, "groesse": number, "sha256": text, "prozent": number,
                "stand": {"enum": [
                    "received", "checking", "checked", "failed", "in_review", "scheduled", "published", "superseded",
                    "withdrawn",
                ]},
                "fehler": maybe, "warnungen": maybe, "abgelehnt": when, "zurueckgegeben": when,
                "veroeffentlichen_am": when, "eingegangen_am": text, "stempel": text,
                "plaene": {"type": "array", "items": {"type": "object"}},
            },
        },
        "Entwurf": {
            "type": "object",
            "required": ["id", "plan", "stempel", "werte", "in_der_datei", "dokumente"],
            "properties": {
                "id": number, "plan": text, "lieferung": maybe, "offen": {"type": "boolean"}, "stempel": text,
                "werte": {"type": "object"}, "in_der_datei": {"type": "object"},
                "gebraucht": {"type": "array", "items": text}, "befunde": {"type": "array", "items": text},
                "dokumente": {"type": "array", "items": {"type": "object"}},
            },
        },
        "Spalten": {
            "type": "object",
            "required": ["lieferung", "ags", "spalten", "woerter"],
            "properties": {
                "lieferung": number, "ags": text,
                "spalten": {"type": "array", "items": {"type": "object"}},
                "woerter": {"type": "array", "items": {"type": "object"}},
            },
        },
        "Beteiligung": {
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": text, "plan": text, "ags": text, "fassung": number, "stand": text, "phase": when, "norm": text,
                "oeffentlich": {"type": "boolean"}, "hinweis": text, "angaben": participation(),
                "befunde": {"type": "array", "items": {"type": "object"}},
                "moeglich": {"type": "array", "items": text},
            },
        },
        "Plan": {
            "type": "object",
            "required": ["plan", "fassungen"],
            "properties": {"plan": text, "ags": text, "fassungen": {"type": "array", "items": {"type": "object"}}},
        },
    }  # fmt: skip

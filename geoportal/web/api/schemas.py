"""What is sent to the API, and what it answers, as JSON Schema. Pure."""

from dataclasses import MISSING, fields
from datetime import date
from typing import Any, Final

from geoportal.comparing import Kind
from geoportal.oversight import Due
from geoportal.participation.arten import Art
from geoportal.participation.bekannt import Angabe
from geoportal.participation.beteiligungen import Angaben
from geoportal.participation.states import Phase
from geoportal.participation.states import State as BeteiligungState
from geoportal.states import State as UploadState
from plans_ingest.model import Level, Severity

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


def described_document() -> dict[str, Any]:
    """A document of a draft as a program orders and describes it."""
    return {
        "type": "object",
        "required": ["id", "name"],
        "properties": {
            "id": {"type": "integer"}, "typ": {"type": ["integer", "string", "null"]}, "name": {"type": "string"},
            "beschreibung": {"type": ["string", "null"]}, "datum": {"type": ["string", "null"], "format": "date"},
        },
    }  # fmt: skip


def answers() -> dict[str, Any]:
    """By the names under which the operations refer to them. Nothing is answered that is not named here."""
    return {
        "Problem": _object({"type": _TEXT, "title": _TEXT, "status": _NUMBER, "detail": _TEXT}),
        "Nummer": _object({"id": _NUMBER}),
        "Link": _object({"id": _NUMBER, "adresse": _TEXT, "tage": _NUMBER}),
        "Profil": _object({"lieferung": {"type": "object"}}),
        **_deliveries(),
        **_drafts(),
        **_plans(),
        **_participations(),
        **_survey(),
    }


def _deliveries() -> dict[str, Any]:
    plan = {
        "id": _NUMBER, "plan": _UUID, "fassung": _NUMBER, "name": _MAYBE, "nummer": _MAYBE, "stand": _TEXT,
        "veroeffentlichbar": _YES,
    }  # fmt: skip
    always = {
        "id": _NUMBER, "ags": _TEXT, "datei": _TEXT, "groesse": _NUMBER, "sha256": _TEXT,
        "stand": {"enum": [each.value for each in UploadState]}, "prozent": _NUMBER, "fehler": _SOME,
        "warnungen": _SOME, "abgelehnt": _MAYBE, "zurueckgegeben": _MAYBE,
        "veroeffentlichen_am": _DAY, "eingegangen_am": _TIME,
    }  # fmt: skip
    code = _object({"code": _SOME, "gesagt": _YES})
    column = {"name": _TEXT, "zeilen": _NUMBER, "beispiele": _list(_TEXT), "bedeutung": _TEXT, "gesagt": _YES}
    word = {"feld": _TEXT, "wort": _TEXT, "codes": {"type": "object", "additionalProperties": code}}
    return {
        "Lieferung": _object(always, {"stempel": _TEXT, "plaene": _list(_object(plan))}),
        "Spalten": _object(
            {"lieferung": _NUMBER, "ags": _TEXT, "spalten": _list(_object(column)), "woerter": _list(_object(word))}
        ),
    }


def _drafts() -> dict[str, Any]:
    finding = {"code": _TEXT, "severity": {"enum": list(Severity)}, "german": _TEXT, "mend": _TEXT}
    examined = _object({"pages": _NUMBER, "findings": _list(_object(finding)), "scanned": _YES})
    paper = {
        "id": _NUMBER, "typ": _SOME, "name": _MAYBE, "beschreibung": _MAYBE, "datum": _DAY, "url": _MAYBE,
        "sha256": _MAYBE, "groesse": _SOME, "aus_dem_formular": _YES,
        "geprueft": {"anyOf": [examined, {"type": "null"}]},
    }  # fmt: skip
    return {
        "Entwurf": _object({
            "id": _NUMBER, "plan": _UUID, "lieferung": _SOME, "offen": _YES, "stempel": _TEXT,
            "werte": {"type": "object"}, "in_der_datei": {"type": "object"}, "gebraucht": _list(_TEXT),
            "befunde": _list(_TEXT), "dokumente": _list(_object(paper)),
        })
    }  # fmt: skip


def _plans() -> dict[str, Any]:
    version = {
        "fassung": _NUMBER, "name": _MAYBE, "stand": _TEXT, "veroeffentlicht_am": _TIME_OR_NOT,
        "veroeffentlicht_bis": _TIME_OR_NOT, "grund": _MAYBE,
    }  # fmt: skip
    value = _object({"name": _TEXT, "alt": {}, "neu": {}})
    area = {"type": "number", "description": "Quadratmeter"}
    part = {
        "nummer": _NUMBER, "was": {"enum": list(Kind)}, "teil": _TEXT, "name": _MAYBE, "bewegt": _YES,
        "werte": _list(value),
    }  # fmt: skip
    outline = _object({"before": area, "after": area, "more": area, "less": area})
    return {
        "Plan": _object({"plan": _UUID, "ags": _TEXT, "fassungen": _list(_object(version))}),
        "Vergleich": _object({
            "plan": _UUID, "alt": _NUMBER, "neu": _NUMBER, "gleich": _NUMBER, "angaben": _list(value),
            "geltungsbereich": {"anyOf": [outline, {"type": "null"}]}, "teile": _list(_object(part)),
            "weitere": _NUMBER,
        }),
    }  # fmt: skip


def _participations() -> dict[str, Any]:
    state, art = {"enum": list(BeteiligungState)}, {"enum": list(Art)}
    return {
        "BeteiligungInListe": _object({
            "id": _UUID, "plan": _UUID, "name": _MAYBE, "ags": _TEXT, "art": art, "stand": state, "beginn": _DAY,
            "ende": _DAY,
        }),
        "Beteiligung": _object({
            "id": _UUID, "plan": _UUID, "ags": _TEXT, "fassung": _NUMBER, "stand": state,
            "phase": {"enum": [*Phase, None]}, "norm": _TEXT, "oeffentlich": _YES, "hinweis": _TEXT,
            "befunde": _list(_object({"schwere": {"enum": list(Severity)}, "text": _TEXT})),
            "moeglich": _list(state), "angaben": participation(),
        }),
    }  # fmt: skip


def _survey() -> dict[str, Any]:
    levels = _object(dict.fromkeys(Level, _NUMBER))
    stock = {"ags": _TEXT, **dict.fromkeys(("public", "drawn", "documented", "dated"), _NUMBER), "levels": levels}
    standing = {
        "ags": _TEXT, "name": _TEXT,
        **dict.fromkeys(("public", "checked", "returned", "in_review", "scheduled", "failed"), _NUMBER),
        "last": _TIME_OR_NOT, "stock": {"anyOf": [_object(stock), {"type": "null"}]},
    }  # fmt: skip
    due = {
        "due": {"enum": list(Due)}, "day": _DAY, "ags": _TEXT, "name": _TEXT, "upload": _SOME,
        "plan": {"type": ["string", "null"], "format": "uuid"}, "art": _MAYBE,
    }  # fmt: skip
    return {"Uebersicht": _object({"gemeinden": _list(_object(standing)), "fristen": _list(_object(due))})}


_TEXT: Final = {"type": "string"}
_MAYBE: Final = {"type": ["string", "null"]}
_NUMBER: Final = {"type": "integer"}
_SOME: Final = {"type": ["integer", "null"]}
_YES: Final = {"type": "boolean"}
_UUID: Final = {"type": "string", "format": "uuid"}
_DAY: Final = {"type": ["string", "null"], "format": "date"}
_TIME: Final = {"type": "string", "format": "date-time"}
_TIME_OR_NOT: Final = {"type": ["string", "null"], "format": "date-time"}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _object(always: dict[str, Any], at_times: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object", "additionalProperties": False, "required": list(always),
        "properties": always | (at_times or {}),
    }  # fmt: skip

"""The API in OpenAPI 3.1. Pure; a test holds it against the routes and the answers."""

from typing import Any, Final

from geoportal.web.api import schemas
from geoportal.web.desk.beteiligungen import STEPS

_ID: Final = {"name": "number", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
_UUID: Final = {"type": "string", "format": "uuid"}
_PLAN: Final = {"name": "plan", "in": "path", "required": True, "schema": _UUID}
_VERSION: Final = {"name": "version", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Noch einmal mit demselben Schlüssel gefragt, geschieht nichts noch einmal (24 Stunden).",
    "schema": {"type": "string", "minLength": 1, "maxLength": 100},
}
_PROBLEM: Final = {
    "description": "Was nicht ging, und warum (RFC 9457)",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_FAULTS: Final = {str(status): _PROBLEM for status in (400, 401, 403, 404, 409, 413, 422, 503)}


def document(url: str) -> dict[str, Any]:
    """The whole description; `url` is where the API stands."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Geoportal: Werkbank",
            "version": "1",
            "description": "Liefern, prüfen, veröffentlichen, wiederherstellen. Schlüssel gibt es unter Mein Konto.",
        },
        "servers": [{"url": url}],
        "security": [{"token": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "gp_<id>_<43 Zeichen>"}},
            "schemas": schemas.answers(),
        },
    }


def _paths() -> dict[str, Any]:
    delivery, plan = "#/components/schemas/Lieferung", "#/components/schemas/Plan"
    draft, stamped = "#/components/schemas/Entwurf", {"type": "object", "additionalProperties": False}
    seen = {"stempel": {"type": "string", "description": "Aus dem Entwurf: geändert wird, was er zeigte."}}
    described = {
        "type": "object",
        "required": ["id", "name"],
        "properties": {"id": {"type": "integer"}, "typ": {"type": ["integer", "string", "null"]},
                       "name": {"type": "string"}, "beschreibung": {"type": ["string", "null"]},
                       "datum": {"type": ["string", "null"], "format": "date"}},
    }  # fmt: skip
    reason = {"type": "object", "required": ["grund"], "properties": {"grund": {"type": "string", "minLength": 1}}}
    version = {"fassung": {"type": "integer", "minimum": 1}}
    chosen = reason | {"required": ["grund", "fassung"], "properties": reason["properties"] | version}  # type: ignore[operator]
    return {
        "/openapi.json": {"get": _operation("Diese Beschreibung", {"type": "object"}) | {"security": []}},
        "/lieferungen": {
            "get": _operation(
                "Die letzten Lieferungen",
                {"type": "object", "properties": {"lieferungen": {"type": "array", "items": {"$ref": delivery}}}},
                {"name": "vor", "in": "query", "schema": {"type": "integer"}},
            )
        },
        "/gemeinden/{ags}/lieferungen/{filename}": {
            "put": _operation(
                "Eine Datei liefern; der Körper ist die Datei",
                {"$ref": delivery},
                {"name": "ags", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9]{8}$"}},
                {"name": "filename", "in": "path", "required": True, "schema": {"type": "string"}},
                _KEY,
                body={"application/octet-stream": {}},
                status="202",
            )
        },
        "/lieferungen/{number}": {
            "get": _operation("Stand einer Lieferung, mit ihren Plänen", {"$ref": delivery}, _ID)
        },
        "/lieferungen/{number}/bericht.{kind}": {
            "get": _operation(
                "Der Prüfbericht",
                None,
                _ID,
                {"name": "kind", "in": "path", "required": True, "schema": {"enum": ["json", "html", "gpkg", "pdf"]}},
            )
        },
        "/lieferungen/{number}/zur-freigabe": {"post": _operation("Zur Freigabe geben", {"type": "object"}, _ID, _KEY)},
        "/lieferungen/{number}/veroeffentlichen": {
            "post": _operation(
                "Veröffentlichen, sofort oder am genannten Tag",
                {"type": "object"},
                _ID,
                _KEY,
                body=_json(
                    {
                        "type": "object",
                        "required": ["stempel"],
                        "properties": {
                            "stempel": {
                                "type": "string",
                                "description": "Aus der Lieferung: veröffentlicht wird, was sie zeigte.",
                            },
                            "am": {"type": "string", "format": "date"},
                        },
                    }
                ),
            )
        },
        "/fassungen/{version}": {
            "get": _operation(
                "Ein Entwurf: was in seinen Feldern steht, was die Datei dazu sagt, seine Dokumente",
                {"$ref": draft},
                _VERSION,
            )
        },
        "/fassungen/{version}/angaben": {
            "post": _operation(
                "Felder ausfüllen",
                {"$ref": draft},
                _VERSION,
                _KEY,
                body=_json(
                    stamped | {"required": ["stempel", "werte"], "properties": seen | {"werte": {"type": "object"}}}
                ),
            )
        },
        "/fassungen/{version}/dokumente": {
            "post": _operation(
                "Dokumente ordnen und beschreiben; die nicht genannten entfallen",
                {"$ref": draft},
                _VERSION,
                _KEY,
                body=_json(
                    stamped
                    | {
                        "required": ["stempel", "dokumente"],
                        "properties": seen | {"dokumente": {"type": "array", "items": described}},
                    }
                ),
            )
        },
        "/fassungen/{version}/dokumente/{filename}": {
            "put": _operation(
                "Ein PDF hinzufügen; der Körper ist die Datei",
                {"$ref": draft},
                _VERSION,
                {"name": "filename", "in": "path", "required": True, "schema": {"type": "string"}},
                *(
                    {"name": name, "in": "query", "schema": {"type": "string"}}
                    for name in ("typ", "name", "beschreibung", "datum")
                ),
                _KEY,
                body={"application/pdf": {}},
                status="201",
            )
        },
        "/plaene/{plan}/bearbeiten": {
            "post": _operation(
                "Angaben eines öffentlichen Plans ändern: eine Lieferung ohne neue Datei",
                {"type": "object"},
                _PLAN,
                _KEY,
            )
        },
        "/lieferungen/{number}/spalten": {
            "get": _operation(
                "Die Spalten und Wörter einer gelieferten Tabelle, was sie bedeuten und was davon vermutet ist",
                {"$ref": "#/components/schemas/Spalten"},
                _ID,
            ),
            "post": _operation(
                "Sagen, was Spalten und Wörter bedeuten; gilt für alle nächsten Lieferungen der Gemeinde",
                {"type": "object"},
                _ID,
                _KEY,
                body=_json(schemas.columns()),
            ),
        },
        "/lieferungen/{number}/noch-einmal": {
            "post": _operation(
                "Dieselbe Datei noch einmal lesen, als neue Lieferung", {"type": "object"}, _ID, _KEY, status="202"
            )
        },
        "/gemeinden/{ags}/profil": {
            "get": _operation(
                "Was die Spalten und Wörter einer Gemeinde bedeuten",
                {"type": "object"},
                {"name": "ags", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9]{8}$"}},
            )
        },
        "/lieferungen/{number}/original": {"get": _operation("Die Datei, wie sie geliefert wurde", None, _ID)},
        "/lieferungen/{number}/zurueckgeben": {
            "post": _operation("Nicht so veröffentlichen", {"type": "object"}, _ID, _KEY, body=_json(reason))
        },
        "/lieferungen/{number}/verwerfen": {
            "post": _operation(
                "Zurücknehmen, was nicht öffentlich ist; Datei und Bericht bleiben", {"type": "object"}, _ID, _KEY
            )
        },
        "/lieferungen/{number}/weitergeben": {
            "post": _operation(
                "Ein Link, der den Bericht 30 Tage lang ohne Konto öffnet",
                {"type": "object", "required": ["adresse"], "properties": {"adresse": {"type": "string"}}},
                _ID,
                _KEY,
            )
        },
        "/plaene/{plan}/vergleich": {
            "get": _operation(
                "Was zwei Fassungen unterscheidet; ohne `alt`: gegen die öffentliche, sonst gegen die vorige",
                {"type": "object", "required": ["alt", "neu", "angaben", "teile"]},
                _PLAN,
                {"name": "neu", "in": "query", "required": True, "schema": {"type": "integer", "minimum": 1}},
                {"name": "alt", "in": "query", "schema": {"type": "integer", "minimum": 1}},
            )
        },
        "/plaene/{plan}/zusammenfuehren": {
            "post": _operation(
                "Derselbe Plan unter neuem Namen: seine Fassungen gehen zu dem Plan `mit`",
                {"type": "object"},
                _PLAN,
                _KEY,
                body=_json({"type": "object", "required": ["mit"], "properties": {"mit": _UUID}}),
            )
        },
        "/uebersicht": {
            "get": _operation(
                "Wie die Gemeinde des Schlüssels steht: was wartet, was fällig ist, wie vollständig der Bestand ist",
                {"type": "object", "required": ["gemeinden", "fristen"]},
            )
        },
        **_participations(),
        "/plaene/{plan}": {"get": _operation("Die Fassungen eines Plans", {"$ref": plan}, _PLAN)},
        "/plaene/{plan}/zurueckziehen": {
            "post": _operation("Aus der Veröffentlichung nehmen", {"type": "object"}, _PLAN, _KEY, body=_json(reason))
        },
        "/plaene/{plan}/wiederherstellen": {
            "post": _operation(
                "Eine frühere Fassung wieder öffentlich", {"type": "object"}, _PLAN, _KEY, body=_json(chosen)
            )
        },
    }


def _participations() -> dict[str, Any]:
    one = "#/components/schemas/Beteiligung"
    number = {"name": "beteiligung", "in": "path", "required": True, "schema": _UUID}
    version = {"fassung": {"type": "integer", "minimum": 1, "description": "Die angesehene: sonst 409."}}
    angaben = schemas.participation()
    changed = angaben | {
        "required": ["fassung", *angaben["required"]],
        "properties": version | angaben["properties"],
    }
    step = {
        "type": "object",
        "required": ["fassung"],
        "additionalProperties": False,
        "properties": version
        | {
            "bis": {"type": "string", "format": "date", "description": "Der neue letzte Tag, beim Verlängern."},
            "hinweis": {"type": "string", "description": "Warum; öffentlich, wenn die Beteiligung es ist."},
        },
    }
    return {
        "/beteiligungen": {
            "get": _operation(
                "Die Beteiligungen nach §§ 3 und 4 BauGB",
                {"type": "object", "properties": {"beteiligungen": {"type": "array", "items": {"type": "object"}}}},
            )
        },
        "/plaene/{plan}/beteiligungen": {
            "post": _operation(
                "Eine anlegen, als Entwurf", {"$ref": one}, _PLAN, _KEY, body=_json(angaben), status="201"
            )
        },
        "/beteiligungen/{beteiligung}": {
            "get": _operation(
                "Eine Beteiligung: ihre Angaben, was an der Frist nicht stimmt, was möglich ist", {"$ref": one}, number
            )
        },
        "/beteiligungen/{beteiligung}/angaben": {
            "post": _operation(
                "Ändern: einen Entwurf ganz, danach die Texte", {"$ref": one}, number, _KEY, body=_json(changed)
            )
        },
        "/beteiligungen/{beteiligung}/{schritt}": {
            "post": _operation(
                "Ein Schritt",
                {"$ref": one},
                number,
                {"name": "schritt", "in": "path", "required": True, "schema": {"enum": list(STEPS)}},
                _KEY,
                body=_json(step),
            )
        },
    }


def _operation(
    summary: str, schema: dict[str, Any] | None, *parameters: Any, body: Any = None, status: str = "200"
) -> dict[str, Any]:
    good: dict[str, Any] = {"description": summary}
    if schema is not None:
        good["content"] = {"application/json": {"schema": schema}}
    found: dict[str, Any] = {"summary": summary, "parameters": list(parameters), "responses": {status: good, **_FAULTS}}
    if body is not None:
        found["requestBody"] = {"required": True, "content": body}
    return found


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}

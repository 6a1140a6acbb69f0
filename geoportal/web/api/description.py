"""The API in OpenAPI 3.1. Pure; tests hold it against the routes and the answers."""

from typing import Any, Final

from geoportal.web.api import schemas
from geoportal.web.desk.beteiligungen import STEPS

type Json = dict[str, Any]

_UUID: Final = {"type": "string", "format": "uuid"}
_NUMBER: Final = {"type": "integer", "minimum": 1, "maximum": 2**62}


def _in_path(name: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema}


_ID: Final = _in_path("number", _NUMBER)
_PLAN: Final = _in_path("plan", _UUID)
_VERSION: Final = _in_path("version", _NUMBER)
_AGS: Final = _in_path("ags", {"type": "string", "pattern": "^[0-9]{8}$"})
_FILENAME: Final = _in_path("filename", {"type": "string", "minLength": 1})
_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Noch einmal mit demselben Schlüssel gefragt, geschieht nichts noch einmal (24 Stunden).",
    "schema": {"type": "string", "minLength": 1, "maxLength": 100},
}
_TAGS: Final = {
    "Lieferungen": "Eine Datei auf ihrem Weg: geliefert, geprüft, freigegeben, veröffentlicht",
    "Tabellen": "Was Spalten und Wörter einer gelieferten Tabelle bedeuten",
    "Entwürfe": "Felder und Dokumente eines Plans, bevor er öffentlich ist",
    "Pläne": "Die Fassungen eines Plans",
    "Beteiligungen": "Auslegungen und Anhörungen nach §§ 3, 4 und 13a BauGB",
    "Überblick": "Wie die Gemeinde steht, und diese Beschreibung",
}
_FAULTS: Final = {
    "400": "So nicht zu verstehen",
    "401": "Der Schlüssel fehlt oder gilt nicht mehr",
    "403": "Dieser Schlüssel darf das nicht",
    "404": "Gibt es nicht, oder nicht für diesen Schlüssel",
    "409": "Der Stand ist inzwischen ein anderer, oder der Schritt ist noch nicht möglich",
    "413": "Zu groß",
    "422": "Ein Wert passt nicht zu seinem Feld, eine Datei wird nicht angenommen",
    "429": "Zu viele Anfragen auf einmal",
    "503": "Gerade nicht möglich; nichts ist geschehen",
    "507": "Kein Platz; nichts ist geschehen",
}
_LATER: Final = {"Retry-After": {"description": "Sekunden, nach denen sich ein Versuch lohnt", "schema": _NUMBER}}
_FAULT_HEADERS: Final = {
    "401": {"WWW-Authenticate": {"description": "Wie man sich ausweist", "schema": {"type": "string"}}},
    "429": _LATER,
    "503": _LATER,
    "507": _LATER,
}
_REPLAYED: Final = {
    "Idempotency-Replayed": {
        "description": "`true`: so wurde schon geantwortet, und nichts ist noch einmal geschehen",
        "schema": {"const": "true"},
    }
}
_LOCATION: Final = {"Location": {"description": "Wo es steht", "schema": {"type": "string", "format": "uri-reference"}}}
_FILES: Final = {
    "json": "application/json", "html": "text/html", "gpkg": "application/geopackage+sqlite3",
    "pdf": "application/pdf",
}  # fmt: skip


def document(url: str) -> Json:
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
        "tags": [{"name": name, "description": described} for name, described in _TAGS.items()],
        "paths": _deliveries() | _tables() | _drafts() | _plans() | _participations() | _survey(),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "gp_<id>_<43 Zeichen>"}},
            "responses": {status: _fault(status, said) for status, said in _FAULTS.items()},
            "schemas": schemas.answers(),
        },
    }


def _fault(status: str, said: str) -> Json:
    """RFC 9457."""
    told = {"description": said, "content": {"application/problem+json": {"schema": _named("Problem")}}}
    return told | ({"headers": _FAULT_HEADERS[status]} if status in _FAULT_HEADERS else {})


def _deliveries() -> Json:
    tag = "Lieferungen"
    before = {"name": "vor", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": 10**17},
              "description": "Nur die vor dieser Nummer: für die nächste Seite"}  # fmt: skip
    kind = _in_path("kind", {"enum": list(_FILES)})
    publish = {
        "stempel": {"type": "string", "description": "Aus der Lieferung: veröffentlicht wird, was sie zeigte."},
        "am": {"type": "string", "format": "date"},
    }
    found = _named("Lieferung")
    return {
        "/lieferungen": {
            "get": _operation(
                "deliveries", tag, "Die letzten 50 Lieferungen", _listed("lieferungen", found), before
            )
        },
        "/gemeinden/{ags}/lieferungen/{filename}": {
            "put": _change(
                "deliver", tag, "Eine Datei liefern; der Körper ist die Datei", {"anyOf": [found, _named("Nummer")]},
                _AGS, _FILENAME, body={"application/octet-stream": {}}, status="202", headers=_LOCATION,
            )
        },
        "/lieferungen/{number}": {
            "get": _operation("delivery", tag, "Stand einer Lieferung, mit ihren Plänen", found, _ID)
        },
        "/lieferungen/{number}/bericht.{kind}": {
            "get": _file("report", tag, "Der Prüfbericht", list(_FILES.values()), _ID, kind)
        },
        "/lieferungen/{number}/original": {
            "get": _file("original", tag, "Die Datei, wie sie geliefert wurde", ["application/octet-stream"], _ID)
        },
        "/lieferungen/{number}/zur-freigabe": {
            "post": _change("submit", tag, "Zur Freigabe geben", _named("Nummer"), _ID)
        },
        "/lieferungen/{number}/veroeffentlichen": {
            "post": _change(
                "publish", tag, "Veröffentlichen, sofort oder am genannten Tag", _named("Nummer"), _ID,
                body=_json(_object(publish, "stempel")),
            )
        },
        "/lieferungen/{number}/zurueckgeben": {
            "post": _change("send_back", tag, "Nicht so veröffentlichen", _named("Nummer"), _ID, body=_json(_reason()))
        },
        "/lieferungen/{number}/verwerfen": {
            "post": _change(
                "discard", tag, "Zurücknehmen, was nicht öffentlich ist; Datei und Bericht bleiben", _named("Nummer"),
                _ID,
            )
        },
        "/lieferungen/{number}/weitergeben": {
            "post": _change(
                "share", tag, "Ein Link, der den Bericht 30 Tage lang ohne Konto öffnet", _named("Link"), _ID
            )
        },
        "/lieferungen/{number}/noch-einmal": {
            "post": _change(
                "read_again", tag, "Dieselbe Datei noch einmal lesen, als neue Lieferung", _named("Nummer"), _ID,
                status="202", headers=_LOCATION,
            )
        },
    }  # fmt: skip


def _tables() -> Json:
    tag = "Tabellen"
    return {
        "/lieferungen/{number}/spalten": {
            "get": _operation(
                "columns", tag,
                "Die Spalten und Wörter einer gelieferten Tabelle, was sie bedeuten und was davon vermutet ist",
                _named("Spalten"), _ID,
            ),
            "post": _change(
                "map_columns", tag,
                "Sagen, was Spalten und Wörter bedeuten; gilt für alle nächsten Lieferungen der Gemeinde",
                _named("Profil"), _ID, body=_json(schemas.columns()),
            ),
        },
        "/gemeinden/{ags}/profil": {
            "get": _operation(
                "profile", tag, "Was die Spalten und Wörter einer Gemeinde bedeuten", _named("Profil"), _AGS
            )
        },
    }  # fmt: skip


def _drafts() -> Json:
    tag, draft = "Entwürfe", _named("Entwurf")
    seen = {"stempel": {"type": "string", "description": "Aus dem Entwurf: geändert wird, was er zeigte."}}
    papers = seen | {"dokumente": {"type": "array", "items": schemas.described_document()}}
    described = [
        {"name": name, "in": "query", "schema": {"type": "string"}} for name in ("typ", "name", "beschreibung", "datum")
    ]
    return {
        "/fassungen/{version}": {
            "get": _operation(
                "draft", tag, "Ein Entwurf: was in seinen Feldern steht, was die Datei dazu sagt, seine Dokumente",
                draft, _VERSION,
            )
        },
        "/fassungen/{version}/angaben": {
            "post": _change(
                "fill_in", tag, "Felder ausfüllen", draft, _VERSION,
                body=_json(_object(seen | {"werte": {"type": "object"}}, "stempel", "werte")),
            )
        },
        "/fassungen/{version}/dokumente": {
            "post": _change(
                "arrange", tag, "Dokumente ordnen und beschreiben; die nicht genannten entfallen", draft, _VERSION,
                body=_json(_object(papers, "stempel", "dokumente")),
            )
        },
        "/fassungen/{version}/dokumente/{filename}": {
            "put": _change(
                "add_document", tag, "Ein PDF hinzufügen; der Körper ist die Datei", draft, _VERSION, _FILENAME,
                *described, body={"application/pdf": {}}, status="201",
            )
        },
        "/plaene/{plan}/bearbeiten": {
            "post": _change(
                "begin_edit", tag, "Angaben eines öffentlichen Plans ändern: eine Lieferung ohne neue Datei",
                _object({"lieferung": _NUMBER}, "lieferung"), _PLAN,
            )
        },
    }  # fmt: skip


def _plans() -> Json:
    tag, named = "Pläne", _object({"plan": _UUID}, "plan")
    version = {"fassung": {"type": "integer", "minimum": 1, "maximum": 999_999}}
    restored = _object(_reason()["properties"] | version, "grund", "fassung")
    return {
        "/plaene/{plan}": {"get": _operation("plan", tag, "Die Fassungen eines Plans", _named("Plan"), _PLAN)},
        "/plaene/{plan}/vergleich": {
            "get": _operation(
                "compare", tag,
                "Was zwei Fassungen unterscheidet; ohne `alt`: gegen die öffentliche, sonst gegen die vorige",
                _named("Vergleich"), _PLAN,
                {"name": "neu", "in": "query", "required": True, "schema": _NUMBER},
                {"name": "alt", "in": "query", "schema": _NUMBER},
            )
        },
        "/plaene/{plan}/zurueckziehen": {
            "post": _change("withdraw", tag, "Aus der Veröffentlichung nehmen", named, _PLAN, body=_json(_reason()))
        },
        "/plaene/{plan}/wiederherstellen": {
            "post": _change(
                "restore", tag, "Eine frühere Fassung wieder öffentlich", named, _PLAN, body=_json(restored)
            )
        },
        "/plaene/{plan}/zusammenfuehren": {
            "post": _change(
                "merge", tag, "Derselbe Plan unter neuem Namen: seine Fassungen gehen zu dem Plan `mit`", named, _PLAN,
                body=_json(_object({"mit": _UUID}, "mit")),
            )
        },
    }  # fmt: skip


def _participations() -> Json:
    tag, number = "Beteiligungen", _in_path("beteiligung", _UUID)
    # who may make one but not look at it is told its id alone
    one = {"anyOf": [_named("Beteiligung"), _object({"id": _UUID}, "id")]}
    version = {"fassung": {"type": "integer", "minimum": 1, "description": "Die angesehene: sonst 409."}}
    angaben = schemas.participation()
    changed = _object(version | angaben["properties"], "fassung", *angaben["required"])
    step = version | {
        "bis": {"type": "string", "format": "date", "description": "Der neue letzte Tag, beim Verlängern."},
        "hinweis": {"type": "string", "description": "Warum; öffentlich, wenn die Beteiligung es ist."},
    }
    return {
        "/beteiligungen": {
            "get": _operation(
                "participations", tag, "Die Beteiligungen nach §§ 3, 4 und 13a BauGB",
                _listed("beteiligungen", _named("BeteiligungInListe")),
            )
        },
        "/plaene/{plan}/beteiligungen": {
            "post": _change(
                "participate", tag, "Eine anlegen, als Entwurf", one, _PLAN, body=_json(angaben), status="201",
                headers=_LOCATION,
            )
        },
        "/beteiligungen/{beteiligung}": {
            "get": _operation(
                "participation", tag,
                "Eine Beteiligung: ihre Angaben, was an der Frist nicht stimmt, was möglich ist",
                _named("Beteiligung"), number,
            )
        },
        "/beteiligungen/{beteiligung}/angaben": {
            "post": _change(
                "change_participation", tag, "Ändern: einen Entwurf ganz, danach die Texte", one, number,
                body=_json(changed),
            )
        },
        "/beteiligungen/{beteiligung}/{schritt}": {
            "post": _change(
                "step_participation", tag, "Ein Schritt", one, number, _in_path("schritt", {"enum": list(STEPS)}),
                body=_json(_object(step, "fassung")),
            )
        },
    }  # fmt: skip


def _survey() -> Json:
    tag = "Überblick"
    return {
        "/uebersicht": {
            "get": _operation(
                "standing", tag,
                "Wie die Gemeinde des Schlüssels steht: was wartet, was fällig ist, wie vollständig der Bestand ist",
                _named("Uebersicht"),
            )
        },
        "/openapi.json": {
            "get": _operation("openapi", tag, "Diese Beschreibung", {"type": "object"}) | {"security": []}
        },
    }  # fmt: skip


def _operation(
    name: str, tag: str, summary: str, schema: Json, *parameters: Json, status: str = "200", headers: Json | None = None
) -> Json:
    """`name` is that of the route."""
    good: Json = {"description": summary, "content": {"application/json": {"schema": schema}}}
    if headers:
        good["headers"] = headers
    return {
        "operationId": name,
        "tags": [tag],
        "summary": summary,
        "parameters": list(parameters),
        "responses": {status: good} | {each: {"$ref": f"#/components/responses/{each}"} for each in _FAULTS},
    }


def _change(
    name: str, tag: str, summary: str, schema: Json, *parameters: Json,
    body: Json | None = None, status: str = "200", headers: Json | None = None,
) -> Json:  # fmt: skip
    """What happens once for each Idempotency-Key."""
    found = _operation(
        name, tag, summary, schema, *parameters, _KEY, status=status, headers=_REPLAYED | (headers or {})
    )
    return found if body is None else found | {"requestBody": {"required": True, "content": body}}


def _file(name: str, tag: str, summary: str, types: list[str], *parameters: Json) -> Json:
    found = _operation(name, tag, summary, {}, *parameters)
    found["responses"]["200"]["content"] = {each: {} for each in types}
    return found


def _reason() -> Json:
    return _object({"grund": {"type": "string", "minLength": 1}}, "grund")


def _named(schema: str) -> Json:
    return {"$ref": f"#/components/schemas/{schema}"}


def _listed(name: str, schema: Json) -> Json:
    return _object({name: {"type": "array", "items": schema}}, name)


def _object(properties: Json, *required: str) -> Json:
    return {
        "type": "object", "additionalProperties": False, "required": list(required), "properties": properties,
    }  # fmt: skip


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}

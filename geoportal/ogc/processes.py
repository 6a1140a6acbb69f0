"""OGC API - Processes (18-062r2), synchronous: the one process `was-gilt-hier`."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from zoneinfo import ZoneInfo

import flask
from flask import Flask, Response
from sqlalchemy import Connection

from geoportal import hier
from geoportal.catalogue import Layer
from geoportal.hier import Place
from geoportal.ogc.exchange import Exchange
from geoportal.ogc.links import GEOJSON, JSON, Document, link
from geoportal.ogc.pages import Pages
from geoportal.ogc.part import Part
from geoportal.ogc.problems import InvalidParameter
from geoportal.ogc.query import COMMON, natural
from geoportal.ogc.references import referenced
from geoportal.ogc.service import Service
from geoportal.plain_text import UNSTORABLE

PROCESS: Final = "was-gilt-hier"
_BERLIN: Final = ZoneInfo("Europe/Berlin")
_MOST_LAYERS: Final = 10
_MOST_LISTED: Final = 10
_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/"

_SUMMARY: Final[Mapping[str, Any]] = {
    "id": PROCESS,
    "version": "1.0.0",
    "title": "Was gilt hier? / What applies here?",
    "description": "Alle veröffentlichten Bauleitpläne an einer Stelle, mit ihren Festsetzungen in einfachen Worten. "
    "Die Stelle ist ein Punkt (lon und lat oder ort), eine Adresse oder ein Flurstück. Verwiesen werden kann mit "
    "data:-URIs und auf Objekte dieses Servers. / All published land-use plans at a place, and what they say there in "
    "plain words; references may be data: URIs and features of this server.",
    "keywords": ["Bauleitplanung", "Bebauungsplan", "Flächennutzungsplan"],
    "jobControlOptions": ["sync-execute"],
    "outputTransmission": ["value"],
}


def _input(title: str, **schema: object) -> Mapping[str, Any]:
    return {"title": title, "minOccurs": 0, "schema": schema}


_INPUTS: Final = {
    "lon": _input("Länge (CRS84) / longitude", type="number", minimum=-180, maximum=180),
    "lat": _input("Breite (CRS84) / latitude", type="number", minimum=-90, maximum=90),
    "adresse": _input("Kennung einer Adresse / identifier of an address", type="string", maxLength=200),
    "flurstueck": _input("Flurstückskennzeichen / identifier of a parcel", type="string", maxLength=40),
    "ort": _input(
        "Ort als GeoJSON, CRS84: ein Punkt oder ein Objekt, das einer ist / place as GeoJSON, CRS84: a point, or a "
        "feature that is one",
        type="object",
        contentMediaType=GEOJSON,
    ),
    "sammlungen": _input(
        "Sammlungen, deren nächste Objekte genannt werden / collections whose nearest features are told",
        type="array",
        maxItems=_MOST_LAYERS,
        items={"type": "string"},
    ),
}
_OUTPUT: Final = "auskunft"
_OUTPUTS: Final[Mapping[str, Any]] = {
    _OUTPUT: {
        "title": "Auskunft / answer",
        "schema": {"type": "object", "contentMediaType": JSON},
    }
}


def register(app: Flask, service: Service, pages: Pages) -> None:
    @app.get("/processes")
    def processes() -> Response:
        exchange = Exchange(service, pages, COMMON | {"limit"}, formats=("json",))
        base = exchange.publication.base
        document = {
            "processes": [_summary(base)][: natural(exchange.parameters, "limit", _MOST_LISTED, least=1)],
            "links": [link("self", JSON, "Prozesse / processes", f"{base}/processes?f=json")],
        }
        return _json(document, exchange.language)

    @app.get("/processes/<name>")
    def process(name: str) -> Response:
        exchange = Exchange(service, pages, formats=("json",))
        if name != PROCESS:
            return _missing("no-such-process", "Diesen Prozess gibt es nicht / no such process", name)
        described = {**_summary(exchange.publication.base), "inputs": _INPUTS, "outputs": _OUTPUTS}
        return _json(described, exchange.language)

    @app.post("/processes/<name>/execution")
    def execution(name: str) -> Response:
        exchange = Exchange(service, pages, formats=("json",))
        if name != PROCESS:
            return _missing("no-such-process", "Diesen Prozess gibt es nicht / no such process", name)
        inputs, as_raw = _inputs(_body(), service)
        near = [exchange.publication.collection(each).layer for each in inputs.get("sammlungen", ())]
        today = datetime.now(_BERLIN).date()
        with service.engine.connect() as connection:
            place = _place(connection, inputs)
            found = hier.answer(connection, place, today, [each for each in near if each.popup])
        language: hier.Language = "en" if exchange.language == "en" else "de"
        document = hier.as_document(found, today, language)
        # 7.11.2.3: the one output alone, or as the member of that name
        return _json(document if as_raw else {_OUTPUT: document}, exchange.language)

    @app.get("/jobs/<job>")
    @app.get("/jobs/<job>/results")
    def jobs(job: str) -> Response:
        """Who asks is answered at once; a job there never is."""
        Exchange(service, pages, formats=("json",))
        return _missing("no-such-job", "Diesen Auftrag gibt es nicht / no such job", job)


def _missing(kind: str, title: str, name: str) -> Response:
    """18-062r2, /req/core/process-exception/no-such-process, /req/core/job-exception-no-such-job."""
    fault: Document = {
        "type": f"http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/{kind}",
        "title": title,
        "status": HTTPStatus.NOT_FOUND.value,
        "detail": name[:100],
    }
    response = _json(fault, "de")
    response.status_code = HTTPStatus.NOT_FOUND
    return response


def _body() -> object:
    """What was sent as JSON; None where it is none. Raises InvalidParameter."""
    try:
        return flask.request.get_json(force=True, silent=True)
    except RecursionError as error:
        raise InvalidParameter("Das JSON ist zu tief geschachtelt / the JSON is nested too deeply") from error


def _inputs(body: object, service: Service) -> tuple[dict[str, Any], bool]:
    """The inputs of an execute request, each of its type, and whether the output is wanted raw, as it is if nothing is
    said.

    Raises InvalidParameter, Unavailable.
    """
    if not isinstance(body, dict) or not isinstance(body.get("inputs", {}), dict):
        raise InvalidParameter("Ein JSON-Objekt mit `inputs` erwartet / a JSON object with `inputs` expected")
    if body.get("response", "raw") not in ("document", "raw"):
        raise InvalidParameter("response: raw, document")
    wanted = body.get("outputs", {})
    if not isinstance(wanted, dict) or not set(wanted) <= {_OUTPUT}:
        raise InvalidParameter(f"outputs: es gibt nur / there is only {_OUTPUT}")
    if wanted and not _is_offered(wanted[_OUTPUT]):
        raise InvalidParameter(f"{_OUTPUT}: transmissionMode: value; format.mediaType: {JSON}")
    given = body.get("inputs", {})
    if unknown := sorted(set(given) - set(_INPUTS)):
        raise InvalidParameter(f"unbekannte Eingabe / unknown input: {', '.join(unknown)[:200]}")
    inputs = {name: _plain(name, value, service) for name, value in given.items()}
    for name, value in inputs.items():
        fits = {
            "lon": isinstance(value, int | float) and not isinstance(value, bool),
            "lat": isinstance(value, int | float) and not isinstance(value, bool),
            "ort": isinstance(value, dict),
            "sammlungen": isinstance(value, list)
            and len(value) <= _MOST_LAYERS
            and all(isinstance(each, str) for each in value),
        }.get(name, isinstance(value, str) and len(value) <= 200 and not UNSTORABLE.search(value))
        if not fits:
            raise InvalidParameter(f"{name}: {json.dumps(_INPUTS[name]['schema'])}")
    return inputs, body.get("response", "raw") == "raw"


def _is_offered(output: object) -> bool:
    """Whether an output can be had in this way (18-062r2, output.yaml): what is not said is as we like."""
    if not isinstance(output, dict) or output.get("transmissionMode", "value") != "value":
        return False
    form = output.get("format", {})
    return isinstance(form, dict) and form.get("mediaType", JSON) == JSON


def _plain(name: str, value: object, service: Service) -> object:
    """A qualified value (18-062r2, 7.11.2.2) is the value in it, a reference what it refers to.

    Raises InvalidParameter, Unavailable.
    """
    if not isinstance(value, dict):
        return value
    return referenced(name, value, service) if "href" in value else value.get("value")


def _place(connection: Connection, inputs: Mapping[str, Any]) -> Place:
    if "adresse" in inputs:
        found = hier.place_of_address(connection, inputs["adresse"])
    elif "flurstueck" in inputs:
        found = hier.place_of_parcel(connection, inputs["flurstueck"])
    elif "ort" in inputs:
        return _place_at(connection, *_point(inputs["ort"]))
    elif {"lon", "lat"} <= set(inputs):
        return _place_at(connection, inputs["lon"], inputs["lat"])
    else:
        raise InvalidParameter("lon und lat, ort, adresse oder flurstueck / lon and lat, ort, adresse or flurstueck")
    if found is None:
        raise InvalidParameter("Diese Adresse oder dieses Flurstück ist nicht bekannt / not known")
    return found


def _place_at(connection: Connection, lon: float, lat: float) -> Place:
    try:
        return hier.place_at(connection, float(lon), float(lat))
    except (ValueError, OverflowError) as error:
        raise InvalidParameter("lon, lat: außerhalb von UTM Zone 32 / outside of UTM zone 32") from error


def _point(place: Mapping[str, Any]) -> tuple[float, float]:
    """Longitude and latitude of a GeoJSON point, or of a feature that is one. Raises InvalidParameter."""
    shape = place.get("geometry") if place.get("type") == "Feature" else place
    match shape:
        case {"type": "Point", "coordinates": [int() | float() as lon, int() | float() as lat, *_]}:
            return lon, lat
        case {"type": "MultiPoint", "coordinates": [[int() | float() as lon, int() | float() as lat, *_]]}:
            return lon, lat
    raise InvalidParameter("ort: ein Punkt erwartet / a point is expected")


def _summary(base: str) -> Document:
    url = f"{base}/processes/{PROCESS}"
    return {
        **_SUMMARY,
        "links": [
            link("self", JSON, "Beschreibung / description", f"{url}?f=json"),
            link(f"{_REL}execute", JSON, "Ausführen / execute", f"{url}/execution"),
        ],
    }


def _json(document: Document, language: str) -> Response:
    response = Response(json.dumps(document, ensure_ascii=False).encode(), content_type=JSON)
    response.headers["Content-Language"] = language
    return response


def _landing_links(base: str) -> list[Document]:
    return [link(f"{_REL}processes", JSON, "Prozesse / processes", f"{base}/processes?f=json")]


def _in_openapi(schema: Mapping[str, Any]) -> Document:
    """OpenAPI 3.0 knows an older JSON Schema."""
    return {name: value for name, value in schema.items() if name != "contentMediaType"}


def _openapi(_: Sequence[Layer]) -> Document:
    # a value itself, a qualified one, or where it stands (18-062r2, execute.yaml)
    elsewhere = {
        "type": "object",
        "properties": {"value": {}, "mediaType": {"type": "string"}, "href": {"type": "string"}},
    }
    properties = {name: {"anyOf": [_in_openapi(each["schema"]), elsewhere]} for name, each in _INPUTS.items()}
    inputs = {"type": "object", "properties": properties}
    response = {"type": "string", "enum": ["raw", "document"], "default": "raw"}
    outputs = {"type": "object", "properties": {_OUTPUT: {"type": "object"}}, "additionalProperties": False}
    execute = {
        "type": "object",
        "required": ["inputs"],
        "properties": {"inputs": inputs, "outputs": outputs, "response": response},
    }
    limit = {
        "name": "limit",
        "in": "query",
        "required": False,
        "style": "form",
        "explode": False,
        "schema": {"type": "integer", "minimum": 1, "maximum": 10_000, "default": _MOST_LISTED},
    }
    job = {"name": "jobID", "in": "path", "required": True, "schema": {"type": "string"}}
    jobs = {"404": {"description": "Kein solcher Auftrag / no such job"}}
    answered = {"200": {"description": "OK", "content": {JSON: {"schema": {"type": "object"}}}}}
    refused = {"400": {"description": "Eingabe unbrauchbar / input not usable"}}
    missing = {"404": {"description": "Kein solcher Prozess / no such process"}}
    name = {"name": "processID", "in": "path", "required": True, "schema": {"type": "string", "enum": [PROCESS]}}

    def operation(identifier: str, summary: str, responses: Document, **more: object) -> Document:
        known: Document = {"tags": ["processes"], "operationId": identifier, "summary": summary, "parameters": []}
        return known | {"responses": responses} | more

    return {
        "paths": {
            "/processes": {
                "get": operation("getProcesses", "Prozesse / processes", answered | refused, parameters=[limit])
            },
            "/jobs/{jobID}": {"get": operation("getStatus", "Ein Auftrag / a job", jobs, parameters=[job])},
            "/jobs/{jobID}/results": {
                "get": operation("getResult", "Sein Ergebnis / its results", jobs, parameters=[job])
            },
            "/processes/{processID}": {
                "get": operation("getProcess", "Beschreibung / description", answered | missing, parameters=[name])
            },
            "/processes/{processID}/execution": {
                "post": operation(
                    "execute",
                    "Ausführen / execute",
                    answered | refused | missing,
                    parameters=[name],
                    requestBody={"required": True, "content": {JSON: {"schema": execute}}},
                )
            },
        }
    }


_SPEC: Final = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"

PART = Part(
    register=register,
    conformance=(f"{_SPEC}core", f"{_SPEC}ogc-process-description", f"{_SPEC}json", f"{_SPEC}oas30"),
    landing_links=_landing_links,
    openapi=_openapi,
)

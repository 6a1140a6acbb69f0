"""The OpenAPI document: self-contained, with the parameters in the form that QGIS and GDAL read them."""

from collections.abc import Iterable

from pygeoapi.openapi import get_oas

from geoportal.catalogue import FieldType, Layer
from geoportal.ogc.collection import has_history
from geoportal.ogc.crs import CRS84, SUPPORTED
from geoportal.ogc.links import GEOJSON, HTML, JSON, OPENAPI, SCHEMA_JSON, Document
from geoportal.ogc.part import Part
from geoportal.ogc.query import FILTER_LANGUAGES, FORMATS, STAND
from geoportal.ogc.schemas import JSON_TYPES


def openapi(config: Document, layers: Iterable[Layer], parts: Iterable[Part]) -> Document:
    """pygeoapi writes who offers the service; paths and components are ours.

    pygeoapi's own refer to files on other hosts, name paths that are not served, and hide the page size.
    """
    layers = list(layers)
    written = get_oas({**config, "resources": {}})
    tags = [{"name": "server"}, *({"name": layer.id, "description": layer.description.de} for layer in layers)]
    paths: Document = {
        "/": _get("server", "Startseite / landing page", "getLandingPage", "LandingPage"),
        "/openapi": _get("server", "Dieses Dokument / this document", "getOpenapi", "OpenAPI"),
        "/conformance": _get("server", "Konformität / conformance", "getConformance", "Conformance"),
        "/collections": _get("server", "Sammlungen / collections", "getCollections", "Collections"),
    }
    for layer in layers:
        paths |= _paths(layer)
    components: Document = {
        "parameters": _parameters(config["server"]["limits"]),
        "responses": dict(_RESPONSES),
        "schemas": dict(_SCHEMAS),
    }
    for part in parts:
        if part.openapi is not None:
            added = part.openapi([layer for layer in layers if layer.drawn or not part.draws])
            paths |= added["paths"]
            for section, entries in added.get("components", {}).items():
                components[section] |= entries
    return {
        "openapi": written["openapi"],
        "info": written["info"],
        "servers": written["servers"],
        "tags": tags,
        "paths": paths,
        "components": components,
    }


def _paths(layer: Layer) -> Document:
    url, name, title = f"/collections/{layer.id}", layer.id.title().replace("_", ""), layer.title.de
    queryables = [
        {
            "name": field,
            "in": "query",
            "required": False,
            "description": described.label.de,
            "schema": dict(JSON_TYPES[described.type]),
            "style": "form",
            "explode": False,
        }
        for field, described in layer.properties.items()
        if described.type is not FieldType.JSON
    ]
    common = [
        "bbox",
        "bbox-crs",
        "crs",
        "datetime",
        "limit",
        "offset",
        "cursor",
        "properties",
        "skipGeometry",
        "sortby",
    ]
    common += ["filter", "filter-lang", "filter-crs", "resultType"]
    history = [STAND] if has_history(layer) else []
    common += history
    items = _get(layer.id, f"{title}: Objekte / items", f"get{name}Items", "Features", *common)
    items["get"]["parameters"] += queryables
    item = _get(layer.id, f"{title}: ein Objekt / one item", f"get{name}Item", "Feature", "featureId", "crs", *history)
    item["get"]["responses"]["404"] = _ref("responses", "NotFound")
    return {
        url: _get(layer.id, f"{title}: Sammlung / collection", f"get{name}Collection", "Collection"),
        f"{url}/queryables": _get(layer.id, f"{title}: Abfragbares / queryables", f"get{name}Queryables", "Schema"),
        f"{url}/schema": _get(layer.id, f"{title}: Schema", f"get{name}Schema", "Schema"),
        f"{url}/schemas/feature": _get(layer.id, f"{title}: GeoJSON-Schema", f"get{name}FeatureSchema", "Schema"),
        f"{url}/items": items,
        f"{url}/items/{{featureId}}": item,
    }


def _get(tag: str, summary: str, operation: str, response: str, *parameters: str) -> Document:
    return {
        "get": {
            "tags": [tag],
            "summary": summary,
            "operationId": operation,
            "parameters": [_ref("parameters", name) for name in (*parameters, "f", "lang")],
            "responses": {
                "200": _ref("responses", response),
                "400": _ref("responses", "InvalidParameter"),
                "503": _ref("responses", "Unavailable"),
            },
        }
    }


def _ref(section: str, name: str) -> Document:
    return {"$ref": f"#/components/{section}/{name}"}


_INSTANT = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?"


def _parameters(limits: Document) -> Document:
    """`limit` is where QGIS takes its page size from. Only queryables have style form and explode false: QGIS takes
    every parameter of that form for a field, but for the ones that Features 1 wants so and that it knows by name."""
    crs = {"type": "string", "format": "uri", "enum": list(SUPPORTED), "default": CRS84.uri}
    limit = {"type": "integer", "minimum": 1, "maximum": limits["max_items"], "default": limits["default_items"]}
    box = {"type": "array", "items": {"type": "number"}, "oneOf": [{"minItems": n, "maxItems": n} for n in (4, 6)]}
    names = {"type": "string", "pattern": "^-?[a-z_]+(,-?[a-z_]+)*$"}
    written = {
        "limit": ("Höchstzahl der Objekte / maximum number of items", limit),
        "offset": (
            "Zahl der übersprungenen Objekte / items passed over",
            {"type": "integer", "minimum": 0, "default": 0},
        ),
        STAND: (
            "Was an diesem Tag öffentlich war / what was public on this day",
            {"type": "string", "pattern": "^(19[0-9]{2}|20[01][0-9])-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$"},
        ),
        "cursor": (
            "Wo die Seite beginnt, wie der Verweis `next` es nennt / where the page begins, as the link `next` says",
            {"type": "string", "maxLength": 4000},
        ),
        "bbox": ("Nur Objekte, die dieses Rechteck berühren / only items that intersect this box", box),
        "bbox-crs": ("Koordinatensystem von bbox / CRS of bbox", crs),
        "crs": ("Koordinatensystem der Antwort / CRS of the answer", crs),
        "datetime": (
            "Zeitpunkt oder Zeitraum nach RFC 3339 / instant or interval of RFC 3339",
            {"type": "string", "pattern": f"^({_INSTANT}|({_INSTANT}|\\.\\.)?/({_INSTANT}|\\.\\.)?)$"},
        ),
        "properties": ("Nur diese Felder / only these fields", names),
        "skipGeometry": ("Ohne Geometrie / without geometry", {"type": "boolean", "default": False}),
        "sortby": ("Felder, absteigend mit - / fields, descending with -", names),
        "filter": ("Bedingung in CQL2 / condition in CQL2", {"type": "string"}),
        "filter-lang": (
            "Sprache der Bedingung / language of the filter",
            {"type": "string", "enum": list(FILTER_LANGUAGES), "default": FILTER_LANGUAGES[0]},
        ),
        "filter-crs": ("Koordinatensystem der Bedingung / CRS of the filter", crs),
        "resultType": (
            "Objekte oder nur ihre Zahl (`numberMatched`; fehlt, wenn es zu viele sind, um sie rechtzeitig zu zählen: "
            "dann enger fragen, etwa mit `bbox` oder `filter`) / items or only their number (`numberMatched`; left out "
            "where there are too many to be counted in time: then ask for less, with `bbox` or `filter`)",
            {"type": "string", "enum": ["results", "hits"]},
        ),
        "f": ("Format", {"type": "string", "enum": list(FORMATS), "default": FORMATS[0]}),
        "lang": ("Sprache / language", {"type": "string", "enum": ["de", "en"], "default": "de"}),
    }
    parameters: Document = {
        name: {"name": name, "in": "query", "required": False, "description": text, "schema": schema}
        | ({"style": "form", "explode": False} if name in ("bbox", "datetime", "limit") else {})
        for name, (text, schema) in written.items()
    }
    parameters["featureId"] = {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string"}}
    return parameters


def _answer(description: str, schema: str, media_type: str) -> Document:
    return {
        "description": description,
        "content": {media_type: {"schema": _ref("schemas", schema)}, HTML: {"schema": {"type": "string"}}},
    }


def _problem(description: str) -> Document:
    return _answer(description, "exception", JSON)


_RESPONSES: Document = {
    "LandingPage": _answer("Startseite / landing page", "landingPage", JSON),
    "OpenAPI": _answer("OpenAPI", "object", OPENAPI),
    "Conformance": _answer("Konformitätsklassen / conformance classes", "conformance", JSON),
    "Collections": _answer("Sammlungen / collections", "collections", JSON),
    "Collection": _answer("Sammlung / collection", "collection", JSON),
    "Schema": _answer("JSON Schema", "object", SCHEMA_JSON),
    "Features": _answer("Objekte / features", "featureCollection", GEOJSON),
    "Feature": _answer("Objekt / feature", "feature", GEOJSON),
    "InvalidParameter": _problem("Parameter unbekannt oder unbrauchbar / parameter unknown or unusable"),
    "NotFound": _problem("Nicht gefunden / not found"),
    "Unavailable": _problem("Zurzeit nicht möglich, bitte später noch einmal / not now, try again later"),
}
_LINKS: Document = {"type": "array", "items": _ref("schemas", "link")}
_SCHEMAS: Document = {
    "object": {"type": "object"},
    "link": {
        "type": "object",
        "required": ["href", "rel"],
        "properties": {name: {"type": "string"} for name in ("href", "rel", "type", "title", "hreflang")},
    },
    "exception": {
        "type": "object",
        "required": ["code", "type"],
        "properties": {
            **{name: {"type": "string"} for name in ("type", "title", "code", "description")},
            "status": {"type": "integer"},
        },
    },
    "landingPage": {
        "type": "object",
        "required": ["links"],
        "properties": {"title": {"type": "string"}, "description": {"type": "string"}, "links": _LINKS},
    },
    "conformance": {
        "type": "object",
        "required": ["conformsTo"],
        "properties": {"conformsTo": {"type": "array", "items": {"type": "string"}}},
    },
    "collections": {
        "type": "object",
        "required": ["links", "collections"],
        "properties": {"links": _LINKS, "collections": {"type": "array", "items": _ref("schemas", "collection")}},
    },
    "collection": {
        "type": "object",
        "required": ["id", "links"],
        "properties": {
            "id": {"type": "string"},
            "title": {"type": "string"},
            "description": {"type": "string"},
            "attribution": {"type": "string"},
            "itemType": {"type": "string"},
            "itemCount": {"type": "integer"},
            "extent": {"type": "object"},
            "crs": {"type": "array", "items": {"type": "string"}},
            "storageCrs": {"type": "string"},
            "links": _LINKS,
        },
    },
    "featureCollection": {
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": _ref("schemas", "feature")},
            "links": _LINKS,
            "timeStamp": {"type": "string", "format": "date-time"},
            "numberMatched": {"type": "integer", "minimum": 0},
            "numberReturned": {"type": "integer", "minimum": 0},
        },
    },
    "feature": {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            "geometry": {"type": "object", "nullable": True},
            "properties": {"type": "object", "nullable": True},
            "links": _LINKS,
        },
    },
}

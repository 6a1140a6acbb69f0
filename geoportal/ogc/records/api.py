"""The paths of OGC API - Records for the OpenAPI document."""

from collections.abc import Iterable
from typing import Final

from geoportal.catalogue import Layer
from geoportal.ogc.crs import CRS84
from geoportal.ogc.links import GEOJSON, HTML, SCHEMA_JSON, Document
from geoportal.ogc.records.geojson import ISO, JSON_LD, RDF_XML, TURTLE
from geoportal.ogc.records.search import SORTABLE

_CATALOGUE: Final = "/collections/katalog"
_SHARED: Final = ("bbox", "datetime", "limit", "offset", "cursor", "lang")


def openapi(_: Iterable[Layer]) -> Document:
    strings: Document = {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "string", "minLength": 1}}
    orders = {"type": "string", "enum": [f"{sign}{name}" for name in SORTABLE for sign in ("", "-")]}
    own = {
        "q": (
            "Suchwörter: eines der durch Komma getrennten, durch Leerzeichen getrennte nacheinander / words to search "
            "for: one of those parted by commas; those parted by blanks after each other",
            {**strings, "maxItems": 20, "items": {"type": "string", "minLength": 1, "maxLength": 400}},
        ),
        "type": (
            "Art der Einträge / kinds of records",
            {**strings, "items": {"type": "string", "enum": ["dataset", "service", "plan"]}},
        ),
        "ids": ("Kennungen / identifiers", strings),
        "externalIds": ("Äußere Kennungen, Schema:Wert / external ids, scheme:value", strings),
        "sortby": ("Reihenfolge / order", {**strings, "items": orders}),
    }
    parameters: list[Document] = [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": text,
            "schema": schema,
            **({"style": "form", "explode": False} if schema["type"] == "array" else {}),
        }
        for name, (text, schema) in own.items()
    ]
    shared = [{"$ref": f"#/components/parameters/{name}"} for name in _SHARED]
    shared += [_one_crs("crs"), _one_crs("bbox-crs")]
    graphs: dict[str, str | None] = {RDF_XML: None, TURTLE: None, JSON_LD: "object"}
    items = _get("Einträge / records", "getRecords", {**graphs, GEOJSON: "featureCollection"})
    items["get"]["parameters"] = [*parameters, *shared, _format("json", "html", "rdf", "ttl", "jsonld")]
    item = _get("Ein Eintrag / one record", "getRecord", {**graphs, GEOJSON: "feature", ISO: None})
    item["get"]["parameters"] = [
        {"$ref": "#/components/parameters/featureId"},
        {"$ref": "#/components/parameters/lang"},
        _one_crs("crs"),
        _format("json", "html", "rdf", "ttl", "jsonld", "iso19139"),
    ]
    item["get"]["responses"]["404"] = {"$ref": "#/components/responses/NotFound"}
    collection = _get("Katalog / catalogue", "getCatalogue", {"application/json": "collection"})
    collection["get"]["parameters"] = [{"$ref": f"#/components/parameters/{name}"} for name in ("f", "lang")]
    sortables = _get("Sortierbare Felder / sortables", "getRecordSortables", {SCHEMA_JSON: "object"})
    sortables["get"]["parameters"] = collection["get"]["parameters"]
    return {
        "paths": {
            _CATALOGUE: collection,
            f"{_CATALOGUE}/sortables": sortables,
            f"{_CATALOGUE}/items": items,
            f"{_CATALOGUE}/items/{{featureId}}": item,
        }
    }


def _one_crs(name: str) -> Document:
    schema = {"type": "string", "format": "uri", "enum": [CRS84.uri], "default": CRS84.uri}
    return {"name": name, "in": "query", "required": False, "description": "CRS84", "schema": schema}


def _get(summary: str, operation: str, kinds: dict[str, str | None]) -> Document:
    content: Document = {
        media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"} if schema else {"type": "string"}}
        for media_type, schema in kinds.items()
    }
    return {
        "get": {
            "tags": ["server"],
            "summary": summary,
            "operationId": operation,
            "responses": {
                "200": {"description": summary, "content": {**content, HTML: {"schema": {"type": "string"}}}},
                "400": {"$ref": "#/components/responses/InvalidParameter"},
                "503": {"$ref": "#/components/responses/Unavailable"},
            },
        }
    }


def _format(*names: str) -> Document:
    schema = {"type": "string", "enum": list(names), "default": names[0]}
    return {"name": "f", "in": "query", "required": False, "description": "Format / format", "schema": schema}

"""Queryables (OGC API - Features 3) and schema (Features 5) of a collection, from its manifest."""

from collections.abc import Mapping
from types import MappingProxyType

from geoportal.catalogue import Field, FieldType, Geometry, Layer
from geoportal.ogc.links import Document

JSON_TYPES: Mapping[FieldType, Mapping[str, str]] = MappingProxyType(
    {
        FieldType.TEXT: {"type": "string"},
        FieldType.INTEGER: {"type": "integer"},
        FieldType.NUMBER: {"type": "number"},
        FieldType.BOOLEAN: {"type": "boolean"},
        FieldType.DATE: {"type": "string", "format": "date"},
        FieldType.DATETIME: {"type": "string", "format": "date-time"},
        FieldType.UUID: {"type": "string", "format": "uuid"},
        FieldType.JSON: {"type": "object"},
    }
)
# the formats of OGC API - Features 5, 7.5, for which nothing has to be fetched
_GEOMETRY_FORMATS = {
    Geometry.POINT: "geometry-point",
    Geometry.MULTI_POINT: "geometry-multipoint",
    Geometry.LINE_STRING: "geometry-linestring",
    Geometry.MULTI_LINE_STRING: "geometry-multilinestring",
    Geometry.POLYGON: "geometry-polygon",
    Geometry.MULTI_POLYGON: "geometry-multipolygon",
    Geometry.GEOMETRY: "geometry-any",
}


def schema(layer: Layer, language: str) -> Document:
    """The properties of a feature as it is answered."""
    geometry = {"format": _GEOMETRY_FORMATS[layer.geometry]}
    return {"type": "object", "properties": _properties(layer, language, layer.properties, geometry)}


def queryables(layer: Layer, language: str) -> Document:
    """What a filter may name; anything else is a 400."""
    named = {name: field for name, field in layer.properties.items() if field.type is not FieldType.JSON}
    # QGIS pushes spatial filters down for exactly this reference; no client fetches it
    geometry = {"$ref": f"https://geojson.org/schema/{layer.geometry}.json"}
    return {
        "type": "object",
        "properties": _properties(layer, language, named, geometry),
        "additionalProperties": False,
    }


def feature(layer: Layer, language: str) -> Document:
    """The GeoJSON document of one feature; GDAL takes the types of the fields from it."""
    key = JSON_TYPES[layer.fields[layer.key].type]
    fields = {name: _field(field, language) for name, field in layer.properties.items()}
    return {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": dict(key),
            "geometry": {"$ref": f"https://geojson.org/schema/{layer.geometry}.json"},
            "properties": {"type": "object", "properties": fields},
        },
    }


def _properties(layer: Layer, language: str, fields: Mapping[str, Field], geometry: Document) -> Document:
    key = layer.fields[layer.key]
    described: Document = {
        "id": {"title": getattr(key.label, language), **JSON_TYPES[key.type], "x-ogc-role": "id"},
        "geometry": {"title": _GEOMETRY_TITLES[language], "x-ogc-role": "primary-geometry", **geometry},
    }
    for name, field in fields.items():
        described[name] = _field(field, language) | _role(layer, name)
    return described


_GEOMETRY_TITLES = {"de": "Geometrie", "en": "Geometry"}


def _field(field: Field, language: str) -> Document:
    described: Document = {"title": getattr(field.label, language), **JSON_TYPES[field.type]}
    if field.codes:
        described["oneOf"] = [{"const": code, "title": getattr(words, language)} for code, words in field.codes.items()]
    return described


def _role(layer: Layer, name: str) -> Document:
    if layer.time is None:
        return {}
    if name == layer.time.start:
        return {"x-ogc-role": "primary-interval-start" if layer.time.end else "primary-instant"}
    return {"x-ogc-role": "primary-interval-end"} if name == layer.time.end else {}

"""What is said about tilesets: OGC 17-083r4 (tileset metadata) and TileJSON 3.0."""

from typing import Any, Final

from geoportal.ogc.links import HTML, JSON, Document, alternates, link
from geoportal.ogc.query import PROPERTIES
from geoportal.ogc.schemas import JSON_TYPES
from geoportal.ogc.tiles import matrix
from geoportal.ogc.tiles.matrix import CRS_URI, MAX_ZOOM, URI, Bounds
from geoportal.ogc.tiles.tileset import TileLayer, Tileset

MVT: Final = "application/vnd.mapbox-vector-tile"
REL_VECTOR: Final = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
_REL_SCHEME: Final = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"


def tilesets(tileset: Tileset, bounds: Bounds | None, base: str, language: str) -> Document:
    """The list of tilesets of one resource: there is one, in WebMercatorQuad."""
    url = f"{base}{tileset.path}"
    # Links that answer with JSON only: OGC's test suite follows each of them.
    item = {
        **_head(tileset, bounds, language),
        "links": [
            link("self", JSON, _said(language, "Kachelsatz", "Tileset"), f"{url}/{matrix.ID}?f=json"),
            _scheme(base, language),
        ],
    }
    return {"title": getattr(tileset.title, language), "tilesets": [item], "links": alternates(url, JSON)}


def metadata(tileset: Tileset, bounds: Bounds | None, base: str, language: str) -> Document:
    url = f"{base}{tileset.path}/{matrix.ID}"
    licence, licence_url = tileset.licence
    kept = {} if tileset.properties is None else {PROPERTIES: ",".join(tileset.properties)}
    described: Document = {
        **_head(tileset, bounds, language),
        "description": getattr(tileset.description, language),
        "keywords": list(tileset.keywords[language]),
        "license": licence_url,
        "attribution": tileset.attribution,
        "layers": [_layer(layer, language) for layer in tileset.layers],
        "links": [
            *alternates(url, JSON, kept),
            {
                **link("item", MVT, _said(language, "Eine Kachel", "One tile"), template(tileset, base)),
                "templated": True,
            },
            link("alternate", JSON, "TileJSON 3.0", f"{url}?f=tilejson{_narrowing(tileset)}"),
            _scheme(base, language),
            link("license", HTML, licence, licence_url),
        ],
    }
    if bounds is not None:
        west, south, east, north = (round(each, 7) for each in bounds.degrees)
        described["centerPoint"] = {
            "coordinates": [(west + east) / 2, (south + north) / 2],
            "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            "tileMatrix": str(_fitting_zoom(bounds)),
        }
    return described


def tilejson(tileset: Tileset, bounds: Bounds | None, base: str, language: str) -> Document:
    document: Document = {
        "tilejson": "3.0.0",
        "name": getattr(tileset.title, language),
        "description": getattr(tileset.description, language),
        "attribution": tileset.attribution,
        "scheme": "xyz",
        "tiles": [xyz(tileset, base)],
        "minzoom": 0,
        "maxzoom": MAX_ZOOM,
        "vector_layers": [
            {
                "id": layer.id,
                "description": getattr(layer.title, language),
                "minzoom": 0,
                "maxzoom": MAX_ZOOM,
                "fields": {name: getattr(field.label, language) for name, field in layer.fields.items()},
            }
            for layer in tileset.layers
        ],
    }
    if bounds is not None:
        west, south, east, north = (round(each, 6) for each in bounds.degrees)
        document["bounds"] = [west, south, east, north]
        document["center"] = [(west + east) / 2, (south + north) / 2, _fitting_zoom(bounds)]
    return document


def matrix_sets(base: str, language: str) -> Document:
    one = f"{base}/tileMatrixSets/{matrix.ID}"
    definition = matrix.definition()
    links = [link(rel, JSON, matrix.ID, f"{one}?f=json") for rel in ("self", "item")]
    listed = {name: definition[name] for name in ("id", "title", "uri", "crs")} | {"links": links}
    title = _said(language, "Kachelschemata", "Tile matrix sets")
    return {"title": title, "tileMatrixSets": [listed], "links": alternates(f"{base}/tileMatrixSets", JSON)}


def matrix_set(base: str) -> Document:
    return {**matrix.definition(), "links": alternates(f"{base}/tileMatrixSets/{matrix.ID}", JSON)}


def template(tileset: Tileset, base: str) -> str:
    return f"{base}{tileset.path}/{matrix.ID}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}?f=mvt{_narrowing(tileset)}"


def xyz(tileset: Tileset, base: str) -> str:
    """The same address as clients without OGC API - Tiles write it: the row is y, the column is x."""
    return f"{base}{tileset.path}/{matrix.ID}/{{z}}/{{y}}/{{x}}?f=mvt{_narrowing(tileset)}"


def _narrowing(tileset: Tileset) -> str:
    return "" if tileset.properties is None else f"&{PROPERTIES}={','.join(tileset.properties)}"


def _head(tileset: Tileset, bounds: Bounds | None, language: str) -> Document:
    head: Document = {
        "title": getattr(tileset.title, language),
        "dataType": "vector",
        "crs": CRS_URI,
        "tileMatrixSetURI": URI,
    }
    if bounds is not None:
        west, south, east, north = (round(each, 7) for each in bounds.degrees)
        head["boundingBox"] = {
            "lowerLeft": [west, south],
            "upperRight": [east, north],
            "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        }
        head["tileMatrixSetLimits"] = [
            {
                "tileMatrix": str(each.zoom),
                "minTileRow": each.min_row,
                "maxTileRow": each.max_row,
                "minTileCol": each.min_col,
                "maxTileCol": each.max_col,
            }
            for each in matrix.limits(bounds)
        ]
    return head


def _layer(layer: TileLayer, language: str) -> Document:
    described: dict[str, Any] = {
        "id": layer.id,
        "title": getattr(layer.title, language),
        "dataType": "vector",
        "minTileMatrix": "0",
        "maxTileMatrix": str(MAX_ZOOM),
        "propertiesSchema": {
            "type": "object",
            "properties": {
                name: {"title": getattr(field.label, language), **JSON_TYPES[field.type]}
                for name, field in layer.fields.items()
            },
        },
    }
    if layer.dimension is not None:
        described["geometryDimension"] = layer.dimension
    return described


def _scheme(base: str, language: str) -> Document:
    title = _said(language, "Kachelschema", "Tile matrix set")
    return link(_REL_SCHEME, JSON, title, f"{base}/tileMatrixSets/{matrix.ID}?f=json")


def _fitting_zoom(bounds: Bounds) -> int:
    """The largest zoom at which all of it lies in four tiles at most."""
    fitting = [
        each.zoom
        for each in matrix.limits(bounds)
        if each.max_row - each.min_row < 2 and each.max_col - each.min_col < 2
    ]
    return max(fitting)


def _said(language: str, de: str, en: str) -> str:
    return de if language == "de" else en

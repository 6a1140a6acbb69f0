"""The paths of OGC API - Tiles for the OpenAPI document."""

from collections.abc import Iterable
from typing import Any, Final

from geoportal.catalogue import Layer
from geoportal.ogc.links import HTML, JSON, Document
from geoportal.ogc.query import PROPERTIES, STAND
from geoportal.ogc.tiles import matrix
from geoportal.ogc.tiles.documents import MVT
from geoportal.ogc.tiles.selection import CLUSTERS, COLLECTIONS, PIXELS


def _query(name: str, description: str, schema: Document, **more: Any) -> Document:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema, **more}


_NARROWING: Final = {
    "tileProperties": _query(
        PROPERTIES,
        "Nur diese Felder, `layer.feld` nur in einem / only these fields, `layer.field` in one layer alone",
        {"type": "array", "items": {"type": "string"}},
        style="form",
        explode=False,
    )
}
# The last three belong to a selection: without `collections` they are refused.
_SELECTING: Final = {
    "tileCollections": _query(
        COLLECTIONS,
        "Sammlungen statt der Bauleitpläne / collections instead of the plans",
        {"type": "array", "items": {"type": "string"}},
        style="form",
        explode=False,
    ),
    "tilePixels": _query(
        PIXELS,
        "So breit zeigt eine Karte die Kachel / how wide a map shows the tile",
        {"type": "integer", "enum": [256, 512], "default": 256},
    ),
    "tileClusters": _query(
        CLUSTERS,
        "Nahe Punkte als einer mit `point_count` / near points as one with `point_count`",
        {"type": "boolean", "default": False},
    ),
    "tileStand": _query(
        STAND,
        "Die Pläne, wie sie an diesem Tag öffentlich waren / the plans as they were public on that day",
        {"type": "string", "format": "date"},
    ),
}


def openapi(layers: Iterable[Layer]) -> Document:
    paths = {
        "/tileMatrixSets": _get("server", "Kachelschemata / tile matrix sets", "getTileMatrixSets", "TileDocument"),
        f"/tileMatrixSets/{matrix.ID}": _get(
            "server", "Kachelschema / tile matrix set", "getTileMatrixSet", "TileDocument"
        ),
        **_paths("server", "", "Bauleitpläne", "dataset"),
    }
    selecting = [{"$ref": f"#/components/parameters/{name}"} for name in _SELECTING]
    paths[f"/tiles/{matrix.ID}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"]["get"]["parameters"] += selecting
    for layer in layers:
        name = layer.id.title().replace("_", "")
        paths |= _paths(layer.id, f"/collections/{layer.id}", layer.title.de, f"collection{name}")
    parameters = {
        f"tile{part}": {
            "name": f"tile{part}",
            "in": "path",
            "required": True,
            "description": text,
            "schema": {"type": "integer", "minimum": 0, "maximum": most},
        }
        for part, text, most in (
            ("Matrix", "Zoomstufe / zoom", matrix.MAX_ZOOM),
            ("Row", "Zeile von Norden / row from the north", 2**matrix.MAX_ZOOM - 1),
            ("Col", "Spalte von Westen / column from the west", 2**matrix.MAX_ZOOM - 1),
        )
    }
    parameters |= _SELECTING | _NARROWING
    parameters |= {
        "fTile": _format("mvt"),
        "fTileset": _format("json", "html", "tilejson"),
    }
    responses = {
        "TileDocument": {
            "description": "Beschreibung / description",
            "content": {
                JSON: {"schema": {"$ref": "#/components/schemas/object"}},
                HTML: {"schema": {"type": "string"}},
            },
        },
        "Tile": {
            "description": "Vektorkachel / vector tile",
            "content": {MVT: {"schema": {"type": "string", "format": "binary"}}},
        },
        "EmptyTile": {"description": "Hier ist nichts zu sehen / nothing to be seen here"},
    }
    return {"paths": paths, "components": {"parameters": parameters, "responses": responses}}


def _paths(tag: str, place: str, title: str, operation: str) -> Document:
    tiles = f"{place}/tiles"
    tile = _get(
        tag, f"{title}: Vektorkachel / vector tile", f"{operation}.vector.getTile", "Tile", *_NARROWING, "fTile"
    )
    parameters = ["tileMatrix", "tileRow", "tileCol"]
    tile["get"]["parameters"][:0] = [{"$ref": f"#/components/parameters/{name}"} for name in parameters]
    tile["get"]["responses"] |= {
        "204": {"$ref": "#/components/responses/EmptyTile"},
        "404": {"$ref": "#/components/responses/NotFound"},
    }
    return {
        tiles: _get(tag, f"{title}: Kachelsätze / tilesets", f"{operation}.vector.getTileSetsList", "TileDocument"),
        f"{tiles}/{matrix.ID}": _get(
            tag,
            f"{title}: Kachelsatz / tileset",
            f"{operation}.vector.getTileSet",
            "TileDocument",
            *_NARROWING,
            "fTileset",
        ),
        f"{tiles}/{matrix.ID}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": tile,
    }


def _get(tag: str, summary: str, operation: str, response: str, *parameters: str) -> Document:
    return {
        "get": {
            "tags": [tag],
            "summary": summary,
            "operationId": operation,
            "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in (*(parameters or ("f",)), "lang")],
            "responses": {
                "200": {"$ref": f"#/components/responses/{response}"},
                "400": {"$ref": "#/components/responses/InvalidParameter"},
                "503": {"$ref": "#/components/responses/Unavailable"},
            },
        }
    }


def _format(*names: str) -> Document:
    return {
        "name": "f",
        "in": "query",
        "required": False,
        "description": "Format / format",
        "schema": {"type": "string", "enum": list(names), "default": names[0]},
    }

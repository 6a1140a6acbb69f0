"""What the OpenAPI document says about maps."""

from collections.abc import Iterable, Sequence

from geoportal.cartography.sheets import sheets
from geoportal.catalogue import Layer
from geoportal.ogc.crs import CRS84, STORED, SUPPORTED
from geoportal.ogc.links import Document
from geoportal.ogc.maps.picture import FORMATS, MOST_PIXELS
from geoportal.ogc.maps.selection import STATUS, offered
from geoportal.ogc.query import FILTER
from geoportal.ogc.tiles import matrix

_GROUND = ("bgcolor", "transparent", "void-color", "void-transparent")
# the names of the parameters as components of the document, which other services may use too
_PICTURE = (
    "bbox", "bbox-crs", "center", "center-crs", "subset", "subset-crs", "mapCrs", "width", "height",
    "scale-denominator", "mm-per-pixel", *_GROUND,
)  # fmt: skip


def openapi(layers: Sequence[Layer]) -> Document:
    paths: Document = {
        "/map": _get("server", "Karte der Bauleitpläne / map of the plans", "getMap", "Map", [*_PICTURE, "collections",
                     "ags", "status", "stand", *FILTER, "mapF"])
    }  # fmt: skip
    for layer in layers:
        name = layer.id.title().replace("_", "")
        chosen = [*_PICTURE, *offered(layer), *FILTER, "mapF"]
        url = f"/collections/{layer.id}"
        for prefix, kind in (("", ""), ("/styles/{style}", "Styled")):
            styled = [_style(layer)] if prefix else []
            title = f"{layer.title.de}: Karte / map"
            tiles = f"{url}{prefix}/map/tiles"
            paths[f"{url}{prefix}/map"] = _get(layer.id, title, f"get{name}{kind}Map", "Map", chosen, styled)
            paths[tiles] = _get(
                layer.id, f"{title} (tiles)", f"get{name}{kind}MapTilesets", "MapTilesets", ["f"], styled
            )
            paths[f"{tiles}/{matrix.ID}"] = _get(
                layer.id, f"{title} (tileset)", f"get{name}{kind}MapTileset", "MapTileset", ["f"], styled
            )
            paths[f"{tiles}/{matrix.ID}/{{mapZoom}}/{{mapRow}}/{{mapCol}}"] = _get(
                layer.id, f"{title} (tile)", f"get{name}{kind}MapTile", "Map",
                ["mapZoom", "mapRow", "mapCol", *offered(layer), *FILTER, *_GROUND, "mm-per-pixel", "width",
                "height", "mapF"], styled,
            )  # fmt: skip
    return {"paths": paths, "components": {"parameters": _parameters(), "responses": _RESPONSES}}


def _get(
    tag: str, summary: str, operation: str, response: str, parameters: Iterable[str], own: Sequence[Document] = ()
) -> Document:
    return {
        "get": {
            "tags": [tag],
            "summary": summary,
            "operationId": operation,
            "parameters": [*own, *({"$ref": f"#/components/parameters/{name}"} for name in (*parameters, "lang"))],
            "responses": {
                "200": {"$ref": f"#/components/responses/{response}"},
                "400": {"$ref": "#/components/responses/InvalidParameter"},
                "404": {"$ref": "#/components/responses/NotFound"},
                "503": {"$ref": "#/components/responses/Unavailable"},
            },
        }
    }


def _style(layer: Layer) -> Document:
    schema = {"type": "string", "enum": list(sheets(layer))}
    return {"name": "style", "in": "path", "required": True, "description": "Stil / style", "schema": schema}


def _parameters() -> Document:
    crs = {"type": "string", "format": "uri", "enum": list(SUPPORTED)}
    colour = {"type": "string", "pattern": "^(0x|#)?[0-9a-fA-F]{6}([0-9a-fA-F]{2})?$|^(white|black|red|navy)$"}
    pixels = {"type": "integer", "minimum": 1, "maximum": MOST_PIXELS}
    written: dict[str, tuple[str, str, Document]] = {
        "center": ("center", "Mitte der Karte / centre of the map", {"type": "array", "items": {"type": "number"},
                   "minItems": 2, "maxItems": 2}),
        "center-crs": ("center-crs", "Koordinatensystem von center / its CRS", {**crs, "default": CRS84.uri}),
        "subset": ("subset", "Ausschnitt, zum Beispiel / for example Lat(50:51),Lon(8:9)",
                   {"type": "string", "pattern": r"^(Lat|Lon|E|N)\([0-9]+:[0-9]+\)$"}),
        "subset-crs": ("subset-crs", "Koordinatensystem von subset / its CRS", {**crs, "default": CRS84.uri}),
        "mapCrs": ("crs", "Koordinatensystem der Karte / CRS of the map", {**crs, "default": STORED.uri}),
        "width": ("width", "Breite in Pixeln / width in pixels", pixels),
        "height": ("height", "Höhe in Pixeln / height in pixels", pixels),
        "scale-denominator": ("scale-denominator", "Maßstabszahl / scale denominator",
                              {"type": "number", "minimum": 1, "maximum": 1e9}),
        "mm-per-pixel": ("mm-per-pixel", "Größe eines Pixels in mm / size of a pixel",
                         {"type": "number", "minimum": 0.01, "maximum": 10, "default": 0.28}),
        "bgcolor": ("bgcolor", "Hintergrundfarbe, auch mit ihrem Namen in CSS / background colour, also by its name "
                    "in CSS", colour),
        "transparent": ("transparent", "Durchsichtiger Hintergrund / transparent background", {"type": "boolean"}),
        "void-color": ("void-color", "Farbe außerhalb des Koordinatensystems / colour beyond the area of the CRS",
                       colour),
        "void-transparent": ("void-transparent", "Durchsichtig außerhalb / transparent beyond", {"type": "boolean"}),
        "collections": ("collections", "Sammlungen, die unterste zuerst / collections, the lowest first",
                        {"type": "array", "items": {"type": "string"}}),
        "ags": ("ags", "Nur diese Gemeinde / only this Gemeinde", {"type": "string", "pattern": "^[0-9]{8}$"}),
        "status": ("status", "Nur dieser Rechtsstand / only this legal state",
                   {"type": "string", "enum": list(STATUS)}),
        "stand": ("stand", "Was an diesem Tag öffentlich war / what was public on that day",
                  {"type": "string", "format": "date"}),
        "mapF": ("f", "Format", {"type": "string", "enum": [*FORMATS, *FORMATS.values()], "default": "png"}),
    }  # fmt: skip
    parameters: Document = {
        key: {"name": name, "in": "query", "required": False, "description": text, "schema": schema}
        | ({"style": "form", "explode": False} if schema.get("type") == "array" else {})
        for key, (name, text, schema) in written.items()
    }
    for key, text in (("mapZoom", "Zoom"), ("mapRow", "Zeile / row"), ("mapCol", "Spalte / column")):
        schema = {"type": "integer", "minimum": 0} | ({"maximum": matrix.MAX_ZOOM} if key == "mapZoom" else {})
        parameters[key] = {"name": key, "in": "path", "required": True, "description": text, "schema": schema}
    return parameters


_PICTURES: Document = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in FORMATS.values()}
_OBJECT: Document = {
    "application/json": {"schema": {"$ref": "#/components/schemas/object"}},
    "text/html": {"schema": {"type": "string"}},
}
_RESPONSES: Document = {
    "Map": {"description": "Karte / map", "content": _PICTURES},
    "MapTilesets": {"description": "Kachelsätze / tilesets", "content": _OBJECT},
    "MapTileset": {"description": "Kachelsatz / tileset", "content": _OBJECT},
}

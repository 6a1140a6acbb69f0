"""What is told about maps: links, tilesets."""

from geoportal.cartography.sheets import sheets
from geoportal.catalogue import Layer
from geoportal.ogc.crs import CRS84, Box
from geoportal.ogc.links import HTML, JSON, Document, alternates, link
from geoportal.ogc.maps.picture import FORMATS
from geoportal.ogc.maps.tiles import SIDE
from geoportal.ogc.tiles import matrix

_REL = "http://www.opengis.net/def/rel/ogc/1.0/"


def landing_links(base: str) -> list[Document]:
    return [link(f"{_REL}map", FORMATS["png"], "Karte der Bauleitpläne / map of the plans", f"{base}/map")]


def collection_links(_: Layer, url: str) -> list[Document]:
    # the first without a format: OGC's suite appends what it asks for, with a question mark
    maps = [
        link(f"{_REL}map", kind, f"Karte als / map as {form.upper()}", f"{url}/map" + (f"?f={form}" if number else ""))
        for number, (form, kind) in enumerate(FORMATS.items())
    ]
    tiles = link(f"{_REL}tilesets-map", JSON, "Kartenkacheln / map tiles", f"{url}/map/tiles?f=json")
    return [*maps, tiles]


def address(layer: Layer, style: str | None, base: str) -> str:
    styled = f"/styles/{style}" if style else ""
    return f"{base}/collections/{layer.id}{styled}/map"


def tilesets(layer: Layer, style: str | None, base: str, language: str) -> Document:
    url = f"{address(layer, style, base)}/tiles"
    return {
        "links": alternates(url, JSON),
        "tilesets": [
            {
                "title": getattr(layer.title, language),
                "dataType": "map",
                "crs": matrix.CRS_URI,
                "tileMatrixSetURI": matrix.URI,
                "links": [
                    link("self", JSON, "Dieser Kachelsatz / this tileset", f"{url}/{matrix.ID}?f=json"),
                    link("alternate", HTML, "Als Webseite / as HTML", f"{url}/{matrix.ID}?f=html"),
                    _scheme(base),
                    *_templates(url),
                ],
            }
        ],
    }


def tileset(layer: Layer, style: str | None, extent: Box | None, base: str, language: str) -> Document:
    """OGC 17-083r4, 8: metadata of a tileset; `extent` in CRS84."""
    url = f"{address(layer, style, base)}/tiles"
    chosen = style or next(iter(sheets(layer)))
    document: Document = {
        "title": getattr(layer.title, language),
        "dataType": "map",
        "crs": matrix.CRS_URI,
        "tileMatrixSetURI": matrix.URI,
        "mediaTypes": list(FORMATS.values()),
        "style": {"id": chosen, "title": getattr(sheets(layer)[chosen].title, language)},
        "tileSize": SIDE,
        "maxZoom": matrix.MAX_ZOOM,
        "attribution": f"{layer.publisher} – {layer.licence.name}",
        "license": layer.licence.url,
        "links": [
            *alternates(f"{url}/{matrix.ID}", JSON),
            _scheme(base),
            *_templates(url),
        ],
    }
    if extent is not None:
        document["boundingBox"] = {
            "lowerLeft": [extent.west, extent.south],
            "upperRight": [extent.east, extent.north],
            "crs": CRS84.uri,
        }
    return document


def _scheme(base: str) -> Document:
    return link(f"{_REL}tiling-scheme", JSON, matrix.ID, f"{base}/tileMatrixSets/{matrix.ID}")


def _templates(url: str) -> list[Document]:
    address = f"{url}/{matrix.ID}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
    return [
        {**link("item", kind, f"Kacheln als / tiles as {form.upper()}", f"{address}?f={form}"), "templated": True}
        for form, kind in FORMATS.items()
    ]

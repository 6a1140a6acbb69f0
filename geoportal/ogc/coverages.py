"""The scanned sheets of plans as one picture in numbers: a part of them as GeoTIFF, in any CRS that is served.

After the draft of OGC API - Coverages 1 (19-087), of which no class is declared. The whole sheets are files of their
own, whose addresses are in the collection, to be read in parts by Range. Painters do the reading: they may be killed.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Final

import flask
import numpy as np
from flask import Flask, Response
from PIL import Image

from geoportal.catalogue import Layer
from geoportal.ogc.caching import fresh
from geoportal.ogc.crs import STORED, Box
from geoportal.ogc.links import Document, link
from geoportal.ogc.maps.ground import PARAMETERS as GROUND
from geoportal.ogc.maps.picture import PARAMETERS, Picture, read_picture, transformed
from geoportal.ogc.maps.sources import MOST_RASTERS, Scan
from geoportal.ogc.pages import Pages
from geoportal.ogc.part import Part
from geoportal.ogc.problems import InvalidParameter, NotFound
from geoportal.ogc.query import COMMON, FILTER, check_parameters, choice, field_condition, filter_condition
from geoportal.ogc.service import LANGUAGES, Service
from geoportal.ogc.table import Condition, FeatureTable, Question
from plans_ingest.model import Planwerk

SHEETS: Final = "rasterplaene"
MOST_PIXELS: Final = 2048 * 2048
GEOTIFF: Final = "image/tiff; application=geotiff"
_FIELDS: Final = ("planwerk", "ags", "status", "plan_id")  # by which sheets may be chosen without a filter
_PLACE: Final = PARAMETERS - {*GROUND, "mm-per-pixel"}


def register(app: Flask, service: Service, _: Pages) -> None:
    @app.get("/collections/<name>/coverage")
    @fresh(service)
    def coverage(name: str) -> Response:
        collection = service.current().collection(name)
        if collection.layer.id != SHEETS:
            raise NotFound(f"Nur {SHEETS} ist eine Rasterabdeckung / only {SHEETS} is a coverage")
        parameters = flask.request.args
        known = COMMON | _PLACE | {*FILTER, *_FIELDS}
        check_parameters(parameters, known, frozenset(LANGUAGES), ("geotiff",))
        extent = service.extent(name)
        whole = Box(*(extent.bounds if extent and extent.bounds else service.current().api.config["area"]))
        if "planwerk" in parameters:
            choice(parameters, "planwerk", tuple(Planwerk))
        placed = {key: value for key, value in parameters.items() if key in _PLACE}
        asked = read_picture(placed, whole, "png32")
        if asked.width * asked.height > MOST_PIXELS:
            raise InvalidParameter(f"width, height: höchstens {MOST_PIXELS} Pixel / at most {MOST_PIXELS} pixels")
        found = _sheets(service, collection.table, asked, parameters)
        response = Response(_geotiff(service.drawer.sheets(found, asked), asked), content_type=GEOTIFF)
        response.headers["Content-Crs"] = f"<{asked.crs.uri}>"
        response.headers["Content-Disposition"] = f'attachment; filename="{SHEETS}.tif"'
        return response


def _sheets(service: Service, table: FeatureTable, asked: Picture, parameters: Mapping[str, str]) -> list[Scan]:
    """What lies there, the lowest first. Raises InvalidParameter for more than can be read at once."""
    box = transformed(asked.box, asked.crs, STORED)
    corners = [box.west, box.south, box.east, box.north]
    conditions = [
        Condition({"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": corners}]}, STORED),
        *(field_condition(table, name, parameters[name]) for name in _FIELDS if name in parameters),
        *filter_condition(parameters),
    ]
    page = table.page(
        service.engine,
        Question(limit=MOST_RASTERS + 1, conditions=conditions, fields=("sha256", "epsg"), geometry=False),
    )
    if page.returned > MOST_RASTERS:
        raise InvalidParameter(
            f"bbox: mehr als {MOST_RASTERS} Blätter, bitte einen kleineren Ausschnitt oder einen Filter wählen"
            f" / more than {MOST_RASTERS} sheets, please choose a smaller box or a filter"
        )
    return [Scan(**feature["properties"]) for feature in page.read()]


def _geotiff(painted: bytes, asked: Picture) -> bytes:
    # GDAL, for which no server waits at its start
    from rasterio.crs import CRS
    from rasterio.enums import ColorInterp
    from rasterio.io import MemoryFile
    from rasterio.transform import from_bounds

    with Image.open(BytesIO(painted)) as image:
        pixels = np.asarray(image.convert("RGBA"))
    box = asked.box
    with MemoryFile() as file:
        with file.open(
            driver="GTiff",
            width=asked.width,
            height=asked.height,
            count=4,
            dtype="uint8",
            crs=CRS.from_epsg(asked.crs.srid),
            transform=from_bounds(box.west, box.south, box.east, box.north, asked.width, asked.height),
            compress="deflate",
            predictor=2,
            photometric="rgb",
        ) as sink:
            sink.write(pixels.transpose(2, 0, 1))
            sink.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
        content: bytes = file.read()
        return content


def _collection_links(layer: Layer, url: str) -> list[Document]:
    if layer.id != SHEETS:
        return []
    relation = "http://www.opengis.net/def/rel/ogc/1.0/coverage"
    return [link(relation, GEOTIFF, "Ausschnitt der Blätter / a part of the sheets", f"{url}/coverage?f=geotiff")]


def _openapi(layers: Sequence[Layer]) -> Document:
    if not any(layer.id == SHEETS for layer in layers):
        return {"paths": {}}
    named = ["bbox", "bbox-crs", "center", "center-crs", "subset", "subset-crs", "mapCrs", "width", "height",
             "scale-denominator", *FILTER, "ags", "status", "lang"]  # fmt: skip
    own = [
        {"name": "planwerk", "in": "query", "schema": {"type": "string", "enum": ["BP", "FP"]}},
        {"name": "plan_id", "in": "query", "schema": {"type": "string", "format": "uuid"}},
        {"name": "f", "in": "query", "schema": {"type": "string", "enum": ["geotiff"], "default": "geotiff"}},
    ]
    return {
        "paths": {
            f"/collections/{SHEETS}/coverage": {
                "get": {
                    "tags": [SHEETS],
                    "summary": "Ausschnitt der gescannten Blätter / a part of the scanned sheets",
                    "operationId": "getRasterplaeneCoverage",
                    "parameters": [*own, *({"$ref": f"#/components/parameters/{name}"} for name in named)],
                    "responses": {
                        "200": {
                            "description": "GeoTIFF (RGBA)",
                            "content": {GEOTIFF: {"schema": {"type": "string", "format": "binary"}}},
                        },
                        "400": {"$ref": "#/components/responses/InvalidParameter"},
                        "404": {"$ref": "#/components/responses/NotFound"},
                        "503": {"$ref": "#/components/responses/Unavailable"},
                    },
                }
            }
        }
    }


PART = Part(register=register, collection_links=_collection_links, openapi=_openapi)

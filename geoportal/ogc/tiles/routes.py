"""OGC API - Tiles: the routes."""

import functools
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final

import deflate
import flask
from flask import Flask, Response

from geoportal.catalogue import Layer, Words
from geoportal.ogc.caching import fresh
from geoportal.ogc.exchange import Exchange
from geoportal.ogc.links import HTML, JSON, Document, link
from geoportal.ogc.pages import Pages
from geoportal.ogc.part import Offer, Part
from geoportal.ogc.problems import NotFound, Unavailable
from geoportal.ogc.query import COMMON, PROPERTIES, read_properties
from geoportal.ogc.service import Service
from geoportal.ogc.tiles import cutting, documents, matrix, selection
from geoportal.ogc.tiles.api import openapi
from geoportal.ogc.tiles.documents import MVT, REL_VECTOR
from geoportal.ogc.tiles.matrix import Bounds
from geoportal.ogc.tiles.tileset import PLANS, Tileset, plans_tileset, selected_tileset, tileset_of

_METADATA_FORMATS: Final = ("json", "html", "tilejson")
_TILE_FORMATS: Final = ("mvt",)
# libdeflate: smaller than zlib's level 5 in less than half of its time
_GZIP_LEVEL: Final = 5
_KNOWN: Final = COMMON | {PROPERTIES}


def register(app: Flask, service: Service, pages: Pages) -> None:
    measured = _Measured(service)

    def of_collection(name: str) -> Tileset:
        return tileset_of(service.current().drawn(name))

    def of_plans() -> Tileset:
        if (tileset := plans_tileset(service.current().collections)) is None:
            raise NotFound("Die Bauleitpläne werden nicht angeboten. / Plans are not offered.")
        return tileset

    def listed(tileset: Tileset) -> Response:
        exchange = Exchange(service, pages)
        document = documents.tilesets(tileset, measured.of(tileset), exchange.publication.base, exchange.language)
        return exchange.answer(document, JSON, "tiles/index.html")

    def described(tileset: Tileset) -> Response:
        exchange = Exchange(service, pages, _KNOWN, _METADATA_FORMATS)
        narrowed = tileset.narrowed(read_properties(exchange.parameters, tileset.fields))
        write = documents.tilejson if exchange.parameters.get("f") == "tilejson" else documents.metadata
        document = write(narrowed, measured.of(tileset), exchange.publication.base, exchange.language)
        return exchange.answer(document, JSON, "tiles/tileset.html")

    def cut(tileset: Tileset, zoom: str, row: str, col: str) -> Response:
        exchange = Exchange(service, pages, _KNOWN, _TILE_FORMATS)
        narrowed = tileset.narrowed(read_properties(exchange.parameters, tileset.fields))
        tile = matrix.read_tile(zoom, row, col)
        bounds = measured.of(tileset)
        if bounds is None or not matrix.is_within(tile, bounds):
            # OGC API - Tiles 1, /req/core/tc-error A
            raise NotFound("Hier liegt nichts: siehe tileMatrixSetLimits. / Nothing here: see tileMatrixSetLimits.")
        return packed(cutting.cut(service.planned_engine, narrowed, tile))

    def cut_selected(names: Sequence[str], zoom: str, row: str, col: str) -> Response:
        exchange = Exchange(service, pages, _KNOWN | selection.PARAMETERS, _TILE_FORMATS)
        manner = selection.read_manner(exchange.parameters)
        tileset = selected_tileset(service.current().drawn(name) for name in names)
        selection.check_day(manner, tileset)
        narrowed = tileset.narrowed(read_properties(exchange.parameters, tileset.fields))
        # the past is not kept ready, and looked up in other ways for a street than for the Kreis
        engine = service.planned_engine if manner.day is None else service.engine
        return packed(cutting.cut(engine, narrowed, matrix.read_tile(zoom, row, col), manner))

    def packed(content: bytes) -> Response:
        if not content:
            return Response(status=HTTPStatus.NO_CONTENT)  # tc-error B
        response = Response(bytes(deflate.gzip_compress(content, _GZIP_LEVEL)), content_type=MVT)
        response.content_encoding = "gzip"
        return response

    @app.get("/collections/<name>/tiles")
    @fresh(service)
    def collection_tilesets(name: str) -> Response:
        return listed(of_collection(name))

    @app.get(f"/collections/<name>/tiles/{matrix.ID}")
    @fresh(service)
    def collection_tileset(name: str) -> Response:
        return described(of_collection(name))

    @app.get(f"/collections/<name>/tiles/{matrix.ID}/<zoom>/<row>/<col>")
    @_packed
    @fresh(service)
    def collection_tile(name: str, zoom: str, row: str, col: str) -> Response:
        return cut(of_collection(name), zoom, row, col)

    @app.get("/tiles")
    @fresh(service, *PLANS)
    def plan_tilesets() -> Response:
        return listed(of_plans())

    @app.get(f"/tiles/{matrix.ID}")
    @fresh(service, *PLANS)
    def plan_tileset() -> Response:
        return described(of_plans())

    @app.get(f"/tiles/{matrix.ID}/<zoom>/<row>/<col>")
    @_packed
    def tile(zoom: str, row: str, col: str) -> Response:
        names = selection.read_names(flask.request.args)
        if not names:
            return fresh(service, *PLANS)(lambda: cut(of_plans(), zoom, row, col))()
        return fresh(service, *names)(lambda: cut_selected(names, zoom, row, col))()

    @app.get("/tileMatrixSets")
    def matrix_sets() -> Response:
        exchange = Exchange(service, pages)
        document = documents.matrix_sets(exchange.publication.base, exchange.language)
        return exchange.answer(document, JSON, "tiles/matrix_sets.html")

    @app.get(f"/tileMatrixSets/{matrix.ID}")
    def matrix_set() -> Response:
        exchange = Exchange(service, pages)
        return exchange.answer(documents.matrix_set(exchange.publication.base), JSON, "tiles/matrix_set.html")


class _Measured:
    """What tilesets cover, measured when their data have changed."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known: dict[str, tuple[str, Bounds | None]] = {}

    def of(self, tileset: Tileset) -> Bounds | None:
        """The last known while the database is away. Raises Unavailable when there is none."""
        state = self._service.state(*tileset.sources)
        token = state.token if state else ""
        known = self._known.get(tileset.path)
        if known is not None and known[0] == token:
            return known[1]
        try:
            bounds = cutting.bounds(self._service.engine, tileset)
        except Unavailable:
            if known is None:
                raise
            return known[1]
        self._known[tileset.path] = (token, bounds)
        return bounds


def _packed[**P](function: Callable[P, Response]) -> Callable[P, Response]:
    """Tiles are packed once and remembered so; the rare client that cannot unpack them gets them as they were."""

    @functools.wraps(function)
    def answer(*args: P.args, **kwargs: P.kwargs) -> Response:
        response = function(*args, **kwargs)
        response.vary.add("Accept-Encoding")
        if response.content_encoding == "gzip" and not flask.request.accept_encodings["gzip"]:
            response.set_data(bytes(deflate.gzip_decompress(response.get_data())))
            del response.content_encoding
        return response

    return answer


def _landing_links(base: str) -> list[Document]:
    return [
        link(REL_VECTOR, JSON, "Vektorkacheln der Bauleitpläne / vector tiles of the plans", f"{base}/tiles?f=json"),
        link(
            "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes",
            JSON,
            "Kachelschemata / tile matrix sets",
            f"{base}/tileMatrixSets?f=json",
        ),
    ]


def _collection_links(layer: Layer, url: str) -> list[Document]:  # noqa: ARG001 - every collection has tiles
    return [
        link(REL_VECTOR, JSON, "Vektorkacheln / vector tiles", f"{url}/tiles?f=json"),
        link(REL_VECTOR, HTML, "Vektorkacheln als Webseite / vector tiles as HTML", f"{url}/tiles?f=html"),
    ]


_SPEC = "http://www.opengis.net/spec/"

PART = Part(
    register=register,
    conformance=(
        f"{_SPEC}ogcapi-tiles-1/1.0/conf/core",
        f"{_SPEC}ogcapi-tiles-1/1.0/conf/tileset",
        f"{_SPEC}ogcapi-tiles-1/1.0/conf/tilesets-list",
        f"{_SPEC}ogcapi-tiles-1/1.0/conf/dataset-tilesets",
        f"{_SPEC}ogcapi-tiles-1/1.0/conf/geodata-tilesets",
        f"{_SPEC}ogcapi-tiles-1/1.0/conf/mvt",
        f"{_SPEC}ogcapi-tiles-1/1.0/conf/oas30",
        f"{_SPEC}tms/2.0/conf/tilematrixset",
        f"{_SPEC}tms/2.0/conf/tilematrixsetlimits",
        f"{_SPEC}tms/2.0/conf/json-tilematrixset",
        f"{_SPEC}tms/2.0/conf/json-tilematrixsetlimits",
        f"{_SPEC}tms/2.0/conf/json-tilesetmetadata",
    ),
    landing_links=_landing_links,
    collection_links=_collection_links,
    draws=True,
    offer=Offer(
        id="tiles",
        title=Words(de="OGC API Tiles", en="OGC API Tiles"),
        description=Words(
            de="Pläne und Fachdaten als Vektorkacheln für Karten im Browser und in QGIS.",
            en="Plans and thematic data as vector tiles for maps in browsers and in QGIS.",
        ),
        path="/tiles?f=json",
        protocol="OGC:API-Tiles",
        service_type="view",
    ),
    openapi=openapi,
)

"""OGC API - Maps: the routes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import flask
from flask import Flask, Response
from werkzeug.datastructures import MultiDict

from geoportal.catalogue import Words
from geoportal.ogc.caching import fresh
from geoportal.ogc.collection import Collection
from geoportal.ogc.crs import Box
from geoportal.ogc.exchange import Exchange
from geoportal.ogc.links import JSON, Document
from geoportal.ogc.maps import documents
from geoportal.ogc.maps.ground import PARAMETERS as GROUND
from geoportal.ogc.maps.ground import read_ground
from geoportal.ogc.maps.openapi import openapi
from geoportal.ogc.maps.picture import FORMATS, PARAMETERS, Picture, read_picture, read_pixel, read_size
from geoportal.ogc.maps.selection import offered, read_selection
from geoportal.ogc.maps.sources import Drawn, sheet_of
from geoportal.ogc.maps.tiles import SIDE, Look, TileCache, plain_look
from geoportal.ogc.pages import Pages
from geoportal.ogc.part import Offer, Part
from geoportal.ogc.problems import InvalidParameter
from geoportal.ogc.query import COMMON, FILTER, check_parameters, filter_condition
from geoportal.ogc.service import LANGUAGES, Service
from geoportal.ogc.tiles import matrix

_ROOM_FILTERED: Final = 64 * 1024**2
_AROUND: Final = 0.0005  # degrees
_MARGIN: Final = 0.02  # of a picture of all there is, on each side: outlines at its edge are drawn whole
# What a map of everything shows when it is not told: the plans, the finer ones above.
DATASET: Final = ("flaechennutzungsplaene", "bebauungsplaene")


def register(app: Flask, service: Service, pages: Pages) -> None:
    folder = service.settings.data / "cache"
    cache = TileCache(service.drawer, folder / "maps")
    # in a small one of their own: filters and colours are without number, and shall not drive out what everybody sees
    filtered = TileCache(service.drawer, folder / "maps-filtered", room=_ROOM_FILTERED)

    def drawn(name: str, style: str | None, parameters: Mapping[str, str]) -> Drawn:
        collection = service.current().drawn(name)
        found = Drawn(
            collection,
            sheet_of(collection, style).id,
            read_selection(parameters),
            conditions=filter_condition(parameters),
        )
        found.chosen()  # a mistake in the filter is told also where nothing is to be drawn
        return found

    def extent_of(collections: Sequence[Collection]) -> Box | None:
        """In CRS84; None when nothing is known of it."""
        extents = [service.extent(item.layer.id) for item in collections]
        bounds = [extent.bounds for extent in extents if extent is not None and extent.bounds is not None]
        if not bounds:
            return None
        west, south, east, north = zip(*bounds, strict=True)
        # a little around it: a single point has no area, and a band lies outside of its line
        return Box(min(west) - _AROUND, min(south) - _AROUND, max(east) + _AROUND, max(north) + _AROUND)

    def picture(shown: Sequence[Drawn], parameters: Mapping[str, str]) -> Response:
        area = Box(*service.current().api.config["area"])
        extent = extent_of([item.collection for item in shown]) or area
        asked = read_picture(parameters, _with_margin(extent), _accepted())
        [content] = service.drawer.draw(shown, asked)
        response = _answer(content, asked)
        if time := times_of(shown):
            response.headers["Content-Datetime"] = time
        return response

    def times_of(shown: Sequence[Drawn]) -> str | None:
        """/req/core/map-response: the day, or from when to when that is which is drawn; None where nothing has a
        time.
        """
        if day := shown[0].selection.stand:
            return day.isoformat()
        timed = [item.collection.layer.id for item in shown if item.collection.layer.time]
        extents = [extent for extent in map(service.extent, timed) if extent is not None]
        if not timed or len(extents) < len(timed):
            return None
        starts, ends = ([getattr(extent, side) for extent in extents] for side in ("start", "end"))
        # the standard knows no open ends here: it is until the day whose state is drawn, or that day alone
        state = service.state(*timed)
        drawn_at = (state.changed_at if state else None) or datetime.now(UTC)
        last = str(max(ends)) if all(ends) else drawn_at.date().isoformat()
        first = str(min(starts)) if all(starts) else last
        return last if first >= last else f"{first}/{last}"

    def of_collection(name: str, style: str | None) -> Response:
        selectable = offered(service.current().drawn(name).layer)
        parameters = _parameters(PARAMETERS | {*selectable, *FILTER})
        return picture([drawn(name, style, parameters)], parameters)

    def tile(name: str, style: str | None, zoom: str, row: str, col: str) -> Response:
        collection = service.current().drawn(name)
        parameters = _parameters({*offered(collection.layer), *FILTER, *GROUND, "mm-per-pixel", "width", "height"})
        asked = drawn(name, style, parameters)
        form = parameters.get("f") or _accepted()
        look = Look(
            form, read_ground(parameters, form).background, read_pixel(parameters), *read_size(parameters, SIDE)
        )
        state = service.state(name)
        plain = not asked.conditions and look == plain_look(form)
        content = (cache if plain else filtered).tile(
            asked, matrix.read_tile(zoom, row, col), look, state.token if state else None, extent_of([collection])
        )
        return Response(content, content_type=FORMATS[form])

    @app.get("/map")
    @fresh(service)
    def dataset_map() -> Response:
        parameters = _parameters(PARAMETERS | {"collections", "ags", "status", "stand", *FILTER})
        # also as the addresses of the collections (/req/collections-selection/collections-parameter)
        here = f"{service.current().base}/collections/"
        named = parameters.get("collections", ",".join(DATASET)).split(",")
        names = [name.removeprefix(here) for name in named]
        if len(set(names)) < len(names):
            raise InvalidParameter("collections: mehrfach genannt / named more than once")
        return picture([drawn(name, None, parameters) for name in names], parameters)

    @app.get("/collections/<name>/map")
    @fresh(service)
    def collection_map(name: str) -> Response:
        return of_collection(name, None)

    @app.get("/collections/<name>/styles/<style>/map")
    @fresh(service)
    def styled_map(name: str, style: str) -> Response:
        return of_collection(name, style)

    def listed(name: str, style: str | None) -> Response:
        exchange = Exchange(service, pages)
        now = exchange.publication
        collection = now.drawn(name)
        styled = style and sheet_of(collection, style).id
        document = documents.tilesets(collection.layer, styled, now.base, exchange.language)
        return exchange.answer(document, JSON, "maps/tilesets.html")

    def described(name: str, style: str | None) -> Response:
        exchange = Exchange(service, pages)
        now = exchange.publication
        collection = now.drawn(name)
        styled = style and sheet_of(collection, style).id
        document: Document = documents.tileset(
            collection.layer, styled, extent_of([collection]), now.base, exchange.language
        )
        return exchange.answer(document, JSON, "maps/tileset.html")

    for prefix, kind in (("", "plain"), ("/styles/<style>", "styled")):
        start = f"/collections/<name>{prefix}/map/tiles"

        def tilesets(name: str, style: str | None = None) -> Response:
            return listed(name, style)

        def tileset(name: str, style: str | None = None) -> Response:
            return described(name, style)

        def map_tile(name: str, zoom: str, row: str, col: str, style: str | None = None) -> Response:
            return tile(name, style, zoom, row, col)

        app.add_url_rule(start, f"{kind}_map_tilesets", fresh(service)(tilesets))
        app.add_url_rule(f"{start}/{matrix.ID}", f"{kind}_map_tileset", fresh(service)(tileset))
        app.add_url_rule(f"{start}/{matrix.ID}/<zoom>/<row>/<col>", f"{kind}_map_tile", fresh(service)(map_tile))


def _with_margin(box: Box) -> Box:
    across, up = _MARGIN * (box.east - box.west), _MARGIN * (box.north - box.south)
    return Box(box.west - across, box.south - up, box.east + across, box.north + up)


def _parameters(known: set[str] | frozenset[str]) -> Mapping[str, str]:
    args = flask.request.args
    if named := [form for form, kind in FORMATS.items() if kind == args.get("f")]:
        args = MultiDict(args)
        args["f"] = named[0]
    if len(subsets := args.getlist("subset")) > 1:
        # /req/spatial-subsetting/subset-definition: several are as one
        args = MultiDict(args)
        args["subset"] = ",".join(subsets)
    check_parameters(args, COMMON | known, frozenset(LANGUAGES), tuple(FORMATS))
    # each is there once; werkzeug's own dictionary makes an exception of every name that it does not have
    return args.to_dict()


def _accepted() -> str:
    best = flask.request.accept_mimetypes.best_match(list(FORMATS.values()), default=FORMATS["png"])
    return next(form for form, kind in FORMATS.items() if kind == best)


def _answer(content: bytes, asked: Picture) -> Response:
    response = Response(content, content_type=FORMATS[asked.format])
    box = asked.box
    corners = (
        (box.south, box.west, box.north, box.east) if asked.crs.flipped else (box.west, box.south, box.east, box.north)
    )
    response.headers["Content-Crs"] = f"<{asked.crs.uri}>"
    response.headers["Content-Bbox"] = ",".join(f"{corner:.{asked.crs.digits}f}" for corner in corners)
    return response


_SPEC = "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/"

PART = Part(
    register=register,
    conformance=(
        *(
            f"{_SPEC}{name}"
            for name in (
                "core", "background", "collection-map", "dataset-map", "styled-map", "scaling", "display-resolution",
                "spatial-subsetting", "crs", "collections-selection", "tilesets", "png", "jpeg",
            )
        ),
    ),
    landing_links=documents.landing_links,
    collection_links=documents.collection_links,
    draws=True,
    offer=Offer(
        id="maps",
        title=Words(de="OGC API Maps", en="OGC API Maps"),
        description=Words(
            de="Kartenbilder und Bildkacheln der Pläne nach Planzeichenverordnung und der Fachdaten.",
            en="Pictures and tiles of plans with the symbols of the PlanZV and of thematic data.",
        ),
        path="/map",
        protocol="OGC:API-Maps",
        service_type="view",
        media_type="image/png",
    ),
    openapi=openapi,
)  # fmt: skip

"""Styles and legends: each style of a collection in the languages of those who draw, and projects for QGIS."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import flask
from flask import Flask, Response

from geoportal.cartography import glyphs, maplibre, planzeichen, qgis, sld
from geoportal.cartography import legend as legends
from geoportal.cartography.model import Dimension, Sheet
from geoportal.cartography.qgis import QgisLayer
from geoportal.cartography.sheets import CONTENTS, PLANWERK, PLANZV, sheets
from geoportal.catalogue import Geometry, Layer
from geoportal.ogc.caching import fresh
from geoportal.ogc.collection import Collection
from geoportal.ogc.crs import CRS84, STORED, Box
from geoportal.ogc.exchange import Exchange, language_of
from geoportal.ogc.links import HTML, JSON, Document, alternates, link
from geoportal.ogc.maps.legends import legend_of
from geoportal.ogc.maps.picture import read_picture, transformed
from geoportal.ogc.maps.selection import offered, read_selection
from geoportal.ogc.maps.sources import Drawn, sheet_of
from geoportal.ogc.pages import Pages
from geoportal.ogc.part import Part
from geoportal.ogc.problems import NotFound
from geoportal.ogc.query import COMMON, check_parameters
from geoportal.ogc.service import LANGUAGES, Publication, Service
from geoportal.ogc.tiles import matrix
from geoportal.ogc.tiles.tileset import LABELS

_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/"
_DIMENSIONS: Final = {0: Dimension.POINT, 1: Dimension.LINE, 2: Dimension.AREA}
_LEGENDS: Final = {"png": "image/png", "svg": "image/svg+xml", "json": JSON}


class _Encoding(NamedTuple):
    media_type: str
    title: str


ENCODINGS: Final[Mapping[str, _Encoding]] = {
    "gl": _Encoding("application/vnd.mapbox.style+json", "Mapbox GL, für Vektorkacheln / for vector tiles"),
    "sld": _Encoding("application/vnd.ogc.sld+xml;version=1.1", "OGC SLD 1.1"),
    "qml": _Encoding("application/vnd.qgis.qml", "QGIS-Stil / QGIS style"),
    "qlr": _Encoding("application/x-qgis-layer-definition", "QGIS-Layerdefinition mit Datenquelle / with its source"),
}


def register(app: Flask, service: Service, pages: Pages) -> None:
    def all_sheets() -> list[Sheet]:
        layers = [item.layer for item in service.current().collections.values() if item.layer.drawn]
        return [sheet for layer in layers for sheet in sheets(layer).values()]

    @app.get("/collections/<name>/styles")
    @fresh(service)
    def style_list(name: str) -> Response:
        exchange = Exchange(service, pages)
        now = exchange.publication
        layer = now.drawn(name).layer
        return exchange.answer(_listed(layer, now.base, exchange.language), JSON, "styles/index.html")

    @app.get("/collections/<name>/styles/<style>")
    @fresh(service)
    def style_of(name: str, style: str) -> Response:
        exchange = Exchange(service, pages, formats=("json", "html", *ENCODINGS))
        now = exchange.publication
        collection = now.drawn(name)
        sheet = sheet_of(collection, style)
        encoding = exchange.parameters.get("f", "json")
        if encoding in ("json", "html"):
            described = _described(collection.layer, sheet, now.base, exchange.language)
            return exchange.answer(described, JSON, "styles/style.html")
        response = Response(_written(encoding, now, collection, sheet), content_type=ENCODINGS[encoding].media_type)
        if encoding != "gl":
            response.headers["Content-Disposition"] = f'attachment; filename="{name}-{style}.{encoding}"'
        return response

    @app.get("/collections/<name>/styles/<style>/legend")
    @fresh(service)
    def style_legend(name: str, style: str) -> Response:
        now = service.current()
        collection = now.drawn(name)
        sheet = sheet_of(collection, style)
        known = COMMON | {"bbox", "bbox-crs"} | set(offered(collection.layer))
        parameters = flask.request.args
        check_parameters(parameters, known, frozenset(LANGUAGES), tuple(_LEGENDS))
        box = None
        if "bbox" in parameters:
            asked = {key: parameters[key] for key in ("bbox", "bbox-crs") if key in parameters}
            box = read_picture({**asked, "crs": STORED.uri}, Box(0, 0, 1, 1)).box
        drawn = Drawn(collection, sheet.id, read_selection(parameters))
        shown = legend_of(service.engine, drawn, sheet, language_of(flask.request), box)
        form = parameters.get("f", "png")
        if form == "png":
            content = service.drawer.legend(shown.rows)
        elif form == "svg":
            content = shown.svg.encode()
        else:
            rows = [
                {"id": row.id, "title": row.title, "planzv": row.planzv, "symbol": legends.swatch(row)}
                for row in shown.rows
            ]
            content = json.dumps({"title": shown.title, "entries": rows}, ensure_ascii=False).encode()
        return Response(content, content_type=_LEGENDS[form])

    @app.get("/styles/sprite.<kind>", defaults={"ratio": 1})
    @app.get("/styles/sprite@2x.<kind>", defaults={"ratio": 2})
    @fresh(service)
    def sprite(kind: str, ratio: int) -> Response:
        places = maplibre.sprite_places(maplibre.sprite_forms(iter(all_sheets())), ratio)
        if kind == "json":
            return Response(json.dumps(places), content_type=JSON)
        if kind != "png":
            raise NotFound("sprite.json, sprite.png")
        return Response(service.drawer.icons(places), content_type="image/png")

    @app.get("/styles/glyphs/<fonts>/<letters>.pbf")
    @fresh(service)
    def letters_of(fonts: str, letters: str) -> Response:
        check_parameters(flask.request.args, frozenset(), frozenset(LANGUAGES), ("pbf",))
        # a list of fonts, of which programs want the first that there is
        font = next((name for name in fonts.split(",") if name in glyphs.FONTS), None)
        first, _, last = letters.partition("-")
        if font is None or not all(part.isascii() and part.isdecimal() and len(part) < 6 for part in (first, last)):
            raise NotFound(f"Schriften / fonts: {', '.join(glyphs.FONTS)}; 0-255 … 65280-65535")
        begin = int(first)
        if begin % glyphs.RANGE or begin > glyphs.MOST or int(last) != begin + glyphs.RANGE - 1:
            raise NotFound("0-255 … 65280-65535")
        return Response(glyphs.glyph_range(font, begin), content_type="application/x-protobuf")

    @app.get("/projects/<theme>.qgz")
    @fresh(service)
    def project(theme: str) -> Response:
        now = service.current()
        drawn = [item for item in now.collections.values() if item.layer.theme == theme and item.layer.drawn]
        held = [item for item in drawn if item.dimension is None]
        if not held:
            themes = sorted({item.layer.theme for item in now.collections.values()})
            raise NotFound(f"Thema {theme[:60]!r} nicht gefunden / no such theme: {', '.join(themes)}")
        groups = [
            (item.layer.title.de, _qgis_layers(now, item, next(iter(sheets(item.layer).values())))) for item in held
        ]
        area = transformed(Box(*now.api.config["area"]), CRS84, STORED)
        content = qgis.qgz(groups, f"Geoportal – {theme}", (area.west, area.south, area.east, area.north))
        response = Response(content, content_type="application/x-qgis-project")
        response.headers["Content-Disposition"] = f'attachment; filename="geoportal-{theme}.qgz"'
        return response


def _written(encoding: str, now: Publication, collection: Collection, sheet: Sheet) -> bytes:
    layer = collection.layer

    def gl() -> bytes:
        tiles = f"{now.base}/collections/{layer.id}/tiles/{matrix.ID}/{{z}}/{{y}}/{{x}}?f=mvt"
        title = f"{layer.title.de} – {sheet.title.de}"
        labelled = LABELS if layer.id == CONTENTS else None
        document = maplibre.write(sheet, title, tiles, f"{now.base}/styles", layer.id, labelled)
        return json.dumps(document, ensure_ascii=False).encode()

    writers: Mapping[str, Callable[[], bytes]] = {
        "gl": gl,
        "sld": lambda: sld.write(sheet, layer.id),
        "qml": lambda: qgis.qml(sheet, _dimension(collection)),
        "qlr": lambda: qgis.qlr(_qgis_layers(now, collection, sheet), layer.title.de),
    }
    return writers[encoding]()


def _dimension(collection: Collection) -> Dimension:
    if collection.dimension is not None:
        return _DIMENSIONS[collection.dimension]
    if collection.layer.geometry in (Geometry.POINT, Geometry.MULTI_POINT):
        return Dimension.POINT
    lines = (Geometry.LINE_STRING, Geometry.MULTI_LINE_STRING)
    return Dimension.LINE if collection.layer.geometry in lines else Dimension.AREA


def _qgis_layers(now: Publication, collection: Collection, sheet: Sheet) -> list[QgisLayer]:
    """The top one first. Contents come in three layers, for QGIS holds one kind of geometry in a layer."""
    layer = collection.layer
    contents: list[Collection] = []
    if sheet.id == PLANZV and (layer.view == CONTENTS or layer.view in PLANWERK) and collection.dimension is None:
        parts = [item for item in now.collections.values() if item.layer.view == CONTENTS and item.layer.drawn]
        contents = sorted((item for item in parts if item.dimension is not None), key=lambda item: item.dimension or 0)
    found = [] if layer.view == CONTENTS and contents else [_qgis_layer(now, collection, sheet)]
    planwerk = PLANWERK.get(layer.view)
    for item in contents:
        whole = next(iter(sheets(item.layer).values()))
        rules = planzeichen.rules(planwerk) if planwerk else whole.rules
        found.append(_qgis_layer(now, item, Sheet(f"{PLANZV}_{layer.id}", whole.title, rules)))
    return found


def _qgis_layer(now: Publication, collection: Collection, sheet: Sheet) -> QgisLayer:
    layer = collection.layer
    return QgisLayer(layer.id, layer.title.de, now.base, _dimension(collection), sheet)


def _listed(layer: Layer, base: str, language: str) -> Document:
    url = f"{base}/collections/{layer.id}/styles"
    return {
        "default": next(iter(sheets(layer))),
        "styles": [
            {
                "id": sheet.id,
                "title": getattr(sheet.title, language),
                "links": _links(layer, sheet, base),
            }
            for sheet in sheets(layer).values()
        ],
        "links": alternates(url, JSON),
    }


def _described(layer: Layer, sheet: Sheet, base: str, language: str) -> Document:
    return {
        "id": sheet.id,
        "title": getattr(sheet.title, language),
        "description": getattr(layer.title, language),
        "keywords": list(getattr(layer.keywords, language)),
        "scope": "style",
        "stylesheets": [
            {
                "title": encoding.title,
                "version": "1.0",
                "native": False,
                "link": link("stylesheet", encoding.media_type, encoding.title, _address(layer, sheet, base, name)),
            }
            for name, encoding in ENCODINGS.items()
        ],
        "links": [*alternates(f"{base}/collections/{layer.id}/styles/{sheet.id}", JSON), *_links(layer, sheet, base)],
    }


def _links(layer: Layer, sheet: Sheet, base: str) -> list[Document]:
    url = f"{base}/collections/{layer.id}/styles/{sheet.id}"
    sheets_ = [
        link("stylesheet", each.media_type, each.title, _address(layer, sheet, base, name))
        for name, each in ENCODINGS.items()
    ]
    return [
        *sheets_,
        link("describedby", JSON, "Über diesen Stil / about this style", f"{url}?f=json"),
        *(link(f"{_REL}legend", kind, "Legende / legend", f"{url}/legend?f={form}") for form, kind in _LEGENDS.items()),
        link(f"{_REL}map", "image/png", "Karte / map", f"{url}/map?f=png"),
    ]


def _address(layer: Layer, sheet: Sheet, base: str, encoding: str) -> str:
    return f"{base}/collections/{layer.id}/styles/{sheet.id}?f={encoding}"


def _collection_links(layer: Layer, url: str) -> list[Document]:
    base = url.rpartition("/collections/")[0]
    return [
        link(f"{_REL}styles", JSON, "Stile und Legenden / styles and legends", f"{url}/styles?f=json"),
        link(
            "related",
            "application/x-qgis-project",
            "QGIS-Projekt des Themas / QGIS project of the theme",
            f"{base}/projects/{layer.theme}.qgz",
        ),
    ]


def _openapi(layers: Sequence[Layer]) -> Document:
    names = {"type": "string", "enum": ["json", "html", *ENCODINGS], "default": "json"}
    legend_form = {"type": "string", "enum": list(_LEGENDS), "default": "png"}
    answered: Document = {
        "400": {"$ref": "#/components/responses/InvalidParameter"},
        "404": {"$ref": "#/components/responses/NotFound"},
        "503": {"$ref": "#/components/responses/Unavailable"},
    }

    gl = ENCODINGS["gl"].media_type

    def operation(
        layer: Layer, what: str, summary: str, parameters: Sequence[Document], kinds: Sequence[str]
    ) -> Document:
        name = layer.id.title().replace("_", "")
        content = {kind: {"schema": {"type": "object" if kind in (JSON, gl) else "string"}} for kind in kinds}
        return {
            "get": {
                "tags": [layer.id],
                "summary": f"{layer.title.de}: {summary}",
                "operationId": f"get{name}{what}",
                "parameters": [*parameters, {"$ref": "#/components/parameters/lang"}],
                "responses": {"200": {"description": summary, "content": content}, **answered},
            }
        }

    paths: Document = {}
    for layer in layers:
        url = f"/collections/{layer.id}/styles"
        style = {
            "name": "style",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "enum": list(sheets(layer))},
        }
        form = {"name": "f", "in": "query", "description": "Format", "schema": names}
        shown = {"name": "f", "in": "query", "description": "Format", "schema": legend_form}
        common = [{"$ref": "#/components/parameters/f"}]
        chosen = [{"$ref": f"#/components/parameters/{name}"} for name in ("bbox", "bbox-crs", *offered(layer))]
        kinds = [JSON, HTML, *(each.media_type for each in ENCODINGS.values())]
        paths[url] = operation(layer, "Styles", "Stile / styles", common, [JSON, HTML])
        paths[f"{url}/{{style}}"] = operation(layer, "Style", "ein Stil / one style", [style, form], kinds)
        paths[f"{url}/{{style}}/legend"] = operation(
            layer, "Legend", "Legende / legend", [style, *chosen, shown], list(_LEGENDS.values())
        )
    return {"paths": paths}


PART = Part(register=register, collection_links=_collection_links, openapi=_openapi, draws=True)

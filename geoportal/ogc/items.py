"""OGC API - Features: the items of a collection."""

import json
from datetime import UTC, datetime
from urllib.parse import quote

from flask import Flask, Response

from geoportal.catalogue import Words
from geoportal.ogc import documents
from geoportal.ogc.caching import fresh
from geoportal.ogc.collection import Collection, has_history
from geoportal.ogc.crs import CRS84, crs_of
from geoportal.ogc.exchange import Exchange
from geoportal.ogc.links import GEOJSON, plan_file
from geoportal.ogc.pages import Pages
from geoportal.ogc.part import Offer, Part
from geoportal.ogc.query import ITEM, ITEMS, STAND, read_day, read_question
from geoportal.ogc.service import Service
from geoportal.ogc.spoken import Spoken
from geoportal.ogc.table import MANY


def register(app: Flask, service: Service, pages: Pages) -> None:
    @app.get("/collections/<name>/items")
    @fresh(service)
    def items(name: str) -> Response:
        now = service.current()
        collection = now.collection(name)
        table = collection.table
        exchange = Exchange(service, pages, ITEMS | _history(collection) | table.queryables.keys())
        question = read_question(name, exchange.parameters, table, now.limits)
        page = service.page(collection, question)
        head = {
            "type": "FeatureCollection",
            "timeStamp": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            # OGC API - Features 1, 7.16.2: left out where it would be dear to know
            **({} if page.matched == MANY else {"numberMatched": page.matched}),
            "numberReturned": page.returned,
            "links": documents.page_links(name, now.base, exchange.parameters, question, page),
        }
        # the features are JSON already, and stay so
        body = _for_qgis(b'%b, "features": [%b]}' % (_json(head)[:-1], page.features))
        spoken = Spoken(collection.layer, exchange.language)
        response = exchange.answer(body, GEOJSON, "collections/items/index.html", spoken)
        response.headers["Content-Crs"] = f"<{question.crs.uri}>"
        if question.hits and page.matched == MANY:
            # another time it may be counted: nobody remembers that it was not
            response.headers["Cache-Control"] = "no-store"
        return response

    @app.get("/collections/<name>/items/<path:identifier>")
    @fresh(service)
    def item(name: str, identifier: str) -> Response:
        collection = service.current().collection(name)
        exchange = Exchange(service, pages, ITEM | _history(collection))
        now = exchange.publication
        table = collection.table_on(read_day(exchange.parameters))
        crs = crs_of("crs", exchange.parameters.get("crs", CRS84.uri))
        feature = table.feature(service.planned_engine, identifier, crs, ready=service.ready(table))
        url = f"{now.base}/collections/{name}"
        links = documents.item_links(url, quote(identifier, safe=""), exchange.parameters)
        if has_history(collection.layer) and STAND not in exchange.parameters:
            links.append(plan_file(quote(identifier, safe=""), now.base))
        if table.links:
            read = json.loads(feature)
            body = _json({**read, "links": [*read.get("links", ()), *links]})
        else:
            body = b'%b,"links":%b}' % (feature[:-1], _json(links))
        spoken = Spoken(collection.layer, exchange.language)
        response = exchange.answer(body, GEOJSON, "collections/items/item.html", spoken)
        response.headers["Content-Crs"] = f"<{crs.uri}>"
        return response


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _for_qgis(body: bytes) -> bytes:
    r"""The same JSON, with \u0022 and \u005c for quotes and backslashes within texts.

    QGIS takes spaces out of a page before it reads it, and goes astray at \" and \\ (its issue 66700; seen in 3.40): a
    name in quotes comes out in backslashes, and a text that ends in a backslash costs the whole layer.
    """
    return body.replace(rb"\\", rb"\u005c").replace(rb"\"", rb"\u0022")


def _history(collection: Collection) -> frozenset[str]:
    return frozenset({STAND}) if has_history(collection.layer) else frozenset()


_SPEC = "http://www.opengis.net/spec/"

# Declared is what tests prove, and nothing else. Part 5 stands in both spellings that clients look for.
PART = Part(
    register=register,
    offer=Offer(
        id="features",
        title=Words(de="OGC API Features", en="OGC API Features"),
        description=Words(
            de="Abfrage und Herunterladen der Pläne und Fachdaten als Objekte (GeoJSON).",
            en="Query and download of plans and thematic data as features (GeoJSON).",
        ),
        path="/",
        protocol="OGC:API-Features",
        service_type="download",
    ),
    conformance=(
        f"{_SPEC}ogcapi-features-1/1.0/conf/core",
        f"{_SPEC}ogcapi-features-1/1.0/conf/geojson",
        f"{_SPEC}ogcapi-features-1/1.0/conf/html",
        f"{_SPEC}ogcapi-features-1/1.0/conf/oas30",
        f"{_SPEC}ogcapi-features-2/1.0/conf/crs",
        f"{_SPEC}ogcapi-features-3/1.0/conf/queryables",
        f"{_SPEC}ogcapi-features-3/1.0/conf/queryables-query-parameters",
        f"{_SPEC}ogcapi-features-3/1.0/conf/filter",
        f"{_SPEC}ogcapi-features-3/1.0/conf/features-filter",
        f"{_SPEC}ogcapi-features-5/1.0/conf/schemas",
        f"{_SPEC}ogcapi-features-5/1.0/conf/core-roles-features",
        f"{_SPEC}cql2/1.0/conf/cql2-text",
        f"{_SPEC}cql2/1.0/conf/cql2-json",
        f"{_SPEC}cql2/1.0/conf/basic-cql2",
        f"{_SPEC}cql2/1.0/conf/advanced-comparison-operators",
        f"{_SPEC}cql2/1.0/conf/case-insensitive-comparison",
        f"{_SPEC}cql2/1.0/conf/basic-spatial-functions",
        f"{_SPEC}cql2/1.0/conf/basic-spatial-functions-plus",
        f"{_SPEC}cql2/1.0/conf/spatial-functions",
        f"{_SPEC}cql2/1.0/conf/temporal-functions",
        f"{_SPEC}cql2/1.0/conf/property-property",
    ),
)

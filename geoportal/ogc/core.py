"""What every OGC API has in common: landing page, OpenAPI, conformance, and the collections with their schemas."""

from flask import Flask, Response
from pygeoapi.api import describe_collections, get_collection_schema, landing_page
from pygeoapi.api.itemtypes import get_collection_queryables

from geoportal.catalogue import Layer
from geoportal.ogc import documents
from geoportal.ogc.caching import fresh
from geoportal.ogc.crs import Box
from geoportal.ogc.exchange import Exchange
from geoportal.ogc.links import JSON, OPENAPI, SCHEMA_JSON, Document
from geoportal.ogc.pages import Pages
from geoportal.ogc.part import Part
from geoportal.ogc.service import Service


def register(app: Flask, service: Service, pages: Pages) -> None:
    parts = service.parts

    def described_one(written: Document, layer: Layer) -> Document:
        base, extent, files = service.current().base, service.extent(layer.id), service.downloads.of(layer.id)
        return documents.collection(written, layer, base, extent, parts, files)

    @app.get("/")
    @fresh(service)
    def landing() -> Response:
        exchange = Exchange(service, pages)
        now = exchange.publication
        document = documents.landing(exchange.ask(landing_page), now.base, parts, Box(*now.api.config["area"]))
        return exchange.answer(document, JSON, "landing_page.html")

    @app.get("/openapi")
    @fresh(service)
    def openapi() -> Response:
        exchange = Exchange(service, pages)
        return exchange.answer(exchange.publication.api.openapi, OPENAPI, "openapi/swagger.html")

    @app.get("/conformance")
    @fresh(service)
    def conformance() -> Response:
        exchange = Exchange(service, pages)
        return exchange.answer(documents.conformance(exchange.publication.base, parts), JSON, "conformance.html")

    @app.get("/collections")
    @fresh(service, with_files=True)
    def collections() -> Response:
        exchange = Exchange(service, pages)
        now = exchange.publication
        written = exchange.ask(describe_collections)
        described = [
            described_one(document, now.collections[document["id"]].layer) for document in written["collections"]
        ]
        described += [own for part in parts for own in part.collections(service, exchange.language)]
        document = documents.collections(written, described, now.base)
        return exchange.answer(document, JSON, "collections/index.html")

    @app.get("/collections/<name>")
    @fresh(service, with_files=True)
    def collection(name: str) -> Response:
        exchange = Exchange(service, pages)
        now = exchange.publication
        layer = now.collection(name).layer
        written = exchange.ask(describe_collections, layer.id)
        document = described_one(written, layer)
        return exchange.answer(document, JSON, "collections/collection.html")

    @app.get("/collections/<name>/queryables")
    @fresh(service)
    def queryables(name: str) -> Response:
        exchange = Exchange(service, pages)
        layer = exchange.publication.collection(name).layer
        written = exchange.ask(get_collection_queryables, layer.id)
        document = documents.queryables(written, layer, exchange.language, exchange.publication.base)
        return exchange.answer(document, SCHEMA_JSON, "collections/queryables.html")

    @app.get("/collections/<name>/schema")
    @fresh(service)
    def schema(name: str) -> Response:
        exchange = Exchange(service, pages)
        layer = exchange.publication.collection(name).layer
        written = exchange.ask(get_collection_schema, layer.id)
        document = documents.schema(written, layer, exchange.language, exchange.publication.base)
        return exchange.answer(document, SCHEMA_JSON, "collections/schema.html")

    @app.get("/collections/<name>/schemas/feature")
    @fresh(service)
    def feature_schema(name: str) -> Response:
        exchange = Exchange(service, pages)
        layer = exchange.publication.collection(name).layer
        document = documents.feature_schema(layer, exchange.language, exchange.publication.base)
        return exchange.answer(document, SCHEMA_JSON, "collections/schema.html")


_SPEC = "http://www.opengis.net/spec/"

PART = Part(
    register=register,
    conformance=(
        f"{_SPEC}ogcapi-common-1/1.0/conf/core",
        f"{_SPEC}ogcapi-common-1/1.0/conf/landing-page",
        f"{_SPEC}ogcapi-common-1/1.0/conf/json",
        f"{_SPEC}ogcapi-common-1/1.0/conf/html",
        f"{_SPEC}ogcapi-common-1/1.0/conf/oas30",
        f"{_SPEC}ogcapi-common-2/1.0/conf/collections",
        f"{_SPEC}ogcapi-common-3/1.0/conf/schemas",
    ),
)

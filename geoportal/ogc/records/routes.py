"""OGC API - Records: the routes of the catalogue."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import flask
from flask import Flask, Response

from geoportal.catalogue import Layer, Words
from geoportal.ogc import cursor
from geoportal.ogc.caching import fresh
from geoportal.ogc.crs import CRS84
from geoportal.ogc.exchange import Exchange, wants_html
from geoportal.ogc.links import GEOJSON, HTML, JSON, SCHEMA_JSON, Document, link
from geoportal.ogc.memory import Counts
from geoportal.ogc.pages import Pages
from geoportal.ogc.part import Offer, Part
from geoportal.ogc.problems import NotFound
from geoportal.ogc.query import COMMON, ITEM, choice
from geoportal.ogc.reading import connection_for_reading
from geoportal.ogc.records import dcat, geojson, iso, rdf
from geoportal.ogc.records.api import openapi
from geoportal.ogc.records.finding import Found, plan_rows, search
from geoportal.ogc.records.geojson import ISO, JSON_LD, RDF_XML, TURTLE
from geoportal.ogc.records.model import Kind, Record
from geoportal.ogc.records.search import DEFAULT_ORDER, PARAMETERS, SORTABLE, Search, read_search
from geoportal.ogc.records.stock import CATALOGUE, fixed_records, plan_pages, plan_record, record_uri
from geoportal.ogc.service import Service
from geoportal.ogc.table import MANY

_GRAPHS: Final[Mapping[str, tuple[str, Callable[[Sequence[rdf.Node]], bytes | str]]]] = {
    "rdf": (f"{RDF_XML}; charset=utf-8", rdf.as_xml),
    "ttl": (f"{TURTLE}; charset=utf-8", rdf.as_turtle),
    "jsonld": (JSON_LD, rdf.as_json),
}
LIST_FORMATS: Final = ("json", "html", *_GRAPHS)
# Catalogues of others are German, whatever language their harvester accepts.
_METADATA: Final = (*_GRAPHS, "iso19139")
_LANGUAGE_OF_METADATA: Final = "de"
RECORD_FORMATS: Final = (*LIST_FORMATS, "iso19139")
CATALOGUE_JSON: Final = "application/ogc-catalog+json"


def register(app: Flask, service: Service, pages: Pages) -> None:
    counts = Counts()

    def records_of(found: Found, fixed: Iterable[Record], language: str) -> list[Record]:
        known = {record.id: record for record in fixed}
        now = service.current()
        return [
            known.get(each) or plan_record(found.plans[each], now, language)
            for each in found.ids
            if each in known or each in found.plans
        ]

    def one(identifier: str, language: str) -> Record:
        fixed = list(fixed_records(service, language))
        if (known := next((record for record in fixed if record.id == identifier), None)) is not None:
            return known
        try:
            wanted = str(UUID(identifier))
        except ValueError as error:
            raise NotFound(f"{identifier[:80]!r}: nicht gefunden / not found") from error
        with connection_for_reading(service.engine) as connection:
            found = plan_rows(connection, [wanted])
        if wanted not in found:
            raise NotFound(f"{identifier!r}: nicht gefunden / not found")
        return plan_record(found[wanted], service.current(), language)

    @app.get(f"/collections/{CATALOGUE}")
    @fresh(service)
    def catalogue() -> Response:
        exchange = Exchange(service, pages)
        # /req/json/collection-response: who asks for a catalogue by its media type gets it, all others plain JSON
        kind = flask.request.accept_mimetypes.best_match([JSON, CATALOGUE_JSON], default=JSON)
        return exchange.answer(_collection(service, exchange.language), kind, "records/collection.html")

    @app.get(f"/collections/{CATALOGUE}/sortables")
    @fresh(service)
    def sortables() -> Response:
        exchange = Exchange(service, pages)
        document = _sortables(exchange.publication.base, exchange.language)
        return exchange.answer(document, SCHEMA_JSON, "collections/schema.html")

    @app.get(f"/collections/{CATALOGUE}/items")
    @fresh(service, with_files=True)
    def records() -> Response:
        exchange = Exchange(service, pages, COMMON | PARAMETERS, formats=LIST_FORMATS)
        now = exchange.publication
        wanted = read_search(exchange.parameters, now.limits.default, now.limits.maximum)
        kind = exchange.parameters.get("f", "")
        language = _LANGUAGE_OF_METADATA if kind in _METADATA else exchange.language
        fixed = list(fixed_records(service, language))
        if kind in _GRAPHS and not wanted.kinds:
            # an open data portal lists data sets and services; the plans are parts of a data set
            wanted = _only(wanted, (Kind.DATASET, Kind.SERVICE))
        state = service.state()
        token = state.token if state else str(time.monotonic())
        found = search(service.engine, wanted, fixed, plan_pages(now.base), counts, token)
        listed = records_of(found, fixed, language)
        places = _pages(f"{now.base}/collections/{CATALOGUE}/items", exchange.parameters, wanted, found)
        if kind in _GRAPHS:
            total = None if found.matched == MANY else found.matched
            nodes = dcat.catalogue(listed, _about(service, language), now.base, places, total, now.contributor)
            return _graph(nodes, kind)
        titles = {"next": "Nächste Seite / next page", "previous": "Vorige Seite / previous page"}
        relations = {"previous": "prev"}
        document = {
            "type": "FeatureCollection",
            **({} if found.matched == MANY else {"numberMatched": found.matched}),
            "numberReturned": len(listed),
            "timeStamp": geojson.moment(datetime.now(UTC)),
            "features": [geojson.feature(record, now.base, exchange.language) for record in listed],
            "links": [
                link("self", GEOJSON, "Diese Seite / this page", _as(places["self"], "json")),
                link("alternate", HTML, "Als Webseite / as HTML", _as(places["self"], "html")),
                link("alternate", RDF_XML, "DCAT-AP.de (RDF/XML)", _as(places["self"], "rdf")),
                link("alternate", TURTLE, "DCAT-AP.de (Turtle)", _as(places["self"], "ttl")),
                link("alternate", JSON_LD, "DCAT-AP.de (JSON-LD)", _as(places["self"], "jsonld")),
                link("collection", JSON, "Katalog / catalogue", f"{now.base}/collections/{CATALOGUE}"),
                *(
                    link(relations.get(name, name), GEOJSON, titles[name], _as(places[name], "json"))
                    for name in titles
                    if name in places
                ),
            ],
        }
        response = exchange.answer(document, GEOJSON, "records/items.html")
        response.headers["Content-Crs"] = f"<{CRS84.uri}>"
        return response

    @app.get(f"/collections/{CATALOGUE}/items/<path:identifier>")
    @fresh(service, with_files=True)
    def record(identifier: str) -> Response:
        exchange = Exchange(service, pages, ITEM, formats=RECORD_FORMATS)
        choice(exchange.parameters, "crs", (CRS84.uri,))
        base = exchange.publication.base
        kind = exchange.parameters.get("f", "")
        found = one(identifier, _LANGUAGE_OF_METADATA if kind in _METADATA else exchange.language)
        if kind == "iso19139":
            return Response(iso.as_xml(found, base), content_type=f"{ISO}; charset=utf-8")
        if kind in _GRAPHS:
            return _graph([dcat.entry(found, base, service.current().contributor)], kind)
        document = geojson.document(found, base, exchange.language)
        if wants_html():
            document["schema.org"] = _schema_org(found)
        response = exchange.answer(document, GEOJSON, "records/item.html")
        response.headers["Content-Crs"] = f"<{CRS84.uri}>"
        return response


def _graph(nodes: list[rdf.Node], kind: str) -> Response:
    media_type, written = _GRAPHS[kind]
    return Response(written(nodes), content_type=media_type)


def _only(wanted: Search, kinds: Iterable[Kind]) -> Search:
    return replace(wanted, kinds=[kind.value for kind in kinds])


def _pages(url: str, parameters: Mapping[str, str], wanted: Search, found: Found) -> dict[str, str]:
    kept = [(name, value) for name, value in parameters.items() if name not in ("offset", cursor.NAME)]

    def at(offset: int) -> str:
        return f"{url}?{urlencode([*kept, ('offset', offset)])}" if offset or kept else url

    def after(word: str) -> str:
        return f"{url}?{urlencode([*kept, (cursor.NAME, word)])}"

    places = {"self": after(parameters[cursor.NAME]) if wanted.after else at(wanted.offset), "first": at(0)}
    if found.matched != MANY:
        places["last"] = at((max(found.matched, 1) - 1) // wanted.limit * wanted.limit)
    if found.last is not None:
        places["next"] = after(cursor.write_cursor(found.last, CATALOGUE, kept))
    elif found.has_next:
        places["next"] = at(wanted.offset + len(found.ids))
    if wanted.offset > 0:
        places["previous"] = at(max(0, wanted.offset - wanted.limit))
    return places


def _as(url: str, kind: str) -> str:
    head, _, query = url.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("f=")]
    return f"{head}?{'&'.join([*kept, f'f={kind}'])}"


def _about(service: Service, language: str) -> dict[str, str]:
    metadata = service.current().translated[language]["metadata"]
    return {
        "title": metadata["identification"]["title"],
        "description": metadata["identification"]["description"],
        "publisher": metadata["provider"]["name"],
        "homepage": metadata["provider"]["url"],
        "licence": metadata["license"]["url"],
    }


def _schema_org(record: Record) -> Document:
    """What search engines read (schema.org Dataset)."""
    written: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "WebAPI" if record.kind is Kind.SERVICE else "Dataset",
        "@id": record.uri,
        "name": record.title,
        "description": record.description,
        "url": record.landing,
        "identifier": record.uri,
        "keywords": list(record.keywords),
        "license": record.licence.url,
        "creator": {"@type": "Organization", "name": record.publisher},
        "isAccessibleForFree": True,
    }
    if record.updated is not None:
        written["dateModified"] = geojson.moment(record.updated)
    if record.box is not None:
        west, south, east, north = record.box
        shape = {"@type": "GeoShape", "box": f"{south} {west} {north} {east}"}
        written["spatialCoverage"] = {"@type": "Place", "geo": shape}
    if record.kind is not Kind.SERVICE:
        written["distribution"] = [
            {"@type": "DataDownload", "contentUrl": each.href, "encodingFormat": each.media_type}
            for each in record.distributions
        ]
    return written


def _sortables(base: str, language: str) -> Document:
    """/req/sorting/get-sortables-success: every sortable with its type."""
    described = {name: {"title": getattr(words, language), "type": "string"} for name, words in SORTABLE.items()}
    described["updated"]["format"] = "date-time"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{base}/collections/{CATALOGUE}/sortables",
        "title": _TITLE[language],
        "type": "object",
        "properties": described,
        "additionalProperties": False,
    }


def _collection(service: Service, language: str) -> Document:
    now = service.current()
    url = f"{now.base}/collections/{CATALOGUE}"
    about = _about(service, language)
    title = _TITLE[language]
    said = {
        "de": "Datensätze, Dienste und Pläne mit ihren Metadaten.",
        "en": "Data sets, services and plans with their metadata.",
    }
    return {
        "id": CATALOGUE,
        "type": "Catalog",
        "itemType": "record",
        "title": title,
        "description": said[language],
        "keywords": [],
        "conformsTo": list(CONFORMANCE),
        "license": geojson.licence(about["licence"]),
        "defaultSortOrder": [{"field": field, "direction": "asc"} for field in DEFAULT_ORDER],
        "extent": {"spatial": {"bbox": [service.current().api.config["area"]], "crs": CRS84.uri}},
        "crs": [CRS84.uri],
        "contacts": [{"name": about["publisher"], "roles": ["publisher"]}],
        "links": [
            link("self", JSON, title, f"{url}?f=json"),
            link("alternate", HTML, "Als Webseite / as HTML", f"{url}?f=html"),
            link("items", GEOJSON, "Einträge / records", f"{url}/items"),
            link("items", HTML, "Einträge als Webseite / records as HTML", f"{url}/items?f=html"),
            link(f"{_REL}sortables", SCHEMA_JSON, "Sortierbare Felder / sortables", f"{url}/sortables?f=json"),
            link("alternate", RDF_XML, "DCAT-AP.de (RDF/XML)", f"{url}/items?f=rdf"),
            link("alternate", JSON_LD, "DCAT-AP.de (JSON-LD)", f"{url}/items?f=jsonld"),
            link("license", HTML, about["licence"], about["licence"]),
            geojson.profile("ogc-catalog"),
        ],
    }


def _landing_links(base: str) -> list[Document]:
    url = f"{base}/collections/{CATALOGUE}"
    return [
        # GDI-DE: the metadata of the service
        link(
            "service-meta",
            ISO,
            "Metadaten des Dienstes / metadata of the service",
            f"{record_uri(base, 'dienst_features')}?f=iso19139",
        ),
        link(f"{_REL}ogc-catalog", JSON, "Katalog / catalogue", f"{url}?f=json"),
        link("describedby", RDF_XML, "DCAT-AP.de", f"{url}/items?f=rdf"),
    ]


def _collection_links(layer: Layer, url: str) -> list[Document]:
    base = url.removesuffix(f"/collections/{layer.id}")
    # a part of a layer (areas, lines, points, a selection) is described by the record of the whole
    is_whole = layer.source.view in (None, layer.id)
    place = record_uri(base, layer.id if is_whole else layer.folder.name)
    return [
        link("describedby", ISO, "Metadaten (ISO 19139)", f"{place}?f=iso19139"),
        link("describedby", HTML, "Metadaten als Webseite / metadata as HTML", f"{place}?f=html"),
        link("describedby", RDF_XML, "DCAT-AP.de", f"{place}?f=rdf"),
    ]


_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/"
_TITLE: Final = {"de": "Katalog", "en": "Catalogue"}
_SPEC: Final = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/"
CONFORMANCE: Final = tuple(
    f"{_SPEC}{name}"
    for name in (
        "record-core",
        "record-collection",
        "record-core-query-parameters",
        "records-api",
        "sorting",
        "json",
        "html",
    )
)

PART = Part(
    register=register,
    conformance=CONFORMANCE,
    landing_links=_landing_links,
    collection_links=_collection_links,
    openapi=openapi,
    collections=lambda service, language: [_collection(service, language)],
    offer=Offer(
        id="katalog",
        title=Words(de="OGC API Records", en="OGC API Records"),
        description=Words(
            de="Katalog der Datensätze, Dienste und Pläne, auch als ISO 19139 und DCAT-AP.de.",
            en="Catalogue of data sets, services and plans, also as ISO 19139 and DCAT-AP.de.",
        ),
        path=f"/collections/{CATALOGUE}",
        protocol="OGC:API-Records",
        service_type="discovery",
    ),
)

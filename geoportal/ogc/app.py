"""The OGC API as a WSGI application: pygeoapi's functions, asked strictly and answered completely."""

import json
import logging
from collections.abc import Callable, Mapping, Set
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import flask
from flask import Flask, Request, Response
from pygeoapi.api import APIRequest, describe_collections, get_collection_schema, landing_page
from pygeoapi.api.itemtypes import get_collection_queryables
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from geoportal.ogc import documents
from geoportal.ogc.config import STATIC
from geoportal.ogc.crs import CRS84, crs_of
from geoportal.ogc.documents import GEOJSON, HTML, JSON, OPENAPI, SCHEMA_JSON, Document
from geoportal.ogc.pages import Pages
from geoportal.ogc.problems import ANSWERS, RETRY_AFTER_SECONDS, Answer, OgcProblem, Unavailable
from geoportal.ogc.query import COMMON, ITEM, ITEMS, check_parameters, read_question
from geoportal.ogc.service import LANGUAGES, Publication, Service
from geoportal.settings import Settings

LOGGER = logging.getLogger(__name__)


def _with_plain_language(request: Request) -> Request:
    """The request with the one language that it gets: pygeoapi divides by weights, and `q=0` is legal (RFC 9110)."""
    best = request.accept_languages.best_match(sorted(LANGUAGES), default="de")
    return Request(request.environ | {"HTTP_ACCEPT_LANGUAGE": best})


class Exchange:
    """One request and how it is answered. Raises InvalidParameter when it is made of a request that is not sound."""

    def __init__(self, service: Service, pages: Pages, known: Set[str] = COMMON) -> None:
        self.publication: Publication = service.current()
        self.parameters = flask.request.args
        check_parameters(self.parameters, known, frozenset(LANGUAGES))
        self._pages = pages
        self._request = APIRequest.from_flask(_with_plain_language(flask.request), self.publication.api.locales)
        # pygeoapi shall always write the document; a page is a rendering of it, made afterwards
        self._request._format = "json"
        self.language: str = self._request.locale.language

    def ask(self, function: Callable[..., tuple[Any, int, Any]], *arguments: str) -> Document:
        """The JSON document of one of pygeoapi's functions."""
        _, status, content = function(self.publication.api, self._request, *arguments)
        if status != HTTPStatus.OK:
            raise RuntimeError(f"pygeoapi: {status} {content!r}")
        document: Document = json.loads(content)
        return document

    def answer(self, document: Document | str, media_type: str, template: str) -> Response:
        """As JSON, or as the page `template`; a string is JSON already."""
        if not wants_html():
            body = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
            return self._response(body, media_type)
        content = json.loads(document) if isinstance(document, str) else document
        config = self.publication.translated[self.language]
        return self._response(self._pages.render(template, content, config, self.language), HTML)

    def _response(self, body: str, media_type: str) -> Response:
        response = Response(body.encode(), content_type=media_type if media_type != HTML else f"{HTML}; charset=utf-8")
        response.headers["Content-Language"] = self.language
        return response


def create_ogc(settings: Settings, layers_folder: Path) -> Flask:
    """The application, to be mounted at /ogc. Raises SettingsError and ManifestError."""
    # pygeoapi configures logging when nobody has; it shall not be the first, and tell only what went wrong
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("pygeoapi").setLevel(logging.ERROR)
    service, pages = Service(settings, layers_folder), Pages()
    app = Flask("geoportal.ogc", static_folder=STATIC, static_url_path="/static")
    app.url_map.strict_slashes = False
    _errors(app, service, pages)

    @app.get("/")
    def landing() -> Response:
        exchange = Exchange(service, pages)
        document = documents.landing(exchange.ask(landing_page), exchange.publication.base)
        return exchange.answer(document, JSON, "landing_page.html")

    @app.get("/openapi")
    def openapi() -> Response:
        exchange = Exchange(service, pages)
        return exchange.answer(exchange.publication.api.openapi, OPENAPI, "openapi/swagger.html")

    @app.get("/conformance")
    def conformance() -> Response:
        exchange = Exchange(service, pages)
        return exchange.answer(documents.conformance(exchange.publication.base), JSON, "conformance.html")

    @app.get("/collections")
    def collections() -> Response:
        exchange = Exchange(service, pages)
        now = exchange.publication
        written = exchange.ask(describe_collections)
        described = [
            documents.collection(
                document, now.collections[document["id"]].layer, now.base, service.extent(document["id"])
            )
            for document in written["collections"]
        ]
        document = documents.collections(written, described, now.base)
        return exchange.answer(document, JSON, "collections/index.html")

    @app.get("/collections/<name>")
    def collection(name: str) -> Response:
        exchange = Exchange(service, pages)
        now = exchange.publication
        layer = now.collection(name).layer
        written = exchange.ask(describe_collections, layer.id)
        document = documents.collection(written, layer, now.base, service.extent(layer.id))
        return exchange.answer(document, JSON, "collections/collection.html")

    @app.get("/collections/<name>/queryables")
    def queryables(name: str) -> Response:
        exchange = Exchange(service, pages)
        layer = exchange.publication.collection(name).layer
        written = exchange.ask(get_collection_queryables, layer.id)
        document = documents.queryables(written, layer, exchange.language, exchange.publication.base)
        return exchange.answer(document, SCHEMA_JSON, "collections/queryables.html")

    @app.get("/collections/<name>/schema")
    def schema(name: str) -> Response:
        exchange = Exchange(service, pages)
        layer = exchange.publication.collection(name).layer
        written = exchange.ask(get_collection_schema, layer.id)
        document = documents.schema(written, layer, exchange.language, exchange.publication.base)
        return exchange.answer(document, SCHEMA_JSON, "collections/schema.html")

    @app.get("/collections/<name>/schemas/feature")
    def feature_schema(name: str) -> Response:
        exchange = Exchange(service, pages)
        layer = exchange.publication.collection(name).layer
        document = documents.feature_schema(layer, exchange.language, exchange.publication.base)
        return exchange.answer(document, SCHEMA_JSON, "collections/schema.html")

    @app.get("/collections/<name>/items")
    def items(name: str) -> Response:
        now = service.current()
        table = now.collection(name).table
        exchange = Exchange(service, pages, ITEMS | table.queryables.keys())
        question = read_question(exchange.parameters, table, now.limits)
        page = table.page(service.engine, question)
        head = {
            "type": "FeatureCollection",
            "timeStamp": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "numberMatched": page.matched,
            "numberReturned": page.returned,
            "links": documents.page_links(f"{now.base}/collections/{name}", exchange.parameters, question, page),
        }
        # the features are text already, and stay text
        body = f'{json.dumps(head, ensure_ascii=False)[:-1]}, "features": [{page.features}]}}'
        response = exchange.answer(body, GEOJSON, "collections/items/index.html")
        response.headers["Content-Crs"] = f"<{question.crs.uri}>"
        return response

    @app.get("/collections/<name>/items/<path:identifier>")
    def item(name: str, identifier: str) -> Response:
        exchange = Exchange(service, pages, ITEM)
        now = exchange.publication
        table = now.collection(name).table
        crs = crs_of("crs", exchange.parameters.get("crs", CRS84.uri))
        feature = table.feature(service.engine, identifier, crs)
        url = f"{now.base}/collections/{name}"
        links = documents.item_links(url, quote(identifier, safe=""), exchange.parameters)
        body = f'{feature[:-1]},"links":{json.dumps(links, ensure_ascii=False)}}}'
        response = exchange.answer(body, GEOJSON, "collections/items/item.html")
        response.headers["Content-Crs"] = f"<{crs.uri}>"
        return response

    return app


def wants_html() -> bool:
    if wanted := flask.request.args.get("f"):
        return wanted == "html"
    return flask.request.accept_mimetypes.best_match([JSON, GEOJSON, HTML], default=JSON) == HTML


def _errors(app: Flask, service: Service, pages: Pages) -> None:
    def told(answer: Answer, description: str, headers: Mapping[str, str]) -> Response:
        document = {"code": answer.code, "description": description}
        if wants_html():
            language = asked if (asked := flask.request.args.get("lang")) in LANGUAGES else LANGUAGES[0]
            config = service.current().translated[language]
            body, kind = pages.render("exception.html", document, config, language), f"{HTML}; charset=utf-8"
        else:
            body, kind = json.dumps(document, ensure_ascii=False), JSON
        return Response(body, status=answer.status, content_type=kind, headers=headers)

    @app.errorhandler(OgcProblem)
    def problem(error: OgcProblem) -> Response:
        retry = {"Retry-After": str(RETRY_AFTER_SECONDS)} if isinstance(error, Unavailable) else {}
        if retry:
            LOGGER.warning("%s", error, exc_info=error)
        return told(ANSWERS[type(error)], str(error), retry)

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        allow = {"Allow": ", ".join(error.valid_methods or ())} if isinstance(error, MethodNotAllowed) else {}
        code = "NotFound" if status is HTTPStatus.NOT_FOUND else "InvalidParameterValue"
        code = "NoApplicableCode" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else code
        return told(Answer(status, code), status.phrase, allow)

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        LOGGER.error("unexpected", exc_info=error)
        answer = Answer(HTTPStatus.INTERNAL_SERVER_ERROR, "NoApplicableCode")
        return told(answer, "Unerwarteter Fehler / unexpected error", {})

    @app.after_request
    def open_to_all(response: Response) -> Response:
        """GDI-DE and browsers of other portals: reading needs no leave, and nothing here knows who reads."""
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "Content-Crs, Link"
        response.vary.update(("Accept", "Accept-Language"))
        return response

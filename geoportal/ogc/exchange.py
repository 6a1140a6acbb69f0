"""One request to the OGC API and how it is answered."""

import json
from collections.abc import Callable, Sequence, Set
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO
from typing import Any

import flask
from flask import Request, Response
from pygeoapi.api import APIRequest
from werkzeug.datastructures import LanguageAccept, MIMEAccept
from werkzeug.http import parse_accept_header

from geoportal.ogc.links import GEOJSON, HTML, JSON, Document
from geoportal.ogc.pages import Pages
from geoportal.ogc.query import COMMON, FORMATS, Parameters, check_parameters
from geoportal.ogc.service import LANGUAGES, Publication, Service
from geoportal.ogc.spoken import Spoken


def language_of(request: Request) -> str:
    """The language that a request gets: the one that it names in `lang`, else the best it accepts."""
    asked = request.args.get("lang")
    return asked if asked in LANGUAGES else _best_language(request.headers.get("Accept-Language", ""))


@lru_cache(1024)
def _best_language(accepted: str) -> str:
    return parse_accept_header(accepted, LanguageAccept).best_match(LANGUAGES, default=LANGUAGES[0])


def _with_plain_language(request: Request) -> Request:
    """The request with the one language that it gets: pygeoapi divides by weights, and `q=0` is legal (RFC 9110)."""
    # with the body anew: pygeoapi reads it too, and a stream gives it only once
    body = BytesIO(request.get_data())
    return Request(request.environ | {"HTTP_ACCEPT_LANGUAGE": language_of(request), "wsgi.input": body})


class Exchange:
    """One request and how it is answered. Raises InvalidParameter when it is made of a request that is not sound."""

    def __init__(
        self, service: Service, pages: Pages, known: Set[str] = COMMON, formats: Sequence[str] = FORMATS
    ) -> None:
        self.publication: Publication = service.current()
        check_parameters(flask.request.args, known, frozenset(LANGUAGES), formats)
        # each is there once; werkzeug's own dictionary makes an exception of every name that it does not have
        self.parameters: Parameters = flask.request.args.to_dict()
        self._pages = pages
        self.language = language_of(flask.request)

    def ask(self, function: Callable[..., tuple[Any, int, Any]], *arguments: str) -> Document:
        """The JSON document of one of pygeoapi's functions."""
        request = APIRequest.from_flask(_with_plain_language(flask.request), self.publication.api.locales)
        # pygeoapi shall always write the document; a page is a rendering of it, made afterwards
        request._format = "json"
        _, status, content = function(self.publication.api, request, *arguments)
        if status != HTTPStatus.OK:
            raise RuntimeError(f"pygeoapi: {status} {content!r}")
        document: Document = json.loads(content)
        return document

    def answer(
        self, document: Document | bytes, media_type: str, template: str, spoken: Spoken | None = None
    ) -> Response:
        """As JSON, or as the page `template`; bytes are JSON already. `spoken`: how a page tells features."""
        if not wants_html():
            body = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
            return self._response(body, media_type)
        content = json.loads(document) if isinstance(document, bytes) else document
        config = self.publication.translated[self.language]
        return self._response(self._pages.render(template, content, config, self.language, spoken).encode(), HTML)

    def _response(self, body: bytes, media_type: str) -> Response:
        response = Response(body, content_type=media_type if media_type != HTML else f"{HTML}; charset=utf-8")
        response.headers["Content-Language"] = self.language
        return response


def wants_html() -> bool:
    if wanted := flask.request.args.get("f"):
        return wanted == "html"
    return _best_type(flask.request.headers.get("Accept", "")) == HTML


@lru_cache(1024)
def _best_type(accepted: str) -> str:
    return parse_accept_header(accepted, MIMEAccept).best_match([JSON, GEOJSON, HTML], default=JSON)

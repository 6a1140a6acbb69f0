"""The OGC API as a WSGI application: pygeoapi's functions, asked strictly and answered completely."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

import flask
from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from geoportal.ogc import core, coverages, items, processes, styles
from geoportal.ogc.config import STATIC
from geoportal.ogc.exchange import language_of, wants_html
from geoportal.ogc.links import HTML, JSON
from geoportal.ogc.maps import routes as maps
from geoportal.ogc.pages import Pages
from geoportal.ogc.part import Part
from geoportal.ogc.problems import ANSWERS, RETRY_AFTER_SECONDS, Answer, OgcProblem, Unavailable
from geoportal.ogc.records import routes as records
from geoportal.ogc.service import Service
from geoportal.ogc.tiles import routes as tiles
from geoportal.ogc.wms import routes as wms
from geoportal.settings import Settings

LOGGER = logging.getLogger(__name__)

MAX_BODY: Final = 1024**2  # a filter or the inputs of a process; whoever sends more gets 413

PARTS: Final[tuple[Part, ...]] = (
    core.PART,
    items.PART,
    tiles.PART,
    records.PART,
    maps.PART,
    styles.PART,
    coverages.PART,
    wms.PART,
    processes.PART,
)


# For what no part has foreseen.
_SAID: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.BAD_REQUEST: "Die Anfrage ist nicht lesbar / the request cannot be read",
    HTTPStatus.NOT_FOUND: (
        "Unter dieser Adresse gibt es nichts; die Startseite (/ogc/) nennt, was es gibt / "
        "there is nothing at this address; the landing page (/ogc/) tells what there is"
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "Das geht unter dieser Adresse nicht; was geht, nennt `Allow` / "
        "that is not possible at this address; what is, `Allow` tells"
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        f"Die Anfrage ist größer als {MAX_BODY // 1024**2} MB / the request is larger than {MAX_BODY // 1024**2} MB"
    ),
}


def create_ogc(settings: Settings, layers_folder: Path) -> Flask:
    """The application, to be mounted at /ogc. Raises SettingsError."""
    service, pages = Service(settings, layers_folder, PARTS), Pages()
    app = Flask("geoportal.ogc", static_folder=STATIC, static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.url_map.strict_slashes = False
    _errors(app, service, pages)
    for part in PARTS:
        part.register(app, service, pages)
    return app


def _errors(app: Flask, service: Service, pages: Pages) -> None:
    def told(answer: Answer, description: str, headers: Mapping[str, str]) -> Response:
        # Features 1 knows `code` and `description`; `type`, without which it is none for Processes 1, is RFC 9457's
        document = {
            "type": "about:blank",
            "title": answer.status.phrase,
            "status": answer.status.value,
            "code": answer.code,
            "description": description,
        }
        if wants_html():
            language = language_of(flask.request)
            config = service.current().translated[language]
            body, kind = pages.render("exception.html", document, config, language), f"{HTML}; charset=utf-8"
        else:
            body, kind = json.dumps(document, ensure_ascii=False), JSON
        return Response(body, status=answer.status, content_type=kind, headers={"Cache-Control": "no-store", **headers})

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
        return told(Answer(status, code), _SAID.get(status, status.phrase), allow)

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        LOGGER.error("unexpected", exc_info=error)
        answer = Answer(HTTPStatus.INTERNAL_SERVER_ERROR, "NoApplicableCode")
        return told(answer, "Unerwarteter Fehler / unexpected error", {})

    @app.after_request
    def open_to_all(response: Response) -> Response:
        """GDI-DE and browsers of other portals: reading needs no leave, and nothing here knows who reads."""
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "Content-Crs, ETag, Link"
        response.vary.update(("Accept", "Accept-Language"))
        return response

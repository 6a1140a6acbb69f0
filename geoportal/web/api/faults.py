"""How the API tells what did not work: problem details (RFC 9457), and never a page."""

from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, current_app, jsonify
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from geoportal.editing.fields import Unfit
from geoportal.virus_scan import Infected, ScannerAway
from geoportal.web.api.asked import TokenMissing
from geoportal.web.api.once import KeyInUse
from geoportal.web.errors import InvalidQuery
from geoportal.web.problems import FAULT, PROBLEMS, Problem, problem_of
from plans_ingest.errors import PlanFileError

_OWN_PROBLEMS: Final[dict[type[Exception], tuple[int, Problem]]] = {
    TokenMissing: (401, Problem("Schlüssel fehlt oder gilt nicht mehr", "Authorization: Bearer gp_…")),
    KeyInUse: (
        409,
        Problem("Idempotency-Key schon benutzt", "Für eine andere Anfrage, oder diese wird gerade noch beantwortet."),
    ),
    Unfit: (422, Problem("Das kann so nicht stehen bleiben", "Ein Wert passt nicht zu seinem Feld.")),
    PlanFileError: (
        422,
        Problem("Das Dokument wird nicht angenommen", "Es ist kein PDF, das sich veröffentlichen lässt."),
    ),
    Infected: (422, Problem("Das Dokument wird nicht angenommen", "Der Virenscanner hält es für schädlich.")),
    ScannerAway: (503, Problem("Der Virenscanner antwortet nicht", "Ungeprüft wird nichts angenommen.")),
}
_BY_STATUS: Final = {
    404: Problem("Diese Adresse gibt es nicht", "Alle stehen in der Beschreibung, openapi.json."),
    405: Problem("Das geht an dieser Adresse nicht", "Was an ihr geht, steht in der Beschreibung, openapi.json."),
    413: Problem("Das ist zu groß", "Eine Datei darf 500 MB haben, ein Dokument 100 MB, alles andere 64 kB."),
}
_TELLING: Final = (InvalidQuery, Unfit, PlanFileError)  # their text is written for who asks


def tell_all(bp: Blueprint) -> None:
    """Whatever a route raises becomes a problem with the right status."""
    for kind in (*PROBLEMS, *_OWN_PROBLEMS):
        bp.register_error_handler(kind, _known)
    bp.register_error_handler(HTTPException, http)
    bp.register_error_handler(Exception, _unforeseen)


def _known(error: Exception) -> Response:
    status, problem = problem_of(error, {**PROBLEMS, **_OWN_PROBLEMS}) or (500, FAULT)
    response = _problem(status, problem, str(error) if isinstance(error, _TELLING) else "")
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="geoportal"'
    return response


def http(error: HTTPException) -> Response:
    status = error.code or 500
    response = _problem(status, _BY_STATUS.get(status) or Problem(HTTPStatus(status).phrase, ""))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.allow.update(error.valid_methods)
    return response


def _unforeseen(error: Exception) -> Response:
    current_app.logger.error("an answer of the API failed", exc_info=error)
    return _problem(*(problem_of(error, {}) or (500, FAULT)))


def _problem(status: int, problem: Problem, detail: str = "") -> Response:
    """RFC 9457."""
    said = {"type": "about:blank", "title": problem.title, "status": status, "detail": detail or problem.text}
    response = jsonify(said)
    response.status_code = status
    response.mimetype = "application/problem+json"
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE}:
        response.headers["Retry-After"] = "30"
    return response

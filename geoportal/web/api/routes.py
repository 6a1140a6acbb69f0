"""The JSON API of the desk, for programs: what the pages do, with a token. Described by /api/v1/openapi.json.

A change may carry an `Idempotency-Key`: asked again with the same key, it answers as it did, and does nothing again.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Flask, Response, current_app, g, jsonify, request, send_file, url_for
from sqlalchemy import text
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from geoportal import deliveries, workflow
from geoportal.accounts import hidden, tokens
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action, NotAllowed, Principal
from geoportal.deliveries import Delivered
from geoportal.editing.fields import Unfit
from geoportal.plain_text import UNSTORABLE
from geoportal.virus_scan import Infected, ScannerAway
from geoportal.web.api import description
from geoportal.web.desk import delivery_page, report_paper
from geoportal.web.desk.access import origin, tell_refusals
from geoportal.web.desk.plan_pages import history_of
from geoportal.web.desk.room import desk
from geoportal.web.errors import FileAway, InvalidQuery, NotPublished
from geoportal.web.plan_query import needed_day
from geoportal.web.portal import portal
from geoportal.web.problems import FAULT, PROBLEMS, Problem, problem_of
from plans_ingest.errors import PlanFileError

PREFIX: Final = "/api/v1"
_MAX_JSON: Final = 64 * 1024
_KEPT: Final = timedelta(days=1)

_CLAIM = text("""
    INSERT INTO desk.answered (account_id, key, request, expires_at)
    VALUES (:account, :key, :request, :expires)
    ON CONFLICT (account_id, key) DO NOTHING RETURNING true""")
_KNOWN = text("SELECT request, status, body FROM desk.answered WHERE account_id = :account AND key = :key")
_KEEP = text("""
    UPDATE desk.answered SET status = :status, body = CAST(:body AS jsonb)
    WHERE account_id = :account AND key = :key""")
_FREE = text("DELETE FROM desk.answered WHERE account_id = :account AND (key = :key OR expires_at < :now)")


class TokenMissing(Exception):
    """The request bears no token that is still good."""


class KeyInUse(Exception):
    """The Idempotency-Key was used for another request, or that one is still being answered."""


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
    404: Problem("Diese Adresse gibt es nicht", f"Alle stehen in {PREFIX}/openapi.json."),
    405: Problem("Das geht an dieser Adresse nicht", f"Was an ihr geht, steht in {PREFIX}/openapi.json."),
    413: Problem("Das ist zu groß", "Eine Datei darf 500 MB haben, ein Dokument 100 MB, alles andere 64 kB."),
}
_TELLING: Final = (InvalidQuery, Unfit, PlanFileError)  # their text is written for who asks


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any]
    location: str | None = None


def register(app: Flask, *more: Callable[[Blueprint], None]) -> None:
    bp = Blueprint("api", __name__, url_prefix=PREFIX)
    bp.before_request(_guard)
    bp.after_request(_private)
    bp.after_request(tell_refusals)
    bp.add_url_rule("/openapi.json", "openapi", openapi)
    bp.add_url_rule("/lieferungen", "deliveries", listing)
    bp.add_url_rule("/gemeinden/<ags>/lieferungen/<filename>", "deliver", deliver, methods=["PUT"])
    bp.add_url_rule("/lieferungen/<int:number>", "delivery", delivery)
    bp.add_url_rule("/lieferungen/<int:number>/bericht.<any(json, html, gpkg, pdf):kind>", "report", report)
    bp.add_url_rule("/lieferungen/<int:number>/zur-freigabe", "submit", submit, methods=["POST"])
    bp.add_url_rule("/lieferungen/<int:number>/veroeffentlichen", "publish", publish, methods=["POST"])
    bp.add_url_rule("/plaene/<uuid:plan>", "plan", plan)
    bp.add_url_rule("/plaene/<uuid:plan>/zurueckziehen", "withdraw", withdraw, methods=["POST"])
    bp.add_url_rule("/plaene/<uuid:plan>/wiederherstellen", "restore", restore, methods=["POST"])
    for add_to in more:
        add_to(bp)
    for kind in (*PROBLEMS, *_OWN_PROBLEMS):
        bp.register_error_handler(kind, _known)
    bp.register_error_handler(HTTPException, _http)
    bp.register_error_handler(Exception, _unforeseen)
    app.register_blueprint(bp)
    app.before_request(_astray)


def once[**P](view: Callable[P, Answer]) -> Callable[P, Response]:
    """A change that is made once for each Idempotency-Key of an account and what its token may do, whatever happened to
    its first answer.
    """

    @wraps(view)
    def answered(*arguments: P.args, **named: P.kwargs) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return _said(view(*arguments, **named))
        if not 1 <= len(key) <= 100 or not key.isprintable():
            raise InvalidQuery("Idempotency-Key: 1 bis 100 Zeichen")
        # a narrower token of the same account is told no answer of a wider one: it may not have been allowed to ask;
        # one that renews it may do the same
        scope = who().scope
        may = "" if scope is None else f"{scope.ags} {' '.join(sorted(scope.actions))}"
        kept_as = f"{may}|{key}"
        values = {"account": who().account_id, "key": hashlib.sha256(kept_as.encode()).hexdigest()}
        if (known := _answered_before(values)) is not None:
            return known
        try:
            answer = view(*arguments, **named)
        except Exception:
            # nothing was done, so it may be tried again
            with acting(desk().engine, who()) as connection:
                connection.execute(_FREE, values | {"now": desk().now()})
            raise
        with acting(desk().engine, who()) as connection:
            body = {"body": answer.body, "location": answer.location}
            connection.execute(_KEEP, values | {"status": answer.status, "body": json.dumps(body)})
        return _said(answer)

    return answered


def _answered_before(values: dict[str, Any]) -> Response | None:
    """The answer that was given to this key, None if it is new and now claimed. Raises KeyInUse."""
    body = f"{request.headers.get('Content-Digest', '')} {request.content_length or 0}"
    asked = f"{request.method} {request.full_path} {body}"
    if request.mimetype == "application/json":
        asked += hashlib.sha256(request.get_data(cache=True)).hexdigest()
    request_hash = hashlib.sha256(asked.encode()).hexdigest()
    with acting(desk().engine, who()) as connection:
        claim = values | {"request": request_hash, "expires": desk().now() + _KEPT}
        if connection.scalar(_CLAIM, claim):
            return None
        row = connection.execute(_KNOWN, values).one()
    if row.request != request_hash or row.status is None:
        raise KeyInUse
    response = _said(Answer(row.status, row.body["body"], row.body["location"]))
    response.headers["Idempotency-Replayed"] = "true"
    return response


def openapi() -> Response:
    """Open to everybody: it says nothing that is not in the documents."""
    return jsonify(description.document(desk().settings.public_url + PREFIX))


def listing() -> Response:
    before = request.args.get("vor", "")
    if before and not (before.isascii() and before.isdecimal() and len(before) < 18):
        raise InvalidQuery("vor")
    require_reach(Action.VIEW)
    scope = who().scope
    with acting(desk().engine, who()) as connection:
        found = deliveries.many(
            connection, ags=None if scope is None else scope.ags, before=int(before) if before else None, limit=50
        )
    return jsonify({"lieferungen": [_delivery(each) for each in found if _sees(each)]})


@once
def deliver(ags: str, filename: str) -> Answer:
    """The file is the body; it goes to disk as it arrives."""
    request.max_content_length = workflow.MAX_SIZE
    size = request.content_length
    if size is None:
        raise InvalidQuery("Content-Length fehlt / is missing")
    if size == 0:
        raise InvalidQuery("Die Datei ist leer / the file is empty")
    number = workflow.deliver(desk().engine, portal().archive, who(), ags, filename, request.stream, size)
    if not who().may(Action.VIEW, ags, who().account_id):
        return Answer(HTTPStatus.ACCEPTED, {"id": number})
    found = seen(number)
    return Answer(HTTPStatus.ACCEPTED, _delivery(found), url_for("api.delivery", number=number))


def delivery(number: int) -> Response:
    found = seen(number)
    with acting(desk().engine, who()) as connection:
        versions = deliveries.versions(connection, found.delivery_id)
    plans = [
        {
            "id": each.id,
            "plan": str(each.plan_id),
            "fassung": each.version,
            "name": each.name,
            "nummer": each.nummer,
            "stand": each.state,
            "veroeffentlichbar": each.is_publishable,
        }
        for each in versions
    ]
    return jsonify(_delivery(found) | {"plaene": plans, "stempel": workflow.stamp(found.sha256, versions)})


def report(number: int, kind: str) -> Response:
    found = seen(number)
    if kind == "pdf":
        with acting(desk().engine, who()) as connection:
            sheets = delivery_page.sheets_of(connection, found)
        return report_paper.on_paper(sheets)
    with acting(desk().engine, who()) as connection:
        digest = deliveries.report(connection, found.id, kind)
    if digest is None:
        raise NotPublished
    path = portal().archive.path(digest)
    if not path.is_file():
        raise FileAway
    media = {"json": "application/json", "html": "text/html", "gpkg": "application/geopackage+sqlite3"}[kind]
    response = send_file(path, mimetype=media, as_attachment=True, download_name=f"bericht-{number}.{kind}", max_age=0)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@once
def submit(number: int) -> Answer:
    workflow.submit(desk().engine, who(), number)
    return Answer(HTTPStatus.OK, {"id": number})


@once
def publish(number: int) -> Answer:
    given = _body("stempel", "am")
    on = needed_day(given, "am") if "am" in given else None
    workflow.publish(
        desk().engine,
        portal().archive,
        who(),
        number,
        seen=given.get("stempel", ""),
        on=on,
        today=portal().today(),
    )
    return Answer(HTTPStatus.OK, {"id": number})


def plan(plan: UUID) -> Response:
    require_reach(Action.VIEW)
    versions = history_of(plan)
    return jsonify(
        {
            "plan": str(plan),
            "ags": versions[0].ags,
            "fassungen": [
                {
                    "fassung": each.version,
                    "name": each.name,
                    "stand": each.state,
                    "veroeffentlicht_am": each.published_at and each.published_at.isoformat(),
                    "veroeffentlicht_bis": each.published_until and each.published_until.isoformat(),
                    "grund": each.reason,
                }
                for each in versions
            ],
        }
    )


@once
def withdraw(plan: UUID) -> Answer:
    workflow.withdraw(desk().engine, who(), plan, _body("grund").get("grund", ""))
    return Answer(HTTPStatus.OK, {"plan": str(plan)})


@once
def restore(plan: UUID) -> Answer:
    given = _body("grund", "fassung")
    number = given.get("fassung")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 10**6:
        raise InvalidQuery("fassung: 1, 2, 3 …")
    workflow.restore(desk().engine, who(), plan, number, given.get("grund", ""))
    return Answer(HTTPStatus.OK, {"plan": str(plan)})


def _guard() -> None:
    """Tokens only: a cookie means nothing here, so no other site can make a browser ask in somebody's name."""
    g.principal = None
    if request.endpoint == "api.openapi":
        return
    own = desk()
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and hidden.is_token(token):
        g.principal = tokens.principal_of(own.engine, token, origin(), own.now())
    if g.principal is None or not own.is_private:
        raise TokenMissing
    request.max_content_length = _MAX_JSON


def who() -> Principal:
    principal: Principal | None = g.principal
    if principal is None:
        raise TokenMissing
    return principal


def require_reach(action: Action) -> None:
    if not who().may_anywhere(action):
        raise NotAllowed(action)


def _sees(found: Delivered) -> bool:
    return who().may(Action.VIEW, found.ags, found.delivered_by)


def seen(number: int) -> Delivered:
    """As on its page."""
    require_reach(Action.VIEW)
    return delivery_page.seen(number)


def given_object(*known: str) -> dict[str, Any]:
    """The JSON object of the request. Raises InvalidQuery for anything else, and for names that mean nothing.

    What is no text is refused and not taken out as in a form: no hand has pasted it.
    """
    try:
        given = request.get_json(silent=True)
    except RecursionError:
        given = None
    if not isinstance(given, dict):
        raise InvalidQuery("JSON-Objekt erwartet / JSON object expected")
    if not _is_storable(given):
        raise InvalidQuery("kein Text / no text: U+0000, U+D800 … U+DFFF")
    if unknown := sorted(set(given) - set(known)):
        raise InvalidQuery(f"unbekannt / unknown: {', '.join(unknown)[:200]}")
    return given


def _is_storable(given: dict[str, Any]) -> bool:
    left: list[Any] = [given]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            left += (*each.keys(), *each.values())
        elif isinstance(each, list):
            left += each
        elif isinstance(each, str) and UNSTORABLE.search(each):
            return False
    return True


def _body(*known: str) -> dict[str, Any]:
    """As given_object(), and its values are texts, but for the number of a version."""
    given = given_object(*known)
    for name, value in given.items():
        if name != "fassung" and not isinstance(value, str):
            raise InvalidQuery(f"{name}: Text erwartet / text expected")
    return {name: value[:2000] if isinstance(value, str) else value for name, value in given.items()}


def _delivery(found: Delivered) -> dict[str, Any]:
    return {
        "id": found.id,
        "ags": found.ags,
        "datei": found.filename,
        "groesse": found.size,
        "sha256": found.sha256,
        "stand": found.state.value,
        "prozent": found.percent,
        "fehler": found.errors if found.delivery_id else None,
        "warnungen": found.warnings if found.delivery_id else None,
        "abgelehnt": found.fault,
        "zurueckgegeben": found.returned,
        "veroeffentlichen_am": found.publish_on and found.publish_on.isoformat(),
        "eingegangen_am": found.received_at.isoformat(),
    }


def _said(answer: Answer) -> Response:
    response = jsonify(answer.body)
    response.status_code = answer.status
    if answer.location is not None:
        response.headers["Location"] = answer.location
    return response


def _known(error: Exception) -> Response:
    status, problem = problem_of(error, {**PROBLEMS, **_OWN_PROBLEMS}) or (500, FAULT)
    response = _problem(status, problem, str(error) if isinstance(error, _TELLING) else "")
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="geoportal"'
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE}:
        response.headers["Retry-After"] = "30"
    return response


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    response = _problem(status, _BY_STATUS.get(status) or Problem(HTTPStatus(status).phrase, ""))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.allow.update(error.valid_methods)
    return response


def _astray() -> Response | None:
    """An address that is none of these belongs to no blueprint, and would be answered with a page."""
    lost = request.routing_exception
    if lost is None or lost.code is None or lost.code < 400 or not request.path.startswith(f"{PREFIX}/"):
        return None
    return _private(_http(lost))


def _unforeseen(error: Exception) -> Response:
    current_app.logger.error("an answer of the API failed", exc_info=error)
    return _problem(*(problem_of(error, {}) or (500, FAULT)))


def _problem(status: int, problem: Problem, detail: str = "") -> Response:
    """RFC 9457."""
    said = {"type": "about:blank", "title": problem.title, "status": status, "detail": detail or problem.text}
    response = jsonify(said)
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response

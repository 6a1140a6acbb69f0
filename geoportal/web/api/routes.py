"""The JSON API of the desk, for programs: what the pages do, with a token. Described by /api/v1/openapi.json."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Flask, Response, g, jsonify, request, send_file, url_for

from geoportal import deliveries, workflow
from geoportal.accounts import hidden, tokens
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action
from geoportal.deliveries import Delivered
from geoportal.web.api import description, faults
from geoportal.web.api.asked import TokenMissing, given_object, require_reach, who
from geoportal.web.api.once import Answer, once
from geoportal.web.desk import delivery_page, report_paper
from geoportal.web.desk.access import origin, tell_refusals
from geoportal.web.desk.plan_pages import history_of
from geoportal.web.desk.room import desk
from geoportal.web.errors import FileAway, InvalidQuery, NotPublished
from geoportal.web.plan_query import needed_day
from geoportal.web.portal import portal

PREFIX: Final = "/api/v1"
_MAX_JSON: Final = 64 * 1024


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
    faults.tell_all(bp)
    app.register_blueprint(bp)
    app.before_request(_astray)


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


def _sees(found: Delivered) -> bool:
    return who().may(Action.VIEW, found.ags, found.delivered_by)


def seen(number: int) -> Delivered:
    """As on its page."""
    require_reach(Action.VIEW)
    return delivery_page.seen(number)


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


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _astray() -> Response | None:
    """An address that is none of these belongs to no blueprint, and would be answered with a page."""
    lost = request.routing_exception
    if lost is None or lost.code is None or lost.code < 400 or not request.path.startswith(f"{PREFIX}/"):
        return None
    return _private(faults.http(lost))

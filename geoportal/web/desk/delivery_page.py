"""One delivery: how far it is, what was found in it, and what is to be done with it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import shapely
from flask import Blueprint, Response, redirect, render_template, request, send_file, url_for
from pyproj import Transformer
from shapely.geometry import shape
from werkzeug.wrappers import Response as BaseResponse

from geoportal import deliveries, workflow
from geoportal.accounts.acting import acting, knocking
from geoportal.accounts.roles import Action
from geoportal.archive import Archive
from geoportal.deliveries import Delivered
from geoportal.settings import STORAGE_SRID
from geoportal.states import IllegalTransition, State
from geoportal.web.desk import report_paper, words
from geoportal.web.desk.access import Access, open_to, who
from geoportal.web.desk.room import desk
from geoportal.web.errors import FileAway, InvalidQuery, LinkEnded, NotPublished
from geoportal.web.plan_query import needed_day
from geoportal.web.portal import portal
from plans_ingest import messages

PAGE: Final = 50  # findings on a page
_MANY: Final = 10  # findings, of which one wants to know first what they have in common
_DRAWN: Final = 2000
_DONE: Final = {
    "zur-freigabe": "Zur Freigabe gegeben. Wer für die Gemeinde veröffentlicht, sieht die Lieferung in der Übersicht.",
    "zurueckgegeben": "Zurückgegeben. Was zu ändern ist, steht hier für alle, die die Lieferung sehen.",
    "verworfen": "Verworfen. Datei und Bericht bleiben aufbewahrt.",
    "veroeffentlicht": "Veröffentlicht. Karte, Dienste und Downloads zeigen es ab jetzt. Zurückziehen: auf der Seite "
    "des Plans.",
    "vorgemerkt": "Vorgemerkt. Bis zum genannten Tag lässt es sich unter „Zurückgeben“ noch aufhalten.",
}
_MEDIA: Final = {"json": "application/json", "html": "text/html", "gpkg": "application/geopackage+sqlite3"}


@dataclass(frozen=True, slots=True)
class FindingKind:
    """So many findings of a report that say the same of different things."""

    code: str
    severity: str
    number: int
    said: str


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/lieferung/<int:number>", "delivery", page)
    bp.add_url_rule("/lieferung/<int:number>/karte.json", "delivery_map", map_data)
    bp.add_url_rule("/lieferung/<int:number>/bericht.<any(json, html, gpkg):kind>", "delivery_report", report)
    bp.add_url_rule("/lieferung/<int:number>/bericht.pdf", "delivery_paper", paper)
    bp.add_url_rule("/lieferung/<int:number>/original", "delivery_original", original)
    bp.add_url_rule("/lieferung/<int:number>/weitergeben", "share_report", share, methods=["POST"])
    bp.add_url_rule("/lieferung/<int:number>/zur-freigabe", "submit", submit, methods=["POST"])
    bp.add_url_rule("/lieferung/<int:number>/zurueckgeben", "send_back", send_back, methods=["POST"])
    bp.add_url_rule("/lieferung/<int:number>/verwerfen", "discard", discard, methods=["POST"])
    bp.add_url_rule("/lieferung/<int:number>/veroeffentlichen", "publish", publish, methods=["POST"])
    bp.add_url_rule("/bericht/<secret>", "shared_report", shared)
    bp.add_url_rule("/bericht/<secret>/karte.json", "shared_map", shared_map)
    bp.add_url_rule("/bericht/<secret>/bericht.pdf", "shared_paper", shared_paper)
    bp.add_url_rule("/bericht/<secret>/bericht.<any(json, html, gpkg):kind>", "shared_file", shared_file)


@open_to(Action.VIEW)
def page(number: int) -> str:
    return _page(number)


def _page(number: int, shared_secret: str = "", fault: str = "") -> str:
    found = seen(number)
    with acting(desk().engine, who()) as connection:
        versions = deliveries.versions(connection, found.delivery_id)
        public = deliveries.public_versions(connection, [each.plan_id for each in versions])
        document = _document(portal().archive, deliveries.report(connection, number, "json"))
        four_eyes = deliveries.rules(connection, found.ags).four_eyes
        questions = deliveries.questions(connection, found.delivery_id)

    def may(action: Action) -> bool:
        return who().may(action, found.ags, found.delivered_by)

    return render_template(
        "desk/delivery.html",
        delivery=found,
        versions=versions,
        public=public,
        questions=questions,
        may_merge=who().may(Action.EDIT, found.ags) or who().may(Action.PUBLISH, found.ags),
        may=may,
        stamp=workflow.stamp(found.sha256, versions),
        replaces=any(each.is_publishable and each.plan_id in public for each in versions),
        fault=fault,
        done="" if fault else _DONE.get(request.args.get("getan", ""), ""),
        is_own=four_eyes
        and who().account_id in {found.delivered_by, found.submitted_by, *(each.edited_by for each in versions)},
        shared_link=f"{desk().settings.public_url}{url_for('desk.shared_report', secret=shared_secret)}"
        if shared_secret
        else "",
        file_url=lambda kind: url_for("desk.delivery_report", number=number, kind=kind),
        paper_url=url_for("desk.delivery_paper", number=number),
        map_url=url_for("desk.delivery_map", number=number),
        **_findings(document),
    )


@open_to(Action.VIEW)
def map_data(number: int) -> Response:
    found = seen(number)
    with acting(desk().engine, who()) as connection:
        return _map(connection, found, portal().archive)


@open_to(Action.VIEW)
def report(number: int, kind: str) -> Response:
    found = seen(number)
    with acting(desk().engine, who()) as connection:
        return _file(portal().archive, deliveries.report(connection, number, kind), kind, found)


@open_to(Action.VIEW)
def paper(number: int) -> Response:
    found = seen(number)
    with acting(desk().engine, who()) as connection:
        sheets = sheets_of(connection, found)
    return report_paper.on_paper(sheets)


@open_to(Action.VIEW)
def original(number: int) -> Response:
    """The file as it was sent in: for who may see the delivery, and never to act in our origin."""
    found = seen(number)
    path = portal().archive.path(found.sha256)
    if not path.is_file():
        raise FileAway
    return sealed(
        send_file(path, mimetype="application/octet-stream", as_attachment=True, download_name=found.filename)
    )


@open_to(Action.VIEW)
def share(number: int) -> str:
    secret = workflow.share_report(desk().engine, who(), number, desk().now())
    return _page(number, secret)


@open_to(Action.SUBMIT)
def submit(number: int) -> BaseResponse:
    workflow.submit(desk().engine, who(), number)
    return _back(number, "zur-freigabe")


@open_to(Action.PUBLISH)
def send_back(number: int) -> BaseResponse:
    workflow.send_back(desk().engine, who(), number, request.form.get("grund", "")[:2000])
    return _back(number, "zurueckgegeben")


@open_to(Action.EDIT)
def discard(number: int) -> BaseResponse:
    workflow.discard(desk().engine, who(), number)
    return _back(number, "verworfen")


@open_to(Action.PUBLISH)
def publish(number: int) -> BaseResponse | tuple[str, int]:
    # who wants a day and names none must not publish now
    if request.form.get("wann") == "tag" and not request.form.get("tag"):
        return _page(number, fault="Nichts ist veröffentlicht: Bitte nennen Sie den Tag."), 422
    on = needed_day(request.form, "tag") if request.form.get("wann") == "tag" else None
    try:
        workflow.publish(
            desk().engine,
            portal().archive,
            who(),
            number,
            seen=request.form.get("stand", ""),
            on=on,
            today=portal().today(),
        )
    except (IllegalTransition, workflow.Changed):
        # who clicks twice sees what the first click has done, and not that somebody was faster
        found = seen(number)
        if found.state is not State.PUBLISHED and (found.state is not State.SCHEDULED or found.publish_on != on):
            raise
    is_later = on is not None and on > portal().today()
    return _back(number, "vorgemerkt" if is_later else "veroeffentlicht")


@open_to(Access.ANYBODY)
def shared(secret: str) -> Response:
    """For who has been given the link: the report, and nothing that could be changed."""
    with knocking(desk().engine, secret=secret) as connection:
        found = _shared(connection)
        document = _document(portal().archive, deliveries.report(connection, found.id, "json"))
    text = render_template(
        "desk/shared_report.html",
        delivery=found,
        file_url=lambda kind: url_for("desk.shared_file", secret=secret, kind=kind),
        paper_url=url_for("desk.shared_paper", secret=secret),
        map_url=url_for("desk.shared_map", secret=secret),
        **_findings(document),
    )
    response = Response(text)
    response.headers["Referrer-Policy"] = "no-referrer"  # the address is the secret
    return response


@open_to(Access.ANYBODY)
def shared_map(secret: str) -> Response:
    with knocking(desk().engine, secret=secret) as connection:
        return _map(connection, _shared(connection), portal().archive)


@open_to(Access.ANYBODY)
def shared_file(secret: str, kind: str) -> Response:
    with knocking(desk().engine, secret=secret) as connection:
        found = _shared(connection)
        return _file(portal().archive, deliveries.report(connection, found.id, kind), kind, found)


@open_to(Access.ANYBODY)
def shared_paper(secret: str) -> Response:
    with knocking(desk().engine, secret=secret) as connection:
        sheets = sheets_of(connection, _shared(connection))
    response = report_paper.on_paper(sheets)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def seen(number: int) -> Delivered:
    """The delivery, if the person may see it; others' are not there."""
    with acting(desk().engine, who()) as connection:
        found = deliveries.one(connection, number)
    if found is None or not who().may(Action.VIEW, found.ags, found.delivered_by):
        raise NotPublished
    return found


def _shared(connection: Any) -> Delivered:
    found = deliveries.many(connection, limit=1)
    if not found:
        raise LinkEnded
    return found[0]


def sheets_of(connection: Any, found: Delivered) -> report_paper.Sheets:
    """Of a delivery that has a report. Raises NotPublished when it has none yet."""
    document = _document(portal().archive, deliveries.report(connection, found.id, "json"))
    if document is None:
        raise NotPublished
    return report_paper.gathered(connection, found, document)


def _document(archive: Archive, digest: str | None) -> dict[str, Any] | None:
    if digest is None:
        return None
    path = archive.path(digest)
    if not path.is_file():
        raise FileAway
    return dict(json.loads(path.read_text("utf-8")))


def _findings(document: dict[str, Any] | None) -> dict[str, Any]:
    """Those that the address asks for, a page of them, each with its number in the whole report."""
    severity, asked = request.args.get("schwere", ""), request.args.get("suche", "").strip().casefold()[:100]
    start = request.args.get("ab", "0")
    if severity not in {"", "error", "warning", "info"} or not (
        start.isascii() and start.isdecimal() and len(start) < 8
    ):
        raise InvalidQuery("schwere, ab")
    art = request.args.get("art", "")
    if not (art.isascii() and len(art) <= 100):
        raise InvalidQuery("art")
    every = list(enumerate(document["findings"], start=1)) if document else []
    found = [
        (number, each)
        for number, each in every
        if (not severity or each["severity"] == severity)
        and (not art or each["code"] == art)
        and (not asked or asked in f"{each['german']} {each['element']} {each['gml_id']} {each['code']}".casefold())
    ]
    return {
        "document": document,
        "findings": found[int(start) : int(start) + PAGE],
        "total": len(found),
        "start": int(start),
        "page_size": PAGE,
        "severity": severity,
        "words": asked,
        "art": art,
        "kinds": _kinds([each for _, each in every]),
    }


def _kinds(every: Sequence[Mapping[str, Any]]) -> list[FindingKind]:
    """What many findings have in common, the gravest and most frequent first; of few it is seen at once."""
    counted = Counter((each["code"], each["severity"]) for each in every)
    if len(every) <= _MANY or len(counted) < 2:
        return []
    first = {(each["code"], each["severity"]): each for each in reversed(every)}
    order = list(words.SEVERITY)
    found = [
        FindingKind(code, severity, number, _in_general(code, first[code, severity]))
        for (code, severity), number in counted.items()
    ]
    return sorted(found, key=lambda each: (order.index(each.severity), -each.number, each.code))


def _in_general(code: str, finding: Mapping[str, Any]) -> str:
    """A report may be older than the words that we have now."""
    return messages.in_general(code) if code in messages.TEXTS else str(finding["german"])


def _map(connection: Any, found: Delivered, archive: Archive) -> Response:
    versions = [each.id for each in deliveries.versions(connection, found.delivery_id)]
    document = _document(archive, deliveries.report(connection, found.id, "json"))
    response = Response(
        json.dumps(
            {"plans": deliveries.shapes(connection, versions), "findings": _placed(document)}, ensure_ascii=False
        ),
        mimetype="application/json",
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _placed(document: dict[str, Any] | None) -> dict[str, Any]:
    """The findings that have a place, as GeoJSON in CRS84; `id` is the number in the report."""
    to_degrees = Transformer.from_crs(STORAGE_SRID, 4326, always_xy=True)

    def degrees(points: Any) -> Any:
        x, y = to_degrees.transform(points[:, 0], points[:, 1])
        points[:, 0], points[:, 1] = x, y
        return points

    features = [
        {
            "type": "Feature",
            "id": number,
            "properties": {"severity": each["severity"]},
            "geometry": json.loads(shapely.to_geojson(shapely.transform(shape(each["geometry"]), degrees))),
        }
        for number, each in enumerate((document or {}).get("findings", ()), start=1)
        if each["geometry"] is not None
    ]
    return {"type": "FeatureCollection", "features": features[:_DRAWN]}


def _file(archive: Archive, digest: str | None, kind: str, found: Delivered) -> Response:
    if digest is None:
        raise NotPublished
    path = archive.path(digest)
    if not path.is_file():
        raise FileAway
    stem = found.filename.rpartition(".")[0] or found.filename
    name = f"{stem}-bericht.{kind}"
    return sealed(send_file(path, mimetype=_MEDIA[kind], as_attachment=True, download_name=name, max_age=0))


def sealed(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _back(number: int, done: str) -> BaseResponse:
    return redirect(url_for("desk.delivery", number=number, getan=done), HTTPStatus.SEE_OTHER)

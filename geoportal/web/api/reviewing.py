"""What becomes of a delivery or a plan beside being published: sent back, dropped, handed on, compared, merged; and how
the Gemeinde stands.
"""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, url_for

from geoportal import differing, oversight, workflow
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action
from geoportal.web.api.asked import given_object, require_reach, who
from geoportal.web.api.once import Answer, once
from geoportal.web.desk import delivery_page
from geoportal.web.desk.compare_page import pair
from geoportal.web.desk.plan_pages import history_of
from geoportal.web.desk.room import desk
from geoportal.web.errors import InvalidQuery, NotPublished
from geoportal.web.portal import portal


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/uebersicht", "standing", standing)
    bp.add_url_rule("/lieferungen/<int:number>/original", "original", original)
    bp.add_url_rule("/lieferungen/<int:number>/zurueckgeben", "send_back", send_back, methods=["POST"])
    bp.add_url_rule("/lieferungen/<int:number>/verwerfen", "discard", discard, methods=["POST"])
    bp.add_url_rule("/lieferungen/<int:number>/weitergeben", "share", share, methods=["POST"])
    bp.add_url_rule("/plaene/<uuid:plan>/vergleich", "compare", compare)
    bp.add_url_rule("/plaene/<uuid:plan>/zusammenfuehren", "merge", merge, methods=["POST"])


def standing() -> Response:
    """Of the Gemeinde of the token: what waits, what is due, how complete the stock is."""
    require_reach(Action.VIEW)
    scope = who().scope
    ags = [] if scope is None or not who().may(Action.VIEW, scope.ags) else [scope.ags]
    with acting(desk().engine, who()) as connection:
        standings = oversight.standings(connection, ags)
        due = oversight.deadlines(connection, ags, portal().today())
        stock = oversight.stock(connection, ags)
    return jsonify(
        {
            "gemeinden": [
                _plain(asdict(each)) | {"stock": _plain(asdict(stock[each.ags])) if each.ags in stock else None}
                for each in standings
            ],
            "fristen": [_plain(asdict(each)) for each in due],
        }
    )


def original(number: int) -> Response:
    """The file as it was sent in."""
    require_reach(Action.VIEW)
    return delivery_page.original(number)


@once
def send_back(number: int) -> Answer:
    workflow.send_back(desk().engine, who(), number, _text("grund"))
    return Answer(200, {"id": number})


@once
def discard(number: int) -> Answer:
    workflow.discard(desk().engine, who(), number)
    return Answer(200, {"id": number})


@once
def share(number: int) -> Answer:
    """The link is told this once; it opens the report for thirty days, without an account."""
    secret = workflow.share_report(desk().engine, who(), number, desk().now())
    address = f"{desk().settings.public_url}{url_for('desk.shared_report', secret=secret)}"
    return Answer(200, {"id": number, "adresse": address, "tage": workflow.LINK_DAYS})


@once
def merge(plan: UUID) -> Answer:
    try:
        into = UUID(_text("mit"))
    except ValueError as error:
        raise InvalidQuery("mit: UUID") from error
    workflow.merge(desk().engine, who(), plan, into)
    return Answer(200, {"plan": str(into)})


def compare(plan: UUID) -> Response:
    """`?neu=2&alt=1`: what differs between two versions; without `alt`, against the public one, or the one before."""
    require_reach(Action.VIEW)
    before, after = pair(history_of(plan))
    if before is None:
        raise NotPublished
    with acting(desk().engine, who()) as connection:
        found, outline = differing.differences(connection, before.id, after.id)
        listed = differing.described(connection, found)
    return jsonify(
        {
            "plan": str(plan),
            "alt": before.version,
            "neu": after.version,
            "gleich": found.same,
            "angaben": [
                {"name": each.name, "alt": _said(each.before), "neu": _said(each.after)} for each in found.attributes
            ],
            "geltungsbereich": None if outline is None else _plain(asdict(outline)),
            "teile": [
                {
                    "nummer": each.number,
                    "was": each.kind,
                    "teil": each.difference.part.label,
                    "name": each.title,
                    "bewegt": each.difference.is_moved,
                    "werte": [
                        {"name": value.name, "alt": _said(value.before), "neu": _said(value.after)}
                        for value in each.values
                    ],
                }
                for each in listed
            ],
            "weitere": max(0, len(found.parts) - len(listed)),
        }
    )


def _text(name: str) -> str:
    value = given_object(name).get(name, "")
    if not isinstance(value, str):
        raise InvalidQuery(f"{name}: Text erwartet / text expected")
    return value[:2000]


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _said(value) for name, value in values.items()}


def _said(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value

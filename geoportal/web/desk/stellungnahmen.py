"""Statements at the desk: read, weighed and exported, by the Gemeinde's planners and publishers alone."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from geoportal import deliveries, plain_text
from geoportal.accounts import audit
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action
from geoportal.participation import exports, reading
from geoportal.participation.beteiligungen import Changed
from geoportal.participation.reading import Abwaegung, Ergebnis
from geoportal.participation.stellungnahmen import Stand
from geoportal.web.desk.access import open_to, who
from geoportal.web.desk.room import desk
from geoportal.web.errors import InvalidQuery
from geoportal.web.printing import pdf
from geoportal.web.stellungnahme_pages import attached

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def add_to(bp: Blueprint) -> None:
    root = "/beteiligung/<uuid:number>/stellungnahmen"
    bp.add_url_rule(root, "statements", listed)
    bp.add_url_rule(f"{root}.<any(xlsx, json, pdf):kind>", "statements_file", export)
    bp.add_url_rule("/stellungnahme/<uuid:number>", "statement", page)
    bp.add_url_rule("/stellungnahme/<uuid:number>", "statement_decide", decide, methods=["POST"])
    bp.add_url_rule("/stellungnahme/<uuid:number>/anlage/<int:anlage>", "statement_file", file)


@open_to(Action.STATEMENTS)
def listed(number: UUID) -> str:
    """Without what was written: who opens one to read it is in the log."""
    with acting(desk().engine, who()) as connection:
        beteiligung = reading.require(connection, who(), number)
        found = list(reading.in_order(connection, number))
    return render_template(
        "desk/stellungnahmen.html",
        beteiligung=beteiligung,
        found=found,
        ERGEBNISSE=exports.ERGEBNISSE,
        stand=exports.stand,
        Stand=Stand,
        plan_name=_plan_name(beteiligung.plan_id),
    )


@open_to(Action.STATEMENTS)
def export(number: UUID, kind: str) -> Response:
    with acting(desk().engine, who()) as connection:
        beteiligung = reading.require(connection, who(), number)
        found = list(reading.in_order(connection, number))
        audit.note(
            connection, who(), "statements_exported", f"participation {number}", ags=beteiligung.ags,
            number=len(found), kind=kind,
        )  # fmt: skip
    name = f"stellungnahmen-{beteiligung.beginn:%Y-%m-%d}"
    if kind == "pdf":
        page = render_template(
            "desk/stellungnahmen_print.html",
            beteiligung=beteiligung,
            found=found,
            ERGEBNISSE=exports.ERGEBNISSE,
            Stand=Stand,
            plan_name=_plan_name(beteiligung.plan_id),
        )
        return pdf(page, "print.css", name)
    if kind == "json":
        response = Response(exports.document(beteiligung, found), mimetype="application/json")
    else:
        response = Response(exports.xlsx(found), mimetype=_XLSX)
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.{kind}")
    return response


@open_to(Action.STATEMENTS)
def page(number: UUID) -> str:
    return _page(number)


def _page(number: UUID, unsaved: Abwaegung | None = None) -> str:
    """`unsaved`: what was typed to a text, or beside a weighing, that has changed since."""
    beteiligung, found = reading.open_one(desk().engine, who(), number)
    with acting(desk().engine, who()) as connection:
        lines = reading.lines(connection, beteiligung.id)
    at = next((index for index, each in enumerate(lines) if each.id == number), 0)
    return render_template(
        "desk/stellungnahme.html",
        beteiligung=beteiligung,
        each=found,
        typed=unsaved or found,
        before=lines[at - 1] if at else None,
        after=lines[at + 1] if at + 1 < len(lines) else None,
        # after the last one those before it come, which were left open
        next_open=next((each for each in (*lines[at + 1 :], *lines[:at]) if each.is_open), None),
        total=len(lines),
        is_unsaved=unsaved is not None,
        ERGEBNISSE=exports.ERGEBNISSE,
        Stand=Stand,
        plan_name=_plan_name(beteiligung.plan_id),
    )


@open_to(Action.STATEMENTS)
def decide(number: UUID) -> BaseResponse | tuple[str, int]:
    given = request.form
    try:
        ergebnis = Ergebnis(given.get("ergebnis", ""))
    except ValueError as fault:
        raise InvalidQuery("ergebnis") from fault
    typed = Abwaegung(
        ergebnis,
        plain_text.paragraphs(given.get("abwaegung", ""))[:20_000],
        plain_text.paragraphs(given.get("notiz", ""))[:5_000],
    )
    try:
        reading.decide(desk().engine, who(), number, given.get("gesehen", ""), typed, desk().now())
    except Changed:
        return _page(number, typed), HTTPStatus.CONFLICT
    return redirect(url_for("desk.statement", number=number, gespeichert="ja") + "#abwaegung", HTTPStatus.SEE_OTHER)


@open_to(Action.STATEMENTS)
def file(number: UUID, anlage: int) -> Response:
    return attached(reading.open_anlage(desk().engine, who(), number, anlage))


def _plan_name(plan: UUID) -> str:
    with acting(desk().engine, who()) as connection:
        history = deliveries.history(connection, plan)
    return next((each.name for each in history if each.name), None) or "Plan ohne Namen"

"""A plan at the desk: its versions, and taking back or restoring one."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from geoportal import deliveries, workflow
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action
from geoportal.deliveries import Version
from geoportal.participation import beteiligungen
from geoportal.web.desk.access import open_to, who
from geoportal.web.desk.places import gemeinden
from geoportal.web.desk.room import desk
from geoportal.web.errors import InvalidQuery, NotPublished


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/plan/<uuid:plan>", "plan", page)
    bp.add_url_rule("/plan/<uuid:plan>/zurueckziehen", "withdraw", withdraw, methods=["POST"])
    bp.add_url_rule("/plan/<uuid:plan>/wiederherstellen", "restore", restore, methods=["POST"])
    bp.add_url_rule("/plan/<uuid:plan>/zusammenfuehren", "merge", merge, methods=["POST"])


@open_to(Action.VIEW)
def page(plan: UUID) -> str:
    versions = history_of(plan)
    ags = versions[0].ags or ""
    with acting(desk().engine, who()) as connection:
        participations = beteiligungen.of_plan(connection, plan)
    return render_template(
        "desk/plan.html",
        plan_id=plan,
        versions=versions,
        gemeinde=dict(gemeinden(who(), Action.VIEW)).get(ags),
        public=next((each for each in versions if each.state == "published"), None),
        participations=participations,
        may_participate=beteiligungen.may_edit(who(), ags),
        may_edit=who().may(Action.EDIT, ags),
        may_withdraw=who().may(Action.WITHDRAW, ags),
        may_restore=who().may(Action.RESTORE, ags),
    )


@open_to(Action.WITHDRAW)
def withdraw(plan: UUID) -> BaseResponse:
    workflow.withdraw(desk().engine, who(), plan, request.form.get("grund", "")[:2000])
    return redirect(url_for("desk.plan", plan=plan), HTTPStatus.SEE_OTHER)


@open_to(Action.RESTORE)
def restore(plan: UUID) -> BaseResponse:
    number = version_number(request.form.get("fassung", ""))
    workflow.restore(desk().engine, who(), plan, number, request.form.get("grund", "")[:2000])
    return redirect(url_for("desk.plan", plan=plan), HTTPStatus.SEE_OTHER)


@open_to(Action.VIEW)
def merge(plan: UUID) -> BaseResponse:
    try:
        into = UUID(request.form.get("mit", ""))
    except ValueError as error:
        raise InvalidQuery("mit") from error
    workflow.merge(desk().engine, who(), plan, into)
    return redirect(url_for("desk.plan", plan=into), HTTPStatus.SEE_OTHER)


def history_of(plan: UUID) -> list[Version]:
    """Nothing for who has no business in the plan's Gemeinde, although what was public is no secret."""
    with acting(desk().engine, who()) as connection:
        versions = deliveries.history(connection, plan)
    if not versions or not who().may(Action.VIEW, versions[0].ags or "", who().account_id):
        raise NotPublished
    return versions


def version_number(raw: str) -> int:
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 7):
        raise InvalidQuery("Fassung: 1, 2, 3 …")
    return int(raw)

"""A plan at the desk: its versions, what is different between them, and taking back or restoring one."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from geoportal import deliveries, workflow
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action
from geoportal.deliveries import Version
from geoportal.web.desk.access import open_to, who
from geoportal.web.desk.room import desk
from geoportal.web.errors import InvalidQuery, NotPublished


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/plan/<uuid:plan>", "plan", page)
    bp.add_url_rule("/plan/<uuid:plan>/vergleich", "compare", compare)
    bp.add_url_rule("/plan/<uuid:plan>/vergleich.json", "compare_map", compare_map)
    bp.add_url_rule("/plan/<uuid:plan>/zurueckziehen", "withdraw", withdraw, methods=["POST"])
    bp.add_url_rule("/plan/<uuid:plan>/wiederherstellen", "restore", restore, methods=["POST"])


@open_to(Action.VIEW)
def page(plan: UUID) -> str:
    versions = _history(plan)
    ags = versions[0].ags or ""
    return render_template(
        "desk/plan.html",
        plan_id=plan,
        versions=versions,
        public=next((each for each in versions if each.state == "published"), None),
        may_edit=who().may(Action.EDIT, ags),
        may_withdraw=who().may(Action.WITHDRAW, ags),
        may_restore=who().may(Action.RESTORE, ags),
    )


@open_to(Action.VIEW)
def compare(plan: UUID) -> str:
    before, after = _pair(plan)
    with acting(desk().engine, who()) as connection:
        found = deliveries.differences(connection, before.id, after.id)
    return render_template("desk/compare.html", plan_id=plan, before=before, after=after, found=found)


@open_to(Action.VIEW)
def compare_map(plan: UUID) -> Response:
    before, after = _pair(plan)
    with acting(desk().engine, who()) as connection:
        sides = {
            "before": deliveries.shapes(connection, [before.id]),
            "after": deliveries.shapes(connection, [after.id]),
        }
    return jsonify(sides)


@open_to(Action.WITHDRAW)
def withdraw(plan: UUID) -> BaseResponse:
    workflow.withdraw(desk().engine, who(), plan, request.form.get("grund", "")[:2000])
    return redirect(url_for("desk.plan", plan=plan), HTTPStatus.SEE_OTHER)


@open_to(Action.RESTORE)
def restore(plan: UUID) -> BaseResponse:
    number = _number(request.form.get("fassung", ""))
    workflow.restore(desk().engine, who(), plan, number, request.form.get("grund", "")[:2000])
    return redirect(url_for("desk.plan", plan=plan), HTTPStatus.SEE_OTHER)


def _history(plan: UUID) -> list[Version]:
    """Nothing for who has no business in the plan's Gemeinde, although what was public is no secret."""
    with acting(desk().engine, who()) as connection:
        versions = deliveries.history(connection, plan)
    if not versions or not who().may(Action.VIEW, versions[0].ags or "", who().account_id):
        raise NotPublished
    return versions


def _pair(plan: UUID) -> tuple[Version, Version]:
    """The two versions that the address names; without `alt`, the public one before `neu`, or the last one."""
    versions = {each.version: each for each in _history(plan)}
    after = versions.get(_number(request.args.get("neu", "")))
    if after is None:
        raise NotPublished
    if "alt" in request.args:
        before = versions.get(_number(request.args["alt"]))
    else:
        earlier = [each for each in versions.values() if each.version < after.version]
        before = next((each for each in earlier if each.state == "published"), earlier[0] if earlier else None)
    if before is None:
        raise NotPublished
    return before, after


def _number(raw: str) -> int:
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 7):
        raise InvalidQuery("Fassung: 1, 2, 3 …")
    return int(raw)

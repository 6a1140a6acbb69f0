"""What waits for whom: the deliveries of one's Gemeinden, and for the Kreis how all of them stand."""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from geoportal import deliveries, workflow
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action
from geoportal.states import State
from geoportal.web.desk import words
from geoportal.web.desk.access import Access, open_to, who
from geoportal.web.desk.places import gemeinden
from geoportal.web.desk.room import desk
from geoportal.web.errors import InvalidQuery

_LISTED = 50


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/", "overview", overview)
    bp.add_url_rule("/gemeinde/<ags>/vier-augen", "four_eyes", four_eyes, methods=["POST"])


@open_to(Access.SIGNED_IN)
def overview() -> str:
    mine = gemeinden(who(), Action.VIEW)
    ags, raw, before = (request.args.get(name, "") for name in ("gemeinde", "stand", "vor"))
    if raw not in {"", *State} or not (before == "" or (before.isascii() and before.isdecimal() and len(before) < 18)):
        raise InvalidQuery("stand, vor")
    state = State(raw) if raw else None
    with acting(desk().engine, who()) as connection:
        listed = deliveries.many(
            connection, ags=ags or None, state=state, before=int(before) if before else None, limit=_LISTED
        )
        standings = deliveries.standings(connection, [each for each, _ in mine])
        chosen = deliveries.rules(connection, ags) if ags in dict(mine) else None
    return render_template(
        "desk/overview.html",
        gemeinden=mine,
        gemeinde=ags,
        state=state,
        states=words.STATES,
        listed=listed,
        next_before=listed[-1].id if len(listed) == _LISTED else None,
        standings=standings,
        rules=chosen,
        may_configure=ags in dict(mine) and who().may(Action.CONFIGURE, ags),
        may_deliver=who().may_anywhere(Action.DELIVER),
    )


@open_to(Action.CONFIGURE)
def four_eyes(ags: str) -> BaseResponse:
    workflow.require_four_eyes(desk().engine, who(), ags, wanted=request.form.get("wollen") == "ja")
    return redirect(url_for("desk.overview", gemeinde=ags), HTTPStatus.SEE_OTHER)

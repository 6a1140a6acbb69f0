"""All plans of one's Gemeinden, found by name: also those that never came through the desk."""

from typing import Final

from flask import Blueprint, render_template, request

from geoportal import deliveries
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action
from geoportal.web.desk import words
from geoportal.web.desk.access import open_to, who
from geoportal.web.desk.places import gemeinden
from geoportal.web.desk.room import desk
from geoportal.web.errors import InvalidQuery, NotPublished
from geoportal.web.plan_query import asked_number

_LISTED: Final = 50
_MOST_PAGES: Final = 10_000


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/plaene", "plans", page)


@open_to(Action.VIEW)
def page() -> str:
    mine = gemeinden(who(), Action.VIEW)
    ags, state = request.args.get("gemeinde", ""), request.args.get("stand", "")
    asked = " ".join(request.args.get("suche", "").split())[:100]
    if state not in {"", *words.VERSION_STATES} or ags not in {"", *dict(mine)}:
        raise InvalidQuery("gemeinde, stand")
    number = asked_number(request.args, "seite", range(1, _MOST_PAGES)) or 1
    with acting(desk().engine, who()) as connection:
        listed, total = deliveries.plans(
            connection,
            [ags] if ags else [each for each, _ in mine],
            words=asked,
            state=state or None,
            limit=_LISTED,
            offset=_LISTED * (number - 1),
        )
    if not listed and number > 1:
        raise NotPublished
    return render_template(
        "desk/plans.html",
        gemeinden=mine,
        gemeinde=ags,
        state=state,
        states=words.VERSION_STATES,
        words=asked,
        listed=listed,
        total=total,
        number=number,
        pages=max(1, -(-total // _LISTED)),
        may_deliver=who().may_anywhere(Action.DELIVER),
    )

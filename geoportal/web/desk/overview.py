"""What waits for whom: the deliveries of one's Gemeinden, and for the Kreis how all of them stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from geoportal import deliveries, oversight, published, workflow
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action
from geoportal.oversight import Standing, Stock
from geoportal.states import State
from geoportal.web.desk import words
from geoportal.web.desk.access import Access, open_to, who
from geoportal.web.desk.places import gemeinden
from geoportal.web.desk.room import desk
from geoportal.web.errors import InvalidQuery
from geoportal.web.portal import portal

_LISTED = 25
_FEW: Final = 3  # Gemeinden, of which somebody knows without a map how they stand
COLOURS: Final = ("wartet", "stufe", "zeichnung", "dokumente")  # what the map of the Kreis may show


RETURNED: Final = "returned"  # those that are checked, and were sent back
_CHOICES: Final = {key.value: said.label for key, said in words.STATES.items()} | {RETURNED: "Zurückgegeben"}


@dataclass(frozen=True, slots=True)
class Shaded:
    """A Gemeinde on the map: `shade` 0 (nothing) to 4 (much or all), and in words what it stands for."""

    outline: published.Gemeindeumriss
    shade: int
    said: str


@dataclass(frozen=True, slots=True)
class KreisMap:
    colour: str
    places: Sequence[Shaded]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Deliveries that one may choose by `key`; `verb` is what who asks can do about it, empty if it is for others."""

    key: str
    number: int
    said: str
    verb: str


_WAITING: Final = ("in_review", "checked", "returned", "failed", "scheduled")


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/", "overview", overview)
    bp.add_url_rule("/gemeinde/<ags>/vier-augen", "four_eyes", four_eyes, methods=["POST"])


@open_to(Access.SIGNED_IN)
def overview() -> str:
    mine = gemeinden(who(), Action.VIEW)
    ags, raw, before = (request.args.get(name, "") for name in ("gemeinde", "stand", "vor"))
    asked = " ".join(request.args.get("suche", "").split())[:100]
    if raw not in {"", *_CHOICES} or not (
        before == "" or (before.isascii() and before.isdecimal() and len(before) < 18)
    ):
        raise InvalidQuery("stand, vor")
    raw_colour = request.args.get("farbe", COLOURS[0])
    if raw_colour not in COLOURS:
        raise InvalidQuery("farbe")
    state = None if not raw else State.CHECKED if raw == RETURNED else State(raw)
    with acting(desk().engine, who()) as connection:
        listed = deliveries.many(
            connection,
            ags=ags or None,
            state=state,
            is_returned=(raw == RETURNED) if state is State.CHECKED else None,
            words=asked,
            before=int(before) if before else None,
            limit=_LISTED,
        )
        shown = [ags] if ags in dict(mine) else [each for each, _ in mine]
        standings = oversight.standings(connection, shown if ags else [each for each, _ in mine])
        due = oversight.deadlines(connection, shown, portal().today())
        stock = oversight.stock(connection, [each for each, _ in mine])
        hanging = oversight.hanging(connection, shown)
        chosen = deliveries.rules(connection, ags) if ags in dict(mine) else None
    return render_template(
        "desk/overview.html",
        gemeinden=mine,
        names=dict(mine),
        gemeinde=ags,
        state=raw,
        words=asked,
        todo=_todo(standings),
        is_many=len(mine) > _FEW,
        states=_CHOICES,
        listed=listed,
        next_before=listed[-1].id if len(listed) == _LISTED else None,
        standings=standings,
        due=due,
        nearest=oversight.nearest(due),
        stock=stock,
        hanging=hanging,
        DUE=words.DUE,
        kreis=_map([each for each, _ in mine], standings, stock, raw_colour) if len(mine) > 1 and not ags else None,
        rules=chosen,
        may_configure=ags in dict(mine) and who().may(Action.CONFIGURE, ags),
        may_deliver=who().may_anywhere(Action.DELIVER),
    )


def _todo(standings: Sequence[Standing]) -> list[Waiting]:
    """What there is to do, the nearest to the public first; what is for others to do comes without a verb."""
    may = who().may_anywhere
    count = {name: sum(getattr(each, name) for each in standings) for name in _WAITING}
    again = "berichtigen und neu liefern"
    found = (
        (State.IN_REVIEW, count["in_review"], "zur Freigabe", Action.PUBLISH, "ansehen und veröffentlichen"),
        (RETURNED, count["returned"], "zurückgegeben", Action.DELIVER, again),
        (State.CHECKED, count["checked"] - count["returned"], "geprüft", Action.SUBMIT, "zur Freigabe geben"),
        (State.FAILED, count["failed"], "nicht lesbar (30 Tage)", Action.DELIVER, again),
        (State.SCHEDULED, count["scheduled"], "vorgemerkt", None, ""),
    )
    return [
        Waiting(key, number, said, verb if needs is not None and may(needs) else "")
        for key, number, said, needs, verb in found
        if number
    ]


def _map(ags: Sequence[str], standings: Sequence[Standing], stock: Mapping[str, Stock], colour: str) -> KreisMap | None:
    with portal().engine.connect() as connection:
        outlines = published.gemeindeumrisse(connection)
    known = {each.ags: each for each in standings}
    places = [
        Shaded(each, *_shade(colour, known[each.ags], stock.get(each.ags)))
        for each in outlines
        if each.ags in known and each.ags in ags
    ]
    return KreisMap(colour, places) if places else None


def _shade(colour: str, standing: Standing, stock: Stock | None) -> tuple[int, str]:
    if colour == COLOURS[0]:
        waiting = standing.in_review + standing.checked
        return min(4, waiting), f"{waiting} warten"
    if stock is None:
        return 0, "kein Plan öffentlich"
    number = {
        "stufe": stock.levels["C"] + stock.levels["D"],
        "zeichnung": stock.drawn,
        "dokumente": stock.documented,
    }[colour]
    share = stock.share(number)
    return (0 if share == 0 else 1 + min(3, share * 3 // 100)), f"{number} von {stock.public}"


@open_to(Action.CONFIGURE)
def four_eyes(ags: str) -> BaseResponse:
    workflow.require_four_eyes(desk().engine, who(), ags, wanted=request.form.get("wollen") == "ja")
    return redirect(url_for("desk.overview", gemeinde=ags), HTTPStatus.SEE_OTHER)

"""The pages of the Gemeinden. Their addresses are what the state portal links (BauGB §§ 6a, 10a): they never change."""

from dataclasses import replace

from flask import Blueprint, render_template, request

from geoportal import published
from geoportal.published import Gemeinde, PlanFilter, Status
from geoportal.web.errors import InvalidQuery, NotPublished
from geoportal.web.feeds import subscription_urls
from geoportal.web.plan_pages import COLLECTIONS, plan_list
from geoportal.web.plan_query import PlanQuery
from geoportal.web.portal import portal
from geoportal.web.stock import Stock

bp = Blueprint("gemeinden", __name__)

_SHOWN = 8  # plans of each state on the overview; the rest stands one link further
_PLANWERK = {slug: planwerk for planwerk, slug in COLLECTIONS.items()}


@bp.get("/gemeinden/")
def index() -> str:
    own = portal()
    with own.engine.connect() as connection:
        found = Stock.of(connection, own.memory).gemeinden(own.today())
    return render_template("gemeinden.html", gemeinden=found)


@bp.get("/gemeinde/<ags>/")
def overview(ags: str) -> str:
    own = portal()
    today = own.today()
    with own.engine.connect() as connection:
        stock = Stock.of(connection, own.memory)
        gemeinde = stock.gemeinde(ags, today)
        if gemeinde is None:
            raise NotPublished
        states = [
            (status, stock.plaene(PlanFilter(ags=ags, status=status), limit=_SHOWN))
            for status in (Status.IN_AUFSTELLUNG, Status.IN_KRAFT, Status.UNBEKANNT)
        ]
        beteiligungen = published.beteiligungen(connection, ags, today)
    return render_template(
        "gemeinde.html",
        gemeinde=gemeinde,
        states=states,
        beteiligungen=beteiligungen,
        subscriptions=subscription_urls({"gemeinde": ags}),
        package=own.packages.all().get(f"gemeinde-{ags}.zip"),
    )


@bp.get("/gemeinde/<ags>/<any(bebauungsplaene, flaechennutzungsplaene):art>/")
def plaene(ags: str, art: str) -> str:
    asked = PlanQuery.parse(request.args, portal().today())
    if asked.planwerk not in (None, _PLANWERK[art]):
        raise InvalidQuery(f"planart: {_PLANWERK[art]}-…")
    return plan_list(replace(asked, gemeinde=ags, planwerk=_PLANWERK[art]), _known(ags))


@bp.get("/gemeinde/<ags>/beteiligung/")
def beteiligung(ags: str) -> str:
    own = portal()
    gemeinde = _known(ags)
    with own.engine.connect() as connection:
        beteiligungen = published.beteiligungen(connection, ags, own.today())
    return render_template("beteiligung.html", gemeinde=gemeinde, beteiligungen=beteiligungen)


def _known(ags: str) -> Gemeinde:
    own = portal()
    with own.engine.connect() as connection:
        gemeinde = Stock.of(connection, own.memory).gemeinde(ags, own.today())
    if gemeinde is None:
        raise NotPublished
    return gemeinde

"""Participation for citizens: what is open for comments, and the page of each such plan.

A page has the plan's own number: it is the same for every participation of the plan, and stands for plans too whose
file alone says that they are on display.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from geoportal import published
from geoportal.participation import bekannt
from geoportal.participation.arten import Art
from geoportal.participation.bekannt import Bekannt
from geoportal.participation.states import Phase, State
from geoportal.published import PlanFilter, PublishedPlan
from geoportal.web.documents import document_link
from geoportal.web.errors import NotPublished
from geoportal.web.feeds import subscription_urls
from geoportal.web.plan_pages import COLLECTIONS, map_hash
from geoportal.web.portal import portal
from geoportal.web.stock import Stock

bp = Blueprint("beteiligung", __name__)

_MOST = 500


@dataclass(frozen=True, slots=True)
class Offen:
    """A plan with its participation as citizens meet it today; `bekannt` None: only its file tells of it."""

    plan: PublishedPlan
    bekannt: Bekannt | None
    art: Art
    phase: Phase
    beginn: date
    ende: date

    @property
    def is_online(self) -> bool:
        """Whether a statement can be written here today."""
        return (
            self.bekannt is not None
            and self.bekannt.online
            and self.phase in {Phase.LAEUFT, Phase.RUHT}
            and portal().settings.smtp is not None
        )


@bp.get("/beteiligung/")
def index() -> str:
    own = portal()
    with own.engine.connect() as connection:
        wanted = PlanFilter(mitreden_ab=own.today())
        found = Stock.of(connection, own.memory).plaene(wanted, limit=_MOST).plaene
    today = own.today()
    periods = [(period, plan) for plan in found if (period := plan.beteiligung(today)) is not None]
    by_end = sorted(periods, key=lambda pair: (pair[0].ende or date.max, pair[1].name))
    return render_template(
        "beteiligung/liste.html",
        running=[plan for period, plan in by_end if period.runs(today)],
        coming=[plan for period, plan in by_end if not period.runs(today)],
        subscriptions=subscription_urls({"beteiligung": "laufend"}),
    )


@bp.get("/beteiligung/<uuid:plan_id>")
def page(plan_id: UUID) -> str | BaseResponse:
    own = portal()
    with own.engine.connect() as connection:
        moved = published.neue_adresse(connection, plan_id)
    if moved is not None:
        return redirect(url_for("beteiligung.page", plan_id=moved), HTTPStatus.MOVED_PERMANENTLY)
    offen = of_plan(plan_id)
    return render_template("beteiligung/plan.html", **words_of(offen))


def of_plan(plan_id: UUID, wanted: UUID | None = None) -> Offen:
    """The participation of a plan that matters today, or the `wanted` one.

    Raises NotPublished for a plan that is not public, or of which nobody has announced anything.
    """
    own = portal()
    today = own.today()
    with own.engine.connect() as connection:
        plan = published.plan(connection, plan_id)
        announced = bekannt.of_plan(connection, plan_id)
    if plan is None:
        raise NotPublished
    if wanted is not None:
        announced = tuple(each for each in announced if each.id == wanted)
    current, told = bekannt.current(announced, today), plan.beteiligung(today)
    is_over = current is None or (wanted is None and current.phase(today) is Phase.VORBEI)
    # what only the file tells goes before what was announced and is over
    if is_over and told is not None and told.start and told.ende and (current is None or told.ende >= today):
        phase = Phase.KOMMT if told.start > today else Phase.LAEUFT if told.ende >= today else Phase.VORBEI
        return Offen(plan, None, Art(told.art), phase, told.start, told.ende)
    if current is None:
        raise NotPublished
    return Offen(plan, current, current.art, current.phase(today), current.beginn, current.ende)


def words_of(offen: Offen) -> dict[str, object]:
    """What the templates say about it."""
    own, plan = portal(), offen.plan
    return {
        "offen": offen,
        "plan": plan,
        "bekannt": offen.bekannt,
        "is_aborted": offen.bekannt is not None and offen.bekannt.state is State.ABGEBROCHEN,
        "kontakt": own.config.gemeinden.get(plan.ags or ""),
        "documents": [document_link(dokument) for dokument in plan.dokumente],
        "collection": COLLECTIONS[plan.planwerk],
        "map_hash": map_hash(plan.umriss),
        "retention_days": own.config.participation.retention_days,
        "kept_until": offen.ende + timedelta(days=own.config.participation.retention_days),
    }

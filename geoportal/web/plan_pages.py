"""The list of plans and the page of one plan."""

import io
import math
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import segno
from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from geoportal import published
from geoportal.downloads import Download
from geoportal.published import Gemeinde, Planversion, PublishedPlan, Umriss
from geoportal.web.documents import document_link
from geoportal.web.errors import NotPublished
from geoportal.web.feeds import subscription_urls
from geoportal.web.plan_query import PAGE_SIZE, PlanQuery, asked_number, asked_stand
from geoportal.web.portal import portal
from geoportal.web.stock import Stock
from geoportal.web.timeline import timeline
from geoportal.web.words import BERLIN
from plans_ingest.model import Planwerk

bp = Blueprint("plans", __name__)

COLLECTIONS = {
    Planwerk.BEBAUUNGSPLAN: "bebauungsplaene",
    Planwerk.FLAECHENNUTZUNGSPLAN: "flaechennutzungsplaene",
}


_MOST_VERSION: Final = 100_000


@dataclass(frozen=True, slots=True)
class Past:
    """That a page shows a former state. `stand` is the day that was asked for, None when the version was.

    `successor` is the version that took its place; None while there is none, because it is still the present one
    (`is_present`) or because the plan was no longer published.
    """

    stand: date | None
    this: Planversion
    successor: Planversion | None

    @property
    def is_present(self) -> bool:
        return self.this.veroeffentlicht_bis is None

    @property
    def last_day(self) -> date:
        """The day as which the page speaks."""
        return self.stand or (self.this.veroeffentlicht_bis or self.this.veroeffentlicht_am).astimezone(BERLIN).date()


@bp.get("/plaene")
def listing() -> str:
    return plan_list(PlanQuery.parse(request.args, portal().today()))


def plan_list(query: PlanQuery, gemeinde: Gemeinde | None = None) -> str:
    """A page of the plans that the query asks for; with a Gemeinde, it and the Planwerk are given by the address.

    Raises NotPublished for a page after the last.
    """
    own = portal()
    today = own.today()
    with own.engine.connect() as connection:
        stock = Stock.of(connection, own.memory)
        page = stock.plaene(query.filter(today), limit=PAGE_SIZE, offset=query.offset, sortierung=query.order)
        choices = () if gemeinde else stock.gemeinden(today)
        kinds = stock.planarten()
    pages = max(1, -(-page.total // PAGE_SIZE))
    if query.seite > pages:
        raise NotPublished
    given = {"gemeinde", "planwerk"} if gemeinde else set()

    def page_url(seite: int, *without: str) -> str:
        args: dict[str, Any] = {name: v for name, v in query.args(seite).items() if name not in {*given, *without}}
        return url_for(str(request.endpoint), **(request.view_args or {}), **args)

    return render_template(
        "plan_list.html",
        query=query,
        page=page,
        pages=pages,
        page_url=page_url,
        gemeinden=choices,
        kinds=[kind for kind in kinds if gemeinde is None or kind.planwerk is query.planwerk],
        gemeinde=gemeinde,
        subscriptions=subscription_urls(query.args(1)),
    )


@bp.get("/plan/<uuid:plan_id>")
def page(plan_id: UUID) -> str | BaseResponse:
    """The page of a plan; an address that a plan once had leads to it for ever.

    `?stand=DATE` shows it as it was at the end of that day, `?fassung=NUMBER` one of its versions.
    """
    own = portal()
    today = own.today()
    stand = asked_stand(request.args, today)
    number = asked_number(request.args, "fassung", range(1, _MOST_VERSION + 1))
    with own.engine.connect() as connection:
        if stand is not None:
            plan = published.fassung_am(connection, plan_id, stand)
        elif number is not None:
            plan = published.fassung(connection, plan_id, number)
        else:
            plan = published.plan(connection, plan_id)
        if plan is None:
            return _elsewhere(connection, plan_id, stand)
        compared = published.umrissvergleiche(connection, plan_id)
    past = None if stand is None and number is None else _past(plan, stand)
    day = today if past is None else past.last_day
    return render_template(
        "plan.html",
        plan=plan,
        past=past,
        stand=stand,
        beteiligung=plan.beteiligung(today) if past is None else None,
        steps=timeline(plan, day),
        documents=[document_link(dokument, former=past is not None) for dokument in plan.dokumente],
        collection=COLLECTIONS[plan.planwerk],
        files=[file for file in own.downloads.all().values() if _holds(file, plan)],
        map_hash=map_hash(plan.umriss),
        compared={each.version: each for each in compared},
    )


def _past(plan: PublishedPlan, stand: date | None) -> Past:
    this = next(version for version in plan.versionen if version.version == plan.version)
    later = [each for each in plan.versionen if each.version > this.version]
    return Past(stand, this, min(later, key=lambda each: each.veroeffentlicht_am) if later else None)


def _elsewhere(connection: Connection, plan_id: UUID, stand: date | None) -> BaseResponse:
    """Where the plan has gone, or when it was public. Raises NotPublished when it never was."""
    if (moved := published.neue_adresse(connection, plan_id)) is not None:
        return redirect(url_for("plans.page", plan_id=moved, stand=stand), code=HTTPStatus.MOVED_PERMANENTLY)
    versions = published.fassungen(connection, plan_id)
    if not versions:
        raise NotPublished
    last = published.fassung(connection, plan_id, versions[0].version)
    page = render_template("plan_away.html", plan=last, versions=versions, stand=stand)
    # what is not public any more has gone; on another day, it just was not there
    return make_response(page, HTTPStatus.GONE if versions[0].veroeffentlicht_bis else HTTPStatus.NOT_FOUND)


def _holds(file: Download, plan: PublishedPlan) -> bool:
    return file.collection == COLLECTIONS[plan.planwerk] and file.ags == plan.ags and file.suffix == "gpkg"


@bp.get("/plan/<uuid:plan_id>/qr.svg")
def qr_code(plan_id: UUID) -> Response:
    """The plan's permanent address to photograph, for notices and display cases."""
    own = portal()
    with own.engine.connect() as connection:
        if published.plan(connection, plan_id) is None:
            raise NotPublished
    address = f"{own.settings.public_url}/plan/{plan_id}"
    drawing = io.BytesIO()
    segno.make(address, error="m", micro=False).save(drawing, kind="svg", scale=6, border=4, light="#ffffff")
    response = Response(drawing.getvalue(), mimetype="image/svg+xml")
    response.headers["Cache-Control"] = "max-age=86400"
    return response


def map_hash(outline: Umriss) -> str:
    """The place in the map's address (location-hash.js) at which the plan fills about half of a phone's width."""
    tile, wanted, deepest = 256, 200, 18  # pixels, pixels, zoom
    width = max(outline.east - outline.west, outline.north - outline.south)
    zoom = min(deepest, math.floor(math.log2(360 * wanted / (tile * max(width, 1e-6)))))
    return f"{zoom}/{(outline.south + outline.north) / 2:.5f}/{(outline.west + outline.east) / 2:.5f}"

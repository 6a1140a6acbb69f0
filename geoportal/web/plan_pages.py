"""The list of plans and the page of one plan."""

import io
import math
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlencode
from uuid import UUID

import segno
from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from geoportal import published
from geoportal.published import Gemeinde, Umriss
from geoportal.web.documents import document_link
from geoportal.web.errors import NotPublished
from geoportal.web.feeds import subscription_urls
from geoportal.web.plan_query import PAGE_SIZE, PlanQuery
from geoportal.web.portal import portal
from geoportal.web.timeline import running_auslegung, timeline
from plans_ingest.model import Planwerk

bp = Blueprint("plans", __name__)

COLLECTIONS = {
    Planwerk.BEBAUUNGSPLAN: "bebauungsplaene",
    Planwerk.FLAECHENNUTZUNGSPLAN: "flaechennutzungsplaene",
}


@bp.get("/plaene")
def listing() -> str:
    return plan_list(PlanQuery.parse(request.args))


def plan_list(query: PlanQuery, gemeinde: Gemeinde | None = None) -> str:
    """A page of the plans that the query asks for; with a Gemeinde, it and the Planwerk are given by the address.

    Raises NotPublished for a page after the last.
    """
    own = portal()
    today = own.today()
    with own.engine.connect() as connection:
        page = published.plaene(
            connection, query.filter(today), limit=PAGE_SIZE, offset=query.offset, sortierung=query.sortierung
        )
        choices = () if gemeinde else published.gemeinden(connection, today)
    pages = max(1, -(-page.total // PAGE_SIZE))
    if query.seite > pages:
        raise NotPublished

    asked = replace(query, gemeinde=None, planwerk=None) if gemeinde else query

    def page_url(seite: int) -> str:
        return f"?{urlencode(asked.args(seite))}"

    return render_template(
        "plan_list.html",
        query=query,
        page=page,
        pages=pages,
        page_url=page_url,
        gemeinden=choices,
        gemeinde=gemeinde,
        subscriptions=subscription_urls(query.args(1)),
    )


@bp.get("/plan/<uuid:plan_id>")
def page(plan_id: UUID) -> str | BaseResponse:
    """The page of a plan; an address that a plan once had leads to it for ever."""
    own = portal()
    today = own.today()
    with own.engine.connect() as connection:
        plan = published.plan(connection, plan_id)
        compared = published.umrissvergleiche(connection, plan_id) if plan is not None else ()
        moved = published.neue_adresse(connection, plan_id) if plan is None else None
    if moved is not None:
        return redirect(url_for("plans.page", plan_id=moved), code=HTTPStatus.MOVED_PERMANENTLY)
    if plan is None:
        raise NotPublished
    return render_template(
        "plan.html",
        plan=plan,
        auslegung=running_auslegung(plan, today),
        steps=timeline(plan, today),
        documents=[document_link(dokument) for dokument in plan.dokumente],
        collection=COLLECTIONS[plan.planwerk],
        map_hash=_map_hash(plan.umriss),
        compared={each.version: each for each in compared},
    )


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


def _map_hash(outline: Umriss) -> str:
    """The place in the map's address (location-hash.js) at which the plan fills about half of a phone's width."""
    tile, wanted, deepest = 256, 200, 18  # pixels, pixels, zoom
    width = max(outline.east - outline.west, outline.north - outline.south)
    zoom = min(deepest, math.floor(math.log2(360 * wanted / (tile * max(width, 1e-6)))))
    return f"{zoom}/{(outline.south + outline.north) / 2:.5f}/{(outline.west + outline.east) / 2:.5f}"

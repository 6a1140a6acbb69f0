""" "What applies here?" as a page; the map's panel is the same page without its frame."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy import Connection

from geoportal import hier, published
from geoportal.catalogue import Layer
from geoportal.hier import Place
from geoportal.places import Coordinates
from geoportal.web.documents import document_link
from geoportal.web.errors import InvalidQuery, NotPublished
from geoportal.web.feeds import subscription_urls
from geoportal.web.language import language
from geoportal.web.opening import opening
from geoportal.web.portal import portal
from geoportal.web.printing import pdf

bp = Blueprint("hier", __name__)

_AROUND: Final = 500  # metres around a place, for those who want to follow it
_SKETCH_METRES: Final = 400.0  # the sides of the sketch on paper


@bp.get("/hier")
def show() -> str:
    """`?lon=&lat=`, `?ost=&nord=` (UTM), `?adresse=ID`, `?flurstueck=KENNZEICHEN`; with none of them, it asks."""
    own = portal()
    if not any(request.args.get(name) for name in ("lon", "lat", "ost", "nord", "adresse", "flurstueck")):
        return render_template("hier_start.html")
    with own.engine.connect() as connection:
        place = asked_place(connection, request.args)
        answer = hier.answer(connection, place, own.today(), near_layers())
    return render_template("hier.html", answer=answer, **words_of(answer))


@bp.get("/hier.pdf")
def on_paper() -> Response:
    """The same answer to print: a tagged PDF with a sketch of where the plans lie."""
    own = portal()
    with own.engine.connect() as connection:
        place = asked_place(connection, request.args)
        answer = hier.answer(connection, place, own.today(), near_layers())
        shown = [here.plan.id for here in (*answer.binding, *answer.coming, *answer.unknown)]
        sketch = published.sketch(connection, shown, place.wkt, _SKETCH_METRES)
    more = words_of(answer)
    address: dict[str, Any] = dict(place_args(place, request.args))
    permalink = f"{own.settings.public_url}{url_for('hier.show', **address)}"
    layer = own.catalogue.layers()["bebauungsplaene"]
    page = render_template(
        "hier_print.html", answer=answer, sketch=sketch, plan_layer=layer, permalink=permalink, **more
    )
    return pdf(page, "print.css", "was-gilt-hier")


def asked_place(connection: Connection, args: Mapping[str, str]) -> Place:
    """Raises InvalidQuery for what is no place, NotPublished for an address or parcel that is not known."""
    if identifier := args.get("adresse"):
        found = hier.place_of_address(connection, identifier)
    elif kennzeichen := args.get("flurstueck"):
        found = hier.place_of_parcel(connection, kennzeichen)
    else:
        try:
            if args.get("ost") or args.get("nord"):
                return hier.place_of_utm(connection, _number(args, "ost"), _number(args, "nord"))
            return hier.place_at(connection, _number(args, "lon"), _number(args, "lat"))
        except ValueError as error:
            raise InvalidQuery("lon, lat") from error
    if found is None:
        raise NotPublished
    return found


def near_layers() -> list[Layer]:
    """The layers whose nearest features belong to the answer, as far as they are there."""
    own = portal()
    layers = own.catalogue.layers()
    return [layers[name] for name in own.config.nearby if name in layers and layers[name].popup]


def words_of(answer: hier.Answer) -> dict[str, object]:
    """What the template says beside the answer: contact, documents as links, the address of this answer."""
    own = portal()
    at = answer.place.coordinates
    ags = None if answer.gemeinde is None else answer.gemeinde.ags
    return {
        "contact": None if ags is None else own.config.gemeinden.get(ags),
        "document_link": document_link,
        "opening_now": opening_now,
        "subscriptions": subscription_urls({"lon": f"{at.lon:.5f}", "lat": f"{at.lat:.5f}", "umkreis": str(_AROUND)}),
        "around": _AROUND,
        "place_args": place_args(answer.place, request.args),
    }


def opening_now(hours: str | None) -> str:
    """In words; nothing where there are no hours, or none that are understood."""
    found = opening(hours, datetime.now(UTC), None, language()) if hours else None
    return found.sentence if found else ""


def place_args(place: Place, args: Mapping[str, str]) -> dict[str, str]:
    """The parameters of the permanent address of an answer: as it was asked for, degrees to the decimetre."""
    for name in ("adresse", "flurstueck"):
        if args.get(name):
            return {name: args[name]}
    at: Coordinates = place.coordinates
    return {"lon": f"{at.lon:.6f}", "lat": f"{at.lat:.6f}"}


def _number(args: Mapping[str, str], name: str) -> float:
    raw = args.get(name, "").replace(",", ".")
    value = float(raw)
    if not -1e9 < value < 1e9:  # NaN compares false with everything
        raise ValueError(name)
    return value

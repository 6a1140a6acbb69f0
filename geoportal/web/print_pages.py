"""The map on paper: a form with a preview, and the PDF, true to scale. Both work without JavaScript."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy import Connection

from geoportal import published
from geoportal.catalogue import Layer
from geoportal.ogc.collection import Collection
from geoportal.ogc.crs import STORED, Box
from geoportal.ogc.maps.legends import Legend, legend_of
from geoportal.ogc.maps.picture import Picture
from geoportal.ogc.maps.selection import Selection, offered
from geoportal.ogc.maps.sources import Drawn, sheet_of
from geoportal.places import Coordinates
from geoportal.published import PublishedPlan
from geoportal.web.errors import NotPublished
from geoportal.web.language import language
from geoportal.web.portal import ogc_root, portal
from geoportal.web.print_query import DPI, SCALES, Format, Layout, PrintQuery, bar_length, layout
from geoportal.web.printing import pdf
from geoportal.web.themes import PLANS

bp = Blueprint("printing", __name__)

_PREVIEW_PIXELS: Final = 560
_WITH_GROUND: Final = 10_000
_DEFAULT: Final = tuple(reversed(PLANS))  # the finer plans above


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is to be printed: `asked` with nothing left open, its place on paper, and its box in metres of the zone."""

    asked: PrintQuery
    plan: PublishedPlan | None
    place: Coordinates
    layout: Layout
    box: Box
    scale: int
    legends: tuple[Legend, ...]


@bp.get("/drucken")
def form() -> str:
    """`?plan=UUID` or `?karte=zoom/lat/lon` or `?lon=&lat=`, `massstab`, `format`, `lage`, `ebenen`, `stand`."""
    sheet = _sheet()
    west, south, east, north = _corners(sheet.box)
    height = round(_PREVIEW_PIXELS * sheet.layout.map_height / sheet.layout.map_width)
    asked = {
        "collections": ",".join([*(one.collection.layer.id for one in _ground(sheet.scale)), *sheet.asked.layers]),
        "crs": STORED.uri, "bbox-crs": STORED.uri, "bbox": f"{west:.1f},{south:.1f},{east:.1f},{north:.1f}",
        "width": _PREVIEW_PIXELS, "height": height, "f": "png", "bgcolor": "0xFFFFFF",
        **({"stand": sheet.asked.stand} if sheet.asked.stand else {}),
    }  # fmt: skip
    return render_template(
        "print_form.html",
        sheet=sheet,
        preview={"src": f"{ogc_root()}/map?{urlencode(asked)}", "width": _PREVIEW_PIXELS, "height": height},
        moved=_moved(sheet),
        scales=SCALES,
        formats=list(Format),
        choices=[portal().catalogue.layers()[name] for name in _DEFAULT] + portal().catalogue.themes(),
    )


@bp.get("/drucken.pdf")
def on_paper() -> Response:
    """The same as PDF. Raises what drawing and the press raise when there is too much to do."""
    own = portal()
    sheet = _sheet()
    width, height = sheet.layout.pixels()
    picture = Picture(sheet.box, STORED, width, height, "png", "#ffffff", 25.4 / DPI)
    [drawn] = own.drawer.draw([*_ground(sheet.scale), *_drawn(sheet.asked)], picture)
    address = f"{own.settings.public_url}{url_for('printing.form', **sheet.asked.args())}"
    page = render_template(
        "print_map.html",
        sheet=sheet,
        layers=[own.catalogue.layers()[name] for name in sheet.asked.layers],
        bar=bar_length(sheet.scale),
        address=address,
        with_ground=bool(_ground(sheet.scale)),
    )
    return pdf(page, "print-map.css", "karte", {"map": drawn})


def _sheet() -> Sheet:
    """What the address asks for. Raises InvalidQuery, NotPublished."""
    own = portal()
    known = own.catalogue.layers()
    asked = PrintQuery.parse(request.args, known, _DEFAULT, own.today())
    with own.engine.connect() as connection:
        plan = None if asked.plan is None else _plan(connection, asked.plan, asked.stand)
    place = asked.place or _middle(plan)
    paper = layout(asked.format, asked.lage, ())
    scale = asked.scale or (SCALES[-1] if plan is None else paper.scale_for(plan.umriss.breite, plan.umriss.hoehe))
    # the legend says what occurs in the frame, and the frame has the height that the legend leaves it
    legends = _legends(asked, Box(*paper.box(place.east, place.north, scale)))
    paper = layout(asked.format, asked.lage, [len(legend.rows) for legend in legends])
    if asked.scale is None and plan is not None:
        scale = paper.scale_for(plan.umriss.breite, plan.umriss.hoehe)
    box = Box(*paper.box(place.east, place.north, scale))
    return Sheet(replace(asked, place=place, scale=scale), plan, place, paper, box, scale, legends)


def _plan(connection: Connection, plan_id: UUID, stand: date | None) -> PublishedPlan:
    if stand is not None:
        plan = published.fassung_am(connection, plan_id, stand)
    else:
        plan = published.plan(connection, plan_id)
    if plan is None:
        raise NotPublished
    return plan


def _middle(plan: PublishedPlan | None) -> Coordinates:
    shown = portal().config.opening_view if plan is None else plan.umriss
    return Coordinates.of_degrees((shown.west + shown.east) / 2, (shown.south + shown.north) / 2)


def _drawn(asked: PrintQuery) -> Sequence[Drawn]:
    layers = portal().catalogue.layers()
    return [
        Drawn(Collection(layers[name]), sheet_of(layers[name], None).id, _selection(layers[name], asked))
        for name in asked.layers
    ]


def _ground(scale: int) -> list[Drawn]:
    """The outlines of the Gemeinden, from the scale on at which it does not matter that they are schematic."""
    layer = portal().catalogue.layers()["gemeinden"]
    return [Drawn(Collection(layer), sheet_of(layer, None).id, Selection())] if scale >= _WITH_GROUND else []


def _selection(layer: Layer, asked: PrintQuery) -> Selection:
    return Selection(stand=asked.stand if "stand" in offered(layer) else None)


def _legends(asked: PrintQuery, box: Box) -> tuple[Legend, ...]:
    engine = portal().engine
    found = (
        legend_of(engine, drawn, sheet_of(drawn.collection.layer, drawn.style), language(), box)
        for drawn in reversed(_drawn(asked))
    )
    return tuple(legend for legend in found if legend.rows)


def _moved(sheet: Sheet) -> dict[str, str]:
    """The addresses of the neighbouring frames, half a frame further each."""
    across, up = (sheet.box.east - sheet.box.west) / 2, (sheet.box.north - sheet.box.south) / 2
    found: dict[str, str] = {}
    for name, (x, y) in {"west": (-across, 0), "north": (0, up), "south": (0, -up), "east": (across, 0)}.items():
        place = Coordinates.of_utm(sheet.place.east + x, sheet.place.north + y)
        found[name] = url_for("printing.form", **replace(sheet.asked, place=place).args())
    return found


def _corners(box: Box) -> tuple[float, float, float, float]:
    return box.west, box.south, box.east, box.north

"""The map on paper: a form with a preview, and the PDF, true to scale. Both work without JavaScript."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from flask import Blueprint, Response, render_template, request, url_for

from geoportal import published
from geoportal.basemaps import mosaic
from geoportal.basemaps.mosaic import SRS as MOSAIC_SRS
from geoportal.cartography.sheets import PLANWERK, RECHTSSTAND, sheets
from geoportal.catalogue import Layer
from geoportal.ogc.collection import Collection
from geoportal.ogc.crs import STORED, SUPPORTED, Box
from geoportal.ogc.maps.drawing import MOST_LAYERS
from geoportal.ogc.maps.legends import Legend, legend_of
from geoportal.ogc.maps.picture import Picture, transformed
from geoportal.ogc.maps.selection import STATUS, Selection, offered
from geoportal.ogc.maps.sources import Drawn, is_bare, sheet_of
from geoportal.painting import RasterUnderlay
from geoportal.places import Coordinates
from geoportal.published import PlacedPlan
from geoportal.web.errors import InvalidQuery, NotPublished
from geoportal.web.language import language
from geoportal.web.portal import portal
from geoportal.web.portal_config import Basemap
from geoportal.web.print_query import DPI, SCALES, Format, Known, Layout, PrintQuery, bar_length, layout
from geoportal.web.printing import pdf
from geoportal.web.themes import PLANS

bp = Blueprint("printing", __name__)

_MERCATOR: Final = SUPPORTED["http://www.opengis.net/def/crs/EPSG/0/3857"]
_PREVIEW_PIXELS: Final = 560
_WITH_OUTLINES: Final = 10_000
_CURRENT: Final = tuple(status for status in STATUS if status != "archiviert")
_DEFAULT: Final = tuple(reversed(PLANS))  # the finer plans above


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is to be printed: `asked` with nothing left open, its place on paper, and its box in metres of the zone."""

    asked: PrintQuery
    plan: PlacedPlan | None
    place: Coordinates
    layout: Layout
    box: Box
    scale: int
    legends: tuple[Legend, ...]


@bp.get("/drucken")
def form() -> str:
    """`?plan=UUID` or `?karte=zoom/lat/lon` or `?lon=&lat=`, `massstab`, `format`, `lage`, `ebenen`, `stand`, and what
    else the map shows: `deckkraft=layer:percent,…`, `recht=status,…`, `grund`, a background map, and
    `zeichnung=aus`, outlines alone.
    """
    sheet = _sheet()
    height = round(_PREVIEW_PIXELS * sheet.layout.map_height / sheet.layout.map_width)
    return render_template(
        "print_form.html",
        sheet=sheet,
        is_bare=_is_bare(sheet),
        preview={"src": _address("printing.preview", sheet.asked), "width": _PREVIEW_PIXELS, "height": height},
        moved=_moved(sheet),
        scales=SCALES,
        formats=list(Format),
        choices=_choices(sheet.asked),
        grounds=_grounds(),
        as_usual=_address("printing.form", replace(sheet.asked, statuses=None, outlines=False)),
    )


@bp.get("/drucken.png")
def preview() -> Response:
    """The map of the form, as it will be on paper. Raises what drawing raises when there is too much to do."""
    sheet = _sheet()
    pixel = sheet.layout.map_width / _PREVIEW_PIXELS
    height = round(sheet.layout.map_height / pixel)
    painted = _painted(sheet, Picture(sheet.box, STORED, _PREVIEW_PIXELS, height, "png", "#ffffff", pixel))
    response = Response(painted.content, mimetype="image/png")
    response.headers["Cache-Control"] = "no-store"  # an address of nobody else, and of this moment
    return response


@bp.get("/drucken.pdf")
def on_paper() -> Response:
    """The same as PDF. Raises what drawing and the press raise when there is too much to do."""
    own = portal()
    sheet = _sheet()
    width, height = sheet.layout.pixels()
    painted = _painted(sheet, Picture(sheet.box, STORED, width, height, "png", "#ffffff", 25.4 / DPI))
    page = render_template(
        "print_map.html",
        sheet=sheet,
        is_bare=_is_bare(sheet),
        layers=[own.catalogue.layers()[name] for name in sheet.asked.layers],
        bar=bar_length(sheet.scale),
        address=own.settings.public_url + _address("printing.form", sheet.asked),
        with_outlines=bool(_outlines(sheet.scale)),
        ground=_grounds().get(sheet.asked.ground),
        ground_is_whole=painted.ground_is_whole,
    )
    return pdf(page, "print-map.css", "karte", {"map": painted.content})


def _is_bare(sheet: Sheet) -> bool:
    """Whether the sheet would be empty, and its reader would have to guess why."""
    return is_bare(portal().engine, _drawn(sheet.asked), sheet.box)


@dataclass(frozen=True, slots=True)
class _Painted:
    content: bytes
    ground_is_whole: bool


def _painted(sheet: Sheet, picture: Picture) -> _Painted:
    """Over the background map that is asked for, which this server fetches."""
    own, basemap = portal(), _grounds().get(sheet.asked.ground)
    drawn = [*_outlines(sheet.scale), *_drawn(sheet.asked)]
    if len(drawn) > MOST_LAYERS:
        raise InvalidQuery(f"ebenen: höchstens {MOST_LAYERS}")
    if basemap is None:
        [content] = own.drawer.draw(drawn, picture)
        return _Painted(content, ground_is_whole=True)
    around = transformed(sheet.box, STORED, _MERCATOR)
    corners = (around.west, around.south, around.east, around.north)
    with mosaic(own.tiles, basemap.upstream, corners, (around.east - around.west) / picture.width) as found:
        [content] = own.drawer.draw(drawn, picture, ground=[RasterUnderlay(str(found.file), MOSAIC_SRS)])
        return _Painted(content, found.whole)


def _grounds() -> dict[str, Basemap]:
    """Background maps that the operator lets this server fetch and keep."""
    return {basemap.id: basemap for basemap in portal().config.basemaps if basemap.cached}


def _choices(asked: PrintQuery) -> list[Layer]:
    """Those that are asked for in their order, which the form sends on, and then the others."""
    own = portal().catalogue
    layers = own.layers()  # each look at them reads the folder
    known = [layers[name] for name in _DEFAULT] + own.themes()
    return [layers[name] for name in asked.layers] + [each for each in known if each.id not in asked.layers]


def _address(endpoint: str, asked: PrintQuery) -> str:
    return url_for(endpoint, **asked.args())


def _sheet() -> Sheet:
    """What the address asks for. Raises InvalidQuery, NotPublished."""
    own = portal()
    known = own.catalogue.layers()
    asked = PrintQuery.parse(request.args, Known(known, STATUS, _grounds()), _DEFAULT, own.today())
    with own.engine.connect() as connection:
        plan = None if asked.plan is None else published.placed(connection, asked.plan, asked.stand)
    if plan is None and asked.plan is not None:
        raise NotPublished
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


def _middle(plan: PlacedPlan | None) -> Coordinates:
    shown = portal().config.opening_view if plan is None else plan.umriss
    return Coordinates.of_degrees((shown.west + shown.east) / 2, (shown.south + shown.north) / 2)


def _drawn(asked: PrintQuery) -> Sequence[Drawn]:
    layers = portal().catalogue.layers()
    return [
        Drawn(Collection(layers[name]), _style(layers[name], asked), selection, asked.opacities.get(name, 100) / 100)
        for name in asked.layers
        for selection in _selections(layers[name], asked)
    ]


def _style(layer: Layer, asked: PrintQuery) -> str:
    return RECHTSSTAND if asked.outlines and layer.view in PLANWERK else next(iter(sheets(layer)))


def _outlines(scale: int) -> list[Drawn]:
    """Of the Gemeinden, from the scale on at which it does not matter that they are schematic."""
    gemeinden = Collection(portal().catalogue.layers()["gemeinden"])
    return [Drawn(gemeinden, sheet_of(gemeinden, None).id, Selection())] if scale >= _WITH_OUTLINES else []


def _selections(layer: Layer, asked: PrintQuery) -> list[Selection]:
    """As the map asks for them: of no state all that is not past, in one picture; of a state only that one."""
    stand = asked.stand if "stand" in offered(layer) else None
    if asked.statuses is None or "status" not in offered(layer):
        return [Selection(stand=stand)]
    chosen = [status for status in STATUS if status in asked.statuses]
    if all(status in chosen for status in _CURRENT):
        return [Selection(status=status, stand=stand) for status in (*sorted({*chosen} - {*_CURRENT}), None)]
    return [Selection(status=status, stand=stand) for status in reversed(chosen)]  # what is past, below


def _legends(asked: PrintQuery, box: Box) -> tuple[Legend, ...]:
    """One of each layer, the uppermost first, however many pictures it is drawn in."""
    engine = portal().engine
    found: dict[str, Legend] = {}
    for drawn in reversed(_drawn(asked)):
        layer = drawn.collection.layer
        legend = legend_of(engine, drawn, sheet_of(drawn.collection, drawn.style), language(), box)
        known = found.setdefault(layer.id, Legend(legend.title, []))
        known.rows.extend(row for row in legend.rows if row not in known.rows)
    return tuple(legend for legend in found.values() if legend.rows)


def _moved(sheet: Sheet) -> dict[str, str]:
    """The addresses of the neighbouring frames, half a frame further each."""
    across, up = (sheet.box.east - sheet.box.west) / 2, (sheet.box.north - sheet.box.south) / 2
    found = {}
    for name, (x, y) in {"west": (-across, 0), "north": (0, up), "south": (0, -up), "east": (across, 0)}.items():
        place = Coordinates.of_utm(sheet.place.east + x, sheet.place.north + y)
        found[name] = _address("printing.form", replace(sheet.asked, place=place))
    return found

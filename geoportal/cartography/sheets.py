"""The styles of each layer: what a manifest says, and for the plans the drawing after PlanZV beside it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from geoportal.cartography import planzeichen
from geoportal.cartography.model import (
    INK,
    Dimension,
    Disc,
    Fill,
    Growth,
    Label,
    Line,
    Part,
    Rule,
    Sheet,
    Value,
)
from geoportal.cartography.model import Symbol as Form
from geoportal.catalogue import Geometry, Layer, Style, Symbol, Words

PLANZV, RECHTSSTAND, UMRING, STANDARD = "planzv", "rechtsstand", "umring", "standard"
PLANWERK: Mapping[str, str] = {"bebauungsplaene": "BP", "flaechennutzungsplaene": "FP"}
CONTENTS = "planinhalte"

_TITLES = {
    PLANZV: Words(de="Planzeichnung nach PlanZV", en="Plan drawing after PlanZV"),
    RECHTSSTAND: Words(de="Nach Rechtsstand", en="By legal state"),
    UMRING: Words(de="Nur Umring", en="Outline only"),
    STANDARD: Words(de="Standard", en="Default"),
}
# what a layer has no geometries of, its rules do not draw: its legend shows the sign that is on the map
_DIMENSIONS: Mapping[Geometry, Sequence[Dimension]] = {
    Geometry.POINT: (Dimension.POINT,),
    Geometry.MULTI_POINT: (Dimension.POINT,),
    Geometry.LINE_STRING: (Dimension.LINE,),
    Geometry.MULTI_LINE_STRING: (Dimension.LINE,),
    Geometry.POLYGON: (Dimension.AREA,),
    Geometry.MULTI_POLYGON: (Dimension.AREA,),
}
_RADIUS, _TEXT_SIZE = 5.0, 11.0  # pixels, where a manifest says nothing
_AREA_OPACITY = 0.35
_PLAN_OPACITY = 0.18  # of a plan's area: what lies under it matters more


def sheets(layer: Layer) -> dict[str, Sheet]:
    """The styles of a layer by id; the first is the default."""
    planwerk = PLANWERK.get(layer.view)
    if planwerk is not None:
        return {
            sheet.id: sheet
            for sheet in (
                planzv(planwerk)[1],
                Sheet(RECHTSSTAND, _TITLES[RECHTSSTAND], tuple(_manifest(layer, _PLAN_OPACITY))),
                Sheet(UMRING, _TITLES[UMRING], (_umring(),)),
            )
        }
    if layer.view == CONTENTS:
        both = planzeichen.rules("FP") + planzeichen.rules("BP")
        return {PLANZV: Sheet(PLANZV, _TITLES[PLANZV], both)}
    return {STANDARD: Sheet(STANDARD, _TITLES[STANDARD], tuple(_manifest(layer, _AREA_OPACITY)))}


@cache
def planzv(planwerk: str) -> tuple[Sheet, Sheet]:
    """What a plan contains, and the outline around it."""
    title = _TITLES[PLANZV]
    return (
        Sheet(PLANZV, title, planzeichen.rules(planwerk)),
        Sheet(PLANZV, title, (planzeichen.outline(planwerk),)),
    )


def _umring() -> Rule:
    line = (Line("#ffffff", 4), Line(INK, 1.6))
    return Rule("umring", Words(de="Geltungsbereich", en="Area of the plan"), {}, {Dimension.AREA: line})


def _manifest(layer: Layer, opacity: float) -> Iterator[Rule]:
    style = layer.style
    for category in style.categories:
        if style.by is not None:
            when = {style.by: category.value}
            yield _rule(str(category.value), category.label, when, category, layer, opacity)
    rest = Words(de="Sonstige", en="Other") if style.categories else layer.title
    yield _rule("sonstige", rest, {}, style, layer, opacity)


def _rule(name: str, title: Words, when: Mapping[str, Value], symbol: Symbol, layer: Layer, opacity: float) -> Rule:
    style = layer.style
    limits = style.scale
    radius = symbol.radius or style.radius or _RADIUS
    return Rule(
        name,
        title,
        when,
        _parts(symbol, layer.style, opacity, _DIMENSIONS.get(layer.geometry, tuple(Dimension))),
        label=Label(style.label, _TEXT_SIZE, below=radius + _TEXT_SIZE) if style.label else None,
        otherwise=bool(style.categories) and not when,
        closest=limits.closest if limits else None,
        farthest=limits.farthest if limits else None,
    )


def _parts(
    symbol: Symbol, base: Style, opacity: float, dimensions: Sequence[Dimension]
) -> dict[Dimension, tuple[Part, ...]]:
    fill = symbol.fill or base.fill
    stroke = symbol.stroke or base.stroke or fill or "#55606e"
    width = symbol.width or base.width or 1.0
    dash = tuple(float(part) for part in (symbol.dash or base.dash or "").split())
    line = Line(stroke, width, dash)
    radius = symbol.radius or base.radius or _RADIUS
    sizes = base.sizes
    growth = Growth(sizes.by, sizes.low, sizes.high, sizes.smallest, sizes.largest) if sizes else None
    points: list[Part] = [Disc(radius, fill or stroke, stroke, width, growth)]
    if icon := symbol.icon or base.icon:
        points.append(Form(f"icon-{icon}", 1.4 * (sizes.smallest if sizes else radius)))
    area: tuple[Part, ...] = (Fill(fill, opacity), line) if fill else (line,)
    drawn = {Dimension.AREA: area, Dimension.LINE: (line,), Dimension.POINT: tuple(points)}
    return {dimension: drawn[dimension] for dimension in dimensions}

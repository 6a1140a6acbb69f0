"""The styles of each layer: what a manifest says, and for the plans the drawing after PlanZV beside it."""

from collections.abc import Iterator, Mapping

from geoportal.cartography import planzeichen
from geoportal.cartography.model import Dimension, Disc, Fill, Line, Part, Rule, Sheet
from geoportal.catalogue import Layer, Style, Symbol, Words

PLANZV, RECHTSSTAND, UMRING, STANDARD = "planzv", "rechtsstand", "umring", "standard"
PLANWERK: Mapping[str, str] = {"bebauungsplaene": "BP", "flaechennutzungsplaene": "FP"}
CONTENTS = "planinhalte"

_TITLES = {
    PLANZV: Words(de="Planzeichnung nach PlanZV", en="Plan drawing after PlanZV"),
    RECHTSSTAND: Words(de="Nach Rechtsstand", en="By legal state"),
    UMRING: Words(de="Nur Umring", en="Outline only"),
    STANDARD: Words(de="Standard", en="Default"),
}
_AREA_OPACITY = 0.35
_PLAN_OPACITY = 0.18  # of a plan's area: what lies under it matters more


def sheets(layer: Layer) -> dict[str, Sheet]:
    """The styles of a layer by id; the first is the default."""
    planwerk = PLANWERK.get(layer.view)
    if planwerk is not None:
        return {
            sheet.id: sheet
            for sheet in (
                Sheet(PLANZV, _TITLES[PLANZV], (planzeichen.outline(planwerk),)),
                Sheet(RECHTSSTAND, _TITLES[RECHTSSTAND], tuple(_manifest(layer, _PLAN_OPACITY))),
                Sheet(UMRING, _TITLES[UMRING], (_umring(),)),
            )
        }
    if layer.view == CONTENTS:
        both = planzeichen.rules("FP") + planzeichen.rules("BP")
        return {PLANZV: Sheet(PLANZV, _TITLES[PLANZV], both)}
    return {STANDARD: Sheet(STANDARD, _TITLES[STANDARD], tuple(_manifest(layer, _AREA_OPACITY)))}


def _umring() -> Rule:
    line = (Line("#ffffff", 4), Line("#1c1c1c", 1.6))
    return Rule("umring", Words(de="Geltungsbereich", en="Area of the plan"), {}, {Dimension.AREA: line})


def _manifest(layer: Layer, opacity: float) -> Iterator[Rule]:
    style = layer.style
    for category in style.categories:
        if style.by is not None:
            when = {style.by: category.value}
            yield Rule(str(category.value), category.label, when, _parts(category, style, opacity))
    rest = Words(de="Sonstige", en="Other") if style.categories else layer.title
    yield Rule("sonstige", rest, {}, _parts(style, style, opacity), otherwise=bool(style.categories))


def _parts(symbol: Symbol, base: Style, opacity: float) -> dict[Dimension, tuple[Part, ...]]:
    fill = symbol.fill or base.fill
    stroke = symbol.stroke or base.stroke or fill or "#55606e"
    width = symbol.width or base.width or 1.0
    dash = tuple(float(part) for part in (symbol.dash or base.dash or "").split())
    line = Line(stroke, width, dash)
    disc = Disc(symbol.radius or base.radius or 5.0, fill or stroke, stroke, width)
    area: tuple[Part, ...] = (Fill(fill, opacity), line) if fill else (line,)
    return {Dimension.AREA: area, Dimension.LINE: (line,), Dimension.POINT: (disc,)}

"""The legend of a style: its rules in the order of drawing, as SVG of our own, or as a map that Mapnik paints."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from geoportal.cartography import planzeichen
from geoportal.cartography.model import (
    INK,
    Dimension,
    Disc,
    Fill,
    Hatch,
    Line,
    Marks,
    Part,
    Pattern,
    Rule,
    Sheet,
    Symbol,
)

ROW: Final = 28  # pixels from one entry to the next
SWATCH: Final = (40, 20)
MARGIN: Final = 8
TEXT_SIZE: Final = 12
_PER_MILLIMETRE: Final = 3.0  # pixels: a sheet is shown a little larger than it is printed
_LETTER: Final = 6.9  # pixels, the width of a letter in the middle


class Entry(NamedTuple):
    """`drawing` is SVG without its root, within SWATCH."""

    id: str
    title: str
    planzv: str | None
    drawing: str


def entries(sheet: Sheet, language: str, occurs: Callable[[Rule], bool] = lambda _: True) -> list[Entry]:
    """Each symbol once, though it has a rule for each scale of a sheet; as PlanZV orders them, the rest behind."""
    found: dict[str, Entry] = {}
    for rule in sheet.rules:
        key = str(rule.when.get(planzeichen.FIELD, rule.id))
        # drawing is the dear part, and of hundreds of signs a few occur
        if key not in found and occurs(rule) and (drawing := _drawing(rule)):
            found[key] = Entry(key, getattr(rule.title, language), rule.planzv, drawing)
    return sorted(found.values(), key=_place)


def _place(row: Entry) -> tuple[bool, list[int]]:
    numbers = [int(part) for part in (row.planzv or "").split(".") if part.isdecimal()]
    return not numbers, numbers


def size(rows: Sequence[Entry]) -> tuple[int, int]:
    """Width and height in pixels."""
    longest = max((len(row.title) for row in rows), default=0)
    return round(3 * MARGIN + SWATCH[0] + longest * _LETTER), 2 * MARGIN + ROW * max(1, len(rows))


def svg(rows: Sequence[Entry], title: str) -> str:
    """A document that needs nothing from elsewhere; its text is text."""
    width, height = size(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img"><title>{escape(title)}</title>{"".join(_rows(rows, texts=True))}</svg>'
    )


def swatch(row: Entry) -> str:
    """One entry alone, as a document."""
    width, height = SWATCH
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{row.drawing}</svg>'
    )


def drawing(rows: Sequence[Entry]) -> str:
    """The same as `svg` without its texts."""
    width, height = size(rows)
    square = f'<rect width="{width}" height="{height}" fill="#ffffff" fill-opacity="0"/>'
    body = "".join(_rows(rows, texts=False))
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{square}{body}</svg>'


def icons(places: Mapping[str, Mapping[str, int]], width: int, height: int) -> str:
    """Forms in their places (x, y, width), as SVG."""
    square = f'<rect width="{width}" height="{height}" fill="#ffffff" fill-opacity="0"/>'
    body = "".join(
        _form(name, place["x"] + place["width"] / 2, place["y"] + place["height"] / 2, place["width"] * 0.96)
        for name, place in places.items()
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{square}{body}</svg>'


def text_places(rows: Sequence[Entry]) -> Iterator[tuple[float, float, str]]:
    """Where each text begins, in pixels from the upper left; its middle lies at that height."""
    for number, row in enumerate(rows):
        yield 2 * MARGIN + SWATCH[0], MARGIN + number * ROW + ROW / 2, row.title


def _rows(rows: Sequence[Entry], *, texts: bool) -> Iterator[str]:
    for number, row in enumerate(rows):
        top = MARGIN + number * ROW + (ROW - SWATCH[1]) / 2
        yield f'<g transform="translate({MARGIN} {top:g})">{row.drawing}</g>'
    if texts:
        for x, y, title in text_places(rows):
            yield (
                f'<text x="{x:g}" y="{y + TEXT_SIZE * 0.35:g}" font-family="sans-serif" font-size="{TEXT_SIZE}" '
                f'fill="{INK}">{escape(title)}</text>'
            )


def _drawing(rule: Rule) -> str:
    for dimension in Dimension:
        if parts := rule.drawn(dimension):
            factor = _PER_MILLIMETRE if rule.sheet else 1.0
            return "".join(_part(part, dimension, factor) for part in parts)
    if rule.label is not None:
        return f'<path d="M14 4 H26 M20 4 V16" fill="none" stroke="{INK}" stroke-width="2"/>'
    return ""


def _part(part: Part, dimension: Dimension, factor: float) -> str:
    width, height = SWATCH
    match part:
        case Fill(colour, opacity):
            return f'<rect width="{width}" height="{height}" fill="{colour}" fill-opacity="{opacity:g}"/>'
        case Hatch(colour, line, spacing, angle):
            return "".join(_hatch(colour, line * factor, spacing * factor, angle))
        case Line(colour, line, dash, offset):
            dashes = " ".join(f"{each * factor:.1f}" for each in dash)
            dashed = f' stroke-dasharray="{dashes}"' if dash else ""
            drawn = f'fill="none" stroke="{colour}" stroke-width="{max(line * factor, 0.6):.2f}"{dashed}'
            if dimension is Dimension.LINE:
                return f'<path d="M0 {height / 2:g} H{width}" {drawn}/>'
            inset = min(max(offset * factor, -1.5), height / 3)
            wide, high = width - 2 * inset, height - 2 * inset
            return f'<rect x="{inset:.2f}" y="{inset:.2f}" width="{wide:.2f}" height="{high:.2f}" {drawn}/>'
        case Marks(form, extent, spacing):
            return "".join(_marks(form, extent * factor, spacing * factor, dimension))
        case Pattern(form, extent, _):
            side = min(extent * factor, height * 0.6)
            return _form(form, width * 0.3, height / 2, side) + _form(form, width * 0.7, height / 2, side)
        case Symbol(form, extent):
            return _form(form, width / 2, height / 2, min(extent * factor, height - 2))
        case Disc(radius, fill, stroke, line, growth):
            shown = min((growth.smallest + growth.largest) / 2 if growth else radius, height / 2 - line)
            edge = f' stroke="{stroke}" stroke-width="{line:g}"' if stroke else ""
            return f'<circle cx="{width / 2:g}" cy="{height / 2:g}" r="{shown:g}" fill="{fill or "none"}"{edge}/>'


def _hatch(colour: str, line: float, spacing: float, angle: int) -> Iterator[str]:
    width, height = SWATCH
    step = spacing * (1.41421 if angle % 90 else 1)
    start = -height
    drawn = f'fill="none" stroke="{colour}" stroke-width="{max(line, 0.6):.2f}"'
    for number in range(int((width + 2 * height) / step) + 1):
        x = start + number * step
        low, high = {90: (x, x), 45: (x, x + height)}.get(angle % 180, (x + height, x))
        yield from _clipped(low, high, drawn)


def _clipped(low: float, high: float, drawn: str) -> Iterator[str]:
    """A line from `low` on the lower edge to `high` on the upper, cut to the swatch: Mapnik's SVG knows no clipping."""
    width, height = SWATCH
    ends = [(low + (high - low) * share, height * (1 - share)) for share in _shares(low, high, width)]
    if len(ends) == 2:
        (x1, y1), (x2, y2) = ends
        yield f'<path d="M{x1:.1f} {y1:.1f} L{x2:.1f} {y2:.1f}" {drawn}/>'


def _shares(low: float, high: float, width: int) -> Iterable[float]:
    """From which to which part of its length a line lies within 0 and `width`; nothing if nowhere."""
    if low == high:
        return (0.0, 1.0) if 0 <= low <= width else ()
    first, last = sorted(((0 - low) / (high - low), (width - low) / (high - low)))
    first, last = max(first, 0.0), min(last, 1.0)
    return (first, last) if first < last else ()


def _marks(form: str, extent: float, spacing: float, dimension: Dimension) -> Iterator[str]:
    width, height = SWATCH
    side = min(extent, 12.0)
    step = max(spacing, side * 1.2)
    if dimension is Dimension.LINE:
        yield from (_form(form, at, height / 2, side) for at in _along(width, step))
        return
    # around, so that the left is the inside: the lower edge to the right, the right one up …
    for at in _along(width, step):
        yield _form(form, at, height, side)
        yield _form(form, at, 0, side, 180)
    for at in _along(height, step):
        yield _form(form, width, at, side, -90)
        yield _form(form, 0, at, side, 90)


def _along(length: float, step: float) -> list[float]:
    number = max(1, int(length / step))
    return [length * (index + 0.5) / number for index in range(number)]


def _form(name: str, x: float, y: float, side: float, turned: int = 0) -> str:
    inner = planzeichen.form(name).partition(">")[2].rpartition("</svg>")[0]
    turn = f" rotate({turned})" if turned else ""
    half = f"translate({-side / 2:.2f} {-side / 2:.2f}) scale({side / 24:.4f})"
    return f'<g transform="translate({x:.2f} {y:.2f}){turn} {half}">{inner}</g>'

"""From sizes on a sheet to pixels on a screen, and from which scale on a part is worth drawing.

A resolution is metres on the ground per CSS pixel. A pixel has 0.28 mm (OGC SE 1.1, 10.2), so a scale is known too.
"""

from typing import Final

from geoportal.cartography.model import Disc, Fill, Hatch, Label, Line, Marks, Part, Pattern, Rule, Symbol

PIXEL_METRES: Final = 0.00028

# How far out a part is still drawn: times the scale of its sheet. Ratios of our own, found by looking.
_REACH: Final[dict[type, float]] = {Fill: 100, Hatch: 100, Line: 25, Pattern: 3, Marks: 6, Symbol: 5, Label: 4}
# On screen a size stays within these bounds, in pixels, whatever it is on the ground.
_BOUNDS: Final[dict[type, tuple[float, float]]] = {
    Line: (0.5, 24),
    Marks: (4, 48),
    Pattern: (8, 40),
    Symbol: (9, 40),
    Label: (9, 16),
}


def denominator(resolution: float) -> float:
    return resolution / PIXEL_METRES


def reach(rule: Rule, part: Part | Label) -> float | None:
    """The scale denominator from which on the part is not drawn; None: it always is, as is the outline of a plan."""
    if rule.sheet is None or not rule.when:
        return rule.farthest
    return rule.sheet * _REACH[type(part)]


def bounds(part: Part | Label) -> tuple[float, float]:
    """Between which sizes it stays on screen, in pixels; a part without bounds is as it is on the ground."""
    return _BOUNDS.get(type(part), (0.0, 1000.0))


def is_drawn(rule: Rule, part: Part | Label, resolution: float) -> bool:
    limit, shown = reach(rule, part), denominator(resolution)
    return (limit is None or shown <= limit) and (rule.closest is None or shown >= rule.closest)


def pixels(rule: Rule, size: float, resolution: float) -> float:
    """A size of the rule in CSS pixels, as it is on the ground."""
    return size if rule.sheet is None else size / 1000 * rule.sheet / resolution


def bounded(rule: Rule, part: Part | Label, size: float, resolution: float) -> float:
    """The same, kept readable."""
    if rule.sheet is None or isinstance(part, Fill | Hatch | Disc):
        return pixels(rule, size, resolution)
    least, most = bounds(part)
    return min(max(pixels(rule, size, resolution), least), most)

"""What a style says, whoever draws it: rules, and in each of them the parts of a symbol from the ground up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from geoportal.catalogue import Words

INK: Final = "#1c1c1c"  # of texts and of plain outlines

type Value = str | int | bool
type Part = Fill | Hatch | Line | Marks | Pattern | Symbol | Disc


class Dimension(StrEnum):
    """The kind of geometry that a part is for."""

    AREA = "area"
    LINE = "line"
    POINT = "point"


@dataclass(frozen=True, slots=True)
class Fill:
    colour: str
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Hatch:
    """Parallel lines; `angle` in degrees, counter-clockwise from east."""

    colour: str
    width: float
    spacing: float
    angle: int


@dataclass(frozen=True, slots=True)
class Line:
    """`offset` is to the left, which is the inside of an area."""

    colour: str
    width: float
    dash: tuple[float, ...] = ()
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Marks:
    """A form repeated along a line, with its upper side to the left."""

    form: str
    size: float
    spacing: float


@dataclass(frozen=True, slots=True)
class Pattern:
    """A form repeated over an area."""

    form: str
    size: float
    spacing: float


@dataclass(frozen=True, slots=True)
class Symbol:
    """A form at a point, or in the middle of an area."""

    form: str
    size: float


@dataclass(frozen=True, slots=True)
class Growth:
    """A size that follows a number: `smallest` up to the value `low`, `largest` from `high` on, even between."""

    field: str
    low: float
    high: float
    smallest: float
    largest: float


@dataclass(frozen=True, slots=True)
class Disc:
    """A plain circle at a point; `growth` of its radius, where that is not the same for all."""

    radius: float
    fill: str | None
    stroke: str | None
    width: float
    growth: Growth | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """The text of the field `field`, `below` pixels under its point; `rotation`: a field with degrees, clockwise."""

    field: str
    size: float
    bold: bool = False
    rotation: str | None = None
    below: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """Features whose fields have these values, and how they look.

    `sheet`: sizes are millimetres on a sheet of 1:`sheet`, so metres on the ground; None: they are CSS pixels.
    `otherwise`: for what no other rule of the style is for. `planzv`: the number in PlanZV, if the symbol has one.
    `closest`, `farthest`: the scale denominators between which it is drawn at all; None: no bound.
    """

    id: str
    title: Words
    when: Mapping[str, Value]
    parts: Mapping[Dimension, tuple[Part, ...]]
    label: Label | None = None
    sheet: int | None = None
    otherwise: bool = False
    planzv: str | None = None
    closest: int | None = None
    farthest: int | None = None

    def drawn(self, dimension: Dimension) -> tuple[Part, ...]:
        return self.parts.get(dimension, ())


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A style of one collection. The first rule that fits is taken; what stands first is drawn first.

    It is equal to itself alone, so that what has been written of it can be found again.
    """

    id: str
    title: Words
    rules: tuple[Rule, ...]

    def fields(self) -> set[str]:
        """The fields that must come with the features."""
        wanted = {name for rule in self.rules for name in rule.when}
        labels = [rule.label for rule in self.rules if rule.label]
        parts = [part for rule in self.rules for drawn in rule.parts.values() for part in drawn]
        wanted |= {part.growth.field for part in parts if isinstance(part, Disc) and part.growth}
        return wanted | {label.field for label in labels} | {label.rotation for label in labels if label.rotation}


def forms_of(sheets: Iterator[Sheet]) -> set[str]:
    """The names of the forms that are drawn."""
    parts = (part for sheet in sheets for rule in sheet.rules for drawn in rule.parts.values() for part in drawn)
    return {part.form for part in parts if isinstance(part, Marks | Pattern | Symbol)}

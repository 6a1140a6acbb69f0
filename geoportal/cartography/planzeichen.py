"""The symbols after PlanZV: `planzeichen.yml` as typed objects, and which object of a plan has which of them."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from geoportal.cartography.model import Dimension, Fill, Hatch, Label, Line, Marks, Part, Pattern, Rule, Symbol
from geoportal.catalogue import Words
from plans_ingest import codelists

FIELD = "planzeichen"
SHEETS: Mapping[str, int] = {"BP": 1000, "FP": 10_000}  # the usual scale of a sheet, by Planwerk
OTHER = "sonstiges"

_Code = Annotated[str, StringConstraints(pattern=r"^[0-9]+b?$")]
_Size = Annotated[float, Field(gt=0, le=50)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Fill(_Closed):
    fill: str
    opacity: float = 1.0


class _Hatch(_Closed):
    hatch: str
    width: _Size
    spacing: _Size
    angle: int


class _Line(_Closed):
    line: str
    width: _Size
    dash: tuple[_Size, ...] = ()
    offset: float = 0.0


class _Marks(_Closed):
    marks: str
    size: _Size
    spacing: _Size


class _Pattern(_Closed):
    pattern: str
    size: _Size
    spacing: _Size


class _Symbol(_Closed):
    symbol: str
    size: _Size


class _Text(_Closed):
    size: _Size
    bold: bool = False


class _Objects(_Closed):
    classes: tuple[str, ...]
    codes: tuple[_Code, ...] = ()


_Parts = tuple[_Fill | _Hatch | _Line | _Marks | _Pattern | _Symbol, ...]


class _Drawn(_Closed):
    title: Words
    planzv: str
    area: _Parts = ()
    line: _Parts = ()
    point: _Parts = ()
    text: _Text | None = None


class _Planzeichen(_Drawn):
    id: str
    objects: tuple[_Objects, ...]
    like: str | None = None


class _Document(_Closed):
    colours: Mapping[str, Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]]
    symbols: tuple[_Planzeichen, ...]
    outline: _Drawn


class Assignment(NamedTuple):
    """Objects of `klasse` whose main code is `art` ('' for any other) have this symbol; `rang` orders the drawing."""

    klasse: str
    art: str
    planzeichen: str
    rang: int


@cache
def rules(planwerk: str) -> tuple[Rule, ...]:
    """One rule per symbol, in the order of drawing, with the sizes of that Planwerk's sheets."""
    return tuple(
        Rule(
            id=f"{planwerk}.{item.id}",
            title=item.title,
            when={FIELD: item.id, "planwerk": planwerk},
            parts=_parts(item),
            label=_label(item),
            sheet=SHEETS[planwerk],
            planzv=item.planzv,
        )
        for item in _document().symbols
    )


def outline(planwerk: str) -> Rule:
    item = _document().outline
    return Rule(f"{planwerk}.geltungsbereich", item.title, {}, _parts(item), sheet=SHEETS[planwerk], planzv=item.planzv)


def form(name: str) -> str:
    """The SVG of a form: 24 by 24 units; of one for lines, the middle lies on the line."""
    return files("geoportal.cartography").joinpath("formen", f"{name}.svg").read_text("utf-8")


@cache
def assignments() -> tuple[Assignment, ...]:
    """Every class that has a symbol, and every official code by which the symbol is another one."""
    known = sorted({code.code for _, code in codelists.all_codes()})
    wanted: dict[tuple[str, str], tuple[int, str]] = {}
    for item in _document().symbols:
        for objects in item.objects:
            for klasse in objects.classes:
                for prefix in objects.codes or ("",):
                    wanted[klasse, prefix] = (len(prefix), item.id)
    order = {item.id: rang for rang, item in enumerate(_document().symbols)}
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for (klasse, prefix), (length, planzeichen) in wanted.items():
        covered = (
            [prefix] if not prefix or prefix.endswith("b") else [code for code in known if code.startswith(prefix)]
        )
        for art in covered:
            if (klasse, art) not in found or found[klasse, art][0] < length:
                found[klasse, art] = (length, planzeichen)
    return tuple(Assignment(klasse, art, name, order[name]) for (klasse, art), (_, name) in sorted(found.items()))


def _label(item: _Planzeichen) -> Label | None:
    """`drehung` turns the texts that the plan itself has placed."""
    if item.text is None:
        return None
    return Label("beschriftung", item.text.size, item.text.bold, "drehung" if item.id == "beschriftung" else None)


def _parts(item: _Drawn) -> dict[Dimension, tuple[Part, ...]]:
    before = _parts(_by_id()[item.like]) if isinstance(item, _Planzeichen) and item.like else {}
    return {
        dimension: before.get(dimension, ()) + tuple(_part(part) for part in getattr(item, dimension.value))
        # of two symbols at one place only the more exact one
        if dimension is not Dimension.POINT or not before
        else tuple(_part(part) for part in item.point)
        for dimension in Dimension
    }


def _part(part: Any) -> Part:
    colours = _document().colours
    match part:
        case _Fill():
            return Fill(colours[part.fill], part.opacity)
        case _Hatch():
            return Hatch(colours[part.hatch], part.width, part.spacing, part.angle)
        case _Line():
            return Line(colours[part.line], part.width, part.dash, part.offset)
        case _Marks():
            return Marks(part.marks, part.size, part.spacing)
        case _Pattern():
            return Pattern(part.pattern, part.size, part.spacing)
        case _:
            return Symbol(part.symbol, part.size)


def _by_id() -> dict[str, _Planzeichen]:
    return {item.id: item for item in _document().symbols}


@cache
def _document() -> _Document:
    text = files("geoportal.cartography").joinpath("planzeichen.yml").read_text("utf-8")
    return _Document.model_validate(yaml.load(text, yaml.CSafeLoader))

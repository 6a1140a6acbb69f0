"""What a rule is, and what it needs to know of the document around a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from shapely.geometry.base import BaseGeometry

from plans_ingest.formats.reading import Lines
from plans_ingest.model import Issue, Json, Level, Severity, Where

type Number = str | Mapping[str, str] | None

_NOTHING: Mapping[str, BaseGeometry] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it is called officially, how much it weighs, and what it says.

    `number` is that of XPlanung's Konformitätsbedingungen (see official_number). A rule of law or of ours has none,
    then `basis` says where it comes from.
    `severity` is what it usually is; `breaks` says whether a plan with such a finding has not passed level `level`.
    """

    code: str
    level: Level
    severity: Severity
    german: str
    english: str
    mend: str
    number: Number = None
    basis: str = ""
    breaks: bool = True

    def issue(
        self,
        where: Where,
        detail: str = "",
        *,
        plan: str | None = None,
        geometry: BaseGeometry | None = None,
        severity: Severity | None = None,
    ) -> Issue:
        return Issue(self.code, severity or self.severity, where, detail, plan, geometry)


def official_number(number: Number, element: str | None) -> str | None:
    """The number for a finding at `element`, a class (`BP_Plan`) or its property (`BP_Plan.bereich`).

    A mapping has keys of any of these forms: the element, the property alone, the prefix of the class (`BP`).
    """
    if number is None or isinstance(number, str) or element is None:
        return number if isinstance(number, str) else None
    keys = (element, element.rpartition(".")[2], element.partition("_")[0])
    return next((number[key] for key in keys if key in number), None)


@dataclass(frozen=True, slots=True)
class Context:
    """`documents` are the files of the delivery that held plans, each with gml:id -> line.

    `grenzen` maps AGS to the area of the Gemeinde, in the CRS of the plans; `told` are (code, gml:id) of what the
    readers have said already.
    """

    documents: Sequence[tuple[str, Lines]]
    grenzen: Mapping[str, BaseGeometry] = _NOTHING
    told: frozenset[tuple[str, str | None]] = frozenset()

    def at(self, element: str, gml_id: str | None) -> Where:
        for file, lines in self.documents:
            if gml_id is not None and (line := lines.get(gml_id)) is not None:
                return Where(file, element, gml_id, line)
        return Where(self.documents[0][0], element, gml_id)


def number(value: Json) -> float | None:
    """The number that an attribute holds, of a measure its value, of a list its first."""
    value = first(value)
    if isinstance(value, dict):
        value = value.get("wert")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def code(value: Json) -> str | None:
    """The code that an attribute holds; of a nested data type (6.0) its `allgemein`."""
    value = first(value)
    if isinstance(value, dict):
        value = first(value.get("allgemein", value.get("wert")))
    return value if isinstance(value, str) and value else None


def first(value: Json) -> Json:
    return (value[0] if value else None) if isinstance(value, list) else value

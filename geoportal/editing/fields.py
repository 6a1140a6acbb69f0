"""Which fields of a plan are filled in by hand, what may stand in them, and what is wrong with them together. Pure.

A value is as JSON has it: text, a code, a list of codes, a day as ISO 8601, a list of periods.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from geoportal import plain_text
from plans_ingest import codelists
from plans_ingest.checks import dates
from plans_ingest.checks.rule import Context
from plans_ingest.model import GemeindeRef, Issue, Plan, Planwerk, Severity, Zeitraum

MAX_TEXT: Final = 4000
_EARLIEST: Final = date(1850, 1, 1)  # Fluchtlinienpläne are older than the BauGB


class Kind(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    CODE = "code"
    CODES = "codes"
    DAY = "day"
    PERIODS = "periods"


@dataclass(frozen=True, slots=True)
class Field:
    """`is_needed`: the law or level B wants it of this plan. `enumeration` lists the codes of it."""

    name: str
    kind: Kind
    is_needed: bool = False
    enumeration: str | None = None


class Unfit(Exception):
    """Values that cannot be kept: field -> why."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in faults.items()))
        self.faults = faults


_DAYS: Final = {
    Planwerk.BEBAUUNGSPLAN: (
        "aufstellungsbeschluss_datum", "auslegungen", "satzungsbeschluss_datum", "genehmigungs_datum",
        "rechtsverordnungs_datum", "ausfertigungs_datum", "inkrafttretens_datum", "untergangs_datum",
    ),
    Planwerk.FLAECHENNUTZUNGSPLAN: (
        "aufstellungsbeschluss_datum", "entwurfsbeschluss_datum", "auslegungen", "planbeschluss_datum",
        "genehmigungs_datum", "ausfertigungs_datum", "wirksamkeits_datum", "untergangs_datum",
    ),
}  # fmt: skip


def fields_of(planwerk: Planwerk, rechtsstand: int | None) -> list[Field]:
    """All that can be filled in for such a plan; those that are needed first, each part in the order of the law."""
    prefix = planwerk.value
    needed = dates.behind(planwerk, rechtsstand)
    found = [
        Field("name", Kind.TEXT, is_needed=True),
        Field("planart", Kind.CODES, is_needed=True, enumeration=f"{prefix}_PlanArt"),
        Field("rechtsstand", Kind.CODE, is_needed=True, enumeration=f"{prefix}_Rechtsstand"),
        *(
            Field(name, Kind.PERIODS if name == "auslegungen" else Kind.DAY, is_needed=name in needed)
            for name in _DAYS[planwerk]
        ),
        Field("verfahren", Kind.CODE, enumeration=f"{prefix}_Verfahren"),
        Field("beschreibung", Kind.LONG_TEXT),
    ]
    return sorted(found, key=lambda field: not field.is_needed)


def checked(planwerk: Planwerk, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are kept; only fields that are given. Raises Unfit, also for a field that there is not."""
    known = {field.name: field for field in fields_of(planwerk, None)}
    faults = dict.fromkeys(given.keys() - known.keys(), "Dieses Feld gibt es nicht. / no such field")
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            continue
        try:
            values[name] = _value(known[name], value)
        except ValueError as fault:
            faults[name] = str(fault)
    if faults:
        raise Unfit(faults)
    return values


def findings(planwerk: Planwerk, values: Mapping[str, Any]) -> list[Issue]:
    """What the rules of a delivery say of these values: dates in the wrong order, periods too short, a date missing."""
    days: dict[str, Any] = {
        field.name: date.fromisoformat(values[field.name])
        for field in fields_of(planwerk, None)
        if field.kind is Kind.DAY and values.get(field.name)
    }
    plan = Plan(
        gml_id=None,
        planwerk=planwerk,
        xplan_version="6.0",
        name=values.get("name"),
        gemeinden=(GemeindeRef(None),),
        rechtsstand=values.get("rechtsstand"),
        auslegungen=tuple(
            Zeitraum(*(date.fromisoformat(day) if (day := item.get(end)) else None for end in ("start", "ende")))
            for item in values.get("auslegungen") or ()
        ),
        **days,
    )
    return list(dates.check(plan, Context(documents=(("", {}),))))


def require_sound(planwerk: Planwerk, values: Mapping[str, Any]) -> None:
    """What a publication cannot do without, and what contradicts itself. Raises Unfit."""
    faults = {name: "Dieses Feld braucht einen Wert." for name in ("name", "planart") if not values.get(name)}
    if any(issue.severity is Severity.ERROR for issue in findings(planwerk, values)):
        faults["auslegungen"] = "Der Zeitraum endet, bevor er beginnt."
    if faults:
        raise Unfit(faults)


def _value(field: Field, value: Any) -> Any:
    """Raises ValueError with a sentence for the person."""
    if value in (None, "", []):
        return [] if field.kind in {Kind.CODES, Kind.PERIODS} else None
    match field.kind:
        case Kind.TEXT | Kind.LONG_TEXT:
            return _text(value, 300 if field.kind is Kind.TEXT else MAX_TEXT)
        case Kind.CODE:
            return _code(field.enumeration or "", value)
        case Kind.CODES:
            if not isinstance(value, list) or len(value) > 20:
                raise ValueError("Eine Liste von Codes wird erwartet.")
            return list(dict.fromkeys(_code(field.enumeration or "", each) for each in value))
        case Kind.DAY:
            return _day(value)
        case Kind.PERIODS:
            return _periods(value)


def _text(value: Any, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError(f"Text von höchstens {longest} Zeichen wird erwartet.")
    kept = plain_text.paragraphs(value)
    if not kept:
        raise ValueError("Der Text besteht nur aus Leerzeichen.")
    return kept


def _code(enumeration: str, value: Any) -> int:
    if isinstance(value, bool) or str(value) not in codelists.codes(enumeration):
        raise ValueError(f"{str(value)[:20]} steht nicht in der Liste {enumeration}.")
    return int(value)


def _day(value: Any) -> str:
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("Ein Datum wird erwartet: JJJJ-MM-TT.") from None
    if not _EARLIEST <= day <= date(2200, 1, 1):
        raise ValueError("Das Datum liegt außerhalb dessen, was ein Bauleitplan haben kann.")
    return day.isoformat()


def _periods(value: Any) -> list[dict[str, str | None]]:
    if not isinstance(value, list) or len(value) > 20:
        raise ValueError("Eine Liste von Zeiträumen wird erwartet.")
    found = []
    for item in value:
        if not isinstance(item, dict) or not item.keys() <= {"start", "ende"}:
            raise ValueError("Ein Zeitraum hat start und ende.")
        days = {end: _day(item[end]) if item.get(end) else None for end in ("start", "ende")}
        if any(days.values()):
            found.append(days)
    return found

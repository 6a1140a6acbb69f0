"""What is announced, as citizens see it: read from ogc.beteiligungen through the read role."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, RowMapping, text

from geoportal.participation.arten import Art
from geoportal.participation.states import Phase, State, phase, takes_statements


class Angabe(StrEnum):
    """What the Gemeinde asks of who writes a statement."""

    NOETIG = "noetig"
    FREIWILLIG = "freiwillig"
    NEIN = "nein"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bekannt:
    """An announced participation. `beginn` and `ende` belong to the period; `erstes_ende` if it was extended."""

    id: UUID
    plan_id: UUID
    ags: str
    art: Art
    state: State
    bekanntmachung: date
    beginn: date
    ende: date
    erstes_ende: date | None
    anlass: str
    zugang: str
    stelle: str
    telefon: str
    email: str
    datenschutz: str
    name_angabe: Angabe
    anschrift_angabe: Angabe
    mit_ort: bool
    mit_anlagen: bool
    online: bool
    unterbrochen_am: date | None
    hinweis: str

    def phase(self, today: date) -> Phase:
        return phase(self.state, self.beginn, self.ende, today)

    def is_open(self, today: date) -> bool:
        return takes_statements(self.state, self.beginn, self.ende, today)


_COLUMNS: Final = ", ".join(field.name for field in fields(Bekannt))
_OF_PLAN: Final = text(f"SELECT {_COLUMNS} FROM ogc.beteiligungen WHERE plan_id = :plan ORDER BY beginn DESC")  # noqa: S608 - names of our own
_ONE: Final = text(f"SELECT {_COLUMNS} FROM participation.beteiligung WHERE id = :id")  # noqa: S608 - as above
_TYPES: Final[Mapping[str, type[StrEnum]]] = {
    "art": Art, "state": State, "name_angabe": Angabe, "anschrift_angabe": Angabe,
}  # fmt: skip


def of_plan(connection: Connection, plan: UUID) -> tuple[Bekannt, ...]:
    """All that were announced for a public plan, the newest first."""
    return tuple(Bekannt(**typed(row)) for row in connection.execute(_OF_PLAN, {"plan": plan}).mappings())


def one(connection: Connection, number: UUID) -> Bekannt:
    """Also while its plan is not public; with the role that takes statements, which sees all that were announced."""
    return Bekannt(**typed(connection.execute(_ONE, {"id": number}).mappings().one()))


def typed(row: RowMapping) -> dict[str, Any]:
    """A row with its words as what they mean."""
    return {name: _TYPES[name](value) if name in _TYPES else value for name, value in row.items()}


def current(announced: tuple[Bekannt, ...], today: date) -> Bekannt | None:
    """The one that runs or rests, else the next to come, else the last one."""
    by_phase = {each.phase(today): each for each in announced}  # of several to come the earliest stays: newest first
    return next((by_phase[each] for each in (Phase.LAEUFT, Phase.RUHT, Phase.KOMMT) if each in by_phase), None) or next(
        iter(announced), None
    )

"""The states of a participation and the ways between them; and what the calendar makes of them. Pure."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class State(StrEnum):
    """`verworfen`: dropped before anybody outside saw it. `bekannt`: announced, the calendar says the rest.
    `abgeschlossen`: the Gemeinde has dealt with all statements.
    """

    ENTWURF = "entwurf"
    VERWORFEN = "verworfen"
    BEKANNT = "bekannt"
    UNTERBROCHEN = "unterbrochen"
    ABGEBROCHEN = "abgebrochen"
    ABGESCHLOSSEN = "abgeschlossen"

    @property
    def is_announced(self) -> bool:
        """Whether the public has seen it; nothing takes that back."""
        return self not in {State.ENTWURF, State.VERWORFEN}


class Phase(StrEnum):
    """What citizens meet on a day."""

    KOMMT = "kommt"
    LAEUFT = "laeuft"
    RUHT = "ruht"
    VORBEI = "vorbei"


class IllegalStep(Exception):
    """The participation is in a state from which this one cannot be reached."""


# Each way with what takes it: the diagram in docs/planner-participation.md is drawn from this.
WAYS: Final[Mapping[State, Mapping[State, str]]] = MappingProxyType(
    {
        State.ENTWURF: {State.ENTWURF: "ändern", State.BEKANNT: "bekannt machen", State.VERWORFEN: "verwerfen"},
        State.VERWORFEN: {},
        State.BEKANNT: {
            State.BEKANNT: "verlängern, Angaben ändern",
            State.UNTERBROCHEN: "unterbrechen",
            State.ABGEBROCHEN: "abbrechen",
            State.ABGESCHLOSSEN: "abschließen, nach dem Ende",
        },
        State.UNTERBROCHEN: {State.BEKANNT: "fortsetzen", State.ABGEBROCHEN: "abbrechen"},
        State.ABGEBROCHEN: {},
        State.ABGESCHLOSSEN: {},
    }
)


def require(now: State, then: State) -> None:
    """Raises IllegalStep unless a participation may go from the one state to the other."""
    if then not in WAYS[now]:
        raise IllegalStep(f"{now} → {then}")


def phase(state: State, beginn: date, ende: date, today: date) -> Phase:
    """Of one that was announced; both days belong to the period."""
    if state is State.ABGEBROCHEN or state is State.ABGESCHLOSSEN:
        return Phase.VORBEI
    if state is State.UNTERBROCHEN:
        return Phase.RUHT
    if today < beginn:
        return Phase.KOMMT
    return Phase.LAEUFT if today <= ende else Phase.VORBEI


def takes_statements(state: State, beginn: date, ende: date, today: date) -> bool:
    """Whether statements come in time on that day, and can be changed; an interruption is no reason to be silent."""
    return phase(state, beginn, ende, today) in {Phase.LAEUFT, Phase.RUHT} and beginn <= today


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.ENTWURF}: anlegen"]
    lines += [f"    {now} --> {then}: {how}" for now, ways in WAYS.items() for then, how in ways.items()]
    return "\n".join(lines)

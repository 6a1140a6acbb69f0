"""The states of an upload, and the ways between them. Nothing else decides what may follow what."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class State(StrEnum):
    """`checked`: its plans are kept, nobody has asked for their publication. `superseded`: public until others came."""

    RECEIVED = "received"
    CHECKING = "checking"
    CHECKED = "checked"
    FAILED = "failed"
    IN_REVIEW = "in_review"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class IllegalTransition(Exception):
    """The upload is in a state from which this one cannot be reached."""


# Each way with what takes it: the diagram in the documents is drawn from this.
WAYS: Final[Mapping[State, Mapping[State, str]]] = MappingProxyType(
    {
        State.RECEIVED: {State.CHECKING: "worker", State.WITHDRAWN: "withdraw"},
        State.CHECKING: {
            State.CHECKING: "worker was killed",
            State.RECEIVED: "worker was stopped",
            State.CHECKED: "read",
            State.PUBLISHED: "read, operator's delivery",
            State.FAILED: "not readable",
            State.WITHDRAWN: "withdraw",
        },
        State.CHECKED: {State.IN_REVIEW: "submit", State.WITHDRAWN: "withdraw"},
        State.FAILED: {},
        State.IN_REVIEW: {
            State.CHECKED: "send back",
            State.SCHEDULED: "publish at a date",
            State.PUBLISHED: "publish",
            State.WITHDRAWN: "withdraw",
        },
        State.SCHEDULED: {State.IN_REVIEW: "unschedule", State.PUBLISHED: "date", State.WITHDRAWN: "withdraw"},
        State.PUBLISHED: {State.SUPERSEDED: "newer version", State.WITHDRAWN: "withdraw"},
        State.SUPERSEDED: {State.PUBLISHED: "restore", State.WITHDRAWN: "withdraw"},
        State.WITHDRAWN: {State.PUBLISHED: "restore"},
    }
)
UNREAD: Final = frozenset({State.RECEIVED, State.CHECKING})


def require(now: State, then: State) -> None:
    """Raises IllegalTransition unless an upload may go from the one state to the other."""
    if then not in WAYS[now]:
        raise IllegalTransition(f"{now} → {then}")


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.RECEIVED}: deliver"]
    lines += [f"    {now} --> {then}: {how}" for now, ways in WAYS.items() for then, how in ways.items()]
    return "\n".join(lines)

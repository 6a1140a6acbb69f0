"""The states of an upload, and the ways between them. Nothing else decides what may follow what."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class State(StrEnum):
    """`checked`: its plans are kept, but none has what a publication needs. `withdrawn`: taken back in time."""

    RECEIVED = "received"
    CHECKING = "checking"
    CHECKED = "checked"
    FAILED = "failed"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class IllegalTransition(Exception):
    """The upload is in a state from which this one cannot be reached."""


# checking follows checking where a worker was killed, and received where one was stopped in good order
TRANSITIONS: Final[Mapping[State, frozenset[State]]] = MappingProxyType(
    {
        State.RECEIVED: frozenset({State.CHECKING, State.WITHDRAWN}),
        State.CHECKING: frozenset(
            {State.CHECKING, State.RECEIVED, State.CHECKED, State.PUBLISHED, State.FAILED, State.WITHDRAWN}
        ),
        State.CHECKED: frozenset(),
        State.FAILED: frozenset(),
        State.PUBLISHED: frozenset(),
        State.WITHDRAWN: frozenset(),
    }
)


def is_final(state: State) -> bool:
    return not TRANSITIONS[state]


def require(now: State, then: State) -> None:
    """Raises IllegalTransition unless an upload may go from the one state to the other."""
    if then not in TRANSITIONS[now]:
        raise IllegalTransition(f"{now} → {then}")

"""What comes of a verb, and what keeps it from being done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from plans_ingest import Report


class NotFound(Exception):
    """There is no such plan, no such version of it, or no such upload."""


class NotMergeable(Exception):
    """The two addresses cannot be one plan."""


class EndingsChanged(Exception):
    """The plans that a complete delivery would end are not the ones that were shown to the planner."""

    def __init__(self, endings: Mapping[UUID, str]) -> None:
        super().__init__(", ".join(endings.values()))
        self.endings = endings


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one plan of a delivery. `version` is None in a dry run.

    `similar` are public plans that may be this one under another name: a question to the planner, answered by merge().
    """

    id: UUID
    name: str | None
    version: int | None
    is_new: bool
    is_published: bool
    similar: tuple[UUID, ...] = ()
    levels: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one delivered file. `ended` are the plans that a complete delivery ended, by name."""

    report: Report
    outcomes: tuple[Outcome, ...]
    ended: Mapping[UUID, str] = field(default_factory=dict)

"""What a reader makes of one file, whatever its format."""

from dataclasses import dataclass, field
from typing import Protocol

from plans_ingest.model import Issue, Plan


class Lines(Protocol):
    """gml:id -> the line in which that feature begins."""

    def get(self, gml_id: str, /) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """`format` is the name to show; `version` the XPlanGML version, None for other formats.

    `features` counts what the file holds, `geometrien` the geometries in it, `mended` those that had to be made valid.
    `lines` maps gml:ids to lines; `schema` names the XSD applied, if any.
    """

    format: str
    version: str | None
    plans: tuple[Plan, ...]
    issues: tuple[Issue, ...]
    features: int
    geometrien: int
    mended: int
    lines: Lines = field(default_factory=dict[str, int])
    schema: str | None = None

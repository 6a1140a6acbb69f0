"""What a reader makes of one file, whatever its format."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from plans_ingest.model import Issue, Plan


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
    lines: Mapping[str, int] = field(default_factory=dict)
    schema: str | None = None

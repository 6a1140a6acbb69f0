"""XPlanGML 3.0 to 6.1 to plans."""

from dataclasses import dataclass
from pathlib import Path

from plans_ingest.errors import NoPlan
from plans_ingest.formats.xplangml import placing, plans, values
from plans_ingest.formats.xplangml.document import Document
from plans_ingest.model import Issue, Plan, Where


@dataclass(frozen=True, slots=True)
class Reading:
    """What one document gave. `geometrien` counts the geometries in it, `mended` those that had to be made valid."""

    version: str
    plans: tuple[Plan, ...]
    issues: tuple[Issue, ...]
    features: int
    geometrien: int
    mended: int


def read(path: Path, name: str, srid: int) -> Reading:
    """All Bebauungspläne and Flächennutzungspläne of one document, geometries in EPSG:`srid`.

    `name` is what its owner calls the file. Raises PlanFileError; faults in the data are issues of the reading.
    """
    document = Document(path, name)
    issues: list[Issue] = []
    records = [values.read(feature, document, issues) for feature in document.features()]
    placed, found = placing.place(records, Where(name), document.default_srs, srid)
    issues.extend(found)
    read_plans = plans.assemble(records, placed, document.version, issues)
    if not read_plans:
        kinds = sorted({record.klasse for record in records if record.klasse.endswith("_Plan")})
        raise NoPlan(
            "Die Datei enthält keinen Bebauungsplan (BP_Plan) und keinen Flächennutzungsplan (FP_Plan)"
            + (f", sondern {', '.join(kinds)}" if kinds else ""),
            "the file holds no BP_Plan and no FP_Plan",
            Where(name),
        )
    return Reading(
        version=document.version,
        plans=tuple(read_plans),
        issues=tuple(issues),
        features=len(records),
        geometrien=sum(len(raws) for record in records for raws in record.geometries.values()),
        mended=sum(item.original is not None for item in placed),
    )

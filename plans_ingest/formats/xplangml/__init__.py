"""XPlanGML 3.0 to 6.1 to plans."""

from collections.abc import Iterator
from pathlib import Path

from plans_ingest.checks.schema import SchemaCheck
from plans_ingest.errors import NoPlan
from plans_ingest.formats import placing
from plans_ingest.formats.reading import Reading
from plans_ingest.formats.xplangml import plans, values
from plans_ingest.formats.xplangml.document import Document, Feature
from plans_ingest.formats.xplangml.plain import PlainGeometries
from plans_ingest.model import Issue, Where


def read(path: Path, name: str, srid: int, schemas: Path | None = None) -> Reading:
    """All Bebauungspläne and Flächennutzungspläne of one document, geometries in EPSG:`srid`.

    `name` is what its owner calls the file; `schemas` the folder of official schemas.
    Raises PlanFileError; faults in the data are issues of the reading.
    """
    document = Document(path, name)
    issues: list[Issue] = []
    schema = SchemaCheck.of(schemas, document.version, name, issues)
    plain_ones = PlainGeometries()
    records = [values.read(feature, document, plain_ones, issues) for feature in _checked(document.features(), schema)]
    plain_ones.make()
    if schema is not None:
        issues = schema.merged_into(issues)
    geometrien = sum(len(raws) for record in records for raws in record.geometries.values())
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
        format="XPlanGML",
        version=document.version,
        plans=tuple(read_plans),
        issues=tuple(issues),
        features=len(records),
        geometrien=geometrien,
        mended=sum(item.original is not None for item in placed),
        lines={r.gml_id: r.where.line for r in reversed(records) if r.gml_id is not None and r.where.line is not None},
        schema=None if schema is None else f"XPlanGML {document.version}",
    )


def _checked(features: Iterator[Feature], schema: SchemaCheck | None) -> Iterator[Feature]:
    """The same features, each held against the schema while its XML is at hand."""
    for feature in features:
        if schema is not None:
            schema.check(feature.element, feature.klasse, feature.gml_id)
        yield feature

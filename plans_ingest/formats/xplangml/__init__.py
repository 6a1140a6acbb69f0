"""XPlanGML 3.0 to 6.1 to plans."""

from collections.abc import Iterator
from pathlib import Path

from plans_ingest.checks.schema import SchemaCheck
from plans_ingest.errors import NoPlan
from plans_ingest.formats import placing
from plans_ingest.formats.findings import Findings
from plans_ingest.formats.reading import Reading
from plans_ingest.formats.records import Record
from plans_ingest.formats.xplangml import values
from plans_ingest.formats.xplangml.document import Document, Feature
from plans_ingest.formats.xplangml.plain import PlainGeometries
from plans_ingest.formats.xplangml.plans import Assembly
from plans_ingest.model import Issue, Where
from plans_ingest.stock import BLOCK


def read(path: Path, name: str, srid: int, schemas: Path | None = None) -> Reading:
    """All Bebauungspläne and Flächennutzungspläne of one document, geometries in EPSG:`srid`.

    `name` is what its owner calls the file; `schemas` the folder of official schemas.
    Raises PlanFileError; faults in the data are issues of the reading.
    """
    document = Document(path, name)
    issues = Findings()
    schema = SchemaCheck.of(schemas, document.version, name, issues)
    assembly = Assembly(name, document.version, issues)
    placer = placing.Placer(Where(name), document.default_srs, srid, issues)
    geometrien = mended = 0
    for records in _blocks(document, schema, issues):
        geometrien += sum(len(raws) for record in records for raws in record.geometries.values())
        placed: dict[Record, list[placing.Placed]] = {}
        for item in placer.place(records):
            placed.setdefault(item.record, []).append(item)
            mended += item.original is not None
        for record in records:
            assembly.add(record, placed.get(record, ()))
    plans, lines = assembly.plans()
    if not plans:
        kinds = sorted(klasse for klasse in assembly.klassen if klasse.endswith("_Plan"))
        raise NoPlan(
            "Die Datei enthält keinen Bebauungsplan (BP_Plan) und keinen Flächennutzungsplan (FP_Plan)"
            + (f", sondern {', '.join(kinds)}" if kinds else ""),
            "the file holds no BP_Plan and no FP_Plan",
            Where(name),
        )
    told = issues.with_the_rest(Where(name))
    return Reading(
        format="XPlanGML",
        version=document.version,
        plans=tuple(plans),
        issues=tuple(told if schema is None else schema.merged_into(told)),
        features=len(assembly),
        geometrien=geometrien,
        mended=mended,
        lines=lines,
        schema=None if schema is None else f"XPlanGML {document.version}",
    )


def _blocks(document: Document, schema: SchemaCheck | None, issues: list[Issue]) -> Iterator[list[Record]]:
    """All features, read, with their geometries, so many at a time that a usual document is one block."""
    plain_ones = PlainGeometries()
    records: list[Record] = []
    for feature in _checked(document.features(), schema):
        document.inline.append(feature)
        while document.inline:  # a feature, then those that were written inside it
            records.append(values.read(document.inline.popleft(), document, plain_ones, issues))
            if len(records) == BLOCK:
                plain_ones.make()
                yield records
                records = []
    plain_ones.make()
    yield records


def _checked(features: Iterator[Feature], schema: SchemaCheck | None) -> Iterator[Feature]:
    """The same features, each held against the schema while its XML is at hand."""
    for feature in features:
        if schema is not None:
            schema.check(feature.element, feature.klasse, feature.gml_id)
        yield feature

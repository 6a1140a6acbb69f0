"""The report as a JSON document; docs/report.schema.json says what is in it (a test holds one against the other)."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from plans_ingest import messages
from plans_ingest.checks import rules
from plans_ingest.errors import PlanFileError
from plans_ingest.model import Batch, Issue, Json, Plan, Severity

REPORT_VERSION: Final = "1"
_DECIMALS: Final = 3  # of metres; a report shows where, it is no copy of the plan


def document(batch: Batch, srid: int) -> dict[str, Json]:
    """`srid` is the EPSG number of the batch's geometries; findings stand in the order of severity, rule and line."""
    report = batch.report
    return {
        "version": REPORT_VERSION,
        "file": report.file,
        "readable": True,
        "fault": None,
        "format": report.format,
        "xplan_version": report.xplan_version,
        "schema": report.schema,
        "crs": f"EPSG:{srid}",
        "counts": {
            "features": report.features,
            "objekte": report.objekte,
            "geometrien": report.geometrien,
            "mended": report.mended,
            "errors": report.count(Severity.ERROR),
            "warnings": report.count(Severity.WARNING),
            "infos": report.count(Severity.INFO),
        },
        "plans": [_plan(plan, report.levels) for plan in batch.plans],
        "findings": [_finding(issue) for issue in in_order(report.issues)],
    }


def fault_document(file: str, fault: PlanFileError) -> dict[str, Json]:
    """The report of a file that could not be read."""
    where = fault.where
    return {
        "version": REPORT_VERSION,
        "file": file,
        "readable": False,
        "fault": {
            "german": fault.german,
            "english": fault.english,
            "line": None if where is None else where.line,
        },
    }


def as_json(found: Mapping[str, Json] | Sequence[Mapping[str, Json]]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def in_order(issues: tuple[Issue, ...]) -> list[Issue]:
    """Errors first, then by rule number, code and line."""
    order = list(Severity)

    def key(issue: Issue) -> tuple[int, str, str, int]:
        return order.index(issue.severity), rules.number_of(issue) or "~", issue.code, issue.where.line or 0

    return sorted(issues, key=key)


def _plan(plan: Plan, levels: Mapping[str, str]) -> dict[str, Json]:
    return {
        "id": str(plan.id),
        "gml_id": plan.gml_id,
        "planwerk": plan.planwerk.value,
        "name": plan.name,
        "nummer": plan.nummer,
        "ags": plan.ags,
        "levels": list(levels.get(str(plan.id), "")),
        "objekte": len(plan.objekte),
    }


def _finding(issue: Issue) -> dict[str, Json]:
    text = messages.TEXTS[issue.code]
    return {
        "rule": rules.number_of(issue),
        "basis": rules.basis_of(issue),
        "code": issue.code,
        "severity": issue.severity.value,
        "level": rules.level_of(issue).value,
        "german": messages.german(issue),
        "english": messages.english(issue),
        "mend": text.mend,
        "plan": issue.plan,
        "file": issue.where.file,
        "element": issue.where.element,
        "gml_id": issue.where.gml_id,
        "line": issue.where.line,
        "geometry": _geojson(issue.geometry),
    }


def _geojson(shape: BaseGeometry | None) -> Json:
    if shape is None or shape.is_empty:
        return None
    rounded = shapely.transform(shape, lambda points: points.round(_DECIMALS))
    found: dict[str, Json] = json.loads(shapely.to_geojson(rounded))
    return found

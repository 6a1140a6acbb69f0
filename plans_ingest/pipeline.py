"""From a file to a batch of plans: the table of contents of this package."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from shapely.geometry.base import BaseGeometry

from plans_ingest import attachments, checks
from plans_ingest.errors import NoPlan, UnsupportedFormat
from plans_ingest.formats import sheets as pictures
from plans_ingest.formats import xplangml
from plans_ingest.formats.bundle import Bundle, sort
from plans_ingest.formats.container import Member, gunzip, is_workbook, unzip
from plans_ingest.formats.reading import Reading
from plans_ingest.formats.recognise import Format, named, recognise, sniff
from plans_ingest.formats.sheets import Sheets
from plans_ingest.model import Batch, GemeindeRef, Issue, Plan, Report, Severity, Where

if TYPE_CHECKING:  # each reading process starts anew, and pydantic would be a third of its start
    from plans_ingest.gemeinden import Gemeinde


def ingest(
    file: Path,
    workdir: Path,
    *,
    name: str | None = None,
    srid: int,
    gemeinde: "Gemeinde | None" = None,
    schemas: Path | None = None,
    grenzen: Mapping[str, BaseGeometry] | None = None,
    unpacked: Callable[[int], None] = lambda _: None,
) -> Batch:
    """Reads a plan file: XPlanGML 3.0 to 6.1, or outlines in GeoPackage, Shapefile, GeoJSON, FlatGeobuf or DXF; plain,
    gzipped or as ZIP, with documents, georeferenced scans and an Excel table.

    `workdir` is an empty folder of the caller's, into which archives are unpacked; attachments of the batch lie there.
    `name` is the name to show for the file. Geometries come in EPSG:`srid`. `gemeinde` is whose delivery this is: its
    plans are filed under it where they name no Gemeinde themselves. `schemas` is a folder with the official XSDs,
    `grenzen` the areas of the Gemeinden by AGS, in EPSG:`srid`; without either the checks that need it are left out.
    `unpacked` is told how many bytes there are to read.
    Raises PlanFileError; faults in the data are issues of the report, and nothing of the input is dropped untold.
    """
    shown = name or file.name
    kind = recognise(file, shown)
    members = members_of(file, shown, kind, workdir)
    unpacked(sum(member.size for member in members))
    members = [_screened(member, workdir) for member in members]
    bundle = sort(members)
    sheets = pictures.read_all(bundle.pictures, workdir, srid)
    readings = _readings(bundle, sheets, shown, srid, gemeinde, schemas)
    issues = [*sheets.issues, *(issue for _, reading in readings for issue in reading.issues)]
    plans = [_filed(plan, gemeinde, shown, issues) for _, reading in readings for plan in reading.plans]
    plans = _without_twins(plans, shown, issues)
    plans, found, told = attachments.resolve(plans, bundle, sheets.by_name, shown, is_archive=kind is Format.ZIP)
    issues.extend(told)
    issues.extend(_missing_for_publication(plans, shown))
    if bundle.litter:
        issues.append(Issue("litter_passed_over", Severity.INFO, Where(shown), str(bundle.litter)))
    read_from = [(name, reading.lines) for name, reading in readings]
    first = readings[0][1]
    has_schema = first.version not in {"3.0", None}
    issues, levels = checks.review(plans, read_from, issues, grenzen or {}, has_schema=has_schema)
    report = Report(
        file=shown,
        format=Format.ZIP.value if kind is Format.ZIP and bundle.gml else first.format,
        xplan_version=first.version,
        features=sum(reading.features for _, reading in readings),
        objekte=sum(len(plan.objekte) for plan in plans),
        geometrien=sum(reading.geometrien for _, reading in readings),
        mended=sum(reading.mended for _, reading in readings),
        issues=tuple(issues),
        levels=levels,
        schema=first.schema,
    )
    return Batch(tuple(plans), found, report)


def members_of(file: Path, shown: str, kind: Format, workdir: Path) -> list[Member]:
    if kind is Format.ZIP and not is_workbook(file):
        return unzip(file, shown, workdir)
    if kind is Format.GZIP:
        return [gunzip(file, shown, workdir)]
    return [Member(shown, file, file.stat().st_size)]


def _screened(member: Member, workdir: Path) -> Member:
    """A document may be published, so what is in it is looked at; other formats are looked at by their readers."""
    if sniff(member.path) is not Format.PDF:
        return member
    from plans_ingest.formats import pdf  # its library is loaded only for a delivery that has documents

    return pdf.screened(member, workdir)


def _readings(
    bundle: Bundle, sheets: Sheets, shown: str, srid: int, gemeinde: "Gemeinde | None", schemas: Path | None
) -> list[tuple[str, Reading]]:
    """What was read, with the name of the file. GML says most, so beside it tables of outlines are only told."""
    if bundle.gml:
        found, passed_over = _of_gml(bundle.gml, srid, schemas)
        beside = [Issue("table_beside_gml", Severity.INFO, Where(item.member.name)) for item in bundle.tables]
        first = found[0][1]
        return [(found[0][0], replace(first, issues=(*first.issues, *passed_over, *beside))), *found[1:]]
    if bundle.tables:
        from plans_ingest.formats import vector  # and with it the profiles: most deliveries need neither

        own = None if gemeinde is None else gemeinde.lieferung
        return [(shown, vector.read(bundle.tables, bundle.workbooks, shown, srid, own))]
    if sheets.by_name:
        return [(shown, sheets.alone())]
    if any(picture.kind is Format.PDF for picture in bundle.pictures):
        told = Issue("document_without_plan", Severity.WARNING, Where(shown))
        return [(shown, Reading(Format.PDF.value, None, (), (told,), 0, 0, 0))]
    unread = sorted({name for member in bundle.others if (name := named(member.path)) is not None})
    raise NoPlan(
        "Die Datei enthält keinen Plan: weder XPlanGML noch Umringe (GeoPackage, Shapefile, GeoJSON, FlatGeobuf, DXF) "
        f"noch ein georeferenziertes Bild{f'; nicht gelesen wird {", ".join(unread)}' if unread else ''}",
        "the file holds no plan: no XPlanGML, no outlines, no georeferenced picture",
        Where(shown),
    )


def _of_gml(members: list[Member], srid: int, schemas: Path | None) -> tuple[list[tuple[str, Reading]], list[Issue]]:
    """The readings of those that hold plans, by name, and what is told of the rest (the cadastre, a Landschaftsplan).

    Raises the fault of the first if none holds a plan.
    """
    found, told = [], []
    nothing: NoPlan | UnsupportedFormat | None = None
    for member in members:
        try:
            found.append((member.name, xplangml.read(member.path, member.name, srid, schemas)))
        except (NoPlan, UnsupportedFormat) as fault:
            nothing = nothing or fault
            told.append(Issue("gml_without_plan", Severity.WARNING, Where(member.name), fault.german))
    if not found and nothing is not None:
        raise nothing
    return found, told


def _filed(plan: Plan, gemeinde: "Gemeinde | None", shown: str, issues: list[Issue]) -> Plan:
    where = Where(shown, f"{plan.planwerk.value}_Plan", plan.gml_id)
    if gemeinde is None:
        return plan
    if plan.ags is None:
        issues.append(Issue("gemeinde_from_delivery", Severity.INFO, where, gemeinde.name, plan.gml_id))
        return replace(plan, gemeinden=(GemeindeRef(gemeinde.ags, gemeinde.name), *plan.gemeinden))
    if gemeinde.ags not in {ref.ags for ref in plan.gemeinden}:
        issues.append(Issue("gemeinde_differs", Severity.WARNING, where, f"{plan.ags} ≠ {gemeinde.ags}", plan.gml_id))
    return plan


def _without_twins(plans: list[Plan], shown: str, issues: list[Issue]) -> list[Plan]:
    """Two plans of one file with the same natural key would be versions of each other: the second waits for a name."""
    seen: set[str] = set()
    kept = []
    for plan in plans:
        key = plan.schluessel
        if key in seen:
            where = Where(shown, f"{plan.planwerk.value}_Plan", plan.gml_id)
            issues.append(Issue("plan_twice", Severity.ERROR, where, f"{plan.nummer or ''} {plan.name or ''}".strip()))
            continue
        seen.add(key)
        kept.append(plan)
    return kept


def _missing_for_publication(plans: list[Plan], shown: str) -> list[Issue]:
    issues = []
    for plan in plans:
        missing = [
            word
            for word, there in (
                ("raeumlicherGeltungsbereich", plan.geltungsbereich is not None),
                ("name", bool(plan.name)),
                ("gemeinde/ags", bool(plan.ags)),
                ("planArt", bool(plan.planart)),
            )
            if not there
        ]
        if missing:
            where = Where(shown, f"{plan.planwerk.value}_Plan", plan.gml_id)
            # words may follow, the Gemeinde with its delivery; where the plan lies cannot
            is_whole = plan.geltungsbereich is not None or plan.raster
            severity = Severity.WARNING if is_whole else Severity.ERROR
            issues.append(Issue("not_publishable", severity, where, ", ".join(missing), plan.gml_id))
    return issues

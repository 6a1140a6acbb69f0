"""From a file to a batch of plans: the table of contents of this package."""

from dataclasses import replace
from pathlib import Path

from plans_ingest import attachments
from plans_ingest.errors import NoPlan
from plans_ingest.formats import xplangml
from plans_ingest.formats.container import Member, gunzip, unzip
from plans_ingest.formats.recognise import Format, recognise
from plans_ingest.gemeinden import Gemeinde
from plans_ingest.model import Batch, GemeindeRef, Issue, Plan, Report, Severity, Where


def ingest(file: Path, workdir: Path, *, name: str | None = None, srid: int, gemeinde: Gemeinde | None = None) -> Batch:
    """Reads a plan file: XPlanGML 3.0 to 6.1, plain, gzipped or as XPlanArchiv with its documents.

    `workdir` is an empty folder of the caller's, into which archives are unpacked; attachments of the batch lie there.
    `name` is the name to show for the file. Geometries come in EPSG:`srid`. `gemeinde` is whose delivery this is: its
    plans are filed under it where they name no Gemeinde themselves.
    Raises PlanFileError; faults in the data are issues of the report, and nothing of the input is dropped untold.
    """
    shown = name or file.name
    kind = recognise(file, shown)
    members = _members(file, shown, kind, workdir)
    documents = [member for member in members if _is_gml(member)]
    if not documents:
        raise NoPlan("Das Archiv enthält keine XPlanGML-Datei (.gml)", "the archive holds no .gml file", Where(shown))
    readings = [xplangml.read(member.path, member.name, srid) for member in documents]
    issues = [issue for reading in readings for issue in reading.issues]
    plans = [_filed(plan, gemeinde, shown, issues) for reading in readings for plan in reading.plans]
    plans = _without_twins(plans, shown, issues)
    others = [member for member in members if member not in documents]
    plans, found, told = attachments.resolve(plans, others, shown, is_archive=kind is Format.ZIP)
    issues.extend(told)
    issues.extend(_missing_for_publication(plans, shown))
    report = Report(
        file=shown,
        format=Format.ZIP.value if kind is Format.ZIP else Format.XML.value,
        xplan_version=readings[0].version,
        features=sum(reading.features for reading in readings),
        objekte=sum(len(plan.objekte) for plan in plans),
        geometrien=sum(reading.geometrien for reading in readings),
        mended=sum(reading.mended for reading in readings),
        issues=tuple(issues),
    )
    return Batch(tuple(plans), found, report)


def _members(file: Path, shown: str, kind: Format, workdir: Path) -> list[Member]:
    if kind is Format.ZIP:
        return unzip(file, shown, workdir)
    if kind is Format.GZIP:
        return [gunzip(file, shown, workdir)]
    return [Member(shown, file, file.stat().st_size)]


def _is_gml(member: Member) -> bool:
    """By content, so that a .xml counts and a picture with a wrong name does not."""
    if not member.name.lower().endswith((".gml", ".xml")) and "." in member.name:
        return False
    with member.path.open("rb") as file:
        head = file.read(65_536)
    return b"xplangml" in head or b"x\0p\0l\0a\0n\0" in head or member.name.lower().endswith(".gml")


def _filed(plan: Plan, gemeinde: Gemeinde | None, shown: str, issues: list[Issue]) -> Plan:
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
            issues.append(Issue("not_publishable", Severity.ERROR, where, ", ".join(missing), plan.gml_id))
    return issues

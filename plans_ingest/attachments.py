"""Which files of a delivery the plans' references mean, and which references lead nowhere."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from plans_ingest import codelists
from plans_ingest.codelists import ExterneReferenzTyp
from plans_ingest.formats.bundle import Bundle
from plans_ingest.formats.container import Member
from plans_ingest.formats.recognise import PICTURES, Format, sniff
from plans_ingest.formats.sheets import Sheet
from plans_ingest.formats.vector.fields import fold
from plans_ingest.model import Attachment, Dokument, Issue, Plan, Severity, Where

# Georeference beside a picture; belongs to it and is referred to by its name only.
_SIDE_CARS: Final = frozenset({".pgw", ".tfw", ".jgw", ".wld", ".prj", ".txt", ".ini"})
# What a document's name promises; a browser and a citizen believe the name.
_PROMISED: Final = {
    ".pdf": frozenset({Format.PDF}), ".tif": PICTURES, ".tiff": PICTURES, ".png": PICTURES, ".jpg": PICTURES,
    ".jpeg": PICTURES,
}  # fmt: skip
_SHEET: Final = "PlanMitGeoreferenz"
_COG: Final = "image/tiff"
_MOSTLY: Final = 0.5  # of a plan's area on a sheet that shows this plan


def resolve(
    plans: Sequence[Plan], bundle: Bundle, sheets: Mapping[str, Sheet], shown: str, *, is_archive: bool
) -> tuple[list[Plan], tuple[Attachment, ...], list[Issue]]:
    """Plans with their documents' attachments and their sheets, the attachments, and what is missing or left over.

    A reference to the web is kept as it is and never fetched. A sheet that no plan names goes to the plan whose number
    its file bears, or which it shows; told.
    """
    issues: list[Issue] = []
    members = [*bundle.others, *(picture.member for picture in bundle.pictures)]
    files = {_key(member.name): member for member in members if _keeps_promise(member, shown, issues)}
    used: dict[str, Attachment] = {}
    resolved = [_with_files(plan, files, sheets, used, shown, issues, is_archive=is_archive) for plan in plans]
    for name, sheet in sheets.items():
        if _key(name) not in used:
            resolved = _assigned(resolved, name, sheet, used, shown, issues)
    for key, member in files.items():
        suffix = PurePosixPath(member.name).suffix.lower()
        if key not in used and suffix not in _SIDE_CARS and member.name not in sheets:
            issues.append(Issue("attachment_unreferenced", Severity.WARNING, Where(f"{shown}: {member.name}")))
    return resolved, tuple(used[key] for key in sorted(used)), issues


def _with_files(
    plan: Plan,
    files: Mapping[str, Member],
    sheets: Mapping[str, Sheet],
    used: dict[str, Attachment],
    shown: str,
    issues: list[Issue],
    *,
    is_archive: bool,
) -> Plan:
    dokumente = []
    raster = {}
    where = Where(shown, f"{plan.planwerk.value}_Plan", plan.gml_id)
    for dokument in plan.dokumente:
        key = None if dokument.url is None or _is_remote(dokument.url) else _key(dokument.url)
        member = files.get(key or "")
        if key is None:
            pass
        elif member is None:
            code = "document_missing" if is_archive else "document_not_delivered"
            issues.append(Issue(code, Severity.WARNING, where, dokument.url or "", plan.gml_id))
        elif (sheet := sheets.get(member.name)) is not None:
            used[key] = sheet.attachment
            raster[member.name] = sheet.raster
            dokument = replace(dokument, attachment=sheet.attachment.name, media_type=_COG)
            _tell_place(plan, sheet, where, issues)
        else:
            used[key] = Attachment(member.name, member.path, member.size)
            dokument = replace(dokument, attachment=member.name)
            if dokument.art == _SHEET:
                code = "geopdf_not_read" if sniff(member.path) is Format.PDF else "raster_without_georeference"
                issues.append(Issue(code, Severity.WARNING, where, member.name, plan.gml_id))
        dokumente.append(dokument)
    return replace(plan, dokumente=tuple(dokumente), raster=tuple(raster.values()))


def _assigned(
    plans: list[Plan], name: str, sheet: Sheet, used: dict[str, Attachment], shown: str, issues: list[Issue]
) -> list[Plan]:
    where = Where(f"{shown}: {name}")
    stem = fold(PurePosixPath(name).stem)
    owners = [plan for plan in plans if stem in {fold(plan.nummer or ""), fold(plan.name or "")} - {""}]
    owners = owners or [plan for plan in plans if _shows(sheet, plan)]
    if len(owners) != 1:
        issues.append(Issue("raster_unassigned", Severity.WARNING, where))
        return plans
    [owner] = owners
    issues.append(Issue("raster_assigned", Severity.INFO, where, owner.nummer or owner.name or "", owner.gml_id))
    _tell_place(owner, sheet, where, issues)
    used[_key(name)] = sheet.attachment
    typ = ExterneReferenzTyp.RECHTSPLAN
    label = codelists.label("XP_ExterneReferenzTyp", typ)
    dokument = Dokument(typ, label, name, _SHEET, _COG, attachment=sheet.attachment.name)
    complete = replace(owner, dokumente=(*owner.dokumente, dokument), raster=(*owner.raster, sheet.raster))
    return [complete if plan is owner else plan for plan in plans]


def _shows(sheet: Sheet, plan: Plan) -> bool:
    area = plan.geltungsbereich
    return area is not None and sheet.raster.umriss.intersection(area).area > _MOSTLY * area.area


def _tell_place(plan: Plan, sheet: Sheet, where: Where, issues: list[Issue]) -> None:
    umriss = sheet.raster.umriss
    if plan.geltungsbereich is not None and not umriss.intersects(plan.geltungsbereich):
        code = "raster_elsewhere"
        issues.append(Issue(code, Severity.WARNING, where, sheet.raster.name, plan.gml_id, umriss))


def _keeps_promise(member: Member, shown: str, issues: list[Issue]) -> bool:
    promised = _PROMISED.get(PurePosixPath(member.name).suffix.lower())
    if promised is None or sniff(member.path) in promised:
        return True
    issues.append(Issue("attachment_disguised", Severity.ERROR, Where(f"{shown}: {member.name}")))
    return False


def _is_remote(url: str) -> bool:
    return urlsplit(url).scheme.lower() in {"http", "https", "ftp"}


def _key(name: str) -> str:
    """File name alone, without case: references were often written on a system that does not mind either."""
    bare = unquote(name).replace("\\", "/").rpartition("/")[2]
    return unicodedata.normalize("NFC", bare).casefold()

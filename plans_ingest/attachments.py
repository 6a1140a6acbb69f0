"""Which files of a delivery the plans' references mean, and which references lead nowhere."""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote

from plans_ingest import codelists
from plans_ingest.codelists import ExterneReferenzTyp
from plans_ingest.formats.bundle import Bundle
from plans_ingest.formats.cog import Sheet
from plans_ingest.formats.container import Member
from plans_ingest.formats.recognise import PICTURES, Format, sniff
from plans_ingest.model import Attachment, Dokument, Issue, Plan, Severity, Where
from plans_ingest.spellings import fold

# Georeference beside a picture; belongs to it and is referred to by its name only.
_SIDE_CARS: Final = frozenset({".pgw", ".tfw", ".jgw", ".wld", ".prj", ".txt", ".ini"})
# What a document's name promises; a browser and a citizen believe the name.
_PROMISED: Final = {
    ".pdf": frozenset({Format.PDF}), ".tif": PICTURES, ".tiff": PICTURES, ".png": PICTURES, ".jpg": PICTURES,
    ".jpeg": PICTURES,
}  # fmt: skip
_SHEET: Final = "PlanMitGeoreferenz"
_COG: Final = "image/tiff"
_PDF: Final = "application/pdf"
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
    files = _Files(member for member in members if _keeps_promise(member, shown, issues))
    used: dict[str, Attachment] = {}
    resolved = [_with_files(plan, files, sheets, used, shown, issues, is_archive=is_archive) for plan in plans]
    for name, sheet in sheets.items():
        if name not in used:
            resolved = _assigned(resolved, name, sheet, used, shown, issues)
    for member in files.members:
        suffix = PurePosixPath(member.name).suffix.lower()
        if is_archive and member.name not in used and suffix not in _SIDE_CARS and member.name not in sheets:
            issues.append(Issue("attachment_unreferenced", Severity.WARNING, Where(f"{shown}: {member.name}")))
    return resolved, tuple(used[key] for key in sorted(used)), issues


def _with_files(
    plan: Plan,
    files: "_Files",
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
        address = dokument.url or files.called(dokument.name)
        if address is None or _is_remote(address):
            dokumente.append(dokument)
            continue
        meant = files.meant_by(address)
        member = meant[0] if len(meant) == 1 else None
        if member is None:
            code = "document_missing" if is_archive else "document_not_delivered"
            code = "document_ambiguous" if meant else code
            issues.append(Issue(code, Severity.WARNING, where, address, plan.gml_id))
        elif (sheet := sheets.get(member.name)) is not None:
            raster[member.name] = sheet.raster
            dokument = _with_sheet(dokument, member.name, sheet, used)
            _tell_place(plan, sheet, where, issues)
        else:
            used[member.name] = Attachment(member.name, member.path, member.size)
            with member.path.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            dokument = replace(dokument, attachment=member.name, attachment_sha256=digest)
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
    typ = ExterneReferenzTyp.RECHTSPLAN
    label = codelists.label("XP_ExterneReferenzTyp", typ)
    dokument = _with_sheet(Dokument(typ, label, name, _SHEET), name, sheet, used)
    complete = replace(owner, dokumente=(*owner.dokumente, dokument), raster=(*owner.raster, sheet.raster))
    return [complete if plan is owner else plan for plan in plans]


def _with_sheet(dokument: Dokument, name: str, sheet: Sheet, used: dict[str, Attachment]) -> Dokument:
    """A picture is published as its COG; a PDF stays the document that it is, with the COG beside it."""
    if sheet.document is None:
        used[name] = sheet.attachment
        return replace(dokument, attachment=sheet.attachment.name, media_type=_COG)
    used[name], used[sheet.attachment.name] = sheet.document, sheet.attachment
    digest = sheet.raster.quelle_sha256
    return replace(dokument, attachment=sheet.document.name, attachment_sha256=digest, media_type=_PDF)


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
    return url.strip().partition("://")[0].lower() in {"http", "https", "ftp"}


class _Files:
    """The files of a delivery, found by the words with which a plan refers to them."""

    def __init__(self, members: Iterable[Member]) -> None:
        self.members = tuple(members)

    def called(self, name: str | None) -> str | None:
        """A document's name where it is that of a file, with its ending: some programs give no address."""
        return name if name and "." in name and self.meant_by(name) else None

    def meant_by(self, url: str) -> list[Member]:
        """By the whole path if one fits, else by the bare name: references were often written in another folder.

        Several when a bare name stands in several folders; then nobody can say which is meant.
        """
        wanted = _parts(url)
        alike = [member for member in self.members if _parts(member.name)[-1:] == wanted[-1:]]
        exact = [member for member in alike if _parts(member.name)[-len(wanted) :] == wanted]
        return exact if len(exact) == 1 else alike


def _parts(name: str) -> list[str]:
    """Folders and name, without case: many systems do not mind it either."""
    path = unicodedata.normalize("NFC", unquote(name).replace("\\", "/")).casefold()
    return [part for part in path.split("/") if part not in {"", "."}]

"""Which files of a delivery the plans' references mean, and which references lead nowhere."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from plans_ingest.formats.container import Member
from plans_ingest.model import Attachment, Dokument, Issue, Plan, Severity, Where

# Georeference beside a picture; belongs to it and is referred to by its name only.
_SIDE_CARS: Final = frozenset({".pgw", ".tfw", ".jgw", ".wld", ".prj", ".txt", ".ini"})


def resolve(
    plans: Iterable[Plan], members: Iterable[Member], shown: str, *, is_archive: bool
) -> tuple[list[Plan], tuple[Attachment, ...], list[Issue]]:
    """Plans whose documents name their attachment, the attachments, and what is missing or left over.

    A reference to the web is kept as it is and never fetched.
    """
    files = {_key(member.name): Attachment(member.name, member.path, member.size) for member in members}
    used: set[str] = set()
    issues: list[Issue] = []
    resolved = []
    for plan in plans:
        dokumente = []
        for dokument in plan.dokumente:
            key = None if dokument.url is None or _is_remote(dokument.url) else _key(dokument.url)
            if key in files:
                used.add(key)
                dokument = replace(dokument, attachment=files[key].name)
            elif key is not None:
                issues.append(_missing(plan, dokument, shown, is_archive=is_archive))
            dokumente.append(dokument)
        resolved.append(replace(plan, dokumente=tuple(dokumente)))
    for key, attachment in files.items():
        if key not in used and PurePosixPath(attachment.name).suffix.lower() not in _SIDE_CARS:
            issues.append(Issue("attachment_unreferenced", Severity.WARNING, Where(f"{shown}: {attachment.name}")))
    return resolved, tuple(files[key] for key in sorted(used)), issues


def _missing(plan: Plan, dokument: Dokument, shown: str, *, is_archive: bool) -> Issue:
    code = "document_missing" if is_archive else "document_not_delivered"
    where = Where(shown, f"{plan.planwerk.value}_Plan", plan.gml_id)
    return Issue(code, Severity.WARNING, where, dokument.url or "", plan.gml_id)


def _is_remote(url: str) -> bool:
    return urlsplit(url).scheme.lower() in {"http", "https", "ftp"}


def _key(name: str) -> str:
    """File name alone, without case: references were often written on a system that does not mind either."""
    return unquote(name).replace("\\", "/").rpartition("/")[2].casefold()

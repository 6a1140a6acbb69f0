"""What becomes of filled-in values when the plan is delivered again: the file is asked first, nothing is lost untold.

The file says of a field what it said before: then the value that somebody filled in still stands. It says something
new: then the file is right, and the report tells what no longer holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text, update

from geoportal.database import tables
from geoportal.editing import drafts
from geoportal.editing.fields import fields_of
from plans_ingest.model import Issue, Plan, Severity, Where

_TAKE_ALL: Final = text("DELETE FROM plans.dokument WHERE version_id = :version")
_COPY: Final = text("""
    INSERT INTO plans.dokument (version_id, position, typ, art, name, url, media_type, beschreibung, datum, sha256,
                                size, from_form, examined)
    SELECT :version, position + :offset, typ, art, name, url, media_type, beschreibung, datum, sha256, size, from_form,
           examined
    FROM plans.dokument WHERE version_id = :before AND (from_form OR :is_all)
      AND (:is_all OR sha256 NOT IN (SELECT sha256 FROM plans.dokument
                                     WHERE version_id = :version AND sha256 IS NOT NULL))""")


@dataclass(frozen=True, slots=True)
class Carried:
    """What of the version `before` goes on: `values` by field, `form` what the new file says of them.

    `documents`: "all" of them as they were arranged, the "added" ones only, or None.
    """

    before: int
    values: Mapping[str, Any]
    form: Mapping[str, Any]
    documents: str | None
    overruled: tuple[str, ...]
    editor: int | None
    edited_at: Any

    def issues(self, file: str, plan: Plan) -> list[Issue]:
        where = Where(file, f"{plan.planwerk.value}_Plan", plan.gml_id)
        kept = [*self.values, *(["dokumente"] if self.documents else [])]
        told = [Issue("form_kept", Severity.INFO, where, ", ".join(kept), plan.gml_id)] if kept else []
        if self.overruled:
            told.append(Issue("form_overruled", Severity.WARNING, where, ", ".join(self.overruled), plan.gml_id))
        return told


def weigh(connection: Connection, address: UUID, plan: Plan, digests: Mapping[str, str]) -> Carried | None:
    """What of the plan's newest version goes on in a new one. `digests`: attachment -> SHA-256. None where nothing
    was filled in.
    """
    found = drafts.latest(connection, address)
    if found is None or not found[1]:
        return None
    before, form, editor, edited_at = found
    known = drafts.one(connection, before)
    if known is None:
        return None
    said = said_by(plan)
    values: dict[str, Any] = {}
    overruled = []
    for name in form.keys() & said.keys():
        if said[name] == form[name]:
            values[name] = known.values[name]
        elif said[name] != known.values[name]:
            overruled.append(name)
    kept: dict[str, Any] = {name: said[name] for name in sorted(values)}
    which = None
    if drafts.DOCUMENTS in form:
        own = _identities(plan, digests)
        which = "all" if own == form[drafts.DOCUMENTS] else "added"
        kept[drafts.DOCUMENTS] = own
    return Carried(
        before,
        {name: values[name] for name in sorted(values)},
        kept,
        which,
        tuple(sorted(overruled)),
        editor,
        edited_at,
    )


def carry(connection: Connection, version: int, carried: Carried) -> None:
    """Into the new version, which holds what its file says."""
    row = drafts.values_of_columns(carried.values)
    row |= {"form": dict(carried.form), "edited_by": carried.editor, "edited_at": carried.edited_at}
    connection.execute(update(tables.version).where(tables.version.c.id == version).values(**row))
    if carried.documents is not None:
        is_all = carried.documents == "all"
        if is_all:
            connection.execute(_TAKE_ALL, {"version": version})
        offset = 0 if is_all else len(drafts.documents(connection, version))
        asked = {"version": version, "before": carried.before, "offset": offset, "is_all": is_all}
        connection.execute(_COPY, asked)


def said_by(plan: Plan) -> dict[str, Any]:
    """field -> what the file says of it, as JSON has it."""
    return {field.name: _plain(getattr(plan, field.name)) for field in fields_of(plan.planwerk, None)}


def _identities(plan: Plan, digests: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"typ": each.typ, "name": each.name, "url": each.url, "sha256": digests.get(each.attachment or "")}
        for each in plan.dokumente
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(item) for name, item in asdict(value).items()}
    return value

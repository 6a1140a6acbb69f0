"""Every statement about the fields and documents of a draft. The caller opens the transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Date, delete, func, insert, select, text, update

from geoportal.database import tables
from geoportal.editing.fields import fields_of
from plans_ingest import codelists
from plans_ingest.model import Planwerk

DOCUMENTS: Final = "dokumente"  # the key in `form` under which the file's own documents are kept
IDENTITY: Final = ("typ", "name", "url", "sha256")

_NAMES: Final = sorted({field.name for planwerk in Planwerk for field in fields_of(planwerk, None)})
_ONE: Final = text(f"""
    SELECT jsonb_build_object({", ".join(f"'{name}', version.{name}" for name in _NAMES)}) AS kept,
           version.id, version.plan_id, plan.planwerk, plan.ags, version.form, version.edited_at,
           desk.name_of(version.edited_by) AS editor, upload.id AS upload_id,
           version.state = 'in_review' AND coalesce(upload.state IN ('checked', 'in_review'), false) AS is_open
    FROM plans.version JOIN plans.plan ON plan.id = version.plan_id
    LEFT JOIN plans.upload ON upload.delivery_id = version.delivery_id
    WHERE version.id = :id""")  # noqa: S608 - names of columns, from our own table
_OPEN: Final = text("""
    SELECT upload.id FROM plans.version JOIN plans.upload USING (delivery_id)
    WHERE version.plan_id = :plan AND version.state = 'in_review' AND upload.state IN ('checked', 'in_review')
    ORDER BY version.version DESC LIMIT 1""")
_DOCUMENTS: Final = text("""
    SELECT id, position, typ, name, url, beschreibung, datum, media_type, sha256, size, from_form, examined
    FROM plans.dokument WHERE version_id = :version ORDER BY position, id""")


@dataclass(frozen=True, slots=True)
class Draft:
    """`values` of its fields as JSON has them; `form`: what the file says of those that were filled in.

    `mark` names the state that somebody has looked at: two people must not undo each other's work unseen.
    """

    id: int
    plan_id: UUID
    upload_id: int | None
    planwerk: Planwerk
    ags: str
    values: Mapping[str, Any]
    form: Mapping[str, Any]
    editor: str | None
    edited_at: datetime | None
    is_open: bool

    @property
    def mark(self) -> str:
        return mark(self.edited_at)


@dataclass(frozen=True, slots=True)
class Paper:
    """A document of a draft. `examined` is what was found in one that somebody added."""

    id: int
    position: int
    typ: int | None
    name: str | None
    url: str | None
    beschreibung: str | None
    datum: date | None
    media_type: str | None
    sha256: str | None
    size: int | None
    from_form: bool
    examined: Mapping[str, Any] | None


def mark(edited_at: datetime | None) -> str:
    """Names the state of what was filled in, whatever clock a connection shows."""
    return "" if edited_at is None else edited_at.astimezone(UTC).isoformat()


def one(connection: Connection, version: int) -> Draft | None:
    row = connection.execute(_ONE, {"id": version}).one_or_none()
    if row is None:
        return None
    planwerk = Planwerk(row.planwerk)
    values = {field.name: row.kept[field.name] for field in fields_of(planwerk, None)}
    return Draft(
        row.id, row.plan_id, row.upload_id, planwerk, row.ags or "", values, row.form, row.editor, row.edited_at,
        row.is_open,
    )  # fmt: skip


def open_upload(connection: Connection, plan: UUID) -> int | None:
    """The delivery in which a draft of the plan waits already."""
    found: int | None = connection.scalar(_OPEN, {"plan": plan})
    return found


def begin(connection: Connection, public_version: int) -> int:
    """A draft of what is public, in a delivery of its own; returns that."""
    upload: int = connection.execute(text("SELECT plans.draft_of(:version)"), {"version": public_version}).scalar_one()
    return upload


def save(connection: Connection, draft: Draft, values: Mapping[str, Any], editor: int) -> dict[str, list[Any]]:
    """Keeps the values and of which of them the file says something else; returns field -> [before, after]."""
    changes = {name: [draft.values[name], value] for name, value in values.items() if draft.values[name] != value}
    form = dict(draft.form)
    for name, (before, after) in changes.items():
        if form.setdefault(name, before) == after:
            del form[name]
    if changes:
        _write(connection, draft.id, {name: after for name, (_, after) in changes.items()}, form, editor)
    return changes


def documents(connection: Connection, version: int) -> list[Paper]:
    return [Paper(**row) for row in connection.execute(_DOCUMENTS, {"version": version}).mappings()]


def add_document(
    connection: Connection, draft: Draft, sha256: str, size: int, values: Mapping[str, Any], editor: int
) -> None:
    """A PDF behind the others. `values`: typ, name, beschreibung, datum, examined."""
    papers = _keep_own(connection, draft, editor)
    row: dict[str, Any] = {"version_id": draft.id, "position": max((each.position for each in papers), default=0) + 1}
    row |= {"sha256": sha256, "size": size, "media_type": "application/pdf", "from_form": True, "art": "Dokument"}
    connection.execute(insert(tables.dokument).values(**row | dict(values)))


def arrange(connection: Connection, draft: Draft, papers: Sequence[Mapping[str, Any]], editor: int) -> None:
    """The documents in this order, each with typ, name, beschreibung, datum by its id; those not named are removed."""
    _keep_own(connection, draft, editor)
    table = tables.dokument
    ids = [each["id"] for each in papers]
    connection.execute(delete(table).where(table.c.version_id == draft.id, table.c.id.not_in(ids)))
    for position, each in enumerate(papers, start=1):
        values = {name: each[name] for name in ("typ", "name", "beschreibung", "datum")}
        mine = (table.c.version_id == draft.id, table.c.id == each["id"])
        connection.execute(update(table).where(*mine).values(position=position, **values))


def identities(papers: Sequence[Paper]) -> list[dict[str, Any]]:
    """What makes a document of a file the same document in the next one."""
    return [{name: getattr(each, name) for name in IDENTITY} for each in papers]


def _keep_own(connection: Connection, draft: Draft, editor: int) -> list[Paper]:
    """Remembers which documents the file itself has, before the first is changed."""
    papers = documents(connection, draft.id)
    own = [each for each in papers if not each.from_form]
    _write(connection, draft.id, {}, {DOCUMENTS: identities(own)} | dict(draft.form), editor)
    return papers


def _write(
    connection: Connection, version: int, values: Mapping[str, Any], form: Mapping[str, Any], editor: int
) -> None:
    row = values_of_columns(values) | {"form": dict(form), "edited_by": editor, "edited_at": func.clock_timestamp()}
    connection.execute(update(tables.version).where(tables.version.c.id == version).values(**row))


def values_of_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """As the columns of plans.version have them, with the group that follows from the Rechtsstand."""
    row: dict[str, Any] = {
        name: date.fromisoformat(value) if value and isinstance(tables.version.c[name].type, Date) else value
        for name, value in values.items()
    }
    if "rechtsstand" in row:
        row["status"] = codelists.status_group(row["rechtsstand"])
    return row


def latest(connection: Connection, plan: UUID) -> tuple[int, Mapping[str, Any], Any, Any] | None:
    """Id, form, editor and moment of the plan's newest version that is public or waits for it."""
    table = tables.version
    row = connection.execute(
        select(table.c.id, table.c.form, table.c.edited_by, table.c.edited_at)
        .where(table.c.plan_id == plan, table.c.state.in_(("published", "in_review")))
        .order_by(table.c.version.desc())
        .limit(1)
    ).first()
    return None if row is None else (row.id, row.form, row.edited_by, row.edited_at)

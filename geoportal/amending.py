"""What people do with what a plan's file does not say: fill in fields, add and arrange documents. A verb each, as in
workflow.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine

from geoportal import deliveries, plain_text, uploads
from geoportal.accounts import audit
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action, Principal
from geoportal.archive import Archive
from geoportal.editing import drafts, examining, fields
from geoportal.editing.drafts import Draft, Paper
from geoportal.operations import NotFound
from geoportal.states import IllegalTransition, State
from geoportal.workflow import Changed, TooMuch, plain_name, require_room
from plans_ingest import codelists

MAX_DOCUMENTS: Final = 200
_TYPES: Final = "XP_ExterneReferenzTyp"


@dataclass(frozen=True, slots=True)
class Amended:
    """A draft with its documents, and what the rules say of its fields together."""

    draft: Draft
    papers: Sequence[Paper]


def look(engine: Engine, who: Principal, version: int) -> Amended:
    """Raises NotFound, also for who may not see it."""
    with acting(engine, who) as connection:
        draft = _seen(connection, who, version)
        return Amended(draft, drafts.documents(connection, version))


def fill_in(
    engine: Engine, who: Principal, version: int, given: Mapping[str, Any], *, mark: str | None
) -> dict[str, list[Any]]:
    """Keeps what was filled in; returns field -> [before, after]. `mark` names the state that the person has seen.

    Raises NotFound, NotAllowed, IllegalTransition, Changed, Unfit.
    """

    def write(connection: Connection, draft: Draft) -> dict[str, Any]:
        values = fields.checked(draft.planwerk, given)
        fields.require_sound(draft.planwerk, {**draft.values, **values})
        return drafts.save(connection, draft, values, who.account_id)

    return _amend(engine, who, version, mark, "filled_in", write)


def add_document(
    engine: Engine,
    archive: Archive,
    scanner: str | None,
    who: Principal,
    version: int,
    source: IO[bytes],
    size: int,
    filename: str,
    values: Mapping[str, Any],
) -> None:
    """A PDF of the draft. `values`: typ, name, beschreibung, datum; without a name that of the file.

    Raises NotFound, NotAllowed, IllegalTransition, Unfit, TooMuch, PlanFileError, Infected, ScannerAway.
    """
    with acting(engine, who) as connection:
        draft = _held(connection, who, version, None)
        if len(drafts.documents(connection, version)) >= MAX_DOCUMENTS:
            raise fields.Unfit({"datei": f"Ein Plan hat höchstens {MAX_DOCUMENTS} Dokumente."})
    if size > examining.MAX_SIZE:
        raise TooMuch
    require_room(engine, who, draft.ags, size)
    name = plain_name(filename)
    described = _described({"name": values.get("name") or name.rpartition(".")[0] or name, **_without(values, "name")})
    with tempfile.NamedTemporaryFile(prefix="geoportal-document-") as copy:
        while piece := source.read(1024 * 1024):
            copy.write(piece)
            if copy.tell() > examining.MAX_SIZE:
                raise TooMuch
        copy.flush()
        examined = examining.examine(archive, scanner, Path(copy.name), name)

    def write(connection: Connection, held: Draft) -> dict[str, Any]:
        row = described | {"examined": examined.found}
        drafts.add_document(connection, held, examined.sha256, examined.size, row, who.account_id)
        return {"document": described["name"], "sha256": examined.sha256}

    _amend(engine, who, version, None, "document_added", write)


def arrange(
    engine: Engine, who: Principal, version: int, papers: Sequence[Mapping[str, Any]], *, mark: str | None
) -> None:
    """The draft's documents in this order, described anew; those that are not named are not part of it any more.

    Raises NotFound, NotAllowed, IllegalTransition, Changed, Unfit.
    """

    def write(connection: Connection, draft: Draft) -> dict[str, Any]:
        known = {each.id: each for each in drafts.documents(connection, draft.id)}
        numbers = [each.get("id") for each in papers]
        if len(set(numbers)) != len(numbers) or not set(numbers) <= known.keys():
            raise fields.Unfit({"dokumente": "Ein Dokument ist unbekannt oder doppelt genannt."})
        described = [{"id": each["id"], **_described(_without(each, "id"))} for each in papers]
        drafts.arrange(connection, draft, described, who.account_id)
        removed = [known[number].name for number in known.keys() - set(numbers)]
        return {"order": [each["name"] for each in described], "removed": removed}

    _amend(engine, who, version, mark, "documents_arranged", write)


def begin(engine: Engine, who: Principal, plan: UUID) -> int:
    """The delivery in which what is said about a public plan can be changed: a new one, unless one waits already.

    Raises NotFound, NotAllowed.
    """
    with acting(engine, who) as connection:
        public = deliveries.public_version(connection, plan)
        if public is None or public.ags is None:
            raise NotFound(str(plan))
        who.require(Action.EDIT, public.ags)
        waiting = drafts.open_upload(connection, plan)
        if waiting is not None:
            return waiting
        upload = drafts.begin(connection, public.id)
        audit.note(connection, who, "edit_begun", f"upload {upload}", ags=public.ags, before=public.fingerprint)
        return upload


def _amend(
    engine: Engine,
    who: Principal,
    version: int,
    mark: str | None,
    action: str,
    write: Callable[[Connection, Draft], dict[str, Any]],
) -> dict[str, Any]:
    with acting(engine, who) as connection:
        draft = _held(connection, who, version, mark)
        detail = write(connection, draft)
        if detail:
            what = {"changes": detail} if action == "filled_in" else detail
            audit.note(connection, who, action, f"upload {draft.upload_id}", ags=draft.ags, version=version, **what)
        return detail


def _held(connection: Connection, who: Principal, version: int, mark: str | None) -> Draft:
    """The draft, held with its delivery to the end of the transaction."""
    seen = _seen(connection, who, version)
    found = None if seen.upload_id is None else deliveries.one(connection, seen.upload_id)
    if found is None:
        raise NotFound(f"Fassung {version}")
    who.require(Action.EDIT, found.ags, found.delivered_by)
    held = uploads.lock(connection, found.id)
    draft = drafts.one(connection, version)  # once more: as it is now that nobody else can change it
    if held is None or draft is None:
        raise NotFound(f"Fassung {version}")
    if not draft.is_open or held.state not in {State.CHECKED, State.IN_REVIEW}:
        raise IllegalTransition(f"{held.state}: wird nicht mehr bearbeitet")
    if mark is not None and mark != draft.mark:
        raise Changed
    return replace(draft, ags=found.ags)


def _seen(connection: Connection, who: Principal, version: int) -> Draft:
    draft = drafts.one(connection, version)
    upload = None if draft is None or draft.upload_id is None else deliveries.one(connection, draft.upload_id)
    if draft is None or upload is None or not who.may(Action.VIEW, upload.ags, upload.delivered_by):
        raise NotFound(f"Fassung {version}")
    return draft


def _described(values: Mapping[str, Any]) -> dict[str, Any]:
    """typ, name, beschreibung, datum of a document as they are kept. Raises Unfit."""
    faults = {}
    typ, name, text = values.get("typ"), values.get("name"), values.get("beschreibung")
    if typ not in (None, "") and str(typ) not in codelists.codes(_TYPES):
        faults["typ"] = f"{str(typ)[:20]} steht nicht in der Liste {_TYPES}."
    if not isinstance(name, str) or not name.strip() or len(name) > 300:
        faults["name"] = "Ein Name von höchstens 300 Zeichen wird erwartet."
    if text not in (None, "") and (not isinstance(text, str) or len(text) > fields.MAX_TEXT):
        faults["beschreibung"] = f"Text von höchstens {fields.MAX_TEXT} Zeichen wird erwartet."
    day = None
    try:
        day = date.fromisoformat(str(values["datum"])) if values.get("datum") else None
    except ValueError:
        faults["datum"] = "Ein Datum wird erwartet: JJJJ-MM-TT."
    if unknown := values.keys() - {"typ", "name", "beschreibung", "datum"}:
        faults |= dict.fromkeys(unknown, "Dieses Feld gibt es nicht. / no such field")
    if faults:
        raise fields.Unfit(faults)
    shown = plain_text.one_line(str(name))
    return {
        "typ": int(str(typ)) if typ not in (None, "") else None,
        "name": shown,
        "beschreibung": plain_text.paragraphs(text or "") or None,
        "datum": day,
    }


def _without(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}

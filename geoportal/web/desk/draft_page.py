"""A draft: what is filled in beside the file, and its documents."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, send_file, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from geoportal import amending, deliveries
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action
from geoportal.editing import examining, fields
from geoportal.editing.fields import Field, Kind, Unfit
from geoportal.virus_scan import Infected, ScannerAway
from geoportal.web.desk.access import FORM_KEY, open_to, require_form_key, who
from geoportal.web.desk.delivery_page import sealed
from geoportal.web.desk.room import desk
from geoportal.web.errors import FileAway, InvalidQuery, NotPublished
from geoportal.web.portal import portal
from plans_ingest import codelists, messages
from plans_ingest.errors import PlanFileError

_TYPES: Final = "XP_ExterneReferenzTyp"
INFECTED: Final = "Der Virenscanner hält diese Datei für schädlich. Sie wurde nicht angenommen."
SCANNER_AWAY: Final = (
    "Der Virenscanner antwortet nicht; ungeprüft wird nichts angenommen. "
    "Bitte später noch einmal, oder den Betrieb fragen."
)


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/fassung/<int:version>", "draft", page)
    bp.add_url_rule("/fassung/<int:version>/angaben", "fill_in", fill_in, methods=["POST"])
    bp.add_url_rule("/fassung/<int:version>/dokument", "add_document", add_document, methods=["POST"])
    bp.add_url_rule("/fassung/<int:version>/dokumente", "arrange_documents", arrange, methods=["POST"])
    bp.add_url_rule("/fassung/<int:version>/dokument/<int:number>", "paper", paper)
    bp.add_url_rule("/plan/<uuid:plan>/bearbeiten", "begin_edit", begin, methods=["POST"])


@open_to(Action.VIEW)
def page(version: int) -> str:
    return _page(version)


@open_to(Action.EDIT)
def fill_in(version: int) -> BaseResponse | tuple[str, int]:
    form = request.form
    known = amending.look(desk().engine, who(), version).draft
    given = {field.name: _given(field, form) for field in fields.fields_of(known.planwerk, None)}
    try:
        amending.fill_in(desk().engine, who(), version, given, mark=form.get("stand", ""))
    except Unfit as fault:
        return _page(version, faults=fault.faults, given=given), HTTPStatus.UNPROCESSABLE_ENTITY
    return _back(version, "angaben")


@open_to(Action.EDIT, takes_files=True)
def add_document(version: int) -> BaseResponse | tuple[str, int]:
    request.max_content_length = examining.MAX_SIZE + 1024 * 1024
    form = request.form
    require_form_key(form.get(FORM_KEY, ""))
    file = request.files.get("datei")
    if file is None or not file.filename:
        return _refused(version, "Bitte wählen Sie eine PDF-Datei.")
    size = file.stream.seek(0, 2)
    file.stream.seek(0)
    values = {"typ": form.get("typ"), "name": form.get("name", "").strip(), "beschreibung": form.get("beschreibung")}
    try:
        amending.add_document(
            desk().engine, portal().archive, desk().settings.virus_scanner, who(), version, file.stream, size,
            file.filename, values,
        )  # fmt: skip
    except Unfit as fault:
        return _refused(version, " ".join(fault.faults.values()))
    except PlanFileError as fault:
        return _refused(version, fault.german)
    except Infected:
        return _refused(version, INFECTED)
    except ScannerAway:
        return _refused(version, SCANNER_AWAY)
    return _back(version, "dokumente")


@open_to(Action.EDIT)
def arrange(version: int) -> BaseResponse | tuple[str, int]:
    """Each document by the number of its row; `weg` names those that are taken out."""
    form = request.form
    gone = set(form.getlist("weg"))
    rows = [number for number in form.getlist("dokument") if number not in gone]
    if not all(each.isascii() and each.isdecimal() and len(each) < 18 for each in (*rows, *gone)):
        raise InvalidQuery("dokument")
    papers = [
        {
            "id": int(number),
            **{name: form.get(f"{name}_{number}", "").strip() for name in ("typ", "name", "beschreibung", "datum")},
        }
        for number in sorted(rows, key=lambda number: _place(form.get(f"platz_{number}", "")))
    ]
    try:
        amending.arrange(desk().engine, who(), version, papers, mark=form.get("stand", ""))
    except Unfit as fault:
        return _refused(version, " ".join(fault.faults.values()))
    return _back(version, "dokumente")


@open_to(Action.VIEW)
def paper(version: int, number: int) -> Response:
    """A document of a draft, for who may see the draft; never to act in our origin."""
    known = amending.look(desk().engine, who(), version)
    found = next((each for each in known.papers if each.id == number and each.sha256), None)
    if found is None:
        raise NotPublished
    path = portal().archive.path(found.sha256 or "")
    if not path.is_file():
        raise FileAway
    name = f"{found.name or 'Dokument'}.pdf"
    return sealed(send_file(path, mimetype=found.media_type or "application/octet-stream", download_name=name))


@open_to(Action.EDIT)
def begin(plan: UUID) -> BaseResponse:
    upload = amending.begin(desk().engine, who(), plan)
    with acting(desk().engine, who()) as connection:
        found = deliveries.one(connection, upload)
        drafts = deliveries.versions(connection, None if found is None else found.delivery_id)
    draft = next((each for each in drafts if each.plan_id == plan and each.state == "in_review"), None)
    if draft is None:
        raise NotPublished
    return redirect(url_for("desk.draft", version=draft.id), HTTPStatus.SEE_OTHER)


def _page(
    version: int, *, faults: Mapping[str, str] | None = None, given: Mapping[str, Any] | None = None, refused: str = ""
) -> str:
    found = amending.look(desk().engine, who(), version)
    draft = found.draft
    with acting(desk().engine, who()) as connection:
        delivery = deliveries.one(connection, draft.upload_id or 0)
    if delivery is None:
        raise NotPublished
    values = {**draft.values, **(given or {})}
    told = [
        {"german": messages.german(each), "mend": messages.TEXTS[each.code].mend}
        for each in fields.findings(draft.planwerk, draft.values)
    ]
    return render_template(
        "desk/draft.html",
        draft=draft,
        delivery=delivery,
        papers=found.papers,
        fields=fields.fields_of(draft.planwerk, draft.values.get("rechtsstand")),
        values=values,
        codes=lambda name: codelists.codes(name).values(),
        types=codelists.codes(_TYPES).values(),
        findings=told,
        faults=faults or {},
        refused=refused,
        may_edit=draft.is_open and who().may(Action.EDIT, delivery.ags, delivery.delivered_by),
        longest=fields.MAX_TEXT,
    )


def _refused(version: int, why: str) -> tuple[str, int]:
    return _page(version, refused=why), HTTPStatus.UNPROCESSABLE_ENTITY


def _given(field: Field, form: MultiDict[str, str]) -> Any:
    match field.kind:
        case Kind.CODES:
            return form.getlist(field.name)
        case Kind.PERIODS:
            pairs = zip(form.getlist(f"{field.name}_start"), form.getlist(f"{field.name}_ende"), strict=False)
            return [{"start": start, "ende": ende} for start, ende in pairs]
    return form.get(field.name, "")


def _place(raw: str) -> int:
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 5):
        raise InvalidQuery("platz")
    return int(raw)


def _back(version: int, part: str) -> BaseResponse:
    return redirect(url_for("desk.draft", version=version, gespeichert=part) + f"#{part}", HTTPStatus.SEE_OTHER)

"""What is filled in of drafts, for programs: fields and documents."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, request

from geoportal import amending
from geoportal.accounts.roles import Action
from geoportal.editing import examining, fields
from geoportal.web.api.asked import given_object, require_reach, who
from geoportal.web.api.once import Answer, once
from geoportal.web.desk.room import desk
from geoportal.web.errors import InvalidQuery
from geoportal.web.portal import portal
from plans_ingest import messages

_DESCRIBED = ("typ", "name", "beschreibung", "datum")


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/fassungen/<int:version>", "draft", draft)
    bp.add_url_rule("/fassungen/<int:version>/angaben", "fill_in", fill_in, methods=["POST"])
    bp.add_url_rule("/fassungen/<int:version>/dokumente", "arrange", arrange, methods=["POST"])
    bp.add_url_rule("/fassungen/<int:version>/dokumente/<filename>", "add_document", add_document, methods=["PUT"])
    bp.add_url_rule("/plaene/<uuid:plan>/bearbeiten", "begin_edit", begin, methods=["POST"])


def draft(version: int) -> Response:
    require_reach(Action.VIEW)
    return jsonify(_draft(version))


@once
def fill_in(version: int) -> Answer:
    given = given_object("stempel", "werte")
    if not isinstance(given.get("werte"), dict):
        raise InvalidQuery("werte: Objekt erwartet / object expected")
    amending.fill_in(desk().engine, who(), version, given["werte"], mark=_mark(given))
    return Answer(200, _draft(version))


@once
def arrange(version: int) -> Answer:
    given = given_object("stempel", "dokumente")
    papers = given.get("dokumente")
    if not isinstance(papers, list) or not all(isinstance(each, dict) for each in papers):
        raise InvalidQuery("dokumente: Liste von Objekten erwartet / list of objects expected")
    amending.arrange(desk().engine, who(), version, papers, mark=_mark(given))
    return Answer(200, _draft(version))


@once
def add_document(version: int, filename: str) -> Answer:
    """The PDF is the body; what describes it stands in the query."""
    request.max_content_length = examining.MAX_SIZE
    size = request.content_length
    if not size:
        raise InvalidQuery("Content-Length fehlt / is missing")
    if unknown := sorted(set(request.args) - set(_DESCRIBED)):
        raise InvalidQuery(f"unbekannt / unknown: {', '.join(unknown)[:200]}")
    amending.add_document(
        desk().engine, portal().archive, desk().settings.virus_scanner, who(), version, request.stream, size, filename,
        request.args.to_dict(),
    )  # fmt: skip
    return Answer(201, _draft(version))


@once
def begin(plan: UUID) -> Answer:
    return Answer(200, {"lieferung": amending.begin(desk().engine, who(), plan)})


def _draft(version: int) -> dict[str, Any]:
    found = amending.look(desk().engine, who(), version)
    seen = found.draft
    return {
        "id": seen.id,
        "plan": str(seen.plan_id),
        "lieferung": seen.upload_id,
        "offen": seen.is_open,
        "stempel": seen.mark,
        "werte": dict(seen.values),
        "in_der_datei": {name: said for name, said in seen.form.items() if name in seen.values},
        "gebraucht": [
            each.name for each in fields.fields_of(seen.planwerk, seen.values.get("rechtsstand")) if each.is_needed
        ],
        "befunde": [messages.german(each) for each in fields.findings(seen.planwerk, seen.values)],
        "dokumente": [
            {
                "id": each.id,
                "typ": each.typ,
                "name": each.name,
                "beschreibung": each.beschreibung,
                "datum": each.datum and each.datum.isoformat(),
                "url": each.url,
                "sha256": each.sha256,
                "groesse": each.size,
                "aus_dem_formular": each.from_form,
                "geprueft": each.examined,
            }
            for each in found.papers
        ],
    }


def _mark(given: dict[str, Any]) -> str:
    """What the program has looked at: it must say so, or it would undo somebody's work unseen."""
    mark = given.get("stempel")
    if not isinstance(mark, str):
        raise InvalidQuery("stempel: aus der Fassung / from the draft")
    return mark

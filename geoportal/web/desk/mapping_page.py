"""What the columns and words of a delivered table mean, said once and kept for the Gemeinde."""

from http import HTTPStatus
from typing import Final, get_args

import yaml
from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from geoportal import mapping
from geoportal.accounts.roles import Action
from geoportal.web.desk import words
from geoportal.web.desk.access import open_to, who
from geoportal.web.desk.room import desk
from geoportal.web.errors import InvalidQuery, NotPublished
from geoportal.web.portal import portal
from plans_ingest import codelists
from plans_ingest.errors import PlanFileError
from plans_ingest.model import Planwerk
from plans_ingest.profiles.model import Feld

_SHOWN: Final = 5  # examples of a column
_MOST: Final = 2000  # fields of the form


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/lieferung/<int:number>/spalten", "columns", page)
    bp.add_url_rule("/lieferung/<int:number>/spalten", "save_columns", save, methods=["POST"])
    bp.add_url_rule("/lieferung/<int:number>/noch-einmal", "read_again", again, methods=["POST"])
    bp.add_url_rule("/gemeinde/<ags>/profil.yml", "profile", profile)


@open_to(Action.VIEW)
def page(number: int) -> str:
    return _page(number)


@open_to(Action.EDIT)
def save(number: int) -> BaseResponse | tuple[str, int]:
    """Columns and words by their place on the page; a word without a code is left to be told as unknown."""
    form = request.form
    if len(form) > _MOST:
        raise InvalidQuery(f"höchstens {_MOST} Felder")
    names, meanings = form.getlist("spalte"), form.getlist("bedeutung")
    if len(names) != len(meanings) or any(len(each) > 200 for each in (*names, *meanings)):
        raise InvalidQuery("spalte, bedeutung")
    said: dict[str, dict[str, dict[str, int | None]]] = {}
    for feld, planwerk, word, code in zip(
        *(form.getlist(each) for each in ("feld", "planwerk", "wort", "code")), strict=True
    ):
        is_number = code.isascii() and code.isdecimal() and len(code) < 6
        if feld not in mapping.CODED or planwerk not in set(Planwerk) or not (is_number or code == ""):
            raise InvalidQuery("wort, code")
        said.setdefault(feld, {}).setdefault(planwerk, {})[word] = int(code) if code else None
    try:
        mapping.save(desk().engine, who(), number, dict(zip(names, meanings, strict=True)), said)
    except ValueError as fault:
        raise InvalidQuery("bedeutung, code") from fault
    return redirect(url_for("desk.columns", number=number, gespeichert="ja"), HTTPStatus.SEE_OTHER)


@open_to(Action.DELIVER)
def again(number: int) -> BaseResponse:
    new = mapping.read_again(desk().engine, portal().archive, who(), number)
    return redirect(url_for("desk.delivery", number=new), HTTPStatus.SEE_OTHER)


@open_to(Action.VIEW)
def profile(ags: str) -> Response:
    """As the operator puts it into the manifest of the Gemeinde."""
    said = mapping.manifest(desk().engine, who(), ags)
    if said is None:
        raise NotPublished
    text = yaml.safe_dump({"lieferung": said}, allow_unicode=True, sort_keys=False, width=120)
    response = Response(text, mimetype="application/yaml")
    response.headers["Content-Disposition"] = f'attachment; filename="lieferung-{ags}.yml"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _page(number: int) -> str:
    try:
        found = mapping.look(desk().engine, portal().archive, who(), number)
    except PlanFileError as fault:
        raise InvalidQuery(fault.german) from fault
    delivery = found.delivery
    return render_template(
        "desk/columns.html",
        delivery=delivery,
        guesses=found.columns,
        coded=[(feld, [each for each in found.words if each.feld == feld]) for feld in mapping.CODED],
        has_profile=found.profile is not None,
        fields=[(feld, words.FIELDS.get(feld) or words.COLUMNS[feld]) for feld in get_args(Feld.__value__)],
        types=codelists.codes("XP_ExterneReferenzTyp").values(),
        codes=lambda planwerk, feld: codelists.codes(f"{planwerk}_{words.ENUMERATIONS[feld]}").values(),
        planwerke=list(Planwerk),
        shown_words=_SHOWN,
        may_edit=who().may(Action.EDIT, delivery.ags, delivery.delivered_by),
        may_deliver=who().may(Action.DELIVER, delivery.ags, who().account_id),
    )

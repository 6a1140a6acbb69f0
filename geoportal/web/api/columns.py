"""What the columns and words of a delivered table mean, for programs: read, said, and the file read again."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from flask import Blueprint, Response, jsonify, url_for

from geoportal import mapping
from geoportal.accounts.roles import Action
from geoportal.web.api.asked import given_object, require_reach, who
from geoportal.web.api.once import Answer, once
from geoportal.web.desk.room import desk
from geoportal.web.errors import InvalidQuery, NotPublished
from geoportal.web.portal import portal
from plans_ingest.errors import PlanFileError
from plans_ingest.model import Planwerk
from plans_ingest.profiles.model import Feld

_LONGEST: Final = 200  # characters of a column's name or a word
_MOST: Final = 2000  # columns, and words of a field


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/lieferungen/<int:number>/spalten", "columns", columns)
    bp.add_url_rule("/lieferungen/<int:number>/spalten", "map_columns", map_columns, methods=["POST"])
    bp.add_url_rule("/lieferungen/<int:number>/noch-einmal", "read_again", again, methods=["POST"])
    bp.add_url_rule("/gemeinden/<ags>/profil", "profile", profile)


def columns(number: int) -> Response:
    require_reach(Action.VIEW)
    try:
        found = mapping.look(desk().engine, portal().archive, who(), number)
    except PlanFileError as fault:
        raise InvalidQuery(fault.german) from fault
    said = {
        "lieferung": found.delivery.id,
        "ags": found.delivery.ags,
        "spalten": [
            {
                "name": each.column.name,
                "zeilen": each.column.rows,
                "beispiele": list(each.column.words),
                "bedeutung": each.meaning,
                "gesagt": each.is_said,
            }
            for each in found.columns
        ],
        "woerter": [
            {
                "feld": each.feld,
                "wort": each.word,
                "codes": {
                    planwerk: {"code": code, "gesagt": is_said} for planwerk, (code, is_said) in each.codes.items()
                },
            }
            for each in found.words
        ],
    }
    return jsonify(said)


@once
def map_columns(number: int) -> Answer:
    """What is not named stays as it was; "" takes back what was said of a column, `-` leaves it out."""
    given = given_object("spalten", "woerter")
    columns_, words = _meanings(given.get("spalten", {})), _codes(given.get("woerter", {}))
    ags = mapping.save(desk().engine, who(), number, columns_, words)
    return Answer(200, {"lieferung": mapping.manifest(desk().engine, who(), ags)})


@once
def again(number: int) -> Answer:
    new = mapping.read_again(desk().engine, portal().archive, who(), number)
    return Answer(202, {"id": new}, url_for("api.delivery", number=new))


def profile(ags: str) -> Response:
    require_reach(Action.VIEW)
    said = mapping.manifest(desk().engine, who(), ags)
    if said is None:
        raise NotPublished
    return jsonify({"lieferung": said})


def _meanings(raw: Any) -> dict[str, str]:
    """Column -> a field of ours, the number of a kind of document, `-` or ""."""
    fields = set(get_args(Feld.__value__)) | {"", mapping.IGNORE}
    said = {}
    for name, meaning in _object("spalten", raw).items():
        is_document = isinstance(meaning, int) and not isinstance(meaning, bool) and 0 <= meaning <= 99_999
        if not is_document and meaning not in fields:
            raise InvalidQuery(f"spalten.{name[:60]}: {str(meaning)[:60]!r}")
        said[name] = str(meaning)
    return said


def _codes(raw: Any) -> dict[str, dict[str, dict[str, int | None]]]:
    """Field -> Planwerk -> word -> official code, null to leave it unknown."""
    said: dict[str, dict[str, dict[str, int | None]]] = {}
    for feld, by_planwerk in _object("woerter", raw).items():
        if feld not in mapping.CODED:
            raise InvalidQuery(f"woerter.{feld[:60]}: {', '.join(mapping.CODED)}")
        for planwerk, words in _object(f"woerter.{feld}", by_planwerk).items():
            if planwerk not in set(Planwerk):
                raise InvalidQuery(f"woerter.{feld}.{planwerk[:20]}: {', '.join(Planwerk)}")
            for word, code in _object(f"woerter.{feld}.{planwerk}", words).items():
                is_code = isinstance(code, int) and not isinstance(code, bool) and 0 <= code <= 99_999
                if code is not None and not is_code:
                    raise InvalidQuery(f"woerter.{feld}.{planwerk}.{word[:60]}: Nummer erwartet / number expected")
                said.setdefault(feld, {}).setdefault(planwerk, {})[word] = code
    return said


def _object(name: str, raw: Any) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise InvalidQuery(f"{name}: Objekt erwartet / object expected")
    if len(raw) > _MOST or any(not 0 < len(each) <= _LONGEST for each in raw):
        raise InvalidQuery(f"{name}: höchstens {_MOST} Namen mit 1 bis {_LONGEST} Zeichen")
    return raw

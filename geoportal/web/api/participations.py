"""Participations, for programs: what the desk's form says of one, and each step of it. Statements are read by people
alone: no token opens them (accounts.tokens.GRANTABLE).
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, jsonify, url_for

from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action
from geoportal.participation import beteiligungen
from geoportal.participation.arten import Art
from geoportal.participation.bekannt import Angabe
from geoportal.participation.beteiligungen import Angaben, Beteiligung
from geoportal.participation.states import WAYS, State
from geoportal.web.api.asked import given_object, require_reach, who
from geoportal.web.api.once import Answer, once
from geoportal.web.desk.beteiligungen import STEPS, words_of
from geoportal.web.desk.room import desk
from geoportal.web.errors import InvalidQuery, NotPublished
from geoportal.web.plan_query import needed_day
from geoportal.web.portal import portal

_WORDS: Final = {"art": Art, "name_angabe": Angabe, "anschrift_angabe": Angabe}
_DAYS: Final = frozenset({"bekanntmachung", "beginn", "ende"})
_CHOICES: Final = frozenset({"mit_ort", "mit_anlagen", "online"})


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/beteiligungen", "participations", listing)
    bp.add_url_rule("/plaene/<uuid:plan>/beteiligungen", "participate", create, methods=["POST"])
    bp.add_url_rule("/beteiligungen/<uuid:beteiligung>", "participation", participation)
    bp.add_url_rule("/beteiligungen/<uuid:beteiligung>/angaben", "change_participation", change, methods=["POST"])
    bp.add_url_rule(
        f"/beteiligungen/<uuid:beteiligung>/<any({', '.join(STEPS)}):schritt>", "step_participation", step,
        methods=["POST"],
    )  # fmt: skip


def listing() -> Response:
    require_reach(Action.VIEW)
    with acting(desk().engine, who()) as connection:
        found = [each for each in beteiligungen.listed(connection) if who().may(Action.VIEW, each.ags)]
    return jsonify(
        {
            "beteiligungen": [
                {
                    "id": str(each.id),
                    "plan": str(each.plan_id),
                    "name": each.plan,
                    "ags": each.ags,
                    "art": each.art,
                    "stand": each.state,
                    "beginn": each.beginn.isoformat(),
                    "ende": each.ende.isoformat(),
                }
                for each in found
            ]
        }
    )


def participation(beteiligung: UUID) -> Response:
    return jsonify(_told(beteiligung))


@once
def create(plan: UUID) -> Answer:
    number = beteiligungen.create(desk().engine, who(), plan, _angaben(given_object(*_NAMES)))
    # who may not look may still have made it
    told = _told(number) if who().may_anywhere(Action.VIEW) else {"id": str(number)}
    return Answer(HTTPStatus.CREATED, told, url_for("api.participation", beteiligung=number))


@once
def change(beteiligung: UUID) -> Answer:
    given = given_object("fassung", *_NAMES)
    version = _version(given)
    beteiligungen.change(desk().engine, who(), beteiligung, version, _angaben(given))
    return _answer(beteiligung)


@once
def step(beteiligung: UUID, schritt: str) -> Answer:
    given = given_object("fassung", "bis", "hinweis")
    said = {name: _text(name, value) for name, value in given.items() if name != "fassung"}
    STEPS[schritt](beteiligung, _version(given), portal().today(), said)
    return _answer(beteiligung)


_NAMES: Final = tuple(field.name for field in fields(Angaben))


def _answer(number: UUID) -> Answer:
    told = _told(number) if who().may_anywhere(Action.VIEW) else {"id": str(number)}
    return Answer(HTTPStatus.OK, told)


def _told(number: UUID) -> dict[str, Any]:
    """As the desk's page: what was said, what is wrong with the period, what can be done. Raises NotPublished."""
    require_reach(Action.VIEW)
    with acting(desk().engine, who()) as connection:
        found = beteiligungen.one(connection, number)
        if found is None or not who().may(Action.VIEW, found.ags):
            raise NotPublished
        today, is_draft = portal().today(), found.state is State.ENTWURF
        told = beteiligungen.judged(connection, found.plan_id, found.angaben, today) if is_draft else ()
    return {
        "id": str(found.id),
        "plan": str(found.plan_id),
        "ags": found.ags,
        "fassung": found.version,
        "stand": found.state,
        "phase": found.phase(today) if found.state.is_announced else None,
        "norm": found.art.regel.norm,
        "oeffentlich": found.art.regel.is_public,
        "hinweis": found.hinweis,
        "befunde": [{"schwere": each.schwere, "text": each.text} for each in told],
        "moeglich": sorted({each.value for each in WAYS[found.state]}),
        "angaben": _said(found),
    }


def _said(found: Beteiligung) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(found.angaben).items()
    }


def _angaben(given: Mapping[str, Any]) -> Angaben:
    """Raises InvalidQuery, with the name of what is missing or of another type."""
    values: dict[str, Any] = {}
    for name in _NAMES:
        if name not in given:
            continue
        raw = given[name]
        if name in _CHOICES:
            if not isinstance(raw, bool):
                raise InvalidQuery(f"{name}: true, false")
            values[name] = raw
            continue
        said = {name: _text(name, raw)}
        if name in _DAYS:
            values[name] = needed_day(said, name)
        elif name in _WORDS:
            try:
                values[name] = _WORDS[name](raw)
            except ValueError as fault:
                raise InvalidQuery(f"{name}: {', '.join(_WORDS[name])}") from fault
        else:
            values[name] = words_of(said, name)
    if missing := [name for name in ("art", *sorted(_DAYS)) if name not in values]:
        raise InvalidQuery(f"fehlt / is missing: {', '.join(missing)}")
    if values["ende"] < values["beginn"]:
        raise InvalidQuery("ende: vor dem Beginn / before beginn")
    return Angaben(**values)


def _text(name: str, raw: Any) -> str:
    if not isinstance(raw, str):
        raise InvalidQuery(f"{name}: Text erwartet / text expected")
    return raw


def _version(given: Mapping[str, Any]) -> int:
    """Which one the program has looked at."""
    number = given.get("fassung")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 10**8:
        raise InvalidQuery("fassung: 1, 2, 3 …")
    return number

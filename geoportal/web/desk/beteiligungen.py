"""Participations at the desk: their list, the form of one, and what can be done with it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from http import HTTPStatus
from typing import Final
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from geoportal import deliveries, plain_text
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action, NotAllowed
from geoportal.feiertage import naechster_werktag
from geoportal.operations import NotFound
from geoportal.participation import beteiligungen
from geoportal.participation.arten import Art
from geoportal.participation.bekannt import Angabe
from geoportal.participation.beteiligungen import (
    Angaben,
    Beteiligung,
    HinweisMissing,
    NotAnnounceable,
    Overlaps,
    Unsettled,
    closes_from,
)
from geoportal.participation.fristen import is_announceable, sicheres_ende
from geoportal.participation.states import WAYS, State
from geoportal.web.desk.access import open_to, who
from geoportal.web.desk.room import desk
from geoportal.web.errors import InvalidQuery
from geoportal.web.plan_query import needed_day
from geoportal.web.portal import portal

_NOTICE: Final = 7  # days
_LONG: Final = 5_000


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/beteiligungen", "participations", listed)
    bp.add_url_rule("/plan/<uuid:plan>/beteiligung", "participation_new", new)
    bp.add_url_rule("/plan/<uuid:plan>/beteiligung", "participation_create", create, methods=["POST"])
    bp.add_url_rule("/beteiligung/<uuid:number>", "participation", page)
    bp.add_url_rule("/beteiligung/<uuid:number>", "participation_change", change, methods=["POST"])
    bp.add_url_rule("/beteiligung/<uuid:number>/<any({}):step>".format(", ".join(STEPS)), "participation_step", step,
                    methods=["POST"])  # fmt: skip


@open_to(Action.VIEW)
def listed() -> str:
    with acting(desk().engine, who()) as connection:
        found = beteiligungen.listed(connection)
    return render_template("desk/beteiligungen.html", listed=found, may=who().may, Action=Action)


@open_to(Action.VIEW)
def new(plan: UUID) -> str:
    ags, name, is_public = _plan(plan)
    # before anything is public only authorities can be asked
    return _form(plan, name, _proposal(ags, Art.VEROEFFENTLICHUNG if is_public else Art.BEHOERDEN_FRUEHZEITIG), None)


@open_to(Action.VIEW)
def create(plan: UUID) -> str | BaseResponse | tuple[str, int]:
    _, name, _ = _plan(plan)
    angaben = _read(request.form)
    if angaben.ende < angaben.beginn:
        return _form(plan, name, angaben, None, fault="Das Ende liegt vor dem Beginn."), HTTPStatus.UNPROCESSABLE_ENTITY
    number = beteiligungen.create(desk().engine, who(), plan, angaben)
    return redirect(url_for("desk.participation", number=number), HTTPStatus.SEE_OTHER)


@open_to(Action.VIEW)
def page(number: UUID) -> str:
    return _page(number)


@open_to(Action.VIEW)
def change(number: UUID) -> BaseResponse | tuple[str, int]:
    angaben = _read(request.form)
    if angaben.ende < angaben.beginn:
        return _page(number, fault="Das Ende liegt vor dem Beginn. Nichts ist gespeichert."), 422
    beteiligungen.change(desk().engine, who(), number, _version(), angaben)
    return redirect(url_for("desk.participation", number=number), HTTPStatus.SEE_OTHER)


@open_to(Action.VIEW)
def step(number: UUID, step: str) -> BaseResponse | tuple[str, int]:
    try:
        STEPS[step](number, _version(), portal().today(), request.form)
    except NotAnnounceable:
        return _page(number, fault=_NOT_NOW[step]), HTTPStatus.UNPROCESSABLE_ENTITY
    except HinweisMissing:
        fault = "Bitte schreiben Sie einen Satz für die Bürgerinnen und Bürger: warum?"
        return _page(number, fault=fault), HTTPStatus.UNPROCESSABLE_ENTITY
    except Unsettled as unsettled:
        return _page(number, fault=" ".join(_unsettled(unsettled))), HTTPStatus.CONFLICT
    except Overlaps:
        fault = "In diesen Tagen läuft schon eine Beteiligung zu diesem Plan."
        return _page(number, fault=fault), HTTPStatus.CONFLICT
    return redirect(url_for("desk.participation", number=number), HTTPStatus.SEE_OTHER)


# Of the form, and of programs too (web/api/participations.py): by which name, and what each is told.
STEPS: Final[Mapping[str, Callable[[UUID, int, date, Mapping[str, str]], object]]] = {
    "bekanntmachen": lambda number, version, today, _: beteiligungen.announce(
        desk().engine, who(), number, version, today
    ),
    "verlaengern": lambda number, version, today, given: beteiligungen.extend(
        desk().engine, who(), number, version, needed_day(given, "bis"), words_of(given, "hinweis"), today
    ),
    "unterbrechen": lambda number, version, today, given: beteiligungen.interrupt(
        desk().engine, who(), number, version, words_of(given, "hinweis"), today
    ),
    "fortsetzen": lambda number, version, today, _: beteiligungen.resume(desk().engine, who(), number, version, today),
    "verwerfen": lambda number, version, _, __: beteiligungen.drop(desk().engine, who(), number, version),
    "abbrechen": lambda number, version, _, given: beteiligungen.abort(
        desk().engine, who(), number, version, words_of(given, "hinweis")
    ),
    "abschliessen": lambda number, version, today, _: beteiligungen.close(desk().engine, who(), number, version, today),
}
_NOT_NOW: Final = {
    "bekanntmachen": "So geht es noch nicht: Bitte berichtigen, was als Fehler dasteht. Damit sich alle äußern können, "
    "muss der Plan öffentlich sein.",
    "verlaengern": "Der neue letzte Tag muss nach dem bisherigen liegen und ein Werktag sein (weder Samstag noch "
    "Feiertag); und verlängern geht nur, solange die Frist läuft.",
    "unterbrechen": "Unterbrechen geht nur während der Frist.",
    "fortsetzen": "Das geht zurzeit nicht.",
    "abschliessen": "Noch nicht: Was am letzten Tag geschrieben wurde, kann noch bestätigt werden.",
}


def _unsettled(fault: Unsettled) -> Iterator[str]:
    if fault.is_open:
        yield "Es sind noch Stellungnahmen offen. Bitte tragen Sie zu jeder ein Ergebnis ein."
    if fault.is_unconfirmed:
        yield "Rechtzeitig eingegangene Stellungnahmen warten noch auf ihre Bestätigung oder auf den Brief dazu."


def _page(number: UUID, fault: str = "") -> str:
    with acting(desk().engine, who()) as connection:
        found = beteiligungen.one(connection, number)
        if found is None or not who().may(Action.VIEW, found.ags):
            raise NotFound(str(number))
        history = deliveries.history(connection, found.plan_id)
        is_public = deliveries.public_version(connection, found.plan_id) is not None
    name = next((each.name for each in history if each.name), None) or "Plan ohne Namen"
    return _form(found.plan_id, name, found.angaben, found, fault, is_public=is_public)


def _form(
    plan: UUID, name: str, angaben: Angaben, found: Beteiligung | None, fault: str = "", *, is_public: bool = True
) -> str:
    today = portal().today()
    is_draft = found is None or found.state is State.ENTWURF
    with acting(desk().engine, who()) as connection:
        told = beteiligungen.judged(connection, plan, angaben, today) if is_draft else ()
        is_bebauungsplan = beteiligungen.is_bebauungsplan(connection, plan)
    may_edit = found is None or beteiligungen.may_edit(who(), found.ags)
    may_publish = found is not None and who().may(Action.PUBLISH, found.ags)
    is_announced = found is not None and found.state.is_announced
    return render_template(
        "desk/beteiligung.html",
        plan_id=plan,
        plan_name=name,
        angaben=angaben,
        found=found,
        fault=fault,
        hinweise=told,
        is_announceable=is_announceable(told),
        phase=None if found is None else found.phase(today),
        is_draft=is_draft,
        is_bebauungsplan=is_bebauungsplan,
        is_announced=is_announced,
        is_public=is_public,
        may_edit=may_edit,
        closes_from=None if found is None else closes_from(found),
        may_change=may_edit and (is_draft or (may_publish and found is not None and found.state in WAYS[found.state])),
        may_publish=may_publish,
        may_read=found is not None and who().may(Action.STATEMENTS, found.ags),
        safe=sicheres_ende(angaben.beginn),
        deleted_on=None
        if found is None
        else found.ende + timedelta(days=portal().config.participation.retention_days + 1),
        Angabe=Angabe,
        State=State,
        WAYS=WAYS,
        Art=Art,
        by_mail=desk().settings.smtp is not None,
    )


def _proposal(ags: str, art: Art) -> Angaben:
    """A week's notice, a period that is right by every reading, and the contact of the operator's file."""
    today = portal().today()
    beginn = naechster_werktag(today + timedelta(days=_NOTICE + 1))
    contact = portal().config.gemeinden.get(ags)
    lines = [] if contact is None else [contact.name, contact.street, contact.place]
    return Angaben(
        art=art,
        bekanntmachung=today + timedelta(days=1),
        beginn=beginn,
        ende=sicheres_ende(beginn),
        stelle="\n".join(line for line in lines if line),
        telefon=(contact.phone or "") if contact else "",
        email=(contact.email or "") if contact else "",
    )


def _plan(plan: UUID) -> tuple[str, str, bool]:
    """(AGS, name, whether it is public) for who may make a participation of it. Raises NotFound, NotAllowed."""
    with acting(desk().engine, who()) as connection:
        history = deliveries.history(connection, plan)
    if not history or not who().may(Action.VIEW, history[0].ags or "", who().account_id):
        raise NotFound(str(plan))
    ags = history[0].ags or ""
    if not beteiligungen.may_edit(who(), ags):
        raise NotAllowed(f"participation {ags}")
    return ags, history[0].name or "Plan ohne Namen", any(each.state == "published" for each in history)


def _read(given: Mapping[str, str]) -> Angaben:
    """Raises InvalidQuery for what no form of ours sends."""
    try:
        return Angaben(
            art=Art(given.get("art", "")),
            bekanntmachung=needed_day(given, "bekanntmachung"),
            beginn=needed_day(given, "beginn"),
            ende=needed_day(given, "ende"),
            name_angabe=Angabe(given.get("name_angabe", "")),
            anschrift_angabe=Angabe(given.get("anschrift_angabe", "")),
            mit_ort="mit_ort" in given,
            mit_anlagen="mit_anlagen" in given,
            online="online" in given,
            **{name: words_of(given, name) for name in _WORDS},
        )
    except ValueError as fault:
        raise InvalidQuery("art, name_angabe, anschrift_angabe") from fault


_WORDS: Final = ("grund", "anlass", "zugang", "stelle", "telefon", "email", "datenschutz")


def words_of(given: Mapping[str, str], name: str) -> str:
    return plain_text.paragraphs(given.get(name, ""))[:_LONG]


def _version() -> int:
    raw = request.form.get("version", "")
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 9):
        raise InvalidQuery("version")
    return int(raw)

"""Writing a statement, without an account, a cookie or a script; confirming, reading, correcting and withdrawing it by
the link in the letter.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import ClassVar, Final, cast
from uuid import UUID

from flask import Blueprint, Flask, Response, current_app, make_response, redirect, render_template, request, url_for
from sqlalchemy import Engine
from werkzeug.wrappers import Response as BaseResponse

from geoportal.accounts.attempts import TooOften
from geoportal.database import once_migrated, participation_engine
from geoportal.ogc.crs import STORED
from geoportal.participation import attachments, forms, stellungnahmen
from geoportal.participation.attachments import Refused
from geoportal.participation.bekannt import Bekannt
from geoportal.participation.letters import StatementLetters
from geoportal.participation.stellungnahmen import (
    Betroffen,
    ClosedToday,
    Eingabe,
    NoStatement,
    Stand,
    Stellungnahme,
    TooLate,
)
from geoportal.published import PublishedPlan
from geoportal.settings import Settings
from geoportal.web import words
from geoportal.web.beteiligung_pages import Offen, of_plan, words_of
from geoportal.web.desk.access import NotOurPage, origin, require_own_origin
from geoportal.web.desk.room import desk
from geoportal.web.errors import NotPublished
from geoportal.web.language import either
from geoportal.web.portal import portal
from geoportal.web.printing import pdf
from geoportal.web.stellungnahme_form import MAP_SIDE, MAX_TEXT, clicked, faults_of, files, map_box, read_eingabe

bp = Blueprint("stellungnahme", __name__)

_MAX_BODY: Final = attachments.MAX_ALL + 500_000
_NOT_TOLD: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


@dataclass(frozen=True, slots=True)
class Room:
    """The engine of the role that takes statements, and the clock."""

    KEY: ClassVar = "geoportal.participation"

    engine: Engine
    now: Callable[[], datetime]


def register(app: Flask, settings: Settings) -> None:
    engine = once_migrated(participation_engine(settings.require_participation_url()), settings.require_read_url())
    app.extensions[Room.KEY] = Room(engine, lambda: desk().now())
    for error in (NoStatement, TooLate, ClosedToday):
        app.register_error_handler(error, _closed)
    app.register_blueprint(bp)


@bp.before_request
def _bound() -> None:
    request.max_content_length, request.max_form_parts = _MAX_BODY, 60


def room() -> Room:
    return cast("Room", current_app.extensions[Room.KEY])


@bp.get("/beteiligung/<uuid:plan_id>/stellungnahme")
def write(plan_id: UUID) -> Response:
    offen = _open(plan_id)
    return _form(offen, _empty(), {})


@bp.post("/beteiligung/<uuid:plan_id>/stellungnahme")
def send(plan_id: UUID) -> Response | BaseResponse:
    offen = of_plan(plan_id)
    if offen.bekannt is None or portal().settings.smtp is None:
        raise NotPublished
    _require_our_page()
    now = room().now()
    key = stellungnahmen.form_key(room().engine)
    try:
        form = forms.read(key, offen.bekannt.id, request.form.get("zeichen", ""), now)
    except forms.NotOurForm as fault:
        raise NotOurPage from fault
    eingabe = read_eingabe(offen.bekannt)
    if (placed := clicked(offen.plan.umriss)) is not None:
        return _form(offen, placed(eingabe), {}, token=request.form["zeichen"], at="ort")
    faults = faults_of(offen.bekannt, eingabe)
    if (doubt := _doubt(form, now)) is not None:
        faults["zeichen"] = doubt
    # the same form again, so that who opened it in time is in time
    token = None if form.is_stale(now) else request.form["zeichen"]
    if faults:
        return _form(offen, eingabe, faults, token=token)
    takes_files = offen.bekannt.mit_anlagen
    try:
        late = stellungnahmen.submit(
            room().engine, offen.bekannt, form, eingabe, lambda: _screened() if takes_files else [],
            _letters(offen.plan, offen.bekannt), origin(), now,
        )  # fmt: skip
    except Refused as fault:
        return _form(offen, eingabe, {"dateien": str(fault)}, token=token)
    except TooOften as fault:
        told, status = {"zeichen": _too_often(fault)}, HTTPStatus.TOO_MANY_REQUESTS
        return _form(offen, eingabe, told, token=token, status=status)
    return redirect(url_for("stellungnahme.sent", plan_id=plan_id, spaet=1 if late else None), HTTPStatus.SEE_OTHER)


@bp.get("/beteiligung/<uuid:plan_id>/stellungnahme/abgeschickt")
def sent(plan_id: UUID) -> Response:
    return _sent(of_plan(plan_id), late=request.args.get("spaet") == "1")


@bp.get("/beteiligung/stellungnahme/<secret>")
def show(secret: str) -> Response:
    return _own(secret)


@bp.post("/beteiligung/stellungnahme/<secret>/bestaetigen")
def confirm(secret: str) -> BaseResponse:
    _, bekannt, plan = _of(secret)
    stellungnahmen.confirm(room().engine, secret, _letters(plan, bekannt), room().now())
    return _back(secret)


@bp.get("/beteiligung/stellungnahme/<secret>/berichtigen")
def correct(secret: str) -> Response:
    found, offen, _ = _to_correct(secret)
    eingabe = Eingabe(found.name, found.anschrift, found.email, found.text, found.gegenstand, found.ost, found.nord)
    return _form(offen, eingabe, {}, secret=secret, own=found)


@bp.post("/beteiligung/stellungnahme/<secret>/berichtigen")
def correct_now(secret: str) -> Response | BaseResponse:
    found, offen, bekannt = _to_correct(secret)
    eingabe = read_eingabe(bekannt, email=found.email)
    if (placed := clicked(offen.plan.umriss)) is not None:
        return _form(offen, placed(eingabe), {}, secret=secret, own=found, at="ort")
    faults = faults_of(bekannt, eingabe)
    without = [int(each) for each in request.form.getlist("ohne") if each.isdecimal() and len(each) < 18]
    if faults:
        return _form(offen, eingabe, faults, secret=secret, own=found)
    takes_files = bekannt.mit_anlagen
    try:
        stellungnahmen.correct(
            room().engine, secret, eingabe, without, lambda: _screened() if takes_files else [], origin(), room().now()
        )
    except Refused as fault:
        return _form(offen, eingabe, {"dateien": str(fault)}, secret=secret, own=found)
    except TooOften as fault:
        told, status = {"zeichen": _too_often(fault)}, HTTPStatus.TOO_MANY_REQUESTS
        return _form(offen, eingabe, told, secret=secret, own=found, status=status)
    return _back(secret)


@bp.post("/beteiligung/stellungnahme/<secret>/zurueckziehen")
def withdraw(secret: str) -> Response | BaseResponse:
    if request.form.get("wirklich") != "ja":
        return _own(secret, HTTPStatus.UNPROCESSABLE_ENTITY)
    stellungnahmen.withdraw(room().engine, secret, room().now())
    return _back(secret)


@bp.get("/beteiligung/stellungnahme/<secret>/eingang.pdf")
def receipt(secret: str) -> Response:
    found, bekannt, plan = _of(secret)
    if found.state is Stand.UNBESTAETIGT:
        raise NoStatement
    page = render_template("beteiligung/eingang.html", own=found, **_about(bekannt, plan))
    response = pdf(page, "print.css", f"stellungnahme-{found.nummer}")
    response.headers.update(_NOT_TOLD)
    return response


@bp.get("/beteiligung/stellungnahme/<secret>/anlage/<int:number>")
def file(secret: str, number: int) -> Response:
    return attached(stellungnahmen.anlage(room().engine, secret, number, room().now()))


def attached(datei: attachments.Datei) -> Response:
    """A stranger's file, to save and never to show (ASVS 3.2.1)."""
    response = Response(datei.content, mimetype=datei.media_type)
    response.headers.update(_NOT_TOLD)
    response.headers.set("Content-Disposition", "attachment", filename=datei.name)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _open(plan_id: UUID) -> Offen:
    """Raises NotPublished where nothing can be written, ClosedToday where it no longer or not yet can be."""
    offen = of_plan(plan_id)
    if offen.bekannt is None or not offen.bekannt.online or portal().settings.smtp is None:
        raise NotPublished
    if not offen.is_online:
        raise ClosedToday
    return offen


def _require_our_page() -> None:
    """The form's own sign says that we made it; this, that the browser knows so too."""
    require_own_origin(desk())


def _doubt(form: forms.Form, now: datetime) -> str | None:
    """Why it may be no human who has sent the form; who is one presses once more, and has lost nothing."""
    if form.is_stale(now):
        return either(
            "Die Seite war lange offen. Bitte drücken Sie noch einmal auf „Absenden“; Ihr Text ist noch da.",
            "The page was open for long. Please press “Send” once more; all that you wrote is still there.",
        )
    if form.is_hasty(now):
        return either(
            "Das ging sehr schnell. Bitte prüfen Sie Ihre Angaben und drücken Sie noch einmal auf „Absenden“.",
            "That was very quick. Please check what you wrote and press “Send” once more.",
        )
    if request.form.get("website"):  # people do not see the field, but programs that fill in forms for them may
        return either(
            "Ihr Browser hat ein verstecktes Feld ausgefüllt, das Maschinen fangen soll. Bitte drücken Sie noch einmal "
            "auf „Absenden“; Ihr Text ist noch da.",
            "Your browser has filled in a hidden field that is a trap for machines. Please press “Send” once more; all "
            "that you wrote is still there.",
        )
    return None


def _too_often(fault: TooOften) -> str:
    minutes = max(1, round(fault.seconds / 60))
    german, english = (
        (f"{minutes} Minuten", f"{minutes} minutes")
        if minutes < 120
        else (f"{round(minutes / 60)} Stunden", f"{round(minutes / 60)} hours")
    )
    return either(
        f"Von hier oder mit dieser Adresse kam in kurzer Zeit schon viel. Bitte in {german} wieder.",
        f"Much came from here or with this address in a short time. Please try again in {english}.",
    )


def _screened() -> list[attachments.Datei]:
    """The files of the request. Raises Refused."""
    return attachments.screen(files(), portal().settings.virus_scanner)


def _empty() -> Eingabe:
    return Eingabe("", "", "", "")


def _letters(plan: PublishedPlan | Betroffen, bekannt: Bekannt) -> StatementLetters:
    settings = portal().settings
    gemeinde = plan.gemeinde or plan.ags
    return StatementLetters(settings.public_url, settings.host_name, plan.name, gemeinde, bekannt.ende, bekannt.art)


def _of(secret: str) -> tuple[Stellungnahme, Bekannt, Betroffen]:
    """Also while the plan is not public: what was written stays its writer's. Raises NoStatement."""
    return stellungnahmen.of_link(room().engine, secret, room().now())


def _to_correct(secret: str) -> tuple[Stellungnahme, Offen, Bekannt]:
    """Raises NoStatement, TooLate."""
    found, bekannt, plan = _of(secret)
    if not plan.is_public or not stellungnahmen.may_change(found, bekannt, portal().today()):
        raise TooLate
    return found, of_plan(plan.id, bekannt.id), bekannt


def _own(secret: str, status: int = HTTPStatus.OK) -> Response:
    """What somebody has written, with what can still be done; a status of a fault: the box was not ticked."""
    found, bekannt, plan = _of(secret)
    page = render_template(
        "beteiligung/eigene.html",
        secret=secret,
        own=found,
        unsure=status != HTTPStatus.OK,
        may_change=stellungnahmen.may_change(found, bekannt, portal().today()),
        Stand=Stand,
        **_about(bekannt, plan),
    )
    return _private(page, status)


def _about(bekannt: Bekannt, plan: Betroffen) -> dict[str, object]:
    return {"plan": plan, "bekannt": bekannt, "kontakt": portal().config.gemeinden.get(plan.ags)}


def _form(
    offen: Offen,
    eingabe: Eingabe,
    faults: Mapping[str, str],
    *,
    token: str | None = None,
    secret: str | None = None,
    own: Stellungnahme | None = None,
    at: str = "",
    status: int | None = None,
) -> Response:
    assert offen.bekannt is not None  # noqa: S101 - whoever calls has seen to it
    if secret is None and token is None:
        token = forms.new(stellungnahmen.form_key(room().engine), offen.bekannt.id, room().now())
    west, south, side = map_box(offen.plan.umriss)
    page = render_template(
        "beteiligung/schreiben.html",
        eingabe=eingabe,
        faults=faults,
        token=token,
        secret=secret,
        own=own,
        at=at,
        box=(west, south, side),
        map_side=MAP_SIDE,
        stored_crs=STORED.uri,
        max_files=attachments.MOST,
        max_size=words.file_size(attachments.MAX_SIZE),
        max_text=MAX_TEXT,
        **words_of(offen),
    )
    return _private(page, status or (HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK))


def _sent(offen: Offen, *, late: bool) -> Response:
    return _private(render_template("beteiligung/abgeschickt.html", late=late, **words_of(offen)))


def _closed(error: Exception) -> Response:
    status = HTTPStatus.GONE if isinstance(error, NoStatement) else HTTPStatus.CONFLICT
    return _private(render_template("beteiligung/geschlossen.html", kind=type(error).__name__), status)


def _back(secret: str) -> BaseResponse:
    response = redirect(url_for("stellungnahme.show", secret=secret), HTTPStatus.SEE_OTHER)
    response.headers.update(_NOT_TOLD)
    return response


def _private(page: str, status: int = HTTPStatus.OK) -> Response:
    response = make_response(page, status)
    response.headers.update(_NOT_TOLD)
    return response

"""The one table of what can go wrong: exception -> status and friendly words. No page ever shows a traceback."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Flask, Response, g, make_response, render_template, request
from psycopg.errors import DiskFull, InvalidSchemaName, UndefinedTable
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from geoportal import operations, workflow
from geoportal.accounts.attempts import TooOften
from geoportal.accounts.managing import OwnAccount
from geoportal.accounts.passwords import Busy
from geoportal.accounts.roles import NotAllowed
from geoportal.archive import is_full
from geoportal.bucket import StoreError
from geoportal.database import is_migrated
from geoportal.editing.examining import ExaminersBusy
from geoportal.ogc.problems import Unavailable
from geoportal.paper import PaperBusy, PaperFailed
from geoportal.participation import beteiligungen
from geoportal.participation import states as beteiligung_states
from geoportal.states import IllegalTransition
from geoportal.web.desk.access import NoPrivacy, NotOurPage, NotSignedIn, StaleForm, kept_form
from geoportal.web.errors import Crowded, FileAway, InvalidQuery, LinkEnded, NotPublished
from geoportal.web.language import language
from geoportal.web.portal import portal


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, and what to do. In English too (title, text) where others than planners may meet it."""

    title: str
    text: str
    english: tuple[str, str] | None = None


_RETRY_AFTER = 30  # seconds
_NOT_THERE = (UndefinedTable, InvalidSchemaName)  # or not yet, and perhaps a moment later

_INVALID = Problem(
    "Diese Angabe verstehen wir nicht",
    "In der Adresse steht ein Wert, den es nicht gibt.",
    ("We do not understand this", "The address has a value that there is not."),
)
_NOT_FOUND = Problem(
    "Diese Seite gibt es nicht",
    "Unter dieser Adresse ist nichts veröffentlicht. Vielleicht ist die Adresse unvollständig, oder ein Plan wurde "
    "zurückgezogen.",
    (
        "There is no such page",
        "Nothing is published at this address. Perhaps the address is not complete, or a plan was withdrawn.",
    ),
)
_NOT_HERE = Problem(
    "Das gibt es hier nicht",
    "Vielleicht ist die Adresse unvollständig, oder Ihr Konto hat mit dieser Gemeinde nichts zu tun.",
)
_UNAVAILABLE = Problem(
    "Im Augenblick nicht erreichbar",
    "Die Daten lassen sich gerade nicht abrufen. Bitte versuchen Sie es in einer halben Minute noch einmal.",
    ("Not available at the moment", "The data cannot be had at the moment. Please try again in half a minute."),
)
FAULT = Problem(
    "Das hat nicht geklappt",
    "Beim Erstellen der Seite ist ein Fehler aufgetreten. Wir haben ihn aufgezeichnet.",
    ("That did not work", "Something went wrong while this page was made. We have written it down."),
)

FULL = Problem(
    "Dafür ist im Augenblick kein Platz",
    "Der Speicher des Portals ist voll. Es ist nichts halb angekommen. Bitte versuchen Sie es später noch einmal. / "
    "The portal's storage is full; nothing has arrived in part, please try again later.",
)

_FILES_AWAY = Problem(
    "Der Speicher für Dateien antwortet gerade nicht",
    "Es ist nichts halb angekommen und nichts verloren. Bitte versuchen Sie es in einer halben Minute noch einmal. / "
    "The portal's store of files does not answer; nothing has arrived in part or is lost, please try again soon.",
)

PROBLEMS: dict[type[Exception], tuple[int, Problem]] = {
    InvalidQuery: (400, _INVALID),
    NotPublished: (404, _NOT_FOUND),
    LinkEnded: (
        410,
        Problem(
            "Dieser Link gilt nicht mehr",
            "Ein Link zu einem Prüfbericht gilt 30 Tage. Er endet früher, wenn die Lieferung verworfen, ein Plan "
            "daraus zurückgezogen oder dem Konto, das ihn gemacht hat, der Zugang genommen wurde. Bitte lassen Sie "
            "sich von der Gemeinde einen neuen geben.",
            (
                "This link has ended",
                "A link to a report is good for 30 days. It ends earlier when the delivery is discarded, a plan of it "
                "is withdrawn, or the account that made it lost its access. Please ask the municipality for a new one.",
            ),
        ),
    ),
    OperationalError: (503, _UNAVAILABLE),
    InterfaceError: (503, _UNAVAILABLE),
    FileAway: (503, _UNAVAILABLE),
    StoreError: (503, _FILES_AWAY),
    Crowded: (503, _UNAVAILABLE),
    Unavailable: (503, _UNAVAILABLE),
    PaperFailed: (503, _UNAVAILABLE),
    PaperBusy: (
        503,
        Problem(
            "Gerade wird viel gedruckt",
            "Das PDF ließ sich nicht rechtzeitig erstellen. Bitte gleich noch einmal.",
            ("Much is being printed just now", "The PDF could not be made in time. Please try again in a moment."),
        ),
    ),
    PoolExhausted: (503, _UNAVAILABLE),
    NotSignedIn: (
        401,
        Problem("Bitte melden Sie sich an", "Ihre Sitzung ist beendet, oder Sie waren noch nicht angemeldet."),
    ),
    NotAllowed: (
        403,
        Problem("Das dürfen Sie hier nicht", "Ihr Konto hat für diese Gemeinde oder diesen Schritt kein Recht."),
    ),
    StaleForm: (
        403,
        Problem("Bitte senden Sie noch einmal", "Seit Sie diese Seite geöffnet haben, wurde neu angemeldet."),
    ),
    NotOurPage: (
        403,
        Problem(
            "Diese Eingabe kam nicht von unserer Seite",
            "Bitte laden Sie die Seite neu und versuchen Sie es noch einmal. Vielleicht ist Ihre Sitzung beendet.",
            (
                "This did not come from our page",
                "Please load the page anew and try again. Your session may have ended.",
            ),
        ),
    ),
    NoPrivacy: (
        403,
        Problem("Anmelden geht nur über https", "Auf einem unverschlüsselten Weg könnte jemand Ihr Passwort mitlesen."),
    ),
    TooOften: (
        429,
        Problem("Zu viele Versuche", "Nach zehn Fehlversuchen ist eine Viertelstunde Pause. Danach geht es weiter."),
    ),
    Busy: (503, _UNAVAILABLE),
    ExaminersBusy: (503, _UNAVAILABLE),
    OwnAccount: (
        403,
        Problem("Nicht am eigenen Konto", "Die eigenen Rollen und die eigene Sperre ändert jemand anderes vom Kreis."),
    ),
    workflow.TooMuch: (
        413,
        Problem(
            "Das ist zu viel",
            "Die Datei hat mehr als 500 MB oder mehr, als vom Kontingent der Gemeinde für 30 Tage übrig ist; oder Ihr "
            f"Konto hat in 30 Tagen {workflow.MAX_DELIVERIES} Dateien geliefert.",
        ),
    ),
    operations.NotFound: (404, _NOT_FOUND),
    IllegalTransition: (
        409,
        Problem(
            "Das geht nicht mehr",
            "Die Lieferung steht inzwischen anders da; vielleicht war jemand schneller. Bitte laden Sie die Seite neu.",
        ),
    ),
    workflow.Changed: (
        409,
        Problem("Die Lieferung hat sich geändert", "Sie ist nicht mehr, was Sie angesehen haben. Bitte laden Sie neu."),
    ),
    workflow.NewerIsPublic: (
        409,
        Problem(
            "Eine neuere Fassung ist schon öffentlich",
            "Diese ältere würde sie überschreiben. Ist das gewollt, stellen Sie die Fassung am Plan wieder her.",
        ),
    ),
    workflow.FourEyes: (
        403,
        Problem(
            "Hier gilt die Vier-Augen-Regel",
            "Was Sie selbst geliefert oder zur Freigabe gegeben haben, veröffentlicht jemand anderes.",
        ),
    ),
    workflow.NothingToPublish: (
        409,
        Problem(
            "Kein Plan ist veröffentlichbar",
            "Es fehlt Geltungsbereich, Name, Gemeinde oder Planart; oder alle Pläne sind unverändert.",
        ),
    ),
    workflow.Tampered: (
        409,
        Problem(
            "Eine Datei ist nicht mehr, was geprüft wurde",
            "Nichts wurde veröffentlicht. Bitte verständigen Sie den Betrieb.",
        ),
    ),
    beteiligung_states.IllegalStep: (
        409,
        Problem("Das geht nicht mehr", "Die Beteiligung steht inzwischen anders da. Bitte laden Sie die Seite neu."),
    ),
    beteiligungen.Changed: (
        409,
        Problem(
            "Jemand war schneller",
            "Seit Sie die Seite geöffnet haben, hat jemand etwas geändert. Bitte laden Sie neu und sehen Sie nach.",
        ),
    ),
    beteiligungen.NotAnnounceable: (
        409,
        Problem(
            "So geht es noch nicht",
            "Die Frist ist nicht, wie das Gesetz sie will, der Plan ist nicht öffentlich, oder es ist zu früh dafür.",
        ),
    ),
    beteiligungen.HinweisMissing: (
        422,
        Problem("Bitte schreiben Sie einen Satz dazu", "Wer sich beteiligt, soll wissen, warum sich die Frist ändert."),
    ),
    beteiligungen.Unsettled: (
        409,
        Problem(
            "Es sind noch Stellungnahmen offen",
            "Zu jeder gehört ein Ergebnis, und keine darf auf ihre Bestätigung oder den Brief dazu warten.",
        ),
    ),
    beteiligungen.Overlaps: (
        409,
        Problem(
            "Dann läuft schon eine Beteiligung", "Zu einem Plan läuft für dieselben Leute nur eine zur selben Zeit."
        ),
    ),
    operations.NotMergeable: (
        409,
        Problem(
            "Das sind nicht zwei Adressen eines Plans",
            "Beide müssen noch für sich stehen und zur selben Gemeinde gehören. Bitte laden Sie die Seite neu.",
        ),
    ),
    workflow.ReasonMissing: (
        422,
        Problem("Bitte geben Sie einen Grund an", "Er steht im Protokoll und hilft allen, die später nachsehen."),
    ),
}

_BY_STATUS = {
    404: _NOT_FOUND,
    405: Problem(
        "Das geht hier nicht",
        "Diese Adresse kann man nur ansehen.",
        ("That cannot be done here", "This address can only be looked at."),
    ),
}


def problem_of(error: Exception, problems: Mapping[type[Exception], tuple[int, Problem]]) -> tuple[int, Problem] | None:
    """Status and words for what the table knows, for a disk that is full (ours, or that of the database), and for a
    database that has not all yet: the Gemeinden are still to be loaded, or a restored backup is still to be migrated.
    """
    no_room = is_full(error) or (isinstance(error, DBAPIError) and isinstance(error.orig, DiskFull))
    if no_room:  # who only reads has brought nothing that there could be no room for
        return (503, _UNAVAILABLE) if request.method in {"GET", "HEAD"} else (507, FULL)
    if isinstance(error, ProgrammingError) and (isinstance(error.orig, _NOT_THERE) or not _is_migrated()):
        return 503, _UNAVAILABLE
    return next((entry for kind, entry in problems.items() if isinstance(error, kind)), None)


def _is_migrated() -> bool:
    try:
        return is_migrated(portal().settings.require_read_url())
    except OperationalError:  # and gone meanwhile
        return False


def register(app: Flask) -> None:
    """After this, whatever a page raises becomes a friendly page with the right status."""

    def known(error: Exception) -> Response:
        status, problem = problem_of(error, PROBLEMS) or (500, FAULT)
        if problem is _NOT_FOUND and g.get("principal") is not None:
            problem = _NOT_HERE
        if status >= 500:
            # what a store of files says is for operators, and names nobody
            told = str(error) if isinstance(error, StoreError) else type(error).__name__
            app.logger.warning("not available: %s", told)
        kept = kept_form() if isinstance(error, NotSignedIn | StaleForm) else []
        response = _page(status, problem, str(error) if status == 400 else "", kept)
        if isinstance(error, TooOften):
            response.headers["Retry-After"] = str(error.seconds)
        return response

    def http(error: HTTPException) -> Response | HTTPException:
        status = error.code or 500
        if status < 400:  # a redirect to the address with its slash
            return error
        response = _page(status, _BY_STATUS.get(status, FAULT if status >= 500 else _INVALID))
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.allow.update(error.valid_methods)
        return response

    def unforeseen(error: Exception) -> Response:
        app.logger.error("a page failed", exc_info=error)
        return _page(*(problem_of(error, {}) or (500, FAULT)))

    for exception in PROBLEMS:
        app.register_error_handler(exception, known)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(Exception, unforeseen)


def _page(status: int, problem: Problem, detail: str = "", kept: Sequence[tuple[str, str]] = ()) -> Response:
    title, said = problem.english if problem.english and language() == "en" else (problem.title, problem.text)
    page = render_template("problem.html", status=status, title=title, said=said, detail=detail, kept=kept)
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    if status in {503, 507}:
        response.headers["Retry-After"] = str(_RETRY_AFTER)
    return response

"""The report of a delivery as text for a terminal: German first, what was read, what was not understood and where."""

from collections.abc import Iterator

from geoportal.operations import Delivery
from geoportal.states import State
from geoportal.uploads import Upload
from plans_ingest import messages
from plans_ingest.checks import rules
from plans_ingest.model import Issue, Severity

_WORDS = {Severity.ERROR: "FEHLER", Severity.WARNING: "Warnung", Severity.INFO: "Hinweis"}
_ORDER = list(_WORDS)
_PLACES = 5

_STEPS = {"waiting": "wartet", "reading": "wird gelesen", "saving": "wird gespeichert", "done": ""}
_STATES = {
    State.RECEIVED: "angenommen",
    State.CHECKING: "in Arbeit",
    State.CHECKED: "aufgenommen, nicht veröffentlichbar",
    State.FAILED: "gescheitert",
    State.PUBLISHED: "veröffentlicht",
    State.WITHDRAWN: "zurückgenommen",
}


def upload_line(upload: Upload) -> str:
    """Number, arrival, file, state; while it lasts also the step and how far, and what went wrong."""
    step = "" if not upload.is_unread else f" ({_STEPS[upload.step]}, {upload.percent} %)"
    fault = f": {upload.fault}" if upload.fault else ""
    return f"{upload.id}  {upload.received_at:%d.%m.%Y %H:%M}  {upload.filename}: {_STATES[upload.state]}{step}{fault}"


def lines(delivery: Delivery, *, every_place: bool) -> Iterator[str]:
    """One line of figures, one per plan, then the findings grouped by kind, errors first."""
    report = delivery.report
    version = f" {report.xplan_version}" if report.xplan_version else ""
    yield (
        f"{report.file}: {report.format}{version}, {len(delivery.outcomes)} Pläne, {report.objekte} Objekte, "
        f"{report.geometrien} Geometrien, davon {report.mended} repariert"
    )
    for outcome in delivery.outcomes:
        if outcome.version is None:
            state = "lesbar und veröffentlichbar" if outcome.is_published else "lesbar, nicht veröffentlichbar"
        elif not outcome.is_new:
            state = f"unverändert, Version {outcome.version}"
        else:
            state = f"Version {outcome.version} {'veröffentlicht' if outcome.is_published else 'nicht veröffentlicht'}"
        reached = " ".join(outcome.levels)
        yield f"  {outcome.name or '(ohne Namen)'}: {state}, Stufen {reached or '–'} [/plan/{outcome.id}]"
        for other in outcome.similar:
            yield f"    ? Ist das derselbe Plan wie /plan/{other} unter neuem Namen? Dann:"
            yield f"      geoportal merge {outcome.id} {other}"
    for name in delivery.ended.values():
        yield f"  {name}: nicht in der vollständigen Lieferung, beendet"
    groups: dict[tuple[int, str, str], list[Issue]] = {}
    for issue in report.issues:
        key = (_ORDER.index(issue.severity), rules.number_of(issue) or "~", issue.code)
        groups.setdefault(key, []).append(issue)
    for (_, number, code), issues in sorted(groups.items(), key=lambda item: item[0]):
        yield from _group(number, code, issues, every_place=every_place)


def _group(number: str, code: str, issues: list[Issue], *, every_place: bool) -> Iterator[str]:
    sentences = {messages.german(issue) for issue in issues}
    rule = f"{number} " if number != "~" else ""
    said = f": {sentences.pop()}" if len(sentences) == 1 else ""
    yield f"  {_WORDS[issues[0].severity]} {rule}{code}{said}" + (f" ({len(issues)} ×)" if len(issues) > 1 else "")
    yield f"    → {messages.TEXTS[code].mend}"
    shown = issues if every_place else issues[:_PLACES]
    for issue in shown:
        yield f"    - {issue.where}" + ("" if said else f": {messages.german(issue)}")
    if len(issues) > len(shown):
        yield f"    - … und {len(issues) - len(shown)} weitere Stellen (--verbose zeigt alle)"

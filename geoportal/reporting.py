"""The report of a delivery as text for a terminal: German first, what was read, what was not understood and where."""

from collections.abc import Iterator

from geoportal.operations import Delivery
from plans_ingest import messages
from plans_ingest.model import Issue, Severity

_WORDS = {Severity.ERROR: "FEHLER", Severity.WARNING: "Warnung", Severity.INFO: "Hinweis"}
_ORDER = list(_WORDS)
_PLACES = 5


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
        yield f"  {outcome.name or '(ohne Namen)'}: {state} [/plan/{outcome.id}]"
        for other in outcome.similar:
            yield f"    ? Ist das derselbe Plan wie /plan/{other} unter neuem Namen? Dann:"
            yield f"      geoportal merge {outcome.id} {other}"
    for name in delivery.ended.values():
        yield f"  {name}: nicht in der vollständigen Lieferung, beendet"
    groups: dict[tuple[int, str, str], list[Issue]] = {}
    for issue in report.issues:
        key = (_ORDER.index(issue.severity), issue.code, messages.german(issue))
        groups.setdefault(key, []).append(issue)
    for (_, code, sentence), issues in sorted(groups.items(), key=lambda item: item[0]):
        yield f"  {_WORDS[issues[0].severity]} {code}: {sentence}" + (f" ({len(issues)} ×)" if len(issues) > 1 else "")
        yield f"    → {messages.TEXTS[code].mend}"
        shown = issues if every_place else issues[:_PLACES]
        yield from (f"    - {issue.where}" for issue in shown)
        if len(issues) > len(shown):
            yield f"    - … und {len(issues) - len(shown)} weitere Stellen (--verbose zeigt alle)"

"""The report as one HTML file: German, printable, usable without script, without any other file or host."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

from plans_ingest import messages
from plans_ingest.checks import rules
from plans_ingest.model import Batch, Issue, Json, Level, Plan, Severity
from plans_ingest.reports.document import in_order
from plans_ingest.reports.drawing import drawing

_MAX_ROWS: Final = 5_000
_WORDS: Final = {Severity.ERROR: "Fehler", Severity.WARNING: "Warnung", Severity.INFO: "Hinweis"}
_LEVELS: Final = {
    Level.READABLE: "lesbar",
    Level.PUBLISHABLE: "veröffentlichbar",
    Level.SCHEMA_VALID: "schemakonform",
    Level.RULES_PASSED: "Regeln eingehalten",
}
_STYLE: Final = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; background: #fff; margin: 0 auto; max-width: 64rem;
  padding: 1rem 1.5rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { border: 1px solid #999; padding: .3rem .5rem; text-align: left; vertical-align: top; }
th { background: #eee; } td { overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; }
.error { --farbe: #a50000; } .warning { --farbe: #8a4b00; } .info { --farbe: #00508c; }
.wort { color: var(--farbe); font-weight: 700; }
svg { width: 100%; height: auto; border: 1px solid #999; background: #fff; }
svg .objekt { fill: #e6e6e6; fill-opacity: .6; stroke: #b5b5b5; stroke-width: .5; fill-rule: evenodd; }
svg .umring { fill: none; stroke: #1b1b1b; stroke-width: 2; stroke-dasharray: 8 3; }
svg a path, svg a circle { fill: var(--farbe); fill-opacity: .35; fill-rule: evenodd; stroke: var(--farbe);
  stroke-width: 1.5; }
svg a circle { fill: none; } svg a text { font-size: 13px; font-weight: 700; fill: var(--farbe); stroke: #fff;
  stroke-width: 3; paint-order: stroke; }
a:focus-visible, tr:target { outline: 3px solid #00508c; }
.mend { color: #444; }
@media print { body { max-width: none; font-size: 11pt; } tr, svg { break-inside: avoid; } thead {
  display: table-header-group; } }
"""


def page(batch: Batch, found: Mapping[str, Json]) -> str:
    """`found` is the report's document(), whose figures the page shows."""
    numbered = list(enumerate(in_order(batch.report.issues), start=1))
    title = f"Prüfbericht {batch.report.file}"
    body = [f"<h1>{escape(title)}</h1>", _figures(batch)]
    for plan in batch.plans:
        body.extend(_plan(plan, batch.report.levels.get(str(plan.id), ""), numbered, alone=len(batch.plans) == 1))
    body.append(_table(numbered))
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="de"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f'<meta name="generator" content="Geoportal, Bericht {escape(str(found["version"]))}">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>",
            *body,
            "</main></body></html>\n",
        )
    )


def _figures(batch: Batch) -> str:
    report = batch.report
    version = f"{report.format} {report.xplan_version or ''}".strip()
    schema = report.schema or "amtliches Schema lag nicht vor; geprüft nach den amtlichen Tabellen"
    counts = ", ".join(f"{report.count(severity)} × {word}" for severity, word in _WORDS.items())
    rows = (
        ("Datei", report.file),
        ("Format", version),
        ("Schema", schema),
        ("Inhalt", f"{len(batch.plans)} Pläne, {report.objekte} Objekte, {report.geometrien} Geometrien"),
        ("Repariert", f"{report.mended} Geometrien (die Originale sind aufbewahrt)"),
        ("Befunde", counts),
    )
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows) + "</dl>"


def _plan(plan: Plan, reached: str, numbered: Sequence[tuple[int, Issue]], *, alone: bool) -> Iterator[str]:
    own = [(number, issue) for number, issue in numbered if alone or issue.plan == plan.gml_id]
    yield f"<h2>{escape(plan.name or 'Plan ohne Namen')}</h2>"
    marks = "".join(
        f"<tr><th scope=row>{level.value}</th><td>{word}</td><td>{'ja' if level.value in reached else 'nein'}</td></tr>"
        for level, word in _LEVELS.items()
    )
    yield (
        "<table><caption>Stufen</caption><thead><tr><th scope=col>Stufe</th><th scope=col>Bedeutung</th>"
        f"<th scope=col>erreicht</th></tr></thead><tbody>{marks}</tbody></table>"
    )
    picture = drawing(plan, own)
    if picture:
        yield f"<h3>Karte</h3>{picture}"
        yield "<p>Gestrichelt: Geltungsbereich. Grau: Objekte. Nummern: Befunde der Tabelle.</p>"


def _table(numbered: Sequence[tuple[int, Issue]]) -> str:
    if not numbered:
        return "<h2>Befunde</h2><p>Keine.</p>"
    rows = "".join(_row(number, issue) for number, issue in numbered[:_MAX_ROWS])
    left = len(numbered) - _MAX_ROWS
    more = f"<p>… und {left} weitere Befunde, siehe JSON und GeoPackage.</p>" if left > 0 else ""
    return (
        "<h2>Befunde</h2><table><caption>Nach Schwere, Regel und Zeile</caption><thead><tr><th scope=col>Nr.</th>"
        "<th scope=col>Schwere</th><th scope=col>Regel</th><th scope=col>Befund und Abhilfe</th>"
        f"<th scope=col>Ort</th></tr></thead><tbody>{rows}</tbody></table>{more}"
    )


def _row(number: int, issue: Issue) -> str:
    rule = rules.number_of(issue) or rules.basis_of(issue)
    mend = messages.TEXTS[issue.code].mend
    return (
        f'<tr id="b{number}" class="{issue.severity.value}"><th scope=row>{number}</th>'
        f"<td class=wort>{_WORDS[issue.severity]}</td><td>{escape(rule)}<br><code>{escape(issue.code)}</code></td>"
        f"<td>{escape(messages.german(issue))}<br><span class=mend>{escape(mend)}</span></td>"
        f"<td>{escape(str(issue.where))}</td></tr>"
    )

"""Writes docs/pruefregeln.md and docs/befunde.md from the rules and messages themselves: `write_rule_docs.py FOLDER`.

A test holds the files in docs/ against what this script writes.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from plans_ingest import messages
from plans_ingest.checks import rules
from plans_ingest.checks.rule import Number

_SEVERITY = {"error": "Fehler", "warning": "Warnung", "info": "Hinweis"}
_RULES_HEAD = """\
# Prüfregeln

Diese Tabelle entsteht aus den Regeln im Programm (`scripts/write_rule_docs.py docs`); niemand ändert sie von Hand.

Keine Regel verhindert die Veröffentlichung außer Stufe B (Geltungsbereich, Name, AGS, Planart). Die Stufen eines Plans:
**A** lesbar, **B** veröffentlichbar, **C** schemakonform, **D** Regeln eingehalten. Stufe C prüft das amtliche Schema
(Ordner `XPLAN_SCHEMAS`), ohne ihn unsere Tabellen der amtlichen Attribute und Codelisten. „Bricht“ sagt, ob ein Befund
die Stufe kostet; ein Fehler tut es immer.

Nummern sind die der Konformitätsbedingungen von XPlanung; wo dort BP, FP und SO verschieden zählen, stehen alle. Regeln
ohne Nummer nennen ihre Grundlage. Toleranz aller Geometrieregeln: 2 mm.

| Nummer | Code | Stufe | Schwere | bricht | Regel | Abhilfe |
|---|---|---|---|---|---|---|
"""
_READER_HEAD = """
## Was schon beim Lesen auffällt

Diese Befunde meldet das Einlesen; sie zählen zu denselben Regeln. Repariert zu haben macht die Lieferung nicht richtig.

| Nummer | Code | Stufe | bricht | Befund |
|---|---|---|---|---|
"""
_FINDINGS_HEAD = """\
# Befunde

Jeder Befund eines Berichts trägt einen dieser Codes. Diese Tabelle entsteht aus dem Programm
(`scripts/write_rule_docs.py docs`); niemand ändert sie von Hand. „…“ steht für die Einzelheit der Fundstelle.

| Code | Bedeutung | In English | Abhilfe |
|---|---|---|---|
"""


def rule_table() -> str:
    rows = sorted(rules.RULES.values(), key=lambda rule: (rule.level.value, _key(rule.number), rule.code))
    lines = (
        f"| {_number(rule.number) or rule.basis} | `{rule.code}` | {rule.level.value} | {_SEVERITY[rule.severity]} "
        f"| {_yes(value=rule.breaks)} | {_cell(rule.german)} | {_cell(rule.mend)} |"
        for rule in rows
    )
    told = (
        f"| {_number(told.number)} | `{code}` | {told.level.value} | {_yes(value=told.breaks)} "
        f"| {_cell(messages.TEXTS[code].german)} |"
        for code, told in sorted(rules.READER.items(), key=lambda item: (_key(item[1].number), item[0]))
    )
    return _RULES_HEAD + "\n".join(lines) + "\n" + _READER_HEAD + "\n".join(told) + "\n"


def finding_table() -> str:
    lines = (
        f"| `{code}` | {_cell(text.german)} | {_cell(text.english)} | {_cell(text.mend)} |"
        for code, text in sorted(messages.TEXTS.items())
    )
    return _FINDINGS_HEAD + "\n".join(lines) + "\n"


def _number(number: Number) -> str:
    if number is None or isinstance(number, str):
        return number or ""
    prefixes = [f"{key} {value}" for key, value in number.items() if len(key) == len("BP")]
    if prefixes:
        classes = {value for key, value in number.items() if len(key) > len("BP")}
        return ", ".join((*prefixes, *sorted(classes, key=_key)))
    return "je nach Verweis " + ", ".join(sorted(set(number.values()), key=_key))


def _key(number: Number) -> tuple[int, ...]:
    first = next(_numbers(number), "")
    return tuple(int(part) for part in first.split(".")) if first else (99,)


def _numbers(number: Number) -> Iterator[str]:
    if isinstance(number, str):
        yield number
    elif number is not None:
        yield from number.values()


def _yes(*, value: bool) -> str:
    return "ja" if value else "nein"


def _cell(text: str) -> str:
    return text.replace("{detail!r}", "…").replace("{detail}", "…").replace("|", "\\|")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "pruefregeln.md").write_text(rule_table(), "utf-8")
    (folder / "befunde.md").write_text(finding_table(), "utf-8")

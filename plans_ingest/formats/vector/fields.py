"""One row of a table as one plan: texts, codes, dates, documents. A word that nobody explained stays a word, told."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase
from typing import Any, Final

from plans_ingest import codelists, profiles, spellings
from plans_ingest.codelists import ExterneReferenzTyp
from plans_ingest.formats.records import Record
from plans_ingest.gemeinden import all_gemeinden
from plans_ingest.model import (
    Dokument,
    GemeindeRef,
    Issue,
    Json,
    Plan,
    Planbezug,
    Planwerk,
    Severity,
    Zeitraum,
)
from plans_ingest.profiles.model import Profile
from plans_ingest.spellings import read_ags

_DATES: Final = (
    "aufstellungsbeschluss_datum", "entwurfsbeschluss_datum", "satzungsbeschluss_datum", "planbeschluss_datum",
    "genehmigungs_datum", "rechtsverordnungs_datum", "ausfertigungs_datum", "inkrafttretens_datum",
    "wirksamkeits_datum", "untergangs_datum", "aenderungen_bis_datum", "techn_herstell_datum",
)  # fmt: skip
_GERMAN_DATE: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_EXCEL_EPOCH: Final = date(1899, 12, 30)  # day 0 of a workbook, since 1900 is wrongly a leap year there
_EXCEL_DAYS: Final = range(10_000, 100_000)  # 1927 to 2173: no year and no YYYYMMDD lies in it
_SCALE: Final = re.compile(r"(?:1\s*:\s*)?(\d{1,3}(?:[. ]?\d{3})*|\d+)")


@dataclass(frozen=True, slots=True)
class Row:
    """A record seen through a profile. Taking a field takes its column from what is left of the record."""

    record: Record
    profile: Profile
    planwerk: Planwerk  # of rows that do not say theirs
    issues: list[Issue]

    def _columns(self, feld: str) -> Iterator[str]:
        for name in list(self.record.values):
            column = profiles.column_of(self.profile, name)
            if column is not None and column.feld == feld:
                yield name

    def has(self, feld: str) -> bool:
        return any(self._columns(feld))

    def raw(self, feld: str) -> Json:
        return next((self.record.one(name) for name in self._columns(feld)), None)

    def take(self, feld: str) -> str | None:
        """The value as text; the first column of that meaning counts."""
        name = next(self._columns(feld), None)
        return None if name is None else as_text(self.record.take(name))

    def label(self, feld: str) -> str | None:
        """As take(), for what people call a thing; what cannot be one is told, and stays as it was in its column."""
        column = next(self._columns(feld), None)
        text = self.take(feld)
        if text is None or column is None:
            return None
        label, told = spellings.label(text)
        for code, number in told:
            self.tell(code, Severity.WARNING, f"{column} ({number})")
            self.record.values[column] = [text]
        return label

    def drop(self, feld: str) -> None:
        for name in list(self._columns(feld)):
            self.record.take(name)

    def documents(self) -> Iterator[tuple[int | None, str, bool]]:
        """(XP_ExterneReferenzTyp, file or URL, is it the georeferenced sheet) for each document of the row."""
        for name in list(self.record.values):
            column = profiles.column_of(self.profile, name)
            if column is None or (column.dokument is None and column.feld != "scan"):
                continue
            typ = ExterneReferenzTyp.RECHTSPLAN if column.feld == "scan" else column.dokument
            for part in (as_text(self.record.take(name)) or "").split(";"):
                if part.strip():
                    yield typ, part.strip(), column.feld == "scan"

    def tell(self, code: str, severity: Severity, detail: str = "") -> None:
        self.issues.append(Issue(code, severity, self.record.where, detail))


def plan(row: Row, name_from: str | None) -> Plan:
    """All that the row says except its outline. `name_from` is a name for a plan that has none, told."""
    planwerk = _planwerk(row)
    nummer, name = row.label("nummer"), row.label("name")
    if name_from is not None:
        row.tell("name_from_file", Severity.WARNING, name_from)
        name = name_from
    scale = _scale(row)
    planart, rechtsstand = _code(row, "planart", planwerk), _code(row, "rechtsstand", planwerk)
    aendert, kommentar = row.take("aendert"), row.take("kommentar")
    dates: dict[str, Any] = {feld: _date(row, feld) for feld in _DATES}
    return Plan(
        gml_id=nummer or name or f"Zeile {row.record.where.line}",
        planwerk=planwerk,
        xplan_version=profiles.VERSION,
        name=name,
        nummer=nummer,
        internal_id=row.label("internal_id"),
        beschreibung=row.take("beschreibung"),
        gemeinden=_gemeinden(row),
        planart=() if planart is None else (planart,),
        rechtsstand=rechtsstand,
        verfahren=_code(row, "verfahren", planwerk),
        auslegungen=_period(row, "auslegung"),
        traegerbeteiligungen=_period(row, "traegerbeteiligung"),
        erstellungsmassstab=scale,
        dokumente=tuple(_dokument(*found) for found in row.documents()),
        bezuege=() if aendert is None else (Planbezug("aendert", None, aendert),),
        attribute=_rest(row, kommentar),
        **dates,
    )


def as_text(value: Json) -> str | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool):
        value = "ja" if value else "nein"
    return None if value is None else str(value).strip() or None


def matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name.casefold(), pattern.casefold()) for pattern in patterns)


def parse_date(value: Json) -> date | None:
    """ISO, German, YYYYMMDD or a workbook's day number; nothing that could be read in two ways."""
    if isinstance(value, int | float) and not isinstance(value, bool) and int(value) in _EXCEL_DAYS:
        return _EXCEL_EPOCH + timedelta(days=int(value))
    text = (as_text(value) or "").replace("/", "-")
    german = _GERMAN_DATE.fullmatch(text)
    try:
        if german is not None:
            return date(int(german[3]), int(german[2]), int(german[1]))
        if len(text) == 8 and text.isdecimal():
            return date.fromisoformat(text)
        return date.fromisoformat(text[:10]) if len(text) == 10 or text[10:11] in {"T", " ", "Z"} else None
    except ValueError:
        return None


def _planwerk(row: Row) -> Planwerk:
    word = row.raw("planwerk")
    if word is None:
        return row.planwerk
    known = {planwerk.value: planwerk for planwerk in Planwerk}
    found = known.get((as_text(word) or "").upper())
    if found is None:
        row.tell("word_unknown", Severity.ERROR, f"planwerk = {str(word)[:80]!r}")
        return row.planwerk
    row.drop("planwerk")
    return found


def _code(row: Row, feld: str, planwerk: Planwerk) -> int | None:
    word = as_text(row.raw(feld))
    if word is None:
        return None
    code = profiles.code_of(row.profile, feld, planwerk, word)
    if code is None:
        row.tell("word_unknown", Severity.ERROR, f"{feld} = {word[:80]!r}")
        return None
    row.drop(feld)
    return code


def _date(row: Row, feld: str) -> date | None:
    value = row.raw(feld)
    found = None if value is None else parse_date(value)
    if value is not None and found is None:
        row.tell("value_mistyped", Severity.WARNING, f"{feld} = {str(value)[:80]!r}")
    elif found is not None:
        row.drop(feld)
    return found


def _period(row: Row, stem: str) -> tuple[Zeitraum, ...]:
    start, ende = _date(row, f"{stem}_start"), _date(row, f"{stem}_ende")
    return (Zeitraum(start, ende),) if start is not None or ende is not None else ()


def _scale(row: Row) -> int | None:
    word = as_text(row.raw("erstellungsmassstab"))
    if word is None:
        return None
    found = _SCALE.fullmatch(word[:40])
    number = 0 if found is None else int(re.sub(r"\D", "", found[1]))
    if not 0 < number < 2**31:
        row.tell("value_mistyped", Severity.WARNING, f"erstellungsmassstab = {word[:80]!r}")
        return None
    row.drop("erstellungsmassstab")
    return number


def _gemeinden(row: Row) -> tuple[GemeindeRef, ...]:
    """By AGS; a row that only names a Gemeinde of the Kreis gets its key from the official table, told."""
    key, name, ortsteil = row.take("ags"), row.label("gemeinde"), row.label("ortsteil")
    ags = None
    if key is not None:
        ags, code = read_ags(key)
        if code is not None:
            row.tell(code, Severity.ERROR if ags is None else Severity.WARNING, key[:80])
    elif name is not None:
        ags = next((item.ags for item in all_gemeinden() if item.name.casefold() == name.casefold()), None)
        if ags is not None:
            row.tell("gemeinde_by_name", Severity.INFO, f"{name} → {ags}")
    return (GemeindeRef(ags, name, ortsteil),) if ags or name or ortsteil else ()


def _dokument(typ: int | None, url: str, is_sheet: bool) -> Dokument:
    name = None if typ is None else codelists.label("XP_ExterneReferenzTyp", typ)
    return Dokument(typ=typ, name=name, url=url, art="PlanMitGeoreferenz" if is_sheet else None)


def _rest(row: Row, kommentar: str | None) -> dict[str, Json]:
    """What found no field of ours, by the sender's own column names."""
    rest = {name: values[0] for name, values in row.record.values.items() if not profiles.is_ignored(row.profile, name)}
    return rest if kommentar is None else {**rest, "kommentar": kommentar}

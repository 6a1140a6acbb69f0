"""The features of a document, put together to plans: who belongs to whom, and what the law calls it.

Versions differ in the names of links and in where a thing stands (domain.md 1.2); all of that is in the tables below.
"""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

import shapely

from plans_ingest import codelists, geometry
from plans_ingest.formats.placing import Placed
from plans_ingest.formats.records import Record
from plans_ingest.formats.xplangml.dokumente import dokumente_of
from plans_ingest.formats.xplangml.links import BEREICH_TO_OBJECT, BEREICH_TO_PLAN, OBJECT_TO_BEREICH, Links
from plans_ingest.formats.xplangml.values import parse_date, plain
from plans_ingest.model import (
    Bereich,
    GemeindeRef,
    Issue,
    Json,
    Plan,
    Planbezug,
    Planobjekt,
    Planwerk,
    Severity,
    Textabschnitt,
    Zeitraum,
)
from plans_ingest.spellings import MAX_LABEL, read_ags

_BEZUEGE: Final = (
    "aendert", "wurdeGeaendertVon", "aendertPlan", "wurdeGeaendertVonPlan", "aendertPlanBereich",
    "wurdeGeaendertVonPlanBereich", "verbundenerPlan",
)  # fmt: skip
DATES: Final = {
    "aufstellungsbeschluss_datum": "aufstellungsbeschlussDatum",
    "entwurfsbeschluss_datum": "entwurfsbeschlussDatum",
    "satzungsbeschluss_datum": "satzungsbeschlussDatum",
    "planbeschluss_datum": "planbeschlussDatum",
    "genehmigungs_datum": "genehmigungsDatum",
    "rechtsverordnungs_datum": "rechtsverordnungsDatum",
    "ausfertigungs_datum": "ausfertigungsDatum",
    "inkrafttretens_datum": "inkrafttretensDatum",
    "wirksamkeits_datum": "wirksamkeitsDatum",
    "untergangs_datum": "untergangsDatum",
    "aenderungen_bis_datum": "aenderungenBisDatum",
    "techn_herstell_datum": "technHerstellDatum",
}
_MOST_DIGITS: Final = 10  # a database holds no longer numbers
_PREFIXES: Final = {member.value: member for member in Planwerk}


def assemble(records: Sequence[Record], placed: Iterable[Placed], version: str, issues: list[Issue]) -> list[Plan]:
    """The Bebauungspläne and Flächennutzungspläne among the records, each with all that belongs to it."""
    return _Assembly(Links(records, placed, version, issues), version, issues).plans()


class _Assembly:
    def __init__(self, links: Links, version: str, issues: list[Issue]) -> None:
        self._links = links
        self._version = version
        self._issues = issues

    def plans(self) -> list[Plan]:
        plans = []
        for record in self._links.plans:
            if record.klasse.partition("_")[0] in _PREFIXES:
                plans.append(self._plan(record))
            else:
                lost = len(self._links.of(record, "objekt"))
                self._tell("planwerk_unsupported", Severity.WARNING, record, f"{record.klasse} ({lost})")
        return plans

    def _plan(self, record: Record) -> Plan:
        bereich_records = self._links.of(record, "bereich")
        texts, objects = self._links.of(record, "text"), self._links.of(record, "objekt")
        dokumente = dokumente_of([record, *bereich_records, *texts, *objects], self._links.by_id)
        bereich_of = self._links.bereich_of(record)
        rechtsstand = self._code(record, "rechtsstand")
        verfahren = self._code(record, "verfahren")
        for bereich in bereich_records:  # 6.0 moved it there for Bebauungspläne
            verfahren = verfahren if verfahren is not None else self._code(bereich, "verfahren", keep=True)
        return Plan(
            gml_id=record.gml_id,
            planwerk=_PREFIXES[record.klasse.partition("_")[0]],
            xplan_version=self._version,
            name=self._label(record, "name"),
            nummer=self._label(record, "nummer"),
            internal_id=self._label(record, "internalId"),
            beschreibung=_text(record.take("beschreibung")),
            gemeinden=self._gemeinden(record),
            planart=self._codes(record, "planArt"),
            rechtsstand=rechtsstand,
            verfahren=verfahren,
            **self._dates(record),
            auslegungen=self._periods(record, "auslegungsStartDatum", "auslegungsEndDatum"),
            traegerbeteiligungen=self._periods(record, "traegerbeteiligungsStartDatum", "traegerbeteiligungsEndDatum"),
            erstellungsmassstab=self._integer(record, "erstellungsMassstab"),
            geltungsbereich=self._geltungsbereich(record, bereich_records),
            bereiche=tuple(self._bereich(bereich) for bereich in bereich_records),
            texte=tuple(self._text(text) for text in texts),
            dokumente=dokumente,
            bezuege=self._bezuege(record, bereich_records),
            objekte=tuple(self._objekt(objekt, bereich_of.get(objekt)) for objekt in objects),
            attribute=self._rest(record),
        )

    def _geltungsbereich(self, record: Record, bereiche: list[Record]) -> Any:
        own = self._shape(record, "raeumlicherGeltungsbereich")
        if own is not None:
            return geometry.outline(own.geometry)
        parts = [shape.geometry for b in bereiche if (shape := self._shape(b, "geltungsbereich")) is not None]
        if parts:
            self._tell("geltungsbereich_from_bereiche", Severity.INFO, record)
            return geometry.outline(shapely.union_all(parts))
        return None

    def _bereich(self, record: Record) -> Bereich:
        shape = self._shape(record, "geltungsbereich")
        nummer = record.take("nummer")
        for name in (*BEREICH_TO_OBJECT, *BEREICH_TO_PLAN):
            record.take_all(name)  # said by the objects' own links
        return Bereich(
            gml_id=record.gml_id,
            nummer=None if nummer is None else str(nummer),
            name=_text(record.take("name")),
            geltungsbereich=None if shape is None else geometry.outline(shape.geometry),
            attribute=self._rest(record),
        )

    def _objekt(self, record: Record, bereich: str | None) -> Planobjekt:
        shape = self._shape(record, "position")
        ebene = self._integer(record, "ebene", lowest=-(2**15))
        schluss = {"true": True, "false": False}.get(str(record.one("flaechenschluss")).lower())
        if schluss is not None:
            record.take("flaechenschluss")
        for name in OBJECT_TO_BEREICH:
            record.take_all(name)
        objekt = Planobjekt(
            klasse=record.klasse,
            gml_id=record.gml_id,
            bereich=bereich,
            geometry=None if shape is None else shape.geometry,
            original=None if shape is None else shape.original,
            ebene=0 if ebene is None else ebene,
            flaechenschluss=schluss,
            rechtscharakter=self._rechtscharakter(record),
            attribute=self._rest(record),
        )
        record.values = {}  # said; a large plan would hold all of it twice
        return objekt

    def _text(self, record: Record) -> Textabschnitt:
        grundlage = record.take("gesetzlicheGrundlage")
        if isinstance(grundlage, dict):
            grundlage = ", ".join(str(v) for k, v in grundlage.items() if not k.startswith("_"))
        return Textabschnitt(
            gml_id=record.gml_id,
            art=record.klasse,
            schluessel=_text(record.take("schluessel")),
            gesetzliche_grundlage=_text(grundlage),
            text=_text(record.take("text")),
            attribute=self._rest(record),
        )

    def _rechtscharakter(self, record: Record) -> int | None:
        """In the numbers of 6.0, whatever the version (XP_Rechtscharakter)."""
        code = self._code(record, "rechtscharakter", keep=True)
        prefix = record.klasse.partition("_")[0]
        if code is None or self._version in {"6.0", "6.1"}:
            if code is not None:
                record.take("rechtscharakter")
            return code
        mapped = codelists.rechtscharakter_from_54(prefix, code) if prefix in {"BP", "FP", "SO"} else None
        if mapped is not None:
            record.take("rechtscharakter")
        return mapped

    def _gemeinden(self, record: Record) -> tuple[GemeindeRef, ...]:
        found = []
        for value in record.take_all("gemeinde"):
            if not isinstance(value, dict):
                continue
            ags = self._ags(record, _text(value.get("ags")), _text(value.get("rs")))
            called = [(_text(value.get(key)) or "")[:MAX_LABEL] or None for key in ("gemeindeName", "ortsteilName")]
            found.append(GemeindeRef(ags, *called))
        if not found and (gkz := _text(record.take("gkz"))) is not None:  # 3.0, before there was an XP_Gemeinde
            ags = self._ags(record, gkz, None)
            found.append(GemeindeRef(ags, _text(record.take("stadt")), _text(record.take("ortsteil"))))
        return tuple(found)

    def _ags(self, record: Record, ags: str | None, rs: str | None) -> str | None:
        """AGS of eight digits; where it is missing, from the Regionalschlüssel (which has the Verband inside)."""
        if ags is None and rs is not None and len(rs) == 12 and rs.isdecimal():
            return rs[:5] + rs[9:]
        if ags is None:
            return None
        found, code = read_ags(ags)
        if code is not None:
            self._tell(code, Severity.ERROR if found is None else Severity.WARNING, record, ags)
        return found

    def _bezuege(self, record: Record, bereiche: list[Record]) -> tuple[Planbezug, ...]:
        found = []
        for holder in [record, *bereiche]:
            for art in _BEZUEGE:
                for value in holder.take_all(art):
                    fields: dict[str, Json] = dict(value) if isinstance(value, dict) else {"href": value}
                    name, nummer = fields.pop("planName", None), fields.pop("nummer", None)
                    found.append(Planbezug(art, _text(name), _text(nummer), fields))
        return tuple(found)

    def _dates(self, record: Record) -> dict[str, Any]:
        return {ours: self._date(record, theirs) for ours, theirs in DATES.items()}

    def _date(self, record: Record, name: str) -> date | None:
        values = record.values.get(name, [])
        parsed = parse_date(str(values[0])) if values else None
        if parsed is not None and len(values) == 1:
            del record.values[name]
        return parsed

    def _periods(self, record: Record, start: str, end: str) -> tuple[Zeitraum, ...]:
        starts = [parse_date(str(value)) for value in record.values.get(start, [])]
        ends = [parse_date(str(value)) for value in record.values.get(end, [])]
        if None in starts or None in ends:
            return ()  # value_mistyped has told it; the values stay in the rest
        record.take_all(start)
        record.take_all(end)
        if len(starts) != len(ends):
            self._tell("period_unpaired", Severity.WARNING, record, f"{start} ({len(starts)}), {end} ({len(ends)})")
        length = max(len(starts), len(ends))
        padded = zip(starts + [None] * (length - len(starts)), ends + [None] * (length - len(ends)), strict=True)
        return tuple(Zeitraum(first, last) for first, last in padded)

    def _codes(self, record: Record, name: str) -> tuple[int, ...]:
        """The official numbers; what is none of them stays in the rest (and code_unknown has told it)."""
        known, unknown = [], []
        attribute = codelists.attributes(record.klasse, self._version).get(name)
        for value in record.values.get(name, []):
            text = str(value.get("wert") if isinstance(value, dict) else value)  # with the address of its list
            valid = attribute is None or not attribute.type or codelists.is_valid(attribute.type, text, self._version)
            if valid and text.isdecimal() and len(text) < _MOST_DIGITS:
                known.append(int(text))
            else:
                unknown.append(value)
        if unknown:
            record.values[name] = unknown
        else:
            record.take_all(name)
        return tuple(known)

    def _code(self, record: Record, name: str, *, keep: bool = False) -> int | None:
        before = record.values.get(name)
        found = self._codes(record, name)
        if keep and before is not None:
            record.values[name] = before
        return next(iter(found), None)

    def _integer(self, record: Record, name: str, *, lowest: int = 1) -> int | None:
        """What is no number, or none that a database holds, is told; that and what is below `lowest` stays kept."""
        value = record.one(name)
        if value is None:
            return None
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,9}", value):  # of a class that no table types
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not -(2**31) <= value < 2**31:
            self._tell("value_mistyped", Severity.WARNING, record, f"{name} = {str(value)[:80]!r}")
            return None
        if value < lowest:  # a scale of 0, say: valid by the schema, and means that nobody knows it
            return None
        record.take(name)
        return value

    def _label(self, record: Record, name: str) -> str | None:
        """What people call a thing; a text too long for that is cut, told, and stays whole among the rest."""
        text = _text(record.take(name))
        if text is None or len(text) <= MAX_LABEL:
            return text
        self._tell("label_cut", Severity.WARNING, record, f"{name} ({len(text)})")
        record.values[name] = [text]
        return text[:MAX_LABEL].strip()

    def _shape(self, record: Record, name: str) -> Placed | None:
        return self._links.shape(record, name)

    def _rest(self, record: Record) -> dict[str, Json]:
        """Everything that found no field of ours, further geometries as GeoJSON geometry objects in the target CRS."""
        rest = plain(record, self._version)
        areas = {"raeumlicherGeltungsbereich", "geltungsbereich"}
        taken: set[str] = set()
        further: dict[str, list[Json]] = {}
        for item in self._links.placed(record):
            is_used = item.name == "position" or (item.name in areas and geometry.outline(item.geometry) is not None)
            if is_used and item.name not in taken:
                taken.add(item.name)
                continue
            further.setdefault(item.name, []).append(json.loads(shapely.to_geojson(item.geometry)))
        return {**rest, **further}

    def _tell(self, code: str, severity: Severity, record: Record, detail: str = "") -> None:
        self._issues.append(Issue(code, severity, record.where, detail))


def _text(value: Json) -> str | None:
    if isinstance(value, dict):
        value = value.get("wert")
    return None if value is None or value == "" else str(value).strip() or None

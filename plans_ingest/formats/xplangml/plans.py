"""The features of a document, put together to plans: who belongs to whom, and what the law calls it.

Versions differ in the names of links and in where a thing stands (domain.md 1.2); all of that is in the tables below.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any, Final

import numpy as np
import shapely

from plans_ingest import geometry
from plans_ingest.formats.placing import Placed
from plans_ingest.formats.records import Record
from plans_ingest.formats.xplangml import dokumente
from plans_ingest.formats.xplangml.fields import Fields, text_of
from plans_ingest.formats.xplangml.links import BEREICH_TO_OBJECT, BEREICH_TO_PLAN, Lines, Links
from plans_ingest.formats.xplangml.values import parse_date
from plans_ingest.model import (
    Bereich,
    Dokument,
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
from plans_ingest.spellings import label, read_ags
from plans_ingest.stock import Objekte, Stock

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
_CALLED: Final = ("gemeindeName", "ortsteilName")
_PREFIXES: Final = {member.value: member for member in Planwerk}


class Assembly:
    """Takes the features of a document in as they are read, then hands out its plans.

    Objects go to the stock at once; what else there is stays as it was read until all of it is known.
    """

    def __init__(self, file: str, version: str, issues: list[Issue]) -> None:
        self._version = version
        self._fields = Fields(version, issues)
        self._links = Links(file, version, issues)
        self._stock = Stock()
        self._numbers = array("i")  # of the objects, in the file
        self._dokumente: dict[Dokument, Dokument] = {}  # each once, however many refer to it
        self._referred: list[tuple[int, Dokument]] = []  # with the number of the feature that refers to it

    def __len__(self) -> int:
        return len(self._links)

    @property
    def klassen(self) -> Iterable[str]:
        return self._links.klassen

    def add(self, record: Record, placed: Sequence[Placed]) -> None:
        number = len(self._links)
        for dokument in dokumente.written_in(record):
            self._referred.append((number, self._dokumente.setdefault(dokument, dokument)))
        if self._links.add(record, placed):
            return
        self._numbers.append(number)
        self._stock.append(self._fields.objekt(record, placed))

    def plans(self) -> tuple[list[Plan], Lines]:
        """The Bebauungspläne and Flächennutzungspläne, each with all that belongs to it."""
        self._in_stock = np.full(len(self._links), -1, dtype=np.int32)
        self._in_stock[np.array(self._numbers, dtype=np.int32)] = np.arange(len(self._stock))
        lines = self._links.settle(lambda n: self._objekt(n).gml_id, lambda n: self._objekt(n).geometry)
        self._referred.extend((n, dokumente.of_feature(name, found)) for n, name, found in self._links.dokumente())
        self._referred_by: dict[int, list[tuple[int, Dokument]]] = {}
        for holder, dokument in self._referred:
            self._referred_by.setdefault(self._links.owner_of(holder), []).append((holder, dokument))
        plans = []
        for number in self._links.plans:
            record = self._links.record(number)
            if record.klasse.partition("_")[0] in _PREFIXES:
                plans.append(self._plan(number, record))
            else:
                lost = len(self._links.of(number, "objekt"))
                self._fields.tell("planwerk_unsupported", Severity.WARNING, record, f"{record.klasse} ({lost})")
        return plans, lines

    def _objekt(self, number: int) -> Planobjekt:
        return self._stock.some(self._in_stock[[number]])[0]

    def _plan(self, number: int, record: Record) -> Plan:
        bereiche, texte = (self._links.of(number, what).tolist() for what in ("bereich", "text"))
        referred = self._dokumente_of(number, bereiche, texte)
        objekte = self._objekte_of(number, bereiche)
        rechtsstand = self._fields.code(record, "rechtsstand")
        verfahren = self._fields.code(record, "verfahren")
        for each in map(self._links.record, bereiche):  # 6.0 moved it there for Bebauungspläne
            verfahren = verfahren if verfahren is not None else self._fields.code(each, "verfahren", keep=True)
        return Plan(
            gml_id=record.gml_id,
            planwerk=_PREFIXES[record.klasse.partition("_")[0]],
            xplan_version=self._version,
            name=self._fields.label(record, "name"),
            nummer=self._fields.label(record, "nummer"),
            internal_id=self._fields.label(record, "internalId"),
            beschreibung=text_of(record.take("beschreibung")),
            gemeinden=self._gemeinden(record),
            planart=self._fields.codes(record, "planArt"),
            rechtsstand=rechtsstand,
            verfahren=verfahren,
            **self._dates(record),
            auslegungen=self._periods(record, "auslegungsStartDatum", "auslegungsEndDatum"),
            traegerbeteiligungen=self._periods(record, "traegerbeteiligungsStartDatum", "traegerbeteiligungsEndDatum"),
            erstellungsmassstab=self._fields.integer(record, "erstellungsMassstab"),
            geltungsbereich=self._geltungsbereich(number, record, bereiche),
            bereiche=tuple(self._bereich(each, self._links.record(each)) for each in bereiche),
            texte=tuple(self._absatz(each, self._links.record(each)) for each in texte),
            dokumente=referred,
            bezuege=self._bezuege([record, *map(self._links.record, bereiche)]),
            objekte=objekte,
            attribute=self._rest(number, record),
        )

    def _objekte_of(self, plan: int, bereiche: Sequence[int]) -> Sequence[Planobjekt]:
        numbers = self._links.of(plan, "objekt")
        names = [self._links.record(bereich).gml_id or "" for bereich in bereiche]
        own = self._links.bereich_of(numbers)
        places = np.where(own < 0, -1, np.searchsorted(np.array(bereiche, dtype=np.int32), own)).astype(np.int32)
        return Objekte(self._stock, self._in_stock[numbers], places, names).settled()

    def _dokumente_of(self, plan: int, bereiche: Sequence[int], texte: Sequence[int]) -> tuple[Dokument, ...]:
        """Every document that the plan and what belongs to it refer to, once, in the order of the file."""
        rank = {number: place for place, number in enumerate([plan, *bereiche, *texte])}
        found = sorted(self._referred_by.get(plan, ()), key=lambda pair: (rank.get(pair[0], len(rank)), pair[0]))
        return tuple(dict.fromkeys(dokument for _, dokument in found))

    def _geltungsbereich(self, number: int, record: Record, bereiche: Sequence[int]) -> Any:
        own = self._shape(number, "raeumlicherGeltungsbereich")
        if own is not None:
            return geometry.outline(own.geometry)
        parts = [shape.geometry for b in bereiche if (shape := self._shape(b, "geltungsbereich")) is not None]
        if parts:
            self._fields.tell("geltungsbereich_from_bereiche", Severity.INFO, record)
            return geometry.outline(shapely.union_all(parts))
        return None

    def _bereich(self, number: int, record: Record) -> Bereich:
        shape = self._shape(number, "geltungsbereich")
        nummer = record.take("nummer")
        for name in (*BEREICH_TO_OBJECT, *BEREICH_TO_PLAN):
            record.take_all(name)  # said by the objects' own links
        return Bereich(
            gml_id=record.gml_id,
            nummer=None if nummer is None else str(nummer),
            name=text_of(record.take("name")),
            geltungsbereich=None if shape is None else geometry.outline(shape.geometry),
            attribute=self._rest(number, record),
        )

    def _absatz(self, number: int, record: Record) -> Textabschnitt:
        grundlage = record.take("gesetzlicheGrundlage")
        if isinstance(grundlage, dict):
            grundlage = ", ".join(str(v) for k, v in grundlage.items() if not k.startswith("_"))
        return Textabschnitt(
            gml_id=record.gml_id,
            art=record.klasse,
            schluessel=text_of(record.take("schluessel")),
            gesetzliche_grundlage=text_of(grundlage),
            text=text_of(record.take("text")),
            attribute=self._rest(number, record),
        )

    def _gemeinden(self, record: Record) -> tuple[GemeindeRef, ...]:
        found: list[GemeindeRef] = []
        more: list[Json] = []  # that we have no field for: a Regionalschlüssel, an AGS that is none
        values = record.take_all("gemeinde")
        for value in chain.from_iterable(each if isinstance(each, list) else [each] for each in values):
            if isinstance(value, dict) and "nilReason" not in value:
                ags = self._ags(record, text_of(value.get("ags")), text_of(value.get("rs")))
                called = [label(text_of(value.get(key)) or "")[0] for key in _CALLED]
                found.append(GemeindeRef(ags, *called))
                if _says_more(value, found[-1]):
                    more.append(value)
            elif value != "":
                more.append(value)
        if more:
            record.values["gemeinde"] = more
        if not found and (gkz := text_of(record.take("gkz"))) is not None:  # 3.0, before there was an XP_Gemeinde
            ags = self._ags(record, gkz, None)
            found.append(GemeindeRef(ags, text_of(record.take("stadt")), text_of(record.take("ortsteil"))))
        return tuple(found)

    def _ags(self, record: Record, ags: str | None, rs: str | None) -> str | None:
        """AGS of eight digits; where it is missing, from the Regionalschlüssel (which has the Verband inside)."""
        if ags is None and rs is not None and len(rs) == 12 and rs.isdecimal():
            return rs[:5] + rs[9:]
        if ags is None:
            return None
        found, code = read_ags(ags)
        if code is not None:
            self._fields.tell(code, Severity.ERROR if found is None else Severity.WARNING, record, ags)
        return found

    def _bezuege(self, holders: Iterable[Record]) -> tuple[Planbezug, ...]:
        found = []
        for holder in holders:
            for art in _BEZUEGE:
                for value in holder.take_all(art):
                    fields: dict[str, Json] = dict(value) if isinstance(value, dict) else {"href": value}
                    name, nummer = fields.pop("planName", None), fields.pop("nummer", None)
                    found.append(Planbezug(art, text_of(name), text_of(nummer), fields))
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
            self._fields.tell(
                "period_unpaired", Severity.WARNING, record, f"{start} ({len(starts)}), {end} ({len(ends)})"
            )
        length = max(len(starts), len(ends))
        padded = zip(starts + [None] * (length - len(starts)), ends + [None] * (length - len(ends)), strict=True)
        return tuple(Zeitraum(first, last) for first, last in padded)

    def _shape(self, number: int, name: str) -> Placed | None:
        return next((item for item in self._links.placed(number) if item.name == name), None)

    def _rest(self, number: int, record: Record) -> dict[str, Json]:
        return self._fields.rest(record, self._links.placed(number))


def _says_more(value: Mapping[str, Json], ref: GemeindeRef) -> bool:
    """Whether an XP_Gemeinde tells what our reference to it does not."""
    told = {name: text_of(each) for name, each in value.items() if not name.startswith("_")}
    called = tuple(told.pop(name, None) for name in _CALLED)
    is_known = told.pop("ags", None) is None or ref.ags is not None
    return not is_known or called != (ref.name, ref.ortsteil) or any(told.values())

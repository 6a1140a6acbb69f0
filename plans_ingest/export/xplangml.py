"""One plan as XPlanGML 6.0 (IT-Planungsrat 2017/37: XPlanung is owed in both directions): its words in those of 6.0.

Written object by object: memory stays with the largest one. Everything that the model holds is written or told; what is
told once stands for all objects of the class that lack a place for it. Left aside are what is no content of a plan
file: the files behind the references, the pictures themselves, and a geometry as it was before it was mended.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

from lxml import etree
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from plans_ingest import codelists
from plans_ingest.export import successors
from plans_ingest.export.elements import GML, NSMAP, REFERENZ, VERSION, XPLAN, Elements, text_of
from plans_ingest.export.successors import Values
from plans_ingest.formats.xplangml.plans import DATES
from plans_ingest.model import (
    Bereich,
    Dokument,
    GemeindeRef,
    Issue,
    Json,
    Plan,
    Planobjekt,
    Planwerk,
    Textabschnitt,
)
from plans_ingest.spellings import read_ags

_SCANS: Final = ("XP_RasterplanBasis", "XP_Rasterdarstellung")  # 6.0 has the scans at the Bereich itself


def write(
    plan: Plan, out: IO[bytes], srid: int = 25832, addresses: Mapping[str, str] | None = None
) -> tuple[Issue, ...]:
    """Writes the plan, whose geometries are in EPSG:`srid`.

    `addresses` says where on the web the files are that the plan refers to, by the words with which it does.
    The issues tell what 6.0 has no place for, and what it demands and the plan does not say.
    """
    return _Export(plan, srid, addresses or {}).write(out)


@cache
def edition() -> str:
    """Another one whenever this package might write the same plan otherwise."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


class _Export:
    def __init__(self, plan: Plan, srid: int, addresses: Mapping[str, str]) -> None:
        self._plan = plan
        self._is_old = plan.xplan_version not in {"6.0", "6.1"}
        self._elements = Elements(plan.id, srid, addresses, is_old=self._is_old)
        first: list[Plan | Bereich | Textabschnitt] = [plan, *plan.bereiche, *plan.texte]
        self._ids = [self._elements.claim(feature.gml_id) for feature in first]
        self._linked: set[str] = set()
        self._written: set[tuple[str | None, str | None]] = set()
        self._scans: list[Planobjekt] = []
        for rest in (plan.attribute, *(bereich.attribute for bereich in plan.bereiche)):
            self._note(rest)
        for text in plan.texte:
            self._note_referenzen(text.attribute)
        for objekt in plan.objekte:
            self._look_at(objekt)
        self._id_of_bereich = dict(zip([b.gml_id or "" for b in plan.bereiche], self._ids[1:], strict=False))

    def _look_at(self, objekt: Planobjekt) -> None:
        """What must be known of all objects before the first is written; they may be too many to keep."""
        klasse = successors.klasse(objekt.klasse)
        if codelists.is_class(klasse, VERSION):
            self._ids.append(self._elements.claim(objekt.gml_id))
            self._note(objekt.attribute)
        elif klasse in _SCANS and objekt.bereich is not None:
            self._scans.append(objekt)
            self._note_referenzen(objekt.attribute)
        else:
            self._elements.tell("export_class_left_out", klasse, objekt.gml_id)

    def _note(self, rest: Mapping[str, Json]) -> None:
        self._linked.update(_hrefs(rest))
        self._note_referenzen(rest)

    def _note_referenzen(self, rest: Mapping[str, Json]) -> None:
        for found in _referenzen(dict(rest)):
            url = text_of(found.get("referenzURL")) or text_of(found.get("georefURL"))
            self._written.add((text_of(found.get("referenzName")), url))

    def write(self, out: IO[bytes]) -> tuple[Issue, ...]:
        with etree.xmlfile(out, encoding="UTF-8") as file:
            file.write_declaration()
            with file.element(f"{XPLAN}XPlanAuszug", {f"{GML}id": self._elements.new_id()}, nsmap=NSMAP):
                file.write("\n")
                for gml_id, (klasse, values) in zip(self._ids, self._features(), strict=True):
                    file.write(self._elements.member(klasse, values, gml_id))
                    file.write("\n")
        return self._elements.issues()

    def _features(self) -> Iterator[tuple[str, Mapping[str, list[Any]]]]:
        yield self._of_plan()
        for bereich in self._plan.bereiche:
            yield self._of_bereich(bereich)
        for text in self._plan.texte:
            yield self._of_text(text)
        for objekt in self._plan.objekte:
            if codelists.is_class(successors.klasse(objekt.klasse), VERSION):
                yield self._of_objekt(objekt)

    def _of_plan(self) -> tuple[str, Mapping[str, list[Any]]]:
        plan = self._plan
        klasse = f"{plan.planwerk.value}_Plan"
        said: dict[str, list[Any]] = {
            "name": [plan.name],
            "nummer": [plan.nummer],
            "internalId": [plan.internal_id],
            "beschreibung": [plan.beschreibung],
            "planArt": list(plan.planart),
            "rechtsstand": [plan.rechtsstand],
            "verfahren": [plan.verfahren] if plan.planwerk is Planwerk.FLAECHENNUTZUNGSPLAN else [],
            "erstellungsMassstab": [plan.erstellungsmassstab],
            "raeumlicherGeltungsbereich": [_outline(plan.geltungsbereich)],
            "gemeinde": list(self._gemeinden()),
            **{theirs: [getattr(plan, ours)] for ours, theirs in DATES.items()},
        }
        for name, spans in (("auslegungs", plan.auslegungen), ("traegerbeteiligungs", plan.traegerbeteiligungen)):
            whole_first = sorted(spans, key=lambda span: span.start is None or span.ende is None)  # read in pairs
            said[f"{name}StartDatum"] = [span.start for span in whole_first]
            said[f"{name}EndDatum"] = [span.ende for span in whole_first]
        for art, value in self._bezuege():
            said.setdefault(art, []).append(value)
        if plan.verfahren is not None and plan.planwerk is Planwerk.BEBAUUNGSPLAN and not plan.bereiche:
            self._elements.tell("export_without_place", f"{klasse}.verfahren = {plan.verfahren}", plan.gml_id)
        rest = {name: value for name, value in plan.attribute.items() if name != "gemeinde"}
        values = self._with_rest(klasse, said, rest)
        values.setdefault("bereich", [f"#{gml_id}" for gml_id in self._id_of_bereich.values()])
        values.setdefault("externeReferenz", []).extend(self._further_dokumente())
        for text, gml_id in zip(plan.texte, self._ids[1 + len(plan.bereiche) :], strict=False):
            if f"#{text.gml_id}" not in self._linked:
                name = "begruendungsTexte" if text.art.endswith("BegruendungAbschnitt") else "texte"
                values.setdefault(name, []).append(f"#{gml_id}")
        return klasse, values

    def _bezuege(self) -> Iterator[tuple[str, Json]]:
        """The plan's own; what a Bereich says (since 6.0) is among its attributes, and the model has it twice."""
        of_bereiche = [
            (name, value)
            for bereich in self._plan.bereiche
            for name, values in bereich.attribute.items()
            for value in (values if isinstance(values, list) else [values])
        ]
        for bezug in self._plan.bezuege:
            fields = {**bezug.attribute, **_fields(None, planName=bezug.name, nummer=bezug.nummer)}
            value: Json = fields["href"] if fields.keys() == {"href"} else fields
            if (bezug.art, value) in of_bereiche:
                of_bereiche.remove((bezug.art, value))
                continue
            if isinstance(value, dict):
                value = {"_klasse": "XP_VerbundenerPlan", **(successors.bezug(value) if self._is_old else value)}
            yield successors.BEZUEGE.get(bezug.art, bezug.art), value

    def _gemeinden(self) -> Iterator[Json]:
        """With the Regionalschlüssel where the delivery gave one."""
        delivered = self._plan.attribute.get("gemeinde")
        more = list(delivered) if isinstance(delivered, list) else []
        for each in self._plan.gemeinden:
            found = next((value for value in more if _is_of(value, each)), None)
            more = [value for value in more if value is not found]
            rs = text_of(found.get("rs")) if isinstance(found, dict) else None
            called = {"gemeindeName": each.name, "ortsteilName": each.ortsteil}
            yield _fields("XP_Gemeinde", ags=each.ags, rs=rs, **called)
        for value in more:
            self._elements.tell("export_without_place", f"gemeinde = {str(value)[:80]}", self._plan.gml_id)

    def _further_dokumente(self) -> Iterator[Json]:
        """Those that no reference of the file stands for: of a table, or added later."""
        known = self._written
        return (_referenz(item) for item in self._plan.dokumente if (item.name, item.url) not in known)

    def _of_bereich(self, bereich: Bereich) -> tuple[str, Mapping[str, list[Any]]]:
        plan, klasse = self._plan, f"{self._plan.planwerk.value}_Bereich"
        said: dict[str, list[Any]] = {
            "nummer": [bereich.nummer if bereich.nummer is None else _integer(bereich.nummer)],
            "name": [bereich.name],
            "geltungsbereich": [_outline(bereich.geltungsbereich)],
            "gehoertZuPlan": [f"#{self._ids[0]}"],
        }
        if plan.planwerk is Planwerk.BEBAUUNGSPLAN and "verfahren" not in bereich.attribute:
            said["verfahren"] = [plan.verfahren] if self._is_old else []
        values = self._with_rest(klasse, said, bereich.attribute)
        for objekt in self._scans:
            if objekt.bereich == (bereich.gml_id or ""):
                values.setdefault("refScan", []).extend(_referenzen(dict(objekt.attribute)))
        return klasse, values

    def _of_text(self, text: Textabschnitt) -> tuple[str, Mapping[str, list[Any]]]:
        said: dict[str, list[Any]] = {
            "schluessel": [text.schluessel],
            "gesetzlicheGrundlage": [text.gesetzliche_grundlage],
            "text": [text.text],
        }
        return successors.klasse(text.art), self._with_rest(text.art, said, text.attribute)

    def _of_objekt(self, objekt: Planobjekt) -> tuple[str, Mapping[str, list[Any]]]:
        gml_id = None if objekt.bereich is None else self._id_of_bereich.get(objekt.bereich)
        said: dict[str, list[Any]] = {
            "gehoertZuBereich": [gml_id and f"#{gml_id}"],
            "position": [objekt.geometry],
            "ebene": [objekt.ebene or None],
            "flaechenschluss": [objekt.flaechenschluss],
            "rechtscharakter": [objekt.rechtscharakter],
        }
        return successors.klasse(objekt.klasse), self._with_rest(objekt.klasse, said, objekt.attribute)

    def _with_rest(self, klasse: str, said: Mapping[str, list[Any]], rest: Mapping[str, Json]) -> dict[str, list[Any]]:
        values: Values = {name: list(v) if isinstance(v, list) else [v] for name, v in rest.items()}
        if self._is_old:
            values = successors.values(klasse, values)
        merged: dict[str, list[Any]] = {name: [v for v in own if v is not None] for name, own in said.items()}
        for name, more in values.items():
            merged[name] = [*merged.get(name, []), *more]
        return {name: found for name, found in merged.items() if found}


def _fields(klasse: str | None, **values: str | None) -> dict[str, Json]:
    head: dict[str, Json] = {} if klasse is None else {"_klasse": klasse}
    return head | {name: value for name, value in values.items() if value is not None}


def _is_of(value: Json, gemeinde: GemeindeRef) -> bool:
    """Whether an XP_Gemeinde of the delivery is the one that the model knows under its AGS."""
    if not isinstance(value, dict) or gemeinde.ags is None:
        return False
    key = read_ags(text_of(value.get("ags")) or text_of(value.get("rs")) or "")[0]
    called = (text_of(value.get("gemeindeName")), text_of(value.get("ortsteilName")))
    return (key, *called) == (gemeinde.ags, gemeinde.name, gemeinde.ortsteil)


def _referenz(dokument: Dokument) -> dict[str, Json]:
    return _fields(
        "XP_SpezExterneReferenz",
        art=dokument.art,
        referenzName=dokument.name,
        referenzURL=dokument.url,
        referenzMimeType=dokument.media_type,
        beschreibung=dokument.beschreibung,
        datum=None if dokument.datum is None else dokument.datum.isoformat(),
        typ=None if dokument.typ is None else str(dokument.typ),
    )


def _referenzen(value: Json) -> Iterator[dict[str, Json]]:
    """Every reference to a document in a value, however deep."""
    if isinstance(value, dict):
        if value.get("_klasse") in REFERENZ:
            yield value
        for inner in value.values():
            yield from _referenzen(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _referenzen(inner)


def _hrefs(values: Mapping[str, Json]) -> Iterator[str]:
    for value in values.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str) and item.startswith("#"):
                yield item


def _outline(area: MultiPolygon | None) -> BaseGeometry | None:
    """A single part as what it is; readers of the standard expect a Polygon there."""
    return area.geoms[0] if area is not None and len(area.geoms) == 1 else area


def _integer(text: str) -> int | str:
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else text

"""One plan as XPlanGML 6.0 (IT-Planungsrat 2017/37: XPlanung is owed in both directions).

Written object by object: memory stays with the largest one. Everything that the model holds is written or told; what is
told once stands for all objects of the class that lack a place for it. Left aside are what is no content of a plan
file: the files behind the references, the pictures themselves, and a geometry as it was before it was mended.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any, Final
from uuid import uuid5

import shapely
from lxml import etree
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from plans_ingest import codelists
from plans_ingest.codelists import Attribute, Rechtscharakter
from plans_ingest.export import gml, successors
from plans_ingest.export.successors import Values
from plans_ingest.formats.xplangml.plans import DATES
from plans_ingest.formats.xplangml.values import parse_date
from plans_ingest.model import (
    Bereich,
    Dokument,
    Issue,
    Json,
    Plan,
    Planobjekt,
    Planwerk,
    Severity,
    Textabschnitt,
    Where,
)

VERSION: Final = "6.0"
FILE: Final = "XPlanGML 6.0"

_XPLAN: Final = "{http://www.xplanung.de/xplangml/6/0}"
_GML: Final = "{http://www.opengis.net/gml/3.2}"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_NSMAP: Final = {"xplan": _XPLAN[1:-1], "gml": _GML[1:-1], "xlink": "http://www.w3.org/1999/xlink"}
_NCNAME: Final = re.compile(r"[^\W\d][\w.-]*")
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_UOM: Final = {"Length": "m", "Area": "m2", "Volume": "m3", "Angle": "grad"}
_REFERENZ: Final = ("XP_ExterneReferenz", "XP_SpezExterneReferenz")
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
        self._addresses = addresses
        self._srs = f"EPSG:{srid}"
        self._is_old = plan.xplan_version not in {"6.0", "6.1"}
        self._told: dict[tuple[str, str], tuple[str | None, int]] = {}
        self._renamed: dict[str, str] = {}
        self._taken: set[str] = set()
        self._made = 0
        first: list[Plan | Bereich | Textabschnitt] = [plan, *plan.bereiche, *plan.texte]
        self._ids = [self._claim(feature.gml_id) for feature in first]
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
            self._ids.append(self._claim(objekt.gml_id))
            self._note(objekt.attribute)
        elif klasse in _SCANS and objekt.bereich is not None:
            self._scans.append(objekt)
            self._note_referenzen(objekt.attribute)
        else:
            self._tell("export_class_left_out", klasse, objekt.gml_id)

    def _note(self, rest: Mapping[str, Json]) -> None:
        self._linked.update(_hrefs(rest))
        self._note_referenzen(rest)

    def _note_referenzen(self, rest: Mapping[str, Json]) -> None:
        for found in _referenzen(dict(rest)):
            url = _plain(found.get("referenzURL")) or _plain(found.get("georefURL"))
            self._written.add((_plain(found.get("referenzName")), url))

    def write(self, out: IO[bytes]) -> tuple[Issue, ...]:
        with etree.xmlfile(out, encoding="UTF-8") as file:
            file.write_declaration()
            with file.element(f"{_XPLAN}XPlanAuszug", {f"{_GML}id": self._new_id()}, nsmap=_NSMAP):
                file.write("\n")
                for gml_id, (klasse, values) in zip(self._ids, self._features(), strict=True):
                    member = etree.Element(f"{_GML}featureMember", nsmap=_NSMAP)
                    feature = etree.SubElement(member, f"{_XPLAN}{klasse}", {f"{_GML}id": gml_id})
                    self._fill(feature, klasse, values, gml_id)
                    file.write(member)
                    file.write("\n")
        return tuple(
            Issue(code, Severity.WARNING, Where(FILE, None, gml_id), detail + (f" ({count} ×)" if count > 1 else ""))
            for (code, detail), (gml_id, count) in self._told.items()
        )

    # What the model says, in the names of 6.0

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
            "gemeinde": [
                _fields("XP_Gemeinde", ags=g.ags, gemeindeName=g.name, ortsteilName=g.ortsteil) for g in plan.gemeinden
            ],
            **{theirs: [getattr(plan, ours)] for ours, theirs in DATES.items()},
        }
        for name, spans in (("auslegungs", plan.auslegungen), ("traegerbeteiligungs", plan.traegerbeteiligungen)):
            whole_first = sorted(spans, key=lambda span: span.start is None or span.ende is None)  # read in pairs
            said[f"{name}StartDatum"] = [span.start for span in whole_first]
            said[f"{name}EndDatum"] = [span.ende for span in whole_first]
        for art, value in self._bezuege():
            said.setdefault(art, []).append(value)
        if plan.verfahren is not None and plan.planwerk is Planwerk.BEBAUUNGSPLAN and not plan.bereiche:
            self._tell("export_without_place", f"{klasse}.verfahren = {plan.verfahren}", plan.gml_id)
        values = self._with_rest(klasse, said, plan.attribute)
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

    # Values as XML

    def _fill(self, parent: Any, klasse: str, values: Mapping[str, list[Any]], gml_id: str) -> None:
        known = codelists.attributes(klasse, VERSION)
        for name in values.keys() - known.keys():
            self._tell("export_without_place", f"{klasse}.{name}", gml_id)
        for name, attribute in known.items():
            written = 0
            for value in values.get(name, ()):
                node = etree.Element(f"{_XPLAN}{name}")
                if (attribute.max is None or written < attribute.max) and self._set(node, attribute, value, gml_id):
                    parent.append(node)
                    written += 1
                else:
                    self._tell("export_without_place", f"{klasse}.{name} = {_short(value)}", gml_id)
            if attribute.min and not written:
                self._tell("export_missing", f"{klasse}.{name}", gml_id)
                if name == "rechtscharakter":  # mandatory since 5.0, and the standard has a number for "unknown"
                    etree.SubElement(parent, f"{_XPLAN}{name}").text = str(int(Rechtscharakter.UNBEKANNT))

    def _set(self, node: Any, attribute: Attribute, value: Any, gml_id: str) -> bool:
        """False where the value is none that 6.0 allows here."""
        if attribute.kind == "geometry":
            shape = value if isinstance(value, BaseGeometry) else _shape(value)
            if shape is not None:
                node.append(gml.geometry(shape, self._srs, self._new_id))
            return shape is not None
        if attribute.kind in {"reference", "complex"}:
            if value == "":
                return True  # an empty property, which the standard allows and exporters write
            if isinstance(value, str) and (attribute.kind == "reference" or value.startswith("#")):
                node.set(_HREF, "#" + self._renamed.get(value[1:], value[1:]) if value.startswith("#") else value)
                return True
            return self._set_nested(node, attribute, value, gml_id)
        if isinstance(value, dict):
            if "nilReason" in value:
                node.set("nilReason", str(value["nilReason"]))
                return True
            for name in value.keys() & {"uom", "codeSpace"}:
                node.set(name, str(value[name]))
            value = value.get("wert")
        text = _lexical(attribute, value)
        if text is None or (self._is_old and (attribute.type, text) in successors.RENUMBERED):
            return False
        if attribute.kind == "measure" and "uom" not in node.attrib:
            node.set("uom", _UOM.get(attribute.type, "m"))
        node.text = _NOT_XML.sub("", text)
        return True

    def _set_nested(self, node: Any, attribute: Attribute, value: Any, gml_id: str) -> bool:
        if not isinstance(value, dict) or "_klasse" not in value:
            if "allgemein" not in codelists.attributes(attribute.type, VERSION) or isinstance(value, list):
                return False
            value = {"_klasse": attribute.type, "allgemein": value}  # a plain code until 5.4
        klasse = successors.klasse(str(value["_klasse"]))
        if not codelists.is_a(klasse, attribute.type, VERSION):
            return False
        inner = etree.SubElement(node, f"{_XPLAN}{klasse}")
        if codelists.is_class(klasse, VERSION):
            inner.set(f"{_GML}id", self._claim(_plain(value.get("_id"))))
        values = {n: list(v) if isinstance(v, list) else [v] for n, v in value.items() if not n.startswith("_")}
        if klasse in _REFERENZ:  # 6.0 wants both; until 5.4 one was enough
            for one, other in (("referenzName", "referenzURL"), ("referenzURL", "referenzName")):
                if one not in values and other in values:
                    values[one] = values[other]
            urls = values.get("referenzURL", [])
            values["referenzURL"] = [self._addresses.get(_plain(url) or "", url) for url in urls]
        self._fill(inner, klasse, values, gml_id)
        return True

    # Names of objects

    def _claim(self, gml_id: str | None) -> str:
        """The object's own id, or another where it is none or taken; references go to the first that had it."""
        found = gml_id
        if found is None or found in self._taken or not _NCNAME.fullmatch(found):
            found = self._new_id()
        self._taken.add(found)
        if gml_id is not None:
            self._renamed.setdefault(gml_id, found)
        return found

    def _new_id(self) -> str:
        """The same for every writing of the same plan."""
        self._made += 1
        found = f"GML_{uuid5(self._plan.id, str(self._made))}"
        return found if found not in self._taken else self._new_id()

    def _tell(self, code: str, detail: str, gml_id: str | None) -> None:
        first, count = self._told.get((code, detail), (gml_id, 0))
        self._told[code, detail] = (first, count + 1)


def _fields(klasse: str | None, **values: str | None) -> dict[str, Json]:
    head: dict[str, Json] = {} if klasse is None else {"_klasse": klasse}
    return head | {name: value for name, value in values.items() if value is not None}


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
        if value.get("_klasse") in _REFERENZ:
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


def _shape(value: Json) -> BaseGeometry | None:
    """A further geometry of an object, kept as GeoJSON."""
    if not isinstance(value, dict) or "coordinates" not in value:
        return None
    return shapely.from_geojson(json.dumps(value))


def _integer(text: str) -> int | str:
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else text


def _plain(value: Json) -> str | None:
    if isinstance(value, dict):
        value = value.get("wert")
    return None if value is None or isinstance(value, list) else str(value).strip() or None


def _lexical(attribute: Attribute, value: Any) -> str | None:
    """None for what is no value of the attribute's type."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match attribute.kind:
        case "boolean":
            return str(value).lower() if isinstance(value, bool) else None
        case "integer":
            return str(value) if isinstance(value, int) and is_number else None
        case "number" | "measure":
            return repr(value) if is_number else None
        case "date":
            text = str(value)
            return None if parse_date(text) is None else text.partition("T")[0]
        case "code" if attribute.type and not codelists.is_valid(attribute.type, str(value), VERSION):
            return None
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None or isinstance(value, dict | list) else str(value)


def _short(value: Any) -> str:
    return (
        value.geom_type if isinstance(value, BaseGeometry) else json.dumps(value, ensure_ascii=False, default=str)[:80]
    )

"""Features of XPlanGML 6.0 as XML: each value as its type has it, every gml:id once, and told what finds no place."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid5

import shapely
from lxml import etree
from shapely.geometry.base import BaseGeometry

from plans_ingest import codelists
from plans_ingest.codelists import Attribute, Rechtscharakter
from plans_ingest.export import gml, successors
from plans_ingest.formats.xplangml.values import parse_date
from plans_ingest.model import Issue, Json, Severity, Where
from plans_ingest.spellings import NOT_XML

VERSION: Final = "6.0"
XPLAN: Final = "{http://www.xplanung.de/xplangml/6/0}"
GML: Final = "{http://www.opengis.net/gml/3.2}"
NSMAP: Final = {"xplan": XPLAN[1:-1], "gml": GML[1:-1], "xlink": "http://www.w3.org/1999/xlink"}
REFERENZ: Final = ("XP_ExterneReferenz", "XP_SpezExterneReferenz")
_FILE: Final = "XPlanGML 6.0"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_NCNAME: Final = re.compile(r"[^\W\d][\w.-]*")
_UOM: Final = {"Length": "m", "Area": "m2", "Volume": "m3", "Angle": "grad"}


class Elements:
    """What is written of one plan. First every feature claims its gml:id, so that references can follow those renamed.

    `is_old` says that the values are of a version before 6.0, `addresses` where the files are that they refer to.
    """

    def __init__(self, plan_id: UUID, srid: int, addresses: Mapping[str, str], *, is_old: bool) -> None:
        self._plan_id = plan_id
        self._srs = f"EPSG:{srid}"
        self._addresses = addresses
        self._is_old = is_old
        self._told: dict[tuple[str, str], tuple[str | None, int]] = {}
        self._renamed: dict[str, str] = {}
        self._taken: set[str] = set()
        self._made = 0

    def member(self, klasse: str, values: Mapping[str, list[Any]], gml_id: str) -> Any:
        """A feature in its gml:featureMember."""
        member = etree.Element(f"{GML}featureMember", nsmap=NSMAP)
        feature = etree.SubElement(member, f"{XPLAN}{klasse}", {f"{GML}id": gml_id})
        self._fill(feature, klasse, values, gml_id)
        return member

    def claim(self, gml_id: str | None) -> str:
        """The object's own id, or another where it is none or taken; references go to the first that had it."""
        found = gml_id
        if found is None or found in self._taken or not _NCNAME.fullmatch(found):
            found = self.new_id()
        self._taken.add(found)
        if gml_id is not None:
            self._renamed.setdefault(gml_id, found)
        return found

    def new_id(self) -> str:
        """The same for every writing of the same plan."""
        self._made += 1
        found = f"GML_{uuid5(self._plan_id, str(self._made))}"
        return found if found not in self._taken else self.new_id()

    def tell(self, code: str, detail: str, gml_id: str | None) -> None:
        first, count = self._told.get((code, detail), (gml_id, 0))
        self._told[code, detail] = (first, count + 1)

    def issues(self) -> tuple[Issue, ...]:
        """What was told, each once with the first feature of which it was."""
        return tuple(
            Issue(code, Severity.WARNING, Where(_FILE, None, gml_id), detail + (f" ({count} ×)" if count > 1 else ""))
            for (code, detail), (gml_id, count) in self._told.items()
        )

    def _fill(self, parent: Any, klasse: str, values: Mapping[str, list[Any]], gml_id: str) -> None:
        known = codelists.attributes(klasse, VERSION)
        for name in values.keys() - known.keys():
            self.tell("export_without_place", f"{klasse}.{name}", gml_id)
        for name, attribute in known.items():
            written = 0
            for value in values.get(name, ()):
                node = etree.Element(f"{XPLAN}{name}")
                if (attribute.max is None or written < attribute.max) and self._set(node, attribute, value, gml_id):
                    parent.append(node)
                    written += 1
                else:
                    self.tell("export_without_place", f"{klasse}.{name} = {_short(value)}", gml_id)
            if attribute.min and not written:
                self.tell("export_missing", f"{klasse}.{name}", gml_id)
                if name == "rechtscharakter":  # mandatory since 5.0, and the standard has a number for "unknown"
                    etree.SubElement(parent, f"{XPLAN}{name}").text = str(int(Rechtscharakter.UNBEKANNT))

    def _set(self, node: Any, attribute: Attribute, value: Any, gml_id: str) -> bool:
        """False where the value is none that 6.0 allows here."""
        if attribute.kind == "geometry":
            shape = value if isinstance(value, BaseGeometry) else _shape(value)
            if shape is not None:
                node.append(gml.geometry(shape, self._srs, self.new_id))
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
        node.text = NOT_XML.sub("", text)
        return True

    def _set_nested(self, node: Any, attribute: Attribute, value: Any, gml_id: str) -> bool:
        if not isinstance(value, dict) or "_klasse" not in value:
            if "allgemein" not in codelists.attributes(attribute.type, VERSION) or isinstance(value, list):
                return False
            value = {"_klasse": attribute.type, "allgemein": value}  # a plain code until 5.4
        klasse = successors.klasse(str(value["_klasse"]))
        if not codelists.is_a(klasse, attribute.type, VERSION):
            return False
        inner = etree.SubElement(node, f"{XPLAN}{klasse}")
        if codelists.is_class(klasse, VERSION):
            inner.set(f"{GML}id", self.claim(text_of(value.get("_id"))))
        values = {n: list(v) if isinstance(v, list) else [v] for n, v in value.items() if not n.startswith("_")}
        if klasse in REFERENZ:  # 6.0 wants both; until 5.4 one was enough
            for one, other in (("referenzName", "referenzURL"), ("referenzURL", "referenzName")):
                if one not in values and other in values:
                    values[one] = values[other]
            urls = values.get("referenzURL", [])
            values["referenzURL"] = [self._addresses.get(text_of(url) or "", url) for url in urls]
        self._fill(inner, klasse, values, gml_id)
        return True


def _shape(value: Json) -> BaseGeometry | None:
    """A further geometry of an object, kept as GeoJSON."""
    if not isinstance(value, dict) or "coordinates" not in value:
        return None
    return shapely.from_geojson(json.dumps(value))


def text_of(value: Json) -> str | None:
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

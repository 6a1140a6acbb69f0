"""One XPlanGML document: checked before it is trusted, then handed out feature by feature.

The tree of the document is never held whole: a preflight with expat learns what is needed from all of it (version,
default CRS, shared geometries) and refuses what is dangerous; then each feature is parsed, yielded and forgotten.
"""

import copy
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Final
from xml.parsers import expat

from lxml import etree

from plans_ingest.errors import NoPlan, UnreadableFile, UnsafeFile, UnsupportedFormat
from plans_ingest.formats.records import MAX_OBJECTS
from plans_ingest.formats.xplangml.gml import Element, is_gml, local
from plans_ingest.formats.xplangml.opening import Opening
from plans_ingest.model import Json, Where

VERSIONS: Final = ("3.0", "4.0", "4.1", "5.0", "5.1", "5.2", "5.3", "5.4", "6.0", "6.1")

MAX_DEPTH: Final = 60
MAX_ATTRIBUTES: Final = 40
MAX_FEATURE_ELEMENTS: Final = 500_000
MAX_ELEMENTS: Final = 60_000_000
MAX_OUTSIDE: Final = 100_000  # elements that belong to no object: a plan file has a handful

_NAMESPACE: Final = re.compile(r"http://www\.xplanung\.de/xplangml/(\d)/(\d)/?$")
_NUMBERED: Final = "http://www.xplanung.de/xplangml/{}/{}"
_OLD_NAMESPACE: Final = "http://www.xplanung.de/xplangml"  # 2.0 and older did not number it
_CONTAINERS: Final = frozenset({"featureMember", "featureMembers", "member", "additionalObjects", "Insert"})
_TAGS: Final = tuple(f"{{*}}{name}" for name in sorted(_CONTAINERS))
GEOMETRY_PROPERTIES: Final = frozenset(
    {"position", "raeumlicherGeltungsbereich", "geltungsbereich", "geltungsbereichAenderung"}
)
_GEOMETRY_LINKS: Final = GEOMETRY_PROPERTIES | frozenset(
    {
        "curveMember", "baseCurve", "surfaceMember", "baseSurface", "pointMember", "lineStringMember", "polygonMember",
        "geometryMember",
    }
)  # fmt: skip
# What planners meet, by expat's name of it; what a file of theirs can hardly have stays in its words.
_CUT_OFF: Final = "sie bricht mitten im Dokument ab; bitte vollständig neu exportieren und übertragen"
_REASONS: Final = {
    expat.errors.XML_ERROR_NO_ELEMENTS: _CUT_OFF,
    expat.errors.XML_ERROR_UNCLOSED_TOKEN: _CUT_OFF,
    expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION: _CUT_OFF,
    expat.errors.XML_ERROR_PARTIAL_CHAR: _CUT_OFF,
    expat.errors.XML_ERROR_INVALID_TOKEN: "hier steht ein Zeichen, das XML nicht erlaubt, etwa & statt &amp; oder < "
    "statt &lt;",
    expat.errors.XML_ERROR_TAG_MISMATCH: "ein Element wird unter anderem Namen geschlossen, als es geöffnet wurde",
    expat.errors.XML_ERROR_DUPLICATE_ATTRIBUTE: "ein Element hat dasselbe XML-Attribut zweimal",
    expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT: "nach dem Ende des Dokuments steht noch etwas",
    expat.errors.XML_ERROR_MISPLACED_XML_PI: "vor der ersten Zeile <?xml …?> steht noch etwas, oft eine Leerzeile",
    expat.errors.XML_ERROR_UNDEFINED_ENTITY: "hier steht ein Kürzel wie &auml;, das XML nicht kennt; bitte das Zeichen "
    "selbst schreiben",
    expat.errors.XML_ERROR_UNBOUND_PREFIX: "ein Namensraum-Präfix wird benutzt, aber nirgends erklärt (xmlns:…)",
    expat.errors.XML_ERROR_INCORRECT_ENCODING: "die Zeichencodierung in der ersten Zeile ist nicht die der Datei",
    expat.errors.XML_ERROR_UNKNOWN_ENCODING: "die Zeichencodierung in der ersten Zeile ist unbekannt; bitte UTF-8",
}
_UTF8_OR_NONE: Final = frozenset({None, "utf-8", "utf8"})
_NEVER_LETTERS: Final = frozenset({0xC0, 0xC1, *range(0xF5, 0x100)})  # in UTF-8; an attack, not a mistake
_XLINK_HREF: Final = "http://www.w3.org/1999/xlink href"
_XINCLUDE: Final = "http://www.w3.org/2001/XInclude "
# An address, a path of any system, or a way up: whatever would lead out of the file. Names (urn:) lead nowhere.
_OUTWARD: Final = re.compile(r"\s*(?!urn:|#)(?:[a-z][a-z0-9+.-]*:|[/\\]|\.\.|~)", re.IGNORECASE)


@dataclass(slots=True)
class Preflight:
    """What the first pass learnt. `shared` are gml:ids of geometries that other geometries are made of."""

    version: str | None = None
    default_srs: str | None = None
    shared: set[str] = field(default_factory=set)
    elements: int = 0
    foreign_root: str | None = None
    is_plan: bool = False  # the document is a plan, and no collection (the answer of a WFS to GetFeatureById)
    is_crowded: bool = False  # a container holds more than one feature (gml:featureMembers)


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature element, still XML; valid only until the next one is asked for."""

    klasse: str
    gml_id: str | None
    where: Where
    element: Element


class Document:
    """An XPlanGML file on disk. `name` is what its owner calls it (the member of an archive)."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self.name = name
        found = preflight(path, name)
        if found.version is None:
            root = found.foreign_root or "?"
            raise NoPlan(
                f"Kein XPlanGML: das Wurzelelement ist {root}, ein XPlanung-Namensraum kommt nicht vor",
                f"no XPlanGML: root element {root}, no XPlanung namespace",
                Where(name),
            )
        if found.version not in VERSIONS:
            raise UnsupportedFormat(
                f"XPlanGML {found.version} wird nicht gelesen; lesbar sind {VERSIONS[0]} bis {VERSIONS[-1]}",
                f"XPlanGML {found.version} is not read; readable are {VERSIONS[0]} to {VERSIONS[-1]}",
                Where(name),
            )
        self.version: str = found.version
        self.default_srs = found.default_srs
        self.scalars: dict[tuple[int, str], Json] = {}  # see values.read
        self.inline: deque[Feature] = deque()  # to be read before the next feature is asked for
        self._is_crowded = found.is_crowded
        self._is_plan = found.is_plan
        self.shared: Mapping[str, Element] = self._collect(found.shared) if found.shared else {}

    def features(self) -> Iterator[Feature]:
        """All features in the order of the file, whatever collection they are nested in. Raises UnreadableFile."""
        # What has been handed out is freed, so that memory stays with the largest feature, not with the file; each when
        # the next one is done with. The last one is still in somebody's hands, and lxml frees what is held from outside
        # child by child, which takes a minute where a Bereich names 300,000 objects.
        done: Element | None = None
        if self._is_plan:
            for element in self._parse("{*}BP_Plan", "{*}FP_Plan"):
                if element.getparent() is None:
                    yield from self._feature(element)
            return
        if self._is_crowded:
            namespace = _NUMBERED.format(*self.version.split("."))
            for element in self._parse(f"{{{namespace}}}*", f"{{{namespace}/}}*"):
                if _is_in_container(element):
                    yield from self._feature(element)
                    if done is not None:
                        _forget(done)
                    done = element
            return
        for container in self._parse(*_TAGS):
            yield from chain.from_iterable(map(self._feature, container))
            if done is not None:
                _forget(done)
            done = container

    def _feature(self, element: Element) -> Iterator[Feature]:
        """The element as a feature, if it is one of XPlanung."""
        klasse = _klasse(str(element.tag))
        if klasse is None:
            return
        gml_id, line = gml_id_of(element), element.sourceline
        yield Feature(
            klasse, gml_id, Where(self.name, klasse, gml_id, line if isinstance(line, int) else None), element
        )

    def where(self, element: Element) -> Where:
        line = element.sourceline
        return Where(self.name, local(element), gml_id_of(element), line if isinstance(line, int) else None)

    def _collect(self, wanted: set[str]) -> dict[str, Element]:
        """Copies of the geometry elements that others refer to; only documents that share geometries pay for this."""
        found = {}
        for element in self._parse("{*}*"):
            gml_id = gml_id_of(element)
            if gml_id in wanted and is_gml(element):
                found[gml_id] = copy.deepcopy(element)
            elif _is_in_container(element):
                _forget(element)
        return found

    def _parse(self, *tags: str) -> Iterator[Element]:
        """The elements of these names, each when it ends."""
        opening = Opening.of(self._path)
        try:
            with self._path.open("rb") as file:
                for _, element in etree.iterparse(
                    opening.read(file),
                    events=("end",),
                    tag=list(tags),
                    resolve_entities=False,
                    load_dtd=False,
                    no_network=True,
                    huge_tree=False,
                    dtd_validation=False,
                    attribute_defaults=False,
                    remove_comments=True,
                    remove_pis=True,
                    encoding=opening.encoding,
                ):
                    yield element
        except etree.XMLSyntaxError as fault:
            if "text node too long" in (fault.msg or "").lower():  # libxml2 ends a text at 10 million characters
                german, english = "Text mit mehr als 10 Millionen Zeichen", "text with more than 10 million characters"
                raise UnsafeFile(german, english, Where(self.name, line=fault.lineno)) from None
            raise _unreadable(self.name, fault.lineno, fault.msg or "", fault.msg or "") from None


@lru_cache(maxsize=4096)  # bounded: a hostile file may name anything
def _klasse(tag: str) -> str | None:
    """The class of an element of XPlanung, None for any other and for the collection itself."""
    namespace, _, name = tag.removeprefix("{").rpartition("}")
    return name if _NAMESPACE.search(namespace) and name != "XPlanAuszug" else None


def _is_in_container(element: Element) -> bool:
    parent = element.getparent()
    return parent is not None and local(parent) in _CONTAINERS


def _forget(element: Element) -> None:
    """Empties the element, and takes away what stands before it and before what it stands in."""
    element.clear(keep_tail=False)
    for each in (element, element.getparent()):
        while each is not None and each.getprevious() is not None:
            parent = each.getparent()
            if parent is None:
                break
            del parent[0]


def gml_id_of(element: Element) -> str | None:
    return element.get("{http://www.opengis.net/gml/3.2}id") or element.get("{http://www.opengis.net/gml}id")


def preflight(path: Path, name: str) -> Preflight:
    """Reads the whole document once with expat. Raises UnreadableFile when it is not well-formed, UnsafeFile when it is
    built to harm: a DOCTYPE (entities, external files), references that leave the file, too deep, too many elements,
    attributes or namespaces.
    """
    found = Preflight()
    opening = Opening.of(path)
    parser = expat.ParserCreate(opening.encoding, namespace_separator=" ")
    depth = in_feature = outside = namespaces = features = features_of_container = 0
    feature_depth: int | None = None
    container_depth: int | None = None

    def refuse(german: str, english: str) -> None:
        raise UnsafeFile(german, english, Where(name, line=parser.CurrentLineNumber))

    def start(tag: str, attributes: list[str]) -> None:
        nonlocal depth, in_feature, feature_depth, container_depth, outside, namespaces, features
        nonlocal features_of_container
        depth += 1
        namespaces = 0
        found.elements += 1
        local_name = tag[tag.rfind(" ") + 1 :]
        if depth > MAX_DEPTH:
            refuse(f"mehr als {MAX_DEPTH} Ebenen verschachtelt", f"nested deeper than {MAX_DEPTH} levels")
        if found.elements > MAX_ELEMENTS:
            refuse(f"mehr als {MAX_ELEMENTS} Elemente", "too many elements")
        if local_name in _CONTAINERS:
            container_depth, feature_depth, features_of_container = depth, None, 0
        elif feature_depth is not None:
            in_feature += 1
            if in_feature > MAX_FEATURE_ELEMENTS:
                refuse(f"Objekt mit mehr als {MAX_FEATURE_ELEMENTS} Elementen", "object with too many elements")
        elif container_depth is not None and depth == container_depth + 1:
            feature_depth, in_feature = depth, 0
            features += 1
            found.is_crowded |= features_of_container > 0
            features_of_container += 1
            if features > MAX_OBJECTS:
                refuse(f"mehr als {MAX_OBJECTS} Objekte; bitte in Teilen liefern", "too many objects in one file")
        else:
            outside += 1
            if outside > MAX_OUTSIDE:
                refuse(f"mehr als {MAX_OUTSIDE} Elemente außerhalb der Objekte", "too many elements outside objects")
        if found.version is None:
            learn_version(tag.rpartition(" ")[0], local_name)
        if tag.startswith(_XINCLUDE):
            refuse("XInclude würde fremde Dateien einbinden; bitte entfernen", "XInclude is not allowed; remove it")
        if attributes:
            look_at(attributes, local_name)

    def look_at(attributes: list[str], local_name: str) -> None:
        if len(attributes) > 2 * MAX_ATTRIBUTES:
            refuse(f"Element mit mehr als {MAX_ATTRIBUTES} XML-Attributen", "element with too many XML attributes")
        names = attributes[::2]
        if "srsName" in names and (found.default_srs is None or local_name == "Envelope"):
            found.default_srs = attributes[2 * names.index("srsName") + 1] or found.default_srs
        if _XLINK_HREF in names:
            href = attributes[2 * names.index(_XLINK_HREF) + 1]
            if _OUTWARD.match(href):
                refuse(
                    f"xlink:href von {local_name} führt aus der Datei hinaus ({href[:60]!r}); erlaubt sind Verweise "
                    "auf Objekte derselben Datei (#…)",
                    f"an xlink:href of {local_name} leads out of the file; only objects of the same file may be named",
                )
            if local_name in _GEOMETRY_LINKS:
                found.shared.add(href.removeprefix("#"))

    def learn_version(namespace: str, local_name: str) -> None:
        if found.elements == 1:
            found.foreign_root = local_name
        if match := _NAMESPACE.match(namespace):
            found.version = f"{match[1]}.{match[2]}"
            found.is_plan = found.elements == 1 and local_name in {"BP_Plan", "FP_Plan"}
        elif namespace == _OLD_NAMESPACE:
            found.version = "2"

    def declare(_prefix: str | None, _uri: str | None) -> None:
        nonlocal namespaces
        namespaces += 1
        if namespaces > MAX_ATTRIBUTES:
            refuse(f"Element mit mehr als {MAX_ATTRIBUTES} Namensräumen", "element with too many namespaces")

    def end(_tag: str) -> None:
        nonlocal depth, feature_depth, container_depth
        if depth == feature_depth:
            feature_depth = None
        elif depth == container_depth:
            container_depth = None
        depth -= 1

    def doctype(*_: object) -> None:
        refuse(
            "DOCTYPE-Angaben sind in Plandateien nicht erlaubt (sie könnten fremde Dateien einbinden); bitte entfernen",
            "a DOCTYPE is not allowed in plan files (it could pull in other files); remove it",
        )

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartNamespaceDeclHandler = declare
    parser.StartDoctypeDeclHandler = doctype
    parser.ordered_attributes = True
    try:
        with path.open("rb") as file:
            parser.ParseFile(opening.read(file))
    except expat.ExpatError as fault:
        if _is_other_encoding(path, opening, fault, parser.ErrorByteIndex):
            raise UnreadableFile(
                "Die Datei nennt UTF-8, ist aber anders gespeichert, meist als Windows-1252 (ANSI); bitte als UTF-8 "
                "speichern oder in der ersten Zeile die Kodierung nennen, die sie hat",
                "the file says it is UTF-8 but is saved in another encoding, mostly Windows-1252",
                Where(name, line=fault.lineno),
            ) from None
        english = expat.errors.messages.get(fault.code, "")
        raise _unreadable(name, fault.lineno, _REASONS.get(english, english), english) from None
    except (ValueError, LookupError):  # an encoding of several bytes a letter, or one that Python does not know
        german, english = "Zeichencodierung wird nicht gelesen; bitte UTF-8", "encoding not read; please UTF-8"
        raise _unreadable(name, 1, german, english) from None
    return found


def _is_other_encoding(path: Path, opening: Opening, fault: expat.ExpatError, at: int) -> bool:
    """Whether what the parser stumbled over is a letter that is no UTF-8, where UTF-8 was promised."""
    if fault.code != expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN] or opening.declared not in _UTF8_OR_NONE:
        return False
    with path.open("rb") as file:
        file.seek(opening.start + max(at, 0))
        some = file.read(64)
    return bool(some) and some[0] >= 0x80 and some[0] not in _NEVER_LETTERS


def _unreadable(name: str, line: int | None, german: str, english: str) -> UnreadableFile:
    return UnreadableFile(
        f"Die Datei ist kein wohlgeformtes XML: {german}",
        f"the file is not well-formed XML: {english}",
        Where(name, line=line),
    )

"""Level C: features against the official XSD of their version, from a folder that the operator names.

Each feature is validated on its own while it is read, so that memory stays with the largest one; the schemas declare
every class globally, and the verdict over 170 test plans is that of validating whole documents. Which set applies is
decided by the namespace, never by what the document calls its schemaLocation; nothing outside the folder is opened.
"""

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

from lxml import etree

from plans_ingest.checks.rule import Rule
from plans_ingest.model import Issue, Level, Severity, Where

MAX_TOLD: Final = 200

UNEXPECTED: Final = Rule(
    "schema_element_unexpected",
    Level.SCHEMA_VALID,
    Severity.ERROR,
    "Dieses Element darf hier nicht stehen: {detail}",
    "this element must not stand here: {detail}",
    "Schreibweise und Reihenfolge nach dem Schema der Version richten.",
    basis="XSD",
)
MISSING: Final = Rule(
    "schema_element_missing",
    Level.SCHEMA_VALID,
    Severity.ERROR,
    "Ein Pflichtelement fehlt: {detail}",
    "a mandatory element is missing: {detail}",
    "Das genannte Element ergänzen.",
    basis="XSD",
)
ATTRIBUTE: Final = Rule(
    "schema_xml_attribute",
    Level.SCHEMA_VALID,
    Severity.ERROR,
    "Ein XML-Attribut fehlt oder ist nicht erlaubt: {detail}",
    "an XML attribute is missing or not allowed: {detail}",
    "Das XML-Attribut (etwa uom bei Maßen) ergänzen oder entfernen.",
    basis="XSD",
)
VALUE: Final = Rule(
    "schema_value_wrong",
    Level.SCHEMA_VALID,
    Severity.ERROR,
    "Der Wert ist hier nicht erlaubt: {detail}",
    "the value is not allowed here: {detail}",
    "Einen Wert der Codeliste oder des verlangten Typs eintragen.",
    basis="XSD",
)
OTHER: Final = Rule(
    "schema_violated",
    Level.SCHEMA_VALID,
    Severity.ERROR,
    "Das Schema der Version ist verletzt: {detail}",
    "the schema of the version is violated: {detail}",
    "Das Element nach dem Schema der Version berichtigen.",
    basis="XSD",
)
ID_TWICE: Final = Rule(
    "schema_id_twice",
    Level.SCHEMA_VALID,
    Severity.ERROR,
    "Die gml:id {detail} einer Geometrie kommt mehrfach vor",
    "the gml:id {detail} of a geometry occurs more than once",
    "Jede gml:id nur einmal vergeben, auch bei Geometrien.",
    basis="XSD",
)
MORE: Final = Rule(
    "schema_more",
    Level.SCHEMA_VALID,
    Severity.WARNING,
    "Es gibt {detail} weitere Verstöße gegen das Schema, die nicht einzeln genannt sind",
    "there are {detail} more violations of the schema that are not told one by one",
    "Die genannten Verstöße beheben und erneut prüfen.",
    basis="XSD",
)
UNUSABLE: Final = Rule(
    "schema_unusable",
    Level.SCHEMA_VALID,
    Severity.WARNING,
    "Die Schemata des Betriebs sind nicht lesbar, geprüft wurde nach unseren Tabellen: {detail}",
    "the operator's schemas cannot be read, our own tables were used: {detail}",
    "Den Betrieb benachrichtigen (Ordner XPLAN_SCHEMAS).",
    basis="XSD",
    breaks=False,
)
RULES: Final = (UNEXPECTED, MISSING, ATTRIBUTE, VALUE, OTHER, ID_TWICE, MORE, UNUSABLE)

_ENTRY: Final = "XPlanung-Operationen.xsd"
_TARGET: Final = re.compile(rb"targetNamespace\s*=\s*[\"']http://www\.xplanung\.de/xplangml/(\d)/(\d)/?[\"']")
_GML_ID: Final = "{http://www.opengis.net/gml/3.2}id"
# Of WFS 2.0 a document uses the collection alone, whose features are validated one by one.
_WFS: Final = '<schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.opengis.net/wfs/2.0"/>'
_NAMESPACE: Final = re.compile(r"\{[^}]*\}")
_NCNAME: Final = re.compile(r"[^\W\d][\w.-]*")
_TELLING: Final = (
    (re.compile(r"This element is not expected\.(?: Expected is (?:one of )?\( (.*) \)\.)?"), UNEXPECTED),
    (re.compile(r"Missing child element\(s\)\.(?: Expected is (?:one of )?\( (.*) \)\.)?"), MISSING),
    (re.compile(r"The attribute '([^']*)' is required but missing"), ATTRIBUTE),
    (re.compile(r"The attribute '([^']*)' is not allowed"), ATTRIBUTE),
    (re.compile(r"The value '.*' is not an element of the set \{(.*)\}"), VALUE),
    (re.compile(r"\[facet '(\w+)'\]"), VALUE),
    (re.compile(r"is not a valid value of (?:the )?\w+ (?:\w+ )?'([^']*)'"), VALUE),
)
_EXPECTED_SHOWN: Final = 8
# What our own tables say, and the official schema knows better where it is at hand.
OUR_TABLES: Final = frozenset(
    {"attribute_repeated", "attribute_unknown", "class_unknown", "code_unknown", "value_mistyped"}
)
_READERS_MISSING: Final = "attribute_missing"


class SchemaCheck:
    """The official schema of one version, and what it finds in one file."""

    def __init__(self, schema: etree.XMLSchema, file: str) -> None:
        self._schema = schema
        self._file = file
        self._ids: set[int] = set()
        self._told: list[Issue] = []
        self._more = 0

    @classmethod
    def of(cls, folder: Path | None, version: str, file: str, issues: list[Issue]) -> Self | None:
        """None where the folder has no set for the version; a set that cannot be read is told."""
        entry = None if folder is None else _sets(folder).get(version)
        if folder is None or entry is None:
            return None
        try:
            return cls(_compiled(entry, folder), file)
        except (etree.XMLSchemaParseError, etree.XMLSyntaxError, OSError) as fault:
            issues.append(UNUSABLE.issue(Where(file), f"{entry.parent.name}: {str(fault)[:200]}"))
            return None

    def check(self, feature: etree._Element, klasse: str, gml_id: str | None) -> None:
        self._check_ids(feature, gml_id)
        if self._schema.validate(feature):
            return
        seen: set[tuple[int, str]] = set()
        for entry in self._schema.error_log:
            if "'xs:ID'" in entry.message and self._is_repeated(entry.message):
                continue  # told by _check_ids, which also sees what was read and forgotten
            place = (entry.line, entry.path or "")
            if place in seen:
                continue  # libxml2 tells a wrong facet twice: as facet and as type
            seen.add(place)
            rule, detail = _translate(entry.message)
            name = (entry.path or klasse).rpartition("/")[2].rpartition(":")[2].partition("[")[0]
            self._tell(rule, Where(self._file, name or klasse, gml_id, entry.line or None), detail)

    def merged_into(self, issues: list[Issue]) -> list[Issue]:
        """The reader's issues and these. Where both speak of a place, the reader says it better (it also says what
        became of the value); where only our tables object, the official schema overrules them.
        """
        wrong = {(issue.where.line, issue.where.element) for issue in self._told}
        missing = {(i.where.line, i.where.element) for i in self._told if i.code == MISSING.code}
        kept = []
        for issue in issues:
            place = (issue.where.line, issue.where.element)
            if issue.code in OUR_TABLES and not self._more and place not in wrong:
                kept.append(replace(issue, severity=Severity.INFO))
            elif issue.code != _READERS_MISSING:
                kept.append(issue)
            elif place in missing:  # libxml2 names all that might stand there, our tables what has to
                kept.append(replace(issue, severity=Severity.ERROR))
        known = {(issue.where.line, issue.where.element) for issue in kept}
        kept.extend(issue for issue in self._told if (issue.where.line, issue.where.element) not in known)
        if self._more:
            kept.append(MORE.issue(Where(self._file), str(self._more)))
        return kept

    def _tell(self, rule: Rule, where: Where, detail: str) -> None:
        if len(self._told) < MAX_TOLD:
            self._told.append(rule.issue(where, detail))
        else:
            self._more += 1

    def _check_ids(self, feature: etree._Element, gml_id: str | None) -> None:
        """Across all features, by hash: a million ids take 60 MB. The features' own ids are the reader's business."""
        for element in feature.iter(etree.Element):
            found = element.get(_GML_ID)
            if found is None:
                continue
            key = hash(found)
            if key in self._ids and element is not feature:
                line = element.sourceline
                where = Where(self._file, etree.QName(element).localname, gml_id, line if line else None)
                self._tell(ID_TWICE, where, found)
            self._ids.add(key)

    def _is_repeated(self, message: str) -> bool:
        value = message.rpartition(": '")[2].partition("' is not")[0]
        return _NCNAME.fullmatch(value) is not None


def _translate(message: str) -> tuple[Rule, str]:
    """The rule for one of libxml2's messages, and a detail that keeps its words, freed of namespaces."""
    text = _NAMESPACE.sub("", message).strip()
    found = re.match(r"Element '([^']*)'(?:, attribute '([^']*)')?: (.*)", text, re.DOTALL)
    element, attribute, reason = found.groups() if found else ("", None, text)
    name = f"{element}/@{attribute}" if attribute else element
    for pattern, rule in _TELLING:
        told = pattern.search(reason)
        if told is None:
            continue
        expected = [word.strip() for word in (told[1] or "").split(",") if word.strip()]
        short = ", ".join(expected[:_EXPECTED_SHOWN]) + (" …" if len(expected) > _EXPECTED_SHOWN else "")
        original = reason.partition(" Expected is")[0].partition(" of the set {")[0]
        return rule, (f"{name} → {short} ({original[:200]})" if short else f"{name} ({original[:200]})")
    return OTHER, f"{name}: {reason[:300]}" if name else reason[:300]


@lru_cache(maxsize=4)
def _sets(folder: Path) -> dict[str, Path]:
    """version -> its entry schema, by the namespace that it declares."""
    found = {}
    for entry in sorted(folder.glob(f"*/{_ENTRY}")):
        with entry.open("rb") as file:
            match = _TARGET.search(file.read(8_192))
        if match is not None:
            found[b".".join(match.groups()).decode()] = entry
    return found


@lru_cache(maxsize=16)
def _compiled(entry: Path, folder: Path) -> etree.XMLSchema:
    """Raises etree.XMLSchemaParseError, etree.XMLSyntaxError."""
    parser = etree.XMLParser(no_network=True, load_dtd=False, resolve_entities=False)
    parser.resolvers.add(_InsideFolder(folder.resolve()))
    return etree.XMLSchema(etree.parse(str(entry), parser))


class _InsideFolder(etree.Resolver):
    """Imports lead into the folder or nowhere: an address on the web means the file of that name in the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resolve(self, system_url: str | None, public_id: str | None, context: Any) -> Any:  # noqa: ARG002 - lxml's
        url = system_url or ""
        parts = urlsplit(url)
        if url.endswith("/wfs/2.0/wfs.xsd"):
            return self.resolve_string(_WFS, context)
        path = Path(unquote(parts.path)).resolve()
        if parts.scheme in {"", "file"} and path.is_relative_to(self._folder) and path.is_file():
            return self.resolve_filename(str(path), context)
        beside = sorted(self._folder.glob(f"*/{path.name}")) if path.suffix == ".xsd" else []
        if beside:
            return self.resolve_filename(str(beside[0]), context)
        raise OSError(f"{url} liegt außerhalb des Schemaordners / is outside the folder of schemas")

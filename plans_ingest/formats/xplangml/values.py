"""Properties of a feature as plain values, so that nothing which was delivered is lost, understood or not.

A scalar becomes text, number, boolean; a measure {"wert", "uom"}; a code with a code space {"wert", "codeSpace"}; a
nested data type an object with its class under "_klasse"; a reference its href; what may occur more than once is always
a list.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain
from sys import intern
from typing import Final, cast

from lxml import etree

from plans_ingest import codelists
from plans_ingest.codelists import Attribute
from plans_ingest.formats.records import GeometryFault, Record
from plans_ingest.formats.xplangml import gml
from plans_ingest.formats.xplangml.document import GEOMETRY_PROPERTIES, Document, Feature, gml_id_of
from plans_ingest.formats.xplangml.gml import Element, Notes, local
from plans_ingest.formats.xplangml.kinds import kind
from plans_ingest.formats.xplangml.plain import PlainGeometries
from plans_ingest.model import Issue, Json, Severity, Where
from plans_ingest.spellings import respelt_date, respelt_number, respelt_scale

_XLINK_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_SHORT: Final = 48  # characters
_REMEMBERED: Final = 20_000  # values
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?=$|[TZ+-])")
_OBJECTS: Final = ("XP_Objekt", "XP_AbstraktesPraesentationsobjekt")
# GML's own, worked out again from the geometries
_BOOKKEEPING: Final = frozenset({"boundedBy", "identifier", "metaDataProperty"})
_SCALES: Final = frozenset({"erstellungsMassstab", "erstellungsMasstab"})
_NEVER: Final = frozenset({date.min, date.max})  # what programs write that have no word for "no date"
_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})
# XPlanGML 3.0 has no published schema here, so its attributes cannot be held against a table.
UNCHECKED_VERSIONS: Final = frozenset({"3.0"})


def read(feature: Feature, document: Document, plain_ones: PlainGeometries, issues: list[Issue]) -> Record:
    """All properties of one feature. What the table of its class does not know is kept all the same, and told.

    Its plain geometries are in it when `plain_ones` has made them.
    """
    told = len(issues)
    record = _read(feature, document, plain_ones, issues)
    if feature.gml_id is not None:  # whatever element was spoken of: a planner asks which object it is in
        for at in range(told, len(issues)):
            if issues[at].where.gml_id != feature.gml_id:
                issues[at] = replace(issues[at], where=replace(issues[at].where, gml_id=feature.gml_id))
    return record


def _read(feature: Feature, document: Document, plain_ones: PlainGeometries, issues: list[Issue]) -> Record:
    record = Record(feature.klasse, feature.gml_id, feature.where)
    known = codelists.attributes(feature.klasse, document.version)
    if not known and document.version not in UNCHECKED_VERSIONS:
        issues.append(Issue("class_unknown", Severity.WARNING, feature.where, feature.klasse))
    values_of = record.values
    shapes: dict[str, int] = {}
    for child in feature.element:
        name, is_of_gml = gml.split(child)
        if is_of_gml and name in _BOOKKEEPING:
            continue
        if is_of_gml:  # GML gives every feature a name of its own, which is not that of the plan
            name = f"gml:{name}"
        inner = child[0] if len(child) else None
        is_shaped = inner is not None or name in GEOMETRY_PROPERTIES
        if is_shaped and (found := _geometries(child, inner, name, document)) is not None:
            shapes[name] = shapes.get(name, 0) + len(found)
            for element in found:
                if not plain_ones.take(element, record, name):
                    _read_geometry(record, name, element, document, issues)
            continue
        attribute = known.get(name)
        if attribute is None and known and not is_of_gml:
            issues.append(Issue("attribute_unknown", Severity.WARNING, document.where(child), name))
        if inner is not None and inner.keys() and _is_feature(inner, document.version):
            record.values.setdefault(name, []).extend(_set_apart(child, document))
            continue
        value = _value(child, attribute, document, issues)
        if name in values_of:
            values_of[name].append(value)
        else:
            values_of[name] = [value]
    for name, number in chain(zip(values_of, map(len, values_of.values()), strict=True), shapes.items()):
        attribute = known.get(name) if number > 1 else None
        if attribute is not None and attribute.max is not None and number > attribute.max:
            issues.append(Issue("attribute_repeated", Severity.WARNING, feature.where, f"{name} ({number} ×)"))
    mandatory = codelists.mandatory(feature.klasse, document.version)
    if not mandatory <= values_of.keys():
        missing = mandatory - values_of.keys() - record.geometries.keys()
        if missing:
            issues.append(Issue("attribute_missing", Severity.WARNING, feature.where, ", ".join(sorted(missing))))
    return record


def _geometries(holder: Element, inner: Element | None, name: str, document: Document) -> Sequence[Element] | None:
    """What a property has of geometries, which may stand elsewhere in the file; None where it is about something else.

    One is allowed; more of them are read and told. An area that GML knows and we do not is told by its reader.
    """
    if inner is not None:
        is_shape = gml.is_geometry(inner) or (name in GEOMETRY_PROPERTIES and gml.is_gml(inner))
        return list(holder) if is_shape and local(inner) != "Null" else None
    href = holder.get(_XLINK_HREF) if name in GEOMETRY_PROPERTIES else None
    shared = None if href is None else document.shared.get(href.removeprefix("#"))
    return None if shared is None else [shared]


def plain(record: Record, version: str) -> dict[str, Json]:
    """The values that are left, single ones unwrapped where the class allows only one."""
    known = codelists.attributes(record.klasse, version)
    return {name: _unwrap(values, known.get(name)) for name, values in record.values.items()}


def _unwrap(values: list[Json], attribute: Attribute | None) -> Json:
    single = len(values) == 1 and (attribute is None or attribute.max == 1)
    return values[0] if single else values


def _is_feature(element: Element, version: str) -> bool:
    """Whether a feature stands where others write a reference to it (GML 7.2.3.1 allows either)."""
    klasse = local(element)
    if gml_id_of(element) is None or gml.is_gml(element):
        return False
    return kind(klasse) in {"plan", "bereich", "text"} or any(
        codelists.is_a(klasse, base, version) for base in _OBJECTS
    )


def _set_apart(holder: Element, document: Document) -> list[Json]:
    """References to the features inside a property, which wait with the document for their turn."""
    links: list[Json] = []
    for element in holder:
        gml_id = gml_id_of(element)
        document.inline.append(Feature(local(element), gml_id, document.where(element), element))
        links.append(f"#{gml_id}")
    return links


def _read_geometry(record: Record, name: str, element: Element, document: Document, issues: list[Issue]) -> None:
    notes = Notes()
    try:
        raw = gml.read(element, document.shared, notes)
    except GeometryFault as fault:
        issues.append(Issue("geometry_unreadable", Severity.ERROR, document.where(element), str(fault)))
        text = etree.tostring(element, encoding="unicode", with_tail=False)
        record.values.setdefault(name, []).append({"_gml": text[:100_000]})
        return
    if raw.geometry.is_empty:  # GML allows a collection without members
        issues.append(Issue("geometry_empty", Severity.WARNING, document.where(element), local(element)))
        return
    for code, detail in notes.found:
        severity = Severity.INFO if code in {"height_dropped", "curve_turned"} else Severity.WARNING
        issues.append(Issue(code, severity, _with_owner(document.where(element), record), detail))
    record.geometries.setdefault(name, []).append(raw)


def _with_owner(where: Where, record: Record) -> Where:
    return Where(where.file, where.element, record.gml_id, where.line)


def _value(element: Element, attribute: Attribute | None, document: Document, issues: list[Issue]) -> Json:
    if len(element) or element.keys():
        return _value_with_markup(element, attribute, document, issues)
    text = (element.text or "").strip()
    # Most objects say what many others have said; what there was something to tell about is never remembered.
    key = (id(attribute), text)
    known = document.scalars.get(key, document)
    if known is not document:
        return cast("Json", known)
    told = len(issues)
    if len(text) < _SHORT:
        text = intern(text)
    value = _scalar(text, attribute, element, document, issues)
    if len(issues) == told and len(text) < _SHORT and len(document.scalars) < _REMEMBERED:
        document.scalars[key] = value
    return value


def _value_with_markup(element: Element, attribute: Attribute | None, document: Document, issues: list[Issue]) -> Json:
    href = element.get(_XLINK_HREF)
    inner = list(element)
    if inner:
        nested = [_nested(child, document, issues) for child in inner]
        return nested[0] if len(nested) == 1 else list(nested)
    if href is not None:
        return intern(href) if len(href) < _SHORT else href
    text = (element.text or "").strip()
    if len(text) < _SHORT:  # codes, numbers of Bereiche: the same few in every object
        text = intern(text)
    uom, code_space, nil = element.get("uom"), element.get("codeSpace"), element.get("nilReason")
    if not text and (nil or element.get(_NIL) in _TRUE):
        return {"nilReason": nil or "unknown"}
    value = _scalar(text, attribute, element, document, issues)
    if uom is not None:
        return {"wert": value, "uom": uom}
    if code_space is not None:
        return {"wert": value, "codeSpace": code_space}
    return value


def _nested(element: Element, document: Document, issues: list[Issue]) -> Json:
    """A data type (or a feature) written inside a property."""
    klasse = local(element)
    if gml.is_geometry(element):
        return {"_klasse": klasse, "_gml": etree.tostring(element, encoding="unicode", with_tail=False)[:100_000]}
    known: Mapping[str, Attribute] = codelists.attributes(klasse, document.version)
    found: dict[str, list[Json]] = {}
    for child in element:
        name = local(child)
        attribute = known.get(name)
        if attribute is None and known:
            issues.append(Issue("attribute_unknown", Severity.WARNING, document.where(child), f"{klasse}.{name}"))
        found.setdefault(name, []).append(_value(child, attribute, document, issues))
    missing = codelists.mandatory(klasse, document.version) - found.keys()
    if missing and found:
        detail = f"{klasse}: {', '.join(sorted(missing))}"
        issues.append(Issue("attribute_missing", Severity.WARNING, document.where(element), detail))
    result: dict[str, Json] = {"_klasse": klasse}
    if gml_id := gml_id_of(element):
        result["_id"] = gml_id
    if not found and (element.text or "").strip():
        result["wert"] = (element.text or "").strip()
    return result | {name: _unwrap(values, known.get(name)) for name, values in found.items()}


def _scalar(text: str, attribute: Attribute | None, element: Element, document: Document, issues: list[Issue]) -> Json:
    """Typed by the table where it knows the property; what does not fit its type stays text, and is told."""
    if attribute is None:
        return text
    meant: str | float | None = None
    match attribute.kind:
        case "boolean":
            if text in _TRUE or text in _FALSE:
                return text in _TRUE
        case "integer" | "number" | "measure":
            number = _number(text)
            if number is not None:
                return number
            meant = respelt_scale(text) if attribute.name in _SCALES else respelt_number(text)
        case "code":
            if not attribute.type or codelists.is_valid(attribute.type, text, document.version):
                return text
            bare = text.removesuffix(".0")  # as tables have numbers
            meant = bare if codelists.is_valid(attribute.type, bare, document.version) else None
            named = codelists.code_named(attribute.type, text, document.version)
            if meant is None and named is not None:
                detail = f"{attribute.name} = {text[:80]!r} → {named}"
                issues.append(Issue("code_by_word", Severity.WARNING, document.where(element), detail))
                return named
            if meant is None:
                detail = f"{attribute.type} {text[:80]!r}"
                issues.append(Issue("code_unknown", Severity.WARNING, document.where(element), detail))
                return text
        case "date":
            if parse_date(text) is not None:
                return text
            meant = respelt_date(text)
        case _:
            return text
    detail = f"{attribute.name} = {text[:80]!r}"
    if meant is not None:
        detail = f"{detail} → {meant}"
        issues.append(Issue("value_respelt", Severity.WARNING, document.where(element), detail))
        return meant
    issues.append(Issue("value_mistyped", Severity.WARNING, document.where(element), detail))
    return text


def parse_date(text: str) -> date | None:
    """An xs:date; a time or zone behind it, which some exporters write, is left out. None if it is no date."""
    found = _DATE.match(text)
    try:
        read = None if found is None else date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
    return None if read in _NEVER else read


def _number(text: str) -> float | int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if number != number or number in (float("inf"), float("-inf")):
        return None
    return int(number) if number.is_integer() and "e" not in text.lower() and "." not in text else number

"""The layer of objects in our own template: class, code and shape of each Festsetzung, by the plan's number."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from plans_ingest import codelists
from plans_ingest.formats import placing
from plans_ingest.formats.records import Record
from plans_ingest.formats.vector import fields
from plans_ingest.formats.vector.layers import Layer
from plans_ingest.labels import ART_ATTRIBUTES
from plans_ingest.model import Issue, Json, Plan, Planobjekt, Severity
from plans_ingest.profiles import VERSION
from plans_ingest.spellings import fold

LAYER: Final = "objekte"
CODE_TABLE: Final = "werte"  # the template's value lists, for people
COLUMNS: Final = ("plan", "klasse", "code", "beschriftung")


def is_layer(layer: Layer) -> bool:
    names = {column.casefold() for column in layer.columns}
    return layer.name.casefold() == LAYER and {"plan", "klasse"} <= names


def attach(plans: Sequence[Plan], layer: Layer, srid: int, issues: list[Issue]) -> tuple[list[Plan], int]:
    """The plans with their objects, and how many geometries were read. An object of no plan is told and left out."""
    placed, found = placing.place(layer.records, layer.where, layer.srs, srid)
    issues.extend(found)
    shapes = {item.record: item for item in placed}
    by_number: dict[str, list[Planobjekt]] = {fold(plan.nummer): [] for plan in plans if plan.nummer}
    for record in layer.records:
        values = {name.casefold(): fields.as_text(value[0]) for name, value in record.values.items()}
        number = fold(values.get("plan") or "")
        klasse = values.get("klasse") or ""
        if number not in by_number:
            issues.append(Issue("object_without_plan", Severity.WARNING, record.where, values.get("plan") or "–"))
            continue
        if not codelists.is_class(klasse, VERSION):
            issues.append(Issue("class_unknown", Severity.WARNING, record.where, klasse[:80] or "–"))
        shape = shapes.get(record)
        by_number[number].append(
            Planobjekt(
                klasse=klasse,
                gml_id=f"{LAYER}.{record.where.line}",
                bereich=None,
                geometry=None if shape is None else shape.geometry,
                original=None if shape is None else shape.original,
                attribute=_attribute(klasse, values.get("code"), record, issues)
                | ({"schriftinhalt": text} if (text := values.get("beschriftung")) else {}),
            )
        )
    numbered = [
        replace(plan, objekte=tuple(by_number.get(fold(plan.nummer or ""), ()))) if plan.nummer else plan
        for plan in plans
    ]
    return numbered, len(placed)


def _attribute(klasse: str, code: str | None, record: Record, issues: list[Issue]) -> dict[str, Json]:
    """The code under the attribute that says what an object of the class is (besondereArtDerBaulNutzung, …)."""
    if code is None:
        return {}
    known = codelists.attributes(klasse, VERSION)
    for name in ART_ATTRIBUTES:
        attribute = known.get(name)
        if attribute is None:
            continue
        enumeration = attribute.type
        nested = codelists.attributes(enumeration, VERSION).get("allgemein") if attribute.kind == "complex" else None
        enumeration = nested.type if nested is not None else enumeration
        if codelists.is_valid(enumeration, code, VERSION):
            value: Json = code if nested is None else {"_klasse": attribute.type, "allgemein": code}
            return {name: value if attribute.max == 1 else [value]}
    issues.append(Issue("code_unknown", Severity.WARNING, record.where, f"{klasse} {code[:80]!r}"))
    return {"code": code}

"""What a plan says of itself: its Gemeinde, its documents, what it changes (XPlanung 3.2)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from plans_ingest import kreis
from plans_ingest.checks.rule import Context, Rule, code
from plans_ingest.model import Bereich, Issue, Json, Level, Plan, Planobjekt, Severity

DOKUMENT_GEOREFERENCED: Final = Rule(
    "dokument_with_georeference",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Die Referenz ist ein Dokument (art), nennt aber eine Georeferenz: {detail}",
    "the reference says it is a document, but names a georeference: {detail}",
    "art auf PlanMitGeoreferenz setzen oder georefURL und georefMimeType weglassen.",
    number="3.2.4.1",
)
REFERENCE_EMPTY: Final = Rule(
    "referenz_empty",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Eine externe Referenz nennt weder Namen noch Adresse des Dokuments",
    "an external reference names neither the document nor its address",
    "referenzName und referenzURL angeben.",
    basis="XP_ExterneReferenz",
)
WITHOUT_KEY: Final = Rule(
    "gemeinde_without_key",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Die Gemeinde {detail} ist ohne Schlüssel angegeben; ags oder rs ist nötig",
    "Gemeinde {detail} is given without a key; ags or rs is needed",
    "In XP_Gemeinde den ags mit acht Ziffern eintragen.",
    number="3.2.5.1",
)
FOREIGN_AGS: Final = Rule(
    "ags_unknown",
    Level.RULES_PASSED,
    Severity.WARNING,
    "Amtlicher Gemeindeschlüssel {detail} gehört zu keiner Gemeinde dieses Portals",
    "municipality key {detail} belongs to no Gemeinde of this portal",
    "Den Schlüssel prüfen.",
    number="3.2.5.1",
    breaks=False,
)
CHANGES_ITSELF: Final = Rule(
    "plan_changes_itself",
    Level.RULES_PASSED,
    Severity.WARNING,
    "Der Plan nennt sich selbst als geänderten oder ändernden Plan ({detail})",
    "the plan names itself as the one that it changes or is changed by ({detail})",
    "Den Namen oder Verweis des anderen Plans eintragen.",
    basis="XP_VerbundenerPlan",
    breaks=False,
)
RULES: Final = (DOKUMENT_GEOREFERENCED, REFERENCE_EMPTY, WITHOUT_KEY, FOREIGN_AGS, CHANGES_ITSELF)


def check(plan: Plan, context: Context) -> Iterator[Issue]:
    yield from _gemeinden(plan, context)
    prefix = plan.planwerk.value
    yield from _dokumente(plan, f"{prefix}_Plan", plan, context)
    for bereich in plan.bereiche:
        yield from _dokumente(plan, f"{prefix}_Bereich", bereich, context)
    yield from _bezuege(plan, context)


def _gemeinden(plan: Plan, context: Context) -> Iterator[Issue]:
    where = context.at(f"{plan.planwerk.value}_Plan", plan.gml_id)
    for ref in plan.gemeinden:
        if ref.ags is None:
            if ("ags_invalid", plan.gml_id) not in context.told:
                yield WITHOUT_KEY.issue(where, ref.name or "", plan=plan.gml_id)
        elif ref.ags not in kreis.gemeindeschluessel():
            yield FOREIGN_AGS.issue(where, ref.ags, plan=plan.gml_id)


def check_objekte(plan: Plan, objekte: Sequence[Planobjekt], context: Context) -> Iterator[Issue]:
    for objekt in objekte:
        yield from _dokumente(plan, objekt.klasse, objekt, context)


def _dokumente(plan: Plan, klasse: str, holder: Plan | Bereich | Planobjekt, context: Context) -> Iterator[Issue]:
    for referenz in _references(holder.attribute):
        where = context.at(klasse, holder.gml_id)
        georeferenced = [name for name in ("georefURL", "georefMimeType") if referenz.get(name)]
        if code(referenz.get("art")) == "Dokument" and georeferenced:
            yield DOKUMENT_GEOREFERENCED.issue(where, ", ".join(georeferenced), plan=plan.gml_id)
        if not any(referenz.get(name) for name in ("referenzName", "referenzURL", "georefURL")):
            yield REFERENCE_EMPTY.issue(where, plan=plan.gml_id)


def _references(attribute: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    for value in attribute.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and str(item.get("_klasse", "")).endswith("ExterneReferenz"):
                yield item


def _bezuege(plan: Plan, context: Context) -> Iterator[Issue]:
    where = context.at(f"{plan.planwerk.value}_Plan", plan.gml_id)
    for bezug in plan.bezuege:
        href = bezug.attribute.get("verbundenerPlan") or bezug.attribute.get("href")
        by_link = plan.gml_id is not None and href == f"#{plan.gml_id}"
        by_name = bezug.name is not None and (bezug.name, bezug.nummer) == (plan.name, plan.nummer)
        if by_link or by_name:
            yield CHANGES_ITSELF.issue(where, bezug.art, plan=plan.gml_id)

"""Who belongs to whom in a document. Versions name the links differently and files set them in either direction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

import shapely

from plans_ingest.checks import references
from plans_ingest.formats.placing import Placed
from plans_ingest.formats.records import Record
from plans_ingest.model import Issue, Severity

BEREICH_TO_PLAN: Final = ("gehoertZuPlan",)
BEREICH_TO_OBJECT: Final = (
    "planinhalt", "inhaltBPlan", "inhaltFPlan", "nachrichtlich", "fachobjekt", "praesentationsobjekt", "rasterBasis",
    "rasterAenderung",
)  # fmt: skip
OBJECT_TO_BEREICH: Final = (
    "gehoertZuBereich", "gehoertZuBP_Bereich", "gehoertZuFP_Bereich", "gehoertNachrichtlichZuBereich",
)  # fmt: skip
_PLAN_TO_BEREICH: Final = ("bereich",)
_TO_TEXT: Final = ("texte", "begruendungsTexte", "refTextInhalt", "refBegruendungInhalt")
_TO_OBJECT: Final = ("dientZurDarstellungVon", "wirdDargestelltDurch")


@lru_cache(maxsize=4096)  # bounded: a hostile file may name anything
def kind(klasse: str) -> str:
    """What a class is to us: plan, bereich, text, dokument or objekt."""
    if klasse.endswith("_Plan"):
        return "plan"
    if klasse.endswith("_Bereich"):
        return "bereich"
    if klasse.endswith(("_TextAbschnitt", "_BegruendungAbschnitt")):
        return "text"
    return "dokument" if klasse.startswith(("XP_ExterneReferenz", "XP_SpezExterneReferenz")) else "objekt"


class Links:
    """The features of a document by kind, by gml:id and by owner."""

    def __init__(self, records: Sequence[Record], placed: Iterable[Placed], version: str, issues: list[Issue]) -> None:
        self._version = version
        self._issues = issues
        self.by_id: dict[str, Record] = {}
        kinds: dict[str, list[Record]] = {"plan": [], "bereich": [], "text": [], "dokument": [], "objekt": []}
        for record in records:
            kinds[kind(record.klasse)].append(record)
            if record.gml_id is None:
                continue
            if record.gml_id in self.by_id:
                self._tell("gml_id_twice", record, record.gml_id)
            self.by_id.setdefault(record.gml_id, record)
        self._placed: dict[Record, list[Placed]] = {}
        for item in placed:
            self._placed.setdefault(item.record, []).append(item)
        self.plans, self._bereiche = kinds["plan"], kinds["bereich"]
        self._texte, self._objekte = kinds["text"], kinds["objekt"]
        self._check_references(records)
        owner = self._owners()
        self._belongings: dict[Record, list[Record]] = {plan: [] for plan in self.plans}
        for record in [*self._bereiche, *self._texte, *self._objekte]:
            if record in owner:
                self._belongings[owner[record]].append(record)

    def of(self, plan: Record, what: str) -> list[Record]:
        """The Bereiche, texts or objects ("bereich", "text", "objekt") that belong to a plan."""
        return [record for record in self._belongings[plan] if kind(record.klasse) == what]

    def placed(self, record: Record) -> Sequence[Placed]:
        return self._placed.get(record, ())

    def shape(self, record: Record, name: str) -> Placed | None:
        return next((item for item in self.placed(record) if item.name == name), None)

    def bereich_of(self, plan: Record) -> Mapping[Record, str]:
        """Object -> gml:id of its Bereich, as far as the links say."""
        bereiche = self.of(plan, "bereich")
        found: dict[Record, str] = {}
        for bereich in bereiche:
            for objekt in self._linked(bereich, BEREICH_TO_OBJECT):
                found.setdefault(objekt, bereich.gml_id or "")
        for objekt in self.of(plan, "objekt"):
            for bereich in self._linked(objekt, OBJECT_TO_BEREICH):
                if bereich in bereiche:
                    found[objekt] = bereich.gml_id or ""
        return found

    def _owners(self) -> dict[Record, Record]:
        """Bereich, text or object -> its plan; links are believed in either direction."""
        owner: dict[Record, Record] = {}
        for plan in self.plans:
            for bereich in self._linked(plan, _PLAN_TO_BEREICH):
                owner.setdefault(bereich, plan)
        for bereich in self._bereiche:
            for plan in self._linked(bereich, BEREICH_TO_PLAN):
                owner.setdefault(bereich, plan)
            self._adopt(bereich, owner, "bereich_without_plan")
        for bereich in self._bereiche:
            for objekt in self._linked(bereich, BEREICH_TO_OBJECT):
                self._own(owner, objekt, owner.get(bereich))
        for objekt in self._objekte:
            for bereich in self._linked(objekt, OBJECT_TO_BEREICH):
                self._own(owner, objekt, owner.get(bereich))
        for objekt in self._objekte:  # a Präsentationsobjekt may know only what it draws
            for other in self._linked(objekt, _TO_OBJECT):
                self._own(owner, objekt, owner.get(other))
            self._adopt(objekt, owner, "objekt_without_bereich")
        for holder in [*self.plans, *self._bereiche, *self._objekte]:
            for text in self._linked(holder, _TO_TEXT):
                self._own(owner, text, holder if kind(holder.klasse) == "plan" else owner.get(holder))
        for text in self._texte:
            self._adopt(text, owner, "text_without_plan")
        return owner

    @staticmethod
    def _own(owner: dict[Record, Record], record: Record, plan: Record | None) -> None:
        if plan is not None and kind(plan.klasse) == "plan":
            owner.setdefault(record, plan)

    def _linked(self, record: Record, names: tuple[str, ...]) -> Iterable[Record]:
        return (self.by_id[target] for target in record.hrefs(*names) if target in self.by_id)

    def _adopt(self, record: Record, owner: dict[Record, Record], code: str) -> None:
        """What no link ties to a plan goes to the only plan, or to the one in which it lies; told either way."""
        if record in owner or not self.plans:
            return
        plan = self.plans[0]
        if len(self.plans) > 1:
            plan = max(self.plans, key=lambda candidate: self._shared_extent(candidate, record))
        owner[record] = plan
        self._tell(code, record, plan.gml_id or "")

    def _shared_extent(self, plan: Record, record: Record) -> float:
        area = self.shape(plan, "raeumlicherGeltungsbereich")
        shape = self.shape(record, "position") or self.shape(record, "geltungsbereich")
        if area is None or shape is None:
            return 0.0
        shared = shapely.intersection(area.geometry, shape.geometry)
        return float(shared.area or shared.length or (0.0 if shared.is_empty else 1e-9))

    def _check_references(self, records: Sequence[Record]) -> None:
        for record in records:
            for name, values in record.values.items():
                for value in values:
                    if isinstance(value, str) and value.startswith("#"):
                        self._check_reference(record, name, value[1:])

    def _check_reference(self, record: Record, name: str, target: str) -> None:
        where = replace(record.where, element=f"{record.klasse}.{name}")
        found = self.by_id.get(target)
        if found is None:
            self._issues.append(Issue("reference_dangling", Severity.WARNING, where, f"{name} → #{target[:80]}"))
            return
        wanted = references.expected(record.klasse, name, found.klasse, self._version)
        if wanted is not None:
            self._issues.append(references.MISTYPED.issue(where, f"{name} → {found.klasse} #{target[:80]} ({wanted})"))

    def _tell(self, code: str, record: Record, detail: str = "") -> None:
        self._issues.append(Issue(code, Severity.WARNING, record.where, detail))

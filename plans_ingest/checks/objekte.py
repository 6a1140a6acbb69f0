"""What the class of an object demands of its ebene, flaechenschluss and geometry (4.1.4 to 4.1.9 and their like)."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from plans_ingest import codelists
from plans_ingest.checks.rule import Context, Rule
from plans_ingest.model import Issue, Level, Plan, Planobjekt, Severity

AREAL: Final = frozenset({"Polygon", "MultiPolygon"})
LINEAR: Final = frozenset({"LineString", "MultiLineString"})
POINT: Final = frozenset({"Point", "MultiPoint"})

# Classes that may be points, lines or areas, but as areas only lie above the others, or only on the ground (until 5.4).
_ALWAYS_ABOVE: Final = {
    "BP_GemeinschaftsanlagenZuordnung": "4.5.15.1",
    "BP_AusgleichsMassnahme": "4.9.5.4",
    "BP_AnpflanzungBindungErhaltung": "4.9.6.1",
    "BP_Immissionsschutz": "4.10.2.1",
    "BP_Strassenkoerper": "4.12.3.1",
    "BP_UnverbindlicheVormerkung": "4.14.2.1",
    "BP_Wegerecht": "4.14.2.1",
}
_ALWAYS_GROUND: Final = {
    "BP_Landwirtschaft": "4.8.2.4",
    "BP_VerEntsorgung": "4.11.1.7",
    "FP_Gemeinbedarf": "5.4.1.8",
    "FP_SpielSportanlage": "5.4.2.5",
}

EBENE: Final = Rule(
    "flaechenschluss_above_ground",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Nur Objekte der Ebene 0 können zum Flächenschluss gehören; dieses liegt auf Ebene {detail}",
    "only objects on level 0 can be part of the Flächenschluss; this one is on level {detail}",
    "flaechenschluss auf false oder ebene auf 0 setzen.",
    number={"BP": "4.1.4.1", "FP": "5.1.4.1", "SO": "6.1.4.1"},
)
UNSTATED: Final = Rule(
    "flaechenschluss_unstated",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Ein flächenhaftes Objekt dieser Klasse muss sagen, ob es zum Flächenschluss gehört",
    "an areal object of this class has to say whether it is part of the Flächenschluss",
    "flaechenschluss angeben (true oder false).",
    number={"BP": "4.1.5.2", "FP": "5.1.5.2", "SO": "6.1.5.2"},
)
OVERLAY: Final = Rule(
    "overlay_in_flaechenschluss",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Ein Überlagerungsobjekt gehört nie zum Flächenschluss",
    "an overlay is never part of the Flächenschluss",
    "flaechenschluss auf false setzen.",
    number={"BP": "4.1.6.1", "FP": "5.1.6.1"} | _ALWAYS_ABOVE,
)
GROUND: Final = Rule(
    "ground_without_flaechenschluss",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Ein Flächenschlussobjekt der Ebene 0 gehört immer zum Flächenschluss, dieses sagt das Gegenteil",
    "an object of a covering class on level 0 is always part of the Flächenschluss; this one says it is not",
    "flaechenschluss auf true setzen oder das Objekt auf eine andere Ebene legen.",
    number={"BP": "4.1.7.1", "FP": "5.1.7.1"} | _ALWAYS_GROUND,
)
AREA: Final = Rule(
    "area_expected",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Objekte dieser Klasse sind Flächen, geliefert wurde: {detail}",
    "objects of this class are areas, delivered was: {detail}",
    "Eine Fläche zeichnen oder die passende Klasse wählen.",
    number={"BP": "4.1.4.2", "FP": "5.1.4.2", "SO": "6.1.4.2", "XP": "3.3.4.1"},
)
LINE: Final = Rule(
    "line_expected",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Objekte dieser Klasse sind Linien, geliefert wurde: {detail}",
    "objects of this class are lines, delivered was: {detail}",
    "Eine Linie zeichnen oder die passende Klasse wählen.",
    number={"BP": "4.1.8.1", "FP": "5.1.8.1", "SO": "6.1.6.1", "XP": "3.3.3.1"},
)
PLACE: Final = Rule(
    "point_expected",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Objekte dieser Klasse sind Punkte, geliefert wurde: {detail}",
    "objects of this class are points, delivered was: {detail}",
    "Einen Punkt setzen oder die passende Klasse wählen.",
    number={"BP": "4.1.9.1", "FP": "5.1.9.1", "SO": "6.1.7.1", "XP": "3.3.2.1"},
)
RULES: Final = (EBENE, UNSTATED, OVERLAY, GROUND, AREA, LINE, PLACE)

_PRESENTATION: Final = {
    "XP_PPO": (POINT, PLACE),
    "XP_PTO": (POINT, PLACE),
    "XP_Nutzungsschablone": (POINT, PLACE),
    "XP_LPO": (LINEAR, LINE),
    "XP_LTO": (LINEAR, LINE),
    "XP_FPO": (AREAL, AREA),
}


class _Nature(NamedTuple):
    """What a class is by its bases."""

    expects: tuple[frozenset[str], Rule] | None
    is_overlay: bool
    is_ground: bool
    must_say: bool


def check_objekte(plan: Plan, objekte: Sequence[Planobjekt], context: Context) -> Iterator[Issue]:
    for objekt in objekte:
        nature = _nature(objekt.klasse, plan.xplan_version)
        for rule, detail in _broken(objekt, nature):
            where = context.at(objekt.klasse, objekt.gml_id)
            yield rule.issue(where, detail, plan=plan.gml_id, geometry=objekt.geometry)


def _broken(objekt: Planobjekt, nature: _Nature) -> Iterator[tuple[Rule, str]]:
    if objekt.flaechenschluss and objekt.ebene != 0:
        yield EBENE, str(objekt.ebene)
    if objekt.geometry is None:
        return
    delivered = (objekt.geometry if objekt.original is None else objekt.original).geom_type
    if nature.is_overlay and objekt.flaechenschluss and delivered in AREAL:
        yield OVERLAY, ""
    if nature.is_ground and objekt.ebene == 0 and objekt.flaechenschluss is False and delivered in AREAL:
        yield GROUND, ""
    if nature.must_say and delivered in AREAL and objekt.flaechenschluss is None:
        yield UNSTATED, ""
    if nature.expects is not None and delivered not in nature.expects[0]:
        yield nature.expects[1], delivered


@lru_cache(maxsize=1024)  # a hostile file may make up names
def _nature(klasse: str, version: str) -> _Nature:
    prefix = klasse.partition("_")[0]

    def is_a(base: str) -> bool:
        return codelists.is_a(klasse, f"{prefix}_{base}", version)

    expects = _PRESENTATION.get(klasse)
    special = version < "6"
    if is_a("Flaechenobjekt"):
        expects = (AREAL, AREA)
    elif is_a("Linienobjekt"):
        expects = (LINEAR, LINE)
    elif is_a("Punktobjekt"):
        expects = (POINT, PLACE)
    return _Nature(
        expects,
        is_overlay=(special and klasse in _ALWAYS_ABOVE) or is_a("Ueberlagerungsobjekt"),
        is_ground=(special and klasse in _ALWAYS_GROUND) or is_a("Flaechenschlussobjekt"),
        must_say=is_a("Geometrieobjekt"),
    )

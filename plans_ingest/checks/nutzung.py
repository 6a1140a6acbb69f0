"""Art der baulichen Nutzung: whether its attributes agree (4.5.1, 5.3.1; BauNVO § 1 (1) and (2))."""

from collections.abc import Iterator, Sequence
from typing import Final

from plans_ingest import codelists
from plans_ingest.checks.rule import Context, Rule, code
from plans_ingest.model import Issue, Level, Plan, Planobjekt, Severity

ART_CONTRADICTS: Final = Rule(
    "nutzung_contradicts",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Allgemeine und besondere Art der baulichen Nutzung widersprechen sich: {detail}",
    "general and special kind of use contradict each other: {detail}",
    "Die allgemeine Art (W, M, G, S) zum Baugebiet passend angeben oder weglassen.",
    number={"BP": "4.5.1.2", "FP": "5.3.1.1"},
)
SONDERNUTZUNG_CONTRADICTS: Final = Rule(
    "sondernutzung_contradicts",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Die Sondernutzung passt nicht zum Baugebiet: {detail}",
    "the special use does not belong to this kind of area: {detail}",
    "Sondernutzungen nur in Sondergebieten angeben (BauNVO §§ 10 und 11).",
    number={"BP": "4.5.1.3", "FP": "5.3.1.2"},
)
BAUWEISE_CONTRADICTS: Final = Rule(
    "bauweise_contradicts",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Eine abweichende Bauweise ist beschrieben, aber die Bauweise ist: {detail}",
    "a deviating Bauweise is described, but the Bauweise is: {detail}",
    "bauweise auf 3000 (abweichende Bauweise) setzen oder abweichendeBauweise weglassen.",
    number={"BP": "4.5.1.4"},
)
RULES: Final = (ART_CONTRADICTS, SONDERNUTZUNG_CONTRADICTS, BAUWEISE_CONTRADICTS)

# XP_BesondereArtDerBaulNutzung -> XP_AllgArtDerBaulNutzung
_ALLGEMEIN: Final = {
    **dict.fromkeys(("1000", "1100", "1200", "1300"), "1000"),
    **dict.fromkeys(("1400", "1450", "1500", "1550", "1600"), "2000"),
    **dict.fromkeys(("1700", "1800"), "3000"),
    **dict.fromkeys(("2000", "2100", "3000", "4000"), "4000"),
}
_SONDERGEBIETE: Final = frozenset({"2000", "2100", "3000", "4000"})
_ABWEICHEND: Final = "3000"


def check_objekte(plan: Plan, objekte: Sequence[Planobjekt], context: Context) -> Iterator[Issue]:
    for objekt in objekte:
        for rule, detail in _broken(objekt):
            where = context.at(objekt.klasse, objekt.gml_id)
            yield rule.issue(where, detail, plan=plan.gml_id, geometry=objekt.geometry)


def _broken(objekt: Planobjekt) -> Iterator[tuple[Rule, str]]:
    attribute = objekt.attribute
    besondere = code(attribute.get("besondereArtDerBaulNutzung"))
    allgemein = code(attribute.get("allgArtDerBaulNutzung"))
    sonder = code(attribute.get("sondernutzung", attribute.get("sonderNutzung")))
    if besondere in _ALLGEMEIN and allgemein is not None and allgemein != _ALLGEMEIN[besondere]:
        yield ART_CONTRADICTS, f"{_allgemein(allgemein)} / {_besondere(besondere)}"
    if sonder is not None and besondere is not None and besondere not in _SONDERGEBIETE:
        label = codelists.label("XP_Sondernutzungen", sonder) or sonder
        yield SONDERNUTZUNG_CONTRADICTS, f"{label} / {_besondere(besondere)}"
    bauweise = code(attribute.get("bauweise"))
    if attribute.get("abweichendeBauweise") and bauweise not in {None, _ABWEICHEND}:
        yield BAUWEISE_CONTRADICTS, codelists.label("BP_Bauweise", bauweise or "") or str(bauweise)


def _allgemein(value: str) -> str:
    return codelists.label("XP_AllgArtDerBaulNutzung", value) or value


def _besondere(value: str) -> str:
    return codelists.label("XP_BesondereArtDerBaulNutzung", value) or value

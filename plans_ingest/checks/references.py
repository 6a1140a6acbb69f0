"""References inside a document (XPlanung 3.1, 4.1.1 to 4.1.3, 5.1.1 to 5.1.3): to something, of the right kind."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from plans_ingest import codelists
from plans_ingest.checks.rule import Rule
from plans_ingest.model import Level, Severity

# property (of a class) -> official number
NUMBERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "BP_Plan.bereich": "4.1.1.1",
        "FP_Plan.bereich": "5.1.1.1",
        "SO_Plan.bereich": "6.1.1.1",
        "BP_Bereich.gehoertZuPlan": "4.1.2.3",
        "FP_Bereich.gehoertZuPlan": "5.1.2.3",
        "SO_Bereich.gehoertZuPlan": "6.1.2.3",
        "texte": "3.1.1.1",
        "begruendungsTexte": "3.1.1.2",
        "praesentationsobjekt": "3.1.2.1",
        "planinhalt": "3.1.2.2",
        "nachrichtlich": "3.1.2.2",
        "inhaltBPlan": "4.1.2.1",
        "inhaltFPlan": "5.1.2.1",
        "rasterBasis": "3.1.2.3",
        "refTextInhalt": "3.1.3.1",
        "refBegruendungInhalt": "3.1.3.2",
        "gehoertZuBereich": "3.1.3.3",
        "gehoertZuBP_Bereich": "3.1.3.3",
        "gehoertZuFP_Bereich": "3.1.3.3",
        "gehoertNachrichtlichZuBereich": "3.1.3.3",
        "wirdDargestelltDurch": "3.1.3.4",
        "dientZurDarstellungVon": "3.3.1.1",
        "wirdAusgeglichenDurchFlaeche": "4.1.3.1",
        "wirdAusgeglichenDurchMassnahme": "4.1.3.2",
        "wirdAusgeglichenDurchSPEMassnahme": "4.1.3.3",
        "wirdAusgeglichenDurchSPEFlaeche": "4.1.3.4",
        "wirdAusgeglichenDurchABE": "4.1.3.7",
        "abweichungText": "4.5.1.1",
        "baugrenze": "4.5.2.1",
        "baulinie": "4.5.2.2",
    }
)
MISTYPED: Final = Rule(
    "reference_mistyped",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Der Verweis führt auf ein Objekt der falschen Klasse: {detail}",
    "the reference leads to an object of the wrong class: {detail}",
    "Auf ein Objekt der verlangten Klasse verweisen.",
    number=NUMBERS,
)
RULES: Final = (MISTYPED,)


def expected(klasse: str, name: str, target: str, version: str) -> str | None:
    """The class that a property demands of what it refers to, if `target` is none of that class; else None.

    Version 6 lets many references lead to any XP_Objekt; what the tables do not know is never called wrong.
    """
    attribute = codelists.attributes(klasse, version).get(name)
    if (
        attribute is None
        or attribute.kind != "reference"
        or not attribute.type
        or not codelists.is_class(target, version)
    ):
        return None
    return None if codelists.is_a(target, attribute.type, version) else attribute.type

"""The official codes and classes of XPlanGML 4.0 to 6.1, once, with their numbers.

The IntEnums hold what our own code must name; everything else is looked up in the tables beside this file (see
tables/README.md), which are read when first asked for.
A version is text, "4.1"; a code is text too, because some enumerations number their values and some spell them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final, Literal, cast

VERSIONS: Final = ("4.0", "4.1", "5.0", "5.1", "5.2", "5.3", "5.4", "6.0", "6.1")

type Kind = Literal[
    "text", "code", "boolean", "integer", "number", "measure", "date", "uri", "reference", "complex", "geometry"
]
type Statusgruppe = Literal["in_aufstellung", "in_kraft", "archiviert", "unbekannt"]


class Rechtsstand(IntEnum):
    """BP_Rechtsstand and FP_Rechtsstand: FP has fewer values and no other numbers."""

    AUFSTELLUNGSBESCHLUSS = 1000
    AUFSTELLUNGSBESCHLUSS_AUFGEHOBEN = 1500
    IM_VERFAHREN = 2000
    FRUEHZEITIGE_BETEILIGUNG = 2050
    FRUEHZEITIGE_TRAEGERBETEILIGUNG = 2100
    FRUEHZEITIGE_OEFFENTLICHKEITSBETEILIGUNG = 2200
    ENTWURFSBESCHLUSS = 2250
    BETEILIGUNG = 2260
    TRAEGERBETEILIGUNG = 2300
    OEFFENTLICHKEITSBETEILIGUNG = 2400
    SATZUNG = 3000  # FP: Plan
    IN_KRAFT_GETRETEN = 4000  # FP: Wirksamkeit
    TEILWEISE_UNTERGEGANGEN = 4500
    TEILWEISE_AUFGEHOBEN = 45000
    TEILWEISE_AUSSER_KRAFT = 45001
    UNTERGEGANGEN = 5000
    AUFGEHOBEN = 50000
    AUSSER_KRAFT = 50001


class Rechtscharakter(IntEnum):
    """XP_Rechtscharakter, which took the place of BP_, FP_ and SO_Rechtscharakter in 6.0."""

    FESTSETZUNG_BPLAN = 1000
    NACHRICHTLICHE_UEBERNAHME = 2000
    DARSTELLUNG_FPLAN = 3000
    ZIEL_DER_RAUMORDNUNG = 4000
    GRUNDSATZ_DER_RAUMORDNUNG = 4100
    NACHRICHTLICHE_UEBERNAHME_ZIEL = 4200
    NACHRICHTLICHE_UEBERNAHME_GRUNDSATZ = 4300
    NUR_INFORMATIONSGEHALT_RPLAN = 4400
    TEXTLICHES_ZIEL_RAUMORDNUNG = 4500
    ZIEL_UND_GRUNDSATZ_RAUMORDNUNG = 4600
    VORSCHLAG_RAUMORDNUNG = 4700
    FESTSETZUNG_IM_LP = 5000
    GEPLANTE_FESTSETZUNG_IM_LP = 5100
    DARSTELLUNG_KENNZEICHNUNG_IM_LP = 5200
    LANDSCHAFTSPLANUNGS_INHALT = 5300
    HINWEIS = 6000
    KENNZEICHNUNG = 7000
    VERMERK = 8000
    UNBEKANNT = 9998
    SONSTIGES = 9999


class ExterneReferenzTyp(IntEnum):
    """XP_ExterneReferenzTyp (5.0 and later)."""

    BESCHREIBUNG = 1000
    BEGRUENDUNG = 1010
    LEGENDE = 1020
    RECHTSPLAN = 1030
    PLANGRUNDLAGE = 1040
    UMWELTBERICHT = 1050
    SATZUNG = 1060
    VERORDNUNG = 1065
    KARTE = 1070
    ERLAEUTERUNG = 1080
    ZUSAMMENFASSENDE_ERKLAERUNG = 1090
    KOORDINATENLISTE = 2000
    GRUNDSTUECKSVERZEICHNIS = 2100
    PFLANZLISTE = 2200
    GRUENORDNUNGSPLAN = 2300
    ERSCHLIESSUNGSVERTRAG = 2400
    DURCHFUEHRUNGSVERTRAG = 2500
    STAEDTEBAULICHER_VERTRAG = 2600
    UMWELTBEZOGENE_STELLUNGNAHMEN = 2700
    OEFFENTLICHKEITSBETEILIGUNGS_BESCHLUSS = 2800
    AUFSTELLUNGSBESCHLUSS = 2850
    VORHABEN_UND_ERSCHLIESSUNGSPLAN = 2900
    METADATEN_PLAN = 3000
    ENTWICKLUNGSKONZEPT_INNENENTWICKLUNG = 3100
    GENEHMIGUNG = 4000
    BEKANNTMACHUNG = 5000
    SCHUTZGEBIETSVERORDNUNG = 6000
    RECHTSVERBINDLICH = 9998
    INFORMELL = 9999


# What 5.4 and older number alike in all kinds of plan; 1000 and up to 2000 differ by prefix.
_FROM_54 = {2000: 2000, 3000: 6000, 4000: 8000, 5000: 7000, 9998: 9998}
_FROM_54_BY_PREFIX = {"BP": {1000: 1000}, "FP": {1000: 3000}, "SO": {1000: 1000, 1500: 3000, 9999: 9999}}


def rechtscharakter_from_54(prefix: str, code: int) -> Rechtscharakter | None:
    """The number of 6.0 for a BP_, FP_ or SO_Rechtscharakter of 5.4 or older; None where 6.0 has no single counterpart.

    `prefix` is "BP", "FP" or "SO"; any other raises KeyError. SO 1800 (content of an LPlan) became four codes.
    """
    number = (_FROM_54 | _FROM_54_BY_PREFIX[prefix]).get(code)
    return None if number is None else Rechtscharakter(number)


def status_group(rechtsstand: int | None) -> Statusgruppe:
    """Where a plan stands, for citizens; "unbekannt" for a missing code and for one that no version knows.

    xPlanBox counts a BPlan from 3000 on as established, and one without a code too. Both would mislead here: a Satzung
    is resolved but binds nobody before its Bekanntmachung (BauGB § 10 (3)), and a status that nobody delivered is not
    ours to guess. A plan that ended in part (4500, 45000, 45001) still binds in the rest.
    """
    if rechtsstand is None or rechtsstand not in Rechtsstand:
        return "unbekannt"
    if 4000 <= rechtsstand < 5000 or rechtsstand in (45000, 45001):
        return "in_kraft"
    if rechtsstand >= 5000 or rechtsstand == Rechtsstand.AUFSTELLUNGSBESCHLUSS_AUFGEHOBEN:
        return "archiviert"
    return "in_aufstellung"


@dataclass(frozen=True, slots=True)
class Code:
    """One value of an enumeration: `name` as the schemas spell it, `label` in German, `versions` that know it."""

    code: str
    name: str
    label: str
    kuerzel: str | None
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One property of a class in one version.

    `type` is the enumeration of a code ("" for an open code list), the data type of a complex one, the target class
    of a reference, the dimension of a measure ("Area"), else "". `max` is None where there is no limit.
    """

    name: str
    kind: Kind
    type: str
    min: int
    max: int | None


def codes(enumeration: str) -> Mapping[str, Code]:
    """code -> Code in the order of the standard; empty for an unknown enumeration."""
    return _codes().get(enumeration, MappingProxyType({}))


def all_codes() -> Iterator[tuple[str, Code]]:
    """Every (enumeration, Code); enumeration and code together are unique."""
    return ((enumeration, code) for enumeration, known in _codes().items() for code in known.values())


def label(enumeration: str, code: str | int) -> str | None:
    found = codes(enumeration).get(str(code))
    return None if found is None else found.label


def kuerzel(enumeration: str, code: str | int) -> str | None:
    """The short form on plans ("WA", "GE"), or None where the standard has none."""
    found = codes(enumeration).get(str(code))
    return None if found is None else found.kuerzel


def is_valid(enumeration: str, code: str | int, version: str) -> bool:
    found = codes(enumeration).get(str(code))
    return found is not None and version in found.versions


def code_named(enumeration: str, word: str, version: str) -> str | None:
    """The code whose name or German label a word is, whatever its case, or that stands behind the name of its list, as
    in an address or a program (`BP_PlanArt.1000`, `…/BP_PlanArt/1000`); None where there is none.
    """
    list_name, _, last = word.strip().replace(".", "/").replace(":", "/").replace("#", "/").rpartition("/")
    if list_name.endswith(enumeration) and is_valid(enumeration, last, version):
        return last
    folded = " ".join(word.split()).casefold()
    for code in codes(enumeration).values():
        if folded in {code.label.casefold(), code.name.casefold()} and version in code.versions:
            return code.code
    return None


def classes(version: str) -> frozenset[str]:
    """The concrete feature classes of BP, FP, XP and SO; empty for an unknown version."""
    return frozenset(klasse for klasse, at in _inheritance() if at == version and is_class(klasse, version))


def is_class(klasse: str, version: str) -> bool:
    """Whether an element of that name can be a feature of its own (not a data type, not an abstract class)."""
    return _inheritance().get((klasse, version), ("", ""))[1] == "feature"


def attributes(klasse: str, version: str) -> Mapping[str, Attribute]:
    """name -> Attribute of a feature class or data type, inherited ones first; empty if we know no such class."""
    return _flattened(klasse, version) if (klasse, version) in _inheritance() else MappingProxyType({})


def mandatory(klasse: str, version: str) -> frozenset[str]:
    """Names of the attributes that every object of a class must have; empty for a class that we do not know."""
    return _mandatory(klasse, version) if (klasse, version) in _inheritance() else frozenset()


def is_a(klasse: str, base: str, version: str) -> bool:
    """Whether a class is `base` or inherits from it; False for a class that the version does not know."""
    while klasse and klasse != base:
        klasse = _inheritance().get((klasse, version), ("", ""))[0]
    return bool(klasse)


def class_label(klasse: str) -> str:
    """A German name for citizens ("Überbaubare Grundstücksfläche"); a class that we do not know keeps its own."""
    return _class_names().get(klasse, (klasse, ""))[0]


def class_group(klasse: str) -> str:
    """The theme under which the map and the legend file the class; "sonstiges" for a class that we do not know."""
    return _class_names().get(klasse, ("", "sonstiges"))[1]


def land_uses() -> Iterator[tuple[str, str, str, str]]:
    """(klasse, attribute, code, HILUCS): what an area is to be used for; without attribute and code by its class alone.

    Several uses are separated by a comma.
    """
    return ((klasse, attribute, code, hilucs) for klasse, attribute, code, hilucs in _rows("hilucs.tsv"))


def land_use_label(hilucs: str) -> str:
    """German words for one or several uses of `land_uses`."""
    return ", ".join(_land_use_names()[each] for each in hilucs.split(", "))


@cache
def _land_use_names() -> Mapping[str, str]:
    return MappingProxyType(dict(_rows("hilucs_codes.tsv")))


@cache
def _codes() -> Mapping[str, Mapping[str, Code]]:
    known: dict[str, dict[str, Code]] = {}
    for enumeration, code, versions, name, german, short in _rows("codes.tsv"):
        known.setdefault(enumeration, {})[code] = Code(code, name, german, short or None, _span(versions))
    return MappingProxyType({enumeration: MappingProxyType(values) for enumeration, values in known.items()})


@cache
def _inheritance() -> Mapping[tuple[str, str], tuple[str, str]]:
    """(klasse, version) -> (base, sort); sort is feature, abstract or datatype."""
    rows = _rows("inheritance.tsv")
    return {(klasse, at): (base, sort) for klasse, versions, base, sort in rows for at in _span(versions)}


@cache  # bounded by the callers: versions that we know
def _own_attributes(version: str) -> Mapping[str, Mapping[str, Attribute]]:
    """klasse -> name -> Attribute, of one version: a process that reads a file rarely needs a second."""
    own: dict[str, dict[str, Attribute]] = {}
    for klasse, name, versions, meant, minimum, maximum, kind in _rows("attributes.tsv"):
        if version in _span(versions):
            attribute = Attribute(
                name, cast("Kind", kind), meant, int(minimum), None if maximum == "*" else int(maximum)
            )
            own.setdefault(klasse, {})[name] = attribute
    return own


@cache  # bounded: asked for known classes only, whatever a hostile file may name
def _flattened(klasse: str, version: str) -> Mapping[str, Attribute]:
    base, _ = _inheritance()[klasse, version]
    inherited = _flattened(base, version) if base else {}
    return MappingProxyType({**inherited, **_own_attributes(version).get(klasse, {})})


@cache  # bounded as _flattened
def _mandatory(klasse: str, version: str) -> frozenset[str]:
    return frozenset(attribute.name for attribute in _flattened(klasse, version).values() if attribute.min)


@cache
def _class_names() -> Mapping[str, tuple[str, str]]:
    """klasse -> (label, group)."""
    return {klasse: (german, group) for klasse, german, group in _rows("classes.tsv")}


def _rows(table: str) -> Iterable[list[str]]:
    text = files("plans_ingest").joinpath("tables", table).read_text("utf-8")
    return (line.split("\t") for line in text.splitlines()[1:])


@lru_cache(maxsize=256)  # a handful of runs, written thousands of times
def _span(versions: str) -> tuple[str, ...]:
    """The versions of a run: "4.0-4.1,6.0" means "4.0", "4.1", "6.0"."""
    return tuple(
        version
        for first, _, last in (run.partition("-") for run in versions.split(","))
        for version in VERSIONS[VERSIONS.index(first) : VERSIONS.index(last or first) + 1]
    )

"""Maß der baulichen Nutzung: complete, consistent and possible (4.2.1 to 4.2.11, 5.3.1.4; BauNVO §§ 16 to 21)."""

from collections.abc import Iterator, Sequence
from typing import Final

from plans_ingest.checks.rule import Context, Rule, number
from plans_ingest.model import Issue, Level, Plan, Planobjekt, Severity


def _pair(name: str, official: str, *also: str) -> Rule:
    alone = " oder ".join((name, *also))
    return Rule(
        f"mass_{name.lower()}_incomplete",
        Level.RULES_PASSED,
        Severity.ERROR,
        f"Zu {name}min gehört {name}max und umgekehrt; angegeben ist nur {{detail}}",
        f"{name}min needs {name}max and the other way round; given is only {{detail}}",
        f"Beide Grenzen angeben, oder statt ihrer {alone}.",
        number={"BP": official, "FP": "5.3.1.4"} if name == "GFZ" else {"BP": official},
    )


def _either(ratio: str, absolute: str, official: str) -> Rule:
    return Rule(
        f"mass_{ratio.lower()}_or_{absolute.lower()}",
        Level.RULES_PASSED,
        Severity.WARNING,
        f"{ratio} und {absolute} sind zugleich angegeben",
        f"{ratio} and {absolute} are both given",
        f"Entweder {ratio} oder {absolute} festsetzen.",
        number={"BP": official},
        breaks=False,
    )


# name -> rule, and what else may stand instead of the two limits
_PAIRS: Final = {
    "GFZ": (_pair("GFZ", "4.2.1"), ()),
    "GF": (_pair("GF", "4.2.2"), ()),
    "BMZ": (_pair("BMZ", "4.2.4"), ()),
    "BM": (_pair("BM", "4.2.5"), ()),
    "GRZ": (_pair("GRZ", "4.2.7"), ()),
    "GR": (_pair("GR", "4.2.8"), ()),
    "Z": (_pair("Z", "4.2.10", "Zzwingend"), ("Zzwingend",)),
    "ZU": (_pair("ZU", "4.2.11", "ZUzwingend"), ("ZUzwingend",)),
}
_EITHER: Final = {
    ("GFZ", "GF"): _either("GFZ", "GF", "4.2.3"),
    ("BMZ", "BM"): _either("BMZ", "BM", "4.2.6"),
    ("GRZ", "GR"): _either("GRZ", "GR", "4.2.9"),
}
REVERSED: Final = Rule(
    "mass_reversed",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Die untere Grenze ist größer als die obere: {detail}",
    "the lower limit is greater than the upper one: {detail}",
    "Die beiden Werte prüfen.",
    basis="BauNVO § 16 (4)",
)
IMPLAUSIBLE: Final = Rule(
    "mass_implausible",
    Level.RULES_PASSED,
    Severity.WARNING,
    "Das Maß der baulichen Nutzung ist kaum möglich: {detail}",
    "this degree of use is hardly possible: {detail}",
    "Den Wert prüfen (GRZ 0,4 statt 40, Dezimalpunkt statt Komma).",
    basis="BauNVO §§ 17, 19 bis 21",
    breaks=False,
)
RULES: Final = (*(rule for rule, _ in _PAIRS.values()), *_EITHER.values(), REVERSED, IMPLAUSIBLE)

# A plot cannot be covered more than wholly; the others are far above every Orientierungswert of BauNVO § 17.
_POSSIBLE: Final = {"GRZ": (0.0, 1.0), "GFZ": (0.0, 12.0), "BMZ": (0.0, 40.0), "Z": (0.0, 60.0), "ZU": (0.0, 10.0)}
_NAMES: Final = frozenset(
    {f"{name}{suffix}" for name in _PAIRS for suffix in ("", "min", "max", "_Ausn")} | {"Zzwingend", "ZUzwingend"}
)
_REMEMBERED: Final = 10_000


def check_objekte(plan: Plan, objekte: Sequence[Planobjekt], context: Context) -> Iterator[Issue]:
    sound: set[tuple[object, ...]] = set()  # what most objects say, many others have said before
    for objekt in objekte:
        if _NAMES.isdisjoint(objekt.attribute):
            continue
        said = tuple((name, repr(value)) for name, value in objekt.attribute.items() if name in _NAMES)
        if said in sound:
            continue
        found = list(_broken(objekt))
        if not found and len(sound) < _REMEMBERED:
            sound.add(said)
        for rule, detail in found:
            where = context.at(objekt.klasse, objekt.gml_id)
            yield rule.issue(where, detail, plan=plan.gml_id, geometry=objekt.geometry)


def _broken(objekt: Planobjekt) -> Iterator[tuple[Rule, str]]:
    attribute = objekt.attribute
    for name, (rule, instead) in _PAIRS.items():
        low, high = attribute.get(f"{name}min"), attribute.get(f"{name}max")
        if (low is None) != (high is None) and not any(attribute.get(other) is not None for other in (name, *instead)):
            yield rule, f"{name}min" if high is None else f"{name}max"
        least, most = number(low), number(high)
        if least is not None and most is not None and least > most:
            yield REVERSED, f"{name}min {least:g} > {name}max {most:g}"
    for (ratio, absolute), rule in _EITHER.items():
        if _given(objekt, ratio) and _given(objekt, absolute):
            yield rule, ""
    for name, (lowest, highest) in _POSSIBLE.items():
        for key in (name, f"{name}min", f"{name}max", f"{name}_Ausn"):
            value = number(attribute.get(key))
            if value is not None and not lowest <= value <= highest:
                yield IMPLAUSIBLE, f"{key} = {value:g}"


def _given(objekt: Planobjekt, name: str) -> bool:
    return any(objekt.attribute.get(key) is not None for key in (name, f"{name}min", f"{name}max"))

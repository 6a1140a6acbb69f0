"""What an unknown column probably means, by its name, else by its values: proposals for a person, never applied."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Final

from plans_ingest import codelists, profiles
from plans_ingest.formats.vector.fields import parse_date
from plans_ingest.model import Planwerk
from plans_ingest.profiles.model import Column, Profile
from plans_ingest.spellings import read_ags

# Parts of names that offices use, in the order in which they are asked.
_NAMES: Final = (
    ("aufstell", "aufstellungsbeschluss_datum"),
    ("satzungsb", "satzungsbeschluss_datum"),
    ("genehm", "genehmigungs_datum"),
    ("ausfert", "ausfertigungs_datum"),
    ("inkraft", "inkrafttretens_datum"),
    ("in_kraft", "inkrafttretens_datum"),
    ("bekanntm", "inkrafttretens_datum"),
    ("wirksam", "wirksamkeits_datum"),
    ("ortsteil", "ortsteil"),
    ("gemarkung", "ortsteil"),
    ("rechtss", "rechtsstand"),
    ("status", "rechtsstand"),
    ("stand", "rechtsstand"),
    ("verfahren", "verfahren"),
    ("planart", "planart"),
    ("plantyp", "planart"),
    ("bezeich", "name"),
    ("titel", "name"),
    ("name", "name"),
    ("plannr", "nummer"),
    ("nummer", "nummer"),
    ("nr", "nummer"),
    ("masst", "erstellungsmassstab"),
    ("maßst", "erstellungsmassstab"),
    ("bemerk", "kommentar"),
    ("kommentar", "kommentar"),
    ("gemeinde", "gemeinde"),
)
_MEANINGS: Final = ("rechtsstand", "planart", "verfahren")
_CUTOFF: Final = 0.75
_ENOUGH: Final = 0.6  # of the values


def column(own: Profile | None, name: str, words: Sequence[str]) -> tuple[Column | None, bool]:
    """What the column means, and whether somebody has said so (else it is a guess)."""
    for profile in profiles.candidates(own):
        known = profiles.column_of(profile, name)
        if known is not None:
            return known, True
    shipped = profiles.candidates(None)[0]
    near = profiles.nearest(shipped, name)
    if near is not None and difflib.SequenceMatcher(None, near.casefold(), name.casefold()).ratio() >= _CUTOFF:
        return shipped.columns[near], False
    folded = name.casefold()
    days = _share(parse_date(word) is not None for word in words)
    for part, feld in _NAMES:
        if part in folded and (not feld.endswith("_datum") or days >= _ENOUGH or not words):
            return Column.model_validate({"feld": feld}), False
    guessed = _by_values(words)
    return (None if guessed is None else Column.model_validate({"feld": guessed})), False


def code(own: Profile | None, feld: str, planwerk: Planwerk, word: str) -> tuple[int | None, bool]:
    """The official code that a word means, and whether that is certain (said by somebody, or the official word)."""
    for profile in profiles.candidates(own):
        known = profiles.code_of(profile, feld, planwerk, word)
        if known is not None:
            return known, True
    enumeration = f"{planwerk.value}_{feld[0].upper() + feld[1:].replace('art', 'Art')}"
    labels = {each.label.casefold(): int(each.code) for each in codelists.codes(enumeration).values()}
    near = difflib.get_close_matches(word.casefold(), labels, 1, _CUTOFF)
    return (labels[near[0]] if near else None), False


def _by_values(words: Sequence[str]) -> str | None:
    if not words:
        return None
    if _share(read_ags(word)[0] is not None for word in words) >= _ENOUGH:
        return "ags"
    if {word.upper() for word in words} <= {"BP", "FP"}:
        return "planwerk"
    template = profiles.shipped("vorlage")
    for feld in _MEANINGS:
        if any(word.isdecimal() for word in words):
            continue  # numbers mean something in every list
        hits = _share(profiles.code_of(template, feld, Planwerk.BEBAUUNGSPLAN, word) is not None for word in words)
        if hits >= _ENOUGH:
            return feld
    return None


def _share(hits: Iterable[bool]) -> float:
    found = list(hits)
    return sum(found) / len(found) if found else 0.0

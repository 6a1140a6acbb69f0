"""Which profile fits a table, and what it makes of columns and words."""

import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import yaml

from plans_ingest import codelists
from plans_ingest.model import Planwerk
from plans_ingest.profiles.model import Column, Profile, Words

_NAMES: Final = ("vorlage", "bayern")
VERSION: Final = codelists.VERSIONS[-1]  # the codes of plans that are not XPlanGML are those of the newest version
_ENUMERATIONS: Final = {"planart": "PlanArt", "rechtsstand": "Rechtsstand", "verfahren": "Verfahren"}


@cache
def shipped(name: str) -> Profile:
    """The profile of that name ("vorlage", "bayern"). Raises pydantic.ValidationError when its file is wrong."""
    text = files("plans_ingest").joinpath("profiles", f"{name}.yml").read_text("utf-8")
    return Profile.model_validate(yaml.load(text, yaml.CSafeLoader))


def candidates(own: Profile | None) -> list[Profile]:
    """All profiles, the Gemeinde's `own` first; its words and layers hold in every profile."""
    known = [shipped(name) for name in _NAMES]
    if own is None:
        return known
    return [_extended(own, known[0]), *(_extended(profile, own) for profile in known)]


def _extended(profile: Profile, other: Profile) -> Profile:
    """The profile with the other's words, layers and ignored columns; its own win where both know one."""
    return profile.model_copy(
        update={name: _merged(getattr(other, name), getattr(profile, name)) for name in _ENUMERATIONS}
        | {"ebenen": (*profile.ebenen, *other.ebenen), "ignore": (*profile.ignore, *other.ignore)}
    )


def choose(columns: Iterable[str], profiles: Iterable[Profile]) -> tuple[Profile, int]:
    """The profile that knows most of the columns, and how many it knows; the earlier one of two that know as many."""
    names = list(columns)
    scored = [(sum(column_of(profile, name) is not None for name in names), profile) for profile in profiles]
    score, profile = max(scored, key=lambda item: item[0])
    return profile, score


def column_of(profile: Profile, name: str) -> Column | None:
    return _by_name(profile).get(name.casefold())


def is_ignored(profile: Profile, name: str) -> bool:
    return name.casefold() in {ignored.casefold() for ignored in profile.ignore}


def nearest(profile: Profile, name: str) -> str | None:
    """The known column whose name is most like the unknown one, if any is."""
    known = {key: key for key in profile.columns} | {
        column.kurz: key for key, column in profile.columns.items() if column.kurz
    }
    folded = {key.casefold(): meant for key, meant in known.items()}
    found = difflib.get_close_matches(name.casefold(), folded, 1, 0.6)
    return folded[found[0]] if found else None


def code_of(profile: Profile, feld: str, planwerk: Planwerk, word: str) -> int | None:
    """The official code that a word or number means, None if nobody said so: there is no fallback.

    The sender's own lookup first, then the official numbers and labels of the enumeration.
    """
    own: Words = getattr(profile, feld).get(planwerk.value, {})
    key = _folded(word)
    found = next((code for known, code in own.items() if _folded(known) == key), None)
    enumeration = f"{planwerk.value}_{_ENUMERATIONS[feld]}"
    if found is not None:
        return found if codelists.is_valid(enumeration, found, VERSION) else None
    if key.isdecimal():
        renumbered = any(known.isdecimal() for known in own)
        return int(key) if not renumbered and codelists.is_valid(enumeration, key, VERSION) else None
    named = codelists.code_named(enumeration, key, VERSION)
    return None if named is None else int(named)


def _folded(word: str) -> str:
    text = " ".join(word.split()).casefold()
    return text.removesuffix(".0") if text.removesuffix(".0").isdecimal() else text


def _merged(ours: Mapping[str, Words], theirs: Mapping[str, Words]) -> dict[str, dict[str, int]]:
    return {key: {**ours.get(key, {}), **theirs.get(key, {})} for key in {*ours, *theirs}}


def _by_name(profile: Profile) -> Mapping[str, Column]:
    names = {key.casefold(): column for key, column in profile.columns.items()}
    return {column.kurz.casefold(): column for column in profile.columns.values() if column.kurz} | names

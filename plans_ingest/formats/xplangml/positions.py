"""How programs write the numbers of coordinates, beside the one way that GML has."""

import re
from collections.abc import Callable
from typing import Final

from plans_ingest.formats.records import GeometryFault

_HIGHEST: Final = 10_000.0  # metres
_PAIR: Final = re.compile(r"-?\d{6,8},[56]\d{6}")  # easting and northing in whole metres
_DECIMAL: Final = re.compile(r"-?\d+(?:,\d+)?")


def words_of(text: str) -> tuple[list[str], bool]:
    """The numbers of a pos or posList, and whether they had to be respelt: with commas between the numbers of a pair,
    as gml:coordinates has them, or in place of the decimal point, as programs write that take it from a German Windows.
    """
    words = text.split()
    if "," not in text:
        return words, False
    if "." in text or all(map(_PAIR.fullmatch, words)):
        return text.replace(",", " ").split(), True
    if all(map(_DECIMAL.fullmatch, words)):
        return text.replace(",", ".").split(), True
    return words, False


def has_heights(words: list[str]) -> bool:
    """Whether a list of positions is of three numbers each though nothing says so: pairs do not come out even, or do
    not close the ring that threes close, or every third number is too small for a place and none of the others is.
    """
    if len(words) % 3 or not words:
        return False
    if len(words) % 2 or (words[:3] == words[-3:] and words[:2] != words[-2:]):
        return True
    try:
        heights = [is_height(float(word)) for word in words]
    except ValueError:
        return False
    return heights == [False, False, True] * (len(words) // 3)


def is_height(number: float) -> bool:
    """Whether a coordinate can only be metres above the sea: in all our systems of metres places are further out."""
    return abs(number) < _HIGHEST


def tuples(text: str, named: Callable[[str, str], str]) -> list[list[str]]:
    """The numbers of gml:coordinates (ISO 19136 10.1.4.3), whose marks between numbers and tuples may be `named`."""
    between, behind, point = (named(name, usual) for name, usual in (("cs", ","), ("ts", " "), ("decimal", ".")))
    if not (between.isdecimal() or behind.isdecimal()) and len(between) == len(behind) == len(point) == 1:
        groups = text.split(None if behind.isspace() else behind)
        found = [group.split(None if between.isspace() else between) for group in groups if group.strip()]
        return [[number.replace(point, ".") for number in group] for group in found]
    raise GeometryFault("Trennzeichen der Koordinaten sind keine / separators of coordinates are none")

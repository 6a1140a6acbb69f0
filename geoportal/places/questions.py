"""What a line of text may ask for: a house in a street, a parcel of a Gemarkung. Pure."""

import re
from dataclasses import dataclass
from typing import Final

_FLUR: Final = re.compile(
    r"\bfl(?:ur)?(?![a-zäöü])[\s.:-]*(?:n(?:umme)?r(?![a-z])[\s.:]*)?(\d{1,3})\b(?!\s*/)", re.IGNORECASE
)
_STUECK: Final = re.compile(
    r"""\b(?:flurst(?:(?:ü|ue|u)ck)?s?|flstk?|fst|parzelle)(?:n(?:umme)?r)?(?![a-zäöü])[\s.:-]*(?:n(?:umme)?r(?![a-z])[\s.:]*)?
        (\d{1,5})(?:\s*/\s*(\d{1,4}))?\b""",
    re.VERBOSE | re.IGNORECASE,
)
_NUMBERS: Final = re.compile(r"\b(\d{1,5})(?:\s*/\s*(\d{1,4}))?\b")
_GEMARKUNG: Final = re.compile(r"\b(?:gemarkung|gmkg?|gem)\b\.?", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\bn(?:umme)?r\b", re.IGNORECASE)
# Land and Gemarkung, Flur, Zähler, Nenner, Folge (ALKIS, Flurstückskennzeichen): with underscores, or as people part it
_KENNZEICHEN: Final = re.compile(
    r"""(\d{2})[\s-]?(\d{4})
        (?:[\s-]?(\d{3})[\s-]?(\d{5})[\s/-]?(\d{4})?_*(?:00)?|[\s-](\d{1,3})[\s-](\d{1,5})(?:[\s/-](\d{1,4}))?)""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class ParcelWords:
    """`certain`: only a parcel can be meant."""

    gemarkung: str
    flur: int | None
    zaehler: int
    nenner: int | None
    certain: bool


@dataclass(frozen=True, slots=True)
class HouseWords:
    """A question in the form of comparison, parted: the words of the street, and the house number if there is one."""

    street: str
    number: int | None = None
    letter: str = ""


def parcel_words(question: str) -> ParcelWords | None:
    """'Gemarkung Cölbe Flur 3 Flurstück 12/4', 'Flur 3 Nr. 12/4, Cölbe', 'Cölbe 3 12/4'; else None."""
    rest, flur, stueck = question, None, None
    if match := _STUECK.search(rest):
        stueck, rest = match, f"{rest[: match.start()]} {rest[match.end() :]}"
    if match := _FLUR.search(rest):
        flur, rest = int(match[1]), f"{rest[: match.start()]} {rest[match.end() :]}"
    numbers = list(_NUMBERS.finditer(rest))
    is_named = stueck is not None or flur is not None or _GEMARKUNG.search(rest) is not None
    if stueck is None and numbers:
        stueck = numbers.pop()
    if flur is None and numbers and numbers[-1][2] is None:
        flur = int(numbers.pop()[1])
    if stueck is None or numbers or not (is_named or stueck[2]):
        return None
    words = " ".join(re.findall(r"[^\W\d_]+", _NUMBER.sub(" ", _GEMARKUNG.sub(" ", _NUMBERS.sub(" ", rest)))))
    nenner = int(stueck[2]) if stueck[2] else None
    return ParcelWords(words, flur, int(stueck[1]), nenner, certain=is_named or flur is not None)


def kennzeichen(question: str) -> list[str]:
    """The ways in which files write the Kennzeichen that a question is; none when it is none."""
    match = _KENNZEICHEN.fullmatch(question.strip())
    if match is None:
        return []
    flur, zaehler, nenner = (match[3], match[4], match[5]) if match[3] else (match[6], match[7], match[8])
    before = f"{match[1]}{match[2]}{int(flur):03}{int(zaehler):05}"
    if int(nenner or 0):
        return [f"{before}{int(nenner):04}{end}" for end in ("", "__", "00")]
    return [before, *(f"{before}{end}" for end in ("____", "______", "0000", "0000__", "000000"))]


def named(question: str) -> str:
    """'Stadt Kirchhain' -> 'Kirchhain': what a place is, stands in no name of one."""
    return re.sub(r"^(?:stadt|gemeinde|ortsteil|ort|ot)\s+(?=\w)", "", question, flags=re.IGNORECASE)


def without_ranges(question: str) -> str:
    """An address as its house is registered: 'Hauptstr.12-14, D-35037 Marburg' -> 'Hauptstr. 12, 35037 Marburg'."""
    for pattern, instead in _WRITTEN:
        question = pattern.sub(instead, question)
    return question


_WRITTEN: Final = [
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (r"\bD\s?-\s?(?=\d{5}\b)", ""),
        (r"(?<=[a-zäöüß]{3}|[a-zäöüß]{2}\.)(?=\d)", " "),
        (r"\b(?:haus)?-?n(?:umme)?r\b\.?\s*(?=\d)", ""),
        (r"(?<=\d)\s+1/2\b", ""),
        (r"\b(\d{1,4}(?:\s?[a-z])?)\s*(?:[-–—/+&]|bis|und|u\.)\s*\d{1,4}(?:\s?[a-z])?\b", r"\1"),
        (r"\b(\d{1,4}\s?[a-z])\s*[-–—/+&]\s*[a-z]\b", r"\1"),
    )
]


def house_words(form: str) -> HouseWords:
    """'bahnhofstr 12 a kirchhain' -> the street 'bahnhofstr kirchhain', 12, 'a'. The last number that may be one
    counts (Straße des 17. Juni 5), a Postleitzahl is too long for one; one before all words only where no other is.
    """
    words = form.split()
    for index in (*range(len(words) - 1, 0, -1), 0):
        if len(words) < 2 or (match := re.fullmatch(r"(\d{1,4})([a-z]?)", words[index])) is None:
            continue
        rest, letter = words[index + 1 :], match[2]
        if not letter and rest and re.fullmatch(r"[a-z]", rest[0]):
            letter, rest = rest[0], rest[1:]
        return HouseWords(" ".join(words[:index] + rest), int(match[1]), letter)
    return HouseWords(form)

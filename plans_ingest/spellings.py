"""What planners write in several ways and mean the same by."""

import re
from datetime import date
from typing import Final

MAX_LABEL: Final = 1_000  # characters of what people call a thing: longer is a mistake or an attack
# What no document in XML may hold (XML 1.0, 2.2).
NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
# That, the other control characters, and what turns the direction of the text around it (Bidi_Control, UAX 9): the name
# that is shown would not be the one that is kept. Line ends are none of these.
_INVISIBLE: Final = re.compile(f"{NOT_XML.pattern}|[\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

# Land, Bezirk, Kreis, in a Regionalschlüssel the Verband, and the Gemeinde; parted only there, so that no day is an AGS
_AGS: Final = re.compile(r"\s*(\d{1,2})S(\d)S(\d\d)S(\d{4}S)?(\d{3})(\.0+)?\s*".replace("S", r"[\s./-]?"), re.ASCII)


def read_ags(text: str) -> tuple[str | None, str | None]:
    """(AGS of eight digits or None, code of the issue to tell or None): tables often lose the leading zero."""
    if (groups := _AGS.fullmatch(text[:40])) is None:
        return None, "ags_invalid"
    land, bezirk, kreis, verband, gemeinde, _ = groups.groups()
    told = "ags_from_rs" if verband else "ags_zero_lost" if len(land) == 1 else None
    return f"{land:0>2}{bezirk}{kreis}{gemeinde}", told


def label(text: str) -> tuple[str | None, list[tuple[str, int]]]:
    """What people call a thing, as it can be shown anywhere; with the codes of the issues to tell, and how many
    characters each is about.
    """
    told = []
    kept, invisible = _INVISIBLE.subn("", text)
    if invisible:
        told.append(("label_invisible", invisible))
    if len(kept) > MAX_LABEL:
        told.append(("label_cut", len(kept)))
    return kept[:MAX_LABEL].strip() or None, told


def fold(text: str) -> str:
    """Spelling that does not make another number: "Nr. 5" and "5"."""
    bare = re.sub(r"^\s*(bebauungsplan|b-?plan|flächennutzungsplan|f-?plan)?\s*nr\.?\s*", "", text.casefold())
    return " ".join(re.sub(r"[^\w]+", " ", bare).split())


def respelt_number(text: str) -> float | None:
    """A number with the comma of a German Windows; None where the comma may stand for thousands ("1,000")."""
    found = re.fullmatch(r"[+-]?(?:0,\d+|\d+,\d{1,2}|\d{4,12},\d+)", text[:40], re.ASCII)
    return None if found is None else float(text.replace(",", "."))


def respelt_scale(text: str) -> int | None:
    """A scale as on a sheet: "1:1000", "M 1 : 1.000"."""
    found = re.fullmatch(r"(?:M\.?\s*)?1\s*:\s*(\d{1,3}(?:\.\d{3})+|\d{1,7})", text[:40], re.ASCII)
    return None if found is None else int(found[1].replace(".", ""))


def respelt_date(text: str) -> str | None:
    """A day as databases write it, with a time behind a blank or without dashes, as XML does."""
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d) \d\d:\d\d.*|(\d{4})(\d\d)(\d\d)(?:\d{6})?", text[:40], re.ASCII)
    if found is None:
        return None
    day = "-".join(part for part in found.groups() if part)
    try:
        return date.fromisoformat(day).isoformat()
    except ValueError:
        return None

"""What planners write in several ways and mean the same by."""

import re
from typing import Final

MAX_LABEL: Final = 1_000  # characters of what people call a thing: longer is a mistake or an attack


# Land, Bezirk, Kreis, in a Regionalschlüssel the Verband, and the Gemeinde; parted only there, so that no day is an AGS
_AGS: Final = re.compile(r"\s*(\d{1,2})S(\d)S(\d\d)S(\d{4}S)?(\d{3})(\.0+)?\s*".replace("S", r"[\s./-]?"), re.ASCII)


def read_ags(text: str) -> tuple[str | None, str | None]:
    """(AGS of eight digits or None, code of the issue to tell or None): tables often lose the leading zero."""
    if (groups := _AGS.fullmatch(text[:40])) is None:
        return None, "ags_invalid"
    land, bezirk, kreis, verband, gemeinde, _ = groups.groups()
    told = "ags_from_rs" if verband else "ags_zero_lost" if len(land) == 1 else None
    return f"{land:0>2}{bezirk}{kreis}{gemeinde}", told


def fold(text: str) -> str:
    """Spelling that does not make another number: "Nr. 5" and "5"."""
    bare = re.sub(r"^\s*(bebauungsplan|b-?plan|flächennutzungsplan|f-?plan)?\s*nr\.?\s*", "", text.casefold())
    return " ".join(re.sub(r"[^\w]+", " ", bare).split())

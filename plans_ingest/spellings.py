"""What planners write in several ways and mean the same by."""

import re
from typing import Final

MAX_LABEL: Final = 1_000  # characters of what people call a thing: longer is a mistake or an attack


def read_ags(text: str) -> tuple[str | None, str | None]:
    """(AGS of eight digits or None, code of the issue to tell or None): tables often lose the leading zero."""
    digits = re.sub(r"[\s./-]", "", text[:40])
    if digits.isdecimal() and len(digits) == 8:
        return digits, None
    if digits.isdecimal() and len(digits) == 7:
        return f"0{digits}", "ags_zero_lost"
    if digits.isdecimal() and len(digits) == 12:  # Land, Bezirk, Kreis, then the Verband's four, then the Gemeinde
        return digits[:5] + digits[9:], "ags_from_rs"
    return None, "ags_invalid"


def fold(text: str) -> str:
    """Spelling that does not make another number: "Nr. 5" and "5"."""
    bare = re.sub(r"^\s*(bebauungsplan|b-?plan|flächennutzungsplan|f-?plan)?\s*nr\.?\s*", "", text.casefold())
    return " ".join(re.sub(r"[^\w]+", " ", bare).split())

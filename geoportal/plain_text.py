"""Text as people typed or pasted it, without what is no text. Pure.

Only control characters go (Cc, and the halves of surrogates, which no database takes) and those that turn the direction
of what stands around them (Bidi_Control, UAX 9: a name could be shown that is not the one that is kept). All else stays
as it was written: word processors set no-break and narrow spaces, soft hyphens and joiners.
"""

import re
from typing import Final

# CR LF, CR, and what word processors put for a new line or paragraph: VT, FF, NEL, U+2028, U+2029
_LINE_ENDS: Final = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_NO_TEXT: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# what no text of a database can hold; JSON may write it all the same
UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
# what a formula begins with, and what only looks like it: -5, +49 6421 1234, the dash of an empty cell
_FORMULA: Final = frozenset("=+-@\t\r")
_SIGNED: Final = re.compile(r"[+-][\d\s()/.,-]*")


def paragraphs(raw: str) -> str:
    """Lines end as on Unix."""
    return _NO_TEXT.sub("", _LINE_ENDS.sub("\n", raw)).strip()


def one_line(raw: str) -> str:
    """Spaces of any kind, tabs and new lines are a space."""
    return " ".join(paragraphs(raw).split())


def harmless_cell(raw: str) -> str:
    """For a table that a spreadsheet opens: what it would run as a formula gets an apostrophe, a signed number none."""
    return f"'{raw}" if raw[:1] in _FORMULA and not _SIGNED.fullmatch(raw) else raw

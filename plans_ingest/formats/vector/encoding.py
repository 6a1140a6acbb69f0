"""The encoding of a .dbf: what the .cpg says, if the bytes agree; else what the bytes say."""

from typing import Final

_NAMES: Final = {
    "utf-8": "utf-8", "utf8": "utf-8", "65001": "utf-8",
    "1252": "cp1252", "ansi 1252": "cp1252", "cp1252": "cp1252", "windows-1252": "cp1252",
    "iso-8859-1": "iso-8859-1", "iso88591": "iso-8859-1", "8859_1": "iso-8859-1", "88591": "iso-8859-1",
    "iso-8859-15": "iso-8859-15", "885915": "iso-8859-15", "850": "cp850", "cp850": "cp850", "437": "cp437",
}  # fmt: skip
# Byte 29 of a .dbf ("language driver"), as dBASE and ESRI number the code pages of the West.
_LANGUAGE_DRIVERS: Final = {0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x57: "cp1252"}


def choose(data: bytes, cpg: str | None, driver: int) -> tuple[str, tuple[str, str] | None]:
    """(encoding, what to tell): the second is an issue code and its detail, None where the file was right.

    UTF-8 with letters beyond ASCII is unmistakable, so it wins over a .cpg that says something else.
    """
    named = None if cpg is None else _NAMES.get(cpg.strip().lower())
    seen = _seen(data)
    if named is not None:
        if seen in (None, named) or (seen == "cp1252" and _decodes(data, named)):
            return named, None
        return seen, ("encoding_wrong", f"{cpg!r} → {seen}")
    if cpg is not None and seen is not None:
        return seen, ("encoding_wrong", f"{cpg.strip()[:40]!r} → {seen}")
    if seen is None:
        return "utf-8", None
    if seen != "utf-8" and driver in _LANGUAGE_DRIVERS:
        return _LANGUAGE_DRIVERS[driver], None
    return seen, ("encoding_guessed", seen)


def _seen(data: bytes) -> str | None:
    """None for plain ASCII."""
    if data.isascii():
        return None
    return "utf-8" if _decodes(data, "utf-8") else "cp1252"


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True

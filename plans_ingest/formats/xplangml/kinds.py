"""What a class of XPlanGML is to us, by its name alone."""

from functools import lru_cache


@lru_cache(maxsize=4096)  # bounded: a hostile file may name anything
def kind(klasse: str) -> str:
    """What a class is to us: plan, bereich, text, dokument or objekt."""
    if klasse.endswith("_Plan"):
        return "plan"
    if klasse.endswith("_Bereich"):
        return "bereich"
    if klasse.endswith(("_TextAbschnitt", "_BegruendungAbschnitt")):
        return "text"
    return "dokument" if klasse.startswith(("XP_ExterneReferenz", "XP_SpezExterneReferenz")) else "objekt"

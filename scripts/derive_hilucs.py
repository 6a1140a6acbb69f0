"""Writes plans_ingest/tables/hilucs.tsv from the official tables XPlanung -> INSPIRE PLU.

    python scripts/derive_hilucs.py CORPUS [INTO]

CORPUS has the folder `hilucs` with the sheets `zoning_…` of the tables. What is of our own making, the classes of older
versions, is told in plans_ingest/tables/README.md.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from plans_ingest.labels import ART_ATTRIBUTES

TABLES = Path(__file__).parent.parent / "plans_ingest" / "tables"
SHEETS = ("BPlan", "FPlan", "SoPlan")

# The tables speak of the classes of 6.x. These are what the same areas were called before, or are in the other plan.
SAME_AS = {
    "BP_Baugebiet": "BP_BaugebietsTeilFlaeche",
    "BP_BodenschaetzeFlaeche": "BP_AbgrabungsFlaeche",
    "BP_GewaesserFlaeche": "FP_Gewaesser",
    "BP_Landwirtschaft": "BP_LandwirtschaftsFlaeche",
    "BP_StrassenVerkehrsFlaeche": "SO_Strassenverkehr",
    "BP_VerkehrsflaecheBesondererZweckbestimmung": "SO_Strassenverkehr",
    "BP_WasserwirtschaftsFlaeche": "SO_Wasserwirtschaft",
    "FP_AbgrabungsFlaeche": "FP_Abgrabung",
    "FP_AufschuettungsFlaeche": "FP_Aufschuettung",
    "FP_Bodenschaetze": "FP_Abgrabung",
    "FP_BodenschaetzeFlaeche": "FP_Abgrabung",
    "FP_LandwirtschaftsFlaeche": "FP_Landwirtschaft",
    "FP_Strassenverkehr": "SO_Strassenverkehr",
    "FP_Wasserwirtschaft": "SO_Wasserwirtschaft",
}

type Uses = dict[tuple[str, str, str], list[str]]


def main(corpus: Path, into: Path = TABLES) -> None:
    official = _official(corpus / "hilucs")
    whole = official | {
        (klasse, attribute, code): uses
        for klasse, named in SAME_AS.items()
        for (other, attribute, code), uses in official.items()
        if other == named
    }
    lines = ["klasse\tattribute\tcode\thilucs"]
    lines += ["\t".join([*key, ", ".join(uses)]) for key, uses in sorted(whole.items()) if _says_more(key, uses, whole)]
    (into / "hilucs.tsv").write_text("\n".join(lines) + "\n", "utf-8")


def _official(folder: Path) -> Uses:
    """By class, attribute and code; where the table names several uses, all of them in its order."""
    found: Uses = {}
    for klasse, attribute, code, use in _rows(folder):
        uses = found.setdefault((klasse, attribute, code), [])
        if use not in uses:
            uses.append(use)
    return found


def _rows(folder: Path) -> Iterator[tuple[str, str, str, str]]:
    for sheet in SHEETS:
        with (folder / f"zoning_{sheet}ToINSPIRE.tsv").open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file, delimiter="\t")
            next(rows)
            for klasse, path, code, use, *_ in rows:
                # zweckbestimmung.BP_KomplexeZweckbestGruen.allgemein: the code of a nested data type
                yield klasse.strip(), path.strip().partition(".")[0], code.strip(), use.strip()


def _says_more(key: tuple[str, str, str], uses: list[str], whole: Uses) -> bool:
    """Whether a line is needed: it is of the main attribute, and says something else than that of its class."""
    klasse, attribute, _ = key
    return not attribute or (attribute in ART_ATTRIBUTES and uses != whole.get((klasse, "", "")))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

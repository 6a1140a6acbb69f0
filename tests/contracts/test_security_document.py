"""The list of docs/security.md is complete, each line says something, and what it names is there."""

import re
from collections import Counter

from geoportal.settings import CHECKOUT

TEXT = (CHECKOUT / "docs/security.md").read_text("utf-8")
ROWS = [row.split("|")[1:-1] for row in TEXT.splitlines() if row.startswith("| V")]

# How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has; their numbers run from 1 without a gap.
SECTIONS = {
    "V1": (2, 9, 11, 3, 2), "V2": (3, 3, 4, 1), "V3": (0, 2, 4, 6, 5, 0, 2), "V4": (3, 1, 2, 4), "V5": (1, 5, 2, 3),
    "V6": (3, 12, 4, 4, 5, 3, 0, 4), "V7": (3, 4, 2, 5, 2, 2), "V8": (2, 3, 1, 1), "V9": (3, 4),
    "V10": (2, 2, 4, 11, 5, 2, 3), "V11": (2, 3, 3, 4, 1, 1), "V12": (3, 2, 4), "V13": (1, 5, 2, 5), "V14": (2, 4, 3),
    "V15": (3, 3, 7), "V16": (1, 5, 4, 3, 3), "V17": (1, 4, 2),
}  # fmt: skip


def test_every_requirement_has_its_line_and_only_one() -> None:
    wanted = {
        f"{chapter}.{section}.{number}"
        for chapter, counts in SECTIONS.items()
        for section, count in enumerate(counts, 1)
        for number in range(1, count + 1)
    }
    assert len(wanted) == 253 + 2  # V5.2.4 and V5.2.5 are of level 3
    found = Counter(name.strip() for row in ROWS for name in row[0].split(","))
    assert set(found) == wanted
    assert max(found.values()) == 1


def test_each_line_says_whether_and_why() -> None:
    for _, whether, why in ROWS:
        assert whether.strip() in {"ja", "teils", "nein", "–"}
        assert len(why.strip()) > 5


def test_what_is_named_as_proof_exists() -> None:
    for name in set(re.findall(r"`(test_\w+\.py)`", TEXT)):
        assert list((CHECKOUT / "tests").rglob(name)), name
    tests = "".join(file.read_text("utf-8") for file in (CHECKOUT / "tests").rglob("test_*.py"))
    for name in set(re.findall(r"`(test_\w+)`", TEXT)):
        assert f"def {name}(" in tests, name

"""The documents say what the program does: they are written from its own tables."""

import subprocess
import sys
from pathlib import Path

import pytest

from plans_ingest import messages
from plans_ingest.checks import rules
from plans_ingest.checks.rule import Rule
from plans_ingest.model import Level

ROOT = Path(__file__).parents[2]


def test_the_tables_of_rules_and_findings_are_in_step(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "scripts" / "write_rule_docs.py", tmp_path], check=True, cwd=ROOT)
    for fresh in sorted(tmp_path.iterdir()):
        assert (ROOT / "docs" / fresh.name).read_text("utf-8") == fresh.read_text("utf-8"), (
            "run scripts/write_rule_docs.py docs"
        )
    assert {file.name for file in tmp_path.iterdir()} == {"pruefregeln.md", "befunde.md"}


@pytest.mark.parametrize("code", messages.TEXTS)
def test_every_issue_code_is_explained(code: str) -> None:
    assert f"`{code}`" in (ROOT / "docs" / "befunde.md").read_text("utf-8")


def test_every_code_that_a_reader_tells_and_a_rule_names_has_a_sentence() -> None:
    assert rules.READER.keys() <= messages.TEXTS.keys()
    assert rules.RULES.keys() <= messages.TEXTS.keys()
    assert not rules.READER.keys() & rules.RULES.keys(), "said once"


@pytest.mark.parametrize("rule", rules.RULES.values(), ids=rules.RULES)
def test_a_rule_has_a_number_or_a_basis_and_three_sentences(rule: Rule) -> None:
    assert rule.number or rule.basis
    assert rule.german
    assert rule.english
    assert rule.mend
    assert rule.level in {Level.SCHEMA_VALID, Level.RULES_PASSED}


@pytest.mark.parametrize("code", list(messages.TEXTS))
def test_every_sentence_takes_any_detail(code: str) -> None:
    text = messages.TEXTS[code]
    assert "{" not in text.german.format(detail="x") + text.english.format(detail="x")
    assert "{" not in text.mend

"""What the environment may say, and what it probably meant."""

import re

from geoportal.settings import CHECKOUT, NAMES, unknown_names


def test_every_name_that_is_read_is_known_and_no_other() -> None:
    text = (CHECKOUT / "geoportal/settings.py").read_text("utf-8")
    assert set(re.findall(r"GEOPORTAL_[A-Z_]+", text)) | {"GEOPORTAL_ARCHIVE_SECRET_FILE"} == NAMES


def test_every_name_in_the_documents_is_known() -> None:
    files = [CHECKOUT / "README.md", CHECKOUT / "compose.yaml", *(CHECKOUT / "docs").rglob("*.md")]
    told = {name for file in files for name in re.findall(r"GEOPORTAL_[A-Z_]*[A-Z]\b(?!…)", file.read_text("utf-8"))}
    assert told <= NAMES


def test_a_name_that_nobody_reads_is_told_with_what_was_probably_meant() -> None:
    told = list(unknown_names({"GEOPORTAL_SMPT_URL": "x", "GEOPORTAL_URL": "x", "PATH": "x", "GEOPORTAL_QX7": "y"}))
    assert len(told) == 2
    assert "GEOPORTAL_QX7" in told[0]
    assert "GEOPORTAL_SMTP_URL" in told[1]

"""The migrations are one line: two that follow the same one could not both be run."""

import re

from geoportal.settings import CHECKOUT

VERSIONS = CHECKOUT / "geoportal/database/migrations/versions"


def test_each_migration_follows_the_one_before_it() -> None:
    before = None
    for file in sorted(VERSIONS.glob("*.py")):
        text = file.read_text("utf-8")
        [revision] = re.findall(r'^revision = "(\w+)"', text, re.MULTILINE)
        [follows] = re.findall(r'^down_revision = (?:"(\w+)"|None)', text, re.MULTILINE)
        assert file.name.startswith(f"{revision}_")
        assert (follows or None) == before, file.name
        before = revision

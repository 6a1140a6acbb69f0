"""What we are made of is known, and none of it has a weakness that we know of and have not thought about."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from geoportal.settings import CHECKOUT
from scripts import supply_chain
from scripts.supply_chain import Package


def test_every_locked_package_is_in_the_list(tmp_path: Path) -> None:
    file = tmp_path / "sbom.json"
    subprocess.run([sys.executable, CHECKOUT / "scripts/supply_chain.py", "sbom", file], check=True)
    document = json.loads(file.read_text("utf-8"))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    named = {component["purl"].rpartition("@")[0] for component in document["components"]}
    assert {"pkg:pypi/pygeoapi", "pkg:pypi/psycopg", "pkg:npm/leaflet"} <= named
    lines = [line for line in (CHECKOUT / "requirements.lock").read_text("utf-8").splitlines() if line[:1].isalnum()]
    assert sum(purl.startswith("pkg:pypi/") for purl in named) == len(lines)
    assert sum("licenses" in component for component in document["components"]) > len(named) / 2


@pytest.mark.parametrize(("version", "is_told"), [("6.0.9", True), ("6.1.0", False), ("6.10.0", False)])
def test_a_locked_version_with_a_known_weakness_is_told(version: str, is_told: bool) -> None:
    advisory = {"id": "CVE-1", "package": "pypi/lxml", "below": "6.1.0", "what": "liest fremde Dateien"}
    assert bool(supply_chain.weaknesses([Package("pypi", "lxml", version)], [advisory])) is is_told


def test_a_weakness_without_a_cure_must_be_accepted_with_a_reason() -> None:
    advisory = {"id": "CVE-2", "package": "npm/leaflet", "what": "HTML"}
    packages = [Package("npm", "leaflet", "1.9.4")]
    assert supply_chain.weaknesses(packages, [advisory])
    assert not supply_chain.weaknesses(packages, [advisory | {"accepted": "weil"}])


def test_a_machine_in_operation_gets_the_same_versions_and_no_tools_of_development() -> None:
    everything, needed = (
        dict(
            line.partition(" ")[0].split("==")
            for line in (CHECKOUT / name).read_text("utf-8").splitlines()
            if "==" in line
        )
        for name in ("requirements.lock", "requirements.production.lock")
    )
    assert needed.items() <= everything.items()
    declared = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {kind: {re.split(r"[\[>=<]", each)[0] for each in listed} for kind, listed in (
        ("run", declared["dependencies"]), ("dev", declared["optional-dependencies"]["dev"]),
    )}  # fmt: skip
    assert names["run"] <= needed.keys()
    assert not names["dev"] & needed.keys()

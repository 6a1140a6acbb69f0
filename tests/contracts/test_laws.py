"""Laws of the house that no linter knows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import geoportal
from plans_ingest.gemeinden import Gemeinde, all_gemeinden

ROOT = Path(geoportal.__file__).parents[1]
MODULES = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in ("geoportal", "plans_ingest")
    for file in sorted((ROOT / package).rglob("*.py"))
    if "migrations" not in file.parts
]


def test_importing_does_nothing(tmp_path: Path) -> None:
    """No settings object, engine, directory or connection is made by importing; nothing but the environment is read."""
    script = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script, *MODULES],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_only_settings_reads_the_environment() -> None:
    allowed = {ROOT / "geoportal/settings.py"}
    entrances = {"os.environ)"}  # handed to Settings.from_env at the process's own entrance
    for file in (*ROOT.glob("geoportal/**/*.py"), *ROOT.glob("plans_ingest/**/*.py")):
        for line in file.read_text("utf-8").splitlines():
            if re.search(r"os\.(environ|getenv)", line) and file not in allowed:
                assert any(entrance in line for entrance in entrances), f"{file.relative_to(ROOT)}: {line.strip()}"


@pytest.mark.parametrize("gemeinde", all_gemeinden(), ids=lambda gemeinde: gemeinde.name)
def test_a_manifest_per_gemeinde(gemeinde: Gemeinde) -> None:
    [file] = ROOT.glob(f"plans_ingest/gemeinden/{gemeinde.ags}_*.yml")
    assert gemeinde.ags.startswith("06534")
    assert f'ags: "{gemeinde.ags}"' in file.read_text("utf-8"), "YAML must quote the AGS"


def test_the_21_without_marburg() -> None:
    assert len(all_gemeinden()) == 21
    assert "06534014" not in {gemeinde.ags for gemeinde in all_gemeinden()}


def documents() -> list[Path]:
    return [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


@pytest.mark.parametrize("document", documents(), ids=lambda file: str(file.relative_to(ROOT)))
def test_links_in_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", document.read_text("utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_the_readme_begins_with_the_two_commands() -> None:
    head = (ROOT / "README.md").read_text("utf-8").splitlines()[:14]
    assert [line.split("#")[0].strip() for line in head if line.startswith("make ")] == ["make demo", "make test"]


def test_every_room_is_named_in_the_architecture() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    rooms = [
        item.name if item.is_dir() else item.stem
        for package in ("geoportal", "plans_ingest")
        for item in (ROOT / package).iterdir()
        if (item.suffix == ".py" or item.is_dir()) and not item.name.startswith("_")
    ]
    missing = [room for room in rooms if not re.search(rf"\b{room}\b", text)]
    assert missing == []

"""The units of an installed machine, in the eyes of systemd itself."""

import subprocess
from pathlib import Path

import pytest

from geoportal.installing.plan import Place, unit_files
from geoportal.settings import CHECKOUT


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those of an installed machine, whose program is this one."""
    folder = tmp_path_factory.mktemp("units")
    for unit in unit_files(Place("geoportal.example", CHECKOUT, program=CHECKOUT)):
        (folder / unit.path.name).write_text(unit.content, "utf-8")
    return folder


def test_systemd_understands_every_unit(units: Path) -> None:
    files = sorted(units.iterdir())
    assert len(files) > 10
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", *files], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_finds_every_service_well_shut_in(units: Path) -> None:
    """Its own measure, of ten; 4 and less is what it calls OK."""
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=40", "--no-pager"]
    for file in sorted(units.glob("*.service")):
        done = subprocess.run([*command, file], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-200:]

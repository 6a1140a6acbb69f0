"""The list of GDAL's drivers is that of the wheels, so that a reading process is left with those that it needs."""

import os
import subprocess
import sys

import pytest

from geoportal.settings import CHECKOUT
from plans_ingest import gdal_guard

SHOW = "from plans_ingest import gdal_guard as g; print(*sorted(g.open_drivers()), sep='\\n')"


def ready(environment: dict[str, str]) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), **environment},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.splitlines())


def test_the_list_names_every_driver_of_the_wheels() -> None:
    assert ready({}) == gdal_guard.known_drivers()


def test_a_guarded_process_has_those_that_it_needs_and_no_other() -> None:
    assert ready(gdal_guard.environment()) == {"GTiff", "COG", "PNG", "JPEG", "MEM", "GPKG"}


def test_a_process_with_more_of_gdal_is_refused() -> None:
    with pytest.raises(RuntimeError, match="VRT"):
        gdal_guard.require_guarded()

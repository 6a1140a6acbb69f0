"""docs/adding-a-layer.md against a portal with all its processes: on the map in Chromium, in QGIS, in every worker, and
without one request lost while the layer comes, changes and goes.
"""

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from pyproj import Transformer

from geoportal import operations
from geoportal.database import owner_engine
from geoportal.settings import CHECKOUT, Settings
from tests.acceptance.portal import Visit, watched
from tests.acceptance.test_adding_a_layer import COMMANDS, CSV, MANIFEST
from tests.acceptance.test_qgis import in_qgis
from tests.files import write
from tests.processes import command, environment, free_port, get, running, status

pytestmark = [pytest.mark.browser, pytest.mark.qgis]

ITEMS = "/ogc/collections/trinkbrunnen/items?f=json"
IN_A_ROW = 30  # answers that say the same: no worker says anything else
LON, LAT = Transformer.from_crs(25832, 4326, always_xy=True).transform(483500, 5628900)


@dataclass
class Portal:
    settings: Settings
    port: int
    environ: dict[str, str]

    def run(self, line: list[str]) -> str:
        program, *arguments = line
        assert program == "geoportal"
        finished = subprocess.run(
            command(*arguments), env=self.environ, capture_output=True, text=True, timeout=300, check=False
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout

    def names(self) -> list[str] | None:
        """As one of the workers has it; None where there is no such collection, or nothing in it yet."""
        code, said = get(self.port, ITEMS)
        assert code in (200, 404, 503), said
        return sorted(each["properties"]["name"] for each in json.loads(said)["features"]) if code == 200 else None

    def wait_for(self, names: list[str] | None) -> None:
        in_a_row, until = 0, time.monotonic() + 240
        while in_a_row < IN_A_ROW:
            assert time.monotonic() < until, self.names()
            in_a_row = in_a_row + 1 if self.names() == names else 0
            if in_a_row == 0:
                time.sleep(0.2)

    def in_qgis(self, folder: Path) -> Any:
        return in_qgis(f"http://127.0.0.1:{self.port}/ogc", ["trinkbrunnen"], folder)["trinkbrunnen"]


@pytest.fixture
def portal(database: Settings, tmp_path: Path) -> Iterator[Portal]:
    home, port = tmp_path / "home", free_port()
    shutil.copytree(CHECKOUT / "tests" / "layers", home / "layers")
    shutil.rmtree(home / "layers" / "schulen")
    for name in ("config", "node_modules"):
        (home / name).symlink_to(CHECKOUT / name)
    (home / "data").mkdir()
    shutil.copy(CHECKOUT / "data" / "gemeinden.geojson", home / "data")
    settings = replace(database, home=home)
    engine = owner_engine(settings.require_database_url())
    operations.sync_layers(engine, settings)
    engine.dispose()
    environ = environment(
        settings,
        GEOPORTAL_PORT=str(port),
        GEOPORTAL_URL=f"http://127.0.0.1:{port}",
        GEOPORTAL_REQUESTS_PER_SECOND="0",
    )
    with (
        running(command("serve"), environ, tmp_path / "serve.log", port),
        running(command("work"), environ, tmp_path / "work.log"),
    ):
        yield Portal(settings, port, environ)


@pytest.fixture
def visit(browser: Browser, portal: Portal) -> Iterator[Visit]:
    with watched(browser, f"http://127.0.0.1:{portal.port}") as opened:
        yield opened


class Visitors:
    """Ask all the while; `lost` are the answers that they should not have got."""

    def __init__(self, port: int) -> None:
        self.lost: list[str] = []
        self.asked = 0
        self._stopping = threading.Event()
        paths = ("/", "/themen/", "/ogc/collections?f=json", "/ogc/collections/gemeinden/items?f=json&limit=1")
        self._threads = [threading.Thread(target=self._ask, args=(port, path)) for path in paths]

    def _ask(self, port: int, path: str) -> None:
        while not self._stopping.wait(0.1):
            try:
                code = status(port, path)
            except OSError as fault:
                self.lost.append(f"{path}: {fault}")
            else:
                self.asked += 1
                if code != 200:
                    self.lost.append(f"{path}: {code}")

    def __enter__(self) -> "Visitors":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()


def test_a_layer_comes_changes_and_goes_in_front_of_everybody(portal: Portal, visit: Visit, tmp_path: Path) -> None:
    check, _, _, remove = COMMANDS
    page = visit.page
    switch = page.locator('input[name="theme"][value="trinkbrunnen"]')
    with Visitors(portal.port) as visitors:
        file = write(portal.settings.home / "data" / "trinkbrunnen.csv", CSV)
        folder = portal.settings.home / "layers" / "trinkbrunnen"
        draft = portal.settings.home / "layers" / ".trinkbrunnen"
        draft.mkdir()
        write(draft / "layer.yml", MANIFEST)
        draft.rename(folder)  # whole at once, as an editor saves a file
        assert "2 Objekte / features" in portal.run(check)
        portal.wait_for(["Brunnen am Markt", "Brunnen an der Schule"])

        page.goto(f"http://127.0.0.1:{portal.port}/#17/{LAT:.5f}/{LON:.5f}")
        expect(switch).to_be_checked()
        names = page.locator(".map-label--theme")  # the manifest's `label`; what goes fades for a moment
        expect(names.filter(has_text="Brunnen am Markt")).to_be_visible()
        visit.ask_the_middle("Brunnen am Markt")
        seen = portal.in_qgis(tmp_path)
        assert (seen["valid"], seen["names"]) == (True, ["Brunnen am Markt", "Brunnen an der Schule"])

        write(file, CSV.replace("am Markt", "im Park"))  # while the map is open
        expect(page.locator("#live")).to_contain_text("Trinkbrunnen", timeout=60_000)
        portal.wait_for(["Brunnen an der Schule", "Brunnen im Park"])
        expect(names.filter(has_text="Brunnen im Park")).to_be_visible()
        expect(names.filter(has_text="Brunnen am Markt")).to_have_count(0)
        visit.ask_the_middle("Brunnen im Park")

        portal.run(remove)
        portal.wait_for(None)
        page.reload()
        visit.forgive("404")  # the map that was open when the layer went still asked for it
        expect(page.locator(".themes")).to_be_visible()
        expect(switch).to_have_count(0)
    assert visitors.lost == []
    assert visitors.asked > 100

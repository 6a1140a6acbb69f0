"""docs/adding-a-layer.md, word for word, against a portal that runs all the while."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result
from werkzeug.test import Client

from geoportal import wsgi
from geoportal.catalogue import Reason
from geoportal.cli import main
from geoportal.database import owner_engine
from geoportal.layers import Places, states
from geoportal.layers.watch import Watch
from geoportal.ogc import service
from geoportal.settings import CHECKOUT, Settings
from tests.acceptance.test_qgis import in_qgis
from tests.files import write
from tests.ogc import served
from tests.processes import get

PAGE = (CHECKOUT / "docs" / "adding-a-layer.md").read_text("utf-8")
[CSV] = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
[MANIFEST] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [line.split() for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
ITEMS = "/ogc/collections/trinkbrunnen/items?sortby=name"


@dataclass
class Running:
    """A portal of its own home folder, which serves while the page is followed, and the worker's look at the layers."""

    settings: Settings
    client: Client
    watch: Watch

    @property
    def home(self) -> Path:
        return self.settings.home

    def run(self, command: list[str]) -> Result:
        program, *arguments = command
        assert program == "geoportal"
        environment = {
            "GEOPORTAL_HOME": str(self.home),
            "GEOPORTAL_DATA": str(self.settings.data),
            "GEOPORTAL_DATABASE_URL": self.settings.require_database_url(),
        }
        return CliRunner().invoke(main, arguments, env=environment)

    def names(self) -> list[str] | None:
        """What the collection holds, None when there is none or nothing is loaded yet."""
        answer = self.client.get(ITEMS)
        if answer.status_code in (404, 503):
            return None
        read: dict[str, Any] = json.loads(answer.data)
        return [item["properties"]["name"] for item in read["features"]]

    def wait_for(self, names: list[str] | None) -> None:
        """Looks as the worker does, until the running portal shows these."""
        until = time.monotonic() + 300
        while self.names() != names:
            assert time.monotonic() < until, self.names()
            self.watch.look()
            time.sleep(0.1)


@pytest.fixture
def running(database: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(service, "LOOK_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr("geoportal.data_versions.ASK_AGAIN_SECONDS", 0.0)
    home = tmp_path / "home"
    shutil.copytree(CHECKOUT / "tests" / "layers", home / "layers")
    shutil.rmtree(home / "layers" / "schulen")
    (home / "config").symlink_to(CHECKOUT / "config")
    (home / "node_modules").symlink_to(CHECKOUT / "node_modules")
    (home / "data").mkdir()
    shutil.copy(CHECKOUT / "data" / "gemeinden.geojson", home / "data")
    settings = replace(database, home=home, public_url="http://localhost", requests_per_second=0)
    engine = owner_engine(settings.require_database_url())
    watch = Watch(engine, home / "layers", Places.of(settings))
    yield Running(settings, Client(wsgi.create(settings)), watch)
    watch.close()
    engine.dispose()


def test_the_page_leads_from_a_file_to_the_map_and_back(running: Running) -> None:
    check, sync, listing, remove = COMMANDS
    assert running.names() is None
    write(running.home / "data" / "trinkbrunnen.csv", CSV)
    (running.home / "layers" / "trinkbrunnen").mkdir()
    write(running.home / "layers" / "trinkbrunnen" / "layer.yml", MANIFEST)

    checked = running.run(check)
    assert checked.exit_code == 0, checked.output
    assert "2 Objekte / features; nicht veröffentlicht / not published: Telefon" in checked.output
    assert running.names() is None

    synced = running.run(sync)
    assert synced.exit_code == 0, synced.output
    running.wait_for(["Brunnen am Markt", "Brunnen an der Schule"])
    assert "trinkbrunnen" in running.client.get("/ogc/collections?f=json").text
    assert 'value="trinkbrunnen"' in running.client.get("/").text  # its switch in the map's theme tree
    assert "Brunnen am Markt" in running.client.get("/suche?q=Brunnen am Markt").text
    assert "trinkbrunnen " in running.run(listing).output

    removed = running.run(remove)
    assert removed.exit_code == 0, removed.output
    assert running.client.get(ITEMS).status_code == 404
    assert 'value="trinkbrunnen"' not in running.client.get("/").text
    assert (running.home / "data" / "trinkbrunnen.csv").exists()


@pytest.mark.qgis
def test_qgis_sees_the_layer_come_change_and_go(running: Running, tmp_path: Path) -> None:
    def in_a_new_project() -> dict[str, Any]:
        home = Path(mkdtemp(dir=tmp_path))  # of somebody who has kept nothing of ours
        found: dict[str, Any] = in_qgis(address, ["trinkbrunnen"], home)["trinkbrunnen"]
        return found

    def wait_for(status: int, text: str = "") -> None:
        until = time.monotonic() + 300
        while (told := get(port, "/ogc/collections/trinkbrunnen/items"))[0] != status or text not in told[1]:
            assert time.monotonic() < until, told
            time.sleep(0.2)

    _, sync, _, remove = COMMANDS
    file = write(running.home / "data" / "trinkbrunnen.csv", CSV)
    with served(running.settings, running.home / "layers") as address:
        port = urlsplit(address).port or 0
        assert not in_a_new_project()["valid"]
        (running.home / "layers" / "trinkbrunnen").mkdir()
        write(running.home / "layers" / "trinkbrunnen" / "layer.yml", MANIFEST)
        assert running.run(sync).exit_code == 0
        wait_for(200, "am Markt")
        seen = in_a_new_project()
        assert (seen["type"], seen["names"]) == ("Point", ["Brunnen am Markt", "Brunnen an der Schule"])
        write(file, CSV.replace("am Markt", "im Park"))
        assert running.run(sync).exit_code == 0
        wait_for(200, "im Park")
        assert in_a_new_project()["names"] == ["Brunnen an der Schule", "Brunnen im Park"]
        assert running.run(remove).exit_code == 0
        wait_for(404)
        assert not in_a_new_project()["valid"]


def test_the_worker_follows_files_and_folders_by_itself(running: Running) -> None:
    file = write(running.home / "data" / "trinkbrunnen.csv", CSV)
    folder = running.home / "layers" / "trinkbrunnen"
    folder.mkdir()
    write(folder / "layer.yml", MANIFEST)
    running.wait_for(["Brunnen am Markt", "Brunnen an der Schule"])
    write(file, CSV.replace("am Markt", "im Park"))
    running.wait_for(["Brunnen an der Schule", "Brunnen im Park"])

    write(file, CSV.replace("5628900,0", "Norden"))  # the source fails: what was public stays
    stale(running, Reason.UNREADABLE)
    assert running.names() == ["Brunnen an der Schule", "Brunnen im Park"]
    write(folder / "layer.yml", MANIFEST.replace("titel", "title").replace("key: nr", "key: nummer"))
    stale(running, Reason.MANIFEST)
    assert running.names() == ["Brunnen an der Schule", "Brunnen im Park"]

    write(folder / "layer.yml", MANIFEST)
    write(file, CSV)
    running.wait_for(["Brunnen am Markt", "Brunnen an der Schule"])
    shutil.rmtree(folder)
    running.wait_for(None)


def stale(running: Running, reason: Reason) -> None:
    """Waits until the layer is told to be stale for that reason."""
    engine = owner_engine(running.settings.require_database_url())
    until = time.monotonic() + 300
    found: Reason | None = None
    while found is not reason:
        assert time.monotonic() < until, found
        running.watch.look()
        time.sleep(0.1)
        with engine.connect() as connection:
            found = {state.layer: state.reason for state in states(connection)}.get("trinkbrunnen")
    engine.dispose()


def test_a_draft_knows_the_columns_and_hides_what_looks_like_persons(running: Running) -> None:
    write(running.home / "data" / "trinkbrunnen.csv", CSV)
    new = "geoportal layers new trinkbrunnen data/trinkbrunnen.csv --title Trinkbrunnen --crs EPSG:25832"
    drafted = running.run(new.split())
    assert drafted.exit_code == 0, drafted.output
    text = (running.home / "layers" / "trinkbrunnen" / "layer.yml").read_text("utf-8")
    assert "BITTE ERGÄNZEN" in text
    assert re.search(r"telefon:\n    type: text\n.*?visibility: internal", text, re.DOTALL)
    checked = running.run(["geoportal", "layers", "check", "trinkbrunnen"])
    assert (checked.exit_code, "2 Objekte" in checked.output) == (0, True), checked.output
    again = running.run(new.split())
    assert (again.exit_code, "gibt es schon" in again.output) == (1, True)


def test_a_published_column_that_speaks_of_persons_is_told(running: Running) -> None:
    write(running.home / "data" / "trinkbrunnen.csv", CSV)
    (running.home / "layers" / "trinkbrunnen").mkdir()
    field = "  hinweis: {type: text, label: {de: Hinweis, en: Note}, source: Telefon}\n"
    write(running.home / "layers" / "trinkbrunnen" / "layer.yml", MANIFEST.replace("style:", f"{field}style:"))
    output = running.run(["geoportal", "layers", "check", "trinkbrunnen"]).output
    assert "Personenbezug? / personal data? hinweis: " in output

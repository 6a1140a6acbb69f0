"""Others' programs draw with our styles and from our WMS: headless QGIS, and GDAL."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from geoportal.settings import Settings
from tests.acceptance.test_qgis import SYSTEM_PYTHON
from tests.ogc import SCHULEN, SQUARE_METRES, origin, publish_stock, served

SCRIPT = Path(__file__).with_name("qgis_draws.py")
WEST, SOUTH = origin(0)
BOX = (WEST - 20, SOUTH - 20, WEST + SQUARE_METRES + 20, SOUTH + SQUARE_METRES + 20)
# of 140 metres in each direction 100 are the plan, and lines and texts take some of it
LEAST, MOST = 0.3, 0.55


@pytest.fixture(scope="module")
def address(module_database: Settings, tmp_path_factory: pytest.TempPathFactory) -> Any:
    publish_stock(module_database, tmp_path_factory.mktemp("stock"))
    with served(module_database) as where:
        yield where


@pytest.fixture(scope="module")
def seen(address: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("qgis")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(folder),
        "LANG": "C.UTF-8",
    }
    finished = subprocess.run(
        [SYSTEM_PYTHON, str(SCRIPT), address, str(folder), *map(str, BOX)],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    lines = [line for line in finished.stdout.splitlines() if line.startswith("SEEN ")]
    assert lines, finished.stderr[-2000:]
    read: dict[str, Any] = json.loads(lines[0].removeprefix("SEEN "))
    return read


@pytest.mark.qgis
def test_a_layer_file_opens_with_its_source_and_its_rules(seen: dict[str, Any]) -> None:
    contents = seen["planinhalte"]
    assert contents["read"], contents["message"]
    assert len(contents["layers"]) == 3
    for layer in contents["layers"].values():
        assert (layer["valid"], layer["renderer"], layer["active"]) == (True, "RuleRenderer", True)
        assert layer["count"] == 1
    areas = contents["layers"]["Planinhalte (Flächen)"]
    assert areas["rules"] > 100
    assert areas["labels"] > 10
    assert {"SimpleFill", "SimpleLine", "LinePatternFill", "MarkerLine", "CentroidFill"} <= set(areas["layers"])
    assert LEAST < contents["picture"]["residential"] < MOST
    assert contents["picture"]["errors"] == []


@pytest.mark.qgis
def test_hatches_are_seen_and_texts_stand_in_lines_of_their_own(seen: dict[str, Any]) -> None:
    hatch, text = seen["areas"]["verkehr_besonderer_zweck"], seen["areas"]["gemischte_bauflaeche"]
    assert hatch["read"]
    assert 0.3 < hatch["yellow"] < 0.6
    # four lines, of seven letters at most: letters that are set apart would be far wider
    assert text["read"]
    assert 0 < text["wide"] < 110
    assert text["high"] > 50


@pytest.mark.qgis
def test_the_styles_of_manifests_open_too(seen: dict[str, Any]) -> None:
    [plans] = seen["bebauungsplaene"]["layers"].values()
    assert (plans["valid"], plans["rules"]) == (True, 5)
    [schools] = seen["schulen"]["layers"].values()
    assert (schools["valid"], schools["count"], schools["layers"]) == (True, SCHULEN, ["SimpleMarker"])


@pytest.mark.qgis
def test_the_project_of_a_theme_opens(seen: dict[str, Any]) -> None:
    project = seen["project"]
    assert project["read"]
    assert project["crs"] == "EPSG:25832"
    assert len(project["layers"]) >= 5
    assert all(layer["valid"] for layer in project["layers"].values())
    assert LEAST < project["picture"]["residential"] < MOST


@pytest.mark.qgis
def test_the_wms_draws_the_same(seen: dict[str, Any]) -> None:
    assert seen["wms"]["valid"]
    assert LEAST < seen["wms"]["picture"]["residential"] < MOST


@pytest.mark.qgis
def test_vector_tiles_are_drawn_in_their_style_with_texts(seen: dict[str, Any]) -> None:
    tiles = seen["tiles"]
    assert (tiles["valid"], tiles["styled"]) == (True, True), tiles["message"]
    assert tiles["fonts"] == ["DejaVu Sans"]
    assert tiles["fields"] == ['"beschriftung"']
    assert LEAST < tiles["picture"]["residential"] < MOST


def test_gdal_reads_the_wms(address: str, tmp_path: Path) -> None:
    corners = ",".join(map(str, BOX))
    asked = f"WMS:{address}/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=bebauungsplaene&STYLES=planzv"
    asked += f"&CRS=EPSG:25832&BBOX={corners}&FORMAT=image/png&TRANSPARENT=TRUE"
    picture = tmp_path / "map.png"
    command = ["gdal_translate", "-q", "-of", "PNG", "-outsize", "280", "280", asked, str(picture)]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)
    assert finished.returncode == 0, finished.stderr
    assert picture.stat().st_size > 1000

"""A real QGIS, without a screen, reads every collection over HTTP."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from geoportal.settings import Settings
from tests.ogc import BEBAUUNGSPLAENE, COLLECTIONS, GEMEINDEN, ODD_NAME, ODD_SCHOOL, SCHULEN, publish_stock, served

SYSTEM_PYTHON = "/usr/bin/python3"  # Debian's, for which python3-qgis is built
SCRIPT = Path(__file__).with_name("qgis_reads.py")

pytestmark = pytest.mark.qgis


def in_qgis(address: str, names: Sequence[str], folder: Path) -> dict[str, Any]:
    """What QGIS sees of these collections; it works in `folder`."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(folder),
        "LANG": "C.UTF-8",
    }
    finished = subprocess.run(
        [SYSTEM_PYTHON, str(SCRIPT), address, *names],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    [line] = [line for line in finished.stdout.splitlines() if line.startswith("SEEN ")] or [finished.stderr]
    read: dict[str, Any] = json.loads(line.removeprefix("SEEN "))
    return read


@pytest.fixture(scope="module")
def seen(module_database: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("qgis")
    publish_stock(module_database, folder)
    with served(module_database) as address:
        return in_qgis(address, COLLECTIONS, folder)


@pytest.mark.parametrize(
    ("name", "kind", "count"),
    [
        ("bebauungsplaene", "MultiPolygon", BEBAUUNGSPLAENE),
        ("flaechennutzungsplaene", "MultiPolygon", 1),
        ("gemeinden", "MultiPolygon", GEMEINDEN),
        ("schulen", "Point", SCHULEN),
        ("geltungsbereiche", "MultiPolygon", BEBAUUNGSPLAENE + 1),
        ("plandokumente", "MultiPolygon", 1),
        ("plantexte", "MultiPolygon", 1),
        ("planinhalte_baugebiete", "MultiPolygon", 1),
        ("planinhalte_baugrenzen", "MultiLineString", 1),
        ("planinhalte_pflanzungen", "MultiPoint", 1),
        ("planinhalte_flaechen", "MultiPolygon", 1),
        ("planinhalte_linien", "MultiLineString", 1),
        ("planinhalte_punkte", "MultiPoint", 1),
    ],
)
def test_qgis_loads_every_feature_of_a_collection(seen: Mapping[str, Any], name: str, kind: str, count: int) -> None:
    layer = seen[name]
    assert layer["valid"], layer
    assert (layer["count"], layer["features"], layer["valid_geometries"]) == (count, count, count)
    assert layer["type"] == kind
    assert layer["types"] == [kind]
    assert layer["crs"] in ("EPSG:4326", "OGC:CRS84", "EPSG:25832")
    assert not layer["editable"]


def test_qgis_sees_the_types_of_the_fields(seen: Mapping[str, Any]) -> None:
    fields = seen["bebauungsplaene"]["fields"]
    wanted = {"name": "String", "ags": "String", "rechtsstand": "Integer", "gueltig_von": "Date"}
    assert {name: fields[name] for name in wanted} == wanted
    assert seen["schulen"]["fields"]["schueler"] == "Integer"
    assert seen["gemeinden"]["fields"]["teilnehmer"] in ("Boolean", "Integer")
    assert seen["gemeinden"]["fields"]["flaeche_km2"] in ("Real", "Double")


def test_qgis_reads_odd_names_as_they_are(seen: Mapping[str, Any]) -> None:
    assert ODD_NAME in seen["bebauungsplaene"]["names"]
    assert ODD_SCHOOL in seen["schulen"]["names"]


def test_qgis_filters_by_box_attribute_and_date(seen: Mapping[str, Any]) -> None:
    layer = seen["bebauungsplaene"]
    assert layer["west_half"] == BEBAUUNGSPLAENE // 2
    assert layer["nummern"] == 2
    assert layer["since"] == 3

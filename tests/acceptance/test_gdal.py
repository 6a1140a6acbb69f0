"""GDAL reads the collections: Debian's ogrinfo and ogr2ogr, and the newer one inside pyogrio."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyogrio
import pytest

from geoportal.settings import Settings
from tests.ogc import BEBAUUNGSPLAENE, COLLECTIONS, ODD_NAME, SCHULEN, publish_stock, served


@pytest.fixture(scope="module")
def source(module_database: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    publish_stock(module_database, tmp_path_factory.mktemp("gdal"))
    with served(module_database) as address:
        yield f"OAPIF:{address}"


def run(*command: str) -> str:
    finished = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert finished.returncode == 0, finished.stderr
    assert "ERROR" not in finished.stderr, finished.stderr
    return finished.stdout


def test_ogrinfo_lists_every_collection_with_its_geometry(source: str) -> None:
    listed = run("ogrinfo", "-ro", "-so", source)
    for name in COLLECTIONS:
        assert f": {name} (title: " in listed
    assert "(Multi Polygon)" in listed
    assert "(Multi Line String)" in listed


def test_ogr2ogr_copies_every_feature_page_by_page(source: str, tmp_path: Path) -> None:
    target = tmp_path / "plaene.gpkg"
    run("ogr2ogr", "-f", "GPKG", str(target), source, "bebauungsplaene", "-oo", "PAGE_SIZE=5")
    frame = pyogrio.read_dataframe(target)
    assert len(frame) == BEBAUUNGSPLAENE
    assert ODD_NAME in set(frame["name"])
    assert set(frame.geometry.geom_type) == {"MultiPolygon"}
    assert frame.geometry.is_valid.all()


def test_ogr2ogr_reads_a_box(source: str, tmp_path: Path) -> None:
    target = tmp_path / "box.geojson"
    box = ("-spat", "8.71", "50.82", "8.732", "50.83", "-spat_srs", "OGC:CRS84")
    run("ogr2ogr", *box, "-t_srs", "EPSG:25832", str(target), source, "bebauungsplaene")
    found = json.loads(target.read_text("utf-8"))["features"]
    assert {item["properties"]["nummer"] for item in found} == {"0", "1"}


def test_pyogrio_takes_the_types_from_the_schema_and_not_from_the_first_rows(source: str) -> None:
    info = pyogrio.read_info(source, layer="bebauungsplaene")
    types = dict(zip(info["fields"], info["dtypes"], strict=True))
    assert info["features"] == BEBAUUNGSPLAENE
    assert types["untergangs_datum"] == "datetime64[D]"  # empty in every row
    assert types["verfahren"] == "int32"
    assert types["name"] == "object"


@pytest.mark.parametrize(
    ("where", "nummern"),
    [
        ("nummer = '3'", {"3"}),
        ("gueltig_von > '2005-01-01'", {"6", "8", "10"}),
        ("gueltig_von > '2005-01-01' AND gueltig_von < '2009-01-01'", {"6", "8"}),
        ("name ILIKE 'plan 1_' OR nummer = '2'", {"2", "10", "11"}),
        ("status = 'in_kraft' AND NOT (nummer IN ('0', '2', '4'))", {"6", "8", "10"}),
        ("gueltig_von IS NULL AND rechtsstand = 2000", {"1", "3", "5", "7", "9", "11"}),
    ],
)
def test_gdal_filters_return_the_right_rows(source: str, where: str, nummern: set[str]) -> None:
    assert set(pyogrio.read_dataframe(source, layer="bebauungsplaene", where=where)["nummer"]) == nummern


def test_gdal_fetches_one_feature_by_its_id(source: str) -> None:
    frame = pyogrio.read_dataframe(source, layer="schulen", where="id = '9007'")
    assert list(frame["name"]) == ["Schule 7"]
    assert len(pyogrio.read_dataframe(source, layer="schulen")) == SCHULEN

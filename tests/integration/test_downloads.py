"""Files of what is published: made after a change, whole while they are replaced, there while the database is away."""

import csv
import io
import json
import re
import sqlite3
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pyogrio
import pytest
from flask.testing import FlaskClient
from lxml import etree
from pyogrio.errors import DataLayerError
from sqlalchemy import Engine, text

from geoportal import data_versions, filing, operations
from geoportal.database import owner_engine, reader_engine
from geoportal.downloads import DownloadFolder, building
from geoportal.downloads.data_set import DataSet
from geoportal.downloads.folder import Download
from geoportal.ogc.app import create_ogc
from geoportal.plain_text import harmless_cell
from geoportal.settings import Settings
from geoportal.web.app import create_portal
from tests.ogc import BEBAUUNGSPLAENE, LAYERS, ODD_NAME, SCHULEN

FORMATS = {"gpkg", "fgb", "geojson", "csv", "shp.zip"}


@pytest.fixture(scope="module")
def reader(stock: Settings) -> Iterator[Engine]:
    engine = reader_engine(stock.require_read_url())
    filing.refresh_downloads(engine, stock, debounce=0)
    yield engine
    engine.dispose()


@pytest.fixture
def portal(stock: Settings, reader: Engine) -> FlaskClient:
    return create_portal(stock).test_client()


@pytest.fixture
def folder(stock: Settings, reader: Engine) -> DownloadFolder:
    return DownloadFolder(stock.downloads)


def test_every_collection_has_files_of_every_format_and_by_gemeinde(folder: DownloadFolder) -> None:
    assert {each.suffix for each in folder.of("bebauungsplaene")} == FORMATS
    # a Shapefile holds one kind of geometry
    assert {each.suffix for each in folder.of("planinhalte")} == FORMATS - {"shp.zip"}
    assert {"bebauungsplaene-06534008.gpkg", "schulen-06534014.csv"} <= folder.all().keys()
    assert "planinhalte_linien-06534008.gpkg" not in folder.all()


def test_gdal_reads_the_same_from_each(portal: FlaskClient, tmp_path: Path) -> None:
    for suffix in FORMATS:
        response = portal.get(f"/downloads/bebauungsplaene.{suffix}")
        assert response.status_code == 200
        file = tmp_path / f"bebauungsplaene.{suffix}"
        file.write_bytes(response.data)
        frame = pyogrio.read_dataframe(f"/vsizip/{file}" if suffix == "shp.zip" else file)
        assert len(frame) == BEBAUUNGSPLAENE
        assert ODD_NAME in set(frame["name"])
        if suffix == "csv":
            continue
        assert frame.crs.to_epsg() == (4326 if suffix == "geojson" else 25832)
        assert set(frame.geom_type) <= {"MultiPolygon", "Polygon"}


def test_types_are_kept_where_the_format_has_them(folder: DownloadFolder) -> None:
    [package] = [each for each in folder.of("bebauungsplaene") if each.suffix == "gpkg"]
    info = pyogrio.read_info(folder.path(package))
    kinds = dict(zip(info["fields"], info["ogr_types"], strict=True))
    assert kinds["gueltig_von"] == "OFTDate"
    assert kinds["rechtsstand"] == "OFTInteger64"
    assert kinds["veroeffentlicht_am"] == "OFTDateTime"
    assert info["geometry_type"] == "MultiPolygon"


def test_qgis_finds_the_styles_in_a_geopackage(folder: DownloadFolder) -> None:
    shown = {}
    for name in ("bebauungsplaene.gpkg", "planinhalte_flaechen.gpkg", "planinhalte.gpkg"):
        with closing(sqlite3.connect(folder.path(folder.all()[name]))) as database:
            tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            wanted = "SELECT styleName, useAsDefault, styleQML, f_table_name, f_geometry_column FROM layer_styles"
            shown[name] = database.execute(wanted).fetchall() if "layer_styles" in tables else []
    plans, areas, mixed = shown.values()
    assert [(row[0], row[1]) for row in plans] == [("planzv", 1), ("rechtsstand", 0), ("umring", 0)]
    assert etree.fromstring(plans[1][2].encode()).find(".//renderer-v2") is not None
    assert {row[3:] for row in plans} == {("bebauungsplaene", "geom")}
    assert [row[0] for row in areas] == ["planzv"]
    assert mixed == []  # QGIS has no style for points and areas in one layer


def test_geojson_keeps_the_id_and_the_order_of_coordinates(portal: FlaskClient) -> None:
    read = json.loads(portal.get("/downloads/schulen.geojson").data)
    assert len(read["features"]) == SCHULEN
    first = read["features"][0]
    assert first["id"] == "9000"
    assert first["geometry"]["coordinates"] == pytest.approx([8.716, 50.821], abs=1e-2)
    assert "crs" not in read


def test_a_file_comes_with_length_hash_and_range(portal: FlaskClient) -> None:
    whole = portal.get("/downloads/schulen.gpkg")
    assert int(whole.headers["Content-Length"]) == len(whole.data)
    digest = b64encode(sha256(whole.data).digest()).decode()
    assert whole.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert whole.headers["ETag"] == f'"{sha256(whole.data).hexdigest()}"'
    part = portal.get("/downloads/schulen.gpkg", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.data) == (206, whole.data[100:200])
    again = portal.get("/downloads/schulen.gpkg", headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("name", ["nichts.gpkg", "index.json", ".building", "..%2Findex.json", "schulen.gpkg%00"])
def test_nothing_else_of_the_folder_is_served(portal: FlaskClient, name: str) -> None:
    assert portal.get(f"/downloads/{name}").status_code == 404


def test_collections_and_records_link_them_with_type_length_and_hash(stock: Settings, portal: FlaskClient) -> None:
    api = create_ogc(stock, LAYERS).test_client()
    for address in ("/collections/schulen", "/collections/katalog/items/schulen"):
        links = [each for each in json.loads(api.get(f"{address}?f=json").data)["links"] if each["rel"] == "enclosure"]
        assert len(links) == len(FORMATS)
        for each in links:
            response = portal.get(each["href"].removeprefix("http://localhost:8080"))
            assert response.mimetype == each["type"]
            assert len(response.data) == each["length"]
            assert each.get("sha256", sha256(response.data).hexdigest()) == sha256(response.data).hexdigest()
    page = api.get("/collections/schulen?f=html").get_data(as_text=True)
    assert "/downloads/schulen.gpkg" in page


def test_the_page_lists_the_files_and_asks_no_database(stock: Settings, reader: Engine) -> None:
    away = replace(stock, read_database_url="postgresql://geoportal_read@127.0.0.1:1/none")
    portal = create_portal(away).test_client()
    page = portal.get("/downloads/").get_data(as_text=True)
    assert "/downloads/bebauungsplaene.gpkg" in page
    assert "Ebsdorfergrund" in page
    assert portal.get("/downloads/bebauungsplaene.gpkg").status_code == 200


def test_files_follow_a_publication_when_it_has_been_still_for_a_while(
    stock: Settings, reader: Engine, portal: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_versions, "ASK_AGAIN_SECONDS", 0)
    assert filing.refresh_downloads(reader, stock, debounce=0) == []
    before = portal.get("/downloads/bebauungsplaene.geojson")
    features = json.loads(before.data)["features"]
    address = next(each["id"] for each in features if each["properties"]["nummer"] == "9")
    engine = owner_engine(stock.require_database_url())
    operations.withdraw(engine, address, "Test")
    engine.dispose()
    assert filing.refresh_downloads(reader, stock, debounce=3600) == []
    assert portal.get("/downloads/bebauungsplaene.geojson").data == before.data
    assert "bebauungsplaene" in filing.refresh_downloads(reader, stock, debounce=0)
    after = json.loads(portal.get("/downloads/bebauungsplaene.geojson").data)["features"]
    assert len(after) == len(features) - 1


def test_a_zip_holds_the_parts_of_a_shapefile(portal: FlaskClient) -> None:
    names = zipfile.ZipFile(BytesIO(portal.get("/downloads/schulen.shp.zip").data)).namelist()
    assert {Path(name).suffix for name in names} >= {".shp", ".shx", ".dbf", ".prj", ".cpg"}
    assert {Path(name).stem for name in names} == {"schulen"}


def test_a_spreadsheet_runs_nothing_of_a_csv_and_keeps_the_zero_of_an_ags(
    stock: Settings, reader: Engine, portal: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_versions, "ASK_AGAIN_SECONDS", 0)
    engine = owner_engine(stock.require_database_url())
    with engine.begin() as connection:
        formula = """=HYPERLINK("https://boese.example";"Schule")"""
        one = "(SELECT min(name) FROM layers.schulen)"
        connection.execute(text(f"UPDATE layers.schulen SET name = :formula WHERE name = {one}"), {"formula": formula})
        connection.execute(text("SELECT plans.touch_data('schulen')"))
    engine.dispose()
    assert "schulen" in filing.refresh_downloads(reader, stock, debounce=0)
    table = portal.get("/downloads/schulen.csv").data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table), delimiter=";"))
    assert [row["name"] for row in rows if "boese" in row["name"]] == [f"'{formula}"]
    assert len(rows) == SCHULEN
    geojson = json.loads(portal.get("/downloads/schulen.geojson").data)["features"]
    assert formula in {each["properties"]["name"] for each in geojson}
    assert re.search(r';"06534\d{3}"', portal.get("/downloads/bebauungsplaene.csv").data.decode("utf-8-sig"))


def test_rows_without_a_place_are_in_every_file_and_keep_no_other_collection_from_its_own(
    stock: Settings, reader: Engine, portal: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_versions, "ASK_AGAIN_SECONDS", 0)
    engine = owner_engine(stock.require_database_url())
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE layers.schulen SET geom = NULL WHERE name = (SELECT max(name) FROM layers.schulen)")
        )
        connection.execute(text("SELECT plans.touch_data('schulen')"))
    engine.dispose()
    assert "schulen" in filing.refresh_downloads(reader, stock, debounce=0)
    for suffix in FORMATS:
        file = tmp_path / f"schulen.{suffix}"
        file.write_bytes(portal.get(f"/downloads/schulen.{suffix}").data)
        assert len(pyogrio.read_dataframe(f"/vsizip/{file}" if suffix == "shp.zip" else file)) == SCHULEN, suffix


def test_a_collection_whose_files_cannot_be_made_keeps_no_other_from_its_own(
    stock: Settings, reader: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = owner_engine(stock.require_database_url())
    with engine.begin() as connection:
        connection.execute(text("SELECT plans.touch_data('bebauungsplaene'), plans.touch_data('schulen')"))
    engine.dispose()
    made: list[str] = []
    real = building.build

    def build(engine: Engine, data: DataSet, target: DownloadFolder) -> list[Download]:
        if data.name == "bebauungsplaene":
            raise DataLayerError("kaputt")
        made.append(data.name)
        return real(engine, data, target)

    monkeypatch.setattr(building, "build", build)
    with pytest.raises(DataLayerError, match="kaputt"):
        filing.refresh_downloads(reader, stock, debounce=0)
    assert "schulen" in made


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3*A1", "'-2+3*A1"),
        ("-5", "-5"),
        ("+49 6421 1234-56", "+49 6421 1234-56"),
        ("-", "-"),
        ("a=b", "a=b"),
    ],
)
def test_only_what_would_be_run_is_disarmed(cell: str, shown: str) -> None:
    assert harmless_cell(cell) == shown

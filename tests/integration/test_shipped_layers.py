"""The layers that ship, from data of the shapes in which such data come; what is over vanishes everywhere by itself."""

import csv
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import shapely
import xlsxwriter
from sqlalchemy import Engine, text
from werkzeug.test import Client

from geoportal import operations, wsgi
from geoportal.catalogue import Layer, read_layer
from geoportal.catalogue.rows import read
from geoportal.database import owner_engine, reader_engine
from geoportal.downloads import DownloadFolder
from geoportal.downloads.building import refresh
from geoportal.layers import Places
from geoportal.layers.watch import Watch
from geoportal.ogc import service
from geoportal.ogc.collection import Collection
from geoportal.opening_hours import BERLIN, parse
from geoportal.settings import CHECKOUT, Settings
from tests.files import write


def shipped(name: str) -> Layer:
    return read_layer(CHECKOUT / "layers" / name)


def rows(layer: Layer, file: Path | None = None) -> list[dict[str, str]]:
    """As they go to the layer's table: texts by name, the geometry as `geom`."""
    text = b"".join(piece.text for piece in read(layer, file or CHECKOUT / str(layer.source.path))).decode()
    names = [*layer.columns, "geom"]
    return [dict(zip(names, line.split("\t"), strict=True)) for line in text.splitlines()]


def test_the_school_list_says_the_same_as_csv_and_as_xlsx(tmp_path: Path) -> None:
    layer = shipped("schulen")
    with (CHECKOUT / "data" / "schulen.csv").open(encoding="utf-8", newline="") as opened:
        table = list(csv.reader(opened, delimiter=";"))
    with xlsxwriter.Workbook(tmp_path / "schulen.xlsx") as workbook:
        sheet = workbook.add_worksheet()
        numbers = {table[0].index(name) for name in ("X", "Y", "Schuelerzahl")}
        for line, cells in enumerate(table):
            for place, cell in enumerate(cells):
                is_number = line > 0 and place in numbers and cell != ""
                sheet.write(line, place, float(cell.replace(",", ".")) if is_number else cell)
    as_csv, as_xlsx = rows(layer), rows(layer, tmp_path / "schulen.xlsx")
    assert len(as_csv) >= 20
    assert as_csv == as_xlsx


def test_pools_of_openstreetmap_have_hours_that_are_understood() -> None:
    found = rows(shipped("schwimmbaeder"))
    summer, winter = (datetime(2026, month, 15, 16, tzinfo=BERLIN) for month in (7, 1))
    hours = [parse(row["oeffnungszeiten"]) for row in found]
    assert any(each.is_open(summer) and not each.is_open(winter) for each in hours)  # a season
    assert any(each.is_open(winter) for each in hours)
    assert {row["innen"] for row in found} == {"yes", "no"}


def test_the_cadastre_of_lights_is_read_in_its_old_coordinates_and_code_page() -> None:
    layer = shipped("strassenbeleuchtung")
    file = CHECKOUT / str(layer.source.path)
    assert file.with_suffix(".cpg").read_text("ascii").strip() == "CP1252"
    assert "Gauss" in file.with_suffix(".prj").read_text("ascii")
    found = rows(layer)
    assert len(found) >= 10_000
    assert {"ö", "ü"} <= set("".join(row["betreiber"] + row["mast"] for row in found))
    places = shapely.from_wkb([row["geom"] for row in found])
    west, south, east, north = shapely.total_bounds(places)
    assert (west > 460_000, south > 5_600_000, east < 530_000, north < 5_680_000) == (True, True, True, True)


def test_the_bins_come_from_a_workbook() -> None:
    assert {row["art"] for row in rows(shipped("abfallbehaelter"))} == {"Papierkorb", "Glascontainer", "Altkleider"}


TEST_SITES = """\
Kennung;Bezeichnung;Testart;Oeffnungszeiten;Gueltig_von;Gueltig_bis;Strasse;PLZ;Ort;Ansprechpartner;Laenge;Breite
T1;Testzelt Bleibt;Schnelltest;24/7;2026-01-01;{later};Am Markt 1;35037;Marburg;Frau Muster;8.77;50.80
T2;Testzelt Endet;Schnelltest;24/7;2026-01-01;{today};Am Markt 2;35037;Marburg;Frau Muster;8.78;50.81
"""


@pytest.fixture
def portal(
    database: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Client, Engine, Watch, Settings]]:
    monkeypatch.setattr(service, "LOOK_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr("geoportal.data_versions.ASK_AGAIN_SECONDS", 0.0)
    home = tmp_path / "home"
    shutil.copytree(CHECKOUT / "tests" / "layers", home / "layers")
    shutil.copytree(CHECKOUT / "layers" / "teststellen", home / "layers" / "teststellen")
    for name in ("config", "node_modules"):
        (home / name).symlink_to(CHECKOUT / name)
    (home / "data" / "sample" / "fachdaten").mkdir(parents=True)
    for name in ("gemeinden.geojson", "schulen.csv"):
        shutil.copy(CHECKOUT / "data" / name, home / "data")
    manifest = home / "layers" / "teststellen" / "layer.yml"
    write(manifest, manifest.read_text("utf-8").replace("expect: {min: 3", "expect: {min: 1"))
    today = datetime.now(BERLIN).date()
    table = TEST_SITES.format(today=today, later=today + timedelta(days=30))
    write(home / "data" / "sample" / "fachdaten" / "teststellen.csv", table)
    settings = replace(database, home=home, requests_per_second=0)
    engine = owner_engine(settings.require_database_url())
    assert [each.fault for each in operations.sync_layers(engine, settings) if each.fault] == []
    watch = Watch(engine, home / "layers", Places.of(settings))
    watch.look()
    yield Client(wsgi.create(settings)), engine, watch, settings
    watch.close()
    engine.dispose()


def drawn(client: Client, tile: str) -> list[dict[str, Any]]:
    """The properties of what a tile shows."""
    read = pyogrio.read_dataframe(BytesIO(client.get(tile).data), layer="teststellen").drop(columns="geometry")
    return [row.dropna().to_dict() for _, row in read.iterrows()]


def test_what_is_over_vanishes_everywhere_without_anybody_doing_anything(
    portal: tuple[Client, Engine, Watch, Settings],
) -> None:
    client, engine, watch, settings = portal
    reader, folder = reader_engine(settings.require_read_url()), DownloadFolder(settings.downloads)
    files = [Collection(read_layer(settings.home / "layers" / "teststellen")).data_set]
    assert refresh(reader, files, folder, 0) == ["teststellen"]
    tile = "/ogc/collections/teststellen/tiles/WebMercatorQuad/10/343/536?f=mvt"
    single = "/ogc/tiles/WebMercatorQuad/10/343/536?f=mvt&collections=teststellen&clusters=true"
    places = {
        "/ogc/collections/teststellen/items?f=json": (b"Testzelt Endet", b"Testzelt Bleibt"),
        "/suche?q=testzelt": (b"Testzelt Endet", b"Testzelt Bleibt"),
        "/thema/teststellen/": (b"Testzelt Endet", b"Testzelt Bleibt"),
        tile: (b"Testzelt Endet", b"Testzelt Bleibt"),
        single: (b"Testzelt Endet", b"Testzelt Bleibt"),
        "/downloads/teststellen.geojson": (b"Testzelt Endet", b"Testzelt Bleibt"),
        "/downloads/teststellen.csv": (b"Testzelt Endet", b"Testzelt Bleibt"),
        # where the data set lies
        "/ogc/collections/katalog/items/teststellen?f=json": (b"8.78", b"8.7"),
        "/ogc/collections/teststellen?f=json": (b"8.78", b"8.7"),
    }
    for address, (ending, staying) in places.items():
        said = client.get(address).data
        assert ending in said, address
        assert staying in said, address
    assert b"Frau Muster" not in client.get("/ogc/collections/teststellen/items?f=json").data
    near = "/ogc/tiles/WebMercatorQuad/7/42/67?f=mvt&collections=teststellen&clusters=true"
    assert [(each.get("point_count"), each.get("name")) for each in drawn(client, near)] == [(2, None)]
    with engine.begin() as connection:  # as if a day had gone by
        connection.execute(text("UPDATE layers.teststellen SET gueltig_bis = gueltig_bis - 1"))
        connection.execute(text("UPDATE plans.layer_state SET shown_on = shown_on - 1 WHERE layer = 'teststellen'"))
    watch.look()
    assert refresh(reader, files, folder, 0) == ["teststellen"]
    reader.dispose()
    for address, (ending, staying) in places.items():
        said = client.get(address).data
        assert ending not in said, address
        assert staying in said, address
    assert client.get("/thema/teststellen/T2").status_code == 404
    assert [(each.get("point_count"), each["name"]) for each in drawn(client, near)] == [(None, "Testzelt Bleibt")]

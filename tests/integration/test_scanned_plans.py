"""Plans that are not GML, from the file to what the public sees."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from sqlalchemy import Engine, text

from geoportal import cli, operations
from geoportal.archive import Archive
from geoportal.database import owner_engine, reader_engine
from geoportal.ogc.app import create_ogc
from geoportal.settings import CHECKOUT, Settings
from geoportal.web.app import create_portal
from tests.tables import ROW, parts, table, zipped
from tests.unit.test_raster_plans import picture


@dataclass(frozen=True)
class Portal:
    engine: Engine
    reader: Engine
    archive: Archive

    def public(self, query: str) -> list[tuple[object, ...]]:
        with self.reader.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]


@pytest.fixture
def portal(database: Settings) -> Iterator[Portal]:
    engine = owner_engine(database.require_database_url())
    reader = reader_engine(database.require_read_url())
    operations.prepare(engine)
    yield Portal(engine, reader, Archive(database.archive))
    engine.dispose()
    reader.dispose()


def umring_und_scan(folder: Path, **row: str) -> Path:
    sheet = picture(folder / "scan.tif").read_bytes()
    table(folder / "plan.shp", [ROW | {"scan": "scan.tif"} | row])
    return zipped(folder / "plan.shp", parts(folder / "plan.shp") | {"scan.tif": sheet})


def test_umring_and_scan_are_public_as_one_plan(portal: Portal, tmp_path: Path) -> None:
    operations.deliver(portal.engine, portal.archive, umring_und_scan(tmp_path))
    [plan] = portal.public("SELECT id, name, planart_text, rechtsstand_text, status FROM ogc.bebauungsplaene")
    assert plan[1:] == ("Am Hang", "BPlan", "In Kraft getreten", "in_kraft")
    [raster] = portal.public(
        "SELECT plan_id, name, epsg, aufloesung, baender, round(ST_Area(geom)), sha256 FROM ogc.rasterplaene"
    )
    assert raster[:-1] == (plan[0], "scan.tif", 25832, 0.5, 3, 10_000)
    with rasterio.open(portal.archive.path(str(raster[-1]))) as cog:
        assert cog.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    assert portal.public("SELECT sha256 FROM ogc.plandokumente") == [(raster[-1],)]


def test_a_sheet_has_an_address_of_which_programs_read_parts(
    portal: Portal, database: Settings, tmp_path: Path
) -> None:
    operations.deliver(portal.engine, portal.archive, umring_und_scan(tmp_path))
    [(address, sha256)] = portal.public("SELECT adresse, sha256 FROM ogc.rasterplaene")
    client = create_portal(database).test_client()
    whole = client.get(str(address))
    assert whole.data == portal.archive.path(str(sha256)).read_bytes()
    assert whole.content_type == "image/tiff; application=geotiff; profile=cloud-optimized"
    part = client.get(str(address), headers={"Range": "bytes=0-99"})
    assert (part.status_code, part.data) == (206, whole.data[:100])
    with rasterio.MemoryFile(whole.data) as memory, memory.open() as sheet:
        assert sheet.crs.to_epsg() == 25832
    for other in ("2", "0", "99999999999999999999"):
        assert client.get(str(address).replace("/1.tif", f"/{other}.tif")).status_code == 404


def test_sheets_are_a_collection_and_in_tiles(portal: Portal, database: Settings, tmp_path: Path) -> None:
    operations.deliver(portal.engine, portal.archive, umring_und_scan(tmp_path))
    api = create_ogc(database, CHECKOUT / "layers").test_client()
    [item] = json.loads(api.get("/collections/rasterplaene/items").data)["features"]
    assert item["properties"]["adresse"].endswith("/blatt/1.tif")
    tileset = json.loads(api.get("/collections/rasterplaene/tiles/WebMercatorQuad?f=json").data)
    limits = tileset["tileMatrixSetLimits"][15]
    address = f"/collections/rasterplaene/tiles/WebMercatorQuad/15/{limits['minTileRow']}/{limits['minTileCol']}?f=mvt"
    assert b"scan.tif" in api.get(address).data


def test_a_part_of_the_sheets_comes_in_numbers(portal: Portal, database: Settings, tmp_path: Path) -> None:
    operations.deliver(portal.engine, portal.archive, umring_und_scan(tmp_path))
    [(sha256,)] = portal.public("SELECT sha256 FROM ogc.rasterplaene")
    api = create_ogc(database, CHECKOUT / "layers").test_client()
    links = json.loads(api.get("/collections/rasterplaene?f=json").data)["links"]
    [address] = [each["href"].partition("/ogc")[2] for each in links if each["rel"].endswith("/coverage")]
    with rasterio.open(portal.archive.path(str(sha256))) as sheet:
        box, whole, size = sheet.bounds, sheet.read([1, 2, 3]), (sheet.width, sheet.height)
    utm = "http://www.opengis.net/def/crs/EPSG/0/25832"
    place = f"{address}&bbox={','.join(map(str, box))}&bbox-crs={utm}&width={size[0]}&height={size[1]}"

    def numbers(asked: str) -> tuple[int, np.ndarray]:
        response = api.get(asked)
        assert response.content_type == "image/tiff; application=geotiff", response.get_data(as_text=True)
        with rasterio.MemoryFile(response.data) as memory, memory.open() as part:
            assert part.bounds == pytest.approx(box) or part.crs.to_epsg() != 25832
            return part.crs.to_epsg(), part.read()

    epsg, read = numbers(place)
    assert (epsg, read.shape) == (25832, (4, size[1], size[0]))
    seen = read[3] == 255
    assert seen.mean() > 0.9
    assert np.abs(read[:3].astype(int) - whole)[:, seen].mean() < 3
    assert numbers(f"{place}&crs={utm.replace('25832', '3857')}")[0] == 3857
    for nothing in ("status=archiviert", "filter=plan_name='other'"):
        assert not numbers(f"{place}&{nothing}")[1].any()
    for wrong in ("&width=4000&height=4000", "&unknown=1", "&filter=nothing=1", "&f=png"):
        assert api.get(f"{address.partition('?')[0]}?bbox=8,50,9,51{wrong}").status_code == 400
    assert api.get("/collections/bebauungsplaene/coverage").status_code == 404


def test_the_same_delivery_again_changes_nothing(portal: Portal, tmp_path: Path) -> None:
    file = umring_und_scan(tmp_path)
    outcomes = [operations.deliver(portal.engine, portal.archive, file).outcomes[0] for _ in range(2)]
    assert [(outcome.version, outcome.is_new) for outcome in outcomes] == [(1, True), (1, False)]


def test_a_raster_of_an_older_version_is_no_longer_public(portal: Portal, tmp_path: Path) -> None:
    operations.deliver(portal.engine, portal.archive, umring_und_scan(tmp_path))
    operations.deliver(portal.engine, portal.archive, table(tmp_path / "neu.gpkg", [ROW | {"name": "Am Hang (neu)"}]))
    assert portal.public("SELECT count(*) FROM ogc.rasterplaene") == [(0,)]
    assert portal.public("SELECT name, version FROM ogc.bebauungsplaene") == [("Am Hang (neu)", 2)]


@pytest.mark.parametrize(("kind", "suffix"), [("gpkg", ".gpkg"), ("shp", ".zip"), ("xlsx", ".xlsx")])
def test_the_template_from_the_command_line(tmp_path: Path, kind: str, suffix: str) -> None:
    target = tmp_path / f"vorlage{suffix}"
    done = CliRunner().invoke(cli.main, ["template", kind, str(target)])
    assert done.exit_code == 0, done.output
    assert target.stat().st_size > 1000
    again = CliRunner().invoke(cli.main, ["template", kind, str(target)])
    assert again.exit_code == 1

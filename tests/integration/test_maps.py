"""OGC API - Maps over a real database, painted by Mapnik; the pictures are read back and looked at."""

import json
import os
import signal
import socket
import tempfile
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from flask.testing import FlaskClient
from pyproj import Transformer
from rasterio.io import MemoryFile
from sqlalchemy import text
from werkzeug.test import TestResponse

from geoportal import data_versions, operations
from geoportal.archive import Archive
from geoportal.cartography.sheets import sheets
from geoportal.catalogue import all_layers
from geoportal.database import owner_engine, reader_environment
from geoportal.database.leaving import ASKER
from geoportal.ogc.app import create_ogc
from geoportal.painting import AskerGone, PaintersPool, Painting
from geoportal.settings import Settings
from tests.integration.test_scanned_plans import umring_und_scan
from tests.ogc import LAYERS, ODD_NAME, SQUARE_METRES, origin

WOHNEN, IN_FORCE, DRAWN_UP = (246, 193, 176), (0x14, 0x50, 0x7F), (0x9C, 0x5F, 0x00)
WEST, SOUTH = origin(0)
AROUND = f"bbox={WEST - 20},{SOUTH - 20},{WEST + SQUARE_METRES + 20},{SOUTH + SQUARE_METRES + 20}"
AROUND += "&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/25832"
PLAN = f"/collections/bebauungsplaene/map?{AROUND}&width=420"


@pytest.fixture(scope="module")
def api(stock: Settings) -> FlaskClient:
    return create_ogc(stock, LAYERS).test_client()


def pixels(response: TestResponse) -> np.ndarray:
    """Rows of columns of red, green, blue, opacity."""
    assert response.status_code == 200, response.get_data(as_text=True)
    with MemoryFile(response.data) as file, file.open() as opened:
        bands = opened.read()
        if opened.count == 1:
            colours = np.zeros((256, 4), np.uint8)
            for index, colour in opened.colormap(1).items():
                colours[index] = colour
            return colours[bands[0]]
        alpha = bands[3:4] if opened.count == 4 else np.full_like(bands[:1], 255)
        return np.concatenate([bands[:3], alpha]).transpose(1, 2, 0)


def share(picture: np.ndarray, colour: tuple[int, int, int]) -> float:
    """The part of the picture that has this colour, or nearly."""
    near = np.abs(picture[..., :3].astype(int) - colour).max(axis=2) < 12
    return float((near & (picture[..., 3] > 200)).mean())


def test_an_area_has_the_colour_and_the_size_that_it_has_on_the_ground(api: FlaskClient) -> None:
    picture = pixels(api.get(PLAN))
    assert picture.shape[:2] == (420, 420)
    # 100 of 140 metres in each direction are the residential area; lines and texts take a little of it
    assert 0.40 < share(picture, WOHNEN) < 0.52
    assert picture[2, 2, 3] == 0  # nothing where there is no plan


def test_the_same_place_is_shown_in_every_system(api: FlaskClient) -> None:
    for srid, order in ((25832, "en"), (3857, "en"), (4326, "ne"), (31467, "ne")):
        project = Transformer.from_crs(25832, srid, always_xy=True)
        west, south, east, north = project.transform_bounds(WEST - 20, SOUTH - 20, WEST + 120, SOUTH + 120)
        corners = (south, west, north, east) if order == "ne" else (west, south, east, north)
        uri = f"http://www.opengis.net/def/crs/EPSG/0/{srid}"
        asked = f"bbox={','.join(map(str, corners))}&bbox-crs={uri}&crs={uri}&width=300&height=300"
        response = api.get(f"/collections/bebauungsplaene/map?{asked}")
        assert 0.35 < share(pixels(response), WOHNEN) < 0.55, srid
        assert response.headers["Content-Crs"] == f"<{uri}>"
        assert [float(part) for part in response.headers["Content-Bbox"].split(",")] == pytest.approx(corners, abs=1e-2)


def test_a_style_by_legal_state_draws_each_state_its_own_way(api: FlaskClient) -> None:
    wide = f"bbox={WEST - 50},{SOUTH - 100},{WEST + 1150},{SOUTH + 200}"
    asked = f"/collections/bebauungsplaene/styles/rechtsstand/map?{wide}&{AROUND.split('&')[1]}&width=1200"
    picture = pixels(api.get(asked))
    assert share(picture[:, :600], IN_FORCE) > 0
    assert share(picture[:, :600], DRAWN_UP) == 0
    assert share(picture[:, 600:], DRAWN_UP) > 0
    assert share(pixels(api.get(f"{asked}&status=in_kraft"))[:, 600:], DRAWN_UP) == 0


def test_what_was_public_on_a_day_is_drawn_and_nothing_that_came_later(api: FlaskClient) -> None:
    assert not pixels(api.get(f"{PLAN}&stand=1999-12-31"))[..., 3].any()
    assert share(pixels(api.get(f"{PLAN}&stand=2999-12-31")), WOHNEN) > 0.4


NAMED = {"op": "=", "args": [{"property": "name"}, ODD_NAME]}


@pytest.mark.parametrize(
    ("place", "asked", "is_drawn"),
    [
        ("bebauungsplaene", {"filter": "nummer = '0'"}, True),
        ("bebauungsplaene", {"filter": "nummer = '1'"}, False),
        ("bebauungsplaene", {"filter": "gueltig_von BETWEEN DATE('2000-01-01') AND DATE('2000-12-31')"}, True),
        ("bebauungsplaene", {"filter": json.dumps(NAMED), "filter-lang": "cql2-json"}, True),
        ("bebauungsplaene", {"filter": f"S_INTERSECTS(geometry, POINT({WEST + 5} {SOUTH + 5}))",
                             "filter-crs": "http://www.opengis.net/def/crs/EPSG/0/25832"}, True),
        ("bebauungsplaene", {"filter": "S_INTERSECTS(geometry, BBOX(8, 50, 8.1, 50.1))"}, False),
        ("bebauungsplaene", {"filter": "nummer = '0'", "stand": "2999-12-31"}, True),
        ("bebauungsplaene", {"filter": "nummer = '1'", "stand": "2999-12-31"}, False),
        ("planinhalte", {"filter": "klasse = 'BP_BaugebietsTeilFlaeche'"}, True),
        ("planinhalte", {"filter": "klasse = 'BP_BauGrenze'"}, False),
        # what Mapnik would put something for, and quotes: all of it is what a name would have to be
        ("bebauungsplaene", {"filter": "name = '!bbox!' OR name = '@zoom'' OR TRUE --'"}, False),
        ("bebauungsplaene", {"filter": "name LIKE '%\\%(value0)s'"}, False),
    ],
)  # fmt: skip
def test_a_filter_leaves_only_what_it_says(api: FlaskClient, place: str, asked: dict[str, str], is_drawn: bool) -> None:
    picture = pixels(api.get(f"/collections/{place}/map?{AROUND}&width=420&{urlencode(asked)}"))
    assert (share(picture, WOHNEN) > 0.4) is is_drawn


def test_tiles_of_a_filter_have_a_place_of_their_own(api: FlaskClient, stock: Settings) -> None:
    row, column = tile_of(17, WEST + 50, SOUTH + 50)
    tile = f"/collections/bebauungsplaene/map/tiles/WebMercatorQuad/17/{row}/{column}?f=png"
    assert share(pixels(api.get(f"{tile}&filter=nummer='0'")), WOHNEN) > 0
    assert share(pixels(api.get(f"{tile}&filter=nummer='1'")), WOHNEN) == 0
    kept = {
        folder: len(list((stock.data / "cache" / folder).rglob(f"17/{row}-{column}")))
        for folder in ("maps", "maps-filtered")
    }
    assert kept == {"maps": 0, "maps-filtered": 2}


@pytest.mark.parametrize(
    ("form", "kind", "driver"),
    [("png", "image/png", "PNG"), ("webp", "image/webp", "WEBP"), ("jpeg", "image/jpeg", "JPEG")],
)
def test_every_format_is_what_it_says(api: FlaskClient, form: str, kind: str, driver: str) -> None:
    response = api.get(f"{PLAN}&f={form}")
    assert response.content_type == kind
    with MemoryFile(response.data) as file, file.open() as opened:
        assert opened.driver == driver
    assert share(pixels(response), WOHNEN) > 0.3


def test_the_background_is_what_was_asked_for(api: FlaskClient) -> None:
    assert tuple(pixels(api.get(f"{PLAN}&transparent=false"))[2, 2]) == (255, 255, 255, 255)
    assert tuple(pixels(api.get(f"{PLAN}&bgcolor=0xff8800"))[2, 2]) == (255, 136, 0, 255)


def test_every_style_of_every_collection_is_painted(api: FlaskClient) -> None:
    for layer in filter(attrgetter("drawn"), all_layers(LAYERS)):
        for style in sheets(layer):
            response = api.get(f"/collections/{layer.id}/styles/{style}/map?width=120")
            assert pixels(response)[..., 3].any(), (layer.id, style)


def test_a_map_of_all_shows_the_plans_of_both_kinds(api: FlaskClient) -> None:
    assert share(pixels(api.get(f"/map?{AROUND}&width=300")), WOHNEN) > 0.4
    only = pixels(api.get(f"/map?{AROUND}&width=300&collections=flaechennutzungsplaene"))
    assert share(only, WOHNEN) == 0


def test_a_picture_of_all_there_is_cuts_no_outline(api: FlaskClient) -> None:
    picture = pixels(api.get("/collections/gemeinden/map?width=400&transparent=true"))[..., 3]
    assert picture[4:-4, 4:-4].any()
    picture[4:-4, 4:-4] = 0
    assert not picture.any()


def test_the_place_may_be_told_by_its_middle_and_a_scale(api: FlaskClient) -> None:
    uri = "http://www.opengis.net/def/crs/EPSG/0/25832"
    asked = f"center={WEST + 50},{SOUTH + 50}&center-crs={uri}&scale-denominator=1000&width=500&height=500"
    response = api.get(f"/collections/bebauungsplaene/map?{asked}")
    box = [float(part) for part in response.headers["Content-Bbox"].split(",")]
    assert box[2] - box[0] == pytest.approx(500 * 0.28)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("width=-1", 400), ("width=0", 400), ("width=100000", 400), ("width=1e3", 400), ("height=4097", 400),
        ("crs=EPSG:4711", 400), ("bbox=1,2,3", 400), ("bbox=9,51,8,50&crs=EPSG:25832", 400), ("bbox=nan,1,2,3", 400),
        ("bbox=8,50,8,50", 400), ("bbox=1e308,50,1e308,51", 400), ("bbox=8,50,9,51&center=8,50", 400), ("f=gif", 400),
        ("bgcolor=red%27", 400), ("transparent=perhaps", 400), ("scale-denominator=0", 400), ("mm-per-pixel=1e9", 400),
        ("ags=6534008", 400), ("status=%27;DROP", 400), ("stand=2026-02-30", 400), ("stand=!bbox!", 400),
        ("unknown=1", 400), ("filter=nothing=1", 400),
        ("filter=name LIKE 'x\\'", 400), ("filter=CASEI(name) LIKE CASEI('x\\')", 400),
        ("filter=name LIKE 'x\\\\'", 200),
        ("filter=", 400), ("filter-crs=x", 400), ("filter=nummer='1'&filter-lang=sql", 400),
        ("subset=Foo(1:2)", 400), ("center=8", 400), ("bbox=8,50,9,51&bbox-crs=x", 400),
        ("width=1&height=4096&bbox=8,50,9,51", 200), ("bbox=-180,-90,180,90&crs=OGC:CRS84&width=100", 200),
    ],
)  # fmt: skip
def test_no_request_is_a_fault_of_the_server(api: FlaskClient, asked: str, status: int) -> None:
    assert api.get(f"/collections/bebauungsplaene/map?{asked}").status_code == status


@pytest.mark.parametrize(
    "place",
    [
        "/collections/nothing/map",
        "/collections/schulen/styles/planzv/map",
        "/map?collections=nothing",
        "/collections/schulen/map/tiles/WebMercatorQuad/30/0/0",
        "/collections/schulen/map/tiles/WebMercatorQuad/1/2/0",
    ],
)
def test_what_is_not_there_is_not_found(api: FlaskClient, place: str) -> None:
    assert api.get(place).status_code == 404


def tile_of(zoom: int, x: float, y: float) -> tuple[int, int]:
    lon, lat = Transformer.from_crs(25832, 4326, always_xy=True).transform(x, y)
    mercator_x, mercator_y = Transformer.from_crs(4326, 3857, always_xy=True).transform(lon, lat)
    half = 20037508.342789244
    side = 2 * half / 2**zoom
    return int((half - mercator_y) / side), int((mercator_x + half) / side)


def test_tiles_fit_together_and_are_kept_until_the_data_change(
    api: FlaskClient, stock: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_versions, "ASK_AGAIN_SECONDS", 0)
    row, column = tile_of(17, WEST + 50, SOUTH + 50)
    address = "/collections/planinhalte/map/tiles/WebMercatorQuad/17"
    first = api.get(f"{address}/{row}/{column}?f=png")
    assert share(pixels(first), WOHNEN) > 0
    cached = list((stock.data / "cache" / "maps").rglob(f"{row}-{column}"))
    assert len(cached) == 1
    assert len(list(cached[0].parent.iterdir())) == 16  # its neighbours were painted with it
    # the edge between two tiles is no edge in the picture
    right = pixels(api.get(f"{address}/{row}/{column + 1}?f=png"))
    left = pixels(first)
    across = (left[:, -1, :3].astype(int) - right[:, 0, :3]).astype(int)
    assert (np.abs(across).max(axis=1) > 90).mean() < 0.1
    engine = owner_engine(stock.require_database_url())
    with engine.begin() as connection:
        connection.execute(text("SELECT plans.touch_data('planinhalte')"))
    engine.dispose()
    assert api.get(f"{address}/{row}/{column}?f=png").data == first.data
    assert len(list((stock.data / "cache" / "maps").rglob(f"{row}-{column}"))) == 2  # made of the new state


def test_a_painter_that_dies_is_replaced(api: FlaskClient) -> None:
    pixels(api.get(f"{PLAN}&width=301".replace("&width=420", "")))
    painters = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _is_our_painter(entry)]
    assert painters
    for process in painters:
        os.kill(process, signal.SIGKILL)
    assert share(pixels(api.get(f"{PLAN}&width=302".replace("&width=420", ""))), WOHNEN) > 0.4


def test_nobody_paints_on_for_who_has_left(stock: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    slow = """<Map srs="epsg:25832"><Style name="area"><Rule><PolygonSymbolizer/></Rule></Style>
        <Layer name="slow" srs="epsg:25832"><StyleName>area</StyleName><Datasource>
        <Parameter name="type">postgis</Parameter><Parameter name="geometry_field">geom</Parameter>
        <Parameter name="srid">25832</Parameter><Parameter name="extent">0,0,10,10</Parameter>
        <Parameter name="table">(SELECT ST_MakeEnvelope(0, 0, 9, 9, 25832) AS geom FROM pg_sleep(7)) AS d</Parameter>
        </Datasource></Layer></Map>"""
    painting = Painting(slow, {}, "epsg:25832", (0, 0, 10, 10), 64, 64, "png")
    pool = PaintersPool(reader_environment(stock.require_read_url()), 1)
    ours, theirs = socket.socketpair()
    theirs.close()
    asker = ASKER.set(ours)
    try:
        with pytest.raises(AskerGone):
            pool.paint(painting)
    finally:
        ASKER.reset(asker)
        ours.close()
    assert list(tmp_path.iterdir()) == [], "a painter that was killed leaves no folder"
    quick = replace(painting, xml=slow.replace("pg_sleep(7)", "pg_sleep(0)"))
    assert len(pool.paint(quick)) == 1
    pool.close()


def _is_our_painter(entry: Path) -> bool:
    try:
        command = (entry / "cmdline").read_bytes()
        parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return b"geoportal.painting.painter" in command and int(parent) == os.getpid()


def test_the_tileset_says_where_its_tiles_are(api: FlaskClient) -> None:
    document = json.loads(api.get("/collections/bebauungsplaene/map/tiles/WebMercatorQuad").data)
    templates = [link["href"] for link in document["links"] if link.get("templated")]
    assert len(templates) == 3
    row, column = tile_of(14, WEST + 50, SOUTH + 50)
    path = templates[0].partition("/ogc")[2].format(tileMatrix=14, tileRow=row, tileCol=column)
    assert api.get(path).status_code == 200


def test_pictures_are_not_made_twice(api: FlaskClient) -> None:
    etag = api.get(PLAN).headers["ETag"]
    again = api.get(PLAN, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")


def test_a_scanned_plan_lies_under_its_drawing(database: Settings, tmp_path: Path) -> None:
    engine = owner_engine(database.require_database_url())
    operations.prepare(engine)
    operations.deliver(engine, Archive(database.archive), umring_und_scan(tmp_path))
    with engine.connect() as connection:
        box = connection.execute(
            text("SELECT ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom) FROM ogc.rasterplaene")
        ).one()
    engine.dispose()
    fresh = create_ogc(database, LAYERS).test_client()
    for crs in (25832, 3857):
        uri = "http://www.opengis.net/def/crs/EPSG/0/"
        asked = f"bbox={','.join(map(str, box))}&bbox-crs={uri}25832&crs={uri}{crs}&width=200"
        with_scan = pixels(fresh.get(f"/collections/bebauungsplaene/styles/planzv/map?{asked}&f=webp"))
        without = pixels(fresh.get(f"/collections/bebauungsplaene/styles/umring/map?{asked}&f=webp"))
        assert (with_scan[..., 3] > 200).mean() > 0.9
        assert (without[..., 3] > 200).mean() < 0.3

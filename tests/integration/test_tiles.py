"""Vector tiles over a real database, read back by GDAL's own decoder."""

import gzip
from datetime import datetime, timedelta
from pathlib import Path

import geopandas
import pyogrio
import pytest
from flask.testing import FlaskClient
from pyproj import Transformer
from shapely import box, union_all
from shapely.affinity import affine_transform
from shapely.geometry import MultiPolygon, Point
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from werkzeug.test import TestResponse

from geoportal import data_versions, operations
from geoportal.database import owner_engine
from geoportal.ogc import service
from geoportal.ogc.app import create_ogc
from geoportal.ogc.features import engine_for
from geoportal.ogc.query import BERLIN
from geoportal.ogc.tiles.matrix import MAX_ZOOM, Tile
from geoportal.settings import Settings
from tests.ogc import DRAWN, LAYERS, ODD_NAME, document, origin, put_schools

PLANS = "/collections/bebauungsplaene/tiles/WebMercatorQuad"
TO_MERCATOR = Transformer.from_crs(25832, 3857, always_xy=True)


@pytest.fixture
def api(stock: Settings, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setattr(data_versions, "ASK_AGAIN_SECONDS", 0)
    monkeypatch.setattr(service, "LOOK_AGAIN_SECONDS", 0)
    return create_ogc(stock, LAYERS).test_client()


def tile_at(zoom: int, easting: float, northing: float) -> Tile:
    """The tile around a place in EPSG:25832."""
    x, y = TO_MERCATOR.transform(easting, northing)
    side = Tile(0, 0, 0).bounds.east * 2 / 2**zoom
    half = Tile(0, 0, 0).bounds.east
    return Tile(zoom, int((half - y) / side), int((x + half) / side))


def fetch(api: FlaskClient, place: str, tile: Tile) -> TestResponse:
    return api.get(f"{place}/{tile.zoom}/{tile.row}/{tile.col}?f=mvt")


def layers(response: TestResponse, folder: Path) -> dict[str, geopandas.GeoDataFrame]:
    """What GDAL reads, in the coordinates of the tile: 4096 to a side, from its lower left corner."""
    assert response.status_code == 200, response.get_data(as_text=True)
    assert response.content_type == "application/vnd.mapbox-vector-tile"
    file = folder / "tile.mvt"
    file.write_bytes(response.data)
    return {name: pyogrio.read_dataframe(file, layer=name) for name, _ in pyogrio.list_layers(file)}


def placed(shape: BaseGeometry, tile: Tile) -> BaseGeometry:
    """From the coordinates of a tile to Web Mercator."""
    bounds = tile.bounds
    scale = (bounds.east - bounds.west) / 4096
    return affine_transform(shape, [scale, 0, 0, scale, bounds.west, bounds.south])


def test_every_collection_and_the_plans_together_have_a_tileset_that_says_all(api: FlaskClient) -> None:
    landing = document(api.get("/?f=json"))
    assert any(each["rel"].endswith("/tilesets-vector") for each in landing["links"])
    for place in ("/tiles", *(f"/collections/{name}/tiles" for name in DRAWN)):
        [listed] = document(api.get(f"{place}?f=json"))["tilesets"]
        assert listed["tileMatrixSetURI"].endswith("/WebMercatorQuad")
        described = document(api.get(f"{place}/WebMercatorQuad?f=json"))
        [template] = [each for each in described["links"] if each.get("templated")]
        assert template["rel"] == "item"
        assert template["href"].endswith(f"{place}/WebMercatorQuad/{{tileMatrix}}/{{tileRow}}/{{tileCol}}?f=mvt")
        assert [each["tileMatrix"] for each in described["tileMatrixSetLimits"]] == list(map(str, range(MAX_ZOOM + 1)))
        assert all(layer["propertiesSchema"]["properties"] for layer in described["layers"])
        json_tiles = document(api.get(f"{place}/WebMercatorQuad?f=tilejson"))
        assert json_tiles["tilejson"] == "3.0.0"
        assert [each["id"] for each in json_tiles["vector_layers"]] == [each["id"] for each in described["layers"]]
        assert api.get(f"{place}/WebMercatorQuad?f=html").content_type.startswith("text/html")


def test_the_tile_matrix_set_is_the_registered_one(api: FlaskClient) -> None:
    assert [each["id"] for each in document(api.get("/tileMatrixSets"))["tileMatrixSets"]] == ["WebMercatorQuad"]
    written = document(api.get("/tileMatrixSets/WebMercatorQuad"))["tileMatrices"]
    assert written[0]["scaleDenominator"] == pytest.approx(559082264.028717, rel=1e-9)
    assert written[18]["cellSize"] == pytest.approx(0.597164283559817, rel=1e-9)


def test_a_tile_holds_chosen_attributes_and_stable_ids(api: FlaskClient, tmp_path: Path) -> None:
    tile = tile_at(15, *origin(0))
    plans = layers(fetch(api, PLANS, tile), tmp_path)["bebauungsplaene"]
    [plan] = plans[plans["name"] == ODD_NAME].to_dict("records")
    item = document(api.get("/collections/bebauungsplaene/items?nummer=0"))["features"][0]
    assert plan["id"] == item["id"]
    assert (plan["status"], plan["rechtsstand"], plan["gueltig_von"]) == ("in_kraft", 4000, "2000-01-15")
    assert "beschreibung" not in plan
    again = layers(fetch(api, PLANS, tile_at(16, *origin(0))), tmp_path)["bebauungsplaene"]
    assert plan["mvt_id"] in set(again["mvt_id"])
    contents = layers(fetch(api, "/collections/planinhalte_linien/tiles/WebMercatorQuad", tile), tmp_path)
    line = contents["planinhalte_linien"].iloc[0]
    assert line["klasse"] == "BP_BauGrenze"
    assert api.get(f"/collections/planinhalte/items/{line['mvt_id']}").status_code == 200


def test_outlines_contents_and_labels_come_in_one_tile(api: FlaskClient, tmp_path: Path) -> None:
    middle = (origin(0)[0] + 50, origin(0)[1] + 50)
    read = layers(fetch(api, "/tiles/WebMercatorQuad", tile_at(17, *middle)), tmp_path)
    assert set(read) == {"geltungsbereiche", "planinhalte", "plannamen", "beschriftungen"}
    assert set(read["geltungsbereiche"]["planwerk"]) == {"BP", "FP"}
    assert set(read["plannamen"].geom_type) == {"Point"}
    assert "WA" in set(read["beschriftungen"]["beschriftung"])


def test_a_plan_across_four_tiles_fits_together_without_a_crack(api: FlaskClient, tmp_path: Path) -> None:
    zoom = 18
    west, _ = TO_MERCATOR.transform(*origin(0))
    first = tile_at(zoom, *origin(0))
    pieces = []
    for row in range(first.row - 2, first.row + 1):
        for col in range(first.col, first.col + 3):
            tile = Tile(zoom, row, col)
            response = fetch(api, PLANS, tile)
            if response.status_code != 200:
                continue
            read = layers(response, tmp_path)["bebauungsplaene"]
            shapes = read[read["name"] == ODD_NAME].geometry
            pieces += [placed(shape, tile).intersection(box(*tile.bounds)) for shape in shapes]
    assert len(pieces) > 2
    whole = union_all(pieces).buffer(0.1).buffer(-0.1)
    corners = [
        TO_MERCATOR.transform(origin(0)[0] + x, origin(0)[1] + y) for x, y in ((0, 0), (100, 0), (100, 100), (0, 100))
    ]
    assert whole.symmetric_difference(MultiPolygon([(corners, [])])).area < 0.001 * whole.area
    assert whole.bounds[0] == pytest.approx(west, abs=20)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"{PLANS}/x/0/0", 400),
        (f"{PLANS}/-1/0/0", 400),
        (f"{PLANS}/0/0/1.5", 400),
        (f"{PLANS}/0/0/0?f=png", 400),
        (f"{PLANS}/0/0/0?foo=1", 400),
        (f"{PLANS}/0/1/0", 404),
        (f"{PLANS}/21/0/0", 404),
        (f"{PLANS}/9/0/0", 404),
        (f"{PLANS}/12/{10**30}/0", 404),
        ("/collections/bebauungsplaene/tiles/WorldCRS84Quad", 404),
        ("/collections/nichts/tiles", 404),
        ("/tileMatrixSets/Nichts", 404),
    ],
)
def test_what_is_no_tile_is_refused(api: FlaskClient, address: str, status: int) -> None:
    assert api.get(address).status_code == status


def test_a_tile_within_the_limits_in_which_nothing_is_seen_is_empty(api: FlaskClient) -> None:
    response = api.get(f"{PLANS}/0/0/0")
    assert (response.status_code, response.data) == (204, b"")
    assert response.headers["ETag"]


def test_a_tile_is_packed_for_whoever_can_unpack_it(api: FlaskClient) -> None:
    tile = tile_at(15, *origin(0))
    plain = fetch(api, PLANS, tile)
    assert "Content-Encoding" not in plain.headers
    packed = api.get(f"{PLANS}/{tile.zoom}/{tile.row}/{tile.col}?f=mvt", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert "Accept-Encoding" in packed.vary


def test_tiles_of_one_zoom_are_planned_once(stock: Settings, api: FlaskClient) -> None:
    engine = engine_for(stock.require_read_url(), planned_once=True)
    plans = text("""
        SELECT sum(generic_plans)::int, sum(custom_plans)::int FROM pg_prepared_statements
        WHERE statement LIKE '%tile_feature%'""")
    assert fetch(api, PLANS, tile_at(19, *origin(3))).status_code == 200
    with engine.connect() as connection:
        before, _ = connection.execute(plans).one()
    assert fetch(api, PLANS, tile_at(19, *origin(4))).status_code == 200
    with engine.connect() as connection:
        assert connection.execute(plans).one() == (before + 1, 0)


def test_a_withdrawn_plan_is_gone_from_the_tiles_at_once_and_restored_is_back(
    stock: Settings, api: FlaskClient, tmp_path: Path
) -> None:
    tile = tile_at(15, *origin(11))
    before = fetch(api, PLANS, tile)
    [plan] = layers(before, tmp_path)["bebauungsplaene"].to_dict("records")
    engine = owner_engine(stock.require_database_url())
    address = document(api.get("/collections/bebauungsplaene/items?nummer=11"))["features"][0]["id"]
    operations.withdraw(engine, address, "Test")
    assert fetch(api, PLANS, tile).status_code in (204, 404)
    operations.restore(engine, address, 1, "Test")
    after = fetch(api, PLANS, tile)
    assert layers(after, tmp_path)["bebauungsplaene"].to_dict("records") == [plan]
    assert after.headers["ETag"] != before.headers["ETag"]
    engine.dispose()


def test_no_tile_is_heavy_however_dense_the_data(stock: Settings, api: FlaskClient, tmp_path: Path) -> None:
    engine = owner_engine(stock.require_database_url())
    side = 150
    put_schools(engine, {n: Point(480_000 + 40 * (n % side), 5_630_000 + 40 * (n // side)) for n in range(side * side)})
    engine.dispose()
    counts = {}
    for zoom in (6, 9, 11, 13, 15, 17):
        response = fetch(api, "/collections/schulen/tiles/WebMercatorQuad", tile_at(zoom, 482_000, 5_632_000))
        assert len(response.data) < 500_000
        counts[zoom] = len(layers(response, tmp_path)["schulen"])
    # first thinned, then all that is there
    assert counts[6] < counts[9] < counts[11] <= 4096
    tile = tile_at(17, 482_000, 5_632_000)
    corners = [
        Transformer.from_crs(3857, 25832, always_xy=True).transform(*each)
        for each in (tile.bounds[:2], tile.bounds[2:])
    ]
    expected = (corners[1][0] - corners[0][0]) * (corners[1][1] - corners[0][1]) / 40**2
    assert counts[17] >= 0.8 * expected


def selected(api: FlaskClient, tile: Tile, **parameters: str) -> TestResponse:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return api.get(f"/tiles/WebMercatorQuad/{tile.zoom}/{tile.row}/{tile.col}?f=mvt&{query}")


def test_several_collections_come_in_one_tile(api: FlaskClient, tmp_path: Path) -> None:
    tile = tile_at(9, 480_000, 5_630_000)
    both = layers(selected(api, tile, collections="schulen,bebauungsplaene", pixels="512"), tmp_path)
    assert sorted(both) == ["bebauungsplaene", "schulen"]
    assert set(both["bebauungsplaene"]["status"]) >= {"in_kraft"}


@pytest.mark.parametrize("zoom", [7, 11, 18])
def test_near_points_are_one_point_with_their_number_and_none_is_lost(
    api: FlaskClient, stock: Settings, tmp_path: Path, zoom: int
) -> None:
    engine = owner_engine(stock.require_database_url())
    with engine.connect() as connection:
        x, y = connection.execute(text("SELECT ST_X(geom), ST_Y(geom) FROM ogc.schulen ORDER BY id LIMIT 1")).one()
        tile = tile_at(zoom, x, y)
        count = connection.execute(
            text("""SELECT count(*) FROM ogc.tile_feature WHERE source = 'schulen'
                AND geom && ST_MakeEnvelope(:west, :south, :east, :north, 3857)"""),
            tile.bounds._asdict(),
        ).scalar_one()
    engine.dispose()
    groups = layers(selected(api, tile, collections="schulen", clusters="true"), tmp_path)["schulen"]
    inside = groups[groups.geometry.apply(lambda at: 0 <= at.x <= 4096 and 0 <= at.y <= 4096)]
    numbers = inside["point_count"].fillna(1) if "point_count" in inside else inside["name"].map(lambda _: 1)
    assert numbers.sum() == count
    assert len(inside) < count or zoom == 18
    if "name" in inside and "point_count" in inside:
        assert (inside["name"].isna() == inside["point_count"].notna()).all()


def test_groups_of_points_count_no_areas_and_lines(api: FlaskClient, tmp_path: Path) -> None:
    tile = tile_at(9, origin(0)[0] + 50, origin(0)[1] + 50)
    read = layers(selected(api, tile, collections="planinhalte_punkte", clusters="true"), tmp_path)
    [point] = read["planinhalte_punkte"].to_dict("records")  # beside an area and a line of the same plan
    assert (point.get("point_count"), point["klasse"]) == (None, "BP_AnpflanzungBindungErhaltung")


@pytest.mark.parametrize("tile", [Tile(0, 0, 0), Tile(2, 1, 2), Tile(2, 2, 3), Tile(9, 0, 511)])
def test_a_day_can_be_asked_of_every_tile_of_the_world(api: FlaskClient, tile: Tile) -> None:
    today = datetime.now(BERLIN).date().isoformat()
    assert selected(api, tile, collections="bebauungsplaene", stand=today).status_code == 204


@pytest.mark.parametrize("names", ["planinhalte", "schulen,planinhalte_punkte"])
def test_a_day_cannot_be_asked_of_what_has_no_history(api: FlaskClient, names: str) -> None:
    tile, today = tile_at(14, *origin(0)), datetime.now(BERLIN).date().isoformat()
    response = selected(api, tile, collections=names, stand=today)
    assert (response.status_code, "Geschichte" in response.get_data(as_text=True)) == (400, True)
    assert selected(api, tile, collections=f"bebauungsplaene,{names}", stand=today).status_code == 200


def test_a_tile_carries_only_the_fields_that_are_asked_for(api: FlaskClient, tmp_path: Path) -> None:
    tile = tile_at(15, *origin(0))
    own = f"{PLANS}/{tile.zoom}/{tile.row}/{tile.col}?f=mvt"
    whole = layers(api.get(own), tmp_path)["bebauungsplaene"]
    narrow = layers(api.get(f"{own}&properties=status,name"), tmp_path)["bebauungsplaene"]
    assert set(narrow) == {"mvt_id", "name", "status", "geometry"}
    assert narrow["mvt_id"].tolist() == whole["mvt_id"].tolist()
    assert set(layers(api.get(f"{own}&properties="), tmp_path)["bebauungsplaene"]) == {"mvt_id", "geometry"}
    place = f"/tiles/WebMercatorQuad/{tile.zoom}/{tile.row}/{tile.col}?f=mvt"
    # a label is written also when nothing else is asked of it
    assert {"geltungsbereiche", "plannamen"} <= set(layers(api.get(f"{place}&properties=planart"), tmp_path))
    wide = tile_at(9, 480_000, 5_630_000)
    both = {"collections": "schulen,bebauungsplaene", "pixels": "512", "properties": "status,schulen.name"}
    apart = layers(selected(api, wide, **both), tmp_path)
    assert set(apart["bebauungsplaene"]) == {"mvt_id", "status", "geometry"}
    assert set(apart["schulen"]) == {"mvt_id", "name", "geometry"}


def test_a_tileset_says_which_fields_it_was_asked_for(api: FlaskClient) -> None:
    place = f"{PLANS}?properties=status,name"
    told = document(api.get(f"{place}&f=tilejson"))
    assert list(told["vector_layers"][0]["fields"]) == ["name", "status"]
    assert told["tiles"][0].endswith("?f=mvt&properties=status,name")
    links = {each["rel"]: each["href"] for each in document(api.get(f"{place}&f=json"))["links"]}
    assert all("properties=status" in links[rel] for rel in ("self", "alternate", "item"))


def test_the_number_of_a_plan_is_the_beginning_of_its_id_today_and_on_another_day(
    api: FlaskClient, tmp_path: Path
) -> None:
    tile, today = tile_at(15, *origin(0)), datetime.now(BERLIN).date().isoformat()
    for day in ({}, {"stand": today}):
        plans = layers(selected(api, tile, collections="bebauungsplaene", **day), tmp_path)["bebauungsplaene"]
        assert plans["mvt_id"].tolist() == [int(each.replace("-", "")[:12], 16) for each in plans["id"]]


def test_far_out_a_map_gets_a_coarser_grid_and_everybody_else_the_usual_one(api: FlaskClient) -> None:
    extents = {}
    for zoom, pixels in ((9, "512"), (9, "256"), (10, "512")):
        tile = tile_at(zoom, 480_000, 5_630_000)
        content = selected(api, tile, collections="schulen", pixels=pixels, properties="").data
        # a layer's extent: field 5, a varint
        extents[zoom, pixels] = next(n for n in (1024, 4096) if bytes([0x28, n & 0x7F | 0x80, n >> 7]) in content)
    assert extents == {(9, "512"): 1024, (9, "256"): 4096, (10, "512"): 4096}


def test_a_tile_shows_the_plans_of_a_day(api: FlaskClient, tmp_path: Path) -> None:
    tile = tile_at(14, origin(0)[0] + 50, origin(0)[1] + 50)
    now = layers(selected(api, tile, collections="bebauungsplaene"), tmp_path)["bebauungsplaene"]
    today = datetime.now(BERLIN).date()
    then = layers(selected(api, tile, collections="bebauungsplaene", stand=today.isoformat()), tmp_path)
    assert set(now["name"]) <= set(then["bebauungsplaene"]["name"])
    before = selected(api, tile, collections="bebauungsplaene", stand=(today - timedelta(days=2)).isoformat())
    assert before.status_code == 204, "nothing was published yet"


@pytest.mark.parametrize(
    "query",
    [
        "collections=gibtesnicht",
        "collections=schulen,schulen",
        "collections=schulen&pixels=300",
        "clusters=true",
        "collections=schulen&clusters=ja",
        "collections=schulen&stand=gestern",
        "collections=schulen&properties=gibtesnicht",
        "collections=schulen&properties=bebauungsplaene.name",
        "properties=schulen.name",
        f"collections={','.join(map(str, range(40)))}",
    ],
)
def test_a_selection_that_is_not_sound_is_refused(api: FlaskClient, query: str) -> None:
    assert api.get(f"/tiles/WebMercatorQuad/9/170/267?{query}").status_code in (400, 404)


def test_a_style_finds_its_texts_and_their_letters(api: FlaskClient, tmp_path: Path) -> None:
    style = document(api.get("/collections/planinhalte/styles/planzv?f=gl"))
    texts = [layer for layer in style["layers"] if "text-field" in layer.get("layout", {})]
    assert {layer["source-layer"] for layer in texts} == {"beschriftungen"}
    tiles = style["sources"]["tiles"]["tiles"][0].partition("/ogc")[2]
    tile = tile_at(17, origin(0)[0] + 50, origin(0)[1] + 50)
    read = layers(api.get(tiles.format(z=tile.zoom, y=tile.row, x=tile.col)), tmp_path)["beschriftungen"]
    [area] = read[read["beschriftung"] == "WA"].to_dict("records")
    [text] = [layer for layer in texts if ["==", ["get", "planzeichen"], area["planzeichen"]] in layer["filter"]
              and ["==", ["get", "planwerk"], "BP"] in layer["filter"]]  # fmt: skip
    assert text["layout"]["text-field"] == ["get", "beschriftung"]
    address = style["glyphs"].partition("/ogc")[2]
    for fonts in ("DejaVu Sans", "Comic Sans,DejaVu Sans Bold"):
        letters = api.get(address.format(fontstack=fonts, range="0-255"))
        assert letters.content_type == "application/x-protobuf"
        assert b"DejaVu Sans" in letters.data[:20]
    for fonts, range_ in (("Comic Sans", "0-255"), ("DejaVu Sans", "1-256"), ("DejaVu Sans", "0-99999")):
        assert api.get(address.format(fontstack=fonts, range=range_)).status_code == 404

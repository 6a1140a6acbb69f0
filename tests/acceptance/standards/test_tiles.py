"""OGC API - Tiles 1 (20-057), Annex A, and the tile matrix sets that it stands on (17-083r4)."""

import gzip
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pyogrio
import pytest

from tests.acceptance.standards.annex import proves
from tests.acceptance.standards.client import HTML, JSON, REL, Answer, Client

TILES: Final = "ogcapi-tiles-1/1.0/conf"
TMS: Final = "tms/2.0/conf"
MVT: Final = "application/vnd.mapbox-vector-tile"
WEB_MERCATOR: Final = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
HALF: Final = 20037508.342789244
SETS: Final = ("/tiles", *(f"/collections/{name}/tiles" for name in ("bebauungsplaene", "planinhalte", "schulen")))


def tileset(api: Client, place: str) -> dict[str, Any]:
    found: dict[str, Any] = api.ok(f"{place}/WebMercatorQuad").json
    return found


def template(described: dict[str, Any]) -> str:
    [href] = [each["href"] for each in described["links"] if each["rel"] == "item"]
    return str(href)


def at(described: dict[str, Any], zoom: int, row: int, col: int) -> str:
    address = template(described)
    for name, value in (("tileMatrix", zoom), ("tileRow", row), ("tileCol", col)):
        address = address.replace(f"{{{name}}}", str(value))
    return address


def limits(described: dict[str, Any], zoom: int) -> dict[str, int]:
    [found] = [each for each in described["tileMatrixSetLimits"] if each["tileMatrix"] == str(zoom)]
    return {name: value for name, value in found.items() if name != "tileMatrix"}


def layers(answer: Answer, folder: Path) -> set[str]:
    """Those that GDAL finds in the tile."""
    file = folder / "tile.mvt"
    packed = answer.headers.get("content-encoding") == "gzip"
    file.write_bytes(gzip.decompress(answer.body) if packed else answer.body)
    return {str(name) for name, _ in pyogrio.list_layers(file)}


@proves(f"{TILES}/core", "tc-op", "tc-success", "tc-tilematrix-definition", "tc-tilerow-definition",
        "tc-tilecol-definition")  # fmt: skip
@proves(f"{TILES}/mvt", "content")
@pytest.mark.parametrize("place", SETS)
def test_a_tile_is_where_its_template_says(api: Client, place: str, tmp_path: Path) -> None:
    described = tileset(api, place)
    for zoom in (13, 15):
        inside = limits(described, zoom)
        seen = 0
        for row in range(inside["minTileRow"], inside["maxTileRow"] + 1):
            for col in range(inside["minTileCol"], inside["maxTileCol"] + 1):
                answer = api.get(at(described, zoom, row, col), MVT)
                assert answer.status in (200, 204), answer.url
                if answer.status == 200:
                    assert answer.kind == MVT
                    found = layers(answer, tmp_path)
                    assert found
                    assert found <= {each["id"] for each in described["layers"]}
                    seen += 1
        assert seen, (place, zoom)


@proves(f"{TILES}/core", "tc-error")
@pytest.mark.parametrize("place", SETS)
def test_where_no_tile_is_there_is_none(api: Client, place: str) -> None:
    described = tileset(api, place)
    inside = limits(described, 9)
    for zoom, row, col in (
        (9, 2**31 - 1, 2**31 - 1), (9, inside["maxTileRow"] + 1, inside["minTileCol"]), (9, 0, 0), (99, 0, 0),
        (0, 1, 0),
    ):  # fmt: skip
        assert api.get(at(described, zoom, row, col), MVT).status in (400, 404), (zoom, row, col)
    assert api.get(at(described, 9, 0, 0).replace("/9/0/0", "/a/b/c"), MVT).status in (400, 404)


@proves(f"{TILES}/tileset", "description")
@proves(f"{TMS}/json-tilesetmetadata", "schema")
def test_a_tileset_describes_itself(api: Client) -> None:
    for place in ("/tiles", *(f"/collections/{name}/tiles" for name in api.drawn)):
        described = tileset(api, place)
        assert described["dataType"] == "vector"
        assert described["crs"]
        assert described["tileMatrixSetURI"] == WEB_MERCATOR
        [scheme] = [each["href"] for each in described["links"] if each["rel"] == f"{REL}tiling-scheme"]
        assert api.ok(scheme).json["id"] == "WebMercatorQuad"
        items = [each for each in described["links"] if each["rel"] == "item"]
        assert items
        for each in items:
            assert (each["type"], each["templated"]) == (MVT, True)
            assert all(f"{{{name}}}" in each["href"] for name in ("tileMatrix", "tileRow", "tileCol"))
        for layer in described["layers"]:
            assert layer["id"]
            assert layer["dataType"] == "vector"
            assert layer["propertiesSchema"]["type"] == "object"


@proves(f"{TILES}/tilesets-list", "tileset-links")
@proves(f"{TILES}/geodata-tilesets", "desc-links", "operation")
@proves(f"{TILES}/dataset-tilesets", "landingpage", "operation")
def test_tilesets_are_listed_and_the_lists_are_linked(api: Client) -> None:
    places = api.ok("/").links(f"{REL}tilesets-vector", JSON)
    assert places == [f"{api.root}/tiles?f=json"]
    for name in api.drawn:
        found = api.ok(f"/collections/{name}").links(f"{REL}tilesets-vector", JSON)
        assert found == [f"{api.root}/collections/{name}/tiles?f=json"]
        places += found
    for place in places:
        listed = api.ok(place).json
        assert listed["tilesets"]
        for each in listed["tilesets"]:
            assert {"title", "dataType", "crs", "tileMatrixSetURI", "links"} <= each.keys()
            [own] = [link["href"] for link in each["links"] if link["rel"] == "self"]
            assert api.ok(own).json["title"] == each["title"]
            assert any(link["rel"] == f"{REL}tiling-scheme" for link in each["links"])


@proves(f"{TILES}/oas30", "completeness", "operation-id")
def test_the_definition_names_all_tilesets(api: Client) -> None:
    paths = api.openapi["paths"]
    for place in ("/tiles", *(f"/collections/{name}/tiles" for name in api.drawn)):
        tile = f"{place}/WebMercatorQuad/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
        assert {place, f"{place}/WebMercatorQuad", tile} <= paths.keys()
        assert {"tileMatrix", "tileRow", "tileCol"} <= api.parameters(tile).keys()
    names = [each["operationId"] for path in paths.values() for each in path.values()]
    for suffix in (".getTileSetsList", ".getTileSet", ".getTile"):
        for kind in ("dataset.vector", "collection"):
            assert any(name.startswith(kind) and name.endswith(suffix) for name in names), (kind, suffix)


@proves(f"{TMS}/tilematrixset", "well-formed", "scales")
@proves(f"{TMS}/json-tilematrixset", "schema")
def test_the_tile_matrix_set_is_the_registered_one(api: Client) -> None:
    [listed] = api.ok("/tileMatrixSets").json["tileMatrixSets"]
    assert listed["id"] == "WebMercatorQuad"
    found = api.ok("/tileMatrixSets/WebMercatorQuad").json
    assert (found["uri"], found["crs"]) == (WEB_MERCATOR, "http://www.opengis.net/def/crs/EPSG/0/3857")
    for number, each in enumerate(found["tileMatrices"]):
        assert each["id"] == str(number)
        assert each["pointOfOrigin"] == pytest.approx([-HALF, HALF])
        assert each["cellSize"] == pytest.approx(2 * HALF / 256 / 2**number)
        assert each["scaleDenominator"] == pytest.approx(559082264.0287178 / 2**number)
        assert (each["tileWidth"], each["tileHeight"]) == (256, 256)
        assert (each["matrixWidth"], each["matrixHeight"]) == (2**number, 2**number)
    assert api.ok("/tileMatrixSets", HTML).kind == HTML


@proves(f"{TMS}/tilematrixsetlimits", "within")
@proves(f"{TMS}/json-tilematrixsetlimits", "schema")
def test_limits_lie_in_their_matrices_and_in_those_above(api: Client) -> None:
    for place in SETS:
        described = tileset(api, place)["tileMatrixSetLimits"]
        assert [each["tileMatrix"] for each in described] == [str(number) for number in range(len(described))]
        for number, each in enumerate(described):
            assert 0 <= each["minTileRow"] <= each["maxTileRow"] < 2**number
            assert 0 <= each["minTileCol"] <= each["maxTileCol"] < 2**number
        for upper, lower in pairwise(described):
            assert upper["minTileRow"] == lower["minTileRow"] // 2
            assert upper["maxTileCol"] == lower["maxTileCol"] // 2

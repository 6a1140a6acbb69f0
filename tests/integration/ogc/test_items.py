"""Features and their pages: complete, counted, in the CRS that was asked for."""

from urllib.parse import parse_qsl, urlsplit

import pyproj
import pytest
from flask.testing import FlaskClient
from shapely.geometry import MultiPolygon, shape
from shapely.geometry.polygon import orient

from geoportal.ogc.crs import SUPPORTED
from tests.ogc import (
    BEBAUUNGSPLAENE,
    CRS84,
    ITEMS,
    ODD_NAME,
    ODD_SCHOOL,
    document,
    link,
    origin,
)


def test_items_are_geojson_with_exact_counts(api: FlaskClient) -> None:
    response = api.get(ITEMS)
    read = document(response)
    assert response.content_type == "application/geo+json"
    assert (read["numberMatched"], read["numberReturned"], len(read["features"])) == (BEBAUUNGSPLAENE,) * 3
    assert response.headers["Content-Crs"] == f"<{CRS84}>"
    [first] = [item for item in read["features"] if item["properties"]["nummer"] == "0"]
    assert first["properties"]["name"] == ODD_NAME
    assert first["properties"]["rechtsstand_text"] == "In Kraft getreten"
    outline = shape(first["geometry"])
    assert outline.is_valid
    assert isinstance(outline, MultiPolygon)
    assert all(orient(part, 1.0) == part for part in outline.geoms)  # RFC 7946: counter-clockwise


def test_pages_have_quotes_and_backslashes_as_numbers_which_qgis_reads_unharmed(api: FlaskClient) -> None:
    response = api.get("/collections/schulen/items")
    assert ODD_SCHOOL in {item["properties"]["name"] for item in document(response)["features"]}
    assert rb'"Schule \u0022am \u005c\u0022 \u005c"' in response.data


@pytest.mark.parametrize("limit", [1, 5, 6, 12, 1000])
def test_paging_shows_every_feature_once_and_ends_without_an_empty_page(api: FlaskClient, limit: int) -> None:
    address: str | None = f"{ITEMS}?limit={limit}&sortby=-status&properties=name"
    seen = []
    pages = 0
    while address:
        read = document(api.get(address))
        assert read["features"]
        assert read["numberMatched"] == BEBAUUNGSPLAENE
        seen += [item["id"] for item in read["features"]]
        pages += 1
        following = link(read, "next", "application/geo+json")
        address = following and following.removeprefix("http://localhost:8080/ogc")
        if address:
            assert {("sortby", "-status"), ("properties", "name")} <= set(parse_qsl(urlsplit(address).query))
    assert len(seen) == len(set(seen)) == BEBAUUNGSPLAENE
    assert pages == -(-BEBAUUNGSPLAENE // limit)


def test_a_page_behind_the_end_is_empty_and_still_counts_right(api: FlaskClient) -> None:
    read = document(api.get(f"{ITEMS}?offset=500"))
    assert (read["features"], read["numberMatched"]) == ([], BEBAUUNGSPLAENE)


@pytest.mark.parametrize("uri", SUPPORTED)
def test_coordinates_follow_the_crs_that_was_asked_for(api: FlaskClient, uri: str) -> None:
    crs = pyproj.CRS("OGC:CRS84" if uri == CRS84 else f"EPSG:{uri.rsplit('/', 1)[1]}")
    expected = pyproj.Transformer.from_crs(25832, crs).transform(*origin(3))
    response = api.get(ITEMS, query_string={"nummer": "3", "crs": uri})
    [item] = document(response)["features"]
    corners = [corner for polygon in item["geometry"]["coordinates"] for corner in polygon[0]]
    tolerance = 1e-7 if crs.is_geographic else 1.5 if crs.to_epsg() == 31467 else 0.002  # the datum shift has variants
    assert any(corner == pytest.approx(expected, abs=tolerance) for corner in corners), (corners, expected)
    assert response.headers["Content-Crs"] == f"<{uri}>"
    one = document(api.get(f"{ITEMS}/{item['id']}", query_string={"crs": uri}))
    assert one["geometry"] == item["geometry"]


def test_parameters_combine(api: FlaskClient) -> None:
    asked = {
        "status": "in_kraft",
        "bbox": "8.73,50.8,8.83,50.9",
        "datetime": "2005-01-01",
        "sortby": "-gueltig_von",
        "properties": "nummer",
        "skipGeometry": "true",
    }
    read = document(api.get(ITEMS, query_string=asked))
    assert [item["properties"] for item in read["features"]] == [{"nummer": "4"}, {"nummer": "2"}]
    assert {item["geometry"] for item in read["features"]} == {None}


def test_hits_are_only_counted(api: FlaskClient) -> None:
    read = document(api.get(f"{ITEMS}?resultType=hits&status=in_kraft"))
    assert (read["numberMatched"], read["numberReturned"], read["features"]) == (6, 0, [])

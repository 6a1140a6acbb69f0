"""What cannot be asked is refused with a reason, and nothing that is asked is a fault."""

import json
import re

import pytest
from flask.testing import FlaskClient

from tests.ogc import (
    CRS84,
    ITEMS,
)


@pytest.mark.parametrize(
    "query",
    [
        "foo=1",
        "Limit=1",
        "limit=0",
        "limit=-1",
        "limit=abc",
        "limit=1e3",
        "limit=10&limit=20",
        "offset=-1",
        "offset=100000000000000000000",
        "bbox=",
        "bbox=1,2,3",
        "bbox=1,2,3,4,5",
        "bbox=1,2,NaN,4",
        "bbox=1,2,inf,4",
        "bbox=8,51,9,50",
        "bbox=8,50,9,51&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4711",
        "bbox=9,50,8,51&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/25832",
        f"bbox-crs={CRS84}",
        "crs=EPSG:25832",
        "crs=",
        "datetime=",
        "datetime=x",
        "datetime=2020-13-01",
        "datetime=2020-01-01/2019-01-01",
        "datetime=2020-01-01/2021-01-01/2022-01-01",
        "datetime=2020-01-01/P",
        "datetime=2020-01-01/P1DT",
        "datetime=2020-01-01/P9999Y",
        "datetime=../P1D",
        "datetime=/P1D",
        "datetime=P1D/2020-01-01",
        "id=abc",
        "rechtsstand=abc",
        "rechtsstand=99999999999999999999",
        "gueltig_von=x",
        "attribute=1",
        "sortby=foo",
        "sortby=geometry",
        "properties=foo",
        "skipGeometry=1",
        "resultType=all",
        "f=csv",
        "f=xml",
        "lang=fr",
        "nummer=%00",
        "filter=",
        "filter=nummer",
        "filter=nummer =",
        "filter=nummer = 3",
        "filter=rechtsstand = 'x'",
        "filter=unbekannt = 3",
        "filter=pg_sleep(10) = 1",
        "filter=nummer = '1'; DROP TABLE plans.plan",
        "filter=gueltig_von > DATE('gestern')",
        "filter=S_INTERSECTS(geometry, POLYGON((8 50, 9 51, 9 50, 8 51, 8 50)))",
        "filter=S_EQUALS(geometry, POINT(10 100))",
        "filter=S_INTERSECTS(geometry, POINT(1e999 50))",
        "filter=S_NEAR(geometry, POINT(8 50))",
        "filter=" + "NOT (" * 30 + "nummer='1'" + ")" * 30,
        "filter=" + "(" * 30 + "nummer='1'" + " AND nummer='1' OR nummer='2')" * 30,
        "filter=rechtsstand IN (" + ",".join(["1"] * 1500) + ")",
        "filter=" + "x" * 9000,
        "filter={&filter-lang=cql2-json",
        "filter=[]&filter-lang=cql2-json",
        'filter={"op":"=","args":[{"property":"nummer"},NaN]}&filter-lang=cql2-json',
        'filter={"op":"and","args":[{"op":"=","args":[1,1]}]}&filter-lang=cql2-json',
        'filter={"op":"s_intersects","args":[{"property":"geometry"},{"type":"Polygon","coordinates":7}]}&filter-lang=cql2-json',
        "filter=" + "[" * 5000 + "&filter-lang=cql2-json",
        "filter=nummer='1'&filter-lang=sql",
        "filter=nummer='1'&filter-crs=foo",
        "filter-crs=" + CRS84,
    ],
)
def test_what_cannot_be_asked_is_a_400_that_says_why(api: FlaskClient, query: str) -> None:
    response = api.get(f"{ITEMS}?{query}")
    assert response.status_code == 400, response.get_data(as_text=True)
    read = json.loads(response.data)
    assert read["code"] == "InvalidParameterValue"
    assert read["description"]
    assert not re.search(r"SELECT|psycopg|sqlalchemy|Traceback|\.py|ogc\.bebauungsplaene", read["description"])


@pytest.mark.parametrize(
    "address",
    [
        "/collections/unbekannt",
        "/collections/unbekannt/items",
        "/collections/unbekannt/queryables",
        "/collections/schulen/items/0000",
        "/collections/bebauungsplaene/items/abc",
        "/collections/bebauungsplaene/items/00000000-0000-0000-0000-000000000000",
        "/collections/planinhalte/items/99999999999999999999",
        "/collections/schulen/items/..%2f..%2fetc%2fpasswd",
        "/jobs",
        "/admin/config",
    ],
)
def test_what_is_not_there_is_a_404(api: FlaskClient, address: str) -> None:
    response = api.get(address)
    assert response.status_code == 404
    assert json.loads(response.data)["code"] == "NotFound"


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [("GET", "/gibtesnicht", 404), ("POST", ITEMS, 405), ("POST", "/processes/was-gilt-hier/execution", 413)],
)
def test_what_no_part_has_foreseen_is_a_german_sentence_too(
    api: FlaskClient, method: str, address: str, status: int
) -> None:
    response = api.open(address, method=method, data=b" " * (2 * 1024**2) if status == 413 else b"")
    assert response.status_code == status
    german, _, english = json.loads(response.data)["description"].partition(" / ")
    assert len(german.split()) > 4
    assert len(english.split()) > 4


@pytest.mark.parametrize("address", ["/", "/collections", "/collections/schulen", "/openapi", "/conformance"])
def test_unknown_parameters_are_refused_everywhere(api: FlaskClient, address: str) -> None:
    assert api.get(f"{address}?foo=1").status_code == 400


@pytest.mark.parametrize("languages", ["en;q=0", "de;q=0", "*;q=0", "de,en;q=0", "fr", "en;q=0.0,de;q=1", ""])
def test_no_legal_wish_for_a_language_is_a_fault(api: FlaskClient, languages: str) -> None:
    assert api.get("/", headers={"Accept-Language": languages}).status_code == 200


@pytest.mark.parametrize(
    "value",
    [
        "true < false",
        "true BETWEEN false AND true",
        "S_INTERSECTS(geometry, " + "GEOMETRYCOLLECTION(" * 199 + "POINT(8 50)" + ")" * 199 + ")",
        "S_WITHIN(geometry,POLYGON((-1e308 -1e308,1e308 -1e308,1e308 1e308,-1e308 1e308,-1e308 -1e308)))",
    ],
)
def test_a_filter_without_sense_is_refused(api: FlaskClient, value: str) -> None:
    assert api.get(ITEMS, query_string={"filter": value}).status_code == 400


@pytest.mark.parametrize(
    "value",
    [
        '{"op":"=","args":[{"property":"name"},"\\ud800"]}',
        '{"op":"\\ud800","args":[]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"bbox":[1' + "0" * 400 + ",1,2,3]}]}",
    ],
)
def test_a_json_filter_that_no_program_can_hold_is_refused(api: FlaskClient, value: str) -> None:
    response = api.get(ITEMS, query_string={"filter": value, "filter-lang": "cql2-json"})
    assert response.status_code == 400
    assert json.loads(response.data)["code"] == "InvalidParameterValue"


@pytest.mark.parametrize("address", ["/collections/schulen/items/a%00b", "/collections/gemeinden/items/%00"])
def test_no_feature_has_a_nul_in_its_id(api: FlaskClient, address: str) -> None:
    assert api.get(address).status_code == 404

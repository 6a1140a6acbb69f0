"""What the service says of itself: landing page, collections, schemas, OpenAPI, conformance."""

import re

import pytest
from flask.testing import FlaskClient
from pygeoapi.openapi import validate_openapi_document

from tests.ogc import (
    BEBAUUNGSPLAENE,
    COLLECTIONS,
    CRS84,
    EPSG,
    ITEMS,
    document,
    link,
)


def test_the_landing_page_has_the_links_that_qgis_looks_for_literally(api: FlaskClient) -> None:
    read = document(api.get("/", headers={"Accept": "application/json"}))
    assert link(read, "service-desc", "application/vnd.oai.openapi+json;version=3.0")
    assert link(read, "data", "application/json")
    assert link(read, "conformance")


def test_every_link_of_every_document_leads_somewhere(api: FlaskClient) -> None:
    seen, waiting = set(), ["/"]
    while waiting:
        address = waiting.pop()
        seen.add(address)
        response = api.get(address)
        if address.endswith("/execution"):  # takes a POST and nothing else
            assert response.status_code == 405
            continue
        assert response.status_code == 200, address
        if "json" not in response.content_type and "html" not in response.content_type:
            continue
        # a template is none yet: test_tiles.py fills it in
        for href in re.findall(r'"href": ?"http://localhost:8080/ogc([^"{]*)"', response.get_data(as_text=True)):
            if (other := href or "/") not in seen and "offset" not in other and other not in waiting:
                waiting.append(other)
    assert len(seen) > 6 * len(COLLECTIONS)


def test_collections_tell_crs_extent_licence_and_count(api: FlaskClient) -> None:
    read = document(api.get("/collections"))
    assert [item["id"] for item in read["collections"]] == [*COLLECTIONS, "katalog"]
    plaene = read["collections"][0]
    assert plaene["storageCrs"] == f"{EPSG}25832"
    assert plaene["crs"] == [CRS84, *(f"{EPSG}{code}" for code in (4326, 25832, 3857, 31467))]
    assert plaene["itemCount"] == BEBAUUNGSPLAENE
    assert link(plaene, "license") == "https://www.govdata.de/dl-de/by-2-0"
    assert plaene["extent"]["temporal"]["interval"] == [["2000-01-15T00:00:00Z", None]]
    west, south, east, north = plaene["extent"]["spatial"]["bbox"][0]
    assert (west, south, east, north) == pytest.approx((8.7161, 50.8213, 8.8739, 50.8222), abs=1e-3)


def test_schema_and_queryables_tell_types_and_roles(api: FlaskClient) -> None:
    schema = document(api.get("/collections/bebauungsplaene/schema"))["properties"]
    assert schema["id"] == {"title": "Kennung", "type": "string", "format": "uuid", "x-ogc-role": "id"}
    assert schema["geometry"]["format"] == "geometry-multipolygon"
    assert (schema["gueltig_von"]["format"], schema["gueltig_von"]["x-ogc-role"]) == ("date", "primary-interval-start")
    assert schema["rechtsstand"]["type"] == "integer"
    assert {"const": "in_kraft", "title": "in Kraft"} in schema["status"]["oneOf"]
    queryables = document(api.get("/collections/bebauungsplaene/queryables"))
    assert queryables["properties"]["geometry"]["$ref"] == "https://geojson.org/schema/MultiPolygon.json"
    assert queryables["additionalProperties"] is False


def test_the_features_keep_what_the_schema_promises(api: FlaskClient) -> None:
    for name in COLLECTIONS:
        promised = document(api.get(f"/collections/{name}/schemas/feature"))["properties"]["properties"]["properties"]
        for item in document(api.get(f"/collections/{name}/items?limit=1000"))["features"]:
            assert list(item["properties"]) == list(promised)


def test_openapi_is_valid_and_refers_to_nothing_outside_of_itself(api: FlaskClient) -> None:
    response = api.get("/openapi")
    assert response.content_type == "application/vnd.oai.openapi+json;version=3.0"
    read = document(response)
    assert validate_openapi_document(read)
    references = re.findall(r'"\$ref": "([^"]*)"', response.get_data(as_text=True))
    assert references
    assert all(reference.startswith("#/components/") for reference in references)
    for reference in set(references):
        _, section, name = reference.removeprefix("#/").split("/")
        assert name in read["components"][section], reference


def test_openapi_tells_the_page_size_where_qgis_reads_it(api: FlaskClient) -> None:
    read = document(api.get("/openapi"))
    limit = read["components"]["parameters"]["limit"]["schema"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 1000, 20)
    for path, operations in read["paths"].items():
        if path.endswith("/items"):
            assert {"$ref": "#/components/parameters/limit"} in operations["get"]["parameters"]


def test_nothing_but_fields_looks_like_a_field_to_qgis(api: FlaskClient) -> None:
    """It takes every parameter of style form that is not exploded for a field, but for a few that it knows by name."""
    read = document(api.get("/openapi"))
    for name in COLLECTIONS:
        fields = document(api.get(f"/collections/{name}/queryables"))["properties"]
        given = read["paths"][f"/collections/{name}/items"]["get"]["parameters"]
        parameters = [
            read["components"]["parameters"][each["$ref"].rpartition("/")[2]] if "$ref" in each else each
            for each in given
        ]
        alike = {each["name"] for each in parameters if (each.get("style"), each.get("explode")) == ("form", False)}
        assert alike - {"bbox", "datetime", "limit"} == fields.keys() - {"id", "geometry"}


def test_conformance_has_the_classes_without_which_qgis_does_not_push_filters_down(api: FlaskClient) -> None:
    declared = document(api.get("/conformance"))["conformsTo"]
    spec = "http://www.opengis.net/spec/"
    wanted = {f"{spec}ogcapi-features-3/1.0/conf/{name}" for name in ("filter", "features-filter", "queryables")}
    wanted |= {f"{spec}cql2/1.0/conf/{name}" for name in ("cql2-text", "basic-cql2")}
    assert wanted <= set(declared)
    assert not [uri for uri in declared if "features-4" in uri]


def test_titles_are_german_unless_english_is_asked_for(api: FlaskClient) -> None:
    address = "/collections/schulen"
    assert document(api.get(address))["title"] == "Schulen"
    assert document(api.get(f"{address}?lang=en"))["title"] == "Schools"
    response = api.get(address, headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert document(response)["title"] == "Schools"
    assert response.headers["Content-Language"] == "en"


def test_nobody_can_write(api: FlaskClient) -> None:
    assert set(api.options(ITEMS).headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    for method in (api.post, api.put, api.delete, api.patch):
        assert method(ITEMS, json={}).status_code == 405

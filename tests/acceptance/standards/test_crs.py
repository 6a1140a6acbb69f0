"""OGC API - Features 2 (18-058r1), Annex A: crs."""

import re

import numpy as np
from numpy.typing import NDArray
from shapely import transform
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from geoportal.ogc.crs import SUPPORTED, Crs, transformer
from tests.acceptance.standards.annex import CRS, proves
from tests.acceptance.standards.client import CRS84, GEOJSON, Client

# of a geometry in degrees; PostGIS and PROJ shift the old datum by grids of their own, some metres apart
TOLERANCE, TOLERANCE_SHIFTED = 1e-6, 1e-4
UNKNOWN = "http://www.opengis.net/def/crs/EPSG/0/2193"


@proves(CRS, "crs-uri")
def test_each_crs_is_named_by_its_uri(api: Client) -> None:
    for collection in api.collections:
        assert collection["crs"], collection["id"]
        for uri in collection["crs"]:
            assert re.fullmatch(r"http://www\.opengis\.net/def/crs/(OGC/1\.3/CRS84|EPSG/0/\d+)", uri), uri


@proves(CRS, "default-crs")
def test_the_default_crs_is_among_them(api: Client) -> None:
    assert all(CRS84 in each["crs"] for each in api.collections)


@proves(CRS, "storageCrs")
def test_the_crs_of_storage_is_among_them(api: Client) -> None:
    for collection in api.collections:
        assert collection.get("storageCrs", CRS84) in collection["crs"], collection["id"]


@proves(CRS, "crs-parameter")
def test_every_crs_of_a_collection_can_be_asked_for(api: Client) -> None:
    for collection in api.collections:
        path = f"/collections/{collection['id']}/items"
        for uri in collection["crs"]:
            found = api.ok(path, GEOJSON, limit=1, crs=uri)
            assert found.headers["content-crs"] == f"<{uri}>", found.url
            for each in found.json["features"]:
                alone = api.ok(f"{path}/{each['id']}", GEOJSON, crs=uri)
                assert alone.headers["content-crs"] == f"<{uri}>", alone.url
                assert alone.json["geometry"] == each["geometry"]


@proves(CRS, "crs-parameter-invalid")
def test_another_crs_is_refused(api: Client) -> None:
    for collection in api.collections:
        path = f"/collections/{collection['id']}/items"
        assert api.get(path, crs=UNKNOWN).status == 400
        assert api.get(path, crs="EPSG:25832").status == 400
        for each in api.ok(path, limit=1).json["features"]:
            assert api.get(f"{path}/{each['id']}", crs=UNKNOWN).status == 400


@proves(CRS, "crs-parameter-default")
def test_without_a_crs_the_answer_is_in_the_default_one(api: Client) -> None:
    for collection in api.collections:
        found = api.ok(f"/collections/{collection['id']}/items", GEOJSON)
        assert found.headers["content-crs"] == f"<{CRS84}>", found.url
        for each in found.json["features"][:1]:
            alone = api.ok(f"/collections/{collection['id']}/items/{each['id']}", GEOJSON)
            assert alone.headers["content-crs"] == f"<{CRS84}>", alone.url


@proves(CRS, "crs-parameter-transform")
def test_geometries_are_transformed(api: Client) -> None:
    for collection in api.features:
        path = f"/collections/{collection['id']}/items"
        plain = {each["id"]: shape(each["geometry"]) for each in api.ok(path, limit=20).json["features"]}
        for uri in collection["crs"]:
            crs = SUPPORTED[uri]
            tolerance = TOLERANCE_SHIFTED if crs.shifted else TOLERANCE
            for each in api.ok(path, limit=20, crs=uri).json["features"]:
                assert degrees(shape(each["geometry"]), crs).equals_exact(plain[each["id"]], tolerance), (
                    uri,
                    each["id"],
                )


def degrees(geometry: BaseGeometry, crs: Crs) -> BaseGeometry:
    """Of coordinates in the order of the axes of the CRS (6.1)."""
    back = transformer(crs.srid, 4326)

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = points.T[::-1] if crs.flipped else points.T
        return np.column_stack(back.transform(x, y))

    return transform(geometry, moved)


@proves(CRS, "bbox-crs-parameter")
def test_a_box_finds_the_same_in_every_crs(api: Client) -> None:
    for collection in api.features:
        path = f"/collections/{collection['id']}/items"
        west, south, east, north = collection["extent"]["spatial"]["bbox"][0]
        corners = (west - 1e-3, south - 1e-3, west + 0.71 * (east - west) + 1e-4, north + 1e-3)
        plain = api.ok(path, limit=100, bbox=",".join(map(str, corners))).json
        for uri in collection["crs"]:
            crs = SUPPORTED[uri]
            bounds = transformer(4326, crs.srid).transform_bounds(*corners, densify_pts=21)
            turned = [bounds[1], bounds[0], bounds[3], bounds[2]] if crs.flipped else bounds
            found = api.ok(path, limit=100, bbox=",".join(map(str, turned)), bbox_crs=uri).json
            # the box around a box is a little larger
            assert {each["id"] for each in plain["features"]} <= {each["id"] for each in found["features"]}, uri
            assert found["numberMatched"] - plain["numberMatched"] <= 1, (collection["id"], uri)


@proves(CRS, "bbox-crs-parameter-invalid")
def test_a_box_in_another_crs_is_refused(api: Client) -> None:
    for collection in api.collections:
        assert api.get(f"/collections/{collection['id']}/items", bbox="8,50,9,51", bbox_crs=UNKNOWN).status == 400


@proves(CRS, "bbox-crs-parameter-default")
def test_a_box_without_a_crs_is_in_the_default_one(api: Client) -> None:
    for collection in api.collections:
        path = f"/collections/{collection['id']}/items"
        plain = api.ok(path, bbox="8.7,50.8,8.74,50.83").json
        named = api.ok(path, bbox="8.7,50.8,8.74,50.83", bbox_crs=CRS84).json
        assert [each["id"] for each in plain["features"]] == [each["id"] for each in named["features"]]

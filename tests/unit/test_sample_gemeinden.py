"""Outlines, manifests and schools of the sample data agree with each other and with the official figures."""

import csv
import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import shapely
import yaml
from pyproj import Geod, Transformer
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

ROOT = Path(__file__).resolve().parents[2]


@cache
def gemeinden() -> dict[str, dict[str, Any]]:
    features = json.loads((ROOT / "data" / "gemeinden.geojson").read_text("utf-8"))["features"]
    return {feature["properties"]["ags"]: feature for feature in features}


def outline(ags: str) -> BaseGeometry:
    return shapely.from_geojson(json.dumps(gemeinden()[ags]["geometry"]))


def test_outlines_cover_the_kreis_with_the_official_areas() -> None:
    shapes = {ags: outline(ags) for ags in gemeinden()}
    assert len(shapes) == 22
    assert shapely.coverage_is_valid(list(shapes.values()))
    assert isinstance(shapely.coverage_union_all(list(shapes.values())), Polygon)
    for ags, shape in shapes.items():
        area, _ = Geod(ellps="GRS80").geometry_area_perimeter(shape)
        assert area / 1e6 == pytest.approx(gemeinden()[ags]["properties"]["flaeche_km2"], rel=0.03)


def test_manifests_say_the_same_as_the_outlines() -> None:
    expected = {ags: f["properties"] for ags, f in gemeinden().items() if f["properties"]["teilnehmer"]}
    found = {}
    for path in (ROOT / "plans_ingest" / "gemeinden").glob("*.yml"):
        manifest = yaml.safe_load(path.read_text("utf-8"))
        assert path.name.startswith(f"{manifest['ags']}_")
        seat = Point(manifest["sitz"]["lon"], manifest["sitz"]["lat"])
        assert outline(manifest["ags"]).contains(seat)
        found[manifest["ags"]] = manifest
    assert set(found) == set(expected)
    for ags, properties in expected.items():
        assert {key: found[ags][key] for key in ("name", "typ", "plz")} == {
            key: properties[key] for key in ("name", "typ", "plz")
        }


def test_schools_are_invented_and_lie_in_their_municipality() -> None:
    with (ROOT / "data" / "schulen.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    to_crs84 = Transformer.from_crs("EPSG:25832", "OGC:CRS84", always_xy=True)
    counted = Counter(row["AGS"] for row in rows)
    assert 50 <= len(rows) <= 75
    assert all(counted[ags] >= 2 for ags in gemeinden())
    assert len({row["Schulnummer"] for row in rows}) == len(rows)
    for row in rows:
        assert row["Schulname"].startswith("Musterschule")
        assert "example.org" in row["Website"]
        x, y = (float(row[axis].replace(",", ".")) for axis in ("X", "Y"))
        assert outline(row["AGS"]).contains(Point(to_crs84.transform(x, y)))

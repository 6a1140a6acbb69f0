"""Coordinates in the spellings that people paste."""

import pytest

from geoportal.places import Coordinates, parse

MARBURG = (8.7712, 50.8023)


@pytest.mark.parametrize(
    "text",
    [
        "50.8023, 8.7712",
        "50,8023 8,7712",
        "8.7712;50.8023",
        "50.8023° N, 8.7712° O",
        "50° 48' 8.3\" N 8° 46' 16.3\" O",
        "50°48,138' 8°46,272'",
        "483877 5627865",
        "32U 483877 5627865",
        "UTM 32 U 483.877 5.627.865",
        "32483877 5627865",
        "E 483877 N 5627865",
        "483877,0 / 5627865,0",
        "50.8023N 8.7712E",
        "WGS84: (50.8023, 8.7712)",
        "geo:50.8023,8.7712",
        "Breite 50,8023, Länge 8,7712",
        "N 50° 48.138' E 008° 46.272'",
        "50°48'8.3''N, 8°46'16.3''O",
        "50° 48' 8,3\" Nord, 8° 46' 16,3\" Ost",
        "50 48 8.3 N 8 46 16.3 E",
        "50:48:08.3 8:46:16.3",
        "483 877 5 627 865",
        "32 483 877 5 627 865",
        "32U483877 5627865",
        "32 483877 5627865",
        "UTM32N: 483877, 5627865",
        "ETRS89/UTM Zone 32N 483877 5627865",
        "EPSG:25832 483877 5627865",
        "Rechtswert 483877, Hochwert 5627865",
        "483877mE 5627865mN",
    ],
)
def test_one_place_in_many_spellings(text: str) -> None:
    found = parse(text)
    assert found is not None
    assert (found.lon, found.lat) == pytest.approx(MARBURG, abs=2e-5)
    assert (found.east, found.north) == pytest.approx((483877, 5627865), abs=2)
    assert found.utm.startswith("32 U 483.87")


@pytest.mark.parametrize(("lat", "band"), [(47.99, "T"), (48.01, "U")])
def test_the_band_of_a_place_is_that_of_its_latitude(lat: float, band: str) -> None:
    assert Coordinates.of_degrees(9.0, lat).utm.startswith(f"32 {band} ")


@pytest.mark.parametrize(
    "text",
    [
        "3483944 5629677",
        "GK3 3483944 5629677",
        "Gauß-Krüger Zone 3: 3.483.944 5.629.677",
        "R: 3483944 H: 5629677",
        "RW 3483944,00 HW 5629677,00",
        "Rechtswert 3483944 / Hochwert 5629677",
        "EPSG:31467 3483944 5629677",
    ],
)
def test_gauss_krueger_is_transformed_and_says_that_it_costs_accuracy(text: str) -> None:
    found = parse(text)
    assert found is not None
    assert (found.lon, found.lat) == pytest.approx(MARBURG, abs=2e-4)
    assert "Gauß-Krüger" in (found.note or "")


@pytest.mark.parametrize(
    "text",
    ["", "Hauptstraße 5", "12 14", "35085", "0 0", "99999999 99999999", "50° 99' 8° 61'", "1e5 2e5", "nan nan", "50.8"],
)
def test_what_is_no_place_in_germany_is_no_coordinate(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    "text",
    ["33U 389000 5820000", "EPSG:25833 389000 5820000", "50.8 S 8.7 O", "50.8 N 8.7 W", "-50.8 8.7", "N 12 H 14"],
)
def test_another_zone_or_hemisphere_is_no_place_rather_than_a_wrong_one(text: str) -> None:
    assert parse(text) is None

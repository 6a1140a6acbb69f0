"""OGC API - Maps 1 (20-058), Annex A: the classes that are declared. Pictures are read back and looked at."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray
from rasterio.io import MemoryFile

from geoportal.ogc.crs import SUPPORTED, transformer
from tests.acceptance.standards.annex import proves
from tests.acceptance.standards.client import CRS84, JSON, REL, Answer, Client
from tests.ogc import SQUARE_METRES, origin

MAPS: Final = "ogcapi-maps-1/1.0/conf"
PNG, JPEG = "image/png", "image/jpeg"
EPSG: Final = "http://www.opengis.net/def/crs/EPSG/0/"
UTM: Final = f"{EPSG}25832"
PLANS: Final = "/collections/bebauungsplaene/map"
WEST, SOUTH = origin(0)
MIDDLE: Final = (WEST + SQUARE_METRES / 2, SOUTH + SQUARE_METRES / 2)
# the plan with some metres around it, where nothing is drawn
AROUND: Final = (WEST - 20, SOUTH - 20, WEST + SQUARE_METRES + 20, SOUTH + SQUARE_METRES + 20)
HERE: Final[dict[str, Any]] = {"bbox": ",".join(map(str, AROUND)), "bbox_crs": UTM, "width": 140}
NAVY, WHITE = (0, 0, 128, 255), (255, 255, 255, 255)
# the resolutions of a metre and two in a pixel, which is 0.28 mm wide
METRE: Final = 1000 / 0.28


def pixels(answer: Answer) -> NDArray[np.uint8]:
    """Rows of columns of red, green, blue, opacity."""
    assert answer.status == 200, (answer.url, answer.body[:300])
    with MemoryFile(answer.body) as file, file.open() as opened:
        bands = opened.read()
        if opened.count == 1 and answer.kind == PNG:
            colours = np.zeros((256, 4), np.uint8)
            for index, colour in opened.colormap(1).items():
                colours[index] = colour
            return colours[bands[0]]
        if opened.count == 3:
            bands = np.concatenate([bands, np.full((1, *bands.shape[1:]), 255, np.uint8)])
        found: NDArray[np.uint8] = np.moveaxis(bands, 0, -1)
        return found


def corner(answer: Answer) -> tuple[int, ...]:
    return tuple(int(each) for each in pixels(answer)[2, 2])


def size(answer: Answer) -> tuple[int, int]:
    rows, columns = pixels(answer).shape[:2]
    return columns, rows


def box_of(answer: Answer) -> list[float]:
    return [float(each) for each in answer.headers["content-bbox"].split(",")]


def refused(api: Client, path: str = PLANS, **query: Any) -> None:
    answer = api.get(path, **query)
    assert answer.status == 400, (answer.url, answer.status)
    assert answer.json["description"]


@proves(f"{MAPS}/core", "map-op", "map-response")
@proves(f"{MAPS}/collection-map", "desc-links", "map-operation")
@proves(f"{MAPS}/png", "content")
@proves(f"{MAPS}/jpeg", "content")
def test_each_drawn_collection_has_a_map_that_says_where_and_when_it_is(api: Client) -> None:
    for name in api.drawn:
        collection = api.ok(f"/collections/{name}")
        for kind in (PNG, JPEG):
            assert collection.links(f"{REL}map", kind), name
            assert api.ok(collection.links(f"{REL}map", kind)[0], kind).kind == kind
            assert api.ok(f"/collections/{name}/map", width=20, f=kind).kind == kind
            answer = api.ok(f"/collections/{name}/map", kind, width=200)
            assert answer.kind == kind
            assert size(answer)[0] == 200
            assert answer.headers["content-crs"] == f"<{collection.json['storageCrs']}>"
            west, south, east, north = box_of(answer)
            assert west < east
            assert south < north
            assert ("content-datetime" in answer.headers) == ("temporal" in collection.json["extent"]), name
        # the first link is an address and nothing more, for programs that append their parameters with "?"
        assert collection.links(f"{REL}map")[0] == f"{api.root}/collections/{name}/map"
    today = datetime.now(UTC).date()
    told = {place: api.ok(place, width=20).headers["content-datetime"] for place in (PLANS, "/map")}
    first, last = told[PLANS].split("/")
    # what is public since its last change, which was when the stock was published
    assert first == "2000-01-15"
    assert date.fromisoformat(last) in (today, today - timedelta(days=1))
    assert [date.fromisoformat(each) for each in told["/map"].split("/")][-1] == date.fromisoformat(last)
    assert api.ok(PLANS, width=20, stand="2024-03-01").headers["content-datetime"] == "2024-03-01"


@proves(f"{MAPS}/collection-map", "desc-crs")
@proves(f"{MAPS}/dataset-map", "desc-crs", "desc-extent")
def test_crs_and_extent_are_told_of_each_collection_and_of_the_whole(api: Client) -> None:
    for described in (api.ok("/").json, *(api.ok(f"/collections/{name}").json for name in api.drawn)):
        assert described["storageCrs"] in described["crs"]
        spatial = described["extent"]["spatial"]
        west, south, east, north = spatial["bbox"][0]
        inside = transformer(4326, 25832).transform_bounds(west, south, east, north, densify_pts=21)
        assert spatial["storageCrsBbox"][0] == pytest.approx(inside, abs=0.01)


@proves(f"{MAPS}/dataset-map", "landingpage", "operation")
def test_the_landing_page_leads_to_the_map_of_all(api: Client) -> None:
    assert api.ok("/").links(f"{REL}map", PNG) == [f"{api.root}/map"]
    assert (pixels(api.ok("/map", PNG, **HERE))[..., 3] > 0).any()


@proves(f"{MAPS}/styled-map", "desc-links", "map-operation")
def test_each_style_leads_to_its_map(api: Client) -> None:
    for name in api.drawn:
        for style in api.ok(f"/collections/{name}/styles").json["styles"]:
            places = [each["href"] for each in style["links"] if each["rel"] == f"{REL}map"]
            assert f"{api.root}/collections/{name}/styles/{style['id']}/map" in {each.split("?")[0] for each in places}
            assert api.ok(places[0], PNG, width=50).kind == PNG


@proves(f"{MAPS}/background", "bgcolor-definition", "transparent-definition", "map-success")
def test_the_background_has_the_colour_that_is_asked_for(api: Client) -> None:
    def behind(kind: str = PNG, **query: object) -> tuple[int, ...]:
        return corner(api.ok(PLANS, kind, **HERE, **query))

    assert behind()[3] == 0
    assert behind(transparent="true")[3] == 0
    assert behind(transparent="false") == WHITE
    for named in ("navy", "NaVy", "0x000080", "#000080", "000080"):
        assert behind(bgcolor=named) == NAVY
        assert behind(bgcolor=named, transparent="false") == NAVY
        assert behind(bgcolor=named, transparent="true")[3] == 0
    assert behind(bgcolor="RebeccaPurple") == (102, 51, 153, 255)
    assert behind(JPEG) == pytest.approx(WHITE, abs=3)
    assert behind(JPEG, bgcolor="navy") == pytest.approx(NAVY, abs=8)
    refused(api, bgcolor="keine")
    refused(api, transparent="ja")


@proves(f"{MAPS}/background", "void-color-definition", "void-transparent-definition")
def test_beyond_the_area_of_the_crs_there_is_another_colour(api: Client) -> None:
    """EPSG:25832 is of use from 6° E: the western half of this picture lies beyond."""

    def halves(**query: object) -> tuple[tuple[int, ...], tuple[int, ...]]:
        found = pixels(api.ok(PLANS, PNG, bbox="4,50,8,52", crs=UTM, width=100, **query))
        middle = found.shape[0] // 2
        west, east = found[middle, 3], found[middle, -4]
        return tuple(map(int, west)), tuple(map(int, east))

    assert halves(bgcolor="white") == (WHITE, WHITE)
    assert halves(bgcolor="white", void_color="Navy") == (NAVY, WHITE)
    assert halves(bgcolor="white", void_color="0x000080", void_transparent="true") == ((0, 0, 0, 0), WHITE)
    assert halves(void_color="navy", void_transparent="false") == (NAVY, (0, 0, 0, 0))
    assert halves(bgcolor="navy", void_transparent="true") == ((0, 0, 0, 0), NAVY)
    assert halves(void_color="navy")[1] == (0, 0, 0, 0)
    refused(api, void_color="keine")
    refused(api, void_transparent="ja")


@proves(f"{MAPS}/scaling", "width-definition", "height-definition")
def test_a_map_is_as_wide_and_high_as_asked(api: Client) -> None:
    place = {"bbox": HERE["bbox"], "bbox_crs": UTM, "crs": UTM}
    assert size(api.ok(PLANS, PNG, width=300, height=200, **place)) == (300, 200)
    assert size(api.ok(PLANS, PNG, width=280, **place)) == (280, 280)
    assert size(api.ok(PLANS, PNG, height=70, **place)) == (70, 70)
    for wrong in ("0", "-1", "abc", "1.5", "100000"):
        refused(api, width=wrong)
        refused(api, height=wrong)


@proves(f"{MAPS}/scaling", "scale-denominator-definition")
@proves(f"{MAPS}/display-resolution", "mm-per-pixel-definition", "map-success")
def test_scale_size_and_place_follow_from_each_other(api: Client) -> None:
    place = {"bbox": HERE["bbox"], "bbox_crs": UTM, "crs": UTM}
    assert size(api.ok(PLANS, PNG, scale_denominator=METRE, **place)) == (140, 140)
    assert size(api.ok(PLANS, PNG, scale_denominator=METRE, mm_per_pixel=0.14, **place)) == (280, 280)
    assert size(api.ok(PLANS, PNG, scale_denominator=METRE, mm_per_pixel=0.28, **place)) == (140, 140)
    both: dict[str, Any] = {"width": 100, "height": 100}
    for sides in ({"width": 100}, {"height": 100}, both):
        refused(api, scale_denominator=METRE, **sides, **place)
    for wrong in ("0", "-1", "x"):
        refused(api, scale_denominator=wrong)
        refused(api, mm_per_pixel=wrong)
    # thinner pixels, and thicker lines in them: the same map
    fine = pixels(api.ok(PLANS, PNG, mm_per_pixel=0.14, bgcolor="white", **{**place, "width": 280}))
    plain = pixels(api.ok(PLANS, PNG, bgcolor="white", **{**place, "width": 140}))
    drawn = [float((each[..., :3] != 255).any(axis=-1).mean()) for each in (fine, plain)]
    assert drawn[0] == pytest.approx(drawn[1], abs=0.05)


@proves(f"{MAPS}/spatial-subsetting", "center-crs", "center-definition", "width-height", "map-success")
def test_a_map_lies_around_its_centre(api: Client) -> None:
    middle = ",".join(map(str, MIDDLE))
    place = {"center": middle, "center_crs": UTM, "crs": UTM}
    for scale, side in ((METRE, 100), (2 * METRE, 200)):
        answer = api.ok(PLANS, PNG, scale_denominator=scale, width=100, height=100, **place)
        west, south, east, north = box_of(answer)
        assert (east - west, north - south) == pytest.approx((side, side), abs=0.01)
        assert ((west + east) / 2, (south + north) / 2) == pytest.approx(MIDDLE, abs=0.01)
    lon, lat = transformer(25832, 4326).transform(*MIDDLE)
    degrees = api.ok(PLANS, PNG, center=f"{lon},{lat}", crs=UTM, scale_denominator=METRE, width=100, height=50)
    west, south, east, north = box_of(degrees)
    assert (east - west, north - south) == pytest.approx((100, 50), abs=0.1)
    assert ((west + east) / 2, (south + north) / 2) == pytest.approx(MIDDLE, abs=0.5)
    assert size(api.ok(PLANS, PNG, width=64, height=32, **place)) == (64, 32)
    refused(api, center=middle, bbox="8,50,9,51")
    refused(api, center=middle, subset="Lat(50:51)")
    assert api.ok(PLANS, PNG, width=10, center_crs=UTM), "ignored without a centre"


@proves(f"{MAPS}/spatial-subsetting", "bbox-crs", "bbox-definition")
def test_a_map_shows_its_box(api: Client) -> None:
    for crs in (UTM, "[EPSG:25832]", "EPSG:25832"):
        answer = api.ok(PLANS, PNG, bbox=HERE["bbox"], bbox_crs=crs, crs=UTM, width=14)
        assert box_of(answer) == pytest.approx(AROUND, abs=0.01)
    for crs in (CRS84, "[OGC:CRS84]"):
        answer = api.ok(PLANS, PNG, bbox="8.7,50.8,8.8,50.9", bbox_crs=crs, crs=CRS84, width=14)
        assert box_of(answer) == pytest.approx((8.7, 50.8, 8.8, 50.9))
    plain = api.ok(PLANS, PNG, bbox="8.7,50.8,8.8,50.9", crs=CRS84, width=14)
    assert box_of(plain) == pytest.approx((8.7, 50.8, 8.8, 50.9))
    high = api.ok(PLANS, PNG, bbox="8.7,50.8,0,8.8,50.9,100", crs=CRS84, width=14)
    assert box_of(high) == pytest.approx((8.7, 50.8, 8.8, 50.9))
    refused(api, bbox="8,50,9,51", subset="Lat(50:51)")
    refused(api, bbox="8,50,9,51", bbox_crs=f"{EPSG}4711")
    assert api.ok(PLANS, PNG, width=10, bbox_crs=UTM), "ignored without a box"


@proves(f"{MAPS}/spatial-subsetting", "subset-crs", "subset-definition", "subset-response")
def test_a_map_shows_its_subset(api: Client) -> None:
    expected = pytest.approx((8.7, 50.8, 8.8, 50.9))
    for written in ("Lat(50.8:50.9),Lon(8.7:8.8)", "lon(8.7:8.8),lat(50.8:50.9)", "Long(8.7:8.8),y(50.8:50.9)"):
        assert box_of(api.ok(PLANS, PNG, subset=written, crs=CRS84, width=14)) == expected
    twice = f"{PLANS}?subset=Lat(50.8:50.9)&subset=Lon(8.7:8.8)&crs={CRS84}&width=14"
    assert box_of(api.ok(twice, PNG)) == expected
    west, south, east, north = AROUND
    for crs in (UTM, "[EPSG:25832]"):
        metres = f"E({west}:{east}),N({south}:{north})"
        assert box_of(api.ok(PLANS, PNG, subset=metres, subset_crs=crs, crs=UTM, width=14)) == pytest.approx(AROUND)
    assert api.get(PLANS, subset="Lat(95:99)").status in (204, 404)
    over = api.ok(PLANS, PNG, subset="Lon(170:-170),Lat(50:51)", crs=CRS84, width=20)
    assert box_of(over) == pytest.approx((170, 50, 190, 51))
    assert not (pixels(over)[..., 3] > 0).any()
    around = api.ok("/collections/gemeinden/map", PNG, subset="Lon(8:7),Lat(50:51)", crs=CRS84, width=2000)
    assert (pixels(around)[:, :10, 3] > 0).any(), "they lie east of its western edge"
    assert api.ok(PLANS, PNG, subset="Lon(170:-170)", width=20)
    for wrong in ("Hoch(1:2)", "Lat(50", "Lat(a:b)", "Lat(51:50)"):
        refused(api, subset=wrong)
    assert api.ok(PLANS, PNG, width=10, subset_crs=UTM), "ignored without a subset"


@proves(f"{MAPS}/crs", "crs-definition", "map-success")
def test_a_map_is_drawn_in_every_crs_of_its_collection(api: Client) -> None:
    for uri in api.ok("/collections/bebauungsplaene").json["crs"]:
        crs = SUPPORTED[uri]
        short = "[OGC:CRS84]" if uri == CRS84 else f"[EPSG:{crs.srid}]"
        for named in (uri, short):
            answer = api.ok(PLANS, PNG, crs=named, **HERE)
            assert answer.headers["content-crs"] == f"<{uri}>"
            first, second, third, fourth = box_of(answer)
            west, south, east, north = (second, first, fourth, third) if crs.flipped else (first, second, third, fourth)
            back = transformer(crs.srid, 25832).transform_bounds(west, south, east, north)
            assert back == pytest.approx(AROUND, abs=15), uri
            assert (pixels(answer)[..., 3] > 0).mean() > 0.3
    refused(api, crs=f"{EPSG}4711")


@proves(f"{MAPS}/collections-selection", "collections-parameter", "collections-response")
def test_the_map_of_all_shows_the_collections_that_are_named(api: Client) -> None:
    def drawn(names: str) -> NDArray[Any]:
        return pixels(api.ok("/map", PNG, collections=names, **HERE))

    plans, contents = drawn("bebauungsplaene"), drawn("planinhalte")
    assert (plans[..., 3] > 0).any()
    assert (contents[..., 3] > 0).any()
    assert not np.array_equal(plans, contents)
    schools = drawn("schulen")
    one_above, other_above = drawn("schulen,planinhalte"), drawn("planinhalte,schulen")
    assert not np.array_equal(one_above, other_above)
    covered = (schools[..., 3] == 255) & (contents[..., 3] == 255)
    # each picture has a palette of its own: colours are near, not equal
    for above, expected in ((one_above, contents), (other_above, schools)):
        assert np.abs(above[covered].astype(int) - expected[covered]).mean() < 5
    full = f"{api.root}/collections/schulen,{api.root}/collections/planinhalte"
    assert np.array_equal(drawn(full), one_above)
    assert api.get("/map", collections="gibtesnicht").status == 404


@proves(f"{MAPS}/tilesets", "desc-links", "tiles-parameters")
def test_map_tiles_take_the_parameters_of_maps(api: Client) -> None:
    for name in api.drawn:
        [place] = api.ok(f"/collections/{name}").links(f"{REL}tilesets-map", JSON)
        [listed] = api.ok(place).json["tilesets"]
        assert listed["dataType"] == "map"
        assert {"self", f"{REL}tiling-scheme", "item"} <= {link["rel"] for link in listed["links"]}
    described = api.ok("/collections/bebauungsplaene/map/tiles/WebMercatorQuad").json
    [template] = [each["href"] for each in described["links"] if each["rel"] == "item" and each["type"] == PNG]
    [inside] = [
        each
        for each in api.ok("/collections/bebauungsplaene/tiles/WebMercatorQuad").json["tileMatrixSetLimits"]
        if each["tileMatrix"] == "12"
    ]
    address = template.replace("{tileMatrix}", "12")
    address = address.replace("{tileRow}", str(inside["minTileRow"])).replace("{tileCol}", str(inside["minTileCol"]))
    assert corner(api.ok(address, PNG))[3] == 0
    assert corner(api.ok(address, PNG, bgcolor="navy")) == NAVY
    assert corner(api.ok(address, PNG, transparent="false")) == WHITE
    assert corner(api.ok(address, PNG))[3] == 0
    thick, plain = (pixels(api.ok(address, PNG, **query)) for query in ({"mm_per_pixel": 0.07}, {}))
    assert (thick[..., 3] > 0).sum() > (plain[..., 3] > 0).sum()
    for asked in ((512, 512), (300, 200), (64, 64)):
        assert size(api.ok(address, PNG, width=asked[0], height=asked[1])) == asked
    assert size(api.ok(address, PNG, width=512)) == size(api.ok(address, PNG, height=512)) == (512, 512)
    large, small = (pixels(api.ok(address, PNG, **query)) for query in ({"width": 1024}, {}))
    assert size(api.ok(address, PNG)) == (256, 256)
    assert (large[..., 3] > 0).mean() == pytest.approx((small[..., 3] > 0).mean(), abs=0.02)
    for wrong in ({"bgcolor": "keine"}, {"width": 0}, {"height": "x"}, {"width": 100_000}):
        assert api.get(address, **wrong).status == 400

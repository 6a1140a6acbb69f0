"""How a map lies on paper, and what the address of a printed map asks for."""

from datetime import date
from itertools import product

import pytest
from werkzeug.datastructures import MultiDict

from geoportal.basemaps.mosaic import cover
from geoportal.web.errors import InvalidQuery
from geoportal.web.print_query import SCALES, Format, Known, Lage, PrintQuery, bar_length, layout

TODAY = date(2026, 11, 22)
PLANS = ("flaechennutzungsplaene", "bebauungsplaene")
KNOWN = Known({*PLANS, "schulen"}, {"in_kraft", "archiviert"}, {"grau"})


def parse(**args: str) -> PrintQuery:
    return PrintQuery.parse(MultiDict(args), KNOWN, PLANS, TODAY)


@pytest.mark.parametrize(("form", "lage", "entries"), list(product(Format, Lage, [(), (6,), (10, 12), (200,)])))
def test_map_foot_and_legend_fit_on_the_sheet(form: Format, lage: Lage, entries: tuple[int, ...]) -> None:
    paper = layout(form, lage, entries)
    assert (paper.width < paper.height) == (lage is Lage.HOCH)
    assert paper.map_width == paper.width - 20
    assert paper.map_height + paper.legend_height <= paper.height - 20 - 15 - 22
    assert paper.map_height > paper.height / 3
    assert max(paper.pixels()) <= 4096, "Mapnik is asked for no more"


def test_a_long_legend_gets_a_sheet_of_its_own_and_leaves_the_map_its_height() -> None:
    assert layout(Format.A4, Lage.HOCH, (200,)).legend_height == 0
    assert layout(Format.A4, Lage.HOCH, (200,)).map_height == layout(Format.A4, Lage.HOCH, ()).map_height


@pytest.mark.parametrize("scale", SCALES)
def test_the_frame_has_as_many_metres_as_the_scale_says(scale: int) -> None:
    paper = layout(Format.A4, Lage.QUER, ())
    west, south, east, north = paper.box(480_000, 5_630_000, scale)
    assert east - west == pytest.approx(paper.map_width / 1000 * scale)
    assert north - south == pytest.approx(paper.map_height / 1000 * scale)
    assert 20 <= bar_length(scale) / scale * 1000 <= 80, "the bar can be read and fits"


def test_a_plan_is_shown_as_large_as_it_fits() -> None:
    paper = layout(Format.A4, Lage.HOCH, ())
    assert paper.scale_for(80, 80) == 500
    assert paper.scale_for(300, 100) == 2000
    assert paper.scale_for(90_000, 10) == SCALES[-1]


def test_a_place_of_the_map_becomes_the_nearest_scale() -> None:
    asked = parse(karte="17/50.82183/8.71677")
    assert asked.place is not None
    assert (round(asked.place.lat, 5), round(asked.place.lon, 5)) == (50.82183, 8.71677)
    assert asked.scale == 2500
    assert parse(karte="17/50.82183/8.71677", massstab="500").scale == 500


def test_layers_are_taken_once_in_their_order_and_only_those_that_there_are() -> None:
    assert parse().layers == PLANS
    assert parse(ebenen="schulen,bebauungsplaene,schulen").layers == ("schulen", "bebauungsplaene")


@pytest.mark.parametrize(
    "wrong",
    [
        {"massstab": "1234"},
        {"massstab": "0"},
        {"format": "A0"},
        {"lage": "schräg"},
        {"plan": "x"},
        {"lon": "8.7"},
        {"lon": "nan", "lat": "50"},
        {"lon": "120", "lat": "50"},
        {"karte": "17/50"},
        {"karte": "x/50.8/8.7"},
        {"ebenen": "geheim"},
        {"stand": "2999-01-01"},
        {"grund": "fern"},
        {"recht": "keiner"},
        *({"deckkraft": wrong} for wrong in ("schulen", "schulen:0", "schulen:101", "schulen:6x", "geheim:50")),
    ],
)
def test_what_cannot_be_printed_is_told(wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidQuery):
        parse(**wrong)


def test_an_address_asks_for_the_same_again() -> None:
    asked = parse(karte="17/50.82183/8.71677", format="A3", lage="quer", ebenen="schulen", stand="2026-01-01")
    assert parse(**asked.args()).args() == asked.args()
    asked = parse(
        ebenen="schulen", deckkraft="schulen:60,bebauungsplaene:100", recht="in_kraft,archiviert", grund="grau"
    )
    assert (asked.opacities, asked.statuses, asked.ground) == ({"schulen": 60}, ("in_kraft", "archiviert"), "grau")
    assert parse(**asked.args()).args() == asked.args()


def test_a_sheet_never_asks_for_more_tiles_than_a_host_can_bear() -> None:
    wide = (900_000.0, 6_500_000.0, 910_000.0, 6_507_000.0)
    for metres in (0.01, 1, 10, 1000):
        found = cover(wide, metres, 19)
        assert found.number <= 96
        assert found.zoom <= 19
    assert cover(wide, 40, 19).zoom == 12, "and no finer than the paper"

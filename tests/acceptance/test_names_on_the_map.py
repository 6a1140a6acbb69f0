"""Texts beside the objects of a theme, by the very modules of the map in Debian's Chromium."""

from typing import Any

import pytest

from tests.acceptance.portal import PLACE, Visit

pytestmark = pytest.mark.browser

# A map of 1000 x 600 pixels; `of(step)` are its features, `shown()` the texts that are seen.
_MAP = """async () => {
    const { ThemeLabels } = await import("/static/js/theme-labels.js");
    const root = document.body.appendChild(document.createElement("div"));
    Object.assign(root.style, { position: "fixed", zIndex: 5000, top: 0, left: 0, width: "1000px", height: "600px" });
    const bare = { zoomControl: false, attributionControl: false, zoomAnimation: false, fadeAnimation: false };
    const map = L.map(root, bare).setView([50.8, 8.77], 16);
    map.createPane("texts");
    const grid = [...Array(100).keys()].flatMap((x) => [...Array(100).keys()].map((y) => [x, y]));
    const features = grid.map(([x, y], id) => ({
        layer: { id: "a" },
        feature: { id, properties: { name: `Leuchte ${id}` } },
        latlng: map.containerPointToLatLng([10 * x, 6 * y]),
        below: 0,
    }));
    const labels = new ThemeLabels(map, new Map([["a", "name"]]), "texts");
    window.names = {
        map,
        labels,
        write: (step) => labels.write([{ inView: () => features.filter(({ latlng }, index) => index % step === 0 &&
            map.getBounds().contains(latlng)) }]),
        shown: () => [...labels.written.values()].map((text) => [text, text.getElement()])
            .filter(([, node]) => node.checkVisibility({ visibilityProperty: true }))
            .map(([text, node]) => [map.latLngToContainerPoint(text.getLatLng()).x, node.getBoundingClientRect()])
            .map(([wanted, { left, right, top, bottom }]) => ({ wanted, left, right, top, bottom })),
    };
}"""


def ask(visit: Visit, script: str) -> Any:
    return visit.page.evaluate(script)


@pytest.fixture
def names(desktop: Visit) -> Visit:
    desktop.open(f"/{PLACE}")
    ask(desktop, _MAP)
    return desktop


def test_where_ten_thousand_want_a_text_each_part_of_the_view_gets_some_and_none_lies_on_another(names: Visit) -> None:
    ask(names, "names.write(1)")
    shown = ask(names, "names.shown()")
    assert {(int(each["wanted"] // 200), int(each["top"] // 200)) for each in shown} >= {
        (x, y) for x in range(5) for y in range(3)
    }
    for index, one in enumerate(shown):
        for other in shown[index + 1 :]:
            assert (
                one["right"] < other["left"]
                or other["right"] < one["left"]
                or one["bottom"] < other["top"]
                or other["bottom"] < one["top"]
            )


def test_a_text_that_had_no_room_stands_in_its_place_when_it_has(names: Visit) -> None:
    for zoom in (16, 14, 16, 17, 15, 16):
        ask(names, f"names.map.setZoom({zoom}); names.write(97)")
        shown = ask(names, "names.shown()")
        assert len(shown) > 2
        for each in shown:
            assert (each["left"] + each["right"]) / 2 == pytest.approx(each["wanted"], abs=1)


def test_of_a_picture_that_was_taken_away_nothing_is_written(names: Visit) -> None:
    ask(names, "names.write(97); names.labels.remove(); names.labels.write([])")
    assert ask(names, "document.querySelectorAll('.map-label--theme').length") == 0
    assert not ask(names, "names.map.hasLayer(names.labels.group)")

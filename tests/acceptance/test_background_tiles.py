"""Background tiles that this server fetches from a slow host: none stays empty because others were before it."""

import base64

import pytest
from playwright.sync_api import Route

from tests.acceptance.portal import PLACE, Visit

pytestmark = pytest.mark.browser

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
MAP = """async () => {
    const { patient } = await import("/static/js/patient-tiles.js");
    const place = document.createElement("div");
    place.id = "background";
    Object.assign(place.style, { width: "600px", height: "400px" });
    document.body.append(place);
    patient(L.tileLayer("/hintergrund/fern/{z}/{x}/{y}"))
        .addTo(L.map(place, { zoomControl: false, attributionControl: false }).setView([50.82183, 8.71677], 14));
}"""
SHOWN = "() => [...document.querySelectorAll('#background img')].every((tile) => tile.naturalWidth)"


def test_a_tile_that_is_told_to_come_back_is_asked_for_again_and_shown(desktop: Visit) -> None:
    asked: dict[str, int] = {}

    def answer(route: Route) -> None:
        asked[route.request.url] = tries = asked.get(route.request.url, 0) + 1
        if tries == 1:
            route.fulfill(status=503, headers={"Retry-After": "2", "Cache-Control": "no-store"})
        else:
            route.fulfill(body=PIXEL, content_type="image/png")

    desktop.page.route("**/hintergrund/**", answer)
    desktop.open(f"/{PLACE}")
    desktop.page.evaluate(MAP)
    desktop.page.wait_for_selector("#background img")
    desktop.page.wait_for_function(SHOWN)
    assert len(asked) > 3
    assert set(asked.values()) == {2}
    # what the browser itself says of each 503
    desktop.faults[:] = [fault for fault in desktop.faults if "503" not in fault]

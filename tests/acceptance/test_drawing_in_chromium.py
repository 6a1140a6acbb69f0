"""The drawing of the plans on the citizens' map: tiles, switches, opacity, and its key, in Debian's Chromium."""

import re

import pytest
from playwright.sync_api import Page, Response, expect

from tests.acceptance.portal import PLACE, Visit, cards, coloured, wait_for_drawing

pytestmark = pytest.mark.browser

TILE = re.compile(r"/collections/(\w+)/styles/planzv/map/tiles/")


def tiles_that_came(page: Page) -> list[str]:
    """The collections of the tiles that the map asks for from now on; each of them comes, and as a picture."""
    came: list[str] = []

    def listen(response: Response) -> None:
        if found := TILE.search(response.url):
            assert response.status == 200
            assert response.headers["content-type"] in {"image/png", "image/webp"}
            came.append(found[1])

    page.on("response", listen)
    return came


@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_the_drawing_of_plans_is_switched_on_and_off(request: pytest.FixtureRequest, device: str) -> None:
    visited: Visit = request.getfixturevalue(device)
    page = visited.page
    switch = page.get_by_role("checkbox", name="Planzeichnung")
    tiles = page.locator("img.leaflet-tile")
    came = tiles_that_came(page)
    visited.open("/")
    assert came == [], "the first view is light"
    if device == "phone":
        page.locator(".themes > summary").tap()
    expect(page.locator("#drawing-hint")).to_contain_text("heranzoomen")
    page.evaluate("location.hash = '#13/50.82183/8.71677'")
    wait_for_drawing(page, "/flaechennutzungsplaene/")
    assert set(came) == {"flaechennutzungsplaene"}
    came.clear()
    page.evaluate(f"location.hash = '{PLACE}'")
    wait_for_drawing(page, "/bebauungsplaene/")
    assert set(came) == {"bebauungsplaene"}
    assert coloured(page) > 1000
    switch.uncheck()
    expect(tiles).to_have_count(0)
    expect(page.locator("#opacity")).to_be_disabled()
    switch.check()
    wait_for_drawing(page, "/bebauungsplaene/")
    assert coloured(page) > 1000
    if device == "phone":
        page.locator(".themes > summary").tap()
        expect(page.locator(".themes__tree")).to_be_hidden()
    visited.click_the_middle()
    expect(cards(page).first).to_contain_text("Am Hang")


def test_the_drawing_follows_the_switches_of_the_legal_states(desktop: Visit) -> None:
    desktop.open(f"/{PLACE}")
    page = desktop.page
    wait_for_drawing(page, "/bebauungsplaene/")
    assert coloured(page) > 1000
    page.get_by_label("In Kraft").uncheck()  # the residential area is of a plan in force
    wait_for_drawing(page, "&status=in_aufstellung")
    expect(page.locator("img.leaflet-tile:not([src*='status='])")).to_have_count(0)
    assert coloured(page) == 0
    page.get_by_label("Geltungsbereiche").check()
    wait_for_drawing(page, "/flaechennutzungsplaene/")  # below the Bebauungspläne
    expect(page.locator("#drawing-hint")).to_contain_text("über Flächennutzungsplänen")


def test_the_opacity_of_the_drawing_is_set_with_the_keyboard(desktop: Visit) -> None:
    desktop.open(f"/{PLACE}")
    page = desktop.page
    pane = page.locator(".leaflet-contents-pane")
    slider = page.get_by_role("slider", name="Deckkraft")
    expect(pane).to_have_css("opacity", "1")
    page.get_by_role("checkbox", name="Planzeichnung").focus()
    page.keyboard.press("Tab")
    expect(slider).to_be_focused()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "60 %")
    expect(pane).to_have_css("opacity", "0.6")
    page.keyboard.press("Home")
    expect(pane).to_have_css("opacity", "0.1")


def test_the_key_to_the_drawing_tells_what_occurs_in_view(desktop: Visit) -> None:
    page = desktop.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/legend?" in request.url else None)
    desktop.open(f"/{PLACE}")
    assert asked == [], "folded, it asks for nothing"
    page.locator("#drawing-legend > summary").click()
    rows = page.locator("#drawing-legend li")
    expect(rows.filter(has_text="Wohngebiete")).to_have_count(1)
    expect(rows.filter(has_text="Bahnanlage")).to_have_count(0)
    shown = rows.filter(has_text="Wohngebiete").locator("img")
    assert shown.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") == 40
    page.evaluate("location.hash = '#17/50.9/8.9'")
    expect(rows.filter(has_text="Wohngebiete")).to_have_count(0)
    page.get_by_role("checkbox", name="Planzeichnung").uncheck()
    expect(page.locator("#drawing-legend")).to_contain_text("Im Ausschnitt ist nichts gezeichnet.")
    desktop.open(f"/?lang=en{PLACE}")
    expect(page.get_by_role("checkbox", name="Plan drawing")).to_be_checked()
    page.locator("#drawing-legend > summary").click()
    expect(rows.filter(has_text="Residential")).to_have_count(1)

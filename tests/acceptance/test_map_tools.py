"""The tools of the map: order, opacity, the day, comparison, measuring, and the link that holds them all."""

import math
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from pyproj import Geod

from geoportal.settings import Settings
from tests.acceptance.portal import DESKTOP, PLACE, Visit, serving, watched
from tests.acceptance.test_background_tiles import PIXEL
from tests.homes import home_with

pytestmark = pytest.mark.browser

NEXT = re.compile(r"/tiles/WebMercatorQuad/|/map/tiles/")


def asked(page: Page) -> list[str]:
    """The addresses of tiles that the map asks for from now on."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if NEXT.search(request.url) else None)
    return found


def unfold(page: Page, title: str) -> None:
    page.locator(".themes summary", has_text=title).first.click()


def test_a_link_holds_layers_states_opacity_and_order(desktop: Visit) -> None:
    page = desktop.page
    desktop.open(f"/{PLACE}&an=schulen,teststellen&aus=rasterplaene&recht=in_kraft&deckkraft=planzeichnung:60")
    expect(page.get_by_label("Schulen", exact=True)).to_be_checked()
    expect(page.get_by_label("Gescannte Planblätter", exact=True)).not_to_be_checked()
    expect(page.get_by_label("In Aufstellung")).not_to_be_checked()
    expect(page.locator("#opacity")).to_have_value("60")
    expect(page.locator(".leaflet-contents-pane")).to_have_css("opacity", "0.6")
    expect(page.locator("#in-view-count")).to_have_text("1 Plan im Ausschnitt")
    page.get_by_label("Gescannte Planblätter", exact=True).check()
    expect(page).not_to_have_url(re.compile("aus="))
    unfold(page, "Reihenfolge")
    page.locator("#layer-order").get_by_role("button", name="Schulen: nach oben").click()
    expect(page).to_have_url(re.compile("folge="))
    held = page.url
    page.goto("about:blank")
    page.goto(held)
    expect(page.locator("#opacity")).to_have_value("60")
    assert page.url == held
    page.get_by_role("button", name="Alles wie zu Beginn").click()
    expect(page).to_have_url(re.compile(r"#17/[\d.]+/[\d.]+$"))


def test_a_link_that_says_nonsense_shows_the_map_as_usual(desktop: Visit) -> None:
    for nonsense in (
        "&aus=gibtesnicht&deckkraft=x:y&stand=morgen&folge=%E0%A4%A&=&&recht",
        "&recht=gut&stand=2999-01-01&neben=2025-02-30&karte=luft&plan=../x",
        "&stand=2025-02-30&neben=2999-01-01",
    ):
        desktop.open(f"/{PLACE}{nonsense}")
        expect(desktop.page.locator("#in-view-count")).to_have_text("2 Pläne im Ausschnitt")
        expect(desktop.page.locator("#stand-note")).to_be_hidden()
        expect(desktop.page.locator("#swipe")).to_be_hidden()
        expect(desktop.page).to_have_url(re.compile(r"#17/[\d.]+/[\d.]+$"))
        desktop.page.goto("about:blank")


def test_the_order_of_layers_is_changed_with_the_keyboard(desktop: Visit) -> None:
    desktop.open(f"/{PLACE}")
    page = desktop.page
    unfold(page, "Reihenfolge")
    rows = page.locator("#layer-order li > span")
    lowest = rows.last.text_content()
    button = page.locator("#layer-order").get_by_role("button", name=f"{lowest}: nach oben")
    button.focus()
    page.keyboard.press("Enter")
    expect(rows.nth(-2)).to_have_text(str(lowest))
    expect(button).to_be_focused()
    expect(page.locator("#announcer")).to_contain_text(re.compile(f"{lowest}: Platz \\d+ von \\d+"))


def test_the_map_shows_the_plans_of_a_day(desktop: Visit) -> None:
    page = desktop.page
    desktop.open(f"/{PLACE}")
    desktop.drawn()
    tiles = asked(page)
    page.locator("#stand-day").fill("2020-01-01")
    page.locator("#stand-day").blur()
    expect(page.locator("#stand-note")).to_have_text("Pläne mit Stand vom 1. Januar 2020")
    expect(page.locator("#in-view-count")).to_have_text("Keine Pläne im Ausschnitt")
    expect(page).to_have_url(re.compile("&stand=2020-01-01"))
    until(page, lambda _: bool(tiles))
    assert all("stand=2020-01-01" in address for address in tiles)
    page.locator("#drawing-legend > summary").click()
    expect(page.locator("#drawing-legend li")).to_have_text("Grenze des räumlichen Geltungsbereichs")  # no Wohngebiete
    today = page.get_by_role("button", name="Heute", exact=True)
    today.press("Enter")
    expect(page.locator("#in-view-count")).to_have_text("2 Pläne im Ausschnitt")
    expect(page.locator("#stand-note")).to_be_hidden()
    expect(page.locator("#drawing-legend")).to_contain_text("Wohngebiete")
    expect(today).to_be_focused()


def test_what_comes_late_of_another_day_is_not_shown(desktop: Visit) -> None:
    page = desktop.page
    drawn = page.locator("canvas.leaflet-tile[width]:not([width='0'])")
    plans = re.compile(r"/ogc/tiles/[^?]*\?(?!.*stand=)")
    held: list[Route] = []
    page.route(plans, lambda route: held.append(route))
    page.goto(f"{desktop.address}/{PLACE}&aus=rasterplaene")
    expect(page.locator("#in-view-count")).to_have_text("2 Pläne im Ausschnitt")
    with page.expect_response(re.compile("/ogc/tiles/.*stand=2020-01-01")):
        page.locator("#stand-day").fill("2020-01-01")
        page.locator("#stand-day").blur()
    until(page, lambda _: bool(held))
    for route in held:
        route.continue_()
    page.wait_for_load_state("networkidle")
    expect(page.locator("#in-view-count")).to_have_text("Keine Pläne im Ausschnitt")
    expect(drawn).to_have_count(0)
    page.unroute(plans)
    page.get_by_role("button", name="Heute", exact=True).click()
    expect(drawn).not_to_have_count(0)


def test_the_list_tells_the_legal_state_of_the_day_and_keeps_the_focus(desktop: Visit) -> None:
    page = desktop.page

    def then(route: Route) -> None:
        answer = route.fetch(url=route.request.url.replace("stand=2025-01-01", ""))
        found = answer.json()
        for each in found["features"]:
            each["properties"]["status"] = "archiviert"
        route.fulfill(response=answer, json=found)

    page.route("**/bebauungsplaene/items*stand=2025-01-01*", then)
    desktop.open(f"/{PLACE}")
    row = page.locator("#in-view-list").get_by_role("button", name="Am Hang")
    expect(row).to_contain_text("In Kraft")
    row.focus()
    page.evaluate("""() => {
        const field = document.getElementById("stand-day");
        field.value = "2025-01-01";
        field.dispatchEvent(new Event("change"));
    }""")
    expect(row).to_contain_text("Nicht mehr gültig")
    expect(row).to_be_focused()


def test_where_the_map_is_bare_nothing_answers(desktop: Visit) -> None:
    page = desktop.page
    desktop.open("/")
    [lon, lat] = page.evaluate("""async () => {
        const {features: [first]} = await (await fetch('/ogc/collections/schulen/items?f=json&limit=1')).json();
        return first.geometry.coordinates;
    }""")
    page.evaluate(f"location.hash = '#17/{lat}/{lon - 0.001}&an=schulen&neben=ohne'")  # 93 pixels right of the middle
    expect(page.locator("#swipe")).to_be_visible()
    desktop.drawn()
    box = page.locator("#karte").bounding_box()
    assert box is not None
    there = box["x"] + box["width"] / 2 + 93, box["y"] + box["height"] / 2 - 3
    heading = page.get_by_role("heading", name="Was gilt hier?")
    page.mouse.click(*there)
    expect(heading).to_be_focused()
    expect(page.locator("#answer .card--place")).to_have_count(0)
    page.get_by_role("button", name="Zurück").click()
    page.get_by_label("Rechts daneben").select_option("")
    desktop.drawn()
    page.mouse.click(*there)
    expect(heading).to_be_focused()
    expect(page.locator("#answer .card--place")).not_to_have_count(0)


def test_two_maps_are_compared_with_a_slider(desktop: Visit) -> None:
    page = desktop.page
    desktop.open(f"/{PLACE}")
    tiles = asked(page)
    page.get_by_label("Rechts daneben").select_option("stand")
    page.locator("#beside-day").fill("2020-01-01")
    page.locator("#beside-day").blur()
    border = page.get_by_role("slider", name="Grenze zwischen den beiden Karten")
    expect(border).to_be_visible()
    expect(page.locator(".swipe__title").nth(1)).to_have_text("1. Januar 2020")
    expect(page).to_have_url(re.compile("&neben=2020-01-01"))
    until(page, lambda _: any("stand=2020-01-01" in address for address in tiles))

    def clip(_: Page) -> str:
        return str(page.locator(".leaflet-pictures-pane").evaluate("(pane) => pane.style.clipPath"))

    before = clip(page)
    border.focus()
    page.keyboard.press("ArrowRight")
    until(page, lambda each: clip(each) != before)
    page.get_by_label("Rechts daneben").select_option("")
    expect(border).to_be_hidden()
    until(page, lambda each: not clip(each))


def test_one_measures_with_the_keyboard(desktop: Visit) -> None:
    page = desktop.page
    desktop.open(f"/{PLACE}")
    page.get_by_role("button", name="Messen").click()
    told, heard = page.locator("#measuring p"), page.locator("#announcer")
    expect(told).to_contain_text("Eingabetaste")
    expect(heard).to_contain_text("Eingabetaste")
    page.locator("#karte").focus()
    page.keyboard.press("Enter")
    expect(told).to_have_text("Erster Punkt gesetzt.")
    expect(heard).to_contain_text("Erster Punkt gesetzt.")
    address = page.url
    page.keyboard.press("ArrowRight")
    expect(page).not_to_have_url(address)
    page.keyboard.press("Enter")
    expect(told).to_have_text(re.compile(r"^Länge \d+(,\d)? m$"))
    address = page.url
    page.keyboard.press("ArrowDown")
    expect(page).not_to_have_url(address)
    page.keyboard.press("Enter")
    expect(told).to_have_text(re.compile(r"^Länge .* · Fläche [\d.,]+ (m²|ha)$"))
    page.keyboard.press("Backspace")
    expect(told).to_have_text(re.compile(r"^Länge \d+(,\d)? m$"))
    page.keyboard.press("Escape")
    expect(page.locator("#measuring")).to_be_hidden()
    expect(page.locator("#answer")).to_be_hidden()


def test_what_is_measured_is_what_the_ellipsoid_says(desktop: Visit) -> None:
    desktop.open("/impressum/")
    ring = [(8.70, 50.80), (8.75, 50.80), (8.76, 50.84), (8.69, 50.83)]
    places = [{"lng": lng, "lat": lat} for lng, lat in ring]
    length, area = desktop.page.evaluate(
        "(places) => import('/static/js/utm.js').then((m) => [m.lengthOf(places), m.areaOf(places)])", places
    )
    ellipsoid = Geod(ellps="GRS80")
    lons, lats = zip(*ring, strict=True)
    assert math.isclose(length, ellipsoid.line_length(lons, lats), rel_tol=2e-6)
    assert math.isclose(area, abs(ellipsoid.polygon_area_perimeter(lons, lats)[0]), rel_tol=1e-5)
    band = "(lat) => import('/static/js/utm.js').then((m) => m.utmText({lat, lng: 9}, 32).split(' ')[1])"
    assert (desktop.page.evaluate(band, 47.99), desktop.page.evaluate(band, 48.01)) == ("T", "U")


@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_what_floats_over_the_map_can_be_hit(request: pytest.FixtureRequest, device: str) -> None:
    """WCAG 2.2, 2.5.8: 24 by 24 CSS pixels at least."""
    visited: Visit = request.getfixturevalue(device)
    visited.open(f"/{PLACE}")
    page = visited.page
    if device == "phone":
        page.locator(".themes > summary").tap()
    unfold(page, "Reihenfolge")
    small = page.evaluate("""() => [...document.querySelectorAll(".stage :is(button, summary, select, input, label)")]
        .filter((node) => node.checkVisibility() && !node.closest(".visually-hidden, .swipe"))
        .map((node) => node.closest("label") ?? node)
        .map((node) => [node, node.getBoundingClientRect()])
        .filter(([, {width, height}]) => width && (width < 24 || height < 24))
        .map(([node]) => node)
        .filter((node) => node.localName !== "label" || node.querySelector("input"))
        .map((node) => node.outerHTML.slice(0, 120))""")
    assert small == []


def test_a_click_on_several_points_goes_nearer_and_says_so(desktop: Visit) -> None:
    page = desktop.page
    desktop.open("/#14/50.8005/8.9186&an=strassenbeleuchtung")
    lat, lng = page.evaluate("""async () => {
        const {TileSource} = await import("/static/js/tile-source.js");
        const [z, side] = [13, 2 ** 13];
        const north = (lat) => (1 - Math.asinh(Math.tan(lat * Math.PI / 180)) / Math.PI) / 2 * side;
        const [x, y] = [Math.floor((8.9186 + 180) / 360 * side), Math.floor(north(50.8005))];
        const {strassenbeleuchtung: lights} = await new TileSource("/ogc").load({x, y, z}, ["strassenbeleuchtung"]);
        const within = ({box: {west, north}}) => Math.min(west, north) > 300 && Math.max(west, north) < 3800;
        const inside = lights.filter(within);
        const {box} = inside.reduce((one, other) => (other.count > one.count ? other : one));
        const at = Math.PI * (1 - 2 * (y + box.north / 4096) / side);
        return [Math.atan(Math.sinh(at)) * 180 / Math.PI, (x + box.west / 4096) / side * 360 - 180];
    }""")
    desktop.open(f"/#14/{lat}/{lng}&an=strassenbeleuchtung")
    desktop.drawn()
    desktop.click_the_middle()
    expect(page).to_have_url(re.compile("#16/"))
    zoomed = re.compile(r"\d+ Straßenbeleuchtung: Die Karte ist herangezoomt\.")
    expect(page.locator("#announcer")).to_contain_text(zoomed)
    with page.expect_response(re.compile("/bebauungsplaene/items")):
        page.evaluate("location.hash = '#17/50.82183/8.71677'")
    expect(page.locator("#announcer p").last).to_have_text("2 Pläne im Ausschnitt")
    expect(page.locator("#announcer")).to_contain_text(zoomed)


def test_on_a_former_day_themes_without_a_history_are_still_shown(desktop: Visit) -> None:
    page = desktop.page
    desktop.open("/impressum/")  # where no map asks for tiles beside
    tiles: list[str] = []
    page.on("request", lambda request: tiles.append(request.url) if "/ogc/tiles/" in request.url else None)
    lights = page.evaluate("""async () => {
        const {TileSource} = await import("/static/js/tile-source.js");
        const source = new TileSource("/ogc", {dated: ["bebauungsplaene"]});
        source.setStand("2020-01-01");
        const tile = {z: 13, x: 4298, y: 2749};
        await source.load(tile, ["bebauungsplaene"]);
        return (await source.load(tile, ["bebauungsplaene", "strassenbeleuchtung"])).strassenbeleuchtung.length;
    }""")
    assert lights > 0
    assert ["stand=2020-01-01" in url for url in tiles[-2:]] == [True, False]


def marked(page: Page) -> int:
    """How many pixels of the outlines and points have the colour of what is looked at."""
    found = page.evaluate("""() => {
        const probe = document.createElement("canvas").getContext("2d");
        probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--mark").trim();
        probe.fillRect(0, 0, 1, 1);
        const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
        return [...document.querySelectorAll("canvas.leaflet-tile")].filter(({width}) => width).map((tile) => {
            const copy = Object.assign(document.createElement("canvas"), {width: tile.width, height: tile.height});
            const context = copy.getContext("2d", {willReadFrequently: true});
            context.drawImage(tile, 0, 0);
            const {data} = context.getImageData(0, 0, copy.width, copy.height);
            let count = 0;
            for (let at = 0; at < data.length; at += 4)
                if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) count += 1;
            return count;
        }).reduce((one, other) => one + other, 0);
    }""")
    assert isinstance(found, int)
    return found


def until(page: Page, told: Callable[[Page], bool]) -> None:
    """Looks again with every frame, for two minutes at most."""
    end = time.monotonic() + 120
    while not told(page):
        assert time.monotonic() < end, "it never came"
        page.evaluate("() => new Promise(requestAnimationFrame)")


def test_what_the_pointer_rests_on_is_named_on_the_map_and_shown_from_the_list(desktop: Visit) -> None:
    page = desktop.page
    desktop.open(f"/{PLACE}")
    desktop.drawn()
    box = page.locator("#karte").bounding_box()
    assert box is not None
    tip = page.locator(".map-tip")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(tip).to_have_text(re.compile("Am Hang|Süd <img"))
    page.keyboard.press("Escape")
    expect(tip).to_have_count(0)
    until(page, lambda each: marked(each) == 0)
    row = page.locator("#in-view-list").get_by_role("button", name="Am Hang")
    row.hover()
    until(page, lambda each: marked(each) > 100)
    page.locator("#in-view-count").hover()
    until(page, lambda each: marked(each) == 0)
    row.focus()  # the keyboard shows it too
    until(page, lambda each: marked(each) > 100)


def test_of_several_things_at_one_spot_each_is_offered(desktop: Visit) -> None:
    page = desktop.page
    # a bin, and a street lamp three metres away
    desktop.open("/#18/50.74905/8.47941&an=abfallbehaelter,strassenbeleuchtung")
    desktop.drawn()
    desktop.click_the_middle()
    expect(page.locator(".board__several")).to_have_text("Hier liegen 2 Orte dicht beieinander:")
    places = page.locator("#answer details.card--place")
    expect(places).to_have_count(2)
    expect(page.locator("#answer details.card--place[open]")).to_have_count(0)
    expect(page.locator("#announcer")).to_contain_text("Was gilt hier? 0 Pläne, 2 Orte")
    for place in places.all():
        place.locator("summary").press("Enter")
        expect(place.locator("dl").first).to_be_visible()
    until(page, lambda each: marked(each) > 20)
    assert (
        page.evaluate("""() => {
        const ids = [...document.querySelectorAll("[id]")].map(({id}) => id);
        return ids.filter((id, at) => ids.indexOf(id) !== at);
    }""")
        == []
    )


def test_with_forced_colours_the_map_keeps_its_own_and_its_tools_tell_their_state(
    browser: Browser, served: tuple[str, dict[str, str]]
) -> None:
    with watched(browser, served[0], DESKTOP | {"forced_colors": "active"}) as opened:
        page = opened.page
        opened.open(f"/{PLACE}")
        page.get_by_role("button", name="Messen").click()

        def system(name: str) -> str:
            return str(
                page.evaluate(
                    """(name) => {
                const probe = Object.assign(document.createElement("div"), {style: `color: ${name}`});
                document.body.append(probe);
                const {color} = getComputedStyle(probe);
                probe.remove();
                return color;
            }""",
                    name,
                )
            )

        expect(page.locator("#measure")).to_have_css("background-color", system("Highlight"))
        expect(page.locator("#share")).not_to_have_css("background-color", system("Highlight"))
        expect(page.locator("#stand-today")).to_have_css("color", system("GrayText"))
        for floating in (".zoom", ".themes", ".measure", ".board"):
            expect(page.locator(floating)).to_have_css("border-top-style", "solid")
        expect(page.locator(".swatch").first).to_have_css("forced-color-adjust", "none")
        page.locator("#in-view-list").get_by_role("button", name="Am Hang").focus()
        until(page, lambda each: marked(each) > 100)


def test_what_is_printed_is_what_the_map_shows(desktop: Visit) -> None:
    page = desktop.page
    link = page.get_by_role("link", name="Ausschnitt drucken (PDF)")
    for zoom, lamps in ((11, False), (17, True)):
        desktop.open(f"/#{zoom}/50.8005/8.9186&an=schulen,strassenbeleuchtung&stand=2026-01-01")
        link.click()
        expect(page).to_have_url(re.compile(f"karte={zoom}%2F50.8005.*&stand=2026-01-01"))
        asked = parse_qs(urlsplit(page.url).query)["ebenen"][0].split(",")
        assert ("schulen" in asked, "schwimmbaeder" in asked, "strassenbeleuchtung" in asked) == (True, False, lamps)


BACKGROUND = {
    "id": "luft", "title": "Luftbild", "kind": "xyz", "url": "https://luftbild.example/{z}/{x}/{y}.png", "cached": True,
    "attribution": "© Muster",
}  # fmt: skip


def test_the_sheet_gets_switches_order_opacity_and_background_of_the_map(
    browser: Browser, served: tuple[str, dict[str, str]], module_furnished: Settings, tmp_path: Path
) -> None:
    link = "Ausschnitt drucken (PDF)"
    settings = home_with(module_furnished, tmp_path, basemaps=[BACKGROUND])
    with serving(settings) as address, watched(browser, address) as visit:
        page = visit.page
        for pictures in ("**/hintergrund/**", "**/drucken.png?*"):
            page.route(pictures, lambda route: route.fulfill(body=PIXEL, content_type="image/png"))
        visit.open(f"/{PLACE}&an=schulen,teststellen")
        page.get_by_label("In Aufstellung").uncheck()
        page.get_by_label("Luftbild", exact=True).check()
        page.locator("#opacity").fill("60")
        unfold(page, "Reihenfolge")
        page.locator("#layer-order").get_by_role("button", name="Schulen: nach oben").click()
        expect(page).to_have_url(re.compile("deckkraft=planzeichnung:60&karte=luft"))
        page.get_by_role("link", name=link).click()
        expect(page.get_by_label("Hintergrund")).to_have_value("luft")
        expect(page.locator("[name=recht]")).to_have_value("in_kraft,unbekannt")
        expect(page.locator("[name=deckkraft]")).to_have_value("flaechennutzungsplaene:60,bebauungsplaene:60")
        expect(page.locator("[name=zeichnung]")).to_have_count(0)
        chosen = page.locator("[name=ebenen]:checked").evaluate_all("(boxes) => boxes.map(({value}) => value)")
        assert chosen[:2] == ["flaechennutzungsplaene", "bebauungsplaene"]
        assert "schwimmbaeder" not in chosen
        themes = [each for each in chosen if each in {"schulen", "teststellen"}]
        assert themes == ["teststellen", "schulen"], "one is above the other now"
        visit.open(f"/{PLACE}")
        page.get_by_label("Planzeichnung", exact=True).uncheck()
        page.get_by_role("link", name=link).click()
        expect(page.locator("[name=zeichnung]")).to_have_value("aus")
        expect(page.locator("[name=ebenen][value=flaechennutzungsplaene]")).not_to_be_checked()
        expect(page.get_by_text("nur Umringe")).to_be_visible()
        visit.open(f"/{PLACE}&an=schulen")
        for state in ("In Kraft", "In Aufstellung", "Rechtsstand unbekannt"):
            page.get_by_label(state, exact=True).uncheck()
        page.get_by_role("link", name=link).click()
        expect(page.locator("[name=ebenen][value=schulen]")).to_be_checked()
        expect(page.locator("[name=ebenen][value=bebauungsplaene]")).not_to_be_checked()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_fault_in_the_tools(
    browser: Browser, served: tuple[str, dict[str, str]], scheme: Literal["light", "dark"]
) -> None:
    options = {**DESKTOP, "color_scheme": scheme, "bypass_csp": True}
    with watched(browser, served[0], options) as opened:
        opened.open(f"/{PLACE}&stand=2020-01-01&neben=ohne")
        opened.page.locator("#measure").click()
        for details in opened.page.locator(".themes details").all():
            details.evaluate("(each) => { each.open = true; }")
        assert opened.axe() == []


def test_no_module_of_the_map_is_found_late(desktop: Visit) -> None:
    """Each module that was fetched is named in the page itself."""
    desktop.open("/")
    late = desktop.page.evaluate("""() => {
        const named = new Set([...document.querySelectorAll("script[src], link[rel=modulepreload]")]
            .map((node) => node.src || node.href));
        return performance.getEntriesByType("resource").map(({name}) => name)
            .filter((name) => /[/]static[/].*[.]js$/.test(name) && !named.has(name));
    }""")
    assert [name.rpartition("/")[2] for name in late] == ["point-geometry.js"], "another module's own import"

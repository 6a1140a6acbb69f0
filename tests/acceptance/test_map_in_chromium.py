"""The portal as a citizen sees it: Debian's Chromium against the really served portal and OGC API."""

import re
from typing import Any, Literal

import pytest
from playwright.sync_api import (
    Browser,
    Locator,
    Page,
    Route,
    expect,
)
from pyproj import Transformer

from tests.acceptance.portal import DESKTOP, HOSTILE, PHONE, PLACE, Visit, cards, coloured, wait_for_drawing, watched

pytestmark = pytest.mark.browser

HERE = "/hier?ost=480050&nord=5630050"


def test_a_click_shows_all_plans_at_that_place(desktop: Visit, paths: dict[str, str]) -> None:
    desktop.open(f"/{PLACE}")
    desktop.click_the_middle()
    page = desktop.page
    expect(cards(page).locator("h3")).to_have_text(["Am Hang", HOSTILE, "Flächennutzungsplan"])
    first = cards(page).first
    for said in ("Bebauungsplan", "In Kraft", "Ebsdorfergrund"):
        expect(first).to_contain_text(said)
    expect(first.get_by_role("link", name="Alles zu diesem Plan: Am Hang")).to_have_attribute("href", paths["Am Hang"])
    expect(first.get_by_role("link", name="Begründung")).to_have_attribute("href", r := hrefs(first)[1])
    assert r.startswith("/dokument/")
    expect(cards(page).nth(1)).to_contain_text("Jetzt mitreden")
    expect(cards(page).nth(1)).to_contain_text("noch 40 Tage")
    # a plan that is no longer valid is there, but folded away
    former = page.locator("#answer .past").get_by_role("link", name="Alte Mühle", include_hidden=True)
    expect(former).to_have_count(1)
    expect(former).to_be_hidden()


def hrefs(within: Locator) -> list[str]:
    return [str(link.get_attribute("href")) for link in within.get_by_role("link").all()]


def test_where_no_plan_is_the_answer_says_so(desktop: Visit) -> None:
    desktop.open("/#17/50.9/8.9")
    desktop.click_the_middle()
    expect(desktop.page.locator("#answer")).to_contain_text("kein geltender Bebauungsplan veröffentlicht")


def test_a_tap_on_a_phone_opens_the_sheet_and_keeps_the_place_in_sight(phone: Visit) -> None:
    phone.open(f"/{PLACE}")
    page = phone.page
    expect(page.locator("#board-content")).to_be_hidden()
    box = page.locator("#karte").bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(cards(page).locator("h3").first).to_have_text("Am Hang")
    page.wait_for_function("document.querySelector('#tafel').getBoundingClientRect().y > 250")  # room for the map
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Zurück").tap()
    expect(page.locator("#answer")).to_be_hidden()


def test_everything_works_with_the_keyboard_alone(desktop: Visit) -> None:
    desktop.open(f"/{PLACE}")
    page = desktop.page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Zur Karte")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#karte")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Was gilt hier?")).to_be_focused()
    expect(cards(page).first).to_contain_text("Am Hang")
    page.keyboard.press("Escape")
    expect(page.locator("#karte")).to_be_focused()
    before = page.url
    page.keyboard.press("ArrowRight")
    expect(page).not_to_have_url(before)
    row = page.get_by_role("button", name="Am Hang")
    row.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ausgewählter Plan")).to_be_focused()


def test_the_list_counts_what_is_in_view_and_says_so(desktop: Visit) -> None:
    desktop.open(f"/{PLACE}")
    page = desktop.page
    heading = page.locator("#in-view-count")
    expect(heading).to_have_text("2 Pläne im Ausschnitt")
    expect(page.locator("#announcer")).to_contain_text("2 Pläne im Ausschnitt")
    page.get_by_label("Nicht mehr gültig").check()
    expect(heading).to_have_text("3 Pläne im Ausschnitt")
    page.get_by_label("Geltungsbereiche").check()
    expect(heading).to_have_text("4 Pläne im Ausschnitt")
    page.get_by_label("In Kraft").uncheck()
    expect(heading).to_have_text("2 Pläne im Ausschnitt")


@pytest.mark.parametrize("path", ["/", f"/{PLACE}"])
def test_at_the_beginning_the_list_is_asked_for_once(desktop: Visit, path: str) -> None:
    asked: list[str] = []
    desktop.page.on("request", lambda request: asked.append(request.url))
    desktop.open(path)
    expect(desktop.page.locator("#in-view-count")).to_contain_text("im Ausschnitt")
    assert len([url for url in asked if "/bebauungsplaene/items" in url]) == 1


def drawn(page: Page) -> Locator:
    """The tiles of outlines and points on which something is drawn."""
    return page.locator("canvas.leaflet-tile[width]:not([width='0'])")


def test_a_click_on_a_school_tells_about_it(desktop: Visit) -> None:
    page = desktop.page
    desktop.open("/")
    [lon, lat, name] = page.evaluate("""async () => {
        const {features: [first]} = await (await fetch('/ogc/collections/schulen/items?f=json&limit=1')).json();
        return [...first.geometry.coordinates, first.properties.name];
    }""")
    desktop.open(f"/#17/{lat}/{lon}")
    desktop.drawn()
    desktop.click_the_middle()
    expect(page.get_by_role("heading", name="Was gilt hier?")).to_be_focused()
    school = page.locator("#answer details.card--place")
    expect(school).to_have_count(0)  # the map begins with the plans
    page.get_by_label("Schulen", exact=True).check()
    desktop.drawn()
    desktop.ask_the_middle(name)
    expect(school.locator("summary")).to_contain_text(name)
    expect(school).to_contain_text("Schulform")
    page.get_by_label("Schulen", exact=True).uncheck()
    desktop.drawn()
    desktop.click_the_middle()
    expect(page.get_by_role("heading", name="Was gilt hier?")).to_be_focused()
    expect(school).to_have_count(0)


def test_what_is_sought_in_a_theme_is_drawn_though_the_map_begins_without_it(desktop: Visit) -> None:
    page = desktop.page
    desktop.open("/")
    school = page.evaluate("""async () => {
        const {features: [first]} = await (await fetch('/ogc/collections/schulen/items?f=json&limit=1')).json();
        return {id: first.id, name: first.properties.name};
    }""")
    switch = page.get_by_label("Schulen", exact=True)
    page.locator("#q").fill(school["name"])
    page.locator("#suggestions").get_by_role("option", name=school["name"]).first.click()
    expect(switch).to_be_checked()
    card = page.locator("#answer details.card--place")
    expect(card.locator("summary")).to_contain_text(school["name"])
    expect(card).to_contain_text("Schulform")
    expect(page).to_have_url(re.compile("&an=schulen"))
    desktop.open(f"/thema/schulen/{school['id']}")
    page.get_by_role("link", name="Auf der Karte zeigen").click()
    expect(switch).to_be_checked()


def test_thousands_of_points_are_one_stop_of_the_keyboard(desktop: Visit) -> None:
    desktop.open("/#16/50.8005/8.9186&an=strassenbeleuchtung")
    expect(drawn(desktop.page)).not_to_have_count(0)
    stops = desktop.page.evaluate("document.querySelectorAll('.stage #karte :is(button, a, [tabindex])').length")
    assert stops == 0


def test_what_lies_in_view_is_listed_beside_the_map_too(desktop: Visit) -> None:
    page = desktop.page
    desktop.open("/")
    expect(page.locator("#theme-lists summary", has_text="Schulen")).to_have_count(0)
    page.get_by_label("Schulen", exact=True).check()
    page.locator("#theme-lists summary", has_text="Schulen").focus()
    page.keyboard.press("Enter")
    row = page.locator("#theme-lists .theme-list[open] button").first
    name = row.text_content()
    assert name
    row.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#answer h2")).to_have_text(name)
    expect(page.locator("#answer")).to_contain_text("Schulform")
    expect(page).to_have_url(re.compile(r"#17/"))
    page.keyboard.press("Escape")
    expect(row).to_be_focused()


def test_the_address_holds_the_view(desktop: Visit) -> None:
    desktop.open("/#14/50.80000/8.75000")
    page = desktop.page
    page.get_by_role("button", name="Vergrößern").click()
    expect(page).to_have_url(re.compile(r"#15/50\.8000\d/8\.7500\d$"))
    scale = str(page.locator("#scale").text_content())
    page.evaluate("location.hash = '#12/50.90000/8.60000'")
    expect(page.locator("#scale")).not_to_have_text(scale)
    page.get_by_role("button", name="Verkleinern").click()
    expect(page).to_have_url(re.compile(r"#11/50\.\d+/8\.\d+$"))


def test_when_the_data_are_away_the_map_says_so_and_tries_again(desktop: Visit) -> None:
    page = desktop.page
    for away in ("**/ogc/**", "**/hier?*"):
        page.route(away, lambda route: route.fulfill(status=503))
    desktop.open(f"/{PLACE}")
    expect(page.locator("#map-note")).to_contain_text("lassen sich gerade nicht abrufen")
    desktop.click_the_middle()
    expect(page.get_by_role("heading", name="Keine Antwort")).to_be_visible()
    for away in ("**/ogc/**", "**/hier?*"):
        page.unroute(away)
    page.locator("#map-note").get_by_role("button", name="Noch einmal").press("Enter")
    expect(page.locator("#map-note")).to_be_hidden()
    expect(page.locator("#karte")).to_be_focused()
    wait_for_drawing(page, "/bebauungsplaene/")
    assert coloured(page) > 1000
    page.locator("#answer").get_by_role("button", name="Noch einmal").click()
    expect(cards(page).first).to_contain_text("Am Hang")
    desktop.forgive("503")


def test_in_english_the_map_leads_to_english_pages(desktop: Visit, paths: dict[str, str]) -> None:
    page = desktop.page
    desktop.open(f"/?lang=en{PLACE}")
    page.locator("#in-view-list").get_by_role("button", name="Am Hang").click()
    all_about = page.get_by_role("link", name="All about this plan: Am Hang")
    expect(all_about).to_have_attribute("href", f"{paths['Am Hang']}?lang=en")
    page.get_by_role("button", name="Back").click()
    desktop.click_the_middle()
    expect(page.get_by_role("heading", name="What applies here?")).to_be_focused()
    page.get_by_role("button", name="Back").click()
    page.evaluate("location.hash = '#11/50.82183/8.71677&an=schulen'")
    page.locator("#theme-lists summary", has_text="Schools").click()
    page.locator("#theme-lists .theme-list[open] button").first.click()
    expect(page.locator("#answer .card__body")).to_contain_text("Type of school")
    page.goto(f"{desktop.address}{paths['Am Hang']}?lang=en")
    expect(page.get_by_role("link", name="Deutsch")).to_be_visible()


def test_what_changes_while_the_map_is_open_is_drawn_and_listed_anew(desktop: Visit) -> None:
    page = desktop.page
    held: list[Route] = []
    page.route("**/aktuell", lambda route: held.append(route))
    page.goto(f"{desktop.address}/#11/50.82183/8.71677&an=schulen")
    schools = page.locator("#theme-lists summary", has_text="Schulen")
    with page.expect_response(re.compile("/schulen/items")):
        schools.click()
    expect(page.locator("#in-view-list")).to_contain_text("Am Hang")
    page.wait_for_load_state("networkidle")
    told = 'id: 1\nevent: changed\ndata: ["bebauungsplaene", "schulen"]\n\n'
    with (
        page.expect_response(re.compile("/bebauungsplaene/items")),
        page.expect_response(re.compile("/schulen/items")),
        page.expect_response(re.compile("/ogc/tiles/")),
    ):
        held.pop().fulfill(status=200, content_type="text/event-stream", body=told)
    expect(page.locator("#live")).to_contain_text("aktualisiert um")
    expect(page.locator("#announcer")).to_contain_text("Schulen: aktualisiert")


def test_more_than_a_page_of_plans_is_told(desktop: Visit) -> None:
    def cut(route: Route) -> None:
        answer = route.fetch()
        page = answer.json()
        page["links"].append({"rel": "next", "href": f"{route.request.url}&offset=2"})
        del page["numberMatched"]
        route.fulfill(response=answer, json=page)

    desktop.page.route("**/bebauungsplaene/items*", cut)
    desktop.open(f"/{PLACE}")
    expect(desktop.page.locator("#in-view-list")).to_contain_text("Zoomen Sie heran")
    expect(desktop.page.locator("#in-view-count")).to_have_text("Mehr als 2 Pläne im Ausschnitt")


def test_a_plans_page_turns_its_outline_into_a_map(desktop: Visit, paths: dict[str, str]) -> None:
    desktop.open(paths["Am Hang"])
    page = desktop.page
    expect(page.locator(".plan-map .leaflet-container")).to_be_visible()
    expect(page.locator(".plan-outline")).to_have_count(0)
    page.get_by_role("link", name="Auf der großen Karte zeigen").click()
    expect(page.locator("#in-view-list")).to_contain_text("Am Hang")


def test_without_scripts_the_plans_are_still_there(browser: Browser, served: tuple[str, dict[str, str]]) -> None:
    with watched(browser, served[0], DESKTOP | {"java_script_enabled": False}) as opened:
        opened.open("/")
        expect(opened.page.locator("#karte")).to_be_hidden()
        opened.page.get_by_label("Adresse, Ort, Flurstück oder Plan").fill("hang")
        opened.page.get_by_role("button", name="Suchen").click()
        opened.page.get_by_role("link", name="Am Hang", exact=True).click()
        expect(opened.page.locator(".plan-outline")).to_be_visible()
        expect(opened.page.get_by_role("heading", level=1)).to_have_text("Am Hang")


def test_the_search_is_worked_by_keyboard_and_heard(desktop: Visit) -> None:
    desktop.open("/")
    page = desktop.page
    box = page.locator("#q")
    expect(box).to_have_attribute("aria-expanded", "false")
    box.focus()
    page.keyboard.insert_text("am hang")  # at once: between two letters half of it may be asked for
    options = page.locator("#suggestions").get_by_role("option")
    expect(options.first).to_contain_text("Am Hang")
    expect(page.locator("#announcer")).to_contain_text("1 Vorschlag")
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "suggestion-0")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")  # back in the box, with what was written
    expect(box).not_to_have_attribute("aria-activedescendant", "suggestion-0")
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Was gilt hier?")).to_be_focused()
    expect(cards(page).first).to_contain_text("Am Hang")
    expect(page).to_have_url(re.compile(r"#16/50\.82"))


def test_the_search_is_the_first_thing_on_a_phone(phone: Visit) -> None:
    phone.open("/")
    page = phone.page
    box = page.locator("#q")
    expect(box).to_be_visible()
    box.tap()
    page.keyboard.insert_text("50,82183 8,71677")  # at once: half of it is another place
    page.locator("#suggestions").get_by_role("option").first.tap()
    expect(cards(page).first).to_contain_text("Am Hang")
    expect(page.locator("#answer")).to_contain_text("Allgemeines Wohngebiet (WA)")


def test_a_search_that_finds_nothing_or_does_not_answer_says_so(desktop: Visit) -> None:
    desktop.open("/")
    page = desktop.page
    page.locator("#q").fill("xqzzyw")
    expect(page.locator("#suggestions").get_by_role("option")).to_have_text("Kein Treffer")
    page.route("**/suche?*", lambda route: route.fulfill(status=200, content_type="application/json", body="kaputt"))
    page.locator("#q").fill("hangweg")
    expect(page.locator("#announcer")).to_contain_text("Die Suche antwortet gerade nicht.")


def test_what_applies_here_needs_no_script_and_no_map(browser: Browser, served: tuple[str, dict[str, str]]) -> None:
    with watched(browser, served[0], PHONE | {"java_script_enabled": False}) as opened:
        page = opened.page
        opened.open("/hier")
        page.get_by_label("Adresse, Ort, Flurstück oder Plan").fill("50,82183 8,71677")
        page.get_by_role("button", name="Suchen").click()
        page.get_by_role("link", name=re.compile(r"Was gilt hier\?.*50,82183 N")).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Was gilt hier?")
        expect(cards(page).first).to_contain_text("Am Hang")
        page.get_by_role("button", name="Menü").tap()
        page.get_by_role("link", name="English").tap()
        expect(page.get_by_role("heading", level=1)).to_have_text("What applies here?")


def test_the_map_tells_coordinates_and_finds_ones_own_position(
    browser: Browser, served: tuple[str, dict[str, str]]
) -> None:
    given = DESKTOP | {"geolocation": {"latitude": 50.82183, "longitude": 8.71677}, "permissions": ["geolocation"]}
    with watched(browser, served[0], given) as opened:
        page = opened.page
        opened.open("/")
        page.get_by_role("button", name="Meinen Standort zeigen").click()
        expect(page).to_have_url(re.compile(r"#17/50\.82183/8\.71677"))
        expect(page.locator("#coordinates")).to_have_text("UTM 32 U 480.050 5.630.050")
        expect(page.locator("#announcer")).to_contain_text("Die Karte zeigt Ihren Standort.")
    with watched(browser, served[0], DESKTOP) as opened:  # nobody has given leave
        opened.open("/")
        opened.page.get_by_role("button", name="Meinen Standort zeigen").click()
        expect(opened.page.locator("#map-note")).to_contain_text("Standort")


@pytest.mark.parametrize("size", [(320, 256), (320, 640), (768, 1024)])
def test_nothing_is_lost_on_a_small_screen(
    browser: Browser, served: tuple[str, dict[str, str]], size: tuple[int, int]
) -> None:
    """WCAG 2.2, 1.4.10: 1280 x 1024 at 400 % is 320 x 256, and nothing may need scrolling in two directions."""
    address, paths = served
    with watched(browser, address, {"viewport": {"width": size[0], "height": size[1]}}) as opened:
        pages = ("/", "/plaene", paths[HOSTILE], "/gemeinde/06534008/", "/gemeinden/", "/suche?q=hang", HERE)
        for path in (*pages, f"{HERE}&lang=en"):
            opened.open(path)
            wide = opened.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= size[0], f"{path} is {wide} wide"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_axe_finds_nothing_to_fault(
    browser: Browser,
    served: tuple[str, dict[str, str]],
    device: str,
    scheme: Literal["light", "dark"],
) -> None:
    address, paths = served
    options = {**(PHONE if device == "phone" else DESKTOP), "color_scheme": scheme, "bypass_csp": True}
    found: dict[str, list[str]] = {}
    with watched(browser, address, options) as opened:
        page = opened.page
        for path in (
            "/plaene",
            paths["Am Hang"],
            paths[HOSTILE],
            "/gemeinden/",
            "/gemeinde/06534008/",
            "/impressum/",
            "/x",
            "/suche?q=hang",
            "/suche?q=xqzzyw",
            "/hier",
            HERE,
            f"{HERE}&lang=en",
            "/plaene?lang=en",
            "/themen/",
            "/thema/schulen/",
            "/datenschutz/",
            "/barrierefreiheit/",
        ):
            opened.open(path)
            found[path] = opened.axe()
        opened.open(f"/{PLACE}")
        found["map"] = opened.axe()
        page.locator("#karte").focus()
        page.keyboard.press("Enter")
        cards(page).first.wait_for()
        found["answer"] = opened.axe()
        page.locator("#q").fill("hang")
        page.locator(".suggestion").first.wait_for()
        found["suggestions"] = opened.axe()
        page.keyboard.press("Escape")
        if device == "phone":
            page.locator(".themes > summary").click()
        page.get_by_text("Zeichenerklärung").click()
        page.locator(".legend li").first.wait_for()
        found["legend"] = opened.axe()
        opened.forgive("404")  # of the page that is not there
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_the_menu_of_a_phone_is_behind_a_button_and_leaves_one_row(phone: Visit) -> None:
    page = phone.page
    for path in ("/", "/plaene"):
        phone.open(path)
        box = page.locator(".site-header").bounding_box()
        assert box is not None
        assert box["height"] <= 64
        button = page.get_by_role("button", name="Menü")
        menu = page.get_by_role("navigation", name="Hauptmenü")
        expect(menu).to_be_hidden()
        button.focus()
        page.keyboard.press("Enter")
        expect(menu.get_by_role("link", name="Gemeinden")).to_be_visible()
        page.keyboard.press("Escape")
        expect(menu).to_be_hidden()
        expect(button).to_be_focused()
    button.tap()
    menu.get_by_role("link", name="Themen").tap()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_pure_parts_of_the_scripts(desktop: Visit) -> None:
    desktop.open("/impressum/")

    def js(expression: str) -> Any:
        module, _, call = expression.partition(".")
        return desktop.page.evaluate(f"import('/static/js/{module}.js').then((m) => m.{call})")

    assert js("location-hash.parseHash('#14/50.8/8.75')") == {"center": [50.8, 8.75], "zoom": 14}
    for nonsense in ("", "#karte", "#14/50.8", "#14/95/8", "#x/50/8", "#14/50/8/1"):
        assert js(f"location-hash.parseHash('{nonsense}')") is None
    assert js("scale.scaleBar(10).text") == "1 km"
    assert js("scale.scaleBar(0.3).text") == "20 m"
    assert js("words.daysLeft('2026-12-18', '2026-11-22')") == "noch 26 Tage"
    # as PROJ has it for EPSG:25832, to the millimetre
    place = js("utm.utm({lat: 50.8023, lng: 8.7712}, 32)")
    assert (place["east"], place["north"]) == pytest.approx(
        Transformer.from_crs(4326, 25832).transform(50.8023, 8.7712), abs=2e-3
    )
    assert js("utm.utmText({lat: 50.8023, lng: 8.7712}, 32)") == "32 U 483.877 5.627.865"
    assert js("words.germanDate('2026-03-01')") == "1. März 2026"

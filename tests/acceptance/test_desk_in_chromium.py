"""The desk as planners see it: Debian's Chromium, a served portal, a real worker; each role, desktop and phone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from geoportal.accounts.roles import Role
from geoportal.database import owner_engine
from geoportal.settings import Settings
from tests.acceptance.at_desk import document, fits, seat, staffed
from tests.acceptance.portal import DESKTOP, PHONE, watched
from tests.desk import OWN
from tests.files import feature, polygon, prop
from tests.integration.test_mapping import table

pytestmark = pytest.mark.browser

HOSTILE = "Am Hang <img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def served(module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with staffed(module_furnished, tmp_path_factory.mktemp("worker")) as address:
        yield address


@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_from_the_offices_file_to_the_public_plan_and_back(
    browser: Browser, served: str, tmp_path: Path, device: Literal["desktop", "phone"]
) -> None:
    options = DESKTOP if device == "desktop" else PHONE
    name = f"{HOSTILE} {device}"
    file = tmp_path / "am-hang.gml"
    file.write_text(document(name), "utf-8")
    with seat(browser, served, options, Role.OFFICE) as office:
        page = office.page
        page.get_by_role("link", name="Dateien liefern").click()
        page.get_by_text("oder hierher ziehen").wait_for()  # until the script is there, the form is sent as without it
        page.get_by_label("Dateien auswählen").set_input_files(file)
        page.get_by_role("button", name="Liefern", exact=True).click()
        page.get_by_role("link", name="Bericht zu am-hang.gml").click()
        page.get_by_role("heading", name="Bericht").wait_for()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(page.locator(".desk-findings")).to_contain_text("Ungültige Geometrie wurde repariert")
        page.locator("#befundkarte canvas").wait_for()
        expect(page.get_by_role("button", name="Veröffentlichen")).to_have_count(0)
        assert fits(page)
        page.get_by_role("button", name="Zur Freigabe geben").click()
        expect(page.locator(".plan-head__state")).to_contain_text("Zur Freigabe")
        address = page.url.removeprefix(served)
    with seat(browser, served, options, Role.PUBLISHER) as publisher:
        page = publisher.page
        page.get_by_role("link", name=name).first.click()
        page.get_by_role("button", name="Veröffentlichen").click()
        expect(page.locator(".plan-head__state")).to_contain_text("Veröffentlicht")
        page.get_by_role("link", name="öffentlich", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(name)
        publisher.open(address)
        page.locator(".desk-card h3 a").click()
        page.get_by_text("Plan zurückziehen").click()
        page.get_by_label("Grund").first.fill("Probe")
        page.get_by_role("button", name="Zurückziehen").click()
        expect(page.get_by_text("Zurzeit ist keine Fassung öffentlich.")).to_be_visible()
        page.locator("summary", has_text="wiederherstellen").last.click()
        page.get_by_label("Grund").last.fill("doch richtig")
        page.get_by_role("button", name="Wiederherstellen").last.click()
        expect(page.get_by_role("link", name="Öffentliche Seite")).to_be_visible()


def test_the_findings_are_walked_through_with_the_keyboard_alone(browser: Browser, served: str, tmp_path: Path) -> None:
    file = tmp_path / "tasten.gml"
    file.write_text(document("Tasten"), "utf-8")
    with seat(browser, served, DESKTOP, Role.PLANNER) as planner:
        page = planner.page
        planner.open("/werkbank/liefern")
        page.get_by_label("Dateien auswählen").set_input_files(file)
        page.get_by_role("button", name="Liefern", exact=True).press("Enter")
        page.get_by_role("link", name="Bericht zu tasten.gml").press("Enter")
        page.get_by_role("heading", name="Bericht").wait_for()
        page.locator("#befundkarte canvas").wait_for()
        page.keyboard.press("n")
        first = page.locator(".desk-finding[aria-current]")
        expect(first).to_have_count(1)
        number = first.get_attribute("data-number")
        expect(page.locator("#said")).to_contain_text(f"Befund {number}")
        page.keyboard.press("n")
        page.keyboard.press("p")
        expect(page.locator(".desk-finding[aria-current]")).to_have_attribute("data-number", str(number))
        page.get_by_label("Enthält").focus()
        page.keyboard.type("np")
        expect(page.get_by_label("Enthält")).to_have_value("np")
        expect(page.locator(".desk-finding[aria-current]")).to_have_attribute("data-number", str(number))


def test_two_versions_stand_side_by_side(browser: Browser, served: str, tmp_path: Path) -> None:
    street = feature("BP_StrassenVerkehrsFlaeche", "s", prop("position", polygon("0 0 10 0 10 10 0 10 0 0")))
    with seat(browser, served, DESKTOP, Role.KREIS) as kreis:
        page = kreis.page
        for name, extra in (("Alt", ()), ("Neu", (street,))):
            file = tmp_path / f"{name}.gml"
            file.write_text(document(f"Vergleich {name}", *extra).replace(">5<", ">55<"), "utf-8")
            kreis.open("/werkbank/liefern")
            page.get_by_label("Für welche Gemeinde?").select_option(OWN)
            page.get_by_label("Dateien auswählen").set_input_files(file)
            page.get_by_role("button", name="Liefern", exact=True).click()
            page.get_by_role("link", name=f"Bericht zu {name}.gml").click()
            page.get_by_role("heading", name="Bericht").wait_for()
            page.get_by_role("button", name="Zur Freigabe geben").click()
            if name == "Alt":
                page.get_by_role("button", name="Veröffentlichen").click()
                expect(page.locator(".plan-head__state")).to_contain_text("Veröffentlicht")
        page.get_by_role("link", name="was sich ändert").press("Enter")
        pictures = page.locator("#stage .leaflet-image-layer")
        expect(pictures).to_have_count(2)
        expect(page.get_by_role("main")).to_contain_text("Vergleich Neu")
        expect(page.locator(".desk-changes")).to_contain_text("Straßenverkehrsfläche")
        drawn = [each.get_attribute("src") for each in pictures.all()]
        page.keyboard.press("n")
        expect(page.locator(".desk-changes [aria-current]")).to_have_attribute("data-number", "1")
        expect(page.locator("#shown-difference")).to_contain_text("Neu")
        for before in drawn:
            expect(page.locator(f'#stage .leaflet-image-layer[src="{before}"]')).to_have_count(0)
        page.get_by_label("Grenze zwischen").focus()
        page.keyboard.press("Home")
        line = page.locator(".desk-swipe__line").bounding_box()
        stage = page.locator("#stage").bounding_box()
        assert line is not None
        assert stage is not None
        assert abs(line["x"] - stage["x"]) < 5
        page.get_by_role("button", name="Nebeneinander").press("Enter")
        expect(page.locator(".desk-picture img")).to_have_count(2)
        expect(page.locator(".desk-picture").first).to_be_visible()


def test_it_works_without_script(browser: Browser, served: str, tmp_path: Path) -> None:
    file = tmp_path / "ohne.gml"
    file.write_text(document("Ohne Skript").replace(">5<", ">56<"), "utf-8")
    with seat(browser, served, {**DESKTOP, "java_script_enabled": False}, Role.PLANNER) as planner:
        page = planner.page
        planner.open("/werkbank/liefern")
        page.get_by_label("Dateien auswählen").set_input_files(file)
        page.get_by_role("button", name="Liefern", exact=True).click()
        page.get_by_role("heading", name="Bericht").wait_for()
        page.get_by_label("Schwere").select_option("warning")
        page.get_by_role("button", name="Filtern").click()
        expect(page.locator(".desk-findings")).to_contain_text("Warnung")
        page.get_by_role("button", name="Zur Freigabe geben").click()
        expect(page.locator(".plan-head__state")).to_contain_text("Zur Freigabe")


def test_columns_are_mapped_on_a_phone(browser: Browser, served: str, tmp_path: Path) -> None:
    file = tmp_path / "bestand.geojson"
    row = {"Plan_Nr": "21", "Bezeichnung": "Am Teich", "Zustand": "im Gange", "Art": "Qualif. Plan"}
    file.write_text(table(row), "utf-8")
    with seat(browser, served, PHONE, Role.PLANNER) as planner:
        page = planner.page
        planner.open("/werkbank/liefern")
        page.get_by_label("Dateien auswählen").set_input_files(file)
        page.get_by_role("button", name="Liefern", exact=True).click()
        page.get_by_role("link", name="Bericht zu bestand.geojson").click()
        page.get_by_role("link", name="Spalten zuordnen").click(timeout=60_000)
        art = page.get_by_label("Art", exact=False).first
        art.wait_for()
        assert fits(page)
        box = art.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= PHONE["viewport"]["width"]
        art.select_option("planart")
        page.get_by_role("button", name="Zuordnung speichern").click()
        page.get_by_label("Qualif. Plan bei Bebauungsplan").select_option("10001")
        page.get_by_label("im Gange bei Bebauungsplan").select_option("2000")
        page.get_by_role("button", name="Zuordnung speichern").click()
        page.get_by_role("button", name="Diese Datei noch einmal lesen").click()
        page.get_by_role("heading", name="Bericht").wait_for(timeout=60_000)
        page.get_by_role("button", name="Zur Freigabe geben").click()
        page.get_by_role("link", name="Vorschau", exact=True).click()
        expect(page.locator("#stage .leaflet-image-layer")).to_have_count(1)
        assert fits(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_axe_finds_nothing_to_fault(
    browser: Browser, served: str, module_furnished: Settings, device: str, scheme: Literal["light", "dark"]
) -> None:
    options = {**(PHONE if device == "phone" else DESKTOP), "color_scheme": scheme, "bypass_csp": True}
    engine = owner_engine(module_furnished.require_database_url())
    with engine.connect() as connection:
        number = connection.scalar(text("SELECT max(id) FROM plans.upload WHERE state = 'in_review'"))
        rows = connection.scalar(text("SELECT max(id) FROM plans.upload WHERE filename = 'bestand.geojson'"))
        draft = connection.scalar(text("SELECT max(id) FROM plans.version WHERE state = 'in_review'"))
        plan_id = connection.scalar(text("SELECT plan_id FROM plans.version WHERE version = 2"))
    engine.dispose()
    found = {}
    with watched(browser, served, options, cookies=True) as somebody:
        somebody.open("/werkbank/anmelden")
        found["anmelden"] = somebody.axe()
        somebody.sign_in(Role.KREIS)
        for path in (
            "/", f"/?gemeinde={OWN}", "/liefern", f"/lieferung/{number}", f"/plan/{plan_id}",
            f"/plan/{plan_id}/vergleich?neu=2", f"/lieferung/{rows}/spalten", f"/fassung/{draft}",
            "/protokoll", "/konto",
        ):  # fmt: skip
            somebody.open(f"/werkbank{path}")
            found[path] = somebody.axe()
    assert {path: faults for path, faults in found.items() if faults} == {}

"""Whole ways through the desk in Chromium: without a mouse, as who only reads, as the Kreis, and with mishaps."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Route, expect
from sqlalchemy import Engine, text

from geoportal import operations
from geoportal.accounts.roles import Role
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.settings import Settings
from plans_ingest.gemeinden import gemeinde_of
from tests.acceptance.at_desk import Keys, deliver, document, fits, seat, staffed
from tests.acceptance.portal import DESKTOP, PHONE, Visit
from tests.desk import OWN, PASSWORD
from tests.files import feature, polygon, prop, write

pytestmark = pytest.mark.browser

Device = Literal["desktop", "phone"]
OPTIONS = {"desktop": DESKTOP, "phone": PHONE}
STREET = feature("BP_StrassenVerkehrsFlaeche", "s", prop("position", polygon("0 0 10 0 10 10 0 10 0 0")))


@pytest.fixture(scope="module")
def served(module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with staffed(module_furnished, tmp_path_factory.mktemp("worker")) as address:
        yield address


@pytest.fixture
def owner(module_furnished: Settings) -> Iterator[Engine]:
    engine = owner_engine(module_furnished.require_database_url())
    yield engine
    engine.dispose()


def publish(owner: Engine, settings: Settings, file: Path) -> None:
    """By the operator, at once."""
    operations.deliver(owner, Archive(settings.archive), file, gemeinde_of(OWN))


def test_from_the_sign_in_to_the_public_plan_and_back_without_a_mouse(
    browser: Browser, served: str, owner: Engine, module_furnished: Settings, tmp_path: Path
) -> None:
    publish(owner, module_furnished, write(tmp_path / "erste.gml", document("Ohne Maus", nummer="81")))
    file = write(tmp_path / "zweite.gml", document("Ohne Maus", STREET, nummer="81"))
    context = browser.new_context(**DESKTOP)
    context.set_default_timeout(120_000)
    page = context.new_page()
    visit, keys = Visit(page, served), Keys(page)
    faults: dict[str, list[str]] = {}
    page.goto(f"{served}/werkbank/")
    faults["Anmeldung"] = visit.axe()
    keys.type(page.get_by_label("E-Mail-Adresse"), f"{Role.KREIS}@example.org")
    keys.type(page.get_by_label("Passwort"), PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Übersicht").wait_for()
    faults["Übersicht"] = visit.axe()
    keys.press(page.get_by_role("link", name="Dateien liefern"))
    page.get_by_text("oder hierher ziehen").wait_for()
    gemeinde = page.get_by_label("Für welche Gemeinde?")
    keys.to(gemeinde)
    page.keyboard.type("Ebsdorf")
    expect(gemeinde).to_have_value(OWN)
    keys.choose(page.get_by_label("Dateien auswählen"), file)
    keys.press(page.get_by_role("button", name="Liefern", exact=True))
    report = page.get_by_role("link", name="Bericht zu zweite.gml")
    report.wait_for()
    faults["Liefern"] = visit.axe()
    keys.press(report)
    page.get_by_role("heading", name="Bericht", exact=True).wait_for()
    page.locator("#befundkarte canvas").wait_for()
    faults["Lieferung"] = visit.axe()

    shown = page.locator(".desk-finding[aria-current]")
    page.keyboard.press("n")
    expect(shown).to_have_count(1)
    number = str(shown.get_attribute("data-number"))
    keys.press(page.get_by_role("button", name="Nächster"))
    keys.press(page.get_by_role("button", name="Voriger"))
    expect(shown).to_have_attribute("data-number", number)
    keys.press(page.get_by_label("Tasten N und P"), "Space")
    page.keyboard.press("n")
    expect(page.locator("#said")).to_contain_text(f"Befund {number}:")
    page.reload()
    page.locator("#befundkarte canvas").wait_for()
    expect(page.get_by_label("Tasten N und P")).not_to_be_checked()
    keys.press(page.get_by_label("Tasten N und P"), "Space")

    keys.press(page.get_by_role("link", name="Angaben und Dokumente von"))
    keys.to(page.get_by_label("Rechtsstand"))
    page.keyboard.type("Entwurf")
    keys.press(page.get_by_text("Weitere Angaben"))
    keys.type(page.get_by_label("Beschreibung", exact=True), "Zwölf Häuser am Hang")
    keys.press(page.get_by_role("button", name="Angaben speichern"))
    expect(page.get_by_text("Gespeichert.")).to_be_visible()
    faults["Angaben"] = visit.axe()
    keys.press(page.get_by_role("link", name="Lieferung"))

    keys.press(page.get_by_role("button", name="Zur Freigabe geben"))
    expect(page.locator(".plan-head__state")).to_contain_text("Zur Freigabe")
    keys.press(page.get_by_role("link", name="Vorschau und was sich ändert"))
    expect(page.locator("#stage .leaflet-image-layer")).to_have_count(2)
    faults["Vorschau"] = visit.axe()
    keys.press(page.get_by_label("Grenze zwischen"), "Home")
    page.keyboard.press("n")
    expect(page.locator("#shown-difference")).to_contain_text("Neu")
    keys.press(page.get_by_role("button", name="Nebeneinander"))
    expect(page.locator(".desk-picture").first).to_be_visible()
    keys.press(page.get_by_role("link", name="Zur Lieferung"))
    keys.press(page.get_by_role("button", name="Veröffentlichen", exact=True))
    expect(page.locator(".plan-head__state")).to_contain_text("Veröffentlicht")
    faults["Veröffentlicht"] = visit.axe()

    keys.press(page.get_by_role("heading", level=3).get_by_role("link", name="Ohne Maus"))
    keys.press(page.locator("summary", has_text="Fassung 1 wiederherstellen"))
    keys.type(page.locator("#grund-1"), "Die Straße war falsch")
    keys.press(page.locator("details[open]").get_by_role("button", name="Wiederherstellen"))
    expect(page.get_by_text("wiederhergestellt aus Fassung 1")).to_be_visible()
    faults["Plan"] = visit.axe()
    keys.press(page.get_by_role("link", name="Öffentliche Seite"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ohne Maus")
    context.close()
    assert {name: found for name, found in faults.items() if found} == {}


@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_an_auditor_reads_all_and_finds_nothing_to_change(
    browser: Browser, served: str, owner: Engine, module_furnished: Settings, tmp_path: Path, device: Device
) -> None:
    name = f"Geprüft am {device}"
    nummer = {"desktop": "91", "phone": "92"}[device]
    publish(owner, module_furnished, write(tmp_path / "eins.gml", document(name, nummer=nummer)))
    with seat(browser, served, OPTIONS[device], Role.PLANNER) as planner:
        planner.open("/werkbank/liefern")
        deliver(planner.page, write(tmp_path / f"zwei-{device}.gml", document(name, STREET, nummer=nummer)))
        planner.page.get_by_role("link", name=f"Bericht zu zwei-{device}.gml").click()
        planner.page.get_by_role("button", name="Zur Freigabe geben").click()
        expect(planner.page.locator(".plan-head__state")).to_contain_text("Zur Freigabe")
    faults: dict[str, list[str]] = {}
    with seat(browser, served, OPTIONS[device], Role.AUDITOR) as auditor:
        page = auditor.page

        def look(where: str) -> None:
            faults[where] = auditor.axe()
            assert fits(page), where
            # signing out and handing on the link to a report change no data
            forms = "form[method=post]:not([action$='/abmelden'], [action$='/weitergeben'])"
            changes = page.locator(
                f"{forms} :is(button, input:not([type=hidden], [readonly]), select, textarea:not([readonly])):enabled"
            )
            expect(changes).to_have_count(0)

        look("Übersicht")
        page.locator(".desk-kreis a").first.wait_for()
        page.get_by_label("Die Karte zeigt").select_option("zeichnung")
        page.get_by_role("button", name="Zeigen", exact=True).click()
        page.get_by_role("row", name="Ebsdorfergrund").first.get_by_role("link").first.click()
        page.get_by_role("link", name=name).first.click()
        page.get_by_role("heading", name="Bericht", exact=True).wait_for()
        page.locator("#befundkarte canvas").wait_for()
        page.get_by_role("button", name="Nächster").click()
        expect(page.locator(".desk-finding[aria-current]")).to_have_count(1)
        look("Lieferung")
        page.get_by_role("link", name="Angaben und Dokumente von").click()
        expect(page.get_by_text("Ihr Konto darf hier nur lesen.")).to_be_visible()
        look("Angaben")
        page.get_by_role("link", name="Lieferung").click()
        page.get_by_role("link", name="Vorschau und was sich ändert").click()
        expect(page.locator("#stage .leaflet-image-layer")).to_have_count(2)
        look("Vorschau")
        page.get_by_role("navigation", name="Sie sind hier").get_by_role("link", name=name).click()
        page.get_by_role("heading", name="Fassungen").wait_for()
        look("Plan")
        page.get_by_role("link", name="Protokoll").click()
        page.get_by_label("Name, Datei oder Grund").fill(f"{Role.PLANNER}@example.org")
        page.get_by_role("button", name="Suchen").click()
        expect(page.get_by_role("row", name="zur Freigabe").first).to_be_visible()
        look("Protokoll")
        with page.expect_download() as asked:
            page.get_by_role("link", name="Das ganze Protokoll als CSV").click()
        told = asked.value.path().read_text("utf-8")
        assert "delivered" in told
        page.get_by_role("link", name="Beteiligungen").click()
        page.get_by_role("heading", name="Beteiligungen").wait_for()
        look("Beteiligungen")
        expect(page.get_by_role("link", name="Liefern", exact=True)).to_have_count(0)
        expect(page.get_by_role("link", name="Konten")).to_have_count(0)
    assert {where: found for where, found in faults.items() if found} == {}


@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_the_kreis_invites_somebody_gives_a_role_and_locks_the_account(
    browser: Browser, served: str, device: Device
) -> None:
    faults = {}
    with seat(browser, served, OPTIONS[device], Role.KREIS) as kreis:
        page = kreis.page
        page.get_by_role("link", name="Konten").click()
        page.get_by_label("Name").fill(f"Neu am {device}")
        page.get_by_label("E-Mail-Adresse").fill(f"neu-{device}@example.org")
        page.get_by_label("Rolle").select_option(Role.PLANNER)
        page.get_by_label("Gemeinde").select_option(OWN)
        page.get_by_role("button", name="Einladen").click()
        expect(page.locator(".desk-secret")).to_contain_text("/werkbank/einladung/")
        faults["Konten"] = kreis.axe()
        assert fits(page)
        page.get_by_role("link", name=f"Neu am {device}").click()
        page.get_by_text("Rolle geben").click()
        page.get_by_label("Rolle").select_option(Role.PUBLISHER)
        page.get_by_label("Gemeinde").select_option(OWN)
        page.get_by_role("button", name="Geben").click()
        expect(page.get_by_role("heading", name="Freigabe: Ebsdorfergrund")).to_be_visible()
        page.get_by_text("Konto sperren …").click()
        page.get_by_role("button", name="Konto sperren").click()
        expect(page.get_by_text("Gesperrt")).to_be_visible()
        faults["Konto"] = kreis.axe()
        assert fits(page)
    assert {where: found for where, found in faults.items() if found} == {}


def test_an_upload_goes_on_after_the_session_has_ended_and_after_the_browser_was_closed(
    browser: Browser, served: str, owner: Engine, tmp_path: Path
) -> None:
    """Three pieces of four megabytes: the session ends after the first, the browser is closed after the second."""
    file = write(tmp_path / "lang.gml", document("Lang", nummer="71") + " " * (9 * 1024**2))
    offsets: list[str] = []

    def end_the_session(route: Route) -> None:
        if route.request.method != "PATCH":
            route.continue_()
            return
        offsets.append(route.request.headers["upload-offset"])
        if len(offsets) == 2:
            with owner.begin() as connection:
                connection.execute(text("DELETE FROM desk.session"))
        route.continue_()

    with seat(browser, served, DESKTOP, Role.PLANNER) as planner:
        page = planner.page
        planner.open("/werkbank/liefern")
        page.route("**/werkbank/tus/*", end_the_session)
        deliver(page, file)
        expect(page.locator("#transfers")).to_contain_text("Ihre Sitzung ist beendet.")
        page.get_by_role("link", name="Neu anmelden").click()
        page.get_by_label("E-Mail-Adresse").fill(f"{Role.PLANNER}@example.org")
        page.get_by_label("Passwort").fill(PASSWORD)
        page.get_by_role("button", name="Anmelden", exact=True).click()
        expect(page.locator("#begun")).to_contain_text("lang.gml")
        page.unroute("**/werkbank/tus/*")
        sent = []

        def close_after_one(route: Route) -> None:
            if route.request.method != "PATCH":
                route.continue_()
                return
            sent.append(route.request.headers["upload-offset"])
            if len(sent) == 1:
                route.continue_()  # and the next one never leaves the browser, which is closed

        page.route("**/werkbank/tus/*", close_after_one)
        third = str(8 * 1024**2)
        with page.expect_request(lambda request: request.headers.get("upload-offset") == third):
            deliver(page, file)
        expect(page.locator("#begun")).not_to_contain_text("lang.gml")
        planner.forgive("401")
    assert offsets == ["0", str(4 * 1024**2)]
    assert sent[0] == str(4 * 1024**2)
    with seat(browser, served, PHONE, Role.PLANNER) as again:
        again.open("/werkbank/liefern")
        expect(again.page.locator("#begun")).to_contain_text("lang.gml")
        assert fits(again.page)
        with again.page.expect_request(lambda request: request.method == "PATCH") as first:
            deliver(again.page, file)
        assert first.value.headers["upload-offset"] == str(8 * 1024**2)
        again.page.get_by_role("link", name="Bericht zu lang.gml").click()
        again.page.get_by_role("heading", name="Bericht", exact=True).wait_for()
    with owner.connect() as connection:
        size = connection.scalar(text("SELECT size FROM plans.upload WHERE filename = 'lang.gml'"))
    assert size == file.stat().st_size


def test_long_names_fit_a_window_at_400_percent(browser: Browser, served: str, tmp_path: Path) -> None:
    file = write(tmp_path / f"{'bebauungsplan' * 9}.gml", document(f"Südlich der Bahn_{'x' * 100}", nummer="91"))
    with seat(browser, served, {"viewport": {"width": 320, "height": 256}}, Role.KREIS) as kreis:
        page = kreis.page
        kreis.open("/werkbank/liefern")
        deliver(page, file)
        page.get_by_role("link", name="Bericht zu").click()
        page.get_by_role("button", name="Zur Freigabe geben").click()
        expect(page.locator(".desk-done")).to_contain_text("Zur Freigabe gegeben")
        assert fits(page)
        for path in ("/", "/plaene", "/protokoll", "/konten", "/konto", "/beteiligungen"):
            kreis.open(f"/werkbank{path}")
            assert fits(page), path
            assert kreis.axe() == [], path


def test_back_after_publishing_and_a_second_tab_publish_nothing_again(
    browser: Browser, served: str, owner: Engine, tmp_path: Path
) -> None:
    with seat(browser, served, DESKTOP, Role.KREIS) as kreis:
        page = kreis.page
        kreis.open("/werkbank/liefern")
        deliver(page, write(tmp_path / "zweifach.gml", document("Zweifach", nummer="61")))
        page.get_by_role("link", name="Bericht zu zweifach.gml").click()
        page.get_by_role("button", name="Zur Freigabe geben").click()
        page.get_by_role("button", name="Veröffentlichen", exact=True).wait_for()
        other = page.context.new_page()
        other.goto(page.url)
        page.get_by_role("button", name="Veröffentlichen", exact=True).click()
        expect(page.locator(".plan-head__state")).to_contain_text("Veröffentlicht")
        page.get_by_role("link", name="öffentlich", exact=True).click()
        page.go_back()
        expect(page.locator(".plan-head__state")).to_contain_text("Veröffentlicht")
        expect(page.get_by_role("button", name="Veröffentlichen", exact=True)).to_have_count(0)
        other.get_by_role("button", name="Veröffentlichen", exact=True).click()
        expect(other.locator(".plan-head__state")).to_contain_text("Veröffentlicht")
    with owner.connect() as connection:
        told = "SELECT count(*) FROM desk.audit WHERE action = 'published' AND detail::text LIKE '%Zweifach%'"
        assert connection.scalar(text(told)) == 1

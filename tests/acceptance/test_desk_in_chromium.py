"""The desk as planners see it: Debian's Chromium, a served portal, a real worker; each role, desktop and phone."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright
from sqlalchemy import text
from werkzeug.serving import make_server

from geoportal import operations, wsgi
from geoportal.accounts import people
from geoportal.accounts.passwords import Passwords
from geoportal.accounts.roles import Role
from geoportal.database import owner_engine
from geoportal.settings import Settings
from tests.acceptance.portal import AXE, CHROMIUM, DESKTOP, PHONE
from tests.desk import OWN, PASSWORD, membership
from tests.files import feature, plan, polygon, prop, xplangml

pytestmark = pytest.mark.browser

WORKER = """
import sys
from dataclasses import replace
from pathlib import Path
from geoportal import jobs
from geoportal.settings import Settings
settings = replace(Settings.from_env({}), database_url=sys.argv[1], data=Path(sys.argv[2]), home=Path(sys.argv[3]))
jobs.work(settings, parallel=1, heartbeat=0.5)
"""
BOWTIE = "0 0 100 100 100 0 0 100 0 0"
HOSTILE = "Am Hang <img src=x onerror=alert(1)>"


def document(name: str, *extra: str) -> str:
    art = prop("besondereArtDerBaulNutzung", "1200")
    return xplangml(
        plan(name=name.replace("<", "&lt;")),
        feature("BP_BaugebietsTeilFlaeche", "a", prop("position", polygon(BOWTIE)) + art),
        *extra,
    )


@dataclass
class Seat:
    """A browser of one person, and what its pages did that a page of ours must never do."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)

    def sign_in(self, role: Role) -> None:
        self.open("/werkbank/")
        self.page.get_by_label("E-Mail-Adresse").fill(f"{role}@example.org")
        self.page.get_by_label("Passwort").fill(PASSWORD)
        self.page.get_by_role("button", name="Anmelden", exact=True).click()
        self.page.get_by_role("heading", name="Übersicht").wait_for()


@pytest.fixture(scope="module")
def served(module_database: Settings) -> Iterator[str]:
    engine = owner_engine(module_database.require_database_url())
    operations.prepare(engine)
    operations.sync_layers(engine, module_database)
    from datetime import UTC, datetime

    now, passwords = datetime.now(UTC), Passwords()
    for role in Role:
        secret = people.invite(engine, f"{role}@example.org", role.title(), [membership(role)], now)
        assert secret is not None
        people.choose_password(engine, passwords, secret, PASSWORD, "-", now)
    engine.dispose()
    server = make_server("127.0.0.1", 0, lambda *request: application(*request), threaded=True)
    address = f"http://127.0.0.1:{server.port}"
    application = wsgi.create(replace(module_database, port=server.port, public_url=address, requests_per_second=0))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    arguments = [module_database.require_database_url(), str(module_database.data), str(module_database.home)]
    worker = subprocess.Popen([sys.executable, "-c", WORKER, *arguments])
    yield address
    worker.kill()
    worker.wait()
    server.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@contextmanager
def seat(browser: Browser, address: str, options: dict[str, Any], role: Role | None) -> Iterator[Seat]:
    """Fails when a page asks another host, breaks the policy, or throws."""
    context = browser.new_context(**options)
    context.set_default_timeout(20_000)
    opened = Seat(context.new_page(), address)

    def guard(route: Route) -> None:
        if route.request.url.startswith(address):
            route.continue_()
        else:
            opened.faults.append(f"asks {route.request.url}")
            route.abort()

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            opened.faults.append(f"{message.type}: {message.text}")

    context.route("**/*", guard)
    opened.page.on("console", listen)
    opened.page.on("pageerror", lambda error: opened.faults.append(f"throws {error}"))
    opened.page.on("dialog", lambda dialog: opened.faults.append(f"says {dialog.message}"))
    if role is not None:
        opened.sign_in(role)
    yield opened
    context.close()
    assert opened.faults == []


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
        page.get_by_label("Dateien auswählen").set_input_files(file)
        page.get_by_role("button", name="Liefern", exact=True).click()
        page.get_by_role("link", name="Bericht zu am-hang.gml").click()
        page.get_by_role("heading", name="Bericht").wait_for(timeout=60_000)
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(page.locator(".desk-findings")).to_contain_text("Ungültige Geometrie wurde repariert")
        page.locator("#befundkarte canvas").wait_for()
        expect(page.get_by_role("button", name="Veröffentlichen")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
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
        page.get_by_role("heading", name="Bericht").wait_for(timeout=60_000)
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
            page.get_by_role("heading", name="Bericht").wait_for(timeout=60_000)
            page.get_by_role("button", name="Zur Freigabe geben").click()
            if name == "Alt":
                page.get_by_role("button", name="Veröffentlichen").click()
                expect(page.locator(".plan-head__state")).to_contain_text("Veröffentlicht")
        page.get_by_role("link", name="was sich ändert").click()
        expect(page.locator("#before canvas")).to_be_visible()
        expect(page.locator("#after canvas")).to_be_visible()
        expect(page.get_by_role("main")).to_contain_text("Vergleich Neu")
        expect(page.locator(".desk-diff--added")).to_contain_text("1 ×")


def test_it_works_without_script(browser: Browser, served: str, tmp_path: Path) -> None:
    file = tmp_path / "ohne.gml"
    file.write_text(document("Ohne Skript").replace(">5<", ">56<"), "utf-8")
    with seat(browser, served, {**DESKTOP, "java_script_enabled": False}, Role.PLANNER) as planner:
        page = planner.page
        planner.open("/werkbank/liefern")
        page.get_by_label("Dateien auswählen").set_input_files(file)
        page.get_by_role("button", name="Liefern", exact=True).click()
        page.get_by_role("heading", name="Bericht").wait_for(timeout=60_000)
        page.get_by_label("Schwere").select_option("warning")
        page.get_by_role("button", name="Filtern").click()
        expect(page.locator(".desk-findings")).to_contain_text("Warnung")
        page.get_by_role("button", name="Zur Freigabe geben").click()
        expect(page.locator(".plan-head__state")).to_contain_text("Zur Freigabe")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_axe_finds_nothing_to_fault(
    browser: Browser, served: str, module_database: Settings, device: str, scheme: Literal["light", "dark"]
) -> None:
    axe = (module_database.home / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
    options = {**(PHONE if device == "phone" else DESKTOP), "color_scheme": scheme, "bypass_csp": True}
    engine = owner_engine(module_database.require_database_url())
    with engine.connect() as connection:
        number = connection.scalar(text("SELECT max(id) FROM plans.upload WHERE state = 'in_review'"))
        plan_id = connection.scalar(text("SELECT plan_id FROM plans.version WHERE version = 2"))
    engine.dispose()
    found = {}
    with seat(browser, served, options, None) as somebody:
        page = somebody.page
        somebody.open("/werkbank/anmelden")
        page.evaluate(axe)
        found["anmelden"] = page.evaluate(AXE)
        somebody.sign_in(Role.KREIS)
        for path in (
            "/", f"/?gemeinde={OWN}", "/liefern", f"/lieferung/{number}", f"/plan/{plan_id}",
            f"/plan/{plan_id}/vergleich?neu=2", "/protokoll", "/konto",
        ):  # fmt: skip
            somebody.open(f"/werkbank{path}")
            page.wait_for_load_state("networkidle")
            page.evaluate(axe)
            found[path] = page.evaluate(AXE)
    assert {path: faults for path, faults in found.items() if faults} == {}

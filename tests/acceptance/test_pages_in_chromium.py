"""Pages as a citizen meets them elsewhere: inside a town's page, and without a network. Real Chromium, real servers."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import text
from werkzeug.serving import make_server

from geoportal import operations, wsgi
from geoportal.archive import Archive
from geoportal.database import owner_engine, reader_engine
from geoportal.packages import refresh_packages
from geoportal.settings import Settings
from tests.files import archive, pdf, plan, prop, write, xplangml

pytestmark = pytest.mark.browser

CHROMIUM = "/usr/bin/chromium"
DESKTOP: dict[str, Any] = {"viewport": {"width": 1400, "height": 900}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PLACE = "#17/50.82183/8.71677"
AXE = """async () => (await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
    "best-practice"]})).violations.map(({id, nodes}) => `${id}: ${nodes.map(({html}) => html).join(" | ")}`)"""


@dataclass
class Town:
    """A town's page with the portal in a frame, at http://localhost and http://127.0.0.1, each with this port."""

    port: int = 0
    framed: str = ""


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    told = Town()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f'<!DOCTYPE html><title>Stadt</title><iframe src="{told.framed}" width="900" height="600"></iframe>'
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def filled(module_database: Settings, tmp_path_factory: pytest.TempPathFactory, town: Town) -> tuple[Settings, str]:
    """A portal that lets the town at http://localhost frame it, and the id of a plan with two versions."""
    folder = tmp_path_factory.mktemp("portal")
    engine = owner_engine(module_database.require_database_url())
    operations.prepare(engine)
    operations.sync_layers(engine, module_database)
    own = prop("internalId", "EG-5")
    begruendung = prop(
        "externeReferenz",
        "<xplan:XP_SpezExterneReferenz><xplan:referenzName>Begründung</xplan:referenzName>"
        "<xplan:referenzURL>b.pdf</xplan:referenzURL><xplan:typ>1010</xplan:typ></xplan:XP_SpezExterneReferenz>",
    )
    draft = plan(name="Am Hang (Entwurf)", nummer="5", extra=prop("rechtsstand", "2400") + own + begruendung)
    law = plan(name="Am Hang", nummer="5", extra=prop("rechtsstand", "4000") + own)
    stock = Archive(module_database.archive)
    operations.deliver(engine, stock, archive(folder / "a.zip", {"xplan.gml": xplangml(draft), "b.pdf": pdf()}))
    [outcome] = operations.deliver(engine, stock, write(folder / "b.gml", xplangml(law))).outcomes
    with engine.begin() as connection:
        yesterday = date.today() - timedelta(days=1)  # noqa: DTZ011 - the served portal goes by this machine's day too
        connection.execute(
            text("UPDATE plans.version SET published_at = :day, published_until = :day WHERE version = 1"),
            {"day": yesterday},
        )
    engine.dispose()
    reader = reader_engine(module_database.require_read_url())
    refresh_packages(reader, module_database, date.today(), debounce=0)  # noqa: DTZ011
    reader.dispose()
    home = folder / "home"
    (home / "config").mkdir(parents=True)
    for name in ("layers", "node_modules", "data", "geoportal"):
        (home / name).symlink_to(module_database.home / name)
    shutil.copy(module_database.home / "config" / "pygeoapi.yml", home / "config")
    written = (module_database.home / "config" / "portal.yml").read_text("utf-8")
    allowed = written.replace("embedding: []", f'embedding: ["http://localhost:{town.port}"]')
    (home / "config" / "portal.yml").write_text(allowed, "utf-8")
    return replace(module_database, home=home), str(outcome.id)


@contextmanager
def serving(settings: Settings) -> Iterator[tuple[str, Any]]:
    """The portal's address and its server, which may be shut down to take the network away."""
    server = make_server("127.0.0.1", 0, lambda *request: application(*request), threaded=True)
    address = f"http://127.0.0.1:{server.port}"
    application = wsgi.create(replace(settings, port=server.port, public_url=address))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield address, server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """A machine that does other work too draws a map in its own time."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


def test_what_was_seen_is_there_without_a_network_and_says_of_which_day_it_is(
    browser: Browser, filled: tuple[Settings, str]
) -> None:
    settings, plan_id = filled
    context = browser.new_context(**DESKTOP)
    context.set_default_timeout(60_000)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    with serving(settings) as (address, _):
        page.goto(f"{address}/plaene")
        assert page.evaluate("navigator.serviceWorker.getRegistration('/').then(Boolean)") is False, "off at first"
        page.goto(f"{address}/offline/")
        page.get_by_role("button", name="Einschalten").click()
        expect(page.get_by_text("Eingeschaltet.")).to_be_visible()
        page.evaluate("""() => new Promise((done) => {
            const worker = navigator.serviceWorker;
            worker.addEventListener("controllerchange", () => done(true), {once: true});
            if (worker.controller) done(true);
        })""")
        for path in (f"/plan/{plan_id}", "/plaene", "/hier?lon=8.71677&lat=50.82183", f"/{PLACE}"):
            page.goto(f"{address}{path}")
            page.wait_for_load_state("networkidle")
        expect(page.get_by_role("list", name="im Ausschnitt").get_by_text("Am Hang")).to_be_visible()
        page.wait_for_load_state("networkidle")
        expect(page.locator(".kept")).to_be_empty()
        page.goto(f"{address}/offline/")
        expect(page.locator("#offline-kept").get_by_role("link", name="Am Hang, Ebsdorfergrund")).to_be_visible()
    page.goto(f"{address}/plan/{plan_id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Am Hang")
    expect(page.locator(".kept")).to_contain_text("Ohne Netz: So stand es hier am")
    page.goto(f"{address}/{PLACE}")
    expect(page.locator(".kept")).to_contain_text("Ohne Netz")
    expect(page.get_by_role("list", name="im Ausschnitt").get_by_text("Am Hang")).to_be_visible()
    page.goto(f"{address}/gemeinden/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ohne Netz")
    expect(page.locator(".kept")).to_have_count(0)
    assert faults == []
    context.close()


def test_switching_off_leaves_nothing_on_the_device(browser: Browser, filled: tuple[Settings, str]) -> None:
    context = browser.new_context(**DESKTOP)
    context.set_default_timeout(60_000)
    page = context.new_page()
    with serving(filled[0]) as (address, _):
        page.goto(f"{address}/offline/")
        page.get_by_role("button", name="Einschalten").press("Enter")
        expect(page.get_by_role("button", name="Ausschalten und alles löschen")).to_be_focused()
        other = context.new_page()
        other.goto(f"{address}/plaene")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Auf diesem Gerät ist nichts gespeichert.")).to_be_visible()
        expect(page.get_by_role("button", name="Einschalten")).to_be_focused()
        assert other.evaluate("Boolean(navigator.serviceWorker.controller)"), "it still has the worker"
        other.evaluate("(path) => fetch(path).then((answer) => answer.text())", f"/plan/{filled[1]}")
        other.wait_for_load_state("networkidle")
        assert page.evaluate("caches.keys()") == []
        assert context.cookies() == []
    context.close()


def test_what_is_not_for_everybody_is_never_kept(browser: Browser, filled: tuple[Settings, str]) -> None:
    context = browser.new_context(**DESKTOP)
    context.set_default_timeout(60_000)
    page = context.new_page()
    with serving(filled[0]) as (address, _):
        page.goto(f"{address}/offline/")
        page.get_by_role("button", name="Einschalten").click()
        page.evaluate("""() => new Promise((done) => {
            const worker = navigator.serviceWorker;
            worker.addEventListener("controllerchange", () => done(true), {once: true});
            if (worker.controller) done(true);
        })""")
        for path in ("/werkbank/anmelden", "/suche?q=hang", "/abo/plaene.atom", "/gibtesnicht"):
            page.evaluate("(path) => fetch(path).then((answer) => answer.text())", path)
        kept = page.evaluate(
            """async () => (await Promise.all((await caches.keys())
                .map(async (name) => (await caches.open(name)).keys())))
                .flat().map(({url}) => url)"""
        )
        assert [url for url in kept if "/offline/" not in url and "/static/" not in url] == []
    context.close()


def test_a_town_that_is_named_shows_the_map_and_another_one_does_not(
    browser: Browser, filled: tuple[Settings, str], town: Town
) -> None:
    with serving(filled[0]) as (address, _):
        town.framed = f"{address}/?embed{PLACE}"
        page = browser.new_page(**DESKTOP)
        page.goto(f"http://localhost:{town.port}/")
        inside = page.frame_locator("iframe")
        expect(inside.get_by_role("list", name="im Ausschnitt").get_by_text("Am Hang")).to_be_visible()
        expect(inside.get_by_role("navigation", name="Hauptmenü")).to_have_count(0)
        for skip in inside.locator(".skip-link").all():
            expect(skip).to_have_attribute("target", "_self")
        with page.expect_popup() as opened:
            inside.get_by_role("link", name="Im Geoportal öffnen").click()
        expect(opened.value.get_by_role("navigation", name="Hauptmenü")).to_be_visible()
        assert opened.value.url.endswith(PLACE), "at the same place"
        page.goto(f"http://127.0.0.1:{town.port}/")
        page.wait_for_load_state("networkidle")
        assert page.frames[1].url.startswith("chrome-error:")
        page.close()


def faulted(page: Page, axe: str) -> list[str]:
    page.wait_for_load_state("networkidle")
    page.evaluate(axe)
    found: list[str] = page.evaluate(AXE)
    return found


@pytest.mark.parametrize(("device", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_axe_finds_nothing_to_fault(browser: Browser, filled: tuple[Settings, str], device: str, scheme: Any) -> None:
    settings, plan_id = filled
    axe = (settings.home / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
    context = browser.new_context(**(PHONE if device == "phone" else DESKTOP), color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    found = {}
    with serving(settings) as (address, _):
        for path in (
            "/drucken",
            f"/drucken?plan={plan_id}",
            "/offline/",
            "/plaene?von=2000-01-01",
            "/plaene?stand=2020-01-01",
            f"/plan/{plan_id}?fassung=1",
            f"/plan/{plan_id}?stand=2020-01-01",
            "/gemeinde/06534008/beteiligung/?embed",
            "/?embed",
        ):
            page.goto(f"{address}{path}")
            found[path] = faulted(page, axe)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{path} is wider than the screen"
    context.close()
    assert {path: faults for path, faults in found.items() if faults} == {}

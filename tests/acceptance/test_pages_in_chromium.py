"""Pages as a citizen meets them elsewhere: inside a town's page, and without a network. Real Chromium, real servers."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from geoportal import operations
from geoportal.archive import Archive
from geoportal.database import owner_engine, reader_engine
from geoportal.packages import refresh_packages
from geoportal.settings import Settings
from tests.acceptance.portal import DESKTOP, PHONE, PLACE, TODAY, serving, watched
from tests.acceptance.test_map_tools import until
from tests.files import archive, pdf, plan, prop, write, xplangml
from tests.homes import home_with

pytestmark = pytest.mark.browser

WITHOUT_NETWORK = ("net::ERR_CONNECTION_REFUSED", "net::ERR_FAILED")


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
def filled(module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory, town: Town) -> tuple[Settings, str]:
    """A portal that lets the town at http://localhost frame it, and the id of a plan with two versions."""
    folder = tmp_path_factory.mktemp("portal")
    engine = owner_engine(module_furnished.require_database_url())
    own = prop("internalId", "EG-5")
    begruendung = prop(
        "externeReferenz",
        "<xplan:XP_SpezExterneReferenz><xplan:referenzName>Begründung</xplan:referenzName>"
        "<xplan:referenzURL>b.pdf</xplan:referenzURL><xplan:typ>1010</xplan:typ></xplan:XP_SpezExterneReferenz>",
    )
    draft = plan(name="Am Hang (Entwurf)", nummer="5", extra=prop("rechtsstand", "2400") + own + begruendung)
    law = plan(name="Am Hang", nummer="5", extra=prop("rechtsstand", "4000") + own)
    stock = Archive(module_furnished.archive)
    operations.deliver(engine, stock, archive(folder / "a.zip", {"xplan.gml": xplangml(draft), "b.pdf": pdf()}))
    [outcome] = operations.deliver(engine, stock, write(folder / "b.gml", xplangml(law))).outcomes
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE plans.version SET published_at = :day, published_until = :day WHERE version = 1"),
            {"day": TODAY - timedelta(days=1)},
        )
    engine.dispose()
    reader = reader_engine(module_furnished.require_read_url())
    refresh_packages(reader, module_furnished, TODAY, debounce=0)
    reader.dispose()
    return home_with(module_furnished, folder, embedding=[f"http://localhost:{town.port}"]), str(outcome.id)


def switch_on(page: Page) -> None:
    """Until the service worker answers for this page."""
    page.get_by_role("button", name="Einschalten").click()
    expect(page.get_by_text("Eingeschaltet.")).to_be_visible()
    page.evaluate("""() => new Promise((done) => {
        const worker = navigator.serviceWorker;
        worker.addEventListener("controllerchange", () => done(true), {once: true});
        if (worker.controller) done(true);
    })""")


def test_what_was_seen_is_there_without_a_network_and_says_of_which_day_it_is(
    browser: Browser, filled: tuple[Settings, str]
) -> None:
    settings, plan_id = filled
    with ExitStack() as network:
        address = network.enter_context(serving(settings))
        with watched(browser, address) as visited:
            page = visited.page
            visited.open("/plaene")
            assert page.evaluate("navigator.serviceWorker.getRegistration('/').then(Boolean)") is False, "off at first"
            visited.open("/offline/")
            switch_on(page)
            for path in (f"/plan/{plan_id}", "/plaene", "/hier?lon=8.71677&lat=50.82183", "/themen/"):
                visited.open(path)
            visited.open_and_keep(f"/{PLACE}")
            expect(page.get_by_role("list", name="im Ausschnitt").get_by_text("Am Hang")).to_be_visible()
            expect(page.locator(".kept")).to_be_empty()
            visited.open("/offline/")
            expect(page.locator("#offline-kept").get_by_role("link", name="Am Hang, Ebsdorfergrund")).to_be_visible()
            network.close()
            visited.open(f"/plan/{plan_id}")
            expect(page.get_by_role("heading", level=1)).to_have_text("Am Hang")
            expect(page.locator(".kept")).to_contain_text("Ohne Netz: So stand es hier am")
            visited.open(f"/{PLACE}")
            expect(page.locator(".kept")).to_contain_text("Ohne Netz")
            expect(page.get_by_role("list", name="im Ausschnitt").get_by_text("Am Hang")).to_be_visible()
            page.wait_for_load_state("networkidle")
            expect(page.locator("#map-note p")).to_be_hidden()  # nothing of it is missing
            visited.ask_the_middle("Am Hang")
            expect(page.get_by_role("heading", name="Keine Antwort")).to_be_visible()
            page.locator("#answer").get_by_role("link", name="Am Hang").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Am Hang")
            visited.open("/themen/")
            expect(page.get_by_role("heading", level=1)).to_have_text("Themen")
            for path in ("/gemeinden/", "/suche?q=hang"):
                visited.open(path)
                expect(page.get_by_role("heading", level=1)).to_have_text("Ohne Netz")
            expect(page.locator(".kept")).to_have_count(0)
            visited.open("/gemeinden/?lang=en")
            expect(page.get_by_role("heading", level=1)).to_have_text("Without a network")
            visited.forgive(*WITHOUT_NETWORK)


def test_switching_off_leaves_nothing_on_the_device(browser: Browser, filled: tuple[Settings, str]) -> None:
    with serving(filled[0]) as address, watched(browser, address) as visited:
        page = visited.page
        visited.open("/offline/")
        page.get_by_role("button", name="Einschalten").press("Enter")
        expect(page.get_by_role("button", name="Ausschalten und alles löschen")).to_be_focused()
        other = page.context.new_page()
        other.goto(f"{address}/plaene")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Auf diesem Gerät ist nichts gespeichert.")).to_be_visible()
        expect(page.get_by_role("button", name="Einschalten")).to_be_focused()
        assert other.evaluate("Boolean(navigator.serviceWorker.controller)"), "it still has the worker"
        other.evaluate("(path) => fetch(path).then((answer) => answer.text())", f"/plan/{filled[1]}")
        other.wait_for_load_state("networkidle")
        assert page.evaluate("caches.keys()") == []


def test_what_is_not_for_everybody_is_never_kept(browser: Browser, filled: tuple[Settings, str]) -> None:
    with serving(filled[0]) as address, watched(browser, address) as visited:
        page = visited.page
        visited.open("/offline/")
        switch_on(page)
        for path in ("/werkbank/anmelden", "/suche?q=hang", "/abo/plaene.atom", "/gibtesnicht"):
            page.evaluate("(path) => fetch(path).then((answer) => answer.text())", path)
        kept = page.evaluate(
            """async () => (await Promise.all((await caches.keys())
                .map(async (name) => (await caches.open(name)).keys())))
                .flat().map(({url}) => url)"""
        )
        assert [url for url in kept if "/offline/" not in url and "/static/" not in url] == []
        visited.forgive("404")


def test_a_town_that_is_named_shows_the_map_and_another_one_does_not(
    browser: Browser, filled: tuple[Settings, str], town: Town
) -> None:
    named, unnamed = f"http://localhost:{town.port}/", f"http://127.0.0.1:{town.port}/"
    with serving(filled[0]) as address, watched(browser, address, beside=(named, unnamed)) as visited:
        page = visited.page
        town.framed = f"{address}/?embed{PLACE}"
        page.goto(named)
        inside = page.frame_locator("iframe")
        expect(inside.get_by_role("list", name="im Ausschnitt").get_by_text("Am Hang")).to_be_visible()
        expect(inside.get_by_role("navigation", name="Hauptmenü")).to_have_count(0)
        for skip in inside.locator(".skip-link").all():
            expect(skip).to_have_attribute("target", "_self")
        with page.expect_popup() as opened:
            inside.get_by_role("link", name="Im Geoportal öffnen").click()
        expect(opened.value.get_by_role("navigation", name="Hauptmenü")).to_be_visible()
        assert opened.value.url.endswith(PLACE), "at the same place"
        page.goto(unnamed)
        until(page, lambda each: each.frames[1].url.startswith("chrome-error:"))
        visited.forgive("frame-ancestors")


@pytest.mark.parametrize(("device", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_axe_finds_nothing_to_fault(browser: Browser, filled: tuple[Settings, str], device: str, scheme: Any) -> None:
    settings, plan_id = filled
    options = {**(PHONE if device == "phone" else DESKTOP), "color_scheme": scheme, "bypass_csp": True}
    found = {}
    with serving(settings) as address, watched(browser, address, options) as visited:
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
            visited.open(path)
            found[path] = visited.axe()
            wide = visited.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{path} is wider than the screen"
        visited.forgive("404")  # of a plan on a day on which it was not there yet
    assert {path: faults for path, faults in found.items() if faults} == {}

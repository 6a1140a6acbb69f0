"""The portal served to Debian's Chromium, a visit to it, and what no page of ours may do meanwhile."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Locator, Page, Request, expect
from playwright.sync_api import Error as PlaywrightError
from werkzeug.serving import make_server

from geoportal import wsgi
from geoportal.accounts.roles import Role
from geoportal.settings import CHECKOUT, Settings
from geoportal.web.app import berlin_today
from tests.desk import PASSWORD

CHROMIUM = "/usr/bin/chromium"
DESKTOP: dict[str, Any] = {"viewport": {"width": 1400, "height": 900}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2,
}  # fmt: skip
HOSTILE = "Süd <img src=x onerror=alert(1)>"
TODAY = berlin_today()  # by which served portals go, also when midnight passes during the tests
PLACE = "#17/50.82183/8.71677"  # the middle of the square that tests.files draws: EPSG:25832 480050 5630050
_AXE = """async () => (await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
    "best-practice"]})).violations.map(({id, nodes}) => `${id}: ${nodes.map(({html}) => html).join(" | ")}`)"""
expect.set_options(timeout=60_000)  # a machine that does other work too takes its time


@contextmanager
def serving(settings: Settings, *, today: date = TODAY, **changes: Any) -> Iterator[str]:
    """The portal's address until the end of the block; after it nobody answers there."""
    server = make_server("127.0.0.1", 0, lambda *request: application(*request), threaded=True)
    address = f"http://127.0.0.1:{server.port}"
    own = replace(settings, port=server.port, **{"public_url": address, **changes})
    application = wsgi.create(own, today=lambda: today)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Visit:
    """A page, and what it and those that it opened did that a page of ours must never do."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Until the page has loaded all that it wants."""
        if self.page.url.partition("#")[0] == (self.address + path).partition("#")[0]:
            self.page.goto("about:blank")  # where only what stands behind the # is another, nothing would be loaded
        self.page.goto(self.address + path)
        self.page.wait_for_load_state("networkidle")

    def drawn(self) -> None:
        """Until all tiles that the map asks for have come: who clicks before hits nothing of what is on its way."""
        expect(self.page.locator(".leaflet-tile-loaded")).not_to_have_count(0)
        expect(self.page.locator(".leaflet-tile:not(.leaflet-tile-loaded)")).to_have_count(0)

    def open_and_keep(self, path: str) -> None:
        """Until its tiles lie on the device too; what keeps pages must be switched on."""
        tiles: set[str] = set()
        self.page.on("response", lambda response: tiles.add(response.url) if "/tiles/" in response.url else None)
        self.open(path)
        self.drawn()
        self.page.wait_for_function(
            """async (tiles) => (await Promise.all(tiles.map((tile) => caches.match(tile, {ignoreVary: true}))))
                .every(Boolean)""",
            arg=list(tiles),
        )

    def sign_in(self, role: Role) -> None:
        """At the desk, as `role@example.org`."""
        self.page.goto(f"{self.address}/werkbank/")
        self.page.get_by_label("E-Mail-Adresse").fill(f"{role}@example.org")
        self.page.get_by_label("Passwort").fill(PASSWORD)
        self.page.get_by_role("button", name="Anmelden", exact=True).click()
        self.page.get_by_role("heading", name="Übersicht").wait_for()

    def forgive(self, *parts: str) -> None:
        """What the test itself has caused, such as an answer 503, is no fault of the page."""
        self.faults = [fault for fault in self.faults if not any(part in fault for part in parts)]

    def click_the_middle(self) -> None:
        """Of the map."""
        box = self.page.locator("#karte").bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def ask_the_middle(self, told: str) -> None:
        """Clicks there until the answer tells this: a picture that is still on its way hits nothing."""
        end = time.monotonic() + 90
        while True:
            self.click_the_middle()
            try:
                return expect(self.page.locator("#answer")).to_contain_text(told, timeout=10_000)
            except AssertionError:
                if time.monotonic() > end:
                    raise

    def seen(self) -> str:
        """What a reader of the failure would ask for: where the page is, what it says, what went wrong on it."""
        try:
            text = self.page.locator("body").inner_text(timeout=5_000)
        except PlaywrightError as gone:
            text = str(gone)
        return f"{self.page.url}\nfaults: {self.faults}\n{text[:3000]}"

    def axe(self) -> list[str]:
        """What axe-core finds to fault in the page as it stands."""
        self.page.wait_for_load_state("networkidle")
        # what fades has another contrast meanwhile
        self.page.wait_for_function("document.getAnimations().every(({playState}) => playState !== 'running')")
        self.page.evaluate(_axe_core())
        found: list[str] = self.page.evaluate(_AXE)
        return found


def cards(page: Page) -> Locator:
    """The plans in the answer to "what applies here?"."""
    return page.locator("#answer .card, main .hier .card")


def wait_for_drawing(page: Page, address: str) -> None:
    """Until the map shows tiles in whose address this stands, and waits for none."""
    expect(page.locator(f"img.leaflet-tile-loaded[src*='{address}']")).not_to_have_count(0)
    expect(page.locator("img.leaflet-tile:not(.leaflet-tile-loaded)")).to_have_count(0)


def coloured(page: Page) -> int:
    """How many pixels of the drawing's tiles have the colour of a residential area."""
    found = page.evaluate("""() => [...document.querySelectorAll("img.leaflet-tile")].map((tile) => {
        const canvas = Object.assign(document.createElement("canvas"), {width: 256, height: 256});
        const context = canvas.getContext("2d");
        context.drawImage(tile, 0, 0);
        const {data} = context.getImageData(0, 0, 256, 256);
        let count = 0;
        for (let at = 0; at < data.length; at += 4)
            if (Math.abs(data[at] - 246) + Math.abs(data[at + 1] - 193) + Math.abs(data[at + 2] - 176) < 30) count += 1;
        return count;
    }).reduce((one, other) => one + other, 0)""")
    assert isinstance(found, int)
    return found


@cache
def _axe_core() -> str:
    return (CHECKOUT / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


@contextmanager
def watched(
    browser: Browser,
    address: str,
    options: Mapping[str, Any] = DESKTOP,
    *,
    cookies: bool = False,
    beside: tuple[str, ...] = (),
) -> Iterator[Visit]:
    """Fails when a page asks another host, breaks the policy, throws, or sets a cookie unless somebody signs in.

    `beside` are addresses of others that may be asked too.
    """
    context = browser.new_context(**options)
    context.set_default_timeout(120_000)  # a planner's file is read meanwhile, on a machine that does other work too
    opened = Visit(context.new_page(), address)

    def guard(request: Request) -> None:
        if not request.url.startswith((f"{address}/", f"blob:{address}/", "data:", *beside)):
            opened.faults.append(f"asks {request.url}")

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            opened.faults.append(f"{message.type}: {message.text}")

    def dismiss(dialog: Dialog) -> None:
        opened.faults.append(f"says {dialog.message}")
        dialog.dismiss()

    context.on("request", guard)
    context.on("console", listen)
    context.on("weberror", lambda error: opened.faults.append(f"throws {error.error}"))
    context.on("dialog", dismiss)
    try:
        yield opened
        assert cookies or context.cookies() == []
    except BaseException as failure:
        failure.add_note(opened.seen())
        raise
    finally:
        context.close()
    assert opened.faults == [], opened.faults

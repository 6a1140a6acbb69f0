"""A visit to the really served portal with Debian's Chromium, and what no page of ours may do meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect

CHROMIUM = "/usr/bin/chromium"
DESKTOP = {"viewport": {"width": 1400, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
HOSTILE = "Süd <img src=x onerror=alert(1)>"
PLACE = "#17/50.82183/8.71677"  # the middle of the square that tests.files draws: EPSG:25832 480050 5630050
AXE = """async () => (await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
    "best-practice"]})).violations.map(({id, nodes}) => `${id}: ${nodes.map(({html}) => html).join(" | ")}`)"""
expect.set_options(timeout=15_000)  # on a busy machine a page takes its time


@dataclass
class Visit:
    """A page, and what it did that a page of ours must never do."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)
        self.page.wait_for_load_state("networkidle")

    def click_the_middle(self) -> None:
        box = self.page.locator("#karte").bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


@contextmanager
def visit(browser: Browser, address: str, options: dict[str, Any]) -> Iterator[Visit]:
    """Fails when the page asks another host, sets a cookie, breaks the policy, or throws."""
    context = browser.new_context(**options)
    context.set_default_timeout(60_000)
    opened = Visit(context.new_page(), address)

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
    yield opened
    cookies = context.cookies()
    context.close()
    assert opened.faults == []
    assert cookies == []

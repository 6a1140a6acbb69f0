"""The desk as it is served to browsers, with somebody of each role who has an account, and a worker that works."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from geoportal.accounts.roles import Role
from geoportal.settings import Settings
from tests.acceptance.portal import Visit, serving, watched
from tests.desk import OWN, hire, membership
from tests.files import feature, plan, polygon, prop, xplangml
from tests.processes import command, environment, running

BOWTIE = "0 0 100 100 100 0 0 100 0 0"  # a finding, which has a place
_SEEN = """(element) => {
    const {top, left, bottom, right} = element.getBoundingClientRect();
    const {outlineStyle, outlineWidth, boxShadow} = getComputedStyle(element);
    if (bottom <= 0 || right <= 0 || top >= innerHeight || left >= innerWidth) return "lies outside of the window";
    if ((outlineStyle === "none" || outlineWidth === "0px") && boxShadow === "none") return "shows no focus";
    const hit = document.elementFromPoint((Math.max(left, 0) + Math.min(right, innerWidth)) / 2,
                                          (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2);
    return hit && (element.contains(hit) || hit.contains(element)) ? "" : "lies below something else";
}"""


def document(name: str, *extra: str, nummer: str = "5") -> str:
    """A plan with one area that had to be mended."""
    art = prop("besondereArtDerBaulNutzung", "1200")
    return xplangml(
        plan(name=name.replace("<", "&lt;"), nummer=nummer),
        feature("BP_BaugebietsTeilFlaeche", "a", prop("position", polygon(BOWTIE)) + art),
        *extra,
    )


@contextmanager
def staffed(settings: Settings, folder: Path) -> Iterator[str]:
    """The portal's address."""
    for role in Role:
        hire(settings, f"{role}@example.org", membership(role))
    with (
        serving(settings, requests_per_second=0) as address,
        running(command("work"), environment(settings), folder / "log"),
    ):
        yield address


@contextmanager
def seat(browser: Browser, address: str, options: Mapping[str, Any], role: Role) -> Iterator[Visit]:
    with watched(browser, address, options, cookies=True) as opened:
        opened.sign_in(role)
        yield opened


def deliver(page: Page, file: Path) -> None:
    page.get_by_text("oder hierher ziehen").wait_for()
    page.get_by_label("Für welche Gemeinde?").select_option(OWN)
    page.get_by_label("Dateien auswählen").set_input_files(file)
    page.get_by_role("button", name="Liefern", exact=True).click()


def fits(page: Page) -> bool:
    """Whether nothing reaches beyond the page, once its style is there."""
    page.wait_for_load_state()
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


class Keys:
    """Somebody who has no mouse, on one page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def to(self, target: Locator) -> None:
        """By Tab alone, until the target has the focus, which has to be seen (WCAG 2.4.7, 2.4.11)."""
        expect(target).to_have_count(1)
        for _ in range(200):
            if target.evaluate("(element) => element === document.activeElement"):
                break
            self._page.keyboard.press("Tab")
        expect(target).to_be_focused(timeout=5_000)
        said = target.evaluate(_SEEN)
        assert said == "", f"{target} {said}"

    def press(self, target: Locator, key: str = "Enter") -> None:
        self.to(target)
        self._page.keyboard.press(key)

    def type(self, target: Locator, text: str) -> None:
        self.to(target)
        self._page.keyboard.press("ControlOrMeta+a")
        self._page.keyboard.type(text)

    def choose(self, target: Locator, file: Path) -> None:
        self.to(target)
        with self._page.expect_file_chooser() as asked:
            self._page.keyboard.press("Space")
        asked.value.set_files(file)

"""What the pages and their states look like, beside what they looked like when somebody last looked: tests/looks.

Whoever has changed a page on purpose renews the pictures with `make looks`, and looks at them.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright
from sqlalchemy import text

from geoportal import operations
from geoportal.accounts.roles import Role
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.participation import forms
from geoportal.settings import CHECKOUT, Settings
from geoportal.web import hier_pages
from geoportal.web.app import create_portal
from tests.acceptance.looks import FEW, Difference, keep, load, thumbnail
from tests.acceptance.portal import CHROMIUM, DESKTOP, PHONE, PLACE, Visit, serving, watched
from tests.desk import hire, membership
from tests.files import archive, feature, pdf, plan, polygon, prop, xplangml
from tests.mail import smtp_at
from tests.participation import announced
from tests.processes import free_port

pytestmark = pytest.mark.browser

LOOKS = CHECKOUT / "tests" / "looks"
RENEW = os.environ.get("RENEW_LOOKS") == "1"
DAY = date(2026, 12, 6)  # of the portal that is looked at
PATIENCE = 90  # seconds until a page must look as it did
HERE = "/hier?ost=480050&nord=5630050"
NOWHERE = "/hier?lon=8.9&lat=50.9"
# Only the letters that the suite installs, whatever else the machine has, and smoothed alike everywhere.
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
<dir>/usr/share/fonts/truetype/dejavu</dir>
<cachedir>{cache}</cachedir>
<match target="pattern"><edit name="family" mode="append_last"><string>DejaVu Sans</string></edit></match>
</fontconfig>"""


class Look(NamedTuple):
    """`do`: what is done before one looks. `served`: on which portal, "filled" or "away" (without a database)."""

    path: str
    do: Callable[[Visit], None] = lambda _: None
    served: str = "filled"


def ask(visit: Visit) -> None:
    visit.ask_the_middle("Bebauungspl")


def never(_: Route) -> None:
    """An answer that does not come."""


def refuse(route: Route) -> None:
    route.fulfill(status=503)


def ask_in_vain(visit: Visit) -> None:
    visit.page.route("**/hier?*", never)
    visit.click_the_middle()
    visit.page.get_by_role("heading", name="Einen Augenblick").wait_for()


def ask_and_get_no_answer(visit: Visit) -> None:
    """Once the map knows by itself what lies there: then it names it under the pointer."""
    box, end = visit.page.locator("#karte").bounding_box(), time.monotonic() + PATIENCE
    assert box is not None
    while not visit.page.locator(".map-tip").count():
        assert time.monotonic() < end
        for step in (1, 0):
            visit.page.mouse.move(box["x"] + box["width"] / 2 + step, box["y"] + box["height"] / 2)
        visit.page.wait_for_timeout(200)
    visit.page.route("**/hier?*", refuse)
    visit.click_the_middle()
    visit.page.get_by_role("heading", name="Keine Antwort").wait_for()
    visit.forgive("503")


def without_data(visit: Visit) -> None:
    """Opens the map anew, whose server has none."""
    path = visit.page.url.removeprefix(visit.address)
    visit.page.route("**/ogc/**", refuse)
    visit.open(path)
    expect(visit.page.locator("#map-note")).to_contain_text("Noch einmal")
    visit.forgive("503")


def while_data_are_on_their_way(visit: Visit) -> None:
    path = visit.page.url.removeprefix(visit.address)
    visit.page.route("**/ogc/**", never)
    visit.page.goto("about:blank")
    visit.page.goto(visit.address + path, wait_until="commit")
    expect(visit.page.locator("#in-view-count")).to_contain_text("geladen")


def tap(selector: str) -> Callable[[Visit], None]:
    return lambda visit: visit.page.locator(selector).tap()


def search(words: str) -> Callable[[Visit], None]:
    def do(visit: Visit) -> None:
        visit.page.locator("#q").fill(words)
        visit.page.locator("#suggestions [role=option]").first.wait_for()

    return do


def measure(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Messen").click()
    visit.click_the_middle()
    expect(visit.page.locator("#measuring")).to_contain_text("Erster Punkt")


def send_nothing(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Absenden").click()
    visit.page.get_by_role("alert").wait_for()
    visit.forgive("422")


def forgive(status: str) -> Callable[[Visit], None]:
    return lambda visit: visit.forgive(status)


# Without what is at a place of its own in time (pools that are open now, test sites).
THEMES = "&an=schulen,strassenbeleuchtung,abfallbehaelter"
WHOLE = "/#10.25/50.84/8.77"
ON_DESKTOP = {
    "map": Look(WHOLE),
    "map-near": Look(f"/{PLACE}"),
    "map-loading": Look(f"/{PLACE}", while_data_are_on_their_way),
    "map-away": Look(f"/{PLACE}", without_data),
    "map-empty": Look("/#17/50.9/8.9"),
    "map-themes": Look(f"{WHOLE}{THEMES}"),
    "map-groups": Look(f"/#15/50.8005/8.9186{THEMES}"),
    "map-former-day": Look(f"/{PLACE}&stand=2020-01-01"),
    "map-compared": Look(f"/{PLACE}&neben=ohne"),
    "map-measuring": Look(f"/{PLACE}", measure),
    "map-embedded": Look(f"/?embed{PLACE}"),
    "map-english": Look(f"/?lang=en{PLACE}"),
    "answer": Look(f"/{PLACE}", ask),
    "answer-loading": Look(f"/{PLACE}", ask_in_vain),
    "answer-away": Look(f"/{PLACE}", ask_and_get_no_answer),
    "answer-empty": Look("/#17/50.9/8.9", lambda visit: visit.ask_the_middle("kein geltender")),
    "suggestions": Look(f"/{PLACE}", search("hang")),
    "suggestions-none": Look(f"/{PLACE}", search("xqzzyw")),
    "plans": Look("/plaene"),
    "plans-empty": Look("/plaene?q=xqzzyw"),
    "plans-former-day": Look("/plaene?stand=2020-01-01"),
    "plan": Look("Am Hang"),
    "plan-running": Look("Alter Markt"),
    "plan-not-there": Look("Am Hang?stand=2020-01-01", forgive("404")),
    "here-start": Look("/hier"),
    "here": Look(HERE),
    "here-empty": Look(NOWHERE),
    "search": Look("/suche?q=hang"),
    "search-none": Look("/suche?q=xqzzyw"),
    "gemeinden": Look("/gemeinden/"),
    "gemeinde": Look("/gemeinde/06534008/"),
    "gemeinde-empty": Look("/gemeinde/06534001/"),
    "gemeinde-plans": Look("/gemeinde/06534008/bebauungsplaene/"),
    "gemeinde-participation": Look("/gemeinde/06534008/beteiligung/"),
    "participation": Look("/beteiligung/"),
    "participation-plan": Look("/beteiligung/Alter Markt"),
    "statement": Look("/beteiligung/Alter Markt/stellungnahme"),
    "statement-faults": Look("/beteiligung/Alter Markt/stellungnahme", send_nothing),
    "statement-sent": Look("/beteiligung/Alter Markt/stellungnahme/abgeschickt"),
    "statement-gone": Look(f"/beteiligung/stellungnahme/{'x' * 43}", forgive("410")),
    "themes": Look("/themen/"),
    "theme": Look("/thema/schulen/"),
    "theme-none": Look("/thema/schulen/?q=xqzzyw"),
    "feature": Look("school"),
    "print": Look("/drucken"),
    "print-plan": Look("/drucken?plan=Am Hang"),
    "downloads": Look("/downloads/"),
    "offline": Look("/offline/"),
    "imprint": Look("/impressum/"),
    "privacy": Look("/datenschutz/"),
    "accessibility": Look("/barrierefreiheit/"),
    "not-found": Look("/gibtesnicht", forgive("404")),
    "not-understood": Look("/plaene?gemeinde=x", forgive("400")),
    "away": Look("/plaene", forgive("503"), served="away"),
}
ON_PHONE = {
    "map": Look(WHOLE),
    "map-near": Look(f"/{PLACE}"),
    "map-away": Look(f"/{PLACE}", without_data),
    "map-list": Look(f"/{PLACE}", tap(".board__handle")),
    "map-themes": Look(f"/{PLACE}", tap(".themes > summary")),
    "map-menu": Look(f"/{PLACE}", tap(".menu-button")),
    "answer": Look(f"/{PLACE}", ask),
    "answer-loading": Look(f"/{PLACE}", ask_in_vain),
    "answer-away": Look(f"/{PLACE}", ask_and_get_no_answer),
    "answer-empty": Look("/#17/50.9/8.9", lambda visit: visit.ask_the_middle("kein geltender")),
    "suggestions": Look(f"/{PLACE}", search("hang")),
    "plans": Look("/plaene"),
    "plans-empty": Look("/plaene?q=xqzzyw"),
    "plan": Look("Am Hang"),
    "here": Look(HERE),
    "here-empty": Look(NOWHERE),
    "gemeinden": Look("/gemeinden/"),
    "gemeinde": Look("/gemeinde/06534008/"),
    "participation-plan": Look("/beteiligung/Alter Markt"),
    "statement": Look("/beteiligung/Alter Markt/stellungnahme"),
    "themes": Look("/themen/"),
    "theme": Look("/thema/schulen/"),
    "print": Look("/drucken"),
    "offline": Look("/offline/"),
    "away": Look("/plaene", forgive("503"), served="away"),
}
# What people choose whom our colours blind or do not reach.
DARK, FORCED = {"color_scheme": "dark"}, {"color_scheme": "dark", "forced_colors": "active"}
IN_DARK = {name: ON_DESKTOP[name] for name in ("answer", "plan-running", "statement-faults")}
IN_FORCED_COLOURS = {name: ON_DESKTOP[name] for name in ("plan-running", "here", "plans")}
DEVICES = {
    "desktop": (DESKTOP, ON_DESKTOP),
    "phone": (PHONE, ON_PHONE),
    "dark": (DESKTOP | DARK, IN_DARK),
    "forced": (DESKTOP | FORCED, IN_FORCED_COLOURS),
}
NAMES = [f"{name}-{device}" for device, (_, looks) in DEVICES.items() for name in looks]
WITHOUT_NETWORK = [f"offline-{name}-phone" for name in ("plan", "never-seen")]


class Evening(datetime):
    """When all pools are closed until tomorrow, whenever one looks."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2026, 11, 26, 22, tzinfo=tz)


class Served(NamedTuple):
    """Addresses by what is served there, and the paths of plans and of a school."""

    settings: Settings
    addresses: dict[str, str]
    paths: dict[str, str]

    def path(self, path: str) -> str:
        """With the number of the plan that it names."""
        for name, own in self.paths.items():
            if path.startswith(name):
                return own + path.removeprefix(name)
            path = path.replace(name, own.rpartition("/")[2])
        return path


@pytest.fixture(scope="module")
def served(module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A few plans, all of them published on a day that does not move; a participation that runs on DAY."""
    owner = owner_engine(module_furnished.require_database_url())
    begruendung = prop(
        "externeReferenz",
        "<xplan:XP_SpezExterneReferenz><xplan:referenzName>Begründung</xplan:referenzName>"
        "<xplan:referenzURL>b.pdf</xplan:referenzURL><xplan:typ>1010</xplan:typ></xplan:XP_SpezExterneReferenz>",
    )
    in_force = prop("rechtsstand", "4000") + prop("inkrafttretensDatum", "2019-05-02")
    beside = polygon(origin=(480100, 5630000))
    residential = prop("position", polygon()) + prop("GRZ", "0.4") + prop("besondereArtDerBaulNutzung", "1200")
    document = xplangml(
        plan("p1", name="Am Hang", nummer="5", extra=in_force + begruendung),
        plan("p2", name="Alter Markt", nummer="6", extra=prop("rechtsstand", "2400"), outline=beside),
        plan("p3", name="Alte Mühle", nummer="7", extra=prop("rechtsstand", "5000")),
        plan("p4", klasse="FP_Plan", name="Flächennutzungsplan", nummer="1", extra=prop("rechtsstand", "4000")),
        feature("BP_BaugebietsTeilFlaeche", "b", residential),
    )
    file = archive(tmp_path_factory.mktemp("delivered") / "plans.zip", {"xplan.gml": document, "b.pdf": pdf()})
    operations.deliver(owner, Archive(module_furnished.archive), file)
    with owner.begin() as connection:
        connection.execute(text("UPDATE plans.version SET published_at = :day"), {"day": DAY - timedelta(days=40)})
        found = connection.execute(text("SELECT name, id FROM ogc.plaene")).all()
        school = connection.scalar(text("SELECT id FROM ogc.schulen ORDER BY id LIMIT 1"))
    hire(module_furnished, f"{Role.PUBLISHER}@example.org", membership(Role.PUBLISHER))
    paths = {row.name: f"/plan/{row.id}" for row in found}
    announced(module_furnished, paths["Alter Markt"].removeprefix("/plan/"), DAY, DAY + timedelta(days=40))
    owner.dispose()
    settings = replace(
        module_furnished, requests_per_second=0, public_url="https://geoportal.example", smtp=smtp_at(free_port())
    )
    nowhere = settings.require_read_url().rpartition("/")[0] + "/nowhere"
    with (
        pytest.MonkeyPatch.context() as quick,
        serving(settings, today=DAY) as filled,
        serving(replace(settings, read_database_url=nowhere), today=DAY) as away,
    ):
        quick.setattr(hier_pages, "datetime", Evening)
        quick.setattr(forms, "SHORTEST", timedelta(0))  # who sends an empty form at once is not told to be slower
        yield Served(settings, {"filled": filled, "away": away}, paths | {"school": f"/thema/schulen/{school}"})


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One that draws alike everywhere."""
    folder = tmp_path_factory.mktemp("fonts")
    fonts = folder / "fonts.conf"
    fonts.write_text(FONTS.format(cache=folder), "utf-8")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-lcd-text"]
    arguments += ["--font-render-hinting=none", "--force-color-profile=srgb", "--lang=en-US"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=arguments, env={**os.environ, "FONTCONFIG_FILE": str(fonts)}
        )
        yield chromium
        chromium.close()


def compare(page: Page, name: str, folder: Path) -> None:
    """Until the page looks as it did. Whatever is still on its way may come; a page that never looks so fails."""
    page.mouse.move(2, 2)  # what lies under the pointer shows its name
    # fetched only once somebody scrolls there
    page.evaluate("document.querySelector('.qr')?.style.setProperty('visibility', 'hidden')")
    file = LOOKS / f"{name}.webp"
    if RENEW:
        return renew(page, file)
    assert file.exists(), f"nobody has looked at {name} yet: make looks"
    kept, end = load(file), time.monotonic() + PATIENCE
    while not (found := Difference.between(kept, seen(page))).is_small:
        if time.monotonic() > end:
            found.save(folder / f"{name}.png")
            pytest.fail(f"{name}: {found.words}; see {folder / name}.png, or make looks if that is meant")
        page.wait_for_timeout(200)
    return None


def seen(page: Page) -> Any:
    shot = page.screenshot(animations="disabled", caret="hide", scale="css", full_page=True)
    return thumbnail(shot)


def renew(page: Page, file: Path) -> None:
    """With what the page looks like when nothing changes any more; a picture that is near enough stays."""
    page.wait_for_timeout(1500)
    now = seen(page)
    while Difference.between(before := now, now := seen(page)).marks.any():
        page.wait_for_timeout(500)
    if not file.exists() or not Difference.between(load(file), before).is_small:
        keep(now, file)


@pytest.mark.parametrize("name", NAMES)
def test_it_looks_as_it_did(browser: Browser, served: Served, name: str, tmp_path: Path) -> None:
    state, _, device = name.rpartition("-")
    options, looks = DEVICES[device]
    look = looks[state]
    with watched(browser, served.addresses[look.served], options) as visit:
        visit.page.goto(visit.address + served.path(look.path))
        look.do(visit)
        compare(visit.page, name, tmp_path)


def test_without_a_network_it_looks_as_it_did(browser: Browser, served: Served, tmp_path: Path) -> None:
    with ExitStack() as network:
        address = network.enter_context(serving(served.settings, today=DAY))
        with watched(browser, address, PHONE) as visit:
            page = visit.page
            visit.open("/offline/")
            page.get_by_role("button", name="Einschalten").click()
            expect(page.get_by_text("Eingeschaltet.")).to_be_visible()
            page.evaluate("""() => navigator.serviceWorker.controller || new Promise((done) => {
                navigator.serviceWorker.addEventListener("controllerchange", done, {once: true});
            })""")
            paths = (served.path("Am Hang"), "/gemeinden/")
            visit.open(paths[0])
            network.close()
            for path, name in zip(paths, WITHOUT_NETWORK, strict=True):
                visit.open(path)
                page.evaluate("""() => {
                    const note = document.querySelector(".kept"), moment = /am .* Uhr/;
                    if (note?.textContent) note.textContent = note.textContent.replace(moment, "am Sonntag um 12 Uhr");
                }""")
                compare(page, name, tmp_path)
            visit.forgive("net::ERR_CONNECTION_REFUSED", "net::ERR_FAILED")


def test_what_is_otherwise_is_seen(tmp_path: Path) -> None:
    """The measure itself: what is as large as a button, elsewhere or of another colour, is no small matter."""
    kept = load(LOOKS / "plans-desktop.webp")
    assert Difference.between(kept, kept).is_small
    assert not Difference.between(kept, load(LOOKS / "plans-empty-desktop.webp")).is_small
    assert not Difference.between(kept, load(LOOKS / "plans-phone.webp")).is_small
    button = kept.copy()
    button.paste((11, 74, 89), (100, 100, 100 + 9, 100 + 9))  # 44 CSS pixels
    found = Difference.between(kept, button)
    assert not found.is_small
    assert "between x 495–550 and y 495–550" in found.words
    found.save(tmp_path / "found.png")
    assert load(tmp_path / "found.png").width > 6 * kept.width
    assert FEW < 9 * 9


# What is fetched by pages, programs and printers; to correct a statement is its form again.
NO_PAGES = {
    "basemaps.tile", "documents.file", "documents.links", "documents.sheet", "downloads.file", "feeds.atom",
    "feeds.calendar", "hier.on_paper", "live.stream", "live.versions", "offline.worker", "operator.alive",
    "operator.ready", "operator.security", "plan_files.xplan_gml", "plans.qr_code", "printing.on_paper",
    "printing.preview", "static", "stellungnahme.correct", "stellungnahme.file", "stellungnahme.receipt",
}  # fmt: skip


def test_every_page_for_citizens_is_looked_at(served: Served) -> None:
    """A page is what gives HTML to who asks for nothing else."""
    app = create_portal(served.settings)
    rules = app.url_map.bind("localhost")
    asked = [served.path(look.path) for _, looks in DEVICES.values() for look in looks.values()]
    looked_at = {rules.match(path.partition("?")[0].partition("#")[0])[0] for path in asked if path != "/gibtesnicht"}
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    pages = {endpoint for endpoint in pages if not endpoint.startswith(("desk.", "api.", "vendor."))}
    assert pages - looked_at == NO_PAGES
    assert {file.stem for file in LOOKS.iterdir()} == {*NAMES, *WITHOUT_NETWORK}

"""Statements as people write them, in Debian's Chromium against the served portal, a real worker and a mail server."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from geoportal import operations
from geoportal.accounts.roles import Role
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.participation import forms
from geoportal.participation.fristen import sicheres_ende
from geoportal.settings import Settings
from tests.acceptance.portal import DESKTOP, PHONE, TODAY, Visit, serving, watched
from tests.desk import PASSWORD, hire, membership
from tests.files import feature, pdf, plan, polygon, prop, write, xplangml
from tests.mail import SENDER, Box, mail_server, smtp_at
from tests.participation import announced
from tests.processes import command, environment, free_port, running

pytestmark = pytest.mark.browser

HOSTILE = "Lärm <img src=x onerror=alert(1)>"


@dataclass
class Served:
    address: str
    box: Box
    plan_id: str
    settings: Settings
    port: int

    def worker(self) -> AbstractContextManager["subprocess.Popen[bytes]"]:
        smtp = {"GEOPORTAL_SMTP_URL": f"smtp://127.0.0.1:{self.port}", "GEOPORTAL_MAIL_FROM": SENDER}
        return running(command("work"), environment(self.settings, **smtp), self.settings.data / "worker.log")

    def letter(
        self, address: str, number: int = 1, pattern: str = r"http://\S+/beteiligung/stellungnahme/[\w-]{43}"
    ) -> str:
        """The link in the letter to that address, as soon as so many have come."""
        deadline = time.monotonic() + 240
        while len(found := self.box.to(address)) < number:
            assert time.monotonic() < deadline, "no letter"
            time.sleep(0.2)
        link = re.search(pattern, str(found[-1].get_content()))
        assert link is not None
        return link[0]


@pytest.fixture(scope="module")
def served(module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    owner = owner_engine(module_furnished.require_database_url())
    document = xplangml(
        plan(name="Am Hang", nummer="5", extra=prop("rechtsstand", "2400")),
        feature(
            "BP_BaugebietsTeilFlaeche", "b", prop("position", polygon()) + prop("besondereArtDerBaulNutzung", "1200")
        ),
    )
    file = write(tmp_path_factory.mktemp("plan") / "plan.gml", document)
    operations.deliver(owner, Archive(module_furnished.archive), file)
    for role in (Role.PLANNER, Role.PUBLISHER):
        hire(module_furnished, f"{role}@example.org", membership(role))
    with owner.connect() as connection:
        plan_id = connection.scalar(text("SELECT id FROM plans.plan"))
    announced(module_furnished, str(plan_id), TODAY, sicheres_ende(TODAY))
    box, port = Box(), free_port()
    with (
        pytest.MonkeyPatch.context() as quick,
        mail_server(box, port),
        serving(module_furnished, requests_per_second=0, smtp=smtp_at(port)) as address,
    ):
        quick.setattr(forms, "SHORTEST", timedelta(0))  # these citizens write faster than people do
        settings = replace(module_furnished, public_url=address)
        yield Served(address, box, str(plan_id), settings, port)
    owner.dispose()


@pytest.fixture(scope="module")
def worker(served: Served) -> Iterator[None]:
    with served.worker():
        yield


@contextmanager
def guarded(browser: Browser, served: Served, *, signs_in: bool = False, **options: Any) -> Iterator[Visit]:
    with watched(browser, served.address, options, cookies=signs_in) as opened:
        yield opened
        opened.forgive("422")  # a form with a fault answers so, which Chromium writes to the console


def write_statement(page: Page, served: Served, email: str) -> None:
    page.goto(f"{served.address}/beteiligung/")
    page.get_by_role("link", name="Jetzt mitreden").click()
    page.get_by_role("link", name="Stellungnahme schreiben").click()
    page.get_by_label("Ihre Stellungnahme").fill(HOSTILE)
    page.get_by_label("E-Mail-Adresse").fill(email)
    page.get_by_label("Name", exact=False).last.fill("Erika Muster")


@pytest.mark.parametrize(("device", "script"), [("desktop", True), ("phone", True), ("desktop", False)])
@pytest.mark.usefixtures("worker")
def test_a_citizen_writes_confirms_corrects_and_withdraws(
    browser: Browser, served: Served, tmp_path: Path, device: str, *, script: bool
) -> None:
    options = DESKTOP if device == "desktop" else PHONE
    email = f"{device}-{script}@muster.example".lower()
    file = tmp_path / "brief.pdf"
    file.write_bytes(pdf())
    with guarded(browser, served, **options, java_script_enabled=script) as own:
        page = own.page
        write_statement(page, served, email)
        picture = page.locator("input[type=image]")
        picture.scroll_into_view_if_needed()
        box = picture.bounding_box()
        assert box is not None
        assert (box["width"], box["height"]) == (320, 320)  # not scaled: what is clicked is what is meant
        picture.click(position={"x": 160, "y": 160})
        said, away = page.locator(".place__said"), page.get_by_role("button", name="Stelle wieder wegnehmen")
        expect(said).to_have_text("Die Stelle ist gesetzt.")
        away.click()
        expect(said).to_be_empty()
        expect(away).to_be_hidden()
        expect(page.locator(".place circle")).to_have_count(0)
        picture.click(position={"x": 120, "y": 160})
        expect(said).to_have_text("Die Stelle ist gesetzt.")
        expect(page.get_by_label("Ihre Stellungnahme")).to_have_value(HOSTILE)
        page.locator("#dateien").set_input_files(file)
        page.get_by_role("button", name="Absenden").click()
        expect(page.get_by_role("heading", name="Fast fertig")).to_be_visible()
        page.goto(served.letter(email))
        page.get_by_role("button", name="Bestätigen").click()
        expect(page.get_by_role("status")).to_contain_text("Sie liegt der Gemeinde vor")
        expect(page.get_by_text(HOSTILE)).to_be_visible()
        page.get_by_role("link", name="Berichtigen").click()
        page.get_by_label("Ihre Stellungnahme").fill("Ruhiger.")
        page.get_by_role("button", name="Berichtigung speichern").click()
        expect(page.get_by_text("Ruhiger.")).to_be_visible()
        with page.expect_download() as saved:
            page.get_by_role("link", name="brief.pdf").click()
        assert saved.value.path().read_bytes().startswith(b"%PDF-")
        page.get_by_label("Ja, alles löschen").check()
        page.get_by_role("button", name="Zurückziehen").click()
        expect(page.get_by_role("status")).to_contain_text("Sie haben die Stellungnahme zurückgezogen")


@pytest.mark.usefixtures("worker")
def test_with_the_keyboard_alone(browser: Browser, served: Served) -> None:
    """Enter in a field sends the form, although the picture is its first button."""
    with guarded(browser, served, **DESKTOP) as own:
        page = own.page
        page.goto(f"{served.address}/beteiligung/{served.plan_id}/stellungnahme")
        keys = page.keyboard
        reached: list[str] = []
        for _ in range(40):
            keys.press("Tab")
            name = page.evaluate("document.activeElement.id || document.activeElement.name || ''")
            reached.append(name)
            if name == "text":
                keys.type("Mit der Tastatur.")
            elif name == "gegenstand":
                keys.type("Nordrand")
            elif name == "email":
                keys.type("tasten@muster.example")
            elif name == "name":
                break
        assert [name for name in reached if name in {"text", "gegenstand", "email", "name"}] == [
            "text", "gegenstand", "email", "name",
        ]  # fmt: skip
        assert "karte" not in reached
        assert "website" not in reached
        keys.press("Enter")
        expect(page.get_by_role("heading", name="Fast fertig")).to_be_visible()
        page.goto(served.letter("tasten@muster.example"))
        while page.evaluate("document.activeElement.textContent.trim()") != "Bestätigen":
            keys.press("Tab")
        keys.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("Sie liegt der Gemeinde vor")


@pytest.mark.usefixtures("worker")
def test_the_gemeinde_reads_and_weighs(browser: Browser, served: Served) -> None:
    with guarded(browser, served, signs_in=True, **DESKTOP) as own:
        page = own.page
        write_statement(page, served, "lesen@muster.example")
        page.get_by_role("button", name="Absenden").click()
        page.goto(served.letter("lesen@muster.example"))
        page.get_by_role("button", name="Bestätigen").click()
        page.get_by_role("status").wait_for()
        own.sign_in(Role.PLANNER)
        page.get_by_role("link", name="Beteiligungen").click()
        page.get_by_role("link", name=re.compile(r"\d+ Stellungnahmen?")).click()
        page.get_by_role("row").last.get_by_role("link").click()
        expect(page.get_by_text(HOSTILE)).to_be_visible()
        page.get_by_label("wird teilweise gefolgt").check()
        page.get_by_label("Begründung für den Beschluss").fill("Eine Wand.")
        page.get_by_role("button", name="Speichern").click()
        expect(page.get_by_label("Begründung für den Beschluss")).to_have_value("Eine Wand.")
        page.get_by_role("link", name="Stellungnahmen").last.click()
        expect(page.get_by_role("row").last).to_contain_text("wird teilweise gefolgt")
        page.get_by_role("button", name="Abmelden").click()


def test_a_worker_killed_and_a_mail_server_away_lose_nothing(browser: Browser, served: Served) -> None:
    with guarded(browser, served, **DESKTOP) as own:
        page = own.page
        write_statement(page, served, "zaeh@muster.example")
        with served.worker() as first:
            os.kill(first.pid, signal.SIGKILL)
        page.get_by_role("button", name="Absenden").click()
        expect(page.get_by_role("heading", name="Fast fertig")).to_be_visible()
        with served.worker():
            page.goto(served.letter("zaeh@muster.example"))
            page.get_by_role("button", name="Bestätigen").click()
            page.get_by_role("status").wait_for()
    assert len(served.box.to("zaeh@muster.example")) in {1, 2}  # the receipt may not have been sent yet


@pytest.mark.usefixtures("worker")
def test_who_has_forgotten_the_password_gets_back_in(browser: Browser, served: Served) -> None:
    """The page of the link tells no referrer, so that its form says "null" for where it comes from."""
    email = f"{Role.PUBLISHER}@example.org"
    with guarded(browser, served, **DESKTOP) as own:
        page = own.page
        page.goto(f"{served.address}/werkbank/anmelden")
        page.get_by_role("link", name="Passwort vergessen?").click()
        page.get_by_label("E-Mail-Adresse").fill(email)
        page.get_by_role("button", name="Link senden").click()
        page.get_by_role("status").wait_for()
        page.goto(served.letter(email, pattern=r"http://\S+/werkbank/einladung/[\w-]{43}"))
        page.locator("input[type=password]").first.fill(PASSWORD)
        page.locator("input[type=password]").last.fill(PASSWORD)
        page.get_by_role("button").last.click()
        expect(page.get_by_text("Ihr Passwort ist gespeichert.")).to_be_visible()


@pytest.mark.parametrize(("device", "scheme"), [("desktop", "light"), ("phone", "dark")])
@pytest.mark.usefixtures("worker")
def test_axe_finds_nothing_to_fault(browser: Browser, served: Served, device: str, scheme: Any) -> None:
    options = DESKTOP if device == "desktop" else PHONE
    email = f"axe-{device}-{scheme}@muster.example"
    found: dict[str, Any] = {}

    def check(name: str) -> None:
        found[name] = own.axe()

    with guarded(browser, served, signs_in=True, **options, color_scheme=scheme, bypass_csp=True) as own:
        page = own.page
        for name, path in (
            ("list", "/beteiligung/"), ("plan", f"/beteiligung/{served.plan_id}"),
            ("english", f"/beteiligung/{served.plan_id}?lang=en"),
            ("form", f"/beteiligung/{served.plan_id}/stellungnahme"),
        ):  # fmt: skip
            page.goto(served.address + path)
            check(name)
        page.get_by_role("button", name="Absenden").click()
        expect(page.get_by_role("alert")).to_contain_text("Noch nicht abgeschickt")
        check("faults")
        page.get_by_label("Ihre Stellungnahme").fill("Kurz.")
        page.get_by_label("E-Mail-Adresse").fill(email)
        page.get_by_role("button", name="Absenden").click()
        page.get_by_role("heading", name="Fast fertig").wait_for()
        check("sent")
        page.goto(served.letter(email))
        check("unconfirmed")
        page.get_by_role("button", name="Bestätigen").click()
        page.get_by_role("status").wait_for()
        check("confirmed")
        page.goto(f"{page.url}/berichtigen")
        check("correct")
        own.sign_in(Role.PUBLISHER)
        page.get_by_role("link", name="Beteiligungen").click()
        check("desk list")
        page.get_by_role("link", name="Am Hang").first.click()
        check("desk participation")
        page.get_by_role("link", name="Stellungnahmen").last.click()
        check("desk statements")
        page.get_by_role("row").last.get_by_role("link").click()
        check("desk statement")
        page.goto(f"{served.address}/werkbank/plan/{served.plan_id}/beteiligung")
        check("desk new")
    assert {name: faults for name, faults in found.items() if faults} == {}

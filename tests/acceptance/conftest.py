"""The portal as it is served to browsers, with a few plans."""

from collections.abc import Generator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from geoportal import operations
from geoportal.archive import Archive
from geoportal.database import owner_engine, reader_engine
from geoportal.published import PlanFilter, plaene
from geoportal.settings import Settings
from tests.acceptance.portal import CHROMIUM, DESKTOP, HOSTILE, PHONE, TODAY, Visit, serving, watched
from tests.files import archive, feature, pdf, plan, polygon, prop, xplangml


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a failure comes what its page showed; a visit that is no fixture tells it itself (portal.watched)."""
    report = yield
    if call.when == "call" and report.failed:
        given: dict[str, Any] = getattr(item, "funcargs", {})
        report.sections += [(f"page {name}", visit.seen()) for name, visit in given.items() if isinstance(visit, Visit)]
    return report


@pytest.fixture(scope="module")
def served(
    module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, dict[str, str]]]:
    """The portal's address, and the paths of its plans by name."""
    engine = owner_engine(module_furnished.require_database_url())
    display = prop("auslegungsStartDatum", (TODAY - timedelta(days=3)).isoformat()) + prop(
        "auslegungsEndDatum", (TODAY + timedelta(days=40)).isoformat()
    )
    begruendung = prop(
        "externeReferenz",
        "<xplan:XP_SpezExterneReferenz><xplan:referenzName>Begründung</xplan:referenzName>"
        "<xplan:referenzURL>b.pdf</xplan:referenzURL><xplan:typ>1010</xplan:typ></xplan:XP_SpezExterneReferenz>",
    )
    document = xplangml(
        plan("p1", name="Am Hang", nummer="5", extra=prop("rechtsstand", "4000") + begruendung),
        plan("p2", name=HOSTILE.replace("<", "&lt;"), nummer="6", extra=prop("rechtsstand", "2400") + display),
        plan("p3", name="Alte Mühle", nummer="7", extra=prop("rechtsstand", "5000")),
        plan("p4", klasse="FP_Plan", name="Flächennutzungsplan", nummer="1", extra=prop("rechtsstand", "4000")),
        feature(
            "BP_BaugebietsTeilFlaeche", "b", prop("position", polygon()) + prop("besondereArtDerBaulNutzung", "1200")
        ),
    )
    file = archive(tmp_path_factory.mktemp("delivered") / "plans.zip", {"xplan.gml": document, "b.pdf": pdf()})
    operations.deliver(engine, Archive(module_furnished.archive), file)
    engine.dispose()
    reader = reader_engine(module_furnished.require_read_url())
    with reader.connect() as connection:
        paths = {each.name: f"/plan/{each.id}" for each in plaene(connection, PlanFilter(), limit=10).plaene}
    reader.dispose()
    with serving(module_furnished) as address:
        yield address, paths


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def paths(served: tuple[str, dict[str, str]]) -> dict[str, str]:
    return served[1]


@pytest.fixture
def desktop(browser: Browser, served: tuple[str, dict[str, str]]) -> Iterator[Visit]:
    with watched(browser, served[0], DESKTOP) as opened:
        yield opened


@pytest.fixture
def phone(browser: Browser, served: tuple[str, dict[str, str]]) -> Iterator[Visit]:
    with watched(browser, served[0], PHONE) as opened:
        yield opened

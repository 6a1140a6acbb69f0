"""What deliver.js does when the line, another tab or the person does something else: Chromium, a real worker."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import Engine, text

from geoportal.accounts.roles import Role
from geoportal.database import owner_engine
from geoportal.settings import Settings
from tests.acceptance.at_desk import deliver, document, seat, staffed
from tests.acceptance.portal import DESKTOP
from tests.files import write

pytestmark = pytest.mark.browser

PIECE = 4 * 1024**2
TUS = "**/werkbank/tus/*"


@pytest.fixture(scope="module")
def served(module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with staffed(module_furnished, tmp_path_factory.mktemp("worker")) as address:
        yield address


@pytest.fixture
def owner(module_furnished: Settings) -> Iterator[Engine]:
    engine = owner_engine(module_furnished.require_database_url())
    yield engine
    engine.dispose()


def large(folder: Path, name: str) -> Path:
    """Three pieces."""
    return write(folder / f"{name}.gml", document(name, nummer=name) + " " * (9 * 1024**2))


def pieces(page: Page, hold: Callable[[int], bool] = lambda _: False) -> tuple[list[int], list[Route]]:
    """Where each piece began that the page sent; and those at an offset that is to be held, until the test lets go."""
    sent: list[int] = []
    held: list[Route] = []

    def handle(route: Route) -> None:
        if route.request.method != "PATCH":
            return route.continue_()
        sent.append(int(route.request.headers["upload-offset"]))
        if hold(sent[-1]) and not held:
            held.append(route)
            return None
        return route.continue_()

    page.route(TUS, handle)
    return sent, held


def until_held(page: Page, held: list[Route]) -> Route:
    while not held:
        page.wait_for_timeout(50)  # lets the browser's events in
    return held[0]


def deliveries(owner: Engine, file: Path) -> list[tuple[int, str]]:
    with owner.connect() as connection:
        asked = text("SELECT size, state FROM plans.upload WHERE filename = :name")
        return [tuple(row) for row in connection.execute(asked, {"name": file.name})]


def test_where_only_the_last_answer_is_lost_nothing_is_sent_again(
    browser: Browser, served: str, owner: Engine, tmp_path: Path
) -> None:
    file = large(tmp_path, "verloren")
    with seat(browser, served, DESKTOP, Role.PLANNER) as planner:
        page = planner.page
        planner.open("/werkbank/liefern")
        sent, held = pieces(page, lambda offset: offset == 2 * PIECE)
        deliver(page, file)
        route = until_held(page, held)
        assert "upload-delivery" in route.fetch().headers  # it has all, and has said so
        route.abort("connectionreset")
        page.get_by_role("link", name="Bericht zu verloren.gml").click()
        page.get_by_role("heading", name="Bericht", exact=True).wait_for()
        planner.forgive("ERR_CONNECTION_RESET")
    assert sent == [0, PIECE, 2 * PIECE]
    assert [size for size, _ in deliveries(owner, file)] == [file.stat().st_size]


def test_a_gap_of_the_network_is_told_and_costs_one_piece(
    browser: Browser, served: str, owner: Engine, tmp_path: Path
) -> None:
    file = large(tmp_path, "luecke")
    with seat(browser, served, DESKTOP, Role.PLANNER) as planner:
        page = planner.page
        planner.open("/werkbank/liefern")
        sent, held = pieces(page, lambda offset: offset == PIECE)
        deliver(page, file)
        route = until_held(page, held)
        page.context.set_offline(True)
        # it asks how much has arrived, and nobody answers; then it asks again
        with page.expect_event("requestfailed", lambda request: request.method == "HEAD"):
            route.abort("internetdisconnected")
            expect(page.locator("#transfers")).to_contain_text("Die Verbindung ist unterbrochen, es geht gleich weiter")
        page.context.set_offline(False)
        page.get_by_role("link", name="Bericht zu luecke.gml").wait_for()
        planner.forgive("ERR_INTERNET_DISCONNECTED")
    assert set(sent) == {0, PIECE, 2 * PIECE}
    assert (sent.count(0), sent.count(2 * PIECE)) == (1, 1)
    assert [size for size, _ in deliveries(owner, file)] == [file.stat().st_size]


def test_who_leaves_the_page_while_a_file_is_on_its_way_is_asked_and_else_not(
    browser: Browser, served: str, owner: Engine, tmp_path: Path
) -> None:
    file = large(tmp_path, "bleiben")
    with seat(browser, served, DESKTOP, Role.PLANNER) as planner:
        page = planner.page
        planner.open("/werkbank/liefern")
        _, held = pieces(page, lambda offset: offset == PIECE)
        deliver(page, file)
        route = until_held(page, held)
        with page.expect_event("dialog") as asked:
            page.get_by_role("link", name="Übersicht", exact=True).click(no_wait_after=True)
        assert asked.value.type == "beforeunload"
        assert planner.faults == ["says "]  # and the answer was to stay
        planner.faults.clear()
        expect(page.locator("#transfers")).to_contain_text("bleiben.gml")
        route.continue_()
        page.get_by_role("link", name="Bericht zu bleiben.gml").wait_for()
        page.get_by_role("link", name="Übersicht", exact=True).click()
        page.get_by_role("heading", name="Übersicht").wait_for()
        assert planner.faults == []
    assert [size for size, _ in deliveries(owner, file)] == [file.stat().st_size]


def test_two_tabs_that_send_one_file_come_to_one_delivery(
    browser: Browser, served: str, owner: Engine, tmp_path: Path
) -> None:
    file = large(tmp_path, "zweimal")
    with seat(browser, served, DESKTOP, Role.PLANNER) as planner:
        first = planner.page
        planner.open("/werkbank/liefern")
        second = first.context.new_page()
        second.goto(first.url)
        _, held = pieces(first, lambda offset: offset == PIECE)
        deliver(first, file)
        route = until_held(first, held)
        sent, _ = pieces(second)
        deliver(second, file)
        link = second.get_by_role("link", name="Bericht zu zweimal.gml")
        link.wait_for()
        assert sent == [PIECE, 2 * PIECE], "it goes on where the other one is"
        route.continue_()
        theirs = first.get_by_role("link", name="Bericht zu zweimal.gml")
        theirs.wait_for()
        assert theirs.get_attribute("href") == link.get_attribute("href")
        planner.forgive("409")
    assert [size for size, _ in deliveries(owner, file)] == [file.stat().st_size]


def test_what_one_tab_has_discarded_the_other_cannot_submit(
    browser: Browser, served: str, owner: Engine, tmp_path: Path
) -> None:
    file = write(tmp_path / "weg.gml", document("weg", nummer="weg"))
    with seat(browser, served, DESKTOP, Role.PLANNER) as planner:
        page = planner.page
        planner.open("/werkbank/liefern")
        deliver(page, file)
        page.get_by_role("link", name="Bericht zu weg.gml").click()
        page.get_by_role("button", name="Zur Freigabe geben").wait_for()
        other = page.context.new_page()
        other.goto(page.url)
        other.get_by_text("Verwerfen", exact=True).first.click()
        other.get_by_role("button", name="Verwerfen").click()
        expect(other.locator(".plan-head__state")).to_contain_text("Zurückgenommen")
        page.get_by_role("button", name="Zur Freigabe geben").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Das geht nicht mehr")
        expect(page.locator("main")).to_contain_text("Die Lieferung steht inzwischen anders da")
        planner.forgive("409")
    assert [state for _, state in deliveries(owner, file)] == ["withdrawn"]

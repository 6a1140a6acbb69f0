"""The pages of the desk, asked by every role, here and elsewhere."""

import io
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import text

from geoportal import operations, uploads, workflow
from geoportal.accounts import people
from geoportal.accounts.roles import Role
from geoportal.accounts.sessions import read_principal
from geoportal.archive import Archive
from geoportal.settings import Settings
from geoportal.states import IllegalTransition, State
from geoportal.web.desk.room import Desk as Room
from tests.desk import OTHER, OWN, Browser, Office, membership, office, send
from tests.files import feature, pdf, plan, polygon, prop, xplangml
from tests.waiting import somebody_waits, wait_until

SHARED = ("/karte.json", "/bericht.json", "/bericht.html", "/bericht.gpkg", "/bericht.pdf")
LINK = re.compile(r"/werkbank/bericht/[\w-]{43}")
BOWTIE = "0 0 100 100 100 0 0 100 0 0"
DOCUMENT = xplangml(
    plan(),
    feature(
        "BP_BaugebietsTeilFlaeche", "o", prop("position", polygon(BOWTIE)) + prop("besondereArtDerBaulNutzung", "1200")
    ),
)


@dataclass
class Desk:
    """The office with one delivery in review, a second version of its plan as a draft, and who delivered them."""

    office: Office
    deliverer: Browser
    number: int
    draft: int
    plan_id: UUID
    version: int
    paper: int
    person: int

    def address(self, path: str, number: int) -> str:
        named = {"number": number, "plan": self.plan_id, "version": self.version, "paper": self.paper}
        return path.format(**named, person=self.person, second=2)

    def process(self, number: int) -> None:
        operations.process(self.office.owner, Archive(self.office.settings.archive), number)


@pytest.fixture(scope="module")
def desk(module_database: Settings) -> Iterator[Desk]:
    with office(module_database) as opened:
        operations.prepare(opened.owner)
        opened.hire("deliverer@example.org", membership(Role.OFFICE))
        browser = opened.browser()
        browser.sign_in("deliverer@example.org")
        numbers = []
        for document in (DOCUMENT, DOCUMENT.replace("Am Hang", "Am Hang Süd")):
            answer = send(browser, document)
            assert answer.status_code == 303, answer.text
            numbers.append(int(answer.location.rpartition("/")[2]))
            operations.process(opened.owner, Archive(opened.settings.archive), numbers[-1])
        assert browser.post(f"/werkbank/lieferung/{numbers[0]}/zur-freigabe").status_code == 303
        with opened.owner.connect() as connection:
            plan_id = connection.scalar(text("SELECT id FROM plans.plan"))
            version = connection.scalar(text("SELECT max(id) FROM plans.version"))
        files = [(io.BytesIO(pdf("Die Begruendung des Plans")), "Begründung.pdf")]
        path = f"/werkbank/fassung/{version}"
        browser.get(path)
        answer = browser.post(f"{path}/dokument", {"datei": files, "typ": "1010"}, content_type="multipart/form-data")
        assert answer.status_code == 303, answer.text
        with opened.owner.connect() as connection:
            paper = connection.scalar(text("SELECT max(id) FROM plans.dokument"))
        opened.hire("somebody@example.org", membership(Role.PLANNER, OTHER))
        person = next(each.id for each in people.everybody(opened.owner) if each.email == "somebody@example.org")
        number, draft = numbers
        yield Desk(opened, browser, number, draft, plan_id, version, paper, person)


@pytest.fixture(autouse=True)
def _calm(desk: Desk) -> None:
    with desk.office.owner.begin() as connection:
        connection.execute(text("DELETE FROM desk.attempt"))


# Whom a page is open to: `own` roles in the Gemeinde, and those of the whole Kreis; nobody else, from anywhere.
READERS = {"planner", "publisher", "kreis", "auditor", "deliverer"}
PAGES = {
    "/werkbank/konten": {"kreis"},
    "/werkbank/konten/{person}": {"kreis"},
    "/werkbank/lieferung/{number}": READERS,
    "/werkbank/lieferung/{number}/karte.json": READERS,
    "/werkbank/lieferung/{number}/bericht.json": READERS,
    "/werkbank/lieferung/{number}/bericht.html": READERS,
    "/werkbank/lieferung/{number}/bericht.gpkg": READERS,
    "/werkbank/lieferung/{number}/original": READERS,
    "/werkbank/lieferung/{number}/fortschritt": READERS,
    "/werkbank/lieferung/{number}/spalten": READERS,
    "/werkbank/fassung/{version}": READERS,
    "/werkbank/fassung/{version}/dokument/{paper}": READERS,
    "/werkbank/plan/{plan}": READERS,  # an office of its own sees it once a version was public
    "/werkbank/plan/{plan}/vergleich?neu=2": READERS,
    "/werkbank/plan/{plan}/vergleich.json?neu=2": READERS,
    "/werkbank/plan/{plan}/fassung/{second}/bild.png?bbox=8.7,50.7,8.71,50.71&width=20&height=20": READERS,
}
# Which changes are open to whom; the others must not even reach them.
CHANGES = {
    "/werkbank/konten": {"kreis"},
    "/werkbank/konten/{person}/rolle": {"kreis"},
    "/werkbank/konten/{person}/sperre": {"kreis"},
    "/werkbank/konten/{person}/sitzungen": {"kreis"},
    "/werkbank/konten/{person}/zweiter-faktor": {"kreis"},
    "/werkbank/konten/{person}/passwort": {"kreis"},
    "/werkbank/konten/{person}/schluessel/abc": {"kreis"},
    "/werkbank/lieferung/{number}/weitergeben": READERS,
    "/werkbank/lieferung/{number}/zur-freigabe": {"planner", "publisher", "kreis", "deliverer"},
    "/werkbank/lieferung/{number}/zurueckgeben": {"publisher", "kreis"},
    "/werkbank/lieferung/{number}/verwerfen": {"planner", "kreis", "deliverer"},
    "/werkbank/lieferung/{number}/veroeffentlichen": {"publisher", "kreis"},
    "/werkbank/lieferung/{number}/spalten": {"planner", "kreis", "deliverer"},
    "/werkbank/lieferung/{number}/noch-einmal": {"planner", "kreis", "deliverer"},
    "/werkbank/fassung/{version}/angaben": {"planner", "kreis", "deliverer"},
    "/werkbank/fassung/{version}/dokument": {"planner", "kreis", "deliverer"},
    "/werkbank/fassung/{version}/dokumente": {"planner", "kreis", "deliverer"},
    "/werkbank/plan/{plan}/bearbeiten": {"planner", "kreis"},
    "/werkbank/plan/{plan}/zurueckziehen": {"publisher", "kreis"},
    "/werkbank/plan/{plan}/wiederherstellen": {"publisher", "kreis"},
    "/werkbank/plan/{plan}/zusammenfuehren": {"planner", "publisher", "kreis"},
    "/werkbank/gemeinde/06534008/vier-augen": {"publisher", "kreis"},
}
SHUT = {303, 401, 403, 404}


def persons(desk: Desk) -> dict[tuple[str, str], Browser]:
    found = {(role.value, ags): desk.office.as_role(role, ags) for role in Role for ags in (OWN, OTHER)}
    return found | {("deliverer", OWN): desk.deliverer, ("nobody", ""): desk.office.browser()}


def is_inside(name: str, ags: str) -> bool:
    return ags == OWN or name in {"kreis", "auditor"}


@pytest.fixture(scope="module")
def everybody(desk: Desk) -> dict[tuple[str, str], Browser]:
    with desk.office.owner.begin() as connection:
        connection.execute(text("DELETE FROM desk.attempt"))
    return persons(desk)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_open_to_whom_it_is_for(desk: Desk, everybody: dict[tuple[str, str], Browser], path: str) -> None:
    address = desk.address(path, desk.draft)
    for (name, ags), browser in everybody.items():
        status = browser.get(address).status_code
        may = name in PAGES[path] and is_inside(name, ags)
        assert (status == 200) if may else (status in SHUT), (address, name, ags, status)


@pytest.mark.parametrize("path", CHANGES)
def test_a_change_is_open_to_whom_it_is_for(desk: Desk, everybody: dict[tuple[str, str], Browser], path: str) -> None:
    """Whoever may gets as far as the rules of the thing itself: here, that a reason or a right stamp is missing."""
    address = desk.address(path, desk.number)
    for (name, ags), browser in everybody.items():
        if name in CHANGES[path] and is_inside(name, ags):
            continue
        status = browser.post(
            address, {"grund": "x", "fassung": "1", "stand": "x", "mit": str(UUID(int=1))}
        ).status_code
        assert status in SHUT, (address, name, ags, status)
    for (name, ags), browser in everybody.items():
        if name in CHANGES[path] and is_inside(name, ags) and not path.endswith("verwerfen"):
            status = browser.post(address, {"fassung": "1", "stand": "x", "wollen": "nein"}).status_code
            assert status in {200, 303, 400, 409, 422} or (status == 404 and "plan/" in path), (
                address,
                name,
                ags,
                status,
            )


# Open before anybody has signed in, by the secret of a link, or to everybody's own things: each has tests of its own.
FREE = """sign_in sign_in_now confirm to_provider from_provider invitation choose_password forgotten forgotten_now
    shared_report shared_map shared_paper shared_file
    sign_out account change_password second_factor end_other_sessions make_token revoke_token overview plans
    deliver deliver_now log log_export profile"""
# These have tables of their own: test_transfers.py, test_preview.py (it takes long), participation/test_rights.py
ELSEWHERE = """tus_create tus_head tus_patch tus_delete tus_drop delivery_paper
    participations participation_new participation_create participation participation_change participation_step
    statements statements_file statement statement_decide statement_file"""


def test_every_route_is_in_one_of_the_tables(desk: Desk) -> None:
    """With its method: a new change below the address of a page is not covered by the row of the page."""
    map_ = desk.office.app.url_map
    met = set()
    for method, table in (("GET", PAGES), ("POST", CHANGES)):
        for path in table:
            address = desk.address(path, desk.number).partition("?")[0]
            met.add((map_.bind("localhost").match(address, method=method)[0], method))
    named = {f"desk.{name}" for name in f"{FREE} {ELSEWHERE}".split()}
    every = {
        (rule.endpoint, method)
        for rule in map_.iter_rules()
        if rule.endpoint.startswith("desk.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {endpoint for endpoint, _ in every - met} - named == set()
    assert named <= {rule.endpoint for rule in map_.iter_rules()}, "what is gone needs no exception"


def test_lists_show_what_one_may_see(desk: Desk, everybody: dict[tuple[str, str], Browser]) -> None:
    for (name, ags), browser in everybody.items():
        if name != "nobody":
            shown = f"/werkbank/lieferung/{desk.draft}" in browser.get("/werkbank/").text
            assert shown == (name in READERS and is_inside(name, ags)), (name, ags)
            status = browser.get("/werkbank/protokoll").status_code
            assert (status == 200) == (name in {"publisher", "kreis", "auditor"}), name
    foreign = everybody["publisher", OTHER].get("/werkbank/protokoll").text
    assert f"Lieferung {desk.draft}<" not in foreign
    assert f"Lieferung {desk.draft}<" in everybody["publisher", OWN].get("/werkbank/protokoll").text
    assert "deliverer@example.org" in everybody["auditor", OWN].get("/werkbank/protokoll.csv").text
    assert "deliverer@example.org" not in everybody["publisher", OTHER].get("/werkbank/protokoll.csv").text


@pytest.mark.parametrize("role", [Role.PUBLISHER, Role.AUDITOR])
def test_who_may_not_deliver_does_not(everybody: dict[tuple[str, str], Browser], role: Role) -> None:
    assert everybody[role.value, OWN].get("/werkbank/liefern").status_code == 403
    assert send(everybody[role.value, OWN], DOCUMENT).status_code == 403


def test_nobody_delivers_for_another_gemeinde(everybody: dict[tuple[str, str], Browser]) -> None:
    for role in (Role.OFFICE, Role.PLANNER):
        assert send(everybody[role.value, OWN], DOCUMENT, ags=OTHER).status_code == 403
        assert send(everybody[role.value, OWN], DOCUMENT, ags="*").status_code == 403


def test_a_form_with_files_needs_the_key_too(desk: Desk) -> None:
    files = [(io.BytesIO(b"x"), "x.gml")]
    data = {"gemeinde": OWN, "dateien": files, "form_key": "0" * 64}
    assert desk.deliverer.post("/werkbank/liefern", data, content_type="multipart/form-data").status_code == 403


@pytest.mark.parametrize("kind", ["multipart/form-data", "text/plain", "application/json"])
def test_no_form_of_another_kind_gets_around_the_key(desk: Desk, kind: str) -> None:
    planner = desk.office.as_role(Role.PLANNER)
    answer = planner.post(f"/werkbank/lieferung/{desk.number}/verwerfen", {"form_key": ""}, content_type=kind)
    assert answer.status_code == 403
    # with files too: the key is looked for in the form
    browser = desk.office.as_role(Role.PLANNER)
    files = [(io.BytesIO(b"x"), "x.gml")]
    given = {"gemeinde": OWN, "dateien": files, "form_key": "0" * 64}
    assert browser.post("/werkbank/liefern", given, content_type="multipart/form-data").status_code == 403


def test_a_name_is_shown_and_nothing_more(desk: Desk) -> None:
    answer = send(desk.deliverer, "no plan", name="../../etc/<b>x\u202egml.exe")
    page = desk.deliverer.get(answer.location).text
    assert "&lt;b&gt;xgml.exe" in page
    assert "etc/" not in page


def test_a_report_can_be_given_away_for_thirty_days(desk: Desk) -> None:
    page = desk.deliverer.post(f"/werkbank/lieferung/{desk.draft}/weitergeben").text
    found = re.search(r"/werkbank/bericht/([\w-]{43})", page)
    assert found
    stranger = desk.office.browser()
    path = f"/werkbank/bericht/{found[1]}"
    shown = stranger.get(path)
    assert (shown.status_code, shown.headers["Referrer-Policy"]) == (200, "no-referrer")
    assert "Ungültige Geometrie wurde repariert" in shown.text
    assert "Set-Cookie" not in shown.headers
    for part in SHARED:
        assert stranger.get(path + part).status_code == 200
    for wrong in ("AB"[found[1][0] == "A"] + found[1][1:], "A" * 43, "x"):
        assert stranger.get(f"/werkbank/bericht/{wrong}").status_code == 410
    assert stranger.get(f"/werkbank/lieferung/{desk.draft}").status_code == 303
    with desk.office.owner.begin() as connection:
        connection.execute(text("UPDATE desk.report_link SET expires_at = now()"))
    for part in ("", *SHARED):
        assert stranger.get(path + part).status_code == 410
    assert "Dieser Link gilt nicht mehr" in stranger.get(path).text


def shared(browser: Browser, number: int) -> str:
    """The address of a link to the report, just made."""
    found = LINK.search(browser.post(f"/werkbank/lieferung/{number}/weitergeben").text)
    assert found
    return found[0]


def checked(desk: Desk, name: str, browser: Browser | None = None) -> int:
    """A delivery of a plan of that name, read."""
    answer = send(browser or desk.deliverer, xplangml(plan(name=name, nummer=name)))
    number = int(answer.location.rpartition("/")[2])
    desk.process(number)
    return number


def test_the_link_ends_with_the_delivery_that_is_taken_back(desk: Desk) -> None:
    number, other = checked(desk, "Zurueck"), checked(desk, "Bleibt")
    path, kept = shared(desk.deliverer, number), shared(desk.deliverer, other)
    stranger = desk.office.browser()
    assert stranger.get(path).status_code == 200
    assert desk.deliverer.post(f"/werkbank/lieferung/{number}/verwerfen").status_code == 303
    for part in ("", *SHARED):
        assert stranger.get(path + part).status_code == 410
    assert stranger.get(kept).status_code == 200
    # nor is there a new one
    page = desk.deliverer.get(f"/werkbank/lieferung/{number}").text
    assert "weitergeben" not in page
    assert desk.deliverer.post(f"/werkbank/lieferung/{number}/weitergeben").status_code == 409
    with desk.office.owner.connect() as connection:
        left = connection.scalar(
            text("SELECT count(*) FROM desk.report_link WHERE upload_id = :number"), {"number": number}
        )
    assert left == 0


def test_the_link_outlives_a_return_and_ends_when_the_file_is_read_again(desk: Desk) -> None:
    number = checked(desk, "Noch einmal")
    path, stranger = shared(desk.deliverer, number), desk.office.browser()
    publisher = desk.office.as_role(Role.PUBLISHER)
    assert desk.deliverer.post(f"/werkbank/lieferung/{number}/zur-freigabe").status_code == 303
    assert publisher.post(f"/werkbank/lieferung/{number}/zurueckgeben", {"grund": "Datum"}).status_code == 303
    assert stranger.get(path).status_code == 200
    assert desk.deliverer.post(f"/werkbank/lieferung/{number}/noch-einmal").status_code == 303
    assert stranger.get(path).status_code == 410


@pytest.mark.parametrize("by", ["publisher", "operator"])
def test_the_link_ends_when_the_plan_is_withdrawn_from_the_public(desk: Desk, by: str) -> None:
    number = checked(desk, f"Oeffentlich {by}")
    path, stranger = shared(desk.deliverer, number), desk.office.browser()
    publisher = desk.office.as_role(Role.PUBLISHER)
    assert desk.deliverer.post(f"/werkbank/lieferung/{number}/zur-freigabe").status_code == 303
    page = publisher.get(f"/werkbank/lieferung/{number}").text
    [stand] = re.findall(r'name="stand" value="([^"]+)"', page)
    given = {"stand": stand, "wann": "jetzt"}
    assert publisher.post(f"/werkbank/lieferung/{number}/veroeffentlichen", given).status_code == 303
    assert stranger.get(path).status_code == 200
    with desk.office.owner.connect() as connection:
        address = connection.scalar(
            text("SELECT plan_id FROM plans.version WHERE name = :name"), {"name": f"Oeffentlich {by}"}
        )
    if by == "publisher":
        answer = publisher.post(f"/werkbank/plan/{address}/zurueckziehen", {"grund": "Namen darin"})
        assert answer.status_code == 303
    else:
        operations.withdraw(desk.office.owner, address, "Namen darin")
    assert stranger.get(path).status_code == 410


def test_the_link_ends_with_the_access_of_who_made_it(desk: Desk) -> None:
    now = desk.office.clock.now
    emails = [f"geht{each}@example.org" for each in range(3)]
    browsers = []
    for email in emails:
        desk.office.hire(email, membership(Role.PLANNER))
        browsers.append(desk.office.browser())
        assert browsers[-1].sign_in(email).status_code == 303
    locked, moved, revoked = (shared(browser, desk.draft) for browser in browsers)
    stranger = desk.office.browser()
    people.lock(desk.office.owner, emails[0], now)
    people.grant(desk.office.owner, emails[1], membership(Role.PUBLISHER))
    people.revoke(desk.office.owner, emails[1], membership(Role.PLANNER))
    people.revoke(desk.office.owner, emails[2], membership(Role.PLANNER))
    assert [stranger.get(path).status_code for path in (locked, moved, revoked)] == [410, 200, 410]


def test_who_shares_while_somebody_takes_the_delivery_back_makes_no_link(desk: Desk) -> None:
    number = checked(desk, "Gleichzeitig")
    engine = desk.office.app.extensions[Room.KEY].engine
    with desk.office.owner.connect() as connection:
        account = connection.scalar(text("SELECT id FROM desk.account WHERE email = 'deliverer@example.org'"))
        who = read_principal(connection, account, "-")
    assert who is not None
    with ThreadPoolExecutor(1) as pool:
        with desk.office.owner.begin() as connection:
            held = uploads.lock(connection, number)
            assert held is not None
            uploads.move(connection, held, State.WITHDRAWN, step="done")
            sharing = pool.submit(workflow.share_report, engine, who, number, desk.office.clock.now)
            wait_until(lambda: somebody_waits(desk.office.owner) or sharing.done())
            assert not sharing.done()
        with pytest.raises(IllegalTransition):
            sharing.result()


def test_the_report_is_filtered_and_drawn(desk: Desk) -> None:
    path = f"/werkbank/lieferung/{desk.draft}"
    assert "Ungültige Geometrie" not in desk.deliverer.get(f"{path}?schwere=info").text
    assert "Ungültige Geometrie" in desk.deliverer.get(f"{path}?suche=repariert").text
    assert desk.deliverer.get(f"{path}?schwere=x").status_code == 400
    assert desk.deliverer.get(f"{path}?ab=-1").status_code == 400
    drawn = desk.deliverer.get(f"{path}/karte.json").json
    assert drawn is not None
    kinds = {each["properties"]["kind"] for each in drawn["plans"]["features"]}
    assert kinds == {"plan", "objekt"}
    assert drawn["findings"]["features"]
    [x, y] = drawn["plans"]["features"][0]["geometry"]["coordinates"][0][0][0]
    assert 8 < x < 10
    assert 50 < y < 52


def test_what_was_delivered_never_acts_in_our_origin(desk: Desk) -> None:
    for part in ("original", "bericht.html"):
        answer = desk.deliverer.get(f"/werkbank/lieferung/{desk.draft}/{part}")
        assert answer.headers["Content-Security-Policy"].startswith("sandbox")
        assert answer.headers["Content-Disposition"].startswith("attachment")

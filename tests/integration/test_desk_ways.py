"""What people at the desk find, and what they are told: after a step, after a mistake, and by whoever came before."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from geoportal import operations
from geoportal.accounts.roles import Role
from geoportal.archive import Archive
from geoportal.settings import Settings
from plans_ingest.gemeinden import gemeinde_of
from tests.desk import OTHER, OWN, Browser, Office, membership, office, send
from tests.files import feature, plan, polygon, prop, write, xplangml

STOCK = xplangml(
    plan("p1", name="Mühlweg", nummer="12", extra=prop("rechtsstand", "4000")),
    plan("p2", name="Mühlweg, 1. Änderung", nummer="12.1", extra=prop("rechtsstand", "2400")),
    plan("p3", name="Alter Markt", nummer="13"),
)


@pytest.fixture(scope="module")
def desk(module_database: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Three plans that the operator published, which never were at the desk."""
    with office(module_database) as opened:
        operations.prepare(opened.owner)
        file = write(tmp_path_factory.mktemp("stock") / "stock.gml", STOCK)
        operations.deliver(opened.owner, Archive(opened.settings.archive), file, gemeinde_of(OWN))
        yield opened


@pytest.fixture(autouse=True)
def _calm(desk: Office) -> None:
    with desk.owner.begin() as connection:
        connection.execute(text("DELETE FROM desk.attempt"))


def delivered(desk: Office, browser: Browser, document: str, name: str = "plan.gml") -> str:
    """The address of a delivery that has been read."""
    address = send(browser, document, name=name).location
    operations.process(desk.owner, Archive(desk.settings.archive), int(address.rpartition("/")[2]))
    return address


def plans(page: str) -> list[str]:
    """The names on a page of plans."""
    return re.findall(r'<h2 class="desk-card__title"><a href="/werkbank/plan/[0-9a-f-]{36}">([^<]+)</a>', page)


def test_a_plan_that_never_was_at_the_desk_is_found_by_its_name(desk: Office) -> None:
    planner = desk.as_role(Role.PLANNER)
    assert plans(planner.get("/werkbank/plaene").text)[:3] == ["Alter Markt", "Mühlweg", "Mühlweg, 1. Änderung"]
    assert plans(planner.get("/werkbank/plaene?suche=muhlweg+änderung").text) == ["Mühlweg, 1. Änderung"]
    assert plans(planner.get("/werkbank/plaene?suche=12.1").text) == ["Mühlweg, 1. Änderung"]
    assert plans(planner.get("/werkbank/plaene?stand=withdrawn").text) == []
    assert "Kein Plan passt dazu" in planner.get("/werkbank/plaene?suche=xqzzyw").text
    assert planner.get("/werkbank/plaene?seite=2").status_code == 404
    for wrong in ("stand=x", "gemeinde=06534010", "seite=0", "seite=x"):
        assert planner.get(f"/werkbank/plaene?{wrong}").status_code == 400, wrong


def test_nobody_finds_plans_of_another_gemeinde(desk: Office) -> None:
    assert plans(desk.as_role(Role.PUBLISHER, OTHER).get("/werkbank/plaene").text) == []
    for role in (Role.KREIS, Role.AUDITOR):
        assert "Mühlweg" in plans(desk.as_role(role).get(f"/werkbank/plaene?gemeinde={OWN}").text)


def test_a_draft_is_found_by_who_may_see_it(desk: Office) -> None:
    desk.hire("another@example.org", membership(Role.OFFICE))
    another = desk.browser()
    another.sign_in("another@example.org")
    delivered(desk, desk.as_role(Role.OFFICE), xplangml(plan(name="Noch geheim", nummer="g")))
    seen = {role: "Noch geheim" in desk.as_role(role).get("/werkbank/plaene").text for role in Role}
    assert all(seen.values()), seen
    assert "Noch geheim" not in another.get("/werkbank/plaene").text


def test_who_delivered_reads_what_is_to_be_changed(desk: Office) -> None:
    """An office cannot read the log."""
    mine, publisher = desk.as_role(Role.OFFICE), desk.as_role(Role.PUBLISHER)
    address = delivered(desk, mine, xplangml(plan(name="Zu ändern", nummer="z")))
    answer = mine.post(f"{address}/zur-freigabe")
    assert "Zur Freigabe gegeben" in mine.get(answer.location).text
    assert "ansehen und veröffentlichen" in publisher.get("/werkbank/").text
    publisher.get(address)
    answer = publisher.post(f"{address}/zurueckgeben", {"grund": "Die Grünfläche fehlt.\nBitte ergänzen."})
    assert "Zurückgegeben." in publisher.get(answer.location).text
    assert "Die Grünfläche fehlt." in mine.get(address).text
    overview = mine.get("/werkbank/").text
    assert "Die Grünfläche fehlt." in overview
    assert re.search(r"<strong>1</strong> zurückgegeben", overview)
    mine.get(address)
    mine.post(f"{address}/zur-freigabe")
    assert "Die Grünfläche fehlt." not in mine.get(address).text


def test_who_wants_a_day_and_names_none_publishes_nothing(desk: Office) -> None:
    kreis = desk.as_role(Role.KREIS)
    address = delivered(desk, kreis, xplangml(plan(name="Ohne Tag", nummer="o")))
    kreis.post(f"{address}/zur-freigabe")
    [stamp] = re.findall(r'name="stand" value="([^"]+)"', kreis.get(address).text)
    answer = kreis.post(f"{address}/veroeffentlichen", {"stand": stamp, "wann": "tag", "tag": ""})
    assert answer.status_code == 422
    assert "Bitte nennen Sie den Tag" in answer.text
    assert "desk-state--in_review" in answer.text


def test_a_delivery_of_many_plans_has_a_short_name(desk: Office) -> None:
    kreis = desk.as_role(Role.KREIS)
    many = xplangml(*(plan(f"p{number}", name=f"Viele {number}", nummer=f"v{number}") for number in range(1, 5)))
    two = xplangml(*(plan(f"p{number}", name=f"Zwei {number}", nummer=f"w{number}") for number in range(1, 3)))
    for document, said in ((many, "Viele 1 und 3 weitere Pläne"), (two, "Zwei 1 und Zwei 2"), ("none", "leer.gml")):
        address = delivered(desk, kreis, document, name="leer.gml")
        assert f"<h1>{said}</h1>" in kreis.get(address).text


def test_deliveries_are_found_by_plan_and_file(desk: Office) -> None:
    kreis = desk.as_role(Role.KREIS)
    address = delivered(desk, kreis, xplangml(plan(name="Am Öhrchen", nummer="ö")), name="strasse-17.gml")
    for words in ("ohrchen", "STRASSE-17"):
        found = re.findall(r'<h3><a href="([^"]+)"', kreis.get(f"/werkbank/?suche={words}").text)
        assert found == [address], words
    assert "Keine Lieferung passt dazu" in kreis.get("/werkbank/?suche=xqzzyw").text


def test_what_went_wrong_is_told_at_the_desk_and_leads_back_to_it(desk: Office) -> None:
    planner = desk.as_role(Role.PLANNER)
    gone = planner.get(
        "/werkbank/lieferung/999999", headers={"Referer": "http://localhost:8080/werkbank/plaene?suche=x"}
    )
    assert gone.status_code == 404
    assert 'aria-label="Werkbank"' in gone.text
    assert 'href="/werkbank/plaene?suche=x"' in gone.text
    for foreign in ("http://evil.example/werkbank/plaene", "http://localhost:8080/plaene", "http://["):
        page = planner.get("/werkbank/lieferung/999999", headers={"Referer": foreign}).text
        assert "Zurück zur vorigen Seite" not in page, foreign
    assert 'aria-label="Werkbank"' not in desk.browser().get("/plan/nirgends").text


def test_the_desk_speaks_german_throughout(desk: Office) -> None:
    """Half a page in English, said to be English, is read aloud as gibberish (WCAG 3.1.1)."""
    page = desk.as_role(Role.PLANNER).get("/werkbank/?lang=en").text
    assert '<html lang="de">' in page
    assert "Imprint" not in page
    assert 'hreflang="en"' not in page
    assert '<html lang="en">' in desk.browser().get("/plaene?lang=en").text


def test_the_log_speaks_german_and_leads_to_what_it_is_about(desk: Office) -> None:
    kreis = desk.as_role(Role.KREIS)
    address = delivered(desk, kreis, xplangml(plan(name="Im Protokoll", nummer="i")), name="protokoll.gml")
    page = kreis.get("/werkbank/protokoll?suche=protokoll.gml&was=delivered").text
    assert f'<a href="{address}">Lieferung ' in page
    assert "Datei: protokoll.gml" in page
    assert "Ebsdorfergrund" in page
    assert "protokoll.gml" not in kreis.get("/werkbank/protokoll?was=sign_in").text
    assert kreis.get("/werkbank/protokoll?was=x").status_code == 400


def test_an_invitation_that_fails_keeps_what_was_typed(desk: Office) -> None:
    kreis = desk.as_role(Role.KREIS)
    kreis.get("/werkbank/konten")
    answer = kreis.post("/werkbank/konten", {"name": "Eva Lang", "email": "eva@", "rolle": "planner", "gemeinde": OWN})
    assert answer.status_code == 422
    for kept in ('value="Eva Lang"', 'value="eva@"', 'value="planner" selected', f'value="{OWN}" selected'):
        assert kept in answer.text


def test_what_is_wrong_in_a_form_is_listed_and_belongs_to_its_field(desk: Office) -> None:
    kreis = desk.as_role(Role.KREIS)
    address = delivered(desk, kreis, xplangml(plan(name="Falsche Tage", nummer="f")))
    [draft] = set(re.findall(r"/werkbank/fassung/(\d+)", kreis.get(address).text))
    kreis.get(f"/werkbank/fassung/{draft}")
    given = {"name": "", "satzungsbeschluss_datum": "gestern"}
    answer = kreis.post(f"/werkbank/fassung/{draft}/angaben", given)
    assert answer.status_code == 422
    assert "<title>Fehler: " in answer.text
    assert '<a href="#satzungsbeschluss_datum">Satzungsbeschluss</a>' in answer.text
    field = re.search(r'<input id="satzungsbeschluss_datum"[^>]*>', answer.text)
    assert field
    assert 'aria-invalid="true"' in field[0]
    assert "f-satzungsbeschluss_datum" in field[0]


def test_a_report_of_many_findings_begins_with_their_kinds(desk: Office) -> None:
    kreis = desk.as_role(Role.KREIS)
    areas = (
        feature("BP_BaugebietsTeilFlaeche", f"b{number}", prop("position", polygon("0 0 9 9 9 0 0 9 0 0")))
        for number in range(12)
    )
    page = kreis.get(address := delivered(desk, kreis, xplangml(plan(name="Viele", nummer="x"), *areas))).text
    kinds = re.findall(r'href="\?art=([a-z_]+)#bericht"', page)
    assert "geometry_mended" in kinds
    assert "Ungültige Geometrie wurde repariert, das Original ist aufbewahrt</a>" in page
    only = kreis.get(f"{address}?art=geometry_mended").text
    assert only.count("<p>Ungültige Geometrie wurde repariert") == 12
    assert "1 bis 12 von 12 Befunden" in only
    assert "Alle Befunde zeigen" in only
    assert kreis.get(f"{address}?art=ä").status_code == 400
    few = delivered(desk, kreis, xplangml(plan(name="Wenige", nummer="y")))
    assert "Arten von Befunden" not in kreis.get(few).text


def test_a_file_that_could_not_be_read_leads_to_the_next_try(desk: Office) -> None:
    planner = desk.as_role(Role.PLANNER)
    address = delivered(desk, planner, "kein Plan", name="kaputt.gml")
    page = planner.get(address).text
    assert f'href="/werkbank/liefern?gemeinde={OWN}">Berichtigte Datei liefern' in page
    assert f'value="{OWN}" selected' in planner.get(f"/werkbank/liefern?gemeinde={OWN}").text


def test_menus_say_where_one_is_below_a_page_too(desk: Office) -> None:
    planner = desk.as_role(Role.PLANNER)
    [plan_page] = set(re.findall(r"/werkbank/plan/[0-9a-f-]{36}", planner.get("/werkbank/plaene?suche=alter").text))
    assert '<a href="/werkbank/plaene" aria-current="true">' in planner.get(plan_page).text
    assert '<a href="/werkbank/plaene" aria-current="page">' in planner.get("/werkbank/plaene").text

"""Each kind of participation of BauGB §§ 3 and 4: whom it is for, who is told, what a plan's own file says."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from geoportal import operations, oversight
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Role
from geoportal.archive import Archive
from geoportal.participation import beteiligungen
from geoportal.participation.arten import ARTEN, Art
from geoportal.participation.beteiligungen import Angaben, NotAnnounceable, Overlaps
from geoportal.web import stellungnahme_pages
from geoportal.web.desk import room
from tests.desk import OWN
from tests.files import plan, prop, write, xplangml
from tests.participation import AFTER, ANGABEN, DURING, Citizen, Town, form, signed_in

# a plan's file knows no second time
_TOLD_AS = {
    Art.ERNEUT: Art.VEROEFFENTLICHUNG,
    Art.UNTERRICHTUNG: Art.FRUEHZEITIG,
    Art.BEHOERDEN_ERNEUT: Art.BEHOERDEN,
    Art.BEHOERDEN_BERUEHRT: Art.BEHOERDEN,
}
AUTHORITIES = replace(ANGABEN, art=Art.BEHOERDEN)
INFORMED = replace(ANGABEN, art=Art.UNTERRICHTUNG, ende=date(2026, 12, 12))  # a Saturday, in less than a month


def deliver(opened: Town, folder: Path, name: str, extra: str) -> UUID:
    document = xplangml(plan(name=name, nummer=name, extra=prop("rechtsstand", "2200") + extra), version="6.1")
    archive = Archive(opened.office.settings.archive)
    operations.deliver(opened.office.owner, archive, write(folder / f"{name}.gml", document))
    with opened.office.owner.connect() as connection:
        found = connection.scalar(text("SELECT plan_id FROM plans.version WHERE name = :name"), {"name": name})
    assert isinstance(found, UUID)
    return found


def test_the_database_knows_the_kinds_as_the_table_tells_them(opened: Town) -> None:
    engine, who = opened.office.app.extensions[room.Desk.KEY].engine, opened.principal(Role.PUBLISHER)
    for art in Art:
        beteiligungen.create(engine, who, opened.plan_id, replace(ANGABEN, art=art))
    with opened.office.owner.connect() as connection:
        known = connection.execute(
            text("SELECT art, oeffentlich, participation.told_as(art), online FROM participation.beteiligung")
        )
        assert {tuple(row) for row in known} == {
            (art.value, regel.is_public, _TOLD_AS.get(art, art).value, regel.is_public) for art, regel in ARTEN.items()
        }


def test_early_the_public_is_asked_without_a_draft(opened: Town) -> None:
    opened.announce(replace(ANGABEN, art=Art.FRUEHZEITIG, anlass="Wir denken über zwölf Häuser nach."))
    erika = opened.citizen()
    page = erika.get(f"/beteiligung/{opened.plan_id}").text
    assert "Frühzeitige Beteiligung der Öffentlichkeit" in page
    assert "Die Gemeinde stellt vor, was sie plant, und hört zu, vom" in page
    assert "Es gibt noch keinen fertigen Entwurf" in page
    assert "Der Entwurf ist veröffentlicht" not in page
    assert "§ 3 Abs. 1 BauGB; Art. 6 Abs. 1 Buchst. e DSGVO" in page
    address = f'href="/beteiligung/{opened.plan_id}"'
    for path in (
        "/beteiligung/",
        "/plaene?beteiligung=laufend",
        "/gemeinde/06534008/",
        "/hier?ost=480050&nord=5630050",
    ):
        listed = erika.get(path).text
        assert address in listed, path
        assert "frühzeitig, noch ohne fertigen Entwurf" in listed, path
    calendar = erika.get("/abo/termine.ics").text.replace("\r\n ", "")
    assert "SUMMARY:Frühzeitige Beteiligung der Öffentlichkeit: Am Hang" in calendar
    link = erika.confirmed()
    opened.deliver()
    receipt = str(opened.box.letters[-1].get_content())
    assert "macht daraus den Entwurf. Zu ihm können Sie sich noch einmal äußern (§ 3 Abs. 1 BauGB)." in receipt
    assert "teilt Ihnen das Ergebnis mit" not in receipt
    assert erika.get(link).status_code == 200
    # an Auslegung is something else: services that tell of one do not take this for it
    with opened.office.owner.connect() as connection:
        told = connection.execute(text("SELECT auslegung_start_datum, auslegungen FROM ogc.plaene")).one()
    assert (told.auslegung_start_datum, told.auslegungen) == (None, [])


def test_once_more_people_are_told_that_it_is_about_the_changes(opened: Town) -> None:
    opened.announce(replace(ANGABEN, art=Art.ERNEUT, ende=date(2026, 12, 9), grund="Nur die Höhe ist anders."))
    erika = opened.citizen()
    page = erika.get(f"/beteiligung/{opened.plan_id}").text
    assert "Der geänderte Entwurf ist veröffentlicht vom" in page
    assert "was Sie früher geschrieben haben, zählt weiter" in page
    assert "Nur die Höhe ist anders." not in page  # for the log, and for a court
    assert "was sich am Entwurf geändert hat" in erika.get(erika.form).text


def test_in_the_simplified_procedure_whom_the_plan_concerns_is_heard(opened: Town) -> None:
    opened.announce(replace(ANGABEN, art=Art.BETROFFENE, ende=date(2026, 12, 12)))  # a Saturday, in less than a month
    opened.announce(replace(AUTHORITIES, art=Art.BEHOERDEN_BERUEHRT, ende=date(2026, 12, 12)))
    opened.office.clock.now = DURING
    erika = opened.citizen()
    page = erika.get(f"/beteiligung/{opened.plan_id}").text
    assert "Beteiligung der betroffenen Öffentlichkeit" in page
    assert "Wen der Plan betrifft, der kann sich äußern vom" in page
    assert "§ 13 Abs. 2 Satz 1 Nr. 2 BauGB" in page
    assert "Von einer Umweltprüfung wird abgesehen (§ 13 Abs. 3 BauGB)." in page
    erika.confirmed()
    opened.deliver()
    receipt = str(opened.box.letters[-1].get_content())
    assert "wägt sie mit allem anderen ab (§ 13 Abs. 2 Satz 1 Nr. 2 BauGB)." in receipt
    assert "teilt Ihnen das Ergebnis mit" not in receipt
    assert "Die Gemeinde hört, wen der Plan betrifft:" in erika.get(f"/plan/{opened.plan_id}").text
    with opened.office.owner.connect() as connection:
        told = connection.execute(
            text("SELECT auslegungen, traegerbeteiligungen FROM ogc.plaene WHERE id = :id"), {"id": opened.plan_id}
        ).one()
    assert told.auslegungen == []
    assert [each["ende"] for each in told.traegerbeteiligungen] == ["2026-12-12"]


def drafted(opened: Town, plan_id: UUID, angaben: Angaben) -> UUID:
    engine = opened.office.app.extensions[room.Desk.KEY].engine
    return beteiligungen.create(engine, opened.principal(Role.PUBLISHER), plan_id, angaben)


def announce(opened: Town, number: UUID) -> None:
    engine = opened.office.app.extensions[room.Desk.KEY].engine
    beteiligungen.announce(engine, opened.principal(Role.PUBLISHER), number, 1, date(2026, 11, 10))


def test_in_the_accelerated_procedure_the_public_is_informed_before_there_is_a_draft(
    opened: Town, tmp_path: Path
) -> None:
    early = prop("verfahren", "3000") + prop("fruehzeitigeOeffentlichkeitsbeteiligungsStartDatum", "2026-11-20")
    number = deliver(opened, tmp_path, "Am Anger", early)
    announce(opened, drafted(opened, number, INFORMED))
    opened.office.clock.now = DURING
    erika = opened.citizen()
    page = erika.get(f"/beteiligung/{number}").text
    assert "Die Gemeinde unterrichtet über ihre Ziele, und Sie können sich äußern, vom" in page
    assert "§ 13a Abs. 3 Satz 1 Nr. 2 BauGB" in page
    assert "Wie lange Sie Zeit haben, hat die Gemeinde bestimmt" in page
    assert "im beschleunigten Verfahren aufgestellt, ohne Umweltprüfung" in page
    assert "Wo Sie sich unterrichten können" in page
    assert INFORMED.zugang in page
    assert "§ 13a Abs. 2 Nr. 1, § 13 Abs. 2 Satz 1 Nr. 2 BauGB" in page
    assert "Der Entwurf ist veröffentlicht" not in page
    assert "The municipality tells about its aims" in erika.get(f"/beteiligung/{number}?lang=en").text
    told = erika.get(f"/plan/{number}").text
    assert "Die Gemeinde unterrichtet über Ziele und Auswirkungen der Planung:" in told
    # what the file can only call early is the same, and stands there once
    assert told.count("Unterrichtung und Äußerung") == 1
    assert "Frühzeitige Beteiligung" not in told
    for path in ("/beteiligung/", "/plaene?beteiligung=laufend", "/gemeinde/06534008/"):
        assert "zu den Zielen, noch ohne fertigen Entwurf" in erika.get(path).text, path
    calendar = erika.get("/abo/termine.ics").text.replace("\r\n ", "")
    assert "SUMMARY:Unterrichtung und Äußerung: Am Anger" in calendar
    assert "Unterrichtung und Äußerung: " in erika.get("/abo/plaene.atom").text
    mine = Citizen(erika.client, replace(opened, plan_id=number))
    link = mine.confirmed()
    opened.deliver()
    receipt = str(opened.box.letters[-1].get_content())
    assert "Zu ihm hört sie dann, wen er betrifft, oder alle (§ 13a Abs. 3 Satz 1 Nr. 2 BauGB)." in receipt
    assert "teilt Ihnen das Ergebnis mit" not in receipt
    assert erika.get(link).status_code == 200
    assert erika.get(f"{link}/eingang.pdf").status_code == 200
    with opened.office.owner.connect() as connection:
        auslegungen = connection.scalar(text("SELECT auslegungen FROM ogc.plaene WHERE id = :id"), {"id": number})
    assert auslegungen == []


@pytest.mark.parametrize(
    ("told", "zugang", "words"),
    [
        (prop("verfahren", "1000"), "Rathaus", "Im Plan steht ein anderes Verfahren"),
        (prop("verfahren", "3000"), "", "Es fehlt, wo man sich über die allgemeinen Ziele"),
    ],
    ids=["another procedure", "not said where"],
)
def test_what_the_accelerated_procedure_asks_for_is_held_against_plan_and_words(
    opened: Town, tmp_path: Path, told: str, zugang: str, words: str
) -> None:
    number = deliver(opened, tmp_path, f"Anger {words[:12]}", told)
    made = drafted(opened, number, replace(INFORMED, zugang=zugang))
    assert words in signed_in(opened, Role.PLANNER).get(f"/werkbank/beteiligung/{made}").text
    with pytest.raises(NotAnnounceable):
        announce(opened, made)


def test_where_the_public_was_asked_early_the_other_is_told_to_be_needless(opened: Town, tmp_path: Path) -> None:
    number = deliver(opened, tmp_path, "Doppelt gefragt", prop("verfahren", "3000"))
    before = replace(ANGABEN, art=Art.FRUEHZEITIG)
    announce(opened, drafted(opened, number, before))
    later = replace(INFORMED, beginn=date(2027, 1, 7), ende=date(2027, 1, 28))
    page = signed_in(opened, Role.PLANNER).get(f"/werkbank/beteiligung/{drafted(opened, number, later)}").text
    assert "Dann verlangt das Gesetz diese nicht mehr" in page


def test_a_land_use_plan_is_not_offered_what_only_a_bebauungsplan_knows(opened: Town, tmp_path: Path) -> None:
    document = xplangml(plan(klasse="FP_Plan", name="FNP", extra=prop("rechtsstand", "2000")))
    operations.deliver(
        opened.office.owner, Archive(opened.office.settings.archive), write(tmp_path / "fnp.gml", document)
    )
    with opened.office.owner.connect() as connection:
        number = connection.scalar(text("SELECT id FROM plans.plan WHERE planwerk = 'FP'"))
    planner = signed_in(opened, Role.PLANNER)
    assert 'value="unterrichtung"' not in planner.get(f"/werkbank/plan/{number}/beteiligung").text
    assert 'value="unterrichtung"' in planner.get(f"/werkbank/plan/{opened.plan_id}/beteiligung").text
    with pytest.raises(NotAnnounceable):
        announce(opened, drafted(opened, number, INFORMED))


@pytest.mark.parametrize(
    ("verfahren", "words"),
    [("2000", "Von einer Umweltprüfung wird abgesehen"), ("3000", "im beschleunigten Verfahren"), ("1000", "")],
)
def test_a_file_that_tells_of_another_procedure_tells_of_no_environmental_assessment(
    opened: Town, tmp_path: Path, verfahren: str, words: str
) -> None:
    told = prop("verfahren", verfahren)
    told += prop("auslegungsStartDatum", "2026-11-20") + prop("auslegungsEndDatum", "2026-12-21")
    number = deliver(opened, tmp_path, f"Verfahren {verfahren}", told)
    page = opened.citizen().get(f"/beteiligung/{number}").text
    assert words in page
    assert ("mweltprüfung" in page) is bool(words)


def test_what_authorities_are_asked_is_no_affair_of_the_public_but_for_its_days(opened: Town) -> None:
    number = opened.announce(AUTHORITIES)
    erika = opened.citizen()
    assert erika.get(f"/beteiligung/{opened.plan_id}").status_code == 404
    assert erika.get(erika.form).status_code == 404
    address = f"/beteiligung/{opened.plan_id}"
    for path in ("/beteiligung/", "/plaene?beteiligung=laufend", "/gemeinde/06534008/", "/abo/termine.ics"):
        assert address not in erika.get(path).text, path
    page = erika.get(f"/plan/{opened.plan_id}").text
    assert "Beteiligung der Behörden" in page
    assert "18. November 2026" in page
    assert ANGABEN.stelle.splitlines()[-1] not in page
    assert opened.count("ogc.beteiligungen") == 0
    with opened.office.app.extensions[stellungnahme_pages.Room.KEY].engine.connect() as citizens:
        assert citizens.scalar(text("SELECT count(*) FROM participation.beteiligung")) == 0
    planner = signed_in(opened, Role.PLANNER)
    desk = planner.get(f"/werkbank/beteiligung/{number}").text
    assert "Behörden sind gefragt" in desk
    assert "§ 4 Abs. 2 BauGB" in desk
    assert "Stellungnahmen werden am" not in desk
    listed = planner.get(f"/werkbank/plan/{opened.plan_id}").text
    assert f"/werkbank/beteiligung/{number}" in listed


def test_no_statement_is_taken_where_authorities_are_asked_whatever_a_program_says(opened: Town) -> None:
    opened.announce(AUTHORITIES)
    engine, who = opened.office.app.extensions[room.Desk.KEY].engine, opened.principal(Role.PUBLISHER)
    for statement in ("SET online = true", "SET oeffentlich = true"):
        with pytest.raises((IntegrityError, ProgrammingError)), acting(engine, who) as connection:
            connection.execute(text(f"UPDATE participation.beteiligung {statement}"))


def test_authorities_are_asked_before_anything_is_public(opened: Town) -> None:
    engine, who = opened.office.app.extensions[room.Desk.KEY].engine, opened.principal(Role.PUBLISHER)
    early = beteiligungen.create(engine, who, opened.plan_id, replace(ANGABEN, art=Art.BEHOERDEN_FRUEHZEITIG))
    public = beteiligungen.create(engine, who, opened.plan_id, replace(ANGABEN, art=Art.FRUEHZEITIG))
    with opened.office.owner.begin() as connection:
        connection.execute(text("UPDATE plans.version SET state = 'withdrawn' WHERE state = 'published'"))
    try:
        beteiligungen.announce(engine, who, early, 1, date(2026, 11, 10))
        with pytest.raises(NotAnnounceable):
            beteiligungen.announce(engine, who, public, 1, date(2026, 11, 10))
        planner = signed_in(opened, Role.PLANNER)
        proposed = form(planner, f"/werkbank/plan/{opened.plan_id}/beteiligung")
        assert proposed["art"] == "behoerden_fruehzeitig"
    finally:
        with opened.office.owner.begin() as connection:
            connection.execute(text("UPDATE plans.version SET state = 'published' WHERE state = 'withdrawn'"))


def test_public_and_authorities_may_be_asked_at_once_and_neither_twice(opened: Town) -> None:
    opened.announce()
    opened.announce(AUTHORITIES)  # BauGB § 4a Abs. 2
    for again in (Art.FRUEHZEITIG, Art.BEHOERDEN_FRUEHZEITIG):
        with pytest.raises(Overlaps):
            opened.announce(replace(ANGABEN, art=again))


def test_an_affair_of_authorities_ends_with_its_last_day(opened: Town) -> None:
    number = f"/werkbank/beteiligung/{opened.announce(AUTHORITIES)}"
    opened.office.clock.now = AFTER
    publisher = signed_in(opened, Role.PUBLISHER)
    version = {"version": form(publisher, number)["version"]}
    assert publisher.post(f"{number}/abschliessen", version).status_code == 303  # nobody has anything to confirm


def test_the_file_tells_of_early_ones_since_xplanung_6_1(opened: Town, tmp_path: Path) -> None:
    early = prop("fruehzeitigeOeffentlichkeitsbeteiligungsStartDatum", "2026-12-01")
    early += prop("fruehzeitigeOeffentlichkeitsbeteiligungsEndDatum", "2026-12-21")
    early += prop("fruehzeitigeTraegerbeteiligungsStartDatum", "2026-11-02")
    early += prop("fruehzeitigeTraegerbeteiligungsEndDatum", "kein Tag")
    number = deliver(opened, tmp_path, "Im Fruehtau", early)
    opened.office.clock.now = DURING
    erika = opened.citizen()
    page = erika.get(f"/beteiligung/{number}").text
    assert "noch 15 Tage" in page
    assert "Es gibt noch keinen fertigen Entwurf" in page
    steps = re.sub("<[^>]+>", "", erika.get(f"/plan/{number}").text)
    assert "Frühzeitige Beteiligung der Behörden" in steps
    assert "seit 2. November 2026, Ende nicht angegeben" in steps
    with acting(opened.office.app.extensions[room.Desk.KEY].engine, opened.principal(Role.PUBLISHER)) as connection:
        due = [each for each in oversight.deadlines(connection, [OWN], DURING.date()) if each.plan == number]
    assert [(each.art, each.day) for each in due] == [("fruehzeitig", date(2026, 12, 21))]


def test_what_is_announced_hides_only_what_the_file_says_of_its_own_kind(opened: Town, tmp_path: Path) -> None:
    told = prop("auslegungsStartDatum", "2026-11-20") + prop("auslegungsEndDatum", "2026-12-21")
    told += prop("traegerbeteiligungsStartDatum", "2026-11-20") + prop("traegerbeteiligungsEndDatum", "2026-12-21")
    number = deliver(opened, tmp_path, "Doppelt", told)
    engine, who = opened.office.app.extensions[room.Desk.KEY].engine, opened.principal(Role.PUBLISHER)
    made = beteiligungen.create(engine, who, number, AUTHORITIES)
    beteiligungen.announce(engine, who, made, 1, date(2026, 11, 10))
    with opened.office.owner.connect() as connection:
        row = connection.execute(
            text("SELECT auslegungen, traegerbeteiligungen FROM ogc.plaene WHERE id = :id"), {"id": number}
        ).one()
    assert [each["start"] for each in row.auslegungen] == ["2026-11-20"]
    assert [each["start"] for each in row.traegerbeteiligungen] == ["2026-11-18"]

"""The period of a participation: made, announced, interrupted, ended, dropped."""

import threading
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from geoportal import operations
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Role
from geoportal.archive import Archive
from geoportal.participation import beteiligungen, forgetting
from geoportal.participation.beteiligungen import Overlaps
from geoportal.participation.states import diagram
from geoportal.settings import CHECKOUT
from geoportal.web import stellungnahme_pages
from geoportal.web.desk import room
from tests.desk import Browser
from tests.files import plan, prop, write, xplangml
from tests.participation import AFTER, ANGABEN, DURING, Town, form, signed_in, weigh


def test_a_period_is_made_checked_announced_and_ended(opened: Town) -> None:
    planner, publisher = signed_in(opened, Role.PLANNER), signed_in(opened, Role.PUBLISHER)
    new = f"/werkbank/plan/{opened.plan_id}/beteiligung"
    proposal = form(planner, new)
    assert (proposal["beginn"], proposal["ende"]) == ("2026-11-18", "2026-12-18")  # a week's notice, then a month
    made = planner.post(new, proposal | {"ende": "2026-12-10", "online": "ja"})
    number = made.location
    page = planner.get(number).text
    assert "Die Frist ist zu kurz: 23 Tage" in page
    assert "18.12.2026" in page
    assert opened.citizen().get(f"/beteiligung/{opened.plan_id}").status_code == 404  # a draft is nobody's business
    version = {"version": form(publisher, number)["version"]}
    assert publisher.post(f"{number}/bekanntmachen", version).status_code == 422
    planner.post(number, form(planner, number) | {"ende": "2026-12-18", "online": "ja", "anlass": "Zwölf Häuser."})
    assert "Die Frist ist in Ordnung: 31 Tage" in planner.get(number).text
    version = {"version": form(publisher, number)["version"]}
    assert publisher.post(f"{number}/bekanntmachen", version).status_code == 303
    assert "Zwölf Häuser." in opened.citizen().get(f"/beteiligung/{opened.plan_id}").text
    opened.office.clock.now = AFTER + timedelta(days=6)
    publisher = signed_in(opened, Role.PUBLISHER)
    version = {"version": form(publisher, number)["version"]}
    assert "Ab 26. Dezember 2026" in publisher.get(number).text  # who wrote on the last day may confirm until then
    assert publisher.post(f"{number}/abschliessen", version).status_code == 422
    opened.office.clock.now = AFTER + timedelta(days=7)
    publisher = signed_in(opened, Role.PUBLISHER)
    assert publisher.post(f"{number}/abschliessen", version).status_code == 303
    assert "Abgeschlossen" in publisher.get(number).text
    assert publisher.post(f"{number}/abbrechen", version | {"hinweis": "x"}).status_code == 409


def test_nothing_is_closed_while_statements_are_open_or_wait_for_their_letter(opened: Town) -> None:
    number = f"/werkbank/beteiligung/{opened.announce()}"
    opened.citizen().confirmed()
    opened.citizen().send("max@muster.example")  # and its letter waits
    opened.office.clock.now = AFTER + timedelta(days=7)
    publisher, kreis = signed_in(opened, Role.PUBLISHER), signed_in(opened, Role.KREIS)
    version = {"version": form(publisher, number)["version"]}
    for browser in (publisher, kreis):  # the Kreis sees no statement, and is told no less
        answer = browser.post(f"{number}/abschliessen", version)
        assert answer.status_code == 409
        assert "noch Stellungnahmen offen" in answer.text
        assert "warten noch auf ihre Bestätigung" in answer.text
    with opened.office.owner.begin() as connection:
        connection.execute(text("DELETE FROM participation.stellungnahme WHERE state = 'unbestaetigt'"))
        one = connection.scalar(text("SELECT id FROM participation.stellungnahme"))
    weigh(publisher, one, "kenntnis", "Ist so.")
    assert publisher.post(f"{number}/abschliessen", version).status_code == 303


TOLD = (date(2026, 11, 20), date(2026, 12, 20))  # on display, as the plan's own file says


def test_a_draft_that_is_dropped_was_never_public_and_hides_no_display_of_the_file(
    opened: Town, tmp_path: Path
) -> None:
    on_display = prop("auslegungsStartDatum", TOLD[0].isoformat()) + prop("auslegungsEndDatum", TOLD[1].isoformat())
    document = xplangml(plan(name="Am Bach", nummer="7", extra=prop("rechtsstand", "2400") + on_display))
    archive = Archive(opened.office.settings.archive)
    operations.deliver(opened.office.owner, archive, write(tmp_path / "bach.gml", document))
    with opened.office.owner.connect() as connection:
        plan_id = connection.scalar(text("SELECT plan_id FROM plans.version WHERE name = 'Am Bach'"))
    planner = signed_in(opened, Role.PLANNER)
    new = f"/werkbank/plan/{plan_id}/beteiligung"
    number = planner.post(new, form(planner, new) | {"anlass": "Ein erster Gedanke, streng geheim."}).location
    version = {"version": form(planner, number)["version"]}
    assert planner.post(f"{number}/verwerfen", version).status_code == 303
    page = planner.get(number).text
    assert "Verworfen" in page
    assert "Öffentliche Seite" not in page
    assert "Verworfen" in planner.get("/werkbank/beteiligungen").text
    opened.office.clock.now = DURING
    shown = opened.citizen().get(f"/beteiligung/{plan_id}").text
    assert "streng geheim" not in shown
    assert "20. Dezember 2026" in shown
    with opened.office.owner.connect() as connection:
        periods = connection.scalar(text("SELECT auslegungen FROM ogc.plaene WHERE id = :id"), {"id": plan_id})
        assert [(each["start"], each["ende"]) for each in periods] == [tuple(map(date.isoformat, TOLD))]
        assert connection.scalar(text("SELECT count(*) FROM ogc.beteiligungen")) == 0
    publisher = signed_in(opened, Role.PUBLISHER)
    for step in ("bekanntmachen", "abbrechen", "verwerfen"):  # and it stays dropped
        assert publisher.post(f"{number}/{step}", {"version": "2", "hinweis": "x"}).status_code == 409


@pytest.mark.parametrize("state", ["abgebrochen", "bekannt", "unterbrochen", "abgeschlossen"])
def test_a_planner_makes_no_draft_public_by_the_database_alone(opened: Town, state: str) -> None:
    engine = opened.office.app.extensions[room.Desk.KEY].engine
    who = opened.principal(Role.PLANNER)
    number = beteiligungen.create(engine, who, opened.plan_id, ANGABEN)
    rest = ", unterbrochen_am = current_date" if state == "unterbrochen" else ""
    with pytest.raises((ProgrammingError, IntegrityError)), acting(engine, who) as connection:
        connection.execute(text(f"UPDATE participation.beteiligung SET state = '{state}'{rest}"))
    with acting(engine, who) as connection:
        connection.execute(text("UPDATE participation.beteiligung SET state = 'verworfen'"))
    publisher = opened.principal(Role.PUBLISHER)
    for back in ("entwurf", "bekannt", "abgebrochen"):  # not even by who publishes
        with pytest.raises(IntegrityError, match="cannot become"), acting(engine, publisher) as connection:
            connection.execute(text(f"UPDATE participation.beteiligung SET state = '{back}'"))
    assert opened.count("ogc.beteiligungen") == 0
    citizens = opened.office.app.extensions[stellungnahme_pages.Room.KEY].engine
    with citizens.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM participation.beteiligung")) == 0
    assert isinstance(number, UUID)


def test_what_was_announced_is_no_draft_again_by_the_database_alone(opened: Town) -> None:
    opened.announce()
    engine, who = opened.office.app.extensions[room.Desk.KEY].engine, opened.principal(Role.PUBLISHER)
    for state in ("entwurf", "verworfen"):
        with pytest.raises(IntegrityError, match="cannot become"), acting(engine, who) as connection:
            connection.execute(text(f"UPDATE participation.beteiligung SET state = '{state}'"))


def test_a_draft_that_grew_old_is_emptied_only_after_it_was_announced(opened: Town) -> None:
    engine, who = opened.office.app.extensions[room.Desk.KEY].engine, opened.principal(Role.PUBLISHER)
    number = beteiligungen.create(engine, who, opened.plan_id, ANGABEN)
    assert forgetting.forget_old(opened.office.owner, 30, date(2028, 1, 1), AFTER) == 0
    beteiligungen.announce(engine, who, number, 1, date(2026, 11, 10))
    opened.office.clock.now = DURING
    opened.citizen().confirmed()
    assert forgetting.forget_old(opened.office.owner, 30, date(2028, 1, 1), AFTER) == 1
    assert opened.count("participation.stellungnahme") == 0


def test_an_interruption_is_told_and_its_days_come_again(opened: Town) -> None:
    number = f"/werkbank/beteiligung/{opened.announce()}"
    publisher = signed_in(opened, Role.PUBLISHER)
    version = {"version": form(publisher, number)["version"]}
    assert publisher.post(f"{number}/unterbrechen", version).status_code == 422  # citizens are owed a reason
    assert (
        publisher.post(f"{number}/unterbrechen", version | {"hinweis": "Der Umweltbericht fehlte."}).status_code == 303
    )
    page = opened.citizen().get(f"/beteiligung/{opened.plan_id}").text
    assert "Zurzeit unterbrochen" in page
    assert "Der Umweltbericht fehlte." in page
    assert opened.citizen().send().status_code == 303  # nobody is turned away for it
    opened.office.clock.now = DURING + timedelta(days=3)
    publisher = signed_in(opened, Role.PUBLISHER)
    version = {"version": form(publisher, number)["version"]}
    assert publisher.post(f"{number}/fortsetzen", version).status_code == 303
    # four days were lost, from the 6th to the 9th; the 22nd of December is a Tuesday
    assert "22. Dezember 2026" in opened.citizen().get(f"/beteiligung/{opened.plan_id}").text


def test_two_publishers_at_once_do_not_undo_each_other(opened: Town) -> None:
    number = f"/werkbank/beteiligung/{opened.announce()}"
    browsers = [signed_in(opened, Role.PUBLISHER) for _ in range(2)]
    version = {"version": form(browsers[0], number)["version"]}
    statuses: list[int] = []

    def extend(browser: Browser, day: str) -> None:
        browser.get("/werkbank/konto")
        given = version | {"bis": day, "hinweis": "Feiertage"}
        statuses.append(browser.post(f"{number}/verlaengern", given).status_code)

    hands = [
        threading.Thread(target=extend, args=pair) for pair in zip(browsers, ("2027-01-08", "2027-01-15"), strict=True)
    ]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert sorted(statuses) == [303, 409]


def test_two_participations_of_a_plan_do_not_run_at_once(opened: Town) -> None:
    opened.announce()
    with pytest.raises(Overlaps):
        opened.announce()


def test_the_diagram_in_the_documents_is_that_of_the_program() -> None:
    assert diagram() in (CHECKOUT / "docs/planner-participation.md").read_text("utf-8")

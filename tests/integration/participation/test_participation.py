"""A participation as citizens see it, from its page to its end: without an account, a cookie or a script."""

import io
import json
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from geoportal import operations
from geoportal.accounts.roles import Role
from geoportal.archive import Archive
from geoportal.database import participation_engine
from geoportal.participation import beteiligungen, forgetting
from geoportal.web.desk import room
from tests.files import plan, prop, write, xplangml
from tests.participation import AFTER, DURING, PNG, Town


def test_from_the_page_to_the_receipt(opened: Town) -> None:
    opened.announce()
    erika = opened.citizen()
    page = erika.get(f"/beteiligung/{opened.plan_id}").text
    assert "noch 12 Tage, bis einschließlich 18. Dezember 2026" in page
    assert "Am Hang sollen zwölf Häuser entstehen." in page
    assert "Zimmer 12" in page
    assert "Art. 6 Abs. 1 Buchst. e DSGVO" in page
    link = erika.confirmed(name="Erika Muster")
    own = erika.get(link).text
    assert "Bitte weniger Lärm." in own
    assert "Nr. 1" in own
    assert erika.get(f"{link}/eingang.pdf").data.startswith(b"%PDF-")
    letters = opened.box.to("erika@muster.example")
    opened.deliver()
    assert [letter["Subject"] for letter in opened.box.letters] == [
        "Bitte bestätigen Sie Ihre Stellungnahme", "Ihre Stellungnahme Nr. 1 ist eingegangen",
    ]  # fmt: skip
    assert all("Lärm" not in str(letter.get_content()) for letter in letters)  # a letter is a postcard


def test_all_pages_lead_there(opened: Town) -> None:
    opened.announce()
    address = f"/beteiligung/{opened.plan_id}"
    erika = opened.citizen()
    here = "/hier?ost=480050&nord=5630050"
    for path in (
        "/beteiligung/",
        f"/plan/{opened.plan_id}",
        "/gemeinde/06534008/",
        "/gemeinde/06534008/beteiligung/",
        here,
    ):
        assert f'href="{address}"' in erika.get(path).text, path
    assert '<a href="/beteiligung/"' in erika.get("/").text
    # what was announced here goes before what the file says, in all services
    assert "18. Dezember 2026" in erika.get("/plaene?beteiligung=laufend").text
    calendar = erika.get("/abo/termine.ics").text
    assert "DTSTART;VALUE=DATE:20261118" in calendar
    assert "DTEND;VALUE=DATE:20261219" in calendar
    assert address in calendar.replace("\r\n ", "")


def test_a_plan_whose_file_alone_is_on_display_has_its_page_without_a_form(opened: Town, tmp_path: Path) -> None:
    on_display = prop("auslegungsStartDatum", "2026-11-09") + prop("auslegungsEndDatum", "2026-12-18")
    document = xplangml(plan(name="Im Tal", nummer="6", extra=prop("rechtsstand", "2400") + on_display))
    archive = Archive(opened.office.settings.archive)
    operations.deliver(opened.office.owner, archive, write(tmp_path / "tal.gml", document))
    with opened.office.owner.connect() as connection:
        number = connection.scalar(text("SELECT plan_id FROM plans.version WHERE name = 'Im Tal'"))
    opened.office.clock.now = DURING
    page = opened.citizen().get(f"/beteiligung/{number}")
    assert "noch 12 Tage" in page.text
    assert "Per Brief oder E-Mail" in page.text
    assert "Stellungnahme schreiben" not in page.text
    assert opened.citizen().get(f"/beteiligung/{number}/stellungnahme").status_code == 404


def test_sent_on_the_last_evening_and_confirmed_later_is_in_time(opened: Town) -> None:
    opened.announce()
    erika, clock = opened.citizen(), opened.office.clock
    clock.now = AFTER.replace(day=18, hour=22, minute=58)  # two minutes before midnight in Germany
    erika.send()
    clock.now += timedelta(days=3)
    link = erika.link()
    assert erika.post(f"{link}/bestaetigen", {}).status_code == 303
    page = erika.get(link).text
    assert "18. Dezember 2026, 23:58 Uhr" in page
    assert "nach dem Ende der Frist" not in page
    assert erika.get(f"{link}/berichtigen").status_code == 409


def test_late_is_told_honestly(opened: Town) -> None:
    opened.announce()
    erika, clock = opened.citizen(), opened.office.clock
    clock.now = AFTER.replace(day=18, hour=22, minute=50)
    token = erika.token()
    clock.now = AFTER.replace(day=18, hour=23, minute=10)  # ten past midnight in Germany
    given = {"zeichen": token, "text": "Spät.", "email": "erika@muster.example"}
    answer = erika.post(erika.form, given)
    assert "Die Frist war schon abgelaufen" in erika.get(answer.location).text
    erika.post(f"{erika.link()}/bestaetigen", {})
    opened.deliver()
    assert "nach dem Ende der Frist eingegangen" in str(opened.box.letters[-1].get_content())
    # whoever comes only now finds no form, but is told what is left
    closed = erika.get(erika.form)
    assert closed.status_code == 409
    assert "kann sie unberücksichtigt lassen" in closed.text
    assert "Die Frist ist abgelaufen" in erika.get(f"/beteiligung/{opened.plan_id}").text


def test_before_it_begins_nothing_can_be_sent(opened: Town) -> None:
    opened.announce()
    opened.office.clock.now = DURING.replace(month=11, day=17)
    erika = opened.citizen()
    assert erika.get(erika.form).status_code == 409
    assert "Beginnt am 18. November 2026" in erika.get(f"/beteiligung/{opened.plan_id}").text


def another(opened: Town, folder: Path, name: str, nummer: str) -> Town:
    """The same town with another plan of its own."""
    document = xplangml(plan(name=name, nummer=nummer, extra=prop("rechtsstand", "2400")))
    owner = opened.office.owner
    operations.deliver(owner, Archive(opened.office.settings.archive), write(folder / f"{nummer}.gml", document))
    with owner.connect() as connection:
        number = connection.scalar(text("SELECT plan_id FROM plans.version WHERE name = :name"), {"name": name})
    return replace(opened, plan_id=number)


def test_what_was_written_stays_its_writers_while_the_plan_is_not_public(opened: Town, tmp_path: Path) -> None:
    grund = another(opened, tmp_path, "Im Grund", "17")
    number = grund.announce()
    erika, max_ = grund.citizen(), grund.citizen()
    link = erika.confirmed(dateien=[(io.BytesIO(PNG), "a.png")])
    max_.send("max@muster.example")
    operations.withdraw(opened.office.owner, grund.plan_id, "Fehler in der Zeichnung")
    assert erika.get(f"/beteiligung/{grund.plan_id}").status_code == 404
    page = erika.get(link)
    assert page.status_code == 200
    assert "Im Grund" in page.text
    assert "Der Plan ist zurzeit nicht öffentlich." in page.text
    assert "Bitte weniger Lärm." in page.text
    assert f"{link}/berichtigen" not in page.text  # it would need the map of the plan
    assert erika.get(f"{link}/berichtigen").status_code == 409
    assert erika.post(f"{link}/berichtigen", {"text": "Neu."}).status_code == 409
    assert erika.get(f"{link}/eingang.pdf").status_code == 200
    [file] = re.findall(rf'href="({link}/anlage/\d+)"', page.text)
    assert erika.get(file).status_code == 200
    other = max_.link("max@muster.example")
    assert max_.post(f"{other}/bestaetigen", {}).status_code == 303
    opened.deliver()
    assert "Im Grund" in str(opened.box.to("max@muster.example")[-1].get_content())
    assert erika.post(f"{link}/zurueckziehen", {}).status_code == 422
    assert erika.post(f"{link}/zurueckziehen", {"wirklich": "ja"}).status_code == 303
    assert "Sie haben die Stellungnahme zurückgezogen" in erika.get(link).text
    with opened.office.owner.begin() as connection:
        connection.execute(text("DELETE FROM desk.attempt"))
    planner = opened.office.as_role(Role.PLANNER, "06534008")
    desk = planner.get(f"/werkbank/beteiligung/{number}").text
    assert "Der Plan ist zurzeit nicht öffentlich: Niemand sieht diese Beteiligung" in desk
    assert "Öffentliche Seite" not in desk
    assert "Stellungnahme 2 lesen" in planner.get(f"/werkbank/beteiligung/{number}/stellungnahmen").text


def test_a_plan_that_is_merged_brings_its_participation_along(opened: Town, tmp_path: Path) -> None:
    first, second = another(opened, tmp_path, "Am Rain", "21"), another(opened, tmp_path, "Am Raine", "22")
    number = first.announce()
    erika = first.citizen()
    link = erika.confirmed()
    operations.merge(opened.office.owner, first.plan_id, second.plan_id)
    moved = erika.get(f"/beteiligung/{first.plan_id}")
    assert (moved.status_code, moved.location) == (301, f"/beteiligung/{second.plan_id}")
    assert "noch 12 Tage, bis einschließlich 18. Dezember 2026" in erika.get(moved.location).text
    assert f'href="/beteiligung/{second.plan_id}"' in erika.get(link).text
    assert "zurzeit nicht öffentlich" not in erika.get(link).text
    assert erika.post(f"{link}/berichtigen", {"text": "Geht noch."}).status_code == 303
    assert second.citizen().send("max@muster.example").status_code == 303
    with opened.office.owner.connect() as connection:
        periods = connection.scalar(text("SELECT auslegungen FROM ogc.plaene WHERE id = :id"), {"id": second.plan_id})
    assert periods == [{"start": "2026-11-18", "ende": "2026-12-18"}]
    assert opened.count(f"participation.beteiligung WHERE id = '{number}' AND version = 3") == 1


def test_two_participations_at_once_are_no_reason_not_to_merge_and_nobody_loses_a_statement(
    opened: Town, tmp_path: Path
) -> None:
    first, second = another(opened, tmp_path, "Am See", "31"), another(opened, tmp_path, "Am Seee", "32")
    links = []
    for each, email in ((first, "a@muster.example"), (second, "b@muster.example")):
        each.announce()
        links.append(each.citizen().confirmed(email))
    operations.merge(opened.office.owner, first.plan_id, second.plan_id)
    for link in links:
        page = opened.citizen().get(link)
        assert page.status_code == 200
        assert "Am See" in page.text
    assert opened.citizen().post(f"{links[0]}/zurueckziehen", {"wirklich": "ja"}).status_code == 303


def test_the_role_of_the_form_sees_what_was_shown_and_nothing_else(opened: Town) -> None:
    opened.announce()
    opened.citizen().confirmed()
    engine = participation_engine(opened.office.settings.require_participation_url())
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM participation.stellungnahme")) == 0
        connection.rollback()
        for table in ("mail.letter", "desk.account", "desk.audit", "participation.bearbeitung", "plans.version"):
            with pytest.raises(Exception, match="permission denied"):
                connection.execute(text(f"SELECT * FROM {table}"))
            connection.rollback()
        changed = connection.execute(text("UPDATE participation.stellungnahme SET text = 'x'"))
        assert changed.rowcount == 0
        with pytest.raises(Exception, match="permission denied"):
            connection.execute(text("DELETE FROM participation.stellungnahme"))
    engine.dispose()


def test_retention_leaves_nothing_anywhere_and_tells_it_in_the_log(opened: Town) -> None:
    number = opened.announce()
    opened.citizen().confirmed(
        name="Erika Geheim", text="Ein Satz zum Wiederfinden.", dateien=[(io.BytesIO(PNG), "a.png")]
    )
    opened.deliver()
    owner, today = opened.office.owner, date(2027, 12, 31)
    assert forgetting.forget_old(owner, 378, today, AFTER) == 0
    assert forgetting.forget_old(owner, 377, today, AFTER) == 1
    assert forgetting.forget_old(owner, 377, today, AFTER) == 0
    with owner.connect() as connection:
        tables = connection.execute(
            text("""
            SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
            WHERE schemaname NOT IN ('pg_catalog', 'information_schema')""")
        ).scalars()
        for table in list(tables):
            found = connection.scalar(
                text(f"SELECT count(*) FROM {table} AS t WHERE t::text ~ 'Erika|erika@|Wiederfinden'")
            )
            assert found == 0, table
        entry = connection.execute(
            text("SELECT object, ags, detail FROM desk.audit WHERE action = 'statements_deleted'")
        ).one()
    assert (entry.object, entry.ags) == (f"participation {number}", "06534008")
    assert entry.detail == {"number": 1}
    # nobody goes on with one that was interrupted for a year, and a draft that is announced late is emptied in its time
    with owner.begin() as connection:
        connection.execute(text("DELETE FROM participation.beteiligung"))
    number = opened.announce()
    with opened.office.owner.begin() as connection:
        connection.execute(
            text("UPDATE participation.beteiligung SET state = 'unterbrochen', unterbrochen_am = '2026-12-06'")
        )
    opened.citizen().confirmed(text="Während der Unterbrechung.")
    assert forgetting.forget_old(owner, 30, date(2027, 12, 31), AFTER) == 0
    assert forgetting.forget_old(owner, 30, date(2028, 1, 8), AFTER) == 1
    assert opened.count("participation.stellungnahme") == 0
    assert opened.count("participation.beteiligung WHERE state = 'abgebrochen'") == 1
    archive = b"".join(file.read_bytes() for file in opened.office.settings.archive.rglob("*") if file.is_file())
    assert PNG not in archive


def test_an_extension_moves_the_end_everywhere(opened: Town) -> None:
    number = opened.announce()
    engine = opened.office.app.extensions[room.Desk.KEY].engine
    with opened.office.owner.connect() as connection:
        version = connection.scalar(text("SELECT version FROM participation.beteiligung"))
    beteiligungen.extend(
        engine,
        opened.principal(Role.PUBLISHER),
        number,
        version,
        date(2027, 1, 8),
        "Wegen der Feiertage.",
        DURING.date(),
    )
    page = opened.citizen().get(f"/beteiligung/{opened.plan_id}").text
    assert "bis einschließlich 8. Januar 2027" in page
    assert "Wegen der Feiertage." in page
    assert "zuerst bis" in page
    assert "8. Januar 2027" in opened.citizen().get(f"/plan/{opened.plan_id}").text
    assert json.loads(opened.citizen().get("/dokumente.json").data) == {}

"""The Gemeinde's side of a participation: who may do what, periods, reading, weighing, exporting."""

import html
import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
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
from geoportal.settings import CHECKOUT, Settings
from geoportal.web import stellungnahme_pages
from geoportal.web.desk import room
from tests.desk import OTHER, OWN, Browser
from tests.files import plan, prop, write, xplangml
from tests.participation import AFTER, ANGABEN, DURING, Town, town

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0"
READERS = {"planner", "publisher"}  # of the own Gemeinde, and nobody else: not the office, the Kreis, the auditor
VIEWERS = READERS | {"kreis", "auditor"}
EDITORS = READERS | {"kreis"}
PUBLISHERS = {"publisher", "kreis"}
SHUT = {303, 401, 403, 404}


@pytest.fixture(scope="module")
def built(module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(module_furnished, tmp_path_factory.mktemp("plan")) as own:
        yield own


@pytest.fixture
def opened(built: Town) -> Town:
    built.begin_again()
    return built


def statement(opened: Town) -> tuple[UUID, int]:
    """The number of the only statement, and of its file."""
    with opened.office.owner.connect() as connection:
        row = connection.execute(text("SELECT stellungnahme_id, id FROM participation.anlage")).one()
    return row.stellungnahme_id, row.id


def signed_in(opened: Town, role: Role, ags: str = OWN) -> Browser:
    with opened.office.owner.begin() as connection:
        connection.execute(text("DELETE FROM desk.attempt"))
    return opened.office.as_role(role, ags)


def form(browser: Browser, path: str) -> dict[str, str]:
    """What the page's form of the period holds."""
    page = browser.get(path).text
    found = dict(re.findall(r'<input id="(\w+)" name="\1" type="\w+" value="([^"]*)"', page))
    version = re.findall(r'name="version" value="(\d+)"', page)
    chosen = dict(re.findall(r'<input type="radio" name="(\w+)" value="(\w+)" checked', page))
    texts = dict(re.findall(r'<textarea id="\w+" name="(\w+)"[^>]*>([^<]*)</textarea>', page))
    return found | chosen | texts | ({"version": version[0]} if version else {})


def seen(browser: Browser, path: str) -> str:
    """The mark of what the page of a statement shows."""
    [mark] = re.findall(r'name="gesehen" value="([^"]+)"', browser.get(path).text)
    return html.unescape(str(mark))


def weigh(browser: Browser, number: UUID, ergebnis: str, abwaegung: str) -> None:
    path = f"/werkbank/stellungnahme/{number}"
    given = {"ergebnis": ergebnis, "abwaegung": abwaegung, "notiz": "", "gesehen": seen(browser, path)}
    assert browser.post(path, given).status_code == 303


@pytest.mark.parametrize(
    ("path", "open_to"),
    [
        ("/werkbank/beteiligung/{number}", VIEWERS),
        ("/werkbank/plan/{plan}/beteiligung", EDITORS),
        ("/werkbank/beteiligung/{number}/stellungnahmen", READERS),
        ("/werkbank/beteiligung/{number}/stellungnahmen.xlsx", READERS),
        ("/werkbank/beteiligung/{number}/stellungnahmen.json", READERS),
        ("/werkbank/beteiligung/{number}/stellungnahmen.pdf", READERS),
        ("/werkbank/stellungnahme/{statement}", READERS),
        ("/werkbank/stellungnahme/{statement}/anlage/{file}", READERS),
    ],
)
def test_a_page_is_open_to_whom_it_is_for(built: Town, table: "Table", path: str, open_to: set[str]) -> None:
    address = path.format(number=table.number, plan=built.plan_id, statement=table.statement, file=table.file)
    for (name, ags), browser in table.people.items():
        status = browser.get(address).status_code
        may = name in open_to and (ags == OWN or name in {"kreis", "auditor"})
        assert (status == 200) if may else (status in SHUT), (address, name, ags, status)


@pytest.mark.parametrize(
    ("path", "open_to"),
    [
        ("/werkbank/plan/{plan}/beteiligung", EDITORS),
        ("/werkbank/beteiligung/{number}", PUBLISHERS),  # announced: texts by who publishes
        ("/werkbank/beteiligung/{number}/bekanntmachen", PUBLISHERS),
        ("/werkbank/beteiligung/{number}/verlaengern", PUBLISHERS),
        ("/werkbank/beteiligung/{number}/unterbrechen", PUBLISHERS),
        ("/werkbank/beteiligung/{number}/fortsetzen", PUBLISHERS),
        ("/werkbank/beteiligung/{number}/abbrechen", PUBLISHERS),
        ("/werkbank/beteiligung/{number}/verwerfen", PUBLISHERS),  # announced: the planner cannot even hold it
        ("/werkbank/beteiligung/{number}/abschliessen", PUBLISHERS),
        ("/werkbank/stellungnahme/{statement}", READERS),
    ],
)
def test_a_change_is_open_to_whom_it_is_for(built: Town, table: "Table", path: str, open_to: set[str]) -> None:
    """Whoever may gets as far as the rules of the thing itself: here, that the version is an old one."""
    address = path.format(number=table.number, plan=built.plan_id, statement=table.statement)
    given = {
        "art": "veroeffentlichung", "bekanntmachung": "2026-12-07", "beginn": "2026-12-09", "ende": "2026-12-08",
        "name_angabe": "nein", "anschrift_angabe": "nein", "version": "999", "ergebnis": "nicht", "bis": "2027-01-08",
        "hinweis": "x",
    }  # fmt: skip
    if path.endswith("{number}"):
        given["ende"] = "2027-01-11"
    for (name, ags), browser in table.people.items():
        status = browser.post(address, given).status_code
        may = name in open_to and (ags == OWN or name == "kreis")
        assert (status in {409, 422}) if may else (status in SHUT), (address, name, ags, status)


class Table:
    """A participation with a statement, and everybody who could want to see it."""

    def __init__(self, own: Town) -> None:
        own.begin_again()
        self.number = own.announce()
        own.citizen().confirmed(dateien=[(io.BytesIO(PNG), "a.png")])
        self.statement, self.file = statement(own)
        self.people = {(role.value, ags): signed_in(own, role, ags) for role in Role for ags in (OWN, OTHER)}
        self.people["nobody", ""] = own.office.browser()


@pytest.fixture(scope="module")
def table(built: Town) -> Table:
    return Table(built)


def test_the_database_shuts_them_out_by_itself(built: Town, table: Table) -> None:
    """The second wall, asked without the first one."""
    engine = built.office.app.extensions[room.Desk.KEY].engine
    for role in Role:
        for ags in (OWN, OTHER):
            with acting(engine, built.principal(role, ags)) as connection:
                seen = [
                    connection.scalar(text(f"SELECT count(*) FROM participation.{name}"))
                    for name in ("stellungnahme", "anlage")
                ]
                changed = connection.execute(text("UPDATE participation.beteiligung SET hinweis = hinweis")).rowcount
            assert seen == ([1, 1] if role.value in READERS and ags == OWN else [0, 0]), (role, ags)
            assert changed == (role.value in PUBLISHERS and (ags == OWN or role is Role.KREIS)), (role, ags)
            with (
                pytest.raises(Exception, match="permission denied"),
                acting(engine, built.principal(role, ags)) as again,
            ):
                again.execute(text("DELETE FROM participation.stellungnahme"))


def test_a_period_belongs_to_the_gemeinde_of_its_plan(built: Town, table: Table) -> None:
    engine = built.office.app.extensions[room.Desk.KEY].engine
    made = """
        INSERT INTO participation.beteiligung (plan_id, ags, art, bekanntmachung, beginn, ende)
        VALUES (:plan, :ags, 'veroeffentlichung', '2026-11-20', '2027-11-30', '2027-12-30')"""
    for role in (Role.PUBLISHER, Role.KREIS):
        who = built.principal(role, OTHER)
        with pytest.raises(ProgrammingError, match="row-level security"), acting(engine, who) as connection:
            connection.execute(text(made), {"plan": built.plan_id, "ags": OTHER})
    for change in ("ags = ags", "plan_id = plan_id", "id = id"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            acting(engine, built.principal(Role.PUBLISHER)) as connection,
        ):
            connection.execute(text(f"UPDATE participation.beteiligung SET {change}"))


def test_the_role_of_the_citizens_has_no_business_in_the_desk(built: Town) -> None:
    engine = built.office.app.extensions[stellungnahme_pages.Room.KEY].engine
    kreis = built.principal(Role.KREIS, OWN).account_id
    for statement in (
        "SELECT * FROM desk.people()", "SELECT desk.set_role(1, '*', 'kreis', true)",
        "SELECT desk.add_ticket(1, 'x', 'reset', now())", "UPDATE desk.attempt SET failures = 0",
    ):  # fmt: skip
        with engine.connect() as connection:
            connection.execute(text("SELECT set_config('app.user', :it, true)"), {"it": str(kreis)})
            with pytest.raises(ProgrammingError, match="permission denied"):
                connection.execute(text(statement))


def test_who_has_looked_is_in_the_log_and_what_was_written_is_not(built: Town, table: Table) -> None:
    table.people["planner", OWN].get(f"/werkbank/stellungnahme/{table.statement}")
    with built.office.owner.connect() as connection:
        rows = connection.execute(text("SELECT action, audit::text AS entry FROM desk.audit AS audit")).all()
    actions = {row.action for row in rows}
    assert {"participation_drafted", "participation_announced", "statement_read"} <= actions
    written = "".join(row.entry for row in rows)
    assert not re.search("muster.example|Lärm|erika", written)


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


def test_a_statement_is_weighed_and_a_second_hand_is_told(opened: Town) -> None:
    opened.announce()
    opened.citizen().confirmed(dateien=[(io.BytesIO(PNG), "a.png")])
    number, _ = statement(opened)
    planner = signed_in(opened, Role.PLANNER)
    path = f"/werkbank/stellungnahme/{number}"
    planner.get(path)
    given = {
        "ergebnis": "teilweise",
        "abwaegung": "Eine Wand gegen den\xa0Lärm.\x00",
        "notiz": "Gutachten fragen",
        "gesehen": seen(planner, path),
    }
    assert planner.post(path, given).status_code == 303
    second = planner.post(path, given | {"abwaegung": "Anders.", "ergebnis": "nicht"})
    assert second.status_code == 409
    assert "Nicht gespeichert" in second.text
    assert "Gespeichert ist" in second.text
    assert "wird teilweise gefolgt" in second.text
    assert re.search(
        r'<textarea id="begruendung"[^>]*>Anders.</textarea>', second.text
    )  # what was typed is still there
    assert 'value="nicht" checked' in second.text
    page = planner.get(path).text
    assert "Eine Wand gegen den\xa0Lärm." in page
    assert "Anders." not in page


def test_a_weighing_is_of_the_text_that_was_read(opened: Town) -> None:
    opened.announce()
    link = opened.citizen().confirmed(dateien=[(io.BytesIO(PNG), "a.png")])
    number, _ = statement(opened)
    planner = signed_in(opened, Role.PLANNER)
    path = f"/werkbank/stellungnahme/{number}"
    read = seen(planner, path)
    opened.citizen().post(f"{link}/berichtigen", {"text": "Doch etwas ganz anderes."})
    given = {"ergebnis": "nicht", "abwaegung": "Zum Lärm.", "notiz": "", "gesehen": read}
    answer = planner.post(path, given)
    assert answer.status_code == 409
    assert "Zum Lärm." in answer.text
    assert "Doch etwas ganz anderes." in answer.text
    assert opened.count("participation.bearbeitung") == 0
    weigh(planner, number, "gefolgt", "Zum anderen.")
    opened.office.clock.now += timedelta(minutes=5)
    opened.citizen().post(f"{link}/berichtigen", {"text": "Zum dritten Mal."})
    page = planner.get(path).text
    assert "ist wieder offen" in page
    assert "Zum früheren Text hieß es: <strong>wird gefolgt" in page
    assert 'value="offen" checked' in page
    weigh(planner, number, "nicht", "Zum dritten.")
    assert "ist wieder offen" not in planner.get(path).text


def test_with_a_withdrawal_goes_what_was_said_of_it(opened: Town) -> None:
    opened.announce()
    link = opened.citizen().confirmed(dateien=[(io.BytesIO(PNG), "a.png")])
    number, _ = statement(opened)
    planner = signed_in(opened, Role.PLANNER)
    path = f"/werkbank/stellungnahme/{number}"
    weigh(planner, number, "nicht", "Frau Muster stört der Lärm.")
    given = {"ergebnis": "nicht", "abwaegung": "Frau Muster noch einmal.", "notiz": "", "gesehen": seen(planner, path)}
    opened.citizen().post(f"{link}/zurueckziehen", {"wirklich": "ja"})
    assert opened.count("participation.bearbeitung") == 0
    answer = planner.post(path, given)
    assert answer.status_code == 409
    assert "wurde die Stellungnahme zurückgezogen" in answer.text
    who = opened.principal(Role.PLANNER)
    engine = opened.office.app.extensions[room.Desk.KEY].engine
    with (
        pytest.raises(IntegrityError, match="does not stand"),
        acting(engine, who) as connection,
    ):  # and the database takes nothing either
        connection.execute(
            text("INSERT INTO participation.bearbeitung VALUES (:id, 'nicht', 'x', '', 1, :who, now())"),
            {"id": number, "who": who.account_id},
        )


def test_who_corrects_while_a_weighing_is_kept_waits_and_opens_it_again(opened: Town) -> None:
    """Whichever comes first, no weighing stands for a text that nobody has read."""
    opened.announce()
    link = opened.citizen().confirmed(dateien=[(io.BytesIO(PNG), "a.png")])
    number, _ = statement(opened)
    engine, who = opened.office.app.extensions[room.Desk.KEY].engine, opened.principal(Role.PLANNER)
    done: list[int] = []
    citizen = opened.citizen()
    hand = threading.Thread(
        target=lambda: done.append(citizen.post(f"{link}/berichtigen", {"text": "Anders."}).status_code)
    )
    with acting(engine, who) as connection:
        connection.execute(
            text("INSERT INTO participation.bearbeitung VALUES (:id, 'nicht', 'x', '', 1, :who, now())"),
            {"id": number, "who": who.account_id},
        )
        hand.start()
        with opened.office.owner.connect() as watching:
            while not watching.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                watching.rollback()
        assert done == []
    hand.join()
    assert done == [303]
    assert opened.count("participation.bearbeitung WHERE ergebnis = 'offen' AND frueher = 'nicht'") == 1


def test_exports_are_whole_in_order_and_harmless(opened: Town) -> None:
    number = opened.announce()
    formula = '=HYPERLINK("https://evil.example","x")'
    opened.citizen().confirmed("b@muster.example", text=formula, name="@SUM(A1)")
    opened.office.clock.now += timedelta(minutes=5)
    first = opened.citizen().confirmed("a@muster.example", text="Zweite <script>alert(1)</script>")
    opened.citizen().post(f"{first}/zurueckziehen", {"wirklich": "ja"})
    opened.office.clock.now += timedelta(minutes=5)
    opened.citizen().confirmed("c@muster.example", text="Dritte")
    planner = signed_in(opened, Role.PLANNER)
    root = f"/werkbank/beteiligung/{number}/stellungnahmen"
    document = json.loads(planner.get(f"{root}.json").text)
    assert [each["nummer"] for each in document["stellungnahmen"]] == [1, 2, 3]
    assert [each["text"] for each in document["stellungnahmen"]] == [formula, "", "Dritte"]
    assert document["stellungnahmen"][1]["stand"] == "zurueckgezogen"
    with zipfile.ZipFile(io.BytesIO(planner.get(f"{root}.xlsx").data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        words = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "HYPERLINK" in words
    assert planner.get(f"{root}.pdf").data.startswith(b"%PDF-")
    listed = planner.get(root).text
    assert "alert(1)" not in listed
    assert listed.index("Stellungnahme 1 lesen") < listed.index("Stellungnahme 3 lesen")


def test_two_hundred_and_one_statements_are_all_there(opened: Town) -> None:
    """One more than a page of the export."""
    number = opened.announce()
    with opened.office.owner.begin() as connection:
        connection.execute(
            text("""
            INSERT INTO participation.stellungnahme (beteiligung_id, ags, nummer, form, link, state, eingang,
                verspaetet, bestaetigt_am, text, email)
            SELECT :id, :ags, n, sha256(n::text::bytea), sha256(('l' || n)::bytea), 'bestaetigt', now(), false, now(),
                'Text ' || n, 'x@y.example' FROM generate_series(1, 201) AS n"""),
            {"id": number, "ags": OWN},
        )
    planner = signed_in(opened, Role.PLANNER)
    document = json.loads(planner.get(f"/werkbank/beteiligung/{number}/stellungnahmen.json").text)
    assert {each["nummer"] for each in document["stellungnahmen"]} == set(range(1, 202))


def test_the_diagram_in_the_documents_is_that_of_the_program() -> None:
    assert diagram() in (CHECKOUT / "docs/planner-participation.md").read_text("utf-8")

"""Who at a Gemeinde may do what with a participation: by the pages, and by the database alone."""

import io
import re

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Role
from geoportal.web import stellungnahme_pages
from geoportal.web.desk import room
from tests.desk import OTHER, OWN
from tests.participation import PNG, Town, signed_in, statement

READERS = {"planner", "publisher"}  # of the own Gemeinde, and nobody else: not the office, the Kreis, the auditor


VIEWERS = READERS | {"kreis", "auditor"}


EDITORS = READERS | {"kreis"}


PUBLISHERS = {"publisher", "kreis"}


SHUT = {303, 401, 403, 404}


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
    for asked in (
        "SELECT * FROM desk.people()", "SELECT desk.set_role(1, '*', 'kreis', true)",
        "SELECT desk.add_ticket(1, 'x', 'reset', now())", "UPDATE desk.attempt SET failures = 0",
    ):  # fmt: skip
        with engine.connect() as connection:
            connection.execute(text("SELECT set_config('app.user', :it, true)"), {"it": str(kreis)})
            with pytest.raises(ProgrammingError, match="permission denied"):
                connection.execute(text(asked))


def test_who_has_looked_is_in_the_log_and_what_was_written_is_not(built: Town, table: Table) -> None:
    table.people["planner", OWN].get(f"/werkbank/stellungnahme/{table.statement}")
    with built.office.owner.connect() as connection:
        rows = connection.execute(text("SELECT action, audit::text AS entry FROM desk.audit AS audit")).all()
    actions = {row.action for row in rows}
    assert {"participation_drafted", "participation_announced", "statement_read"} <= actions
    written = "".join(row.entry for row in rows)
    assert not re.search("muster.example|Lärm|erika", written)

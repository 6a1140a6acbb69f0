"""What an account can do beside its pages: tokens for programs, its own rows of the database, and a log that it cannot
change.
"""

import csv
import io
import re
import threading
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from geoportal.accounts import audit, people, tokens
from geoportal.accounts.acting import acting, knocking
from geoportal.accounts.passwords import Passwords
from geoportal.accounts.roles import Action, Membership, NotAllowed, Principal, Role
from geoportal.cli import main
from geoportal.database import desk_engine
from geoportal.settings import Settings
from tests.desk import OTHER, OWN, PASSWORD, Office, cookie, membership, office


@pytest.fixture(scope="module")
def desk(module_database: Settings) -> Iterator[Office]:
    with office(module_database) as opened:
        yield opened


# tokens


def principal(desk: Office, email: str) -> Principal:
    row = next(each for each in people.everybody(desk.owner) if each.email == email)
    with desk.owner.connect() as connection:
        found = connection.execute(text("SELECT ags, role FROM desk.membership WHERE account_id = :id"), {"id": row.id})
        memberships = tuple(Membership(each.ags, Role(each.role)) for each in found)
    return Principal(row.id, row.name, row.email, memberships, "-")


def test_a_token_is_made_shown_once_and_revoked(desk: Office) -> None:
    browser = desk.as_role(Role.PLANNER)
    page = browser.post(
        "/werkbank/konto/schluessel", {"name": "GIS", "gemeinde": OWN, "tage": "30", "recht": ["deliver", "view"]}
    )
    found = re.search(r"gp_[a-z0-9]{10}_[\w-]{43}", page.text)
    assert found
    engine, now = desk.app.extensions["geoportal.desk"].engine, desk.clock.now
    acts = tokens.principal_of(engine, found[0], "-", now)
    assert acts is not None
    assert acts.may(Action.DELIVER, OWN)
    assert not acts.may(Action.SUBMIT, OWN)
    assert not acts.may(Action.DELIVER, OTHER)
    assert tokens.principal_of(engine, found[0][:-1] + "_", "-", now) is None
    assert tokens.principal_of(engine, found[0], "-", now + timedelta(days=31)) is None
    assert found[0] not in browser.get("/werkbank/konto").text
    number = found[0].split("_")[1]
    assert desk.as_role(Role.PUBLISHER).post(f"/werkbank/konto/schluessel/{number}").status_code == 404, "not theirs"
    assert browser.post(f"/werkbank/konto/schluessel/{number}").status_code == 303
    assert tokens.principal_of(engine, found[0], "-", now) is None


def test_a_token_gives_nothing_that_its_account_has_not(desk: Office) -> None:
    browser = desk.as_role(Role.OFFICE)
    ask = {"name": "x", "gemeinde": OWN, "tage": "30"}
    assert browser.post("/werkbank/konto/schluessel", ask | {"recht": ["publish"]}).status_code == 403
    assert (
        browser.post("/werkbank/konto/schluessel", ask | {"recht": ["deliver"], "gemeinde": OTHER}).status_code == 403
    )
    assert browser.post("/werkbank/konto/schluessel", ask | {"recht": ["deliver"], "tage": "400"}).status_code == 422
    assert browser.post("/werkbank/konto/schluessel", ask | {"recht": ["audit"]}).status_code == 422
    desk.hire("fallen@example.org", membership(Role.PUBLISHER))
    who = principal(desk, "fallen@example.org")
    engine = desk.app.extensions["geoportal.desk"].engine
    token = tokens.make(engine, who, "x", OWN, [Action.PUBLISH], 30, desk.clock.now)
    people.revoke(desk.owner, "fallen@example.org", membership(Role.PUBLISHER))
    acts = tokens.principal_of(engine, token, "-", desk.clock.now)
    assert acts is not None
    assert not acts.may(Action.PUBLISH, OWN)
    with pytest.raises(NotAllowed):
        tokens.make(engine, acts, "child", OWN, [Action.VIEW], 30, desk.clock.now)
    people.lock(desk.owner, "fallen@example.org", desk.clock.now)
    assert tokens.principal_of(engine, token, "-", desk.clock.now) is None


# the second wall


def test_the_desks_role_sees_nothing_unless_somebody_acts(desk: Office) -> None:
    desk.as_role(Role.PLANNER)
    engine = desk_engine(desk.settings.require_desk_url())
    with engine.connect() as connection:
        for table in ("account", "membership", "session", "ticket", "token", "audit"):
            assert connection.scalar(text(f"SELECT count(*) FROM desk.{table}")) == 0, table
    engine.dispose()


def test_an_account_sees_and_changes_itself_only(desk: Office) -> None:
    desk.as_role(Role.PLANNER)
    desk.as_role(Role.PUBLISHER)
    me = principal(desk, f"planner-{OWN}@example.org")
    engine = desk_engine(desk.settings.require_desk_url())
    with acting(engine, me) as connection:
        assert connection.scalars(text("SELECT email FROM desk.account")).all() == [me.email]
        assert connection.execute(text("UPDATE desk.account SET password = 'x' WHERE id <> desk.me()")).rowcount == 0
        assert connection.execute(text("DELETE FROM desk.session WHERE account_id <> desk.me()")).rowcount == 0
    for statement in (
        "UPDATE desk.account SET email = 'x@example.org' WHERE id = desk.me()",
        "INSERT INTO desk.membership VALUES (desk.me(), '*', 'kreis', 'operator')",
        "INSERT INTO desk.membership VALUES (desk.me(), '*', 'kreis', 'provider')",
        "UPDATE desk.membership SET role = 'publisher'",
        "INSERT INTO desk.session SELECT '\\x00', desk.me() + 1, '-', now(), now(), now()",
        "DELETE FROM desk.account",
        "UPDATE desk.audit SET actor = 'x'",
        "DELETE FROM desk.audit",
        "SELECT * FROM plans.alembic_version",
    ):
        with (
            pytest.raises(ProgrammingError, match=r"permission denied|row-level security"),
            acting(engine, me) as connection,
        ):
            connection.execute(text(statement))
    engine.dispose()


def test_a_secret_opens_its_own_row(desk: Office) -> None:
    browser = desk.as_role(Role.PLANNER)
    desk.as_role(Role.PUBLISHER)
    engine = desk_engine(desk.settings.require_desk_url())
    with knocking(engine, secret=cookie(browser) or "") as connection:
        assert connection.scalar(text("SELECT count(*) FROM desk.session")) == 1
        assert connection.scalar(text("SELECT count(*) FROM desk.account")) == 0
    engine.dispose()


# the log


def test_the_log_notices_what_was_changed(database: Settings) -> None:
    with office(database) as desk:
        desk.as_role(Role.PLANNER)
        desk.browser().sign_in("nobody@example.org")
        with desk.owner.connect() as connection:
            right = audit.verify(connection)
            actions = [entry.action for entry in audit.search(connection)]
        assert right.broken is None
        assert actions == ["sign_in_failed", "sign_in", "password_chosen", "account_invited"]
        for statement in ("UPDATE desk.audit SET actor = 'x'", "DELETE FROM desk.audit", "TRUNCATE desk.audit"):
            with pytest.raises(DBAPIError, match="append-only"), desk.owner.begin() as connection:
                connection.execute(text(statement))
        attacker = psycopg.connect(database.require_database_url(), autocommit=True)
        attacker.execute("ALTER TABLE desk.audit DISABLE TRIGGER audit_append_only")
        attacker.execute("UPDATE desk.audit SET actor = 'somebody else' WHERE id = 2")
        with desk.owner.connect() as connection:
            assert audit.verify(connection).broken == 2
        attacker.execute("DELETE FROM desk.audit WHERE id = 2")
        with desk.owner.connect() as connection:
            assert audit.verify(connection).broken == 3
        attacker.execute("DELETE FROM desk.audit WHERE id > 1")
        with desk.owner.connect() as connection:
            assert audit.verify(connection).broken is None, "what is cut off shows only against a kept head"
            assert right.head is not None
            assert not audit.contains(connection, right.head)
        attacker.close()


def test_what_a_stranger_types_is_no_formula_in_the_exported_log(database: Settings) -> None:
    formula = "=HYPERLINK(1)"
    with office(database) as desk:
        secret = people.invite(desk.owner, "p@example.org", formula, [membership(Role.KREIS)], desk.clock.now)
        people.choose_password(desk.owner, Passwords(), secret or "", PASSWORD, "-", desk.clock.now)
        browser = desk.browser()
        browser.sign_in("p@example.org")
        by_page = browser.get("/werkbank/protokoll.csv").text
    environ = {"GEOPORTAL_DATABASE_URL": database.require_database_url()}
    by_command = CliRunner().invoke(main, ["audit", "export"], env=environ).stdout
    for exported in (by_page, by_command):
        cells = {cell for row in csv.reader(io.StringIO(exported)) for cell in row}
        assert f"'{formula} <p@example.org>" in cells
        assert not any(cell.startswith("=") for cell in cells)


def test_the_log_is_one_chain_however_many_write(database: Settings) -> None:
    with office(database) as desk:
        desk.hire(f"planner-{OWN}@example.org", membership(Role.PLANNER))
        me = principal(desk, f"planner-{OWN}@example.org")
        engine, together = desk.app.extensions["geoportal.desk"].engine, threading.Barrier(4)

        def write() -> None:
            together.wait()
            for number in range(5):
                with acting(engine, me) as connection:
                    audit.note(connection, me, "tried", f"number {number}", ags=OWN)

        threads = [threading.Thread(target=write) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with desk.owner.connect() as connection:
            verdict = audit.verify(connection)
        assert (verdict.broken, verdict.entries) == (None, 2 + 20)

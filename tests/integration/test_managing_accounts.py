"""Accounts of others at the desk: the Kreis manages them, and the database lets nobody else."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from geoportal import operations
from geoportal.accounts import audit, managing, people, sessions, tokens
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action, NotAllowed, Principal, Role
from geoportal.database import desk_engine
from geoportal.settings import Settings
from tests.desk import OTHER, OWN, PASSWORD, Office, membership, office


@pytest.fixture(scope="module")
def desk(module_database: Settings) -> Iterator[Office]:
    with office(module_database) as opened:
        operations.prepare(opened.owner)
        yield opened


@pytest.fixture(autouse=True)
def _calm(desk: Office) -> None:
    with desk.owner.begin() as connection:
        connection.execute(text("DELETE FROM desk.attempt"))


def number(desk: Office, email: str) -> int:
    return next(each.id for each in people.everybody(desk.owner) if each.email == email)


def test_somebody_is_invited_works_and_is_locked(desk: Office) -> None:
    kreis = desk.as_role(Role.KREIS)
    kreis.get("/werkbank/konten")
    form = {"name": "Petra Plan", "email": "Petra@Example.org", "rolle": "planner", "gemeinde": OWN}
    invited = kreis.post("/werkbank/konten", form)
    link = re.search(r"http://localhost:8080(/werkbank/einladung/[\w-]{43})", invited.text)
    assert link, invited.text
    assert kreis.post("/werkbank/konten", form).status_code == 409
    petra = desk.browser()
    petra.get(link[1])
    assert petra.post(link[1], {"passwort": PASSWORD, "noch_einmal": PASSWORD}).status_code == 303
    assert petra.sign_in("petra@example.org").status_code == 303
    assert petra.get("/werkbank/liefern").status_code == 200
    page = f"/werkbank/konten/{number(desk, 'petra@example.org')}"
    kreis.post(f"{page}/rolle", {"was": "geben", "rolle": "publisher", "gemeinde": OTHER})
    assert "Freigabe: Gladenbach" in kreis.get(page).text
    assert petra.get("/werkbank/protokoll").status_code == 200
    kreis.post(f"{page}/rolle", {"was": "nehmen", "rolle": "publisher", "gemeinde": OTHER})
    assert petra.get("/werkbank/protokoll").status_code == 403
    kreis.post(f"{page}/sitzungen")
    assert petra.get("/werkbank/liefern").status_code == 303
    assert petra.sign_in("petra@example.org").status_code == 303
    kreis.post(f"{page}/sperre", {"wollen": "ja"})
    assert petra.get("/werkbank/liefern").status_code == 303
    assert desk.browser().sign_in("petra@example.org").status_code == 401
    kreis.post(f"{page}/sperre", {"wollen": "nein"})
    assert desk.browser().sign_in("petra@example.org").status_code == 303
    with desk.owner.connect() as connection:
        said = [
            (each.action, each.actor) for each in audit.search(connection, words="account") if "kreis" in each.actor
        ]
        assert [action for action, _ in said if action not in {"sign_in", "password_chosen"}] == [
            "account_unlocked", "account_locked", "sessions_ended", "role_revoked", "role_granted", "account_invited",
        ]  # fmt: skip
        assert audit.verify(connection).broken is None


def test_a_new_password_and_a_lost_phone(desk: Office) -> None:
    kreis = desk.as_role(Role.KREIS)
    desk.hire("paul@example.org", membership(Role.PLANNER))
    page = f"/werkbank/konten/{number(desk, 'paul@example.org')}"
    with desk.owner.begin() as connection:
        connection.execute(text("UPDATE desk.account SET totp_secret = 'X' WHERE email = 'paul@example.org'"))
    kreis.get(page)
    kreis.post(f"{page}/zweiter-faktor")
    found = re.search(r"/werkbank/einladung/[\w-]{43}", kreis.post(f"{page}/passwort").text)
    assert found
    paul, new = desk.browser(), "Fünf andere zufällige Wörter"
    paul.get(found[0])
    paul.post(found[0], {"passwort": new, "noch_einmal": new})
    assert paul.sign_in("paul@example.org", new).status_code == 303


def test_a_token_of_somebody_else_is_revoked(desk: Office) -> None:
    kreis = desk.as_role(Role.KREIS)
    desk.hire("tom@example.org", membership(Role.PLANNER))
    account = number(desk, "tom@example.org")
    tom = Principal(account, "Tom", "tom@example.org", (membership(Role.PLANNER),), "-")
    engine = desk_engine(desk.settings.require_desk_url())
    token = tokens.make(engine, tom, "Büro", OWN, [Action.VIEW], 30, desk.clock.now)
    page = f"/werkbank/konten/{account}"
    assert "Büro" in kreis.get(page).text
    assert tokens.principal_of(engine, token, "-", desk.clock.now) is not None
    kreis.post(f"{page}/schluessel/{token.split('_')[1]}")
    assert tokens.principal_of(engine, token, "-", desk.clock.now) is None
    engine.dispose()


@pytest.mark.parametrize(
    "form",
    [
        {"rolle": "kreis", "gemeinde": OWN},
        {"rolle": "planner"},
        {"rolle": "planner", "gemeinde": "00000000"},
        {"rolle": "admin"},
        {"name": ""},
        {"email": "ohne"},
        {"email": "a b@c.de"},
    ],
    ids=str,
)
def test_an_invitation_that_says_too_little_is_refused(desk: Office, form: dict[str, str]) -> None:
    kreis = desk.as_role(Role.KREIS)
    kreis.get("/werkbank/konten")
    whole = {"name": "N", "email": "n@example.org", "rolle": "planner", "gemeinde": OWN} | form
    whole = whole if "rolle" not in form else {**whole, "gemeinde": form.get("gemeinde", "")}
    assert kreis.post("/werkbank/konten", whole).status_code == 422


def test_nobody_changes_their_own_roles_or_locks_themselves_out(desk: Office) -> None:
    kreis = desk.as_role(Role.KREIS)
    own = f"/werkbank/konten/{number(desk, f'kreis-{OWN}@example.org')}"
    kreis.get(own)
    assert kreis.post(f"{own}/sperre", {"wollen": "ja"}).status_code == 403
    assert kreis.post(f"{own}/rolle", {"was": "nehmen", "rolle": "kreis"}).status_code == 403


FUNCTIONS = (
    "SELECT desk.people()",
    "SELECT desk.add_account('x@example.org', 'x', NULL)",
    "SELECT desk.add_ticket(1, '\\x00', 'reset', now() + interval '1 hour')",
    "SELECT desk.set_role(desk.me(), '*', 'kreis', true)",
    "SELECT desk.set_role(1, '*', 'kreis', true)",
    "SELECT desk.set_locked(1, now())",
    "SELECT desk.end_sessions(1)",
    "SELECT desk.drop_second_factor(1)",
    "SELECT desk.revoke_token('x', now())",
)


@pytest.mark.parametrize("role", [each for each in Role if each is not Role.KREIS])
def test_the_database_alone_refuses_all_others(desk: Office, role: Role) -> None:
    email = desk.hire(f"db-{role}@example.org", membership(role))
    who = Principal(number(desk, email), "N", email, (membership(role),), "-")
    engine = desk_engine(desk.settings.require_desk_url())
    for statement in FUNCTIONS:
        with pytest.raises(ProgrammingError, match="permission denied"), acting(engine, who) as connection:
            connection.execute(text(statement))
    with pytest.raises(NotAllowed):
        managing.everybody(engine, who)
    engine.dispose()


def test_the_kreis_sees_no_hash_and_no_secret(desk: Office) -> None:
    email = desk.hire("db-kreis@example.org", membership(Role.KREIS))
    who = Principal(number(desk, email), "N", email, (membership(Role.KREIS),), "-")
    engine = desk_engine(desk.settings.require_desk_url())
    with acting(engine, who) as connection:
        assert connection.scalar(text("SELECT count(*) FROM desk.account WHERE id <> desk.me()")) == 0
        assert "argon2" not in str(connection.execute(text("SELECT * FROM desk.people()")).all())
    assert any(each.email == email for each in managing.everybody(engine, who))
    engine.dispose()


def test_a_stolen_session_is_worth_nothing_once_it_is_ended(desk: Office) -> None:
    """Whoever has copied the cookie is out with it, wherever they are."""
    thief, owner = desk.browser(), desk.browser()
    desk.hire("olga@example.org", membership(Role.PLANNER))
    owner.sign_in("olga@example.org")
    name = desk.app.extensions["geoportal.desk"].cookie
    stolen = owner.client.get_cookie(name)
    assert stolen is not None
    thief.client.set_cookie(name, stolen.value)
    assert thief.get("/werkbank/konto").status_code == 200
    desk.as_role(Role.KREIS).post(f"/werkbank/konten/{number(desk, 'olga@example.org')}/sitzungen")
    kreis = desk.as_role(Role.KREIS)
    kreis.get("/werkbank/konten")
    kreis.post(f"/werkbank/konten/{number(desk, 'olga@example.org')}/sitzungen")
    assert thief.get("/werkbank/konto").status_code == 303
    assert owner.get("/werkbank/konto").status_code == 303
    assert (
        sessions.principal_of(desk.app.extensions["geoportal.desk"].engine, stolen.value, "-", desk.clock.now) is None
    )

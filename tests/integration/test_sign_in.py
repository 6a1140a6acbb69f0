"""The door of the desk, tried by those who belong there and those who do not."""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import text

from geoportal.accounts import people
from geoportal.accounts.roles import Role
from geoportal.settings import Settings
from geoportal.web.app import create_portal
from tests.desk import ORIGIN, OWN, PASSWORD, Office, cookie, membership, office


@pytest.fixture(scope="module")
def desk(module_database: Settings) -> Iterator[Office]:
    with office(module_database) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _calm(desk: Office) -> None:
    with desk.owner.begin() as connection:
        connection.execute(text("DELETE FROM desk.attempt"))


def test_readers_get_no_cookie(desk: Office) -> None:
    browser = desk.browser()
    for path in ("/impressum/", "/werkbank/anmelden", "/werkbank/"):
        assert "Set-Cookie" not in browser.get(path).headers


def test_a_page_of_the_desk_leads_to_the_sign_in_and_back(desk: Office) -> None:
    desk.hire("back@example.org", membership(Role.PLANNER))
    browser = desk.browser()
    away = browser.get("/werkbank/konto")
    assert (away.status_code, away.location) == (303, "/werkbank/anmelden?weiter=/werkbank/konto")
    assert browser.sign_in("back@example.org", path="/werkbank/konto").location == "/werkbank/konto"
    assert "back@example.org" in browser.get("/werkbank/konto").text


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x", "/plaene", "//[::1",
        "/werkbank/\r\nX-Evil: 1", "/werkbank/\t//evil.example",
    ],
)  # fmt: skip
def test_the_sign_in_leads_to_the_desk_only(desk: Office, wanted: str) -> None:
    desk.as_role(Role.PLANNER)
    browser = desk.browser()
    assert browser.sign_in(f"planner-{OWN}@example.org", path=wanted).location == "/werkbank/"


def test_the_cookie_is_for_our_pages_only(desk: Office) -> None:
    desk.as_role(Role.PLANNER)
    said = desk.browser().sign_in(f"planner-{OWN}@example.org").headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(said.split("; "))
    https = create_portal(replace(desk.settings, public_url="https://example.org")).test_client()
    said = https.post(
        "/werkbank/anmelden",
        data={"email": f"planner-{OWN}@example.org", "passwort": PASSWORD},
        headers={"Origin": "https://example.org"},
    ).headers["Set-Cookie"]
    assert said.startswith("__Host-sid=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(said.split("; "))
    assert "Domain" not in said


def test_nobody_signs_in_over_a_line_that_others_can_read(desk: Office) -> None:
    plain = create_portal(replace(desk.settings, public_url="http://portal.example.org")).test_client()
    assert plain.get("/werkbank/anmelden").status_code == 403
    assert plain.get("/impressum/").status_code == 200


def test_unknown_address_wrong_password_and_locked_account_get_the_same_answer(desk: Office) -> None:
    desk.hire("same@example.org", membership(Role.PLANNER))
    desk.hire("locked@example.org", membership(Role.PLANNER))
    people.lock(desk.owner, "locked@example.org", desk.clock.now)
    answers = set()
    for email, password in (
        ("same@example.org", "falsch falsch falsch"),
        ("nobody@example.org", PASSWORD),
        ("locked@example.org", PASSWORD),
        ("", ""),
    ):
        answer = desk.browser().sign_in(email, password)
        answers.add((answer.status_code, answer.text.replace(email, "") if email else answer.text))
    assert len(answers) == 1
    assert answers.pop()[0] == 401


def test_a_password_is_compared_even_where_there_is_no_account(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []
    own = desk.app.extensions["geoportal.desk"].passwords
    real = own._hasher.verify
    monkeypatch.setattr(own, "_hasher", Recorder(real, asked))
    desk.browser().sign_in("nobody@example.org")
    assert len(asked) == 1


class Recorder:
    def __init__(self, real: object, asked: list[str | None]) -> None:
        self.real, self.asked = real, asked

    def verify(self, known: str, password: str) -> object:
        self.asked.append(known)
        return self.real(known, password)  # type: ignore[operator]  # argon2's own method

    def hash(self, password: str) -> str:
        raise AssertionError(password)


def test_after_ten_wrong_tries_there_is_a_pause(desk: Office) -> None:
    desk.hire("guessed@example.org", membership(Role.PLANNER))
    browser = desk.browser()
    assert [browser.sign_in("guessed@example.org", "falsch").status_code for _ in range(10)] == [401] * 10
    refused = browser.sign_in("guessed@example.org")
    assert refused.status_code == 429, "even with the right password"
    assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60
    before = desk.clock.now
    desk.clock.now = before + timedelta(minutes=16)
    assert browser.sign_in("guessed@example.org").status_code == 303
    desk.clock.now = before


def test_a_pause_is_for_unknown_addresses_too(desk: Office) -> None:
    browser = desk.browser()
    assert [browser.sign_in("ghost@example.org", "x").status_code for _ in range(11)] == [401] * 10 + [429]


def test_a_stranger_elsewhere_does_not_lock_somebody_out(desk: Office) -> None:
    desk.hire("victim@example.org", membership(Role.PLANNER))
    stranger = desk.browser()
    stranger.client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    for _ in range(11):
        stranger.sign_in("victim@example.org", "falsch")
    assert desk.browser().sign_in("victim@example.org").status_code == 303


def test_a_session_is_new_at_each_sign_in_whatever_cookie_came(desk: Office) -> None:
    desk.hire("fixed@example.org", membership(Role.PLANNER))
    browser = desk.browser()
    browser.client.set_cookie("sid", "A" * 43, domain="localhost")
    browser.sign_in("fixed@example.org")
    first = cookie(browser)
    assert first != "A" * 43
    browser.sign_in("fixed@example.org")
    assert cookie(browser) != first


def test_the_database_does_not_hold_what_opens_the_door(desk: Office) -> None:
    browser = desk.as_role(Role.PLANNER)
    secret = cookie(browser)
    assert secret
    with desk.owner.connect() as connection:
        rows = connection.execute(text("SELECT session::text FROM desk.session")).scalars().all()
    assert rows
    assert not any(secret in row for row in rows)


def test_a_session_ends(desk: Office) -> None:
    browser = desk.as_role(Role.PLANNER)
    began = desk.clock.now
    try:
        desk.clock.now = began + timedelta(hours=7)
        assert browser.get("/werkbank/konto").status_code == 200
        desk.clock.now = began + timedelta(hours=11, minutes=59)
        assert browser.get("/werkbank/konto").status_code == 200, "used within eight hours"
        desk.clock.now = began + timedelta(hours=12, minutes=1)
        assert browser.get("/werkbank/konto").status_code == 303, "twelve hours are the end"
        desk.clock.now = began
        idle = desk.as_role(Role.PLANNER)
        desk.clock.now = began + timedelta(hours=8, minutes=1)
        assert idle.get("/werkbank/konto").status_code == 303, "eight hours without a request"
    finally:
        desk.clock.now = began


def test_who_signs_out_is_out_with_a_copy_of_the_cookie_too(desk: Office) -> None:
    browser, thief = desk.as_role(Role.PLANNER), desk.browser()
    thief.client.set_cookie("sid", cookie(browser) or "", domain="localhost")
    assert thief.get("/werkbank/konto").status_code == 200
    answer = browser.post("/werkbank/abmelden")
    assert answer.headers["Clear-Site-Data"]
    assert thief.get("/werkbank/konto").status_code == 303


def test_locking_ends_what_is_open(desk: Office) -> None:
    desk.hire("leaving@example.org", membership(Role.PLANNER))
    browser = desk.browser()
    browser.sign_in("leaving@example.org")
    people.lock(desk.owner, "leaving@example.org", desk.clock.now)
    assert browser.get("/werkbank/konto").status_code == 303
    assert browser.sign_in("leaving@example.org").status_code == 401


def test_a_new_password_ends_all_other_sessions(desk: Office) -> None:
    desk.hire("changer@example.org", membership(Role.PLANNER))
    here, there = desk.browser(), desk.browser()
    here.sign_in("changer@example.org")
    there.sign_in("changer@example.org")
    wrong = here.post(
        "/werkbank/konto/passwort", {"alt": "falsch", "neu": "Neue Wörter 42!", "noch_einmal": "Neue Wörter 42!"}
    )
    assert wrong.status_code == 422
    weak = here.post("/werkbank/konto/passwort", {"alt": PASSWORD, "neu": "kurz", "noch_einmal": "kurz"})
    assert weak.status_code == 422
    done = here.post(
        "/werkbank/konto/passwort", {"alt": PASSWORD, "neu": "Neue Wörter 42!", "noch_einmal": "Neue Wörter 42!"}
    )
    assert done.status_code == 200
    assert here.get("/werkbank/konto").status_code == 200
    assert there.get("/werkbank/konto").status_code == 303
    assert there.sign_in("changer@example.org", "Neue Wörter 42!").status_code == 303


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        # from a page of ours whose address is a secret: it sends no referrer
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}, 303),
    ],
)
def test_a_form_from_elsewhere_changes_nothing(desk: Office, headers: dict[str, str], status: int) -> None:
    browser = desk.as_role(Role.PLANNER)
    assert browser.post("/werkbank/abmelden", headers=headers).status_code == status


def test_a_form_that_does_not_say_where_it_is_from_is_refused(desk: Office) -> None:
    browser = desk.as_role(Role.PLANNER)
    assert browser.client.post("/werkbank/abmelden", data={"form_key": browser.form_key}).status_code == 403
    assert browser.client.post("/werkbank/anmelden", data={"email": "x", "passwort": "y"}).status_code == 403


@pytest.mark.parametrize(
    ("path", "given", "status"),
    [
        ("/werkbank/anmelden", {"email": "a\0b@x.example", "passwort": "x"}, 401),
        ("/werkbank/anmelden/code", {"zettel": "\0", "code": "\0"}, 401),
        ("/werkbank/konto/schluessel", {"name": "a\0b", "gemeinde": OWN, "recht": "view", "tage": "30"}, 200),
        ("/werkbank/konto/zweiter-faktor", {"geheimnis": "a\0b", "code": "1", "passwort": PASSWORD}, 400),
        ("/werkbank/protokoll?suche=%00", None, 400),
    ],
)
def test_what_no_database_takes_is_no_fault_of_ours(
    desk: Office, path: str, given: dict[str, str] | None, status: int
) -> None:
    """What was pasted into a form is taken without it; an address that holds it is none."""
    browser = desk.as_role(Role.KREIS)
    answer = browser.get(path) if given is None else browser.post(path, given)
    assert answer.status_code == status


@pytest.mark.parametrize("path", ["/werkbank/konten/{}", "/werkbank/lieferung/{}", "/werkbank/fassung/{}"])
def test_a_number_beyond_all_numbers_is_nothing(desk: Office, path: str) -> None:
    assert desk.as_role(Role.KREIS).get(path.format("9" * 40)).status_code == 404


def test_a_form_needs_the_key_of_this_session(desk: Office) -> None:
    browser, other = desk.as_role(Role.PLANNER), desk.as_role(Role.PUBLISHER)
    for key in ("", "0" * 64, other.form_key):
        assert browser.post("/werkbank/abmelden", {"form_key": key}).status_code == 403
    assert browser.get("/werkbank/konto").status_code == 200


def test_who_is_not_let_in_stands_in_the_log(desk: Office, caplog: pytest.LogCaptureFixture) -> None:
    browser = desk.as_role(Role.PLANNER)
    with caplog.at_level(logging.WARNING, "geoportal.web.desk.access"):
        assert browser.get("/werkbank/konten").status_code == 403
        assert browser.get("/werkbank/lieferung/4711").status_code == 404
        assert browser.get("/werkbank/bericht/geheim").status_code == 410
        assert browser.get("/werkbank/konto").status_code == 200
    told = [record.fields for record in caplog.records]  # type: ignore[attr-defined]
    assert [(each["status"], each["of"]) for each in told] == [(403, {}), (404, {"number": "4711"}), (410, {})]
    with desk.owner.connect() as connection:
        accounts = set(connection.scalars(text("SELECT id FROM desk.account")))
    assert {each["account"] for each in told} <= accounts


def test_where_a_second_factor_is_required_nothing_else_is_open_before_it(database: Settings) -> None:
    with office(replace(database, second_factor=True)) as strict:
        strict.hire("factor@example.org", membership(Role.KREIS))
        browser = strict.browser()
        browser.sign_in("factor@example.org")
        for path in ("/werkbank/", "/werkbank/liefern", "/werkbank/konten"):
            assert browser.get(path).location == "/werkbank/konto?faktor=fehlt"
        assert "verlangt einen zweiten Faktor" in browser.get("/werkbank/konto?faktor=fehlt").text
        token = {"recht": "deliver", "tage": "30", "gemeinde": OWN}
        assert browser.post("/werkbank/konto/schluessel", token).status_code == 403
        found = re.search(r'name="geheimnis" value="(\w+)"', browser.post("/werkbank/konto/zweiter-faktor").text)
        assert found
        code = pyotp.TOTP(found[1]).at(strict.clock.now)
        browser.post("/werkbank/konto/zweiter-faktor", {"geheimnis": found[1], "code": code, "passwort": PASSWORD})
        assert browser.get("/werkbank/liefern").status_code == 200
        browser.post("/werkbank/konto/zweiter-faktor", {"was": "entfernen", "passwort": PASSWORD})
        assert browser.get("/werkbank/liefern").status_code == 303


def test_the_second_factor_is_asked_for_and_each_code_is_good_once(desk: Office) -> None:
    desk.hire("factor@example.org", membership(Role.PLANNER))
    browser = desk.browser()
    browser.sign_in("factor@example.org")
    found = re.search(r'name="geheimnis" value="(\w+)"', browser.post("/werkbank/konto/zweiter-faktor").text)
    assert found
    app = pyotp.TOTP(found[1])

    def now() -> str:
        return app.at(desk.clock.now)

    kept = browser.post("/werkbank/konto/zweiter-faktor", {"geheimnis": found[1], "code": now(), "passwort": PASSWORD})
    recovery = re.findall(r"<code>(\w{5}-\w{5})</code>", kept.text)
    assert len(recovery) == 10
    used = now()
    desk.clock.now += timedelta(seconds=61)
    fresh = desk.browser()

    def ticket() -> str:
        page = fresh.sign_in("factor@example.org").text
        held = re.search(r'name="zettel" value="([\w-]{43})"', page)
        assert held
        assert cookie(fresh) is None, "nobody is in after the password alone"
        return held[1]

    first = ticket()
    assert fresh.post("/werkbank/anmelden/code", {"zettel": first, "code": used}).status_code == 401
    code = now()
    assert fresh.post("/werkbank/anmelden/code", {"zettel": first, "code": code}).status_code == 303
    fresh.client.delete_cookie("sid", domain="localhost")
    again = ticket()
    assert fresh.post("/werkbank/anmelden/code", {"zettel": again, "code": code}).status_code == 401, "used"
    assert fresh.post("/werkbank/anmelden/code", {"zettel": first, "code": recovery[0]}).status_code == 401, (
        "used ticket"
    )
    assert fresh.post("/werkbank/anmelden/code", {"zettel": again, "code": recovery[0]}).status_code == 303
    fresh.client.delete_cookie("sid", domain="localhost")
    once_more = ticket()
    assert fresh.post("/werkbank/anmelden/code", {"zettel": once_more, "code": recovery[0]}).status_code == 401
    desk.clock.now += timedelta(minutes=6)
    assert fresh.post("/werkbank/anmelden/code", {"zettel": once_more, "code": now()}).status_code == 401, "too late"


def test_codes_cannot_be_guessed_for_long(desk: Office) -> None:
    desk.hire("codes@example.org", membership(Role.PLANNER))
    with desk.owner.begin() as connection:
        connection.execute(
            text("UPDATE desk.account SET totp_secret = :it WHERE email = 'codes@example.org'"),
            {"it": pyotp.random_base32()},
        )
    browser = desk.browser()
    found = re.search(r'name="zettel" value="([\w-]{43})"', browser.sign_in("codes@example.org").text)
    assert found
    tries = [browser.post("/werkbank/anmelden/code", {"zettel": found[1], "code": "x"}).status_code for _ in range(11)]
    assert tries == [401] * 10 + [429]


def test_an_invitation_is_good_once_and_not_for_ever(desk: Office) -> None:
    now = desk.clock.now
    secret = people.invite(desk.owner, "new@example.org", "Neu", [membership(Role.PLANNER)], now)
    late = people.reset_link(desk.owner, "new@example.org", now - timedelta(hours=2))
    browser = desk.browser()
    assert browser.get(f"/werkbank/einladung/{late}").status_code == 410
    page = browser.get(f"/werkbank/einladung/{secret}")
    assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "no-referrer")
    both = {"passwort": PASSWORD, "noch_einmal": PASSWORD}
    path = f"/werkbank/einladung/{secret}"
    assert browser.post(path, both | {"noch_einmal": "x"}).status_code == 422
    assert browser.post(path, {"passwort": "neu" * 5, "noch_einmal": "neu" * 5}).status_code == 422
    assert browser.post(path, both).status_code == 303
    assert browser.post(path, both).status_code == 410
    assert browser.get(path).status_code == 410
    assert browser.get("/werkbank/einladung/" + "A" * 43).status_code == 410
    assert browser.sign_in("new@example.org").status_code == 303


def test_every_view_says_whom_it_is_open_to(desk: Office) -> None:
    views = {name: view for name, view in desk.app.view_functions.items() if name.startswith("desk.")}
    assert views
    assert [name for name, view in views.items() if not hasattr(view, "needs")] == []


def test_a_view_that_says_nothing_is_shut(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(desk.app.view_functions, "desk.account", lambda: "open")
    assert desk.as_role(Role.KREIS).get("/werkbank/konto").status_code == 403


def test_nothing_of_the_desk_is_kept_on_the_way(desk: Office) -> None:
    browser = desk.as_role(Role.PLANNER)
    for path in ("/werkbank/", "/werkbank/konto", "/werkbank/anmelden"):
        assert browser.get(path).headers["Cache-Control"] == "no-store"

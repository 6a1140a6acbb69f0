"""Invitations and forgotten passwords by e-mail, through a real mail server."""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from geoportal import wsgi
from geoportal.accounts import people
from geoportal.accounts.roles import Role
from geoportal.cli.people import users_group
from geoportal.mail import Postman
from geoportal.settings import Settings
from geoportal.web.desk import room
from tests.desk import ORIGIN, OWN, Office, membership, office
from tests.mail import Box, mail_server, smtp_at
from tests.processes import free_port

LINK = re.compile(rf"{ORIGIN}(/werkbank/einladung/[\w-]{{43}})")
NEW = "Ein ganz neues Passwort 7"


@pytest.fixture
def opened(database: Settings) -> Iterator[tuple[Office, Box]]:
    box, port = Box(), free_port()
    with mail_server(box, port), office(database) as own:
        key = room.Desk.KEY
        settings = replace(own.settings, smtp=smtp_at(port))
        own.app.extensions[key] = replace(own.app.extensions[key], settings=settings)
        yield replace(own, settings=settings), box


def deliver(own: Office) -> None:
    assert own.settings.smtp is not None
    Postman(own.owner, own.settings.smtp).send_due()


def test_an_invitation_comes_by_mail_and_opens_the_account(opened: tuple[Office, Box]) -> None:
    own, box = opened
    arguments = ["invite", "neu@example.org", "--name", "Nora Neu", "--role", "planner", "--gemeinde", OWN]
    told = CliRunner().invoke(users_group, arguments, obj=own.settings)
    assert "unterwegs" in told.output
    assert "einladung/" not in told.output  # the link is for the person alone
    deliver(own)
    [letter] = box.to("neu@example.org")
    browser = own.browser()
    [path] = LINK.findall(letter.get_content())
    browser.post(path, {"passwort": NEW, "noch_einmal": NEW})
    assert browser.sign_in("neu@example.org", NEW).status_code == 303


def test_who_has_forgotten_the_password_chooses_a_new_one(opened: tuple[Office, Box]) -> None:
    own, box = opened
    own.hire("paula@example.org", membership(Role.PLANNER))
    browser = own.browser()
    assert "Passwort vergessen?" in browser.get("/werkbank/anmelden").text
    answer = browser.post("/werkbank/passwort-vergessen", {"email": " Paula@Example.org "})
    deliver(own)
    [letter] = box.to("paula@example.org")
    [path] = LINK.findall(letter.get_content())
    browser.post(path, {"passwort": NEW, "noch_einmal": NEW})
    assert browser.sign_in("paula@example.org", NEW).status_code == 303
    assert browser.get(path).status_code == 410  # once
    # nobody learns from the answer who has an account
    unknown = own.browser().post("/werkbank/passwort-vergessen", {"email": "niemand@example.org"})
    assert unknown.text == answer.text
    deliver(own)
    assert box.to("niemand@example.org") == []


def test_no_letter_for_who_is_locked_or_comes_from_the_provider(opened: tuple[Office, Box]) -> None:
    own, box = opened
    own.hire("zu@example.org", membership(Role.PLANNER))
    people.lock(own.owner, "zu@example.org", own.clock.now)
    people.invite(own.owner, "kreis@example.org", "K", [membership(Role.KREIS)], own.clock.now, issuer="https://idp")
    for email in ("zu@example.org", "kreis@example.org"):
        assert own.browser().post("/werkbank/passwort-vergessen", {"email": email}).status_code == 200
    deliver(own)
    assert box.letters == []


def test_where_there_is_mail_the_kreis_never_sees_a_link(opened: tuple[Office, Box]) -> None:
    own, box = opened
    own.hire("petra@example.org", membership(Role.PLANNER))
    kreis = own.as_role(Role.KREIS)
    with own.owner.connect() as connection:
        number = connection.scalar(text("SELECT id FROM desk.account WHERE email = 'petra@example.org'"))
    page = kreis.post(f"/werkbank/konten/{number}/passwort")
    assert page.status_code == 200
    assert "/werkbank/einladung/" not in page.text
    deliver(own)
    [letter] = box.to("petra@example.org")
    assert LINK.search(str(letter.get_content()))


def test_nobodys_box_is_flooded(opened: tuple[Office, Box]) -> None:
    own, _ = opened
    own.hire("paula@example.org", membership(Role.PLANNER))
    statuses = [
        own.browser().post("/werkbank/passwort-vergessen", {"email": "paula@example.org"}).status_code
        for _ in range(11)
    ]
    assert statuses == [200] * 10 + [429]
    with own.owner.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM mail.letter")) == 10


def test_a_form_of_another_site_sends_nothing(opened: tuple[Office, Box]) -> None:
    own, _ = opened
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    given = {"email": "paula@example.org"}
    assert own.browser().post("/werkbank/passwort-vergessen", given, headers=headers).status_code == 403


def test_a_secret_in_an_address_is_not_written_down(database: Settings, caplog: pytest.LogCaptureFixture) -> None:
    from werkzeug.test import Client

    caplog.set_level(logging.INFO, "geoportal.access")
    client = Client(wsgi.create(replace(database, public_url=ORIGIN)))
    client.get("/werkbank/einladung/abcdefghijklmnopqrstuvwxyz", base_url=ORIGIN)
    written = json.dumps([record.__dict__ for record in caplog.records], default=str)
    assert "/werkbank/einladung/<secret>" in written
    assert "abcdefghijklm" not in written

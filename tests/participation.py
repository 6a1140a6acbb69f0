"""A participation for tests: a public plan, people of the Gemeinde, citizens, and a mail server that can be read."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from geoportal import operations
from geoportal.accounts.roles import Principal, Role
from geoportal.accounts.sessions import read_principal
from geoportal.archive import Archive
from geoportal.database import desk_engine, owner_engine
from geoportal.mail import Postman
from geoportal.participation import beteiligungen
from geoportal.participation.arten import Art
from geoportal.participation.beteiligungen import Angaben
from geoportal.settings import Settings
from geoportal.web import portal, stellungnahme_pages
from geoportal.web.desk import room
from geoportal.web.words import BERLIN
from tests.desk import ORIGIN, OWN, Browser, Office, office
from tests.files import feature, picture, plan, polygon, prop, write, xplangml
from tests.mail import Box, mail_server, smtp_at
from tests.processes import free_port

PNG, JPEG = picture("PNG"), picture("JPEG")
LINK = re.compile(rf"{ORIGIN}(/beteiligung/stellungnahme/[\w-]{{43}})")
TOKEN = re.compile(r'name="zeichen" value="([^"]+)"')
BEGINN, ENDE = date(2026, 11, 18), date(2026, 12, 18)
ANNOUNCED = datetime(2026, 11, 10, 9, tzinfo=UTC)
DURING = datetime(2026, 12, 6, 9, tzinfo=UTC)
AFTER = datetime(2026, 12, 19, 9, tzinfo=UTC)
ANGABEN = Angaben(
    art=Art.VEROEFFENTLICHUNG,
    bekanntmachung=date(2026, 11, 11),
    beginn=BEGINN,
    ende=ENDE,
    anlass="Am Hang sollen zwölf Häuser entstehen.",
    zugang="Rathaus, Zimmer 12, montags bis freitags 8 bis 12 Uhr",
    stelle="Gemeindevorstand\nDreihäuser Straße 17",
    email="bauamt@gemeinde.example",
)


def principal_of(owner: Engine, email: str) -> Principal:
    with owner.connect() as connection:
        account = connection.scalar(text("SELECT id FROM desk.account WHERE email = :email"), {"email": email})
        found = read_principal(connection, account, "-")
    assert found is not None
    return found


def announced(settings: Settings, plan_id: str, today: date, ende: date) -> None:
    """A participation of a public plan that runs from this day on, announced by a publisher who is there already."""
    owner, engine = owner_engine(settings.require_database_url()), desk_engine(settings.require_desk_url())
    who = principal_of(owner, f"{Role.PUBLISHER}@example.org")
    angaben = replace(ANGABEN, bekanntmachung=today - timedelta(days=1), beginn=today, ende=ende)
    beteiligungen.announce(engine, who, beteiligungen.create(engine, who, UUID(plan_id), angaben), 1, today)
    owner.dispose()
    engine.dispose()


@dataclass
class Town:
    """`citizen()` is a browser that keeps nothing; `deliver()` sends what waits and gives the letters."""

    office: Office
    box: Box
    plan_id: UUID

    def begin_again(self) -> None:
        """As it was before anybody did anything, but for the log."""
        with self.office.owner.begin() as connection:
            connection.execute(text("DELETE FROM participation.stellungnahme"))
            connection.execute(text("DELETE FROM participation.beteiligung"))
            connection.execute(text("SELECT plans.renew_publication()"))  # nothing of ours deletes a participation
            connection.execute(text("DELETE FROM mail.letter"))
            connection.execute(text("DELETE FROM participation.attempt"))
            # that a session of a day in November has ended by December is not what is tested here
            connection.execute(text("DELETE FROM desk.session"))
        self.box.letters.clear()
        self.office.clock.now = ANNOUNCED

    def citizen(self) -> "Citizen":
        return Citizen(self.office.app.test_client(use_cookies=False), self)

    def deliver(self) -> None:
        assert self.office.settings.smtp is not None
        Postman(self.office.owner, self.office.settings.smtp, now=self.office.clock).send_due()

    def principal(self, role: Role, ags: str = OWN) -> Principal:
        self.office.as_role(role, ags)
        return principal_of(self.office.owner, f"{role}-{ags}@example.org")

    def announce(self, angaben: Angaben = ANGABEN) -> UUID:
        """Made and announced by the Gemeinde, and then it is the sixth of December."""
        engine = self.office.app.extensions[room.Desk.KEY].engine
        who = self.principal(Role.PUBLISHER)
        self.office.clock.now = ANNOUNCED
        number = beteiligungen.create(engine, who, self.plan_id, angaben)
        beteiligungen.announce(engine, who, number, 1, ANNOUNCED.date())
        self.office.clock.now = DURING
        return number

    def count(self, table: str) -> int:
        with self.office.owner.connect() as connection:
            return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


@dataclass
class Citizen:
    client: FlaskClient
    town: Town

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, data: dict[str, Any], **headers: str) -> TestResponse:
        sent = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"} | headers
        return self.client.post(path, data=data, headers=sent, content_type="multipart/form-data")

    @property
    def form(self) -> str:
        return f"/beteiligung/{self.town.plan_id}/stellungnahme"

    def token(self) -> str:
        """Of a form that was opened a minute ago."""
        clock = self.town.office.clock
        now = clock.now
        clock.now = now.replace(minute=now.minute - 1) if now.minute else now.replace(hour=now.hour - 1, minute=59)
        found = TOKEN.search(self.get(self.form).text)
        clock.now = now
        assert found is not None
        return found[1]

    def send(self, email: str = "erika@muster.example", **given: Any) -> TestResponse:
        values = {"zeichen": self.token(), "text": "Bitte weniger Lärm.", "email": email, "absenden": "1"}
        return self.post(self.form, values | given)

    def link(self, email: str = "erika@muster.example") -> str:
        """Of the newest letter to that address."""
        self.town.deliver()
        found = LINK.search(str(self.town.box.to(email)[-1].get_content()))
        assert found is not None
        return found[1]

    def confirmed(self, email: str = "erika@muster.example", **given: Any) -> str:
        """The link of a statement that was sent and confirmed."""
        assert self.send(email, **given).status_code == 303
        link = self.link(email)
        assert self.post(f"{link}/bestaetigen", {}).status_code == 303
        return link


@contextmanager
def town(settings: Settings, folder: Any) -> Iterator[Town]:
    """On a database with the layers of the checkout (`furnished`)."""
    box, port = Box(), free_port()
    with mail_server(box, port), office(replace(settings, smtp=smtp_at(port))) as opened:
        clock = opened.clock
        clock.now = ANNOUNCED
        apps = opened.app.extensions
        key, mine = portal.Portal.KEY, stellungnahme_pages.Room.KEY
        apps[key] = replace(apps[key], today=lambda: clock.now.astimezone(BERLIN).date())
        document = xplangml(
            plan(name="Am Hang", nummer="5", extra=prop("rechtsstand", "2400")),
            feature(
                "BP_BaugebietsTeilFlaeche",
                "b",
                prop("position", polygon()) + prop("besondereArtDerBaulNutzung", "1200"),
            ),
        )
        operations.deliver(opened.owner, Archive(opened.settings.archive), write(folder / "plan.gml", document))
        with opened.owner.connect() as connection:
            plan_id = connection.scalar(text("SELECT id FROM plans.plan"))
        yield Town(opened, box, plan_id)
        apps[mine].engine.dispose()


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

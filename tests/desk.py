"""People at the desk, for tests: accounts that exist, and a browser without a screen that signs in as one of them."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from geoportal.accounts import people, tokens
from geoportal.accounts.passwords import Passwords
from geoportal.accounts.roles import WHOLE_KREIS, Membership, Principal, Role
from geoportal.database import desk_engine, owner_engine
from geoportal.settings import Settings
from geoportal.web.app import create_portal

OWN, OTHER = "06534008", "06534010"  # Ebsdorfergrund, Gladenbach
PASSWORD = "Vier zufällige Wörter genügen"
ORIGIN = "http://localhost:8080"
KEY = re.compile(r'name="form_key" value="([0-9a-f]{64})"')


def membership(role: Role, ags: str = OWN) -> Membership:
    return Membership(WHOLE_KREIS if role in {Role.KREIS, Role.AUDITOR} else ags, role)


@dataclass
class Browser:
    """Keeps cookies, and sends forms as a page of ours would."""

    client: FlaskClient
    form_key: str = ""

    def get(self, path: str, **options: Any) -> TestResponse:
        response = self.client.get(path, **options)
        if response.mimetype == "text/html" and (found := KEY.search(response.text)):
            self.form_key = found[1]
        return response

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"} | options.pop("headers", {})
        return self.client.post(path, data={"form_key": self.form_key} | (data or {}), headers=headers, **options)

    def sign_in(self, email: str, password: str = PASSWORD, path: str = "/werkbank/") -> TestResponse:
        response = self.post("/werkbank/anmelden", {"email": email, "passwort": password, "weiter": path})
        if response.status_code == 303:
            self.get("/werkbank/konto")
        return response


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Office:
    """The portal with its desk, a clock that the test turns, and accounts by role."""

    app: Flask
    owner: Engine
    settings: Settings
    clock: Clock

    def browser(self) -> Browser:
        return Browser(self.app.test_client())

    def hire(self, email: str, *memberships: Membership, password: str = PASSWORD) -> str:
        """An account that has chosen its password."""
        secret = people.invite(self.owner, email, email.partition("@")[0].title(), memberships, self.clock.now)
        assert secret is not None
        people.choose_password(self.owner, _QUICK, secret, password, "-", self.clock.now)
        return email

    def as_role(self, role: Role, ags: str = OWN) -> Browser:
        """Somebody new with this role, signed in."""
        email = f"{role}-{ags}@example.org"
        if not any(each.email == email for each in people.everybody(self.owner)):
            self.hire(email, membership(role, ags))
        browser = self.browser()
        assert browser.sign_in(email).status_code == 303
        return browser


_QUICK = Passwords()


def send(browser: Browser, document: str, ags: str = OWN, name: str = "plan.gml") -> TestResponse:
    """By the plain form."""
    files = [(io.BytesIO(document.encode()), name)]
    browser.get("/werkbank/liefern")
    return browser.post("/werkbank/liefern", {"gemeinde": ags, "dateien": files}, content_type="multipart/form-data")


def cookie(browser: Browser) -> str | None:
    """Of the session."""
    found = browser.client.get_cookie("sid", domain="localhost")
    return None if found is None else found.value


@contextmanager
def office(settings: Settings) -> Iterator[Office]:
    from geoportal.web.desk import room

    settings = replace(settings, public_url=ORIGIN)
    app = create_portal(settings)
    clock = Clock()
    app.extensions[room.Desk.KEY] = replace(app.extensions[room.Desk.KEY], now=clock)
    owner = owner_engine(settings.require_database_url())
    yield Office(app, owner, settings, clock)
    owner.dispose()
    app.extensions[room.Desk.KEY].engine.dispose()


def token_for(settings: Settings, role: Role = Role.KREIS, ags: str = OWN, name: str = "programm") -> str:
    """A program's token with all that the role may do in the Gemeinde, on an account of its own."""
    now = datetime.now(UTC)
    place = membership(role, ags)
    owner, engine = owner_engine(settings.require_database_url()), desk_engine(settings.require_desk_url())
    email = f"{name}-{ags}@example.org"
    people.invite(owner, email, name, [place], now)
    [number] = [each.id for each in people.everybody(owner) if each.email == email]
    who = Principal(number, name, email, (place,), "-")
    token = tokens.make(
        engine, who, name, ags, [each for each in tokens.GRANTABLE if who.may(each, ags, number)], 30, now
    )
    owner.dispose()
    engine.dispose()
    return token


def hire(settings: Settings, email: str, *memberships: Membership) -> None:
    """An account with the password PASSWORD."""
    owner, now = owner_engine(settings.require_database_url()), datetime.now(UTC)
    secret = people.invite(owner, email, email.partition("@")[0].title(), memberships, now)
    assert secret is not None
    people.choose_password(owner, _QUICK, secret, PASSWORD, "-", now)
    owner.dispose()

"""One account for each role of the desk, with a new password at each start: for looking around on one machine."""

import secrets
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import Engine

from geoportal.accounts import people
from geoportal.accounts.passwords import Passwords
from geoportal.accounts.roles import Role
from geoportal.settings import Settings

_GEMEINDE: Final = "06534008"
_NAMES: Final = {
    Role.OFFICE: ("buero@muster.example", "Planungsbüro Muster"),
    Role.PLANNER: ("planung@muster.example", "Paula Planung"),
    Role.PUBLISHER: ("freigabe@muster.example", "Frieda Freigabe"),
    Role.KREIS: ("kreis@muster.example", "Karl Kreis"),
    Role.AUDITOR: ("revision@muster.example", "Rita Revision"),
}


def welcome(engine: Engine, settings: Settings) -> str:
    """Makes the accounts where they are missing; returns the lines that tell how to sign in.

    None but on a loopback address: sample accounts whose existence is known have no business on a network.
    """
    if urlsplit(settings.public_url).hostname not in {"localhost", "127.0.0.1", "::1"}:
        return ""
    now, passwords, password = datetime.now(UTC), Passwords(), secrets.token_urlsafe(12)
    known = {person.email for person in people.everybody(engine)}
    for role, (email, name) in _NAMES.items():
        ags = None if role in {Role.KREIS, Role.AUDITOR} else _GEMEINDE
        secret = (
            people.reset_link(engine, email, now)
            if email in known
            else people.invite(engine, email, name, [people.require_place(role, ags)], now)
        )
        if secret is not None:
            people.choose_password(engine, passwords, secret, password, "-", now)
    lines = [f"  Werkbank  {settings.public_url}/werkbank/   Passwort / password: {password}"]
    lines += [f"            {email:<26}{name}" for email, name in _NAMES.values()]
    return "\n".join(lines)

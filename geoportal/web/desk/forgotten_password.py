"""A new password for who has forgotten theirs, by e-mail. What is answered says nothing about who has an account."""

import time
from http import HTTPStatus
from typing import Final

from flask import Blueprint, render_template, request

from geoportal.accounts import attempts, people
from geoportal.accounts.letters import AccountLetters
from geoportal.accounts.sessions import normal
from geoportal.web.desk.access import Access, open_to, origin
from geoportal.web.desk.room import desk

_LONG_ENOUGH: Final = 0.3  # seconds: as long for an address that is not known as for one that is


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/passwort-vergessen", "forgotten", forgotten)
    bp.add_url_rule("/passwort-vergessen", "forgotten_now", forgotten_now, methods=["POST"])


@open_to(Access.ANYBODY)
def forgotten() -> str:
    return render_template("desk/forgotten.html", by_mail=desk().settings.smtp is not None, is_sent=False)


@open_to(Access.ANYBODY)
def forgotten_now() -> str | tuple[str, int]:
    own = desk()
    if own.settings.smtp is None:
        return forgotten(), HTTPStatus.CONFLICT
    email, began = normal(request.form.get("email", "")), time.monotonic()
    attempts.count(own.engine, f"reset {email}", origin(), own.now())
    letters = AccountLetters(own.settings.public_url, own.settings.host_name)
    people.send_reset(own.engine, email, letters, origin(), own.now())
    time.sleep(max(0.0, began + _LONG_ENOUGH - time.monotonic()))
    return render_template("desk/forgotten.html", by_mail=True, is_sent=True)

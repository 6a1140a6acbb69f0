"""Accounts of others, for the Kreis: invite, give and take roles, lock, end sessions, revoke tokens."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from geoportal.accounts import managing
from geoportal.accounts.letters import AccountLetters
from geoportal.accounts.people import AccountExists, NoAccount, require_place
from geoportal.accounts.roles import WHOLE_KREIS, Action, Membership, Role
from geoportal.web.desk import words
from geoportal.web.desk.access import open_to, who
from geoportal.web.desk.room import desk
from geoportal.web.errors import InvalidQuery, NotPublished
from plans_ingest.gemeinden import all_gemeinden, gemeinde_of

_ADDRESS = "Bitte Name, E-Mail-Adresse, Rolle und, außer bei Kreis und Revision, die Gemeinde angeben."
_EXISTS = "Ein Konto mit dieser Adresse gibt es schon."


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/konten", "accounts", listing)
    bp.add_url_rule("/konten", "invite", invite, methods=["POST"])
    bp.add_url_rule("/konten/<int:account>", "managed", page)
    bp.add_url_rule("/konten/<int:account>/rolle", "set_role", set_role, methods=["POST"])
    bp.add_url_rule("/konten/<int:account>/sperre", "set_locked", set_locked, methods=["POST"])
    bp.add_url_rule("/konten/<int:account>/sitzungen", "end_sessions", end_sessions, methods=["POST"])
    bp.add_url_rule("/konten/<int:account>/zweiter-faktor", "drop_factor", drop_factor, methods=["POST"])
    bp.add_url_rule("/konten/<int:account>/passwort", "reset_link", reset_link, methods=["POST"])
    bp.add_url_rule("/konten/<int:account>/schluessel/<token>", "revoke_others_token", revoke, methods=["POST"])


@open_to(Action.ACCOUNTS)
def listing() -> str:
    return _listing()


@open_to(Action.ACCOUNTS)
def invite() -> str | tuple[str, int]:
    own, form = desk(), request.form
    email, name = form.get("email", "").strip(), form.get("name", "").strip()[:200]
    at_provider = form.get("anbieter") == "ja"
    issuer = own.settings.provider.issuer if at_provider and own.settings.provider is not None else None
    letters = _letters()
    try:
        membership = _membership()
        if not name or len(email) > 254 or email.count("@") != 1 or " " in email or not all(email.split("@")):
            raise ValueError("email")
        _, secret = managing.invite(
            own.engine, who(), email, name, membership, own.now(), issuer=issuer, letters=letters
        )
    except ValueError:
        return _listing(fault=_ADDRESS, typed=form), HTTPStatus.UNPROCESSABLE_ENTITY
    except AccountExists:
        return _listing(fault=_EXISTS, typed=form), HTTPStatus.CONFLICT
    if secret is None or letters is not None:
        return _listing(done="Das Konto ist angelegt." if secret is None else "Die Einladung ist unterwegs.")
    return _listing(link=_link(secret), link_for=name, link_days="7 Tage")


@open_to(Action.ACCOUNTS)
def page(account: int) -> str:
    return _page(account)


@open_to(Action.ACCOUNTS)
def set_role(account: int) -> BaseResponse:
    try:
        membership = _membership()
    except ValueError as fault:
        raise InvalidQuery(_ADDRESS) from fault
    wanted = request.form.get("was") == "geben"
    managing.set_role(desk().engine, who(), account, membership, wanted=wanted)
    return _back(account)


@open_to(Action.ACCOUNTS)
def set_locked(account: int) -> BaseResponse:
    wanted = request.form.get("wollen") == "ja"
    managing.set_locked(desk().engine, who(), account, desk().now(), wanted=wanted)
    return _back(account)


@open_to(Action.ACCOUNTS)
def end_sessions(account: int) -> BaseResponse:
    managing.end_sessions(desk().engine, who(), account)
    return _back(account)


@open_to(Action.ACCOUNTS)
def drop_factor(account: int) -> BaseResponse:
    managing.drop_second_factor(desk().engine, who(), account)
    return _back(account)


@open_to(Action.ACCOUNTS)
def reset_link(account: int) -> str:
    found = _one(account)
    if found.at_provider:
        raise NotPublished
    secret = managing.reset_link(desk().engine, who(), found, desk().now(), _letters())
    if secret is None:
        return _page(account, done=f"Der Link ist an {found.email} unterwegs; er gilt eine Stunde.")
    return _page(account, link=_link(secret), link_for=found.name, link_days="eine Stunde")


@open_to(Action.ACCOUNTS)
def revoke(account: int, token: str) -> BaseResponse:
    managing.revoke_token(desk().engine, who(), account, token[:40], desk().now())
    return _back(account)


def _membership() -> Membership:
    """The role that a form names. Raises ValueError."""
    role, ags = Role(request.form.get("rolle", "")), request.form.get("gemeinde", "")
    if ags and gemeinde_of(ags) is None:
        raise ValueError(ags)
    return require_place(role, ags or None)


def _one(account: int) -> managing.Managed:
    try:
        return managing.one(desk().engine, who(), account)
    except NoAccount as fault:
        raise NotPublished from fault


def _listing(**said: object) -> str:
    people, names = managing.everybody(desk().engine, who()), _names()
    words = request.args.get("suche", "").strip()[:100]
    return render_template(
        "desk/accounts.html",
        people=people,
        shown=[each for each in people if words.casefold() in _searched(each, names["places"]).casefold()],
        words=words,
        has_provider=desk().settings.provider is not None,
        **{"typed": {}, **names, **said},
    )


def _searched(person: managing.Managed, places: Mapping[str, str]) -> str:
    return " ".join([person.name, person.email, *(places.get(each["ags"], "") for each in person.roles)])


def _letters() -> AccountLetters | None:
    """None where there is no mail server: then the Kreis hands links over itself."""
    settings = desk().settings
    return None if settings.smtp is None else AccountLetters(settings.public_url, settings.host_name)


def _page(account: int, **said: object) -> str:
    found = _one(account)
    is_own = found.id == who().account_id
    return render_template("desk/managed.html", person=found, is_own=is_own, **_names(), **said)


def _names() -> dict[str, Any]:
    gemeinden = {each.ags: each.name for each in all_gemeinden()}
    return {
        "places": gemeinden | {WHOLE_KREIS: "ganzer Kreis"},
        "gemeinden": sorted(gemeinden.items(), key=lambda each: each[1]),
        "roles": {role.value: said for role, said in words.ROLES.items()},
    }


def _link(secret: str) -> str:
    return f"{desk().settings.public_url}{url_for('desk.invitation', secret=secret)}"


def _back(account: int) -> BaseResponse:
    return redirect(url_for("desk.managed", account=account), HTTPStatus.SEE_OTHER)

"""One's own account: password, second factor, open sessions, tokens."""

from http import HTTPStatus

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from geoportal.accounts import people, sessions, tokens
from geoportal.accounts.acting import acting
from geoportal.accounts.passwords import PasswordTooWeak, totp_uri
from geoportal.accounts.roles import Action
from geoportal.accounts.sessions import WrongCredentials
from geoportal.web.desk import words
from geoportal.web.desk.access import Access, open_to, who
from geoportal.web.desk.places import gemeinden
from geoportal.web.desk.room import desk
from geoportal.web.desk.sign_in import WEAK
from geoportal.web.errors import InvalidQuery, NotPublished
from geoportal.web.words import counted
from plans_ingest.gemeinden import all_gemeinden

_WRONG = "Das Passwort oder der Code stimmt nicht."


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/konto", "account", account)
    bp.add_url_rule("/konto/passwort", "change_password", change_password, methods=["POST"])
    bp.add_url_rule("/konto/zweiter-faktor", "second_factor", second_factor, methods=["POST"])
    bp.add_url_rule("/konto/sitzungen", "end_other_sessions", end_other_sessions, methods=["POST"])
    bp.add_url_rule("/konto/schluessel", "make_token", make_token, methods=["POST"])
    bp.add_url_rule("/konto/schluessel/<number>", "revoke_token", revoke_token, methods=["POST"])


@open_to(Access.ENTERING)
def account() -> str:
    return _page()


@open_to(Access.SIGNED_IN)
def change_password() -> str | BaseResponse | tuple[str, int]:
    own, given = desk(), request.form
    if given.get("neu", "") != given.get("noch_einmal", ""):
        return _page(
            fault="Die beiden Eingaben des neuen Passworts sind nicht gleich."
        ), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        people.change_password(own.engine, own.passwords, who(), g.session, given.get("alt", ""), given.get("neu", ""))
    except PasswordTooWeak:
        return _page(fault=WEAK), HTTPStatus.UNPROCESSABLE_ENTITY
    except WrongCredentials:
        return _page(fault=_WRONG), HTTPStatus.UNPROCESSABLE_ENTITY
    return _page(done="Das Passwort ist geändert. Alle anderen Sitzungen sind beendet.")


@open_to(Access.ENTERING)
def second_factor() -> str | tuple[str, int]:
    """First without a code: shows the secret for the app; then with one: keeps it. Or removes it."""
    own, given = desk(), request.form
    password, secret = given.get("passwort", ""), given.get("geheimnis", "")
    try:
        if given.get("was") == "entfernen":
            people.remove_second_factor(own.engine, own.passwords, who(), password)
            return _page(done="Der zweite Faktor ist entfernt.")
        if not secret:
            proposed = people.propose_second_factor()
            return _page(proposed=proposed, proposed_uri=totp_uri(proposed, who().email))
        codes = people.add_second_factor(
            own.engine, own.passwords, who(), password, secret, given.get("code", ""), own.now()
        )
    except WrongCredentials:
        proposed_uri = totp_uri(secret, who().email) if secret else ""
        return _page(fault=_WRONG, proposed=secret, proposed_uri=proposed_uri), HTTPStatus.UNPROCESSABLE_ENTITY
    except ValueError as error:  # no base32
        raise InvalidQuery("geheimnis") from error
    return _page(done="Der zweite Faktor ist eingerichtet.", recovery_codes=codes)


@open_to(Access.SIGNED_IN)
def end_other_sessions() -> str:
    with acting(desk().engine, who()) as connection:
        ended = sessions.end_others(connection, who().account_id, g.session)
    return _page(done=f"{counted(ended, 'andere Sitzung ist', 'andere Sitzungen sind')} beendet.")


@open_to(Access.SIGNED_IN)
def make_token() -> str | tuple[str, int]:
    own, given = desk(), request.form
    try:
        actions = [Action(each) for each in given.getlist("recht")]
        days = int(given.get("tage", ""))
        name = given.get("name", "").strip()[:100] or "ohne Namen"
        token = tokens.make(own.engine, who(), name, given.get("gemeinde", ""), actions, days, own.now())
    except ValueError:
        return _page(
            fault="Bitte Gemeinde, Gültigkeit und mindestens ein Recht angeben."
        ), HTTPStatus.UNPROCESSABLE_ENTITY
    return _page(new_token=token)


@open_to(Access.SIGNED_IN)
def revoke_token(number: str) -> BaseResponse:
    if not tokens.revoke(desk().engine, who(), number, desk().now()):
        raise NotPublished
    return redirect(url_for("desk.account") + "#schluessel", HTTPStatus.SEE_OTHER)


def _page(**said: object) -> str:
    own, principal = desk(), who()
    every = {each.ags: each.name for each in all_gemeinden()}
    return render_template(
        "desk/account.html",
        roles=[(words.ROLES[each.role], every.get(each.ags, "ganzer Kreis")) for each in principal.memberships],
        sessions=sessions.open_sessions(own.engine, principal, g.session),
        tokens=tokens.mine(own.engine, principal),
        gemeinden=gemeinden(principal, Action.VIEW),
        places=every,
        actions=[(each, words.ACTIONS[each]) for each in tokens.GRANTABLE],
        has_second_factor=people.has_second_factor(own.engine, principal),
        **said,
    )

"""Signing in and out: password and one-time code, or the Kreis's own provider; invitations."""

from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from geoportal.accounts import people, sessions
from geoportal.accounts.passwords import MIN_LENGTH, PasswordTooWeak
from geoportal.accounts.sessions import CodeWanted, WrongCredentials
from geoportal.web.desk.access import Access, onward, open_to, origin
from geoportal.web.desk.provider import CALLBACK, Journey, ProviderError, TooWeak
from geoportal.web.desk.room import PREFIX, desk
from geoportal.web.errors import NotPublished

_JOURNEY_SECONDS: Final = 600


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/anmelden", "sign_in", sign_in)
    bp.add_url_rule("/anmelden", "sign_in_now", sign_in_now, methods=["POST"])
    bp.add_url_rule("/anmelden/code", "confirm", confirm, methods=["POST"])
    bp.add_url_rule("/anmelden/anbieter", "to_provider", to_provider, methods=["POST"])
    bp.add_url_rule(CALLBACK.removeprefix(PREFIX), "from_provider", from_provider)
    bp.add_url_rule("/abmelden", "sign_out", sign_out, methods=["POST"])
    bp.add_url_rule("/einladung/<secret>", "invitation", invitation)
    bp.add_url_rule("/einladung/<secret>", "choose_password", choose_password, methods=["POST"])


@open_to(Access.ANYBODY)
def sign_in() -> str | BaseResponse:
    if g.principal is not None:
        return redirect(onward(request.args.get("weiter", "")), HTTPStatus.SEE_OTHER)
    return _form(request.args.get("weiter", ""))


@open_to(Access.ANYBODY)
def sign_in_now() -> str | BaseResponse | tuple[str, int]:
    own, given = desk(), request.form
    further = given.get("weiter", "")
    try:
        result = sessions.sign_in(
            own.engine, own.passwords, given.get("email", ""), given.get("passwort", ""), origin(), own.now()
        )
    except WrongCredentials:
        return _form(further, email=given.get("email", ""), is_wrong=True), HTTPStatus.UNAUTHORIZED
    if isinstance(result, CodeWanted):
        return render_template("desk/code.html", ticket=result.ticket, further=further, is_wrong=False)
    return _enter(result.session, further)


@open_to(Access.ANYBODY)
def confirm() -> BaseResponse | tuple[str, int]:
    own, given = desk(), request.form
    further = given.get("weiter", "")
    try:
        result = sessions.confirm(own.engine, given.get("zettel", ""), given.get("code", ""), origin(), own.now())
    except WrongCredentials:
        page = render_template("desk/code.html", ticket=given.get("zettel", ""), further=further, is_wrong=True)
        return page, HTTPStatus.UNAUTHORIZED
    return _enter(result.session, further)


@open_to(Access.ANYBODY)
def to_provider() -> BaseResponse | tuple[str, int]:
    own = desk()
    if own.provider is None:
        raise NotPublished
    journey = Journey.new()
    try:
        response = redirect(own.provider.address(journey), HTTPStatus.SEE_OTHER)
    except ProviderError:
        return _form("", provider_failed=True), HTTPStatus.BAD_GATEWAY
    # The only cookie before a sign-in, for ten minutes: without it a stranger could make somebody sign in as himself.
    _set_cookie(response, _journey_cookie(), str(journey), max_age=_JOURNEY_SECONDS)
    # The form may lead there and nowhere else; the policy of the page that sends it allows only ourselves.
    return response


@open_to(Access.ANYBODY)
def from_provider() -> BaseResponse | tuple[str, int]:
    own = desk()
    if own.provider is None:
        raise NotPublished
    journey = Journey.parse(request.cookies.get(_journey_cookie(), ""))
    try:
        if journey is None:
            raise ProviderError("no journey")
        found = own.provider.recognise(journey, request.args)
        result = sessions.sign_in_by_provider(
            own.engine, found.issuer, found.subject, found.email, found.memberships, origin(), own.now()
        )
    except TooWeak:
        return _form("", is_too_weak=True), HTTPStatus.FORBIDDEN
    except ProviderError:
        return _form("", provider_failed=True), HTTPStatus.BAD_GATEWAY
    except WrongCredentials:
        return _form("", is_unknown=True), HTTPStatus.UNAUTHORIZED
    response = _enter(result.session, "")
    response.delete_cookie(_journey_cookie(), path="/", secure=own.is_https, httponly=True, samesite="Lax")
    return response


@open_to(Access.ENTERING)
def sign_out() -> BaseResponse:
    own = desk()
    sessions.sign_out(own.engine, g.session)
    response = redirect(url_for("desk.sign_in"), HTTPStatus.SEE_OTHER)
    response.delete_cookie(own.cookie, path="/", secure=own.is_https, httponly=True, samesite="Lax")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@open_to(Access.ANYBODY)
def invitation(secret: str) -> Response:
    own = desk()
    is_open = people.is_open(own.engine, secret, own.now())
    return _invitation(secret, is_open=is_open, status=HTTPStatus.OK if is_open else HTTPStatus.GONE)


@open_to(Access.ANYBODY)
def choose_password(secret: str) -> BaseResponse:
    own, given = desk(), request.form
    if given.get("passwort", "") != given.get("noch_einmal", ""):
        return _invitation(
            secret, fault="Die beiden Eingaben sind nicht gleich.", status=HTTPStatus.UNPROCESSABLE_ENTITY
        )
    try:
        people.choose_password(own.engine, own.passwords, secret, given.get("passwort", ""), origin(), own.now())
    except PasswordTooWeak:
        return _invitation(secret, fault=WEAK, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except WrongCredentials:
        return _invitation(secret, is_open=False, status=HTTPStatus.GONE)
    return redirect(url_for("desk.sign_in", neu=1), HTTPStatus.SEE_OTHER)


WEAK: Final = (
    f"Bitte mindestens {MIN_LENGTH} Zeichen, nicht nur den eigenen Namen, und nichts, was viele nehmen. "
    "Vier zufällige Wörter sind ein gutes Passwort."
)


def _form(further: str, **said: object) -> str:
    return render_template("desk/sign_in.html", further=further, has_provider=desk().provider is not None, **said)


def _invitation(secret: str, *, status: int, is_open: bool = True, fault: str = "") -> Response:
    page = render_template("desk/invitation.html", secret=secret, is_open=is_open, fault=fault, min_length=MIN_LENGTH)
    response = make_response(page, status)
    response.headers["Referrer-Policy"] = "no-referrer"  # the address is the secret
    return response


def _enter(session: str, further: str) -> BaseResponse:
    response = redirect(onward(further), HTTPStatus.SEE_OTHER)
    _set_cookie(response, desk().cookie, session)
    return response


def _set_cookie(response: BaseResponse, name: str, value: str, max_age: int | None = None) -> None:
    response.set_cookie(name, value, max_age=max_age, path="/", secure=desk().is_https, httponly=True, samesite="Lax")


def _journey_cookie() -> str:
    return f"{desk().cookie}-anbieter"

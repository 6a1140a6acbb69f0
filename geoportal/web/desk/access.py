"""The door of the desk: who asks, whether the request comes from our own page, and whether the page is open to them.

Every view says what it needs (`open_to`). One that says nothing cannot be reached: the guard fails closed.
"""

import ipaddress
import logging
from collections.abc import Callable
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import urlsplit

from flask import Response, current_app, g, redirect, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from geoportal.accounts import hidden, people, sessions
from geoportal.accounts.roles import Action, NotAllowed, Principal
from geoportal.web.desk.room import PREFIX, Desk, desk

log = logging.getLogger(__name__)

MAX_FORM: Final = 256 * 1024
FORM_KEY: Final = "form_key"
_REFUSED: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_SECRET: Final = frozenset({"passwort", "alt", "neu", "noch_einmal", "code", "geheimnis"})
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Access(StrEnum):
    """`ANYBODY`: before the sign-in. `SIGNED_IN`: what is everybody's own. `ENTERING`: what is open too while the
    second factor is missing that this portal requires.
    """

    ANYBODY = "anybody"
    ENTERING = "entering"
    SIGNED_IN = "signed_in"


class NotOurPage(Exception):
    """A request that changes something came from another site, or without the key of the session."""


class StaleForm(NotOurPage):
    """It came from our own page, but with the key of another session: one that has ended."""


class NoPrivacy(Exception):
    """Nobody signs in over a connection that others can read."""


def open_to[View: Callable[..., Any]](needs: Access | Action, *, takes_files: bool = False) -> Callable[[View], View]:
    """Marks a view with what it takes to reach it; which Gemeinde or object it is about, the view asks itself.

    `takes_files`: it reads a form with files, and looks for the key of the form in it before it does anything.
    """

    def mark(view: View) -> View:
        cast("Any", view).needs, cast("Any", view).takes_files = needs, takes_files
        return view

    return mark


def guard() -> BaseResponse | None:
    own = desk()
    if not own.is_private:
        raise NoPrivacy
    request.max_content_length = MAX_FORM
    request.max_form_parts = 200
    is_change = request.method not in _SAFE
    if is_change:
        require_own_origin(own)
    view = current_app.view_functions.get(request.endpoint or "")
    needs = getattr(view, "needs", None)
    if needs is None:
        raise NotAllowed(f"{request.endpoint} says not whom it is open to")
    g.session = request.cookies.get(own.cookie, "")
    g.principal = sessions.principal_of(own.engine, g.session, origin(), own.now()) if g.session else None
    if needs is Access.ANYBODY:
        return None
    if g.principal is None:
        if is_change or request.accept_mimetypes.best == "application/json":
            raise NotSignedIn
        return redirect(url_for("desk.sign_in", weiter=request.full_path.rstrip("?")), HTTPStatus.SEE_OTHER)
    if is_change and "X-Form-Key" in request.headers:
        require_form_key(request.headers["X-Form-Key"])
    elif is_change and request.mimetype in {"application/x-www-form-urlencoded", ""}:
        require_form_key(request.form.get(FORM_KEY, ""))
    elif is_change and not (request.mimetype == "multipart/form-data" and getattr(view, "takes_files", False)):
        raise NotOurPage
    if needs is not Access.ENTERING and own.settings.second_factor and people.lacks_second_factor(own.engine, who()):
        if is_change:
            raise NotAllowed("second factor")
        return redirect(url_for("desk.account", faktor="fehlt"), HTTPStatus.SEE_OTHER)
    if isinstance(needs, Action) and not g.principal.may_anywhere(needs):
        raise NotAllowed(needs)
    return None


def tell_refusals(response: Response) -> Response:
    """Who was not let in, and to what, as a line of the log (ASVS V16.3.2): what is somebody else's is 404, a link that
    ended or never was is 410.
    """
    principal: Principal | None = g.get("principal")
    if response.status_code in _REFUSED and principal is not None:
        told = {"account": principal.account_id, "status": response.status_code, "to": request.endpoint}
        # numbers and Gemeinden; what is text else may be the secret of a link
        of = {name: str(value) for name, value in (request.view_args or {}).items() if not isinstance(value, str)}
        log.warning("refused", extra={"fields": told | {"of": of}})
    return response


class NotSignedIn(Exception):
    """The session has ended, or there was none."""


def who() -> Principal:
    """Who asks. Only for views that are not open to anybody."""
    if g.principal is None:
        raise NotSignedIn
    return cast("Principal", g.principal)


def form_key() -> str:
    return hidden.form_key(g.session) if g.get("session") else ""


def require_form_key(given: str) -> None:
    """Raises NotOurPage unless it is the key that belongs to the session of the request."""
    if not g.session or not hidden.same(form_key(), given):
        raise StaleForm


def kept_form() -> list[tuple[str, str]]:
    """What somebody has typed into a form whose session had ended, to send it once more: with the key of the session of
    now, if there is one. Nothing of a form with secrets or files.

    Only where the request has been found to come from our own page: else it would lend our key to a stranger's words.
    """
    if request.mimetype != "application/x-www-form-urlencoded":
        return []
    typed = [(name, value) for name, value in request.form.items(multi=True) if name != FORM_KEY]
    if not typed or any(name in _SECRET for name, _ in typed):
        return []
    return [(FORM_KEY, form_key()), *typed]


def require_own_origin(own: Desk) -> None:
    """All browsers since 2020 say where a form was sent from; who says nothing is none, and has no business here."""
    site, stated = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site != "same-origin":
        raise NotOurPage
    # a page whose address is a secret sends no referrer, and then "null" for the origin (Fetch 3.2)
    if stated is not None and stated != own.origin and not (stated == "null" and site == "same-origin"):
        raise NotOurPage
    if site is None and stated is None:
        raise NotOurPage


def origin() -> str:
    """The network from which a request comes, for the log and the counts: never the whole address (DSGVO Art. 25)."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "-"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


def onward(wanted: str) -> str:
    """Where to go after the sign-in: a page of the desk, whatever the address said."""
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return url_for("desk.overview")
    is_ours = (
        wanted.isprintable()
        and not parts.scheme
        and not parts.netloc
        and parts.path.startswith(f"{PREFIX}/")
        and "\\" not in wanted
    )
    return wanted if is_ours else url_for("desk.overview")


# What stands in the menu, with the pages that lie below it.
_PAGES: Final[tuple[tuple[str, str, Access | Action, frozenset[str]], ...]] = (
    ("desk.overview", "Übersicht", Access.SIGNED_IN, frozenset({"desk.delivery", "desk.draft", "desk.columns"})),
    ("desk.plans", "Pläne", Action.VIEW, frozenset({"desk.plan", "desk.compare"})),
    ("desk.deliver", "Liefern", Action.DELIVER, frozenset()),
    (
        "desk.participations",
        "Beteiligungen",
        Action.VIEW,
        frozenset({"desk.participation", "desk.participation_new", "desk.statements", "desk.statement"}),
    ),
    ("desk.accounts", "Konten", Action.ACCOUNTS, frozenset({"desk.managed"})),
    ("desk.log", "Protokoll", Action.AUDIT, frozenset()),
    ("desk.account", "Mein Konto", Access.SIGNED_IN, frozenset()),
)


def came_from() -> str:
    """The page of the desk from which the request came, or its start: a page that says what went wrong leads there."""
    try:
        before = urlsplit(request.referrer or "")
    except ValueError:
        return url_for("desk.overview")
    if f"{before.scheme}://{before.netloc}" != desk().origin:
        return url_for("desk.overview")
    return onward(before.path + (f"?{before.query}" if before.query else ""))


def every_page() -> dict[str, object]:
    """What the templates of the desk need: who is here, where they may go, and the key of their forms."""
    principal: Principal | None = g.get("principal")

    def is_open(needs: Access | Action) -> bool:
        return principal is not None and (not isinstance(needs, Action) or principal.may_anywhere(needs))

    return {
        "principal": principal,
        "desk_pages": [
            (endpoint, label, request.endpoint in below) for endpoint, label, needs, below in _PAGES if is_open(needs)
        ],
        "came_from": came_from,
        "form_key_field": lambda: Markup('<input type="hidden" name="{}" value="{}">').format(FORM_KEY, form_key()),
    }

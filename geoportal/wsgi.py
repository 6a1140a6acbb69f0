"""The whole server as one WSGI application: the portal at /, the OGC API at /ogc."""

import os
from collections.abc import Callable, Iterable
from typing import Any, Final

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from geoportal.ogc.app import create_ogc
from geoportal.settings import Settings
from geoportal.web.app import create_portal

type StartResponse = Callable[..., Any]
type Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

# What every answer carries, unless a page has said something stricter itself (reliability.md 3).
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def create(settings: Settings) -> Application:
    """Raises SettingsError, or what the parts raise when something they need is missing."""
    portal = create_portal(settings)
    ogc = create_ogc(settings, settings.home / "layers")
    return _guarded(DispatcherMiddleware(portal, {"/ogc": ogc}))


def from_environment() -> Application:
    """For a WSGI server that is given a factory (gunicorn "geoportal.wsgi:from_environment()")."""
    return create(Settings.from_env(os.environ))


def _guarded(inner: Application) -> Application:
    def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            given = {name.lower() for name, _ in headers}
            headers = headers + [(name, value) for name, value in _HEADERS.items() if name.lower() not in given]
            return start_response(status, headers, *rest)

        return inner(environ, start)

    return application

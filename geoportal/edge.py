"""What every request meets first and every answer passes last, whichever part of the portal gives it.

Whose request it is (through as many proxies as the operator has said), its number, its bounds and its share; then the
headers of the answer, a redirect that stays on this host, one line in the log and one figure for its route.
"""

import logging
import math
import re
import secrets
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

from geoportal import metrics
from geoportal.content_policy import content_policy
from geoportal.database.leaving import ASKER
from geoportal.fairness import Fairness
from geoportal.logs import REQUEST_ID
from geoportal.settings import Settings

type StartResponse = Callable[..., Any]
type Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
type Headers = list[tuple[str, str]]

MAX_TARGET: Final = 8_000  # bytes of path and query; a filter may have 4,000
MAX_BODY: Final = 1024**3  # no plan delivery is larger; what a part takes is its own, smaller matter
BURST_SECONDS: Final = 4  # a map that opens asks for all its tiles at once

# What pages are made of, and never a page itself (nosniff): their long policy would only be carried along, sixty times
# for a map. The shortest one stays, should a browser take such an answer for a page after all.
_PARTS: Final = re.compile(r"(text/(css|javascript)|image/(png|webp|jpeg)|application/vnd\.mapbox-vector-tile)(;|$)")
_OF_PAGES: Final = frozenset({"Referrer-Policy", "Permissions-Policy", "Cross-Origin-Opener-Policy"})
_POLICY: Final = "Content-Security-Policy"
_POLICY_OF_PARTS: Final = "default-src 'none'"

_ROUTE: Final = "geoportal.route"
_NO_ROUTE: Final = "none"
_BY_KEY: Final = "<secret>"  # in the template of a route whose address is a key
# a key in an address that is nearly such a route's: with a slash too many, or asked by another method
_LIKE_A_KEY: Final = re.compile(r"[\w-]{40,}")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")

log = logging.getLogger(__name__)
access = logging.getLogger("geoportal.access")


def headers_for(settings: Settings, pictures: Iterable[str] = ()) -> dict[str, str]:
    """What every page carries unless it has said something stricter, and every other answer as far as it is of use.

    `pictures`: origins of background maps.
    """
    headers = {
        "Content-Security-Policy": content_policy(pictures),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if settings.public_url.startswith("https:"):
        headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    return headers


def observe(app: Flask) -> None:
    """Has the application say which of its routes answers, so that figures are kept by route and not by address."""

    def tell() -> None:
        rule = request.url_rule
        request.environ[_ROUTE] = f"{request.script_root}{rule.rule}" if rule else None

    # first of all, so that a request refused by another hook has its route too
    app.before_request_funcs.setdefault(None, []).insert(0, tell)


class Edge:
    """A WSGI application around another one."""

    def __init__(self, inner: Application, settings: Settings, headers: dict[str, str]) -> None:
        self._inner = inner
        self._headers = headers
        self._canonical = urlsplit(settings.public_url).netloc
        self._behind_proxy = settings.trusted_proxies > 0
        self._fairness = (
            Fairness(settings.requests_per_second, BURST_SECONDS * settings.requests_per_second)
            if settings.requests_per_second
            else None
        )
        # The host is never taken from X-Forwarded-Host: nginx hands on the one that it has checked.
        proxies = settings.trusted_proxies
        self._serve: Application = ProxyFix(self._answer, x_for=proxies, x_proto=proxies, x_host=0)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        return self._serve(environ, start_response)

    def _answer(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "") if self._behind_proxy else ""
        identifier = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        token = REQUEST_ID.set(identifier)
        # gunicorn's name for it; where there is none, nobody is seen to leave
        asker = ASKER.set(environ.get("gunicorn.socket"))
        exchange = _Exchange(environ, start_response, self._headers, identifier)
        try:
            refusal = self._refusal(environ)
            if refusal is not None:
                return exchange.refuse(*refusal)
            environ["HTTP_HOST"] = self._host(environ)
            return self._inner(environ, exchange.start)
        except Exception:
            # The parts have pages for what they foresee; this is for what happens outside of them.
            log.exception("no part has answered")
            if exchange.has_started:
                raise
            return exchange.refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "fault", 0)
        finally:
            ASKER.reset(asker)
            REQUEST_ID.reset(token)

    def _refusal(self, environ: dict[str, Any]) -> tuple[HTTPStatus, str, float] | None:
        """Status, reason and seconds to wait, for a request that is not let in."""
        if len(environ.get("PATH_INFO", "")) + len(environ.get("QUERY_STRING", "")) > MAX_TARGET:
            return HTTPStatus.REQUEST_URI_TOO_LONG, "target", 0
        if not _HOST.fullmatch(environ.get("HTTP_HOST", "localhost")):
            return HTTPStatus.BAD_REQUEST, "host", 0
        length = environ.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal():
            return HTTPStatus.BAD_REQUEST, "length", 0
        if int(length) > MAX_BODY:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body", 0
        if self._fairness and (wait := self._fairness.wait(environ.get("REMOTE_ADDR", ""))):
            return HTTPStatus.TOO_MANY_REQUESTS, "rate", wait
        return None

    def _host(self, environ: dict[str, Any]) -> str:
        """The portal's own name, or this machine's for whoever works on it: no other name gets into an answer."""
        host: str = environ.get("HTTP_HOST", "")
        name = host.rsplit(":", 1)[0]
        return host if name in {"localhost", "127.0.0.1", "[::1]"} else self._canonical


_SAID: Final = {
    HTTPStatus.BAD_REQUEST: "Die Anfrage ist nicht lesbar. / The request cannot be read.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "Die Adresse ist zu lang. / The address is too long.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Die Anfrage ist zu groß. / The request is too large.",
    HTTPStatus.TOO_MANY_REQUESTS: (
        "Zu viele Anfragen aus Ihrem Netz; bitte später noch einmal. "
        "/ Too many requests from your network; please try again later."
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "Das hat nicht geklappt; wir haben es aufgezeichnet. / Something failed; we have recorded it."
    ),
}


class _Exchange:
    """One request's answer on its way out."""

    def __init__(
        self, environ: dict[str, Any], start_response: StartResponse, headers: dict[str, str], identifier: str
    ) -> None:
        self._environ = environ
        self._start_response = start_response
        self._always = headers
        self._identifier = identifier
        self._began = time.perf_counter()
        self.has_started = False

    def start(self, status: str, headers: Headers, *rest: Any) -> Any:
        """Takes the place of start_response."""
        self.has_started = True
        self._record(status)
        return self._start_response(status, self._completed(headers), *rest)

    def refuse(self, status: HTTPStatus, reason: str, wait: float) -> Iterable[bytes]:
        """A short answer in plain text."""
        if reason != "fault":
            metrics.REFUSED.labels(reason).inc()
        body = f"{_SAID[status]}\n".encode()
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ]
        if wait:
            headers.append(("Retry-After", str(math.ceil(wait))))
        # what was sent in is not read, so the connection cannot be used again
        if self._environ.get("CONTENT_LENGTH"):
            headers.append(("Connection", "close"))
        self.start(f"{status.value} {status.phrase}", headers)
        return [body]

    def _completed(self, headers: Headers) -> Headers:
        given = {name.lower() for name, _ in headers}
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        added = {**self._always, "X-Request-ID": self._identifier}
        if _PARTS.match(kind):
            added = {name: value for name, value in added.items() if name not in _OF_PAGES}
            added[_POLICY] = _POLICY_OF_PARTS
        # Other portals may show what the open interfaces give; pages and their parts stay ours.
        shared = "access-control-allow-origin" in given
        added["Cross-Origin-Resource-Policy"] = "cross-origin" if shared else "same-origin"
        here = f"{self._environ['wsgi.url_scheme']}://{self._environ.get('HTTP_HOST', '')}"
        kept = [
            (
                name,
                (value.removeprefix(here) or "/") if name.lower() == "location" and _is_within(value, here) else value,
            )
            for name, value in headers
        ]
        return kept + [(name, value) for name, value in added.items() if name.lower() not in given]

    def _record(self, status: str) -> None:
        seconds = time.perf_counter() - self._began
        method = self._environ["REQUEST_METHOD"]
        # Methods and routes are ours to count: whatever else a client makes up is one and the same.
        method = method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "other"
        route = self._environ.get(_ROUTE) or _NO_ROUTE
        # without the query: it may hold what somebody looked for, and where; and without a secret
        path = route if _BY_KEY in route else self._environ.get("SCRIPT_NAME", "") + self._environ.get("PATH_INFO", "")
        if route == _NO_ROUTE:
            path = _LIKE_A_KEY.sub("-", path)
        code = status[:3]
        metrics.REQUESTS.labels(route, method, code).observe(seconds)
        access.info(
            "%s %s %s",
            method,
            route,
            code,
            extra={
                "fields": {
                    "method": method,
                    "route": route,
                    "path": path,
                    "status": int(code),
                    "ms": round(seconds * 1000, 1),
                }
            },
        )


def _is_within(url: str, here: str) -> bool:
    return url == here or url.startswith((f"{here}/", f"{here}?"))

"""Answers that somebody holds already: told so before any work is done, or taken from a small memory of this process.

An answer follows from the request and from a state (`Service.state`): the version of the data, the manifests, the
programs. Its ETag is made of these, so nothing has to be computed to know that it is still the same.
"""

import functools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from http import HTTPStatus
from typing import Final

import flask
from flask import Response
from werkzeug.http import http_date

from geoportal.data_versions import DataVersion
from geoportal.metrics import ANSWERS
from geoportal.ogc.exchange import language_of
from geoportal.ogc.memory import Kept
from geoportal.ogc.service import Service

# A browser asks again after a minute, a proxy after five; when we are gone, both may show what they have for a day.
CACHE_CONTROL: Final = "public, max-age=60, s-maxage=300, stale-while-revalidate=600, stale-if-error=86400"
# What sensors tell is of use while it is new; the short time still has a thousand open maps asked for once.
CACHE_CONTROL_MEASURED: Final = "public, max-age=5, s-maxage=5, stale-if-error=86400"
EVERYTHING: Final = "alles"
# RFC 9110 8.8.2.2: within a second there may be two changes, and only one Last-Modified
_SETTLED: Final = timedelta(seconds=2)


def fresh[**P](
    service: Service, *shown: str, with_files: bool = False
) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
    """Decorates the function of a route: 304 or the remembered answer before it is called, validators after it.

    `shown` are the collections whose data it answers with, else the route's `name`; without both it may be all data.
    `with_files`: the answer also tells of the files that can be downloaded.
    """

    def decorate(function: Callable[P, Response]) -> Callable[P, Response]:
        @functools.wraps(function)
        def answer(*args: P.args, **kwargs: P.kwargs) -> Response:
            name = kwargs.get("name")
            names = shown or ((name,) if isinstance(name, str) else ())
            state = service.state(*names)
            if state is None:
                return function(*args, **kwargs)
            etag = _etag(state, service.downloads.state if with_files else "")
            changed = _last_modified(state)

            def stamped(response: Response) -> Response:
                kept_for = CACHE_CONTROL_MEASURED if service.is_measured(*names) else CACHE_CONTROL
                return _stamped(response, etag, changed, kept_for, service.views(*names))

            if _is_held(etag, changed):
                _count("held")
                return stamped(Response(status=HTTPStatus.NOT_MODIFIED))
            if (kept := service.memory.get(etag)) is not None:
                _count("kept")
                return stamped(Response(kept.body, headers=list(kept.headers)))
            _count("made")
            response = function(*args, **kwargs)
            if response.status_code not in (HTTPStatus.OK, HTTPStatus.NO_CONTENT) or response.cache_control.no_store:
                return response
            if response.status_code == HTTPStatus.OK and not response.is_streamed:
                service.memory.put(etag, Kept(response.get_data(), tuple(response.headers)))
            return stamped(response)

        return answer

    return decorate


def _count(where: str) -> None:
    rule = flask.request.url_rule
    ANSWERS.labels(f"{flask.request.script_root}{rule.rule}" if rule else "none", where).inc()


def _etag(state: DataVersion, files: str) -> str:
    """Of the state and of everything in the request that an answer may depend on."""
    request = flask.request
    made_of = (
        state.token,
        files,
        request.path,
        request.query_string.decode("latin-1"),
        request.args.get("f") or request.headers.get("Accept", ""),
        language_of(request),
    )
    return blake2b("\0".join(made_of).encode(), digest_size=12).hexdigest()


def _is_held(etag: str, changed: datetime | None) -> bool:
    """RFC 9110 13.2.2: an ETag decides alone, where there is one. `*` is nobody's answer: we know of none before we
    have worked.
    """
    request = flask.request
    if request.headers.get("If-None-Match") is not None:
        return etag in request.if_none_match.as_set(include_weak=True)
    since = request.if_modified_since
    return since is not None and changed is not None and changed.replace(microsecond=0) <= since


def _last_modified(state: DataVersion) -> datetime | None:
    changed = state.changed_at
    return changed if changed is not None and datetime.now(UTC) - changed > _SETTLED else None


def _stamped(response: Response, etag: str, changed: datetime | None, kept_for: str, views: Sequence[str]) -> Response:
    # What a CDN may drop at once when these data change, in the words of the one and the other sort.
    keys = sorted(set(views)) or [EVERYTHING]
    headers = response.headers
    headers["ETag"] = f'W/"{etag}"'  # weak: a proxy may compress it
    if changed is not None:
        headers["Last-Modified"] = http_date(changed)
    headers["Cache-Control"] = kept_for
    headers["Surrogate-Key"] = " ".join(keys)
    headers["Cache-Tag"] = ",".join(keys)
    return response

"""Changes that happen once: asked again with the same `Idempotency-Key`, the API answers as it did and does nothing."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, Final

from flask import Response, jsonify, request
from sqlalchemy import text

from geoportal.accounts.acting import acting
from geoportal.web.api.asked import who
from geoportal.web.desk.room import desk
from geoportal.web.errors import InvalidQuery

_KEPT: Final = timedelta(days=1)

_CLAIM = text("""
    INSERT INTO desk.answered (account_id, key, request, expires_at)
    VALUES (:account, :key, :request, :expires)
    ON CONFLICT (account_id, key) DO NOTHING RETURNING true""")
_KNOWN = text("SELECT request, status, body FROM desk.answered WHERE account_id = :account AND key = :key")
_KEEP = text("""
    UPDATE desk.answered SET status = :status, body = CAST(:body AS jsonb)
    WHERE account_id = :account AND key = :key""")
_FREE = text("DELETE FROM desk.answered WHERE account_id = :account AND (key = :key OR expires_at < :now)")


class KeyInUse(Exception):
    """The Idempotency-Key was used for another request, or that one is still being answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any]
    location: str | None = None


def once[**P](view: Callable[P, Answer]) -> Callable[P, Response]:
    """A change that is made once for each Idempotency-Key of an account and what its token may do, whatever happened to
    its first answer.
    """

    @wraps(view)
    def answered(*arguments: P.args, **named: P.kwargs) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return _said(view(*arguments, **named))
        if not 1 <= len(key) <= 100 or not key.isprintable():
            raise InvalidQuery("Idempotency-Key: 1 bis 100 Zeichen")
        # a narrower token of the same account is told no answer of a wider one: it may not have been allowed to ask;
        # one that renews it may do the same
        scope = who().scope
        may = "" if scope is None else f"{scope.ags} {' '.join(sorted(scope.actions))}"
        kept_as = f"{may}|{key}"
        values = {"account": who().account_id, "key": hashlib.sha256(kept_as.encode()).hexdigest()}
        if (known := _answered_before(values)) is not None:
            return known
        try:
            answer = view(*arguments, **named)
        except Exception:
            # nothing was done, so it may be tried again
            with acting(desk().engine, who()) as connection:
                connection.execute(_FREE, values | {"now": desk().now()})
            raise
        with acting(desk().engine, who()) as connection:
            body = {"body": answer.body, "location": answer.location}
            connection.execute(_KEEP, values | {"status": answer.status, "body": json.dumps(body)})
        return _said(answer)

    return answered


def _answered_before(values: dict[str, Any]) -> Response | None:
    """The answer that was given to this key, None if it is new and now claimed. Raises KeyInUse."""
    body = f"{request.headers.get('Content-Digest', '')} {request.content_length or 0}"
    asked = f"{request.method} {request.full_path} {body}"
    if request.mimetype == "application/json":
        asked += hashlib.sha256(request.get_data(cache=True)).hexdigest()
    request_hash = hashlib.sha256(asked.encode()).hexdigest()
    with acting(desk().engine, who()) as connection:
        claim = values | {"request": request_hash, "expires": desk().now() + _KEPT}
        if connection.scalar(_CLAIM, claim):
            return None
        row = connection.execute(_KNOWN, values).one()
    if row.request != request_hash or row.status is None:
        raise KeyInUse
    response = _said(Answer(row.status, row.body["body"], row.body["location"]))
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _said(answer: Answer) -> Response:
    response = jsonify(answer.body)
    response.status_code = answer.status
    if answer.location is not None:
        response.headers["Location"] = answer.location
    return response

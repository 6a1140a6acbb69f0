"""Who asks the API, and what their request says."""

from typing import Any

from flask import g, request

from geoportal.accounts.roles import Action, NotAllowed, Principal
from geoportal.plain_text import UNSTORABLE
from geoportal.web.errors import InvalidQuery


class TokenMissing(Exception):
    """The request bears no token that is still good."""


def who() -> Principal:
    principal: Principal | None = g.principal
    if principal is None:
        raise TokenMissing
    return principal


def require_reach(action: Action) -> None:
    if not who().may_anywhere(action):
        raise NotAllowed(action)


def given_object(*known: str) -> dict[str, Any]:
    """The JSON object of the request. Raises InvalidQuery for anything else, and for names that mean nothing.

    What is no text is refused and not taken out as in a form: no hand has pasted it.
    """
    try:
        given = request.get_json(silent=True)
    except RecursionError:
        given = None
    if not isinstance(given, dict):
        raise InvalidQuery("JSON-Objekt erwartet / JSON object expected")
    if not _is_storable(given):
        raise InvalidQuery("kein Text / no text: U+0000, U+D800 … U+DFFF")
    if unknown := sorted(set(given) - set(known)):
        raise InvalidQuery(f"unbekannt / unknown: {', '.join(unknown)[:200]}")
    return given


def _is_storable(given: dict[str, Any]) -> bool:
    left: list[Any] = [given]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            left += (*each.keys(), *each.values())
        elif isinstance(each, list):
            left += each
        elif isinstance(each, str) and UNSTORABLE.search(each):
            return False
    return True

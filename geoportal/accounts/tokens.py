"""Tokens for machines: `gp_<id>_<secret>`, for one Gemeinde, for some actions, for at most a year."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, text

from geoportal.accounts import audit, hidden
from geoportal.accounts.acting import acting, knocking, say
from geoportal.accounts.roles import Action, NotAllowed, Principal, TokenScope
from geoportal.accounts.sessions import read_principal

LONGEST: Final = timedelta(days=365)
GRANTABLE: Final = (
    Action.DELIVER,
    Action.VIEW,
    Action.EDIT,
    Action.SUBMIT,
    Action.PUBLISH,
    Action.WITHDRAW,
    Action.RESTORE,
)
_SEEN: Final = timedelta(minutes=1)

_ADD = text("""
    INSERT INTO desk.token (id, hash, account_id, name, ags, actions, expires_at)
    VALUES (:id, :hash, :account, :name, :ags, :actions, :expires)""")
_MINE = text("""
    SELECT id, name, ags, actions, created_at, expires_at, last_used_at, revoked_at FROM desk.token
    WHERE account_id = :account ORDER BY created_at DESC""")
_FIND = text("""
    SELECT id, account_id, ags, actions, last_used_at FROM desk.token
    WHERE hash = :hash AND revoked_at IS NULL AND expires_at > :now""")
_USED = text("UPDATE desk.token SET last_used_at = :now WHERE id = :id")
_REVOKE = text(
    "UPDATE desk.token SET revoked_at = :now WHERE id = :id AND account_id = :account AND revoked_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class Token:
    id: str
    name: str
    ags: str
    actions: tuple[Action, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def make(
    engine: Engine, principal: Principal, name: str, ags: str, actions: Iterable[Action], days: int, now: datetime
) -> str:
    """The token, to be shown once; it can do no more than its account can. Raises NotAllowed, ValueError."""
    wanted = sorted(set(actions))
    if not wanted or not 1 <= days <= LONGEST.days or not set(wanted) <= set(GRANTABLE):
        raise ValueError("actions, days")
    if principal.scope is not None or not all(principal.may(each, ags, principal.account_id) for each in wanted):
        raise NotAllowed(f"token {ags}")
    number, secret = hidden.new_token()
    values = {"id": number, "hash": hidden.digest(secret), "account": principal.account_id, "name": name, "ags": ags}
    with acting(engine, principal) as connection:
        expires = now + timedelta(days=days)
        connection.execute(_ADD, values | {"actions": [each.value for each in wanted], "expires": expires})
        audit.note(connection, principal, "token_made", f"token {number}", ags=ags, actions=wanted, days=days)
    return secret


def mine(engine: Engine, principal: Principal) -> list[Token]:
    with acting(engine, principal) as connection:
        rows = connection.execute(_MINE, {"account": principal.account_id}).mappings()
        return [Token(**dict(row) | {"actions": tuple(Action(each) for each in row["actions"])}) for row in rows]


def revoke(engine: Engine, principal: Principal, number: str, now: datetime) -> bool:
    """False where the account has no such token, or none that is still good."""
    with acting(engine, principal) as connection:
        done = connection.execute(_REVOKE, {"id": number, "account": principal.account_id, "now": now}).rowcount == 1
        if done:
            audit.note(connection, principal, "token_revoked", f"token {number}")
        return done


def principal_of(engine: Engine, token: str, origin: str, now: datetime) -> Principal | None:
    """Who acts by the token, None if it is not, or no longer, good."""
    if not hidden.is_token(token):
        return None
    with knocking(engine, secret=token) as connection:
        found = connection.execute(_FIND, {"hash": hidden.digest(token), "now": now}).one_or_none()
        if found is None:
            return None
        say(connection, account=found.account_id, secret=token)
        principal = read_principal(connection, found.account_id, origin)
        if principal is None:
            return None
        if found.last_used_at is None or found.last_used_at < now - _SEEN:
            connection.execute(_USED, {"id": found.id, "now": now})
        scope = TokenScope(found.id, found.ags, frozenset(Action(each) for each in found.actions))
        return replace(principal, scope=scope)

"""Accounts as the Kreis manages them at the desk: a verb each, with its entry in the log; the database asks once more.

The operator's command line (people) does the same with the owner's connection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from geoportal.accounts import audit, hidden
from geoportal.accounts.acting import acting
from geoportal.accounts.letters import AccountLetters
from geoportal.accounts.people import INVITATION, RESET, AccountExists, NoAccount
from geoportal.accounts.roles import WHOLE_KREIS, Action, Membership, NotAllowed, Principal
from geoportal.accounts.sessions import normal
from geoportal.mail import put

_PEOPLE: Final = text("SELECT * FROM desk.people()")
_ADD: Final = text("SELECT desk.add_account(:email, :name, :issuer)")
_TICKET: Final = text("SELECT desk.add_ticket(:account, :hash, :purpose, :expires)")
_ROLE: Final = text("SELECT desk.set_role(:account, :ags, :role, :wanted)")
_LOCK: Final = text("SELECT desk.set_locked(:account, :moment)")
_END: Final = text("SELECT desk.end_sessions(:account)")
_FACTOR: Final = text("SELECT desk.drop_second_factor(:account)")
_REVOKE: Final = text("SELECT desk.revoke_token(:token, :moment)")


class OwnAccount(Exception):
    """Nobody locks themselves out or changes their own roles."""


@dataclass(frozen=True, slots=True)
class Managed:
    """An account as the Kreis sees it. `roles`: role, ags, by (operator, provider); `tokens`: those still good."""

    id: int
    email: str
    name: str
    at_provider: bool
    is_ready: bool
    has_second_factor: bool
    locked_at: datetime | None
    roles: Sequence[Mapping[str, Any]]
    sessions: int
    seen_at: datetime | None
    tokens: Sequence[Mapping[str, Any]]


def everybody(engine: Engine, who: Principal) -> list[Managed]:
    """Raises NotAllowed."""
    with _managing(engine, who) as connection:
        return [Managed(**row) for row in connection.execute(_PEOPLE).mappings()]


def one(engine: Engine, who: Principal, account: int) -> Managed:
    """Raises NotAllowed, NoAccount."""
    found = next((each for each in everybody(engine, who) if each.id == account), None)
    if found is None:
        raise NoAccount(str(account))
    return found


def invite(
    engine: Engine,
    who: Principal,
    email: str,
    name: str,
    membership: Membership,
    now: datetime,
    *,
    issuer: str | None = None,
    letters: AccountLetters | None = None,
) -> tuple[int, str | None]:
    """(number of the new account, secret of its invitation or None if it signs in at the provider).

    Raises NotAllowed, AccountExists.
    """
    with _managing(engine, who) as connection:
        email = normal(email)
        account = connection.scalar(_ADD, {"email": email, "name": name, "issuer": issuer})
        if account is None:
            raise AccountExists(email)
        _set_role(connection, account, membership, wanted=True)
        secret = None if issuer else _ticket(connection, account, "invitation", now + INVITATION)
        if letters is not None and secret is not None:
            put(connection, letters.invitation(email, name, secret), letters.host_name, now)
        roles = [f"{membership.role} {membership.ags}"]
        _note(connection, who, "account_invited", account, email=email, roles=roles)
        return int(account), secret


def set_role(engine: Engine, who: Principal, account: int, membership: Membership, *, wanted: bool) -> None:
    """Gives or takes a role; one that a provider gave is the provider's to take. Raises NotAllowed, OwnAccount."""
    with _managing(engine, who, account) as connection:
        if _set_role(connection, account, membership, wanted=wanted):
            done = "role_granted" if wanted else "role_revoked"
            _note(connection, who, done, account, role=membership.role, ags_of_role=membership.ags)


def set_locked(engine: Engine, who: Principal, account: int, now: datetime, *, wanted: bool) -> None:
    """Locked: no more sign-ins, no session and no token is good. Raises NotAllowed, OwnAccount."""
    with _managing(engine, who, account) as connection:
        if connection.scalar(_LOCK, {"account": account, "moment": now if wanted else None}):
            if wanted:
                connection.execute(_END, {"account": account})
            _note(connection, who, "account_locked" if wanted else "account_unlocked", account)


def end_sessions(engine: Engine, who: Principal, account: int) -> int:
    with _managing(engine, who) as connection:
        ended = int(connection.scalar(_END, {"account": account}) or 0)
        _note(connection, who, "sessions_ended", account, ended=ended)
        return ended


def drop_second_factor(engine: Engine, who: Principal, account: int) -> None:
    """For who has lost phone and recovery codes; whoever does this has made sure who asks. Raises OwnAccount."""
    with _managing(engine, who, account) as connection:
        if connection.scalar(_FACTOR, {"account": account}):
            _note(connection, who, "second_factor_dropped", account)


def reset_link(
    engine: Engine, who: Principal, person: Managed, now: datetime, letters: AccountLetters | None = None
) -> str | None:
    """The secret of a link with which the person chooses a new password.

    With `letters` the person gets it by e-mail and nobody else sees it: then None.
    """
    with _managing(engine, who) as connection:
        secret = _ticket(connection, person.id, "reset", now + RESET)
        _note(connection, who, "reset_requested", person.id)
        if letters is None:
            return secret
        put(connection, letters.reset(person.email, person.name, secret), letters.host_name, now)
        return None


def revoke_token(engine: Engine, who: Principal, account: int, token: str, now: datetime) -> None:
    with _managing(engine, who) as connection:
        if connection.scalar(_REVOKE, {"token": token, "moment": now}):
            _note(connection, who, "token_revoked", account, token=token)


def _managing(engine: Engine, who: Principal, account: int | None = None) -> Any:
    if who.scope is not None:
        raise NotAllowed("accounts")  # not by a token that somebody may have left lying about
    who.require(Action.ACCOUNTS, WHOLE_KREIS)
    if account == who.account_id:
        raise OwnAccount
    return acting(engine, who)


def _set_role(connection: Connection, account: int, membership: Membership, *, wanted: bool) -> bool:
    values = {"account": account, "ags": membership.ags, "role": membership.role.value, "wanted": wanted}
    return bool(connection.scalar(_ROLE, values))


def _ticket(connection: Connection, account: int, purpose: str, expires: datetime) -> str:
    secret = hidden.new_secret()
    connection.execute(
        _TICKET, {"account": account, "hash": hidden.digest(secret), "purpose": purpose, "expires": expires}
    )
    return secret


def _note(connection: Connection, who: Principal, action: str, account: int, **detail: Any) -> None:
    audit.note(connection, who, action, f"account {account}", **detail)

"""Signing in, and what a session is worth: 8 hours without a request, 12 hours in all, one machine."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, text

from geoportal.accounts import attempts, audit, hidden
from geoportal.accounts.acting import acting, knocking, say
from geoportal.accounts.passwords import Passwords, totp_step
from geoportal.accounts.roles import Membership, Principal, Role

IDLE: Final = timedelta(hours=8)
LONGEST: Final = timedelta(hours=12)
_SECOND_FACTOR: Final = timedelta(minutes=5)
_SEEN: Final = timedelta(minutes=1)  # finer than that nobody needs to know it

_BY_EMAIL = text("SELECT id, password, totp_secret FROM desk.account WHERE email = :email AND locked_at IS NULL")
_BY_ID = text("""
    SELECT id, name, email, totp_secret, totp_used, recovery_codes FROM desk.account
    WHERE id = :id AND locked_at IS NULL""")
_MEMBERSHIPS = text("SELECT ags, role FROM desk.membership WHERE account_id = :id ORDER BY ags, role")
_OPEN = text("""
    INSERT INTO desk.session (hash, account_id, origin, created_at, seen_at, expires_at)
    VALUES (:hash, :account, :origin, :now, :now, :expires)""")
_SESSION = text(
    "SELECT account_id, seen_at FROM desk.session WHERE hash = :hash AND expires_at > :now AND seen_at > :idle"
)
_SEEN_NOW = text("UPDATE desk.session SET seen_at = :now WHERE hash = :hash")
_END = text("DELETE FROM desk.session WHERE hash = :hash")
_END_OTHERS = text("DELETE FROM desk.session WHERE account_id = :account AND hash <> :hash")
_MINE = text("""
    SELECT encode(substring(hash FOR 6), 'hex') AS id, origin, created_at, seen_at, hash = :hash AS is_this
    FROM desk.session WHERE account_id = :account ORDER BY seen_at DESC""")
_TICKET = text("""
    INSERT INTO desk.ticket (hash, account_id, purpose, expires_at)
    VALUES (:hash, :account, 'second_factor', :expires)""")
_TICKET_OF = text("""
    SELECT account_id FROM desk.ticket
    WHERE hash = :hash AND purpose = 'second_factor' AND used_at IS NULL AND expires_at > :now""")
_TICKET_USED = text("UPDATE desk.ticket SET used_at = :now WHERE hash = :hash AND used_at IS NULL")
_TOTP_USED = text("UPDATE desk.account SET totp_used = :step WHERE id = :id AND totp_used < :step")
_CODE_USED = text("""
    UPDATE desk.account SET recovery_codes = array_remove(recovery_codes, :code)
    WHERE id = :id AND :code = ANY (recovery_codes)""")
_BY_SUBJECT = text("SELECT id FROM desk.account WHERE issuer = :issuer AND subject = :subject AND locked_at IS NULL")
_INVITED = text("""
    SELECT id FROM desk.account
    WHERE issuer = :issuer AND subject IS NULL AND email = :email AND locked_at IS NULL""")
_BIND = text("UPDATE desk.account SET subject = :subject WHERE id = :id AND subject IS NULL")
_FROM_PROVIDER = text("DELETE FROM desk.membership WHERE account_id = :id AND granted_by = 'provider'")
_GRANT = text("""
    INSERT INTO desk.membership (account_id, ags, role, granted_by) VALUES (:id, :ags, :role, 'provider')
    ON CONFLICT DO NOTHING""")


class WrongCredentials(Exception):
    """Address, password or code are not right; which of them is not said."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The secret of a new session: the value of its cookie."""

    session: str


@dataclass(frozen=True, slots=True)
class CodeWanted:
    """The password was right; who has this secret may send the one-time code within five minutes."""

    ticket: str


@dataclass(frozen=True, slots=True)
class OpenSession:
    id: str
    origin: str
    created_at: datetime
    seen_at: datetime
    is_this: bool


def normal(email: str) -> str:
    return email.strip().lower()[:254]


def sign_in(
    engine: Engine, passwords: Passwords, email: str, password: str, origin: str, now: datetime
) -> SignedIn | CodeWanted:
    """Raises WrongCredentials, TooOften, Busy. Takes the same way whether or not there is such an account."""
    email = normal(email)
    attempts.count(engine, email, origin, now)
    with knocking(engine, email=email) as connection:
        found = connection.execute(_BY_EMAIL, {"email": email}).one_or_none()
    if not passwords.matches(None if found is None else found.password, password) or found is None:
        _note_failure(engine, email, origin)
        raise WrongCredentials
    if found.totp_secret is None:
        with engine.begin() as connection:
            return SignedIn(_open(connection, found.id, origin, now))
    ticket = hidden.new_secret()
    with engine.begin() as connection:
        say(connection, account=found.id)
        values = {"hash": hidden.digest(ticket), "account": found.id, "expires": now + _SECOND_FACTOR}
        connection.execute(_TICKET, values)
    return CodeWanted(ticket)


def confirm(engine: Engine, ticket: str, code: str, origin: str, now: datetime) -> SignedIn:
    """The second step: a one-time or a recovery code, each good once. Raises WrongCredentials, TooOften."""
    with knocking(engine, secret=ticket) as connection:
        account = connection.scalar(_TICKET_OF, {"hash": hidden.digest(ticket), "now": now})
    if account is None:
        raise WrongCredentials
    attempts.count(engine, f"code {account}", origin, now)
    with engine.begin() as connection:
        say(connection, account=account, secret=ticket)
        row = connection.execute(_BY_ID, {"id": account}).one_or_none()
        if (
            row is not None
            and _is_good(connection, row, code, now)
            and connection.execute(_TICKET_USED, {"hash": hidden.digest(ticket), "now": now}).rowcount == 1
        ):
            attempts.forget(connection, f"code {account}", origin)
            return SignedIn(_open(connection, account, origin, now))
    _note_failure(engine, str(account), origin)
    raise WrongCredentials


def sign_in_by_provider(
    engine: Engine,
    issuer: str,
    subject: str,
    verified_email: str | None,
    memberships: tuple[Membership, ...],
    origin: str,
    now: datetime,
) -> SignedIn:
    """Who a provider has recognised. The account must have been invited: the first time it is known by its address,
    from then on by its subject. Its roles are those of the groups that the provider names now. Raises WrongCredentials.
    """
    email = normal(verified_email or "")
    key = f"{issuer}|{subject}"
    with knocking(engine, email=email, subject=key) as connection:
        account = connection.scalar(_BY_SUBJECT, {"issuer": issuer, "subject": key})
        is_new = account is None
        if is_new and email:
            account = connection.scalar(_INVITED, {"issuer": issuer, "email": email})
    if account is None:
        _note_failure(engine, key, origin)
        raise WrongCredentials
    with engine.begin() as connection:
        say(connection, account=account)
        if is_new and connection.execute(_BIND, {"id": account, "subject": key}).rowcount != 1:
            raise WrongCredentials
        connection.execute(_FROM_PROVIDER, {"id": account})
        for membership in memberships:
            connection.execute(_GRANT, {"id": account, "ags": membership.ags, "role": membership.role.value})
        return SignedIn(_open(connection, account, origin, now))


def principal_of(engine: Engine, session: str, origin: str, now: datetime) -> Principal | None:
    """Who the session belongs to, None if it is not, or no longer, good."""
    with knocking(engine, secret=session) as connection:
        asked = {"hash": hidden.digest(session), "now": now, "idle": now - IDLE}
        found = connection.execute(_SESSION, asked).one_or_none()
        if found is None:
            return None
        say(connection, account=found.account_id, secret=session)
        principal = read_principal(connection, found.account_id, origin)
        if principal is not None and found.seen_at < now - _SEEN:
            connection.execute(_SEEN_NOW, {"hash": hidden.digest(session), "now": now})
        return principal


def read_principal(connection: Connection, account: int, origin: str) -> Principal | None:
    """The account that acts already, None if it is locked."""
    row = connection.execute(_BY_ID, {"id": account}).one_or_none()
    if row is None:
        return None
    found = connection.execute(_MEMBERSHIPS, {"id": account})
    memberships = tuple(Membership(each.ags, Role(each.role)) for each in found)
    return Principal(row.id, row.name, row.email, memberships, origin)


def sign_out(engine: Engine, session: str) -> None:
    with knocking(engine, secret=session) as connection:
        connection.execute(_END, {"hash": hidden.digest(session)})


def end_others(connection: Connection, account: int, session: str) -> int:
    """Ends all sessions of the account but this one; the transaction acts for the account already."""
    return connection.execute(_END_OTHERS, {"account": account, "hash": hidden.digest(session)}).rowcount


def open_sessions(engine: Engine, principal: Principal, session: str) -> list[OpenSession]:
    with acting(engine, principal) as connection:
        asked = {"account": principal.account_id, "hash": hidden.digest(session)}
        return [OpenSession(**row) for row in connection.execute(_MINE, asked).mappings()]


def _open(connection: Connection, account: int, origin: str, now: datetime) -> str:
    """A session that nobody has seen before: whatever cookie came with the request is not taken over."""
    secret = hidden.new_secret()
    say(connection, account=account)
    values = {"hash": hidden.digest(secret), "account": account, "origin": origin, "now": now, "expires": now + LONGEST}
    connection.execute(_OPEN, values)
    principal = read_principal(connection, account, origin)
    if principal is None:  # locked between the two steps
        raise WrongCredentials
    attempts.forget(connection, principal.email, origin)
    audit.note(connection, principal, "sign_in", f"account {account}")
    return secret


def _is_good(connection: Connection, row: Row[Any], code: str, now: datetime) -> bool:
    step = totp_step(row.totp_secret, code, row.totp_used, now)
    if step is not None:
        return connection.execute(_TOTP_USED, {"id": row.id, "step": step}).rowcount == 1
    hashed = hidden.digest(code.strip().lower()).hex()
    return connection.execute(_CODE_USED, {"id": row.id, "code": hashed}).rowcount == 1


def _note_failure(engine: Engine, who: str, origin: str) -> None:
    with engine.begin() as connection:
        # Hashed: people type their password into the wrong field.
        audit.note(connection, None, "sign_in_failed", hidden.digest(who).hex()[:16], origin=origin)

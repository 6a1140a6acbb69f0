"""Accounts: inviting, roles, locking (the operator's side), and what people change about their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, text

from geoportal.accounts import audit, hidden, sessions
from geoportal.accounts.acting import acting, knocking, say
from geoportal.accounts.letters import AccountLetters
from geoportal.accounts.passwords import Passwords, new_totp_secret, require_strength, totp_step
from geoportal.accounts.roles import WHOLE_KREIS, Membership, Principal, Role
from geoportal.accounts.sessions import WrongCredentials, normal, read_principal
from geoportal.mail import put

INVITATION: Final = timedelta(days=7)
RESET: Final = timedelta(hours=1)

_ADD = text("""
    INSERT INTO desk.account (email, name, issuer) VALUES (:email, :name, :issuer)
    ON CONFLICT (email) DO NOTHING RETURNING id""")
_LIST = text("""
    SELECT account.id, email, name, issuer IS NOT NULL AS at_provider,
           password IS NOT NULL OR subject IS NOT NULL AS is_ready,
           totp_secret IS NOT NULL AS has_second_factor, locked_at,
           coalesce((SELECT string_agg(concat_ws(' ', role, nullif(ags, '*')), ', ' ORDER BY ags, role)
                     FROM desk.membership WHERE account_id = account.id), '') AS roles
    FROM desk.account ORDER BY email""")
_ID = text("SELECT id FROM desk.account WHERE email = :email")
_GRANT = text("""
    INSERT INTO desk.membership (account_id, ags, role, granted_by) VALUES (:id, :ags, :role, 'operator')
    ON CONFLICT DO NOTHING""")
_REVOKE = text("DELETE FROM desk.membership WHERE account_id = :id AND ags = :ags AND role = :role")
_LOCK = text("UPDATE desk.account SET locked_at = :at WHERE id = :id")
_END_ALL = text("DELETE FROM desk.session WHERE account_id = :id")
_TICKET = text("""
    INSERT INTO desk.ticket (hash, account_id, purpose, expires_at) VALUES (:hash, :account, :purpose, :expires)""")
_TICKET_OF = text("""
    SELECT account_id, purpose FROM desk.ticket
    WHERE hash = :hash AND purpose IN ('invitation', 'reset') AND used_at IS NULL AND expires_at > :now""")
_TICKET_USED = text("UPDATE desk.ticket SET used_at = :now WHERE hash = :hash AND used_at IS NULL")
_RESETTABLE = text("""
    SELECT id, name FROM desk.account WHERE email = :email AND locked_at IS NULL AND issuer IS NULL""")
_PASSWORD = text("UPDATE desk.account SET password = :password WHERE id = :id")
_KNOWN = text("SELECT password, totp_secret FROM desk.account WHERE id = :id")
_SECOND_FACTOR = text("""
    UPDATE desk.account SET totp_secret = :secret, totp_used = :step, recovery_codes = :codes WHERE id = :id""")


class AccountExists(Exception):
    """There is an account with this address already."""


class NoAccount(Exception):
    """There is no account with this address."""


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    email: str
    name: str
    at_provider: bool
    is_ready: bool
    has_second_factor: bool
    locked_at: datetime | None
    roles: str


def require_place(role: Role, ags: str | None) -> Membership:
    """A role with the Gemeinde it needs, or without the one it must not have. Raises ValueError."""
    if (role in {Role.KREIS, Role.AUDITOR}) != (ags is None):
        raise ValueError(f"{role}: {'ohne' if ags else 'mit'} Gemeinde / {'without' if ags else 'with'} a Gemeinde")
    return Membership(ags or WHOLE_KREIS, role)


def invite(
    engine: Engine,
    email: str,
    name: str,
    memberships: Sequence[Membership],
    now: datetime,
    *,
    issuer: str | None = None,
    letters: AccountLetters | None = None,
) -> str | None:
    """A new account with its roles; returns the secret of its invitation, None if it signs in at the provider.

    With `letters`, the person gets it by e-mail. With the owner's engine. Raises AccountExists.
    """
    with engine.begin() as connection:
        account = connection.scalar(_ADD, {"email": normal(email), "name": name, "issuer": issuer})
        if account is None:
            raise AccountExists(email)
        for membership in memberships:
            connection.execute(_GRANT, {"id": account, "ags": membership.ags, "role": membership.role.value})
        secret = None if issuer else _new_ticket(connection, account, "invitation", now + INVITATION)
        if letters is not None and secret is not None:
            put(connection, letters.invitation(normal(email), name, secret), letters.host_name, now)
        granted = [f"{item.role} {item.ags}" for item in memberships]
        audit.note(connection, None, "account_invited", f"account {account}", email=normal(email), roles=granted)
        return secret


def everybody(engine: Engine) -> list[Person]:
    with engine.connect() as connection:
        return [Person(**row) for row in connection.execute(_LIST).mappings()]


def grant(engine: Engine, email: str, membership: Membership) -> None:
    """With the owner's engine, as all below that take an address. Raises NoAccount."""
    with engine.begin() as connection:
        account = _account(connection, email)
        connection.execute(_GRANT, {"id": account, "ags": membership.ags, "role": membership.role.value})
        audit.note(
            connection, None, "role_granted", f"account {account}", role=membership.role, ags_of_role=membership.ags
        )


def revoke(engine: Engine, email: str, membership: Membership) -> None:
    with engine.begin() as connection:
        account = _account(connection, email)
        connection.execute(_REVOKE, {"id": account, "ags": membership.ags, "role": membership.role.value})
        audit.note(
            connection, None, "role_revoked", f"account {account}", role=membership.role, ags_of_role=membership.ags
        )


def lock(engine: Engine, email: str, now: datetime) -> None:
    """No more sign-ins, and an end to all sessions; tokens of a locked account are refused too."""
    with engine.begin() as connection:
        account = _account(connection, email)
        connection.execute(_LOCK, {"id": account, "at": now})
        connection.execute(_END_ALL, {"id": account})
        audit.note(connection, None, "account_locked", f"account {account}")


def unlock(engine: Engine, email: str) -> None:
    with engine.begin() as connection:
        account = _account(connection, email)
        connection.execute(_LOCK, {"id": account, "at": None})
        audit.note(connection, None, "account_unlocked", f"account {account}")


def drop_second_factor(engine: Engine, email: str) -> None:
    """For who has lost both phone and recovery codes; the operator has made sure who asks."""
    with engine.begin() as connection:
        account = _account(connection, email)
        connection.execute(_SECOND_FACTOR, {"id": account, "secret": None, "step": 0, "codes": []})
        audit.note(connection, None, "second_factor_dropped", f"account {account}")


def reset_link(engine: Engine, email: str, now: datetime) -> str:
    """The secret of a link with which a new password can be chosen, for the operator to hand over."""
    with engine.begin() as connection:
        account = _account(connection, email)
        secret = _new_ticket(connection, account, "reset", now + RESET)
        audit.note(connection, None, "reset_requested", f"account {account}")
        return secret


def send_reset(engine: Engine, email: str, letters: AccountLetters, origin: str, now: datetime) -> None:
    """A link by e-mail for who has forgotten the password; nothing where there is no such account, or it is locked or
    signs in at the provider. With the desk's or the owner's engine.
    """
    email = normal(email)
    with knocking(engine, email=email) as connection:
        found = connection.execute(_RESETTABLE, {"email": email}).one_or_none()
        if found is not None:
            secret = _new_ticket(connection, found.id, "reset", now + RESET)
            put(connection, letters.reset(email, found.name, secret), letters.host_name, now)
            audit.note(connection, None, "reset_requested", f"account {found.id}", origin=origin)


def is_open(engine: Engine, secret: str, now: datetime) -> bool:
    """Whether an invitation or reset is still good."""
    with knocking(engine, secret=secret) as connection:
        return connection.execute(_TICKET_OF, {"hash": hidden.digest(secret), "now": now}).one_or_none() is not None


def choose_password(
    engine: Engine, passwords: Passwords, secret: str, password: str, origin: str, now: datetime
) -> None:
    """By invitation or reset; ends all sessions of the account. Raises WrongCredentials, PasswordTooWeak, Busy."""
    with knocking(engine, secret=secret) as connection:
        found = connection.execute(_TICKET_OF, {"hash": hidden.digest(secret), "now": now}).one_or_none()
    if found is None:
        raise WrongCredentials
    with engine.begin() as connection:
        say(connection, account=found.account_id, secret=secret)
        principal = read_principal(connection, found.account_id, origin)
        if principal is None:
            raise WrongCredentials
    require_strength(password, principal.name, principal.email.partition("@")[0])
    hashed = passwords.hash(password)
    with engine.begin() as connection:
        say(connection, account=found.account_id, secret=secret)
        if connection.execute(_TICKET_USED, {"hash": hidden.digest(secret), "now": now}).rowcount != 1:
            raise WrongCredentials
        connection.execute(_PASSWORD, {"id": found.account_id, "password": hashed})
        connection.execute(_END_ALL, {"id": found.account_id})
        audit.note(connection, principal, "password_chosen", f"account {found.account_id}", by=found.purpose)


def change_password(
    engine: Engine, passwords: Passwords, principal: Principal, session: str, old: str, new: str
) -> None:
    """Ends all other sessions. Raises WrongCredentials, PasswordTooWeak, Busy."""
    require_strength(new, principal.name, principal.email.partition("@")[0])
    with acting(engine, principal) as connection:
        known = connection.execute(_KNOWN, {"id": principal.account_id}).one().password
    if not passwords.matches(known, old):
        raise WrongCredentials
    hashed = passwords.hash(new)
    with acting(engine, principal) as connection:
        connection.execute(_PASSWORD, {"id": principal.account_id, "password": hashed})
        sessions.end_others(connection, principal.account_id, session)
        audit.note(connection, principal, "password_changed", f"account {principal.account_id}")


def has_second_factor(engine: Engine, principal: Principal) -> bool:
    with acting(engine, principal) as connection:
        return connection.execute(_KNOWN, {"id": principal.account_id}).one().totp_secret is not None


def lacks_second_factor(engine: Engine, principal: Principal) -> bool:
    """Whether the account signs in with a password of this portal and nothing else."""
    with acting(engine, principal) as connection:
        known = connection.execute(_KNOWN, {"id": principal.account_id}).one()
    return known.password is not None and known.totp_secret is None


def propose_second_factor() -> str:
    """A new secret for the person's app; not kept until a code shows that the app has it."""
    return new_totp_secret()


def add_second_factor(
    engine: Engine, passwords: Passwords, principal: Principal, password: str, secret: str, code: str, now: datetime
) -> list[str]:
    """Returns ten recovery codes, to be shown once. Raises WrongCredentials, Busy."""
    _require_password(engine, passwords, principal, password)
    step = totp_step(secret, code, 0, now)
    if step is None:
        raise WrongCredentials
    codes = hidden.new_recovery_codes()
    values = {"id": principal.account_id, "secret": secret, "step": step}
    with acting(engine, principal) as connection:
        connection.execute(_SECOND_FACTOR, values | {"codes": [hidden.digest(each).hex() for each in codes]})
        audit.note(connection, principal, "second_factor_added", f"account {principal.account_id}")
    return codes


def remove_second_factor(engine: Engine, passwords: Passwords, principal: Principal, password: str) -> None:
    """Raises WrongCredentials, Busy."""
    _require_password(engine, passwords, principal, password)
    with acting(engine, principal) as connection:
        connection.execute(_SECOND_FACTOR, {"id": principal.account_id, "secret": None, "step": 0, "codes": []})
        audit.note(connection, principal, "second_factor_removed", f"account {principal.account_id}")


def _require_password(engine: Engine, passwords: Passwords, principal: Principal, password: str) -> None:
    with acting(engine, principal) as connection:
        known = connection.execute(_KNOWN, {"id": principal.account_id}).one().password
    if not passwords.matches(known, password):
        raise WrongCredentials


def _account(connection: Connection, email: str) -> int:
    account: int | None = connection.scalar(_ID, {"email": normal(email)})
    if account is None:
        raise NoAccount(email)
    return account


def _new_ticket(connection: Connection, account: int, purpose: str, expires: datetime) -> str:
    secret = hidden.new_secret()
    values = {"hash": hidden.digest(secret), "account": account, "purpose": purpose, "expires": expires}
    connection.execute(_TICKET, values)
    return secret

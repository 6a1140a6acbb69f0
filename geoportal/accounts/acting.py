"""Transactions of the desk's role. Each says who acts, and row-level security lets it see and change just that."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from geoportal.accounts import hidden
from geoportal.accounts.roles import Principal

_SAY = text("""
    SELECT set_config('app.user', :account, true), set_config('app.ags', :ags, true),
           set_config('app.ticket', :ticket, true), set_config('app.email', :email, true),
           set_config('app.subject', :subject, true)""")


@contextmanager
def acting(engine: Engine, principal: Principal) -> Iterator[Connection]:
    """One transaction in the name of an account; what a token is not for is out of its sight too."""
    with engine.begin() as connection:
        say(connection, account=principal.account_id, ags="" if principal.scope is None else principal.scope.ags)
        yield connection


@contextmanager
def knocking(engine: Engine, *, secret: str = "", email: str = "", subject: str = "") -> Iterator[Connection]:
    """One transaction in which nobody acts yet: it sees the session, token or link that the secret opens, and the
    account with the address or, at a provider, the subject.
    """
    with engine.begin() as connection:
        say(connection, secret=secret, email=email, subject=subject)
        yield connection


def say(
    connection: Connection,
    *,
    account: int | None = None,
    ags: str = "",
    secret: str = "",
    email: str = "",
    subject: str = "",
) -> None:
    """Until the transaction ends, or says otherwise."""
    values = {
        "account": "" if account is None else str(account),
        "ags": ags,
        "ticket": hidden.digest(secret).hex() if secret else "",
        "email": email,
        "subject": subject,
    }
    connection.execute(_SAY, values)

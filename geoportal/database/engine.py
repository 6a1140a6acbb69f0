"""Engines of the roles: the owner writes, the reader sees what is public, the desk what row-level security allows."""

from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, make_url

from geoportal.database.alive import checked_after_rest
from geoportal.database.leaving import cancel_for_who_left

# A request must never hold the server: reliability.md 5, read limits. Each is planned with its own values, as a box
# of a street and one of the whole Kreis want different plans; and none starts further processes for a few rows.
_READ_OPTIONS = (
    "-c default_transaction_read_only=on -c statement_timeout=8s -c lock_timeout=2s "
    "-c idle_in_transaction_session_timeout=15s -c work_mem=16MB -c timezone=UTC "
    "-c plan_cache_mode=force_custom_plan -c max_parallel_workers_per_gather=0"
)
# One person waits for each of these; an upload that is saved takes longer than a page, but not that long.
_DESK_OPTIONS = (
    "-c statement_timeout=30s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s -c jit=off "
    "-c timezone=UTC -c search_path=public,jobs"
)
# Planned once, a statement must do for what comes later too: to read all rows while there are few is no plan for many.
_ONCE_OPTIONS = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off"
_SENSORS_OPTIONS = "-c statement_timeout=20s -c lock_timeout=10s -c jit=off -c timezone=UTC"
# The queue of jobs lies in a schema of its own, and names its tables without it.
OWNER_OPTIONS = "-c lock_timeout=10s -c jit=off -c search_path=public,jobs"


# No engine tells the values of a statement that failed: they would stand in logs, and may be what a citizen wrote.


def owner_engine(url: str) -> Engine:
    """For statements that write; publication waits at most 10 s for another one (lock_timeout)."""
    return create_engine(
        _psycopg(url), pool_pre_ping=True, hide_parameters=True, connect_args={"options": OWNER_OPTIONS}
    )


def reader_engine(url: str, *, each_alone: bool = False, planned_once: bool = False) -> Engine:
    """For everything that citizens ask; keeps the options that the URL brings (such as `role`).

    `each_alone`: no statement has a transaction around it, which would be two more ways to the database.
    `planned_once`: a prepared statement is planned once for all values, which must not matter to the plan.
    """
    options = f"{_READ_OPTIONS} -c jit=off {_ONCE_OPTIONS if planned_once else ''}"
    engine = create_engine(
        _with_options(url, options),
        hide_parameters=True,
        pool_size=4 if planned_once else 8,
        # few connections that know their statements already, and not all in turn
        pool_use_lifo=True,
        skip_autocommit_rollback=True,
        **({"isolation_level": "AUTOCOMMIT"} if each_alone else {}),
    )
    return cancel_for_who_left(checked_after_rest(engine))


def probe_engine(url: str, seconds: float) -> Engine:
    """The reader, without a pool: to find out whether the database answers within this time."""
    limited = _with_options(url, f"-c default_transaction_read_only=on -c statement_timeout={int(seconds * 1000)}")
    # libpq takes less than two seconds for two
    patience = str(max(2, int(seconds)))
    return create_engine(limited.update_query_dict({"connect_timeout": patience}), poolclass=NullPool)


def reader_environment(url: str) -> dict[str, str]:
    """The same reader for a program that asks libpq itself: libpq's variables, and none of ours."""
    # a painter is killed in the middle of a statement; then that ends too
    parsed = _with_options(url, f"{_READ_OPTIONS} -c jit=off -c client_connection_check_interval=1s")
    given = {
        "PGHOST": parsed.host or parsed.query.get("host"),
        "PGPORT": parsed.port or parsed.query.get("port"),
        "PGUSER": parsed.username,
        "PGPASSWORD": parsed.password,
        "PGDATABASE": parsed.database,
        "PGSSLMODE": parsed.query.get("sslmode"),
        "PGSSLROOTCERT": parsed.query.get("sslrootcert"),
        "PGOPTIONS": parsed.query.get("options"),
        "PGCONNECT_TIMEOUT": "5",
        "PGAPPNAME": "geoportal-painter",
    }
    return {name: str(value) for name, value in given.items() if value}


def _with_options(url: str, options: str) -> URL:
    """The URL with these options after those that it brings."""
    parsed = _psycopg(url)
    given = parsed.query.get("options", "")
    brought = given if isinstance(given, str) else " ".join(given)
    return parsed.update_query_dict({"options": f"{brought} {options}".strip()})


def desk_engine(url: str) -> Engine:
    """For the signed-in side; sees nothing until a transaction says who acts (geoportal.accounts.acting)."""
    return create_engine(_with_options(url, _DESK_OPTIONS), pool_pre_ping=True, hide_parameters=True, pool_size=8)


def sensors_engine(url: str) -> Engine:
    """For readings of sensors: may call the functions of schema `sensors` and nothing else."""
    return create_engine(_with_options(url, _SENSORS_OPTIONS), pool_pre_ping=True, hide_parameters=True, pool_size=4)


def participation_engine(url: str) -> Engine:
    """For citizens' statements: sees the one whose link a transaction has shown, and what is announced."""
    return create_engine(_with_options(url, _DESK_OPTIONS), pool_pre_ping=True, hide_parameters=True, pool_size=4)


def driver_cursor(connection: Connection) -> psycopg.Cursor[Any]:
    """psycopg's own cursor inside the transaction: SQLAlchemy has no COPY."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"psycopg 3 expected, not {type(driver)}")
    return driver.cursor()


def _psycopg(url: str) -> URL:
    return make_url(url).set(drivername="postgresql+psycopg")

"""How the database is read, and what it says in the words of a problem."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg.types.string import ByteaBinaryLoader
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from geoportal.database.leaving import ended_for_who_left
from geoportal.ogc.problems import InvalidParameter, OgcProblem, Unavailable

_SQLSTATE_DATA: Final = "22"  # class 22, data exception: a value of the request did not fit after all


def read_row(
    engine: Engine, sql: str, values: Mapping[str, object], *, prepared: bool | None = None
) -> tuple[Any, ...] | None:
    """The first row of a statement. `prepared`: at once, never, or (None) when it has come a few times. Raises
    Unavailable, InvalidParameter.

    Texts come as UTF-8: they are sent on as they are, and a large page is decoded and encoded for nothing. SQLAlchemy
    lends the connection and no more: what it does around a statement takes as long as many an answer. The engine is one
    whose statements have no transaction (`each_alone`).
    """
    with _told():
        lent = engine.raw_connection()
        driver = lent.driver_connection
        if not isinstance(driver, psycopg.Connection):
            raise TypeError(f"psycopg 3 expected, not {type(driver)}")
        try:
            with ended_for_who_left(driver), driver.cursor(binary=True) as cursor:
                cursor.adapters.register_loader("text", ByteaBinaryLoader)
                row: tuple[Any, ...] | None = cursor.execute(sql, values, prepare=prepared).fetchone()
                return row
        finally:
            if driver.closed:
                lent.invalidate()
            lent.close()


@contextmanager
def connection_for_reading(engine: Engine) -> Iterator[Connection]:
    """A connection for reading; what the database says is told without its words."""
    with _told(), engine.connect() as connection:
        yield connection


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise _away() from error
    except DBAPIError as error:
        if (problem := _problem(error.orig)) is not None:
            raise problem from error
        raise
    except psycopg.Error as error:
        if (problem := _problem(error)) is not None:
            raise problem from error
        raise


def _problem(error: BaseException | None) -> OgcProblem | None:
    if isinstance(error, psycopg.OperationalError):
        return _away()
    if isinstance(error, psycopg.ProgrammingError):
        # the view is not there, or not yet: a new layer is published as soon as its rows are loaded
        return Unavailable("Diese Sammlung ist noch nicht geladen. / This collection is not loaded yet.")
    if isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith(_SQLSTATE_DATA):
        return InvalidParameter("Ein Wert passt nicht zur Sammlung. / A value does not fit the collection.")
    return None


def _away() -> Unavailable:
    return Unavailable(
        "Die Datenbank antwortet gerade nicht oder nicht rechtzeitig. / The database does not answer in time."
    )


def view_columns(engine: Engine) -> Mapping[str, Sequence[str]]:
    """The columns of each view of schema `ogc`, in order. Raises Unavailable."""
    with connection_for_reading(engine) as connection:
        return {row.name: row.columns for row in connection.execute(_COLUMNS)}


_COLUMNS: Final = text("""
    SELECT table_name AS name, array_agg(column_name::text ORDER BY ordinal_position) AS columns
    FROM information_schema.columns WHERE table_schema = 'ogc' GROUP BY table_name""")

"""A connection for reading, and what the database says in the words of a problem."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from geoportal.ogc.problems import InvalidParameter, Unavailable

_SQLSTATE_DATA: Final = "22"  # class 22, data exception: a value of the request did not fit after all


@contextmanager
def connection_for_reading(engine: Engine) -> Iterator[Connection]:
    """A connection for reading; what the database says is told without its words."""
    try:
        with engine.connect() as connection:
            yield connection
    except (OperationalError, PoolTimeout) as error:
        raise Unavailable(
            "Die Datenbank antwortet gerade nicht oder nicht rechtzeitig. / The database does not answer in time."
        ) from error
    except ProgrammingError as error:
        # the view is not there, or not yet: a new layer is published as soon as its rows are loaded
        raise Unavailable("Diese Sammlung ist noch nicht geladen. / This collection is not loaded yet.") from error
    except DBAPIError as error:
        if str(getattr(error.orig, "sqlstate", "")).startswith(_SQLSTATE_DATA):
            raise InvalidParameter(
                "Ein Wert passt nicht zur Sammlung. / A value does not fit the collection."
            ) from error
        raise


def view_columns(engine: Engine) -> Mapping[str, Sequence[str]]:
    """The columns of each view of schema `ogc`, in order. Raises Unavailable."""
    with connection_for_reading(engine) as connection:
        return {row.name: row.columns for row in connection.execute(_COLUMNS)}


_COLUMNS: Final = text("""
    SELECT table_name AS name, array_agg(column_name::text ORDER BY ordinal_position) AS columns
    FROM information_schema.columns WHERE table_schema = 'ogc' GROUP BY table_name""")

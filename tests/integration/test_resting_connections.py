"""Connections that have rested in the pool: the dead ones are seen, and the living ones are not asked each time."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, text

from geoportal.database import alive, reader_engine
from geoportal.settings import Settings

PID = text("SELECT pg_backend_pid()")


@pytest.fixture
def engine(database: Settings) -> Iterator[Engine]:
    engine = reader_engine(database.require_read_url())
    yield engine
    engine.dispose()


@pytest.fixture
def owner(database: Settings) -> Iterator[psycopg.Connection[tuple[object]]]:
    with psycopg.connect(database.require_database_url(), autocommit=True) as connection:
        yield connection


def backend(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(PID).scalar_one())


def last_heard(owner: psycopg.Connection[tuple[object]], pid: int) -> object:
    row = owner.execute("SELECT query_start FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone()
    assert row is not None
    return row[0]


def test_the_first_answer_after_the_server_has_ended_its_connections_succeeds(
    engine: Engine, owner: psycopg.Connection[tuple[object]]
) -> None:
    with engine.connect() as one, engine.connect() as other:
        before = {int(each.execute(PID).scalar_one()) for each in (one, other)}
    for pid in before:
        owner.execute("SELECT pg_terminate_backend(%s, 120000)", (pid,))
    with engine.connect() as one, engine.connect() as other:
        after = {int(each.execute(PID).scalar_one()) for each in (one, other)}
    assert len(after) == 2
    assert not after & before


def test_a_connection_that_was_just_used_is_not_asked_whether_it_lives(
    engine: Engine, owner: psycopg.Connection[tuple[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alive, "_ASK_AFTER", 600.0)  # however long the next line takes
    pid = backend(engine)
    heard = last_heard(owner, pid)
    with engine.connect() as connection:
        assert connection.connection.driver_connection.info.backend_pid == pid  # type: ignore[union-attr]
        assert last_heard(owner, pid) == heard


def test_one_that_has_rested_for_long_is_asked_and_opens_no_transaction(
    engine: Engine, owner: psycopg.Connection[tuple[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = backend(engine)
    heard = last_heard(owner, pid)
    monkeypatch.setattr(alive, "_ASK_AFTER", -1.0)
    with engine.connect():
        assert last_heard(owner, pid) != heard
        row = owner.execute("SELECT state FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone()
        assert row == ("idle",)

"""What a client has asked for ends in the database when the client hangs up."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import QueryCanceled
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from geoportal import metrics
from geoportal.database import leaving, owner_engine
from geoportal.database.leaving import ASKER, cancel_for_who_left
from geoportal.settings import CHECKOUT, Settings
from tests.ogc import publish_stock
from tests.processes import command, environment, free_port, running
from tests.waiting import wait_until

FOR_EVER = text("SELECT pg_sleep(600)")
AT_WORK = """
    SELECT count(*) FROM pg_stat_activity
    WHERE state = 'active' AND query LIKE %s AND datname = current_database() AND pid <> pg_backend_pid()"""


@pytest.fixture
def engine(database: Settings) -> Iterator[Engine]:
    url = database.require_read_url().replace("postgresql://", "postgresql+psycopg://")
    engine = cancel_for_who_left(create_engine(url, pool_size=1, max_overflow=0))
    yield engine
    engine.dispose()


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    token = ASKER.set(ours)
    yield ours, theirs
    ASKER.reset(token)
    ours.close()
    theirs.close()


def wait_for(observer: psycopg.Connection[tuple[int]], number: int, what: str) -> None:
    wait_until(lambda: observer.execute(AT_WORK, (what,)).fetchone() == (number,))


def test_a_statement_ends_with_its_client_and_its_connection_can_be_used_again(
    engine: Engine, database: Settings, line: tuple[socket.socket, socket.socket]
) -> None:
    with psycopg.connect(database.require_database_url(), autocommit=True) as observer:
        observer.execute("SELECT 1")

        def leave() -> None:
            wait_for(observer, 1, "%pg_sleep(600)%")
            line[1].close()

        leaving = threading.Thread(target=leave)
        leaving.start()
        with engine.connect() as connection, pytest.raises(OperationalError) as told:
            connection.execute(FOR_EVER)
        leaving.join()
    assert isinstance(told.value.orig, QueryCanceled)
    ASKER.set(None)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_who_left_before_the_statement_began_does_not_start_it_for_long(
    engine: Engine, line: tuple[socket.socket, socket.socket]
) -> None:
    line[1].close()
    with engine.connect() as connection, pytest.raises(OperationalError):
        connection.execute(FOR_EVER)


def test_however_many_begin_at_once_there_is_one_lookout(monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(2)

    class Slow(leaving._Lookout):
        def __init__(self) -> None:
            with suppress(threading.BrokenBarrierError):
                together.wait(timeout=1)  # for a second one, if somebody else is making it
            super().__init__()

    monkeypatch.setattr(leaving, "_made", [])
    monkeypatch.setattr(leaving, "_Lookout", Slow)
    with ThreadPoolExecutor(2) as pool:
        first, second = (pool.submit(leaving._lookout) for _ in range(2))
    assert first.result() is second.result()


def test_who_stays_gets_every_answer(engine: Engine, line: tuple[socket.socket, socket.socket]) -> None:
    line[1].sendall(b"the next request is here already")
    with engine.connect() as connection:
        assert [connection.scalar(text("SELECT 7")) for _ in range(20)] == [7] * 20
        with pytest.raises(OperationalError, match="statement timeout"):
            connection.execute(text("SET statement_timeout = '20ms'; SELECT pg_sleep(600)"))
        connection.rollback()
        assert connection.scalar(text("SELECT 8")) == 8


def test_a_served_request_ends_in_the_database_when_its_client_hangs_up(database: Settings, tmp_path: Path) -> None:
    publish_stock(database, tmp_path)
    for name in ("config", "node_modules"):
        (tmp_path / "home" / name).symlink_to(CHECKOUT / name)
    owner = owner_engine(database.require_database_url())
    with owner.begin() as connection:
        shown = connection.scalar(text("SELECT pg_get_viewdef('ogc.schulen'::regclass)"))
        slow = f"SELECT * FROM ({str(shown).rstrip(';')}) AS shown WHERE pg_sleep(600) IS NOT NULL"
        connection.execute(text(f"CREATE OR REPLACE VIEW ogc.schulen AS {slow}"))
    owner.dispose()
    port = free_port()
    environ = environment(replace(database, home=tmp_path / "home"), GEOPORTAL_PORT=str(port))
    with (
        psycopg.connect(database.require_database_url(), autocommit=True) as observer,
        running(command("serve"), environ, tmp_path / "log", port),
    ):
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(b"GET /ogc/collections/schulen/items?ags=06534014 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_for(observer, 1, "%schulen%WHERE%ags%")
        client.close()
        wait_for(observer, 0, "%schulen%WHERE%ags%")
        told = [sample.value for metric in metrics.LivingProcesses(database.run).collect() for sample in metric.samples
                if sample.name == "geoportal_abandoned_total"]  # fmt: skip
        assert told == [1], "not by the timeout of the statement"
        with socket.create_connection(("127.0.0.1", port)) as other:
            other.sendall(b"GET /ogc/conformance HTTP/1.0\r\nHost: localhost\r\n\r\n")
            head, _, body = b"".join(iter(lambda: other.recv(65536), b"")).partition(b"\r\n\r\n")
        assert b" 200 " in head.splitlines()[0]
        assert json.loads(body)["conformsTo"]

"""A new release takes over and a migration runs, while readers ask without pause: none of them gets an error."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from psycopg import sql
from sqlalchemy import text

from geoportal.database import owner_engine
from geoportal.database.cluster import EXTENSIONS, OWNER, Cluster
from geoportal.database.migrating import migrate
from geoportal.settings import Settings
from tests.load import Readers, at, items
from tests.ogc import publish_stock
from tests.processes import Door, environment, wait_for


def test_readers_wait_and_none_is_turned_away_when_the_server_is_exchanged(
    module_furnished: Settings, tmp_path: Path
) -> None:
    publish_stock(module_furnished, tmp_path)
    door, environ, log = Door(), environment(module_furnished), tmp_path / "log"
    old = door.serving(environ, log)
    process = old.__enter__()
    wait_for(door.port, process, log)
    with Readers(at(door.port), items, number=4) as readers:
        old.__exit__(None, None, None)  # TERM, and what it is answering it answers
        old = door.serving(environ, log)
        process = old.__enter__()
        wait_for(door.port, process, log)
        before = readers.answered
        while readers.answered < before + 50:
            assert process.poll() is None, log.read_text("utf-8")[-2000:]
            time.sleep(0.1)
    old.__exit__(None, None, None)
    door.close()
    assert readers.faults == {}
    assert readers.answered >= 50


# A worker that takes its time between its fork and its first line, in which its parent is told to stop.
SLOW_TO_START = """
import sys, time
from geoportal import serving
from gunicorn.workers.gthread import ThreadWorker
begin = ThreadWorker.init_process
def slowly(worker):
    print("forked", flush=True)
    time.sleep(2)
    begin(worker)
ThreadWorker.init_process = slowly
serving.serve(["--worker-class", "geoportal.serving.Worker", "--graceful-timeout", "1000", "--bind", "127.0.0.1:0",
               "wsgiref.simple_server:demo_app"])
"""


def test_a_worker_that_is_told_to_stop_in_its_first_moment_stops() -> None:
    with subprocess.Popen([sys.executable, "-c", SLOW_TO_START], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "forked\n"
        server.terminate()
        try:
            assert server.wait(120) == 0
        finally:
            server.kill()


# What Python does when it ends is told by each process that lets it.
THOROUGH = """
import atexit, os, signal, sys
from geoportal import serving
atexit.register(print, "taken apart", flush=True)
class Once(serving.Worker):
    def notify(self):
        super().notify()
        if self.alive:
            print("ready", flush=True)
            os.kill(os.getppid(), signal.SIGTERM)
sys.modules["once"] = type(sys)("once")
sys.modules["once"].Worker = Once
serving.serve(["--worker-class", "once.Worker", "--bind", "127.0.0.1:0", "wsgiref.simple_server:demo_app"])
"""


def test_a_server_that_has_answered_all_is_gone_without_taking_python_apart() -> None:
    ended = subprocess.run([sys.executable, "-c", THOROUGH], stdout=subprocess.PIPE, text=True, check=True)
    assert set(ended.stdout.split("\n")) == {"ready", ""}


def test_a_migration_that_finds_a_delivery_under_way_comes_again_and_lets_readers_pass(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    name = sql.Identifier("half_migrated")
    with cluster.superuser() as superuser:
        superuser.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(OWNER)))
    with cluster.superuser("half_migrated") as superuser:
        for extension in EXTENSIONS:
            superuser.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(extension)))
    engine = owner_engine(cluster.url_of(OWNER, "half_migrated"))
    migrate(engine, "0003")
    caplog.set_level("INFO", "geoportal.database.migrating")
    with engine.connect() as delivery:
        delivery.execute(text("LOCK TABLE plans.version IN ROW EXCLUSIVE MODE"))  # as one that writes has it
        migration = threading.Thread(target=migrate, args=(engine,))
        migration.start()
        while "a table is in use" not in caplog.text:
            assert migration.is_alive()
            time.sleep(0.05)
        with engine.connect() as other:
            assert other.scalar(text("SELECT count(*) FROM plans.version")) == 0
        delivery.rollback()
        migration.join()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM plans.alembic_version")) > "0004"
    engine.dispose()
    with cluster.superuser() as superuser:
        superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

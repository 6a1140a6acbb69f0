"""The clock of the machine jumps by two days while a worker reads: nothing is lost, doubled or held up.

Whoever compares a recorded time with a clock sees the same whether all clocks jump ahead or all that is recorded grows
older at once; so that is what happens here, to every time in the database, under processes that go on.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from subprocess import Popen
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine

from geoportal import operations
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.database.cluster import Cluster
from geoportal.database.engine import OWNER_OPTIONS
from geoportal.settings import Settings
from tests.acceptance.test_faults import until
from tests.files import plan, prop, write, xplangml
from tests.processes import environment, running

DAYS = 2

# As `geoportal work`, but in seconds where that takes half a minute.
WORK = """
import os
from geoportal import jobs
from geoportal.settings import Settings
jobs.work(Settings.from_env(os.environ), parallel=2, heartbeat=2)
"""


class Town:
    def __init__(self, cluster: Cluster, settings: Settings, engine: Engine) -> None:
        self._cluster, self.settings, self._engine = cluster, settings, engine
        self._url = settings.require_database_url()

    def work(self) -> AbstractContextManager[Popen[bytes]]:
        arguments = [sys.executable, "-c", WORK]
        return running(arguments, os.environ | environment(self.settings), self.settings.data / "work.log")

    def receive(self, name: str) -> int:
        file = self.settings.data / f"{name}.gml"
        write(file, xplangml(plan(name=name, nummer=name, extra=prop("rechtsstand", "4000"))))
        return operations.receive(self._engine, Archive(self.settings.archive), file)

    def ask(self, statement: str, *values: object) -> tuple[object, ...]:
        with psycopg.connect(self._url, autocommit=True, options=OWNER_OPTIONS) as connection:
            row: tuple[object, ...] | None = connection.execute(statement.encode(), values).fetchone()
        assert row is not None
        return row

    def is_published(self, upload: int) -> bool:
        return self.ask("SELECT state FROM plans.upload WHERE id = %s", upload) == ("published",)

    @contextmanager
    def held_in_the_middle(self, name: str) -> Iterator[int]:
        """An upload that the worker has begun with, and cannot end before the block does."""
        with psycopg.connect(self._url) as connection:
            connection.execute("LOCK TABLE plans.delivery IN SHARE MODE")
            upload = self.receive(name)
            until(lambda: self.ask("SELECT state FROM plans.upload WHERE id = %s", upload) == ("checking",))
            yield upload

    def clock_jumps(self, days: int) -> None:
        """By that much ahead, or back: all at once, and unseen by triggers."""
        with self._cluster.superuser(urlsplit(self._url).path[1:]) as connection, connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            found = connection.execute("""
                SELECT nspname, relname, attname FROM pg_attribute
                JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
                WHERE atttypid = 'timestamptz'::regtype AND attgenerated = '' AND attnum > 0 AND NOT attisdropped
                  AND relkind IN ('r', 'p') AND NOT relispartition
                  AND nspname IN ('plans', 'jobs', 'desk', 'mail', 'participation', 'layers')
                  AND relname NOT IN ('upload', 'delivery')  -- held in the middle; nobody waits for their times
                """).fetchall()
            assert len(found) > 20
            for schema, table, column in found:
                statement = sql.SQL("UPDATE {table} SET {column} = {column} - make_interval(days => {days})")
                connection.execute(
                    statement.format(
                        table=sql.Identifier(schema, table), column=sql.Identifier(column), days=sql.Literal(days)
                    )
                )


@pytest.fixture
def town(cluster: Cluster, database: Settings) -> Iterator[Town]:
    engine = owner_engine(database.require_database_url())
    operations.prepare(engine)
    yield Town(cluster, database, engine)
    engine.dispose()


def test_the_clock_jumps_ahead_and_what_is_being_read_is_taken_over_once(town: Town) -> None:
    with town.work():
        with town.held_in_the_middle("Vor dem Sprung") as upload:
            town.clock_jumps(DAYS)
            # its own worker looks dead to it for a moment
            until(lambda: town.ask("SELECT max(attempts) FROM jobs.procrastinate_jobs") > (0,))
        until(lambda: town.is_published(upload))
        after = town.receive("Nach dem Sprung")
        until(lambda: town.is_published(after))
    assert town.ask("SELECT count(*), count(DISTINCT plan_id), max(version) FROM plans.version") == (2, 2, 1)


def test_the_clock_is_set_back_and_neither_a_dead_worker_nor_a_pause_holds_anything_up(town: Town) -> None:
    with town.work() as worker, town.held_in_the_middle("Unterbrochen") as interrupted:
        town.clock_jumps(-DAYS)
        worker.kill()
        worker.wait()
    paused = town.receive("Später")
    town.ask(
        "UPDATE jobs.procrastinate_jobs SET scheduled_at = now() + interval '2 days' WHERE status = 'todo' RETURNING id"
    )
    with town.work():
        until(lambda: town.is_published(interrupted) and town.is_published(paused))
    assert town.ask("SELECT count(*), max(attempts) FROM plans.upload") == (2, 2)

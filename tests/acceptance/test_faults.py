"""What docs/operations/faults.md says of each fault, on the processes of an installed machine: what readers and
planners see while it lasts, and that nothing is lost.
"""

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from http.client import HTTPException
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psycopg
import pytest

from geoportal import operations
from geoportal.database import owner_engine
from geoportal.database.cluster import OWNER, Cluster
from geoportal.database.migrating import migrate
from geoportal.settings import Settings
from tests.desk import OWN, token_for
from tests.files import plan, prop, xplangml
from tests.load import Readers, items
from tests.ogc import publish_stock
from tests.processes import crash_and_restart
from tests.stack import Answer, Stack

SERVED, AWAY = 200, 503
ALL = 100 - 3 - 1  # connections of our private server, without those kept for superusers, and the one that looks


@dataclass
class Town:
    """A portal with plans, one who reads and one who delivers."""

    stack: Stack
    token: str
    worker: int = 0  # its process
    asked: int = 0

    def read(self) -> Answer:
        """A part of the plans that nobody has asked for before, so that no memory can answer."""
        self.asked += 1
        return self.stack.get(
            f"/ogc/collections/bebauungsplaene/items?f=json&limit=2&bbox=8,50,{9 + self.asked / 1e4},51"
        )

    def deliver(self, name: str, extra: str = "") -> Answer:
        document = xplangml(plan(name=name, nummer=name, extra=prop("rechtsstand", "4000") + extra)).encode()
        return self.send(f"{name}.gml", document)

    def send(self, filename: str, content: bytes) -> Answer:
        return self.stack.ask(
            "PUT", f"/api/v1/gemeinden/{OWN}/lieferungen/{quote(filename)}", content,
            Authorization=f"Bearer {self.token}", Content_Type="application/gml+xml",
        )  # fmt: skip

    def state_of(self, delivery: Answer) -> str:
        """As the one who has delivered it is told."""
        path = delivery.headers["location"].partition("/api")[2]
        answer = self.stack.get(f"/api{path}", Authorization=f"Bearer {self.token}")
        if answer.status != SERVED:
            return str(answer.status)
        state: str = json.loads(answer.body)["stand"]
        return state

    @contextmanager
    def owner(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.stack.settings.require_database_url()) as connection:
            yield connection


def until(condition: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with suppress(OSError, HTTPException):
            if condition():
                return
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def filled(cluster: Cluster, data: Path) -> Settings:
    """Settings of a portal on this server, with plans and the layers that ship."""
    settings = replace(cluster.settings(Settings.from_env({})), data=data, run=data / "run")
    engine = owner_engine(cluster.url)
    migrate(engine)
    data.mkdir()
    publish_stock(settings, data)
    operations.sync_layers(engine, settings)
    engine.dispose()
    return settings


class Disk:
    """A file system of its own, in memory, whose size can be changed: a context manager."""

    ROOMY = "2g"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        self.folder.mkdir()
        as_root(
            "mount", "-t", "tmpfs", "-o", f"size={self.ROOMY},mode=711,uid={os.geteuid()}", "disk", str(self.folder)
        )
        return self

    def __exit__(self, *fault: object) -> None:
        as_root("umount", str(self.folder))

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not a byte more than there is; room again afterwards."""
        used = os.statvfs(self.folder)
        self._resize(str((used.f_blocks - used.f_bfree) * used.f_frsize))
        try:
            yield
        finally:
            self._resize(self.ROOMY)

    def _resize(self, size: str) -> None:
        as_root("mount", "-o", f"remount,size={size}", str(self.folder))


def as_root(*command: str) -> None:
    """As scripts/setup does for the machine's packages."""
    subprocess.run([*([] if os.geteuid() == 0 else ["sudo", "-n"]), *command], check=True)


@pytest.fixture(scope="module")
def disk(open_folder: Path) -> Iterator[Disk]:
    with Disk(open_folder / "disk") as disk:
        yield disk


@pytest.fixture(scope="module")
def server(disk: Disk) -> Iterator[Cluster]:
    with Cluster(disk.folder / "faulty") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def town(server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    settings = filled(server, tmp_path_factory.mktemp("faults") / "data")
    with Stack(settings) as stack, stack.work() as worker:
        opened = Town(stack, token_for(settings), worker.pid)
        first = opened.deliver("Erster")
        until(lambda: opened.state_of(first) == "checked")  # the worker is there
        yield opened


def test_postgresql_is_killed_and_comes_back(town: Town, server: Cluster) -> None:
    kept = "/ogc/collections/bebauungsplaene/items?f=json&limit=3"
    before = town.stack.get(kept)
    delivered = town.deliver("Absturz")
    assert delivered.status == 202
    server._run("pg_ctl", "stop", "-m", "immediate")
    assert town.stack.get(kept).body == before.body, "what was read once is still told"
    refused = town.read()
    assert (refused.status, refused.headers["retry-after"] > "") == (AWAY, True)
    assert town.deliver("Währenddessen").status == AWAY, "nothing is taken that could not be kept"
    assert {town.stack.get(path).status for path in ("/plaene?q=x1", "/suche?q=x2", "/werkbank/anmelden")} <= {
        200,
        AWAY,
    }
    server._launch()
    until(lambda: town.read().status == SERVED)
    assert [town.read().status for _ in range(20)] == [SERVED] * 20, "no late error"
    until(lambda: town.state_of(delivered) == "checked")


def test_postgresql_restarts_while_it_is_asked(town: Town, server: Cluster) -> None:
    with Readers(town.stack.connection, items, number=2, keep=True) as readers:
        until(lambda: readers.answered > 5)
        crash_and_restart(server)
        until(lambda: town.read().status == SERVED)
        late = readers.answered
        until(lambda: readers.answered > late + 10)
    assert set(readers.outcomes) <= {"200", "503"}, "never 404, never 500, never a broken line"


def test_postgresql_is_slow_because_somebody_holds_a_table(town: Town) -> None:
    with town.owner() as connection:
        connection.execute("LOCK TABLE plans.publication IN ACCESS EXCLUSIVE MODE")
        answer = town.read()
        assert (answer.status, answer.headers["retry-after"] > "") == (AWAY, True)
        assert town.stack.get("/ogc/collections/schulen/items?f=json&limit=7").status == SERVED, "others are not kept"
        delivered = town.deliver("Langsam")
        assert delivered.status == 202
        connection.rollback()
    assert town.read().status == SERVED
    until(lambda: town.state_of(delivered) == "checked")


def test_postgresql_has_no_connection_left(town: Town, server: Cluster) -> None:
    with ExitStack() as held, server.superuser() as superuser:
        others = """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name <> 'greedy'"""
        superuser.execute(others)
        deadline = time.monotonic() + 240
        while True:
            with suppress(psycopg.OperationalError):
                held.callback(psycopg.connect(server.url_of(OWNER, "geoportal"), application_name="greedy").close)
                continue
            superuser.execute(others)
            count = superuser.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'greedy'")
            if count.fetchone() == (ALL,):
                break
            assert time.monotonic() < deadline
        answer = town.read()
        assert (answer.status, answer.headers["retry-after"] > "") == (AWAY, True)
        assert town.stack.get("/readyz").status == AWAY
        assert town.deliver("Voll").status == AWAY
        held.close()
        until(lambda: town.read().status == SERVED)
    delivered = town.deliver("Wieder Platz")
    until(lambda: town.state_of(delivered) == "checked")


@contextmanager
def bounded(kind: int, most: Callable[[int], int], *pids: int) -> Iterator[None]:
    """The processes may have no more than this of something; afterwards as before."""
    former = {pid: resource.prlimit(pid, kind) for pid in pids}
    for pid, (_, hard) in former.items():
        resource.prlimit(pid, kind, (most(pid), hard))
    try:
        yield
    finally:
        for pid, limits in former.items():
            resource.prlimit(pid, kind, limits)


def test_the_disk_of_the_archive_is_full(town: Town) -> None:
    """For the processes: a bound on the size of files gives what a full disk gives, without an account of its own."""
    large = xplangml(plan(name="Platz", extra=prop("rechtsstand", "4000")) + "<!--" + "x" * 3_000_000 + "-->").encode()
    before = sorted(town.stack.settings.archive.rglob("*"))
    with bounded(resource.RLIMIT_FSIZE, lambda _: 2_000_000, *town.stack.web_workers()):
        refused = town.send("platz.gml", large)
        assert (refused.status, b"Platz" in refused.body) == (507, True)
        assert town.read().status == SERVED
    assert sorted(town.stack.settings.archive.rglob("*")) == before, "nothing half is left"
    delivered = town.send("platz.gml", large)
    assert delivered.status == 202
    until(lambda: town.state_of(delivered) in {"checked", "failed"})


def test_the_disk_of_the_database_is_full(town: Town, server: Cluster, disk: Disk) -> None:
    with server.superuser("geoportal") as superuser:
        superuser.execute("SELECT pg_switch_wal()")  # a journal with room, so that it is the tables that have none
        superuser.execute("CHECKPOINT")
        delivered = town.deliver("Vor dem Engpass")
        with disk.full():
            for number in range(20):
                with suppress(psycopg.errors.DiskFull):
                    while True:  # until the pages of this table, too, have no room left
                        superuser.execute("""
                            INSERT INTO plans.upload (sha256, filename, size, ags, state)
                            SELECT sha256, filename, size, ags, 'withdrawn' FROM plans.upload LIMIT 1""")
                refused = town.deliver(f"Im Engpass {number}")
                if refused.status != 202:  # in a page that the worker writes in there may be room again
                    break
            assert (refused.status, refused.headers["retry-after"] > "") == (507, True)
            assert "kein Platz" in json.loads(refused.body)["title"]
            assert town.read().status == SERVED, "reading needs no room"
    until(lambda: town.state_of(delivered) == "checked")


def test_the_journal_of_the_database_has_no_room_and_postgresql_ends_itself(
    town: Town, server: Cluster, disk: Disk
) -> None:
    kept = "/ogc/collections/bebauungsplaene/items?f=json&limit=4"
    before = town.stack.get(kept)
    delivered = town.deliver("Vor dem Ende")
    with disk.full():
        with suppress(psycopg.Error), server.superuser() as superuser:
            while True:
                superuser.execute("SELECT pg_logical_emit_message(true, 'room', 'none'), pg_switch_wal()")
        until(lambda: not server.is_running)
        assert town.stack.get(kept).body == before.body, "what was read once is still told"
        assert (town.read().status, town.deliver("Nach dem Ende").status) == (AWAY, AWAY)
    server._launch()
    until(lambda: town.read().status == SERVED)
    until(lambda: town.state_of(delivered) == "checked")


def test_the_worker_has_no_room_and_no_memory_for_a_while(town: Town) -> None:
    """A delivery that it has begun waits, and is no worse for it; it is not given up as one that kills its reader."""
    with bounded(resource.RLIMIT_FSIZE, lambda _: 1_000, town.worker):
        delivered = town.deliver("Kein Platz")
        assert delivered.status == 202
        until(lambda: was_tried_again(town))
        assert town.state_of(delivered) in {"received", "checking"}
    until(lambda: town.state_of(delivered) == "checked")
    with town.owner() as connection:
        attempts = connection.execute("SELECT attempts FROM plans.upload ORDER BY id DESC LIMIT 1").fetchone()
    assert attempts == (1,), "what the machine lacked is not counted against the file"


def was_tried_again(town: Town) -> bool:
    with town.owner() as connection:
        return connection.execute("SELECT FROM jobs.procrastinate_jobs WHERE attempts > 0").fetchone() is not None


def test_a_web_process_is_killed_under_load_and_only_what_is_on_its_way_breaks_off(town: Town) -> None:
    number, kills = 4, 3
    with Readers(town.stack.connection, items, number=number, keep=True) as readers:
        for _ in range(kills):
            # nginx asks twice: nobody waits any more for an answer that has already lost its first process
            until(readers.each_asked_again())
            present = town.stack.web_workers()
            os.kill(present[0], signal.SIGKILL)
            until(lambda present=present: len(set(town.stack.web_workers()) - set(present)) == 1)  # type: ignore[misc]
    # what is on its way when its process dies breaks off, as nothing can take back what a reader has begun to receive
    assert set(readers.outcomes) <= {"200", "IncompleteRead"}
    assert readers.outcomes["IncompleteRead"] <= kills * number, "what each was just being sent"


def test_the_web_server_begins_while_postgresql_is_away(town: Town, server: Cluster) -> None:
    """As when a machine starts, or PostgreSQL looks through its journal after a power cut."""
    server._run("pg_ctl", "stop", "-m", "immediate")
    town.stack.stop_web()
    town.stack.start_web()
    refused = town.read()
    assert (refused.status, refused.headers["retry-after"] > "") == (AWAY, True)
    assert town.stack.get("/readyz").status == AWAY
    server._launch()
    until(lambda: town.stack.get("/readyz").status == SERVED)
    assert [town.read().status for _ in range(20)] == [SERVED] * 20


def test_the_whole_web_server_is_killed_and_readers_wait_at_the_door(town: Town) -> None:
    os.kill(town.stack.web.pid, signal.SIGKILL)
    town.stack.stop_web()
    town.stack.start_web()
    assert town.read().status == SERVED

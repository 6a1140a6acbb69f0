"""Workers and the database are killed in the middle of their work: a plan is old or new, never half, and none is lost.

The readers of the database look on all the while; what they ever saw is part of the verdict.
"""

import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from math import cos, pi, sin
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from geoportal import operations
from geoportal.archive import Archive
from geoportal.database import migrate, owner_engine
from geoportal.database.cluster import Cluster
from geoportal.settings import Settings
from geoportal.states import State
from tests.files import feature, plan, polygon, prop, write, xplangml
from tests.processes import crash_and_restart

OBJEKTE = 40
ROUNDS, KILLS = 20, 10

# Python with all that a worker needs is loaded once; each worker is a fork of it, killed and forked anew in no time.
STABLE = """
import os, sys
from dataclasses import replace
from math import cos, pi, sin
from pathlib import Path
from geoportal import jobs
from geoportal.settings import Settings
settings = replace(Settings.from_env({}), database_url=sys.argv[1], data=Path(sys.argv[2]))
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        os.setsid()
        jobs.work(settings, parallel=1, heartbeat=1)
        os._exit(0)
    print(pid, flush=True)
    os.waitpid(pid, 0)
    print('gone', flush=True)
"""


# Without bubblewrap, whose killed processes are in nobody's account.
STAR = """
import resource, sys
from pathlib import Path
from geoportal import sandbox
from plans_ingest import UnsafeFile
try:
    sandbox.read(Path(sys.argv[1]), 'star.gml', workdir=Path(sys.argv[2]), bubblewrap=False)
except UnsafeFile as refused:
    print(refused)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime)
print(used.ru_maxrss)
"""


class Worker:
    """One worker at a time, out of the stable; `kill` is SIGKILL and waits until it is gone."""

    def __init__(self, url: str, data: Path) -> None:
        self._stable = subprocess.Popen(
            [sys.executable, "-c", STABLE, url, str(data)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._pid = 0

    def start(self) -> None:
        assert self._stable.stdin is not None
        assert self._stable.stdout is not None
        self._stable.stdin.write("\n")
        self._stable.stdin.flush()
        self._pid = int(self._stable.stdout.readline())

    def kill(self) -> None:
        assert self._stable.stdout is not None
        os.kill(self._pid, signal.SIGKILL)
        assert self._stable.stdout.readline() == "gone\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        self._stable.communicate(timeout=240)


class Witness:
    """Counts the objects of the public plan, all the time; a number that no whole delivery has is half a plan."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._over = threading.Event()
        self.seen: set[tuple[int, int]] = set()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._over.wait(0.02):
            try:
                with self._engine.connect() as connection:
                    row = connection.execute(
                        text(
                            "SELECT (SELECT count(*) FROM ogc.bebauungsplaene), (SELECT count(*) FROM ogc.planinhalte)"
                        )
                    ).one()
            except OperationalError:
                continue
            self.seen.add((row[0], row[1]))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def document(name: str, objekte: int = OBJEKTE) -> str:
    things = [feature("BP_GruenFlaeche", f"{name}{n}", prop("position", polygon(f"{n} 0 {n + 1} 0 {n + 1} 1 {n} 0")))
              for n in range(objekte)]  # fmt: skip
    return xplangml(plan(name=name), *things)


def uploads(engine: Engine) -> list[tuple[State, int]]:
    return [(item.state, item.attempts) for item in operations.latest_uploads(engine, 200)]


def wait_until_all_are_published(engine: Engine, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if all(state is State.PUBLISHED for state, _ in uploads(engine)):
                return
        except OperationalError:
            pass
        assert time.monotonic() < deadline, uploads(engine)
        time.sleep(0.1)


def wait_unless_done(engine: Engine, seconds: float) -> float:
    """Until they are over; or until the newest upload is through, and then how long that took."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        if uploads(engine)[0][0] is State.PUBLISHED:
            return passed
        time.sleep(min(0.02, seconds - passed))
    return seconds


def wait_until_one_is_begun(engine: Engine, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while uploads(engine)[0][0] is State.RECEIVED:
        assert time.monotonic() < deadline, uploads(engine)
        time.sleep(0.01)


@contextmanager
def engine_of(settings: Settings) -> Iterator[Engine]:
    engine = owner_engine(settings.require_database_url())
    yield engine
    engine.dispose()


def test_twenty_rounds_with_ten_kills_publish_every_plan_once(database: Settings, tmp_path: Path) -> None:
    chance = random.Random(3)
    archive = Archive(database.archive)
    url = database.require_database_url()
    killed = dict.fromkeys(State, 0)
    with engine_of(database) as engine, Worker(url, database.data) as worker:
        operations.prepare(engine)
        started = time.monotonic()
        operations.deliver(engine, archive, write(tmp_path / "0.gml", document("Fassung 0")))
        lasts = time.monotonic() - started
        with Witness(engine) as witness:
            for number in range(1, ROUNDS + 1):
                worker.start()
                operations.receive(engine, archive, write(tmp_path / f"{number}.gml", document(f"Fassung {number}")))
                # each tenth of an ingest twice, somewhere within it; how long a worker takes to begin is no part of it
                wait_until_one_is_begun(engine, 240)
                wanted = lasts * (number % KILLS + chance.random()) / KILLS
                if (passed := wait_unless_done(engine, wanted)) < wanted:
                    lasts = passed  # the machine had more to do when it was measured
                worker.kill()
                killed[uploads(engine)[0][0]] += 1
                worker.start()
                wait_until_all_are_published(engine, 240)
                worker.kill()
        with engine.connect() as connection:
            names = connection.scalars(text("SELECT name FROM plans.version ORDER BY version")).all()
            objekte = connection.scalars(
                text("""
                    SELECT DISTINCT count(o.id)
                    FROM plans.version v LEFT JOIN plans.planobjekt o ON o.version_id = v.id GROUP BY v.id
                """)
            ).all()
            public = connection.scalars(text("SELECT name FROM ogc.bebauungsplaene")).all()
            half = connection.scalar(
                text("SELECT count(*) FROM plans.version WHERE state NOT IN ('published', 'superseded')")
            )
    assert witness.seen == {(1, OBJEKTE)}, "somebody saw half a plan"
    assert names == [f"Fassung {number}" for number in range(ROUNDS + 1)], "lost, double, or out of order"
    assert objekte == [OBJEKTE]
    assert public == [f"Fassung {ROUNDS}"]
    assert half == 0
    assert killed[State.CHECKING] >= KILLS // 2, f"the kills came too early or too late: {killed}"
    assert operations.sweep(engine, archive, seconds=-1) >= killed[State.CHECKING] // 2, "what the killed left behind"
    assert all(archive.path(digest).exists() for digest in referenced(database))


def referenced(settings: Settings) -> list[str]:
    with engine_of(settings) as engine, engine.connect() as connection:
        return list(connection.scalars(text("SELECT sha256 FROM plans.upload UNION SELECT sha256 FROM plans.delivery")))


def test_a_restart_of_the_database_loses_nothing(open_folder: Path, tmp_path: Path) -> None:
    """Durable, because the server is killed: a careless one may lose what it has confirmed, and rightly so."""
    with Cluster(open_folder / "killed") as cluster:
        settings = replace(Settings.from_env({}), database_url=cluster.url, data=tmp_path / "data")
        archive = Archive(settings.archive)
        with engine_of(settings) as engine, Worker(cluster.url, settings.data) as worker:
            migrate(engine)
            operations.prepare(engine)
            operations.deliver(engine, archive, write(tmp_path / "0.gml", document("Fassung 0")))
            with Witness(engine) as witness:
                worker.start()
                for number in range(1, 4):
                    operations.receive(
                        engine, archive, write(tmp_path / f"{number}.gml", document(f"Fassung {number}"))
                    )
                    time.sleep(0.4 * number)
                    crash_and_restart(cluster)
                wait_until_all_are_published(engine, 240)
                worker.kill()
            with engine.connect() as connection:
                names = connection.scalars(text("SELECT name FROM plans.version ORDER BY version")).all()
                count = connection.scalar(text("SELECT count(*) FROM plans.planobjekt"))
    assert witness.seen == {(1, OBJEKTE)}
    assert names == [f"Fassung {number}" for number in range(4)]
    assert count == 4 * OBJEKTE


def test_an_upload_of_500_mb_fits_in_little_memory(database: Settings, tmp_path: Path) -> None:
    file = tmp_path / "big.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as opened:
        reference = prop("externeReferenz", "<xplan:XP_SpezExterneReferenz><xplan:referenzName>S</xplan:referenzName>"
                         "<xplan:referenzURL>scan.dat</xplan:referenzURL></xplan:XP_SpezExterneReferenz>")  # fmt: skip
        opened.writestr("xplan.gml", xplangml(plan(extra=reference)))
        with opened.open("scan.dat", "w", force_zip64=True) as scan:
            for _ in range(500):
                scan.write(bytes(1024**2))
    with engine_of(database) as engine:
        operations.prepare(engine)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        archive = Archive(database.archive)
        operations.process(engine, archive, operations.receive(engine, archive, file))
        assert uploads(engine) == [(State.PUBLISHED, 1)]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100_000, f"{grown} kB"
    for path in database.archive.rglob("*"):
        if path.is_file():
            path.unlink()


@pytest.mark.parametrize("points", [2_001, 10_001])
def test_a_star_is_refused_before_it_is_mended(tmp_path: Path, points: int) -> None:
    turns = [2 * pi * (points // 2) * n / points for n in range(points + 1)]
    corners = " ".join(f"{100 + 99 * cos(turn):.6f} {100 + 99 * sin(turn):.6f}" for turn in turns)
    file = write(tmp_path / "star.gml", xplangml(plan(outline=polygon(corners))))
    # A process of its own does the asking, because the largest child of this one may have been another test's.
    asked = subprocess.run(
        [sys.executable, "-c", STAR, str(file), str(tmp_path)], capture_output=True, text=True, check=True, timeout=120
    )
    words, seconds, kilobytes = asked.stdout.splitlines()
    assert "überschneidet sich" in words
    # most of it is the start of the reader
    assert float(seconds) < 10
    assert int(kilobytes) < 400_000

"""What is done to a portal, and who looks on meanwhile: what readers ever saw is part of the verdict."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import cos, pi, sin
from pathlib import Path
from typing import Self

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from geoportal import operations
from geoportal.database import owner_engine
from geoportal.settings import Settings
from geoportal.states import State
from tests.files import plan, polygon, write, xplangml

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
        self.pid = 0

    def start(self) -> None:
        assert self._stable.stdin is not None
        assert self._stable.stdout is not None
        self._stable.stdin.write("\n")
        self._stable.stdin.flush()
        self.pid = int(self._stable.stdout.readline())

    def kill(self) -> None:
        assert self._stable.stdout is not None
        os.kill(self.pid, signal.SIGKILL)
        assert self._stable.stdout.readline() == "gone\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        # nothing is left to say to the stable, and on a busy machine Python takes long to end by itself
        self._stable.kill()
        self._stable.communicate()


class Witness:
    """Counts public plans and their objects, all the time; numbers that no whole deliveries have are half a plan."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._over = threading.Event()
        self.seen: set[tuple[int, int]] = set()
        self.looks = 0
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
            self.looks += 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


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


@dataclass(frozen=True)
class Refused:
    words: str
    cpu_seconds: float
    megabytes: float


def refuse_a_star(folder: Path, points: int) -> Refused:
    """Has a plan read whose outline crosses itself so often that mending it would take minutes and gigabytes.

    A process of its own does the asking, because the largest child of this one may have been another's.
    """
    turns = [2 * pi * (points // 2) * n / points for n in range(points + 1)]
    corners = " ".join(f"{100 + 99 * cos(turn):.6f} {100 + 99 * sin(turn):.6f}" for turn in turns)
    file = write(folder / "star.gml", xplangml(plan(outline=polygon(corners))))
    asked = subprocess.run(
        [sys.executable, "-c", STAR, str(file), str(folder)], capture_output=True, text=True, check=True, timeout=120
    )
    words, seconds, kilobytes = asked.stdout.splitlines()
    return Refused(words, float(seconds), int(kilobytes) / 1000)

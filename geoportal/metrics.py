"""What processes count about themselves, and the sum over all that live on this machine.

Each server and worker writes to a folder of its own below `run/metrics` (prometheus-client's files, one per process and
kind); whoever is asked for the figures adds the files up. A folder whose process is gone goes with it: to Prometheus
that is a restart, which it knows. Who lives holds a lock there: that is seen from another container too, where numbers
of processes mean nothing, and ends with the process however it ends.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Final, override

from prometheus_client import Counter, Histogram, values
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

ROLES: Final = ("web", "work")
_LOCK: Final = "lives"

REQUESTS: Final = Histogram(
    "geoportal_request_seconds",
    "Time until the first byte of an answer, by route template",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30),
)
REFUSED: Final = Counter("geoportal_refused", "Requests refused before any work was done, by reason", ["reason"])
ABANDONED: Final = Counter(
    "geoportal_abandoned", "Statements cancelled because whoever asked had left, by role", ["role"]
)
ANSWERS: Final = Counter(
    "geoportal_answers",
    "Answers of the OGC API by where they came from: held (304), kept (in memory), made",
    ["route", "where"],
)
KEPT_TILES: Final = Counter(
    "geoportal_tiles",
    "Pictures of map and background by where they came from: kept (on the disk), made",
    ["of", "where"],
)
READINGS_ENDED: Final = Counter(
    "geoportal_readings_ended", "Reading processes that were ended or died, by reason", ["reason"]
)
LETTERS: Final = Counter(
    "geoportal_letters", "Letters by what for and how it went: sent, later, failed", ["kind", "how"]
)


def begin(run: Path, role: str, environ: MutableMapping[str, str]) -> None:
    """From now on this process, and those that it forks, write what they count below `run`. For entrances only."""
    name = secrets.token_hex(8)
    unfinished, folder = run / "metrics" / name, run / "metrics" / f"{role}-{name}"
    unfinished.mkdir(parents=True)
    # never closed; those that are forked hold it too, and programs that are started do not
    fcntl.flock(os.open(unfinished / _LOCK, os.O_CREAT | os.O_RDWR, 0o660), fcntl.LOCK_EX)
    unfinished.rename(folder)
    # prometheus-client looks when it is imported, which is before anybody has read the settings
    environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue()


class LivingProcesses(Collector):
    """The figures of all processes that write below `run/metrics` and live."""

    def __init__(self, run: Path) -> None:
        self._folder = run / "metrics"

    @override
    def collect(self) -> Iterator[Metric]:
        files: list[str] = []
        living = dict.fromkeys(ROLES, 0)
        for folder in self._folder.glob("*-*"):
            if _is_held(folder / _LOCK):
                files += map(str, folder.glob("*.db"))
                living[folder.name.partition("-")[0]] += 1
            else:
                shutil.rmtree(folder, ignore_errors=True)
        processes = GaugeMetricFamily("geoportal_processes", "Servers and workers that live", labels=["role"])
        for role, number in living.items():
            processes.add_metric([role], number)
        yield processes
        yield from MultiProcessCollector.merge(files, accumulate=True)


def _is_held(lock: Path) -> bool:
    try:
        with lock.open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False

"""What processes count about themselves, and the sum over all that live on this machine.

Each server and worker writes to a folder of its own below `run/metrics` (prometheus-client's files, one per process and
kind); whoever is asked for the figures adds the files up. A folder whose process is gone goes with it: to Prometheus
that is a restart, which it knows.
"""

import os
import shutil
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Final, override

from prometheus_client import Counter, Histogram, values
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

ROLES: Final = ("web", "work")

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
    folder = run / "metrics" / f"{role}-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
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
            role, _, pid = folder.name.rpartition("-")
            if Path("/proc", pid).exists():
                files += map(str, folder.glob("*.db"))
                living[role] += 1
            else:
                shutil.rmtree(folder, ignore_errors=True)
        processes = GaugeMetricFamily("geoportal_processes", "Servers and workers that live", labels=["role"])
        for role, number in living.items():
            processes.add_metric([role], number)
        yield processes
        yield from MultiProcessCollector.merge(files, accumulate=True)

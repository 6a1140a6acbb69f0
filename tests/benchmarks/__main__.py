"""`make bench`: the product beside its peers, on the same rows and the same requests, in turn.

What counts is CPU time, of the server's processes and of PostgreSQL's, for each request: a busy machine makes answers
late, but not dear. Ratios within one run are worth more than figures of two runs. A system that fails costs its own
figures and no others; which one it was is told at the end, and by the exit code.
"""

import argparse
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import psycopg
import requests

from geoportal.database import owner_engine
from geoportal.database.cluster import Cluster
from geoportal.database.migrating import migrate
from geoportal.installing.plan import database_buffers
from geoportal.settings import CHECKOUT, Settings
from tests.benchmarks import cpu, page, stock, systems
from tests.benchmarks.page import BARE, FIRST_PAGES, LAST_PAGES, OURS, Results, Tile
from tests.benchmarks.systems import Ask, System
from tests.benchmarks.works import Work, tile_of, works

_WARMING: Final = 8
_ROUNDS: Final = 4
_ZOOMS: Final = range(8, 17)
_FAULTS: Final = (
    OSError,
    ValueError,
    KeyError,
    psycopg.Error,
    subprocess.SubprocessError,
    systems.SystemFault,
)


class NotOffered(Exception):
    """The system does no such work."""


@dataclass
class Run:
    """The data that are asked for, who answers, and what came of it so far."""

    connection: psycopg.Connection
    postmaster: int
    systems: list[System] = field(default_factory=list)
    results: Results = field(default_factory=dict)
    tiles: dict[int, Tile] = field(default_factory=dict)
    memory: int = 0
    failures: list[str] = field(default_factory=list)

    def failed(self, what: str, error: Exception) -> None:
        self.failures.append(f"{what}: {type(error).__name__}: {str(error)[:300]}")
        print(f"FAILED {self.failures[-1]}", file=sys.stderr, flush=True)

    @contextmanager
    def started(self, manager: AbstractContextManager[System], name: str) -> Iterator[None]:
        """With this system until the end of the block, or without it when it cannot be started."""
        with ExitStack() as running:
            try:
                self.systems.append(running.enter_context(manager))
            except _FAULTS as error:
                self.failed(f"{name} did not start", error)
            yield
            try:
                running.close()
            except _FAULTS as error:
                self.failed(f"{name} did not stop", error)

    def measure(self, work: Work, system: System | None, asks: Sequence[Ask]) -> float:
        """CPU milliseconds per request. `system` None is the bare statement. Raises NotOffered."""
        roots = (self.postmaster,) if system is None else (self.postmaster, system.process)
        before = cpu.seconds(*roots)
        for ask in asks:
            if system is None:
                if work.bare is None:
                    raise NotOffered
                statement, values = work.bare(ask)
                self.connection.execute(statement, values, prepare=False).fetchone()
            elif (url := system.url(ask)) is None:
                raise NotOffered
            else:
                system.fetch(url)
        return 1000 * (cpu.seconds(*roots) - before) / len(asks)

    def in_turn(self, work: Work, warming: Sequence[Ask]) -> dict[str, float]:
        """Rounds, so that whatever else the machine does meets all alike. Other requests of the kind come before
        them and are not counted: each worker opens connections, and the first transformation in each costs more than
        an answer.
        """
        spent: dict[str, list[float]] = {}
        left_out: set[str] = set()
        for number in range(_ROUNDS):
            for system in (None, *self.systems):
                name = system.name if system else BARE
                if name in left_out:
                    continue
                try:
                    for ask in warming if number == 0 else ():
                        self.measure(work, system, [ask])
                        if system is not None:
                            system.hang_up()
                    spent.setdefault(name, []).append(self.measure(work, system, work.asks[number::_ROUNDS]))
                except NotOffered:
                    left_out.add(name)
                except _FAULTS as error:
                    left_out.add(name)
                    self.failed(f"{name}: {work.title}", error)
        return {name: sum(values) / len(values) for name, values in spent.items() if name not in left_out}

    def follow(self, system: System, pages: int) -> tuple[float, float] | None:
        """CPU milliseconds per page of 1000, of the first pages and of the last of so many, by the links `next`."""
        url = system.url(Ask(1000))
        spent: list[float] = []
        while url is not None and len(spent) < pages:
            before = cpu.seconds(self.postmaster, system.process)
            document = json.loads(system.fetch(url))
            spent.append(1000 * (cpu.seconds(self.postmaster, system.process) - before))
            url = next((link["href"] for link in document["links"] if link["rel"] == "next"), None)
        quarter = max(len(spent) // 4, 1)
        return (sum(spent[:quarter]) / quarter, sum(spent[-quarter:]) / quarter) if spent else None

    def heaviest(self, system: System, zoom: int) -> Tile:
        """Of the tile in the middle of the Kreis and its eight neighbours the largest, and the dearest."""
        _, row, col = tile_of(random.Random(stock.SEED), zoom)
        sizes, spent = [0], [0.0]
        for place in ((row + down, col + right) for down in (-1, 0, 1) for right in (-1, 0, 1)):
            before = cpu.seconds(self.postmaster, system.process)
            with suppress(requests.HTTPError):  # beyond the plans there are no tiles
                sizes.append(len(system.fetch(system.url(Ask(tile=(zoom, *place))) or "")))
                spent.append(1000 * (cpu.seconds(self.postmaster, system.process) - before))
        return Tile(max(sizes), max(spent))

    def all(self, asked: argparse.Namespace) -> None:
        plans = [str(row[0]) for row in self.connection.execute("SELECT id FROM peer.bebauungsplaene ORDER BY id")]
        warming = works(plans, _WARMING, stock.SEED + 1)
        for work, warm in zip(works(plans, asked.requests, stock.SEED), warming, strict=True):
            self.results[work.title] = self.in_turn(work, warm.asks[:_WARMING])
            told = {name: round(value, 1) for name, value in self.results[work.title].items()}
            print(work.title, told, flush=True)
        ours = next((system for system in self.systems if system.name == OURS), None)
        for zoom in _ZOOMS:
            if ours is None:
                break
            try:
                self.tiles[zoom] = self.heaviest(ours, zoom)
            except _FAULTS as error:
                self.failed(f"heaviest tile, zoom {zoom}", error)
        self.memory = cpu.memory(ours.process) if ours else 0
        for system in self.systems:
            try:
                followed = self.follow(system, asked.pages)
            except _FAULTS as error:
                self.failed(f"{system.name}: pages", error)
                continue
            if followed is not None:
                for title, value in zip((FIRST_PAGES, LAST_PAGES), followed, strict=True):
                    self.results.setdefault(title, {})[system.name] = value


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--plans", type=int, default=200_000)
    parser.add_argument("--points", type=int, default=300_000)
    parser.add_argument("--requests", type=int, default=40, help="of each kind, for each system")
    parser.add_argument("--pages", type=int, default=200, help="of 1000 features, one after the other")
    parser.add_argument("--folder", type=Path, default=CHECKOUT / "data" / "bench", help="kept for the next run")
    parser.add_argument("--write", action="store_true", help=f"write {page.FILE.relative_to(CHECKOUT)}")
    asked = parser.parse_args()
    folder: Path = asked.folder / f"{asked.plans}-{asked.points}"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    asked.folder.chmod(0o711)
    load = os.getloadavg()[0]
    with Cluster(folder / "postgres", durable=False, buffers=database_buffers()) as cluster:
        settings = replace(cluster.settings(Settings.from_env({})), data=folder / "data")
        built = folder / "built"
        if not built.exists():
            print(f"building {asked.plans} plans and {asked.points} points in {folder}", flush=True)
            stock.build(settings, folder / "layers", asked.plans, asked.points)
            built.touch()
        migrate(owner_engine(cluster.url))  # the data may be of an earlier run, with older programs
        with psycopg.connect(cluster.url, autocommit=True) as connection, ExitStack() as running:
            # what a migration has changed is tidied now, and not by the server while somebody is measured
            connection.execute("VACUUM ANALYZE")
            connection.execute("SET jit = off")
            connection.execute("SET max_parallel_workers_per_gather = 0")
            [backend] = connection.execute("SELECT pg_backend_pid()").fetchone() or [0]
            run = Run(connection, cpu.parent(backend))
            for name, system in systems.SYSTEMS.items():
                running.enter_context(run.started(system(settings, folder), name))
            try:
                run.all(asked)
            finally:  # what was measured until somebody lost patience
                print(page.table(run.results), flush=True)
        # after all have stopped, or have been stopped
        print(page.about_tiles(run.tiles), f"memory of the server: {run.memory / 2**20:.0f} MB", sep="\n", flush=True)
        if asked.write:
            page.write(run.results, run.tiles, run.memory, run.failures, asked, load)
    for failure in run.failures:
        print(f"FAILED {failure}", file=sys.stderr)
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())

"""`make faults`: after the tests, the figures of what faults cost (docs/goals.md). Nothing is judged by time.

Kills: deliveries of twelve plans each; workers, the database or everything at once are killed in the midst of them;
the database is durable. Outages: an installed machine on loopback, whose readers ask while PostgreSQL is away. Then a
start of the web server from files that nobody has in memory, a geometry that would take minutes to mend, and how soon
a delivery that is being read ends when it is taken back, and tells how far it is.

    scripts/faults.py [--kills 50 30 5] [--outages 3] [--seconds 5] [--starts 3] [--only kills outages starts …]
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http.client import HTTPException
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg
from sqlalchemy import Engine, text

from geoportal import operations
from geoportal.archive import Archive
from geoportal.database.cluster import Cluster
from geoportal.database.migrating import migrate
from geoportal.settings import CHECKOUT, Settings
from geoportal.states import State
from tests.benchmarks import cpu, stock
from tests.faults import Witness, Worker, engine_of, refuse_a_star, wait_until_all_are_published
from tests.files import bereich, feature, link, plan, polygon, prop, write, xplangml
from tests.load import box
from tests.processes import crash_and_restart
from tests.stack import Stack, machine

PLANS, OBJECTS = 12, 10  # of a delivery; of each of its plans
CACHED, READERS = 40, 4
SERVED = 200
LATE: Final = text("SELECT extract(epoch FROM clock_timestamp() - changed_at) FROM plans.upload WHERE id = :upload")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, nargs=3, default=(50, 30, 5), help="of workers, database, everything")
    parser.add_argument("--seed", type=int, default=5, help="of the moments of the kills")
    parser.add_argument("--outages", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="that the database is away")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    given = parser.parse_args()
    for name in given.only:
        print(f"== {name}, load {os.getloadavg()[0]:.1f}", flush=True)
        PARTS[name](given)


# Kills


def kills(given: argparse.Namespace) -> None:
    chance = random.Random(given.seed)  # noqa: S311 - the same moments in every run
    whom = [
        each for each, number in zip(("worker", "database", "all"), given.kills, strict=True) for _ in range(number)
    ]
    chance.shuffle(whom)
    with reading() as (folder, cluster, engine, archive, worker):
        began = time.monotonic()
        operations.deliver(engine, archive, write(folder / "0.gml", delivery(0)))
        lasts, states = time.monotonic() - began, Counter[State]()
        with Witness(engine) as witness:
            for number, each in enumerate(whom, 1):
                worker.start()
                operations.receive(engine, archive, write(folder / "next.gml", delivery(number)))
                if chance.random() < 0.8:  # the others are hit before they are begun
                    wait_until(lambda: operations.latest_uploads(engine, 1)[0].state is not State.RECEIVED)
                    time.sleep(lasts * chance.random())
                states[operations.latest_uploads(engine, 1)[0].state] += 1
                if each == "database":
                    crash_and_restart(cluster)
                else:
                    worker.kill()
                    if each == "all":
                        kill_server(cluster)
                    worker.start()
                wait_until_all_are_published(engine, 600)
                worker.kill()
        with engine.connect() as connection:
            rows = connection.execute(
                text("""
                SELECT version.name, count(*) FILTER (WHERE state = 'published') AS public, count(*) AS versions,
                    min(number) AS least, max(number) AS most
                FROM plans.version CROSS JOIN LATERAL (
                    SELECT count(*) AS number FROM plans.planobjekt WHERE version_id = version.id) AS objects
                GROUP BY version.name""")
            ).all()
    wanted = {title(number, one) for number in range(len(whom) + 1) for one in range(PLANS)}
    half = {seen for seen in witness.seen if seen[0] % PLANS or seen[1] != seen[0] * OBJECTS}
    lost, double = wanted - {row.name for row in rows}, [row for row in rows if row.versions > 1]
    partly = [row for row in rows if (row.least, row.most, row.public) != (OBJECTS, OBJECTS, 1)]
    print(
        f"{len(wanted)} plans in {len(whom) + 1} deliveries, killed {dict(Counter(whom))} while the delivery was "
        f"{dict(states)}: half published, ever seen {len(half)}, at the end {len(partly)}; lost {len(lost)}, "
        f"double {len(double)}; looked at {witness.looks} times; {time.monotonic() - began:.0f} s",
        flush=True,
    )


def title(number: int, one: int) -> str:
    return f"Plan {number}-{one}"


def delivery(number: int) -> str:
    parts = []
    for one in range(PLANS):
        told = link("bereich", f"b{one}")
        parts += [
            plan(f"p{one}", name=title(number, one), nummer=f"{number}-{one}", extra=told),
            bereich(f"b{one}", f"p{one}"),
        ]
        for n in range(OBJECTS):
            place = prop("position", polygon(f"{n} 0 {n + 1} 0 {n + 1} 1 {n} 0"))
            parts.append(feature("BP_GruenFlaeche", f"o{one}-{n}", place + link("gehoertZuBereich", f"b{one}")))
    return xplangml(*parts)


def kill_server(cluster: Cluster) -> None:
    """All its processes at once, by SIGKILL, as when a machine is switched off; but what the kernel has, it keeps."""
    url, postmaster = cluster.url, int(cluster._postmaster()[0])
    pids = [postmaster, *descendants(postmaster)]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    # whoever is not yet gone holds its port
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    cluster._launch()
    if cluster.url != url:
        raise SystemExit("PostgreSQL came back at another port")


def descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with suppress(OSError):
            for child in map(int, (task / "children").read_text("ascii").split()):
                found += [child, *descendants(child)]
    return found


# An outage of the database, as readers see it


@dataclass(frozen=True)
class Asked:
    began: float
    ended: float
    is_cached: bool
    outcome: int | str


class Asking:
    """Readers without pause: every other question is one that was asked before. A context manager."""

    def __init__(self, stack: Stack) -> None:
        self._stack, self._over, self.asked = stack, threading.Event(), list[Asked]()
        chance = random.Random(1)  # noqa: S311
        self.cached = [items(chance) for _ in range(CACHED)]
        self._threads = [threading.Thread(target=self._ask, args=(seed,)) for seed in range(READERS)]

    def __enter__(self) -> "Asking":
        for path in self.cached:
            if self._stack.get(path).status != SERVED:
                raise SystemExit(f"{path} is not answered")
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, seed: int) -> None:
        chance = random.Random(f"{seed} {time.time()}")  # noqa: S311
        while not self._over.is_set():
            is_cached = chance.random() < 0.5
            path, began = chance.choice(self.cached) if is_cached else items(chance), time.monotonic()
            outcome: int | str
            try:
                outcome = self._stack.get(path).status
            except (OSError, HTTPException) as fault:
                outcome = type(fault).__name__
            self.asked.append(Asked(began, time.monotonic(), is_cached, outcome))


def items(chance: random.Random) -> str:
    return f"/ogc/collections/bebauungsplaene/items?f=json&limit=100&bbox={box(chance)}"


def outages(given: argparse.Namespace) -> None:
    with portal() as (stack, cluster):
        for number in range(given.outages):
            with Asking(stack) as asking:
                time.sleep(2)
                aged = stack.age_copies(2)
                gone = time.monotonic()
                cluster._run("pg_ctl", "stop", "-m", "immediate" if number % 2 == 0 else "fast")
                time.sleep(given.seconds)
                cluster._launch()
                back = time.monotonic()
                wait_until(lambda back=back, asking=asking: any(fresh_and_good(each, back) for each in asking.asked))  # type: ignore[misc]
                first = min(each.ended for each in asking.asked if fresh_and_good(each, back))
                time.sleep(3)
            away = [each for each in asking.asked if gone <= each.began and each.ended <= back]
            cached = Counter(each.outcome for each in away if each.is_cached)
            fresh = Counter(each.outcome for each in away if not each.is_cached)
            late = [each for each in asking.asked if each.began > first and each.outcome != SERVED]
            share = 100 * cached[SERVED] / max(1, cached.total())
            print(
                f"away {back - gone:.1f} s, {aged} answers in nginx no longer fresh; asked before {dict(cached)}, "
                f"so {share:.1f} % as ever; new {dict(fresh)}; "
                f"first good answer {first - back:.2f} s after it was back, late faults {len(late)} of "
                f"{sum(each.began > first for each in asking.asked)}",
                flush=True,
            )


def fresh_and_good(each: Asked, back: float) -> bool:
    return not each.is_cached and each.began >= back and each.outcome == SERVED


# A start of the web server


def starts(given: argparse.Namespace) -> None:
    with portal() as (stack, _):
        for _ in range(given.starts):
            stack.stop_web()
            forgotten = forget_files()
            began = time.monotonic()
            stack.start_web()
            alive, spent = time.monotonic() - began, cpu.seconds(stack.web.pid)
            wait_until(lambda: stack.get("/readyz").status == SERVED)
            print(
                f"answers after {alive:.1f} s, ready after {time.monotonic() - began:.1f} s; {spent:.1f} s of CPU; "
                f"{forgotten} files not in memory before, load {os.getloadavg()[0]:.1f}",
                flush=True,
            )


def forget_files() -> int:
    """Programs and packages leave the memory of the kernel, as far as no other process has them open."""
    number = 0
    for folder in (Path(sys.prefix), Path(sys.base_prefix) / "lib", CHECKOUT / "geoportal", CHECKOUT / "plans_ingest"):
        for file in folder.rglob("*"):
            if file.is_file():
                with file.open("rb") as opened:
                    os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                number += 1
    return number


# What a reading costs, and how soon it ends


def star(_: argparse.Namespace) -> None:
    with open_folder() as folder:
        for points in (2_001, 10_001):
            began = time.monotonic()
            refused = refuse_a_star(folder, points)
            print(
                f"{points} points: {refused.cpu_seconds:.1f} s of CPU, {refused.megabytes:.0f} MB, "
                f"{time.monotonic() - began:.1f} s: {refused.words}",
                flush=True,
            )


def cancel(_: argparse.Namespace) -> None:
    large = [feature("BP_GruenFlaeche", f"o{n}", prop("position", polygon())) for n in range(100_000)]
    with reading() as (folder, cluster, engine, archive, worker):
        file = write(folder / "large.gml", xplangml(plan(), *large))
        with psycopg.connect(cluster.url, autocommit=True) as listener, engine.connect() as asking:
            listener.execute("LISTEN geoportal_upload")
            number = operations.receive(engine, archive, file)
            worker.start()
            # the first step was told while nobody listened yet
            for notice in listener.notifies(timeout=300):
                if json.loads(notice.payload)["step"] == "reading":
                    told = asking.scalar(LATE, {"upload": number})
                    break
        wait_until(lambda: any(is_reader(pid) for pid in descendants(worker.pid)))
        time.sleep(1)
        began = time.monotonic()
        operations.cancel(engine, number)
        wait_until(lambda: not any(is_reader(pid) for pid in descendants(worker.pid)))
        print(
            f"a reading of {file.stat().st_size / 1e6:.0f} MB is over {time.monotonic() - began:.2f} s after it was "
            f"taken back; that it began was told within {told:.3f} s",
            flush=True,
        )


def is_reader(pid: int) -> bool:
    with suppress(OSError):
        return b"plans_ingest.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


# What they share


@contextmanager
def portal() -> Iterator[tuple[Stack, Cluster]]:
    """An installed machine on loopback with 2,000 plans."""
    with machine((CHECKOUT / "tests/layers").iterdir()) as (settings, cluster):
        (settings.home / "data").symlink_to(CHECKOUT / "data")
        stock.build(settings, settings.home / "layers", 2_000, 1_000)
        with engine_of(settings) as engine:
            operations.sync_layers(engine, settings)
        with Stack(settings) as stack:
            yield stack, cluster


@contextmanager
def reading() -> Iterator[tuple[Path, Cluster, Engine, Archive, Worker]]:
    """A folder for files, a durable database that nobody else uses, and a worker who has not begun yet."""
    with open_folder() as folder, Cluster(folder / "postgres") as cluster:
        settings = replace(cluster.settings(Settings.from_env({})), data=folder / "data")
        with engine_of(settings) as engine, Worker(cluster.url, settings.data) as worker:
            migrate(engine)
            operations.prepare(engine)
            yield folder, cluster, engine, Archive(settings.archive), worker


@contextmanager
def open_folder() -> Iterator[Path]:
    """One that the account of PostgreSQL may enter."""
    with tempfile.TemporaryDirectory(prefix="geoportal-faults-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while True:
        with suppress(OSError, HTTPException):
            if condition():
                return
        if time.monotonic() > deadline:
            raise SystemExit("it did not happen within five minutes")
        time.sleep(0.02)


PARTS: Final = {"kills": kills, "outages": outages, "starts": starts, "star": star, "cancel": cancel}

if __name__ == "__main__":
    main()

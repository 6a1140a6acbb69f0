"""How an installed machine bears up, in one table: nginx, web server, worker and PostgreSQL as `geoportal install` has
them, on loopback, over TLS, with a database of its own that is thrown away afterwards.

    scripts/load.py [--plans 20000] [--seconds 20] [--readers 8] [--restarts 20000] [--soak 0]

Boxes are random and never the same twice, so that no memory answers, but for the few addresses of discovery. Readers
ask without pause: the rate is what the
machine gives, and the client shares its processors. Three kinds as INSPIRE has them (discovery, view, download), tiles,
whole pages of a thousand features, 21 planners who deliver at once while others read, new web servers under load, and
a soak of so many seconds. Memory is that of the web server's processes (PSS, MB).
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import asinh, pi, radians, tan
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from geoportal import operations
from geoportal.database import owner_engine
from geoportal.database.cluster import OWNER, Cluster
from geoportal.settings import CHECKOUT, DESK_ROLE, READ_ROLE, SENSORS_ROLE, Settings
from plans_ingest.gemeinden import all_gemeinden
from tests.benchmarks import stock
from tests.desk import token_for
from tests.files import feature, plan, polygon, prop, xplangml
from tests.load import AREA, Readers, box, items, quantile
from tests.stack import Stack

DISCOVERY = ("/ogc/", "/ogc/collections", "/ogc/collections/bebauungsplaene", "/ogc/conformance", "/ogc/openapi")
type Path_ = Callable[[random.Random], str]


def discovery(chance: random.Random) -> str:
    return f"{chance.choice(DISCOVERY)}?f=json&lang={chance.choice(('de', 'en'))}"


def view(chance: random.Random) -> str:
    return f"/ogc/collections/bebauungsplaene/map?f=png&width=800&height=600&bbox={box(chance)}"


def whole_pages(chance: random.Random) -> str:
    return f"/ogc/collections/bebauungsplaene/items?f=json&limit=1000&bbox=8.3,50.5,{9 + chance.random() / 10:.7f},51.1"


def tiles(chance: random.Random) -> str:
    zoom = chance.randint(10, 16)
    lon, lat = chance.uniform(AREA[0], AREA[2]), chance.uniform(AREA[1], AREA[3])
    column = int((lon + 180) / 360 * 2**zoom)
    row = int((1 - asinh(tan(radians(lat))) / pi) / 2 * 2**zoom)
    return f"/ogc/tiles/WebMercatorQuad/{zoom}/{row}/{column}?f=mvt"


def mixed(chance: random.Random) -> str:
    kind: Path_ = chance.choices((tiles, items, discovery, view), (60, 25, 10, 5))[0]
    return kind(chance)


def memory(stack: Stack) -> float:
    """Megabytes that the web server's processes have for themselves or share, each counted in part."""
    total = 0
    for pid in (stack.web.pid, *stack.web_workers()):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
        total += int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1])
    return total / 1024


def row(name: str, asked: Readers, took: float, stack: Stack, before: float) -> None:
    print(
        f"{name:34} {asked.answered / took:7.1f}/s  p50 {quantile(asked.seconds, 0.5) * 1000:6.0f} ms  "
        f"p99 {quantile(asked.seconds, 0.99) * 1000:6.0f} ms  {asked.bytes / took / 1e6:6.1f} MB/s  "
        f"faults {asked.faults or 0}  of {asked.answered}  memory {before:.0f} -> {memory(stack):.0f} MB",
        flush=True,
    )


@contextmanager
def measured(name: str, stack: Stack, path: Path_, readers: int, total: int = 10**9) -> Iterator[Readers]:
    before, began = memory(stack), time.perf_counter()
    with Readers(stack.connection, path, number=readers, total=total, keep=True) as asked:
        yield asked
        if total < 10**9:
            asked.join()
    row(name, asked, time.perf_counter() - began, stack, before)


@contextmanager
def filled(plans: int) -> Iterator[Settings]:
    folder = Path(tempfile.mkdtemp(prefix="geoportal-load-"))
    folder.chmod(0o711)
    try:
        with Cluster(folder / "postgres") as cluster:
            home = folder / "home"
            (home / "layers").mkdir(parents=True)
            (home / "config").symlink_to(CHECKOUT / "config")
            for layer in (CHECKOUT / "layers").iterdir():
                (home / "layers" / layer.name).symlink_to(layer)
            urls = [cluster.url_of(role, "geoportal") for role in (OWNER, READ_ROLE, DESK_ROLE, SENSORS_ROLE)]
            settings = replace(
                Settings.from_env({}), database_url=urls[0], read_database_url=urls[1], desk_database_url=urls[2],
                sensors_database_url=urls[3], home=home, data=folder / "data", run=folder / "run",
            )  # fmt: skip
            settings.data.mkdir()
            (home / "data").symlink_to(CHECKOUT / "data")
            stock.build(settings, home / "layers", plans, 1000)
            engine = owner_engine(urls[0])
            operations.sync_layers(engine, settings)
            engine.dispose()
            yield settings
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def deliver_at_once(stack: Stack, name: str) -> tuple[Counter[int], float]:
    """All 21 Gemeinden, each by an account of its own; how they were answered, and how long the slowest took."""
    area = [feature("BP_BaugebietsTeilFlaeche", f"o{n}", prop("position", polygon())) for n in range(200)]
    answers: Counter[int] = Counter()
    tokens = {each.ags: token_for(stack.settings, ags=each.ags, name=name) for each in all_gemeinden()}

    def send(ags: str) -> None:
        document = xplangml(plan("p", name=name, nummer=name, gemeinde=ags), *area).encode()
        path = f"/api/v1/gemeinden/{ags}/lieferungen/{name}.gml"
        sent = stack.ask(
            "PUT", path, document, Authorization=f"Bearer {tokens[ags]}", Content_Type="application/gml+xml"
        )
        answers[sent.status] += 1

    threads = [threading.Thread(target=send, args=(ags,)) for ags in tokens]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers, time.perf_counter() - began


def main(arguments: argparse.Namespace) -> None:
    seconds, readers = arguments.seconds, arguments.readers
    with filled(arguments.plans) as settings, Stack(settings) as stack, stack.work():
        print(f"{arguments.plans} plans, {readers} readers, {seconds} s each, {os.cpu_count()} processors, "
              f"load {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip
        kinds = {"discovery": discovery, "view 800x600": view, "download, a box of 100": items, "tiles": tiles,
                 "download, pages of 1000": whole_pages, "mixed": mixed}  # fmt: skip
        for name, path in kinds.items():
            with measured(name, stack, path, readers):
                time.sleep(seconds)
        with measured("mixed, while 21 deliver", stack, mixed, readers):
            answers, took = deliver_at_once(stack, "gleichzeitig")
            time.sleep(max(0, seconds - took))
        print(f"{'':34} 21 deliveries answered {dict(answers)} within {took:.1f} s", flush=True)
        if arguments.restarts:
            with measured("new web servers under load", stack, mixed, readers, arguments.restarts) as asked:
                restarts = 0
                while asked.answered < arguments.restarts * 0.95:
                    before = asked.answered
                    stack.stop_web()
                    stack.start_web()
                    restarts += 1
                    while asked.answered < min(before + arguments.restarts / 10, arguments.restarts):
                        time.sleep(0.2)
            print(f"{'':34} {restarts} restarts", flush=True)
        if arguments.soak:
            with measured(f"soak of {arguments.soak} s", stack, mixed, readers):
                time.sleep(arguments.soak)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in (("plans", 20_000), ("seconds", 20), ("readers", 8), ("restarts", 20_000), ("soak", 0)):
        parser.add_argument(f"--{option}", type=int, default=default)
    main(parser.parse_args())

"""How an installed machine bears up, in one table: nginx, web server, worker and PostgreSQL as `geoportal install` has
them, on loopback, over TLS, with a database of its own that is thrown away afterwards.

    scripts/load.py [--plans 20000] [--seconds 20] [--readers 8] [--restarts 20000] [--soak 0]

Boxes are random and never the same twice, so that no memory answers, but for the few addresses of discovery. Readers
ask without pause: the rate is what the machine gives, and the client shares its processors. Three kinds as INSPIRE has
them (discovery, view, download), tiles, whole pages of a thousand features, fifty deliveries at once from 21 Gemeinden
while others read, each of which must end as its own, an archive with scans of nearly 500 MB, new web servers under
load, and a soak of so many seconds. Memory is that of the web server's processes (PSS, MB).
"""

import argparse
import os
import random
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy
import rasterio
from rasterio.transform import from_origin
from sqlalchemy import text

from geoportal import operations
from geoportal.database import owner_engine
from geoportal.settings import CHECKOUT, Settings
from plans_ingest.gemeinden import all_gemeinden
from tests.benchmarks import stock
from tests.desk import token_for
from tests.files import ORIGIN, bereich, feature, plan, polygon, prop, xplangml
from tests.load import Readers, box, items, quantile, tile
from tests.processes import memory_of
from tests.stack import Stack, machine

AT_ONCE = 50
DISCOVERY = ("/ogc/", "/ogc/collections", "/ogc/collections/bebauungsplaene", "/ogc/conformance", "/ogc/openapi")
type Path_ = Callable[[random.Random], str]


def discovery(chance: random.Random) -> str:
    return f"{chance.choice(DISCOVERY)}?f=json&lang={chance.choice(('de', 'en'))}"


def view(chance: random.Random) -> str:
    return f"/ogc/collections/bebauungsplaene/map?f=png&width=800&height=600&bbox={box(chance)}"


def whole_pages(chance: random.Random) -> str:
    return f"/ogc/collections/bebauungsplaene/items?f=json&limit=1000&bbox=8.3,50.5,{9 + chance.random() / 10:.7f},51.1"


def tiles(chance: random.Random) -> str:
    return f"/ogc/tiles/WebMercatorQuad/{tile(chance, (10, 16))}?f=mvt"


def mixed(chance: random.Random) -> str:
    kind: Path_ = chance.choices((tiles, items, discovery, view), (60, 25, 10, 5))[0]
    return kind(chance)


def memory(stack: Stack) -> float:
    return memory_of(stack.web.pid)


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
    with machine((CHECKOUT / "layers").iterdir()) as (settings, _):
        (settings.home / "data").symlink_to(CHECKOUT / "data")
        stock.build(settings, settings.home / "layers", plans, 1000)
        engine = owner_engine(settings.require_database_url())
        operations.sync_layers(engine, settings)
        engine.dispose()
        yield settings


def deliver_at_once(stack: Stack, name: str, number: int) -> tuple[Counter[int], float]:
    """`number` deliveries from all 21 Gemeinden, each Gemeinde by an account of its own, all at the same moment; how
    they were answered, and how long the slowest took.
    """
    area = [feature("BP_BaugebietsTeilFlaeche", f"o{n}", prop("position", polygon())) for n in range(200)]
    answers: Counter[int] = Counter()
    tokens = {each.ags: token_for(stack.settings, ags=each.ags, name=name) for each in all_gemeinden()}
    starting = threading.Barrier(number)

    def send(ags: str, title: str) -> None:
        gemeinde = prop("gemeinde", f"<xplan:XP_Gemeinde><xplan:ags>{ags}</xplan:ags></xplan:XP_Gemeinde>")
        document = xplangml(plan("p", name=title, nummer=title, gemeinde=gemeinde), *area).encode()
        path = f"/api/v1/gemeinden/{ags}/lieferungen/{title}.gml"
        starting.wait()
        sent = stack.ask(
            "PUT", path, document, Authorization=f"Bearer {tokens[ags]}", Content_Type="application/gml+xml"
        )
        answers[sent.status] += 1

    whom = cycle(tokens)
    threads = [threading.Thread(target=send, args=(next(whom), f"{name}-{one}")) for one in range(number)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers, time.perf_counter() - began


def read_and_told_apart(settings: Settings, name: str) -> tuple[Counter[str], int]:
    """Waits until the worker has read what was delivered under this name: the ends, and how many plans stand in another
    Gemeinde or under another name than they were delivered with.
    """
    engine = owner_engine(settings.require_database_url())
    ends = text("SELECT state, count(*) FROM plans.upload WHERE filename LIKE :name GROUP BY state")
    mixed_up = text("""
        SELECT count(*) FROM plans.upload JOIN plans.version USING (delivery_id)
        JOIN plans.plan ON plan.id = version.plan_id
        WHERE filename LIKE :name AND (plan.ags <> upload.ags OR version.name || '.gml' <> filename)""")
    asked = {"name": f"{name}-%"}
    try:
        while True:
            with engine.connect() as connection:
                found = Counter({row.state: row.count for row in connection.execute(ends, asked)})
                if not found["received"] and not found["checking"]:
                    return found, connection.scalar(mixed_up, asked) or 0
            time.sleep(0.5)
    finally:
        engine.dispose()


def large_archive(path: Path) -> None:
    """A plan with two sheets scanned to be nearly 500 MB together: nothing in them repeats, so nothing packs well."""
    side, pixels = 8_960, numpy.random.default_rng(1)
    references = ""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number in (1, 2):
            name = f"blatt{number}.tif"
            references += prop("refScan", "<xplan:XP_ExterneReferenz><xplan:georefURL>x</xplan:georefURL>"
                               f"<xplan:referenzName>{name}</xplan:referenzName>"
                               f"<xplan:referenzURL>{name}</xplan:referenzURL></xplan:XP_ExterneReferenz>")  # fmt: skip
            place = from_origin(ORIGIN[0], ORIGIN[1] + 100, 100 / side, 100 / side)
            sheet = path.with_name(name)
            with rasterio.open(
                sheet, "w", driver="GTiff", width=side, height=side, count=3, dtype="uint8", crs="EPSG:25832",
                transform=place, tiled=True, interleave="pixel",
            ) as sink:  # fmt: skip
                for _, window in sink.block_windows():
                    sink.write(pixels.integers(0, 255, (3, window.height, window.width), numpy.uint8), window=window)
            archive.write(sheet, name)
            sheet.unlink()
        archive.writestr("xplan.gml", xplangml(plan(name="gross"), bereich(extra=references)))


def deliver_a_large_one(stack: Stack, worker: int) -> str:
    """One archive of nearly 500 MB: how it was answered and what became of it, and the most memory meanwhile of the web
    server and of the worker with the processes that read for it.
    """
    token = token_for(stack.settings, name="gross")
    headers = {"Authorization": f"Bearer {token}", "Content_Type": "application/zip"}
    before = memory(stack), memory_of(worker)
    most = list(before)
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            most[:] = max(most[0], memory(stack)), max(most[1], memory_of(worker))

    watcher = threading.Thread(target=watch)
    with tempfile.TemporaryDirectory(prefix="geoportal-large-") as folder:
        path = Path(folder, "gross.zip")
        large_archive(path)
        size = path.stat().st_size
        watcher.start()
        began = time.perf_counter()
        with path.open("rb") as file:
            address = "/api/v1/gemeinden/06534008/lieferungen/gross-1.zip"
            sent = stack.ask("PUT", address, file, Content_Length=str(size), **headers)
    took = time.perf_counter() - began
    ends, _ = read_and_told_apart(stack.settings, "gross")
    done.set()
    watcher.join()
    return (
        f"{size / 1e6:.0f} MB answered {sent.status} in {took:.1f} s, read as {dict(ends)} in "
        f"{time.perf_counter() - began:.0f} s; memory of the web {before[0]:.0f}, at most {most[0]:.0f} MB, of the "
        f"worker with its readers {before[1]:.0f}, at most {most[1]:.0f} MB"
    )


def main(arguments: argparse.Namespace) -> None:
    seconds, readers = arguments.seconds, arguments.readers
    with filled(arguments.plans) as settings, Stack(settings) as stack, stack.work() as worker:
        print(f"{arguments.plans} plans, {readers} readers, {seconds} s each, {os.cpu_count()} processors, "
              f"load {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip
        kinds = {"discovery": discovery, "view 800x600": view, "download, a box of 100": items, "tiles": tiles,
                 "download, pages of 1000": whole_pages, "mixed": mixed}  # fmt: skip
        for name, path in kinds.items():
            with measured(name, stack, path, readers):
                time.sleep(seconds)
        with measured(f"mixed, while {AT_ONCE} deliver", stack, mixed, readers):
            began = time.perf_counter()
            answers, took = deliver_at_once(stack, "gleichzeitig", AT_ONCE)
            ends, astray = read_and_told_apart(settings, "gleichzeitig")
            read = time.perf_counter() - began
        print(f"{'':34} {AT_ONCE} deliveries from 21 answered {dict(answers)} within {took:.1f} s, read within "
              f"{read:.0f} s as {dict(ends)}, {astray} astray", flush=True)  # fmt: skip
        print(f"{'':34} {deliver_a_large_one(stack, worker.pid)}", flush=True)
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

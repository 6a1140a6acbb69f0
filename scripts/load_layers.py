"""How an installed machine bears large layers and many readings, in one table: nginx, web server and PostgreSQL as
`geoportal install` has them, on loopback, with a database of its own that is thrown away afterwards.

    scripts/load_layers.py [--points 1000000] [--readers 4] [--seconds 20] [--rate 1000] [--told 60]

A layer of so many points is loaded, then a tenth of it changes and is loaded again while readers ask for its tiles and
features without pause; memory is the most that the loading processes had at once (PSS, MB). Then Chromium looks at
twelve places at several zooms: the time from the change of view until the last tile has come. Last, a real broker is
told so many readings a second for so many seconds, PostgreSQL crashes in the midst of it, and none may be missing.
"""

import argparse
import json
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy
import psycopg
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Page, sync_playwright

from geoportal import operations
from geoportal.database import owner_engine
from geoportal.database.cluster import Cluster
from geoportal.database.migrating import migrate
from geoportal.settings import CHECKOUT, Settings
from tests.acceptance.portal import CHROMIUM, DESKTOP
from tests.files import write
from tests.load import AREA, Readers, box, quantile, tile
from tests.processes import command, crash_and_restart, environment, memory_of, running
from tests.sensors import Broker, broker, write_layer
from tests.stack import Stack, machine

POINTS = "messpunkte"
BINS = 5000
VIEWS = 12
MANIFEST = f"""\
id: {POINTS}
title: {{de: Messpunkte, en: Points}}
description: {{de: Erfundene Punkte, en: Invented points}}
keywords: {{de: [Messung], en: [measurement]}}
theme: versorgung
publisher: Messung
licence: {{name: Zero, url: https://www.govdata.de/dl-de/zero-2-0}}
source: {{path: data/{POINTS}.csv, x: x, y: y, crs: EPSG:25832}}
geometry: Point
key: nr
fields:
  nr: {{type: integer, label: {{de: Nummer, en: Number}}}}
  art: {{type: text, label: {{de: Art, en: Kind}}}}
  wert: {{type: number, label: {{de: Wert, en: Value}}}}
style: {{cluster: true}}
"""
_LATEST = """(since) => Math.max(since, ...performance.getEntriesByType("resource")
    .filter(({ name, startTime }) => name.includes("/tiles/") && startTime >= since)
    .map(({ responseEnd }) => responseEnd))"""


def write_points(settings: Settings, number: int, shift: int = 0) -> None:
    """With a shift, a tenth of the points are others than before."""
    chance = numpy.random.default_rng(1)
    places = chance.uniform((462_000, 5_608_000), (511_000, 5_652_000), (number, 2)).tolist()
    with (settings.home / "data" / f"{POINTS}.csv").open("w") as file:
        file.write("nr,art,wert,x,y\n")
        for nr, (x, y) in enumerate(places):
            wert = nr % 97 + (shift if nr % 10 == 0 else 0)
            file.write(f"{nr},Art {nr % 7},{wert},{x:.2f},{y:.2f}\n")


def sync(settings: Settings) -> str:
    """`geoportal layers sync`: how long it took, and its most memory."""
    began, most, log = time.perf_counter(), 0.0, settings.data / "sync.log"
    with running(command("layers", "sync", POINTS), environment(settings), log) as process:
        while process.poll() is None:
            most = max(most, memory_of(process.pid))
            time.sleep(0.1)
    if process.returncode:
        sys.exit(log.read_text("utf-8", "replace")[-2000:])
    return f"{time.perf_counter() - began:.1f} s, at most {most:.0f} MB"


def tiles_and_features(chance: random.Random) -> str:
    if chance.random() < 0.3:
        return f"/ogc/collections/{POINTS}/items?limit=100&bbox={box(chance)}"
    return f"/ogc/collections/{POINTS}/tiles/WebMercatorQuad/{tile(chance, (12, 16))}?f=mvt"


def waits(asked: Readers, name: str) -> None:
    half, most = (1000 * quantile(asked.seconds, share) for share in (0.5, 0.99))
    print(
        f"{name:40} p50 {half:6.0f} ms  p99 {most:6.0f} ms  longest {max(asked.seconds) * 1000:6.0f} ms  "
        f"faults {asked.faults or 0}  of {asked.answered}",
        flush=True,
    )


def look(page: Page, stack: Stack) -> None:
    """Twelve views at each zoom, each at a place where nobody has been: until the last tile is there and drawn."""
    chance = numpy.random.default_rng(7)
    page.goto(f"{stack.url}/#14/50.85/8.8&an={POINTS}")
    page.wait_for_load_state("networkidle")
    for zoom in (10, 12, 14, 16, 18):
        took: list[float] = []
        for _ in range(VIEWS):
            lat, lon = chance.uniform(AREA[1] + 0.05, AREA[3] - 0.05), chance.uniform(AREA[0] + 0.05, AREA[2] - 0.05)
            since = page.evaluate("""(hash) => { location.hash = hash; return performance.now(); }""",
                                  f"#{zoom}/{lat:.5f}/{lon:.5f}&an={POINTS}")  # fmt: skip
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(600)  # networkidle is reached at once when nothing is asked for yet
            took.append(page.evaluate(_LATEST, since) - since)
            page.evaluate("performance.clearResourceTimings()")
        print(
            f"{f'a view at zoom {zoom}':40} p50 {quantile(took, 0.5):6.0f} ms  longest {max(took):6.0f} ms", flush=True
        )


def count(settings: Settings) -> int:
    """-1 while the database is away."""
    try:
        with psycopg.connect(settings.require_database_url(), connect_timeout=2) as connection:
            row = connection.execute("SELECT count(*) FROM sensors.reading").fetchone()
            return int(row[0]) if row else 0
    except psycopg.OperationalError:
        return -1


def tell(to: Broker, rate: int, seconds: float) -> int:
    """`rate` readings a second, each acknowledged by the broker; how many."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(2000)
    client.connect("127.0.0.1", to.port)
    client.loop_start()
    start, told, sent = datetime.now(UTC) - timedelta(hours=2), 0, []
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        while told < passed * rate:
            at = start + timedelta(milliseconds=told)
            message = json.dumps({"ts": at.isoformat(), "data": {"level": told % 100}})
            sent.append(client.publish(f"kreis/tonnen/{told % BINS + 1}", message, qos=1))
            told += 1
        time.sleep(0.005)
    for each in sent:
        each.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()
    return told


@contextmanager
def counting(settings: Settings) -> Iterator[list[tuple[float, int]]]:
    """How many readings stand in the database, twice a second."""
    seen: list[tuple[float, int]] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.5):
            seen.append((time.perf_counter(), count(settings)))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        over.set()
        looking.join()


def listened(log: Path) -> None:
    """Back when the listener has said that it hears the bins."""
    deadline = time.monotonic() + 120
    while "listening to kreis/tonnen/+" not in log.read_text("utf-8", "replace"):
        if time.monotonic() > deadline:
            sys.exit(f"the listener hears nothing: {log}")
        time.sleep(0.1)


def readings(stack: Stack, cluster: Cluster, rate: int, seconds: float) -> None:
    with broker(stack.folder) as mosquitto:
        environ = stack.environ | {
            "GEOPORTAL_MQTT_URL": mosquitto.url,
            "GEOPORTAL_SENSORS_DATABASE_URL": stack.settings.require_sensors_url(),
        }
        with running(command("sensors", "listen"), environ, stack.log):
            listened(stack.log)  # from then on the broker keeps what comes for it, whatever happens
            timer = threading.Timer(seconds / 2, crash_and_restart, (cluster,))
            timer.start()
            began = time.perf_counter()
            with counting(stack.settings) as seen:
                told = tell(mosquitto, rate, seconds)
                ended = time.perf_counter()
                while count(stack.settings) < told and time.perf_counter() < ended + 300:
                    time.sleep(0.1)
                late = time.perf_counter() - ended
            timer.join()
            name, away = f"{rate} readings a second", sum(number < 0 for _, number in seen) / 2
            print(
                f"{name:40} told {told} in {ended - began:.1f} s, kept {count(stack.settings)}, the last {late:.1f} s "
                f"after it was told; the database crashed and was away for {away:.1f} s",
                flush=True,
            )


def main(arguments: argparse.Namespace) -> None:
    with machine((CHECKOUT / "layers").iterdir()) as (settings, cluster):
        write_layer(settings.home, BINS)
        (settings.home / "layers" / POINTS).mkdir()
        write(settings.home / "layers" / POINTS / "layer.yml", MANIFEST)
        for own in (CHECKOUT / "data").iterdir():
            (settings.home / "data" / own.name).symlink_to(own)
        write_points(settings, arguments.points)
        engine = owner_engine(settings.require_database_url())
        migrate(engine)
        operations.prepare(engine)
        operations.sync_layers(
            engine, settings, {each.name for each in (settings.home / "layers").iterdir()} - {POINTS}
        )
        engine.dispose()
        print(f"{arguments.points} points, {arguments.readers} readers, {os.cpu_count()} processors, "
              f"load {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip
        print(f"{'first load':40} {sync(settings)}", flush=True)
        with Stack(settings) as stack:
            with Readers(stack.connection, tiles_and_features, number=arguments.readers, keep=True) as quiet:
                time.sleep(arguments.seconds)
            waits(quiet, "readers, nothing is loaded")
            write_points(settings, arguments.points, shift=1)
            with Readers(stack.connection, tiles_and_features, number=arguments.readers, keep=True) as meanwhile:
                again = sync(settings)
            print(f"{'a tenth is different, with readers':40} {again}", flush=True)
            waits(meanwhile, "readers meanwhile")
            with (
                sync_playwright() as playwright,
                playwright.chromium.launch(
                    executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
                ) as chromium,
            ):
                page = chromium.new_page(**DESKTOP, ignore_https_errors=True)
                look(page, stack)
            readings(stack, cluster, arguments.rate, arguments.told)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in (("points", 1_000_000), ("readers", 4), ("seconds", 20), ("rate", 1000), ("told", 60)):
        parser.add_argument(f"--{option}", type=int, default=default)
    main(parser.parse_args())

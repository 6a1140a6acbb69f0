"""A layer with sensors, and a broker of its own for the tests that listen."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

from shapely import Point, set_srid, to_wkb
from sqlalchemy import Engine, text

from geoportal.catalogue import Layer, read_layer
from geoportal.database import owner_engine, reader_engine, sensors_engine
from geoportal.layers.tables import replace_rows
from geoportal.sensors.readings import Reading, Rejected
from geoportal.sensors.store import Taken, take
from geoportal.settings import Settings
from tests.files import write
from tests.processes import free_port

BINS = 50
NOW = datetime.now(UTC).replace(microsecond=0)

MANIFEST = dedent("""\
    id: tonnen
    title: {de: Tonnen, en: Bins}
    description: {de: Tonnen mit Füllstand, en: Bins with fill level}
    keywords: {de: [Abfall], en: [waste]}
    theme: versorgung
    publisher: Landkreis
    licence: {name: Zero, url: https://www.govdata.de/dl-de/zero-2-0}
    source: {path: data/tonnen.csv, x: X, y: Y, crs: EPSG:25832}
    geometry: Point
    key: nr
    fields:
      nr: {type: integer, source: Nr, label: {de: Nummer, en: Number}}
    popup: [nr, fuellstand]
    expect: {min: 1, max: 5000}
    sensors:
      topic: kreis/tonnen/{key}
      json: {time: ts, values: {fuellstand: data.level, zustand: state}}
      history: 30d
      observed:
        fuellstand: {label: {de: Füllstand, en: Level}, unit: "%", min: 0, max: 100, stale: {after: 6h}}
        zustand:
          label: {de: Zustand, en: State}
          codes: {an: {de: an, en: "on"}, defekt: {de: defekt, en: broken}}
          lasting: {lange_defekt: {state: defekt, after: 7d, label: {de: seit Tagen defekt, en: broken for days}}}
        leerung: {label: {de: Leerung, en: Emptied}, event: true, stale: {after: 14d}}
""")


def write_layer(home: Path, count: int = 3) -> None:
    """The layer `tonnen` with the features 1 to `count`."""
    for name in ("data", "layers/tonnen"):
        (home / name).mkdir(parents=True)
    write(home / "layers" / "tonnen" / "layer.yml", MANIFEST)
    rows = "".join(f"{number},{483000 + number},5628000\n" for number in range(1, count + 1))
    write(home / "data" / "tonnen.csv", f"Nr,X,Y\n{rows}")


class Bins:
    """The layer `tonnen` with its table, and those who may bring readings."""

    def __init__(self, settings: Settings, home: Path) -> None:
        write_layer(home, BINS)
        self.settings = replace(settings, home=home)
        self.owner = owner_engine(settings.require_database_url())
        self.reader = reader_engine(settings.require_read_url())
        self.sensors = sensors_engine(settings.require_sensors_url())
        points = (Point(483_000 + number, 5_628_000) for number in range(1, BINS + 1))
        lines = (
            f"{number}\t{to_wkb(set_srid(each, 25832), hex=True, include_srid=True)}\n"
            for number, each in enumerate(points, 1)
        )
        with self.owner.begin() as connection:
            replace_rows(connection, self.layer, (line.encode() for line in lines))

    @property
    def layer(self) -> Layer:
        return read_layer(self.settings.home / "layers" / "tonnen")

    def take(self, *readings: Reading | Rejected) -> Taken:
        with self.sensors.begin() as connection:
            return take(connection, readings)

    def close(self) -> None:
        for engine in (self.owner, self.reader, self.sensors):
            engine.dispose()

    def public(self, query: str) -> list[tuple[Any, ...]]:
        return rows(self.reader, query)


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def level(number: float, minutes: int, feature: str = "1") -> Reading:
    """A fill level as it was so many minutes ago."""
    return Reading("tonnen", feature, "fuellstand", NOW - timedelta(minutes=minutes), number=number)


class Broker:
    """A real mosquitto that keeps what waits for us, as docs/operations/sensors.md asks for."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self._config = write(
            folder / "mosquitto.conf",
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0\n",
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["/usr/sbin/mosquitto", "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError("mosquitto did not start")

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(120)


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    made = Broker(folder)
    made.start()
    try:
        yield made
    finally:
        made.stop()

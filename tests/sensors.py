"""A layer with sensors, and a broker of its own for the tests that listen."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from tests.files import write

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
        zustand: {label: {de: Zustand, en: State}, codes: {an: {de: an, en: "on"}, defekt: {de: defekt, en: broken}}}
        leerung: {label: {de: Leerung, en: Emptied}, event: true, stale: {after: 14d}}
""")


def write_layer(home: Path, count: int = 3) -> None:
    """The layer `tonnen` with the features 1 to `count`."""
    for name in ("data", "layers/tonnen"):
        (home / name).mkdir(parents=True)
    write(home / "layers" / "tonnen" / "layer.yml", MANIFEST)
    rows = "".join(f"{number},{483000 + number},5628000\n" for number in range(1, count + 1))
    write(home / "data" / "tonnen.csv", f"Nr,X,Y\n{rows}")


class Broker:
    """A real mosquitto that keeps what waits for us, as docs/operations/sensors.md asks for."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
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
        until = time.monotonic() + 10
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
        self._process.wait(10)


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    made = Broker(folder)
    made.start()
    try:
        yield made
    finally:
        made.stop()

"""A plan of nearly 500 MB as plain XPlanGML, through an installed machine as a planner sends it: nginx, web server,
worker and PostgreSQL on loopback, with a database that is thrown away afterwards.

    scripts/large_gml.py [--megabytes 499.5]

It is sent in pieces over TLS, as deliver.js does; read and checked behind the walls of the reading process; submitted
and published; and the pages are asked for that the planner opens. Told are times and the most memory (PSS, MB) of the
web server, of the worker with its readers and of the database.
"""

import argparse
import base64
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import Engine, text

from geoportal import operations, uploads
from geoportal.accounts.roles import Role
from geoportal.database import owner_engine
from geoportal.database.migrating import migrate
from geoportal.settings import CHECKOUT
from geoportal.states import UNREAD, State
from tests.desk import OWN, PASSWORD, hire, membership
from tests.files import grid
from tests.processes import memory_of
from tests.stack import Answer, Stack, machine

PIECE = 4 * 1024 * 1024
EMAIL = "freigabe@example.org"
KEY = re.compile(r'name="form_key" value="([0-9a-f]{64})"')
STAMP = re.compile(r'name="stand" value="([0-9a-f]+)"')


class Planner:
    """Signed in, as a browser is."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._headers = {"Origin": stack.url, "Sec-Fetch-Site": "same-origin"}
        answer = self.post("/werkbank/anmelden", email=EMAIL, passwort=PASSWORD, weiter="/werkbank/")
        _require(answer, 303)
        self._headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]
        [self._headers["X-Form-Key"], *_] = KEY.findall(self.get("/werkbank/konto").body.decode())

    def get(self, path: str) -> Answer:
        return self._stack.ask("GET", path, **self._headers)

    def post(self, path: str, **given: str) -> Answer:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        given = {"form_key": self._headers.get("X-Form-Key", "")} | given
        return self._stack.ask("POST", path, urlencode(given).encode(), **self._headers | kind)

    def send(self, file: Path) -> int:
        """In pieces; the number of the delivery."""
        told = {"filename": file.name, "gemeinde": OWN}
        words = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in told.items())
        tus = self._headers | {"Tus-Resumable": "1.0.0"}
        size = file.stat().st_size
        begun = self._stack.ask("POST", "/werkbank/tus/", **tus, Upload_Length=str(size), Upload_Metadata=words)
        _require(begun, 201)
        kind = {"Content-Type": "application/offset+octet-stream"}
        with file.open("rb") as source:
            while piece := source.read(PIECE):
                at = str(source.tell() - len(piece))
                answer = self._stack.ask("PATCH", begun.headers["location"], piece, **tus | kind, Upload_Offset=at)
                _require(answer, 204)
        return int(answer.headers["upload-delivery"].rpartition("/")[2])


def _require(answer: Answer, status: int) -> None:
    if answer.status != status:
        raise SystemExit(f"{answer.status}: {answer.body[:500]!r}")


class Most:
    """The most memory of each since it was made, as (before, most)."""

    def __init__(self, **pids: int) -> None:
        self._pids = pids
        self._before = {name: memory_of(pid) for name, pid in pids.items()}
        self._most = dict(self._before)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            for name, pid in self._pids.items():
                self._most[name] = max(self._most[name], memory_of(pid))

    def end(self) -> str:
        self._over.set()
        self._thread.join()
        return ", ".join(
            f"{name} {before:.0f}, at most {self._most[name]:.0f} MB" for name, before in self._before.items()
        )


@contextmanager
def told(name: str, pids: dict[str, int]) -> Iterator[None]:
    most, wall = Most(**pids), time.perf_counter()
    yield
    print(f"{name:40} {time.perf_counter() - wall:8.1f} s   load {os.getloadavg()[0]:.1f}   {most.end()}", flush=True)


def main(size: int) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="geoportal-large-") as folder,
        machine((CHECKOUT / "tests" / "layers").iterdir()) as (settings, _),
    ):
        (settings.home / "data").symlink_to(CHECKOUT / "data")
        [lives] = settings.data.parent.glob("postgres/**/postmaster.pid")
        postmaster = int(lives.read_text("ascii").split()[0])
        engine = owner_engine(settings.require_database_url())
        migrate(engine)
        operations.prepare(engine)
        operations.sync_layers(engine, settings)
        hire(settings, EMAIL, membership(Role.PUBLISHER), membership(Role.PLANNER))
        file = large(Path(folder, "gross.gml"), size)
        with Stack(settings) as stack, stack.work() as worker:
            deliver(stack, engine, file, web=stack.web.pid, worker=worker.pid, database=postmaster)
        engine.dispose()


def large(file: Path, size: int) -> Path:
    """Of so many bytes, or a little less."""
    number = int(1000 * size / (grid(file, 1000).stat().st_size * 1.005))
    while grid(file, number).stat().st_size > size:
        number = number * 999 // 1000
    print(f"{file.stat().st_size / 1e6:.1f} MB, {number} areas", flush=True)
    return file


def deliver(stack: Stack, engine: Engine, file: Path, **pids: int) -> None:
    planner = Planner(stack)
    with told("sent, over TLS in pieces of 4 MiB", pids):
        page = f"/werkbank/lieferung/{planner.send(file)}"
    most, upload, began, steps = Most(**pids), None, time.perf_counter(), dict[str, float]()
    while upload is None or upload.state in UNREAD:
        with engine.connect() as connection:
            [upload] = uploads.latest(connection, 1)
        steps.setdefault(upload.step, time.perf_counter() - began)
        time.sleep(0.5)
    print(f"{'read as ' + upload.state:40} {time.perf_counter() - began:8.1f} s   {upload.fault or ''}")
    print(f"{'':40} " + ", ".join(f"{step} after {after:.0f} s" for step, after in steps.items()))
    print(f"{'memory meanwhile':40} {most.end()}", flush=True)
    asked = {"page of the delivery": page, "its map": f"{page}/karte.json"}
    look(
        planner,
        pids,
        asked | {f"report as {kind}": f"{page}/bericht.{kind}" for kind in ("json", "pdf", "gpkg", "html")},
    )
    if upload.state is State.CHECKED:
        with engine.connect() as connection:
            address = connection.scalar(text("SELECT plan_id FROM plans.version LIMIT 1"))
        plan = f"/werkbank/plan/{address}"
        drawn = f"{plan}/fassung/1/bild.png?bbox=8.70,50.80,8.83,50.90&width=800&height=600"
        look(planner, pids, {"preview": f"{plan}/vergleich?neu=1", "drawing of all of it": drawn})
        with told("submitted", pids):
            _require(planner.post(f"{page}/zur-freigabe"), 303)
        [stand] = STAMP.findall(planner.get(page).body.decode())
        with told("published", pids):
            _require(planner.post(f"{page}/veroeffentlichen", stand=stand, wann="jetzt"), 303)
        look(planner, pids, {"public page": f"/plan/{address}"})


def look(planner: Planner, pids: dict[str, int], paths: dict[str, str]) -> None:
    for name, path in paths.items():
        with told(name, pids):
            answer = planner.get(path)
        print(f"{'':40} {answer.status}, {len(answer.body) / 1e6:.2f} MB", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=499.5)
    main(int(parser.parse_args().megabytes * 1e6))

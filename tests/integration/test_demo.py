"""`geoportal demo` as a newcomer meets it: one command, an answering portal, and nothing left when it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import psycopg
import pytest

from geoportal.database.cluster import Cluster
from geoportal.settings import CHECKOUT, Settings
from tests.processes import free_port

DEMO = [sys.executable, "-c", "from geoportal.cli import main; main()", "demo"]


class Demo:
    """A running demo, in a session of its own, and what it has said so far."""

    def __init__(self, data: Path, port: int, **environment: str) -> None:
        self.data = data
        self.url = f"http://localhost:{port}"
        self.said = ""
        self._process = subprocess.Popen(
            DEMO,
            env=os.environ | {"GEOPORTAL_DATA": str(data), "GEOPORTAL_PORT": str(port)} | environment,
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_for(self, words: str) -> None:
        assert self._process.stdout
        while words not in self.said:
            line = self._process.stdout.readline()
            assert line, f"the demo ended before it said {words!r}:\n{self.said}"
            self.said += line

    def end(self, number: signal.Signals) -> int:
        """Sends the signal to every process of the demo's session, as a terminal does; returns the exit code."""
        for pid in self.processes():
            with suppress(ProcessLookupError):  # one may have ended with those that were told before it
                os.kill(pid, number)
        return self.wait()

    def wait(self) -> int:
        self.said += self._process.communicate(timeout=240)[0]
        return self._process.returncode

    def processes(self) -> list[int]:
        """Those of the session that are alive, the demo itself first."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, _, _, session = stat.read_text("utf-8").rpartition(") ")[2].split()[:4]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(session) == self._process.pid and state != "Z":
                found.append(int(stat.parent.name))
        return sorted(found)


@pytest.fixture(scope="module")
def data(open_folder: Path) -> Path:
    return open_folder / "demo"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The checkout with the sample plans of one Gemeinde, for a test that does not need those of all 21."""
    home = tmp_path / "checkout"
    parts = ["config", "layers", "node_modules", "data/gemeinden.geojson", "data/schulen.csv"]
    parts += [f"data/sample/{name}" for name in ("adressen.csv", "flurstuecke.geojson", "fachdaten")]
    samples = [str(file.relative_to(CHECKOUT)) for file in CHECKOUT.glob("data/sample/plaene/06534001_*.zip")]
    for part in parts + samples:
        (home / part).parent.mkdir(parents=True, exist_ok=True)
        (home / part).symlink_to(CHECKOUT / part)
    return home


@contextmanager
def running(demo: Demo) -> Iterator[Demo]:
    try:
        yield demo
    finally:
        # Whatever the test found out, nothing stays.
        demo.end(signal.SIGKILL)
        home = demo.data / "postgres"
        if home.exists():
            with Cluster(home):
                pass


def count(url: str) -> tuple[int, int]:
    """Published plans, and versions that were ever saved."""
    with psycopg.connect(url) as connection:
        [row] = connection.execute("SELECT count(*) FILTER (WHERE state = 'published'), count(*) FROM plans.version")
        return row


def status(port: int, path: str) -> int:
    connection = HTTPConnection("localhost", port, timeout=120)
    connection.request("GET", path)
    return connection.getresponse().status


def test_a_demo_answers_where_it_says_and_leaves_nothing(data: Path, port: int) -> None:
    with running(Demo(data, port)) as demo:
        demo.wait_for("Ctrl-C")
        assert f" {demo.url}/\n" in demo.said
        assert f" URL: {demo.url}/ogc\n" in demo.said
        for page in ("/", "/ogc", "/ogc/collections/bebauungsplaene/items?limit=1&f=json"):
            assert status(port, page) == 200
        assert demo.end(signal.SIGINT) == 0
        while demo.processes():  # one that has let go of everything is there for another moment
            time.sleep(0.01)
        assert not Cluster(data / "postgres").is_running
        socket.create_server(("127.0.0.1", port)).close()


def test_a_demo_that_was_killed_comes_back_with_the_same_plans(data: Path, port: int) -> None:
    with running(Demo(data, port)) as killed:
        killed.wait_for("Ctrl-C")
        with Cluster(data / "postgres") as cluster:
            plans, versions = count(cluster.url)
            assert plans >= 21 * 4
            os.kill(int((data / "postgres/cluster/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        killed.end(signal.SIGKILL)
        with running(Demo(data, port)) as demo:
            demo.wait_for("Ctrl-C")
            with Cluster(data / "postgres") as cluster:
                assert count(cluster.url) == (plans, versions)
            assert demo.end(signal.SIGTERM) == 0


def test_a_port_that_is_taken_is_said_in_one_sentence(open_folder: Path, port: int) -> None:
    data = open_folder / "unused"
    with socket.create_server(("127.0.0.1", port)):
        demo = Demo(data, port)
        assert demo.wait() == 1
    assert demo.said.startswith(f"127.0.0.1:{port} ist nicht frei")
    assert demo.said.count("\n") == 1
    assert not data.exists()


def test_a_database_that_is_given_is_used_and_no_other_started(database: Settings, home: Path, port: int) -> None:
    url = database.require_database_url()
    with running(Demo(database.data, port, GEOPORTAL_DATABASE_URL=url, GEOPORTAL_HOME=str(home))) as demo:
        demo.wait_for("Ctrl-C")
        assert count(url)[0] >= 4
        assert not (database.data / "postgres").exists()
        assert demo.end(signal.SIGINT) == 0

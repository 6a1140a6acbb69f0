"""Open maps hear of what changes: through the server as it is really started, and from one listener to many."""

import json
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPResponse

import pytest
from werkzeug.test import Client

from geoportal import operations, wsgi
from geoportal.live import Hub, hub, identifier, known_from
from geoportal.serving import THREADS, WORKERS
from geoportal.settings import CHECKOUT, Settings
from tests.processes import command, environment, free_port, get, running
from tests.sensors import Bins, level
from tests.waiting import wait_until

MORE_THAN_THREADS = 3 * WORKERS * THREADS


@dataclass
class Served:
    bins: Bins
    port: int

    @contextmanager
    def listener(self, **headers: str) -> Iterator["Listener"]:
        line = HTTPConnection("127.0.0.1", self.port, timeout=120)
        line.request("GET", "/aktuell", headers=headers)
        yield Listener(line.getresponse())
        line.close()

    def tell(self, number: float, minutes: int) -> None:
        self.bins.take(level(number, minutes))


class Listener:
    """A browser's EventSource, as far as we need one."""

    def __init__(self, answer: HTTPResponse) -> None:
        self.answer = answer

    def event(self) -> tuple[str, list[str]]:
        """The next one: its id and the collections that it names."""
        told: dict[str, str] = {}
        while (line := self.answer.readline()) != b"\n" or "data" not in told:
            assert line, "the stream has ended"
            name, _, value = line.decode().strip().partition(": ")
            told[name] = value
        return told["id"], json.loads(told["data"])


@pytest.fixture(scope="module")
def served(module_database: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("live") / "home"
    bins = Bins(module_database, home)
    for folder in (CHECKOUT / "tests" / "layers").iterdir():
        shutil.copytree(folder, home / "layers" / folder.name)
    for name in ("config", "node_modules"):
        (home / name).symlink_to(CHECKOUT / name)
    port = free_port()
    settings = bins.settings
    (home / "data" / "gemeinden.geojson").symlink_to(CHECKOUT / "data" / "gemeinden.geojson")
    (home / "data" / "schulen.csv").symlink_to(CHECKOUT / "data" / "schulen.csv")
    operations.sync_layers(bins.owner, settings)

    with running(
        command("serve"),
        environment(settings, GEOPORTAL_PORT=str(port), GEOPORTAL_REQUESTS_PER_SECOND="0"),
        home / "serve.log",
        port,
    ):
        yield Served(bins, port)
    bins.close()


def test_a_change_is_told_to_all_who_listen_and_nobody_waits_for_a_thread(served: Served) -> None:
    with ExitStack() as stack:
        listeners = [stack.enter_context(served.listener()) for _ in range(MORE_THAN_THREADS)]
        assert {each.answer.headers["Content-Type"] for each in listeners} == {"text/event-stream"}
        first = [each.event() for each in listeners]
        assert {tuple(changed) for _, changed in first} == {()}
        assert get(served.port, "/impressum/")[0] == 200  # more listen than there are threads
        served.tell(50, 10)
        heard = [each.event() for each in listeners]
        assert all("tonnen" in changed for _, changed in heard)
        assert all(
            known_from(last)["tonnen"] > known_from(before).get("tonnen", 0)
            for (before, _), (last, _) in zip(first, heard, strict=True)
        )


def test_who_comes_back_is_told_what_it_has_missed(served: Served) -> None:
    with served.listener() as line:
        last, _ = line.event()
    served.tell(60, 9)
    with served.listener(**{"Last-Event-ID": last}) as line:
        wait_until(lambda: "tonnen" in line.event()[1])  # what a process knows first may be a second old

    def missed() -> list[str]:
        status, said = get(served.port, f"/aktuell.json?seit={last}")
        assert status == 200
        changed: list[str] = json.loads(said)["changed"]
        return changed

    wait_until(lambda: "tonnen" in missed())


def test_a_server_that_gives_no_line_away_says_so_and_answers_when_asked(served: Served) -> None:
    client = Client(wsgi.create(replace(served.bins.settings, requests_per_second=0)))
    assert client.get("/aktuell").status_code == 204
    told = json.loads(client.get("/aktuell.json").data)
    assert (told["changed"], "tonnen" in known_from(told["id"])) == ([], True)
    assert json.loads(client.get(f"/aktuell.json?seit={told['id']}").data)["changed"] == []
    assert "tonnen" in json.loads(client.get("/aktuell.json?seit=<nonsense>").data)["changed"]


@dataclass
class Told:
    """What a hub is told about the data."""

    numbers: dict[str, int]

    def __call__(self) -> dict[str, int]:
        return self.numbers


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> tuple[Hub, Told]:
    for name in ("LOOK_SECONDS", "PAUSE_SECONDS", "HEARTBEAT_SECONDS"):
        monkeypatch.setattr(hub, name, 0.02)
    told = Told({"schulen": 1})
    return Hub(told, most=2), told


def test_a_hub_sends_signs_of_life_forgets_who_is_gone_and_takes_no_more_than_it_may(quick: tuple[Hub, Told]) -> None:
    made, told = quick
    ours, theirs = zip(*(socket.socketpair() for _ in range(2)), strict=True)
    for line in ours:
        made.take(line, told.numbers)
    full = made.is_full
    assert full
    assert theirs[0].recv(100).startswith(b":")
    theirs[0].close()
    wait_until(lambda: not made.is_full)
    told.numbers = {"schulen": 2, "neu": 1}
    heard = b""
    while b"neu" not in heard:
        said = theirs[1].recv(4096)
        assert said, "the line was closed"
        heard += said
    theirs[1].close()


def test_who_does_not_read_is_let_go(quick: tuple[Hub, Told]) -> None:
    made, told = quick
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    made.take(ours, {})
    number, until = 1, time.monotonic() + 120
    while ours.fileno() != -1:
        assert time.monotonic() < until
        number += 1
        told.numbers = {f"{'x' * 60}_{each}": number for each in range(100)}
        time.sleep(0.01)
    theirs.close()


@pytest.mark.parametrize("given", ["x", "schulen", "schulen.", "schulen.1~", "schulen.-1", "Schulen.1", "a.1" * 3000])
def test_what_is_no_identifier_means_nothing_known(given: str) -> None:
    assert known_from(given) == {}


def test_an_identifier_says_all_that_is_known() -> None:
    assert known_from(identifier({"schulen": 4, "tonnen_messwerte": 12})) == {"schulen": 4, "tonnen_messwerte": 12}

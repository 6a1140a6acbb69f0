"""What nginx makes of connections that fail: those to the web server that are dead when it asks on them (readers see
nothing of it, and what somebody sends is sent once), and those of people whose words hardly come.

The web server is the test's own, so that a connection dies exactly when a request has arrived on it: all that a killed
process had, one after another.
"""

import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from geoportal.edge import headers_for
from geoportal.settings import Settings
from tests.stack import Proxy

ANSWERED, AWAY, LOST = 200, 503, None


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    is_first: bool  # on its connection


class Upstream:
    """Answers on all connections at once; `react` says with which status, or that the connection ends instead."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.react: Callable[[Asked], int | None] = lambda _: ANSWERED
        self.asked: list[Asked] = []

    def times(self, path: str) -> int:
        return Counter(asked.path for asked in self.asked)[path]

    def serve(self) -> None:
        with suppress(OSError):  # until the listener is closed
            while True:
                line, _ = self._listener.accept()
                threading.Thread(target=self._converse, args=(line,), daemon=True).start()

    def _converse(self, line: socket.socket) -> None:
        is_first = True
        with line, line.makefile("rb") as coming:
            while head := coming.readline():
                method, path, _ = head.decode().split()
                length = 0
                while (header := coming.readline().strip()) != b"":
                    if header.lower().startswith(b"content-length:"):
                        length = int(header.partition(b":")[2])
                coming.read(length)
                asked = Asked(method, path, is_first)
                self.asked.append(asked)
                status = self.react(asked)
                if status is None:
                    return
                line.sendall(f"HTTP/1.1 {status} So\r\nContent-Length: 2\r\n\r\nok".encode())
                is_first = False


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy(processes=1) as proxy:
        yield proxy


@pytest.fixture
def upstream(proxy: Proxy) -> Iterator[Upstream]:
    with listening(proxy) as listener:
        upstream = Upstream(listener)
        threading.Thread(target=upstream.serve, daemon=True).start()
        while True:
            with suppress(ConnectionRefusedError):
                if proxy.get("/begin").status == ANSWERED:
                    break
        yield upstream


@contextmanager
def listening(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(proxy.door))
        listener.listen(128)
        yield listener
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def kept(proxy: Proxy) -> int:
    """How many connections nginx keeps, at most."""
    [number] = re.findall(r"keepalive (\d+);", (proxy.folder / "geoportal.conf").read_text("utf-8"))
    return int(number)


def dies_when_kept(asked: Asked) -> int | None:
    return ANSWERED if asked.is_first else LOST


def test_however_many_kept_connections_are_dead_a_reader_is_answered(
    proxy: Proxy, upstream: Upstream, kept: int
) -> None:
    together = threading.Barrier(kept)

    def wait(_: Asked) -> int:
        together.wait()
        return ANSWERED

    upstream.react = wait
    with ThreadPoolExecutor(kept) as readers:
        answers = list(readers.map(proxy.get, (f"/{number}" for number in range(kept))))
    assert {answer.status for answer in answers} == {ANSWERED}
    upstream.react = dies_when_kept
    assert proxy.get("/later").status == ANSWERED
    assert upstream.times("/later") == kept + 1, "all of them were tried, and then a new one"


def test_who_has_lost_an_answer_is_not_lost_among_dead_connections(proxy: Proxy, upstream: Upstream, kept: int) -> None:
    """The process that answers is killed: first this connection breaks, then all that were kept."""
    together, dying = threading.Barrier(kept + 1), threading.Event()

    def react(asked: Asked) -> int | None:
        if dying.is_set():
            return dies_when_kept(asked)
        if asked.path != "/probe":
            together.wait()
        if asked.path == "/lost":
            dying.wait()
            return LOST
        return ANSWERED

    upstream.react = react
    with ThreadPoolExecutor(kept + 1) as readers:
        lost = readers.submit(proxy.get, "/lost")
        answers = list(readers.map(proxy.get, (f"/{number}" for number in range(kept))))
        assert {answer.status for answer in answers} == {ANSWERED}
        assert proxy.get("/probe").status == ANSWERED  # by then nginx has put the others aside
        dying.set()
        assert lost.result().status == ANSWERED
    assert upstream.times("/lost") == 1 + kept + 1


@pytest.mark.parametrize(("reaction", "body"), [(AWAY, b"ok"), (LOST, b"nicht erreichbar")])
def test_what_fails_on_new_connections_is_asked_twice_and_no_more(
    proxy: Proxy, upstream: Upstream, reaction: int | None, body: bytes
) -> None:
    """The words are the web server's where it has any."""
    upstream.react = lambda asked: LOST if not asked.is_first else reaction
    told = proxy.get("/fails")
    assert told.status == AWAY
    assert body in told.body
    assert sum(asked.is_first for asked in upstream.asked if asked.path == "/fails") == 2


@pytest.mark.parametrize("path", ["/sensors/boden", "/ogc/processes/echo/execution", "/werkbank/anmelden"])
def test_what_somebody_sends_is_sent_once_and_not_on_a_kept_connection(
    proxy: Proxy, upstream: Upstream, path: str
) -> None:
    upstream.react = dies_when_kept
    assert proxy.ask("POST", path, b"{}").status == ANSWERED
    upstream.react = lambda _: LOST
    lost = proxy.ask("POST", path, b"{}")
    assert (lost.status, lost.headers["retry-after"]) == (AWAY, "30")
    assert "sehen Sie bitte erst nach, ob es angekommen ist" in lost.body.decode()
    assert [asked.is_first for asked in upstream.asked if asked.path == path] == [True, True]


def test_what_nginx_says_itself_carries_the_cautions_and_nothing_is_said_for_the_web_server(
    proxy: Proxy, upstream: Upstream
) -> None:
    ours = headers_for(replace(Settings.from_env({}), public_url="https://localhost"))
    cautions = {name.lower(): ours[name] for name in ("Strict-Transport-Security", "X-Content-Type-Options")}
    cautions["content-security-policy"] = "default-src 'none'; frame-ancestors 'none'"  # there is nothing to load
    assert not cautions.keys() & proxy.get("/served").headers.keys(), "the web server says its own"
    upstream.react = lambda _: LOST
    own = {
        413: proxy.ask("PUT", "/plaene", b"", Content_Length=str(3 * 1024**2)),
        403: proxy.get("/readyz", source="127.0.0.3"),
        AWAY: proxy.get("/away"),
    }
    for status, answer in own.items():
        assert (answer.status, answer.headers | cautions) == (status, answer.headers)
    with ExitStack() as stay:
        for number in range(20):
            stay.enter_context(closing(beginning(proxy, f"127.0.0.{10 + number // 4}")))
        refused = proxy.ask("POST", STATEMENT, b"x", source="127.0.0.20")
        assert (refused.status, refused.headers | cautions) == (429, refused.headers)


STATEMENT = "/beteiligung/00000000-0000-0000-0000-000000000000/stellungnahme"


def beginning(proxy: Proxy, source: str, length: int = 1_000) -> HTTPSConnection:
    """Somebody who sends a statement, and of its body nothing yet."""
    connection = proxy.connection(source)
    connection.putrequest("POST", STATEMENT, skip_host=True)
    for name, value in (("Host", "localhost"), ("Content-Length", str(length))):
        connection.putheader(name, value)
    connection.endheaders(b"x")
    return connection


def test_a_statement_takes_no_place_in_the_web_server_before_it_is_whole(proxy: Proxy, upstream: Upstream) -> None:
    """Its files lie nowhere on the disk meanwhile. Who lets it drip keeps others from sending at the worst."""
    with ExitStack() as stay:
        slow = [stay.enter_context(closing(beginning(proxy, f"127.0.0.{10 + number // 4}"))) for number in range(20)]
        assert proxy.get("/reader").status == ANSWERED
        assert proxy.ask("POST", STATEMENT, b"x", source="127.0.0.20").status == 429
        assert upstream.times(STATEMENT) == 0
        assert proxy.get(STATEMENT).status == ANSWERED, "the form is read all the same"
        slow[0].send(b"x" * 999)
        assert slow[0].getresponse().status == ANSWERED
        assert upstream.times(STATEMENT) == 2
    on_disk: list[str] = []

    def look(_: Asked) -> int:
        on_disk.extend(files_of_bodies(proxy))
        return ANSWERED

    upstream.react = look
    with closing(beginning(proxy, "127.0.0.30", 25_000_001)) as large:
        large.send(bytes(25_000_000))
        assert large.getresponse().status == ANSWERED
    assert on_disk == []


def files_of_bodies(proxy: Proxy) -> list[str]:
    """What nginx has open for bodies that it has put aside; their names are gone as soon as they are open."""
    master = (proxy.folder / "nginx.pid").read_text("ascii").strip()
    workers = Path(f"/proc/{master}/task/{master}/children").read_text("ascii").split()
    opened: list[str] = []
    for each in (each for pid in workers for each in Path(f"/proc/{pid}/fd").iterdir()):
        with suppress(FileNotFoundError):  # just closed
            opened.append(str(each.readlink()))
    return [name for name in opened if name.startswith(str(proxy.folder / "body"))]

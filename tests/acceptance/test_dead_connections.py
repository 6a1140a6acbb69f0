"""What nginx makes of connections to the web server that are dead when it asks on them: readers see nothing of it, and
what somebody sends is sent once.

The web server is the test's own, so that a connection dies exactly when a request has arrived on it: all that a killed
process had, one after another.
"""

import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest

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


@pytest.mark.parametrize(("reaction", "told"), [(AWAY, 503), (LOST, 502)])
def test_what_fails_on_new_connections_is_asked_twice_and_no_more(
    proxy: Proxy, upstream: Upstream, reaction: int | None, told: int
) -> None:
    upstream.react = lambda asked: LOST if not asked.is_first else reaction
    assert proxy.get("/fails").status == told
    assert sum(asked.is_first for asked in upstream.asked if asked.path == "/fails") == 2


@pytest.mark.parametrize("path", ["/sensors/boden", "/ogc/processes/echo/execution", "/werkbank/anmelden"])
def test_what_somebody_sends_is_sent_once_and_not_on_a_kept_connection(
    proxy: Proxy, upstream: Upstream, path: str
) -> None:
    upstream.react = dies_when_kept
    assert proxy.ask("POST", path, b"{}").status == ANSWERED
    upstream.react = lambda _: LOST
    assert proxy.ask("POST", path, b"{}").status == 502
    assert [asked.is_first for asked in upstream.asked if asked.path == path] == [True, True]

"""The threads of a web server and the connections that they answer on."""

import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn

from geoportal import serving
from tests.waiting import wait_until

ASKED = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
ANSWERED = b"\r\n\r\nok"


def answer(_: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    start("200 OK", [("Content-Length", "2")])
    return [b"ok"]


@pytest.fixture
def worker() -> Iterator[serving.Worker]:
    config = Config()
    config.set("threads", 2)
    made = serving.Worker(1, os.getppid(), [], None, 30, config, Logger(config))
    made.wsgi = answer
    yield made
    made.tmp.close()


def connection(worker: serving.Worker) -> tuple[socket.socket, TConn]:
    client, server = socket.socketpair()
    client.settimeout(120)
    return client, TConn(worker.cfg, server, ("127.0.0.1", 1), ("127.0.0.1", 80))


def read_answer(client: socket.socket) -> None:
    read = b""
    while not read.endswith(ANSWERED):
        part = client.recv(1000)
        assert part, "closed"
        read += part


def test_a_request_that_follows_at_once_is_answered_by_the_same_thread(
    worker: serving.Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "STAY_MILLISECONDS", 120_000)
    client, held = connection(worker)
    with client:
        thread = threading.Thread(target=worker.handle, args=(held,))
        thread.start()
        for _ in range(3):
            client.sendall(ASKED)
            read_answer(client)
        assert thread.is_alive()
    thread.join(60)
    assert not thread.is_alive(), "who has left is not waited for"
    held.close()


def test_one_that_has_come_already_is_answered_too(worker: serving.Worker) -> None:
    client, held = connection(worker)
    with client:
        client.sendall(ASKED + ASKED)
        assert worker.handle(held) is True
        assert client.recv(10_000).count(ANSWERED) == 2
    held.close()


def test_half_of_the_threads_stay_and_the_others_are_free(
    worker: serving.Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "STAY_MILLISECONDS", 120_000)
    ends = [connection(worker), connection(worker)]
    threads = [threading.Thread(target=worker.handle, args=(held,)) for _, held in ends]
    for thread, (client, _) in zip(threads, ends, strict=True):
        thread.start()
        client.sendall(ASKED)
        read_answer(client)
    wait_until(lambda: not all(thread.is_alive() for thread in threads), 60)
    assert [thread.is_alive() for thread in threads].count(True) == 1
    for (client, held), thread in zip(ends, threads, strict=True):
        client.close()
        thread.join(60)
        held.close()

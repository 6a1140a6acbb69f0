"""All listeners of one process, served by one thread: it asks once a second what has changed, and tells all of them.

An event names the collections that changed, never their data: what a reader may see, the OGC API decides when the map
asks for it. The identifier of an event says all numbers that it stands for, so that a listener who comes back, to
whichever process, is told exactly what it has missed.
"""

import json
import logging
import queue
import re
import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

log = logging.getLogger(__name__)

MOST: Final = 400  # listeners of one process; below the 1,024 files that a service may open
LOOK_SECONDS: Final = 1.0
# Sensors may tell a thousand readings a second; every map that hears of it asks anew.
PAUSE_SECONDS: Final = 5.0
HEARTBEAT_SECONDS: Final = 15.0
_RETRY: Final = 5_000  # milliseconds until a browser comes back
_LONGEST: Final = 6_000  # characters of an identifier
_KNOWN: Final = re.compile(r"[a-z0-9_]{1,64}\.\d{1,18}")

type Known = Mapping[str, int]


def identifier(known: Known) -> str:
    """The last event's id for these numbers: `schulen.4~strassenbeleuchtung.1021`."""
    return "~".join(f"{name}.{number}" for name, number in sorted(known.items()))


def known_from(given: str) -> Known:
    """What a listener heard last. Of what is no identifier of ours nothing, so that all counts as changed."""
    if len(given) > _LONGEST:
        return {}
    parts = given.split("~") if given else []
    if not all(_KNOWN.fullmatch(part) for part in parts):
        return {}
    return {name: int(number) for name, _, number in (part.rpartition(".") for part in parts)}


@dataclass(slots=True)
class _Listener:
    line: socket.socket
    known: Known
    wrote: float = field(default_factory=time.monotonic)


class Hub:
    """`numbers` gives the number of each collection's data, None while unknown; it must not block for long."""

    def __init__(self, numbers: Callable[[], Known | None], most: int = MOST) -> None:
        self._numbers = numbers
        self._most = most
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._coming: queue.SimpleQueue[_Listener] = queue.SimpleQueue()
        self._listeners: dict[int, _Listener] = {}
        self._told: Known | None = None
        self._told_at = float("-inf")

    @property
    def is_full(self) -> bool:
        return len(self._listeners) + self._coming.qsize() >= self._most

    def now(self) -> Known:
        return self._numbers() or {}

    def greeting(self, heard: Known | None) -> tuple[bytes, Known]:
        """The first bytes for a listener, and what it knows then. `heard`: what it knew before; None: it is new."""
        now = self.now()
        changed = [] if heard is None else different(heard, now)
        return f"retry: {_RETRY}\n".encode() + _event(now, changed), now

    def take(self, line: socket.socket, known: Known) -> None:
        """From now on the connection is ours; it is closed when the other end is gone or too slow."""
        line.setblocking(False)
        self._coming.put(_Listener(line, known))
        with self._lock:
            # started at the first listener and not before: a server forks its workers after the application is made
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._serve, name="live", daemon=True)
                self._thread.start()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            while True:
                for key, _ in selector.select(LOOK_SECONDS) if self._listeners else []:
                    self._heard(selector, key.fd)
                self._welcome(selector)
                with self._lock:
                    if not self._listeners and self._coming.empty():
                        self._thread = None
                        return
                try:
                    self._round(selector)
                except Exception:
                    # one bad round must not leave all maps standing
                    log.exception("live: a round failed")

    def _welcome(self, selector: selectors.BaseSelector) -> None:
        while not self._coming.empty():
            new = self._coming.get()
            self._listeners[new.line.fileno()] = new
            selector.register(new.line, selectors.EVENT_READ)

    def _heard(self, selector: selectors.BaseSelector, number: int) -> None:
        """A listener has nothing to say: what it sends is thrown away, and its end is its end."""
        try:
            is_there = bool(self._listeners[number].line.recv(4096))
        except BlockingIOError:
            return
        except OSError:
            is_there = False
        if not is_there:
            self._drop(selector, number)

    def _round(self, selector: selectors.BaseSelector) -> None:
        clock = time.monotonic()
        now = self._numbers()
        if now is not None and now != self._told and clock - self._told_at >= PAUSE_SECONDS:
            self._told, self._told_at = now, clock
        for number, each in list(self._listeners.items()):
            said = b""
            if self._told is not None and each.known != self._told:
                said = _event(self._told, different(each.known, self._told))
                each.known = self._told
            elif clock - each.wrote >= HEARTBEAT_SECONDS:
                said = b":\n\n"
            if said and not self._write(each, said):
                self._drop(selector, number)

    def _write(self, listener: _Listener, said: bytes) -> bool:
        listener.wrote = time.monotonic()
        try:
            # half of an event would be garbage, and whoever lets so few bytes pile up is not there
            return listener.line.send(said) == len(said)
        except OSError:
            return False

    def _drop(self, selector: selectors.BaseSelector, number: int) -> None:
        gone = self._listeners.pop(number)
        selector.unregister(gone.line)
        gone.line.close()


def different(heard: Known, now: Known) -> list[str]:
    """Those that came, went, or have another number: a restored database counts on from an older one."""
    return sorted(name for name in heard.keys() | now.keys() if heard.get(name) != now.get(name))


def _event(known: Known, changed: list[str]) -> bytes:
    """Also when nothing changed: of an event without data a page would not learn the id."""
    return f"id: {identifier(known)}\nevent: changed\ndata: {json.dumps(changed)}\n\n".encode()

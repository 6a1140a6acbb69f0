"""Readers that ask without pause, never twice the same, and keep account of what they got."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, RemoteDisconnected
from typing import Self

# what the sample plans and tests.ogc lie in, CRS84
AREA = (8.5, 50.7, 9.1, 51.0)


def box(chance: random.Random) -> str:
    """A query for somewhere in the Kreis, a few kilometres wide."""
    west, south = chance.uniform(AREA[0], AREA[2] - 0.1), chance.uniform(AREA[1], AREA[3] - 0.1)
    width, height = chance.uniform(0.01, 0.1), chance.uniform(0.01, 0.1)
    return f"{west:.6f},{south:.6f},{west + width:.6f},{south + height:.6f}"


def items(chance: random.Random) -> str:
    return f"/ogc/collections/bebauungsplaene/items?limit=100&bbox={box(chance)}"


class Readers:
    """`number` threads, until `total` requests are answered or the block ends. A fault is whatever is no 200 or 304."""

    def __init__(self, port: int, path: Callable[[random.Random], str], *, number: int = 8, total: int = 10**9) -> None:
        self._port, self._path, self._left = port, path, total
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=(seed,)) for seed in range(number)]
        self.seconds: list[float] = []
        self.outcomes: Counter[str] = Counter()

    @property
    def answered(self) -> int:
        return sum(self.outcomes.values())

    @property
    def faults(self) -> dict[str, int]:
        return {outcome: count for outcome, count in self.outcomes.items() if outcome not in {"200", "304"}}

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _read(self, seed: int) -> None:
        chance = random.Random(seed)
        while not self._over.is_set():
            with self._lock:
                if self._left <= 0:
                    return
                self._left -= 1
            began = time.perf_counter()
            outcome = self._ask(self._path(chance))
            with self._lock:
                self.seconds.append(time.perf_counter() - began)
                self.outcomes[outcome] += 1

    def _ask(self, path: str) -> str:
        """A server that leaves drops the connections on which it has not heard a question yet: those are asked again,
        once, as our nginx asks again (proxy_next_upstream in geoportal/installing/templates/nginx.conf).
        """
        outcome = self._ask_once(path)
        return self._ask_once(path) if outcome == RemoteDisconnected.__name__ else outcome

    def _ask_once(self, path: str) -> str:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=300)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            return str(answer.status)
        except (OSError, HTTPException) as fault:
            return type(fault).__name__
        finally:
            connection.close()


def quantile(seconds: list[float], share: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

"""Readers that ask without pause, never twice the same, and keep account of what they got."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from math import asinh, pi, radians, tan
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


def tile(chance: random.Random, zooms: tuple[int, int]) -> str:
    """Zoom, row and column of a tile somewhere in the Kreis."""
    zoom = chance.randint(*zooms)
    lon, lat = chance.uniform(AREA[0], AREA[2]), chance.uniform(AREA[1], AREA[3])
    row, column = (1 - asinh(tan(radians(lat))) / pi) / 2, (lon + 180) / 360
    return f"{zoom}/{int(row * 2**zoom)}/{int(column * 2**zoom)}"


def at(port: int) -> Callable[[], HTTPConnection]:
    """Connections to a server of this machine, without a proxy."""
    return lambda: HTTPConnection("127.0.0.1", port, timeout=300)


class Readers:
    """`number` threads, until `total` requests are answered or the block ends.

    A fault is whatever is no 200, 304, or 204 of an empty tile.

    `keep`: one connection for many questions, as browsers do; otherwise a new one for each.
    """

    def __init__(
        self,
        connect: Callable[[], HTTPConnection],
        path: Callable[[random.Random], str],
        *,
        number: int = 8,
        total: int = 10**9,
        keep: bool = False,
    ) -> None:
        self._connect, self._path, self._left, self._keep = connect, path, total, keep
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=(seed,)) for seed in range(number)]
        self._answers = [0] * number
        self.seconds: list[float] = []
        self.outcomes: Counter[str] = Counter()
        self.bytes = 0

    @property
    def answered(self) -> int:
        return sum(self.outcomes.values())

    def each_asked_again(self) -> Callable[[], bool]:
        """Whether every reader has had its answer since this call, and one to what it has asked since then."""
        before = list(self._answers)
        return lambda: all(now > then + 1 for now, then in zip(self._answers, before, strict=True))

    @property
    def faults(self) -> dict[str, int]:
        return {outcome: count for outcome, count in self.outcomes.items() if outcome not in {"200", "204", "304"}}

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
        connection = self._connect()
        while not self._over.is_set():
            with self._lock:
                if self._left <= 0:
                    break
                self._left -= 1
            began = time.perf_counter()
            outcome, size = self._ask(connection, self._path(chance))
            with self._lock:
                self.seconds.append(time.perf_counter() - began)
                self.outcomes[outcome] += 1
                self._answers[seed] += 1
                self.bytes += size
        connection.close()

    def _ask(self, connection: HTTPConnection, path: str) -> tuple[str, int]:
        try:
            connection.request("GET", path, headers={"Host": "localhost"})
            answer = connection.getresponse()
            size = len(answer.read())
        except (OSError, HTTPException) as fault:
            connection.close()
            return type(fault).__name__, 0
        if not self._keep:
            connection.close()  # it opens again by itself
        return str(answer.status), size


def quantile(seconds: list[float], share: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

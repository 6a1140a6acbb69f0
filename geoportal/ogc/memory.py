"""Bounded memories of one process: finished answers, and numbers that were dear to count."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

ROOM_BYTES: Final = 32 * 2**20
LARGEST_BYTES: Final = 2 * 2**20


@dataclass(frozen=True, slots=True)
class Kept:
    body: bytes
    headers: tuple[tuple[str, str], ...]


class Memory:
    """The answers asked for last, up to a number of bytes; safe for threads.

    New ones have a quarter of the room until they are asked for again: a harvester that reads everything once does not
    drive out what everybody reads.
    """

    def __init__(self, room: int = ROOM_BYTES) -> None:
        self._lock = threading.Lock()
        self._new, self._proven = _Shelf(room // 4), _Shelf(room - room // 4)

    def get(self, key: str) -> Kept | None:
        with self._lock:
            if (kept := self._new.take(key) or self._proven.take(key)) is not None:
                self._proven.put(key, kept)
            return kept

    def put(self, key: str, kept: Kept) -> None:
        if len(kept.body) <= LARGEST_BYTES:
            with self._lock:
                self._new.put(key, kept)


class _Shelf:
    def __init__(self, room: int) -> None:
        self._room, self._used = room, 0
        self._answers: OrderedDict[str, Kept] = OrderedDict()

    def take(self, key: str) -> Kept | None:
        kept = self._answers.pop(key, None)
        self._used -= len(kept.body) if kept else 0
        return kept

    def put(self, key: str, kept: Kept) -> None:
        self.take(key)
        self._answers[key] = kept
        self._used += len(kept.body)
        while self._used > self._room:
            self.take(next(iter(self._answers)))


class Counts:
    """Numbers that were counted last; safe for threads."""

    def __init__(self, most: int = 10_000) -> None:
        self._lock = threading.Lock()
        self._most = most
        self._numbers: OrderedDict[str, int] = OrderedDict()

    def get(self, key: str) -> int | None:
        with self._lock:
            return self._numbers.get(key)

    def put(self, key: str, number: int) -> None:
        with self._lock:
            self._numbers[key] = number
            self._numbers.move_to_end(key)
            while len(self._numbers) > self._most:
                self._numbers.popitem(last=False)

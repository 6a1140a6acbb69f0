"""The painters of this process: started when they are needed, killed when they take too long or paint for nobody."""

import logging
import os
import queue
import select
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, Final

from geoportal.database.leaving import ASKER
from geoportal.painting.wire import PipeClosed, receive, send

LOGGER = logging.getLogger(__name__)

WAIT_SECONDS: Final = 10.0  # for a painter that is free
PAINT_SECONDS: Final = 15.0  # for a picture; the database gives up earlier
# Whoever moves a map asks for much and leaves it: what is soon done is finished, for a fresh painter costs more.
FINISH_SECONDS: Final = 2.0
# A picture's megabytes are needed again for the next one: given back to the kernel, they would be cleared each time
# anew. And one picture is no work for several threads.
_PROCESS: Final = {
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 2**20),
    "OPENBLAS_NUM_THREADS": "1",
}


class PaintersBusy(Exception):
    """No painter became free in time, or the picture took too long."""


class AskerGone(PaintersBusy):
    """Who had asked for the picture hung up while it was painted."""


class PaintersFailed(Exception):
    """The picture could not be painted, most likely because the database did not answer."""


@dataclass(frozen=True, slots=True)
class RasterUnderlay:
    """A georeferenced picture on the disk and the CRS that it is in."""

    file: str
    srs: str


@dataclass(frozen=True, slots=True)
class Painting:
    """A picture to be painted. `box` is west, south, east, north in `srs`, `buffer` pixels around it are looked at.

    `cut`: as many tiles across and down. `background` None: transparent. `format`: png (at most 256 colours), png32,
    jpeg, webp. `scale_factor`: device pixels per pixel of the style. `is_kept`: the painter keeps the style ready for
    the next picture; not one that holds its features, which are of no use to another. `void` is the background outside
    of the box `sound`, where there is one.
    """

    xml: str
    assets: Mapping[str, str]
    srs: str
    box: tuple[float, float, float, float]
    width: int
    height: int
    format: str
    background: str | None = None
    buffer: int = 64
    cut: int = 1
    scale_factor: float = 1.0
    rasters: tuple[RasterUnderlay, ...] = ()
    is_kept: bool = True
    void: str | None = None
    sound: tuple[float, float, float, float] | None = None


class _Painter:
    """One process and the pipe to it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        # It removes its folder when we are gone, and we do when we have killed it.
        self._folder = tempfile.mkdtemp(prefix="geoportal-painter-")
        # With an environment of its own: it needs the database and nothing else that we know.
        self._process = subprocess.Popen(  # noqa: S603 - our own program, arguments of our own
            [sys.executable, "-m", "geoportal.painting.painter", self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**_PROCESS, **environment},
            start_new_session=True,
        )

    def paint(self, asked: dict[str, Any], seconds: float) -> tuple[bool, bool, list[bytes]]:
        """(painted, goes on, pictures). Raises PipeClosed, PaintersBusy, AskerGone; then it must be ended."""
        send(self._pipe(self._process.stdin), asked)
        self._await(seconds)
        answer, pictures = receive(self._pipe(self._process.stdout))
        return answer["painted"], not answer["retires"], pictures

    def _await(self, seconds: float) -> None:
        answer, waiting = self._pipe(self._process.stdout).fileno(), select.poll()
        waiting.register(answer, select.POLLIN)
        if waiting.poll(1000 * FINISH_SECONDS):
            return
        asker = ASKER.get()
        if asker is not None and asker.fileno() >= 0:
            waiting.register(asker, select.POLLRDHUP)
        events = waiting.poll(1000 * max(0.0, seconds - FINISH_SECONDS))  # of a negative time it would wait for ever
        if not events:
            raise PaintersBusy
        if all(file != answer for file, _ in events):
            raise AskerGone

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:  # what it never read
                    continue

    @staticmethod
    def _pipe(pipe: Any) -> BinaryIO:
        stream: BinaryIO = pipe
        return stream


class PaintersPool:
    """At most `size` painters in each process that asks; a server that forks may be given one before. Thread-safe."""

    def __init__(self, environment: Mapping[str, str], size: int | None = None) -> None:
        self._environment = environment
        # the server has two workers: together as many painters as processors
        self._size = size or max(1, min(2, (os.process_cpu_count() or 2) // 2))
        self._lock = threading.Lock()
        self._pid = 0
        self._slots: queue.LifoQueue[_Painter | None] = queue.LifoQueue()

    def paint(self, painting: Painting) -> list[bytes]:
        """The picture, or its tiles row by row. Raises PaintersBusy, PaintersFailed."""
        asked = asdict(painting)
        with self._slot() as slot:
            used = slot.painter is not None
            pictures = slot.paint(asked)
            if pictures is None and used:
                # the connections of a painter die with the database server: a fresh one shows whether it is back
                pictures = slot.paint(asked)
            if pictures is None:
                raise PaintersFailed
            return pictures

    @contextmanager
    def _slot(self) -> Iterator["_Slot"]:
        slots = self._own_slots()
        try:
            slot = _Slot(self._environment, slots.get(timeout=WAIT_SECONDS))
        except queue.Empty as error:
            raise PaintersBusy from error
        try:
            yield slot
        finally:
            slots.put(slot.painter)

    def _own_slots(self) -> queue.LifoQueue[_Painter | None]:
        """A process that was forked has no painters yet: a pipe has two ends, not three."""
        with self._lock:
            if self._pid != os.getpid():
                self._pid = os.getpid()
                self._slots = queue.LifoQueue()
                for _ in range(self._size):
                    self._slots.put(None)
            return self._slots

    def close(self) -> None:
        """Ends the painters that are idle; those at work end with this process."""
        slots = self._own_slots()
        for _ in range(self._size):
            try:
                painter = slots.get_nowait()
            except queue.Empty:
                return
            if painter is not None:
                painter.end()
            slots.put(None)


@dataclass(slots=True)
class _Slot:
    environment: Mapping[str, str]
    painter: _Painter | None

    def paint(self, asked: dict[str, Any]) -> list[bytes] | None:
        """None when it could not be painted. Raises PaintersBusy."""
        if self.painter is None:
            self.painter = _Painter(self.environment)
        goes_on, pictures = False, None
        try:
            painted, goes_on, found = self.painter.paint(asked, PAINT_SECONDS)
            pictures = found if painted else None
        except (PipeClosed, BrokenPipeError):
            LOGGER.warning("a painter has died")
        except AskerGone:
            raise
        except PaintersBusy:
            LOGGER.warning("a picture of %s by %s took too long", asked["width"], asked["height"])
            raise
        finally:
            if not goes_on:
                self.painter.end()
                self.painter = None
        return pictures

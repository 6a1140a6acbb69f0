"""Tiles of other hosts on our disk, bounded in bytes, in the number of questions at a time, and in how long we wait.

A host that fails is left alone for a while; until then and for as long as it is away, what was kept is shown.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from geoportal.basemaps.upstream import Upstream
from geoportal.catalogue import SourceError
from geoportal.layers.fetching import Fetcher, NotThere
from geoportal.metrics import KEPT_TILES
from geoportal.tile_files import keep_whole, sweep

FRESH_SECONDS: Final = 30 * 86_400.0
REST_SECONDS: Final = 20.0  # for a host that has failed
WAIT_SECONDS: Final = 8.0  # for one of the questions to be answered
AGAIN_SECONDS: Final = 2.0  # for whoever came when enough were waiting
ASK_SECONDS: Final = 6.0
AT_ONCE: Final = 3  # of the eight threads of a process, which has other work too
WAITING: Final = 2  # more of its threads, at most; whoever comes then is told to ask again
MOST_BYTES: Final = 1024**2  # of one tile
_LOOK_EVERY: Final = 200  # files written
_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"RIFF", "image/webp"),
)


class TileAway(Exception):
    """The other host does not answer (or has too much to answer just now), and nothing of it was kept.

    `seconds` later it may be asked again.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Kept:
    content: bytes
    media_type: str


@dataclass
class TileStore:
    """Thread-safe; the processes of a server share the folder. `private`: hosts of inner networks that may be asked."""

    folder: Path
    room: int
    private: frozenset[str] = frozenset()
    seconds: float = ASK_SECONDS
    clock: Callable[[], float] = time.time
    _inside: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_ONCE + WAITING))
    _free: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_ONCE))
    _resting: dict[str, float] = field(default_factory=dict)
    _written: int = 0

    def tile(self, upstream: Upstream, zoom: int, x: int, y: int) -> Kept:
        """Raises TileAway."""
        file = self.folder / upstream.id / str(zoom) / f"{x}-{y}"
        if (fresh := self._fresh(file)) is not None:
            KEPT_TILES.labels("basemap", "kept").inc()
            return fresh
        try:
            with self._turn():
                # while we waited another may have fetched it
                if (fresh := self._fresh(file)) is not None:
                    return fresh
                content = self._asked(upstream, upstream.address(zoom, x, y))
        except TileAway:
            if (kept := _read(file)) is not None:
                KEPT_TILES.labels("basemap", "kept").inc()
                return kept
            raise
        KEPT_TILES.labels("basemap", "made").inc()
        keep_whole(file, content)
        self._written += 1
        if self._written % _LOOK_EVERY == 0:
            sweep(self.folder, self.room)
        return Kept(content, _media_type(content) or "")

    def _fresh(self, file: Path) -> Kept | None:
        try:
            written = file.stat().st_mtime
        except FileNotFoundError:
            return None
        return _read(file) if written > self.clock() - FRESH_SECONDS else None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Until one of those that ask is done. Raises TileAway where enough wait already."""
        if not self._inside.acquire(blocking=False):
            raise TileAway(AGAIN_SECONDS)
        try:
            if not self._free.acquire(timeout=WAIT_SECONDS):
                raise TileAway(AGAIN_SECONDS)
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._inside.release()

    def _asked(self, upstream: Upstream, address: str) -> bytes:
        if self._resting.get(upstream.id, 0) > self.clock():
            raise TileAway(REST_SECONDS)
        try:
            content = self._fetched(upstream, address)
        except NotThere as error:  # beyond its edge: the others may be there
            raise TileAway(REST_SECONDS) from error
        except (SourceError, OSError) as error:
            self._resting[upstream.id] = self.clock() + REST_SECONDS
            raise TileAway(REST_SECONDS) from error
        if _media_type(content) is None:
            # a service tells its faults as text, often with status 200; it must not become a page of ours
            raise TileAway(REST_SECONDS)
        return content

    def _fetched(self, upstream: Upstream, address: str) -> bytes:
        """Raises SourceError. Only the host of the address is asked, wherever it would send us."""
        fetcher = Fetcher(frozenset({upstream.host}), MOST_BYTES, self.seconds, self.private)
        with tempfile.NamedTemporaryFile() as copy:
            fetcher.download(address, Path(copy.name))
            return Path(copy.name).read_bytes()


def _read(file: Path) -> Kept | None:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    return Kept(content, _media_type(content) or "")


def _media_type(content: bytes) -> str | None:
    """By what it is, not by what the other host calls it."""
    return next((kind for start, kind in _SIGNATURES if content.startswith(start)), None)

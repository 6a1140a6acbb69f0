"""The finished files: each lies under the hash of its content, and an index says which name leads to which.

The index is replaced whole, so a reader sees either the old file with its length and hash, or the new one.
"""

import hashlib
import io
import json
import logging
import math
import os
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple, override

from geoportal.archive import Archive, SharedArchive
from geoportal.bucket import Bucket, NotStored, StoreError
from geoportal.settings import Settings

log = logging.getLogger(__name__)

_INDEX: Final = "index.json"
_LOOK_AGAIN: Final = 5.0  # seconds after which another machine's index is seen here
_KEEP_SECONDS: Final = 3600.0  # a replaced file stays for those who are reading an older page


class Format(NamedTuple):
    suffix: str
    media_type: str
    title: str
    driver: str


FORMATS: Final[tuple[Format, ...]] = (
    Format("gpkg", "application/geopackage+sqlite3", "GeoPackage", "GPKG"),
    Format("fgb", "application/flatgeobuf", "FlatGeobuf", "FlatGeobuf"),
    Format("geojson", "application/geo+json", "GeoJSON", "GeoJSON"),
    Format("csv", "text/csv", "CSV", "CSV"),
    Format("shp.zip", "application/zip", "Shapefile", "ESRI Shapefile"),
)
PACKAGE: Final = Format("zip", "application/zip", "ZIP", "")
_BY_SUFFIX: Final = {each.suffix: each for each in (*FORMATS, PACKAGE)}


@dataclass(frozen=True, slots=True)
class Download:
    """A file under its name. `ags` is the Gemeinde whose part it is, None for all; `version` is that of the data."""

    name: str
    collection: str
    ags: str | None
    suffix: str
    sha256: str
    size: int
    built_at: str
    version: str

    @property
    def format(self) -> Format:
        return _BY_SUFFIX[self.suffix]

    @property
    def digest(self) -> str:
        """As RFC 9530 writes it."""
        return f"sha-256=:{b64encode(bytes.fromhex(self.sha256)).decode()}:"

    @property
    def built(self) -> datetime:
        return datetime.fromisoformat(self.built_at)


@dataclass(frozen=True, slots=True)
class _Index:
    """`stamp` tells whether it has changed where it lies; `state` whether it says something else."""

    stamp: str = ""
    state: str = ""
    files: Mapping[str, Download] = field(default_factory=dict)

    @classmethod
    def read(cls, stamp: str, content: bytes) -> "_Index":
        files = {each["name"]: Download(**each) for each in json.loads(content)}
        return cls(stamp, hashlib.sha256(content).hexdigest()[:16], files)


def downloads_in(settings: Settings, folder: Path) -> "DownloadFolder":
    """The files of this folder, or those in the bucket under its name."""
    if settings.bucket is None:
        return DownloadFolder(folder)
    return SharedDownloadFolder(folder, Bucket(settings.bucket, folder.name), settings.bucket.room)


class DownloadFolder:
    """Reads the folder again when its index has changed. Safe for threads, and for one writer beside the readers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files = Archive(folder)
        self._lock = threading.Lock()
        self._known = _Index()

    def all(self) -> Mapping[str, Download]:
        """By name."""
        with self._lock:
            self._look()
        return self._known.files

    def of(self, collection: str) -> list[Download]:
        """The files of a whole collection."""
        order = list(_BY_SUFFIX)
        found = [each for each in self.all().values() if each.collection == collection and each.ags is None]
        return sorted(found, key=lambda each: order.index(each.suffix))

    @property
    def state(self) -> str:
        """Changes with the index."""
        self.all()
        return self._known.state

    def path(self, download: Download) -> Path:
        """The file, to be opened at once; nothing is there if it has been replaced for an hour."""
        return self._files.path(download.sha256)

    def put(self, file: Path) -> tuple[str, int]:
        """Takes a file over (it is moved); returns its SHA-256 and its size."""
        size = file.stat().st_size
        return self._files.take(file), size

    def publish(self, replaced: Iterable[str], downloads: Iterable[Download]) -> None:
        """The downloads instead of those of the collections `replaced`; files that nobody needs go after an hour."""
        gone, before = set(replaced), self._newest()
        listed = [each for each in before.values() if each.collection not in gone] + list(downloads)
        needed = {each.sha256 for each in listed}
        for digest in {each.sha256 for each in before.values()} - needed:
            self._files.touch(digest)  # the hour begins now
        content = json.dumps([asdict(each) for each in sorted(listed, key=lambda each: each.name)])
        self._write(content.encode())
        for digest in set(self._files.older_than(_KEEP_SECONDS)) - needed:
            self._files.remove(digest, _KEEP_SECONDS)

    def _newest(self) -> Mapping[str, Download]:
        return self.all()

    def _look(self) -> None:
        try:
            stat = (self.folder / _INDEX).stat()
        except FileNotFoundError:
            self._known = _Index()
            return
        stamp = f"{stat.st_mtime_ns}-{stat.st_ino}"
        if stamp != self._known.stamp:
            self._known = _Index.read(stamp, (self.folder / _INDEX).read_bytes())

    def _write(self, content: bytes) -> None:
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as written:
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
        Path(written.name).chmod(0o644)
        Path(written.name).replace(self.folder / _INDEX)


class SharedDownloadFolder(DownloadFolder):
    """The same in a bucket that several machines share; the folder has copies of the index and of what was read here.

    A bucket that is away holds up nobody: readers see the index that was last read. Only `path` of a file of which
    there is no copy here raises StoreError then; so do `put` and `publish`.
    """

    def __init__(self, folder: Path, bucket: Bucket, room: int) -> None:
        super().__init__(folder)
        self._bucket = bucket
        self._files = self._copies = SharedArchive(folder, bucket, room)
        self._looked = -math.inf

    @override
    def all(self) -> Mapping[str, Download]:
        # one looks, while the others see what is known; the first time all wait for him
        if self._lock.acquire(blocking=not self._known.state):
            try:
                self._look()
            except StoreError as fault:
                log.warning("downloads as they were: %s", fault)
                if not self._known.state:
                    self._look_here()
            finally:
                self._lock.release()
        return self._known.files

    @override
    def _newest(self) -> Mapping[str, Download]:
        with self._lock:
            self._looked = -math.inf
            self._look()
            return self._known.files

    @override
    def _look(self) -> None:
        if time.monotonic() < self._looked + _LOOK_AGAIN:
            return
        self._looked = time.monotonic()
        with suppress(NotStored):  # nothing has been made yet
            found = self._bucket.read(_INDEX, self._known.stamp)
            if found is not None:
                self._known = _Index.read(*found)
                self.folder.mkdir(parents=True, exist_ok=True)
                super()._write(found[1])
                self._copies.forget(_KEEP_SECONDS, but={each.sha256 for each in self._known.files.values()})

    def _look_here(self) -> None:
        with suppress(FileNotFoundError):
            self._known = _Index.read("", (self.folder / _INDEX).read_bytes())

    @override
    def _write(self, content: bytes) -> None:
        self._bucket.put(_INDEX, io.BytesIO(content))
        self._looked = -math.inf
